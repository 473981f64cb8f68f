"""The platform is slow, busy or gone: what the client makes of it, and what it really sent."""

from __future__ import annotations

import pytest
from emulator.testing import Clock, Faults, Requests

from acme_ingestion import OrdersFlow, Platform, PlatformError, wait_for_run

RUNS = {"method": "GET", "path": "*/runs"}


def test_a_rate_limit_is_waited_for(
    aep_clock: Clock,
    aep_faults: Faults,
    aep_requests: Requests,
    platform: Platform,
    orders: OrdersFlow,
    waits: list[float],
) -> None:
    aep_clock.advance("PT1H")
    aep_faults.add(match=RUNS, preset="rate-limited", times=2)
    wait_for_run(platform, orders.id)
    assert [call["status"] for call in aep_requests.list(path="*/runs")] == [429, 429, 200]
    assert waits == [2, 4]


def test_a_platform_that_stays_busy_is_given_up(aep_faults: Faults, aep_requests: Requests, platform: Platform) -> None:
    aep_faults.add(match=RUNS, effect={"status": 503})
    with pytest.raises(PlatformError, match="tried 4 times"):
        wait_for_run(platform, "any")
    assert aep_requests.count(**RUNS, status=503) == 4


def test_a_create_whose_answer_is_lost_is_not_repeated(
    aep_faults: Faults, aep_requests: Requests, platform: Platform
) -> None:
    aep_faults.add(match={"method": "POST", "path": "*/connections"}, effect={"drop": "after"}, times=1)
    with pytest.raises(PlatformError):
        platform.post("/data/foundation/flowservice/connections", {"name": "Acme's bucket"})
    assert aep_requests.count(method="POST", path="*/connections") == 1
