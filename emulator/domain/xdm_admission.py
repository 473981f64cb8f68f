"""What a tenant may send as a schema, class, field group or data type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from emulator.domain.errors import Refusal
from emulator.domain.schema_ids import ROOT, schema_id
from emulator.domain.tenant import Tenant
from emulator.domain.xdm_field_checks import unknown_rule
from emulator.domain.xdm_library import (
    BEHAVIOR,
    CLASS,
    DATA_TYPE,
    FIELD_GROUP,
    SCHEMA,
    Collection,
    Lookup,
    collection_of,
    global_ones,
)
from emulator.domain.xdm_references import references, subschemas

Document = dict[str, Any]

BAD = "XDM-1400-400"
# No limit is published; titles are looked up in an index, whose entries PostgreSQL limits.
MAX_TITLE = 512
_ARRAYS = ("meta:immutableTags", "meta:intendedToExtend", "required")
_OBJECTS = ("properties", "definitions")


def admit(collection: Collection, body: Any, lookup: Lookup, tenant: Tenant) -> None:
    """Refuses a body that is no such resource, or that refers to what is not there."""
    if not isinstance(body, dict):
        raise Refusal(BAD, detail=f"Send a {collection.noun} as a JSON object.")
    _check_title(body.get("title"), collection)
    if body.get("type", "object") != "object":
        raise refused(collection, "type", body["type"], f"a {collection.noun} has the type object")
    _check_types(body, collection)
    _check_fields(body, collection)
    _check_references(body, lookup)
    _CHECKS[collection](body, lookup, tenant)


def _check_title(title: Any, collection: Collection) -> None:
    if not isinstance(title, str) or not title.strip():
        raise refused(collection, "title", title, f"a {collection.noun} needs a title")
    if len(title) > MAX_TITLE:
        raise refused(collection, "title", title, f"a title has at most {MAX_TITLE} characters")


def _check_types(body: Document, collection: Collection) -> None:
    for name in _ARRAYS:
        if not isinstance(body.get(name, []), list):
            raise refused(collection, name, body[name], "it must be an array")
    for name in _OBJECTS:
        fields = body.get(name, {})
        if not isinstance(fields, dict) or not all(isinstance(value, dict) for value in fields.values()):
            raise refused(collection, name, fields, "it must be an object of objects")
    if not isinstance(body.get("description", ""), str):
        raise refused(collection, "description", body["description"], "it must be a text")
    parts = body.get("allOf", [])
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise refused(collection, "allOf", parts, "allOf must be an array of objects")


def _check_fields(body: Document, collection: Collection) -> None:
    found = unknown_rule(body)
    if found is not None:
        place, given, hint = found
        raise refused(collection, place, given, "records could not be held against it", hint)


def _check_references(body: Document, lookup: Lookup) -> None:
    waiting = [body]
    while waiting:
        node = waiting.pop()
        if "$ref" in node and not isinstance(node["$ref"], str):
            raise Refusal("XDM-1011-404", id=node["$ref"], version=1, field="$ref", hint="Name a resource by its $id.")
        waiting.extend(subschemas(node))
    for ref in references(body):
        if lookup(ref) is None:
            raise Refusal(_code_of(ref), id=ref, version=1, field="$ref", given=ref, hint=f"Known: {_known()}.")


def _code_of(ref: str) -> str:
    """The ids of a tenant's resources say of what kind they would be."""
    for collection in (CLASS, DATA_TYPE, SCHEMA):
        if f"/{collection.name}/" in ref:
            return collection.not_found
    return FIELD_GROUP.not_found


def _known() -> str:
    known = [*global_ones(CLASS), *global_ones(FIELD_GROUP)]
    return ", ".join(document["$id"].removeprefix(ROOT) for document in known)


def _parts_of(body: Document, lookup: Lookup, wanted: Collection) -> list[str]:
    """Which of the resources that ``allOf`` names are of a kind."""
    refs = [part["$ref"] for part in body.get("allOf", ()) if "$ref" in part and not part["$ref"].startswith("#")]
    found = ((schema_id(ref), lookup(schema_id(ref))) for ref in refs)
    return [ref for ref, resource in found if resource is not None and collection_of(resource) is wanted]


def _check_schema(body: Document, lookup: Lookup, _tenant: Tenant) -> None:
    if "allOf" not in body:
        raise refused(SCHEMA, "allOf", None, "allOf must be an array of objects")
    classes = _parts_of(body, lookup, CLASS)
    if len(classes) != 1:
        raise refused(SCHEMA, "allOf", classes, "exactly one class must be named")
    for collection in (BEHAVIOR, DATA_TYPE, SCHEMA):
        others = _parts_of(body, lookup, collection)
        if others:
            raise refused(
                SCHEMA, "allOf", others[0], f"a schema is made of a class and field groups, not a {collection.noun}"
            )


def _check_class(body: Document, lookup: Lookup, tenant: Tenant) -> None:
    behaviours = _parts_of(body, lookup, BEHAVIOR)
    if len(behaviours) != 1:
        hint = "Name https://ns.adobe.com/xdm/data/record or https://ns.adobe.com/xdm/data/time-series."
        raise refused(CLASS, "allOf", behaviours, "exactly one behavior must be named", hint)
    _check_namespace(body, tenant)


def _check_field_group(body: Document, _lookup: Lookup, tenant: Tenant) -> None:
    if not body.get("allOf") and not body.get("properties"):
        raise refused(
            FIELD_GROUP, "allOf", None, "a field group has fields, in properties or in definitions that allOf names"
        )
    _check_namespace(body, tenant)


def _check_data_type(_body: Document, _lookup: Lookup, _tenant: Tenant) -> None:
    """Data types stand below a field, so their own fields need no namespace."""


_CHECKS: dict[Collection, Callable[[Document, Lookup, Tenant], None]] = {
    SCHEMA: _check_schema,
    CLASS: _check_class,
    FIELD_GROUP: _check_field_group,
    DATA_TYPE: _check_data_type,
}


def _check_namespace(body: Document, tenant: Tenant) -> None:
    """Documented: a tenant's own fields stand below one field, which has the tenant's name."""
    namespace = f"_{tenant.tenant_id}"
    for name in _top_fields(body):
        if name != namespace:
            code = "XDM-1021-400" if name.startswith("_") else "XDM-1020-400"
            raise Refusal(code, namespace=namespace, field=name, hint=f"Put it at {namespace}.{name.lstrip('_')}.")


def _top_fields(body: Document) -> list[str]:
    """The names of the fields that a resource itself brings to the top of a record."""
    found: dict[str, None] = {}
    waiting, seen = [body], set()
    while waiting:
        node = waiting.pop(0)
        properties = node.get("properties")
        found.update(dict.fromkeys(properties if isinstance(properties, dict) else ()))
        parts = node.get("allOf")
        waiting += [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
        ref = node.get("$ref")
        if isinstance(ref, str) and ref.startswith("#/definitions/") and ref not in seen:
            seen.add(ref)
            definition = body.get("definitions", {}).get(ref.removeprefix("#/definitions/"))
            waiting += [definition] if isinstance(definition, dict) else []
    return list(found)


def refused(collection: Collection, field: str, given: Any, detail: str, hint: str | None = None) -> Refusal:
    return Refusal(
        BAD, detail=f"The {collection.noun} cannot be accepted: {detail}.", field=field, given=given, hint=hint
    )
