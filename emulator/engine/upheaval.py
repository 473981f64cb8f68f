"""State that is replaced as a whole: by a reset, a snapshot, an import or a seed. Whoever remembers it is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from emulator.engine import notices
from emulator.engine.world import World
from emulator.store import meta
from emulator.store.database import Transaction

_KEY = "upheavals"


@contextmanager
def replacing(world: World, whole: bool) -> Iterator[Transaction]:
    """A transaction that replaces state: all of it, with the clock, or what one tenant has.

    Everything inside, runs and the clock included, is kept together or undone.
    """
    clock = world.clock
    with world.stepping if whole else nullcontext():
        before = clock.state
        try:
            with world.database.writing() as tx:
                yield tx
                number = _number(tx) + 1
                meta.write(tx, _KEY, str(number))
        except BaseException:
            if whole:
                clock.state = before
            raise
        world.upheavals = number
    _forget(world)


def follow(world: World) -> None:
    """Forget what another process has replaced."""
    with world.database.reading() as tx:
        number = _number(tx)
    if number != world.upheavals:
        world.upheavals = number
        _forget(world)


def _number(tx: Transaction) -> int:
    return int(meta.read(tx, _KEY) or 0)


def _forget(world: World) -> None:
    world.sandboxes.forget()
    notices.forget(world)
    for forget in world.on_upheaval:
        forget()
    world.on_schedule_change()
    world.on_notice()
