"""The smallest and the largest of some values."""

from __future__ import annotations

from emulator.domain.language.functions.arrays import spread
from emulator.domain.language.registry import MANY, function
from emulator.domain.language.values import Value, ordered


def _extreme(values: list[Value], sign: int) -> Value:
    """Nulls take no part; null when there is nothing else. Of equal values the first stays."""
    best = None
    for value in values:
        order = ordered(value, best)
        if best is None or (order is not None and order * sign < 0):
            best = value
    return best


@function("min", 1, MANY)
def min_(*values: Value) -> Value:
    """Numbers and texts that spell numbers by size, other texts by their characters, dates by instant."""
    return _extreme(spread(values), 1)


@function("max", 1, MANY)
def max_(*values: Value) -> Value:
    """As ``min``."""
    return _extreme(spread(values), -1)
