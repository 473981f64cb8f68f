"""Lists of stored resources: filter, order, page and count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import orjson

from emulator.domain.errors import Refusal
from emulator.domain.filters import EQUALITY, Condition, parse_filters, parse_order
from emulator.domain.kinds import RUNS, Kind
from emulator.domain.metrics import ORIGIN
from emulator.domain.tenant import Tenant
from emulator.edge.call import Answer, Call, answer
from emulator.engine.world import World
from emulator.services.flow.places import DEFAULT_LIMIT, MAX_LIMIT, Place
from emulator.store import pages
from emulator.store.pages import Query

_PARAMETERS = ("property", "limit", "orderby", "count", "continuationToken")


class Found(NamedTuple):
    """Documents of one page as JSON text, and the token of the next one."""

    bodies: list[str]
    token: str | None


class Lists:
    """The list operations of every kind."""

    def __init__(self, world: World) -> None:
        self._database = world.database

    def page(self, kind: Kind, call: Call) -> Answer:
        call.query.check(_PARAMETERS)
        return self._listed(kind, call, call.query.all("property"))

    def runs_of_flow(self, call: Call) -> Answer:
        """The older form of a flow's ``runs`` link."""
        call.query.check(_PARAMETERS)
        mine = f"flowId=={call.params['id']}"
        return self._listed(RUNS, call, [*call.query.all("property"), mine])

    def _listed(self, kind: Kind, call: Call, properties: list[str]) -> Answer:
        place = _place(call, properties)
        if call.query.flag("count"):
            if call.query.one("limit") is not None:
                raise Refusal("FLOW-1401-400", field="limit", given=call.query.one("limit"))
            return answer({"count": self.count(kind, [call.tenant], place.properties)})
        found = self.find(kind, [call.tenant], place)
        return listing(kind, found, call.origin)

    def count(self, kind: Kind, homes: Sequence[Tenant], properties: Sequence[str]) -> int:
        """How many resources of those sandboxes meet all filters."""
        conditions = parse_filters(properties, kind)
        with self._database.reading() as tx:
            return sum(pages.count(tx, home, kind, conditions) for home in homes)

    def find(self, kind: Kind, homes: Sequence[Tenant], place: Place) -> Found:
        """One page of those sandboxes, one after the other."""
        conditions = tuple(parse_filters(place.properties, kind))
        place.order = place.order or _order_by_range(conditions, kind)
        order = tuple(parse_order(place.order, kind)) if place.order else ()
        place.check_row(len(order))
        bodies: list[str] = []
        after, home = place.after, place.home
        with self._database.reading() as tx:
            while home < len(homes) and len(bodies) < place.limit:
                query = Query(conditions, order, place.limit - len(bodies), tuple(after) if after else None)
                page = pages.page(tx, homes[home], kind, query)
                bodies += page.bodies
                after = page.next
                home += after is None
        return Found(bodies, place.token(after, home) if home < len(homes) else None)


def _place(call: Call, properties: list[str]) -> Place:
    token = call.query.one("continuationToken")
    if token is None:
        limit = call.query.number("limit", DEFAULT_LIMIT, 1, MAX_LIMIT)
        return Place(properties, call.query.one("orderby"), limit)
    place = Place.read(token)
    place.limit = call.query.number("limit", place.limit, 1, MAX_LIMIT)
    return place


def listing(kind: Kind, found: Found, origin: str) -> Answer:
    """The envelope of lists; ``next.href`` is relative to the service and its token the only parameter."""
    links = b"{}"
    if found.token is not None:
        links = orjson.dumps({"next": {"href": f"/{kind.name}?continuationToken={found.token}"}})
    items = ",".join(found.bodies).replace(ORIGIN, origin).encode()
    return Answer(200, b'{"items":[' + items + b'],"_links":' + links + b"}")


def _order_by_range(conditions: Sequence[Condition], kind: Kind) -> str | None:
    """A list between two times comes newest first by that time: the order in which its index is walked."""
    ranged = (one.path for one in conditions if one.op not in EQUALITY and one.path in kind.sorted)
    field = next(ranged, None)
    return None if field is None else f"-{field}"
