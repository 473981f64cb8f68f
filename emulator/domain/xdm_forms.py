"""Resources of the registry in the forms that ``Accept`` asks for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from emulator.domain.xdm_accept import Accept
from emulator.domain.xdm_library import Lookup
from emulator.domain.xdm_resolution import resolved, resolved_global

Document = dict[str, Any]

# What -notext leaves out.
_TEXTS = ("title", "description", "meta:titleId", "meta:descriptionId")
# What the emulator keeps for itself.
_OWN = ("meta:primaryIdentities",)


def shown(resource: Document, form: Accept, lookup: Lookup, descriptors: Iterable[Document] = ()) -> Document:
    """A resource in the form asked for.

    ``full`` works references in, and leaves deprecated fields out unless ``deprecated`` asks for them. ``flat``
    is full with every field at its whole path. ``desc`` adds ``meta:descriptors``, ``notext`` takes titles and
    descriptions out.
    """
    options = form.options
    document = _whole(resource, lookup) if form.full else plain(resource)
    if form.full and "deprecated" not in options:
        document = _without_deprecated(document)
    if "flat" in options:
        document = {**document, "properties": dict(_flat(document, ""))}
    if "desc" in options:
        document = {**document, "meta:descriptors": list(descriptors)}
    return _without_texts(document) if "notext" in options else document


def _whole(resource: Document, lookup: Lookup) -> Document:
    return resolved_global(resource["$id"]) or resolved(resource, lookup)


def plain(resource: Document) -> Document:
    return {name: value for name, value in resource.items() if name not in _OWN}


def listed(resource: Document, form: Accept, lookup: Lookup) -> Document:
    """A resource as an entry of a list."""
    if "id" in form.options:
        return {name: resource[name] for name in ("$id", "meta:altId", "version", "title")}
    return shown(resource, form, lookup)


def fields_of(node: Document) -> dict[str, Document]:
    """The fields that stand directly in a schema; those of its elements where it is an array."""
    within = node.get("items") if node.get("type") == "array" else node
    properties = within.get("properties") if isinstance(within, dict) else None
    return {name: field for name, field in properties.items() if isinstance(field, dict)} if properties else {}


def _flat(node: Document, before: str) -> Iterator[tuple[str, Document]]:
    """Every field that has none below it, by its path; ``[*]`` stands for every element of an array."""
    for name, field in fields_of(node).items():
        path = f"{before}{name}"
        below = list(_flat(field, f"{path}[*]." if field.get("type") == "array" else f"{path}."))
        yield from below or [(path, field)]


def _without_deprecated(node: Document) -> Document:
    """A copy without the fields whose ``meta:status`` is ``deprecated``."""
    copy = dict(node)
    if isinstance(copy.get("properties"), dict):
        copy["properties"] = {
            name: _without_deprecated(field) if isinstance(field, dict) else field
            for name, field in copy["properties"].items()
            if not (isinstance(field, dict) and field.get("meta:status") == "deprecated")
        }
    for name in ("items", "additionalProperties"):
        if isinstance(copy.get(name), dict):
            copy[name] = _without_deprecated(copy[name])
    return copy


def _without_texts(value: Any, inside_properties: bool = False) -> Any:
    if isinstance(value, list):
        return [_without_texts(part) for part in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _without_texts(part, inside_properties=name in ("properties", "definitions"))
        for name, part in value.items()
        if inside_properties or name not in _TEXTS
    }
