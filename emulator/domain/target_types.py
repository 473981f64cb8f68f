"""Values on their way into fields of the target schema: converted where they are of another type.

Documented by the data-handling guide: booleans have a fixed set of spellings, dates are tried by a list of
patterns, arrays and objects are copied as far as the schema knows their parts. What cannot be converted is a
``Problem`` and leaves the field empty; what breaks a rule of the schema is a ``Breach`` and rejects the row.
Fields that the schema does not know take what they are given; records that have them are refused when they
are held against their schema (:mod:`emulator.domain.xdm_validation`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from emulator.domain.language.dates import as_date
from emulator.domain.language.values import Problem, Value, as_number, as_text, printed_date, shown
from emulator.domain.mapping_paths import Step

Document = dict[str, Any]
Converter = Callable[[Value], Value]

# The whole numbers that a record can hold.
LEAST, MOST = -(2**63), 2**64 - 1
# What needs no copy.
SCALARS = frozenset([str, int, float, bool])
_TRUE = frozenset(["y", "yes", "Y", "YES", "on", "ON", "true", "TRUE"])
_FALSE = frozenset(["n", "no", "N", "NO", "off", "OFF", "false", "FALSE"])
# Of the registry's own names; a schema's minimum and maximum go before.
_RANGES = {"byte": 2**7, "short": 2**15, "int": 2**31, "long": 2**63}


class Breach(Problem):
    """A value of the right type that a rule of the schema forbids."""


def field_at(schema: Document | None, steps: tuple[Step, ...]) -> Document | None:
    """The part of a resolved schema that a destination names; None where the schema does not know it."""
    part = schema
    for step in steps:
        if not isinstance(part, dict):
            return None
        if isinstance(step, str):
            found = (part.get("properties") or {}).get(step)
            part = found if found is not None else part.get("additionalProperties")
        else:
            part = part.get("items")
    return part if isinstance(part, dict) else None


def converter(field: Document | None) -> Converter:
    """What makes values fit for a field. Nulls are never given to it."""
    kind = (field or {}).get("type")
    if field is None or not isinstance(kind, str) or kind not in _CONVERTERS:
        return plain
    convert = _CONVERTERS[kind](field)
    return _ruled(convert, field) if _RULES.intersection(field) else convert


def plain(value: Value) -> Value:
    """As JSON can say it. Arrays and objects are copies, so that nothing writes into what was read."""
    if type(value) is int and not LEAST <= value <= MOST:
        raise Problem("a number of more than 64 bits is no value of a record: write it as a text")
    if type(value) in SCALARS:
        return value
    if isinstance(value, datetime):
        return printed_date(value)
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [plain(part) for part in value]
    if callable(value):
        raise Problem("a function is no value of a record")
    return value


def _string(field: Document) -> Converter:
    form = field.get("format")
    if form == "date-time":
        return lambda value: printed_date(as_date(value))
    if form == "date":
        return lambda value: printed_date(as_date(value))[:10]

    def text(value: Value) -> Value:
        return value if type(value) is str else as_text(value)

    return text


def _boolean(_: Document) -> Converter:
    def truth(value: Value) -> Value:
        if isinstance(value, bool):
            return value
        if isinstance(value, str):
            if value in _TRUE:
                return True
            if value in _FALSE:
                return False
        raise Problem(f"a boolean is needed, and {shown(value)} was given: write true or false, yes or no, on or off")

    return truth


def _integer(field: Document) -> Converter:
    limit = _RANGES.get(field.get("meta:xdmType", ""), 2**63)

    def whole(value: Value) -> Value:
        if isinstance(value, bool):
            raise Problem(f"a whole number is needed, and {shown(value)} was given")
        number = value if type(value) is int else as_number(value)
        if number != int(number):
            raise Problem(f"a whole number is needed, and {shown(value)} was given")
        if not -limit <= number < limit:
            raise Problem(f"the number {number} does not fit into the field")
        return int(number)

    return whole


def _number(_: Document) -> Converter:
    def number(value: Value) -> Value:
        if isinstance(value, bool):
            raise Problem(f"a number is needed, and {shown(value)} was given")
        return plain(as_number(value))

    return number


def _array(field: Document) -> Converter:
    items = field.get("items")
    convert = converter(items if isinstance(items, dict) else None)
    of_scalars = isinstance(items, dict) and items.get("type") not in ("object", "array", None)

    def array(value: Value) -> Value:
        if isinstance(value, list):
            return [None if part is None else convert(part) for part in value]
        if of_scalars and not isinstance(value, dict):
            # Connector tables map one column onto a list of texts.
            return [convert(value)]
        raise Problem(f"an array is needed, and {shown(value)} was given")

    return array


def _object(field: Document) -> Converter:
    properties, more = field.get("properties"), field.get("additionalProperties")
    known = {name: converter(part) for name, part in (properties or {}).items() if isinstance(part, dict)}
    others = converter(more) if isinstance(more, dict) else plain

    def whole(value: Value) -> Value:
        if not isinstance(value, dict):
            raise Problem(f"an object is needed, and {shown(value)} was given")
        if not known:
            return {name: None if part is None else others(part) for name, part in value.items()}
        # Documented: of an object that is copied, what exists on both sides.
        return {name: known[name](part) for name, part in value.items() if name in known and part is not None}

    return whole


_CONVERTERS: dict[str, Callable[[Document], Converter]] = {
    "string": _string,
    "boolean": _boolean,
    "integer": _integer,
    "number": _number,
    "array": _array,
    "object": _object,
}
_RULES = frozenset(["enum", "minimum", "maximum", "minLength", "maxLength"])


def _ruled(convert: Converter, field: Document) -> Converter:
    allowed = field.get("enum")
    number = (field.get("minimum", -math.inf), field.get("maximum", math.inf))
    length = (field.get("minLength", 0), field.get("maxLength", math.inf))

    def ruled(value: Value) -> Value:
        found = convert(value)
        if allowed is not None and found not in allowed:
            raise Breach(f"{shown(found)} is none of {', '.join(map(str, allowed))}")
        if isinstance(found, str):
            _check_between(len(found), length, f"the length of {shown(found)}")
        elif isinstance(found, (int, float)):
            _check_between(found, number, str(found))
        return found

    return ruled


def _check_between(number: float, bounds: tuple[float, float], what: str) -> None:
    if number < bounds[0]:
        raise Breach(f"{what} is less than {bounds[0]}")
    if number > bounds[1]:
        raise Breach(f"{what} is more than {bounds[1]}")
