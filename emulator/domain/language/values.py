"""Values of the language and what they turn into where another kind is needed.

Values are what JSON has (None, bool, int, float, str, list, dict), dates (aware ``datetime``) and, inside
a call, lambdas. Every coercion is total: it returns a value or raises ``Problem``, and nothing else.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

Value = Any
Number = int | float

# Whole numbers of more digits than this are refused, so that no arithmetic grows without end.
MOST_DIGITS = 400
LARGEST = 10**MOST_DIGITS
_WHOLE = re.compile(r"[+-]?[0-9]+")
_REAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


class Problem(Exception):
    """An expression, or a call in it, that gives no value for a record; the message says why."""


@dataclass(frozen=True)
class Lambda:
    """A function written in an expression: ``x -> x > 0``."""

    parameters: tuple[str, ...]
    body: Callable[..., Value]

    def __call__(self, *arguments: Value) -> Value:
        return self.body(*arguments)


@dataclass(frozen=True)
class Surroundings:
    """What functions take from outside, so that nothing asks the system: the time and fresh ids."""

    now: Callable[[], datetime]
    uuid: Callable[[], str]


def kind_of(value: Value) -> str:
    """The kind as messages call it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float, Decimal)):
        return "a number"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, datetime):
        return "a date"
    if isinstance(value, list):
        return "an array"
    return "an object" if isinstance(value, dict) else "a function"


def printed_date(value: datetime) -> str:
    """As dates are written into records: UTC, seconds, and a fraction only when there is one."""
    moment = value.astimezone(UTC)
    fraction = f".{moment.microsecond:06d}".rstrip("0").rstrip(".") if moment.microsecond else ""
    return f"{moment.year:04d}-{moment:%m-%dT%H:%M:%S}{fraction}Z"


def shown(value: Value) -> str:
    """What was given, for messages: its kind, and the value itself where that is short and plain."""
    if value is None or isinstance(value, (list, dict, Lambda)):
        return kind_of(value)
    text = as_text(value)
    return f"{kind_of(value)} ({text[:40]!r}{'…' if len(text) > 40 else ''})"


def is_blank(value: Value) -> bool:
    """Nothing to speak of: null, the empty text, an array or an object without members."""
    return value is None or value == "" or value == [] or value == {}


def as_text(value: Value) -> str:
    """Null is the empty text; numbers are written without exponent; dates as in records.

    Raises ``Problem`` for arrays, objects and functions, which have no documented text.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(bounded(value))
    if isinstance(value, (float, Decimal)):
        return format(Decimal(repr(value)) if isinstance(value, float) else value, "f")
    if isinstance(value, datetime):
        return printed_date(value)
    raise Problem(f"a text is needed, and {kind_of(value)} was given: use join, array_to_string or one member of it")


def number_in(text: str) -> Number | None:
    """The number that a text is, written in decimals; None where it is not one."""
    if len(text) > MOST_DIGITS or not text:
        return None
    if _WHOLE.fullmatch(text):
        return int(text)
    if not _REAL.fullmatch(text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def as_number(value: Value) -> Number:
    """Null is 0, truth is 1 or 0, a text is what it spells; raises ``Problem`` for everything else."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (int, float)):
        return value
    if value is None:
        return 0
    if isinstance(value, Decimal):
        return float(value)
    number = number_in(value.strip()) if isinstance(value, str) else None
    if number is None:
        raise Problem(f"a number is needed, and {shown(value)} was given")
    return number


def as_integer(value: Value) -> int:
    """As ``as_number``, where the number has no fraction; raises ``Problem`` when it has one."""
    number = as_number(value)
    if isinstance(number, float):
        if not number.is_integer():
            raise Problem(f"a whole number is needed, and {shown(value)} was given")
        return int(number)
    return number


def as_truth(value: Value) -> bool:
    """False are null, false, 0, the empty text and the text ``false``; all else is true. Never raises."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value not in ("", "false")
    if isinstance(value, (int, float, Decimal)):
        return value == value and value != 0
    return value is not None


def as_list(value: Value) -> list[Value]:
    """Null is the empty array; raises ``Problem`` for everything that is not an array."""
    if isinstance(value, list):
        return value
    if value is None:
        return []
    raise Problem(f"an array is needed, and {shown(value)} was given: make one with to_array or explode")


def as_object(value: Value) -> dict[str, Value]:
    """Null is the empty object; raises ``Problem`` for everything that is not an object or a map."""
    if isinstance(value, dict):
        return value
    if value is None:
        return {}
    raise Problem(f"an object is needed, and {shown(value)} was given: make one with to_object or json_to_object")


def bounded(number: int) -> int:
    """The number itself; raises ``Problem`` when it has more than ``MOST_DIGITS`` digits."""
    if -LARGEST < number < LARGEST:
        return number
    raise Problem(f"the number has more than {MOST_DIGITS} digits")


def equal(left: Value, right: Value) -> bool:
    """Equality as ``==`` means it: ``1 == "1"``, ``true == "true"``, and null equals null only. Never raises.

    The empty text equals no number, so that the documented guard ``X != ""`` lets a zero through.
    """
    if left is None or right is None:
        return left is right
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    if isinstance(left, bool) or isinstance(right, bool):
        return _is_plain(left) and _is_plain(right) and as_truth(left) == as_truth(right)
    if isinstance(left, str):
        left, right = right, left
    if isinstance(right, str):
        if isinstance(left, datetime):
            return printed_date(left) == right
        return isinstance(left, (int, float, Decimal)) and left == number_in(right)
    return bool(left == right)


def _is_plain(value: Value) -> bool:
    return isinstance(value, (bool, int, float, Decimal, str))


def ordered(left: Value, right: Value) -> int | None:
    """Below, at or above 0 as ``left`` comes before, with or after ``right``; None where null has no order.

    Numeric as soon as one side is a number, else by code points of texts and instants of dates. Raises
    ``Problem`` where two kinds cannot be compared.
    """
    if left is None or right is None:
        return None
    if isinstance(left, str) and isinstance(right, str):
        return (left > right) - (left < right)
    if isinstance(left, datetime) and isinstance(right, datetime):
        return (left > right) - (left < right)
    if isinstance(left, datetime) or isinstance(right, datetime):
        return _ordered_dates(left, right)
    if not _is_plain(left) or not _is_plain(right):
        raise Problem(
            f"{shown(left)} and {shown(right)} cannot be compared: only numbers, texts and dates have an order"
        )
    first, second = as_number(left or 0), as_number(right or 0)
    if first != first or second != second:
        return None
    return (first > second) - (first < second)


def _ordered_dates(left: Value, right: Value) -> int:
    if not isinstance(left, (str, datetime)) or not isinstance(right, (str, datetime)):
        raise Problem(f"{shown(left)} and {shown(right)} cannot be compared: compare a date with a date")
    first, second = as_text(left), as_text(right)
    return (first > second) - (first < second)
