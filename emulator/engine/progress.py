"""A run from its beginning to its end: in one transaction where it is short, else part by part.

A run whose source fits into one part is claimed, landed and written down in a single transaction. A longer
one is first shown in progress and held by this process; its parts land in a batch that nobody sees, and the
last transaction shows all of it. Whoever finds a held run whose process is gone makes it anew from its
beginning, under its own id: half a batch is never landed.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from emulator.domain import run_states, schedule
from emulator.domain.kinds import BATCHES, FLOWS
from emulator.domain.metrics import Failure
from emulator.domain.tenant import Tenant
from emulator.engine import attempt as attempts
from emulator.engine import notices
from emulator.engine.attempt import Attempt, Reading
from emulator.engine.pipeline import Pipeline
from emulator.store import outcomes, pending_runs, records, rejected, resources, schedules
from emulator.store.database import Contended, Transaction
from emulator.store.pending_runs import Pending
from emulator.store.schedules import Due

logger = logging.getLogger(__name__)
# In real time; renewed with every part.
HOLD_MS = 15_000
LOOK_AGAIN_MS = 500


def make(attempt: Attempt, due: Due | Pending, broken: str | None = None) -> int:
    """Begin the run, or make it. Returns how many runs ended: 1, or 0 for one that takes its time.

    ``broken`` says why it cannot be made at all; it is then written down as failed.
    """
    if attempt.outcome.duration and not attempt.has_begun:
        with attempt.world.database.writing() as tx:
            _begin(attempt, tx, due)
        return 0
    reading = Reading(failure=Failure(attempts.ENGINE_ERROR, broken)) if broken else _opened(attempt)
    try:
        if reading.following is None:
            _make_at_once(attempt, due, reading)
        else:
            _make_in_parts(attempt, due, reading)
    finally:
        reading.close()
    return 1


def _opened(attempt: Attempt) -> Reading:
    with attempt.world.database.reading() as tx:
        source = attempts.opened(attempt, tx)
    # Read before anything is locked: a source may take its time.
    return attempts.begun(attempt, source)


def _claim(attempt: Attempt, tx: Transaction, due: Due | Pending) -> None:
    """From here on the run is ours. Raises ``Contended`` when it is not."""
    if isinstance(due, Due):
        taken = schedules.advance(tx, due, _following(attempt, due))
    else:
        # The same order of locks as above: the schedule before the flow.
        schedules.place_of(tx, due.org, due.sandbox, due.flow)
        taken = pending_runs.claim(tx, due)
        clear(tx, attempt.tenant, due)
    if taken and attempt.script is not None:
        taken = outcomes.take(tx, attempt.script)
    if not taken:
        raise Contended(f"the run {attempt.run_id} was taken by another process")


def _following(attempt: Attempt, due: Due) -> int | None:
    """When the flow is due again: on its grid, of which a clock that was set forward has jumped over a part."""
    return schedule.next_due(attempt.plan, max(due.due, attempt.world.clock.state.jumped))


def _begin(attempt: Attempt, tx: Transaction, due: Due | Pending) -> None:
    """The run takes its time: it is in progress from now on."""
    _claim(attempt, tx, due)
    end = attempt.world.clock.now() + attempt.outcome.duration
    pending_runs.create(tx, _begun(attempt, due, end))
    stored = attempts.write(attempt, tx, run_states.in_progress(attempt.started), [])
    notices.run_started(attempt.world, tx, attempt.tenant, attempt.flow.document, stored.document)


def queue(attempt: Attempt, tx: Transaction, due: Due | Pending, until: int) -> None:
    """Let the run wait until the one before it has ended.

    When that will be, nobody can say of one that lands part by part: it is asked again after a while.
    """
    real, now = attempt.world.clock.real(), attempt.world.clock.now()
    later = real + LOOK_AGAIN_MS if until <= now else None
    if isinstance(due, Pending):
        taken = pending_runs.change(tx, due, due._replace(due=until, held=later))
    else:
        taken = schedules.advance(tx, due, _following(attempt, due))
        if taken:
            pending_runs.create(tx, _waiting(attempt, due, until)._replace(held=later))
    if not taken:
        raise Contended(f"the run {attempt.run_id} was taken by another process")
    queued = run_states.waits(run_states.QUEUED)
    if attempt.stored is None or attempt.stored.document["metrics"] != queued:
        attempts.write(attempt, tx, queued, [])


def _waiting(attempt: Attempt, due: Due | Pending, until: int) -> Pending:
    planned = due.due if isinstance(due, Due) else due.planned
    return Pending(due.org, due.sandbox, attempt.run_id, due.flow, until, planned)


def _begun(attempt: Attempt, due: Due | Pending, until: int) -> Pending:
    outcome = attempt.pending.outcome if attempt.pending else None
    script = attempt.script.body if attempt.script else outcome
    return _waiting(attempt, due, until)._replace(started=attempt.started, outcome=script)


def clear(tx: Transaction, tenant: Tenant, pending: Pending) -> None:
    """Take away what an unfinished run has landed."""
    if pending.batch is None:
        return
    stored = resources.read_stored(tx, tenant, BATCHES, pending.batch)
    if stored is not None:
        dataset = stored.document["relatedObjects"][0]["id"]
        records.remove_batch(tx, tenant, dataset, pending.batch)
        rejected.remove_batch(tx, tenant, dataset, pending.batch)
        resources.remove(tx, tenant, BATCHES, pending.batch)


def _make_at_once(attempt: Attempt, due: Due | Pending, reading: Reading) -> None:
    pipeline = _pipeline(attempt)
    with attempt.world.database.writing() as tx:
        _claim(attempt, tx, due)
        if reading.failure is None:
            _put_all(pipeline, tx, reading)
        _end(attempt, tx, pipeline, reading)


def _put_all(pipeline: Pipeline, tx: Transaction, reading: Reading) -> None:
    """Of a source that has nothing new only a script can make a failure."""
    if reading.chunk is not None or pipeline.outcome.fails_promotion:
        pipeline.prepare(tx)
    if reading.chunk is not None:
        pipeline.put(tx, reading.chunk)


def _make_in_parts(attempt: Attempt, due: Due | Pending, reading: Reading) -> None:
    database, pipeline = attempt.world.database, _pipeline(attempt)
    pending = _begun(attempt, due, attempt.world.clock.now())._replace(batch=pipeline.batch)
    with database.writing() as tx:
        _claim(attempt, tx, due)
        pipeline.prepare(tx)
        pipeline.begin(tx)
        pending = pending._replace(held=attempt.world.clock.real() + HOLD_MS)
        pending_runs.create(tx, pending)
        attempt = _put(attempt, tx, pipeline, reading)
        assert attempt.stored is not None
        notices.run_started(attempt.world, tx, attempt.tenant, attempt.flow.document, attempt.stored.document)
    try:
        while reading.following is not None:
            reading.step()
            with database.writing() as tx:
                held = pending._replace(held=attempt.world.clock.real() + HOLD_MS)
                if not pending_runs.change(tx, pending, held):
                    raise Contended(f"the run {attempt.run_id} was taken by another process")
                attempt, pending = _put(attempt, tx, pipeline, reading), held
    except Contended:
        raise
    except Exception as error:
        logger.exception("run %s of flow %s failed unexpectedly", attempt.run_id, due.flow)
        reading.failure = Failure(attempts.ENGINE_ERROR, f"{type(error).__name__}: {error}")
    with database.writing() as tx:
        _end_parts(attempt, tx, pending, pipeline, reading)


def _put(attempt: Attempt, tx: Transaction, pipeline: Pipeline, reading: Reading) -> Attempt:
    """Land the part at hand, and show how far the run has come."""
    assert reading.chunk is not None
    pipeline.put(tx, reading.chunk)
    tally = pipeline.tally
    summary = run_states.in_progress(attempt.started, tally.read, tally.size, tally.files)
    return replace(attempt, stored=attempts.write(attempt, tx, summary, []))


def _end_parts(attempt: Attempt, tx: Transaction, pending: Pending, pipeline: Pipeline, reading: Reading) -> None:
    schedules.place_of(tx, pending.org, pending.sandbox, pending.flow)
    if not pending_runs.claim(tx, pending):
        raise Contended(f"the run {attempt.run_id} was taken by another process")
    # It may have been changed, or deleted, on the way.
    flow = resources.read_stored(tx, attempt.tenant, FLOWS, pending.flow)
    if flow is not None:
        _end(replace(attempt, flow=flow), tx, pipeline, reading)
        return
    clear(tx, attempt.tenant, pending)
    why = f"the flow {pending.flow} was deleted before the run ended"
    attempts.cancel(attempt.world, tx, attempt.tenant, attempt.run_id, why)


def _pipeline(attempt: Attempt) -> Pipeline:
    batch = attempt.world.ids.batch(attempt.world.clock.now())
    return Pipeline(attempt.world, attempt.tenant, attempt.flow, attempt.run_id, batch, attempt.outcome)


def _end(attempt: Attempt, tx: Transaction, pipeline: Pipeline, reading: Reading) -> None:
    """The run's figures, and where the next one reads on: nowhere else after a failure or an asked window."""
    world, tenant, failure = attempt.world, attempt.tenant, reading.failure
    attempts.check_cursor(attempt, tx)
    copy = attempts.copied(attempt, tx, pipeline.tally, failure)
    promotion = None
    if failure is not None:
        pipeline.give_up(tx)
    elif pipeline.tally.read or pipeline.has_begun or pipeline.outcome.fails_promotion:
        promotion = pipeline.end(tx, copy.completed)
    document = attempts.write_end(attempt, tx, copy, promotion)
    lost = failure is not None or (promotion is not None and promotion.failure is not None)
    if reading.cursor is not None and not lost and not attempt.asked_window:
        attempts.move_cursor(attempt, tx, reading.cursor)
    flow = attempt.flow.document
    if attempt.stored is None:
        notices.run_started(world, tx, tenant, flow, document)
    notices.run_ended(world, tx, tenant, flow, document)
    if pipeline.ended is not None:
        notices.batch_ended(world, tx, tenant, pipeline.ended, flow["id"])
