"""Flows: what they join, what is added to them, and how they are changed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import (
    AMAZON_S3,
    FILE_FLOW,
    FLOW,
    MIXPANEL,
    REST_FLOW,
    SDK_FLOW,
    STREAM_MAPPED_FLOW,
    STREAMING_SDK,
    Api,
    Document,
    assert_refused,
    spec,
)

UNKNOWN = "84224def-1e2a-4d95-9ea2-132d697ed2aa"
PAIRS = {"data.id": "_test.id"}


def test_a_new_flow_has_the_documented_shape(api: Api) -> None:
    flow, target = api.flow(scheduleParams={"startTime": "4102444800", "frequency": "week", "interval": "15"})
    item = api.item("flows", flow)
    (source,) = item["sourceConnectionIds"]
    base = api.item("sourceConnections", source)["baseConnectionId"]
    stripe, lake = spec("cc2c31d6-7b8c-4581-b49f-5c8698aa3ab3"), spec("c604ff05-7f1a-43c0-8e18-33bf874cb11c")
    assert item["state"] == "enabled"
    assert item["version"] == item["etag"]
    assert item["runs"] == f"/runs?property=flowId=={flow}"
    assert item["lastOperation"] == {"started": item["createdAt"], "updated": 0, "operation": "create"}
    assert item["inheritedAttributes"] == {
        "properties": {"isSourceFlow": True},
        "sourceConnections": [
            {"id": source, "connectionSpec": stripe, "baseConnection": {"id": base, "connectionSpec": stripe}}
        ],
        "targetConnections": [{"id": target.connection, "connectionSpec": lake}],
    }
    assert "lastRunDetails" not in item
    assert "options" not in item


def test_schedule_values_come_back_as_they_were_sent(api: Api) -> None:
    sent = {"startTime": "4102444800", "frequency": "week", "interval": "15", "backfill": "true"}
    flow, _ = api.flow(scheduleParams=sent)
    assert api.item("flows", flow)["scheduleParams"] == sent


def test_connection_ids_may_come_as_plain_strings_and_are_kept_as_lists(api: Api) -> None:
    source, target = api.source_connection(), api.target()
    body = api.flow_body(source, target, PAIRS)
    body |= {"sourceConnectionIds": source, "targetConnectionIds": target.connection}
    item = api.item("flows", api.make("flows", body))
    assert item["sourceConnectionIds"] == [source]
    assert item["targetConnectionIds"] == [target.connection]


def test_a_target_that_names_the_sources_own_spec_lands_in_the_data_lake(api: Api) -> None:
    params = {"host": "https://x", "username": "u", "password": "p"}
    base = api.base_connection(MIXPANEL, auth={"specName": "Basic Authentication", "params": params})
    lake = api.target()
    body = {"name": "x", "connectionSpec": spec(MIXPANEL), "params": {"dataSetId": lake.dataset}}
    connection = api.make("targetConnections", body)
    source = api.source_connection(base, MIXPANEL)
    body = api.flow_body(source, lake, {"event": "_test.event"}, targetConnectionIds=[connection])
    assert api.first_run(api.make("flows", body))["metrics"]["recordSummary"]["outputRecordCount"] == 140


REFUSED: list[tuple[Document, str, str]] = [
    ({"state": "enabled"}, "FLOW-1410-400", "state"),
    ({"name": None}, "CONNECTOR-1304-400", "name"),
    ({"flowSpec": None}, "CONNECTOR-1304-400", "flowSpec"),
    ({"flowSpec": spec(UNKNOWN)}, "FLOW-1413-400", "flowSpec.id"),
    ({"flowSpec": spec(FILE_FLOW)}, "FLOW-1413-400", "flowSpec.id"),
    ({"sourceConnectionIds": None}, "CONNECTOR-1320-400", "sourceConnectionIds"),
    ({"sourceConnectionIds": []}, "CONNECTOR-1320-400", "sourceConnectionIds"),
    ({"sourceConnectionIds": [UNKNOWN, UNKNOWN]}, "CONNECTOR-1321-400", "sourceConnectionIds"),
    ({"sourceConnectionIds": [UNKNOWN]}, "CONNECTOR-1312-400", "sourceConnectionIds[0]"),
    ({"sourceConnectionIds": {"id": UNKNOWN}}, "CONNECTOR-1312-400", "sourceConnectionIds"),
    ({"targetConnectionIds": ""}, "CONNECTOR-1320-400", "targetConnectionIds"),
    ({"targetConnectionIds": [5]}, "CONNECTOR-1312-400", "targetConnectionIds[0]"),
    ({"scheduleParams": None}, "CONNECTOR-1317-400", "scheduleParams"),
    ({"transformations": "Mapping"}, "CONNECTOR-1312-400", "transformations"),
    ({"transformations": ["Mapping"]}, "CONNECTOR-1312-400", "transformations[0]"),
    ({"transformations": [{"params": {}}]}, "CONNECTOR-1304-400", "transformations[0].name"),
    ({"transformations": [{"name": "Magic"}]}, "CONNECTOR-1312-400", "transformations[0].name"),
    ({"options": {"partialIngestionPercent": 0}}, "CONNECTOR-1312-400", "options.partialIngestionPercent"),
    ({"options": {"errorDiagnosticsEnabled": "maybe"}}, "CONNECTOR-1312-400", "options.errorDiagnosticsEnabled"),
]


@pytest.mark.parametrize(("changes", "code", "field"), REFUSED)
def test_a_flow_that_does_not_fit_is_refused(api: Api, changes: Document, code: str, field: str) -> None:
    body = api.flow_body(api.source_connection(), api.target(), PAIRS) | changes
    body = {name: value for name, value in body.items() if value is not None}
    assert_refused(api.http.post(f"{FLOW}/flows", json=body), code, field)
    assert api.http.get(f"{FLOW}/flows").json()["items"] == []


@pytest.mark.parametrize(
    ("params", "code", "field"),
    [
        ({"mappingId": "0" * 32}, "FLOW-1419-400", "mappingId"),
        ({}, "FLOW-1419-400", "mappingId"),
        ({"mappingVersion": 1}, "FLOW-1412-400", "mappingVersion"),
        ({"mappingVersion": "first"}, "FLOW-1412-400", "mappingVersion"),
        ({"mappingVersion": -1}, "FLOW-1412-400", "mappingVersion"),
    ],
)
def test_a_flow_names_a_mapping_set_and_version_that_exist(api: Api, params: Document, code: str, field: str) -> None:
    body = api.flow_body(api.source_connection(), api.target(), PAIRS)
    known = {} if params == {} else body["transformations"][0]["params"]
    body["transformations"] = [{"name": "Mapping", "params": known | params}]
    answer = api.http.post(f"{FLOW}/flows", json=body)
    assert_refused(answer, code, f"transformations[0].params.{field}")


def test_mapping_set_and_dataset_have_the_same_schema(api: Api) -> None:
    target = api.target()
    other = api.mapping_set(api.schema("Another"), PAIRS)
    body = api.flow_body(api.source_connection(), target, PAIRS)
    body["transformations"] = [{"name": "Mapping", "params": {"mappingId": other}}]
    answer = api.http.post(f"{FLOW}/flows", json=body)
    message = assert_refused(answer, "FLOW-1425-400", "transformations[0].params.mappingId")["errorMessage"]
    assert f"Error while matching schema in target dataset {target.dataset} with schema in mapping {other}." in message


def test_a_target_that_is_no_data_lake_is_refused_by_a_source_flow(api: Api) -> None:
    keys = {"specName": "Access Key", "params": {"s3AccessKey": "x", "s3SecretKey": "x"}}
    base = api.base_connection(AMAZON_S3, auth=keys)
    body = {"name": "x", "connectionSpec": spec(AMAZON_S3), "baseConnectionId": base}
    bucket = api.make("targetConnections", body)
    flow = api.flow_body(api.source_connection(), api.target(), PAIRS, targetConnectionIds=[bucket])
    answer = api.http.post(f"{FLOW}/flows", json=flow)
    message = assert_refused(answer, "CONNECTOR-1307-400", "targetConnectionIds[0]")["errorMessage"]
    assert "c604ff05-7f1a-43c0-8e18-33bf874cb11c" in message


def test_a_streaming_flow_keeps_no_schedule(api: Api) -> None:
    changes: Document = {"flowSpec": spec(SDK_FLOW)}
    source, target = api.source_connection(spec_id=STREAMING_SDK), api.target()
    body = api.flow_body(source, target, {"a": "_test.a"}, **changes)
    flow = api.make("flows", body)
    item = api.item("flows", flow)
    assert "scheduleParams" not in item
    assert item["providerRefId"]
    schedule = [{"op": "add", "path": "/scheduleParams", "value": body["scheduleParams"]}]
    assert_refused(api.patch("flows", flow, schedule), "CONNECTOR-1312-400", "scheduleParams")
    body["scheduleParams"] = "hourly"
    assert_refused(api.http.post(f"{FLOW}/flows", json=body), "CONNECTOR-1312-400", "scheduleParams")


def test_some_flow_specs_insist_on_a_mapping(api: Api) -> None:
    source = api.source_connection(api.streaming_connection(), "bc7b00d6-623a-4dfc-9fdb-f1240aeadaeb")
    flow_spec = spec(STREAM_MAPPED_FLOW)
    body = api.flow_body(source, api.target(), {"a": "_test.a"}, flowSpec=flow_spec, scheduleParams=None)
    del body["transformations"]
    assert_refused(api.http.post(f"{FLOW}/flows", json=body), "CONNECTOR-1370-400", "transformations")


def test_replacing_the_options_does_not_take_the_inlet_away(api: Api) -> None:
    source, target = api.source_connection(spec_id=STREAMING_SDK), api.target()
    body = api.flow_body(source, target, {"a": "_test.a"}, flowSpec=spec(SDK_FLOW), scheduleParams=None)
    flow = api.make("flows", body)
    inlet = api.item("flows", flow)["options"]["inletUrl"]
    for operation in (
        {"op": "add", "path": "/options", "value": {"errorDiagnosticsEnabled": True}},
        {"op": "remove", "path": "/options"},
    ):
        assert api.patch("flows", flow, [operation]).status_code == 200
        assert api.item("flows", flow)["options"]["inletUrl"] == inlet


def test_the_flow_spec_cannot_be_changed(api: Api) -> None:
    flow, _ = api.flow(scheduleParams={"startTime": 4102444800, "frequency": "day", "interval": 1})
    change = [{"op": "replace", "path": "/flowSpec/id", "value": FILE_FLOW}]
    assert_refused(api.patch("flows", flow, change), "CONNECTOR-1365-400", "[0].path")


def test_a_patch_is_echoed_in_the_last_operation(api: Api) -> None:
    flow, _ = api.flow()
    api.first_run(flow)
    operations = [{"op": "replace", "path": "/scheduleParams/frequency", "value": "week"}]
    answer = api.patch("flows", flow, operations)
    item = api.item("flows", flow)
    assert answer.json() == {"id": flow, "etag": item["etag"]}
    assert item["scheduleParams"]["frequency"] == "week"
    assert item["lastOperation"] == {
        "started": item["updatedAt"],
        "updated": item["updatedAt"],
        "percentCompleted": 100.0,
        "status": {"value": "completed", "errors": []},
        "ops": operations,
        "operation": "update",
    }
    assert item["updatedBy"] == "tester@AdobeID"


def test_a_patched_flow_is_checked_like_a_new_one(api: Api) -> None:
    flow, _ = api.flow()
    api.first_run(flow)
    for path, value, code in (
        ("/scheduleParams/interval", 5, "CONNECTOR-1362-400"),
        ("/scheduleParams/frequency", "yearly", "CONNECTOR-1397-400"),
        ("/transformations/0/params/mappingId", "0" * 32, "FLOW-1419-400"),
        ("/sourceConnectionIds/0", UNKNOWN, "CONNECTOR-1312-400"),
        ("/name", "", "CONNECTOR-1304-400"),
    ):
        before = api.item("flows", flow)
        assert_refused(api.patch("flows", flow, [{"op": "replace", "path": path, "value": value}]), code)
        assert api.item("flows", flow) == before


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("/scheduleParams/startTime", "1625040888", "CONNECTOR-1366-400"),
        ("/scheduleParams", {"startTime": "1625040887", "frequency": "once"}, "CONNECTOR-1403-400"),
        ("/scheduleParams/backfill", False, "CONNECTOR-1404-400"),
    ],
)
def test_some_of_a_schedule_is_fixed_once_its_start_has_passed(api: Api, path: str, value: Any, code: str) -> None:
    flow, _ = api.flow()
    api.first_run(flow)
    assert_refused(api.patch("flows", flow, [{"op": "add", "path": path, "value": value}]), code)


def test_a_schedule_that_has_not_begun_may_be_moved(api: Api) -> None:
    flow, _ = api.flow(scheduleParams={"startTime": 4102444800, "frequency": "day", "interval": 1})
    change = [{"op": "replace", "path": "/scheduleParams/startTime", "value": 1625040887}]
    assert api.patch("flows", flow, change).status_code == 200


@pytest.mark.parametrize("schedule", [{"frequency": "once"}, {"frequency": "week", "interval": 1}])
def test_a_start_that_is_moved_into_the_past_before_it_came_begins_at_once(api: Api, schedule: Document) -> None:
    flow, _ = api.flow(scheduleParams={"startTime": 4102444800, **schedule})
    change = [{"op": "replace", "path": "/scheduleParams/startTime", "value": 1625040887}]
    assert api.patch("flows", flow, change).status_code == 200
    assert api.first_run(flow)["metrics"]["statusSummary"]["status"] == "success"
    assert len(api.runs(flow)) == 1


def test_deleting_a_flow_deletes_nothing_else(api: Api) -> None:
    flow, target = api.flow()
    run = api.first_run(flow)
    source = api.item("flows", flow)["sourceConnectionIds"][0]
    answer = api.http.delete(f"{FLOW}/flows/{flow}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert_refused(api.http.get(f"{FLOW}/flows/{flow}"), "FLOW-1439-404")
    assert_refused(api.http.delete(f"{FLOW}/flows/{flow}"), "FLOW-1439-404")
    assert api.item("sourceConnections", source)["id"] == source
    assert api.item("targetConnections", target.connection)["id"] == target.connection
    assert api.item("runs", run["id"])["flowId"] == flow


def test_labels_and_policy_may_be_patched(api: Api) -> None:
    flow, _ = api.flow()
    api.first_run(flow)
    operations: list[Document] = [
        {"op": "Add", "path": "/labels", "value": ["core/C12"]},
        {"op": "Add", "path": "/policy", "value": {"enforcementRefs": ["x"]}},
    ]
    assert api.patch("flows", flow, operations).status_code == 200
    item = api.item("flows", flow)
    assert (item["labels"], item["policy"]) == (["core/C12"], {"enforcementRefs": ["x"]})


def test_rest_flow_spec_lists_every_rest_source(api: Api) -> None:
    item = api.item("flowSpecs", REST_FLOW)
    assert {MIXPANEL, "cc2c31d6-7b8c-4581-b49f-5c8698aa3ab3"} <= set(item["sourceConnectionSpecIds"])
