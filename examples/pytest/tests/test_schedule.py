"""Days pass at once, and some of their runs fail."""

from __future__ import annotations

import pytest
from emulator.testing import Aep, Clock

from acme_ingestion import OrdersFlow, Platform, RunFailed, wait_for_run


def test_a_day_has_a_run_an_hour(aep: Aep, aep_clock: Clock, orders: OrdersFlow) -> None:
    assert aep_clock.advance("P1D") == 24
    assert len(aep.records(orders.dataset)) == 2


def test_new_orders_land_with_the_next_run(aep: Aep, aep_clock: Clock, orders: OrdersFlow) -> None:
    aep_clock.advance("PT90M")
    aep.put_data(orders.base_connection, "orders.csv", "id,email,total\n3,grace@example.com,7\n")
    aep_clock.advance("PT1H")
    assert [record["_acme"]["id"] for record in aep.records(orders.dataset)] == ["1", "2", "3"]


def test_a_failed_run_is_told_of_and_made_up_for(
    aep: Aep, aep_clock: Clock, platform: Platform, orders: OrdersFlow
) -> None:
    aep.script(orders.id, {"status": "failed", "errors": [{"code": "2200", "message": "The key has run out."}]})
    aep_clock.advance("PT1H")
    with pytest.raises(RunFailed, match="The key has run out"):
        wait_for_run(platform, orders.id)
    aep_clock.advance("PT1H")
    assert wait_for_run(platform, orders.id)["recordSummary"]["outputRecordCount"] == 2
