"""Documented refusals of Flow Service and its connectors that belong to no single operation."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from emulator.server import Background
from emulator.services.flow import entities
from tests.contract import fault_expected
from tests.support import FLOW, Api, assert_refused

HEADERS = {"Authorization": "Bearer t", "x-api-key": "k", "x-gw-ims-org-id": "REFUSALS@AdobeOrg"}


def test_a_fault_of_the_emulator_is_an_internal_error_in_the_services_words(
    server: Background, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(entities, "not_found", fail)
    with httpx.Client(base_url=server.url, headers=HEADERS) as http, fault_expected():
        assert_refused(http.get(f"{FLOW}/flows/none"), "FLOW-1400-500")
    monkeypatch.undo()
    with httpx.Client(base_url=server.url, headers=HEADERS) as http:
        assert_refused(http.get(f"{FLOW}/flows/none"), "FLOW-1439-404")


@pytest.mark.parametrize("named", [{}, {"x-sandbox-name": "prod"}, {"x-sandbox-name": "unknown"}])
def test_a_star_for_the_sandbox_id_wants_one_for_its_name(api: Api, named: dict[str, str]) -> None:
    body = assert_refused(
        api.http.get(f"{FLOW}/flows", headers={"x-sandbox-id": "*", **named}), "FLOW-2112-400", "x-sandbox-id"
    )
    assert body["report"]["given"] == "*"
    assert f"x-sandbox-name is {named.get('x-sandbox-name', 'prod')}." in body["errorMessage"]


@pytest.mark.parametrize("header", ["", ",", ", ,"])
def test_a_search_in_no_sandbox_at_all_is_refused(api: Api, header: str) -> None:
    answer = api.http.post(f"{FLOW}/flows/search", json={"limit": 5}, headers={"x-active-sandbox-ids": header})
    assert_refused(answer, "CONNECTOR-1007-400", "x-active-sandbox-ids")


@pytest.mark.parametrize("field", ["sourceConnectionIds", "targetConnectionIds"])
@pytest.mark.parametrize("missing", [None, ""])
@pytest.mark.parametrize("draft", [False, True])
def test_a_flow_whose_connection_id_is_missing_is_refused_by_field(
    api: Api, field: str, missing: str | None, draft: bool
) -> None:
    body = api.flow_body(api.source_connection(), api.target(), {"data.id": "_test.id"}, **{field: [missing]})
    answer = api.http.post(f"{FLOW}/flows", json=body, params={"mode": "draft"} if draft else {})
    refused = assert_refused(answer, "CONNECTOR-1338-400", f"{field}[0]")
    assert field.replace("Ids", "s") in refused["errorMessage"]
    assert api.http.get(f"{FLOW}/flows").json()["items"] == []


def test_a_policy_with_an_empty_array_of_fields_is_refused_and_one_without_it_is_kept(api: Api) -> None:
    flow, _ = api.flow()
    api.first_run(flow)
    operation = {"op": "add", "path": "/policy", "value": {"fields": []}}
    assert_refused(api.patch("flows", flow, [operation]), "FLOW-1431-400", "policy.fields")
    assert "policy" not in api.item("flows", flow)
    kept = {**operation, "value": {"enforcementRefs": ["a policy"]}}
    assert api.patch("flows", flow, [kept]).status_code == 200
    assert api.item("flows", flow)["policy"] == {"enforcementRefs": ["a policy"]}
