"""Flow Service: connections, source and target connections, flows, runs and specs."""

from __future__ import annotations

from functools import partial

from emulator.domain.kinds import CONNECTIONS, FLOWS, RUNS, SOURCE_CONNECTIONS, TARGET_CONNECTIONS
from emulator.edge.envelopes import flow_service
from emulator.edge.routing import Route, Service
from emulator.engine.world import World
from emulator.services.flow.entities import Entities
from emulator.services.flow.explore import Explore
from emulator.services.flow.lists import Lists
from emulator.services.flow.specs import Specs


def service(world: World) -> Service:
    entities, lists, specs, explore = Entities(world), Lists(world), Specs(world), Explore(world)
    routes = []
    for kind in (CONNECTIONS, SOURCE_CONNECTIONS, TARGET_CONNECTIONS, FLOWS):
        routes += [
            Route("POST", f"/{kind.name}", partial(entities.create, kind)),
            Route("GET", f"/{kind.name}", partial(lists.page, kind)),
            Route("GET", f"/{kind.name}/{{id}}", partial(entities.get, kind)),
            Route("PATCH", f"/{kind.name}/{{id}}", partial(entities.patch, kind)),
            Route("DELETE", f"/{kind.name}/{{id}}", partial(entities.delete, kind)),
        ]
    routes += [
        Route("GET", "/connections/{id}/explore", explore.connection),
        Route("GET", "/flows/{id}/runs", lists.runs_of_flow),
        Route("GET", "/runs", partial(lists.page, RUNS)),
        Route("GET", "/runs/{id}", partial(entities.get, RUNS)),
        Route("GET", "/connectionSpecs", specs.connection_specs),
        Route("GET", "/connectionSpecs/{id}", specs.connection_spec),
        Route("GET", "/flowSpecs", specs.flow_specs),
        Route("GET", "/flowSpecs/{id}", specs.flow_spec),
    ]
    return Service("flow-service", "/data/foundation/flowservice", "tenant", flow_service, routes)
