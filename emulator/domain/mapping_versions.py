"""Mapping sets as they are kept and shown: every write makes a new version of the whole set.

Documented by samples: a replaced set has the next version, keeps its ``createdDate``, and all its mappings
get new ids. Times of what is read later are in whole seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from emulator.domain.language.problems import SyntaxProblem
from emulator.domain.mapping_sets import EXPRESSION, MappingRequest

Document = dict[str, Any]

DRAFT, PUBLISHED = "DRAFT", "PUBLISHED"
_SHORT = ("id", "version", "createdDate", "modifiedDate", "createdBy", "modifiedBy")


@dataclass(frozen=True)
class Writing:
    """Who writes, when (milliseconds), and where the ids of what is made come from."""

    user: str
    now: int
    new_id: Callable[[], str]

    @property
    def seconds(self) -> int:
        """The time as later reads show it: milliseconds of a whole second."""
        return self.now // 1000 * 1000

    def stamp(self, resource_id: str) -> Document:
        """What everything new begins with."""
        return {
            "id": resource_id,
            "version": 0,
            "createdDate": self.seconds,
            "modifiedDate": self.seconds,
            "createdBy": self.user,
            "modifiedBy": self.user,
        }

    def restamp(self, old: Document) -> Document:
        """What the next version of something begins with."""
        kept = {name: old[name] for name in ("id", "createdDate", "createdBy")}
        changed = {"version": old["version"] + 1, "modifiedDate": self.seconds, "modifiedBy": self.user}
        return {name: (kept | changed)[name] for name in _SHORT}


def new_set(set_id: str, output_id: str, request: MappingRequest, by: Writing) -> Document:
    """``output_id`` is the id of Data Prep's own schema for the target."""
    mappings = [new_mapping(entry, by) for entry in request.mappings]
    return _set(by.stamp(set_id), output_id, request, mappings, DRAFT)


def replaced_set(old: Document, output_id: str, request: MappingRequest, by: Writing) -> Document:
    mappings = [new_mapping(entry, by) for entry in request.mappings]
    return _set(by.restamp(old), output_id, request, mappings, old["status"])


def _set(stamp: Document, output_id: str, request: MappingRequest, mappings: list[Document], status: str) -> Document:
    return {
        **stamp,
        "supportVersion": "1.1",
        **request.extras,
        "outputSchema": {"id": output_id, "version": 0, "schemaRef": request.schema_ref},
        "mappings": mappings,
        "status": status,
        "xdmVersion": request.content_type,
        "schemaRef": request.schema_ref,
        "xdmSchema": request.schema,
    }


def with_mappings(old: Document, mappings: Iterable[Document], by: Writing) -> Document:
    """The next version of a set, with these mappings; those that stay keep their ids."""
    return {**old, **by.restamp(old), "mappings": list(mappings)}


def new_mapping(entry: Document, by: Writing) -> Document:
    return _mapping(by.stamp(by.new_id()), entry)


def replaced_mapping(old: Document, entry: Document, by: Writing) -> Document:
    return _mapping(by.restamp(old), entry)


def _mapping(stamp: Document, entry: Document) -> Document:
    reads = {"expressionAttributes": _attributes(entry["source"])} if entry["sourceType"] == EXPRESSION else {}
    return {
        **stamp,
        **entry,
        **reads,
        "matchScore": 0.0,
        "functionVersion": 1,
        "sourceAttribute": entry["source"],
        "destinationXdmPath": entry["destination"],
    }


def _attributes(expression: str) -> list[str]:
    """What an expression reads; nothing where it is none, which a set may hold until it is used."""
    # Imported here: a start, and sets without calculated fields, do without the language.
    from emulator.domain.language.inspection import references
    from emulator.domain.language.parser import parse

    try:
        return references(parse(expression))
    except SyntaxProblem:
        return []


def published(document: Document) -> Document:
    return {**document, "status": PUBLISHED}


def etag(document: Document) -> str:
    """Another one for every state that a set is in."""
    return f"{document['version']}/{document['status']}"


def short(document: Document) -> Document:
    """What is answered to whoever makes or removes something."""
    return {name: document[name] for name in _SHORT}


def just_made(document: Document, now: int) -> Document:
    """The short form of something new, the only one that shows its time in full."""
    return {**short(document), "createdDate": now, "modifiedDate": now}
