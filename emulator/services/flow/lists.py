"""Lists of stored resources: filter, order, page and count."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import orjson

from emulator.domain.errors import Refusal
from emulator.domain.filters import parse_filters, parse_order
from emulator.domain.kinds import RUNS, Kind
from emulator.domain.metrics import ORIGIN
from emulator.edge.call import Answer, Call, answer
from emulator.engine.world import World
from emulator.store import resources
from emulator.store.resources import Query

# No default and no maximum are published for this side; clients send 10 to 200, searches allow 1000.
DEFAULT_LIMIT = 20
MAX_LIMIT = 1000
_PARAMETERS = ("property", "limit", "orderby", "count", "continuationToken")


class Lists:
    """The list operations of every kind."""

    def __init__(self, world: World) -> None:
        self._database = world.database

    def page(self, kind: Kind, call: Call) -> Answer:
        call.query.check(_PARAMETERS)
        return self._page(kind, call, call.query.all("property"))

    def runs_of_flow(self, call: Call) -> Answer:
        """The older form of a flow's ``runs`` link."""
        call.query.check(_PARAMETERS)
        mine = f"flowId=={call.params['id']}"
        return self._page(RUNS, call, [*call.query.all("property"), mine])

    def _page(self, kind: Kind, call: Call, properties: list[str]) -> Answer:
        counting = call.query.flag("count")
        if counting and call.query.one("limit") is not None:
            raise Refusal("FLOW-1401-400", field="limit", given=call.query.one("limit"))
        place = _Place.of(call, properties)
        query = Query(
            parse_filters(place.properties, kind),
            parse_order(place.order, kind) if place.order else (),
            place.limit,
            place.after,
        )
        with self._database.reading() as tx:
            if counting:
                return answer({"count": resources.count(tx, call.tenant, kind, query.conditions)})
            page = resources.page(tx, call.tenant, kind, query)
        links = b"{}"
        if page.next is not None:
            href = f"/{kind.name}?continuationToken={place.token(page.next)}"
            links = orjson.dumps({"next": {"href": href}})
        items = ",".join(page.bodies).replace(ORIGIN, call.origin).encode()
        return Answer(200, b'{"items":[' + items + b'],"_links":' + links + b"}")


class _Place:
    """Where in which list a page is.

    Documented by what clients do with ``next.href``: its token is the only parameter, holds no ``=``,
    and works with the first page's parameters repeated beside it or left out; so it carries them all.
    """

    def __init__(self, properties: list[str], order: str | None, limit: int, after: list[Any] | None) -> None:
        self.properties = properties
        self.order = order
        self.limit = limit
        self.after = after

    @classmethod
    def of(cls, call: Call, properties: list[str]) -> _Place:
        token = call.query.one("continuationToken")
        if token is None:
            limit = call.query.number("limit", DEFAULT_LIMIT, 1, MAX_LIMIT)
            return cls(properties, call.query.one("orderby"), limit, None)
        place = cls._read(token)
        place.limit = call.query.number("limit", place.limit, 1, MAX_LIMIT)
        return place

    def token(self, after: list[Any]) -> str:
        packed = orjson.dumps([self.properties, self.order, self.limit, after])
        return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()

    @classmethod
    def _read(cls, token: str) -> _Place:
        try:
            padded = token.encode("ascii") + b"=" * (-len(token) % 4)
            properties, order, limit, after = orjson.loads(base64.b64decode(padded, b"-_", validate=True))
            kept = cls([str(text) for text in properties], order, int(limit), list(after))
        except (binascii.Error, ValueError, TypeError):
            kept = None
        if kept is None or not kept._is_sound():
            raise Refusal(
                "FLOW-1452-400",
                value=token,
                name="continuationToken",
                hint="Send the one of _links.next.href, unchanged.",
            )
        return kept

    def _is_sound(self) -> bool:
        after = self.after or []
        order_ok = self.order is None or isinstance(self.order, str)
        keys = (self.order or "").count(",") + 1 if self.order else 0
        shaped = len(after) == 2 * keys + 1 and type(after[-1]) is int
        return (
            order_ok
            and shaped
            and 1 <= self.limit <= MAX_LIMIT
            and all(isinstance(x, (int, float, str)) for x in after)
        )
