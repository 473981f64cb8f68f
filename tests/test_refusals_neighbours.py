"""Refusals of the services around Flow Service, each by the code or the words that its clients see."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from emulator.domain.schema_ids import schema_id
from tests.support import CATALOG, MAPPING_SETS, PROFILE, REGISTRY, Api, Document, assert_problem

SANDBOXES = "/data/foundation/sandbox-management/sandboxes"
ERRORS = "https://ns.adobe.com/aep/errors/"
DEV = {"name": "dev", "title": "Dev", "type": "development"}


def assert_code(answer: httpx.Response, code: str, title: str, *mentions: str) -> None:
    assert_problem(answer, int(code.rsplit("-", 1)[1]), *mentions)
    body = answer.json()
    assert (body["type"], body["title"]) == (ERRORS + code, title)


@pytest.mark.parametrize("unknown", ["dataSets", "batches"])
def test_catalog_has_a_code_for_what_is_not_there(api: Api, unknown: str) -> None:
    answer = api.http.get(f"{CATALOG}/{unknown}/none")
    assert_code(answer, "CATALOG-0404-404", "Not Found", "none is not found in this sandbox.")


@pytest.mark.parametrize("limit", ["0", "101", "many"])
@pytest.mark.parametrize("listed", ["dataSets", "batches"])
def test_catalog_has_a_code_for_what_is_wrong_and_names_the_range(api: Api, listed: str, limit: str) -> None:
    answer = api.http.get(f"{CATALOG}/{listed}", params={"limit": limit})
    assert_code(answer, "CATALOG-0400-400", "Bad Request", "from 1 to 100")


def test_a_sandbox_that_is_not_there_has_a_code(api: Api) -> None:
    published = "Sandbox with name 'dev' not present. Please check if resource exists."
    assert_code(api.http.get(f"{SANDBOXES}/dev"), "SMS-0404-404", "Sandbox not found", published)


def test_a_sandbox_whose_name_is_in_use_has_a_code(api: Api) -> None:
    assert api.http.post(SANDBOXES, json=DEV).status_code == 202
    assert_code(api.http.post(SANDBOXES, json=DEV), "SMS-0409-409", "Conflict", "'dev'")


@pytest.mark.parametrize("change", [{"name": "Dev"}, {"type": "staging"}, {"title": 5}])
def test_a_sandbox_that_cannot_be_made_has_a_code(api: Api, change: Document) -> None:
    (field,) = change
    assert_code(api.http.post(SANDBOXES, json=DEV | change), "SMS-0400-400", "Bad Request", f"(field {field}")


def test_a_mapping_set_that_is_not_there_has_a_code(api: Api) -> None:
    assert_code(api.http.get(f"{MAPPING_SETS}/none"), "PREP-0404-404", "Not Found", "none")


def test_a_mapping_set_of_a_schema_that_is_not_there_has_a_code(api: Api) -> None:
    answer = api.http.post(MAPPING_SETS, json={"version": 0, "xdmSchema": "none", "mappings": []})
    assert_code(answer, "PREP-0400-400", "Bad Request", "none does not exist")


@pytest.mark.parametrize(
    ("unknown", "code"),
    [
        ("https://ns.adobe.com/acme/classes/0123456789abcdef", "XDM-1010-404"),
        ("_acme.classes.0123456789abcdef", "XDM-1010-404"),
        ("https://ns.adobe.com/acme/mixins/0123456789abcdef", "XDM-1011-404"),
        ("https://ns.adobe.com/xdm/classes", "XDM-1011-404"),
        (5, "XDM-1011-404"),
    ],
)
def test_the_registry_tells_an_unknown_class_from_what_else_is_unknown(api: Api, unknown: Any, code: str) -> None:
    body = {"title": "A schema", "type": "object", "allOf": [{"$ref": PROFILE}, {"$ref": unknown}]}
    answer = api.http.post(f"{REGISTRY}/tenant/schemas", json=body)
    assert answer.status_code == 404
    assert answer.json()["type"] == f"http://ns.adobe.com/aep/errors/{code}"
    assert (schema_id(unknown) if isinstance(unknown, str) else str(unknown)) in answer.json()["detail"]


@pytest.mark.parametrize(
    ("request_of", "status", "title"),
    [
        ({"content": b"x" * 1_048_577, "headers": {"Content-Type": "application/json"}}, 413, "Payload Too Large"),
        ({"content": b"<a/>", "headers": {"Content-Type": "text/xml"}}, 415, "Unsupported Media Type"),
        ({"json": [1]}, 400, "Invalid Message"),
    ],
)
def test_the_inlet_says_in_its_title_what_is_wrong(api: Api, request_of: Any, status: int, title: str) -> None:
    base = api.item("connections", api.streaming_connection())
    answer = httpx.post(base["auth"]["params"]["inletUrl"], **request_of)
    assert answer.status_code == answer.json()["status"] == status
    assert answer.json()["title"] == title


def test_an_inlet_that_is_not_there_is_named(api: Api) -> None:
    answer = httpx.post(str(api.http.base_url.join(f"/collection/{'0' * 64}")), json={"id": 1})
    assert answer.status_code == 404
    assert answer.json()["report"]["message"] == f"inletId: [{'0' * 64}] Inlet not found"
