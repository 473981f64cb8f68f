"""For ``unittest``: a test case with a tenant of its own for every test."""

from __future__ import annotations

import atexit
import os
import unittest
from collections.abc import Mapping
from typing import Any, ClassVar

from emulator.testing.bench import Clock
from emulator.testing.emulator import Emulator
from emulator.testing.tenant import Aep

_running: dict[str, Emulator] = {}


def shared(settings: Mapping[str, Any]) -> Emulator:
    """One server for all tests of the process with the same settings, or that at ``FLOW_EMULATOR_URL``."""
    url = os.environ.get("FLOW_EMULATOR_URL")
    key = url or repr(sorted(settings.items()))
    if key not in _running:
        token = os.environ.get("FLOW_EMULATOR_ADMIN_TOKEN")
        emulator = Emulator(url, admin_token=token) if url else Emulator(**settings)
        _running[key] = emulator.start()
        atexit.register(emulator.stop)
    return _running[key]


class TestCase(unittest.TestCase):
    """``self.aep`` is the test's own organisation; clock and faults are put back when the test ends.

    ``settings`` are those of ``Emulator``, for the server that is started where ``FLOW_EMULATOR_URL`` names none.
    """

    settings: ClassVar[Mapping[str, Any]] = {}
    emulator: Emulator
    aep: Aep
    clock: Clock

    def setUp(self) -> None:
        super().setUp()
        self.emulator = shared(self.settings)
        self.clock = self.emulator.clock
        self.addCleanup(self.clock.restore, self.clock.state())
        self.aep = self.emulator.aep()
        self.addCleanup(self.aep.close)
