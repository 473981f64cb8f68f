"""Which functions there are: name, number of arguments, and what they do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches

from emulator.domain.language.values import Value

# For functions that take any number of arguments.
MANY = 1000


@dataclass(frozen=True)
class Function:
    """One function. ``run`` gets evaluated arguments; ``surrounded`` ones get ``Surroundings`` before them.

    ``recorded`` ones get the record before them, to look at more than values.
    """

    name: str
    least: int
    most: int
    run: Callable[..., Value]
    surrounded: bool = False
    recorded: bool = False


FUNCTIONS: dict[str, Function] = {}


def function(
    name: str,
    least: int,
    most: int | None = None,
    *,
    aliases: tuple[str, ...] = (),
    surrounded: bool = False,
    recorded: bool = False,
) -> Callable[[Callable[..., Value]], Callable[..., Value]]:
    """Registers a function that takes ``least`` to ``most`` arguments (``least`` exactly without ``most``)."""

    def register(run: Callable[..., Value]) -> Callable[..., Value]:
        for one in (name, *aliases):
            FUNCTIONS[one] = Function(one, least, least if most is None else most, run, surrounded, recorded)
        return run

    return register


def nearest(name: str) -> list[str]:
    """Functions whose names look most like ``name``, best first."""
    by_lower = {known.lower(): known for known in FUNCTIONS}
    return [by_lower[close] for close in get_close_matches(name.lower(), by_lower, n=3, cutoff=0.6)]
