"""XDM schemas: what a tenant may create, and the forms in which the registry shows it."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson

from emulator.data_files import fixture_files
from emulator.domain.errors import Refusal
from emulator.domain.schema_ids import ROOT, alt_id, schema_id
from emulator.domain.tenant import Tenant

Document = dict[str, Any]

GLOBAL_LIBRARY = "1.0.0"
# No limit is published; titles are looked up in an index, whose entries PostgreSQL limits.
MAX_TITLE = 512
_ACCEPT = re.compile(
    r"^application/vnd\.adobe\.(?P<family>xed|xdm)(?P<options>(-[a-z]+)*)\+json\s*(;\s*version=(?P<version>[\w.]+))?$"
)
_PROPERTY = re.compile(r"^(?P<name>[$\w:]+)((?P<op>==|!=|<=|>=|<|>|~)(?P<value>.+))?$")
_COMPARISONS: Mapping[str, Callable[[str, str], bool]] = {
    "==": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "~": operator.contains,
}
_LOOKUP_OPTIONS = {"full", "notext", "desc", "deprecated", "flat"}
# What -notext leaves out.
_TEXTS = ("title", "description", "meta:titleId", "meta:descriptionId")


@dataclass(frozen=True)
class Accept:
    """A form asked for in ``Accept``; ``version`` is None when none was named."""

    options: frozenset[str]
    version: str | None

    @property
    def full(self) -> bool:
        return "full" in self.options


def lookup_form(header: str | None) -> Accept:
    """The form of a single schema. Documented: a lookup must name a version, else 400 XDM-1007."""
    accept = _parse(header)
    if accept is None or accept.version is None or not accept.options <= _LOOKUP_OPTIONS:
        raise Refusal("XDM-1007-400", accept=header or "")
    return accept


def list_form(header: str | None) -> Accept:
    """The form of a list: short ids or whole schemas. Documented: a version here is 400 XDM-1006."""
    if header is None or header.strip() in ("", "*/*", "application/json"):
        return Accept(frozenset(["id"]), None)
    accept = _parse(header)
    if accept is None or accept.version is not None or not accept.options <= {"id", "full", "notext"}:
        raise Refusal("XDM-1006-400", accept=header)
    return accept


def _parse(header: str | None) -> Accept | None:
    match = _ACCEPT.match((header or "").strip())
    if match is None:
        return None
    options = frozenset(option for option in match["options"].split("-") if option)
    return Accept(options, match["version"])


@cache
def global_resources() -> Mapping[str, Document]:
    """Classes, behaviours and field groups that every organisation has, by ``$id``."""
    documents = (orjson.loads(path.read_bytes()) for path in fixture_files("schemas", ".json"))
    return {document["$id"]: document for document in documents}


def find_global(name: str) -> Document | None:
    """By ``$id`` or ``meta:altId``."""
    return global_resources().get(schema_id(name))


def admit_schema(body: Document) -> list[str]:
    """The ids that a new schema refers to, exactly one of which is a class."""
    if body.get("type", "object") != "object":
        raise _refused("type", body.get("type"), "a schema has the type object")
    _check_title(body.get("title"))
    parts = body.get("allOf")
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise _refused("allOf", parts, "allOf must be an array of objects")
    refs = [part["$ref"] for part in parts if "$ref" in part]
    for ref in refs:
        if not isinstance(ref, str) or find_global(ref) is None:
            code = "XDM-1010-404" if _names_a_class(ref) else "XDM-1011-404"
            raise Refusal(code, id=ref, version=1, field="allOf", hint=f"Known: {_known()}.")
    classes = [ref for ref in refs if global_resources()[schema_id(ref)]["meta:resourceType"] == "classes"]
    if len(classes) != 1:
        raise _refused("allOf", classes, "exactly one class must be named")
    _check_types(body)
    return [schema_id(ref) for ref in refs]


def _check_types(body: Document) -> None:
    if not isinstance(body.get("meta:immutableTags", []), list):
        raise _refused("meta:immutableTags", body["meta:immutableTags"], "it must be an array")
    if not isinstance(body.get("description", ""), str):
        raise _refused("description", body["description"], "it must be a text")


def _check_title(title: Any) -> None:
    if not isinstance(title, str) or not title.strip():
        raise _refused("title", title, "a schema needs a title")
    if len(title) > MAX_TITLE:
        raise _refused("title", title, f"a title has at most {MAX_TITLE} characters")


def _names_a_class(ref: Any) -> bool:
    """Ids of classes that a tenant makes say what they are."""
    return isinstance(ref, str) and "/classes/" in schema_id(ref)


def _known() -> str:
    return ", ".join(name.removeprefix(ROOT) for name in global_resources())


def _refused(field: str, given: Any, detail: str) -> Refusal:
    return Refusal("XDM-1400-400", detail=f"The schema cannot be accepted: {detail}.", field=field, given=given)


def behaviour(schema: Document) -> str:
    """``record`` or ``time-series``: what a schema's class extends."""
    extended: str = global_resources()[schema["meta:class"]]["meta:extends"][0]
    return extended.rsplit("/", 1)[1]


def new_schema(body: Document, refs: list[str], token: str, etag: str, tenant: Tenant, now: int) -> Document:
    """A schema as it is stored: what was sent and what the registry adds."""
    resource_id = f"{ROOT}{tenant.tenant_id}/schemas/{token}"
    known = global_resources()
    of_class = next(ref for ref in refs if known[ref]["meta:resourceType"] == "classes")
    behaviours = [parent for ref in refs for parent in known[ref].get("meta:extends", [])]
    sent: Document = {name: body[name] for name in ("title", "description", "meta:immutableTags") if name in body}
    return {
        "$id": resource_id,
        "meta:altId": alt_id(resource_id),
        "meta:resourceType": "schemas",
        "version": "1.0",
        **sent,
        "type": "object",
        "allOf": [_kept_part(part) for part in body["allOf"]],
        "refs": refs,
        "imsOrg": tenant.org,
        "meta:extensible": False,
        "meta:abstract": False,
        "meta:extends": list(dict.fromkeys([of_class, *behaviours, *refs])),
        "meta:xdmType": "object",
        "meta:registryMetadata": {
            "repo:createdDate": now,
            "repo:lastModifiedDate": now,
            "xdm:createdClientId": tenant.client,
            "xdm:lastModifiedClientId": tenant.client,
            "xdm:createdUserId": tenant.user,
            "xdm:lastModifiedUserId": tenant.user,
            "eTag": etag,
            "meta:globalLibVersion": GLOBAL_LIBRARY,
        },
        "meta:class": of_class,
        "meta:containerId": "tenant",
        "meta:sandboxId": tenant.sandbox_id,
        "meta:sandboxType": tenant.sandbox_type,
        "meta:tenantNamespace": f"_{tenant.tenant_id}",
    }


def _kept_part(part: Document) -> Document:
    kept = {**part, "type": "object", "meta:xdmType": "object"}
    if "$ref" in kept:
        kept["$ref"] = schema_id(kept["$ref"])
    return kept


def shown(schema: Document, form: Accept) -> Document:
    """A schema in the form asked for."""
    document = resolved(schema) if form.full else schema
    return _without_texts(document) if "notext" in form.options else document


def property_filter(text: str) -> Callable[[Document], bool]:
    """The test that one ``property`` filter makes: a bare name must be there, or name, operator, value hold.

    Documented operators: ``==``, ``!=``, ``<``, ``>``, ``<=``, ``>=`` and ``~`` (contains). For an array
    any element counts, and ``!=`` wants none to be equal.
    """
    match = _PROPERTY.match(text)
    if match is None:
        raise Refusal("XDM-1400-400", detail="The filter cannot be read.", field="property", given=text)
    name, op, wanted = match["name"], match["op"], match["value"]

    def holds(schema: Document) -> bool:
        found = schema.get(name, [])
        values = [str(part) for part in (found if isinstance(found, list) else [found])]
        if op is None:
            return bool(values)
        if op == "!=":
            return wanted not in values
        return any(_COMPARISONS[op](value, wanted) for value in values)

    return holds


def listed(schema: Document, form: Accept) -> Document:
    """A schema as an entry of a list."""
    if "id" in form.options:
        return {name: schema[name] for name in ("$id", "meta:altId", "version", "title")}
    return shown(schema, form)


def resolved(schema: Document) -> Document:
    """``allOf`` and ``$ref`` worked into one tree of properties."""
    whole = {name: value for name, value in schema.items() if name not in ("allOf", "refs")}
    properties, required = _collect(schema)
    whole["properties"] = properties
    if required:
        whole["required"] = sorted(required)
    return whole


def _collect(schema: Document) -> tuple[Document, set[str]]:
    properties: Document = {}
    required = set(schema.get("required", ()))
    for part in schema.get("allOf", ()):
        target = global_resources().get(part["$ref"]) if "$ref" in part else None
        inner, inner_required = _collect(target) if target else ({}, set())
        properties = _merged(properties, inner)
        required |= inner_required | _names(part.get("required"))
        own = part.get("properties")
        if isinstance(own, dict):
            properties = _merged(properties, own)
    return properties, required


def _names(required: Any) -> set[str]:
    return {name for name in required if isinstance(name, str)} if isinstance(required, list) else set()


def _merged(one: Document, other: Document) -> Document:
    merged = dict(one)
    for name, value in other.items():
        before = merged.get(name)
        both = isinstance(before, dict) and isinstance(value, dict)
        merged[name] = _merged(before, value) if both and before is not None else value
    return merged


def _without_texts(value: Any, inside_properties: bool = False) -> Any:
    if isinstance(value, list):
        return [_without_texts(part) for part in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _without_texts(part, inside_properties=name == "properties")
        for name, part in value.items()
        if inside_properties or name not in _TEXTS
    }
