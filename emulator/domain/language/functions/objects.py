"""Functions on objects: building them, from texts too, and asking what they hold."""

from __future__ import annotations

import json
from collections.abc import Iterator

from emulator.domain.language.functions.arrays import measured, spread
from emulator.domain.language.registry import MANY, function
from emulator.domain.language.values import Problem, Value, as_list, as_object, as_text, is_blank, kind_of, shown

# What separates a key from its value, and one pair from the next, when a call does not say.
VALUE_DELIMITER = ":"
FIELD_DELIMITER = ","


def pairs_of(values: tuple[Value, ...]) -> Iterator[tuple[str, Value]]:
    """Keys and values that alternate; raises ``Problem`` for a key that has no value or is none."""
    flat = spread(values)
    if len(flat) % 2:
        raise Problem(f"keys and values alternate, and {len(flat)} arguments leave the last key without a value")
    for key, value in zip(flat[::2], flat[1::2], strict=True):
        yield key_of(key), value


def key_of(value: Value) -> str:
    """Documented: other plain values become texts."""
    if value is None or isinstance(value, (list, dict)):
        raise Problem(f"a key is a text, and {kind_of(value)} was given")
    return as_text(value)


@function("is_empty", 1)
def is_empty(value: Value) -> Value:
    return is_blank(value)


@function("nullify", 0)
def nullify() -> Value:
    return None


@function("to_object", 1, MANY)
def to_object(*values: Value) -> Value:
    return None if values == (None,) else dict(pairs_of(values))


@function("arrays_to_objects", 1, MANY, aliases=("arrays_to_object",))
def arrays_to_objects(*values: Value) -> Value:
    """One object for each index of the longest array; an array that is shorter, or null, leaves its key out."""
    columns = [(key, array) for key, array in pairs_of(values) if array is not None]
    if not columns:
        return None
    longest = max(len(as_list(array)) for _, array in columns)
    return measured([{key: array[at] for key, array in columns if at < len(array)} for at in range(longest)])


@function("str_to_object", 1, 3)
def str_to_object(text: Value, value_delimiter: Value = None, field_delimiter: Value = None) -> Value:
    """``a:1,b:2`` as an object of texts; a part without a key is left out, one without a value is empty."""
    return None if text is None else _parsed(as_text(text), value_delimiter, field_delimiter)


@function("get_values", 3, 4)
def get_values(text: Value, key: Value, value_delimiter: Value, field_delimiter: Value = None) -> Value:
    """The value of one key of a text that ``str_to_object`` reads."""
    if text is None or key is None:
        return None
    return _parsed(as_text(text), value_delimiter, field_delimiter).get(key_of(key).strip())


def _parsed(text: str, value_delimiter: Value, field_delimiter: Value) -> dict[str, Value]:
    """Documented for delimiters: null and the empty text stand for the default."""
    between = as_text(value_delimiter) or VALUE_DELIMITER
    parts = (part.partition(between) for part in text.split(as_text(field_delimiter) or FIELD_DELIMITER))
    return {key.strip(): value.strip() for key, _, value in parts if key.strip()}


@function("get_keys", 1)
def get_keys(value: Value) -> Value:
    return None if value is None else list(as_object(value))


@function("map_get_values", 2)
def map_get_values(value: Value, key: Value) -> Value:
    """The value of one key, or those of an array of keys as an array in which none comes twice."""
    if value is None or key is None:
        return None
    held = as_object(value)
    if not isinstance(key, list):
        return held.get(key_of(key))
    found = (held[one] for one in map(key_of, key) if one in held)
    return list({_identity(one): one for one in found}.values())


def _identity(value: Value) -> str:
    """A text that only equal values have."""
    try:
        return json.dumps(value, sort_keys=True, default=repr)
    except (RecursionError, ValueError):
        raise Problem("a value that lies too deep, or holds too large a number, cannot be compared") from None


@function("map_has_keys", 2)
def map_has_keys(value: Value, key: Value) -> Value:
    """Of an array of keys, one that is there is enough."""
    if value is None or key is None:
        return None
    held = as_object(value)
    return any(key_of(one) in held for one in (key if isinstance(key, list) else [key]))


@function("add_to_map", 1, MANY)
def add_to_map(*values: Value) -> Value:
    """Documented: of a key that several maps have, the first value stays. Nothing but nulls is null."""
    given = [as_object(value) for value in values if value is not None]
    merged: dict[str, Value] = {}
    for one in given:
        for key, value in one.items():
            merged.setdefault(key, value)
    return merged if given else None


@function("object_to_map", 1, MANY)
def object_to_map(*values: Value) -> Value:
    """Keys and values that alternate, one object, or an array of objects and the attribute that names each."""
    if values[0] is None and len(values) <= 2:
        return None
    if len(values) == 2 and isinstance(values[0], list):
        return keyed(values[0], values[1])
    if len(values) == 1 and isinstance(values[0], dict):
        return values[0]
    if len(values) == 1 and not isinstance(values[0], list):
        raise Problem(f"an object is needed, and {shown(values[0])} was given")
    return dict(pairs_of(values))


def keyed(objects: list[Value], attribute: Value) -> dict[str, Value]:
    """Objects by the value of one attribute; of two with the same value the later one. Without it, left out."""
    name = key_of(attribute)
    found: dict[str, Value] = {}
    for one in objects:
        key = as_object(one).get(name)
        if key is not None:
            found[key_of(key)] = one
    return found
