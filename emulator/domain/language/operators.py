"""What operators make of values: the rules of Apache Commons JEXL 3.1 in its lenient mode.

Null counts as 0 or as the empty text; whole numbers divide as whole numbers; dividing by zero gives 0.0;
plus adds as soon as one side is a number and both sides read as numbers, and joins texts otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import wraps

from emulator.domain.language import regexes
from emulator.domain.language.texts import check_length
from emulator.domain.language.values import (
    Number,
    Problem,
    Value,
    as_integer,
    as_number,
    as_text,
    as_truth,
    bounded,
    equal,
    is_blank,
    kind_of,
    number_in,
    ordered,
    shown,
)

Binary = Callable[[Value, Value], Value]
_TOO_LARGE = "the result is too large for a real number"


def _limited(calculate: Binary) -> Binary:
    """Numbers stay such that they can be written: finite, and of so many digits."""

    @wraps(calculate)
    def limited(left: Value, right: Value) -> Value:
        try:
            result = calculate(left, right)
        except OverflowError:
            raise Problem(_TOO_LARGE) from None
        if type(result) is int:
            return bounded(result)
        if type(result) is float and not math.isfinite(result):
            raise Problem(_TOO_LARGE)
        return result

    return limited


@_limited
def add(left: Value, right: Value) -> Value:
    """``1 + 2`` is 3, ``"1" + 2`` too, ``'1' + '2'`` is ``"12"``, ``"a" + 1`` is ``"a1"``."""
    if type(left) is str and type(right) is str:
        return _joined(left, right)
    first, second = _summand(left), _summand(right)
    if first is None or second is None:
        if isinstance(left, str) or isinstance(right, str):
            return _joined(as_text(left), as_text(right))
        raise Problem(f"{shown(left)} and {shown(right)} cannot be added: only numbers and texts can")
    return first + second


def _summand(value: Value) -> Number | None:
    """The number that a side of a plus is, None where it is none."""
    if isinstance(value, str):
        return number_in(value) if value else 0
    return None if isinstance(value, (list, dict, datetime)) else as_number(value)


def _joined(left: str, right: str) -> str:
    check_length(len(left) + len(right))
    return left + right


def _operands(left: Value, right: Value, sign: str) -> tuple[Number, Number]:
    return _operand(left, sign), _operand(right, sign)


def _operand(value: Value, sign: str) -> Number:
    if value == "":
        return 0
    if isinstance(value, (list, dict, datetime)):
        raise Problem(f"{sign} takes numbers, and {kind_of(value)} was given")
    return as_number(value)


@_limited
def subtract(left: Value, right: Value) -> Value:
    first, second = _operands(left, right, "-")
    return first - second


@_limited
def multiply(left: Value, right: Value) -> Value:
    first, second = _operands(left, right, "*")
    return first * second


@_limited
def divide(left: Value, right: Value) -> Value:
    first, second = _operands(left, right, "/")
    if second == 0:
        return 0.0
    if isinstance(first, int) and isinstance(second, int):
        return _quotient(first, second)
    return first / second


@_limited
def remainder(left: Value, right: Value) -> Value:
    """Has the sign of the left side."""
    first, second = _operands(left, right, "%")
    if second == 0:
        return 0.0
    if isinstance(first, int) and isinstance(second, int):
        return first - second * _quotient(first, second)
    return math.fmod(first, second)


def _quotient(first: int, second: int) -> int:
    """Whole numbers divide towards zero."""
    quotient = abs(first) // abs(second)
    return quotient if (first < 0) == (second < 0) else -quotient


def bit_and(left: Value, right: Value) -> Value:
    return _whole(left) & _whole(right)


def bit_or(left: Value, right: Value) -> Value:
    return _whole(left) | _whole(right)


def bit_xor(left: Value, right: Value) -> Value:
    return _whole(left) ^ _whole(right)


def _whole(value: Value) -> int:
    return 0 if value == "" else as_integer(value)


def negate(value: Value) -> Value:
    return -_operand(value, "-")


def plus(value: Value) -> Value:
    return _operand(value, "+")


def invert(value: Value) -> Value:
    return ~_whole(value)


def negated(value: Value) -> bool:
    return not as_truth(value)


def empty(value: Value) -> bool:
    """Null, the empty text, what has no members, and zero."""
    return is_blank(value) or (isinstance(value, (int, float, Decimal)) and not isinstance(value, bool) and value == 0)


def size(value: Value) -> int:
    """Characters of a text, members of an array, keys of an object; 0 of null."""
    if value is None:
        return 0
    if isinstance(value, (str, list, dict)):
        return len(value)
    raise Problem(f"a text, an array or an object has a size, and {shown(value)} was given")


def unequal(left: Value, right: Value) -> bool:
    return not equal(left, right)


def less(left: Value, right: Value) -> bool:
    order = ordered(left, right)
    return order is not None and order < 0


def less_or_equal(left: Value, right: Value) -> bool:
    order = ordered(left, right)
    return order is not None and order <= 0


def greater(left: Value, right: Value) -> bool:
    order = ordered(left, right)
    return order is not None and order > 0


def greater_or_equal(left: Value, right: Value) -> bool:
    order = ordered(left, right)
    return order is not None and order >= 0


def matches(left: Value, right: Value) -> bool:
    """The whole text fits the regular expression, or an array has it as a member, or an object as a key."""
    if left is None or right is None:
        return left is right
    if isinstance(right, list):
        return any(equal(left, member) for member in right)
    if isinstance(right, dict):
        return as_text(left) in right
    return regexes.matches(as_text(right), as_text(left))


def starts_with(left: Value, right: Value) -> bool:
    if left is None or right is None:
        return left is right
    return as_text(left).startswith(as_text(right))


def ends_with(left: Value, right: Value) -> bool:
    if left is None or right is None:
        return left is right
    return as_text(left).endswith(as_text(right))


def _not(test: Callable[[Value, Value], bool]) -> Callable[[Value, Value], bool]:
    return lambda left, right: not test(left, right)


# Operators whose result is true or false, so that nothing has to be coerced where it decides something.
TESTS: dict[str, Callable[[Value, Value], bool]] = {
    "==": equal,
    "!=": unequal,
    "<": less,
    "<=": less_or_equal,
    ">": greater,
    ">=": greater_or_equal,
    "=~": matches,
    "!~": _not(matches),
    "=^": starts_with,
    "!^": _not(starts_with),
    "=$": ends_with,
    "!$": _not(ends_with),
}
ARITHMETIC: dict[str, Binary] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "%": remainder,
    "&": bit_and,
    "|": bit_or,
    "^": bit_xor,
}
PREFIXES: dict[str, Callable[[Value], Value]] = {
    "-": negate,
    "+": plus,
    "~": invert,
    "!": negated,
    "empty": empty,
    "size": size,
}
