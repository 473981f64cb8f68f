"""Time that passes at once: everything due on the way happens, in the order of its instants."""

from __future__ import annotations

import time

from emulator.engine import runner, timekeeping
from emulator.engine.world import World
from emulator.store import pending_runs

# In seconds of real time. A process that is gone holds its run no longer than this.
LONGEST_WAIT_S, PAUSE_S = 20.0, 0.02


def advance(world: World, until: int) -> int:
    """Let the clock go on to ``until`` (milliseconds); returns how many runs ended on the way.

    The same runs happen as when real time passes, made by the same code; each sees the instant at
    which it is due. Real time goes on from ``until``, ahead of other clocks. What another process of the
    database is at work on is waited for.
    """
    ended, patience = 0, time.monotonic() + LONGEST_WAIT_S
    with world.stepping:
        try:
            while True:
                made = runner.run_next(world, until)
                if made is not None:
                    ended += made.ended
                elif _is_under_way(world, until) and time.monotonic() < patience:
                    time.sleep(PAUSE_S)
                else:
                    break
            world.clock.walk_to(until)
            world.clock.state = world.clock.at("frozen" if world.clock.mode == "frozen" else "offset", until)
        finally:
            world.clock.end_walk()
        timekeeping.keep(world.database, world.clock.state)
    world.on_schedule_change()
    return ended


def _is_under_way(world: World, until: int) -> bool:
    with world.database.reading() as tx:
        return pending_runs.is_under_way(tx, until, world.clock.real())
