"""Inlets: who owns one, which flows it feeds, and what becomes of a record on its way into their datasets."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from emulator.domain.kinds import CONNECTIONS, DATASETS, FLOWS, SOURCE_CONNECTIONS
from emulator.domain.mapping import Fault, Mapper, MappingProblem
from emulator.domain.tenant import Tenant, as_service
from emulator.domain.xdm_validation import Validator, Violation, summary
from emulator.engine import landing, schemas
from emulator.engine.world import World
from emulator.store import inlets, resources
from emulator.store.database import Transaction
from emulator.store.inlets import Inlet
from emulator.store.rejected import Rejected
from emulator.store.resources import Stored

Document = dict[str, Any]
# So many inlets are remembered with everything that a message needs.
_REMEMBERED = 500
# So many flows can read from one inlet.
MOST_FLOWS = 1000


class Judged(NamedTuple):
    """What became of a record: what lands as JSON text and its size in bytes, or why it does not."""

    body: str | None
    faults: list[Fault]
    size: int = 0
    rejected: Rejected | None = None
    violations: tuple[Violation, ...] = ()


@dataclass(frozen=True)
class Channel:
    """The way from an inlet into a dataset. ``flow`` is empty where messages name a dataset and no flow reads.

    ``fault`` says why no record can go it, ``is_gone`` that there is no such dataset any more. ``created`` in
    milliseconds.
    """

    flow: str
    dataset: str
    target: str = ""
    enabled: bool = True
    created: int = 0
    schema: str | None = None
    mapper: Mapper | None = None
    validator: Validator | None = None
    fault: MappingProblem | None = None
    is_gone: bool = False

    def judge(self, record: Document, message: Any) -> Judged:
        """Map a record and hold it against the schema; ``message`` is what is kept of one that does not land."""
        if self.fault is not None:
            return _lost(self.fault.code, str(self.fault), self.fault.field, message)
        faults: list[Fault] = []
        if self.mapper is not None:
            try:
                record, faults = self.mapper.mapped(record)
            except MappingProblem as problem:
                return _lost(problem.code, str(problem), problem.field, message)
        if self.validator is not None and not self.validator.is_valid(record):
            found = tuple(self.validator.violations(record))
            first = found[0]
            return _lost(first.code, summary(found), first.pointer, message, found)
        body = orjson.dumps(record)
        return Judged(body.decode(), faults, len(body))


def _lost(code: str, text: str, at: str | None, message: Any, violations: tuple[Violation, ...] = ()) -> Judged:
    return Judged(None, [], 0, Rejected(code, text, at, kept(message)), violations)


def kept(message: Any) -> str:
    """A message as lines of failed batches show it: a JSON object as text."""
    whole = message if isinstance(message, dict) else {"_corrupt_record": orjson.dumps(message).decode()}
    return orjson.dumps(whole).decode()


@dataclass
class Entrance:
    """An inlet with what its owner says of it, and the flows it feeds, oldest first, by id."""

    tenant: Tenant
    owner: Inlet
    data_type: str
    needs_token: bool
    channels: dict[str, Channel]
    # Where XDM messages that name no flow go, by dataset.
    direct: dict[str, Channel] = field(default_factory=dict)


class Inlets:
    """Finds inlets. What was found is remembered as long as nothing has been written that could change it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._known: OrderedDict[str, tuple[tuple[int, ...], Entrance]] = OrderedDict()

    def find(self, tx: Transaction, inlet_id: str) -> Entrance | None:
        revision = tx.revision()
        known = self._known.get(inlet_id)
        if known is not None and known[0] == revision:
            return known[1]
        entrance = self._read(tx, inlet_id)
        if entrance is not None and revision is not None:
            self._known[inlet_id] = (revision, entrance)
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return entrance

    def _read(self, tx: Transaction, inlet_id: str) -> Entrance | None:
        owner = inlets.find(tx, inlet_id)
        if owner is None:
            return None
        tenant = as_service(Tenant(owner.org, owner.sandbox, owner.sandbox_id, "", ""))
        if owner.kind == FLOWS.name:
            return Entrance(tenant, owner, "raw", False, self._channels(tx, tenant, [owner.owner], "raw"))
        connection = resources.read(tx, tenant, CONNECTIONS, owner.owner)
        if connection is None:
            return None
        params = connection["auth"]["params"]
        needs_token = str(params.get("authenticationRequired", False)).lower() == "true"
        sources = resources.linked(tx, tenant, SOURCE_CONNECTIONS, "baseConnectionId", owner.owner, MOST_FLOWS)
        flows = [
            flow
            for source in sources
            for flow in resources.linked(tx, tenant, FLOWS, "sourceConnectionIds[]", source, MOST_FLOWS)
        ]
        data_type: str = params["dataType"]
        return Entrance(tenant, owner, data_type, needs_token, self._channels(tx, tenant, flows, data_type))

    def _channels(self, tx: Transaction, tenant: Tenant, flows: list[str], data_type: str) -> dict[str, Channel]:
        stored = {flow: resources.read_stored(tx, tenant, FLOWS, flow) for flow in flows}
        return {name: self._channel(tx, tenant, flow, data_type) for name, flow in stored.items() if flow is not None}

    def _channel(self, tx: Transaction, tenant: Tenant, stored: Stored, data_type: str) -> Channel:
        flow = stored.document
        name, enabled, created = flow["id"], flow["state"] == "enabled", flow["createdAt"]
        target = flow["targetConnectionIds"][0]
        dataset = landing.parameters(tx, tenant, stored)["target"].get("dataSetId", "")
        if not resources.is_there(tx, tenant, DATASETS, dataset):
            return Channel(name, dataset, target, enabled, created, is_gone=True)
        try:
            mapper = None if data_type == "xdm" else landing.mapper_of(self._world, tx, tenant, flow, dataset)
        except MappingProblem as problem:
            return Channel(name, dataset, target, enabled, created, fault=problem)
        schema, validator = _checks(tx, tenant, dataset)
        return Channel(name, dataset, target, enabled, created, schema, mapper, validator)

    def direct(self, tx: Transaction, entrance: Entrance, dataset: str) -> Channel | None:
        """The way of XDM messages into a dataset that no flow is named for, None where there is no such dataset."""
        known = entrance.direct.get(dataset)
        if known is None and resources.is_there(tx, entrance.tenant, DATASETS, dataset):
            schema, validator = _checks(tx, entrance.tenant, dataset)
            known = entrance.direct[dataset] = Channel("", dataset, schema=schema, validator=validator)
        return known


def _checks(tx: Transaction, tenant: Tenant, dataset: str) -> tuple[str | None, Validator | None]:
    texts = schemas.texts_of(tx, tenant, dataset)
    if texts is None:
        return None, None
    return orjson.loads(texts[0])["$id"], schemas.validator(texts)
