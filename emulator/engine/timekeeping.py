"""What the clock was told outlives the process, and holds for every process on the same database."""

from __future__ import annotations

import orjson

from emulator.engine.clock import Clock, ClockState, setting
from emulator.store import history, meta
from emulator.store.database import Database

_KEY = "clock"


def start(database: Database, told: str | None) -> Clock:
    """The clock a server starts with: as it was told, else as the last one on this database left it.

    One that stands, or that was moved, begins no earlier than the newest thing that has happened: a
    server that was killed on its way through time has kept its runs.
    """
    kept = _read(database)
    clock = Clock(kept)
    if told is not None:
        mode, at = setting(told)
        if mode == "real":
            clock.state = ClockState()
        elif at is not None or clock.mode != "frozen":
            clock.state = clock.at(mode, clock.now() if at is None else at)
    if clock.mode != "real":
        clock.state = clock.at(clock.mode, max(clock.now(), newest_event(database)))
    if clock.state != kept:
        keep(database, clock.state)
    return clock


def newest_event(database: Database) -> int:
    """The newest instant that any stored document carries; the clock does not go back behind it."""
    with database.reading() as tx:
        return history.newest_event(tx)


def follow(database: Database, clock: Clock) -> None:
    """Take over what another process told the clock."""
    kept = _read(database)
    if kept != clock.state:
        clock.state = kept


def keep(database: Database, state: ClockState) -> None:
    with database.writing() as tx:
        meta.write(tx, _KEY, written(state))


def written(state: ClockState) -> str:
    """A clock's state as text, which ``read`` understands."""
    return orjson.dumps([state.mode, state.at, state.jumped]).decode()


def read(text: str) -> ClockState:
    return ClockState(*orjson.loads(text))


def _read(database: Database) -> ClockState:
    with database.reading() as tx:
        text = meta.read(tx, _KEY)
    return ClockState() if text is None else read(text)
