"""Events of the shop at an inlet."""

from __future__ import annotations

from emulator.testing import Aep, Requests

from acme_ingestion import EventSender, Platform


def test_events_land_at_once(aep: Aep, platform: Platform) -> None:
    stream = aep.stream({"who": "_acme.email", "what": "_acme.event"})
    assert EventSender(platform, stream.inlet_url).send([{"who": "ada@example.com", "what": "cart"}]) == 1
    assert stream.records() == [{"_acme": {"email": "ada@example.com", "event": "cart"}}]


def test_many_events_are_sent_in_batches(aep: Aep, aep_requests: Requests, platform: Platform) -> None:
    stream = aep.stream(fields=["number"])
    assert EventSender(platform, stream.inlet_url).send({"number": number} for number in range(1200)) == 1200
    assert aep_requests.count(path="/collection/batch/*") == 3


def test_events_that_do_not_fit_are_rejected(aep: Aep, platform: Platform) -> None:
    stream = aep.stream(fields={"amount": {"type": "integer", "minimum": 0}})
    EventSender(platform, stream.inlet_url).send([{"amount": 5}, {"amount": -5}])
    assert len(stream.records()) == 1
    assert [lost["record"] for lost in stream.rejected()] == [{"amount": -5}]
