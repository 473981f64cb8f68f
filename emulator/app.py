"""Composition: settings in, ASGI application out."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from secrets import token_hex

from starlette.types import ASGIApp

from emulator.domain.identifiers import Identifiers
from emulator.domain.specs import load_catalogue
from emulator.edge.dispatch import application
from emulator.edge.faults import Faults
from emulator.edge.gate import Gate, Watch
from emulator.edge.identity import Identity
from emulator.edge.journal import Journal
from emulator.edge.meter import Meter
from emulator.engine import micro_batches, timekeeping
from emulator.engine.courier import Courier
from emulator.engine.queries import Queries
from emulator.engine.sources.samples import Samples
from emulator.engine.ticker import Ticker
from emulator.engine.world import World
from emulator.services import (
    admin,
    admin_events,
    admin_faults,
    admin_metrics,
    admin_query,
    admin_requests,
    catalog,
    connectors,
    export,
    flow,
    ims,
    ingestion,
    inlet,
    mapping,
    older_inlets,
    query,
    registry,
    sandboxes,
)
from emulator.services.admin import Standing
from emulator.services.seeding import Seeds
from emulator.services.seeding.watching import Watch as SeedWatch
from emulator.settings import Settings, from_environment
from emulator.store.database import Database
from emulator.store.meta import next_number, read_or_set
from emulator.store.migrations import migrate
from emulator.store.sandboxes import KnownSandboxes


@dataclass(frozen=True)
class App:
    """A composed server: the ASGI application, the world behind it, and who delivers its events."""

    asgi: ASGIApp
    world: World
    courier: Courier
    key: str = field(repr=False)

    def token(self, client: str) -> str:
        """As the token endpoints give one."""
        return ims.issue(self.world, self.key, client)


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
    clock = timekeeping.start(database, settings.clock)
    known = KnownSandboxes(database)
    ids = Identifiers(settings.random_seed, next_number(database, "starts"))
    world = World(database, clock, ids, load_catalogue(), Samples(settings.sources), known)
    world.outgoing = frozenset(host.lower() for host in settings.outgoing)
    seeds = Seeds(world, settings.seed, keep_clock=settings.clock is not None)
    seeds.apply_to_empty()
    key = read_or_set(database, "token key", token_hex(32))
    identity = Identity(settings.auth, key, known, clock.now, settings.admin_token)
    standing = Standing(settings.shown())
    queries = Queries(world)
    services = [
        flow.service(world),
        *mapping.services(world),
        registry.service(world),
        catalog.service(world),
        export.service(world),
        ingestion.service(world),
        connectors.service(world),
        query.service(world, queries),
        sandboxes.service(world, identity),
        ims.service(world, key),
        inlet.service(world, identity, settings.inlet_rules()),
        older_inlets.service(world),
    ]
    standing.services = services
    watch = Watch(Journal(settings.journal), Meter(), Faults(database, clock.now))
    world.on_upheaval.append(watch.faults.refresh)
    more = [
        *admin_events.routes(world, token_hex),
        *admin_requests.routes(watch.journal),
        *admin_faults.routes(world, watch.faults.refresh, services),
        *admin_metrics.routes(watch, database.family),
        *admin_query.routes(world, queries),
    ]
    everything = [*services, admin.service(world, seeds, standing, more)]
    micro_batches.recall(world)
    world.on_upheaval.append(partial(micro_batches.recall, world))
    settle = partial(micro_batches.settle, world)
    gate = Gate(everything, identity, known, ids, clock.now, settings.public_url, database.inline, settle, watch)
    ticker = Ticker(world)
    world.on_schedule_change = ticker.wake
    admin_events.subscribe_fixed(world, settings.events, settings.events_secret, token_hex(32), _origin(settings))
    courier = Courier(world)
    world.on_notice = courier.wake
    watched = SeedWatch(seeds) if settings.watch else None

    @asynccontextmanager
    async def lifespan(_app: object) -> AsyncIterator[None]:
        ticker.start()
        courier.start()
        following = asyncio.create_task(gate.follow_faults())
        if watched is not None:
            watched.start()
        standing.ready = True
        try:
            yield
        finally:
            standing.ready = False
            following.cancel()
            if watched is not None:
                watched.stop()
            ticker.stop()
            courier.stop()
            gate.close()
            database.close()

    return App(application(gate, lifespan), world, courier, key)


def _origin(settings: Settings) -> str:
    """What links begin with that no request asked for; a path alone where the port is not known yet."""
    if settings.public_url is not None or settings.port == 0:
        return settings.public_url or ""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{settings.scheme}://{host}:{settings.port}"


def from_variables() -> ASGIApp:
    """The application of a worker process, which is told its settings by variables."""
    return create(from_environment(os.environ)).asgi
