"""Choosing between values."""

from __future__ import annotations

from emulator.domain.language.registry import MANY, function
from emulator.domain.language.values import Value, as_truth, equal


@function("iif", 3)
def iif(condition: Value, when_true: Value, when_false: Value) -> Value:
    return when_true if as_truth(condition) else when_false


@function("decode", 3, MANY)
def decode(key: Value, *options: Value) -> Value:
    """The value after the first option that equals the key, otherwise the odd last one, otherwise null."""
    for wanted, value in zip(options[::2], options[1::2], strict=False):
        if equal(key, wanted):
            return value
    return options[-1] if len(options) % 2 else None
