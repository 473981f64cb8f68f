"""Who is calling: the gateway's refusals, and what keeps organisations and sandboxes apart."""

from __future__ import annotations

import httpx
import pytest

from emulator.server import Background
from emulator.settings import Settings
from tests.support import CATALOG, FLOW, MAPPING_SETS, REGISTRY, Api, assert_refused

HEADERS = {"Authorization": "Bearer t", "x-api-key": "k", "x-gw-ims-org-id": "GATEWAY@AdobeOrg"}
PLATFORM = [f"{FLOW}/connections", f"{REGISTRY}/tenant/schemas", f"{CATALOG}/dataSets", MAPPING_SETS]


@pytest.mark.parametrize("path", PLATFORM)
@pytest.mark.parametrize(
    ("missing", "status", "code", "message"),
    [
        ("Authorization", 403, "403010", "Oauth token is missing."),
        ("x-api-key", 403, "403000", "Api Key is required"),
        ("x-gw-ims-org-id", 400, "400003", "Missing header"),
    ],
)
def test_a_missing_header_is_answered_by_the_gateway(
    server: Background, path: str, missing: str, status: int, code: str, message: str
) -> None:
    headers = {name: value for name, value in HEADERS.items() if name != missing}
    answer = httpx.get(server.url + path, headers=headers)
    assert answer.status_code == status
    assert answer.json() == {"error_code": code, "message": message}


def test_an_empty_organisation_is_answered_by_the_service(server: Background) -> None:
    answer = httpx.get(f"{server.url}{FLOW}/flows", headers=HEADERS | {"x-gw-ims-org-id": ""})
    assert_refused(answer, "FLOW-2001-401", "x-gw-ims-org-id")


@pytest.mark.parametrize("value", ["t", "Basic dXNlcg==", "Bearer"])
def test_an_authorization_that_is_no_bearer_token_is_not_valid(server: Background, value: str) -> None:
    answer = httpx.get(f"{server.url}{FLOW}/flows", headers=HEADERS | {"Authorization": value})
    assert answer.status_code == 401
    assert answer.json() == {"error_code": "401013", "message": "Oauth token is not valid"}


def test_the_token_is_checked_before_the_key_and_the_key_before_the_organisation(server: Background) -> None:
    assert httpx.get(f"{server.url}{FLOW}/flows").json()["error_code"] == "403010"
    only_token = {"Authorization": "Bearer t"}
    assert httpx.get(f"{server.url}{FLOW}/flows", headers=only_token).json()["error_code"] == "403000"


def test_a_missing_sandbox_means_prod(api: Api) -> None:
    made = api.base_connection()
    assert api.item("connections", made)["sandboxName"] == "prod"
    answer = api.http.get(f"{FLOW}/connections/{made}", headers={"x-sandbox-name": "prod"})
    assert answer.status_code == 200


def test_an_unknown_sandbox_is_refused_and_the_message_says_how_to_create_it(api: Api) -> None:
    answer = api.http.get(f"{FLOW}/flows", headers={"x-sandbox-name": "dev"})
    body = assert_refused(answer, "FLOW-2100-404")
    assert "The sandbox with the name 'dev' could not be found." in body["errorMessage"]
    assert "POST /data/foundation/sandbox-management/sandboxes" in body["errorMessage"]


def test_an_empty_sandbox_name_is_a_missing_header(api: Api) -> None:
    assert_refused(api.http.get(f"{FLOW}/flows", headers={"x-sandbox-name": ""}), "FLOW-2105-400")


def test_a_star_for_the_sandbox_is_restricted(api: Api) -> None:
    assert_refused(api.http.get(f"{FLOW}/flows", headers={"x-sandbox-name": "*"}), "FLOW-2111-403")


def test_a_sandbox_id_must_be_that_of_the_named_sandbox(api: Api) -> None:
    sandbox_id = api.http.get("/data/foundation/sandbox-management/sandboxes/prod").json()["id"]
    assert api.http.get(f"{FLOW}/flows", headers={"x-sandbox-id": sandbox_id}).status_code == 200
    wrong = api.http.get(f"{FLOW}/flows", headers={"x-sandbox-id": "1bd86660-c5da-11e9-93d4-6d5fc3a66a8e"})
    assert_refused(wrong, "FLOW-2103-404")


def test_organisations_do_not_see_each_other(api: Api) -> None:
    made = api.base_connection()
    other = {"x-gw-ims-org-id": f"OTHER{api.org}"}
    assert_refused(api.http.get(f"{FLOW}/connections/{made}", headers=other), "FLOW-1439-404")
    assert api.http.get(f"{FLOW}/connections", headers=other).json()["items"] == []
    assert api.http.delete(f"{FLOW}/connections/{made}", headers=other).status_code == 404
    assert api.item("connections", made)["id"] == made


def test_sandboxes_do_not_see_each_other(api: Api) -> None:
    body = {"name": "dev", "title": "Dev", "type": "development"}
    assert api.http.post("/data/foundation/sandbox-management/sandboxes", json=body).status_code == 202
    made = api.base_connection()
    dev = {"x-sandbox-name": "dev"}
    assert_refused(api.http.get(f"{FLOW}/connections/{made}", headers=dev), "FLOW-1439-404")
    assert api.http.get(f"{FLOW}/connections", headers=dev).json()["items"] == []


def test_every_answer_names_its_request(api: Api) -> None:
    first, second = (api.http.get(path).headers["x-request-id"] for path in (f"{FLOW}/flows", "/nowhere"))
    assert first != second


def test_strict_identity_wants_a_token_of_ours_and_its_own_key() -> None:
    with Background(Settings(port=0, database="sqlite://", auth="strict")) as strict:
        form = {"client_id": "mine", "client_secret": "s", "grant_type": "client_credentials"}
        token = httpx.post(f"{strict.url}/ims/token/v3", data=form).json()["access_token"]
        good = {"Authorization": f"Bearer {token}", "x-api-key": "mine", "x-gw-ims-org-id": "A@AdobeOrg"}
        url = f"{strict.url}{FLOW}/flows"
        assert httpx.get(url, headers=good).status_code == 200
        other_key = httpx.get(url, headers=good | {"x-api-key": "theirs"})
        assert other_key.json() == {"error_code": "403003", "message": "Api Key is invalid"}
        for bad in ("made-up", f"{token}x", "a.b.c"):
            refused = httpx.get(url, headers=good | {"Authorization": f"Bearer {bad}"})
            assert refused.json()["error_code"] == "401013"


def test_identity_switched_off_needs_no_header() -> None:
    with Background(Settings(port=0, database="sqlite://", auth="off")) as off:
        assert httpx.get(f"{off.url}{FLOW}/flows").json() == {"items": [], "_links": {}}
