"""Create, get, patch and delete of base, source and target connections and of flows."""

from __future__ import annotations

from typing import Any

from emulator.domain import audit, etags, json_patch
from emulator.domain.connections import (
    DRAFT,
    Admitted,
    admit_connection,
    admit_source_connection,
    admit_target_connection,
    hidden_names,
    with_secrets,
)
from emulator.domain.errors import Refusal
from emulator.domain.flows import Circumstances, admit_flow, connected, joins_the_same
from emulator.domain.kinds import CONNECTIONS, FLOWS, SOURCE_CONNECTIONS, Kind
from emulator.domain.lookup import Lookup
from emulator.domain.metrics import ORIGIN
from emulator.domain.tenant import Tenant
from emulator.edge.call import Answer, Call, answer, no_content
from emulator.engine.world import World, lookup, stored_lookup
from emulator.services.flow import belongings
from emulator.store import inlets, outcomes, resources, schedules, source_objects
from emulator.store.database import Contended, Transaction
from emulator.store.resources import Stored
from emulator.store.source_objects import Behind

Document = dict[str, Any]

# What the service makes by itself; in a create it is left out, in a patch it is refused.
_SERVICE_MADE = ("inheritedAttributes", "runs", "lastOperation", "lastRunDetails", "providerRefId")
# The spec decides what a flow is; another one makes another flow. (A connection's has a code of its own.)
_FIXED = (*_SERVICE_MADE, "flowSpec")
_STATES = ("enabled", "disabled", "initializing")
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
        call.query.check(("mode",))
        draft = _is_draft(call.query.one("mode"))
        body, resource_id = call.json_object(), self._world.ids.uuid()
        with self._database.writing() as tx:
            etag = self.create_in(tx, kind, call.tenant, body, resource_id, draft)
        if kind is FLOWS:
            self._world.on_schedule_change()
        location = f"{call.origin}/data/foundation/flowservice/{kind.name}/{resource_id}"
        return answer({"id": resource_id, "etag": etag}, 201, {"location": location})

    def create_in(
        self, tx: Transaction, kind: Kind, tenant: Tenant, body: Document, resource_id: str, draft: bool = False
    ) -> str:
        """Check and store a new resource, with what belongs to it: an inlet, a schedule. Returns the etag."""
        now = self._world.clock.now()
        etag = self._world.ids.etag(now)
        wanted = {name: value for name, value in body.items() if name not in _SERVICE_MADE}
        admitted = self.admit(kind, wanted, tx, tenant, draft)
        document = self._completed(kind, admitted.document, tx, tenant, resource_id, now)
        state = _state(body, draft)
        stored = audit.created(document, resource_id, tenant, now, etag, state)
        resources.create(tx, tenant, kind, resource_id, stored, etag, admitted.secrets)
        if kind is FLOWS:
            belongings.publish_mapping_set(tx, tenant, stored)
            if belongings.is_scheduled(stored, self._world.specs(tx, tenant)):
                belongings.start_schedule(tx, tenant, resource_id, stored, now)
        return etag

    def admit(
        self,
        kind: Kind,
        body: Document,
        tx: Transaction,
        tenant: Tenant,
        draft: bool = False,
        before: Stored | None = None,
    ) -> Admitted:
        """What may be stored of a body, or the refusal. ``before`` is the resource that is changed."""
        specs, find = self._world.specs(tx, tenant), lookup(tx, tenant)
        if kind is CONNECTIONS:
            hidden = hidden_names(before.document, before.secrets) if before else ()
            return admit_connection(body, specs, draft, hidden)
        if kind is FLOWS:
            around = Circumstances(specs, find, self._world.clock.now(), draft, before.document if before else None)
            flow = admit_flow(body, around)
            unchanged = before is not None and joins_the_same(before.document, flow)
            return Admitted(
                flow, before.secrets if before and unchanged else connected(flow, stored_lookup(tx, tenant))
            )
        admit = admit_source_connection if kind is SOURCE_CONNECTIONS else admit_target_connection
        return admit(body, specs, _with_parent(find, before.document) if before else find, draft)

    def fault(self, tx: Transaction, tenant: Tenant, stored: Stored) -> str | None:
        """Why a base connection could not be used as it stands, None if it could."""
        state = stored.document["state"]
        if state != "enabled":
            return f"The connection is in state {state}."
        try:
            self.admit(CONNECTIONS, audit.content(as_sent(CONNECTIONS, stored)), tx, tenant, before=stored)
        except Refusal as refusal:
            return refusal.message
        return None

    def _completed(
        self, kind: Kind, document: Document, tx: Transaction, tenant: Tenant, resource_id: str, now: int
    ) -> Document:
        """With what the service adds to a new resource besides audit fields."""
        if kind is CONNECTIONS:
            return belongings.completed_connection(self._world, tx, tenant, document, resource_id)
        if kind is FLOWS:
            specs = self._world.specs(tx, tenant)
            noted = {"lastOperation": {"started": now, "updated": 0, "operation": "create"}}
            return belongings.completed_flow(self._world, tx, tenant, {**document, **noted}, resource_id, specs)
        return document

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
        resource_id, now = call.params["id"], self._world.clock.now()
        with self._database.writing() as tx:
            stored = self.stored(tx, kind, call)
            etags.check(call.headers.get("if-match"), stored.etag)
            json_patch.check_paths(listed, _FIXED)
            belongings.check_inlet_stays(stored.document, listed)
            admitted = self._patched(kind, stored, listed, tx, call.tenant, now)
            etag = self.write(tx, kind, call, stored, admitted, now)
        if kind is FLOWS:
            self._world.on_schedule_change()
        return answer({"id": resource_id, "etag": etag})

    def stored(self, tx: Transaction, kind: Kind, call: Call) -> Stored:
        """What the call's path names. Refuses an id that is not there."""
        stored = resources.read_stored(tx, call.tenant, kind, call.params["id"])
        if stored is None:
            raise not_found(kind, call.params["id"])
        return stored

    def write(self, tx: Transaction, kind: Kind, call: Call, old: Stored, new: Admitted, now: int) -> str:
        """Put a changed resource in the place of the one it was made from; returns its etag."""
        etag = self._world.ids.etag(now)
        document = audit.changed(new.document, call.tenant, now, etag)
        resource_id = document["id"]
        if not resources.replace(tx, call.tenant, kind, resource_id, document, old.etag, etag, new.secrets):
            # Another write came between: everything here is undone, and the call is made again,
            # to find its etag stale or, if any will do, to win.
            raise Contended(f"{kind.name} {resource_id} was changed")
        if kind is FLOWS:
            belongings.publish_mapping_set(tx, call.tenant, document)
        return etag

    def _patched(
        self, kind: Kind, stored: Stored, listed: list[json_patch.Operation], tx: Transaction, tenant: Tenant, now: int
    ) -> Admitted:
        old = stored.document
        wanted = json_patch.apply(audit.content(as_sent(kind, stored)), listed)
        admitted = self.admit(kind, wanted, tx, tenant, old["state"] == DRAFT, stored)
        document = {**{name: old[name] for name in old if name not in audit.content(old)}, **admitted.document}
        belongings.keep_inlet(old, document)
        if kind is FLOWS:
            if belongings.is_scheduled(old, self._world.specs(tx, tenant)):
                belongings.move_schedule(tx, tenant, old, document, now)
            else:
                # Its spec may have been replaced by one that holds no schedule to any rule.
                schedules.remove(tx, tenant.org, tenant.sandbox, old["id"])
            document["lastOperation"] = {
                "started": now,
                "updated": now,
                "percentCompleted": 100.0,
                "status": {"value": "completed", "errors": []},
                "ops": listed,
                "operation": "update",
            }
        return Admitted(document, admitted.secrets)

    def delete(self, kind: Kind, call: Call) -> Answer:
        call.query.check(())
        resource_id, tenant = call.params["id"], call.tenant
        with self._database.writing() as tx:
            self._check_unused(kind, resource_id, tx, tenant)
            if kind is FLOWS:
                # Runs lock the schedule before the flow: the same order here keeps the two from deadlock.
                schedules.remove(tx, tenant.org, tenant.sandbox, resource_id)
                outcomes.remove(tx, tenant.org, tenant.sandbox, resource_id)
            elif kind is CONNECTIONS:
                source_objects.remove_all(tx, Behind(tenant.org, tenant.sandbox, resource_id))
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


def as_sent(kind: Kind, stored: Stored) -> Document:
    """The document as its author knows it: of a connection with its secrets."""
    return stored.document if kind is FLOWS else with_secrets(stored.document, stored.secrets)


def _is_draft(mode: str | None) -> bool:
    if mode is None:
        return False
    if mode.lower() != DRAFT:
        raise Refusal("FLOW-1452-400", value=mode, name="mode", field="mode", hint=f"The only mode is {DRAFT}.")
    return True


def _state(body: Document, draft: bool) -> str:
    """The state in which a connection is made; a source whose account has to be confirmed begins as initializing."""
    state = body.get("state")
    if state is not None and state not in (*_STATES, *([DRAFT] if draft else [])):
        raise Refusal("FLOW-1456-400", value=state, field="state", given=state)
    return DRAFT if draft else state or _STATES[0]


def not_found(kind: Kind, resource_id: str) -> Refusal:
    """Documented with its wire form: 1439 is a 404 although the table lists it as 400."""
    return Refusal("FLOW-1439-404", type=kind.name, id=resource_id, report={"id": resource_id, "type": kind.name})


def _with_parent(find: Lookup, before: Document) -> Lookup:
    """A base connection that is gone keeps no patch of something else from what hung on it."""
    parent = before.get("inheritedAttributes", {}).get("baseConnection")
    if parent is None or before["state"] == DRAFT:
        return find

    def found(kind: Kind, resource_id: str) -> Document | None:
        there = find(kind, resource_id)
        is_parent = kind is CONNECTIONS and resource_id == parent["id"]
        return {**parent, "state": "enabled"} if there is None and is_parent else there

    return found
