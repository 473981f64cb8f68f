"""Connection specs and flow specs, for reading. They are the same in every organisation and sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.domain.errors import Refusal
from emulator.domain.filters import EQUALITY, holds, parse_filters
from emulator.domain.kinds import CONNECTION_SPECS, FLOW_SPECS, Kind
from emulator.edge.call import Answer, Call
from emulator.engine.world import World
from emulator.services.flow.entities import not_found


class Specs:
    """The spec operations."""

    def __init__(self, world: World) -> None:
        self._specs = world.specs

    def connection_specs(self, call: Call) -> Answer:
        documents = {spec.id: spec.document for spec in self._specs.connections.values()}
        return _list(CONNECTION_SPECS, call, documents, self._specs.connection_bodies)

    def connection_spec(self, call: Call) -> Answer:
        call.query.check(())
        spec = self._specs.connections.get(call.params["id"])
        return _one(CONNECTION_SPECS, call, self._specs.connection_bodies.get(spec.id) if spec else None)

    def flow_specs(self, call: Call) -> Answer:
        documents = {spec.id: spec.document for spec in self._specs.flows.values()}
        return _list(FLOW_SPECS, call, documents, self._specs.flow_bodies)

    def flow_spec(self, call: Call) -> Answer:
        call.query.check(())
        return _one(FLOW_SPECS, call, self._specs.flow_bodies.get(call.params["id"]))


def _one(kind: Kind, call: Call, body: bytes | None) -> Answer:
    if body is None:
        raise not_found(kind, call.params["id"])
    return Answer(200, b'{"items":[' + body + b"]}")


def _list(kind: Kind, call: Call, documents: Mapping[str, dict[str, Any]], bodies: Mapping[str, bytes]) -> Answer:
    call.query.check(("property",))
    conditions = parse_filters(call.query.all("property"), kind)
    for condition in conditions:
        if condition.op not in EQUALITY:
            raise Refusal(
                "FLOW-1448-400", operator=condition.op, name=condition.path, hint="Specs are filtered by == or !=."
            )
    chosen = [
        bodies[spec_id]
        for spec_id, document in documents.items()
        if all(holds(condition, document) for condition in conditions)
    ]
    return Answer(200, b'{"items":[' + b",".join(chosen) + b'],"_links":{}}')
