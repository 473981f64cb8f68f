"""Query Service: statements over what landed, as far as its HTTP API goes, which counts rows and does not show them.

A query is run before its submission is answered: the answer says ``SUBMITTED``, as documented, and whoever looks
next sees how it went. A cancel is therefore always too late, and accepted as documented.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import orjson

from emulator.domain.errors import Refusal
from emulator.domain.kinds import QUERIES
from emulator.domain.query_lists import BAD, parse_query_list, stamp
from emulator.domain.query_requests import read_request, statement, submitted
from emulator.domain.tenant import Tenant
from emulator.edge.call import Answer, Call, answer
from emulator.edge.envelopes import problem
from emulator.edge.routing import Route, Service
from emulator.engine.queries import Queries, QueryFailed, is_installed
from emulator.engine.world import World
from emulator.store import resources
from emulator.store.database import Transaction

Document = dict[str, Any]

BASE = "/data/foundation/query"
INSTALL = "Queries are run by DuckDB, which is not installed: pip install flow-service-emulator[query]"
DEFAULT_LIMIT, MAX_LIMIT = 20, 1000
_PARAMETERS = ("orderby", "limit", "start", "property", "excludeSoftDeleted", "excludeHidden", "isPrevLink")
_AT_ONCE = 500
# What a query's document holds beside what is shown.
_DATASETS, _DELETED = "referencedDatasets", "softDeleted"


def service(world: World, queries: Queries) -> Service:
    calls = QueryService(world, queries)
    routes = [
        Route("POST", "/queries", calls.create, slow=True),
        Route("GET", "/queries", calls.queries),
        Route("GET", "/queries/{id}", calls.query),
        Route("PATCH", "/queries/{id}", calls.change),
        Route("DELETE", "/queries/{id}", calls.delete),
    ]
    return Service("query", BASE, "tenant", problem, routes)


class QueryService:
    """The query operations."""

    def __init__(self, world: World, queries: Queries) -> None:
        self._world = world
        self._database = world.database
        self._queries = queries

    def create(self, call: Call) -> Answer:
        call.query.check((), BAD)
        request = read_request(call.json())
        if not is_installed():
            raise Refusal("QUERY-0501-501", detail=INSTALL)
        query_id, begun = self._world.ids.uuid(), self._world.clock.now()
        new = submitted(request, query_id, call.tenant, begun)
        outcome = self._outcome(call.tenant, statement(request))
        ended = self._world.clock.now()
        done = {**new, **outcome, "elapsedTime": max(0, ended - begun), "updated": stamp(ended)}
        with self._database.writing() as tx:
            resources.create(tx, call.tenant, QUERIES, query_id, done, query_id)
        return answer(_shown(new, call.origin), 202)

    def _outcome(self, tenant: Tenant, sql: str) -> Document:
        try:
            result = self._queries.run(tenant, sql, rows=0)
        except QueryFailed as failure:
            return {"state": "FAILED", "errors": [{"code": failure.code, "message": failure.message}]}
        return {"state": "SUCCESS", "rowCount": result.count, _DATASETS: result.datasets}

    def queries(self, call: Call) -> Answer:
        call.query.check(_PARAMETERS, BAD)
        limit = call.query.number("limit", DEFAULT_LIMIT, 1, MAX_LIMIT, BAD)
        order, start = _given(call, "orderby", "-created"), _given(call, "start", "0")
        backwards = bool(call.query.one("isPrevLink")) and call.query.flag("isPrevLink", code=BAD)
        call.query.flag("excludeHidden", code=BAD)
        without_deleted = call.query.flag("excludeSoftDeleted", True, BAD)
        wanted = parse_query_list(call.query.all("property"), order, start, backwards)
        with self._database.reading() as tx:
            stored = [one for one in _all(tx, call.tenant) if not (without_deleted and one.get(_DELETED))]
        found = wanted.chosen(stored)
        first = wanted.start if isinstance(wanted.start, int) else 0
        return answer(_page(call, found, first, limit, order))

    def query(self, call: Call) -> Answer:
        call.query.check((), BAD)
        with self._database.reading() as tx:
            document = resources.read(tx, call.tenant, QUERIES, call.params["id"])
        if document is None:
            raise _not_found(call.params["id"])
        return answer(_shown(document, call.origin))

    def change(self, call: Call) -> Answer:
        call.query.check((), BAD)
        body = call.json()
        if body not in ({"op": "cancel"}, {"op": "soft_delete"}):
            hint = 'Send {"op": "cancel"} or {"op": "soft_delete"}.'
            raise Refusal(BAD, detail="The query cannot be changed.", field="op", hint=hint)
        if body["op"] == "soft_delete":
            return self._soft_delete(call)
        with self._database.reading() as tx:
            if not resources.is_there(tx, call.tenant, QUERIES, call.params["id"]):
                raise _not_found(call.params["id"])
        return answer({"message": "Query cancel request received", "statusCode": 202}, 202)

    def delete(self, call: Call) -> Answer:
        call.query.check((), BAD)
        return self._soft_delete(call)

    def _soft_delete(self, call: Call) -> Answer:
        """It is left out of lists from now on, and still found by its id."""
        query_id = call.params["id"]
        with self._database.writing() as tx:
            stored = resources.read_stored(tx, call.tenant, QUERIES, query_id)
            if stored is None:
                raise _not_found(query_id)
            now = {"updated": stamp(self._world.clock.now()), _DELETED: True}
            resources.replace(tx, call.tenant, QUERIES, query_id, stored.document | now, stored.etag, stored.etag)
        return answer({"message": "Query soft delete request received", "statusCode": 202}, 202)


def _all(tx: Transaction, tenant: Tenant) -> Iterator[Document]:
    """Newest first. They are made by hand, so there are never many."""
    offset = 0
    while part := resources.slice_with_ids(tx, tenant, QUERIES, _AT_ONCE, offset):
        yield from (orjson.loads(body) for _, body in part)
        offset += _AT_ONCE


def _page(call: Call, found: list[Document], first: int, limit: int, order: str) -> Document:
    """``start`` and ``next`` of ``_page`` are instants; links count instead, as several queries may be of one."""
    part, behind = found[first : first + limit], found[first + limit : first + limit + 1]
    by = order.lstrip("+- ")
    page = {"orderby": order, "count": len(part)}
    page |= {name: some[0][by] for name, some in (("start", part), ("next", behind)) if some}
    links = {"next": first + limit} if behind else {}
    links |= {"prev": max(0, first - limit)} if first else {}
    return {
        "queries": [_shown(one, call.origin) for one in part],
        "_page": page,
        "_links": {name: {"href": _link(call, start)} for name, start in links.items()},
        "version": 1,
    }


def _given(call: Call, name: str, default: str) -> str:
    """Of a parameter of the list; an empty one is not one that was left out."""
    given = call.query.one(name)
    return default if given is None else given


def _link(call: Call, start: int) -> str:
    """The same list from another place."""
    given = _given(call, "start", "0")
    kept = [(name, value) for name, value in call.query.pairs if name != "start"]
    if not given.isdigit():
        kept.append(("property", _bound(call, given)))
    return f"{call.origin}{BASE}/queries?{urlencode([*kept, ('start', str(start))])}"


def _bound(call: Call, instant: str) -> str:
    """The filter that an instant to begin with stands for."""
    order = _given(call, "orderby", "-created")
    backwards = (call.query.one("isPrevLink") or "").lower() == "true"
    op = "<=" if order.startswith("-") != backwards else ">="
    return f"{order.lstrip('+- ')}{op}{instant}"


def _shown(document: Document, origin: str) -> Document:
    """With its links, which name the datasets that it read."""
    shown = {name: value for name, value in document.items() if name not in (_DATASETS, _DELETED)}
    own = f"{origin}{BASE}/queries/{document['id']}"
    links: Document = {"self": {"href": own, "method": "GET"}, "soft_delete": _operation(own, "soft_delete")}
    if document["state"] == "SUBMITTED":
        links["cancel"] = _operation(own, "cancel")
    if document.get(_DATASETS):
        home = f"{origin}/data/foundation/catalog/dataSets"
        links["referenced_datasets"] = [{"id": one, "href": f"{home}/{one}"} for one in document[_DATASETS]]
    return {**shown, "_links": links}


def _operation(own: str, op: str) -> Document:
    return {"href": own, "method": "PATCH", "body": f'{{ "op": "{op}"}}'}


def _not_found(query_id: str) -> Refusal:
    return Refusal("QUERY-0404-404", detail=f"The query {query_id} is not found in this sandbox.")
