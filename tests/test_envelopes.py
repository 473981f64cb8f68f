"""Requests that no rule of a service gets to see: no such path, wrong method, no JSON, too large."""

from __future__ import annotations

import pytest

from tests.support import CATALOG, FLOW, HTTP_API, MAPPING_SETS, REGISTRY, STRIPE, Api, assert_refused, spec


def test_an_unknown_path_names_the_nearest_one(api: Api) -> None:
    body = assert_refused(api.http.get(f"{FLOW}/connection"), "CONNECTOR-1003-404")
    assert "GET /data/foundation/flowservice/connection." in body["errorMessage"]
    assert body["errorMessage"].endswith("The nearest path that is: /data/foundation/flowservice/connections.")


def test_an_unknown_path_outside_every_service_is_answered_in_json_too(api: Api) -> None:
    for path in ("/", "/nowhere/at/all", "/data/foundation"):
        assert_refused(api.http.get(path), "CONNECTOR-1003-404")


@pytest.mark.parametrize("path", ["/connections", "/connections/", "/runs", "/runs/", "/flowSpecs/"])
def test_every_path_is_served_with_and_without_its_trailing_slash(api: Api, path: str) -> None:
    assert api.http.get(FLOW + path).status_code == 200


def test_a_method_that_a_path_does_not_know_is_answered_with_those_it_does(api: Api) -> None:
    answer = api.http.put(f"{FLOW}/connections", json={})
    assert_refused(answer, "CONNECTOR-1000-405")
    assert answer.headers["allow"] == "GET, POST"


def test_head_is_get_without_a_body(api: Api) -> None:
    head, get = api.http.head(f"{FLOW}/connections"), api.http.get(f"{FLOW}/connections")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == get.headers["content-length"]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (b'{"name": "x",}', "line 1 column 13"),
        (b'{\n  "name": "x"\n  "a": 1}', "line 3 column 3"),
        (b"{", "line 1 column 2"),
        (b'{"name": NaN}', "line 1 column 10"),
        (b'\xff\xfe{"a":1}', "line 1 column 1"),
    ],
)
def test_malformed_json_is_refused_with_line_and_column(api: Api, text: bytes, where: str) -> None:
    answer = api.http.post(f"{FLOW}/connections", content=text, headers={"Content-Type": "application/json"})
    assert where in assert_refused(answer, "CONNECTOR-1000-400")["errorMessage"]
    assert api.http.get(f"{FLOW}/connections").json()["items"] == []


@pytest.mark.parametrize("value", [[], "text", 5, True])
def test_a_body_that_is_no_object_is_refused(api: Api, value: object) -> None:
    assert_refused(api.http.post(f"{FLOW}/flows", json=value), "CONNECTOR-1000-400")


@pytest.mark.parametrize("text", [b"", b"null", b"{}", b"  "])
def test_an_empty_body_is_refused_as_documented(api: Api, text: bytes) -> None:
    answer = api.http.post(f"{FLOW}/flows", content=text, headers={"Content-Type": "application/json"})
    assert_refused(answer, "FLOW-1405-400")


def test_a_body_without_content_type_is_refused_by_the_platform(api: Api) -> None:
    request = api.http.build_request("POST", f"{FLOW}/connections", content=b"{}")
    answer = api.http.send(request)
    assert answer.status_code == 400
    assert answer.json() == {
        "type": "/placeholder/type/uri",
        "status": 400,
        "title": "BadRequestError",
        "detail": "A valid content-type must be specified",
    }


def test_another_content_type_is_unsupported(api: Api) -> None:
    answer = api.http.post(f"{FLOW}/connections", content=b"<a/>", headers={"Content-Type": "text/xml"})
    assert "text/xml" in assert_refused(answer, "CONNECTOR-1004-415")["errorMessage"]


def test_json_sent_as_the_form_that_curl_names_by_default_is_read(api: Api) -> None:
    made = api.base_connection()
    headers = {
        "If-Match": api.item("connections", made)["etag"],
        "Content-Type": "application/x-www-form-urlencoded",
    }
    operations = b'[{"op":"replace","path":"/name","value":"New"}]'
    assert api.http.patch(f"{FLOW}/connections/{made}", content=operations, headers=headers).status_code == 200


def test_a_body_over_the_limit_is_too_large(api: Api) -> None:
    body = {"name": "x" * 11_000_000, "connectionSpec": spec(STRIPE)}
    answer = api.http.post(f"{FLOW}/connections", json=body)
    assert "10485760 bytes" in assert_refused(answer, "CONNECTOR-1000-413")["errorMessage"]


def test_a_body_over_the_limit_that_comes_in_chunks_is_too_large(api: Api) -> None:
    def chunks() -> object:
        for _ in range(12):
            yield b"x" * 1_000_000

    headers = {"Content-Type": "application/json"}
    answer = api.http.post(f"{FLOW}/connections", content=chunks(), headers=headers)  # type: ignore[arg-type]
    assert_refused(answer, "CONNECTOR-1000-413")


@pytest.mark.parametrize("path", [f"{FLOW}/connections/a%00b", f"{FLOW}/connections?property=name==a%00b"])
def test_a_null_character_in_the_address_is_refused(api: Api, path: str) -> None:
    assert_refused(api.http.get(path), "CONNECTOR-1000-400")


def test_a_null_character_in_a_body_is_refused(api: Api) -> None:
    auth = {"specName": "Streaming Connection", "params": {"dataType": "raw"}}
    body = {"name": "a\0b", "connectionSpec": spec(HTTP_API), "auth": auth}
    assert_refused(api.http.post(f"{FLOW}/connections", json=body), "CONNECTOR-1000-400")


def test_a_deep_body_is_refused_and_breaks_nothing(api: Api) -> None:
    text = b'{"name":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    answer = api.http.post(f"{FLOW}/connections", content=text, headers={"Content-Type": "application/json"})
    assert_refused(answer, "CONNECTOR-1000-400")


def test_an_unknown_query_parameter_is_refused_by_name(api: Api) -> None:
    body = assert_refused(api.http.get(f"{FLOW}/flows?testParam=1"), "FLOW-1451-400", "testParam")
    assert "Invalid params testParam provided in query params." in body["errorMessage"]


def test_other_services_refuse_in_their_own_words(api: Api) -> None:
    registry = api.http.get(f"{REGISTRY}/tenant/schemas/none", headers={"Accept": "application/json"}).json()
    assert registry["type"] == "http://ns.adobe.com/aep/errors/XDM-1007-400"
    assert registry["detail"] == registry["report"]["detailed-message"]
    for path in (f"{CATALOG}/dataSets/none", f"{MAPPING_SETS}/none"):
        answer = api.http.get(path)
        assert answer.status_code == answer.json()["status"] == 404
        assert "none" in answer.json()["detail"]
    admin = api.http.get("/__admin/datasets/none/records")
    assert admin.json() == {"error": "not_found", "message": "There is no dataset none."}
