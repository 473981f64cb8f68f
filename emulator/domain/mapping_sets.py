"""Mapping sets: what a client may send, and the one shape it is kept in.

Two request shapes are published, and mixtures of them are in circulation; per mapping ``source`` falls
back to ``sourceAttribute``, ``destination`` to ``destinationXdmPath`` and ``sourceType`` to ATTRIBUTE.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from emulator.domain.errors import Refusal

Document = dict[str, Any]

BAD = "PREP-0400-400"
ATTRIBUTE = "text/x.schema-path"
EXPRESSION = "text/x.aep-xl"
STATIC = "text/plain"
_SOURCE_TYPES = {"ATTRIBUTE": ATTRIBUTE, "EXPRESSION": EXPRESSION, "STATIC": STATIC}
# Published for expressions; sources and destinations of every other kind are held to it too.
LONGEST = 4096
_FLAGS = ("allowNullValues", "strictMapping")
_MAPPING_FLAGS = ("identity", "primaryIdentity")
_MAPPING_TEXTS = ("name", "description", "identityGroup", "namespaceCode")


@dataclass(frozen=True)
class MappingRequest:
    """What a client sends: the target schema as it is named there, and the mappings in one spelling.

    ``schema`` is empty where none is named, which only a preview and a check may do.
    """

    schema: str
    content_type: str
    mappings: list[Document]
    extras: Document

    @property
    def allow_nulls(self) -> bool:
        """Whether mappings that come to null write it."""
        return bool(self.extras["allowNullValues"])

    @property
    def schema_ref(self) -> Document:
        return {"id": self.schema, "contentType": self.content_type}


def read_request(body: Document, schema_needed: bool = True) -> MappingRequest:
    """Raises a refusal that names the field when no schema is named or a mapping makes no sense."""
    mappings = body.get("mappings")
    if not isinstance(mappings, list):
        raise refused("mappings", mappings, "Send an array of mappings, which may be empty.")
    schema, content_type = _target(body)
    if schema is None and schema_needed:
        raise refused("xdmSchema", None, "Name the target schema in xdmSchema or outputSchema.schemaRef.id.")
    read = [read_mapping(entry, f"mappings[{index}]") for index, entry in enumerate(mappings)]
    return MappingRequest(schema or "", content_type, read, _extras(body))


def _target(body: Document) -> tuple[str | None, str]:
    """The schema and its content type, each from the first of the places that says something."""
    output = _object(body, "outputSchema")
    references = {"outputSchema.schemaRef": _object(output, "schemaRef", "outputSchema.")}
    references["schemaRef"] = _object(body, "schemaRef")
    ids = {f"{place}.id": reference.get("id") for place, reference in references.items()}
    types = {f"{place}.contentType": reference.get("contentType") for place, reference in references.items()}
    for field, value in {**types, "xdmVersion": body.get("xdmVersion")}.items():
        if value is not None:
            _text(value, field, "Send a text such as 1.0.")
    named = {**ids, "xdmSchema": body.get("xdmSchema")}
    for field, value in named.items():
        if value is not None and not _text(value, field, "Send the id of a schema."):
            raise refused(field, value, "Send the id of a schema.")
    schema = next((value for value in named.values() if value is not None), None)
    return schema, next((value for value in types.values() if value), None) or body.get("xdmVersion") or "1.0"


def _object(body: Document, name: str, prefix: str = "") -> Document:
    found = body.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise refused(prefix + name, found, "Send an object.")
    return found


def _extras(body: Document) -> Document:
    extras: Document = {}
    if body.get("name") is not None:
        extras["name"] = _text(body["name"], "name", "Send a text.")
    if body.get("inputSchema") is not None:
        extras["inputSchema"] = _input_schema(body["inputSchema"])
    if body.get("tags") is not None:
        extras["tags"] = _tags(body["tags"])
    for flag in _FLAGS:
        if not isinstance(body.get(flag, False), bool):
            raise refused(flag, body[flag], "Send true or false.")
        extras[flag] = body.get(flag, False)
    return extras


def _input_schema(given: Any) -> Document:
    if not isinstance(given, dict):
        raise refused("inputSchema", given, 'Send an object such as {"id": "…", "version": 0}.')
    if given.get("id") is not None:
        _text(given["id"], "inputSchema.id", "Send the id of a schema of POST /schemas.")
    return given


def _tags(given: Any) -> list[Document]:
    if not isinstance(given, list):
        raise refused("tags", given, 'Send an array such as [{"name": "…", "values": ["…"]}].')
    for index, tag in enumerate(given):
        values = tag.get("values", []) if isinstance(tag, dict) else None
        texts = isinstance(values, list) and all(isinstance(value, str) for value in values)
        if not texts or not isinstance(tag.get("name"), str):
            raise refused(f"tags[{index}]", tag, "A tag has a name, and values that are texts.")
    return given


def read_mapping(entry: Any, where: str) -> Document:
    """One mapping in the spelling in which it is kept. ``where`` is its place, for refusals."""
    if not isinstance(entry, dict):
        raise refused(where or "body", entry, "A mapping is an object.")
    prefix = f"{where}." if where else ""
    source = entry.get("source", entry.get("sourceAttribute"))
    destination = entry.get("destination", entry.get("destinationXdmPath"))
    given_type = "ATTRIBUTE" if entry.get("sourceType") in (None, "") else entry["sourceType"]
    source_type = _SOURCE_TYPES.get(given_type.upper(), given_type) if isinstance(given_type, str) else given_type
    if source_type not in _SOURCE_TYPES.values():
        raise refused(f"{prefix}sourceType", given_type, "Use ATTRIBUTE, EXPRESSION or STATIC.")
    _text(source, f"{prefix}source", "Name the source in source or sourceAttribute.", LONGEST)
    _text(destination, f"{prefix}destination", "Name the target in destination or destinationXdmPath.", LONGEST)
    texts = {name: entry[name] for name in _MAPPING_TEXTS if entry.get(name) is not None}
    for name, value in texts.items():
        _text(value, f"{prefix}{name}", "Send a text.")
    flags = {name: False if entry.get(name) is None else entry[name] for name in _MAPPING_FLAGS}
    for name, value in flags.items():
        if not isinstance(value, bool):
            raise refused(f"{prefix}{name}", value, "Send true or false.")
    return {"sourceType": source_type, "source": source, "destination": destination, **texts, **flags}


def _text(value: Any, field: str, hint: str, most: int | None = None) -> str:
    if not isinstance(value, str):
        raise refused(field, value, hint)
    if most is not None and len(value) > most:
        raise refused(field, f"{len(value)} characters", f"At most {most} characters are allowed.")
    return value


def refused(field: str, given: Any, hint: str) -> Refusal:
    return Refusal(BAD, detail="The mapping set cannot be accepted.", field=field, given=given, hint=hint)


def published_name(source_type: str) -> str:
    """ATTRIBUTE, EXPRESSION or STATIC: how requests and errors call what is kept as a media type."""
    return next(name for name, kept in _SOURCE_TYPES.items() if kept == source_type)
