"""``/__admin/datasets/{id}/…``: what landed in a dataset, and what did not."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

import orjson

from emulator.domain.kinds import DATASETS
from emulator.edge.call import Answer, Call
from emulator.edge.routing import Route
from emulator.engine.world import World
from emulator.services.admin_tenants import home
from emulator.store import records, rejected
from emulator.store.database import Transaction
from emulator.store.rejected import Rejected

DEFAULT_LIMIT = 100
MAX_LIMIT = 10_000
_BAD = "ADMIN-BAD_REQUEST-400"
# Transaction, organisation, sandbox, dataset, limit, offset, batch, run: some items as JSON texts, and how many there
# are in all.
Read = Callable[[Transaction, str, str, str, int, int, str | None, str | None], tuple[list[str], int]]


def routes(world: World) -> list[Route]:
    calls = Landed(world)
    return [
        Route("GET", "/datasets/{id}/records", calls.records),
        Route("GET", "/datasets/{id}/rejected", calls.rejected),
    ]


class Landed:
    """The operations on a dataset's rows."""

    def __init__(self, world: World) -> None:
        self._database = world.database

    def records(self, call: Call) -> Answer:
        return self._page(call, records.page)

    def rejected(self, call: Call) -> Answer:
        return self._page(call, _rejected)

    def _page(self, call: Call, read: Read) -> Answer:
        """``{"items", "count", "next"}``; ``count`` is how many there are in all, ``next`` a whole link or null."""
        call.query.check(("limit", "offset", "batch", "run"), _BAD)
        limit = call.query.number("limit", DEFAULT_LIMIT, 1, MAX_LIMIT, _BAD)
        offset = call.query.number("offset", 0, 0, 10**9, _BAD)
        batch, run = call.query.one("batch"), call.query.one("run")
        dataset = call.params["id"]
        with self._database.reading() as tx:
            org, sandbox = home(tx, call, DATASETS, "dataset", dataset)
            items, count = read(tx, org, sandbox, dataset, limit, offset, batch, run)
        following = None
        if items and offset + len(items) < count:
            chosen = {name: value for name, value in (("batch", batch), ("run", run)) if value is not None}
            query = urlencode({"limit": limit, "offset": offset + limit, **chosen})
            following = f"{call.origin}{call.path}?{query}"
        tail = f'],"count":{count},"next":'.encode() + orjson.dumps(following) + b"}"
        return Answer(200, b'{"items":[' + ",".join(items).encode() + tail)


def _rejected(
    tx: Transaction, org: str, sandbox: str, dataset: str, limit: int, offset: int, batch: str | None, run: str | None
) -> tuple[list[str], int]:
    rows, count = rejected.page(tx, org, sandbox, dataset, limit, offset, batch, run)
    return [_shown(row) for row in rows], count


def _shown(row: Rejected) -> str:
    fault = orjson.dumps({"code": row.code, "message": row.message, "field": row.field}).decode()
    return f'{{"record":{row.body},{fault[1:]}'
