"""Which run comes next: planned by a schedule, asked for, or begun before; each is made by one process."""

from __future__ import annotations

import logging
from typing import NamedTuple

from emulator.domain.kinds import FLOWS, RUNS
from emulator.engine import attempt as attempts
from emulator.engine import micro_batches, progress
from emulator.engine.attempt import Attempt
from emulator.engine.world import World, service_in
from emulator.store import pending_runs, resources, schedules, streams
from emulator.store.database import Contended, Transaction
from emulator.store.pending_runs import Pending
from emulator.store.schedules import Due
from emulator.store.streams import Hour, Open

logger = logging.getLogger(__name__)
PUT_OFF_MS = 60_000


class Made(NamedTuple):
    """The instant that was due, in milliseconds, and how many runs ended with it."""

    due: int
    ended: int


def run_next(world: World, until: int | None = None) -> Made | None:
    """Make the run that has been due longest, if any.

    With ``until`` the clock walks: it goes on to each instant that is due no later than that. A process
    that is killed on the way leaves nothing behind that anybody sees, and the run is due again.
    """
    with world.database.reading() as tx:
        reach = world.clock.now() if until is None else until
        found = (
            streams.next_due(tx, reach),
            pending_runs.next_due(tx, reach, world.clock.real()),
            schedules.next_due(tx, reach),
        )
    due = min((one for one in found if one is not None), key=lambda one: one.due, default=None)
    if due is None:
        return None
    if until is not None:
        world.clock.walk_to(due.due)
    try:
        return Made(due.due, _end(world, due) if isinstance(due, (Open, Hour)) else _make(world, due))
    except Contended:
        # It is still due, and comes again at once.
        return Made(due.due, 0)
    except Exception as error:
        logger.exception("run of flow %s failed unexpectedly", due.flow)
        if isinstance(due, (Open, Hour)):
            return _put_off(world, due)
        return Made(due.due, _write_down(world, due, f"{type(error).__name__}: {error}"))


def _end(world: World, due: Open | Hour) -> int:
    """Micro-batches end, and with the hour the runs that they belong to."""
    with world.database.writing(quiet=True) as tx:
        if isinstance(due, Open):
            micro_batches.close(world, tx, due)
            return 0
        micro_batches.end_hour(world, tx, due)
    return 1


def _put_off(world: World, due: Open | Hour) -> Made:
    """What cannot be ended now is tried again later, so that all others go on."""
    with world.database.writing(quiet=True) as tx:
        streams.put_off(tx, due, world.clock.now() + PUT_OFF_MS)
    return Made(due.due, 0)


def soonest(tx: Transaction, real: int) -> int | None:
    """The next instant at which anything is due, of what nobody is at work on at ``real`` time."""
    found = (schedules.soonest(tx), pending_runs.soonest(tx, real), streams.soonest(tx))
    return min((one for one in found if one is not None), default=None)


def _make(world: World, due: Due | Pending, broken: str | None = None) -> int:
    with world.database.reading() as tx:
        attempt = _prepared(world, tx, due)
    if attempt is None:
        with world.database.writing() as tx:
            _drop(world, tx, due)
        return 0
    if _waits(world, attempt, due):
        return 0
    return progress.make(attempt, due, broken)


def _prepared(world: World, tx: Transaction, due: Due | Pending) -> Attempt | None:
    """What the run is to do, or None when it cannot be made any more."""
    tenant, flow = service_in(tx, due.org, due.sandbox), None
    if tenant is not None:
        flow = resources.read_stored(tx, tenant, FLOWS, due.flow)
    begun = isinstance(due, Pending) and due.started is not None
    if tenant is None or flow is None or not (begun or flow.document["state"] == "enabled"):
        return None
    plan = attempts.plan_of(flow)
    if plan is None:
        return None
    now = world.clock.now()
    if isinstance(due, Due):
        script, outcome = attempts.scripted(tx, tenant, due.flow)
        run_id = world.ids.uuid()
        return Attempt(world, tenant, flow, plan, run_id, due.due, now, due.cursor, None, None, script, outcome)
    stored = resources.read_stored(tx, tenant, RUNS, due.run)
    if stored is None:
        return None
    place = schedules.place_of(tx, due.org, due.sandbox, due.flow)
    cursor = place.cursor if place else None
    script, outcome = attempts.scripted(tx, tenant, due.flow)
    if due.started is not None:
        script, outcome = None, attempts.kept_outcome(due.outcome)
    planned, started = due.planned or due.due, due.started or now
    return Attempt(world, tenant, flow, plan, due.run, planned, started, cursor, due, stored, script, outcome)


def _waits(world: World, attempt: Attempt, due: Due | Pending) -> bool:
    """Flows run one run at a time: one that comes while another is in progress is queued behind it."""
    if attempt.pending is not None and attempt.pending.started is not None:
        return False
    with world.database.reading() as tx:
        busy = pending_runs.busy_until(tx, due.org, due.sandbox, due.flow, attempt.run_id)
    if busy is None:
        return False
    with world.database.writing() as tx:
        progress.queue(attempt, tx, due, max(busy, world.clock.now()))
    return True


def _drop(world: World, tx: Transaction, due: Due | Pending) -> None:
    """The flow is gone, stopped or has lost its schedule: nothing is planned, and nobody waits for a run."""
    if isinstance(due, Due):
        schedules.advance(tx, due, None)
        return
    tenant = service_in(tx, due.org, due.sandbox)
    if tenant is None or not pending_runs.claim(tx, due):
        return
    flow = resources.read_stored(tx, tenant, FLOWS, due.flow)
    if flow is None:
        why = "was deleted"
    else:
        why = "lost its schedule" if attempts.plan_of(flow) is None else f"was {flow.document['state']}"
    when = "began" if due.started is None else "ended"
    progress.clear(tx, tenant, due)
    attempts.cancel(world, tx, tenant, due.run, f"the flow {due.flow} {why} before the run {when}")


def _write_down(world: World, due: Due | Pending, broken: str) -> int:
    """A run that broke, as failed. One of which not even that can be said is put off, so that all others go on."""
    try:
        return _make(world, due, broken)
    except Contended:
        return 0
    except Exception:
        logger.exception("the failed run of flow %s cannot be written down", due.flow)
        later = world.clock.now() + PUT_OFF_MS
        with world.database.writing() as tx:
            if isinstance(due, Pending):
                pending_runs.change(tx, due, due._replace(due=later, held=None))
            else:
                schedules.advance(tx, due, later)
        return 0
