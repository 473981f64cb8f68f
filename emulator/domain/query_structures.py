"""XDM schemas as the types of a table's columns, in the form that DuckDB's functions for JSON take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Document = Mapping[str, Any]
# The name of a type, an object of structures, or an array of one.
Structure = Any

# Times stay texts, as they landed: a cast would lose their offset.
_PLAIN = {"string": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN"}


def structure(schema: Document) -> dict[str, Structure]:
    """Of the fields of a resolved schema; JSON where it leaves open what they hold."""
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return {}
    return {name: _of(part) for name, part in properties.items() if isinstance(part, Mapping)}


def _of(part: Document) -> Structure:
    kind = part.get("type")
    if kind == "array":
        items = part.get("items")
        return [_of(items) if isinstance(items, Mapping) else "JSON"]
    if kind == "object" or "properties" in part:
        return structure(part) or "JSON"
    return _PLAIN.get(kind, "JSON") if isinstance(kind, str) else "JSON"
