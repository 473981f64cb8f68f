"""Data Landing Zones: a container and credentials for each type, in every sandbox of every organisation."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from emulator.server import Background
from emulator.settings import Settings
from tests.support import FLOW, Api, Document, assert_refused, client_of, spec

ZONE = "/data/foundation/connectors/landingzone"
CREDENTIALS = f"{ZONE}/credentials"
SOURCE = "26f526f2-58f4-4712-961d-e41bf1ccc0e8"
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
TOKEN = re.compile(rf"sv=\d{{4}}-\d\d-\d\d&si=dlz-{UUID}&sr=c&sp=racwdlm&sig=[A-Za-z0-9%]+")


def credentials(api: Api, of_type: str = "user_drop_zone", sandbox: str = "prod") -> Document:
    answer = api.http.get(CREDENTIALS, params={"type": of_type}, headers={"x-sandbox-name": sandbox})
    assert answer.status_code == 200, answer.text
    found: Document = answer.json()
    return found


def refresh(api: Api, of_type: str = "user_drop_zone") -> Document:
    answer = api.http.post(CREDENTIALS, params={"type": of_type, "action": "refresh"})
    assert answer.status_code == 200, answer.text
    made: Document = answer.json()
    return made


@pytest.mark.parametrize(
    ("of_type", "name"), [("user_drop_zone", "dlz-user-container"), ("dlz_destination", "dlz-destination")]
)
def test_a_container_keeps_files_for_a_number_of_days_that_is_a_text(api: Api, of_type: str, name: str) -> None:
    answer = api.http.get(ZONE, params={"type": of_type})
    assert answer.status_code == 200
    assert answer.json() == {"containerName": name, "containerTTL": "7"}


def test_credentials_have_the_documented_fields_in_their_shape(api: Api) -> None:
    found = credentials(api)
    assert list(found) == ["containerName", "SASToken", "storageAccountName", "SASUri", "expiryDate"]
    assert found["containerName"] == "dlz-user-container"
    assert TOKEN.fullmatch(found["SASToken"])
    assert re.fullmatch(r"dlblobstore[a-z0-9]{13}", found["storageAccountName"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", found["expiryDate"])


def test_the_uri_leads_to_this_server_with_the_token_as_its_query(api: Api) -> None:
    found = credentials(api)
    parts = urlsplit(found["SASUri"])
    assert f"{parts.scheme}://{parts.netloc}" == str(api.http.base_url).rstrip("/")
    assert parts.path == f"/{found['storageAccountName']}/{found['containerName']}"
    assert parts.query == found["SASToken"]
    assert len(parse_qs(parts.query)["sig"][0]) == 44


def test_the_uri_names_the_public_address_where_one_is_set() -> None:
    settings = Settings(port=0, database="sqlite://", public_url="https://emulator.example.com")
    with Background(settings) as server, client_of(server.url, "ACME@AdobeOrg") as api:
        assert credentials(api)["SASUri"].startswith("https://emulator.example.com/dlblobstore")


def test_looking_again_changes_nothing(api: Api) -> None:
    assert credentials(api) == credentials(api)


def test_a_refresh_brings_another_token_that_stays(api: Api) -> None:
    before = credentials(api)
    after = refresh(api)
    assert after["SASToken"] != before["SASToken"]
    assert after["SASUri"].endswith(after["SASToken"])
    kept = ("containerName", "storageAccountName")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert credentials(api) == after


def test_a_zone_that_nobody_looked_at_can_be_refreshed(api: Api) -> None:
    made = refresh(api)
    assert credentials(api) == made


def test_the_types_have_credentials_of_their_own(api: Api) -> None:
    incoming, outgoing = (credentials(api, of_type) for of_type in ("user_drop_zone", "dlz_destination"))
    assert incoming["SASToken"] != outgoing["SASToken"]
    refresh(api, "user_drop_zone")
    assert credentials(api, "dlz_destination") == outgoing


def test_sandboxes_and_organisations_do_not_share_a_zone(api: Api, server: Background) -> None:
    body = {"name": "dev", "title": "Dev", "type": "development"}
    api.http.post("/data/foundation/sandbox-management/sandboxes", json=body)
    mine, dev = credentials(api), credentials(api, sandbox="dev")
    with client_of(server.url, f"OTHER{api.org}") as other:
        theirs = credentials(other)
    for field in ("SASToken", "storageAccountName"):
        assert len({zone[field] for zone in (mine, dev, theirs)}) == 3
    refresh(api)
    assert credentials(api, sandbox="dev") == dev


def test_many_first_looks_at_once_see_the_same_credentials(api: Api) -> None:
    with ThreadPoolExecutor(16) as pool:
        tokens = list(pool.map(lambda _: credentials(api)["SASToken"], range(32)))
    assert len(set(tokens)) == 1


def test_every_one_of_many_refreshes_at_once_brings_a_token_and_one_of_them_stays(api: Api) -> None:
    with ThreadPoolExecutor(8) as pool:
        tokens = list(pool.map(lambda _: refresh(api)["SASToken"], range(16)))
    assert len(set(tokens)) == 16
    assert credentials(api)["SASToken"] in tokens


def test_credentials_outlive_the_server_until_their_expiry_date(lasting_url: str) -> None:
    def at(instant: str) -> Document:
        settings = Settings(port=0, database=lasting_url, clock=instant)
        with Background(settings) as server, client_of(server.url, "ACME@AdobeOrg") as api:
            return credentials(api)

    first = at("2026-01-01T12:00:00Z")
    assert first["expiryDate"] == "2026-04-01"
    assert at("2026-03-31T23:59:59Z")["SASToken"] == first["SASToken"]
    renewed = at("2026-04-01T00:00:00Z")
    assert renewed["SASToken"] != first["SASToken"]
    assert renewed["expiryDate"] == "2026-06-30"


def test_the_same_random_seed_brings_the_same_tokens() -> None:
    def tokens() -> list[str]:
        settings = Settings(port=0, database="sqlite://", random_seed=7)
        with Background(settings) as server, client_of(server.url, "ACME@AdobeOrg") as api:
            return [credentials(api)["SASToken"], refresh(api)["SASToken"]]

    assert tokens() == tokens()


def calls(api: Api, **params: str) -> list[httpx.Response]:
    """Every operation with these parameters, and what else it needs."""
    return [
        api.http.get(ZONE, params=params),
        api.http.get(CREDENTIALS, params=params),
        api.http.post(CREDENTIALS, params=params | {"action": "refresh"}),
    ]


def test_the_type_is_needed(api: Api) -> None:
    for answer in calls(api):
        assert_refused(answer, "CONNECTOR-1359-400", "type")


def test_an_empty_type_is_refused_as_empty(api: Api) -> None:
    for answer in calls(api, type=""):
        assert_refused(answer, "CONNECTOR-1334-400", "type")


@pytest.mark.parametrize("of_type", ["nowhere", "USER_DROP_ZONE", "user_drop_zone "])
def test_a_type_that_is_not_there_is_refused_by_name(api: Api, of_type: str) -> None:
    for answer in calls(api, type=of_type):
        body = assert_refused(answer, "CONNECTOR-1710-400", "type")
        assert of_type in body["errorMessage"]
        assert "user_drop_zone" in body["errorMessage"]


@pytest.mark.parametrize(
    ("action", "code"),
    [(None, "CONNECTOR-1359-400"), ("", "CONNECTOR-1334-400"), ("revoke", "CONNECTOR-1705-400")],
)
def test_an_action_other_than_refresh_is_refused_and_changes_nothing(api: Api, action: str | None, code: str) -> None:
    before = credentials(api)
    params = {"type": "user_drop_zone"} | ({} if action is None else {"action": action})
    assert_refused(api.http.post(CREDENTIALS, params=params), code, "action")
    assert credentials(api) == before


def test_a_reset_takes_the_token_but_not_the_account(api: Api) -> None:
    before = credentials(api)
    answer = api.http.post("/__admin/reset", headers={"x-sandbox-name": "prod"})
    assert answer.status_code < 300
    after = credentials(api)
    assert after["SASToken"] != before["SASToken"]
    assert after["storageAccountName"] == before["storageAccountName"]


@pytest.mark.parametrize("path", [ZONE, CREDENTIALS])
def test_a_parameter_that_nothing_looks_at_is_refused(api: Api, path: str) -> None:
    answer = api.http.get(path, params={"type": "user_drop_zone", "action": "refresh"})
    assert_refused(answer, "FLOW-1451-400", "action")


def test_nobody_sees_a_zone_without_a_token(api: Api) -> None:
    answer = api.http.get(CREDENTIALS, params={"type": "user_drop_zone"}, headers={"Authorization": ""})
    assert answer.json() == {"error_code": "403010", "message": "Oauth token is missing."}


def test_an_unknown_sandbox_has_no_zone(api: Api) -> None:
    answer = api.http.get(ZONE, params={"type": "user_drop_zone"}, headers={"x-sandbox-name": "nowhere"})
    assert_refused(answer, "FLOW-2100-404")


def test_a_source_connection_to_the_zone_takes_no_base_connection(api: Api) -> None:
    body = {
        "name": "Files that were dropped",
        "connectionSpec": spec(SOURCE),
        "data": {"format": "delimited"},
        "params": {"path": "dlz-user-container/account.csv", "type": "file"},
    }
    made = api.make("sourceConnections", body)
    assert "baseConnectionId" not in api.item("sourceConnections", made)
    refused = api.http.post(f"{FLOW}/sourceConnections", json=body | {"baseConnectionId": api.base_connection()})
    assert_refused(refused, "CONNECTOR-1332-400", "baseConnectionId")
