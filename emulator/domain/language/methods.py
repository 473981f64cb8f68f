"""Methods of values. Underneath any method of Java could be called; these are the documented and the plain ones."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches

from emulator.domain.language.values import Problem, Value, as_text, equal, kind_of, shown


def equals(value: Value, other: Value) -> bool:
    """Without coercion, apart from whole and real numbers of one value."""
    same_kind = kind_of(value) == kind_of(other)
    return same_kind and equal(value, other)


def equals_ignoring_case(value: Value, other: Value) -> bool:
    return isinstance(other, str) and _text(value).lower() == other.lower()


def get(value: Value, key: Value) -> Value:
    """Null where there is no such key, or no such index."""
    if isinstance(value, list):
        is_index = isinstance(key, int) and not isinstance(key, bool) and 0 <= key < len(value)
        return value[key] if is_index else None
    if isinstance(value, dict):
        return value.get(as_text(key))
    raise Problem(f"get takes a key of an object, and {shown(value)} is none")


def size(value: Value) -> int:
    if isinstance(value, (list, dict)):
        return len(value)
    raise Problem(f"size() counts members of an array or an object, and {shown(value)} was given: use length()")


def contains(value: Value, other: Value) -> bool:
    if isinstance(value, list):
        return any(equals(member, other) for member in value)
    return as_text(other) in _text(value)


def is_empty(value: Value) -> bool:
    return not value if isinstance(value, (list, dict)) else not _text(value)


def _text(value: Value) -> str:
    if isinstance(value, str):
        return value
    raise Problem(f"this method is one of texts, and {shown(value)} was given")


# Each with the number of its arguments.
METHODS: dict[str, tuple[int, Callable[..., Value]]] = {
    "equals": (1, equals),
    "equalsIgnoreCase": (1, equals_ignoring_case),
    "get": (1, get),
    "size": (0, size),
    "length": (0, lambda value: len(_text(value))),
    "contains": (1, contains),
    "startsWith": (1, lambda value, other: _text(value).startswith(as_text(other))),
    "endsWith": (1, lambda value, other: _text(value).endswith(as_text(other))),
    "toLowerCase": (0, lambda value: _text(value).lower()),
    "toUpperCase": (0, lambda value: _text(value).upper()),
    "trim": (0, lambda value: _text(value).strip()),
    "isEmpty": (0, is_empty),
}


def nearest_methods(name: str) -> list[str]:
    by_lower = {known.lower(): known for known in METHODS}
    return [by_lower[close] for close in get_close_matches(name.lower(), by_lower, n=3, cutoff=0.5)]
