"""Actions: publish, enable and disable; how they may be asked for, and what they do to a flow's schedule."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from emulator.server import Background
from emulator.settings import Settings
from emulator.store import schedules
from tests.operating import (
    DAILY,
    FAR,
    ONCE,
    PAIRS,
    act,
    acted,
    draft,
    new_sandbox,
    set_to,
    without,
)
from tests.support import (
    FLOW,
    SDK_FLOW,
    STREAMING_SDK,
    STRIPE,
    Api,
    Document,
    assert_refused,
    client_of,
    spec,
)

UNKNOWN = "84224def-1e2a-4d95-9ea2-132d697ed2aa"
KEY = {"specName": "OAuth2 Refresh Code", "params": {"accessToken": "x"}}
KINDS = ("connections", "sourceConnections", "targetConnections", "flows")
JSON = {"content-type": "application/json"}
DAY_MS = 86_400_000


def waiting(api: Api, title: str = "A schema") -> str:
    """A flow whose first run is far ahead."""
    body = api.flow_body(api.source_connection(), api.target(title), PAIRS, scheduleParams=DAILY)
    return api.make("flows", body)


def draft_account(api: Api) -> str:
    return draft(api, "connections", {"name": "A draft", "connectionSpec": spec(STRIPE), "auth": KEY})


def due_of(server: Background, api: Api, flow: str) -> int | None:
    with server.app.world.database.reading() as tx:
        return schedules.due_of(tx, api.org, "prod", flow)


def make_due(server: Background, api: Api, flow: str) -> None:
    """Let a flow be due now, as if its interval had passed."""
    with server.app.world.database.writing() as tx:
        schedules.move(tx, api.org, "prod", flow, server.app.world.clock.now())
    server.app.world.on_schedule_change()


@pytest.mark.parametrize(
    ("first", "second"), [("disable", "enable"), ("DISABLE", "ENABLE"), ("Disable", "Enable"), ("dISABLE", "eNABLE")]
)
def test_an_operation_is_known_in_any_letter_case(api: Api, first: str, second: str) -> None:
    flow = waiting(api)
    assert acted(api, "flows", flow, first)["state"] == "disabled"
    assert acted(api, "flows", flow, second)["state"] == "enabled"


@pytest.mark.parametrize("op", ["publish", "PUBLISH", "Publish"])
def test_drafts_are_published_in_any_letter_case(api: Api, op: str) -> None:
    assert acted(api, "connections", draft_account(api), op)["state"] == "enabled"


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"headers": JSON},
        {"headers": {"content-type": "text/plain"}},
        {"headers": {"content-type": "application/x-www-form-urlencoded"}},
        {"content": b"", "headers": JSON},
        {"content": b"  ", "headers": JSON},
        {"json": None},
        {"json": {}},
        {"content": b"null", "headers": JSON},
    ],
)
def test_an_action_needs_neither_body_nor_content_type(api: Api, sent: Any) -> None:
    flow = waiting(api)
    answer = act(api, "flows", flow, "disable", **sent)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"id": flow, "etag": api.item("flows", flow)["etag"]}


def test_an_action_may_have_a_trailing_slash(api: Api) -> None:
    flow = waiting(api)
    assert api.http.post(f"{FLOW}/flows/{flow}/action/?op=disable").status_code == 200
    assert api.item("flows", flow)["state"] == "disabled"


def test_an_action_is_a_write_with_a_new_etag(api: Api) -> None:
    flow = waiting(api)
    before = api.item("flows", flow)
    after = acted(api, "flows", flow, "disable")
    assert after["etag"] == after["version"] != before["etag"]
    assert after["updatedAt"] >= before["updatedAt"]
    assert after["updatedBy"] == "tester@AdobeID"
    moving = ("state", "etag", "version", "updatedAt", "lastOperation")
    assert without(after, *moving) == without(before, *moving)


def test_an_action_looks_at_an_etag_only_when_one_is_sent(api: Api) -> None:
    flow = waiting(api)
    stale = api.item("flows", flow)["etag"]
    assert api.patch("flows", flow, set_to("/name", "Newer")).status_code == 200
    before = api.item("flows", flow)
    assert_refused(act(api, "flows", flow, "disable", headers={"If-Match": stale}), "FLOW-1404-412")
    assert api.item("flows", flow) == before
    assert act(api, "flows", flow, "disable", headers={"If-Match": before["etag"]}).status_code == 200
    assert act(api, "flows", flow, "enable", headers={"If-Match": "*"}).status_code == 200
    assert act(api, "flows", flow, "disable").status_code == 200


def test_enabling_and_disabling_follow_each_other(api: Api) -> None:
    flow = waiting(api)
    message = assert_refused(act(api, "flows", flow, "enable"), "FLOW-1422-400")["errorMessage"]
    assert "The action enable cannot be applied on the current state enabled." in message
    acted(api, "flows", flow, "disable")
    before = api.item("flows", flow)
    message = assert_refused(act(api, "flows", flow, "disable"), "FLOW-1422-400")["errorMessage"]
    assert "The action disable cannot be applied on the current state disabled." in message
    assert api.item("flows", flow) == before


@pytest.mark.parametrize("kind", KINDS)
def test_only_a_draft_is_published(api: Api, kind: str) -> None:
    flow = waiting(api)
    item = api.item("flows", flow)
    source = item["sourceConnectionIds"][0]
    made = {
        "flows": flow,
        "sourceConnections": source,
        "targetConnections": item["targetConnectionIds"][0],
        "connections": api.item("sourceConnections", source)["baseConnectionId"],
    }[kind]
    before = api.item(kind, made)
    assert_refused(act(api, kind, made, "publish"), "FLOW-1422-400")
    assert api.item(kind, made) == before


@pytest.mark.parametrize("state", ["disabled", "initializing"])
def test_an_account_that_is_no_draft_is_not_published(api: Api, state: str) -> None:
    made = api.base_connection(state=state)
    message = assert_refused(act(api, "connections", made, "publish"), "FLOW-1422-400")["errorMessage"]
    assert f"the current state {state}." in message


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("op", ["publish", "enable"])
def test_an_action_on_what_is_not_there_is_refused(api: Api, kind: str, op: str) -> None:
    answer = act(api, kind, UNKNOWN, op)
    if op == "enable" and kind != "flows":
        assert_refused(answer, "CONNECTOR-1398-400", "op")
        return
    body = assert_refused(answer, "FLOW-1439-404")
    assert (body["report"]["id"], body["report"]["type"]) == (UNKNOWN, kind)


def test_a_flow_of_another_sandbox_is_not_there(api: Api) -> None:
    flow = waiting(api)
    new_sandbox(api)
    answer = act(api, "flows", flow, "disable", headers={"x-sandbox-name": "dev"})
    assert_refused(answer, "FLOW-1439-404")
    assert api.item("flows", flow)["state"] == "enabled"


@pytest.mark.parametrize("query", ["", "?op=", "?subOp=APPLY"])
def test_an_action_names_its_operation(api: Api, query: str) -> None:
    flow = waiting(api)
    assert_refused(api.http.post(f"{FLOW}/flows/{flow}/action{query}"), "CONNECTOR-1359-400", "op")


@pytest.mark.parametrize(
    ("kind", "op"),
    [
        ("flows", "start"),
        ("flows", "re-trigger"),
        ("flows", "enable "),
        ("connections", "enable"),
        ("connections", "disable"),
        ("sourceConnections", "finalize"),
        ("targetConnections", "finalize_update"),
        ("targetConnections", "enable"),
    ],
)
def test_another_operation_is_refused(api: Api, kind: str, op: str) -> None:
    assert_refused(act(api, kind, UNKNOWN, op), "CONNECTOR-1398-400", "op")


@pytest.mark.parametrize("kind", ["connections", "flows"])
@pytest.mark.parametrize("op", ["finalize", "FINALIZE", "finalize_update", "Finalize_Update"])
def test_only_providers_finalize(api: Api, kind: str, op: str) -> None:
    made = waiting(api) if kind == "flows" else api.base_connection()
    before = api.item(kind, made)
    assert_refused(act(api, kind, made, op), "FLOW-1402-400", "op")
    assert api.item(kind, made) == before


def test_another_parameter_is_refused(api: Api) -> None:
    flow = waiting(api)
    answer = api.http.post(f"{FLOW}/flows/{flow}/action?op=disable&mode=draft")
    assert_refused(answer, "FLOW-1451-400", "mode")
    assert api.item("flows", flow)["state"] == "enabled"


@pytest.mark.parametrize("sub_operation", ["APPLY", "apply", "Apply"])
def test_a_draft_may_be_published_with_the_sub_operation_that_the_specification_asks_for(
    api: Api, sub_operation: str
) -> None:
    made = draft_account(api)
    answer = api.http.post(f"{FLOW}/connections/{made}/action?op=PUBLISH&subOp={sub_operation}")
    assert answer.status_code == 200
    assert api.item("connections", made)["state"] == "enabled"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("op=disable&subOp=REWIND", "FLOW-1435-400"),
        ("op=disable&subOp=", "FLOW-1435-400"),
        ("op=publish&subOp=APPLY&subOp=REWIND", "FLOW-1435-400"),
        ("op=disable&subOp=PROGRESS&subOp=APPLY", "FLOW-1406-400"),
        ("op=disable&subOp=rollback&subOp=progress", "FLOW-1406-400"),
        ("op=disable&subOp=APPLY", "FLOW-1436-400"),
        ("op=disable&subOp=PROGRESS", "FLOW-1436-400"),
        ("op=publish&subOp=ROLLBACK", "FLOW-1436-400"),
        ("op=publish&subOp=progress", "FLOW-1436-400"),
    ],
)
def test_a_sub_operation_that_does_not_fit_is_refused(api: Api, query: str, code: str) -> None:
    flow = waiting(api)
    before = api.item("flows", flow)
    assert_refused(api.http.post(f"{FLOW}/flows/{flow}/action?{query}"), code, "subOp")
    assert api.item("flows", flow) == before


@pytest.mark.parametrize(
    ("query", "body", "code", "field"),
    [
        ("op=disable", {"status": {"value": "DONE"}}, "FLOW-1437-400", "status.value"),
        ("op=disable", {"status": {"value": 5}}, "FLOW-1437-400", "status.value"),
        ("op=disable&subOp=PROGRESS", {"status": {"value": "FAILED"}}, "FLOW-1407-400", "status.value"),
        ("op=disable&subOp=progress", {"status": {"value": "failed"}}, "FLOW-1407-400", "status.value"),
        (
            "op=disable",
            {"percentCompleted": 99.5, "status": {"value": "COMPLETED"}},
            "FLOW-1408-400",
            "percentCompleted",
        ),
        ("op=disable", {"percentCompleted": 0, "status": {"value": "failed"}}, "FLOW-1408-400", "percentCompleted"),
        ("op=disable", {"percentCompleted": 101}, "CONNECTOR-1312-400", "percentCompleted"),
        ("op=disable", {"percentCompleted": -1}, "CONNECTOR-1312-400", "percentCompleted"),
        ("op=disable", {"percentCompleted": "50"}, "CONNECTOR-1312-400", "percentCompleted"),
        ("op=disable", {"percentCompleted": True}, "CONNECTOR-1312-400", "percentCompleted"),
        ("op=disable", {"status": "COMPLETED"}, "CONNECTOR-1312-400", "status"),
        ("op=disable", {"state": "disabled"}, "CONNECTOR-1312-400", "state"),
        ("op=disable", ["disable"], "CONNECTOR-1312-400", "body"),
        ("op=disable", "disable", "CONNECTOR-1312-400", "body"),
    ],
)
def test_a_body_that_does_not_fit_is_refused(api: Api, query: str, body: Any, code: str, field: str) -> None:
    flow = waiting(api)
    before = api.item("flows", flow)
    assert_refused(api.http.post(f"{FLOW}/flows/{flow}/action?{query}", json=body), code, field)
    assert api.item("flows", flow) == before


def test_a_body_that_is_no_json_is_refused(api: Api) -> None:
    flow = waiting(api)
    assert_refused(act(api, "flows", flow, "disable", content=b"{", headers=JSON), "CONNECTOR-1000-400")
    text = act(api, "flows", flow, "disable", content=b"x", headers={"content-type": "text/plain"})
    assert_refused(text, "CONNECTOR-1004-415")
    assert api.item("flows", flow)["state"] == "enabled"


@pytest.mark.parametrize(
    "body",
    [
        {"percentCompleted": 100.0, "status": {"value": "COMPLETED", "errors": []}},
        {"percentCompleted": 100, "status": {"value": "failed"}},
        {"status": {"value": "IN_PROGRESS", "properties": {"a": 1}}, "percentCompleted": 5},
        {"recordTypes": [{"type": "x"}]},
    ],
)
def test_what_a_caller_reports_is_noted_in_the_last_operation(api: Api, body: Document) -> None:
    flow = waiting(api)
    assert act(api, "flows", flow, "disable", json=body).status_code == 200
    noted = api.item("flows", flow)["lastOperation"]
    assert noted == {"started": 0, "updated": 0, "operation": "disable", **body}


def test_the_last_operation_of_an_action_keeps_its_zeros(api: Api) -> None:
    flow = waiting(api)
    for op in ("disable", "enable"):
        assert acted(api, "flows", flow, op)["lastOperation"] == {"started": 0, "updated": 0, "operation": op}


def test_connections_note_no_operation(api: Api) -> None:
    assert "lastOperation" not in acted(api, "connections", draft_account(api), "publish")


def test_a_disabled_flow_does_not_run(server: Background, api: Api) -> None:
    flow, target = api.flow()
    api.first_run(flow)
    acted(api, "flows", flow, "disable")
    assert due_of(server, api, flow) is None
    make_due(server, api, flow)
    time.sleep(0.3)
    assert len(api.runs(flow)) == 1
    item = api.item("flows", flow)
    assert (item["state"], item["lastRunDetails"]["state"]) == ("disabled", "success")
    assert api.records(target.dataset)["count"] == 150


def test_an_enabled_flow_goes_on_at_the_next_instant_of_its_schedule(server: Background, api: Api) -> None:
    flow, _ = api.flow()
    api.first_run(flow)
    before = due_of(server, api, flow)
    acted(api, "flows", flow, "disable")
    acted(api, "flows", flow, "enable")
    after = due_of(server, api, flow)
    assert before is not None and after is not None
    # The first is the second unless the quarter of an hour ended between them.
    assert after - before in (0, 900_000)
    assert len(api.runs(flow)) == 1


def test_a_flow_that_is_enabled_again_reads_on_from_where_it_was(server: Background, api: Api) -> None:
    flow, target = api.flow()
    api.first_run(flow)
    acted(api, "flows", flow, "disable")
    acted(api, "flows", flow, "enable")
    make_due(server, api, flow)
    second, _ = api.await_runs(flow, 2)
    assert second["metrics"]["recordSummary"]["inputRecordCount"] == 0
    assert api.records(target.dataset)["count"] == 150


def test_runs_that_fall_into_the_pause_are_not_made_up_for(tmp_path: Path, lasting_url: str) -> None:
    def at(instant: str) -> Background:
        return Background(Settings(port=0, database=lasting_url, clock=instant))

    # 2026-01-01T00:00:00Z
    start = 1_767_225_600
    with at("2026-01-01T06:00:00Z") as server, client_of(server.url, "PAUSE@AdobeOrg") as api:
        flow, _ = api.flow(scheduleParams={"startTime": start, "frequency": "day", "interval": 1})
        api.first_run(flow)
        assert due_of(server, api, flow) == start * 1000 + DAY_MS
        acted(api, "flows", flow, "disable")
    with at("2026-01-05T06:00:00Z") as server, client_of(server.url, "PAUSE@AdobeOrg") as api:
        acted(api, "flows", flow, "enable")
        assert due_of(server, api, flow) == start * 1000 + 5 * DAY_MS
        assert len(api.runs(flow)) == 1
    with at("2026-01-06T00:00:00Z") as server, client_of(server.url, "PAUSE@AdobeOrg") as api:
        second, _ = api.await_runs(flow, 2)
        window = second["activities"][0]["durationSummary"]["extensions"]
        assert window == {"windowStart": start * 1000 + 4 * DAY_MS, "windowEnd": start * 1000 + 5 * DAY_MS}


def test_a_single_run_that_fell_into_the_pause_is_made_up_for(server: Background, api: Api) -> None:
    flow, target = api.flow(scheduleParams=ONCE)
    acted(api, "flows", flow, "disable")
    change = set_to("/scheduleParams/startTime", 1_625_040_887)
    assert api.patch("flows", flow, change).status_code == 200
    assert due_of(server, api, flow) is None
    acted(api, "flows", flow, "enable")
    assert api.first_run(flow)["metrics"]["recordSummary"]["outputRecordCount"] == 150
    for op in ("disable", "enable"):
        acted(api, "flows", flow, op)
    assert due_of(server, api, flow) is None
    assert api.records(target.dataset)["count"] == 150


def test_a_single_run_that_is_under_way_while_its_flow_pauses_happens_once(lasting_url: str) -> None:
    noon = Settings(port=0, database=lasting_url, clock="2026-01-31T12:00:00Z")
    with Background(noon) as server, client_of(server.url, "UNDERWAY@AdobeOrg") as api:
        flow, target = api.flow(scheduleParams={"startTime": 1_769_864_400, "frequency": "once"})
        assert api.http.post(f"/__admin/flows/{flow}/outcomes", json=[{"durationMs": 600_000}]).status_code == 200
        assert api.http.post("/__admin/clock/advance", json={"by": "PT1H5M"}).status_code == 200
        (run,) = api.runs(flow)
        assert run["metrics"]["statusSummary"]["status"] == "inProgress"
        for op in ("disable", "enable"):
            acted(api, "flows", flow, op)
        assert due_of(server, api, flow) is None
        assert api.http.post("/__admin/clock/advance", json={"by": "PT1H"}).status_code == 200
        (run,) = api.runs(flow)
        assert run["metrics"]["statusSummary"]["status"] == "success"
        assert api.records(target.dataset)["count"] == 150


def test_a_disabled_flow_takes_patches_and_enabling_follows_them(server: Background, api: Api) -> None:
    flow = waiting(api)
    acted(api, "flows", flow, "disable")
    later = FAR + 3600
    assert api.patch("flows", flow, set_to("/scheduleParams/startTime", later)).status_code == 200
    assert api.item("flows", flow)["state"] == "disabled"
    assert due_of(server, api, flow) is None
    acted(api, "flows", flow, "enable")
    assert due_of(server, api, flow) == later * 1000


def test_a_disabled_flow_is_no_longer_fed_by_its_inlet(api: Api) -> None:
    source, target = api.source_connection(spec_id=STREAMING_SDK), api.target()
    body = api.flow_body(source, target, {"a": "_test.a"}, flowSpec=spec(SDK_FLOW), scheduleParams=None)
    flow = api.make("flows", body)
    inlet = api.item("flows", flow)["options"]["inletUrl"]
    assert api.http.post(inlet, json={"a": 1}).status_code == 200
    acted(api, "flows", flow, "disable")
    assert api.http.post(inlet, json={"a": 2}).status_code == 400
    acted(api, "flows", flow, "enable")
    assert api.http.post(inlet, json={"a": 3}).status_code == 200
    assert [item["_test"]["a"] for item in api.records(target.dataset)["items"]] == [1, 3]
    assert api.item("flows", flow)["options"]["inletUrl"] == inlet


def test_flows_are_found_by_the_state_that_actions_give_them(api: Api) -> None:
    first, second = waiting(api), waiting(api, "Another")
    acted(api, "flows", first, "disable")

    def found(state: str) -> list[str]:
        listed = api.http.get(f"{FLOW}/flows", params={"property": f"state=={state}"}).json()["items"]
        return [item["id"] for item in listed]

    assert (found("disabled"), found("enabled")) == ([first], [second])
    acted(api, "flows", first, "enable")
    assert (found("disabled"), found("enabled")) == ([], [second, first])


def test_a_disabled_flow_is_still_in_the_way_of_deleting_its_connections(api: Api) -> None:
    flow, target = api.flow(scheduleParams=DAILY)
    acted(api, "flows", flow, "disable")
    answer = api.http.delete(f"{FLOW}/targetConnections/{target.connection}")
    assert_refused(answer, "FLOW-1447-400")


def test_actions_belong_to_resources_that_have_some(api: Api) -> None:
    for collection in ("connectionSpecs", "flowSpecs"):
        answer = api.http.post(f"{FLOW}/{collection}/{STRIPE}/action?op=publish")
        assert_refused(answer, "CONNECTOR-1003-404")
    flow = waiting(api)
    assert api.http.get(f"{FLOW}/flows/{flow}/action").status_code == 405


def test_only_one_of_two_callers_disables_a_flow(api: Api) -> None:
    flow = waiting(api)
    etag = api.item("flows", flow)["etag"]
    answers = [act(api, "flows", flow, "disable", headers={"If-Match": etag}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 412]
    assert api.item("flows", flow)["etag"] == answers[0].json()["etag"]
