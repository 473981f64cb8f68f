"""Flow Service: connections, source and target connections, flows, runs and specs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from emulator.domain.kinds import (
    CONNECTION_SPECS,
    CONNECTIONS,
    FLOW_SPECS,
    FLOWS,
    RUNS,
    SOURCE_CONNECTIONS,
    TARGET_CONNECTIONS,
)
from emulator.edge.envelopes import flow_service
from emulator.edge.routing import Route, Service
from emulator.engine.world import World
from emulator.services.flow.actions import Actions
from emulator.services.flow.configs import Configs
from emulator.services.flow.entities import Entities
from emulator.services.flow.explore import Explore
from emulator.services.flow.lists import Lists
from emulator.services.flow.runs import Runs
from emulator.services.flow.search import Search
from emulator.services.flow.specs import Specs


def service(world: World) -> Service:
    entities, lists, specs = Entities(world), Lists(world), Specs(world)
    search, configs, explore = Search(world, lists, specs), Configs(world, entities), Explore(world)
    runs = Runs(world, entities)
    routes = [
        # Before {id}, which would take these words too.
        Route("POST", "/connections/search", partial(search.resources, CONNECTIONS)),
        Route("POST", "/flows/search", partial(search.resources, FLOWS)),
        Route("POST", "/flowSpecs/search", search.flow_specs),
        *_of_stored(entities, lists, Actions(world, entities)),
        Route("GET", "/connections/{id}/test", configs.test, slow=True),
        Route("GET", "/connections/{id}/explore", explore.connection, slow=True),
        Route("GET", "/connections/{id}/configs", configs.connection),
        Route("GET", "/flows/{id}/runs", lists.runs_of_flow),
        Route("GET", "/runs", partial(lists.page, RUNS)),
        Route("POST", "/runs", runs.create),
        Route("GET", "/runs/{id}", partial(entities.get, RUNS)),
        Route("PUT", "/runs/{id}", runs.replace),
        Route("POST", "/runs/{id}/action", runs.act),
        *_of_specs(specs),
        Route("GET", "/connectionSpecs/{id}/explore", explore.connection_spec),
        Route("GET", "/connectionSpecs/{id}/configs", configs.connection_spec),
    ]
    return Service("flow-service", "/data/foundation/flowservice", "tenant", flow_service, routes)


def _of_stored(entities: Entities, lists: Lists, actions: Actions) -> Iterator[Route]:
    for kind in (CONNECTIONS, SOURCE_CONNECTIONS, TARGET_CONNECTIONS, FLOWS):
        yield Route("POST", f"/{kind.name}", partial(entities.create, kind))
        yield Route("GET", f"/{kind.name}", partial(lists.page, kind))
        yield Route("GET", f"/{kind.name}/{{id}}", partial(entities.get, kind))
        yield Route("PATCH", f"/{kind.name}/{{id}}", partial(entities.patch, kind))
        yield Route("DELETE", f"/{kind.name}/{{id}}", partial(entities.delete, kind))
        yield Route("POST", f"/{kind.name}/{{id}}/action", partial(actions.act, kind))


def _of_specs(specs: Specs) -> Iterator[Route]:
    for kind in (CONNECTION_SPECS, FLOW_SPECS):
        yield Route("GET", f"/{kind.name}", partial(specs.list, kind))
        yield Route("POST", f"/{kind.name}", partial(specs.create, kind))
        yield Route("GET", f"/{kind.name}/{{id}}", partial(specs.get, kind))
        yield Route("PUT", f"/{kind.name}/{{id}}", partial(specs.replace, kind))
