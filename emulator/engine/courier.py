"""Deliveries on their way: one thread that takes what is due, and a few that post it.

Only the first one reaches the database. It sleeps until something happens here or the next delivery is due,
takes the heads of lanes under a lease (``store/deliveries``), hands them to posting threads, and notes how
they went. Webhooks live in real time, also when the clock of the server stands still or jumps: ``due``,
leases and the times in the log are those of ``now``, which is ``time.time`` unless a test has its own.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue

import orjson

from emulator.domain import back_off
from emulator.engine import webhooks
from emulator.engine.clock import iso
from emulator.engine.outgoing import fault_of_reach
from emulator.engine.webhooks import Outcome, Post
from emulator.engine.world import World
from emulator.store import deliveries, subscribers
from emulator.store.database import Contended, Transaction
from emulator.store.deliveries import DELIVERED, GIVEN_UP, WAITING, Delivery, Head

logger = logging.getLogger(__name__)

MOST_ATTEMPTS = 8
# Longer than any post takes, so that a lease runs out only when its process is gone.
LEASE_MS = 60_000
# A subscriber that answers slowly keeps so many of the posting threads busy, and no more.
POSTING_THREADS = 16
AT_ONCE_PER_SUBSCRIBER = 4
# What wakes the courier is often not committed yet, so it looks again soon, then less and less often.
SHORTEST_SLEEP_S = 0.005
LONGEST_SLEEP_S = 1.0
# Looking for heads takes the longer the more waits: no more than a tenth of the time goes there.
REST_BETWEEN_SCANS = 9
STOPPING_S = 2.0


@dataclass(eq=False)
class _Posting:
    """A delivery that a thread is posting, since when (``time.monotonic``), and how it went."""

    delivery: Delivery
    post: Post
    since: float
    outcome: Outcome | None = None


class Courier:
    """Starts with ``start`` and ends with ``stop``; ``wake`` makes it look for deliveries at once.

    ``now`` is real time in seconds of the epoch, ``wait_ms`` the wait after so many failed attempts with a
    jitter from 0 to 1, ``timeout`` the seconds that one attempt may take.
    """

    def __init__(
        self,
        world: World,
        now: Callable[[], float] = time.time,
        wait_ms: Callable[[int, float], int] = back_off.wait_ms,
        timeout: float = webhooks.TIMEOUT_S,
    ) -> None:
        self._world = world
        self._now = now
        self._wait_ms = wait_ms
        self._timeout = timeout
        self._awake = threading.Event()
        self._stopping = False
        self._jobs: SimpleQueue[_Posting | None] = SimpleQueue()
        self._under_way: list[_Posting] = []
        self._posters: list[threading.Thread] = []
        # What is known to be due, when something else will be (ms), and when to look again (``time.monotonic``).
        self._due: list[Head] = []
        self._soonest: int | None = None
        self._next_scan = 0.0
        self._scan_wanted = False
        self._thread = threading.Thread(target=self._work, name="courier", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        self._awake.set()

    def stop(self) -> None:
        """What is under way is cut off and is due again; it may be told twice, but it is told."""
        self._stopping = True
        self._awake.set()
        self._thread.join(timeout=10)

    def drain(self, timeout: float) -> bool:
        """Wait until nothing waits to be delivered any more; False when ``timeout`` seconds were too few."""
        until = time.monotonic() + timeout
        while True:
            with self._world.database.reading() as tx:
                if not deliveries.any_waiting(tx):
                    return True
            if time.monotonic() >= until:
                return False
            time.sleep(SHORTEST_SLEEP_S)

    def _work(self) -> None:
        pause = SHORTEST_SLEEP_S
        while not self._stopping:
            pause = min(pause * 2, LONGEST_SLEEP_S)
            if self._awake.wait(self._no_longer_than(pause)):
                pause = SHORTEST_SLEEP_S
            self._awake.clear()
            try:
                self._step()
            except Contended:
                self._awake.set()
            except Exception:
                # A database that is away for a moment must not end all deliveries for good.
                logger.exception("deliveries could not be read or noted")
                self._soonest, self._scan_wanted = None, False
        self._end()

    def _no_longer_than(self, pause: float) -> float:
        """A pause that ends when a delivery is due or a post has taken too long."""
        bounded = [posting for posting in self._under_way if not posting.post.aborted]
        ends = [posting.since + self._timeout - time.monotonic() for posting in bounded]
        if self._scan_wanted:
            ends.append(self._next_scan - time.monotonic())
        elif self._soonest is not None:
            ends.append(self._soonest / 1000 - self._now())
        return max(min([pause, *ends]), 0.001)

    def _step(self) -> None:
        """Note what has ended, then take what is due."""
        self._cut_off_late_ones()
        ended = [posting for posting in self._under_way if posting.outcome is not None]
        if ended:
            with self._world.database.writing() as tx:
                for posting in ended:
                    self._settle(tx, posting)
                followers = [deliveries.head_of_lane(tx, posting.delivery) for posting in ended]
            self._due += [head for head in followers if head is not None and head.due <= self._now_ms()]
            self._under_way = [posting for posting in self._under_way if posting not in ended]
        self._scan_wanted = True
        if time.monotonic() >= self._next_scan:
            self._scan()
        chosen = self._chosen()
        if chosen:
            self._take(chosen)

    def _scan(self) -> None:
        began, now = time.monotonic(), self._now_ms()
        with self._world.database.reading() as tx:
            heads = deliveries.heads(tx)
        self._due = [head for head in heads if head.due <= now]
        self._soonest = min((head.due for head in heads if head.due > now), default=None)
        ended = time.monotonic()
        self._next_scan = ended + REST_BETWEEN_SCANS * (ended - began)
        self._scan_wanted = False

    def _now_ms(self) -> int:
        return int(self._now() * 1000)

    def _cut_off_late_ones(self) -> None:
        late = time.monotonic() - self._timeout
        for posting in self._under_way:
            if posting.since <= late:
                posting.post.abort()

    def _chosen(self) -> list[Head]:
        """So many as there are threads, shared among subscribers; the others come when a thread is free."""
        free = POSTING_THREADS - len(self._under_way)
        busy = Counter(posting.delivery.subscriber for posting in self._under_way)
        chosen: list[Head] = []
        left: list[Head] = []
        for head in self._due:
            if len(chosen) < free and busy[head.subscriber] < AT_ONCE_PER_SUBSCRIBER:
                busy[head.subscriber] += 1
                chosen.append(head)
            else:
                left.append(head)
        self._due = left
        return chosen

    def _take(self, heads: list[Head]) -> None:
        until = self._now_ms() + LEASE_MS
        with self._world.database.writing() as tx:
            leased = [self._leased(tx, head, until) for head in heads]
        for posting in leased:
            if posting is None:
                # Another process was faster, so there is room for what was passed over.
                self._awake.set()
            else:
                self._under_way.append(posting)
                self._hand_over(posting)

    def _leased(self, tx: Transaction, head: Head, until: int) -> _Posting | None:
        if not deliveries.lease(tx, head.seq, head.due, until):
            return None
        delivery, subscriber = deliveries.find(tx, head.seq), subscribers.find(tx, head.subscriber)
        if subscriber is None:
            # Written down by a process that did not know yet that it is gone.
            deliveries.remove_all_to(tx, head.subscriber)
            return None
        assert delivery is not None, "it has just been leased"
        # A subscription may have come with an export, or from a server that was told otherwise.
        fault = None if subscriber.fixed else fault_of_reach(subscriber.url, self._world.outgoing)
        return _Posting(delivery, Post(subscriber, delivery, self._timeout, fault), time.monotonic())

    def _hand_over(self, posting: _Posting) -> None:
        if len(self._posters) < min(len(self._under_way), POSTING_THREADS):
            poster = threading.Thread(target=self._post, name=f"courier-{len(self._posters)}", daemon=True)
            self._posters.append(poster)
            poster.start()
        self._jobs.put(posting)

    def _post(self) -> None:
        while (posting := self._jobs.get()) is not None:
            posting.outcome = posting.post.send()
            self._awake.set()

    def _settle(self, tx: Transaction, posting: _Posting) -> None:
        before, outcome = posting.delivery, posting.outcome
        assert outcome is not None, "it has ended"
        attempts = before.attempts + 1
        if outcome.succeeded:
            state, due = DELIVERED, before.due
        elif attempts >= MOST_ATTEMPTS or not outcome.may_succeed_later:
            state, due = GIVEN_UP, before.due
        else:
            state = WAITING
            # Neither ids nor runs may depend on how often a webhook failed.
            due = self._now_ms() + self._wait_ms(attempts, back_off.chance())
        said = {name: value for name, value in outcome._asdict().items() if value is not None}
        log = [*orjson.loads(before.log), {"at": iso(self._now_ms()), **said}]
        after = before._replace(state=state, attempts=attempts, due=due, log=orjson.dumps(log).decode())
        deliveries.settle(tx, before, after)

    def _end(self) -> None:
        """Cut off what is under way and give its leases back."""
        for _ in self._posters:
            self._jobs.put(None)
        for posting in self._under_way:
            posting.post.abort()
        until = time.monotonic() + STOPPING_S
        for poster in self._posters:
            poster.join(max(until - time.monotonic(), 0))
        try:
            with self._world.database.writing() as tx:
                for posting in self._under_way:
                    if posting.outcome is not None and posting.outcome.succeeded:
                        self._settle(tx, posting)
                    else:
                        deliveries.settle(tx, posting.delivery, posting.delivery._replace(due=0))
        except Exception:
            logger.exception("deliveries under way could not be given back; they are due again when their lease ends")
