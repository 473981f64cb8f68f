"""Rules for connection specs and flow specs that an organisation writes itself."""

from __future__ import annotations

from typing import Any, NoReturn

from jsonschema_rs import ValidationError, validator_for

from emulator.domain.errors import Refusal
from emulator.domain.kinds import CONNECTION_SPECS, Kind
from emulator.domain.shapes import object_field, text_field, wrong

Document = dict[str, Any]

_OBJECTS = {
    "connectionSpecs": (
        "settings",
        "attributes",
        "sourceSpec",
        "targetSpec",
        "exploreSpec",
        "permissionsInfo",
        "policy",
    ),
    "flowSpecs": ("attributes", "optionSpec", "scheduleSpec", "runSpec", "permissionsInfo", "policy"),
}
_LISTS_OF_OBJECTS = {
    "connectionSpecs": ("authSpec", "encryptionSpecs", "entitlementInfo"),
    "flowSpecs": ("transformationSpecs", "entitlementInfo"),
}
# Documented in three spellings: of requests, of one page, of most answers.
_OWN_SPELLING = {"transformationspecdtos": "transformationSpecs", "transformationspec": "transformationSpecs"}


def admit_spec(kind: Kind, body: Document, spec_id: str) -> Document:
    """What is to be stored of a spec: an id first, then what was sent, in the spelling of answers, without nulls."""
    text_field(body, "name", required=True)
    text_field(body, "providerId", required=True)
    version = text_field(body, "version") or "1.0"
    text_field(body, "type")
    if body.get("id") not in (None, spec_id):
        raise wrong("id", body["id"], f"The id of this spec is {spec_id}.")
    given = {_OWN_SPELLING.get(name.lower(), name): value for name, value in body.items() if value is not None}
    document = {"id": spec_id, **given, "version": version}
    for name in _OBJECTS[kind.name]:
        part = object_field(document, name)
        if part is not None:
            document[name] = _without_nulls(part)
    for name in _LISTS_OF_OBJECTS[kind.name]:
        if name in document:
            document[name] = [_without_nulls(part) for part in _list_of(document, name, dict, "objects")]
    if kind is CONNECTION_SPECS:
        _check_connection_spec(document)
    else:
        _check_flow_spec(document)
    return document


def _without_nulls(part: Document) -> Document:
    return {name: value for name, value in part.items() if value is not None}


def _list_of(document: Document, name: str, member: type, called: str) -> list[Any]:
    value = document.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(part, member) for part in value):
        raise wrong(name, value, f"Send an array of {called}.")
    return value


def _check_connection_spec(document: Document) -> None:
    for index, part in enumerate(document.get("authSpec") or []):
        where = f"authSpec[{index}]."
        text_field(part, "name", required=True, prefix=where)
        _check_schema(object_field(part, "spec", where), f"{where}spec")
    for name in ("sourceSpec", "targetSpec"):
        part = object_field(document, name) or {}
        schema = object_field(part, "spec", f"{name}.")
        _check_schema(schema, f"{name}.spec")
        _check_required(schema, f"{name}.spec")
    attributes = object_field(document, "attributes") or {}
    text_field(attributes, "category", prefix="attributes.")
    text_field(attributes, "connectorName", prefix="attributes.")
    for part in ("requestSpec", "responseSpec"):
        object_field(object_field(document, "exploreSpec") or {}, part, "exploreSpec.")


def _check_flow_spec(document: Document) -> None:
    for name in ("sourceConnectionSpecIds", "targetConnectionSpecIds"):
        document[name] = _list_of(document, name, str, "ids")
    for index, part in enumerate(document.get("transformationSpecs") or []):
        text_field(part, "name", required=True, prefix=f"transformationSpecs[{index}].")
    attributes = object_field(document, "attributes") or {}
    text_field(attributes, "frequency", prefix="attributes.")


def _check_schema(schema: Document | None, where: str) -> None:
    """A schema that parameters are going to be held against has to be one."""
    if schema is None:
        return
    try:
        validator_for(schema, retriever=_nothing_elsewhere)
    except (ValidationError, ValueError) as error:
        raise wrong(where, schema, f"It is no JSON Schema: {str(error).splitlines()[0]}") from error
    properties = schema.get("properties")
    if properties is not None and not all(isinstance(part, dict) for part in properties.values()):
        raise wrong(f"{where}.properties", properties, "Describe every parameter by an object.")


def _nothing_elsewhere(uri: str) -> NoReturn:
    """A ``$ref`` stays inside its schema: left to itself, the library would open files and call other hosts."""
    raise ValueError(f"{uri} lies outside the schema")


def _check_required(schema: Document | None, where: str) -> None:
    names = (schema or {}).get("required")
    if names is not None and not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
        raise Refusal("CONNECTOR-1312-400", value=names, name="required", field=f"{where}.required", given=names)
