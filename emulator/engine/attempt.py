"""One run of a flow: what it is to do, and what is written down of it."""

from __future__ import annotations

import logging
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import orjson

from emulator.domain import audit, metrics, outcomes, run_states, schedule
from emulator.domain.kinds import FLOWS, RUNS
from emulator.domain.metrics import Copy, Failure, Promotion, Window
from emulator.domain.outcomes import AS_IT_COMES, Outcome
from emulator.domain.run_requests import window_of
from emulator.domain.schedule import Schedule
from emulator.domain.tenant import Tenant
from emulator.engine import landing
from emulator.engine.pipeline import Tally
from emulator.engine.sources.opening import open_source
from emulator.engine.sources.source import Chunk, NoData, Source, SourceFailed, UnreadableData, Wanted
from emulator.engine.world import World
from emulator.store import outcomes as scripts
from emulator.store import resources, schedules
from emulator.store.database import Contended, Transaction
from emulator.store.pending_runs import Pending
from emulator.store.resources import Stored

logger = logging.getLogger(__name__)
Document = dict[str, Any]
_TIMES = ("startedAtUTC", "completedAtUTC")
# Documented: what a copy engine's own error reads like.
ENGINE_ERROR = "2200"


@dataclass(frozen=True)
class Attempt:
    """What every step of one run needs.

    ``due`` is the instant it was planned or asked for, ``started`` when it began, in milliseconds.
    ``document`` is the run as it is stored, None while it is not. ``cursor`` is how far the flow's source
    has been read. ``script`` is the outcome that waits for this run, until it has begun.
    """

    world: World
    tenant: Tenant
    flow: Stored
    plan: Schedule
    run_id: str
    due: int
    started: int
    cursor: str | None
    pending: Pending | None = None
    stored: Stored | None = None
    script: scripts.Waiting | None = None
    outcome: Outcome = AS_IT_COMES

    @property
    def has_begun(self) -> bool:
        return self.pending is not None and self.pending.started is not None

    @property
    def planned(self) -> bool:
        return self.pending is None or self.pending.planned is not None

    @property
    def connector(self) -> Document:
        found: Document = self.flow.document["inheritedAttributes"]["sourceConnections"][0]["connectionSpec"]
        return found

    @property
    def asked_window(self) -> tuple[int, int] | None:
        """First and last second of what an on-demand run is to read, if it names them."""
        return window_of(self.stored.document.get("params") or {}) if self.stored and not self.planned else None


def kept_outcome(body: str | None) -> Outcome:
    """The outcome that a run took with it when it began."""
    return outcomes.outcome(orjson.loads(body)) if body else AS_IT_COMES


def scripted(tx: Transaction, tenant: Tenant, flow_id: str) -> tuple[scripts.Waiting | None, Outcome]:
    """The outcome that waits for the next run of a flow."""
    waiting = scripts.first(tx, tenant.org, tenant.sandbox, flow_id)
    return waiting, kept_outcome(waiting.body if waiting else None)


@dataclass
class Reading:
    """What a run reads, part by part: the part at hand, and whether there are more behind it."""

    parts: Generator[Chunk] | None = None
    chunk: Chunk | None = None
    following: Chunk | None = None
    failure: Failure | None = None
    cursor: str | None = None

    def step(self) -> None:
        """Go on to the next part, and look whether it is the last one."""
        self.chunk = self.following
        if self.chunk is not None:
            self.cursor = self.chunk.cursor
        self.following = self._next()

    def _next(self) -> Chunk | None:
        if self.parts is None:
            return None
        try:
            return next(self.parts, None)
        except (NoData, UnreadableData) as error:
            self.failure = Failure(ENGINE_ERROR, str(error))
        except SourceFailed as error:
            self.failure = Failure(error.code, str(error), error.detail)
        except Exception as error:
            logger.exception("a source broke while it was read")
            self.failure = Failure(ENGINE_ERROR, f"{type(error).__name__}: {error}")
        return None

    def close(self) -> None:
        if self.parts is not None:
            self.parts.close()


def opened(attempt: Attempt, tx: Transaction) -> Source | Failure:
    """The source of the flow, or why it cannot be read."""
    if attempt.outcome.fails_copy:
        return Failure(*attempt.outcome.cause)
    try:
        joined = landing.parameters(tx, attempt.tenant, attempt.flow)
        return open_source(attempt.world, tx, attempt.tenant, attempt.flow, joined)
    except (NoData, UnreadableData) as error:
        return Failure(ENGINE_ERROR, str(error))
    except SourceFailed as error:
        return Failure(error.code, str(error), error.detail)


def begun(attempt: Attempt, source: Source | Failure) -> Reading:
    """A reading at its first part."""
    if isinstance(source, Failure):
        return Reading(failure=source)
    reading = Reading(source.chunks(_wanted(attempt)))
    reading.following = reading._next()
    if reading.failure is None:
        reading.step()
    return reading


def _wanted(attempt: Attempt) -> Wanted:
    asked, faults = attempt.asked_window, attempt.outcome.faults
    if asked is not None:
        return Wanted(None, asked[0] * 1000 - 1, asked[1] * 1000, faults)
    since = None if attempt.plan.backfill else attempt.flow.document["createdAt"]
    return Wanted(attempt.cursor, since, None, faults)


def copied(attempt: Attempt, tx: Transaction, tally: Tally, failure: Failure | None = None) -> Copy:
    """The copy activity, which ends now."""
    world, document = attempt.world, attempt.flow.document
    return Copy(
        world.specs(tx, attempt.tenant).connection_at(attempt.connector).title,
        document["sourceConnectionIds"][0],
        world.ids.uuid(),
        attempt.started,
        world.clock.now(),
        tally.read,
        tally.size,
        tally.files or (1 if tally.read else 0),
        tally.filtered,
        failure,
    )


def window(attempt: Attempt) -> Window:
    """What the run covers, as its copy activity says."""
    plan, asked = attempt.plan, attempt.asked_window
    if asked is not None:
        return Window(asked[0] * 1000, asked[1] * 1000, plan.period is None)
    if plan.period is None or attempt.cursor is None:
        start = 0 if plan.backfill else attempt.flow.document["createdAt"]
    else:
        start = attempt.due - plan.period
    return Window(start, attempt.due, plan.period is None)


def write_end(attempt: Attempt, tx: Transaction, copy: Copy, promotion: Promotion | None) -> Document:
    """The run as it ended, also where its flow shows it. Returns the run."""
    summary, activities = metrics.describe(window(attempt), copy, promotion)
    stored = write(attempt, tx, summary, activities)
    note_last_run(attempt.world, tx, attempt.tenant, attempt.flow, attempt.run_id, summary)
    return stored.document


def write(attempt: Attempt, tx: Transaction, summary: Document, activities: list[Document]) -> Stored:
    """The run as it stands now: made, or changed."""
    world, tenant, now = attempt.world, attempt.tenant, attempt.world.clock.now()
    etag = world.ids.etag(now)
    figures = {"metrics": summary, "activities": activities}
    if attempt.stored is None:
        flow = attempt.flow.document
        reference = f"M-{flow['id']}-incremental-0:{world.ids.uuid()}"
        body = {"flowId": flow["id"], "flowSpec": flow["flowSpec"], "providerRefId": reference, **figures}
        document = new_run(body, attempt.run_id, tenant, now, etag)
        resources.create(tx, tenant, RUNS, attempt.run_id, document, etag)
        return Stored(document, {}, etag)
    document = audit.changed({**attempt.stored.document, **figures}, tenant, now, etag)
    if not resources.replace(tx, tenant, RUNS, attempt.run_id, document, attempt.stored.etag, etag):
        raise Contended(f"run {attempt.run_id} was changed by somebody else")
    return Stored(document, {}, etag)


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


def cancel(world: World, tx: Transaction, tenant: Tenant, run_id: str, why: str) -> None:
    """A run that cannot begin any more ends, so that nobody waits for it for ever."""
    stored = resources.read_stored(tx, tenant, RUNS, run_id)
    if stored is None:
        return
    now = world.clock.now()
    etag = world.ids.etag(now)
    document = {**stored.document, "metrics": run_states.cancelled(now, why)}
    resources.replace(tx, tenant, RUNS, run_id, audit.changed(document, tenant, now, etag), stored.etag, etag)


def plan_of(flow: Stored) -> Schedule | None:
    """When the flow runs; None where it has no schedule (any more)."""
    params = flow.document.get("scheduleParams")
    return schedule.parse(params) if params else None


def check_cursor(attempt: Attempt, tx: Transaction) -> None:
    """Raises ``Contended`` when another run of the flow has read meanwhile; until the end none does."""
    tenant = attempt.tenant
    place = schedules.place_of(tx, tenant.org, tenant.sandbox, attempt.flow.document["id"])
    if place is not None and place.cursor != attempt.cursor:
        raise Contended("another run of the flow has read meanwhile")


def move_cursor(attempt: Attempt, tx: Transaction, cursor: str) -> None:
    """The flow's next run reads on from there."""
    if cursor != attempt.cursor:
        tenant = attempt.tenant
        schedules.set_cursor(tx, tenant.org, tenant.sandbox, attempt.flow.document["id"], cursor)
