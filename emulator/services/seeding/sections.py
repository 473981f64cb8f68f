"""What a seed can hold of each kind of resource: one row a kind. A new kind is one more row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from emulator.domain.identifiers import Identifiers
from emulator.domain.kinds import (
    CONNECTIONS,
    DATASETS,
    FLOWS,
    MAPPING_SETS,
    SCHEMAS,
    SOURCE_CONNECTIONS,
    TARGET_CONNECTIONS,
    Kind,
)
from emulator.domain.tenant import Tenant
from emulator.domain.xdm_library import SCHEMA
from emulator.engine.world import World
from emulator.services.catalog.datasets import Catalog
from emulator.services.flow.entities import Entities
from emulator.services.mapping import MappingSets
from emulator.services.registry.resources import Resources
from emulator.services.seeding import belongings
from emulator.store.database import Transaction

Document = dict[str, Any]
CONNECTION_SPECS, FLOW_SPECS = "connectionSpecs", "flowSpecs"


class Makers:
    """The services that make resources."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.entities = Entities(world)
        self.schemas = Resources(world, SCHEMA)
        self.catalog = Catalog(world)
        self.mapping_sets = MappingSets(world)


@dataclass(frozen=True)
class Making:
    """One resource on its way: who makes it, and what a document says beside the body of the create call."""

    makers: Makers
    tx: Transaction
    tenant: Tenant
    extras: Document = field(default_factory=dict)

    @property
    def world(self) -> World:
        return self.makers.world


# Makes a resource of its body under an id; returns the id by which others refer to it.
Make = Callable[[Making, Document, str], str]
# Adds what belongs to a resource: its id, and what the document says.
Add = Callable[[Making, str, Any], None]


@dataclass(frozen=True)
class Section:
    """One kind in a seed.

    ``called_by`` is the field that holds its name. ``refers`` are the fields that name others by name or id,
    each with the section it names; ``short`` those that may be a text alone, which is then their ``id``.
    ``extras`` are keys of an entry that are no part of the create call's body.
    """

    kind: Kind
    new_id: Callable[[Identifiers], str]
    make: Make
    called_by: str = "name"
    refers: dict[str, str] = field(default_factory=dict)
    short: tuple[str, ...] = ()
    extras: dict[str, Add] = field(default_factory=dict)
    takes_mode: bool = False

    @property
    def name(self) -> str:
        return self.kind.name

    def id_of(self, org: str, sandbox: str, name: str, number: int) -> str:
        """The id of an entry that brings none: the same at every start and on every server."""
        text = "\n".join((org, sandbox, self.name, name, str(number)))
        return self.new_id(Identifiers(int.from_bytes(sha256(text.encode()).digest()[:8])))


def _schema(making: Making, body: Document, own_id: str) -> str:
    made: str = making.makers.schemas.create_in(making.tx, making.tenant, body, own_id)["$id"]
    return made


def _dataset(making: Making, body: Document, own_id: str) -> str:
    making.makers.catalog.create_dataset_in(making.tx, making.tenant, body, own_id)
    return own_id


def _mapping_set(making: Making, body: Document, own_id: str) -> str:
    making.makers.mapping_sets.create_in(making.tx, making.tenant, body, own_id)
    return own_id


def _entity(kind: Kind) -> Make:
    def make(making: Making, body: Document, own_id: str) -> str:
        draft = making.extras.get("mode") == "draft"
        making.makers.entities.create_in(making.tx, kind, making.tenant, body, own_id, draft)
        return own_id

    return make


def _put_data(making: Making, own_id: str, given: Any) -> None:
    belongings.put_data(making.world, making.tx, making.tenant, own_id, given)


def _land(making: Making, own_id: str, given: Any) -> None:
    belongings.land(making.world, making.tx, making.tenant, own_id, given)


def _script(making: Making, own_id: str, given: Any) -> None:
    belongings.script(making.tx, making.tenant, own_id, given)


_OF_SPEC = {"connectionSpec.id": CONNECTION_SPECS}

# In the order in which they can be made: what refers comes after what it refers to.
SECTIONS = (
    Section(SCHEMAS, Identifiers.schema, _schema, "title"),
    Section(
        DATASETS,
        Identifiers.dataset,
        _dataset,
        refers={"schemaRef.id": SCHEMAS.name},
        short=("schemaRef",),
        extras={"records": _land},
    ),
    Section(
        MAPPING_SETS,
        Identifiers.mapping_set,
        _mapping_set,
        refers={
            "xdmSchema": SCHEMAS.name,
            "schemaRef.id": SCHEMAS.name,
            "outputSchema.schemaRef.id": SCHEMAS.name,
        },
        short=("schemaRef",),
    ),
    Section(
        CONNECTIONS,
        Identifiers.uuid,
        _entity(CONNECTIONS),
        refers=_OF_SPEC,
        short=("connectionSpec",),
        extras={"data": _put_data},
        takes_mode=True,
    ),
    Section(
        SOURCE_CONNECTIONS,
        Identifiers.uuid,
        _entity(SOURCE_CONNECTIONS),
        refers={**_OF_SPEC, "baseConnectionId": CONNECTIONS.name},
        short=("connectionSpec",),
        takes_mode=True,
    ),
    Section(
        TARGET_CONNECTIONS,
        Identifiers.uuid,
        _entity(TARGET_CONNECTIONS),
        refers={
            **_OF_SPEC,
            "baseConnectionId": CONNECTIONS.name,
            "data.schema.id": SCHEMAS.name,
            "params.dataSetId": DATASETS.name,
        },
        short=("connectionSpec", "data.schema"),
        takes_mode=True,
    ),
    Section(
        FLOWS,
        Identifiers.uuid,
        _entity(FLOWS),
        refers={
            "flowSpec.id": FLOW_SPECS,
            "sourceConnectionIds[]": SOURCE_CONNECTIONS.name,
            "targetConnectionIds[]": TARGET_CONNECTIONS.name,
            "transformations[].params.mappingId": MAPPING_SETS.name,
        },
        short=("flowSpec",),
        extras={"outcomes": _script},
        takes_mode=True,
    ),
)
BY_NAME = {section.name: section for section in SECTIONS}
