"""Composition: settings in, ASGI application out."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from secrets import token_hex

from starlette.types import ASGIApp

from emulator.domain.identifiers import Identifiers
from emulator.domain.specs import load_catalogue
from emulator.edge.gate import Gate
from emulator.edge.identity import Identity
from emulator.engine.clock import Clock
from emulator.engine.sources.samples import Samples
from emulator.engine.ticker import Ticker
from emulator.engine.world import World
from emulator.services import admin, catalog, connectors, flow, ims, inlet, mapping, registry, sandboxes
from emulator.services.admin import Standing
from emulator.services.seeding import Seeds
from emulator.settings import Settings, from_environment
from emulator.store.database import Database
from emulator.store.meta import read_or_set
from emulator.store.migrations import migrate
from emulator.store.sandboxes import KnownSandboxes


@dataclass(frozen=True)
class App:
    """A composed server: the ASGI application and the world behind it."""

    asgi: ASGIApp
    world: World


def create(settings: Settings) -> App:
    """Opens the database and brings it up to date; seeds and runs begin with the application's lifespan.

    Raises ``UnusableDatabase`` and ``BadSeed``.
    """
    database = Database(settings.database)
    try:
        return _compose(settings, database)
    except BaseException:
        database.close()
        raise


def _compose(settings: Settings, database: Database) -> App:
    migrate(database)
    clock = Clock.from_setting(settings.clock)
    known = KnownSandboxes(database)
    ids = Identifiers(settings.random_seed)
    world = World(database, clock, ids, load_catalogue(), Samples(settings.sources), known)
    seeds = Seeds(world, settings.seed)
    seeds.apply_to_empty()
    key = read_or_set(database, "token key", token_hex(32))
    identity = Identity(settings.auth, key, known, clock.now)
    standing = Standing(settings.shown())
    services = [
        flow.service(world),
        *mapping.services(world),
        registry.service(world),
        catalog.service(world),
        connectors.service(world),
        sandboxes.service(world, identity),
        ims.service(world, key),
        inlet.service(world, identity),
    ]
    standing.services = services
    everything = [*services, admin.service(world, seeds, standing)]
    gate = Gate(everything, identity, known, ids, clock.now, settings.public_url, database.inline)
    ticker = Ticker(world)
    world.on_schedule_change = ticker.wake

    @asynccontextmanager
    async def lifespan(_app: object) -> AsyncIterator[None]:
        ticker.start()
        standing.ready = True
        try:
            yield
        finally:
            standing.ready = False
            ticker.stop()
            gate.close()
            database.close()

    return App(gate.application(lifespan), world)


def from_variables() -> ASGIApp:
    """The application of a worker process, which is told its settings by variables."""
    return create(from_environment(os.environ)).asgi
