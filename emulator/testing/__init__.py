"""For tests of code that talks to the platform: a server, tenants of their own, a clock, faults and a journal.

``pytest`` finds the fixtures by itself; other frameworks use ``Emulator`` or ``TestCase``.
"""

from __future__ import annotations

from emulator.testing.asgi import in_process
from emulator.testing.bench import Clock, Faults, Requests
from emulator.testing.calls import CallFailed
from emulator.testing.emulator import Emulator
from emulator.testing.flows import Flow, Stream
from emulator.testing.tenant import Aep
from emulator.testing.unit import TestCase

__all__ = ["Aep", "CallFailed", "Clock", "Emulator", "Faults", "Flow", "Requests", "Stream", "TestCase", "in_process"]
