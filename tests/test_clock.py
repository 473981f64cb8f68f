"""The clock: see it, stop it, set it, and let time pass at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.domain import durations
from emulator.server import Background
from emulator.settings import Settings
from tests.support import FLOW, PATIENCE_S, Api, Document, client_of

NOON = "2026-01-31T12:00:00.000Z"
NOON_S = 1769860800
HOUR_MS = 3_600_000


@pytest.fixture
def frozen() -> Iterator[Api]:
    """A client of a server of its own, whose clock stands at noon."""
    with Background(Settings(port=0, database="sqlite://", clock=NOON)) as running:
        with client_of(running.url, "CLOCK@AdobeOrg") as api:
            yield api


def clock(api: Api) -> Document:
    shown: Document = api.http.get("/__admin/clock").json()
    return shown


def put(api: Api, **body: Any) -> httpx.Response:
    return api.http.put("/__admin/clock", json=body)


def advance(api: Api, **body: Any) -> Document:
    answer = api.http.post("/__admin/clock/advance", json=body)
    assert answer.status_code == 200, answer.text
    passed: Document = answer.json()
    return passed


def hourly(api: Api, start: int = NOON_S + 3600, **changes: Any) -> str:
    schedule = {"startTime": start, "frequency": "hour", "interval": 1, **changes}
    target = api.target(f"Schema of a flow from {start}")
    body = api.flow_body(api.source_connection(), target, {"data.id": "_test.id"}, scheduleParams=schedule)
    return api.make("flows", body)


def test_a_frozen_clock_stands(frozen: Api) -> None:
    assert clock(frozen) == {"now": NOON, "mode": "frozen"}
    made = frozen.item("connections", frozen.base_connection())
    assert made["createdAt"] == NOON_S * 1000
    assert clock(frozen) == {"now": NOON, "mode": "frozen"}


def test_a_week_of_an_hourly_flow_happens_in_one_call(frozen: Api) -> None:
    flow = hourly(frozen)
    assert advance(frozen, by="P7D") == {"now": "2026-02-07T12:00:00.000Z", "runs": 168}
    answer = frozen.http.get(f"{FLOW}/runs", params={"property": f"flowId=={flow}", "limit": 1000})
    starts = [run["metrics"]["durationSummary"]["startedAtUTC"] for run in answer.json()["items"]]
    assert sorted(starts) == [(NOON_S + 3600 * hour) * 1000 for hour in range(1, 169)]


def test_runs_of_several_flows_happen_in_the_order_of_their_instants(frozen: Api) -> None:
    flows = [hourly(frozen, NOON_S + 60 * minute) for minute in (30, 10, 20)]
    advance(frozen, by="PT2H")
    runs = frozen.http.get(f"{FLOW}/runs", params={"orderby": "createdAt", "limit": 100}).json()["items"]
    assert [run["flowId"] for run in runs] == [flows[1], flows[2], flows[0]] * 2


def test_nothing_happens_after_the_instant_that_time_went_to(frozen: Api) -> None:
    flow = hourly(frozen)
    assert advance(frozen, to="2026-01-31T12:59:59Z")["runs"] == 0
    assert advance(frozen, to="2026-01-31T13:00:00Z")["runs"] == 1
    assert len(frozen.runs(flow)) == 1


def test_a_clock_that_goes_on_stays_ahead(frozen: Api) -> None:
    assert put(frozen, mode="offset", now="2030-01-01T00:00:00Z").status_code == 200
    shown = clock(frozen)
    assert shown["mode"] == "offset"
    assert "2030-01-01T00:00:00" <= shown["now"] < "2030-01-01T00:01:00"
    assert advance(frozen, by="P1D")["now"] >= "2030-01-02"


def test_real_time_that_is_advanced_is_ahead_from_then_on() -> None:
    with Background(Settings(port=0, database="sqlite://")) as running:
        with client_of(running.url, "CLOCK@AdobeOrg") as api:
            assert clock(api)["mode"] == "real"
            advance(api, by="P2D")
            shown = clock(api)
            assert shown["mode"] == "offset"
            ahead = datetime.fromisoformat(shown["now"]) - datetime.now(UTC)
            assert timedelta(days=2, minutes=-1) < ahead < timedelta(days=2, minutes=1)


def test_a_clock_is_not_set_back_behind_what_has_happened_unless_it_is_forced(frozen: Api) -> None:
    hourly(frozen)
    advance(frozen, by="PT5H")
    refused = put(frozen, mode="frozen", now=NOON)
    assert refused.status_code == 409
    assert refused.json()["error"] == "clock_back"
    assert clock(frozen)["now"] == "2026-01-31T17:00:00.000Z"
    assert put(frozen, mode="frozen", now=NOON, force=True).status_code == 200
    assert clock(frozen)["now"] == NOON


def test_a_clock_that_is_set_forward_jumps_over_what_was_due(frozen: Api) -> None:
    flow = hourly(frozen)
    assert put(frozen, mode="frozen", now="2026-02-07T12:30:00Z").status_code == 200
    frozen.await_runs(flow, 1)
    assert advance(frozen, by="PT1H")["runs"] == 1
    starts = [run["metrics"]["durationSummary"]["startedAtUTC"] for run in frozen.runs(flow)]
    week = NOON_S + 7 * 86_400
    assert starts == [(week + 3600) * 1000, (week + 1800) * 1000]


def test_tokens_expire_when_the_clock_says_so(tmp_path: Path) -> None:
    settings = Settings(port=0, database="sqlite://", clock=NOON, auth="strict")
    with Background(settings) as running, httpx.Client(base_url=running.url) as http:
        secret = {"client_id": "me", "client_secret": "s", "grant_type": "client_credentials", "scope": "openid"}
        token = http.post("/ims/token/v3", data=secret).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}", "x-api-key": "me", "x-gw-ims-org-id": "CLOCK@AdobeOrg"}
        assert http.get(f"{FLOW}/flows", headers=headers).status_code == 200
        assert http.post("/__admin/clock/advance", json={"by": "P2D"}).status_code == 200
        assert http.get(f"{FLOW}/flows", headers=headers).status_code == 401


def test_a_clock_that_was_set_outlives_the_server(lasting_url: str) -> None:
    with Background(Settings(port=0, database=lasting_url, clock=NOON)) as running:
        with client_of(running.url, "CLOCK@AdobeOrg") as api:
            advance(api, by="P1D")
    with Background(Settings(port=0, database=lasting_url)) as running:
        with client_of(running.url, "CLOCK@AdobeOrg") as api:
            assert clock(api) == {"now": "2026-02-01T12:00:00.000Z", "mode": "frozen"}


def test_every_process_of_a_database_follows_the_clock(lasting_url: str) -> None:
    with (
        Background(Settings(port=0, database=lasting_url, clock=NOON)) as one,
        Background(Settings(port=0, database=lasting_url)) as other,
    ):
        httpx.post(f"{one.url}/__admin/clock/advance", json={"by": "P1D"})
        with client_of(other.url, "CLOCK@AdobeOrg") as api:
            until = time.monotonic() + PATIENCE_S
            while clock(api)["now"] != "2026-02-01T12:00:00.000Z" and time.monotonic() < until:
                time.sleep(0.05)
            assert clock(api) == {"now": "2026-02-01T12:00:00.000Z", "mode": "frozen"}


def test_one_script_gives_the_same_answers_twice() -> None:
    def played() -> list[bytes]:
        settings = Settings(port=0, database="sqlite://", clock=NOON, random_seed=7)
        with Background(settings) as running:
            with client_of(running.url, "CLOCK@AdobeOrg") as api:
                flow = hourly(api)
                advance(api, by="P1D")
                seen = [api.http.get(f"{FLOW}/runs", params={"limit": 100}), api.http.get(f"{FLOW}/flows/{flow}")]
                return [answer.content.replace(running.url.encode(), b"") for answer in seen]

    assert played() == played()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "by"),
        ({"by": "P7D", "to": NOON}, "either"),
        ({"by": "a week"}, "P7D"),
        ({"by": "P"}, "duration"),
        ({"by": "P1M"}, "duration"),
        ({"by": 7}, "duration"),
        ({"to": "tomorrow"}, "instant"),
        ({"to": "2020-01-01T00:00:00Z"}, "before"),
        ({"by": "P999999999W"}, "no further"),
        ({"by": "P367D"}, "no further"),
        ({"until": NOON}, "until"),
        ([], "object"),
    ],
)
def test_an_advance_that_makes_no_sense_is_refused(frozen: Api, body: Any, said: str) -> None:
    answer = frozen.http.post("/__admin/clock/advance", json=body)
    assert answer.status_code == 400, answer.text
    assert said in answer.json()["message"]
    assert clock(frozen)["now"] == NOON


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"mode": "fast"}, "mode"),
        ({"mode": "offset"}, "now"),
        ({"mode": "real", "now": NOON}, "now"),
        ({"mode": "frozen", "now": "noon"}, "now"),
        ({"mode": "frozen", "now": "1969-01-01T00:00:00Z"}, "now"),
        ({"mode": "frozen", "force": "yes"}, "force"),
        ({"mode": "frozen", "speed": 2}, "speed"),
    ],
)
def test_a_setting_of_the_clock_that_makes_no_sense_is_refused(frozen: Api, body: Any, said: str) -> None:
    answer = put(frozen, **body)
    assert answer.status_code == 400, answer.text
    assert said in answer.json()["message"]


def test_the_server_answers_others_while_time_passes(frozen: Api) -> None:
    hourly(frozen)
    assert advance(frozen, by="PT1H")["runs"] == 1
    assert frozen.http.get("/__admin/health").status_code == 200


@given(st.integers(0, 5), st.integers(0, 30), st.integers(0, 90), st.integers(0, 90), st.integers(0, 90))
def test_a_duration_is_the_sum_of_its_parts(weeks: int, days: int, hours: int, minutes: int, seconds: int) -> None:
    text = f"P{weeks}W{days}DT{hours}H{minutes}M{seconds}S"
    wanted = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    assert durations.milliseconds(text) == wanted // timedelta(milliseconds=1)


@given(st.text(max_size=12))
def test_any_text_is_a_duration_or_none(text: str) -> None:
    try:
        assert durations.milliseconds(text) >= 0
    except ValueError as error:
        assert "duration" in str(error)
