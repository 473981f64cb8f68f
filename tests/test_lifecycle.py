"""Labels, policies and states of stored resources, what is in the way of deleting them, and what a delete leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from emulator.server import Background
from tests.exploring import S3_KEYS
from tests.operating import DAILY, PAIRS, acted, set_to
from tests.support import (
    CATALOG,
    DATA_LAKE,
    FLOW,
    HTTP_API,
    MAPPING_SETS,
    REGISTRY,
    SDK_FLOW,
    STREAM_FLOW,
    STREAMING_SDK,
    STRIPE,
    Api,
    Document,
    assert_refused,
    client_of,
    spec,
)

LAKE_SOURCE = "23598e46-f560-407b-88d5-ea6207e49db0"
S3_DESTINATION = "4fce964d-3f37-408f-9778-e597338a21ee"
S3_EXPORT = "269ba276-16fc-47db-92b0-c1049a3c131f"


def flow_body(api: Api, **changes: Any) -> Document:
    return api.flow_body(api.source_connection(), api.target(), PAIRS, **({"scheduleParams": DAILY} | changes))


def export_flow(api: Api) -> tuple[str, str, str]:
    """A flow that leaves the platform: its id, its target connection and the account of that."""
    base = api.base_connection(S3_DESTINATION, auth=S3_KEYS)
    source = api.make("sourceConnections", {"name": "Out", "connectionSpec": spec(LAKE_SOURCE)})
    target = api.make(
        "targetConnections", {"name": "Bucket", "connectionSpec": spec(S3_DESTINATION), "baseConnectionId": base}
    )
    body = {
        "name": "An export",
        "flowSpec": spec(S3_EXPORT),
        "sourceConnectionIds": [source],
        "targetConnectionIds": [target],
    }
    return api.make("flows", body), target, base


# --- labels and policies

LABELLED: list[Document] = [
    {"labels": ["core/C12"]},
    {"labels": []},
    {"policy": {}},
    {"policy": {"enforcementRefs": ["a", "b"]}},
    {"policy": {"enforcementRefs": [], "fields": ["email"]}},
    {"labels": ["core/C1", "core/C2"], "policy": {"fields": ["email"], "more": {"deep": 1}}},
]


@pytest.mark.parametrize("marks", LABELLED)
def test_labels_and_policy_are_set_with_a_flow_or_later(api: Api, marks: Document) -> None:
    body = flow_body(api)
    made = api.item("flows", api.make("flows", body | marks))
    assert {name: made[name] for name in marks} == marks
    patched = api.make("flows", body)
    for name, value in marks.items():
        assert api.patch("flows", patched, set_to(f"/{name}", value)).status_code == 200
    item = api.item("flows", patched)
    assert {name: item[name] for name in marks} == marks


@pytest.mark.parametrize(
    ("marks", "code", "field"),
    [
        ({"labels": "core/C12"}, "CONNECTOR-1312-400", "labels"),
        ({"labels": ["core/C12", 5]}, "CONNECTOR-1312-400", "labels"),
        ({"labels": {"core/C12": True}}, "CONNECTOR-1312-400", "labels"),
        ({"policy": "x"}, "CONNECTOR-1312-400", "policy"),
        ({"policy": ["x"]}, "CONNECTOR-1312-400", "policy"),
        ({"policy": {"fields": []}}, "FLOW-1431-400", "policy.fields"),
        ({"policy": {"fields": [], "enforcementRefs": ["a"]}}, "FLOW-1431-400", "policy.fields"),
        ({"policy": {"enforcementRefs": "a"}}, "CONNECTOR-1312-400", "policy.enforcementRefs"),
    ],
)
def test_labels_and_policies_that_cannot_be_are_refused(api: Api, marks: Document, code: str, field: str) -> None:
    body = flow_body(api)
    assert_refused(api.http.post(f"{FLOW}/flows", json=body | marks), code, field)
    flow = api.make("flows", body)
    before = api.item("flows", flow)
    for name, value in marks.items():
        assert_refused(api.patch("flows", flow, set_to(f"/{name}", value)), code, field)
    assert api.item("flows", flow) == before


def test_labels_are_added_to_and_taken_away(api: Api) -> None:
    flow = api.make("flows", flow_body(api) | {"labels": ["core/C1"]})
    assert api.patch("flows", flow, set_to("/labels/-", "core/C2")).status_code == 200
    assert api.item("flows", flow)["labels"] == ["core/C1", "core/C2"]
    found = api.http.get(f"{FLOW}/flows", params={"property": "labels[]==CORE/c2"}).json()["items"]
    assert [item["id"] for item in found] == [flow]
    assert api.patch("flows", flow, [{"op": "remove", "path": "/labels/0"}]).status_code == 200
    assert api.item("flows", flow)["labels"] == ["core/C2"]
    assert api.patch("flows", flow, [{"op": "Remove", "path": "/labels"}]).status_code == 200
    assert "labels" not in api.item("flows", flow)


# --- states


@pytest.mark.parametrize("kind", ["connections", "sourceConnections", "targetConnections"])
def test_a_connection_begins_in_one_of_three_states(api: Api, kind: str) -> None:
    bodies: dict[str, Document] = {
        "connections": {"connectionSpec": spec(STRIPE), "auth": {"specName": "OAuth2 Refresh Code"}},
        "sourceConnections": {"connectionSpec": spec(STREAMING_SDK)},
        "targetConnections": {"connectionSpec": spec(DATA_LAKE), "params": {"dataSetId": api.dataset(api.schema())}},
    }
    bodies["connections"]["auth"]["params"] = {"accessToken": "x"}
    body = {"name": "x"} | bodies[kind]
    for state in ("enabled", "disabled", "initializing"):
        assert api.item(kind, api.make(kind, body | {"state": state}))["state"] == state
    others: list[Any] = ["draft", "active", "delete-finalizing", "Enabled", "", 5, ["enabled"], {}]
    for given in others:
        answer = api.http.post(f"{FLOW}/{kind}", json=body | {"state": given})
        message = assert_refused(answer, "FLOW-1456-400", "state")["errorMessage"]
        assert "[enabled, disabled, initializing]" in message
    assert len(api.http.get(f"{FLOW}/{kind}").json()["items"]) == 3


@pytest.mark.parametrize("state", ["enabled", "disabled", "draft", None, 5])
@pytest.mark.parametrize("query", ["", "?mode=draft"])
def test_a_flow_is_not_given_its_state(api: Api, state: Any, query: str) -> None:
    answer = api.http.post(f"{FLOW}/flows{query}", json=flow_body(api) | {"state": state})
    assert_refused(answer, "FLOW-1410-400", "state")
    assert api.http.get(f"{FLOW}/flows").json()["items"] == []


@pytest.mark.parametrize("kind", ["connections", "flows"])
@pytest.mark.parametrize("op", ["add", "replace", "remove"])
def test_no_patch_reaches_the_state(api: Api, kind: str, op: str) -> None:
    made = api.base_connection() if kind == "connections" else api.make("flows", flow_body(api))
    before = api.item(kind, made)
    for value in ("disabled", "enabled"):
        change = [{"op": op, "path": "/state", "value": value}]
        assert_refused(api.patch(kind, made, change), "CONNECTOR-1365-400", "[0].path")
    assert api.item(kind, made) == before


# --- what is in the way of a delete


def test_an_account_is_kept_while_a_flow_reads_through_it(api: Api) -> None:
    flow = api.make("flows", flow_body(api))
    base = api.item("flows", flow)["inheritedAttributes"]["sourceConnections"][0]["baseConnection"]["id"]

    def assert_kept() -> None:
        message = assert_refused(api.http.delete(f"{FLOW}/connections/{base}"), "FLOW-1418-400")["errorMessage"]
        assert f"The base connection with the ID {base} cannot be deleted" in message
        assert flow in message
        assert api.item("connections", base)["state"] == "enabled"

    assert_kept()
    acted(api, "flows", flow, "disable")
    assert_kept()
    assert api.http.delete(f"{FLOW}/flows/{flow}").status_code == 204
    assert api.http.delete(f"{FLOW}/connections/{base}").status_code == 204


def test_an_account_is_kept_while_a_flow_writes_through_it(api: Api) -> None:
    flow, target, base = export_flow(api)
    item = api.item("flows", flow)
    assert item["inheritedAttributes"]["properties"] == {"isDestinationFlow": True}
    assert_refused(api.http.delete(f"{FLOW}/connections/{base}"), "FLOW-1418-400")
    assert_refused(api.http.delete(f"{FLOW}/targetConnections/{target}"), "FLOW-1447-400")
    assert api.http.delete(f"{FLOW}/flows/{flow}").status_code == 204
    for path in (f"targetConnections/{target}", f"connections/{base}"):
        assert api.http.delete(f"{FLOW}/{path}").status_code == 204


def test_the_refusal_names_the_flows_in_the_way(api: Api) -> None:
    body = flow_body(api)
    flows = [api.make("flows", body | {"name": str(number)}) for number in range(3)]
    (source,) = body["sourceConnectionIds"]
    for left in (flows, flows[1:], flows[2:]):
        answer = api.http.delete(f"{FLOW}/sourceConnections/{source}")
        message = assert_refused(answer, "FLOW-1447-400")["errorMessage"]
        assert [flow for flow in flows if flow in message] == left
        assert api.http.delete(f"{FLOW}/flows/{left[0]}").status_code == 204
    assert api.http.delete(f"{FLOW}/sourceConnections/{source}").status_code == 204


def test_only_flows_are_in_the_way_of_deleting_an_account(api: Api) -> None:
    base = api.base_connection()
    source = api.source_connection(base)
    assert api.http.delete(f"{FLOW}/connections/{base}").status_code == 204
    item = api.item("sourceConnections", source)
    assert item["baseConnectionId"] == base
    body = api.flow_body(source, api.target(), PAIRS, scheduleParams=DAILY)
    inherited = api.item("flows", api.make("flows", body))["inheritedAttributes"]["sourceConnections"]
    assert inherited == [{"id": source, "connectionSpec": spec(STRIPE)}]


def test_a_flow_that_left_a_connection_is_not_in_its_way(api: Api) -> None:
    body = flow_body(api)
    flow, (old,) = api.make("flows", body), body["sourceConnectionIds"]
    new = api.source_connection()
    assert api.patch("flows", flow, set_to("/sourceConnectionIds", [new])).status_code == 200
    assert api.http.delete(f"{FLOW}/sourceConnections/{old}").status_code == 204
    assert_refused(api.http.delete(f"{FLOW}/sourceConnections/{new}"), "FLOW-1447-400")


def test_what_a_flow_stands_on_elsewhere_is_kept_too(api: Api) -> None:
    target = api.target()
    body = api.flow_body(api.source_connection(), target, PAIRS, scheduleParams=DAILY)
    flow = api.make("flows", body)
    mapping = body["transformations"][0]["params"]["mappingId"]
    paths = (f"{MAPPING_SETS}/{mapping}", f"{CATALOG}/dataSets/{target.dataset}")
    for path in paths:
        assert api.http.delete(path).status_code == 400, path
    assert api.http.delete(f"{FLOW}/flows/{flow}").status_code == 204
    assert api.http.delete(f"{FLOW}/targetConnections/{target.connection}").status_code == 204
    for path in paths:
        assert api.http.delete(path).is_success, path


def test_others_are_not_in_the_way(api: Api, server: Background) -> None:
    base = api.base_connection()
    api.make("flows", flow_body(api))
    with client_of(server.url, f"OTHER{api.org}") as other:
        assert_refused(other.http.delete(f"{FLOW}/connections/{base}"), "FLOW-1439-404")
    assert api.http.delete(f"{FLOW}/connections/{base}").status_code == 204


# --- what a delete leaves


def test_a_deleted_flow_leaves_everything_but_itself(api: Api) -> None:
    flow, target = api.flow()
    run = api.first_run(flow)
    item = api.item("flows", flow)
    (source,), (transformation,) = item["sourceConnectionIds"], item["transformations"]
    base = api.item("sourceConnections", source)["baseConnectionId"]
    assert api.http.delete(f"{FLOW}/flows/{flow}").status_code == 204
    assert_refused(api.http.get(f"{FLOW}/flows/{flow}"), "FLOW-1439-404")
    assert_refused(api.patch("flows", flow, set_to("/name", "x"), "*"), "FLOW-1439-404")
    assert api.http.get(f"{FLOW}/flows").json() == {"items": [], "_links": {}}
    for kind, left in (("connections", base), ("sourceConnections", source), ("targetConnections", target.connection)):
        assert api.item(kind, left)["state"] == "enabled"
    assert api.runs(flow) == [run]
    assert api.http.get(f"{FLOW}/flows/{flow}/runs").json()["items"] == [run]
    assert api.records(target.dataset, run=run["id"])["count"] == 150
    assert api.http.get(f"{MAPPING_SETS}/{transformation['params']['mappingId']}").status_code == 200
    assert api.http.get(f"{CATALOG}/dataSets/{target.dataset}").status_code == 200
    schema = api.http.get(f"{REGISTRY}/tenant/schemas").json()["results"]
    assert [one["$id"] for one in schema] == [target.schema]


def test_a_flow_may_be_made_again_after_a_delete(api: Api) -> None:
    body = flow_body(api)
    first = api.make("flows", body)
    assert api.http.delete(f"{FLOW}/flows/{first}").status_code == 204
    second = api.make("flows", body)
    assert second != first
    assert [item["id"] for item in api.http.get(f"{FLOW}/flows").json()["items"]] == [second]


def test_the_inlet_of_a_deleted_flow_is_closed(api: Api) -> None:
    source, target = api.source_connection(spec_id=STREAMING_SDK), api.target()
    body = api.flow_body(source, target, {"a": "_test.a"}, flowSpec=spec(SDK_FLOW), scheduleParams=None)
    flow = api.make("flows", body)
    inlet = api.item("flows", flow)["options"]["inletUrl"]
    assert api.http.post(inlet, json={"a": 1}).status_code == 200
    assert api.http.delete(f"{FLOW}/flows/{flow}").status_code == 204
    assert api.http.post(inlet, json={"a": 2}).status_code == 404
    assert api.records(target.dataset)["count"] == 1
    again = api.item("flows", api.make("flows", body))["options"]["inletUrl"]
    assert again != inlet


def test_the_inlet_of_an_account_outlives_a_flow_but_not_the_account(api: Api) -> None:
    base = api.streaming_connection()
    source, target = api.source_connection(base, HTTP_API), api.target()
    body = api.flow_body(source, target, {"a": "_test.a"}, flowSpec=spec(STREAM_FLOW), scheduleParams=None)
    flow = api.make("flows", body)
    inlet = api.item("connections", base)["auth"]["params"]["inletUrl"]
    assert api.http.delete(f"{FLOW}/flows/{flow}").status_code == 204
    assert api.http.post(inlet, json={"a": 1}).status_code == 400
    api.make("flows", body)
    assert api.http.post(inlet, json={"a": 2}).status_code == 200
    (left,) = api.http.get(f"{FLOW}/flows").json()["items"]
    assert api.http.delete(f"{FLOW}/flows/{left['id']}").status_code == 204
    assert api.http.delete(f"{FLOW}/connections/{base}").status_code == 204
    assert api.http.post(inlet, json={"a": 3}).status_code == 404
    assert [item["_test"]["a"] for item in api.records(target.dataset)["items"]] == [2]


@pytest.mark.parametrize("kind", ["connections", "sourceConnections", "targetConnections"])
def test_what_is_deleted_is_gone_and_deleted_once(api: Api, kind: str) -> None:
    makers: dict[str, Callable[[], str]] = {
        "connections": api.base_connection,
        "sourceConnections": lambda: api.source_connection(spec_id=STREAMING_SDK),
        "targetConnections": lambda: api.target().connection,
    }
    made = makers[kind]()
    answer = api.http.delete(f"{FLOW}/{kind}/{made}/")
    assert (answer.status_code, answer.content) == (204, b"")
    for gone in (
        api.http.delete(f"{FLOW}/{kind}/{made}"),
        api.http.get(f"{FLOW}/{kind}/{made}"),
        api.patch(kind, made, set_to("/name", "x"), "*"),
    ):
        body = assert_refused(gone, "FLOW-1439-404")
        assert (body["report"]["id"], body["report"]["type"]) == (made, kind)
    assert api.http.get(f"{FLOW}/{kind}?count=true").json() == {"count": 0}


def test_a_delete_looks_at_no_etag(api: Api) -> None:
    made = api.base_connection()
    answer = api.http.delete(f"{FLOW}/connections/{made}", headers={"If-Match": '"stale"'})
    assert answer.status_code == 204
