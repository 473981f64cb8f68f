"""A record such as a schema describes it, the same one every time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.domain.xdm_forms import fields_of

Document = dict[str, Any]

# By format where a field has one, else by type.
_BY_FORMAT: Mapping[str, Any] = {
    "date-time": "2018-11-12T20:20:39+00:00",
    "date": "2018-11-12",
    "email": "name@example.com",
    "uri": "https://ns.adobe.com/xdm/common/uri",
    "uri-reference": "/uri-reference",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
_BY_TYPE: Mapping[str, Any] = {"integer": 1, "number": 1.5, "boolean": True, "null": None}


def sample(node: Document, name: str = "") -> Any:
    """A value for a resolved schema."""
    kind = node.get("type")
    if kind == "array":
        items = node.get("items")
        return [sample(items, name) if isinstance(items, dict) else "sample value"]
    fields = fields_of(node)
    if fields:
        return {field: sample(value, field) for field, value in fields.items()}
    if kind == "object":
        below = node.get("additionalProperties")
        return {"key": sample(below, "key")} if isinstance(below, dict) else {}
    return _plain(node, name)


def _plain(node: Document, name: str) -> Any:
    choices = node.get("enum")
    if isinstance(choices, list) and choices:
        return choices[0]
    if node.get("type") in ("integer", "number") and isinstance(node.get("minimum"), (int, float)):
        return node["minimum"]
    if str(node.get("type")) in _BY_TYPE:
        return _BY_TYPE[str(node["type"])]
    return _BY_FORMAT.get(str(node.get("format")), f"Example {name or 'value'}")
