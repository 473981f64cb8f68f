"""What a server is made of: database, clock, ids, specs and sample data, handed to whatever acts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from emulator.domain.identifiers import Identifiers
from emulator.domain.specs import Catalogue
from emulator.engine.clock import Clock
from emulator.engine.sources.samples import Samples
from emulator.store.database import Database
from emulator.store.sandboxes import KnownSandboxes


@dataclass
class World:
    """The parts of one running server. ``on_schedule_change`` tells the ticker to look again."""

    database: Database
    clock: Clock
    ids: Identifiers
    specs: Catalogue
    samples: Samples
    sandboxes: KnownSandboxes
    on_schedule_change: Callable[[], None] = field(default=lambda: None)
