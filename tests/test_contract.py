"""The check of every answer notices what differs from the documents, and what is wrong with it."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.contract import Undocumented, check
from tests.support import CATALOG, FLOW

ID = "5e8a6c3c-1d8f-4a0b-9a51-3e8a2f6d9c10"
HEALTH = "/__admin/health"
REFUSAL = {"error": "not_found", "message": "There is nothing."}
JSON = "application/json"


def answer(
    method: str, path: str, status: int, body: Any = None, media: str | None = JSON, **headers: str
) -> httpx.Response:
    """An answer as a client sees it, with all that is always there."""
    given = {"x-request-id": ID, **headers} | ({"content-type": media} if media else {})
    content = b"" if body is None else json.dumps(body).encode()
    request = httpx.Request(method, f"http://127.0.0.1:8237{path}")
    return httpx.Response(status, headers=given, content=content, request=request)


@pytest.mark.parametrize(
    "fine",
    [
        answer("GET", HEALTH, 200, {"status": "ok"}),
        answer("GET", f"{HEALTH}/", 200, {"status": "ok"}),
        answer("HEAD", HEALTH, 200),
        answer("POST", HEALTH, 405, REFUSAL, allow="GET"),
        answer("GET", "/nowhere", 404, REFUSAL),
        answer("DELETE", f"{FLOW}/flows/{ID}", 204, media=None),
        answer("GET", f"{CATALOG}/dataSets?limit=1", 200, {}),
    ],
    ids=lambda fine: f"{fine.request.method} {fine.request.url.path}",
)
def test_an_answer_as_documented_passes(fine: httpx.Response) -> None:
    check(fine)


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        (answer("GET", HEALTH, 418, {"status": "ok"}), "admin: getHealth.*418.*not documented"),
        (answer("GET", HEALTH, 200, {"status": "ill"}), "admin: getHealth.*200.*at status: "),
        (answer("GET", HEALTH, 200, {"status": "ok", "since": 1}), "at the top: .*since"),
        (answer("GET", HEALTH, 200, {"status": "ok"}, "text/plain"), "content type text/plain, documented: .*json"),
        (answer("GET", HEALTH, 200, {"status": "ok"}, **{"x-request-id": "1"}), "header x-request-id is '1'"),
        (answer("GET", f"{HEALTH}?deep=1", 200, {"status": "ok"}), "undocumented query parameter deep"),
        (answer("POST", HEALTH, 200, {"status": "ok"}), "does not have.*expected 405"),
        (answer("POST", HEALTH, 405, REFUSAL, allow="GET, POST"), "Allow is GET, POST, documented: GET"),
        (answer("POST", HEALTH, 405, {"oh": "no"}, allow="GET"), "at the top: .*error"),
        (answer("GET", "/nowhere", 200, {}), "no document has this path"),
        (answer("GET", "/nowhere", 404, {"oh": "no"}), "no document has such a refusal"),
        (answer("DELETE", f"{FLOW}/flows/{ID}", 204, {}), "a body of type application/json, where none"),
        (answer("GET", f"{FLOW}/flows/{ID}", 200, {"items": [{"id": ID}]}), "flow-service: getFlow.*at items/0: "),
    ],
    ids=lambda case: case if isinstance(case, str) else "",
)
def test_an_answer_that_differs_is_named_with_what_is_wrong(wrong: httpx.Response, what: str) -> None:
    with pytest.raises(Undocumented, match=f"(?s){what}"):
        check(wrong)


def test_a_missing_header_is_noticed() -> None:
    bare = httpx.Response(200, json={"status": "ok"}, request=httpx.Request("GET", f"http://127.0.0.1{HEALTH}"))
    with pytest.raises(Undocumented, match="header x-request-id is missing"):
        check(bare)


def test_a_body_that_was_taken_although_no_document_allows_it_is_noticed() -> None:
    request = httpx.Request("POST", f"http://127.0.0.1{FLOW}/connections", json={"name": 1})
    headers = {"x-request-id": ID, "location": f"http://127.0.0.1{FLOW}/connections/{ID}"}
    made = {"id": ID, "etag": '"3bc45c3a-0000-0200-0000-697deec00000"'}
    with pytest.raises(Undocumented, match="the body that was sent does not fit"):
        check(httpx.Response(201, headers=headers, json=made, request=request))


def test_every_client_that_a_test_makes_is_watched() -> None:
    liar = httpx.MockTransport(lambda request: httpx.Response(200, json={"status": "lying"}, request=request))
    with httpx.Client(transport=liar) as http, pytest.raises(Undocumented):
        http.get(f"http://127.0.0.1{HEALTH}")
