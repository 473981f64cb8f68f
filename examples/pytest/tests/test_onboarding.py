"""A bucket is brought in: what is made, and what lands."""

from __future__ import annotations

import pytest
from emulator.testing import Aep, Clock, Requests

from acme_ingestion import OrdersFlow, Platform, PlatformError, onboard, wait_for_run


def test_orders_land_in_the_dataset(aep: Aep, aep_clock: Clock, platform: Platform, orders: OrdersFlow) -> None:
    aep_clock.advance("PT1H")
    assert wait_for_run(platform, orders.id)["recordSummary"]["outputRecordCount"] == 2
    assert aep.records(orders.dataset) == [
        {"_acme": {"id": "1", "email": "ada@example.com", "total": 12.5}},
        {"_acme": {"id": "2", "email": "alan@example.com", "total": 30}},
    ]


def test_every_resource_is_made_once(orders: OrdersFlow, aep_requests: Requests) -> None:
    paths = [call["path"].rsplit("/", 1)[-1] for call in aep_requests.list(method="POST", status=201)]
    assert [name for name in paths if name.endswith(("onnections", "flows"))] == [
        "connections",
        "sourceConnections",
        "targetConnections",
        "flows",
    ]


def test_a_refusal_is_not_tried_again(platform: Platform, aep_requests: Requests, waits: list[float]) -> None:
    with pytest.raises(PlatformError, match="startTime"):
        onboard(platform, "acme-orders", start=-1)
    assert aep_requests.count(method="POST", path="*/flows") == 1
    assert waits == []
