"""Runs: asked for, triggered again, and written by a provider.

The answer to ``POST /runs`` is published in three shapes. Flows of files and tables, which the current
guide to runs on demand is about, get its envelope; those of REST sources, about which no guide says
anything, what the API reference says; who asks in the form of the first tutorial gets its whole run.
"""

from __future__ import annotations

from typing import Any

from emulator.domain import audit, etags, run_states
from emulator.domain.kinds import FLOWS, RUNS
from emulator.domain.run_requests import (
    ENDED,
    RunRequest,
    admit_update,
    check_retrigger,
    read_create,
    with_delta_column,
)
from emulator.domain.tenant import Tenant, as_service
from emulator.edge.call import Answer, Call, answer
from emulator.engine import progress
from emulator.engine.attempt import new_run, note_last_run
from emulator.engine.world import World, lookup
from emulator.services.flow.entities import Entities
from emulator.store import pending_runs, resources
from emulator.store.database import Contended, Transaction
from emulator.store.pending_runs import Pending

Document = dict[str, Any]
_SCHEDULED = {"metrics": run_states.waits(run_states.SCHEDULED), "activities": []}


class Runs:
    """What can be done to runs besides reading them."""

    def __init__(self, world: World, entities: Entities) -> None:
        self._world = world
        self._entities = entities

    def create(self, call: Call) -> Answer:
        call.query.check(())
        body, tenant = call.json_object(), call.tenant
        with self._world.database.writing() as tx:
            find, specs = lookup(tx, tenant), self._world.specs(tx, tenant)
            request = read_create(body, specs, find, self._world.clock.now())
            self._keep_delta_column(tx, tenant, request)
            made = self._ask(tx, tenant, request.flow, request.start, request.params)
        self._world.on_schedule_change()
        return answer(_asked_for(request, made), 201)

    def _keep_delta_column(self, tx: Transaction, tenant: Tenant, request: RunRequest) -> None:
        if request.delta_column is None:
            return
        flow_id, etag = request.flow["id"], self._world.ids.etag(self._world.clock.now())
        stored = resources.read_stored(tx, tenant, FLOWS, flow_id)
        assert stored is not None
        flow = with_delta_column(stored.document, request.delta_column)
        document = audit.changed(flow, as_service(tenant), self._world.clock.now(), etag)
        if not resources.replace(tx, tenant, FLOWS, flow_id, document, stored.etag, etag, stored.secrets):
            raise Contended(f"flow {flow_id} was changed")

    def _ask(self, tx: Transaction, tenant: Tenant, flow: Document, due: int, params: Document | None) -> Document:
        """A new run that waits for its time. Returns all of it."""
        now, run_id = self._world.clock.now(), self._world.ids.uuid()
        etag = self._world.ids.etag(now)
        body = {"flowId": flow["id"], "flowSpec": flow["flowSpec"], "params": params, **_SCHEDULED}
        run = new_run(body, run_id, tenant, now, etag)
        resources.create(tx, tenant, RUNS, run_id, run, etag)
        pending_runs.create(tx, Pending(tenant.org, tenant.sandbox, run_id, flow["id"], due))
        return run

    def act(self, call: Call) -> Answer:
        """Documented: a new run of the same window, and its id."""
        call.query.check(("op",))
        tenant = call.tenant
        with self._world.database.writing() as tx:
            stored = self._entities.stored(tx, RUNS, call)
            if call.headers.get("if-match") is not None:
                etags.check(call.headers["if-match"], stored.etag)
            find = lookup(tx, tenant)
            check_retrigger(call.query.one("op"), stored.document, find, self._world.specs(tx, tenant))
            flow = find(FLOWS, stored.document["flowId"])
            assert flow is not None
            made = self._ask(tx, tenant, flow, self._world.clock.now(), stored.document.get("params"))
        self._world.on_schedule_change()
        return answer(_id_and_etag(made))

    def replace(self, call: Call) -> Answer:
        """A provider's figures in the place of the run's; a run that has ended shows in its flow."""
        call.query.check(())
        body, tenant = call.json_object(), call.tenant
        with self._world.database.writing() as tx:
            stored = self._entities.stored(tx, RUNS, call)
            etags.check(call.headers.get("if-match"), stored.etag)
            wanted = admit_update(body, stored.document, lookup(tx, tenant))
            now = self._world.clock.now()
            etag = self._world.ids.etag(now)
            document = audit.changed(wanted, tenant, now, etag)
            if not resources.replace(tx, tenant, RUNS, document["id"], document, stored.etag, etag):
                raise Contended(f"run {document['id']} was changed")
            if document["metrics"]["statusSummary"]["status"] in ENDED:
                self._end(tx, tenant, document)
        location = f"{call.origin}/data/foundation/flowservice/runs/{document['id']}"
        return answer(document, 200, {"location": location})

    def _end(self, tx: Transaction, tenant: Tenant, run: Document) -> None:
        """The provider's word stands: what was being made of the run is given up, and its flow shows it."""
        pending = pending_runs.find(tx, tenant.org, tenant.sandbox, run["id"])
        if pending is not None and pending_runs.claim(tx, pending):
            progress.clear(tx, as_service(tenant), pending)
        flow = resources.read_stored(tx, tenant, FLOWS, run["flowId"])
        if flow is not None:
            note_last_run(self._world, tx, as_service(tenant), flow, run["id"], run["metrics"])


def _id_and_etag(run: Document) -> Document:
    return {name: run[name] for name in ("id", "etag")}


def _asked_for(request: RunRequest, run: Document) -> Document:
    if request.params is None:
        return run
    return {"items": [_id_and_etag(run)]} if request.family in ("file", "table") else _id_and_etag(run)
