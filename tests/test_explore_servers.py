"""Exploring and testing connections that point at an HTTP server on this machine: what a run would read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from threading import Event
from typing import Any

import httpx
import pytest

from emulator.services.flow import configs as configs_service
from emulator.services.flow import explore as explore_service
from tests.exploring import encoded, explore, found, server_over
from tests.local_api import Asked, LocalApi, Says, local_api
from tests.support import FLOW, STRIPE, Api, Document, assert_refused, spec
from tests.test_explore_databases import free_port

SECRET = "never-to-be-seen"
INTEGER = {"type": "integer", "minimum": -9007199254740992, "maximum": 9007199254740991}


def things(asked: Asked) -> Says:
    """Two pages of things."""
    if asked.query.get("starting_after") == ["2"]:
        return Says({"data": [{"id": 3, "late": True}], "has_more": False})
    return Says({"data": [{"id": 1, "name": "a"}, {"id": 2}], "has_more": True})


@pytest.fixture
def shop() -> Iterator[LocalApi]:
    with local_api(things) as running:
        yield running


def stripe(api: Api, url: str, **params: Any) -> str:
    auth = {"specName": "OAuth2 Refresh Code", "params": {"host": url, "accessToken": SECRET, **params}}
    return api.base_connection(STRIPE, auth=auth)


def own_source(api: Api, **attributes: Any) -> str:
    """A self-serve spec."""
    body = {
        "name": "Mine",
        "providerId": "p",
        "sourceSpec": {"type": "RestStorage", "spec": {"type": "object"}, "attributes": attributes},
        "exploreSpec": {"type": "Resource"},
    }
    answer = api.http.post(f"{FLOW}/connectionSpecs", json=body)
    assert answer.status_code == 201, answer.text
    made: str = answer.json()["id"]
    return made


def looked_at(api: Api, connection: str, resource: str | None = "things", **params: Any) -> httpx.Response:
    asked = {"objectType": "rest", "object": "json", "fileType": "json", "preview": "true"} | params
    if resource is not None:
        asked["sourceParams"] = encoded({"resourcePath": resource})
    return explore(api, connection, **asked)


def verdict(api: Api, connection: str) -> Document:
    result: Document = found(api.http.get(f"{FLOW}/connections/{connection}/test"))
    return result


# --- the first page


def test_the_first_page_is_shown_as_a_run_reads_it(api: Api, shop: LocalApi) -> None:
    explored = found(looked_at(api, stripe(api, f"{shop.url}/v1")))
    assert explored["data"] == [{"data": {"id": 1, "name": "a"}}, {"data": {"id": 2}}]
    assert explored["schema"]["properties"]["data"]["properties"] == {"id": INTEGER, "name": {"type": "string"}}
    (asked,) = shop.asked
    assert (asked.method, asked.path, asked.query) == ("GET", "/v1/things", {})
    assert asked.headers["authorization"] == f"Bearer {SECRET}"


def test_records_are_shown_when_they_are_asked_for_and_as_many(api: Api, shop: LocalApi) -> None:
    connection = stripe(api, shop.url)
    assert set(found(looked_at(api, connection, preview="false"))) == {"format", "schema"}
    explored = found(looked_at(api, connection, previewCount="1"))
    assert explored["data"] == [{"data": {"id": 1, "name": "a"}}]
    assert "name" in explored["schema"]["properties"]["data"]["properties"]


def test_an_answer_without_records_has_an_empty_shape(api: Api) -> None:
    with local_api(lambda _: Says({"data": []})) as shop:
        explored = found(looked_at(api, stripe(api, shop.url)))
    assert (explored["schema"], explored["data"]) == ({"type": "object", "properties": {}}, [])


def test_a_spec_of_ones_own_is_asked_as_it_documents(api: Api, shop: LocalApi) -> None:
    made = own_source(
        api,
        urlParams={"host": shop.url, "path": "/lists/${listId}", "method": "GET", "queryParams": {"kind": "x"}},
        headerParams={"X-Key": "${accessToken}"},
        contentPath={"path": "$.data", "overrideWrapperAttribute": "thing"},
        paginationParams={"type": "OFFSET", "limitName": "count", "limitValue": "2", "offSetName": "from"},
    )
    auth = {"specName": "any", "params": {"accessToken": SECRET}}
    connection = api.make("connections", {"name": "x", "connectionSpec": spec(made), "auth": auth})
    explored = found(looked_at(api, connection, None, sourceParams=encoded({"listId": "a b"})))
    assert [record["thing"]["id"] for record in explored["data"]] == [1, 2]
    (asked,) = shop.asked
    assert asked.path == "/lists/a%20b"
    assert asked.query == {"kind": ["x"], "count": ["2"], "from": ["0"]}
    assert asked.headers["x-key"] == SECRET


def test_a_refused_token_is_renewed_once_as_in_runs(api: Api) -> None:
    def answers(asked: Asked) -> Says:
        if asked.method == "POST":
            return Says({"access_token": "fresh"})
        return things(asked) if asked.headers["authorization"] == "Bearer fresh" else Says(None, 401)

    with local_api(answers) as shop:
        connection = stripe(api, shop.url, accessTokenUrl=f"{shop.url}/token", refreshToken="r")
        assert len(found(looked_at(api, connection))["data"]) == 2
        assert verdict(api, connection) == {"result": True}


def test_what_explore_shows_a_flow_lands(api: Api) -> None:
    with local_api(lambda _: Says({"data": [{"id": "a", "created": 1}, {"id": "b", "created": 2}]})) as shop:
        connection = stripe(api, shop.url)
        explored = found(looked_at(api, connection, "charges"))
        target = api.target()
        schedule = {"startTime": "1625040887", "frequency": "minute", "interval": 15, "backfill": "true"}
        source = api.source_connection(connection)
        body = api.flow_body(source, target, {"data.id": "_test.id"}, scheduleParams=schedule)
        run = api.first_run(api.make("flows", body))
    assert run["metrics"]["statusSummary"]["status"] == "success", run
    records = api.records(target.dataset)["items"]
    assert [record["_test"]["id"] for record in records] == [record["data"]["id"] for record in explored["data"]]


def test_a_server_goes_before_put_data_as_it_does_in_runs(api: Api, shop: LocalApi) -> None:
    connection = stripe(api, shop.url)
    answer = api.http.put(f"/__admin/connections/{connection}/data/things", json=[{"data": {"id": 77}}])
    assert answer.is_success, answer.text
    assert [record["data"]["id"] for record in found(looked_at(api, connection))["data"]] == [1, 2]


def test_the_facts_of_a_source_hold_for_its_server(tmp_path: Any, shop: LocalApi) -> None:
    folder = tmp_path / "stripe"
    folder.mkdir()
    (folder / "source.json").write_text(json.dumps({"wrapper": "item", "resourceParameter": "what"}))
    with server_over(tmp_path) as api:
        answer = looked_at(api, stripe(api, shop.url), None, sourceParams=encoded({"what": "some/things"}))
        assert found(answer)["data"][1] == {"item": {"id": 2}}
    assert shop.asked[0].path == "/some/things"


# --- trouble


def said_of(answer: httpx.Response, *mentions: str) -> None:
    body = assert_refused(answer, "CONNECTOR-1308-400")
    assert [text for text in mentions if text not in body["errorMessage"]] == [], body["errorMessage"]
    assert SECRET not in json.dumps(body)


@pytest.mark.parametrize(
    ("says", "mentions"),
    [
        (Says(None, 401), ("401 Unauthorized", "credentials", "auth.params")),
        (Says(None, 403), ("403 Forbidden", "credentials")),
        (Says(None, 404), ("/things answered 404 Not Found", "resource")),
        (Says(None, 400), ("400 Bad Request",)),
        (Says(None, 429, {"Retry-After": "30"}), ("429 Too Many Requests", "later")),
        (Says(None, 503), ("503 Service Unavailable",)),
        (Says(drop=True), ("cannot be read", "Start the server")),
        (Says(b"<html>"), ("no JSON",)),
        (Says([1, 2]), ("Record 1",)),
        (Says(None, 302, {"Location": "http://example.com/"}), ("only this machine is asked",)),
    ],
)
def test_trouble_is_refused_at_once_with_what_would_be_right(api: Api, says: Says, mentions: tuple[str, ...]) -> None:
    with local_api(lambda _: says) as shop:
        said_of(looked_at(api, stripe(api, shop.url)), shop.url, *mentions)
        assert len(shop.asked) == 1


def test_a_server_that_is_not_there_is_refused_with_its_address(api: Api) -> None:
    connection = stripe(api, f"http://127.0.0.1:{free_port()}/v1")
    said_of(looked_at(api, connection), "/v1/things cannot be read", "Connection refused", "auth.params")
    result = verdict(api, connection)
    assert result["result"] is False
    assert "Connection refused" in result["errorMessage"]
    assert "auth.params" in result["errorMessage"]


def test_nobody_waits_for_a_server_that_never_answers(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    for service in (explore_service, configs_service):
        monkeypatch.setattr(service, "WITHIN_S", 0.1)
    done = Event()

    def slow(_: Asked) -> Says:
        done.wait(10)
        return Says([])

    with local_api(slow) as shop:
        connection = stripe(api, shop.url)
        said_of(looked_at(api, connection), "no answer in time")
        assert "no answer in time" in verdict(api, connection)["errorMessage"]
        done.set()


def test_others_are_answered_while_a_server_is_waited_for(api: Api) -> None:
    seen: list[int] = []

    def slow(_: Asked) -> Says:
        # Whoever is explored asks the emulator in turn.
        with httpx.Client(base_url=api.http.base_url, headers=api.http.headers, timeout=5) as other:
            seen.append(other.get(f"{FLOW}/connections").status_code)
        return Says([{"id": 1}])

    with local_api(slow) as shop:
        connection = stripe(api, shop.url)
        found(looked_at(api, connection))
        assert verdict(api, connection) == {"result": True}
    assert seen == [200, 200]


def test_no_other_machine_is_asked(api: Api) -> None:
    connection = stripe(api, "https://api.stripe.example")
    assert len(found(looked_at(api, connection, "charges"))["data"]) == 10
    assert verdict(api, connection) == {"result": True}


# --- the test of an account


@pytest.mark.parametrize(
    ("status", "passes"),
    [(200, True), (404, True), (405, True), (401, False), (403, False), (429, False), (500, False)],
)
def test_an_account_passes_where_its_server_takes_it_whatever_it_has(api: Api, status: int, passes: bool) -> None:
    with local_api(lambda _: Says(None, status)) as shop:
        connection = stripe(api, f"{shop.url}/v1")
        result = verdict(api, connection)
        (asked,) = shop.asked
        assert (asked.path, asked.headers["authorization"]) == ("/v1", f"Bearer {SECRET}")
    assert result["result"] is passes
    assert SECRET not in json.dumps(result)
    if not passes:
        assert f"/v1 answered {status}" in result["errorMessage"]


def test_an_account_that_may_not_be_used_is_not_shown_to_its_server(api: Api, shop: LocalApi) -> None:
    auth = {"specName": "OAuth2 Refresh Code", "params": {"host": shop.url, "accessToken": SECRET}}
    connection = api.base_connection(auth=auth, state="disabled")
    assert verdict(api, connection)["result"] is False
    assert shop.asked == []


def test_a_spec_that_reads_by_another_method_says_so(api: Api, shop: LocalApi) -> None:
    made = own_source(api, urlParams={"host": shop.url, "path": "/search", "method": "POST"})
    connection = api.make("connections", {"name": "x", "connectionSpec": spec(made)})
    said_of(looked_at(api, connection, None), "POST", "only GET")
    assert "only GET" in verdict(api, connection)["errorMessage"]
    assert shop.asked == []
