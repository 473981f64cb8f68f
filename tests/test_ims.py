"""IMS: tokens for client credentials on every version of the path, and for the older JWT exchange."""

from __future__ import annotations

import base64
import json

import httpx
import pytest

from emulator.server import Background
from tests.support import FLOW, Document

PATHS = ["/ims/token", "/ims/token/v1", "/ims/token/v2", "/ims/token/v3", "/ims/token/v4"]
EXCHANGE = "/ims/exchange/jwt"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJBQGFkb2JlT3JnIn0.c2lnbmF0dXJl"
GIVEN = {
    "grant_type": "client_credentials",
    "client_id": "a-client",
    "client_secret": "a-secret",
    "scope": "openid,AdobeID,session,read_organizations,additional_info.projectedProductContext",
}
ACCOUNT = {"client_id": "a-client", "client_secret": "a-secret", "jwt_token": JWT}


def token_of(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["access_token"]
    return token


def claims_of(token: str) -> Document:
    """The payload of a JWT."""
    header, payload, signature = token.split(".")
    assert json.loads(base64.urlsafe_b64decode(header + "==")) == {"alg": "HS256", "typ": "JWT"}
    assert signature
    claims: Document = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def assert_ims_refusal(answer: httpx.Response, error: str, description: str | None = None) -> None:
    assert answer.status_code == 400, answer.text
    body = answer.json()
    assert set(body) == {"error", "error_description"}
    assert body["error"] == error
    if description is not None:
        assert body["error_description"] == description


@pytest.mark.parametrize("path", PATHS)
def test_every_version_gives_a_token_for_seconds_and_no_refresh_token(server: Background, path: str) -> None:
    answer = httpx.post(server.url + path, data=GIVEN)
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"access_token", "token_type", "expires_in"}
    assert body["token_type"] == "bearer"
    assert body["expires_in"] == 86399


def test_the_jwt_exchange_counts_in_milliseconds(server: Background) -> None:
    body = httpx.post(server.url + EXCHANGE, data=ACCOUNT).json()
    assert set(body) == {"access_token", "token_type", "expires_in"}
    assert body["expires_in"] == 86399992


@pytest.mark.parametrize("path", [*PATHS, EXCHANGE])
def test_a_token_is_a_jwt_that_names_its_client(server: Background, path: str) -> None:
    claims = claims_of(token_of(httpx.post(server.url + path, data=GIVEN | ACCOUNT)))
    assert claims["client_id"] == "a-client"
    assert claims["type"] == "access_token"
    assert 86_399_000 <= int(claims["expires_in"]) <= 86_400_000


def test_two_tokens_are_never_the_same(server: Background) -> None:
    url = server.url + PATHS[0]
    assert token_of(httpx.post(url, data=GIVEN)) != token_of(httpx.post(url, data=GIVEN))


def test_a_token_opens_the_gateway(server: Background) -> None:
    token = token_of(httpx.post(server.url + PATHS[3], data=GIVEN))
    headers = {"Authorization": f"Bearer {token}", "x-api-key": "a-client", "x-gw-ims-org-id": "IMS@AdobeOrg"}
    assert httpx.get(f"{server.url}{FLOW}/flows", headers=headers).status_code == 200


@pytest.mark.parametrize("path", PATHS)
def test_parameters_may_all_be_in_the_query(server: Background, path: str) -> None:
    answer = httpx.post(server.url + path, params=GIVEN)
    assert claims_of(token_of(answer))["client_id"] == "a-client"


@pytest.mark.parametrize("path", PATHS)
def test_parameters_may_be_parts_of_a_multipart_body(server: Background, path: str) -> None:
    parts = {name: (None, value) for name, value in GIVEN.items()}
    assert claims_of(token_of(httpx.post(server.url + path, files=parts)))["client_id"] == "a-client"


@pytest.mark.parametrize("path", PATHS)
def test_parameters_may_be_split_between_query_and_body(server: Background, path: str) -> None:
    rest = {name: value for name, value in GIVEN.items() if name != "client_id"}
    assert claims_of(token_of(httpx.post(server.url + path, params={"client_id": "a-client"}, data=rest)))
    parts = {name: (None, value) for name, value in rest.items()}
    answer = httpx.post(server.url + path, params={"client_id": "a-client"}, files=parts)
    assert claims_of(token_of(answer))["client_id"] == "a-client"


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", "Application/JSON"])
def test_parameters_may_be_json(server: Background, content_type: str) -> None:
    body = json.dumps(GIVEN).encode()
    answer = httpx.post(server.url + PATHS[3], content=body, headers={"Content-Type": content_type})
    assert claims_of(token_of(answer))["client_id"] == "a-client"


def test_a_form_that_does_not_say_what_it_is_is_read_as_one(server: Background) -> None:
    answer = httpx.post(server.url + PATHS[3], content=b"client_id=a-client&client_secret=a-secret")
    assert claims_of(token_of(answer))["client_id"] == "a-client"


@pytest.mark.parametrize("path", [*PATHS, EXCHANGE])
@pytest.mark.parametrize("missing", ["client_id", "client_secret"])
def test_a_client_must_name_itself_and_its_secret(server: Background, path: str, missing: str) -> None:
    left = {name: value for name, value in (GIVEN | ACCOUNT).items() if name != missing}
    for given in (left, left | {missing: ""}):
        refused = httpx.post(server.url + path, data=given)
        assert_ims_refusal(refused, "invalid_client", f"invalid {missing} parameter")


def test_a_json_null_is_no_client(server: Background) -> None:
    answer = httpx.post(server.url + PATHS[3], json=GIVEN | {"client_id": None})
    assert_ims_refusal(answer, "invalid_client", "invalid client_id parameter")


def test_a_request_without_parameters_is_refused(server: Background) -> None:
    assert_ims_refusal(httpx.post(server.url + PATHS[3]), "invalid_client")


@pytest.mark.parametrize("path", PATHS)
def test_an_unknown_grant_is_refused(server: Background, path: str) -> None:
    assert_ims_refusal(httpx.post(server.url + path, data=GIVEN | {"grant_type": "password"}), "unsupported_grant_type")


def test_an_authorization_code_is_taken_as_on_the_oldest_version(server: Background) -> None:
    given = GIVEN | {"grant_type": "authorization_code", "code": "a-code"}
    assert token_of(httpx.post(server.url + PATHS[1], data=given))


@pytest.mark.parametrize("jwt", [None, "", "nonsense", "a.b", "a..c", "a.b.c.d"])
def test_the_exchange_wants_a_jwt(server: Background, jwt: str | None) -> None:
    given = {name: value for name, value in (ACCOUNT | {"jwt_token": jwt}).items() if value is not None}
    assert_ims_refusal(httpx.post(server.url + EXCHANGE, data=given), "invalid_token")


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"\xff"])
def test_json_that_is_no_object_is_refused(server: Background, body: bytes) -> None:
    answer = httpx.post(server.url + PATHS[3], content=body, headers={"Content-Type": "application/json"})
    assert_ims_refusal(answer, "invalid_request")


def test_a_form_that_is_no_text_is_refused(server: Background) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert_ims_refusal(httpx.post(server.url + PATHS[3], content=b"\xff\xfe", headers=headers), "invalid_request")


def test_another_method_is_answered_in_the_words_of_ims(server: Background) -> None:
    answer = httpx.get(server.url + PATHS[3])
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"
    assert set(answer.json()) == {"error", "error_description"}


def test_a_multipart_body_without_a_parameter_is_refused(server: Background) -> None:
    content_type = {"Content-Type": "multipart/form-data; boundary=b"}
    path = f"{server.url}/ims/token/v4?client_id=c&client_secret=s"
    for body in (b"--b--\r\n", b"--b\r\nnothing--b--\r\n"):
        answer = httpx.post(path, content=body, headers=content_type)
        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_request"
