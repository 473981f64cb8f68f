"""Which run comes next: planned by a schedule or asked for; each claimed once and made in one transaction."""

from __future__ import annotations

import logging

from emulator.domain import schedule
from emulator.domain.kinds import FLOWS, RUNS
from emulator.domain.metrics import COPY_FAILED
from emulator.domain.tenant import Tenant, as_service
from emulator.engine.attempt import Attempt, perform
from emulator.engine.world import World
from emulator.store import pending_runs, resources, sandboxes, schedules
from emulator.store.database import Contended, Transaction
from emulator.store.pending_runs import Pending
from emulator.store.schedules import Due

logger = logging.getLogger(__name__)
PUT_OFF_MS = 60_000


def run_next(world: World) -> int | None:
    """Make the run that has been due longest, if any; returns the instant it was due at.

    The claim, the landed records and the run's figures are one transaction: a process that is
    killed on the way leaves nothing behind, and the run is due again.
    """
    with world.database.reading() as tx:
        now = world.clock.now()
        planned, asked = schedules.next_due(tx, now), pending_runs.next_due(tx, now)
    due = min((one for one in (asked, planned) if one is not None), key=lambda one: one.due, default=None)
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
        _write_down(world, due, f"{type(error).__name__}: {error}")
    return due.due


def _write_down(world: World, due: Due | Pending, broken: str) -> None:
    """A run that broke, as failed. One of which not even that can be said is put off, so that all others go on."""
    try:
        with world.database.writing() as tx:
            _run(world, tx, due, broken)
    except Contended:
        # As above: it comes again at once.
        return
    except Exception:
        logger.exception("the failed run of flow %s cannot be written down", due.flow)
        later = world.clock.now() + PUT_OFF_MS
        with world.database.writing() as tx:
            if isinstance(due, Pending):
                pending_runs.move(tx, due, later)
            else:
                schedules.advance(tx, due, later)


def soonest(tx: Transaction) -> int | None:
    """The next instant at which anything is due."""
    return min((one for one in (schedules.soonest(tx), pending_runs.soonest(tx)) if one is not None), default=None)


def _run(world: World, tx: Transaction, due: Due | Pending, broken: str | None = None) -> None:
    home = sandboxes.find(tx, due.org, due.sandbox)
    if home is None:
        return
    tenant = as_service(Tenant(due.org, due.sandbox, home.id, "", ""))
    if isinstance(due, Pending):
        _run_asked(world, tx, tenant, due, broken)
    else:
        _run_planned(world, tx, tenant, due, broken)


def _run_planned(world: World, tx: Transaction, tenant: Tenant, due: Due, broken: str | None) -> None:
    """Move the flow on to its next instant, unless it is gone, stopped or taken by another process."""
    flow = resources.read_stored(tx, tenant, FLOWS, due.flow)
    if flow is None or flow.document["state"] != "enabled" or "scheduleParams" not in flow.document:
        schedules.advance(tx, due, None)
        return
    plan = schedule.parse(flow.document["scheduleParams"])
    if not schedules.advance(tx, due, schedule.next_due(plan, due.due)):
        return
    attempt = Attempt(world, tx, tenant, due.due, due.cursor, flow, plan, world.ids.uuid())
    cursor = perform(attempt, broken)
    if cursor:
        schedules.set_cursor(tx, due, cursor)


def _run_asked(world: World, tx: Transaction, tenant: Tenant, pending: Pending, broken: str | None) -> None:
    """A run with params reads its window; one without goes on where the flow's last one ended."""
    # Planned runs lock the schedule before the flow: the same order here keeps the two from deadlock.
    place = schedules.place_of(tx, pending.org, pending.sandbox, pending.flow)
    if not pending_runs.claim(tx, pending):
        return
    run = resources.read_stored(tx, tenant, RUNS, pending.run)
    flow = resources.read_stored(tx, tenant, FLOWS, pending.flow)
    if run is None:
        return
    if flow is None or "scheduleParams" not in flow.document:
        loss = "was deleted" if flow is None else "lost its schedule"
        _give_up(world, tx, tenant, pending.run, f"the flow {pending.flow} {loss} before the run began")
        return
    if flow.document["state"] != "enabled":
        broken = f"the flow was {flow.document['state']} when the run was to begin"
    plan = schedule.parse(flow.document["scheduleParams"])
    attempt = Attempt(world, tx, tenant, pending.due, place.cursor if place else None, flow, plan, pending.run, run)
    cursor = perform(attempt, broken)
    if cursor and place:
        schedules.set_cursor(tx, place, cursor)


def _give_up(world: World, tx: Transaction, tenant: Tenant, run_id: str, why: str) -> None:
    """A run whose flow is gone ends as failed, so that nobody waits for it for ever."""
    stored = resources.read_stored(tx, tenant, RUNS, run_id)
    assert stored is not None
    now = world.clock.now()
    etag = world.ids.etag(now)
    summary = {
        "durationSummary": {"startedAtUTC": now, "completedAtUTC": now},
        "recordSummary": {"failedInfo": [{"code": COPY_FAILED["code"], "message": why}]},
        "statusSummary": {"status": "failed", "errors": [COPY_FAILED]},
    }
    document = {**stored.document, "updatedAt": now, "updatedBy": tenant.user, "etag": etag, "metrics": summary}
    resources.replace(tx, tenant, RUNS, run_id, document, stored.etag, etag)
