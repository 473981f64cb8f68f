"""What one run of a flow does: read its source, map, land, and write down what was counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from emulator.domain import audit, metrics
from emulator.domain.kinds import FLOWS, RUNS
from emulator.domain.mapping import MappingProblem
from emulator.domain.metrics import Copy, Promotion, Window
from emulator.domain.run_requests import window_of
from emulator.domain.schedule import Schedule
from emulator.domain.specs import ConnectionSpec
from emulator.domain.tenant import Tenant
from emulator.engine import landing
from emulator.engine.sources.samples import NoData, Reading, UnreadableData
from emulator.engine.world import World
from emulator.store import resources
from emulator.store.database import Contended, Transaction
from emulator.store.resources import Stored

Document = dict[str, Any]
_TIMES = ("startedAtUTC", "completedAtUTC")


@dataclass(frozen=True)
class Attempt:
    """What every step of one run needs. ``due`` in milliseconds; ``asked`` is the run as it was asked
    for, None for one that was planned; ``cursor`` is how far the flow's source has been read."""

    world: World
    tx: Transaction
    tenant: Tenant
    due: int
    cursor: str | None
    flow: Stored
    plan: Schedule
    run_id: str
    asked: Stored | None = None

    @property
    def document(self) -> Document:
        return self.flow.document

    def now(self) -> int:
        return self.world.clock.now()

    @property
    def asked_window(self) -> tuple[int, int] | None:
        """First and last second of what an on-demand run is to read, if it names them."""
        return window_of(self.asked.document.get("params") or {}) if self.asked else None


def perform(attempt: Attempt, broken: str | None = None) -> str | None:
    """Run. Returns the cursor from which the flow's next run reads on, None where it stays.

    ``broken`` says why the run cannot be made at all; it is then written down as failed.
    """
    copy, reading = _copy(attempt, broken)
    promotion = _promote(attempt, reading) if reading and reading.records else None
    summary, activities = metrics.describe(_window(attempt), copy, promotion)
    _write_run(attempt, summary, activities)
    note_last_run(attempt.world, attempt.tx, attempt.tenant, attempt.flow, attempt.run_id, summary)
    if reading is None or attempt.asked_window or (promotion and promotion.failure):
        return None
    return reading.cursor


def _window(attempt: Attempt) -> Window:
    plan, asked = attempt.plan, attempt.asked_window
    if asked is not None:
        return Window(asked[0] * 1000, asked[1] * 1000, plan.period is None)
    if plan.period is None or attempt.cursor is None:
        start = 0 if plan.backfill else attempt.document["createdAt"]
    else:
        start = attempt.due - plan.period
    return Window(start, attempt.due, plan.period is None)


def _copy(attempt: Attempt, broken: str | None) -> tuple[Copy, Reading | None]:
    started = attempt.now()
    reference = attempt.document["inheritedAttributes"]["sourceConnections"][0]["connectionSpec"]
    spec = attempt.world.specs(attempt.tx, attempt.tenant).connection_at(reference)
    reading, failure = None, broken
    if failure is None:
        try:
            reading = _read(attempt, spec)
        except (NoData, UnreadableData) as error:
            failure = str(error)
    copy = Copy(
        spec.title,
        attempt.document["sourceConnectionIds"][0],
        attempt.world.ids.uuid(),
        started,
        attempt.now(),
        records=len(reading.records) if reading else 0,
        size=reading.size if reading else 0,
        failure=failure,
    )
    return copy, reading


def _read(attempt: Attempt, spec: ConnectionSpec) -> Reading:
    params = landing.parameters(attempt.tx, attempt.tenant, attempt.flow)["source"]
    samples, asked = attempt.world.samples, attempt.asked_window
    if asked is not None:
        return samples.read(spec, params, None, asked[0] - 1, asked[1])
    since = None if attempt.plan.backfill else attempt.document["createdAt"] // 1000
    return samples.read(spec, params, attempt.cursor, since)


def _promote(attempt: Attempt, reading: Reading) -> Promotion:
    started = attempt.now()
    target_id = attempt.document["targetConnectionIds"][0]
    try:
        dataset = landing.dataset_of(attempt.tx, attempt.tenant, attempt.flow)
        mapper = landing.mapper_of(attempt.tx, attempt.tenant, attempt.document)
        mapped = landing.map_all(mapper, reading.records)
    except MappingProblem as error:
        return Promotion(target_id, started, attempt.now(), failure=(error.code, str(error)))
    world, tenant, run_id = attempt.world, attempt.tenant, attempt.run_id
    batch = landing.land_batch(world, attempt.tx, tenant, dataset, run_id, mapped, reading.size)
    return Promotion(target_id, started, attempt.now(), batch, len(mapped.bodies), mapped.size)


def _write_run(attempt: Attempt, summary: Document, activities: list[Document]) -> None:
    now, tx, tenant = attempt.now(), attempt.tx, attempt.tenant
    etag = attempt.world.ids.etag(now)
    figures = {"metrics": summary, "activities": activities}
    if attempt.asked is None:
        body = {"flowId": attempt.document["id"], "flowSpec": attempt.document["flowSpec"], **figures}
        resources.create(tx, tenant, RUNS, attempt.run_id, new_run(body, attempt.run_id, tenant, now, etag), etag)
        return
    document = audit.changed({**attempt.asked.document, **figures}, tenant, now, etag)
    if not resources.replace(tx, tenant, RUNS, attempt.run_id, document, attempt.asked.etag, etag):
        raise Contended(f"run {attempt.run_id} was changed before it began")


def new_run(body: Document, run_id: str, tenant: Tenant, now: int, etag: str) -> Document:
    """Documented: runs carry an etag and neither state nor version."""
    document = audit.created(body, run_id, tenant, now, etag)
    return {name: value for name, value in document.items() if name not in ("state", "version")}


def note_last_run(world: World, tx: Transaction, tenant: Tenant, flow: Stored, run_id: str, summary: Document) -> None:
    """Documented: a run that ends rewrites the flow's last run, author and etag."""
    now = world.clock.now()
    etag = world.ids.etag(now)
    times = {name: at for name, at in summary.get("durationSummary", {}).items() if name in _TIMES}
    details = {"id": run_id, "state": summary["statusSummary"]["status"], **times}
    document = audit.changed({**flow.document, "lastRunDetails": details}, tenant, now, etag)
    if not resources.replace(tx, tenant, FLOWS, document["id"], document, flow.etag, etag, flow.secrets):
        raise Contended(f"flow {document['id']} was changed while it ran")
