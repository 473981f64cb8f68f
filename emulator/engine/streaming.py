"""Messages that arrive at an inlet: which flow they belong to, and their way into its dataset."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from emulator.domain.kinds import BATCHES, CONNECTIONS, FLOWS, SOURCE_CONNECTIONS
from emulator.domain.mapping import MappingProblem
from emulator.domain.tenant import Tenant, as_service
from emulator.engine import landing
from emulator.engine.world import World
from emulator.store import inlets, records, resources
from emulator.store.database import Transaction
from emulator.store.inlets import Inlet

Document = dict[str, Any]
HOUR_MS = 3_600_000


class Entrance(NamedTuple):
    """An inlet with what its owner says of it."""

    tenant: Tenant
    owner: Inlet
    data_type: str
    needs_token: bool


@dataclass
class _OpenBatch:
    """The batch that this process fills for one flow during one hour."""

    hour: int
    batch: str
    dataset: str
    filled: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Streaming:
    """Takes messages for flows. Each process fills batches of its own, one per flow and hour."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._open: dict[tuple[str, str, str], _OpenBatch] = {}
        self._opening = threading.Lock()

    def entrance(self, tx: Transaction, inlet_id: str) -> Entrance | None:
        owner = inlets.find(tx, inlet_id)
        if owner is None:
            return None
        tenant = as_service(Tenant(owner.org, owner.sandbox, owner.sandbox_id, "", ""))
        if owner.kind == FLOWS.name:
            return Entrance(tenant, owner, "raw", False)
        connection = resources.read(tx, tenant, CONNECTIONS, owner.owner)
        if connection is None:
            return None
        params = connection["auth"]["params"]
        needs_token = str(params.get("authenticationRequired", False)).lower() == "true"
        return Entrance(tenant, owner, params["dataType"], needs_token)

    def flows(self, tx: Transaction, entrance: Entrance) -> list[str]:
        """Ids of the flows that the inlet feeds, oldest first."""
        tenant, owner = entrance.tenant, entrance.owner
        if owner.kind == FLOWS.name:
            return [owner.owner]
        sources = resources.linked(tx, tenant, SOURCE_CONNECTIONS, "baseConnectionId", owner.owner)
        return [
            flow for source in sources for flow in resources.linked(tx, tenant, FLOWS, "sourceConnectionIds[]", source)
        ]

    def take(self, tx: Transaction, entrance: Entrance, flow: Document, messages: list[Document]) -> None:
        """Map and land messages of one flow. Raises ``MappingProblem`` when they cannot be."""
        tenant = entrance.tenant
        stored = resources.read_stored(tx, tenant, FLOWS, flow["id"])
        if stored is None:
            raise MappingProblem(f"the flow {flow['id']} was deleted", landing.INGESTION_ERROR)
        dataset = landing.dataset_of(tx, tenant, stored)
        mapper = None if entrance.data_type == "xdm" else landing.mapper_of(self._world, tx, tenant, flow, dataset)
        bodies = landing.map_all(mapper, messages).bodies
        batch = self._batch(tx, tenant, flow["id"], dataset)
        with batch.lock:
            first, batch.filled = batch.filled, batch.filled + len(bodies)
        records.land(tx, tenant, dataset, batch.batch, None, bodies, first)

    def _batch(self, tx: Transaction, tenant: Tenant, flow_id: str, dataset: str) -> _OpenBatch:
        now = self._world.clock.now()
        key, hour = (tenant.org, tenant.sandbox, flow_id), now // HOUR_MS
        with self._opening:
            batch = self._open.get(key)
            if (
                batch is not None
                and batch.hour == hour
                and batch.dataset == dataset
                and self._is_there(tx, tenant, batch)
            ):
                return batch
            batch = _OpenBatch(hour, self._world.ids.batch(now), dataset)
            state = landing.BatchState("processing", {"flowId": [flow_id]})
            landing.create_batch(self._world, tx, tenant, dataset, batch.batch, state)
            self._open[key] = batch
            return batch

    def _is_there(self, tx: Transaction, tenant: Tenant, batch: _OpenBatch) -> bool:
        """A reset, or a transaction that was undone, may have taken the batch away."""
        return resources.is_there(tx, tenant, BATCHES, batch.batch)
