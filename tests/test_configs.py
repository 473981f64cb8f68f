"""The test of an account, and what a connection or a connection spec can be set up with."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from emulator.server import Background
from tests.exploring import LANDING_ZONE, S3_KEYS
from tests.operating import draft, new_sandbox, set_to
from tests.support import (
    AMAZON_S3,
    DATA_LAKE,
    FLOW,
    HTTP_API,
    STRIPE,
    Api,
    Document,
    assert_refused,
    client_of,
    spec,
)

UNKNOWN = "84224def-1e2a-4d95-9ea2-132d697ed2aa"
KEY: Document = {"specName": "OAuth2 Refresh Code", "params": {"accessToken": "h1dden"}}
EXPORTS = "23598e46-f560-407b-88d5-ea6207e49db0"
S3_DESTINATION = "4fce964d-3f37-408f-9778-e597338a21ee"
DATASETS = {"outputType": "activationDatasets", "outputField": "datasets"}


def result_of(api: Api, connection: str) -> Document:
    answer = api.http.get(f"{FLOW}/connections/{connection}/test")
    assert answer.status_code == 200, answer.text
    result: Document = answer.json()
    return result


def configs(api: Api, spec_id: str = EXPORTS, **params: Any) -> httpx.Response:
    return api.http.get(f"{FLOW}/connectionSpecs/{spec_id}/configs", params=params)


def datasets(api: Api, count: int) -> list[str]:
    """New datasets, the newest first, as they are listed."""
    schema = api.schema()
    return [api.dataset(schema) for _ in range(count)][::-1]


# --- the test of an account


def test_an_account_that_could_be_used_passes_its_test(api: Api) -> None:
    assert result_of(api, api.base_connection()) == {"result": True}
    assert result_of(api, api.streaming_connection()) == {"result": True}
    assert api.http.get(f"{FLOW}/connections/{api.base_connection()}/test/").json() == {"result": True}


@pytest.mark.parametrize("state", ["disabled", "initializing"])
def test_an_account_in_another_state_does_not_pass(api: Api, state: str) -> None:
    result = result_of(api, api.base_connection(state=state))
    assert list(result) == ["result", "errorMessage"]
    assert result["result"] is False
    assert state in result["errorMessage"]


def test_a_draft_passes_once_it_is_published(api: Api) -> None:
    made = draft(api, "connections", {"name": "x", "connectionSpec": spec(STRIPE), "auth": KEY})
    assert result_of(api, made)["result"] is False
    assert api.http.post(f"{FLOW}/connections/{made}/action?op=publish").status_code == 200
    assert result_of(api, made) == {"result": True}


def test_an_account_that_its_spec_has_left_behind_does_not_pass(api: Api) -> None:
    made = api.base_connection(auth=KEY)
    changed = api.item("connectionSpecs", STRIPE)
    changed["authSpec"][0]["spec"]["required"] = ["accessToken", "region"]
    assert api.http.put(f"{FLOW}/connectionSpecs/{STRIPE}", json=changed).status_code == 200
    result = result_of(api, made)
    assert result["result"] is False
    assert "region" in result["errorMessage"]
    assert "h1dden" not in result["errorMessage"]
    whole = KEY["params"] | {"region": "eu"}
    assert api.patch("connections", made, set_to("/auth/params", whole)).status_code == 200
    assert result_of(api, made) == {"result": True}
    changed["authSpec"][0]["name"] = "Another way"
    assert api.http.put(f"{FLOW}/connectionSpecs/{STRIPE}", json=changed).status_code == 200
    assert "OAuth2 Refresh Code" in result_of(api, made)["errorMessage"]


def test_a_test_changes_nothing(api: Api) -> None:
    made = api.base_connection(state="disabled")
    before = api.item("connections", made)
    result_of(api, made)
    assert api.item("connections", made) == before


@pytest.mark.parametrize("what", ["test", "configs"])
def test_what_is_not_there_has_neither_test_nor_configs(api: Api, server: Background, what: str) -> None:
    made = api.base_connection()
    body = assert_refused(api.http.get(f"{FLOW}/connections/{UNKNOWN}/{what}"), "FLOW-1439-404")
    assert (body["report"]["id"], body["report"]["type"]) == (UNKNOWN, "connections")
    with client_of(server.url, f"OTHER{api.org}") as other:
        assert_refused(other.http.get(f"{FLOW}/connections/{made}/{what}"), "FLOW-1439-404")


@pytest.mark.parametrize("what", ["test", "configs"])
def test_neither_takes_a_parameter(api: Api, what: str) -> None:
    answer = api.http.get(f"{FLOW}/connections/{api.base_connection()}/{what}?verbose=true")
    assert_refused(answer, "FLOW-1451-400", "verbose")


# --- what an account can be set up with


@pytest.mark.parametrize(
    ("spec_id", "auth", "expected"),
    [
        (STRIPE, KEY, [("resourcePath", "string")]),
        (
            AMAZON_S3,
            S3_KEYS,
            [("path", "string"), ("type", "string"), ("recursive", "boolean"), ("cdcEnabled", "boolean")],
        ),
        (HTTP_API, {"specName": "Streaming Connection", "params": {"dataType": "raw"}}, []),
    ],
)
def test_an_account_tells_the_parameters_of_its_sources(
    api: Api, spec_id: str, auth: Document, expected: list[tuple[str, str]]
) -> None:
    made = api.base_connection(spec_id, auth=auth)
    items = api.http.get(f"{FLOW}/connections/{made}/configs").json()["items"]
    assert items == [{"columnName": name, "columnType": kind} for name, kind in expected]


def test_the_parameters_of_a_spec_of_ones_own_are_told_too(api: Api) -> None:
    schema = {"type": "object", "properties": {"a": {"type": ["integer", "string"]}, "b": {}, "c": {"type": "array"}}}
    body = {"name": "Mine", "providerId": "p", "sourceSpec": {"type": "rest", "spec": schema}}
    own = api.http.post(f"{FLOW}/connectionSpecs", json=body).json()["id"]
    items = api.http.get(f"{FLOW}/connections/{api.base_connection(own, auth=None)}/configs").json()["items"]
    assert [(item["columnName"], item["columnType"]) for item in items] == [
        ("a", "integer"),
        ("b", "string"),
        ("c", "array"),
    ]


# --- what a connection spec can be set up with


def test_the_datasets_that_can_be_exported_are_listed_with_their_place(api: Api) -> None:
    made = datasets(api, 3)
    body = configs(api, **DATASETS).json()
    assert list(body) == ["items", "pageInfo"]
    assert body["pageInfo"] == {"start": 0, "end": 3, "total": 3, "hasNext": False}
    assert [item["id"] for item in body["items"]] == made
    for item in body["items"]:
        assert item["name"] == "A dataset"
        assert set(item) <= {"id", "name", "description", "state", "schemaRef"}


def test_without_datasets_there_is_an_empty_page(api: Api) -> None:
    assert configs(api, **DATASETS).json() == {
        "items": [],
        "pageInfo": {"start": 0, "end": 0, "total": 0, "hasNext": False},
    }


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 7, 100])
def test_pages_of_datasets_follow_each_other(api: Api, limit: int) -> None:
    made = datasets(api, 6)
    seen: list[str] = []
    start, more = 0, True
    while more:
        body = configs(api, **DATASETS, start=start, limit=limit).json()
        page = body["pageInfo"]
        assert (page["start"], page["total"]) == (start, 6)
        assert page["end"] == start + len(body["items"])
        seen += [item["id"] for item in body["items"]]
        more, start = page["hasNext"], start + limit
    assert seen == made
    assert page["end"] == 6


def test_twenty_datasets_are_a_page_when_no_limit_is_given(api: Api) -> None:
    datasets(api, 21)
    body = configs(api, **DATASETS).json()
    assert len(body["items"]) == 20
    assert body["pageInfo"] == {"start": 0, "end": 20, "total": 21, "hasNext": True}


def test_a_start_behind_the_last_dataset_finds_an_empty_page(api: Api) -> None:
    datasets(api, 2)
    body = configs(api, **DATASETS, start=5).json()
    assert body["items"] == []
    assert body["pageInfo"]["hasNext"] is False


def test_the_wanted_properties_are_chosen(api: Api) -> None:
    made = datasets(api, 1)[0]
    assert configs(api, **DATASETS, properties="name,schemaRef").json()["items"] == [
        {"id": made, "name": "A dataset", "schemaRef": configs(api, **DATASETS).json()["items"][0]["schemaRef"]}
    ]
    assert configs(api, **DATASETS, properties="nothing").json()["items"] == [{"id": made}]


def test_datasets_are_those_of_the_callers_sandbox(api: Api) -> None:
    datasets(api, 1)
    new_sandbox(api)
    there = api.http.get(
        f"{FLOW}/connectionSpecs/{EXPORTS}/configs", params=DATASETS, headers={"x-sandbox-name": "dev"}
    )
    assert there.json()["pageInfo"]["total"] == 0


@pytest.mark.parametrize(
    ("params", "code", "field"),
    [
        ({}, "CONNECTOR-1359-400", "outputType"),
        ({"outputType": "activationDatasets"}, "CONNECTOR-1359-400", "outputField"),
        (DATASETS | {"outputType": "segments"}, "CONNECTOR-1312-400", "outputType"),
        (DATASETS | {"outputField": "names"}, "CONNECTOR-1312-400", "outputField"),
        (DATASETS | {"outputField": ""}, "CONNECTOR-1312-400", "outputField"),
        (DATASETS | {"limit": 0}, "FLOW-1452-400", "limit"),
        (DATASETS | {"limit": 101}, "FLOW-1452-400", "limit"),
        (DATASETS | {"limit": "ten"}, "FLOW-1452-400", "limit"),
        (DATASETS | {"start": -1}, "FLOW-1452-400", "start"),
        (DATASETS | {"start": ""}, "FLOW-1452-400", "start"),
        (DATASETS | {"count": "true"}, "FLOW-1451-400", "count"),
        (DATASETS | {"continuationToken": "x"}, "FLOW-1451-400", "continuationToken"),
        ({"authType": "OAuth2"}, "CONNECTOR-1302-400", "authType"),
        ({"authType": ""}, "CONNECTOR-1302-400", "authType"),
    ],
)
def test_what_cannot_be_asked_of_a_connection_spec_is_refused(
    api: Api, params: Document, code: str, field: str
) -> None:
    assert_refused(configs(api, **params), code, field)


@pytest.mark.parametrize("params", [DATASETS, {"authType": "IamBasedAuthentication"}])
def test_a_connection_spec_that_is_not_there_has_no_configs(api: Api, params: Document) -> None:
    body = assert_refused(configs(api, UNKNOWN, **params), "FLOW-1439-404")
    assert (body["report"]["id"], body["report"]["type"]) == (UNKNOWN, "connectionSpecs")


def test_a_role_to_trust_is_the_same_for_all_of_an_organisation(api: Api, server: Background) -> None:
    params = {"authType": "IamBasedAuthentication"}
    body = configs(api, S3_DESTINATION, **params).json()
    assert list(body) == ["configParams"]
    role = body["configParams"]["IAMRole"]
    assert re.fullmatch(r"arn:aws:iam::\d{12}:role/[a-z0-9-]+", role)
    assert configs(api, S3_DESTINATION, **params).json() == body
    with client_of(server.url, f"OTHER{api.org}") as other:
        assert configs(other, S3_DESTINATION, **params).json()["configParams"]["IAMRole"] != role


@pytest.mark.parametrize("spec_id", [LANDING_ZONE, DATA_LAKE, STRIPE])
def test_every_connection_spec_answers(api: Api, spec_id: str) -> None:
    assert configs(api, spec_id, **DATASETS).status_code == 200
    assert api.http.post(f"{FLOW}/connectionSpecs/{spec_id}/configs", json={}).status_code == 405
