"""Seed files that are looked at while the server runs: when one changes, the state goes back to the seed."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from emulator.services.seeding.reading import BadSeed
from emulator.services.seeding.seeds import Seeds

logger = logging.getLogger(__name__)
LOOK_S = 0.5
Marks = dict[Path, tuple[int, int]]


class Watch:
    """Starts with ``start`` and ends with ``stop``. A seed that cannot be used is logged and changes nothing."""

    def __init__(self, seeds: Seeds) -> None:
        self._seeds = seeds
        self._stopping = threading.Event()
        self._seen = self._marks()
        self._thread = threading.Thread(target=self._work, name="seeds", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(timeout=10)

    def _work(self) -> None:
        while not self._stopping.wait(LOOK_S):
            marks = self._marks()
            if marks != self._seen:
                self._seen = marks
                self._go_back()

    def _marks(self) -> Marks:
        """When each file was changed, and its size; a file that comes or goes is a change too."""
        found: Marks = {}
        for path in self._seeds.files():
            try:
                stat = path.stat()
            except OSError:
                continue
            found[path] = (stat.st_mtime_ns, stat.st_size)
        return found

    def _go_back(self) -> None:
        try:
            self._seeds.renew()
        except BadSeed as error:
            logger.error("the changed seed is not used: %s", error)
        except Exception:
            logger.exception("the changed seed could not be applied")
        else:
            logger.warning("the seed has changed: the state is back to it")
