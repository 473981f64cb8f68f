"""One run of a flow: read its source, map, land, and write down what was counted."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from emulator.domain import audit, metrics, schedule
from emulator.domain.kinds import FLOWS, RUNS, SOURCE_CONNECTIONS
from emulator.domain.mapping import MappingProblem
from emulator.domain.metrics import Copy, Promotion, Window
from emulator.domain.schedule import Schedule
from emulator.domain.specs import ConnectionSpec
from emulator.domain.tenant import Tenant, as_service
from emulator.engine import landing
from emulator.engine.sources.samples import NoData, Reading, UnreadableData
from emulator.engine.world import World
from emulator.store import resources, sandboxes, schedules
from emulator.store.database import Contended, Transaction
from emulator.store.resources import Stored
from emulator.store.schedules import Due

Document = dict[str, Any]
logger = logging.getLogger(__name__)


def run_next(world: World) -> int | None:
    """Run the flow that has been due longest, if any; returns the instant it was due at.

    The claim, the landed records and the run's figures are one transaction: a process that is
    killed on the way leaves nothing behind, and the run is due again.
    """
    with world.database.reading() as tx:
        due = schedules.next_due(tx, world.clock.now())
    if due is None:
        return None
    try:
        with world.database.writing() as tx:
            _run(world, tx, due)
    except Contended:
        # It is still due, and comes again at once.
        return due.due
    except Exception as error:
        logger.exception("run of flow %s failed unexpectedly", due.flow)
        with world.database.writing() as tx:
            _run(world, tx, due, broken=f"{type(error).__name__}: {error}")
    return due.due


@dataclass(frozen=True)
class _Attempt:
    """What every step of one run needs."""

    world: World
    tx: Transaction
    tenant: Tenant
    due: Due
    stored: Stored
    plan: Schedule
    run_id: str

    @property
    def flow(self) -> Document:
        return self.stored.document

    def now(self) -> int:
        return self.world.clock.now()


def _run(world: World, tx: Transaction, due: Due, broken: str | None = None) -> None:
    attempt = _claim(world, tx, due)
    if attempt is None:
        return
    copy, reading = _copy(attempt, broken)
    promotion = _promote(attempt, reading) if reading and reading.records else None
    if reading and reading.cursor and (promotion is None or promotion.failure is None):
        schedules.set_cursor(tx, due, reading.cursor)
    summary, activities = metrics.describe(_window(attempt), copy, promotion)
    _write_run(attempt, summary, activities)
    _finish_flow(attempt, summary)


def _claim(world: World, tx: Transaction, due: Due) -> _Attempt | None:
    """Move the flow on to its next instant; None when it is gone, stopped or taken by another process."""
    home = sandboxes.find(tx, due.org, due.sandbox)
    if home is None:
        return None
    tenant = as_service(Tenant(due.org, due.sandbox, home.id, "", ""))
    stored = resources.read_stored(tx, tenant, FLOWS, due.flow)
    if stored is None or stored.document["state"] != "enabled":
        schedules.advance(tx, due, None)
        return None
    plan = schedule.parse(stored.document["scheduleParams"])
    if not schedules.advance(tx, due, schedule.next_due(plan, due.due)):
        return None
    return _Attempt(world, tx, tenant, due, stored, plan, world.ids.uuid())


def _window(attempt: _Attempt) -> Window:
    plan, due = attempt.plan, attempt.due
    if plan.period is None or due.cursor is None:
        start = 0 if plan.backfill else attempt.flow["createdAt"]
    else:
        start = due.due - plan.period
    return Window(start, due.due, plan.period is None)


def _copy(attempt: _Attempt, broken: str | None) -> tuple[Copy, Reading | None]:
    started = attempt.now()
    spec_id = attempt.flow["inheritedAttributes"]["sourceConnections"][0]["connectionSpec"]["id"]
    spec = attempt.world.specs.connections[spec_id]
    reading, failure = None, broken
    if failure is None:
        try:
            reading = _read(attempt, spec)
        except (NoData, UnreadableData) as error:
            failure = str(error)
    copy = Copy(
        spec.title,
        attempt.flow["sourceConnectionIds"][0],
        attempt.world.ids.uuid(),
        started,
        attempt.now(),
        records=len(reading.records) if reading else 0,
        size=reading.size if reading else 0,
        failure=failure,
    )
    return copy, reading


def _read(attempt: _Attempt, spec: ConnectionSpec) -> Reading:
    source_id = attempt.flow["sourceConnectionIds"][0]
    source = resources.read(attempt.tx, attempt.tenant, SOURCE_CONNECTIONS, source_id)
    if source is None:
        raise NoData(f"the source connection {source_id} was deleted")
    since = None if attempt.plan.backfill else attempt.flow["createdAt"] // 1000
    return attempt.world.samples.read(spec, source.get("params") or {}, attempt.due.cursor, since)


def _promote(attempt: _Attempt, reading: Reading) -> Promotion:
    started = attempt.now()
    target_id = attempt.flow["targetConnectionIds"][0]
    try:
        dataset = landing.dataset_of(attempt.tx, attempt.tenant, target_id)
        mapper = landing.mapper_of(attempt.tx, attempt.tenant, attempt.flow)
        mapped = landing.map_all(mapper, reading.records)
    except MappingProblem as error:
        return Promotion(target_id, started, attempt.now(), failure=(error.code, str(error)))
    world, tenant, run_id = attempt.world, attempt.tenant, attempt.run_id
    batch = landing.land_batch(world, attempt.tx, tenant, dataset, run_id, mapped, reading.size)
    return Promotion(target_id, started, attempt.now(), batch, len(mapped.bodies), mapped.size)


def _write_run(attempt: _Attempt, summary: Document, activities: list[Document]) -> None:
    now = attempt.now()
    etag = attempt.world.ids.etag(now)
    body = {
        "flowId": attempt.flow["id"],
        "flowSpec": attempt.flow["flowSpec"],
        "metrics": summary,
        "activities": activities,
    }
    document = audit.created(body, attempt.run_id, attempt.tenant, now, etag)
    # Documented: runs carry an etag and neither state nor version.
    del document["state"], document["version"]
    resources.create(attempt.tx, attempt.tenant, RUNS, attempt.run_id, document, etag)


def _finish_flow(attempt: _Attempt, summary: Document) -> None:
    """Documented: a run that ends rewrites the flow's last run, author and etag."""
    now = attempt.now()
    etag = attempt.world.ids.etag(now)
    details = {"id": attempt.run_id, "state": summary["statusSummary"]["status"], **summary["durationSummary"]}
    document = audit.changed({**attempt.flow, "lastRunDetails": details}, attempt.tenant, now, etag)
    stored = attempt.stored
    if not resources.replace(
        attempt.tx, attempt.tenant, FLOWS, document["id"], document, stored.etag, etag, stored.secrets
    ):
        raise Contended(f"flow {document['id']} was changed while it ran")
