"""``/__admin/flows/{id}/outcomes``: what the next runs of a flow are told to come to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import orjson

from emulator.domain.errors import Refusal
from emulator.domain.kinds import FLOWS
from emulator.domain.outcomes import read_all
from emulator.edge.call import Answer, Call, answer
from emulator.edge.routing import Route
from emulator.engine.world import World
from emulator.services.admin_tenants import home
from emulator.store import outcomes
from emulator.store.database import Transaction

_BAD = "ADMIN-BAD_REQUEST-400"


def routes(world: World) -> list[Route]:
    calls = AdminOutcomes(world)
    path = "/flows/{id}/outcomes"
    return [Route("GET", path, calls.show), Route("POST", path, calls.add), Route("DELETE", path, calls.clear)]


class AdminOutcomes:
    """The operations on scripted outcomes. A flow is found by its id; tenant headers choose among several."""

    def __init__(self, world: World) -> None:
        self._world = world

    def show(self, call: Call) -> Answer:
        call.query.check((), _BAD)
        with self._world.database.reading() as tx:
            return _waiting(tx, *self._flow(tx, call))

    def add(self, call: Call) -> Answer:
        call.query.check((), _BAD)
        body = call.json()
        if body is None:
            raise Refusal(_BAD, detail='Send a list of outcomes such as [{"status": "failed"}].')
        entries = read_all(body)
        with self._flow_for_writing(call) as (tx, flow):
            for entry in entries:
                outcomes.add(tx, *flow, orjson.dumps(entry).decode())
            return _waiting(tx, *flow)

    def clear(self, call: Call) -> Answer:
        """What no run has taken yet is forgotten."""
        call.query.check((), _BAD)
        with self._flow_for_writing(call) as (tx, flow):
            outcomes.remove(tx, *flow)
        return Answer(204, b"")

    @contextmanager
    def _flow_for_writing(self, call: Call) -> Iterator[tuple[Transaction, tuple[str, str, str]]]:
        with self._world.database.writing() as tx:
            yield tx, self._flow(tx, call)

    def _flow(self, tx: Transaction, call: Call) -> tuple[str, str, str]:
        flow = call.params["id"]
        return (*home(tx, call, FLOWS, "flow", flow), flow)


def _waiting(tx: Transaction, org: str, sandbox: str, flow: str) -> Answer:
    waiting = [orjson.loads(one.body) for one in outcomes.waiting(tx, org, sandbox, flow)]
    return answer({"waiting": waiting, "count": len(waiting)})
