"""The schema that explore infers from sample records.

Documented by two published answers: integers carry the safe-integer bounds, a field that was only
ever null is ``{}``, an empty object has empty ``properties``, and fields seen in only some records are
in the schema all the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Schema = dict[str, Any]

_INTEGER: Schema = {"type": "integer", "minimum": -9007199254740992, "maximum": 9007199254740991}


def infer(records: Iterable[Any]) -> Schema:
    """The union of what the records look like; records are objects."""
    schema: Schema = {"type": "object", "properties": {}}
    for record in records:
        schema = _union(schema, _shape(record))
    return schema


def _shape(value: Any) -> Schema:
    if value is None:
        return {}
    if isinstance(value, bool):
        return {"type": "boolean"}
    if isinstance(value, int):
        return dict(_INTEGER)
    if isinstance(value, float):
        return {"type": "number"}
    if isinstance(value, str):
        return {"type": "string"}
    if isinstance(value, dict):
        return {"type": "object", "properties": {name: _shape(part) for name, part in value.items()}}
    items: Schema = {}
    for element in value:
        items = _union(items, _shape(element))
    return {"type": "array", "items": items}


def _union(one: Schema, other: Schema) -> Schema:
    if not one or one == other:
        return other
    if not other:
        return one
    kinds = {one["type"], other["type"]}
    if kinds == {"object"}:
        return {"type": "object", "properties": _union_properties(one["properties"], other["properties"])}
    if kinds == {"array"}:
        return {"type": "array", "items": _union(one["items"], other["items"])}
    if kinds == {"integer", "number"}:
        return {"type": "number"}
    # No published answer has a field of two kinds; text can hold either.
    return {"type": "string"}


def _union_properties(one: Schema, other: Schema) -> Schema:
    merged = dict(one)
    for name, shape in other.items():
        merged[name] = _union(merged.get(name, {}), shape)
    return merged
