"""What a tenant may say of a field: only what records can be held against."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from emulator.domain.xdm_references import placed_subschemas
from emulator.domain.xdm_rules import TYPES, is_pattern, is_type

Document = dict[str, Any]

_WHOLE = {name: f"{name} is integer with meta:xdmType {name}" for name in ("byte", "short", "int", "long")}
_OTHERS = {
    "float": "float is number",
    "double": "double is number",
    "date": "date is string with the format date",
    "date-time": "date-time is string with the format date-time",
    "map": "map is object with additionalProperties",
}
_MEANT = _WHOLE | _OTHERS


def unknown_rule(resource: Document) -> tuple[str, Any, str] | None:
    """The first rule of a field that nothing could follow: its path, what was seen there, and what would be right."""
    for place, node in _all_of(resource):
        if "type" in node and not is_type(node["type"]):
            given = node["type"]
            meant = _MEANT.get(given) if isinstance(given, str) else None
            known = f"Known: {', '.join(TYPES)}."
            return f"{place}type", given, f"{known} What is called {meant}." if meant else known
        if "pattern" in node and not is_pattern(node["pattern"]):
            return f"{place}pattern", node["pattern"], "Send a regular expression of JSON Schema."
    return None


def _all_of(resource: Document) -> Iterator[tuple[str, Document]]:
    waiting = [("", resource)]
    while waiting:
        place, node = waiting.pop(0)
        yield place, node
        waiting += [(f"{place}{step}.", inner) for step, inner in placed_subschemas(node)]
