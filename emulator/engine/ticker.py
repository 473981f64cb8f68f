"""Real time at work: one thread that sleeps until the next flow is due and runs it."""

from __future__ import annotations

import logging
import threading
import time

from emulator.engine import micro_batches, runner, timekeeping, upheaval
from emulator.engine.world import World

logger = logging.getLogger(__name__)

# Another replica may have scheduled something earlier, so nobody sleeps longer than this.
LONGEST_SLEEP_S = 1.0


class Ticker:
    """Starts with ``start`` and ends with ``stop``; ``wake`` makes it look at the schedules at once."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._awake = threading.Event()
        self._stopping = False
        self._follow_at = 0.0
        self._thread = threading.Thread(target=self._work, name="ticker", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        self._awake.set()

    def stop(self) -> None:
        self._stopping = True
        self._awake.set()
        self._thread.join(timeout=10)

    def _work(self) -> None:
        while not self._stopping:
            try:
                ran = self._run()
            except Exception:
                # A database that is away for a moment must not end all runs for good.
                logger.exception("the schedules could not be read")
                ran = False
            if not ran:
                self._awake.wait(self._pause())
                self._awake.clear()

    def _run(self) -> bool:
        """One run, if any is due, at the time that holds for all processes of the database."""
        with self._world.stepping:
            if time.monotonic() >= self._follow_at:
                timekeeping.follow(self._world.database, self._world.clock)
                upheaval.follow(self._world)
                micro_batches.settle_all(self._world)
                self._follow_at = time.monotonic() + LONGEST_SLEEP_S
            return runner.run_next(self._world) is not None

    def _pause(self) -> float:
        try:
            with self._world.database.reading() as tx:
                soonest = runner.soonest(tx, self._world.clock.real())
        except Exception:
            return LONGEST_SLEEP_S
        if soonest is None:
            return LONGEST_SLEEP_S
        return min(max(soonest - self._world.clock.now(), 0) / 1000, LONGEST_SLEEP_S)
