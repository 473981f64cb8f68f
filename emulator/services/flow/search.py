"""``POST /connections/search``, ``/flows/search`` and ``/flowSpecs/search``: lists asked for by a body.

The syntax of ``queryString`` is not published; it is read as the query string of the list
(``property=state==enabled&property=…``), and bare filters joined by ``&`` are taken too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl

import orjson

from emulator.domain.errors import Refusal
from emulator.domain.filters import parse_order
from emulator.domain.index_values import index_value
from emulator.domain.kinds import FLOW_SPECS, FLOWS, Kind
from emulator.domain.paths import first_at
from emulator.domain.shapes import text_field, wrong
from emulator.domain.tenant import Tenant
from emulator.edge.call import Answer, Call, answer
from emulator.engine.world import World
from emulator.services.flow.lists import Found, Lists, listing
from emulator.services.flow.places import DEFAULT_LIMIT, MAX_LIMIT, Place
from emulator.services.flow.specs import Specs, spec_conditions
from emulator.store import sandboxes

Document = dict[str, Any]
_FIELDS = ("queryString", "limit", "orderby", "count")
_TEXTS = ("queryString", "orderby", "projectionFields", "groupByProperty")
_SANDBOXES = "x-active-sandbox-ids"


class Search:
    """The search operations."""

    def __init__(self, world: World, lists: Lists, specs: Specs) -> None:
        self._database = world.database
        self._lists = lists
        self._specs = specs

    def resources(self, kind: Kind, call: Call) -> Answer:
        """Connections or flows; flows also in other sandboxes of the organisation, and cut to some fields."""
        call.query.check(("continuationToken",))
        body = _body(call, (*_FIELDS, "projectionFields") if kind is FLOWS else _FIELDS)
        homes = self._homes(call, body) if kind is FLOWS else [call.tenant]
        place = _place(call, body)
        if _counting(body):
            return answer({"count": self._lists.count(kind, homes, place.properties)})
        found = self._lists.find(kind, homes, place)
        return listing(kind, Found(_projected(found.bodies, body), found.token), call.origin)

    def _homes(self, call: Call, body: Document) -> list[Tenant]:
        """Where to look; documented: an order across sandboxes is refused."""
        given = call.headers.get(_SANDBOXES)
        if given is None:
            return [call.tenant]
        wanted = [sandbox_id.strip() for sandbox_id in given.split(",") if sandbox_id.strip()]
        if not wanted:
            hint = "Send ids of sandboxes with commas between them, or leave it out."
            raise Refusal("CONNECTOR-1007-400", name=_SANDBOXES, field=_SANDBOXES, given=given, hint=hint)
        with self._database.reading() as tx:
            known = {found.id: found for found in sandboxes.page(tx, call.tenant.org, MAX_LIMIT, 0)[0]}
        for sandbox_id in wanted:
            if sandbox_id not in known:
                raise Refusal("FLOW-2103-404", name=sandbox_id, id=sandbox_id, field=_SANDBOXES, given=given)
        if body.get("orderby") and len(wanted) > 1:
            raise Refusal("FLOW-1424-400", field="orderby", given=body["orderby"])
        tenant = call.tenant
        chosen = [known[sandbox_id] for sandbox_id in dict.fromkeys(wanted)]
        return [Tenant(tenant.org, one.name, one.id, tenant.user, tenant.client, one.type) for one in chosen]

    def flow_specs(self, call: Call) -> Answer:
        """Specs are few, so there is one page. ``groupByProperty`` leaves one spec, the newest, of each value."""
        call.query.check(())
        body = _body(call, (*_FIELDS, "projectionFields", "groupByProperty"))
        conditions = spec_conditions(FLOW_SPECS, _properties(body))
        with self._database.reading() as tx:
            specs = [document for _, document in self._specs.matching(tx, call.tenant, FLOW_SPECS, conditions)]
        specs = _first_of_each(specs, text_field(body, "groupByProperty"))
        if _counting(body):
            return answer({"count": len(specs)})
        ordered = _ordered(specs, text_field(body, "orderby"))[: _limit(body)]
        texts = [orjson.dumps(spec).decode() for spec in ordered]
        return listing(FLOW_SPECS, Found(_projected(texts, body), None), call.origin)


def _body(call: Call, known: Iterable[str]) -> Document:
    body = call.json()
    if body is None:
        raise Refusal("FLOW-1405-400")
    if not isinstance(body, dict):
        raise wrong("body", body, "Send an object such as {}.")
    for name in body:
        if name not in known:
            raise wrong(name, body[name], f"Known fields: {', '.join(known)}.")
    for name in _TEXTS:
        text_field(body, name)
    return body


def _properties(body: Document) -> list[str]:
    text = (text_field(body, "queryString") or "").lstrip("?")
    pairs = parse_qsl(text, keep_blank_values=True)
    if not text or all(name == "property" for name, _ in pairs):
        return [value for _, value in pairs]
    if text.startswith("property="):
        raise wrong("queryString", text, "Of a list's parameters only property belongs here; the others are fields.")
    return text.split("&")


def _counting(body: Document) -> bool:
    given = body.get("count")
    if given is None:
        return False
    if not isinstance(given, bool):
        raise Refusal("FLOW-1452-400", value=given, name="count", field="count", hint="Send true or false.")
    if given and body.get("limit") is not None:
        raise Refusal("FLOW-1401-400", field="limit", given=body["limit"])
    return given


def _limit(body: Document) -> int:
    given = body.get("limit")
    if given is None:
        return DEFAULT_LIMIT
    if type(given) is not int or not 1 <= given <= MAX_LIMIT:
        hint = f"Send a whole number from 1 to {MAX_LIMIT}."
        raise Refusal("FLOW-1452-400", value=given, name="limit", field="limit", hint=hint)
    return given


def _place(call: Call, body: Document) -> Place:
    token = call.query.one("continuationToken")
    if token is None:
        return Place(_properties(body), text_field(body, "orderby"), _limit(body))
    place = Place.read(token)
    if body.get("limit") is not None:
        place.limit = _limit(body)
    return place


def _projected(bodies: list[str], body: Document) -> list[str]:
    """Only the named top-level fields, and the id, of every document."""
    wanted = text_field(body, "projectionFields")
    if wanted is None:
        return bodies
    names = {"id", *(name.strip() for name in wanted.split(","))}
    return [orjson.dumps(_chosen(orjson.loads(text), names.__contains__)).decode() for text in bodies]


def _chosen(document: Document, wanted: Callable[[str], bool]) -> Document:
    return {name: value for name, value in document.items() if wanted(name)}


def _first_of_each(specs: list[Document], group: str | None) -> list[Document]:
    """One spec, the first, of every value that they have at a field."""
    if group is None:
        return specs
    if len(parse_order(group, FLOW_SPECS)) > 1 or group[0] in "+- ":
        raise wrong("groupByProperty", group, "Name one field.")
    found: dict[str, Document] = {}
    for spec in specs:
        found.setdefault(index_value(first_at(spec, group)), spec)
    return list(found.values())


def _ordered(specs: list[Document], order: str | None) -> list[Document]:
    for key in reversed(parse_order(order, FLOW_SPECS) if order else []):
        path = ".".join(step.name for step in key.steps)
        specs = sorted(specs, key=lambda spec, path=path: index_value(first_at(spec, path)), reverse=key.descending)  # type: ignore[misc]
    return specs
