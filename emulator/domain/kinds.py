"""What kinds of resources there are, as a table: how they are called and what they point to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from emulator.domain.index_values import index_value
from emulator.domain.paths import Step, parse, walk


@dataclass(frozen=True)
class Kind:
    """One kind of stored resource.

    ``name`` is its collection in the service's paths. ``links`` are the fields that hold ids of
    other resources, ``sorted`` further ones that lists are often filtered or ordered by: both are
    indexed, so that they cost the same whatever the number of resources. ``fields`` are the
    top-level fields a list may filter by or order by.
    """

    name: str
    fields: frozenset[str] = frozenset()
    links: tuple[str, ...] = ()
    sorted: tuple[str, ...] = ()

    @cached_property
    def indexed(self) -> Mapping[str, tuple[Step, ...]]:
        """Every indexed field with its steps."""
        return {path: parse(path) for path in (*self.links, *self.sorted)}

    def entries_of(self, document: dict[str, Any]) -> set[tuple[str, str]]:
        """``(field, index value)`` for all that is indexed; a field of ``sorted`` has one in any case."""
        found = {(path, index_value(_plain(document, self.indexed[path]))) for path in self.sorted}
        found.update((path, index_value(value)) for path in self.links for value in walk(document, self.indexed[path]))
        return found


def _plain(value: Any, steps: tuple[Step, ...]) -> Any:
    """The value at a path without ``[]``, or None: what most entries are made of, so kept short."""
    for name, _ in steps:
        if type(value) is not dict:
            return None
        value = value.get(name)
    return value


_AUDIT = ["id", "createdAt", "updatedAt", "createdBy", "updatedBy", "createdClient", "updatedClient"]
_AUDIT += ["sandboxId", "sandboxName", "imsOrgId", "etag"]
_STORED = [*_AUDIT, "name", "description", "state", "version", "providerId", "inheritedAttributes", "labels", "policy"]


def _fields(*own: str) -> frozenset[str]:
    return frozenset([*_STORED, *own])


# Flows and runs grow by the million, so all that the sort-and-filter guide tables for them is indexed.
# Accounts and their like do not: each entry makes a create dearer, and names are what they are found by.
_BY_NAME = ("name",)

CONNECTIONS = Kind("connections", _fields("connectionSpec", "auth"), sorted=_BY_NAME)
SOURCE_CONNECTIONS = Kind(
    "sourceConnections",
    _fields("baseConnectionId", "connectionSpec", "data", "params", "providerRefId"),
    links=("baseConnectionId",),
    sorted=_BY_NAME,
)
TARGET_CONNECTIONS = Kind(
    "targetConnections",
    _fields("baseConnectionId", "connectionSpec", "data", "params", "providerRefId"),
    links=("baseConnectionId", "params.dataSetId"),
    sorted=_BY_NAME,
)
FLOWS = Kind(
    "flows",
    _fields(
        "flowSpec",
        "sourceConnectionIds",
        "targetConnectionIds",
        "transformations",
        "scheduleParams",
        "options",
        "runs",
        "lastOperation",
        "lastRunDetails",
        "providerRefId",
    ),
    links=(
        "sourceConnectionIds[]",
        "targetConnectionIds[]",
        "inheritedAttributes.sourceConnections[].baseConnection.id",
        "inheritedAttributes.targetConnections[].baseConnection.id",
        "transformations[].params.mappingId",
    ),
    sorted=(
        *_BY_NAME,
        "description",
        "state",
        "createdAt",
        "updatedAt",
        "flowSpec.id",
        "inheritedAttributes.properties.isDestinationFlow",
    ),
)
RUNS = Kind(
    "runs",
    frozenset([*_AUDIT, "flowId", "flowSpec", "providerRefId", "metrics", "activities", "params"]),
    links=("flowId",),
    sorted=("createdAt", "updatedAt", "metrics.statusSummary.status", "metrics.durationSummary.startedAtUTC"),
)
_SPEC = ["id", "name", "providerId", "version", "attributes", "permissionsInfo"]
CONNECTION_SPECS = Kind(
    "connectionSpecs", frozenset([*_SPEC, "authSpec", "sourceSpec", "targetSpec", "exploreSpec", "encryptionSpecs"])
)
FLOW_SPECS = Kind(
    "flowSpecs",
    frozenset([*_SPEC, "sourceConnectionSpecIds", "targetConnectionSpecIds", "transformationSpecs", "optionSpec"]),
)
MAPPING_SETS = Kind("mappingSets", links=("xdmSchema",))
# Earlier versions of mapping sets; the id is "{mapping set id}:{version}".
MAPPING_SET_VERSIONS = Kind("mappingSetVersions")
# Data Prep's own: samples of data, and schemas that are not the Schema Registry's.
MAPPER_SAMPLES = Kind("mapperSamples")
MAPPER_SCHEMAS = Kind("mapperSchemas")
# Titles are unique, so they are looked up like links. What is referred to is not deleted.
SCHEMAS = Kind("schemas", links=("title", "refs[]"))
CLASSES = Kind("classes", links=("title", "refs[]"))
# Their older name, which their ids and their resource type keep.
FIELD_GROUPS = Kind("mixins", links=("title", "refs[]"))
DATA_TYPES = Kind("datatypes", links=("title", "refs[]"))
DESCRIPTORS = Kind("descriptors", links=("xdm:sourceSchema", "xdm:destinationSchema"))
DATASETS = Kind("dataSets", links=("schemaRef.id",), sorted=("name", "created"))
BATCHES = Kind("batches", links=("relatedObjects[].id",), sorted=("status", "created"))
# The id is the zone's type.
LANDING_ZONES = Kind("landingZones")
ENCRYPTION_KEYS = Kind("encryptionKeys")
QUERIES = Kind("queries")


def all_kinds() -> dict[str, Kind]:
    """Every kind by its name."""
    return {kind.name: kind for kind in globals().values() if isinstance(kind, Kind)}
