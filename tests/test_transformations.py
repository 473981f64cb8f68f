"""Transformations of flows: which there are, what each needs, and when that is looked at."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.server import Background
from emulator.settings import Settings
from tests.exploring import LANDING_ZONE
from tests.operating import DAILY, FAR, ONCE, PAIRS, TABLE_FLOW, acted, draft, set_to, table_flow_body, without
from tests.support import (
    FILE_FLOW,
    FLOW,
    MAPPING_SETS,
    SDK_FLOW,
    STREAM_FLOW,
    STREAMING_SDK,
    Api,
    Document,
    Target,
    assert_refused,
    client_of,
    spec,
)

UNKNOWN = "84224def-1e2a-4d95-9ea2-132d697ed2aa"
KEYS = "/data/foundation/connectors/encryption/keys"
COLUMN = {"name": "LastModifiedDate", "dateFormat": "yyyy-MM-dd HH:mm:ss", "timezone": "UTC"}
COPY: Document = {"name": "Copy", "params": {"deltaColumn": COLUMN}}
MADE_AT = "2026-01-01T00:00:00Z"
EXPIRED_AT = "2026-06-30T00:00:00Z"


def new_key(api: Api) -> str:
    body = {"encryptionAlgorithm": "PGP", "params": {"passPhrase": "a phrase"}}
    answer = api.http.post(KEYS, json=body)
    assert answer.status_code == 200, answer.text
    made: str = answer.json()["publicKeyId"]
    return made


def file_body(api: Api, target: Target, *transformations: Document) -> Document:
    """A flow that reads files of the landing zone, which needs no account."""
    source = api.make(
        "sourceConnections",
        {
            "name": "Files",
            "connectionSpec": spec(LANDING_ZONE),
            "data": {"format": "delimited"},
            "params": {"path": "dlz-user-container/a.csv"},
        },
    )
    body = api.flow_body(source, target, {"a": "_test.a"}, flowSpec=spec(FILE_FLOW), scheduleParams=DAILY)
    return body | {"transformations": [*body["transformations"], *transformations]}


def encryption(key: Any) -> Document:
    return {"name": "Encryption", "params": {"publicKeyId": key}}


def post(api: Api, body: Document) -> Any:
    return api.http.post(f"{FLOW}/flows", json=body)


# --- which there are


def test_a_flow_may_have_no_transformations(api: Api) -> None:
    body = api.flow_body(api.source_connection(), api.target(), PAIRS, scheduleParams=DAILY)
    for given, kept in ((None, False), ([], True)):
        flow = api.make("flows", body | {"transformations": given})
        assert ("transformations" in api.item("flows", flow)) is kept


@pytest.mark.parametrize(
    ("entry", "code", "field"),
    [
        ({"name": "Magic"}, "CONNECTOR-1312-400", "transformations[1].name"),
        ({"name": "mapping"}, "CONNECTOR-1312-400", "transformations[1].name"),
        ({"name": "GeneralTransform"}, "CONNECTOR-1312-400", "transformations[1].name"),
        ({"name": "Encryption", "params": {"publicKeyId": "x"}}, "CONNECTOR-1312-400", "transformations[1].name"),
        ({"name": ""}, "CONNECTOR-1304-400", "transformations[1].name"),
        ({"name": 5}, "CONNECTOR-1312-400", "transformations[1].name"),
        ({"name": "Mapping", "params": "x"}, "CONNECTOR-1312-400", "transformations[1].params"),
        ({"name": "Mapping", "params": []}, "CONNECTOR-1312-400", "transformations[1].params"),
        ({"name": "Mapping"}, "FLOW-1419-400", "transformations[1].params.mappingId"),
        (None, "CONNECTOR-1312-400", "transformations[1]"),
        ([], "CONNECTOR-1312-400", "transformations[1]"),
    ],
)
def test_a_transformation_is_one_that_the_flow_spec_knows(api: Api, entry: Any, code: str, field: str) -> None:
    body = api.flow_body(api.source_connection(), api.target(), PAIRS, scheduleParams=DAILY)
    body["transformations"].append(entry)
    assert_refused(post(api, body), code, field)
    assert api.http.get(f"{FLOW}/flows").json()["items"] == []


def test_the_refusal_of_an_unknown_name_tells_the_known_ones(api: Api) -> None:
    body = file_body(api, api.target(), {"name": "Shine"})
    message = assert_refused(post(api, body), "CONNECTOR-1312-400", "transformations[1].name")["errorMessage"]
    assert "Mapping, Encryption" in message


# --- Mapping


def test_a_mapping_version_may_be_digits_or_left_out(api: Api) -> None:
    body = api.flow_body(api.source_connection(), api.target(), PAIRS, scheduleParams=DAILY)
    mapping_id = body["transformations"][0]["params"]["mappingId"]
    for params in ({"mappingVersion": 0}, {"mappingVersion": "0"}, {}):
        sent = [{"name": "Mapping", "params": {"mappingId": mapping_id} | params}]
        flow = api.make("flows", body | {"transformations": sent})
        assert api.item("flows", flow)["transformations"] == sent


@pytest.mark.parametrize("version", [1, "1", -1, "first", 0.5, True, None, [], "9" * 40])
def test_a_mapping_version_is_one_that_there_is(api: Api, version: Any) -> None:
    body = api.flow_body(api.source_connection(), api.target(), PAIRS, scheduleParams=DAILY)
    body["transformations"][0]["params"]["mappingVersion"] = version
    assert_refused(post(api, body), "FLOW-1412-400", "transformations[0].params.mappingVersion")


def test_a_mapping_set_belongs_to_the_sandbox_and_the_organisation(api: Api, server: Background) -> None:
    with client_of(server.url, f"OTHER{api.org}") as other:
        foreign = other.mapping_set(other.schema(), PAIRS)
    body = api.flow_body(api.source_connection(), api.target(), PAIRS, scheduleParams=DAILY)
    body["transformations"][0]["params"]["mappingId"] = foreign
    assert_refused(post(api, body), "FLOW-1419-400", "transformations[0].params.mappingId")


def test_a_mapping_set_that_a_draft_names_is_in_use(api: Api) -> None:
    body = api.flow_body(api.source_connection(), api.target(), PAIRS)
    mapping_id = body["transformations"][0]["params"]["mappingId"]
    flow = draft(api, "flows", body)
    assert api.http.delete(f"{MAPPING_SETS}/{mapping_id}").status_code == 400
    assert api.http.delete(f"{FLOW}/flows/{flow}").status_code == 204
    assert api.http.delete(f"{MAPPING_SETS}/{mapping_id}").is_success


# --- Copy


def test_a_flow_that_copies_a_table_again_and_again_names_a_delta_column(api: Api) -> None:
    body = table_flow_body(api, api.target(), scheduleParams=DAILY)
    mapping = body["transformations"]
    for transformations in (
        None,
        [],
        mapping,
        [{"name": "Copy"}, *mapping],
        [{"name": "Copy", "params": {}}, *mapping],
        [{"name": "Copy", "params": {"deltaColumn": None}}, *mapping],
    ):
        answer = post(api, body | {"transformations": transformations})
        message = assert_refused(answer, "CONNECTOR-1367-400", "transformations[].params.deltaColumn")["errorMessage"]
        assert "LastModifiedDate" in message
    for transformations in ([COPY, *mapping], [*mapping, COPY], [COPY]):
        flow = api.make("flows", body | {"transformations": transformations})
        assert api.item("flows", flow)["transformations"] == transformations


def test_a_flow_that_copies_a_table_once_names_none(api: Api) -> None:
    body = table_flow_body(api, api.target())
    mapping = body["transformations"]
    answer = post(api, body | {"transformations": [COPY, *mapping]})
    assert_refused(answer, "CONNECTOR-1369-400", "transformations[].params.deltaColumn")
    for transformations in (mapping, [{"name": "Copy", "params": {}}, *mapping]):
        api.make("flows", body | {"transformations": transformations})


@pytest.mark.parametrize(
    ("column", "code", "field"),
    [
        ({}, "CONNECTOR-1304-400", "name"),
        ({"name": ""}, "CONNECTOR-1304-400", "name"),
        ({"name": ["Id"]}, "CONNECTOR-1312-400", "name"),
        ({"name": "Id", "dateFormat": 5}, "CONNECTOR-1312-400", "dateFormat"),
        ({"name": "Id", "timezone": {}}, "CONNECTOR-1312-400", "timezone"),
        ("Id", "CONNECTOR-1312-400", ""),
        (["Id"], "CONNECTOR-1312-400", ""),
    ],
)
def test_a_delta_column_is_described(api: Api, column: Any, code: str, field: str) -> None:
    body = table_flow_body(api, api.target(), scheduleParams=DAILY)
    body["transformations"].append({"name": "Copy", "params": {"deltaColumn": column}})
    whole = "transformations[1].params.deltaColumn" + (f".{field}" if field else "")
    assert_refused(post(api, body), code, whole)


def test_a_copy_of_files_of_old_does_nothing(api: Api) -> None:
    flow = api.make("flows", file_body(api, api.target(), COPY))
    assert api.item("flows", flow)["transformations"][1] == COPY
    bad = file_body(api, api.target("Another"), {"name": "Copy", "params": {"deltaColumn": {"name": 5}}})
    assert_refused(post(api, bad), "CONNECTOR-1312-400", "transformations[1].params.deltaColumn.name")


def test_a_schedule_and_a_delta_column_are_changed_together(api: Api) -> None:
    body = table_flow_body(api, api.target())
    flow = api.make("flows", body)
    again = set_to("/scheduleParams", DAILY)
    assert_refused(api.patch("flows", flow, again), "CONNECTOR-1367-400")
    assert api.patch("flows", flow, again + set_to("/transformations/0", COPY)).status_code == 200
    assert_refused(api.patch("flows", flow, set_to("/scheduleParams", ONCE)), "CONNECTOR-1369-400")
    without_copy: list[Document] = [{"op": "remove", "path": "/transformations/0"}]
    assert_refused(api.patch("flows", flow, without_copy), "CONNECTOR-1367-400")
    assert api.patch("flows", flow, [*without_copy, *set_to("/scheduleParams", ONCE)]).status_code == 200
    item = api.item("flows", flow)
    assert (item["transformations"], item["scheduleParams"]) == (body["transformations"], ONCE)


# --- Encryption


def test_files_are_decrypted_by_a_key_of_the_sandbox(api: Api) -> None:
    entry = encryption(new_key(api))
    flow = api.make("flows", file_body(api, api.target(), entry))
    assert api.item("flows", flow)["transformations"][1] == entry


@pytest.mark.parametrize(
    ("params", "code"),
    [
        (None, "CONNECTOR-1309-400"),
        ({}, "CONNECTOR-1309-400"),
        ({"publicKeyId": None}, "CONNECTOR-1309-400"),
        ({"publicKeyId": ""}, "CONNECTOR-1309-400"),
        ({"publicKeyId": UNKNOWN}, "CONNECTOR-1311-400"),
        ({"publicKeyId": 5}, "CONNECTOR-1311-400"),
    ],
)
def test_another_key_is_refused(api: Api, params: Any, code: str) -> None:
    body = file_body(api, api.target(), {"name": "Encryption", "params": params})
    assert_refused(post(api, body), code, "transformations[1].params.publicKeyId")


def test_a_key_of_another_organisation_or_a_deleted_one_is_no_key(api: Api, server: Background) -> None:
    with client_of(server.url, f"OTHER{api.org}") as other:
        foreign = new_key(other)
    deleted = new_key(api)
    assert api.http.delete(f"{KEYS}/{deleted}").status_code == 204
    body = file_body(api, api.target())
    for key in (foreign, deleted):
        sent = body | {"transformations": [*body["transformations"], encryption(key)]}
        assert_refused(post(api, sent), "CONNECTOR-1311-400", "transformations[1].params.publicKeyId")


def test_an_expired_key_is_refused_by_new_flows_and_leaves_old_ones_alone(lasting_url: str) -> None:
    def at(instant: str) -> Background:
        return Background(Settings(port=0, database=lasting_url, clock=instant))

    with at(MADE_AT) as server, client_of(server.url, "KEYS@AdobeOrg") as api:
        entry = encryption(new_key(api))
        target = api.target()
        body = file_body(api, target, entry)
        flow = api.make("flows", body)
        unpublished = draft(api, "flows", body)
    with at(EXPIRED_AT) as server, client_of(server.url, "KEYS@AdobeOrg") as api:
        field = "transformations[1].params.publicKeyId"
        assert_refused(post(api, body), "CONNECTOR-1310-400", field)
        answer = api.http.post(f"{FLOW}/flows/{unpublished}/action?op=publish")
        assert_refused(answer, "CONNECTOR-1310-400", field)
        assert api.patch("flows", flow, set_to("/name", "Renamed")).status_code == 200
        touched = set_to("/transformations/1", entry | {"note": "x"})
        assert_refused(api.patch("flows", flow, touched), "CONNECTOR-1310-400", field)
        fresh = encryption(new_key(api))
        assert api.patch("flows", flow, set_to("/transformations/1/params", fresh["params"])).status_code == 200
        assert api.item("flows", flow)["name"] == "Renamed"


# --- when they are looked at


def test_a_patch_of_something_else_leaves_transformations_alone(api: Api) -> None:
    key = new_key(api)
    flow = api.make("flows", file_body(api, api.target(), encryption(key)))
    assert api.http.delete(f"{KEYS}/{key}").status_code == 204
    for change in (
        set_to("/name", "Renamed"),
        set_to("/description", "New"),
        set_to("/labels", ["core/C1"]),
        set_to("/options", {"errorDiagnosticsEnabled": True}),
    ):
        assert api.patch("flows", flow, change).status_code == 200
    for change in (
        set_to("/transformations/1/params/more", 1),
        set_to("/scheduleParams/interval", 2),
        set_to("/name", "x") + set_to("/transformations/1/params/more", 1),
    ):
        before = api.item("flows", flow)
        assert_refused(api.patch("flows", flow, change), "CONNECTOR-1311-400")
        assert api.item("flows", flow) == before


def test_a_patch_of_transformations_is_held_to_the_rules(api: Api) -> None:
    body = api.flow_body(api.source_connection(), api.target(), PAIRS, scheduleParams=DAILY)
    flow = api.make("flows", body)
    for value, code, field in (
        ([{"name": "Magic"}], "CONNECTOR-1312-400", "transformations[0].name"),
        ("Mapping", "CONNECTOR-1312-400", "transformations"),
        ([{"name": "Mapping", "params": {"mappingId": UNKNOWN}}], "FLOW-1419-400", None),
    ):
        before = api.item("flows", flow)
        assert_refused(api.patch("flows", flow, set_to("/transformations", value)), code, field)
        assert api.item("flows", flow) == before
    other = api.mapping_set(api.schema("Another"), PAIRS)
    change = set_to("/transformations/0/params/mappingId", other)
    assert_refused(api.patch("flows", flow, change), "FLOW-1425-400", "transformations[0].params.mappingId")
    assert api.patch("flows", flow, [{"op": "remove", "path": "/transformations"}]).status_code == 200
    assert "transformations" not in api.item("flows", flow)


def test_enabling_and_disabling_look_at_no_transformation(api: Api) -> None:
    key = new_key(api)
    flow = api.make("flows", file_body(api, api.target(), encryption(key)))
    assert api.http.delete(f"{KEYS}/{key}").status_code == 204
    for op in ("disable", "enable"):
        acted(api, "flows", flow, op)


def test_streaming_flows_map_or_do_not_as_their_spec_says(api: Api) -> None:
    source, target = api.source_connection(spec_id=STREAMING_SDK), api.target()
    body = api.flow_body(source, target, {"a": "_test.a"}, flowSpec=spec(SDK_FLOW), scheduleParams=None)
    api.make("flows", without(body, "transformations"))
    answer = post(api, body | {"transformations": [*body["transformations"], encryption(UNKNOWN)]})
    assert_refused(answer, "CONNECTOR-1312-400", "transformations[1].name")
    http = api.source_connection(api.streaming_connection(), "bc7b00d6-623a-4dfc-9fdb-f1240aeadaeb")
    other = api.flow_body(http, target, {"a": "_test.a"}, flowSpec=spec(STREAM_FLOW), scheduleParams=None)
    api.make("flows", other)
    api.make("flows", without(other, "transformations"))


def test_a_table_flow_may_leave_out_its_mapping(api: Api) -> None:
    body = table_flow_body(api, api.target(), scheduleParams={"startTime": FAR, "frequency": "week", "interval": 1})
    api.make("flows", body | {"transformations": [COPY]})
    item = api.item("flowSpecs", TABLE_FLOW)
    assert [part["name"] for part in item["transformationSpecs"]] == ["Copy", "Mapping"]
