"""Headers become a tenant, or one of the gateway's refusals.

The order of the checks is the one in which the troubleshooting guide lists them: token, key,
organisation; then the sandbox, which the service behind the gateway looks up.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from typing import Literal

from emulator.domain.errors import Refusal
from emulator.domain.tenant import Tenant
from emulator.edge import tokens
from emulator.store.sandboxes import DEFAULT_SANDBOX, KnownSandboxes, Sandbox

Auth = Literal["presence", "strict", "off"]
Headers = Mapping[str, str]

DEFAULT_ORG = "DEFAULT@AdobeOrg"
MAX_ORG = 255
DEFAULT_CLIENT = "flow-service-emulator"
_CREATE_HINT = (
    "Create it with POST /data/foundation/sandbox-management/sandboxes "
    '{{"name": "{name}", "title": "{name}", "type": "development"}}.'
)


class Identity:
    """Checks who is calling, as strictly as ``auth`` says. ``admin_token`` is what administrators must bring."""

    def __init__(
        self,
        auth: Auth,
        key: str,
        sandboxes: KnownSandboxes,
        now: Callable[[], int],
        admin_token: str | None = None,
    ) -> None:
        self._auth = auth
        self._key = key
        self._sandboxes = sandboxes
        self._now = now
        self._admin_token = admin_token

    def check_administrator(self, headers: Headers) -> None:
        """Refuses a call that does not bring the token of those who run the server, where there is one."""
        if self._admin_token is None:
            return
        scheme, _, token = headers.get("authorization", "").partition(" ")
        same = hmac.compare_digest(token.strip().encode(), self._admin_token.encode())
        if scheme.lower() != "bearer" or not same:
            raise Refusal("ADMIN-UNAUTHORIZED-401", headers={"www-authenticate": "Bearer"})

    def named(self, headers: Headers) -> tuple[str | None, str | None]:
        """The organisation and the sandbox that a call says it is for, whether or not they pass."""
        org = headers.get("x-gw-ims-org-id")
        if not org and self._auth == "off":
            org = DEFAULT_ORG
        return org, headers.get("x-sandbox-name") or (DEFAULT_SANDBOX if org else None)

    def organisation(self, headers: Headers) -> tuple[str, str]:
        """The organisation and the client that calls; raises the gateway's refusals."""
        if self._auth == "off":
            return _fitting(headers.get("x-gw-ims-org-id") or DEFAULT_ORG), headers.get("x-api-key") or DEFAULT_CLIENT
        token = self._token(headers)
        client = headers.get("x-api-key")
        if not client:
            raise Refusal("GATEWAY-403000-403")
        if self._auth == "strict":
            self._check_token(token, client)
        org = headers.get("x-gw-ims-org-id")
        if org is None:
            raise Refusal("GATEWAY-400003-400")
        # The gateway lets an empty one through; the catalogue says what the services answer to it.
        if not org.strip():
            raise Refusal("FLOW-2001-401", field="x-gw-ims-org-id")
        return _fitting(org), client

    def tenant(self, headers: Headers) -> Tenant:
        org, client = self.organisation(headers)
        sandbox = self._sandbox(org, headers)
        return Tenant(org, sandbox.name, sandbox.id, f"{client}@AdobeID", client, sandbox.type)

    def token_is_valid(self, given: str | None) -> bool:
        """Whether an ``Authorization`` value, with or without ``Bearer``, would pass at an inlet."""
        if self._auth == "off":
            return True
        scheme, _, rest = (given or "").strip().partition(" ")
        token = rest.strip() if scheme.lower() == "bearer" else (given or "").strip()
        if not token or self._auth == "presence":
            return bool(token)
        claims = tokens.read(self._key, token)
        return claims is not None and claims.expires > self._now()

    def _token(self, headers: Headers) -> str:
        given = headers.get("authorization")
        if not given:
            raise Refusal("GATEWAY-403010-403")
        scheme, _, token = given.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Refusal("GATEWAY-401013-401")
        return token.strip()

    def _check_token(self, token: str, client: str) -> None:
        claims = tokens.read(self._key, token)
        if claims is None or claims.expires <= self._now():
            raise Refusal("GATEWAY-401013-401")
        if claims.client != client:
            raise Refusal("GATEWAY-403003-403")

    def _sandbox(self, org: str, headers: Headers) -> Sandbox:
        name = headers.get("x-sandbox-name", DEFAULT_SANDBOX)
        if name == "":
            raise Refusal("FLOW-2105-400")
        if name == "*":
            raise Refusal("FLOW-2111-403")
        wanted_id = headers.get("x-sandbox-id")
        if wanted_id == "*":
            raise Refusal("FLOW-2112-400", field="x-sandbox-id", given=wanted_id, hint=f"x-sandbox-name is {name}.")
        found = self._sandboxes.find(org, name, self._now())
        if found is None:
            raise Refusal("FLOW-2100-404", name=name, hint=_CREATE_HINT.format(name=name))
        # A known client sends the id it looked up; the refusal of the header as such (2110) concerns
        # user tokens, which the emulator does not tell from service tokens.
        if wanted_id and wanted_id != found.id:
            raise Refusal("FLOW-2103-404", name=name, id=wanted_id, hint=f"The sandbox {name} has the ID {found.id}.")
        return found


def _fitting(org: str) -> str:
    """An organisation that exists from now on: it leads every key, and an index entry has a size limit."""
    if len(org) > MAX_ORG:
        hint = f"An organisation has at most {MAX_ORG} characters."
        raise Refusal("CONNECTOR-1007-400", name="x-gw-ims-org-id", field="x-gw-ims-org-id", hint=hint)
    return org
