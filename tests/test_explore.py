"""Exploring REST sources."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest

from tests.support import AMAZON_S3, CAPILLARY, FLOW, ZENDESK, Api, assert_refused

RESOURCES = ["charges", "subscriptions", "refunds", "balance_transactions", "customers", "prices"]


def encoded(params: Any) -> str:
    return base64.b64encode(json.dumps(params).encode()).decode()


def explore(api: Api, connection: str, **params: Any) -> httpx.Response:
    query = {"objectType": "rest", "object": "json", "fileType": "json"} | params
    chosen = {name: value for name, value in query.items() if value is not None}
    return api.http.get(f"{FLOW}/connections/{connection}/explore", params=chosen)


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


def test_a_file_store_is_not_explored_yet(api: Api) -> None:
    keys = {"specName": "Access Key", "params": {"s3AccessKey": "x", "s3SecretKey": "x"}}
    answer = explore(api, api.base_connection(AMAZON_S3, auth=keys), objectType="root")
    assert_refused(answer, "CONNECTOR-1336-400")
