"""``/__admin/datasets/{id}/…``: what landed in a dataset, and what did not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

import orjson

from emulator.domain.kinds import DATASETS
from emulator.domain.record_filters import Test, parse_where
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
# Read together where only looking at rows tells whether they are wanted.
_AT_ONCE = 2_000
# Transaction, organisation, sandbox, dataset, limit, offset, batch, run: some items as JSON texts, and how many there
# are in all.
Read = Callable[[Transaction, str, str, str, int, int, str | None, str | None], tuple[list[str], int]]


def routes(world: World) -> list[Route]:
    calls = Landed(world)
    return [
        Route("GET", "/datasets/{id}/records", calls.records, slow=True),
        Route("GET", "/datasets/{id}/rejected", calls.rejected, slow=True),
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
        call.query.check(("limit", "offset", "batch", "run", "where"), _BAD)
        limit = call.query.number("limit", DEFAULT_LIMIT, 1, MAX_LIMIT, _BAD)
        offset = call.query.number("offset", 0, 0, 10**9, _BAD)
        batch, run = call.query.one("batch"), call.query.one("run")
        tests = parse_where(call.query.all("where"))
        dataset = call.params["id"]
        with self._database.reading() as tx:
            org, sandbox = home(tx, call, DATASETS, "dataset", dataset)

            def rows(limit: int, offset: int) -> tuple[list[str], int]:
                return read(tx, org, sandbox, dataset, limit, offset, batch, run)

            items, count = _matching(rows, tests, limit, offset) if tests else rows(limit, offset)
        following = _next(call, limit, offset + limit) if items and offset + len(items) < count else None
        tail = f'],"count":{count},"next":'.encode() + orjson.dumps(following) + b"}"
        return Answer(200, b'{"items":[' + ",".join(items).encode() + tail)


def _next(call: Call, limit: int, offset: int) -> str:
    kept = [pair for pair in call.query.pairs if pair[0] not in ("limit", "offset")]
    return f"{call.origin}{call.path}?{urlencode([('limit', limit), ('offset', offset), *kept])}"


def _matching(
    rows: Callable[[int, int], tuple[list[str], int]], tests: Sequence[Test], limit: int, offset: int
) -> tuple[list[str], int]:
    """A page of the rows that meet the tests, and how many do."""
    items: list[str] = []
    count = at = 0
    while part := rows(_AT_ONCE, at)[0]:
        for row in part:
            item: Any = orjson.loads(row)
            if all(test(item) for test in tests):
                if offset <= count < offset + limit:
                    items.append(row)
                count += 1
        at += _AT_ONCE
    return items, count


def _rejected(
    tx: Transaction, org: str, sandbox: str, dataset: str, limit: int, offset: int, batch: str | None, run: str | None
) -> tuple[list[str], int]:
    rows, count = rejected.page(tx, org, sandbox, dataset, limit, offset, batch, run)
    return [_shown(row) for row in rows], count


def _shown(row: Rejected) -> str:
    fault = orjson.dumps({"code": row.code, "message": row.message, "field": row.field}).decode()
    return f'{{"record":{row.body},{fault[1:]}'
