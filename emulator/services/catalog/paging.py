"""Which part of a list Catalog is asked for."""

from __future__ import annotations

from emulator.edge.call import Call, Query

DEFAULT_LIMIT = 20
MAX_LIMIT = 100
PAGING = ("limit", "start", "offset")
_BAD = "CATALOG-0400-400"
_FURTHEST = 10**9


def paging(call: Call) -> tuple[int, int]:
    """How many are wanted and how many to leave out, which has two names.

    Documented: both may come as headers as well, over which the query wins.
    """
    query, headers = call.query, Query(b"")
    headers.pairs = [(name, call.headers[name]) for name in ("limit", "offset") if name in call.headers]
    limit = query.number("limit", headers.number("limit", DEFAULT_LIMIT, 1, MAX_LIMIT, _BAD), 1, MAX_LIMIT, _BAD)
    offset = query.number("offset", headers.number("offset", 0, 0, _FURTHEST, _BAD), 0, _FURTHEST, _BAD)
    return limit, query.number("start", offset, 0, _FURTHEST, _BAD)
