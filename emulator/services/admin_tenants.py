"""Which tenant an admin call is about, where it is about one."""

from __future__ import annotations

from emulator.domain.errors import Refusal
from emulator.domain.kinds import Kind
from emulator.edge.call import Call
from emulator.store import resources
from emulator.store.database import Transaction
from emulator.store.sandboxes import DEFAULT_SANDBOX

_BAD = "ADMIN-BAD_REQUEST-400"


def tenant_headers(call: Call) -> tuple[str, str] | None:
    """The tenant that the usual headers name, a missing sandbox meaning ``prod``; None without them."""
    org, sandbox = call.headers.get("x-gw-ims-org-id"), call.headers.get("x-sandbox-name")
    if not org and sandbox:
        raise Refusal(_BAD, detail="x-sandbox-name needs x-gw-ims-org-id beside it.")
    return (org, sandbox or DEFAULT_SANDBOX) if org else None


def home(tx: Transaction, call: Call, kind: Kind, what: str, resource_id: str) -> tuple[str, str]:
    """Organisation and sandbox of a resource, which is called ``what``. Refuses an id that several tenants have."""
    wanted = tenant_headers(call)
    found = [one for one in resources.homes(tx, kind, resource_id) if wanted is None or one == wanted]
    if not found:
        raise Refusal("ADMIN-NOT_FOUND-404", detail=f"There is no {what} {resource_id}.")
    if len(found) > 1:
        raise Refusal(
            _BAD, detail=f"Several tenants have a {what} {resource_id}: send x-gw-ims-org-id and x-sandbox-name."
        )
    return found[0]
