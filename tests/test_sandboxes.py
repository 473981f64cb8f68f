"""Sandbox Management: every organisation has ``prod``, and makes the others itself."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from tests.support import FLOW, HTTP_API, Api, Document, assert_problem, spec

BASE = "/data/foundation/sandbox-management"
SANDBOXES = f"{BASE}/sandboxes"
UUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
DATE = re.compile(r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$")
ENTRY = {
    "id",
    "name",
    "title",
    "state",
    "type",
    "region",
    "isDefault",
    "eTag",
    "createdDate",
    "lastModifiedDate",
    "createdBy",
    "modifiedBy",
}


def create(api: Api, name: Any = "dev", **changes: Any) -> httpx.Response:
    body = {"name": name, "title": "Development", "type": "development"} | changes
    return api.http.post(SANDBOXES, json={field: value for field, value in body.items() if value is not None})


def page(api: Api, **params: int) -> Document:
    answer = api.http.get(SANDBOXES, params=params)
    assert answer.status_code == 200, answer.text
    found: Document = answer.json()
    return found


def names(listed: Document) -> list[str]:
    return [sandbox["name"] for sandbox in listed["sandboxes"]]


def test_a_new_organisation_has_the_production_sandbox(api: Api) -> None:
    (prod,) = page(api)["sandboxes"]
    assert set(prod) == ENTRY
    assert (prod["name"], prod["state"], prod["type"], prod["isDefault"]) == ("prod", "active", "production", True)
    assert UUID.match(prod["id"])
    assert DATE.match(prod["createdDate"])
    assert isinstance(prod["eTag"], int)


def test_a_list_says_how_it_was_cut(api: Api) -> None:
    listed = page(api)
    assert set(listed) == {"sandboxes", "_page", "_links"}
    assert listed["_page"] == {"limit": 20, "count": 1}
    assert "next" not in listed["_links"]


def test_the_root_lists_the_sandboxes_that_the_caller_may_use(api: Api) -> None:
    assert api.http.get(BASE).json()["sandboxes"] == page(api)["sandboxes"]


def test_the_links_lead_through_all_pages_and_back(api: Api) -> None:
    for name in ("dev1", "dev2", "dev3"):
        create(api, name)
    first = page(api, limit=2)
    assert first["_page"] == {"limit": 2, "count": 2}
    second = api.http.get(first["_links"]["next"]["href"]).json()
    assert "next" not in second["_links"]
    assert sorted(names(first) + names(second)) == ["dev1", "dev2", "dev3", "prod"]
    assert api.http.get(second["_links"]["prev"]["href"]).json()["sandboxes"] == first["sandboxes"]


def test_nothing_is_behind_the_last_page(api: Api) -> None:
    assert page(api, offset=1)["sandboxes"] == []


@pytest.mark.parametrize("params", [{"limit": 0}, {"limit": "x"}, {"offset": -1}, {"start": 1}])
def test_a_list_parameter_that_means_nothing_is_refused(api: Api, params: dict[str, str | int]) -> None:
    assert_problem(api.http.get(SANDBOXES, params=params), 400, next(iter(params)))


def test_a_sandbox_is_looked_up_by_name_and_stands_alone(api: Api) -> None:
    answer = api.http.get(f"{SANDBOXES}/prod")
    assert answer.status_code == 200
    assert [answer.json()] == page(api)["sandboxes"]


def test_an_unknown_sandbox_is_not_found(api: Api) -> None:
    assert_problem(api.http.get(f"{SANDBOXES}/dev"), 404, "Sandbox with name 'dev' not present.")


def test_a_new_sandbox_is_being_created_and_then_active(api: Api) -> None:
    answer = create(api, "dev")
    assert answer.status_code == 202
    assert answer.json() == {
        "name": "dev",
        "title": "Development",
        "state": "creating",
        "type": "development",
        "region": "VA7",
    }
    found = api.http.get(f"{SANDBOXES}/dev").json()
    assert set(found) == ENTRY
    assert (found["state"], found["isDefault"], found["title"]) == ("active", False, "Development")


@pytest.mark.parametrize("kind", ["development", "production"])
def test_a_sandbox_is_for_development_or_production(api: Api, kind: str) -> None:
    assert create(api, "dev", type=kind).json()["type"] == kind
    assert api.http.get(f"{SANDBOXES}/dev").json()["type"] == kind


def test_a_sandbox_without_a_title_is_called_by_its_name(api: Api) -> None:
    assert create(api, "dev", title=None).json()["title"] == "dev"


def test_a_name_is_taken_once_in_an_organisation(api: Api) -> None:
    assert create(api, "dev").status_code == 202
    assert_problem(create(api, "dev", title="Again"), 409, "dev")
    assert_problem(create(api, "prod"), 409, "prod")
    body = {"name": "dev", "title": "Dev", "type": "development"}
    answer = api.http.post(SANDBOXES, json=body, headers={"x-gw-ims-org-id": f"OTHER{api.org}"})
    assert answer.status_code == 202


@pytest.mark.parametrize("name", ["", "Dev", "-dev", "dev_1", "dev 1", "dev\n", "développement", "d" * 256, 5, None])
def test_a_name_has_lower_case_letters_digits_and_dashes(api: Api, name: Any) -> None:
    assert_problem(create(api, name), 400, "name")


@pytest.mark.parametrize("name", ["d", "dev-1", "0", "d" * 255])
def test_short_and_long_names_are_taken(api: Api, name: str) -> None:
    assert create(api, name).status_code == 202
    assert api.http.get(f"{SANDBOXES}/{name}").json()["name"] == name


@pytest.mark.parametrize("kind", [None, "staging", "Development", 5, ["development"]])
def test_another_type_is_refused(api: Api, kind: Any) -> None:
    assert_problem(create(api, "dev", type=kind), 400, "type")


def test_a_title_is_a_text(api: Api) -> None:
    assert_problem(create(api, "dev", title=5), 400, "title")


@pytest.mark.parametrize("body", [b"", b"[]", b'"dev"'])
def test_a_body_must_be_an_object(api: Api, body: bytes) -> None:
    answer = api.http.post(SANDBOXES, content=body, headers={"Content-Type": "application/json"})
    assert_problem(answer, 400)


def test_a_refused_sandbox_does_not_exist(api: Api) -> None:
    create(api, "dev", type="staging")
    assert names(page(api)) == ["prod"]


@pytest.mark.parametrize("name", ["nowhere", "", "*"])
def test_the_header_that_names_a_sandbox_is_ignored(api: Api, name: str) -> None:
    headers = {"x-sandbox-name": name}
    assert api.http.get(SANDBOXES, headers=headers).status_code == 200
    assert api.http.get(f"{SANDBOXES}/prod", headers=headers).status_code == 200


def test_a_new_sandbox_can_be_used_at_once(api: Api) -> None:
    create(api, "dev")
    dev = {"x-sandbox-name": "dev"}
    assert api.http.get(f"{FLOW}/connections", headers=dev).json()["items"] == []
    auth = {"specName": "Streaming Connection", "params": {"dataType": "raw"}}
    body = {"name": "An account", "connectionSpec": spec(HTTP_API), "auth": auth}
    answer = api.http.post(f"{FLOW}/connections", json=body, headers=dev)
    assert answer.status_code == 201, answer.text
    (item,) = api.http.get(f"{FLOW}/connections/{answer.json()['id']}", headers=dev).json()["items"]
    assert item["sandboxName"] == "dev"
    assert item["sandboxId"] == api.http.get(f"{SANDBOXES}/dev").json()["id"]


def test_a_sandbox_belongs_to_its_organisation(api: Api) -> None:
    create(api, "dev")
    other = {"x-gw-ims-org-id": f"OTHER{api.org}"}
    assert_problem(api.http.get(f"{SANDBOXES}/dev", headers=other), 404)
    assert names(api.http.get(SANDBOXES, headers=other).json()) == ["prod"]
