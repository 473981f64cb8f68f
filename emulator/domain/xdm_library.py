"""The kinds of XDM resources, and those that every organisation has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson

from emulator.data_files import fixture_files
from emulator.domain.kinds import CLASSES, DATA_TYPES, FIELD_GROUPS, SCHEMAS, Kind
from emulator.domain.schema_ids import ROOT, schema_id

Document = dict[str, Any]
# A resource by its $id, global or the tenant's own; None where there is none.
Lookup = Callable[[str], Document | None]


@dataclass(frozen=True)
class Collection:
    """One kind of resource: its word in ids and in ``meta:resourceType``, and what it is called in sentences.

    ``kind`` is how a tenant's own are stored, None where a tenant has none. ``not_found`` is the code of a
    lookup that finds nothing: 1010 and 1012 are published, of 1011 to 1017 only that they differ by kind.
    """

    name: str
    noun: str
    not_found: str
    kind: Kind | None = None


SCHEMA = Collection("schemas", "schema", "XDM-1012-404", SCHEMAS)
CLASS = Collection("classes", "class", "XDM-1010-404", CLASSES)
FIELD_GROUP = Collection("mixins", "field group", "XDM-1011-404", FIELD_GROUPS)
DATA_TYPE = Collection("datatypes", "data type", "XDM-1013-404", DATA_TYPES)
BEHAVIOR = Collection("behaviors", "behavior", "XDM-1015-404")
UNION = Collection("unions", "union", "XDM-1016-404")

# What a tenant makes, in the order in which one may refer to the other.
OWN = (DATA_TYPE, FIELD_GROUP, CLASS, SCHEMA)
_BY_NAME = {collection.name: collection for collection in (*OWN, BEHAVIOR, UNION)}


def collection_of(resource: Document) -> Collection:
    return _BY_NAME[resource["meta:resourceType"]]


def own_collection(resource_id: str) -> Collection | None:
    """Ids of a tenant's resources say of what kind they are; None for global ones and anything else."""
    parts = resource_id.removeprefix(ROOT).split("/")
    if len(parts) != 3 or parts[0] == "xdm":
        return None
    found = _BY_NAME.get(parts[1])
    return found if found in OWN else None


@cache
def global_resources() -> Mapping[str, Document]:
    """Behaviours, classes, field groups and data types that every organisation has, by ``$id``."""
    documents = (orjson.loads(path.read_bytes()) for path in fixture_files("schemas", ".json"))
    return {document["$id"]: document for document in documents}


def global_ones(collection: Collection) -> list[Document]:
    return [document for document in global_resources().values() if collection_of(document) is collection]


def find_global(name: str) -> Document | None:
    """By ``$id`` or ``meta:altId``."""
    return global_resources().get(schema_id(name))
