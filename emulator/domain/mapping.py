"""Mapping sets: what a client may send, the one shape it is kept in, and how records go through it.

Two request shapes are published, and mixtures of them are in circulation; per mapping ``source`` falls
back to ``sourceAttribute``, ``destination`` to ``destinationXdmPath`` and ``sourceType`` to ATTRIBUTE.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from emulator.domain import mapping_paths
from emulator.domain.errors import Refusal
from emulator.domain.mapping_paths import MappingPath, PathProblem

Document = dict[str, Any]
Mapper = Callable[[Document], Document]

ATTRIBUTE = "text/x.schema-path"
EXPRESSION = "text/x.aep-xl"
STATIC = "text/plain"
_SOURCE_TYPES = {"ATTRIBUTE": ATTRIBUTE, "EXPRESSION": EXPRESSION, "STATIC": STATIC}
TRANSFORM_ERROR = "MAPPER-3700-400"


class MappingProblem(Exception):
    """A mapping set that cannot be applied; ``code`` is what runs report."""

    def __init__(self, message: str, code: str = TRANSFORM_ERROR) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class MappingRequest:
    """What a create or update names: the target schema as given, and its mappings in one spelling."""

    schema: str
    content_type: str
    mappings: list[Document]
    extras: Document


def read_request(body: Document) -> MappingRequest:
    """Raises a refusal that names the field when no schema is named or a mapping makes no sense."""
    mappings = body.get("mappings")
    if not isinstance(mappings, list):
        raise _refused("mappings", mappings, "Send an array of mappings, which may be empty.")
    schema_ref = _schema_ref(body)
    schema = schema_ref.get("id") or body.get("xdmSchema")
    if not isinstance(schema, str) or not schema:
        raise _refused("xdmSchema", schema, "Name the target schema in xdmSchema or outputSchema.schemaRef.id.")
    content_type = schema_ref.get("contentType") or body.get("xdmVersion") or "1.0"
    if not isinstance(content_type, str):
        raise _refused("xdmVersion", content_type, "Send a text such as 1.0.")
    extras = {name: body[name] for name in ("name", "inputSchema", "tags") if body.get(name) is not None}
    for flag in ("allowNullValues", "strictMapping"):
        if not isinstance(body.get(flag, False), bool):
            raise _refused(flag, body[flag], "Send true or false.")
        extras[flag] = body.get(flag, False)
    return MappingRequest(
        schema, content_type, [_read_mapping(entry, index) for index, entry in enumerate(mappings)], extras
    )


def _schema_ref(body: Document) -> Document:
    output = body.get("outputSchema")
    found = output.get("schemaRef") if isinstance(output, dict) else body.get("schemaRef")
    return found if isinstance(found, dict) else {}


def _read_mapping(entry: Any, index: int) -> Document:
    where = f"mappings[{index}]"
    if not isinstance(entry, dict):
        raise _refused(where, entry, "A mapping is an object.")
    source = entry.get("source", entry.get("sourceAttribute"))
    destination = entry.get("destination", entry.get("destinationXdmPath"))
    given_type = "ATTRIBUTE" if entry.get("sourceType") in (None, "") else entry["sourceType"]
    source_type = _SOURCE_TYPES.get(given_type.upper(), given_type) if isinstance(given_type, str) else given_type
    if source_type not in _SOURCE_TYPES.values():
        raise _refused(f"{where}.sourceType", given_type, "Use ATTRIBUTE, EXPRESSION or STATIC.")
    if not isinstance(source, str):
        raise _refused(f"{where}.source", source, "Name the source in source or sourceAttribute.")
    if not isinstance(destination, str):
        raise _refused(f"{where}.destination", destination, "Name the target in destination or destinationXdmPath.")
    kept = {name: entry[name] for name in ("name", "description") if isinstance(entry.get(name), str)}
    return {
        "sourceType": source_type,
        "source": source,
        "destination": destination,
        **kept,
        "identity": bool(entry.get("identity", False)),
        "primaryIdentity": bool(entry.get("primaryIdentity", False)),
    }


def _refused(field: str, given: Any, hint: str) -> Refusal:
    return Refusal("PREP-0400-400", detail="The mapping set cannot be accepted.", field=field, given=given, hint=hint)


def compile_mappings(mappings: list[Document], allow_nulls: bool = False) -> Mapper:
    """One callable for the whole set; nothing is parsed any more when records go through it.

    Copies of whole objects and arrays come first and deeper destinations after them, so that a
    mapping of one child wins over the copy of its parent. Two mappings of one destination: the later.
    """
    compiled = [_compile(entry) for entry in mappings if entry["destination"]]
    compiled.sort(key=lambda pair: len(pair[1].steps))
    pairs = [(read, path.writer()) for read, path in compiled]

    def apply(record: Document) -> Document:
        target: Document = {}
        for read, write in pairs:
            value = read(record)
            if value is not None or allow_nulls:
                write(target, value)
        return target

    return apply


def _compile(entry: Document) -> tuple[Callable[[Document], Any], MappingPath]:
    source, destination = entry["source"], entry["destination"]
    if entry["sourceType"] == EXPRESSION:
        raise MappingProblem(
            f"Mapper Transform Error: the calculated field {source!r} for {destination!r} "
            "cannot be evaluated: this release applies attributes and static values only"
        )
    try:
        target = mapping_paths.parse(destination, is_destination=True)
        path = None if entry["sourceType"] == STATIC else mapping_paths.parse(source)
    except PathProblem as error:
        raise MappingProblem(f"Mapper Transform Error: {error}") from error
    if target.wildcards and (path is None or target.wildcards != path.wildcards):
        raise MappingProblem(f"Mapper Transform Error: {source!r} and {destination!r} need the same number of [*]")
    if path is None:
        return (lambda _record: source), target
    return path.reader(nested=target.wildcards > 0), target
