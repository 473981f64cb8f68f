"""Secrets among the parameters of connections: shown to nobody, and there for runs and patches."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.local_api import LocalApi, Says, local_api
from tests.support import FLOW, SALESFORCE, Api, Document, spec

CANARY = "canary-51c0ffee"
GENERIC = "4e98f16f-87d6-4ef0-bdc6-7a2b0fe76e62"
DEEP: Document = {
    "password": CANARY,
    "x": {"clientSecret": CANARY, "colour": "red", "tokenUrl": "https://x"},
    "list": [{"token": CANARY, "n": 1}, "plain", [{"apiKey": {"of": [CANARY]}}]],
    "hasPassword": True,
    "secret": None,
}
SEEN: Document = {
    "password": "xxxx",
    "x": {"clientSecret": "xxxx", "colour": "red", "tokenUrl": "https://x"},
    "list": [{"token": "xxxx", "n": 1}, "plain", [{"apiKey": "xxxx"}]],
    "hasPassword": True,
    "secret": None,
}
BASIC = {"username": "u", "password": "p4ssw0rd", "securityToken": "t0ken"}


@pytest.fixture
def things() -> Iterator[LocalApi]:
    with local_api(lambda _: Says([{"id": "1"}])) as found:
        yield found


def three(api: Api) -> dict[str, str]:
    """One connection of each kind, each with the same parameters."""
    auth = {"specName": "Basic Authentication", "params": BASIC | {"unknown": DEEP}}
    base = api.base_connection(SALESFORCE, auth=auth, params=DEEP)
    target: Document = {"name": "t", "connectionSpec": spec(SALESFORCE), "params": DEEP}
    params = {"tableName": "Contact", **DEEP}
    return {
        "connections": base,
        "sourceConnections": api.source_connection(base, SALESFORCE, data={"format": "tabular"}, params=params),
        "targetConnections": api.make("targetConnections", target),
    }


@pytest.mark.parametrize("kind", ["connections", "sourceConnections", "targetConnections"])
def test_parameters_called_like_secrets_are_hidden_however_deep_they_lie(api: Api, kind: str) -> None:
    made = three(api)[kind]
    item = api.item(kind, made)
    assert {name: value for name, value in item["params"].items() if name != "tableName"} == SEEN
    if kind == "connections":
        assert item["auth"]["params"]["unknown"] == SEEN
    for path in (f"{FLOW}/{kind}", f"{FLOW}/{kind}/{made}", "/__admin/export"):
        assert CANARY not in api.http.get(path).text
    assert CANARY in api.http.get("/__admin/export?secrets=true").text


@pytest.mark.parametrize("kind", ["connections", "sourceConnections", "targetConnections"])
def test_a_patch_works_on_what_was_sent(api: Api, kind: str) -> None:
    made = three(api)[kind]
    kept = api.http.get("/__admin/export?secrets=true").text.count(CANARY)
    assert api.patch(kind, made, [{"op": "replace", "path": "/name", "value": "New"}]).status_code == 200
    assert api.http.get("/__admin/export?secrets=true").text.count(CANARY) == kept
    gone = {"op": "remove", "path": "/params/list/0"}
    assert api.patch(kind, made, [gone, {"op": "add", "path": "/params/plain", "value": "seen"}]).status_code == 200
    params = api.item(kind, made)["params"]
    assert (params["plain"], params["list"], params["x"]) == ("seen", SEEN["list"][1:], SEEN["x"])
    assert api.http.get("/__admin/export?secrets=true").text.count(CANARY) == kept - 1


def test_an_export_without_secrets_keeps_all_other_parameters(api: Api) -> None:
    made = three(api)["sourceConnections"]
    before = api.item("sourceConnections", made)["params"]
    assert api.http.post("/__admin/import", content=api.http.get("/__admin/export").content).status_code == 200
    renamed = [{"op": "replace", "path": "/name", "value": "New"}]
    assert api.patch("sourceConnections", made, renamed).status_code == 200
    assert api.item("sourceConnections", made)["params"] == before


def test_a_run_reads_with_the_secrets_of_its_source_and_no_export_shows_what_the_flow_keeps(
    api: Api, things: LocalApi
) -> None:
    auth = {"specName": "Basic Authentication", "params": {"host": things.url, "username": "u", "password": "p"}}
    params = {"resourcePath": "things", "apiToken": CANARY}
    source = api.source_connection(api.base_connection(GENERIC, auth=auth), GENERIC, params=params)
    flow = api.make("flows", api.flow_body(source, api.target(), {"id": "_test.id"}))
    run = api.first_run(flow)
    assert run["metrics"]["statusSummary"]["status"] == "success"
    assert things.asked[0].query["apiToken"] == [CANARY]
    assert CANARY not in api.http.get("/__admin/export").text
    assert CANARY not in str(run)
