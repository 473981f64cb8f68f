"""Seeds: documents of resources that a fresh server starts with and that a reset goes back to.

A seed file is JSON: ``{"format": 1, "tenants": [{"org", "sandbox", "schemas": [...], "dataSets": [...],
"connections": [...], "sourceConnections": [...], "targetConnections": [...], "mappingSets": [...],
"flows": [...]}]}``. Every entry is the body of the create call, with its own ``id``; a schema's is the
last part of its ``$id``. All rules of the create calls hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson

from emulator.domain.errors import Refusal
from emulator.domain.identifiers import default_sandbox_id
from emulator.domain.kinds import CONNECTIONS, FLOWS, SOURCE_CONNECTIONS, TARGET_CONNECTIONS
from emulator.domain.tenant import Tenant
from emulator.edge.call import fault
from emulator.engine.world import World
from emulator.services.catalog import Catalog
from emulator.services.flow.entities import Entities
from emulator.services.mapping import MappingSets
from emulator.services.registry import Schemas
from emulator.store import reset, sandboxes
from emulator.store.database import AlreadyThere, Transaction
from emulator.store.sandboxes import DEFAULT_SANDBOX, Sandbox

Document = dict[str, Any]
FORMAT = 1
_CLIENT = "seed"
_ORDER = (
    "schemas",
    "dataSets",
    "mappingSets",
    CONNECTIONS.name,
    SOURCE_CONNECTIONS.name,
    TARGET_CONNECTIONS.name,
    FLOWS.name,
)


class BadSeed(Exception):
    """A seed that cannot be used; the message names file and place."""


class Seeds:
    """The seed of one server, read once and applied when needed."""

    def __init__(self, world: World, paths: Sequence[Path]) -> None:
        self._world = world
        self._files = [(path, _read(path)) for path in _files(paths)]
        self._entities = Entities(world)
        self._schemas = Schemas(world)
        self._catalog = Catalog(world)
        self._mapping_sets = MappingSets(world)

    def apply_to_empty(self) -> None:
        """Seed a database that has seen no organisation yet; one with state stays as it is."""
        try:
            with self._world.database.writing() as tx:
                if reset.is_empty(tx):
                    self.apply(tx)
        except AlreadyThere:
            # Another worker seeded the same database first.
            return
        self._world.on_schedule_change()

    def apply(self, tx: Transaction, only: tuple[str, str] | None = None) -> None:
        """Create everything, or what belongs to one organisation and sandbox. Raises ``BadSeed``."""
        for path, document in self._files:
            for index, part in enumerate(document["tenants"]):
                home = (part["org"], part.get("sandbox", DEFAULT_SANDBOX))
                if only is None or only == home:
                    self._apply_tenant(tx, f"{path}: tenants[{index}]", part, *home)

    def _apply_tenant(self, tx: Transaction, where: str, part: Document, org: str, name: str) -> None:
        for kind in _ORDER:
            for index, entry in enumerate(part.get(kind, ())):
                place = f"{where}.{kind}[{index}]"
                if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
                    raise BadSeed(f"{place}: every entry is an object with an id")
                try:
                    self._create(tx, self._tenant(tx, org, name), kind, entry)
                except Refusal as refusal:
                    raise BadSeed(f"{place}: {refusal.message}") from refusal

    def _tenant(self, tx: Transaction, org: str, name: str) -> Tenant:
        found = sandboxes.find(tx, org, name)
        if found is None:
            kind = "production" if name == DEFAULT_SANDBOX else "development"
            now, author = self._world.clock.now(), f"{_CLIENT}@AdobeID"
            sandbox_id = default_sandbox_id(org, name)
            found = Sandbox(org, name, sandbox_id, name.capitalize(), kind, "active", now, author)
            sandboxes.create(tx, found)
        return Tenant(org, name, found.id, f"{_CLIENT}@AdobeID", _CLIENT, found.type)

    def _create(self, tx: Transaction, tenant: Tenant, kind: str, entry: Document) -> None:
        body = {name: value for name, value in entry.items() if name != "id"}
        if kind == "schemas":
            self._schemas.create_in(tx, tenant, body, entry["id"])
        elif kind == "dataSets":
            self._catalog.create_dataset_in(tx, tenant, body, entry["id"])
        elif kind == "mappingSets":
            self._mapping_sets.create_in(tx, tenant, body, entry["id"])
        else:
            chosen = next(k for k in (CONNECTIONS, SOURCE_CONNECTIONS, TARGET_CONNECTIONS, FLOWS) if k.name == kind)
            self._entities.create_in(tx, chosen, tenant, body, entry["id"])


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        yield from sorted(path.rglob("*.json")) if path.is_dir() else [path]


def _read(path: Path) -> Document:
    try:
        document = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise BadSeed(f"{path}: not JSON: {fault(error)}") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise BadSeed(f'{path}: expected an object with "format": {FORMAT}')
    tenants = document.get("tenants")
    if not isinstance(tenants, list):
        raise BadSeed(f"{path}: tenants must be an array")
    for index, part in enumerate(tenants):
        if not isinstance(part, dict) or not isinstance(part.get("org"), str):
            raise BadSeed(f"{path}: tenants[{index}].org must be a text")
        unknown = sorted(set(part) - {"org", "sandbox", *_ORDER})
        if unknown:
            raise BadSeed(f"{path}: tenants[{index}] has unknown keys: {', '.join(unknown)}")
    return document
