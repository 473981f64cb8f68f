"""Exploring REST sources, and what is checked before any source is looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.exploring import database, encoded, file_store, found, put, server_over
from tests.exploring import explore as explore_any
from tests.support import AMAZON_S3, CAPILLARY, DATA_LAKE, FLOW, STRIPE, ZENDESK, Api, assert_refused

RESOURCES = ["charges", "subscriptions", "refunds", "balance_transactions", "customers", "prices"]
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def explore(api: Api, connection: str, **params: Any) -> httpx.Response:
    query = {"objectType": "rest", "object": "json", "fileType": "json"} | params
    return explore_any(api, connection, **{name: value for name, value in query.items() if value is not None})


@pytest.mark.parametrize("resource", RESOURCES)
def test_every_stripe_resource_has_records_and_a_schema(api: Api, resource: str) -> None:
    params = encoded({"resourcePath": resource})
    answer = explore(api, api.base_connection(), preview="true", sourceParams=params).json()
    assert answer["format"] == "hierarchical"
    assert len(answer["data"]) == 10
    known = answer["schema"]["properties"]["data"]["properties"]
    assert known["object"] == {"type": "string"}
    assert known["created"]["minimum"] == -9007199254740992
    for record in answer["data"]:
        assert set(record["data"]) <= set(known)


def test_there_is_no_data_without_preview(api: Api) -> None:
    params = encoded({"resourcePath": "charges"})
    for preview in ("false", "False", None):
        answer = explore(api, api.base_connection(), preview=preview, sourceParams=params)
        assert set(answer.json()) == {"format", "schema"}


@pytest.mark.parametrize(
    "given",
    [
        "eyJyZXNvdXJjZVBhdGgiOiJjaGFyZ2VzIn0=",
        "eyJyZXNvdXJjZVBhdGgiOiJjaGFyZ2VzIn0",
        "eyJyZXNvdXJjZVBhdGgiOiJjaGFyZ2VzIn0%3D",
    ],
)
def test_source_params_may_lack_their_padding_or_be_encoded_twice(api: Api, given: str) -> None:
    assert explore(api, api.base_connection(), sourceParams=given).status_code == 200


@pytest.mark.parametrize("given", ["charges", "W10=", "!!!", encoded("charges"), encoded(None)])
def test_source_params_must_be_an_object_in_base64(api: Api, given: str) -> None:
    answer = explore(api, api.base_connection(), sourceParams=given)
    assert_refused(answer, "CONNECTOR-1389-400", "sourceParams")


def test_an_unknown_resource_names_those_there_are(api: Api) -> None:
    answer = explore(api, api.base_connection(), sourceParams=encoded({"resourcePath": "invoices"}))
    message = assert_refused(answer, "CONNECTOR-1312-400", "sourceParams.resourcePath")["errorMessage"]
    assert "balance_transactions, charges, customers" in message


def test_parameters_are_known_in_any_letter_case(api: Api) -> None:
    made = api.base_connection()
    params = {"ObjectType": "REST", "object": "json", "FileType": "JSON"}
    params["SourceParams"] = encoded({"resourcePath": "charges"})
    assert api.http.get(f"{FLOW}/connections/{made}/explore", params=params).status_code == 200


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"objectType": None}, "CONNECTOR-1359-400", "objectType"),
        ({"objectType": "planet"}, "CONNECTOR-1358-400", "objectType"),
        ({"objectType": "table"}, "CONNECTOR-1358-400", "objectType"),
        ({"object": None}, "CONNECTOR-1337-400", "object"),
        ({"fileType": "parquet"}, "CONNECTOR-1327-400", "fileType"),
        ({"preview": "perhaps"}, "CONNECTOR-1312-400", "preview"),
        ({"depth": "5"}, "FLOW-1451-400", "depth"),
    ],
)
def test_a_call_that_cannot_be_is_refused(api: Api, changes: dict[str, Any], code: str, field: str) -> None:
    params = {"sourceParams": encoded({"resourcePath": "charges"})} | changes
    assert_refused(explore(api, api.base_connection(), **params), code, field)


def test_a_source_with_one_resource_needs_no_params(api: Api) -> None:
    credentials = {"clientId": "x", "clientSecret": "x", "accessToken": "x"}
    auth = {"specName": "OAuth generic-rest-connector", "params": credentials}
    answer = explore(api, api.base_connection(CAPILLARY, auth=auth), preview="true").json()
    assert set(answer["data"][0]) == {"_id", "updated", "identityMap", "loyalty"}


def test_a_source_without_records_says_where_to_put_some(api: Api) -> None:
    auth = {"specName": "OAuth2 Refresh Code", "params": {"subdomain": "x", "accessToken": "x"}}
    answer = explore(api, api.base_connection(ZENDESK, auth=auth))
    message = assert_refused(answer, "CONNECTOR-1312-400")["errorMessage"]
    assert "zendesk/ of the folder given with --sources" in message


@pytest.mark.parametrize("preview", ["true", "false"])
def test_broken_records_of_somebody_are_a_refusal(tmp_path: Path, preview: str) -> None:
    put(tmp_path, "stripe/charges.ndjson", '{"data":\n')
    put(tmp_path, "stripe/prices.json", '{"a":' * 200 + "1" + "}" * 200)
    with server_over(tmp_path) as api:
        connection = api.base_connection()
        for resource, reason in (("charges", "not JSON"), ("prices", "more than 100 levels")):
            answer = explore(api, connection, preview=preview, sourceParams=encoded({"resourcePath": resource}))
            assert reason in assert_refused(answer, "CONNECTOR-1312-400", "object")["errorMessage"]


def test_the_number_of_previewed_records_can_be_chosen(api: Api) -> None:
    answer = explore(api, api.base_connection(), preview="true", previewCount="3")
    assert len(found(answer)["data"]) == 3


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("objectType", "", "CONNECTOR-1334-400"),
        ("fileType", "", "CONNECTOR-1334-400"),
        ("fileType", "xml", "CONNECTOR-1399-400"),
        ("preview", "", "CONNECTOR-1334-400"),
        ("preview", "1", "CONNECTOR-1312-400"),
        ("previewCount", "0", "CONNECTOR-1312-400"),
        ("previewCount", "101", "CONNECTOR-1312-400"),
        ("previewCount", "²", "CONNECTOR-1312-400"),
        ("columnDelimiter", "", "CONNECTOR-1334-400"),
        ("columnDelimiter", ";;", "CONNECTOR-1331-400"),
        ("columnDelimiter", '"', "CONNECTOR-1312-400"),
        ("columnDelimiter", "\n", "CONNECTOR-1312-400"),
        ("compressionType", "rar", "CONNECTOR-1312-400"),
        ("encoding", "UTF-16", "CONNECTOR-1312-400"),
        ("determineProperties", "perhaps", "CONNECTOR-1312-400"),
        ("filters", "", "CONNECTOR-1334-400"),
        ("filters", "!!!", "CONNECTOR-1389-400"),
        ("filters", encoded(b"no JSON"), "CONNECTOR-1335-400"),
        ("sourceParams", "", "CONNECTOR-1334-400"),
    ],
)
def test_a_value_is_checked_whatever_is_explored(api: Api, name: str, value: str, code: str) -> None:
    for connection, kind in ((file_store(api), "root"), (database(api), "root"), (api.base_connection(), "rest")):
        answer = explore_any(api, connection, **{"objectType": kind, "object": "json", name: value})
        assert_refused(answer, code, name)


def test_a_refused_value_is_shown_with_what_would_be_right(api: Api) -> None:
    answer = explore_any(api, file_store(api), objectType="root", compressionType="rar")
    body = assert_refused(answer, "CONNECTOR-1312-400")
    assert body["report"]["given"] == "rar"
    assert "bzip2, gzip, deflate, zipDeflate, tarGzip, tar" in body["errorMessage"]


@pytest.mark.parametrize(
    ("family", "object_type", "known"),
    [
        ("rest", "root", "Stripe knows: rest."),
        ("table", "file", "Salesforce knows: root, table."),
        ("table", "view", "Salesforce knows: root, table."),
        ("file", "table", "Amazon S3 knows: root, folder, file."),
    ],
)
def test_an_object_type_of_another_family_names_the_known_ones(
    api: Api, family: str, object_type: str, known: str
) -> None:
    connections = {"rest": api.base_connection(), "table": database(api), "file": file_store(api)}
    answer = explore_any(api, connections[family], objectType=object_type, object="x")
    assert known in assert_refused(answer, "CONNECTOR-1358-400", "objectType")["errorMessage"]


def test_properties_of_files_are_determined_for_files_alone(api: Api) -> None:
    table = explore_any(api, database(api), objectType="table", object="Orders", determineProperties="true")
    assert_refused(table, "CONNECTOR-1371-400", "determineProperties")
    rest = explore(api, api.base_connection(), fileType=None, determineProperties="true")
    assert_refused(rest, "CONNECTOR-1376-400", "determineProperties")


def test_a_source_that_streams_cannot_be_explored(api: Api) -> None:
    answer = explore_any(api, api.streaming_connection(), objectType="root")
    assert_refused(answer, "CONNECTOR-1336-400", "id")


@pytest.mark.parametrize("spec_id", [AMAZON_S3, STRIPE, DATA_LAKE])
def test_only_a_source_without_accounts_is_explored_by_its_spec(api: Api, spec_id: str) -> None:
    answer = api.http.get(f"{FLOW}/connectionSpecs/{spec_id}/explore", params={"objectType": "root"})
    assert_refused(answer, "CONNECTOR-1372-400", "id")


@pytest.mark.parametrize("collection", ["connections", "connectionSpecs"])
def test_what_is_not_there_cannot_be_explored(api: Api, collection: str) -> None:
    answer = api.http.get(f"{FLOW}/{collection}/{UNKNOWN}/explore", params={"objectType": "root"})
    assert assert_refused(answer, "FLOW-1439-404")["report"]["type"] == collection
