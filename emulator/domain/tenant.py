"""Who is calling: one sandbox of one organisation, on behalf of one client."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tenant:
    """The organisation and sandbox that isolate everything, and who acts in them.

    ``user`` and ``client`` are what audit fields show (``createdBy``, ``createdClient``).
    """

    org: str
    sandbox: str
    sandbox_id: str
    user: str
    client: str
    sandbox_type: str = "production"

    @property
    def tenant_id(self) -> str:
        """The word under which an organisation keeps its own XDM fields, without the underscore.

        The real service assigns it; here it is read off the organisation id, so that it is the
        same after every reset.
        """
        local = self.org.split("@", 1)[0].lower()
        return "".join(character for character in local if character.isascii() and character.isalnum())[:24] or "tenant"


SERVICE_CLIENT = "acp_foundation_connectors"
SERVICE_USER = f"{SERVICE_CLIENT}@AdobeID"


def as_service(tenant: Tenant) -> Tenant:
    """The same tenant acted for by the service itself, the author of runs and of what they change."""
    return Tenant(tenant.org, tenant.sandbox, tenant.sandbox_id, SERVICE_USER, SERVICE_CLIENT, tenant.sandbox_type)
