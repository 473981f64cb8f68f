"""Runs that come to what a test wants: they fail, lose records, take long, or meet trouble at the source."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from emulator.server import Background
from emulator.settings import Settings
from tests.support import FLOW, Api, Document, client_of

NOON = "2026-01-31T12:00:00.000Z"
NOON_S = 1769860800
MINUTE_MS = 60_000


@pytest.fixture(scope="module")
def frozen() -> Iterator[Background]:
    with Background(Settings(port=0, database="sqlite://", clock=NOON)) as running:
        yield running


@pytest.fixture
def api(frozen: Background, org: str) -> Iterator[Api]:
    """A client of an organisation of its own, on a server whose clock stands until it is advanced."""
    with client_of(frozen.url, org) as client:
        yield client


def now_s(api: Api) -> int:
    return int(datetime.fromisoformat(api.http.get("/__admin/clock").json()["now"]).timestamp())


def advance(api: Api, by: str) -> int:
    answer = api.http.post("/__admin/clock/advance", json={"by": by})
    assert answer.status_code == 200, answer.text
    runs: int = answer.json()["runs"]
    return runs


def hourly(api: Api, **changes: Any) -> tuple[str, str]:
    """A flow that first runs in an hour, and its dataset."""
    schedule = {"startTime": now_s(api) + 3600, "frequency": "hour", "interval": 1}
    flow, target = api.flow(scheduleParams=schedule, **changes)
    return flow, target.dataset


def script(api: Api, flow: str, *outcomes: Document) -> None:
    answer = api.http.post(f"/__admin/flows/{flow}/outcomes", json=list(outcomes))
    assert answer.status_code == 200, answer.text


def run_after(api: Api, flow: str, by: str = "PT1H") -> Document:
    advance(api, by)
    return api.runs(flow)[0]


def status(run: Document) -> Document:
    found: Document = run["metrics"]["statusSummary"]
    return found


def test_a_run_fails_in_copy_with_the_code_that_it_was_told(api: Api) -> None:
    flow, dataset = hourly(api)
    script(api, flow, {"status": "failed", "errors": [{"code": "2200", "message": "Login failed."}]})
    run = run_after(api, flow)
    assert status(run)["status"] == "failed"
    assert status(run)["errors"][0]["code"] == "CONNECTOR-1001-500"
    assert run["metrics"]["recordSummary"]["failedInfo"] == [{"code": "2200", "message": "Login failed."}]
    assert [activity["name"].split()[-2] for activity in run["activities"]] == ["Copy"]
    assert api.records(dataset)["count"] == 0


def test_a_run_fails_in_promotion_with_the_code_that_it_was_told(api: Api) -> None:
    flow, dataset = hourly(api)
    script(api, flow, {"status": "failed", "errors": [{"code": "MAPPER-3700-400"}]})
    run = run_after(api, flow)
    assert status(run)["errors"][0]["code"] == "CONNECTOR-2001-500"
    told = run["activities"][1]["statusSummary"]["extensions"]["errors"]
    assert [(error["code"], error["message"]) for error in told] == [("MAPPER-3700-400", "Mapper Transform Error")]
    assert run["metrics"]["sizeSummary"]["outputBytes"] == -1
    assert api.records(dataset)["count"] == 0


@pytest.mark.parametrize("code", ["2200", "MAPPER-3700-400"])
def test_a_run_that_finds_nothing_new_can_be_told_to_fail_too(api: Api, code: str) -> None:
    flow, _ = hourly(api)
    assert status(run_after(api, flow))["status"] == "success"
    script(api, flow, {"status": "failed", "errors": [{"code": code}]})
    assert status(run_after(api, flow))["status"] == "failed"


def test_what_a_failed_run_did_not_land_is_read_by_the_next(api: Api) -> None:
    flow, dataset = hourly(api)
    script(api, flow, {"status": "failed"})
    assert status(run_after(api, flow))["status"] == "failed"
    run = run_after(api, flow)
    assert status(run)["status"] == "success"
    assert api.records(dataset)["count"] == run["metrics"]["recordSummary"]["outputRecordCount"] > 0


@pytest.mark.parametrize("wanted", ["success", "partialSuccess"])
def test_a_run_loses_as_many_records_as_it_was_told(api: Api, wanted: str) -> None:
    options = {"errorDiagnosticsEnabled": True, "partialIngestionPercent": 1}
    flow, dataset = hourly(api, options=options)
    script(api, flow, {"status": wanted, "failedRecordCount": 3, "errors": [{"code": "INGEST-1555-400"}]})
    run = run_after(api, flow)
    records = run["metrics"]["recordSummary"]
    assert status(run)["status"] == wanted
    assert status(run)["errors"][0]["message"] == "Error occurred at promotion activity."
    assert records["failedRecordCount"] == 3
    assert records["inputRecordCount"] == records["outputRecordCount"] + 3
    assert api.records(dataset)["count"] == records["outputRecordCount"]
    rejected = api.http.get(f"/__admin/datasets/{dataset}/rejected").json()
    assert [item["code"] for item in rejected["items"]] == ["INGEST-1555-400"] * 3
    told = run["activities"][1]["statusSummary"]["extensions"]
    assert [error["code"] for error in told["errors"]] == ["INGEST-1212-400", "INGEST-1555-400"]
    assert told["errors"][1]["recordCount"] == 3
    for link in told["manifest"].values():
        assert api.http.get(link).status_code == 200


def test_without_error_diagnostics_lost_rows_are_told_of_but_not_counted_by_cause(api: Api) -> None:
    flow, dataset = hourly(api)
    script(api, flow, {"failedRecordCount": 2, "errors": [{"code": "INGEST-1555-400"}]})
    run = run_after(api, flow)
    told = run["activities"][1]["statusSummary"]["extensions"]
    assert [error["code"] for error in told["errors"]] == ["INGEST-1211-400", "INGEST-1555-400"]
    assert all("recordCount" not in error for error in told["errors"])
    assert "manifest" not in told
    assert api.http.get(f"/__admin/datasets/{dataset}/rejected").json()["count"] == 2


def test_more_lost_rows_than_the_flow_allows_fail_the_run_and_nothing_lands(api: Api) -> None:
    flow, dataset = hourly(api)
    script(api, flow, {"failedRecordCount": 20})
    run = run_after(api, flow)
    assert status(run)["status"] == "failed"
    assert api.records(dataset)["count"] == 0
    batch = run["activities"][1]["targetInfo"][0]["reference"]["ids"][0]
    shown = api.http.get(f"/data/foundation/catalog/batches/{batch}").json()[batch]
    assert shown["status"] == "failed"
    assert shown["metrics"]["failedRecordCount"] == 20


def test_a_run_that_takes_its_time_is_in_progress_until_it_ends(api: Api) -> None:
    flow, dataset = hourly(api)
    script(api, flow, {"durationMs": 20 * MINUTE_MS})
    run = run_after(api, flow)
    assert status(run) == {"status": "inProgress"}
    assert run["activities"] == []
    assert api.records(dataset)["count"] == 0
    assert "lastRunDetails" not in api.item("flows", flow)
    assert advance(api, "PT19M") == 0
    assert advance(api, "PT1M") == 1
    ended = api.item("runs", run["id"])
    times = ended["metrics"]["durationSummary"]
    assert times["completedAtUTC"] - times["startedAtUTC"] == 20 * MINUTE_MS
    assert status(ended)["status"] == "success"
    assert api.item("flows", flow)["lastRunDetails"]["id"] == run["id"]


def test_a_run_that_comes_while_another_is_in_progress_is_queued_behind_it(api: Api) -> None:
    flow, dataset = hourly(api)
    script(api, flow, {"durationMs": 150 * MINUTE_MS})
    advance(api, "PT2H")
    queued, running = api.runs(flow)
    assert (status(queued)["status"], status(running)["status"]) == ("queued", "inProgress")
    advance(api, "PT2H")
    runs = api.runs(flow)
    assert [status(run)["status"] for run in runs] == ["success"] * 4
    assert api.records(dataset)["count"] == sum(run["metrics"]["recordSummary"]["outputRecordCount"] for run in runs)


def test_a_run_in_progress_whose_flow_is_deleted_is_cancelled(api: Api) -> None:
    flow, dataset = hourly(api)
    script(api, flow, {"durationMs": 30 * MINUTE_MS})
    run = run_after(api, flow)
    assert api.http.delete(f"{FLOW}/flows/{flow}").status_code == 204
    advance(api, "PT1H")
    ended = api.item("runs", run["id"])
    assert status(ended)["status"] == "cancelled"
    assert "deleted" in status(ended)["errors"][0]["message"]
    assert api.records(dataset)["count"] == 0


@pytest.mark.parametrize(
    ("faults", "wanted"),
    [
        (["rateLimited", "rateLimited"], "success"),
        (["networkLost", "serverError"], "success"),
        (["authExpired"], "success"),
        (["authExpired", "authExpired"], "failed"),
        (["rateLimited"] * 9, "failed"),
        (["fileMissing"], "failed"),
    ],
)
def test_trouble_at_the_source_is_overcome_or_fails_the_copy(api: Api, faults: list[str], wanted: str) -> None:
    flow, _ = hourly(api)
    script(api, flow, {"faults": faults})
    run = run_after(api, flow)
    assert status(run)["status"] == wanted
    if wanted == "failed":
        extensions = run["activities"][0]["statusSummary"]["extensions"]
        assert extensions["errorDetail"].startswith("ErrorCode=")
        assert extensions["errors"][0]["code"] == "2200"


def test_a_bad_row_at_the_source_is_read_and_lost(api: Api) -> None:
    flow, dataset = hourly(api, options={"partialIngestionPercent": 10})
    script(api, flow, {"faults": ["badRow"]})
    run = run_after(api, flow)
    assert run["metrics"]["recordSummary"]["failedRecordCount"] == 1
    item = api.http.get(f"/__admin/datasets/{dataset}/rejected").json()["items"][0]
    assert item["code"] == "INGEST-1401-400"


def test_outcomes_are_taken_in_their_order_and_shown_until_then(api: Api) -> None:
    flow, _ = hourly(api)
    script(api, flow, {"status": "failed"}, {"durationMs": 1000})
    script(api, flow, {"status": "failed"})
    path = f"/__admin/flows/{flow}/outcomes"
    assert api.http.get(path).json() == {
        "waiting": [{"status": "failed"}, {"durationMs": 1000}, {"status": "failed"}],
        "count": 3,
    }
    advance(api, "PT1H")
    assert api.http.get(path).json()["count"] == 2
    assert api.http.delete(path).status_code == 204
    assert api.http.get(path).json() == {"waiting": [], "count": 0}


@pytest.mark.parametrize(
    ("outcome", "place"),
    [
        ([], "outcomes"),
        ("failed", "[0]"),
        ({"status": "broken"}, "[0].status"),
        ({"failedRecordCount": -1}, "[0].failedRecordCount"),
        ({"status": "failed", "failedRecordCount": 1}, "[0].failedRecordCount"),
        ({"durationMs": "1"}, "[0].durationMs"),
        ({"faults": ["earthquake"]}, "[0].faults"),
        ({"errors": [{"message": "no code"}]}, "[0].errors[0].code"),
        ({"errors": {}}, "[0].errors"),
        ([{"status": "failed"}, {"speed": 1}], "[1].speed"),
    ],
)
def test_an_outcome_that_makes_no_sense_is_refused_with_its_place(api: Api, outcome: Any, place: str) -> None:
    flow, _ = hourly(api)
    answer = api.http.post(f"/__admin/flows/{flow}/outcomes", json=outcome)
    assert answer.status_code == 400
    assert place in answer.json()["message"]
    assert api.http.get(f"/__admin/flows/{flow}/outcomes").json()["count"] == 0


def test_outcomes_of_an_unknown_flow_are_refused(api: Api) -> None:
    answer = api.http.post("/__admin/flows/00000000-0000-4000-8000-000000000000/outcomes", json=[{"status": "failed"}])
    assert answer.status_code == 404
