"""``/__admin/query``: a statement over what landed, and its rows, which Query Service itself does not show."""

from __future__ import annotations

from dataclasses import asdict

from emulator.domain.errors import Refusal
from emulator.domain.identifiers import default_sandbox_id
from emulator.domain.query_requests import MAX_SQL
from emulator.domain.tenant import Tenant
from emulator.edge.call import Answer, Call, answer
from emulator.edge.routing import Route
from emulator.engine.queries import Queries, QueryFailed, is_installed
from emulator.engine.world import World
from emulator.services.query import INSTALL
from emulator.store import sandboxes
from emulator.store.sandboxes import DEFAULT_SANDBOX

_BAD = "ADMIN-BAD_REQUEST-400"
_KNOWN = ("sql", "org", "sandbox")


def routes(world: World, queries: Queries) -> list[Route]:
    def query(call: Call) -> Answer:
        """``{"columns", "rows", "count", "complete"}``; a failure is a 400 in the engine's words."""
        call.query.check((), _BAD)
        sql, tenant = _read(call, world)
        if not is_installed():
            raise Refusal("ADMIN-NOT_INSTALLED-501", detail=INSTALL)
        try:
            result = asdict(queries.run(tenant, sql))
        except QueryFailed as failure:
            raise Refusal(_BAD, detail=failure.message) from None
        return answer({name: value for name, value in result.items() if name != "datasets"})

    return [Route("POST", "/query", query, slow=True)]


def _read(call: Call, world: World) -> tuple[str, Tenant]:
    body = call.json()
    if not isinstance(body, dict) or not all(isinstance(value, str) for value in body.values()):
        raise Refusal(_BAD, detail='Send {"sql": …, "org": …, "sandbox": …} with texts.')
    for name in body:
        if name not in _KNOWN:
            raise Refusal(_BAD, detail=f"Unknown field {name}.", hint=f"Known fields: {', '.join(_KNOWN)}.")
    sql = body.get("sql", "")
    if not sql.strip() or len(sql) > MAX_SQL:
        raise Refusal(_BAD, detail=f"sql must be a statement of at most {MAX_SQL} characters.")
    return sql, _tenant(call, world, body)


def _tenant(call: Call, world: World, body: dict[str, str]) -> Tenant:
    """As the body says, or the usual headers; without any, the only organisation that there is."""
    org = body.get("org") or call.headers.get("x-gw-ims-org-id") or _only_organisation(world)
    sandbox = body.get("sandbox") or call.headers.get("x-sandbox-name") or DEFAULT_SANDBOX
    with world.database.reading() as tx:
        if sandboxes.find(tx, org, sandbox) is None:
            raise Refusal("ADMIN-NOT_FOUND-404", detail=f"There is no sandbox {sandbox} of an organisation {org}.")
    return Tenant(org, sandbox, default_sandbox_id(org, sandbox), "", "")


def _only_organisation(world: World) -> str:
    with world.database.reading() as tx:
        found = sandboxes.organisations(tx)
    if len(found) != 1:
        known = ", ".join(found) or "none yet"
        raise Refusal(_BAD, detail="Say whose datasets: send org.", hint=f"Known organisations: {known}.")
    return found[0]
