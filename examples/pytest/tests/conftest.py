"""Acme's client, pointed at the emulator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from emulator.testing import Aep, Clock

from acme_ingestion import OrdersFlow, Platform, onboard


class Waits(list[float]):
    """Seconds that the client would have waited: tests have no time for that."""


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def platform(aep: Aep, waits: Waits) -> Iterator[Platform]:
    client = Platform(aep.url, aep.headers, sleep=waits.append)
    yield client
    client.close()


@pytest.fixture
def orders(aep: Aep, aep_clock: Clock, platform: Platform) -> OrdersFlow:
    """A flow whose first run is due in an hour, over a bucket with two orders."""
    made = onboard(platform, "acme-orders", start=int(aep_clock.now().timestamp()) + 3600)
    aep.put_data(made.base_connection, "orders.csv", "id,email,total\n1,ada@example.com,12.5\n2,alan@example.com,30\n")
    return made
