"""Source and target connections: what they name must exist and fit together."""

from __future__ import annotations

import pytest

from tests.operating import ended
from tests.support import (
    AMAZON_S3,
    DATA_LAKE,
    FLOW,
    FULL,
    MIXPANEL,
    STREAMING_SDK,
    STRIPE,
    ZENDESK,
    Api,
    Document,
    assert_refused,
    spec,
)

LANDING_ZONE = "26f526f2-58f4-4712-961d-e41bf1ccc0e8"
UNKNOWN = "84224def-1e2a-4d95-9ea2-132d697ed2aa"


def test_a_source_connection_shows_what_it_inherits_from_its_base_connection(api: Api) -> None:
    base = api.base_connection()
    item = api.item("sourceConnections", api.source_connection(base))
    assert item["baseConnectionId"] == base
    assert item["inheritedAttributes"] == {"baseConnection": {"id": base, "connectionSpec": spec(STRIPE)}}
    assert item["params"] == {"resourcePath": "charges"}
    assert item["version"] == item["etag"]


def test_the_older_name_of_the_base_connection_is_understood(api: Api) -> None:
    base = api.base_connection()
    body = {"name": "x", "connectionId": base, "connectionSpec": spec(STRIPE), "params": {"resourcePath": "refunds"}}
    item = api.item("sourceConnections", api.make("sourceConnections", body))
    assert item["baseConnectionId"] == base
    assert "connectionId" not in item


def test_a_streaming_sdk_source_has_no_base_connection(api: Api) -> None:
    item = api.item("sourceConnections", api.source_connection(spec_id=STREAMING_SDK))
    assert "baseConnectionId" not in item
    assert "inheritedAttributes" not in item


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"name": None}, "CONNECTOR-1304-400", "name"),
        ({"connectionSpec": spec(UNKNOWN)}, "FLOW-1413-400", "connectionSpec.id"),
        ({"baseConnectionId": None}, "CONNECTOR-1304-400", "baseConnectionId"),
        ({"baseConnectionId": UNKNOWN}, "CONNECTOR-1312-400", "baseConnectionId"),
        ({"baseConnectionId": 5}, "CONNECTOR-1312-400", "baseConnectionId"),
        ({"connectionSpec": spec(LANDING_ZONE)}, "CONNECTOR-1332-400", "baseConnectionId"),
        ({"connectionSpec": spec(AMAZON_S3)}, "FLOW-1413-400", "connectionSpec.id"),
        ({"data": {"format": "tabular"}}, "CONNECTOR-1327-400", "data.format"),
        ({"data": "json"}, "CONNECTOR-1312-400", "data"),
        ({"params": {}}, "CONNECTOR-1304-400", "params.resourcePath"),
        ({"params": {"resourcePath": "invoices"}}, "CONNECTOR-1312-400", "params.resourcePath"),
        ({"params": []}, "CONNECTOR-1312-400", "params"),
    ],
)
def test_a_source_connection_that_does_not_fit_is_refused(api: Api, changes: Document, code: str, field: str) -> None:
    body: Document = {
        "name": "x",
        "baseConnectionId": api.base_connection(),
        "connectionSpec": spec(STRIPE),
        "data": {"format": "json"},
        "params": {"resourcePath": "charges"},
    }
    assert_refused(api.http.post(f"{FLOW}/sourceConnections", json=body | changes), code, field)
    assert api.http.get(f"{FLOW}/sourceConnections").json()["items"] == []


def test_a_source_may_use_a_sibling_of_its_base_connections_spec(api: Api) -> None:
    zendesk = {"specName": "OAuth2 Refresh Code", "params": {"subdomain": "x", "accessToken": "x"}}
    base = api.base_connection(ZENDESK, auth=zendesk)
    api.source_connection(base, MIXPANEL)


def test_a_target_connection_keeps_what_was_sent(api: Api) -> None:
    target = api.target()
    item = api.item("targetConnections", target.connection)
    assert item["params"] == {"dataSetId": target.dataset}
    assert item["data"] == {"schema": {"id": target.schema, "version": FULL}}
    assert item["connectionSpec"] == spec(DATA_LAKE)


def test_a_target_connection_may_name_its_schema_by_either_name(api: Api) -> None:
    target = api.target()
    alternate = "_" + target.schema.removeprefix("https://ns.adobe.com/").replace("/", ".")
    body = {
        "name": "x",
        "connectionSpec": spec(DATA_LAKE),
        "data": {"schema": {"id": alternate, "version": FULL}},
        "params": {"dataSetId": target.dataset},
    }
    api.make("targetConnections", body)


def test_a_target_connection_needs_no_data(api: Api) -> None:
    dataset = api.target().dataset
    body = {"name": "x", "connectionSpec": spec(DATA_LAKE), "params": {"dataSetId": dataset}}
    api.make("targetConnections", body)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"connectionSpec": spec(UNKNOWN)}, "FLOW-1413-400", "connectionSpec.id"),
        ({"params": {}}, "CONNECTOR-1325-400", "params.dataSetId"),
        ({"params": {"dataSetId": "5ef4551c52e054191a61a99f"}}, "CONNECTOR-1312-400", "params.dataSetId"),
        ({"params": {"dataSetId": 5}}, "CONNECTOR-1312-400", "params.dataSetId"),
        ({"data": {"schema": {"id": "https://ns.adobe.com/x/schemas/1"}}}, "CONNECTOR-1312-400", "data.schema.id"),
        ({"baseConnectionId": UNKNOWN}, "CONNECTOR-1312-400", "baseConnectionId"),
    ],
)
def test_a_target_connection_that_does_not_fit_is_refused(api: Api, changes: Document, code: str, field: str) -> None:
    body: Document = {
        "name": "x",
        "connectionSpec": spec(DATA_LAKE),
        "params": {"dataSetId": api.dataset(api.schema())},
    }
    assert_refused(api.http.post(f"{FLOW}/targetConnections", json=body | changes), code, field)


def test_schema_and_dataset_of_a_target_belong_together(api: Api) -> None:
    dataset, other = api.dataset(api.schema("One")), api.schema("Another")
    body = {
        "name": "x",
        "connectionSpec": spec(DATA_LAKE),
        "data": {"schema": {"id": other, "version": FULL}},
        "params": {"dataSetId": dataset},
    }
    answer = api.http.post(f"{FLOW}/targetConnections", json=body)
    assert "has the schema" in assert_refused(answer, "CONNECTOR-1312-400", "data.schema.id")["errorMessage"]


@pytest.mark.parametrize(("kind", "field"), [("sourceConnections", "source"), ("targetConnections", "target")])
def test_a_connection_that_an_active_flow_joins_cannot_be_deleted(api: Api, kind: str, field: str) -> None:
    source, target = api.source_connection(), api.target()
    flow = api.make("flows", api.flow_body(source, target, {"data.id": "_test.id"}))
    joined = source if field == "source" else target.connection
    answer = api.http.delete(f"{FLOW}/{kind}/{joined}")
    assert flow in assert_refused(answer, "FLOW-1447-400")["errorMessage"]
    assert api.http.delete(f"{FLOW}/flows/{flow}").status_code == 204
    assert api.http.delete(f"{FLOW}/{kind}/{joined}").status_code == 204
    assert api.http.get(f"{FLOW}/{kind}/{joined}").status_code == 404


def test_a_patched_source_connection_is_checked_like_a_new_one(api: Api) -> None:
    made = api.source_connection()
    good = [{"op": "replace", "path": "/params/resourcePath", "value": "refunds"}]
    assert api.patch("sourceConnections", made, good).status_code == 200
    bad = [{"op": "replace", "path": "/params/resourcePath", "value": "nothing"}]
    assert_refused(api.patch("sourceConnections", made, bad), "CONNECTOR-1312-400", "params.resourcePath")
    assert api.item("sourceConnections", made)["params"] == {"resourcePath": "refunds"}


def test_a_patched_source_connection_does_not_reach_a_flow_until_it_is_joined_again(api: Api) -> None:
    source, target = api.source_connection(), api.target()
    plan = {"startTime": "1625040887", "frequency": "once"}
    flow = api.make("flows", api.flow_body(source, target, {"data.id": "_test.id"}, scheduleParams=plan))
    api.first_run(flow)
    refunds = [{"op": "replace", "path": "/params/resourcePath", "value": "refunds"}]
    assert api.patch("sourceConnections", source, refunds).status_code == 200
    assert api.item("flows", flow)["sourceConnectionIds"] == [source]
    everything = {"startTime": 0, "windowStartTime": 0, "windowEndTime": 4102444800}
    asked = api.http.post(f"{FLOW}/runs", json={"flowId": flow, "params": everything}).json()["id"]
    assert ended(api, asked)["metrics"]["statusSummary"]["status"] == "success"
    ids = {record["_test"]["id"][:3] for record in api.records(target.dataset, limit=1000)["items"]}
    assert ids == {"ch_"}


def test_what_hung_on_a_base_connection_that_is_gone_can_be_patched_and_deleted(api: Api) -> None:
    first, second = api.base_connection(name="one"), api.base_connection(name="two")
    source = api.source_connection(first)
    assert api.http.delete(f"{FLOW}/connections/{first}").status_code == 204
    rename = [{"op": "replace", "path": "/name", "value": "another name"}]
    assert api.patch("sourceConnections", source, rename).status_code == 200
    elsewhere = [{"op": "replace", "path": "/baseConnectionId", "value": first[::-1]}]
    assert_refused(api.patch("sourceConnections", source, elsewhere), "CONNECTOR-1312-400", "baseConnectionId")
    body = {"name": "x", "baseConnectionId": first, "connectionSpec": spec(STRIPE), "params": {"resourcePath": "x"}}
    answer = api.http.post(f"{FLOW}/sourceConnections", json=body)
    assert_refused(answer, "CONNECTOR-1312-400", "baseConnectionId")
    moved = [{"op": "replace", "path": "/baseConnectionId", "value": second}]
    assert api.patch("sourceConnections", source, moved).status_code == 200
    assert api.item("sourceConnections", source)["inheritedAttributes"]["baseConnection"]["id"] == second
    assert api.http.delete(f"{FLOW}/sourceConnections/{source}").status_code == 204
