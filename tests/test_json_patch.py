"""JSON Patch: letter case, order, atomicity, and paths that cannot be."""

from __future__ import annotations

import copy
from typing import Any

import jsonpatch
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.domain import json_patch
from emulator.domain.errors import Refusal
from tests.support import CATALOG, Api, assert_refused

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text("ab/~", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab/~", max_size=3), inner, max_size=3),
    max_leaves=10,
)
DOCUMENT = st.dictionaries(st.text("ab/~", max_size=3), JSON, max_size=4)


@pytest.mark.parametrize("op", ["replace", "REPLACE", "Replace", "add", "Add", "ADD"])
def test_operations_come_in_any_letter_case(api: Api, op: str) -> None:
    made = api.base_connection()
    assert api.patch("connections", made, [{"op": op, "path": "/name", "value": "New"}]).status_code == 200
    assert api.item("connections", made)["name"] == "New"


def test_remove_ignores_a_value_beside_it(api: Api) -> None:
    made = api.base_connection(description="x")
    assert api.patch("connections", made, [{"op": "Remove", "path": "/description", "value": 5}]).status_code == 200
    assert "description" not in api.item("connections", made)


def test_a_single_operation_needs_no_array(api: Api) -> None:
    made = api.base_connection()
    assert api.patch("connections", made, {"op": "replace", "path": "/name", "value": "New"}).status_code == 200


@pytest.mark.parametrize("op", ["move", "copy", "test", "append", "", None, 5])
def test_other_operations_are_unsupported(api: Api, op: object) -> None:
    made = api.base_connection()
    answer = api.patch("connections", made, [{"op": op, "path": "/name", "from": "/name", "value": "x"}])
    assert_refused(answer, "FLOW-1434-400", "[0].op")


@pytest.mark.parametrize("body", [[], {}, None])
def test_a_patch_without_operations_is_an_empty_body(api: Api, body: object) -> None:
    assert_refused(api.patch("connections", api.base_connection(), body), "FLOW-1405-400")


@pytest.mark.parametrize(
    ("operation", "field"),
    [
        ("replace", "[0]"),
        ({"op": "replace"}, "[0].path"),
        ({"op": "replace", "path": "name", "value": "x"}, "[0].path"),
        ({"op": "replace", "path": "/name"}, "[0].value"),
        ({"op": "replace", "path": "/keyWhichDoesNotExist", "value": "x"}, "[0].path"),
        ({"op": "remove", "path": "/auth/params/nothing"}, "[0].path"),
        ({"op": "add", "path": "/one/two/three", "value": "x"}, "[0].path"),
        ({"op": "add", "path": "/name/first", "value": "x"}, "[0].path"),
    ],
)
def test_an_operation_that_cannot_be_done_is_refused_by_its_place(api: Api, operation: object, field: str) -> None:
    made = api.base_connection()
    before = api.item("connections", made)
    assert_refused(api.patch("connections", made, [operation]), "FLOW-1455-400", field)
    assert api.item("connections", made) == before


def test_a_missing_field_is_named_as_documented(api: Api) -> None:
    operation = {"op": "replace", "path": "/keyWhichDoesNotExist", "value": "x"}
    body = assert_refused(api.patch("connections", api.base_connection(), [operation]), "FLOW-1455-400")
    expected = 'An error has occurred while validating patch instructions: Missing field "keyWhichDoesNotExist".'
    assert expected in body["errorMessage"]


@pytest.mark.parametrize("field", ["id", "createdAt", "etag", "version", "state", "imsOrgId", "lastRunDetails", "runs"])
def test_what_the_service_keeps_cannot_be_patched(api: Api, field: str) -> None:
    operation = {"op": "add", "path": f"/{field}", "value": "x"}
    assert_refused(api.patch("connections", api.base_connection(), [operation]), "CONNECTOR-1365-400", "[0].path")


def test_a_patch_is_all_or_nothing(api: Api) -> None:
    made = api.base_connection()
    before = api.item("connections", made)
    operations: list[dict[str, Any]] = [
        {"op": "replace", "path": "/name", "value": "New"},
        {"op": "add", "path": "/description", "value": "Added"},
        {"op": "remove", "path": "/nothing"},
    ]
    assert_refused(api.patch("connections", made, operations), "FLOW-1455-400", "[2].path")
    assert api.item("connections", made) == before


@given(DOCUMENT, DOCUMENT)
def test_the_difference_of_two_documents_turns_one_into_the_other(old: Any, new: Any) -> None:
    difference = [op for op in jsonpatch.make_patch(old, new).patch if op["op"] in json_patch.OPERATIONS]
    if len(difference) == len(jsonpatch.make_patch(old, new).patch):
        capitalised = [{**op, "op": op["op"].capitalize()} for op in difference]
        applied = json_patch.apply(old, json_patch.operations(capitalised)) if capitalised else old
        assert applied == new


OPERATION = st.fixed_dictionaries(
    {},
    optional={
        "op": st.sampled_from(["add", "replace", "remove", "Remove", "move"]) | JSON,
        "path": st.text("/ab~01-", max_size=6) | JSON,
        "value": JSON,
    },
)


@given(DOCUMENT, st.lists(OPERATION, max_size=4) | JSON)
def test_any_body_is_applied_or_refused_and_never_changes_the_document_itself(document: Any, body: Any) -> None:
    before = copy.deepcopy(document)
    try:
        json_patch.apply(document, json_patch.operations(body))
    except Refusal as refusal:
        assert refusal.status == 400
    assert document == before


SECRETS = st.recursive(
    st.integers(10**9, 10**10).map(lambda number: f"SECRET{number}"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab/~", max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text("ab/~", max_size=3), SECRETS, max_size=4), st.lists(OPERATION, max_size=4))
def test_a_patch_that_fails_quotes_no_value_of_the_document(document: Any, body: Any) -> None:
    try:
        json_patch.apply(document, json_patch.operations(body))
    except Refusal as refusal:
        assert "SECRET" not in refusal.message


WRONG_PATHS = ["/auth/params/nope/x", "/auth/params/accessToken/x", "/auth/nope/x", "/nope/x", "/name/x"]


@pytest.mark.parametrize("path", WRONG_PATHS)
def test_a_wrong_path_shows_no_secret_in_the_answer_and_in_the_journal(api: Api, path: str) -> None:
    auth = {"specName": "OAuth2 Refresh Code", "params": {"accessToken": "SECRETSECRET1"}}
    made = api.base_connection(auth=auth)
    answer = api.patch("connections", made, [{"op": "replace", "path": path, "value": 1}])
    assert_refused(answer, "FLOW-1455-400", "[0].path")
    assert "SECRETSECRET1" not in answer.text
    journal = api.http.get("/__admin/requests")
    assert made in journal.text
    assert "SECRETSECRET1" not in journal.text


def test_a_wrong_path_is_answered_with_what_is_known_there(api: Api) -> None:
    made = api.base_connection()
    answer = api.patch("connections", made, [{"op": "replace", "path": "/auth/params/nope/x", "value": 1}])
    assert "Known in /auth/params: accessToken." in answer.json()["errorMessage"]
    source = api.source_connection(params={"resourcePath": "charges", "queryParams": {}})
    answer = api.patch("sourceConnections", source, [{"op": "add", "path": "/params/queryParams/a/b", "value": 1}])
    assert "There is nothing in /params/queryParams." in answer.json()["errorMessage"]


def test_a_wrong_path_into_an_array_says_how_long_the_array_is(api: Api) -> None:
    flow, _ = api.flow()
    api.first_run(flow)
    answer = api.patch("flows", flow, [{"op": "replace", "path": "/transformations/7/name", "value": "x"}])
    assert "In /transformations is an array of 1." in answer.json()["errorMessage"]


def test_a_wrong_path_into_a_dataset_quotes_nothing_of_it(api: Api) -> None:
    dataset = api.dataset(api.schema())
    operations = [{"op": "replace", "path": "/tags/nope/x", "value": 1}]
    headers = {"Content-Type": "application/json-patch+json"}
    answer = api.http.patch(f"{CATALOG}/dataSets/{dataset}", json=operations, headers=headers)
    assert answer.status_code == 400
    assert "A dataset" not in answer.text
    assert "Known in " in answer.text
