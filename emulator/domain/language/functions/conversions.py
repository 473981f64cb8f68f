"""Texts as numbers. A text that is no number is a ``Problem``, null is null."""

from __future__ import annotations

import struct

from emulator.domain.language.registry import function
from emulator.domain.language.texts import unless_null
from emulator.domain.language.values import Problem, Value, as_integer, as_number, bounded

# As many digits as a single-precision number may need.
_MOST_DIGITS = 9


def _double(value: Value) -> float:
    try:
        return float(as_number(value))
    except OverflowError:
        raise Problem("the number is too large for a decimal of double precision, which ends at 1.8e308") from None


@function("to_integer", 1)
@unless_null
def to_integer(value: Value) -> Value:
    """Whole numbers only."""
    return bounded(as_integer(value))


@function("to_bigint", 1)
@unless_null
def to_bigint(value: Value) -> Value:
    """The whole number towards zero: the published example has a fraction, which no integer keeps."""
    number = as_number(value)
    try:
        return bounded(int(number))
    except (OverflowError, ValueError):
        raise Problem("a finite number is needed") from None


@function("to_decimal", 1)
@unless_null
def to_decimal(value: Value) -> Value:
    """Double precision."""
    return _double(value)


@function("to_float", 1)
@unless_null
def to_float(value: Value) -> Value:
    """Single precision, with no more digits than tell it from its neighbours."""
    number = _double(value)
    try:
        packed = struct.pack(">f", number)
    except OverflowError:
        raise Problem("the number is too large for single precision, which ends at 3.4e38") from None
    single: float = struct.unpack(">f", packed)[0]
    shortest = (float(f"{single:.{digits}g}") for digits in range(1, _MOST_DIGITS))
    return next((short for short in shortest if _same_single(short, packed)), single)


def _same_single(number: float, packed: bytes) -> bool:
    try:
        return struct.pack(">f", number) == packed
    except OverflowError:
        return False
