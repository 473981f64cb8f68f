"""What messages collect in: micro-batches that time, their size or the clock closes, and the run of each hour.

A micro-batch counts in one row of its own; Catalog's batches and the run are written from it when somebody
looks, at the latest within a second, and when it is closed. The row says how much of it is written down, so
that whoever comes after a kill, a restore or an import goes on there.
"""

from __future__ import annotations

import logging
from typing import Any

from emulator.domain import audit
from emulator.domain.kinds import BATCHES, FLOWS, RUNS
from emulator.domain.stream_figures import HOUR_MS, Figures, failed_batch, landed_batch, run_figures
from emulator.domain.tenant import Tenant
from emulator.engine import attempt as attempts
from emulator.engine import landing, notices
from emulator.engine.landing import BatchState
from emulator.engine.world import World, service_in
from emulator.store import rejected, resources, streams
from emulator.store.database import Contended, Transaction
from emulator.store.streams import Counts, Hour, Open

logger = logging.getLogger(__name__)
Document = dict[str, Any]
# How long records collect, by the emulator's clock, and how many do.
OPEN_MS = 5_000
MOST_RECORDS = 10_000


def count(world: World, tx: Transaction, tenant: Tenant, flow: str, dataset: str, more: Counts) -> Open:
    """Add to the open micro-batch, or to a new one. Returns it as it is with what was added."""
    now = world.clock.now()
    counted = streams.count(tx, tenant, flow, dataset, now, more)
    if counted is None:
        before = streams.find(tx, tenant.org, tenant.sandbox, flow, dataset)
        if before is not None:
            close(world, tx, before)
        counted = _opened(world, tx, tenant, flow, dataset, more)
    return counted


def _opened(world: World, tx: Transaction, tenant: Tenant, flow: str, dataset: str, more: Counts) -> Open:
    now = world.clock.now()
    hour = now - now % HOUR_MS
    run = _run_of(world, tx, tenant, flow, hour) if flow else ""
    new = Open(
        tenant.org,
        tenant.sandbox,
        flow,
        dataset,
        run,
        world.ids.batch(now),
        world.ids.batch(now),
        now,
        min(now + OPEN_MS, hour + HOUR_MS),
        *more,
    )
    streams.begin(tx, new)
    return new


def _run_of(world: World, tx: Transaction, tenant: Tenant, flow: str, hour: int) -> str:
    known = streams.hour_of(tx, tenant.org, tenant.sandbox, flow, hour)
    if known is not None:
        return known.run
    run = world.ids.uuid()
    streams.begin_hour(tx, Hour(tenant.org, tenant.sandbox, flow, hour, run, hour + HOUR_MS, Figures().written()))
    return run


def recall(world: World) -> None:
    """Find the sandboxes in which there is something to write down: of another life, or of another process."""
    with world.database.reading() as tx:
        world.unsettled.update(streams.untold(tx))


def settle(world: World, org: str, sandbox: str) -> None:
    """Write down what the open micro-batches of a sandbox have counted since somebody last looked."""
    if not world.unsettled and not world.settling.locked():
        return
    with world.settling:
        if (org, sandbox) not in world.unsettled:
            return
        # Before the rows are read: what is kept from now on marks the sandbox anew.
        world.unsettled.discard((org, sandbox))
        try:
            with world.database.writing(quiet=True) as tx:
                tenant = service_in(tx, org, sandbox)
                if tenant is not None:
                    for known in streams.untold_in(tx, org, sandbox):
                        _write_down(world, tx, tenant, known)
        except BaseException:
            world.unsettled.add((org, sandbox))
            raise


def _write_down(world: World, tx: Transaction, tenant: Tenant, known: Open) -> None:
    figures = _figures(tx, tenant, known)
    _write_batches(world, tx, tenant, known, figures, ended=False)
    _write_run(world, tx, tenant, known, figures)
    streams.tell(tx, known)


def settle_all(world: World) -> None:
    """The same for every sandbox, whichever process has taken its messages."""
    recall(world)
    for org, sandbox in list(world.unsettled):
        try:
            settle(world, org, sandbox)
        except Contended:
            logger.debug("the micro-batches of %s in %s are written down by somebody else", org, sandbox)


def close(world: World, tx: Transaction, known: Open) -> None:
    """End a micro-batch: its batches are final, and its figures the run's."""
    closed = streams.close(tx, known)
    if closed is None:
        raise Contended("another process has closed the micro-batch")
    tenant = service_in(tx, closed.org, closed.sandbox)
    assert tenant is not None, "what a sandbox holds goes with it"
    figures = _figures(tx, tenant, closed)
    _write_batches(world, tx, tenant, closed, figures, ended=True)
    hour = _hour_of(tx, closed)
    if hour is not None:
        total = Figures.read(hour.figures).plus(figures)
        streams.change_hour(tx, hour, total.written())
        _write_run_document(world, tx, tenant, hour, total, None)


def end_hour(world: World, tx: Transaction, known: Hour) -> None:
    """End a streaming flow's run; its micro-batches have been closed, which are due no later."""
    ended = streams.end_hour(tx, known)
    if ended is None:
        raise Contended("another process has ended the run")
    tenant = service_in(tx, ended.org, ended.sandbox)
    assert tenant is not None, "what a sandbox holds goes with it"
    figures = Figures.read(ended.figures)
    run = _write_run_document(world, tx, tenant, ended, figures, ended.due)
    flow = resources.read_stored(tx, tenant, FLOWS, ended.flow)
    if flow is not None and run is not None:
        attempts.note_last_run(world, tx, tenant, flow, ended.run, run["metrics"])


def _hour_of(tx: Transaction, known: Open) -> Hour | None:
    if not known.flow:
        return None
    hour = streams.hour_of(tx, known.org, known.sandbox, known.flow, known.opened - known.opened % HOUR_MS)
    return hour if hour is not None and hour.run == known.run else None


def _figures(tx: Transaction, tenant: Tenant, known: Open) -> Figures:
    causes = {}
    if known.lost:
        causes = rejected.causes(tx, tenant, known.dataset, known.failed_batch)
    batches = [name for name, some in ((known.batch, known.landed), (known.failed_batch, known.lost)) if some]
    return Figures(
        known.size,
        known.landed,
        known.landed_size,
        known.lost,
        known.skipped,
        known.warned,
        causes,
        batches,
    )


def _write_batches(world: World, tx: Transaction, tenant: Tenant, known: Open, figures: Figures, ended: bool) -> None:
    now = world.clock.now()
    tags: Document = {"flowId": [known.flow], "flowRunId": [known.run]} if known.flow else {}
    if figures.lost:
        metrics, errors = failed_batch(figures, known.opened, now)
        state = BatchState("failed", tags, metrics, errors)
        _write_batch(world, tx, tenant, known, known.failed_batch, state, ended)
    if figures.landed:
        metrics = landed_batch(figures, known.opened, now)
        state = BatchState("success" if ended else "processing", tags, metrics, ended=ended)
        _write_batch(world, tx, tenant, known, known.batch, state, ended)


def _write_batch(
    world: World, tx: Transaction, tenant: Tenant, known: Open, batch: str, state: BatchState, ended: bool
) -> None:
    there = resources.is_there(tx, tenant, BATCHES, batch)
    write = landing.change_batch if there else landing.create_batch
    document = write(world, tx, tenant, known.dataset, batch, state)
    if ended:
        notices.batch_ended(world, tx, tenant, document, known.flow or None)


def _write_run(world: World, tx: Transaction, tenant: Tenant, known: Open, figures: Figures) -> None:
    hour = _hour_of(tx, known)
    if hour is not None:
        total = Figures.read(hour.figures).plus(figures)
        _write_run_document(world, tx, tenant, hour, total, None)


def _write_run_document(
    world: World, tx: Transaction, tenant: Tenant, hour: Hour, figures: Figures, ended: int | None
) -> Document | None:
    """The run as it stands; None where its flow went before it was written for the first time."""
    now = world.clock.now()
    etag = world.ids.etag(now)
    stored = resources.read_stored(tx, tenant, RUNS, hour.run)
    flow = resources.read(tx, tenant, FLOWS, hour.flow)
    if stored is None and flow is None:
        return None
    target = flow["targetConnectionIds"][0] if flow else _target_of(stored.document if stored else {})
    described = run_figures(figures, hour.hour, now, ended, target)
    if stored is None:
        assert flow is not None
        body = {"flowId": hour.flow, "flowSpec": flow["flowSpec"], "providerRefId": hour.run, **described}
        document = attempts.new_run(body, hour.run, tenant, now, etag)
        resources.create(tx, tenant, RUNS, hour.run, document, etag)
        return document
    document = audit.changed({**stored.document, **described}, tenant, now, etag)
    resources.replace(tx, tenant, RUNS, hour.run, document, stored.etag, etag)
    return document


def _target_of(run: Document) -> str:
    found: str = run["activities"][0]["targetInfo"][0]["id"]
    return found
