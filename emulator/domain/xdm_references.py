"""What XDM resources refer to by ``$ref``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from emulator.domain.schema_ids import ROOT, schema_id

Document = dict[str, Any]


def placed_subschemas(node: Document) -> Iterator[tuple[str, Document]]:
    """The schemas that stand directly in a schema, wherever the registry reads one, each with its path."""
    for name in ("properties", "definitions"):
        named = node.get(name)
        if isinstance(named, dict):
            yield from ((f"{name}.{key}", value) for key, value in named.items() if isinstance(value, dict))
    for name in ("items", "additionalProperties"):
        if isinstance(node.get(name), dict):
            yield name, node[name]
    parts = node.get("allOf")
    if isinstance(parts, list):
        yield from ((f"allOf[{place}]", part) for place, part in enumerate(parts) if isinstance(part, dict))


def subschemas(node: Document) -> Iterator[Document]:
    """The same without their paths."""
    return (inner for _, inner in placed_subschemas(node))


def references(node: Document) -> list[str]:
    """The ``$id`` of every other resource that a schema names, each once, in order of their places."""
    found: dict[str, None] = {}
    waiting = [node]
    while waiting:
        current = waiting.pop(0)
        ref = current.get("$ref")
        if isinstance(ref, str) and not ref.startswith("#"):
            found[schema_id(ref)] = None
        waiting.extend(subschemas(current))
    return list(found)


def own_references(node: Document) -> list[str]:
    """Those that are a tenant's."""
    return [ref for ref in references(node) if not ref.startswith(f"{ROOT}xdm/")]
