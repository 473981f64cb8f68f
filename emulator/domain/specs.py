"""The catalogue of connection specs and flow specs, read from ``fixtures/specs``.

A spec file is what the service answers with, plus a key ``emulator`` with what only we need to know:
its family, names and ids under which clients know it as well, and where the facts were published.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson

from emulator.data_files import fixture_files
from emulator.domain.kinds import CONNECTION_SPECS, FLOW_SPECS
from emulator.domain.lookup import Lookup

DATA_LAKE = "c604ff05-7f1a-43c0-8e18-33bf874cb11c"
HTTP_STREAMING = "bc7b00d6-623a-4dfc-9fdb-f1240aeadaeb"
SECRET_FORMAT = "password"  # noqa: S105 - a JSON Schema format

Document = dict[str, Any]


_SECRET = re.compile("password|secret|token|passphrase|private.?key|access.?key|api.?key|credential|connection.?string")
_PUBLIC = re.compile("(url|uri|endpoint|path|type|name|id)$")


def looks_secret(name: str) -> bool:
    """Whether a parameter that no spec describes is better not shown."""
    lower = name.lower()
    return _SECRET.search(lower) is not None and _PUBLIC.search(lower) is None


def is_hidden(name: str, described: Document) -> bool:
    """Whether a parameter is a secret: marked as one where it is described, else called like one."""
    if name not in described:
        return looks_secret(name)
    part = described[name]
    # Own specs may say anything.
    return isinstance(part, dict) and part.get("format") == SECRET_FORMAT


@dataclass(frozen=True)
class AuthSpec:
    """One way to authenticate: its JSON Schema, which marks the parameters that are secrets."""

    name: str
    aliases: tuple[str, ...]
    schema: Document

    def hides(self, name: str) -> bool:
        return is_hidden(name, self.schema.get("properties", {}))

    @cached_property
    def validator(self) -> jsonschema_rs.Validator:
        return jsonschema_rs.validator_for(self.schema)

    def is_called(self, name: str) -> bool:
        """Published pages spell these names in several ways and in any letter case."""
        return name.lower() in {known.lower() for known in (self.name, *self.aliases)}


@dataclass(frozen=True)
class ConnectionSpec:
    """A connection spec: the document as shown and what the emulator knows of it besides."""

    document: Document
    family: str
    needs_base_connection: bool
    auth_specs: tuple[AuthSpec, ...]
    known_as: tuple[str, ...] = ()
    own_inlet: bool = False
    required_params: tuple[str, ...] = ()

    @property
    def takes_drafts(self) -> bool:
        return bool(self.document.get("attributes", {}).get("isDraftModeSupported"))

    @property
    def source_properties(self) -> Document:
        """The parameters of a source connection, by name, each with its JSON Schema."""
        found: Document = self.document.get("sourceSpec", {}).get("spec", {}).get("properties", {})
        return found

    @property
    def id(self) -> str:
        return str(self.document["id"])

    @property
    def name(self) -> str:
        return str(self.document["name"])

    @property
    def title(self) -> str:
        """The product's name, as activities of runs show it."""
        return str(self.document.get("attributes", {}).get("connectorName", self.name))

    def auth_spec(self, name: str) -> AuthSpec | None:
        return next((spec for spec in self.auth_specs if spec.is_called(name)), None)


@dataclass(frozen=True)
class FlowSpec:
    """A flow spec: the document as shown, and which connection specs its flows may join."""

    document: Document
    sources: frozenset[str]
    targets: frozenset[str]
    streaming: bool
    is_source_flow: bool
    mapping_required: bool

    @property
    def id(self) -> str:
        return str(self.document["id"])

    @property
    def name(self) -> str:
        return str(self.document["name"])

    @property
    def takes_drafts(self) -> bool:
        return bool(self.document.get("attributes", {}).get("isDraftModeSupported"))

    @property
    def scheduled(self) -> bool:
        return "scheduleSpec" in self.document

    @property
    def transformations(self) -> tuple[str, ...]:
        return tuple(part["name"] for part in self.document.get("transformationSpecs", ()))


@dataclass(frozen=True)
class Catalogue:
    """Every spec that ships with us, by id. ``connections`` also answers to malformed ids that pages print."""

    connections: Mapping[str, ConnectionSpec]
    flows: Mapping[str, FlowSpec]
    connection_bodies: Mapping[str, bytes] = field(default_factory=dict)
    flow_bodies: Mapping[str, bytes] = field(default_factory=dict)


class Specs:
    """The specs that are in force for one organisation: those that ship with us, its own over them."""

    def __init__(self, shipped: Catalogue, find: Lookup) -> None:
        self._shipped = shipped
        self._find = find

    def connection(self, spec_id: object) -> ConnectionSpec | None:
        """Also under a malformed id that a published page prints."""
        if not isinstance(spec_id, str):
            return None
        shipped = self._shipped.connections.get(spec_id)
        own = self._find(CONNECTION_SPECS, shipped.id if shipped else spec_id)
        return own_connection_spec(own, shipped) if own else shipped

    def flow(self, spec_id: object) -> FlowSpec | None:
        if not isinstance(spec_id, str):
            return None
        own = self._find(FLOW_SPECS, spec_id)
        shipped = self._shipped.flows.get(spec_id)
        return own_flow_spec(own, shipped) if own else shipped

    def connection_at(self, reference: Document) -> ConnectionSpec:
        """The spec that a stored resource refers to. One that is in use is always there: none is ever deleted."""
        found = self.connection(reference["id"])
        assert found is not None, f"connection spec {reference['id']} is gone"
        return found

    def flow_at(self, reference: Document) -> FlowSpec:
        found = self.flow(reference["id"])
        assert found is not None, f"flow spec {reference['id']} is gone"
        return found


def own_connection_spec(document: Document, shipped: ConnectionSpec | None) -> ConnectionSpec:
    """A spec that an organisation wrote. What we know of one that it replaced still holds."""
    auth_specs = tuple(_auth_specs(document, {}))
    if shipped is not None:
        return replace(shipped, document=document, auth_specs=auth_specs)
    family = _family(document)
    return ConnectionSpec(
        document,
        family=family,
        needs_base_connection=bool(auth_specs) or family in ("rest", "file", "table"),
        auth_specs=auth_specs,
        own_inlet=family == "streaming",
        required_params=tuple(document.get("sourceSpec", {}).get("spec", {}).get("required", ())),
    )


_FAMILIES = {"cloudstorage": "file", "table": "table", "reststorage": "rest", "streaming": "streaming"}
_EXPLORED = {"filesystem": "file", "table": "table", "resource": "rest"}


def _family(document: Document) -> str:
    """What kind of system a spec of somebody else's describes: by its types, else what an SDK would write."""
    source = str(document.get("sourceSpec", {}).get("type", "")).lower()
    explored = str(document.get("exploreSpec", {}).get("type", "")).lower()
    if "sourceSpec" not in document:
        return "destination" if "targetSpec" in document else "rest"
    if document.get("attributes", {}).get("category", "").lower() == "streaming":
        return "streaming"
    return _FAMILIES.get(source) or _EXPLORED.get(explored) or "rest"


def own_flow_spec(document: Document, shipped: FlowSpec | None) -> FlowSpec:
    spec = _flow_spec(document, {})
    if shipped is None:
        return spec
    also = shipped.sources - set(shipped.document["sourceConnectionSpecIds"])
    return replace(spec, sources=spec.sources | also, mapping_required=shipped.mapping_required)


def load_catalogue() -> Catalogue:
    connections: dict[str, ConnectionSpec] = {}
    bodies: dict[str, bytes] = {}
    for path in fixture_files("specs/connections", ".json"):
        spec = _connection_spec(_read(path))
        for key in (spec.id, *spec.known_as):
            connections[key] = spec
        bodies[spec.id] = orjson.dumps(spec.document)
    flow_documents = [_read(path) for path in fixture_files("specs/flows", ".json")]
    flow_specs = [_flow_spec(document, document.pop("emulator", {})) for document in flow_documents]
    return Catalogue(
        connections,
        {spec.id: spec for spec in flow_specs},
        bodies,
        {spec.id: orjson.dumps(spec.document) for spec in flow_specs},
    )


def _read(path: Path) -> Document:
    document: Document = orjson.loads(path.read_bytes())
    return document


def _connection_spec(document: Document) -> ConnectionSpec:
    ours = document.pop("emulator")
    auth_specs = tuple(_auth_specs(document, ours.get("authAliases", {})))
    return ConnectionSpec(
        document,
        family=ours["family"],
        needs_base_connection=ours["needsBaseConnection"],
        auth_specs=auth_specs,
        known_as=tuple(ours.get("knownAs", ())),
        own_inlet=ours.get("ownInlet", False),
        required_params=tuple(ours.get("requiredParams", ())),
    )


def _auth_specs(document: Document, aliases: Mapping[str, Iterable[str]]) -> Iterator[AuthSpec]:
    for part in document.get("authSpec", ()):
        yield AuthSpec(part["name"], tuple(aliases.get(part["name"], ())), part.get("spec", {}))


def _flow_spec(document: Document, ours: Document) -> FlowSpec:
    attributes = document.get("attributes", {})
    return FlowSpec(
        document,
        sources=frozenset([*document.get("sourceConnectionSpecIds", ()), *ours.get("alsoSources", ())]),
        targets=frozenset(document.get("targetConnectionSpecIds", ())),
        streaming=attributes.get("frequency") == "streaming",
        is_source_flow=bool(attributes.get("isSourceFlow")),
        mapping_required=bool(ours.get("mappingRequired")),
    )
