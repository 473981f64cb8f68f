"""Functions that build maps."""

from __future__ import annotations

from emulator.domain.language.functions.objects import keyed, pairs_of
from emulator.domain.language.registry import MANY, function
from emulator.domain.language.values import Value, as_list


@function("to_map", 1, MANY)
def to_map(*values: Value) -> Value:
    """Keys and values that alternate; documented: null of null."""
    return None if values == (None,) else dict(pairs_of(values))


@function("array_to_map", 2)
def array_to_map(objects: Value, attribute: Value) -> Value:
    """Objects by the value of an attribute, which is named by a text; documented: null of null."""
    return None if objects is None else keyed(as_list(objects), attribute)
