"""Fault rules: which calls they strike, what the client gets, how often, and whose they are."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.domain.fault_effects import Delay, draw
from emulator.server import Background
from emulator.settings import Settings
from tests.operating import eventually
from tests.support import FLOW, Api, Document, client_of

FAULTS = "/__admin/faults"
FLOWS = f"{FLOW}/flows"
MARK = "x-flow-emulator-fault"


@pytest.fixture(autouse=True)
def _no_fault_is_left(api: Api) -> Iterator[None]:
    yield
    api.http.delete(FAULTS)


def add(api: Api, **rule: Any) -> Document:
    answer = api.http.post(FAULTS, json=rule)
    assert answer.status_code == 201, answer.text
    added: Document = answer.json()
    return added


def refusal(api: Api, rule: Any) -> str:
    answer = api.http.post(FAULTS, json=rule)
    assert answer.status_code == 400, answer.text
    return str(answer.json()["message"])


@pytest.mark.parametrize(
    ("preset", "status", "said"),
    [
        ("gateway-down", 503, "CONNECTOR-1011-503"),
        ("token-expired", 401, "401013"),
        ("rate-limited", 429, "429050"),
    ],
)
def test_a_preset_answers_in_the_words_of_the_catalogue(api: Api, preset: str, status: int, said: str) -> None:
    rule = add(api, preset=preset, times=1)
    answer = api.http.get(FLOWS)
    assert (answer.status_code, answer.headers[MARK]) == (status, rule["id"])
    assert said in answer.text
    assert api.http.get(FLOWS).status_code == 200


def test_an_error_comes_in_the_envelope_of_the_service_that_is_struck(api: Api) -> None:
    add(api, effect={"error": "CONNECTOR-1012-504"})
    assert api.http.get(FLOWS).json()["report"]["detailed-message"]
    catalog = api.http.get("/data/foundation/catalog/dataSets").json()
    assert (catalog["status"], "errorMessage" in catalog) == (504, False)


def test_an_etag_storm_refuses_patches_alone_and_changes_nothing(api: Api) -> None:
    connection = api.base_connection()
    add(api, preset="etag-storm", times=1)
    before = api.item("connections", connection)
    operations = [{"op": "replace", "path": "/name", "value": "another"}]
    answer = api.patch("connections", connection, operations)
    assert (answer.status_code, answer.json()["type"]) == (412, "https://ns.adobe.com/aep/errors/FLOW-1404-412")
    assert before["etag"].strip('"') in answer.text
    assert api.item("connections", connection) == before
    assert api.patch("connections", connection, operations).status_code == 200


def test_a_rule_strikes_as_often_as_it_says_and_shows_how_often_it_still_will(api: Api) -> None:
    rule = add(api, effect={"status": 500}, times=2)
    assert rule["remaining"] == 2
    assert [api.http.get(FLOWS).status_code for _ in range(4)] == [500, 500, 200, 200]
    shown = api.http.get(f"{FAULTS}/{rule['id']}").json()
    assert (shown["remaining"], shown["hits"]) == (0, 2)


def test_many_calls_at_once_are_struck_no_more_often_than_told(server: Background, api: Api) -> None:
    add(api, effect={"status": 500}, times=5)
    found: list[int] = []

    def ask() -> None:
        with client_of(server.url, api.org) as own:
            found.extend(own.http.get(FLOWS).status_code for _ in range(5))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [200] * 15 + [500] * 5


def test_the_first_rule_that_is_about_a_call_decides(api: Api) -> None:
    add(api, match={"path": "*/runs"}, effect={"status": 501})
    add(api, effect={"status": 502})
    assert api.http.get(f"{FLOW}/runs").status_code == 501
    assert api.http.get(FLOWS).status_code == 502


@pytest.mark.parametrize(
    "match",
    [
        {"method": "GET"},
        {"path": "/data/foundation/flowservice/*"},
        {"service": "flow-*"},
        {"operation": "GET /flows"},
        {"header": {"X-Api-Key": "test*"}},
        {"sandbox": "prod"},
    ],
)
def test_a_rule_is_about_calls_that_meet_all_of_it(api: Api, match: Document) -> None:
    add(api, match=match, effect={"status": 500}, times=1)
    assert api.http.get(FLOWS).status_code == 500
    add(api, match=match | {"method": "DELETE"}, effect={"status": 500})
    assert api.http.get(FLOWS).status_code == 200


def test_a_tenants_rule_strikes_no_other_tenant_and_nobody_else_sees_it(server: Background, api: Api) -> None:
    rule = add(api, effect={"status": 500})
    with client_of(server.url, f"OTHER-{api.org}") as other:
        assert other.http.get(FLOWS).status_code == 200
        assert other.http.get(FAULTS).json()["items"] == []
        assert other.http.get(f"{FAULTS}/{rule['id']}").status_code == 404
        assert other.http.delete(f"{FAULTS}/{rule['id']}").status_code == 404
        assert other.http.delete(FAULTS).status_code == 204
        assert other.http.post(FAULTS, json={"effect": {"drop": True}, "match": {"org": api.org}}).status_code == 400
    assert api.http.get(FLOWS).status_code == 500
    assert httpx.get(f"{server.url}{FAULTS}/{rule['id']}").status_code == 200


def test_admin_calls_are_never_struck(api: Api) -> None:
    add(api, effect={"status": 500})
    assert api.http.get("/__admin/version").status_code == 200


def test_a_dropped_call_gets_no_answer_and_is_not_done(api: Api) -> None:
    before = api.http.get(f"{FLOW}/connections?count=true").json()
    add(api, match={"method": "POST"}, effect={"drop": True}, times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        api.base_connection()
    assert api.http.get(f"{FLOW}/connections?count=true").json() == before


def test_a_call_that_is_dropped_after_it_was_done_is_done(api: Api) -> None:
    add(api, match={"method": "POST"}, effect={"drop": "after"}, times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        api.base_connection()
    assert api.http.get(f"{FLOW}/connections?count=true").json() == {"count": 1}


def test_a_dropped_connection_is_closed_without_a_byte(server: Background, api: Api) -> None:
    add(api, effect={"drop": True})
    parts = urlsplit(server.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5) as line:
        line.sendall(f"GET {FLOWS} HTTP/1.1\r\nhost: x\r\nx-gw-ims-org-id: {api.org}\r\n\r\n".encode())
        with suppress(ConnectionResetError):
            assert line.recv(100) == b""


def test_a_truncated_body_is_shorter_than_its_head_says(api: Api) -> None:
    add(api, effect={"truncate": 5}, times=1)
    with api.http.stream("GET", FLOWS) as answer:
        assert int(answer.headers["content-length"]) > 5
        got: list[bytes] = []
        with pytest.raises(httpx.RemoteProtocolError):
            got.extend(answer.iter_raw())
    assert len(b"".join(got)) <= 5
    add(api, effect={"truncate": 1_000_000}, times=1)
    assert api.http.get(FLOWS).json()["items"] == []


@pytest.mark.parametrize("effect", [{"slowMs": 200}, {"bytesPerSecond": 200}, {"delayMs": 20}])
def test_a_slow_answer_is_whole_and_holds_up_nobody_else(server: Background, api: Api, effect: Document) -> None:
    add(api, effect=effect, times=1)
    with client_of(server.url, f"OTHER-{api.org}") as other:
        asked = threading.Thread(target=lambda: other.http.get(FLOWS))
        asked.start()
        assert api.http.get(FLOWS).json()["items"] == []
        asked.join()


def test_what_is_answered_can_be_made_up(api: Api) -> None:
    effect = {"status": 418, "body": {"a": [1]}, "headers": {"X-Own": "yes", "Content-Type": "application/x-own"}}
    add(api, effect=effect, times=1)
    answer = api.http.get(FLOWS)
    assert (answer.status_code, answer.json()) == (418, {"a": [1]})
    assert (answer.headers["x-own"], answer.headers["content-type"]) == ("yes", "application/x-own")
    add(api, effect={"status": 502, "body": "<html>Bad gateway</html>"}, times=1)
    assert api.http.get(FLOWS).text == "<html>Bad gateway</html>"
    add(api, effect={"status": 204}, times=1)
    assert api.http.get(FLOWS).content == b""


def test_an_inlets_senders_are_struck_by_the_rules_of_its_tenant(api: Api) -> None:
    connection = api.streaming_connection()
    inlet = api.item("connections", connection)["auth"]["params"]["inletId"]
    add(api, effect={"status": 503})
    url = f"{str(api.http.base_url).rstrip('/')}/collection/{inlet}"
    assert httpx.post(url, json={}).status_code == 503


def test_a_rule_ends_at_its_instant(tmp_path: Path) -> None:
    with Background(Settings(port=0, database="sqlite://", clock="2026-01-31T12:00:00Z")) as running:
        with client_of(running.url, "A@AdobeOrg") as api:
            add(api, effect={"status": 500}, until="2026-01-31T13:00:00Z")
            assert api.http.get(FLOWS).status_code == 500
            assert api.http.post("/__admin/clock/advance", json={"by": "PT1H"}).status_code == 200
            assert api.http.get(FLOWS).status_code == 200


def test_the_same_seed_strikes_the_same_calls(api: Api) -> None:
    def struck() -> list[int]:
        add(api, effect={"status": 500}, probability=0.5, seed=7)
        found = [api.http.get(FLOWS).status_code for _ in range(20)]
        api.http.delete(FAULTS)
        return found

    first = struck()
    assert set(first) == {200, 500}
    assert struck() == first


@given(st.integers(0, 2**53), st.integers(0, 10**9))
def test_chance_lies_between_0_and_1_and_repeats_itself(seed: int, number: int) -> None:
    drawn = draw(seed, number, "strike")
    assert 0 < drawn < 1
    assert draw(seed, number, "strike") == drawn
    assert 0 <= Delay(100, 0.5).milliseconds(drawn) <= 600_000
    assert Delay(100).milliseconds(drawn) == 100


def test_a_reset_takes_the_faults_with_it(api: Api) -> None:
    add(api, effect={"status": 500})
    assert api.http.post("/__admin/reset").status_code == 200
    assert api.http.get(FAULTS).json()["count"] == 0
    assert api.http.get(FLOWS).status_code == 200


def test_rules_outlive_the_server_and_hold_for_every_server_on_the_database(lasting_url: str) -> None:
    settings = Settings(port=0, database=lasting_url)
    with Background(settings) as one, Background(settings) as other:
        with client_of(one.url, "A@AdobeOrg") as here, client_of(other.url, "A@AdobeOrg") as there:
            add(here, effect={"status": 500}, times=3)
            assert here.http.get(FLOWS).status_code == 500
            eventually(lambda: there.http.get(FLOWS).status_code == 500)
    with Background(settings) as again, client_of(again.url, "A@AdobeOrg") as api:
        assert [api.http.get(FLOWS).status_code for _ in range(2)] == [500, 200]


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ([], "body"),
        ({}, "effect"),
        ({"effect": {}}, "effect"),
        ({"effect": {"status": 99}}, "effect.status"),
        ({"effect": {"status": 500, "error": "FLOW-1404-412"}}, "effect.status"),
        ({"effect": {"error": "FLOW-1"}}, "effect.error"),
        ({"effect": {"error": "ADMIN-NOT_FOUND-404"}}, "effect.error"),
        ({"effect": {"body": 1}}, "effect.body"),
        ({"effect": {"status": 204, "body": 1}}, "effect.body"),
        ({"effect": {"delayMs": -1}}, "effect.delayMs"),
        ({"effect": {"delayMs": {"lognormal": {"median": 5}}}}, "effect.delayMs.lognormal"),
        ({"effect": {"drop": "later"}}, "effect.drop"),
        ({"effect": {"drop": True, "status": 500}}, "effect.drop"),
        ({"effect": {"truncate": 1.5}}, "effect.truncate"),
        ({"effect": {"slowMs": 1, "bytesPerSecond": 1}}, "effect.bytesPerSecond"),
        ({"effect": {"headers": {"Content-Length": "1"}}}, "effect.headers.Content-Length"),
        ({"effect": {"headers": {"X-A": "a\nb"}}}, "effect.headers.X-A"),
        ({"effect": {"headers": {"a b": "c"}}}, "effect.headers"),
        ({"effect": {"late": 1}}, "effect.late"),
        ({"effect": {"status": 500}, "match": {"method": "FETCH"}}, "match.method"),
        ({"effect": {"status": 500}, "match": {"path": 5}}, "match.path"),
        ({"effect": {"status": 500}, "times": 0}, "times"),
        ({"effect": {"status": 500}, "probability": 2}, "probability"),
        ({"effect": {"status": 500}, "seed": -1}, "seed"),
        ({"effect": {"status": 500}, "until": "soon"}, "until"),
        ({"effect": {"status": 500}, "until": "2020-01-31T12:00:00Z"}, "until"),
        ({"effect": {"status": 500}, "match": {"path": "flows"}}, "match.path"),
        ({"effect": {"status": 500}, "match": {"service": "flow"}}, "match.service"),
        ({"effect": {"status": 500}, "match": {"operation": "POST /flow"}}, "match.operation"),
        ({"effect": {"status": 500}, "match": {"service": "ims", "operation": "POST /flows"}}, "match.operation"),
        ({"preset": "etag-storm", "match": {"service": "admin"}}, "match.service"),
        ({"preset": "storm"}, "preset"),
        ({"preset": "gateway-down", "effect": {"status": 500}}, "effect"),
        ({"effect": {"status": 500}, "often": 1}, "often"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_by_its_field(api: Api, rule: Any, field: str) -> None:
    assert refusal(api, rule).startswith(f"{field} ")
    assert api.http.get(FAULTS).json()["count"] == 0


@pytest.mark.parametrize(
    ("match", "near"),
    [
        ({"service": "flow"}, "flow-service"),
        ({"operation": "POST /flow"}, "POST /flows"),
        ({"operation": "get /flows/{flowId}"}, "GET /flows/{id}"),
    ],
)
def test_what_a_rule_may_have_meant_is_named(api: Api, match: Document, near: str) -> None:
    said = refusal(api, {"match": match, "effect": {"status": 500}})
    assert said.endswith(f"is none that is served; the nearest is {near}.")


def test_a_rule_of_an_inlet_or_a_path_that_nobody_serves_is_taken(api: Api) -> None:
    for match in ({"path": "/nowhere"}, {"operation": "POST /{inlet}"}, {"operation": "*"}, {"service": "[fi]*"}):
        add(api, match=match, effect={"status": 500})


def test_an_unknown_rule_is_404(api: Api) -> None:
    assert api.http.get(f"{FAULTS}/nothing").json()["error"] == "not_found"


def test_waiting_does_not_end_with_the_client(api: Api) -> None:
    """A client that gives up leaves the server as it was."""
    add(api, effect={"delayMs": 300}, times=1)
    with pytest.raises(httpx.ReadTimeout):
        api.http.get(FLOWS, timeout=0.05)
    until = time.monotonic() + 5
    while time.monotonic() < until and api.http.get(FLOWS).status_code != 200:
        pass
    assert api.http.get(FLOWS).status_code == 200
