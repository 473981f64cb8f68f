"""What a server is made of: database, clock, ids, specs and sample data, handed to whatever acts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from emulator.domain.connections import Admitted
from emulator.domain.identifiers import Identifiers
from emulator.domain.kinds import CONNECTION_SPECS, FLOW_SPECS, Kind
from emulator.domain.language.values import Surroundings
from emulator.domain.lookup import Lookup
from emulator.domain.specs import Catalogue, Specs
from emulator.domain.tenant import Tenant, as_service
from emulator.engine.clock import Clock
from emulator.engine.sources.samples import Samples
from emulator.store import resources, sandboxes
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
    # Organisation and sandbox in which micro-batches have counted something that nobody has written down yet.
    # A sandbox gets in once that is committed: whoever wrote it down before would see none of it.
    unsettled: set[tuple[str, str]] = field(default_factory=set)
    # Held while that is written down, so that nobody who looks meanwhile sees less than has been counted.
    settling: threading.Lock = field(default_factory=threading.Lock)
    # What else remembers stored state, and forgets it when that is replaced; and how often it has been.
    on_upheaval: list[Callable[[], None]] = field(default_factory=list)
    upheavals: int = 0
    # Hosts of other machines that may be called, in lower case.
    outgoing: frozenset[str] = frozenset()
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


def stored_lookup(tx: Transaction, tenant: Tenant) -> Callable[[Kind, str], Admitted | None]:
    """Finds it with the secrets that are kept beside."""

    def find(kind: Kind, resource_id: str) -> Admitted | None:
        stored = resources.read_stored(tx, tenant, kind, resource_id)
        return None if stored is None else Admitted(stored.document, stored.secrets)

    return find


def service_in(tx: Transaction, org: str, sandbox: str) -> Tenant | None:
    """The service itself as the one who acts in a sandbox; None where that is gone."""
    home = sandboxes.find(tx, org, sandbox)
    return None if home is None else as_service(Tenant(org, sandbox, home.id, "", ""))


def spec_home(tenant: Tenant) -> Tenant:
    """Where an organisation's own specs lie: documented to be the same in all its sandboxes."""
    return replace(tenant, sandbox=DEFAULT_SANDBOX)
