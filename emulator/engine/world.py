"""What a server is made of: database, clock, ids, specs and sample data, handed to whatever acts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from emulator.domain.identifiers import Identifiers
from emulator.domain.kinds import CONNECTION_SPECS, FLOW_SPECS, Kind
from emulator.domain.language.values import Surroundings
from emulator.domain.lookup import Lookup
from emulator.domain.specs import Catalogue, Specs
from emulator.domain.tenant import Tenant
from emulator.engine.clock import Clock
from emulator.engine.sources.samples import Samples
from emulator.store import resources
from emulator.store.database import Database, Transaction
from emulator.store.sandboxes import DEFAULT_SANDBOX, KnownSandboxes


@dataclass
class World:
    """The parts of one running server. ``on_schedule_change`` tells the ticker to look again."""

    database: Database
    clock: Clock
    ids: Identifiers
    catalogue: Catalogue
    samples: Samples
    sandboxes: KnownSandboxes
    on_schedule_change: Callable[[], None] = field(default=lambda: None)
    # Tells the courier that there is something to deliver.
    on_notice: Callable[[], None] = field(default=lambda: None)
    # Held by whoever makes runs or moves the clock.
    stepping: threading.RLock = field(default_factory=threading.RLock)

    @cached_property
    def surroundings(self) -> Surroundings:
        """What expressions of mapping sets take from outside."""
        return Surroundings(lambda: datetime.fromtimestamp(self.clock.now() / 1000, UTC), self.ids.uuid)

    def specs(self, tx: Transaction, tenant: Tenant) -> Specs:
        """The specs in force for an organisation."""
        return Specs(self.catalogue, lookup(tx, tenant))


def lookup(tx: Transaction, tenant: Tenant) -> Lookup:
    """Finds what is stored for a tenant."""
    home = spec_home(tenant)

    def find(kind: Kind, resource_id: str) -> dict[str, Any] | None:
        return resources.read(tx, home if kind in (CONNECTION_SPECS, FLOW_SPECS) else tenant, kind, resource_id)

    return find


def spec_home(tenant: Tenant) -> Tenant:
    """Where an organisation's own specs lie: documented to be the same in all its sandboxes."""
    return replace(tenant, sandbox=DEFAULT_SANDBOX)
