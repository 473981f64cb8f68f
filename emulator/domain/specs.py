"""The catalogue of connection specs and flow specs, read from ``fixtures/specs``.

A spec file is what the service answers with, plus a key ``emulator`` with what only we need to know:
its family, names and ids under which clients know it as well, and where the facts were published.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson

from emulator.data_files import fixture_files

DATA_LAKE = "c604ff05-7f1a-43c0-8e18-33bf874cb11c"
HTTP_STREAMING = "bc7b00d6-623a-4dfc-9fdb-f1240aeadaeb"
SECRET_FORMAT = "password"  # noqa: S105 - a JSON Schema format

Document = dict[str, Any]


@dataclass(frozen=True)
class AuthSpec:
    """One way to authenticate: its JSON Schema and the parameters that are secrets."""

    name: str
    aliases: tuple[str, ...]
    schema: Document

    @cached_property
    def secrets(self) -> frozenset[str]:
        """Names of the parameters that are never shown."""
        properties = self.schema.get("properties", {})
        return frozenset(name for name, part in properties.items() if part.get("format") == SECRET_FORMAT)

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
    def scheduled(self) -> bool:
        return "scheduleSpec" in self.document

    @property
    def transformations(self) -> tuple[str, ...]:
        return tuple(part["name"] for part in self.document.get("transformationSpecs", ()))


@dataclass(frozen=True)
class Catalogue:
    """Every spec by id. ``connections`` also answers to malformed ids that published pages print."""

    connections: Mapping[str, ConnectionSpec]
    flows: Mapping[str, FlowSpec]
    connection_bodies: Mapping[str, bytes] = field(default_factory=dict)
    flow_bodies: Mapping[str, bytes] = field(default_factory=dict)


def load_catalogue() -> Catalogue:
    connections: dict[str, ConnectionSpec] = {}
    bodies: dict[str, bytes] = {}
    for path in fixture_files("specs/connections", ".json"):
        spec = _connection_spec(_read(path))
        for key in (spec.id, *spec.known_as):
            connections[key] = spec
        bodies[spec.id] = orjson.dumps(spec.document)
    flow_specs = [_flow_spec(_read(path)) for path in fixture_files("specs/flows", ".json")]
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
    aliases: Mapping[str, Iterable[str]] = ours.get("authAliases", {})
    auth_specs = tuple(
        AuthSpec(part["name"], tuple(aliases.get(part["name"], ())), part["spec"])
        for part in document.get("authSpec", ())
    )
    return ConnectionSpec(
        document,
        family=ours["family"],
        needs_base_connection=ours["needsBaseConnection"],
        auth_specs=auth_specs,
        known_as=tuple(ours.get("knownAs", ())),
        own_inlet=ours.get("ownInlet", False),
        required_params=tuple(ours.get("requiredParams", ())),
    )


def _flow_spec(document: Document) -> FlowSpec:
    ours = document.pop("emulator", {})
    attributes = document.get("attributes", {})
    return FlowSpec(
        document,
        sources=frozenset([*document["sourceConnectionSpecIds"], *ours.get("alsoSources", ())]),
        targets=frozenset(document["targetConnectionSpecIds"]),
        streaming=attributes.get("frequency") == "streaming",
        is_source_flow=bool(attributes.get("isSourceFlow")),
        mapping_required=bool(ours.get("mappingRequired")),
    )
