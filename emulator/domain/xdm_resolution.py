"""``allOf`` and ``$ref`` worked into one tree of properties, through data types within data types."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

from jsonpointer import unescape

from emulator.domain.errors import Refusal
from emulator.domain.schema_ids import schema_id
from emulator.domain.xdm_library import Lookup, find_global

Document = dict[str, Any]

# No limits are published. A tree is answered as JSON, which cannot be nested without end.
MAX_LEVELS = 60
MAX_FIELDS = 50_000
# What says which resource it is stays with the resource; its fields go where it is referred to.
_ITS_OWN = frozenset(
    "$id $ref allOf definitions meta:altId meta:resourceType version refs imsOrg meta:extensible meta:abstract "
    "meta:extends meta:registryMetadata meta:containerId meta:sandboxId meta:sandboxType meta:tenantNamespace "
    "meta:intendedToExtend meta:class meta:immutableTags meta:primaryIdentities".split()
)
_TYPES = ("type", "meta:xdmType")
# What a part of ``allOf`` says of itself says nothing of the whole.
_OF_A_PART = frozenset([*_TYPES, "title", "description", "meta:referencedFrom"])


class _Shape(NamedTuple):
    """What a reference brings: its fields, how many there are, and on how many levels."""

    node: Document
    fields: int
    levels: int


class _Resolver:
    """Resolves one resource; every reference is followed once, however often it is made."""

    def __init__(self, lookup: Lookup, strict: bool) -> None:
        self._lookup = lookup
        self._strict = strict
        self._shapes: dict[str, _Shape] = {}
        self._open: list[str] = []
        self._fields = self._level = self._deepest = 0

    def node(self, node: Document, root: Document) -> Document:
        """A schema with everything in place that it and the schemas in it refer to."""
        self._enter(1, 1)
        self._level += 1
        ref = node.get("$ref")
        found = self._target(ref, root) if isinstance(ref, str) else {}
        parts = node.get("allOf")
        for part in parts if isinstance(parts, list) else ():
            if isinstance(part, dict):
                inner = self.node(part, root)
                brought = {name: value for name, value in inner.items() if name not in _OF_A_PART}
                found = merged(found, brought, self._strict)
        own = self._own(node, root)
        if isinstance(ref, str):
            own = {name: value for name, value in own.items() if name not in _TYPES or name not in found}
        self._level -= 1
        return merged(found, own, self._strict)

    def _own(self, node: Document, root: Document) -> Document:
        own = {name: value for name, value in node.items() if name not in _ITS_OWN}
        properties = own.get("properties")
        if isinstance(properties, dict):
            own["properties"] = {
                name: self.node(value, root) if isinstance(value, dict) else value for name, value in properties.items()
            }
        elif properties is not None:
            del own["properties"]
        for name in ("items", "additionalProperties"):
            if isinstance(own.get(name), dict):
                own[name] = self.node(own[name], root)
        if "required" in own:
            own["required"] = _names(own["required"])
        return own

    def _target(self, ref: str, root: Document) -> Document:
        """What stands behind a reference; nothing where there is no such resource."""
        is_local = ref.startswith("#")
        key = f"{root.get('$id', '')}{ref}" if is_local else schema_id(ref)
        shape = self._shapes.get(key)
        if shape is None:
            shape = self._shapes[key] = self._followed(key, ref, root if is_local else None)
        else:
            self._enter(shape.fields, shape.levels)
        return shape.node

    def _followed(self, key: str, ref: str, root: Document | None) -> _Shape:
        if key in self._open:
            around = " > ".join([*self._open[self._open.index(key) :], key])
            raise _cannot(f"they refer to each other in a circle ({around})")
        target = self._lookup(key) if root is None else _within(root, ref)
        if target is None:
            return _Shape({}, 0, 0)
        self._open.append(key)
        fields, deepest, self._deepest = self._fields, self._deepest, self._level
        node = self.node(target, root or target)
        if root is None:
            node["meta:referencedFrom"] = key
        shape = _Shape(node, self._fields - fields, self._deepest - self._level)
        self._deepest = max(deepest, self._deepest)
        self._open.pop()
        return shape

    def _enter(self, fields: int, levels: int) -> None:
        self._fields += fields
        self._deepest = max(self._deepest, self._level + levels)
        if self._fields > MAX_FIELDS:
            raise _cannot(f"together they have more than {MAX_FIELDS} fields")
        if self._level + levels > MAX_LEVELS:
            raise _cannot(f"together they nest in more than {MAX_LEVELS} levels")


def resolved(
    resource: Document, lookup: Lookup = find_global, required: Iterable[str] = (), strict: bool = False
) -> Document:
    """The whole of a resource. Refuses what goes round in circles or has no end (XDM-1413).

    ``required`` are paths such as ``/personalEmail/address`` that a record must have beside what the parts
    require. ``strict`` refuses parts that give one field two types too; otherwise the later part counts.
    """
    tree = _Resolver(lookup, strict).node(resource, resource)
    whole = {name: value for name, value in resource.items() if name in _ITS_OWN and name not in _WORKED_IN} | tree
    whole.setdefault("properties", {})
    for path in required:
        whole = _requiring(whole, path.strip("/").split("/"))
    if whole.get("required"):
        whole["required"] = sorted(whole["required"])
    else:
        whole.pop("required", None)
    return whole


_WORKED_IN = frozenset(["$ref", "allOf", "refs", "definitions", "meta:primaryIdentities"])


@cache
def resolved_global(resource_id: str) -> Document | None:
    """Shared: nobody writes into it."""
    found = find_global(resource_id)
    return None if found is None else resolved(found)


def _requiring(node: Document, names: list[str]) -> Document:
    name, rest = names[0], names[1:]
    required = [*_names(node.get("required")), name]
    changed = {**node, "required": sorted(set(required))}
    child = node.get("properties", {}).get(name)
    if rest and isinstance(child, dict):
        changed["properties"] = {**node["properties"], name: _requiring(child, rest)}
    return changed


def merged(one: Document, other: Document, strict: bool = False) -> Document:
    """Both schemas in one, the other's word counting where both have one."""
    if not one or one is other:
        return dict(other)
    both = dict(one)
    for name, value in other.items():
        before = both.get(name)
        if isinstance(before, dict) and isinstance(value, dict):
            if strict:
                _check_types(name, before, value)
            both[name] = merged(before, value, strict)
        elif name == "required" and isinstance(before, list) and isinstance(value, list):
            both[name] = [*before, *(entry for entry in value if entry not in before)]
        else:
            both[name] = value
    return both


def _check_types(name: str, one: Document, other: Document) -> None:
    types = one.get("type"), other.get("type")
    if all(isinstance(found, str) for found in types) and types[0] != types[1]:
        raise _cannot(f"one has the field {name} as {types[0]}, another as {types[1]}")


def _cannot(detail: str) -> Refusal:
    return Refusal("XDM-1413-400", detail=detail)


def _names(required: Any) -> list[str]:
    return [name for name in required if isinstance(name, str)] if isinstance(required, list) else []


def _within(root: Document, pointer: str) -> Document | None:
    """The part of a resource at a pointer such as ``#/definitions/customFields``."""
    found: Any = root
    for step in pointer.removeprefix("#").strip("/").split("/"):
        if step:
            name = unescape(step)
            found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else None
