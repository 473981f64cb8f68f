"""Runs that somebody asks for: on demand, again, and written by a provider."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.data_files import fixtures_folder
from emulator.engine.attempt import Attempt
from emulator.engine.progress import make
from emulator.server import Background
from emulator.settings import Settings
from emulator.store import pending_runs, schedules
from emulator.store.pending_runs import Pending
from emulator.store.schedules import Due
from tests.operating import (
    DAILY,
    FAR,
    ONCE,
    PAIRS,
    SERVICE_USER,
    act,
    acted,
    draft,
    ended,
    eventually,
    new_sandbox,
    set_to,
    table_flow_body,
    without,
)
from tests.support import (
    FLOW,
    REST_FLOW,
    SDK_FLOW,
    STREAMING_SDK,
    ZENDESK,
    Api,
    Document,
    assert_refused,
    client_of,
    spec,
)
from tests.test_command import serving

UNKNOWN = "84224def-1e2a-4d95-9ea2-132d697ed2aa"
COUNT = 150
SUBDOMAIN = {"specName": "OAuth2 Refresh Code", "params": {"subdomain": "x", "accessToken": "x"}}
# What the tutorial sends; its end has eleven digits.
WINDOW: Document = {"startTime": "1663735590", "windowStartTime": "1651584991", "windowEndTime": "16515859567"}


def charges() -> list[int]:
    """When the sample charges were made, in seconds, oldest first."""
    lines = (fixtures_folder() / "sources" / "stripe" / "charges.ndjson").read_text(encoding="utf-8").splitlines()
    return sorted(json.loads(line)["data"]["created"] for line in lines)


def once(api: Api, **changes: Any) -> tuple[str, str]:
    """A flow that would run once, far ahead, and the dataset that it fills."""
    flow, target = api.flow(**({"scheduleParams": ONCE} | changes))
    return flow, target.dataset


def ask(api: Api, body: Any, path: str = "runs") -> httpx.Response:
    return api.http.post(f"{FLOW}/{path}", json=body)


def asked(api: Api, flow: str, **params: Any) -> str:
    """The id of a new run."""
    answer = ask(api, {"flowId": flow, "params": WINDOW | params})
    assert answer.status_code == 201, answer.text
    return made_of(answer)


def made_of(answer: httpx.Response) -> str:
    """The id of a new run, in whichever of the published forms it came."""
    body = answer.json()
    run: str = body.get("items", [body])[0]["id"]
    return run


def begin(server: Background, api: Api, flow: str, run: str) -> None:
    """Let a run that waits begin now, as if its start time had come."""
    world = server.app.world
    with world.database.writing() as tx:
        waiting = Pending(api.org, "prod", run, flow, 0)
        assert pending_runs.change(tx, waiting, waiting._replace(due=world.clock.now()))
    world.on_schedule_change()


def read_count(run: Document) -> int:
    count: int = run["metrics"]["recordSummary"]["inputRecordCount"]
    return count


def status_of(run: Document) -> str:
    status: str = run["metrics"]["statusSummary"]["status"]
    return status


def failing(api: Api) -> tuple[str, Document]:
    """A flow whose source has no records, and its first run, which failed."""
    source = api.source_connection(api.base_connection(ZENDESK, auth=SUBDOMAIN), ZENDESK)
    flow = api.make("flows", api.flow_body(source, api.target("Tickets"), {"id": "_test.id"}))
    return flow, api.first_run(flow)


def written(api: Api, run_id: str, body: Any, **headers: str) -> httpx.Response:
    """PUT as a provider does, under any etag unless the test names one."""
    return api.http.put(f"{FLOW}/runs/{run_id}", json=body, headers={"If-Match": "*"} | headers)


# --- asking for a run


@pytest.mark.parametrize("path", ["runs", "runs/"])
def test_a_new_run_of_a_rest_flow_is_answered_with_its_id_and_etag(api: Api, path: str) -> None:
    flow, _ = once(api)
    answer = ask(api, {"flowId": flow, "params": WINDOW | {"startTime": FAR}}, path)
    assert answer.status_code == 201
    made = answer.json()
    assert list(made) == ["id", "etag"]
    assert api.item("runs", made["id"])["etag"] == made["etag"]


def test_a_new_run_of_a_table_flow_is_answered_in_an_envelope(api: Api) -> None:
    answer = ask(api, {"flowId": table_flow(api), "params": later(deltaColumn={"name": "A"})})
    assert answer.status_code == 201
    (made,) = answer.json()["items"]
    assert list(answer.json()) == ["items"]
    assert list(made) == ["id", "etag"]


def test_who_asks_in_the_older_form_is_answered_with_the_whole_run(api: Api) -> None:
    flow, _ = once(api)
    answer = ask(api, {"flowId": flow, "status": "active"})
    assert answer.status_code == 201
    assert answer.json()["flowId"] == flow
    assert status_of(answer.json()) == "scheduled"


def test_a_run_waits_as_scheduled_with_its_params_as_they_were_sent(api: Api) -> None:
    flow, dataset = once(api)
    params = {"startTime": str(FAR), "windowStartTime": 1_651_584_991, "windowEndTime": "16515859567"}
    run = api.item("runs", asked(api, flow, **params))
    assert run["metrics"] == {"statusSummary": {"status": "scheduled"}}
    assert run["activities"] == []
    assert run["params"] == params
    assert (run["flowId"], run["flowSpec"]) == (flow, spec(REST_FLOW))
    assert run["createdBy"] == "tester@AdobeID"
    assert not {"state", "version"} & set(run)
    assert api.runs(flow) == [run]
    assert "lastRunDetails" not in api.item("flows", flow)
    assert api.records(dataset)["count"] == 0


def test_a_run_begins_at_its_start_time(api: Api) -> None:
    flow, dataset = once(api)
    start = int(time.time()) + 2
    run = asked(api, flow, startTime=start)
    assert status_of(api.item("runs", run)) == "scheduled"
    assert api.records(dataset)["count"] == 0
    done = ended(api, run)
    assert 0 <= done["metrics"]["durationSummary"]["startedAtUTC"] - start * 1000 < 2000
    assert api.records(dataset, run=run)["count"] == COUNT


def test_a_run_whose_start_has_passed_begins_at_once(api: Api) -> None:
    flow, dataset = once(api)
    before = api.item("flows", flow)
    run = ended(api, asked(api, flow))
    assert status_of(run) == "success"
    assert [activity["id"] for activity in run["activities"]] == ["copyActivity", "promotionActivity"]
    assert run["activities"][0]["statusSummary"]["extensions"] == {"type": "one-time"}
    assert run["params"] == WINDOW
    assert run["updatedBy"] == SERVICE_USER
    assert api.records(dataset, run=run["id"])["count"] == read_count(run) == COUNT
    after = api.item("flows", flow)
    assert after["lastRunDetails"] == {"id": run["id"], "state": "success", **run["metrics"]["durationSummary"]}
    assert after["etag"] != before["etag"]
    assert after["updatedBy"] == SERVICE_USER


MADE = charges()
FIRST, LAST = MADE[0], MADE[-1]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (MADE[10], MADE[19], MADE[10:20]),
        (MADE[10] + 1, MADE[19] - 1, MADE[11:19]),
        (MADE[10] - 1, MADE[19] + 1, MADE[10:20]),
        (FIRST, FIRST, MADE[:1]),
        (LAST, LAST + 10**9, MADE[-1:]),
        (0, LAST, MADE),
        (0, FIRST - 1, []),
        (LAST + 1, 10**12, []),
        (0, 0, []),
    ],
)
def test_a_run_reads_what_lies_in_its_window(api: Api, start: int, end: int, expected: list[int]) -> None:
    target = api.target()
    pairs = {"data.created": "_test.created"}
    flow = api.make("flows", api.flow_body(api.source_connection(), target, pairs, scheduleParams=ONCE))
    run = ended(api, asked(api, flow, windowStartTime=start, windowEndTime=str(end)))
    assert (status_of(run), read_count(run)) == ("success", len(expected))
    window = run["activities"][0]["durationSummary"]["extensions"]
    assert window == {"windowStart": start * 1000, "windowEnd": end * 1000}
    assert [item["_test"]["created"] for item in api.records(target.dataset, limit=1000)["items"]] == expected


def test_the_same_window_may_be_read_again(api: Api) -> None:
    flow, dataset = once(api)
    runs = [ended(api, asked(api, flow)) for _ in range(2)]
    assert [read_count(run) for run in runs] == [COUNT, COUNT]
    assert api.records(dataset)["count"] == 2 * COUNT


def test_several_runs_may_wait_for_one_flow(api: Api) -> None:
    flow, dataset = once(api)
    middle = MADE[COUNT // 2]
    first = asked(api, flow, windowStartTime=0, windowEndTime=middle)
    second = asked(api, flow, windowStartTime=middle + 1, windowEndTime=FAR)
    assert read_count(ended(api, first)) + read_count(ended(api, second)) == COUNT
    assert api.records(dataset)["count"] == COUNT


def test_a_run_on_demand_leaves_the_planned_one_to_come(server: Background, api: Api) -> None:
    flow, dataset = once(api)
    ended(api, asked(api, flow))
    with server.app.world.database.writing() as tx:
        assert schedules.due_of(tx, api.org, "prod", flow) == FAR * 1000
        schedules.move(tx, api.org, "prod", flow, server.app.world.clock.now())
    server.app.world.on_schedule_change()
    planned, _ = api.await_runs(flow, 2)
    assert "params" not in planned
    assert read_count(planned) == COUNT
    assert api.records(dataset)["count"] == 2 * COUNT


def test_a_flow_that_has_run_is_run_on_demand_again(api: Api) -> None:
    flow, dataset = once(api, scheduleParams={"startTime": 1_625_040_887, "frequency": "once"})
    api.first_run(flow)
    assert status_of(ended(api, asked(api, flow))) == "success"
    assert len(api.runs(flow)) == 2
    assert api.records(dataset)["count"] == 2 * COUNT


def test_the_body_of_an_older_client_reads_on_from_where_the_flow_is(api: Api) -> None:
    flow, dataset = once(api)
    for expected in (COUNT, 0):
        answer = ask(api, {"flowId": flow, "status": "active"})
        assert answer.status_code == 201, answer.text
        run = ended(api, made_of(answer))
        assert "params" not in run
        assert read_count(run) == expected
    assert api.records(dataset)["count"] == COUNT


def test_a_window_does_not_move_the_place_where_a_flow_reads_on(api: Api) -> None:
    flow, _ = once(api)
    assert read_count(ended(api, asked(api, flow, windowStartTime=LAST, windowEndTime=LAST))) == 1
    answer = ask(api, {"flowId": flow, "status": "active"})
    assert read_count(ended(api, made_of(answer))) == COUNT


# --- what cannot be asked for


@pytest.mark.parametrize("body", [{"params": WINDOW}, {"flowId": None, "params": WINDOW}, {"flowId": ""}])
@pytest.mark.parametrize("path", ["runs", "runs/"])
def test_a_run_is_of_some_flow(api: Api, path: str, body: Document) -> None:
    assert_refused(ask(api, body, path), "FLOW-1446-400", "flowId")


@pytest.mark.parametrize("flow", [UNKNOWN, "x", 5, [UNKNOWN], {"id": UNKNOWN}])
def test_a_flow_that_is_not_there_is_a_bad_request(api: Api, flow: Any) -> None:
    assert_refused(ask(api, {"flowId": flow, "params": WINDOW}), "FLOW-1430-400", "flowId")
    assert api.http.get(f"{FLOW}/runs").json()["items"] == []


def test_a_flow_of_another_sandbox_is_not_there(api: Api) -> None:
    flow, _ = once(api)
    new_sandbox(api)
    body = {"flowId": flow, "params": WINDOW}
    answer = api.http.post(f"{FLOW}/runs", json=body, headers={"x-sandbox-name": "dev"})
    assert_refused(answer, "FLOW-1430-400")


def test_a_disabled_flow_is_not_run_on_demand(api: Api) -> None:
    flow, _ = once(api)
    acted(api, "flows", flow, "disable")
    message = assert_refused(ask(api, {"flowId": flow, "params": WINDOW}), "CONNECTOR-1380-400", "flowId")
    assert "disabled" in message["errorMessage"]


def test_a_streaming_flow_has_no_runs_on_demand(api: Api) -> None:
    source, target = api.source_connection(spec_id=STREAMING_SDK), api.target()
    body = api.flow_body(source, target, {"a": "_test.a"}, flowSpec=spec(SDK_FLOW), scheduleParams=None)
    flow = api.make("flows", body)
    for answer in (ask(api, {"flowId": flow, "params": WINDOW}), ask(api, {"flowId": flow, "status": "active"})):
        assert_refused(answer, "CONNECTOR-1385-400", "flowId")


@pytest.mark.parametrize("schedule", [DAILY, {"startTime": FAR, "frequency": "minute", "interval": 15}])
def test_a_flow_that_runs_again_and_again_is_not_run_on_demand(api: Api, schedule: Document) -> None:
    flow, _ = once(api, scheduleParams=schedule)
    for body in ({"flowId": flow, "params": WINDOW}, {"flowId": flow, "status": "active"}):
        message = assert_refused(ask(api, body), "CONNECTOR-1386-400", "flowId")["errorMessage"]
        assert str(schedule["frequency"]) in message
    assert api.runs(flow) == []


BAD_PARAMS: list[tuple[Any, str, str]] = [
    (None, "CONNECTOR-1384-400", "params"),
    ({}, "CONNECTOR-1384-400", "params"),
    ("now", "CONNECTOR-1312-400", "params"),
    ([WINDOW], "CONNECTOR-1312-400", "params"),
    (without(WINDOW, "startTime"), "CONNECTOR-1384-400", "params.startTime"),
    (without(WINDOW, "windowStartTime"), "CONNECTOR-1384-400", "params.windowStartTime"),
    (without(WINDOW, "windowEndTime"), "CONNECTOR-1384-400", "params.windowEndTime"),
    (WINDOW | {"startTime": "tomorrow"}, "CONNECTOR-1384-400", "params.startTime"),
    (WINDOW | {"startTime": "2026-01-31T12:00:00Z"}, "CONNECTOR-1384-400", "params.startTime"),
    (WINDOW | {"windowStartTime": -1}, "CONNECTOR-1384-400", "params.windowStartTime"),
    (WINDOW | {"windowStartTime": 1.5}, "CONNECTOR-1384-400", "params.windowStartTime"),
    (WINDOW | {"windowEndTime": True}, "CONNECTOR-1384-400", "params.windowEndTime"),
    (WINDOW | {"windowEndTime": 10**13}, "CONNECTOR-1384-400", "params.windowEndTime"),
    (WINDOW | {"windowEndTime": None}, "CONNECTOR-1384-400", "params.windowEndTime"),
    (WINDOW | {"windowStartTime": 11, "windowEndTime": 10}, "CONNECTOR-1381-400", "params.windowEndTime"),
    (WINDOW | {"windowStartTime": "11", "windowEndTime": 9}, "CONNECTOR-1381-400", "params.windowEndTime"),
    (WINDOW | {"deltaColumn": {"name": "created"}}, "CONNECTOR-1384-400", "params.deltaColumn"),
]


@pytest.mark.parametrize(("params", "code", "field"), BAD_PARAMS)
def test_params_that_do_not_fit_are_refused_and_no_run_is_made(api: Api, params: Any, code: str, field: str) -> None:
    flow, _ = once(api)
    before = api.item("flows", flow)
    assert_refused(ask(api, {"flowId": flow, "params": params}), code, field)
    assert api.runs(flow) == []
    assert api.item("flows", flow) == before


def test_a_request_for_a_run_holds_nothing_else(api: Api) -> None:
    flow, _ = once(api)
    assert_refused(ask(api, {"flowId": flow, "params": WINDOW, "when": "now"}), "CONNECTOR-1312-400", "when")
    assert_refused(ask(api, {"flowId": flow, "status": "done"}), "CONNECTOR-1384-400", "params")
    assert_refused(ask(api, {}), "FLOW-1405-400")
    assert_refused(ask(api, [{"flowId": flow}]), "CONNECTOR-1000-400")
    assert_refused(ask(api, {"flowId": flow, "params": WINDOW}, "runs?mode=draft"), "FLOW-1451-400", "mode")
    assert api.runs(flow) == []


# --- the delta column of tables


def table_flow(api: Api) -> str:
    return api.make("flows", table_flow_body(api, api.target()))


def later(**params: Any) -> Document:
    """Params of a run that does not begin while the test looks."""
    return WINDOW | {"startTime": FAR} | params


def test_the_first_run_of_a_table_writes_its_delta_column_into_the_flow(api: Api) -> None:
    flow = table_flow(api)
    before = api.item("flows", flow)
    column = {"name": "LastModifiedDate", "dateFormat": "yyyy-MM-dd HH:mm:ss", "timezone": "UTC"}
    params = later(deltaColumn=column)
    answer = ask(api, {"flowId": flow, "params": params})
    assert answer.status_code == 201
    after = api.item("flows", flow)
    assert after["transformations"] == [{"name": "Copy", "params": {"deltaColumn": column}}, *before["transformations"]]
    assert after["etag"] == after["version"] != before["etag"]
    assert after["updatedBy"] == SERVICE_USER
    moving = ("transformations", "etag", "version", "updatedAt", "updatedBy", "updatedClient")
    assert without(after, *moving) == without(before, *moving)
    assert api.item("runs", made_of(answer))["params"] == params


def test_later_runs_of_a_table_leave_the_column_out_or_name_it_again(api: Api) -> None:
    flow = table_flow(api)
    assert ask(api, {"flowId": flow, "params": later(deltaColumn={"name": "A"})}).status_code == 201
    before = api.item("flows", flow)
    for params in (later(), later(deltaColumn={"name": "A"})):
        assert ask(api, {"flowId": flow, "params": params}).status_code == 201
    answer = ask(api, {"flowId": flow, "params": later(deltaColumn={"name": "B"})})
    message = assert_refused(answer, "CONNECTOR-1382-400", "params.deltaColumn.name")["errorMessage"]
    assert "It is A." in message
    assert api.item("flows", flow) == before
    assert len(api.runs(flow)) == 3


@pytest.mark.parametrize(
    ("params", "code", "field"),
    [
        (later(), "CONNECTOR-1383-400", "params.deltaColumn"),
        (later(deltaColumn=None), "CONNECTOR-1383-400", "params.deltaColumn"),
        (later(deltaColumn={}), "CONNECTOR-1304-400", "params.deltaColumn.name"),
        (later(deltaColumn={"name": ""}), "CONNECTOR-1304-400", "params.deltaColumn.name"),
        (later(deltaColumn={"name": 5}), "CONNECTOR-1312-400", "params.deltaColumn.name"),
        (later(deltaColumn="A"), "CONNECTOR-1312-400", "params.deltaColumn"),
        (later(deltaColumn={"name": "A", "timezone": 1}), "CONNECTOR-1312-400", "params.deltaColumn.timezone"),
        (
            later(deltaColumn={"name": "A"}, windowStartTime=2, windowEndTime=1),
            "CONNECTOR-1381-400",
            "params.windowEndTime",
        ),
    ],
)
def test_the_first_run_of_a_table_names_its_delta_column(api: Api, params: Document, code: str, field: str) -> None:
    flow = table_flow(api)
    before = api.item("flows", flow)
    assert_refused(ask(api, {"flowId": flow, "params": params}), code, field)
    assert api.item("flows", flow) == before
    assert api.runs(flow) == []


def test_a_flow_with_the_column_of_a_run_is_still_patched(api: Api) -> None:
    flow = table_flow(api)
    assert ask(api, {"flowId": flow, "params": later(deltaColumn={"name": "A"})}).status_code == 201
    assert api.patch("flows", flow, set_to("/name", "Renamed")).status_code == 200
    item = api.item("flows", flow)
    assert item["name"] == "Renamed"
    assert item["transformations"][0]["params"] == {"deltaColumn": {"name": "A"}}


# --- what becomes of a flow between the request and its run


def test_a_run_of_a_flow_that_was_deleted_is_cancelled(server: Background, api: Api) -> None:
    flow, dataset = once(api)
    run = asked(api, flow, startTime=FAR)
    assert api.http.delete(f"{FLOW}/flows/{flow}").status_code == 204
    assert status_of(api.item("runs", run)) == "scheduled"
    begin(server, api, flow, run)
    done = ended(api, run)
    assert status_of(done) == "cancelled"
    assert f"the flow {flow} was deleted" in json.dumps(done["metrics"]["recordSummary"]["failedInfo"])
    assert done["updatedBy"] == SERVICE_USER
    assert api.records(dataset)["count"] == 0


def test_a_run_of_a_flow_that_was_disabled_is_cancelled(server: Background, api: Api) -> None:
    flow, dataset = once(api)
    run = asked(api, flow, startTime=FAR)
    acted(api, "flows", flow, "disable")
    begin(server, api, flow, run)
    done = ended(api, run)
    assert status_of(done) == "cancelled"
    assert "was disabled before the run began" in done["metrics"]["statusSummary"]["errors"][0]["message"]
    assert "lastRunDetails" not in api.item("flows", flow)
    assert api.records(dataset)["count"] == 0


def test_a_run_of_a_flow_that_was_enabled_again_in_time_succeeds(server: Background, api: Api) -> None:
    flow, dataset = once(api)
    run = asked(api, flow, startTime=FAR)
    for op in ("disable", "enable"):
        acted(api, "flows", flow, op)
    begin(server, api, flow, run)
    assert status_of(ended(api, run)) == "success"
    assert api.records(dataset)["count"] == COUNT


# --- again


@pytest.mark.parametrize("op", ["re-trigger", "RE-TRIGGER", "Re-Trigger", "RE_TRIGGER", "re_trigger"])
def test_a_failed_run_is_triggered_again_as_a_new_one(api: Api, op: str) -> None:
    flow, first = failing(api)
    assert status_of(first) == "failed"
    answer = act(api, "runs", first["id"], op)
    assert answer.status_code == 200, answer.text
    made = answer.json()
    assert list(made) == ["id", "etag"]
    assert made["id"] != first["id"]
    assert status_of(ended(api, made["id"])) == "failed"
    assert [run["id"] for run in api.runs(flow)] == [made["id"], first["id"]]
    assert api.item("runs", first["id"]) == first


def test_a_run_is_triggered_again_for_the_same_window(api: Api) -> None:
    flow, _ = once(api)
    params = {"windowStartTime": LAST + 1, "windowEndTime": LAST + 5}
    empty = ended(api, asked(api, flow, **params))
    assert (status_of(empty), read_count(empty)) == ("success", 0)
    answer = act(api, "runs", empty["id"], "re-trigger")
    again = ended(api, answer.json()["id"])
    assert again["params"] == empty["params"] == WINDOW | params
    windows = [run["activities"][0]["durationSummary"]["extensions"] for run in (empty, again)]
    assert windows[0] == windows[1]


def test_what_made_a_run_fail_may_be_mended_before_it_is_triggered_again(tmp_path: Path) -> None:
    with Background(Settings(port=0, database="sqlite://", sources=tmp_path)) as running:
        with client_of(running.url, "MENDED@AdobeOrg") as api:
            _, first = failing(api)
            tickets = tmp_path / "zendesk" / "tickets.json"
            tickets.parent.mkdir()
            tickets.write_text('[{"id": 1}, {"id": 2}]', encoding="utf-8")
            again = ended(api, act(api, "runs", first["id"], "re-trigger").json()["id"])
            assert (status_of(again), read_count(again)) == ("success", 2)


def test_a_run_that_landed_records_is_not_triggered_again(api: Api) -> None:
    flow, _ = once(api)
    run = ended(api, asked(api, flow))
    message = assert_refused(act(api, "runs", run["id"], "re-trigger"), "CONNECTOR-1387-400")["errorMessage"]
    assert "success with 150 records" in message
    assert len(api.runs(flow)) == 1


def test_a_run_that_still_waits_is_not_triggered_again(api: Api) -> None:
    flow, _ = once(api)
    run = asked(api, flow, startTime=FAR)
    message = assert_refused(act(api, "runs", run, "re-trigger"), "CONNECTOR-1387-400")["errorMessage"]
    assert "scheduled" in message


def test_a_run_of_a_disabled_flow_is_not_triggered_again(api: Api) -> None:
    flow, first = failing(api)
    acted(api, "flows", flow, "disable")
    assert_refused(act(api, "runs", first["id"], "re-trigger"), "CONNECTOR-1388-400")
    acted(api, "flows", flow, "enable")
    assert act(api, "runs", first["id"], "re-trigger").status_code == 200


def test_a_run_of_a_deleted_flow_is_not_triggered_again(api: Api) -> None:
    flow, first = failing(api)
    assert api.http.delete(f"{FLOW}/flows/{flow}").status_code == 204
    assert_refused(act(api, "runs", first["id"], "re-trigger"), "FLOW-1430-400")


def test_a_streaming_run_is_not_triggered_again(api: Api) -> None:
    _, first = failing(api)
    batch = api.item("flowSpecs", REST_FLOW)
    streaming = batch | {"attributes": batch["attributes"] | {"frequency": "streaming"}}
    assert api.http.put(f"{FLOW}/flowSpecs/{REST_FLOW}", json=streaming).status_code == 200
    assert_refused(act(api, "runs", first["id"], "re-trigger"), "CONNECTOR-1333-400", "op")


@pytest.mark.parametrize("op", ["retry", "enable", "re trigger"])
def test_nothing_else_is_done_to_a_run(api: Api, op: str) -> None:
    _, first = failing(api)
    assert_refused(act(api, "runs", first["id"], op), "CONNECTOR-1401-400", "op")


def test_an_action_on_a_run_names_its_operation(api: Api) -> None:
    _, first = failing(api)
    for query in ("", "?op="):
        assert_refused(api.http.post(f"{FLOW}/runs/{first['id']}/action{query}"), "CONNECTOR-1359-400", "op")
    answer = api.http.post(f"{FLOW}/runs/{first['id']}/action?op=re-trigger&force=true")
    assert_refused(answer, "FLOW-1451-400", "force")


def test_a_run_that_is_not_there_is_not_triggered(api: Api) -> None:
    body = assert_refused(act(api, "runs", UNKNOWN, "re-trigger"), "FLOW-1439-404")
    assert (body["report"]["id"], body["report"]["type"]) == (UNKNOWN, "runs")


def test_an_action_on_a_run_looks_at_an_etag_only_when_one_is_sent(api: Api) -> None:
    flow, first = failing(api)
    stale = act(api, "runs", first["id"], "re-trigger", headers={"If-Match": '"stale"'})
    assert_refused(stale, "FLOW-1404-412")
    assert len(api.runs(flow)) == 1
    assert act(api, "runs", first["id"], "re-trigger", headers={"If-Match": first["etag"]}).status_code == 200


# --- written by a provider

PARTIAL: Document = {
    "durationSummary": {"startedAtUTC": 1_596_656_058_198, "completedAtUTC": 1_596_656_113_306},
    "recordSummary": {"inputRecordCount": 100, "outputRecordCount": 99, "failedRecordCount": 1},
    "statusSummary": {"status": "partialSuccess", "errors": [{"code": "MAPPER-3700-400", "message": "x"}]},
}


def test_a_provider_writes_the_figures_of_a_run(api: Api) -> None:
    flow, _ = once(api)
    before = api.item("runs", asked(api, flow, startTime=FAR))
    activity = {"id": "copyActivity", "statusSummary": {"status": "success"}}
    body = {"flowId": flow, "metrics": PARTIAL, "activities": [activity], "providerRefId": "p", "recordTypes": ["x"]}
    answer = written(api, before["id"], body, **{"If-Match": before["etag"]})
    assert answer.status_code == 200, answer.text
    after = api.item("runs", before["id"])
    assert answer.json() == after
    assert answer.headers["location"].endswith(f"{FLOW}/runs/{before['id']}")
    assert {name: after[name] for name in body} == body
    assert after["etag"] != before["etag"]
    kept = ("id", "createdAt", "createdBy", "createdClient", "sandboxId", "imsOrgId", "flowId", "flowSpec")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}


def test_a_run_that_a_provider_ends_shows_in_its_flow(api: Api) -> None:
    flow, _ = once(api)
    run = asked(api, flow, startTime=FAR)
    before = api.item("flows", flow)
    assert written(api, run, {"metrics": {"statusSummary": {"status": "inProgress"}}}).status_code == 200
    assert api.item("flows", flow) == before
    assert written(api, run, {"metrics": PARTIAL}).status_code == 200
    after = api.item("flows", flow)
    assert after["lastRunDetails"] == {"id": run, "state": "partialSuccess", **PARTIAL["durationSummary"]}
    assert after["etag"] != before["etag"]
    found = api.http.get(f"{FLOW}/runs", params={"property": ["state==partialSuccess", f"flowId=={flow}"]}).json()
    assert [item["id"] for item in found["items"]] == [run]


def test_a_provider_replaces_all_that_is_its_own(api: Api) -> None:
    flow, _ = once(api)
    run = ended(api, asked(api, flow))
    assert written(api, run["id"], {"providerRefId": "p"}).status_code == 200
    after = api.item("runs", run["id"])
    assert after["metrics"] == run["metrics"]
    assert after["activities"] == []
    assert after["providerRefId"] == "p"
    assert "params" not in after


def test_writing_a_run_needs_its_etag(api: Api) -> None:
    flow, _ = once(api)
    before = api.item("runs", asked(api, flow, startTime=FAR))
    path = f"{FLOW}/runs/{before['id']}"
    assert_refused(api.http.put(path, json={"metrics": PARTIAL}), "FLOW-1403-400")
    assert_refused(written(api, before["id"], {"metrics": PARTIAL}, **{"If-Match": '"stale"'}), "FLOW-1404-412")
    assert api.item("runs", before["id"]) == before


def test_a_run_that_is_not_there_is_not_written(api: Api) -> None:
    assert_refused(written(api, UNKNOWN, {"metrics": PARTIAL}), "FLOW-1439-404")


def bad_writings() -> list[tuple[Document, str, str]]:
    return [
        ({"flowId": UNKNOWN}, "FLOW-1430-400", "flowId"),
        ({"flowId": ""}, "FLOW-1446-400", "flowId"),
        ({"predecessors": [{"flowRunId": UNKNOWN}]}, "FLOW-1428-400", "predecessors[0].flowRunId"),
        ({"predecessors": [{"flowRunId": 5}]}, "FLOW-1428-400", "predecessors[0].flowRunId"),
        ({"predecessors": [{}, {"flowId": UNKNOWN}]}, "FLOW-1429-400", "predecessors[1].flowId"),
        ({"predecessors": {"flowId": UNKNOWN}}, "CONNECTOR-1312-400", "predecessors"),
        ({"metrics": {}}, "FLOW-1437-400", "metrics.statusSummary.status"),
        ({"metrics": {"statusSummary": {"status": "done"}}}, "FLOW-1437-400", "metrics.statusSummary.status"),
        ({"metrics": {"statusSummary": {"status": ["failed"]}}}, "FLOW-1437-400", "metrics.statusSummary.status"),
        ({"metrics": {"statusSummary": "failed"}}, "CONNECTOR-1312-400", "metrics.statusSummary"),
        ({"metrics": PARTIAL | {"recordSummary": 5}}, "CONNECTOR-1312-400", "metrics.recordSummary"),
        ({"metrics": [PARTIAL]}, "CONNECTOR-1312-400", "metrics"),
        ({"activities": {}}, "CONNECTOR-1312-400", "activities"),
        ({"activities": [5]}, "CONNECTOR-1312-400", "activities"),
        ({"activities": [{"sizeSummary": []}]}, "CONNECTOR-1312-400", "activities[0].sizeSummary"),
        ({"params": []}, "CONNECTOR-1312-400", "params"),
        ({"childFlowRunIds": "x"}, "CONNECTOR-1312-400", "childFlowRunIds"),
        ({"providerRefId": 5}, "CONNECTOR-1312-400", "providerRefId"),
        ({"state": "failed"}, "CONNECTOR-1312-400", "state"),
        ({"id": UNKNOWN}, "CONNECTOR-1312-400", "id"),
    ]


@pytest.mark.parametrize(("body", "code", "field"), bad_writings())
def test_what_a_provider_cannot_write_is_refused(api: Api, body: Document, code: str, field: str) -> None:
    flow, _ = once(api)
    before = api.item("runs", asked(api, flow, startTime=FAR))
    assert_refused(written(api, before["id"], body), code, field)
    assert api.item("runs", before["id"]) == before


def test_an_empty_writing_is_refused(api: Api) -> None:
    flow, _ = once(api)
    assert_refused(written(api, asked(api, flow, startTime=FAR), {}), "FLOW-1405-400")


def test_a_run_stays_with_its_flow(api: Api) -> None:
    flow, _ = once(api)
    run = asked(api, flow, startTime=FAR)
    body = api.flow_body(api.source_connection(), api.target("Another"), PAIRS, scheduleParams=ONCE)
    other = api.make("flows", body)
    assert_refused(written(api, run, {"flowId": other}), "CONNECTOR-1312-400", "flowId")


def test_predecessors_that_are_there_are_kept(api: Api) -> None:
    flow, _ = once(api)
    first, second = asked(api, flow, startTime=FAR), asked(api, flow, startTime=FAR)
    before = [{"flowRunId": first, "flowId": flow, "flowSpec": spec(REST_FLOW)}]
    assert written(api, second, {"predecessors": before}).status_code == 200
    assert api.item("runs", second)["predecessors"] == before


@pytest.mark.parametrize(
    "params", [{}, {"windowStartTime": "soon"}, {"windowStartTime": 5, "windowEndTime": 2**63}, {"a": {"b": []}}]
)
def test_params_that_only_a_provider_understands_keep_no_run_from_happening(
    server: Background, api: Api, params: Document
) -> None:
    flow, dataset = once(api)
    run = asked(api, flow, startTime=FAR)
    assert written(api, run, {"params": params}).status_code == 200
    begin(server, api, flow, run)
    assert read_count(ended(api, run)) == COUNT
    failed = {"metrics": {"statusSummary": {"status": "failed"}}, "params": params}
    assert written(api, run, failed).status_code == 200
    again = act(api, "runs", run, "re-trigger")
    assert read_count(ended(api, again.json()["id"])) == 0
    assert api.records(dataset)["count"] == COUNT


# --- whatever happens to the server


def test_a_run_that_cannot_even_fail_keeps_no_other_from_happening(
    server: Background, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow, _ = once(api)
    body = api.flow_body(api.source_connection(), api.target("Another"), PAIRS)
    planned = api.make("flows", body | {"scheduleParams": DAILY})

    def broken_for_two(attempt: Attempt, due: Due | Pending, broken: str | None = None) -> int:
        if due.flow in (flow, planned):
            raise ZeroDivisionError("a bug")
        return make(attempt, due, broken)

    monkeypatch.setattr("emulator.engine.progress.make", broken_for_two)
    stuck = asked(api, flow)
    with server.app.world.database.writing() as tx:
        schedules.move(tx, api.org, "prod", planned, server.app.world.clock.now())
    body = api.flow_body(api.source_connection(), api.target("A third"), PAIRS, scheduleParams=ONCE)
    other = api.make("flows", body)
    assert status_of(ended(api, asked(api, other))) == "success"
    assert status_of(api.item("runs", stuck)) == "scheduled"
    assert api.runs(planned) == []

    def put_off() -> bool:
        with server.app.world.database.reading() as tx:
            due = schedules.due_of(tx, api.org, "prod", planned)
        return due is not None and due > server.app.world.clock.now()

    eventually(put_off)


def test_a_run_that_waits_survives_a_kill_and_happens_once(tmp_path: Path, lasting_url: str) -> None:
    # 2026-01-31T12:00:00Z
    noon = 1_769_860_800
    org = "WAITING@AdobeOrg"

    def at(instant: str) -> Any:
        return serving(tmp_path, "--port", "0", "--database", lasting_url, "--clock", instant)

    with at("2026-01-31T12:00:00Z") as (process, url), client_of(url, org) as api:
        flow, dataset = once(api)
        run = asked(api, flow, startTime=noon + 60)
        assert status_of(api.item("runs", run)) == "scheduled"
        process.send_signal(signal.SIGKILL)
        process.wait()
    with at("2026-01-31T12:00:59Z") as (_, url), client_of(url, org) as api:
        time.sleep(0.3)
        assert status_of(api.item("runs", run)) == "scheduled"
    for _ in range(2):
        with at("2026-01-31T13:00:00Z") as (_, url), client_of(url, org) as api:
            assert status_of(ended(api, run)) == "success"
            time.sleep(0.2)
            assert [one["id"] for one in api.runs(flow)] == [run]
            assert api.records(dataset)["count"] == COUNT


def test_of_two_replicas_one_makes_the_run(tmp_path: Path, lasting_url: str) -> None:
    settings = Settings(port=0, database=lasting_url)
    with Background(settings) as one, Background(settings) as other:
        with client_of(one.url, "PAIR@AdobeOrg") as api, client_of(other.url, "PAIR@AdobeOrg") as second:
            flow, dataset = once(api)
            runs = [asked(client, flow) for _ in range(10) for client in (api, second)]
            for run in runs:
                assert read_count(ended(second, run)) == COUNT
            assert len(api.runs(flow)) == len(runs)
            assert api.records(dataset)["count"] == len(runs) * COUNT


def test_a_draft_that_was_published_is_run_on_demand(api: Api) -> None:
    source, target = api.source_connection(), api.target()
    flow = draft(api, "flows", api.flow_body(source, target, PAIRS, scheduleParams=ONCE))
    acted(api, "flows", flow, "publish")
    assert read_count(ended(api, asked(api, flow))) == COUNT
