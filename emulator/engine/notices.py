"""What happens, written down for those who want to be told: in the transaction of what happened.

Nothing is told that was undone, and nothing that was done is forgotten. Runs of streaming sources are not told
of, as documented; batches are, whoever loaded them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import orjson

from emulator.domain import event_forms
from emulator.domain.metrics import ORIGIN
from emulator.domain.tenant import Tenant
from emulator.engine.world import World
from emulator.store import deliveries, subscribers
from emulator.store.database import Database, Transaction
from emulator.store.subscribers import Subscriber

Document = dict[str, Any]
# How long what was read of subscribers holds, in seconds of real time: so late does a process learn of those
# who subscribed or unsubscribed at another one.
KNOWN_FOR_S = 1.0
_BATCH_EVENTS = {
    "success": event_forms.BATCH_LOADED,
    "failed": event_forms.BATCH_FAILED,
    "failure": event_forms.BATCH_FAILED,
}


@dataclass(frozen=True)
class Wish:
    """What one subscriber asked for: events by name, the form in which runs are told of, and the address
    that links in what it is told begin with."""

    events: Collection[str]
    form: str
    origin: str
    created: str

    @classmethod
    def read(cls, subscriber: Subscriber) -> Wish:
        return cls(**orjson.loads(subscriber.body))

    def written(self) -> str:
        return orjson.dumps({**vars(self), "events": list(self.events)}).decode()


class _Known(NamedTuple):
    """The subscribers as they were read, and until when that holds (``time.monotonic``)."""

    entries: list[tuple[Subscriber, Wish]]
    until: float


_known: WeakKeyDictionary[Database, _Known] = WeakKeyDictionary()
_lock = threading.Lock()
_NOBODY = _Known([], 0)


def forget(world: World) -> None:
    """Subscribers have changed: they are read again before anything else is told."""
    with _lock:
        _known.pop(world.database, None)


def _subscribers(tx: Transaction) -> list[tuple[Subscriber, Wish]]:
    known = _known.get(tx.database, _NOBODY)
    now = time.monotonic()
    if now >= known.until:
        entries = [(one, Wish.read(one)) for one in subscribers.everyone(tx)]
        known = _Known(entries, now + KNOWN_FOR_S)
        with _lock:
            _known[tx.database] = known
    return known.entries


def run_started(world: World, tx: Transaction, tenant: Tenant, flow: Document, run: Document) -> None:
    """A run has begun."""
    _tell_of_run(world, tx, tenant, event_forms.RUN_STARTED, flow, run)


def run_ended(world: World, tx: Transaction, tenant: Tenant, flow: Document, run: Document) -> None:
    """A run has ended. Documented: one with errors below the threshold of partial ingestion succeeded."""
    failed = run["metrics"]["statusSummary"]["status"] == "failed"
    _tell_of_run(world, tx, tenant, event_forms.RUN_FAILED if failed else event_forms.RUN_SUCCEEDED, flow, run)


def _tell_of_run(world: World, tx: Transaction, tenant: Tenant, event: str, flow: Document, run: Document) -> None:
    if "scheduleParams" not in flow:
        return

    def formed(wish: Wish, event_id: str, now: int) -> tuple[str, Any]:
        return event_forms.run_event(wish.form, event, flow["name"], run, event_id, now)

    _tell(world, tx, tenant, event, flow["id"], formed)


def batch_ended(world: World, tx: Transaction, tenant: Tenant, batch: Document, flow_id: str | None) -> None:
    """A batch was loaded or has failed; ``flow_id`` is None for one that no flow loaded."""
    event = _BATCH_EVENTS.get(batch["status"])
    if event is None:
        return

    def formed(_wish: Wish, event_id: str, now: int) -> tuple[str, Any]:
        return event_forms.batch_event(event, batch, tenant.sandbox, event_id, now)

    _tell(world, tx, tenant, event, flow_id or "", formed)


def _tell(
    world: World,
    tx: Transaction,
    tenant: Tenant,
    event: str,
    flow: str,
    formed: Callable[[Wish, str, int], tuple[str, Any]],
) -> None:
    wanting = [(one, wish) for one, wish in _subscribers(tx) if one.org in (None, tenant.org) and event in wish.events]
    for one, wish in wanting:
        event_id = world.ids.uuid()
        code, payload = formed(wish, event_id, world.clock.now())
        deliveries.create(
            tx,
            org=tenant.org,
            sandbox=tenant.sandbox,
            subscriber=one.id,
            flow=flow,
            event_id=event_id,
            event=event,
            code=code,
            body=orjson.dumps(payload).decode().replace(ORIGIN, wish.origin),
        )
    if wanting:
        world.on_notice()
