"""Drafts: what they may lack, how they are filled in, and that publishing holds them to everything."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.exploring import S3_KEYS
from tests.operating import (
    DAILY,
    PAIRS,
    TABLE_FLOW,
    act,
    acted,
    draft,
    set_to,
    table_source,
    without,
)
from tests.support import (
    AMAZON_S3,
    CAPILLARY,
    DATA_LAKE,
    FILE_FLOW,
    FLOW,
    HTTP_API,
    REST_FLOW,
    SALESFORCE,
    SDK_FLOW,
    STREAMING_SDK,
    STRIPE,
    Api,
    Document,
    assert_refused,
    spec,
)

UNKNOWN = "84224def-1e2a-4d95-9ea2-132d697ed2aa"
KEY = {"specName": "OAuth2 Refresh Code", "params": {"accessToken": "an access token"}}
DESTINATION = "4fce964d-3f37-408f-9778-e597338a21ee"
CAPILLARY_KEYS = {
    "specName": "OAuth generic-rest-connector",
    "params": {"clientId": "x", "clientSecret": "x", "accessToken": "x"},
}
KINDS = ("connections", "sourceConnections", "targetConnections", "flows")


def account(**changes: Any) -> Document:
    return {"name": "A draft", "connectionSpec": spec(STRIPE), **changes}


def target_body(**changes: Any) -> Document:
    return {"name": "A draft", "connectionSpec": spec(DATA_LAKE), **changes}


def whole_body(api: Api, kind: str) -> Document:
    """What could be published as it is."""
    if kind == "connections":
        return account(auth=KEY)
    if kind == "sourceConnections":
        return account(baseConnectionId=api.base_connection(), params={"resourcePath": "charges"})
    if kind == "targetConnections":
        return target_body(params={"dataSetId": api.dataset(api.schema())})
    return api.flow_body(api.source_connection(), api.target(), PAIRS, scheduleParams=DAILY)


def bare_flow(api: Api, **changes: Any) -> Document:
    """A flow without transformations and schedule."""
    body = api.flow_body(api.source_connection(), api.target(), PAIRS)
    return without(body, "transformations", "scheduleParams") | changes


@pytest.mark.parametrize("kind", KINDS)
def test_a_draft_is_made_like_any_other_and_says_that_it_is_one(api: Api, kind: str) -> None:
    answer = api.http.post(f"{FLOW}/{kind}?mode=draft", json=whole_body(api, kind))
    assert answer.status_code == 201
    made = answer.json()
    assert list(made) == ["id", "etag"]
    assert answer.headers["location"].endswith(f"{FLOW}/{kind}/{made['id']}")
    item = api.item(kind, made["id"])
    assert item["state"] == "draft"
    assert item["etag"] == item["version"] == made["etag"]
    found = api.http.get(f"{FLOW}/{kind}", params={"property": "state==draft"}).json()["items"]
    assert found == [item]


@pytest.mark.parametrize("kind", KINDS)
def test_a_published_draft_is_enabled_under_a_new_etag(api: Api, kind: str) -> None:
    made = draft(api, kind, whole_body(api, kind))
    before = api.item(kind, made)
    answer = act(api, kind, made, "publish")
    assert answer.status_code == 200
    after = api.item(kind, made)
    assert answer.json() == {"id": made, "etag": after["etag"]}
    assert after["etag"] == after["version"] != before["etag"]
    assert after["state"] == "enabled"
    moving = ("state", "etag", "version", "updatedAt", "lastOperation")
    assert without(after, *moving) == without(before, *moving)
    assert_refused(act(api, kind, made, "publish"), "FLOW-1422-400")


def test_a_published_flow_notes_the_operation_with_zeros(api: Api) -> None:
    made = draft(api, "flows", whole_body(api, "flows"))
    assert api.item("flows", made)["lastOperation"]["operation"] == "create"
    noted = acted(api, "flows", made, "publish")["lastOperation"]
    assert noted == {"started": 0, "updated": 0, "operation": "publish"}


LACKING: list[tuple[str, Document, str]] = [
    ("connections", account(), "CONNECTOR-1304-400"),
    ("connections", account(auth={}), "CONNECTOR-1304-400"),
    ("connections", account(auth={"specName": "OAuth2 Refresh Code"}), "CONNECTOR-1304-400"),
    ("sourceConnections", account(), "CONNECTOR-1304-400"),
    ("sourceConnections", account(params={}), "CONNECTOR-1304-400"),
    ("targetConnections", target_body(), "CONNECTOR-1325-400"),
    ("targetConnections", target_body(params={"dataSetId": ""}), "CONNECTOR-1325-400"),
]


@pytest.mark.parametrize(("kind", "body", "code"), LACKING)
def test_a_draft_may_lack_what_publishing_asks_for(api: Api, kind: str, body: Document, code: str) -> None:
    assert_refused(api.http.post(f"{FLOW}/{kind}", json=body), code)
    made = draft(api, kind, body)
    before = api.item(kind, made)
    assert_refused(act(api, kind, made, "publish"), code)
    assert api.item(kind, made) == before


def test_a_draft_flow_may_lack_schedule_and_transformations(api: Api) -> None:
    body = bare_flow(api)
    assert_refused(api.http.post(f"{FLOW}/flows", json=body), "CONNECTOR-1317-400", "scheduleParams")
    made = draft(api, "flows", body)
    before = api.item("flows", made)
    assert not {"scheduleParams", "transformations"} & set(before)
    assert_refused(act(api, "flows", made, "publish"), "CONNECTOR-1317-400", "scheduleParams")
    assert api.item("flows", made) == before


def test_a_draft_flow_that_copies_a_table_may_lack_its_delta_column(api: Api) -> None:
    body = api.flow_body(table_source(api), api.target(), {"Id": "_test.id"}, flowSpec=spec(TABLE_FLOW))
    made = draft(api, "flows", body)
    assert_refused(act(api, "flows", made, "publish"), "CONNECTOR-1367-400")
    copy = {"name": "Copy", "params": {"deltaColumn": {"name": "LastModifiedDate"}}}
    change = set_to("/transformations/0", copy) + set_to("/scheduleParams", DAILY)
    assert api.patch("flows", made, change).status_code == 200
    assert acted(api, "flows", made, "publish")["state"] == "enabled"


WRONG: list[tuple[str, Document, str, str]] = [
    ("connections", account(connectionSpec=spec(UNKNOWN)), "FLOW-1413-400", "connectionSpec.id"),
    ("connections", account(auth={"specName": "Kerberos"}), "FLOW-1415-400", "auth.specName"),
    ("connections", account(auth="x"), "CONNECTOR-1312-400", "auth"),
    ("connections", account(name=5), "CONNECTOR-1312-400", "name"),
    ("sourceConnections", account(name=None), "CONNECTOR-1304-400", "name"),
    ("sourceConnections", account(baseConnectionId=UNKNOWN), "CONNECTOR-1312-400", "baseConnectionId"),
    ("sourceConnections", account(params={"resourcePath": 5}), "CONNECTOR-1312-400", "params.resourcePath"),
    ("sourceConnections", account(data={"format": "parquet"}), "CONNECTOR-1327-400", "data.format"),
    ("targetConnections", target_body(params={"dataSetId": "none"}), "CONNECTOR-1312-400", "params.dataSetId"),
    ("targetConnections", target_body(baseConnectionId=UNKNOWN), "CONNECTOR-1312-400", "baseConnectionId"),
]


@pytest.mark.parametrize(("kind", "body", "code", "field"), WRONG)
def test_what_a_draft_has_is_right(api: Api, kind: str, body: Document, code: str, field: str) -> None:
    assert_refused(api.http.post(f"{FLOW}/{kind}?mode=draft", json=body), code, field)
    assert api.http.get(f"{FLOW}/{kind}").json()["items"] == []


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"state": "draft"}, "FLOW-1410-400", "state"),
        ({"name": None}, "CONNECTOR-1304-400", "name"),
        ({"flowSpec": None}, "CONNECTOR-1304-400", "flowSpec"),
        ({"sourceConnectionIds": None}, "CONNECTOR-1320-400", "sourceConnectionIds"),
        ({"targetConnectionIds": []}, "CONNECTOR-1320-400", "targetConnectionIds"),
        ({"scheduleParams": {"frequency": "day"}}, "CONNECTOR-1304-400", "scheduleParams.startTime"),
        ({"scheduleParams": DAILY | {"interval": 0}}, "CONNECTOR-1362-400", "scheduleParams.interval"),
        (
            {"transformations": [{"name": "Mapping", "params": {"mappingId": "0" * 32}}]},
            "FLOW-1419-400",
            "transformations[0].params.mappingId",
        ),
        ({"transformations": [{"name": "Magic"}]}, "CONNECTOR-1312-400", "transformations[0].name"),
        ({"options": {"partialIngestionPercent": 0}}, "CONNECTOR-1312-400", "options.partialIngestionPercent"),
    ],
)
def test_what_a_draft_flow_has_is_right(api: Api, changes: Document, code: str, field: str) -> None:
    body = bare_flow(api) | changes
    assert_refused(api.http.post(f"{FLOW}/flows?mode=draft", json=body), code, field)
    assert api.http.get(f"{FLOW}/flows").json()["items"] == []


@pytest.mark.parametrize("mode", ["draft", "DRAFT", "Draft"])
def test_the_mode_is_known_in_any_letter_case(api: Api, mode: str) -> None:
    made = api.http.post(f"{FLOW}/connections", params={"mode": mode}, json=account()).json()["id"]
    assert api.item("connections", made)["state"] == "draft"


@pytest.mark.parametrize("mode", ["", "final", "drafts", "true"])
def test_another_mode_is_refused(api: Api, mode: str) -> None:
    answer = api.http.post(f"{FLOW}/connections", params={"mode": mode}, json=account(auth=KEY))
    assert_refused(answer, "FLOW-1452-400", "mode")
    assert api.http.get(f"{FLOW}/connections").json()["items"] == []


def test_only_a_create_has_a_mode(api: Api) -> None:
    made = draft(api, "connections", account())
    path = f"{FLOW}/connections/{made}?mode=draft"
    answer = api.http.patch(path, json=set_to("/name", "x"), headers={"If-Match": "*"})
    assert_refused(answer, "FLOW-1451-400", "mode")
    assert_refused(api.http.delete(path), "FLOW-1451-400", "mode")


def streaming_bodies(api: Api) -> dict[str, Document]:
    """Bodies of which only the mode is wrong: their specs know no drafts."""
    source, target = api.source_connection(spec_id=STREAMING_SDK), api.target()
    flow_spec = spec(SDK_FLOW)
    return {
        "connections": account(
            connectionSpec=spec(HTTP_API), auth={"specName": "Streaming Connection", "params": {"dataType": "raw"}}
        ),
        "sourceConnections": account(connectionSpec=spec(STREAMING_SDK)),
        "targetConnections": account(connectionSpec=spec(DESTINATION)),
        "flows": api.flow_body(source, target, {"a": "_test.a"}, flowSpec=flow_spec, scheduleParams=None),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_some_specs_know_no_draft_mode(api: Api, kind: str) -> None:
    body = streaming_bodies(api)[kind]
    assert_refused(api.http.post(f"{FLOW}/{kind}?mode=draft", json=body), "CONNECTOR-1368-400", "mode")
    api.make(kind, body)


def test_the_specs_say_whether_they_know_drafts(api: Api) -> None:
    for spec_id, known in ((STRIPE, True), (AMAZON_S3, True), (SALESFORCE, True), (DATA_LAKE, True), (HTTP_API, False)):
        assert api.item("connectionSpecs", spec_id)["attributes"].get("isDraftModeSupported", False) is known
    for spec_id, known in ((REST_FLOW, True), (FILE_FLOW, True), (TABLE_FLOW, True), (SDK_FLOW, False)):
        assert api.item("flowSpecs", spec_id)["attributes"].get("isDraftModeSupported", False) is known


def test_a_draft_is_filled_in_by_patches_and_stays_a_draft(api: Api) -> None:
    made = draft(api, "connections", account())
    assert api.patch("connections", made, set_to("/auth", {"specName": KEY["specName"]})).status_code == 200
    assert_refused(act(api, "connections", made, "publish"), "CONNECTOR-1304-400", "auth.params.accessToken")
    assert api.patch("connections", made, set_to("/auth/params", KEY["params"])).status_code == 200
    assert api.item("connections", made)["state"] == "draft"
    assert acted(api, "connections", made, "publish")["auth"]["params"] == {"accessToken": "xxxx"}


def test_a_draft_flow_is_filled_in_by_patches(api: Api) -> None:
    whole = whole_body(api, "flows")
    made = draft(api, "flows", without(whole, "transformations", "scheduleParams"))
    for name in ("scheduleParams", "transformations"):
        answer = api.patch("flows", made, set_to(f"/{name}", whole[name]))
        assert answer.json() == {"id": made, "etag": api.item("flows", made)["etag"]}
    published = acted(api, "flows", made, "publish")
    assert {name: published[name] for name in whole} == whole


def test_a_draft_may_be_emptied_again(api: Api) -> None:
    made = draft(api, "flows", whole_body(api, "flows"))
    empty: list[Document] = [{"op": "remove", "path": path} for path in ("/scheduleParams", "/transformations")]
    assert api.patch("flows", made, empty).status_code == 200
    assert_refused(act(api, "flows", made, "publish"), "CONNECTOR-1317-400")


def test_a_patch_of_a_draft_needs_its_etag_and_says_nothing_wrong(api: Api) -> None:
    made = draft(api, "connections", account())
    before = api.item("connections", made)
    bare = api.http.patch(f"{FLOW}/connections/{made}", json=set_to("/name", "x"))
    assert_refused(bare, "FLOW-1403-400")
    assert_refused(api.patch("connections", made, set_to("/name", "x"), '"stale"'), "FLOW-1404-412")
    assert_refused(api.patch("connections", made, set_to("/state", "enabled")), "CONNECTOR-1365-400", "[0].path")
    assert_refused(api.patch("connections", made, set_to("/auth", {"specName": "x"})), "FLOW-1415-400")
    assert_refused(api.patch("connections", made, set_to("/connectionSpec", spec(SALESFORCE))), "FLOW-1414-400")
    assert api.item("connections", made) == before


def test_publishing_goes_from_the_account_to_the_flow(api: Api) -> None:
    schema = api.schema()
    base = draft(api, "connections", account(auth=KEY))
    source = draft(api, "sourceConnections", account(baseConnectionId=base, params={"resourcePath": "charges"}))
    target = draft(api, "targetConnections", target_body(params={"dataSetId": api.dataset(schema)}))
    mapping = {"mappingId": api.mapping_set(schema, PAIRS), "mappingVersion": 0}
    body = {
        "name": "A flow",
        "flowSpec": spec(REST_FLOW),
        "sourceConnectionIds": [source],
        "targetConnectionIds": [target],
        "transformations": [{"name": "Mapping", "params": mapping}],
        "scheduleParams": {"startTime": 1_625_040_887, "frequency": "once"},
    }
    flow = draft(api, "flows", body)
    assert_refused(act(api, "sourceConnections", source, "publish"), "CONNECTOR-1312-400", "baseConnectionId")
    assert_refused(act(api, "flows", flow, "publish"), "CONNECTOR-1312-400", "sourceConnectionIds[0]")
    acted(api, "connections", base, "publish")
    acted(api, "sourceConnections", source, "publish")
    message = assert_refused(act(api, "flows", flow, "publish"), "CONNECTOR-1312-400", "targetConnectionIds[0]")
    assert "publish it first" in message["errorMessage"]
    acted(api, "targetConnections", target, "publish")
    acted(api, "flows", flow, "publish")
    assert api.first_run(flow)["metrics"]["recordSummary"]["outputRecordCount"] == 150


def test_nothing_but_a_draft_stands_on_a_draft(api: Api) -> None:
    base = draft(api, "connections", account(auth=KEY))
    body = account(baseConnectionId=base, params={"resourcePath": "charges"})
    answer = api.http.post(f"{FLOW}/sourceConnections", json=body)
    assert_refused(answer, "CONNECTOR-1312-400", "baseConnectionId")
    source = draft(api, "sourceConnections", body)
    flow = api.flow_body(source, api.target(), PAIRS)
    assert_refused(api.http.post(f"{FLOW}/flows", json=flow), "CONNECTOR-1312-400", "sourceConnectionIds[0]")
    existing = api.source_connection()
    answer = api.patch("sourceConnections", existing, set_to("/baseConnectionId", base))
    assert_refused(answer, "CONNECTOR-1312-400", "baseConnectionId")


def test_a_target_on_a_draft_account_is_published_after_it(api: Api) -> None:
    base = draft(api, "connections", account(connectionSpec=spec(AMAZON_S3), auth=S3_KEYS))
    body = {"name": "x", "connectionSpec": spec(AMAZON_S3), "baseConnectionId": base}
    assert_refused(api.http.post(f"{FLOW}/targetConnections", json=body), "CONNECTOR-1312-400", "baseConnectionId")
    target = draft(api, "targetConnections", body)
    assert_refused(act(api, "targetConnections", target, "publish"), "CONNECTOR-1312-400", "baseConnectionId")
    acted(api, "connections", base, "publish")
    acted(api, "targetConnections", target, "publish")


def test_publishing_sees_what_has_become_of_the_connections(api: Api) -> None:
    source, target = api.source_connection(), api.target()
    first, second = api.item("sourceConnections", source)["baseConnectionId"], api.base_connection()
    flow = draft(api, "flows", api.flow_body(source, target, PAIRS, scheduleParams=DAILY))
    assert api.patch("sourceConnections", source, set_to("/baseConnectionId", second)).status_code == 200

    def base_of_flow() -> str:
        inherited = api.item("flows", flow)["inheritedAttributes"]["sourceConnections"]
        base: str = inherited[0]["baseConnection"]["id"]
        return base

    assert base_of_flow() == first
    acted(api, "flows", flow, "publish")
    assert base_of_flow() == second


def test_a_draft_does_not_run_until_it_is_published(api: Api) -> None:
    source, target = api.source_connection(), api.target()
    flow = draft(api, "flows", api.flow_body(source, target, PAIRS))
    time.sleep(0.2)
    assert api.runs(flow) == []
    assert api.patch("flows", flow, set_to("/name", "Still a draft")).status_code == 200
    time.sleep(0.2)
    assert api.runs(flow) == []
    acted(api, "flows", flow, "publish")
    run = api.first_run(flow)
    assert run["metrics"]["recordSummary"]["outputRecordCount"] == 150
    item = api.item("flows", flow)
    assert (item["state"], item["lastRunDetails"]["id"]) == ("enabled", run["id"])


@pytest.mark.parametrize("op", ["enable", "disable"])
def test_a_draft_flow_is_neither_enabled_nor_disabled(api: Api, op: str) -> None:
    flow = draft(api, "flows", whole_body(api, "flows"))
    message = assert_refused(act(api, "flows", flow, op), "FLOW-1422-400")["errorMessage"]
    assert f"The action {op} cannot be applied on the current state draft." in message


def test_a_draft_flow_is_not_run_on_demand(api: Api) -> None:
    flow = draft(api, "flows", whole_body(api, "flows"))
    params = {"startTime": 1, "windowStartTime": 1, "windowEndTime": 2}
    answer = api.http.post(f"{FLOW}/runs", json={"flowId": flow, "params": params})
    assert_refused(answer, "CONNECTOR-1380-400", "flowId")
    assert api.runs(flow) == []


def test_the_inlet_of_a_draft_takes_nothing_until_it_is_published(api: Api) -> None:
    base = api.base_connection(CAPILLARY, auth=CAPILLARY_KEYS)
    target = api.target()
    body = api.flow_body(
        api.source_connection(base, CAPILLARY), target, {"a": "_test.a"}, scheduleParams=DAILY | {"startTime": 1}
    )
    flow = draft(api, "flows", body)
    inlet = api.item("flows", flow)["options"]["inletUrl"]
    assert api.http.post(inlet, json={"a": 1}).status_code == 400
    acted(api, "flows", flow, "publish")
    api.first_run(flow)
    before = api.records(target.dataset)["count"]
    assert api.http.post(inlet, json={"a": 1}).status_code == 200
    assert api.records(target.dataset)["count"] == before + 1


def test_a_draft_hides_its_secrets_and_keeps_them(api: Api) -> None:
    made = draft(api, "connections", account(auth=KEY))
    assert api.item("connections", made)["auth"]["params"] == {"accessToken": "xxxx"}
    acted(api, "connections", made, "publish")
    assert api.http.get(f"{FLOW}/connections/{made}/test").json() == {"result": True}
    assert "an access token" not in api.http.get(f"{FLOW}/connections/{made}").text


def test_a_draft_account_does_not_pass_its_test(api: Api) -> None:
    made = draft(api, "connections", account(auth=KEY))
    tested = api.http.get(f"{FLOW}/connections/{made}/test").json()
    assert tested["result"] is False
    assert "draft" in tested["errorMessage"]


def test_publishing_looks_at_an_etag_that_is_sent(api: Api) -> None:
    made = draft(api, "connections", account(auth=KEY))
    first = api.item("connections", made)["etag"]
    assert api.patch("connections", made, set_to("/name", "Newer")).status_code == 200
    assert_refused(act(api, "connections", made, "publish", headers={"If-Match": first}), "FLOW-1404-412")
    assert api.item("connections", made)["state"] == "draft"
    current = api.item("connections", made)["etag"]
    assert act(api, "connections", made, "publish", headers={"If-Match": current}).status_code == 200


def test_drafts_are_deleted_like_others(api: Api) -> None:
    source, target = api.source_connection(), api.target()
    base = api.item("sourceConnections", source)["baseConnectionId"]
    flow = draft(api, "flows", api.flow_body(source, target, PAIRS))
    assert_refused(api.http.delete(f"{FLOW}/connections/{base}"), "FLOW-1418-400")
    assert_refused(api.http.delete(f"{FLOW}/sourceConnections/{source}"), "FLOW-1447-400")
    assert api.http.delete(f"{FLOW}/flows/{flow}").status_code == 204
    assert_refused(act(api, "flows", flow, "publish"), "FLOW-1439-404")
    for kind, made in (("sourceConnections", source), ("connections", base)):
        assert api.http.delete(f"{FLOW}/{kind}/{made}").status_code == 204
