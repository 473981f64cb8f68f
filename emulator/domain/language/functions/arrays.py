"""Functions on arrays: picking from them, building them, and those that only destinations have."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from emulator.domain.language.registry import MANY, function
from emulator.domain.language.texts import check_length, joined
from emulator.domain.language.values import Lambda, Problem, Value, as_list, as_text, as_truth, kind_of, shown

# How many members, at all depths, an expression may put together: lambdas in lambdas multiply.
MOST_MEMBERS = 1_000_000


def spread(values: tuple[Value, ...]) -> list[Value]:
    """The arguments of a call that takes any number of them, or one array of them."""
    return values[0] if len(values) == 1 and isinstance(values[0], list) else list(values)


def members_in(value: Value) -> int:
    """How many members an array or object has at all depths; raises ``Problem`` beyond ``MOST_MEMBERS``."""
    count = 0
    waiting = [value] if isinstance(value, (list, dict)) else []
    while waiting:
        inner = waiting.pop()
        count += len(inner)
        if count > MOST_MEMBERS:
            raise Problem(f"an array of more than {MOST_MEMBERS} members would be made")
        members = inner.values() if isinstance(inner, dict) else inner
        waiting.extend(member for member in members if isinstance(member, (list, dict)))
    return count


def measured(array: list[Value]) -> list[Value]:
    """The array itself; raises ``Problem`` when it has too many members."""
    members_in(array)
    return array


@function("coalesce", 1, MANY)
def coalesce(*values: Value) -> Value:
    for value in spread(values):
        if value is not None:
            return value
    return None


@function("first", 1, MANY)
def first(*values: Value) -> Value:
    """Null when the array is null or empty, as the published function list says."""
    return next(iter(spread(values)), None)


@function("last", 1, MANY)
def last(*values: Value) -> Value:
    return next(reversed(spread(values)), None)


@function("add_to_array", 1, MANY)
def add_to_array(array: Value, *values: Value) -> Value:
    """Values go in as they are: an array becomes one member."""
    return None if array is None else measured([*as_list(array), *values])


@function("join_arrays", 1, MANY)
def join_arrays(*arrays: Value) -> Value:
    """The members of all arrays, one level down; nulls are passed over, and nothing but nulls is null."""
    given = [as_list(array) for array in arrays if array is not None]
    return measured([member for array in given for member in array]) if given else None


@function("to_array", 1, MANY)
def to_array(include_nulls: Value, *values: Value) -> Value:
    """The flag says whether nulls are kept."""
    keep = as_truth(include_nulls)
    return measured([value for value in values if keep or value is not None])


@function("size_of", 1)
def size_of(value: Value) -> Value:
    """Members of an array, keys of an object, characters of a text; null of null."""
    if value is None:
        return None
    if isinstance(value, (list, dict, str)):
        return len(value)
    raise Problem(f"an array, an object or a text has a size, and {shown(value)} was given")


@function("upsert_array_append", 1)
def upsert_array_append(array: Value) -> Value:
    """Tells Profile to append; what is ingested is the array itself."""
    return array


@function("upsert_array_replace", 1, 2)
def upsert_array_replace(array: Value, _undescribed: Value = None) -> Value:
    """Tells Profile to replace. The published example passes a second argument that nothing describes."""
    return array


@function("array_to_string", 2)
def array_to_string(separator: Value, array: Value) -> Value:
    """The separator comes first; inner arrays are opened, null members are empty texts."""
    if array is None:
        return None
    between = as_text(separator)
    parts: list[str] = []
    length = 0
    for member in _flat(as_list(array)):
        parts.append(_printed(member))
        length += len(parts[-1])
        check_length(length)
    return joined(between, parts)


def _printed(member: Value) -> str:
    """Documented: objects as JSON with single quotes, dates as milliseconds."""
    if isinstance(member, datetime):
        return str(_milliseconds(member))
    if not isinstance(member, dict):
        return as_text(member)
    members_in(member)
    try:
        text = json.dumps(member, ensure_ascii=False, separators=(",", ":"), default=_plain)
    except (RecursionError, ValueError):
        raise Problem("an object that lies too deep, or holds too large a number, cannot be printed") from None
    return text.replace('"', "'")


def _plain(value: Value) -> Value:
    """What JSON has for a kind that it lacks."""
    if isinstance(value, datetime):
        return _milliseconds(value)
    if isinstance(value, Decimal):
        return float(value)
    raise Problem(f"{kind_of(value)} cannot be printed")


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() // 1) * 1000 + moment.microsecond // 1000


@function("filterArray", 2)
def filter_array(array: Value, predicate: Value) -> Value:
    """The members for which the lambda is true."""
    test = _lambda_of_one(predicate)
    return None if array is None else [member for member in as_list(array) if as_truth(test(member))]


@function("transformArray", 2)
def transform_array(array: Value, change: Value) -> Value:
    """What the lambda makes of each member."""
    changed = _lambda_of_one(change)
    if array is None:
        return None
    made: list[Value] = []
    room = MOST_MEMBERS
    for member in as_list(array):
        made.append(changed(member))
        room -= 1 + members_in(made[-1])
        if room < 0:
            raise Problem(f"an array of more than {MOST_MEMBERS} members would be made")
    return made


def _lambda_of_one(value: Value) -> Lambda:
    if isinstance(value, Lambda) and len(value.parameters) == 1:
        return value
    seen = f"one of {len(value.parameters)}" if isinstance(value, Lambda) else shown(value)
    raise Problem(f"a lambda of one parameter is needed, as in x -> x > 0, and {seen} was given")


@function("flattenArray", 1, MANY)
def flatten_array(*arrays: Value) -> Value:
    """All levels of nesting are opened, and several arrays become one; nothing but nulls is null."""
    given = [as_list(array) for array in arrays if array is not None]
    if not given:
        return None
    members_in(given)
    return list(_flat(given))


def _flat(array: list[Value]) -> Iterator[Value]:
    """The members at all depths, in order; without recursion, as nothing says how deep arrays lie."""
    levels = [iter(array)]
    while levels:
        for member in levels[-1]:
            if isinstance(member, list):
                levels.append(iter(member))
                break
            yield member
        else:
            levels.pop()
