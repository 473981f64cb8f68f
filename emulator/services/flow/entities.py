"""Create, get, patch and delete of base, source and target connections and of flows."""

from __future__ import annotations

from typing import Any

from emulator.domain import audit, etags, json_patch, schedule
from emulator.domain.connections import (
    Admitted,
    admit_connection,
    admit_source_connection,
    admit_target_connection,
    with_secrets,
)
from emulator.domain.errors import Refusal
from emulator.domain.flows import admit_flow
from emulator.domain.kinds import CONNECTIONS, FLOWS, SOURCE_CONNECTIONS, Kind
from emulator.domain.metrics import ORIGIN
from emulator.domain.specs import HTTP_STREAMING
from emulator.domain.tenant import Tenant
from emulator.edge.call import Answer, Call, answer, no_content
from emulator.engine.world import World
from emulator.store import inlets, resources, schedules
from emulator.store.database import Contended, Transaction
from emulator.store.resources import Stored

Document = dict[str, Any]

# What the service makes by itself; in a create it is left out, in a patch it is refused.
_SERVICE_MADE = ("inheritedAttributes", "runs", "lastOperation", "lastRunDetails", "providerRefId")
# The spec decides what a flow is; another one makes another flow. (A connection's has a code of its own.)
_FIXED = (*_SERVICE_MADE, "flowSpec")
# Where flows name what may not be deleted under them, and the code that says so.
_USERS = {
    "connections": (
        "FLOW-1418-400",
        (
            "inheritedAttributes.sourceConnections[].baseConnection.id",
            "inheritedAttributes.targetConnections[].baseConnection.id",
        ),
    ),
    "sourceConnections": ("FLOW-1447-400", ("sourceConnectionIds[]",)),
    "targetConnections": ("FLOW-1447-400", ("targetConnectionIds[]",)),
}


class Entities:
    """The operations on one resource."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._database = world.database

    def create(self, kind: Kind, call: Call) -> Answer:
        call.query.check(())
        body, resource_id = call.json_object(), self._world.ids.uuid()
        with self._database.writing() as tx:
            etag = self.create_in(tx, kind, call.tenant, body, resource_id)
        if kind is FLOWS:
            self._world.on_schedule_change()
        location = f"{call.origin}/data/foundation/flowservice/{kind.name}/{resource_id}"
        return answer({"id": resource_id, "etag": etag}, 201, {"location": location})

    def create_in(self, tx: Transaction, kind: Kind, tenant: Tenant, body: Document, resource_id: str) -> str:
        """Check and store a new resource, with what belongs to it: an inlet, a schedule. Returns the etag."""
        now = self._world.clock.now()
        etag = self._world.ids.etag(now)
        wanted = {name: value for name, value in body.items() if name not in _SERVICE_MADE}
        admitted = self._admit(kind, wanted, tx, tenant)
        document = self._completed(kind, admitted.document, tx, tenant, resource_id, now)
        stored = audit.created(document, resource_id, tenant, now, etag)
        resources.create(tx, tenant, kind, resource_id, stored, etag, admitted.secrets)
        if kind is FLOWS and self._is_scheduled(document):
            due = schedule.first_due(schedule.parse(document["scheduleParams"]), now)
            schedules.create(tx, tenant.org, tenant.sandbox, resource_id, due)
        return etag

    def _admit(self, kind: Kind, body: Document, tx: Transaction, tenant: Tenant) -> Admitted:
        specs = self._world.specs
        if kind is CONNECTIONS:
            return admit_connection(body, specs)

        def find(wanted: Kind, resource_id: str) -> Document | None:
            return resources.read(tx, tenant, wanted, resource_id)

        if kind is FLOWS:
            return Admitted(admit_flow(body, specs, find), {})
        admit = admit_source_connection if kind is SOURCE_CONNECTIONS else admit_target_connection
        return Admitted(admit(body, specs, find), {})

    def _completed(
        self, kind: Kind, document: Document, tx: Transaction, tenant: Tenant, resource_id: str, now: int
    ) -> Document:
        """What the service adds to a new resource besides audit fields."""
        if kind is CONNECTIONS and document["connectionSpec"]["id"] == HTTP_STREAMING and "auth" in document:
            auth = document["auth"]
            inlet = self._new_inlet(tx, tenant, kind, resource_id)
            return {**document, "auth": {**auth, "params": {**auth["params"], **inlet}}}
        if kind is not FLOWS:
            return document
        spec = self._world.specs.flows[document["flowSpec"]["id"]]
        document = {
            **document,
            "runs": f"/runs?property=flowId=={resource_id}",
            "lastOperation": {"started": now, "updated": 0, "operation": "create"},
        }
        if spec.streaming:
            document["providerRefId"] = self._world.ids.uuid()
        source_spec = document["inheritedAttributes"]["sourceConnections"][0]["connectionSpec"]["id"]
        if self._world.specs.connections[source_spec].own_inlet:
            inlet = self._new_inlet(tx, tenant, kind, resource_id)
            document["options"] = {**(document.get("options") or {}), "inletUrl": inlet["inletUrl"]}
        return document

    def _new_inlet(self, tx: Transaction, tenant: Tenant, kind: Kind, owner: str) -> Document:
        inlet_id = self._world.ids.inlet()
        inlets.create(tx, tenant, inlet_id, kind.name, owner)
        return {"inletUrl": f"{ORIGIN}/collection/{inlet_id}", "inletId": inlet_id}

    def _is_scheduled(self, flow: Document) -> bool:
        spec = self._world.specs.flows[flow["flowSpec"]["id"]]
        return spec.is_source_flow and spec.scheduled

    def get(self, kind: Kind, call: Call) -> Answer:
        call.query.check(())
        with self._database.reading() as tx:
            body = resources.body(tx, call.tenant, kind, call.params["id"])
        if body is None:
            raise not_found(kind, call.params["id"])
        return Answer(200, b'{"items":[' + body.replace(ORIGIN, call.origin).encode() + b"]}")

    def patch(self, kind: Kind, call: Call) -> Answer:
        call.query.check(())
        listed = json_patch.operations(call.json())
        resource_id, tenant, now = call.params["id"], call.tenant, self._world.clock.now()
        with self._database.writing() as tx:
            stored = resources.read_stored(tx, tenant, kind, resource_id)
            if stored is None:
                raise not_found(kind, resource_id)
            etags.check(call.headers.get("if-match"), stored.etag)
            json_patch.check_paths(listed, _FIXED)
            admitted = self._patched(kind, stored, listed, tx, tenant, now)
            etag = self._world.ids.etag(now)
            document = audit.changed(admitted.document, tenant, now, etag)
            if not resources.replace(tx, tenant, kind, resource_id, document, stored.etag, etag, admitted.secrets):
                # Another write came between: everything here is undone, and the call is made again,
                # to find its etag stale or, if any will do, to win.
                raise Contended(f"{kind.name} {resource_id} was changed")
        if kind is FLOWS:
            self._world.on_schedule_change()
        return answer({"id": resource_id, "etag": etag})

    def _patched(
        self, kind: Kind, stored: Stored, listed: list[json_patch.Operation], tx: Transaction, tenant: Tenant, now: int
    ) -> Admitted:
        old = stored.document
        wanted = json_patch.apply(audit.content(with_secrets(old, stored.secrets)), listed)
        admitted = self._admit(kind, wanted, tx, tenant)
        document = {**{name: old[name] for name in old if name not in audit.content(old)}, **admitted.document}
        _keep_inlet(old, document)
        if kind is FLOWS:
            self._reschedule(old, document, tx, tenant, now)
            document["lastOperation"] = {
                "started": now,
                "updated": now,
                "percentCompleted": 100.0,
                "status": {"value": "completed", "errors": []},
                "ops": listed,
                "operation": "update",
            }
        return Admitted(document, admitted.secrets)

    def _reschedule(self, old: Document, new: Document, tx: Transaction, tenant: Tenant, now: int) -> None:
        if not self._is_scheduled(new) or old["scheduleParams"] == new["scheduleParams"]:
            return
        schedule.check_change(old["scheduleParams"], new["scheduleParams"], now)
        pending = schedules.due_of(tx, tenant.org, tenant.sandbox, old["id"])
        if pending is None or pending > now:
            following = schedule.next_due(schedule.parse(new["scheduleParams"]), now)
            schedules.move(tx, tenant.org, tenant.sandbox, old["id"], following)

    def delete(self, kind: Kind, call: Call) -> Answer:
        call.query.check(())
        resource_id, tenant = call.params["id"], call.tenant
        with self._database.writing() as tx:
            self._check_unused(kind, resource_id, tx, tenant)
            if kind is FLOWS:
                # Runs lock the schedule before the flow: the same order here keeps the two from deadlock.
                schedules.remove(tx, tenant.org, tenant.sandbox, resource_id)
            if not resources.remove(tx, tenant, kind, resource_id):
                raise not_found(kind, resource_id)
            inlets.remove(tx, tenant, kind.name, resource_id)
        return no_content()

    def _check_unused(self, kind: Kind, resource_id: str, tx: Transaction, tenant: Tenant) -> None:
        code, fields = _USERS.get(kind.name, ("", ()))
        for field in fields:
            users = resources.linked(tx, tenant, FLOWS, field, resource_id)
            if users:
                raise Refusal(code, id=resource_id, hint=f"Flows that use it: {', '.join(users)}.")


def _keep_inlet(old: Document, new: Document) -> None:
    """A patch that replaces the object around an inlet's address does not take the inlet away."""
    params = old.get("auth", {}).get("params", {})
    if "inletId" in params:
        kept = {"inletUrl": params["inletUrl"], "inletId": params["inletId"]}
        new["auth"] = {**new["auth"], "params": {**new["auth"]["params"], **kept}}
    if "inletUrl" in old.get("options", {}):
        new["options"] = {**(new.get("options") or {}), "inletUrl": old["options"]["inletUrl"]}


def not_found(kind: Kind, resource_id: str) -> Refusal:
    """Documented with its wire form: 1439 is a 404 although the table lists it as 400."""
    return Refusal("FLOW-1439-404", type=kind.name, id=resource_id, report={"id": resource_id, "type": kind.name})
