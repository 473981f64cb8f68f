"""What kinds of resources there are, as a table: how they are called and what they point to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from emulator.domain.paths import parse, values_at


@dataclass(frozen=True)
class Kind:
    """One kind of stored resource.

    ``name`` is its collection in the service's paths. ``links`` are the fields that hold ids of
    other resources: they are indexed, so that "who uses this" and filters on them stay cheap.
    ``fields`` are the top-level fields a list may filter by or order by.
    """

    name: str
    fields: frozenset[str] = frozenset()
    links: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for path in self.links:
            parse(path)

    def links_of(self, document: dict[str, Any]) -> list[tuple[str, str]]:
        """``(field, id)`` for every resource that the document points to, each once."""
        found = {(path, value) for path in self.links for value in values_at(document, path) if isinstance(value, str)}
        return sorted(found)


_AUDIT = ["id", "createdAt", "updatedAt", "createdBy", "updatedBy", "createdClient", "updatedClient"]
_AUDIT += ["sandboxId", "sandboxName", "imsOrgId", "etag"]
_STORED = [*_AUDIT, "name", "description", "state", "version", "providerId", "inheritedAttributes", "labels", "policy"]


def _fields(*own: str) -> frozenset[str]:
    return frozenset([*_STORED, *own])


CONNECTIONS = Kind("connections", _fields("connectionSpec", "auth"))
SOURCE_CONNECTIONS = Kind(
    "sourceConnections",
    _fields("baseConnectionId", "connectionSpec", "data", "params", "providerRefId"),
    links=("baseConnectionId",),
)
TARGET_CONNECTIONS = Kind(
    "targetConnections",
    _fields("baseConnectionId", "connectionSpec", "data", "params", "providerRefId"),
    links=("baseConnectionId", "params.dataSetId"),
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
)
RUNS = Kind(
    "runs",
    frozenset([*_AUDIT, "flowId", "flowSpec", "providerRefId", "metrics", "activities", "params"]),
    links=("flowId",),
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
# Titles are unique, so they are looked up like links.
SCHEMAS = Kind("schemas", links=("title",))
DATASETS = Kind("dataSets", links=("schemaRef.id",))
BATCHES = Kind("batches", links=("relatedObjects[].id",))
