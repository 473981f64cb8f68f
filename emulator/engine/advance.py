"""Time that passes at once: everything due on the way happens, in the order of its instants."""

from __future__ import annotations

from emulator.engine import runner, timekeeping
from emulator.engine.world import World


def advance(world: World, until: int) -> int:
    """Let the clock go on to ``until`` (milliseconds); returns how many runs ended on the way.

    The same runs happen as when real time passes, made by the same code; each sees the instant at
    which it is due. Real time goes on from ``until``, ahead of other clocks.
    """
    ended = 0
    with world.stepping:
        try:
            while (made := runner.run_next(world, until)) is not None:
                ended += made.ended
            world.clock.walk_to(until)
            world.clock.state = world.clock.at("frozen" if world.clock.mode == "frozen" else "offset", until)
        finally:
            world.clock.end_walk()
        timekeeping.keep(world.database, world.clock.state)
    world.on_schedule_change()
    return ended
