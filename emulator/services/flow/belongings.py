"""What belongs to a connection or flow besides its document: an inlet, a schedule, what the service notes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from emulator.domain import mapping_versions, schedule
from emulator.domain.connections import DRAFT
from emulator.domain.errors import Refusal
from emulator.domain.json_patch import Operation
from emulator.domain.kinds import CONNECTIONS, FLOWS, MAPPING_SETS, Kind
from emulator.domain.metrics import ORIGIN
from emulator.domain.specs import HTTP_STREAMING, Specs
from emulator.domain.tenant import Tenant
from emulator.domain.transformations import mapping_of
from emulator.engine.world import World
from emulator.store import inlets, pending_runs, resources, schedules
from emulator.store.database import Contended, Transaction

Document = dict[str, Any]


def completed_connection(world: World, tx: Transaction, tenant: Tenant, document: Document, own_id: str) -> Document:
    """A new base connection with its inlet, if it is one that is streamed to."""
    if document["connectionSpec"]["id"] != HTTP_STREAMING or "auth" not in document:
        return document
    auth, inlet = document["auth"], _new_inlet(world, tx, tenant, CONNECTIONS, own_id)
    return {**document, "auth": {**auth, "params": {**auth["params"], **inlet}}}


def completed_flow(
    world: World, tx: Transaction, tenant: Tenant, document: Document, own_id: str, specs: Specs
) -> Document:
    """A new flow with where its runs are, and with an inlet if its source has one."""
    document = {**document, "runs": f"/runs?property=flowId=={own_id}"}
    if specs.flow_at(document["flowSpec"]).streaming:
        document["providerRefId"] = world.ids.uuid()
    source = document["inheritedAttributes"]["sourceConnections"][0]
    if specs.connection_at(source["connectionSpec"]).own_inlet:
        inlet = _new_inlet(world, tx, tenant, FLOWS, own_id)
        document["options"] = {**(document.get("options") or {}), "inletUrl": inlet["inletUrl"]}
    return document


def publish_mapping_set(tx: Transaction, tenant: Tenant, flow: Document) -> None:
    """A mapping set is published from when a flow refers to it."""
    params = mapping_of(flow)
    stored = resources.read_stored(tx, tenant, MAPPING_SETS, params["mappingId"]) if params else None
    if stored is None or stored.document["status"] == mapping_versions.PUBLISHED:
        return
    document = mapping_versions.published(stored.document)
    set_id, etag = document["id"], mapping_versions.etag(document)
    if not resources.replace(tx, tenant, MAPPING_SETS, set_id, document, stored.etag, etag):
        raise Contended(f"the mapping set {set_id} was changed")


def _new_inlet(world: World, tx: Transaction, tenant: Tenant, kind: Kind, owner: str) -> Document:
    inlet_id = world.ids.inlet()
    inlets.create(tx, tenant, inlet_id, kind.name, owner)
    return {"inletUrl": f"{ORIGIN}/collection/{inlet_id}", "inletId": inlet_id}


def check_inlet_stays(old: Document, listed: Iterable[Operation]) -> None:
    """Refuses a patch of an inlet's address, which the service makes."""
    fixed = {"/options/inletUrl"} if "inletUrl" in old.get("options", {}) else set()
    if "inletId" in old.get("auth", {}).get("params", {}):
        fixed |= {"/auth/params/inletUrl", "/auth/params/inletId"}
    for index, operation in enumerate(listed):
        if operation["path"] in fixed:
            path, hint = operation["path"], "The service makes the address of an inlet."
            raise Refusal("CONNECTOR-1365-400", path=path, field=f"[{index}].path", hint=hint)


def keep_inlet(old: Document, new: Document) -> None:
    """A patch that replaces the object around an inlet's address does not take the inlet away."""
    params = old.get("auth", {}).get("params", {})
    if "inletId" in params:
        kept = {"inletUrl": params["inletUrl"], "inletId": params["inletId"]}
        new["auth"] = {**new["auth"], "params": {**new["auth"]["params"], **kept}}
    if "inletUrl" in old.get("options", {}):
        new["options"] = {**(new.get("options") or {}), "inletUrl": old["options"]["inletUrl"]}


def is_scheduled(flow: Document, specs: Specs) -> bool:
    """Whether the flow runs by itself: one that is a draft, streams or exports does not, nor one that was made
    before its spec asked for a schedule."""
    spec = specs.flow_at(flow["flowSpec"])
    return spec.is_source_flow and spec.scheduled and flow.get("state") != DRAFT and "scheduleParams" in flow


def start_schedule(tx: Transaction, tenant: Tenant, flow_id: str, flow: Document, now: int) -> None:
    """The schedule of a flow that has just come into force."""
    due = schedule.first_due(schedule.parse(flow["scheduleParams"]), now)
    schedules.create(tx, tenant.org, tenant.sandbox, flow_id, due)


def move_schedule(tx: Transaction, tenant: Tenant, old: Document, new: Document, now: int) -> None:
    """The schedule of a flow whose ``scheduleParams`` are patched. Refuses what comes too late.

    As long as the start has not come, the flow begins as a new one would: at once with a start in the past.
    """
    if old["scheduleParams"] == new["scheduleParams"]:
        return
    schedule.check_change(old["scheduleParams"], new["scheduleParams"], now)
    pending = schedules.due_of(tx, tenant.org, tenant.sandbox, old["id"])
    if old["state"] == "enabled" and (pending is None or pending > now):
        begun, plan = schedule.parse(old["scheduleParams"]).start <= now, schedule.parse(new["scheduleParams"])
        following = schedule.next_due(plan, now) if begun else schedule.first_due(plan, now)
        schedules.move(tx, tenant.org, tenant.sandbox, old["id"], following)


def stop_schedule(tx: Transaction, tenant: Tenant, flow_id: str) -> None:
    schedules.move(tx, tenant.org, tenant.sandbox, flow_id, None)


def resume_schedule(tx: Transaction, tenant: Tenant, flow: Document, now: int) -> None:
    """An enabled flow goes on at the next instant of its grid; a single run that did not come is made up for."""
    plan = schedule.parse(flow["scheduleParams"])
    following = schedule.next_due(plan, now)
    if following is None and plan.period is None and not _has_come(tx, tenant, flow):
        following = now
    schedules.move(tx, tenant.org, tenant.sandbox, flow["id"], following)


def _has_come(tx: Transaction, tenant: Tenant, flow: Document) -> bool:
    """Whether the run of a flow that runs once has ended, or is under way."""
    return "lastRunDetails" in flow or pending_runs.is_planned(tx, tenant.org, tenant.sandbox, flow["id"])
