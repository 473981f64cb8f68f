"""Which part of a schema data has been seen for. Documented: a JSON Schema that is a subset of the dataset's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Document = dict[str, Any]
_KEPT = ("type", "format", "meta:xdmType")


def observed(schema: Document, values: Sequence[Any]) -> Document:
    """The schema without the fields that no value has. ``values`` are what stands at its place in some records."""
    found: Document = {name: schema[name] for name in _KEPT if name in schema}
    if "properties" in schema:
        objects = [value for value in values if isinstance(value, dict)]
        below = {
            name: (inner, [one[name] for one in objects if name in one]) for name, inner in schema["properties"].items()
        }
        found["properties"] = {name: observed(inner, seen) for name, (inner, seen) in below.items() if seen}
    if isinstance(schema.get("items"), dict):
        elements = [element for value in values if isinstance(value, list) for element in value]
        found["items"] = observed(schema["items"], elements)
    return found
