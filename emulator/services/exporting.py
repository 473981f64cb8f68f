"""State as a document in the seed format: exact rows, one a line, spooled so that memory does not grow with it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import IO, Any

import orjson

from emulator.edge.call import Stream
from emulator.engine.clock import Clock, iso
from emulator.engine.world import World
from emulator.services.seeding.checking import FORMAT
from emulator.store import exchange
from emulator.store.database import Transaction
from emulator.store.exchange import TABLES

_IN_MEMORY, _PART = 8 * 1024 * 1024, 256 * 1024
Tenant = tuple[str, str]


def export(world: World, only: Tenant | None, secrets: bool) -> Stream:
    """The state of one moment, of everything or of one tenant, without tokens."""
    # Closed when it has been sent, or when nobody wants the rest.
    spool = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115
    try:
        with world.database.reading_one_moment() as tx:
            _write(spool, world.clock, tx, only, secrets)
    except BaseException:
        spool.close()
        raise
    length = spool.tell()
    spool.seek(0)
    return Stream(length, _parts(spool))


def _parts(spool: IO[bytes]) -> Iterator[bytes]:
    with spool:
        while part := spool.read(_PART):
            yield part


def _write(spool: IO[bytes], clock: Clock, tx: Transaction, only: Tenant | None, secrets: bool) -> None:
    head: dict[str, Any] = {"format": FORMAT}
    head |= {"clock": _clock(clock)} if only is None else {"scope": {"org": only[0], "sandbox": only[1]}}
    spool.write(orjson.dumps(head)[:-1] + b',\n"tenants": [')
    for number, tenant in enumerate(exchange.tenants(tx) if only is None else [only]):
        names = orjson.dumps({"org": tenant[0], "sandbox": tenant[1]})[:-1]
        spool.write((b"," if number else b"") + b"\n" + names + b', "state": ')
        _tables(spool, tx, tenant, secrets)
        spool.write(b"}")
    spool.write(b"\n]")
    if only is None:
        spool.write(b',\n"state": ')
        _tables(spool, tx, None, secrets)
    spool.write(b"}\n")


def _tables(spool: IO[bytes], tx: Transaction, tenant: Tenant | None, secrets: bool) -> None:
    """Those of a tenant or of the server that are not empty."""
    before = b"{"
    for name, part in TABLES.items():
        if (part.tenant is None) == (tenant is None):
            opening = before + b"\n" + orjson.dumps(name) + b": ["
            for row in exchange.rows(tx, name, tenant, secrets):
                spool.write(opening + b"\n" + orjson.dumps(row))
                opening = b","
            if opening == b",":
                spool.write(b"\n]")
                before = b","
    spool.write(b"{}" if before == b"{" else b"}")


def _clock(clock: Clock) -> dict[str, Any]:
    state = clock.state
    said: dict[str, Any] = {"mode": state.mode}
    if state.mode != "real":
        said |= {"now": iso(state.at)} if state.mode == "frozen" else {"aheadMs": state.at}
    return {**said, "jumpedTo": iso(state.jumped)} if state.jumped else said
