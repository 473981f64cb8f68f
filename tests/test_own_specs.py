"""Specs that an organisation writes itself, and what can be made with them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.server import Background
from emulator.settings import Settings
from tests.operating import DAILY, PAIRS, TABLE_FLOW, act, new_sandbox, set_to, without
from tests.support import (
    DATA_LAKE,
    FILE_FLOW,
    FLOW,
    REST_FLOW,
    SDK_FLOW,
    STRIPE,
    Api,
    Document,
    assert_refused,
    client_of,
    spec,
)

UNKNOWN = "84224def-1e2a-4d95-9ea2-132d697ed2aa"
MARIA_DB = "3000eb99-cd47-43f3-827c-43caf170f015"
PROVIDER = "0ed90a81-07f4-4586-8190-b40eccef1c5a"
DRAFT_07 = "http://json-schema.org/draft-07/schema#"
KINDS = ("connectionSpecs", "flowSpecs")
BOTH: dict[str, Document] = {kind: {"name": "Mine", "providerId": PROVIDER} for kind in KINDS}

AUTH: Document = {
    "name": "Key",
    "type": "key",
    "spec": {
        "$schema": DRAFT_07,
        "type": "object",
        "properties": {
            "host": {"type": "string", "pattern": "^https://"},
            "port": {"type": "integer", "minimum": 1},
            "pin": {"type": "string", "format": "password"},
        },
        "required": ["host", "pin"],
        "additionalProperties": True,
    },
}
# What the pages of the SDK have people write.
CONNECTOR: Document = {
    "name": "weather",
    "type": "generic-rest-connector",
    "description": "Weather of every place",
    "providerId": PROVIDER,
    "version": "1.0",
    "attributes": {"category": "Other", "connectorName": "Weather", "isSource": True, "isDraftModeSupported": True},
    "authSpec": [AUTH],
    "sourceSpec": {
        "name": "generic-rest",
        "type": "generic-rest",
        "spec": {
            "$schema": DRAFT_07,
            "type": "object",
            "properties": {
                "resourcePath": {"type": "string"},
                "days": {"type": "integer"},
                "unit": {"type": "string", "enum": ["metric", "imperial"]},
            },
            "required": ["resourcePath"],
        },
    },
    "exploreSpec": {"name": "Resource", "type": "Resource", "requestSpec": {}, "responseSpec": {}},
}
KEYS: Document = {"specName": "Key", "params": {"host": "https://x", "pin": "1234"}}


def write(api: Api, kind: str, body: Any, **sent: Any) -> httpx.Response:
    return api.http.post(f"{FLOW}/{kind}", json=body, **sent)


def written(api: Api, kind: str, body: Document) -> str:
    answer = write(api, kind, body)
    assert answer.status_code == 201, answer.text
    made: str = answer.json()["id"]
    return made


def put(api: Api, kind: str, spec_id: str, body: Any, **sent: Any) -> httpx.Response:
    return api.http.put(f"{FLOW}/{kind}/{spec_id}", json=body, **sent)


def replaced(api: Api, kind: str, spec_id: str, **changes: Any) -> Document:
    """The spec as it is shown, with some of it put in another way."""
    answer = put(api, kind, spec_id, api.item(kind, spec_id) | changes)
    assert answer.status_code == 200, answer.text
    body: Document = answer.json()
    return body


def listed(api: Api, kind: str, text: str | None = None) -> list[str]:
    params = {} if text is None else {"property": text}
    return [item["id"] for item in api.http.get(f"{FLOW}/{kind}", params=params).json()["items"]]


@pytest.fixture
def stranger(api: Api, server: Background) -> Iterator[Api]:
    """A client of another organisation."""
    with client_of(server.url, f"OTHER{api.org}") as other:
        yield other


# --- writing


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_spec_is_answered_as_it_is_and_without_an_etag(api: Api, kind: str) -> None:
    answer = write(api, kind, BOTH[kind] | {"attributes": {"a": 1}})
    assert answer.status_code == 201
    body = answer.json()
    assert {name: body[name] for name in ("name", "providerId", "version", "attributes")} == {
        **BOTH[kind],
        "version": "1.0",
        "attributes": {"a": 1},
    }
    assert not {"etag", "items", "_links", "createdAt"} & set(body)
    assert answer.headers["location"].endswith(f"{FLOW}/{kind}/{body['id']}")
    (item,) = api.http.get(f"{FLOW}/{kind}/{body['id']}").json()["items"]
    assert item == body


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_spec_comes_first_in_the_list_and_is_found_by_property(api: Api, kind: str) -> None:
    before = listed(api, kind)
    made = [written(api, kind, BOTH[kind]) for _ in range(2)]
    assert listed(api, kind) == [*made[::-1], *before]
    assert listed(api, kind, "name==mine") == made[::-1]
    assert listed(api, kind, f"id=={made[0]}") == [made[0]]
    assert listed(api, kind, "name!=Mine") == before
    assert set(made) < set(listed(api, kind, f"providerId=={PROVIDER}"))


def test_a_new_connection_spec_is_found_by_its_attributes(api: Api) -> None:
    made = written(api, "connectionSpecs", CONNECTOR)
    assert listed(api, "connectionSpecs", 'attributes.connectorName="weather"') == [made]


@pytest.mark.parametrize("kind", KINDS)
def test_a_spec_is_replaced_as_a_whole_without_an_etag(api: Api, kind: str) -> None:
    made = written(api, kind, BOTH[kind] | {"attributes": {"a": 1}})
    answer = put(api, kind, made, {"name": "Other", "providerId": "p", "version": "2.0"})
    assert answer.status_code == 200
    body = answer.json()
    assert (body["id"], body["name"], body["providerId"], body["version"]) == (made, "Other", "p", "2.0")
    assert not {"attributes", "etag", "items"} & set(body)
    assert api.item(kind, made) == body
    assert listed(api, kind, "name==Mine") == []
    for headers in ({"If-Match": '"stale"'}, {"If-Match": ""}):
        assert put(api, kind, made, BOTH[kind], headers=headers).status_code == 200


@pytest.mark.parametrize("kind", KINDS)
def test_a_spec_as_it_is_shown_may_be_put_back(api: Api, kind: str) -> None:
    # Of some specs that ship with us no provider is published, and every spec that is written names one.
    for before in api.http.get(f"{FLOW}/{kind}", params={"property": f"providerId=={PROVIDER}"}).json()["items"][:9]:
        spec_id = before["id"]
        assert put(api, kind, spec_id, before).json() == before
        assert api.item(kind, spec_id) == before


@pytest.mark.parametrize("spelling", ["transformationSpecDTOS", "transformationSpecDTOs", "transformationSpec"])
def test_transformations_are_answered_in_one_spelling(api: Api, spelling: str) -> None:
    parts = [{"name": "Mapping", "spec": {"type": "object"}}]
    made = written(api, "flowSpecs", BOTH["flowSpecs"] | {spelling: parts})
    shown = api.item("flowSpecs", made)
    assert shown["transformationSpecs"] == parts
    assert [name for name in shown if "ransformation" in name] == ["transformationSpecs"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_spec_that_is_not_there_is_not_replaced(api: Api, kind: str) -> None:
    body = assert_refused(put(api, kind, UNKNOWN, BOTH[kind]), "FLOW-1439-404")
    assert (body["report"]["id"], body["report"]["type"]) == (UNKNOWN, kind)
    assert UNKNOWN not in listed(api, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_a_spec_is_never_deleted_or_patched(api: Api, kind: str) -> None:
    made = written(api, kind, BOTH[kind])
    path = f"{FLOW}/{kind}/{made}"
    assert api.http.delete(path).status_code == 405
    assert api.http.patch(path, json=set_to("/name", "x"), headers={"If-Match": "*"}).status_code == 405
    assert api.item(kind, made)["name"] == "Mine"


BAD: list[tuple[tuple[str, ...], Document, str, str | None]] = [
    (KINDS, {"name": None}, "CONNECTOR-1304-400", "name"),
    (KINDS, {"name": ""}, "CONNECTOR-1304-400", "name"),
    (KINDS, {"name": 5}, "CONNECTOR-1312-400", "name"),
    (KINDS, {"providerId": None}, "CONNECTOR-1304-400", "providerId"),
    (KINDS, {"providerId": ["p"]}, "CONNECTOR-1312-400", "providerId"),
    (KINDS, {"version": 1}, "CONNECTOR-1312-400", "version"),
    (KINDS, {"type": {}}, "CONNECTOR-1312-400", "type"),
    (KINDS, {"id": UNKNOWN}, "CONNECTOR-1312-400", "id"),
    (KINDS, {"attributes": []}, "CONNECTOR-1312-400", "attributes"),
    (KINDS, {"permissionsInfo": "all"}, "CONNECTOR-1312-400", "permissionsInfo"),
    (KINDS, {"policy": 5}, "CONNECTOR-1312-400", "policy"),
    (KINDS, {"entitlementInfo": {}}, "CONNECTOR-1312-400", "entitlementInfo"),
    (KINDS, {"entitlementInfo": ["x"]}, "CONNECTOR-1312-400", "entitlementInfo"),
    (("connectionSpecs",), {"authSpec": AUTH}, "CONNECTOR-1312-400", "authSpec"),
    (("connectionSpecs",), {"authSpec": [None]}, "CONNECTOR-1312-400", "authSpec"),
    (("connectionSpecs",), {"authSpec": [{"spec": {}}]}, "CONNECTOR-1304-400", "authSpec[0].name"),
    (("connectionSpecs",), {"authSpec": [AUTH, AUTH | {"name": 5}]}, "CONNECTOR-1312-400", "authSpec[1].name"),
    (("connectionSpecs",), {"authSpec": [AUTH | {"spec": []}]}, "CONNECTOR-1312-400", "authSpec[0].spec"),
    (
        ("connectionSpecs",),
        {"authSpec": [AUTH | {"spec": {"type": "text"}}]},
        "CONNECTOR-1312-400",
        "authSpec[0].spec",
    ),
    (
        ("connectionSpecs",),
        {"authSpec": [AUTH | {"spec": {"properties": {"a": True}}}]},
        "CONNECTOR-1312-400",
        "authSpec[0].spec.properties",
    ),
    (
        ("connectionSpecs",),
        {"authSpec": [AUTH | {"spec": {"properties": {"a": {"pattern": "("}}}}]},
        "CONNECTOR-1312-400",
        "authSpec[0].spec",
    ),
    (
        ("connectionSpecs",),
        {"authSpec": [AUTH | {"spec": {"$ref": "#/nowhere"}}]},
        "CONNECTOR-1312-400",
        "authSpec[0].spec",
    ),
    (("connectionSpecs",), {"sourceSpec": "rest"}, "CONNECTOR-1312-400", "sourceSpec"),
    (("connectionSpecs",), {"sourceSpec": {"spec": 5}}, "CONNECTOR-1312-400", "sourceSpec.spec"),
    (("connectionSpecs",), {"targetSpec": {"spec": {"required": "a"}}}, "CONNECTOR-1312-400", "targetSpec.spec"),
    (("connectionSpecs",), {"exploreSpec": []}, "CONNECTOR-1312-400", "exploreSpec"),
    (("connectionSpecs",), {"exploreSpec": {"requestSpec": 5}}, "CONNECTOR-1312-400", "exploreSpec.requestSpec"),
    (("connectionSpecs",), {"attributes": {"category": 5}}, "CONNECTOR-1312-400", "attributes.category"),
    (("connectionSpecs",), {"encryptionSpecs": "PGP"}, "CONNECTOR-1312-400", "encryptionSpecs"),
    (("flowSpecs",), {"sourceConnectionSpecIds": STRIPE}, "CONNECTOR-1312-400", "sourceConnectionSpecIds"),
    (("flowSpecs",), {"targetConnectionSpecIds": [5]}, "CONNECTOR-1312-400", "targetConnectionSpecIds"),
    (("flowSpecs",), {"transformationSpecDTOS": {}}, "CONNECTOR-1312-400", "transformationSpecs"),
    (("flowSpecs",), {"transformationSpecs": ["Mapping"]}, "CONNECTOR-1312-400", "transformationSpecs"),
    (("flowSpecs",), {"transformationSpecs": [{}]}, "CONNECTOR-1304-400", "transformationSpecs[0].name"),
    (("flowSpecs",), {"scheduleSpec": "daily"}, "CONNECTOR-1312-400", "scheduleSpec"),
    (("flowSpecs",), {"attributes": {"frequency": ["batch"]}}, "CONNECTOR-1312-400", "attributes.frequency"),
]


@pytest.mark.parametrize(
    ("kind", "changes", "code", "field"),
    [(kind, changes, code, field) for kinds, changes, code, field in BAD for kind in kinds],
)
def test_a_bad_spec_is_refused_and_changes_nothing(
    api: Api, kind: str, changes: Document, code: str, field: str | None
) -> None:
    made = written(api, kind, BOTH[kind])
    before = api.item(kind, made), listed(api, kind)
    assert_refused(write(api, kind, BOTH[kind] | changes), code, field)
    assert_refused(put(api, kind, made, BOTH[kind] | changes), code, field)
    assert (api.item(kind, made), listed(api, kind)) == before


@pytest.mark.parametrize("kind", KINDS)
def test_a_spec_is_an_object(api: Api, kind: str) -> None:
    for answer in (write(api, kind, {}), put(api, kind, listed(api, kind)[0], {})):
        assert_refused(answer, "FLOW-1405-400")
    assert_refused(write(api, kind, [BOTH[kind]]), "CONNECTOR-1000-400")
    assert_refused(write(api, kind, BOTH[kind], params={"mode": "draft"}), "FLOW-1451-400", "mode")


class Watched(BaseHTTPRequestHandler):
    """Counts who comes by."""

    seen = 0

    def do_GET(self) -> None:
        Watched.seen += 1
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"type": "object"}')

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


def test_a_schema_is_fetched_from_nowhere(api: Api, tmp_path: Path) -> None:
    file = tmp_path / "schema.json"
    file.write_text('{"type": "object"}', encoding="utf-8")
    elsewhere = HTTPServer(("127.0.0.1", 0), Watched)
    thread = threading.Thread(target=elsewhere.serve_forever, daemon=True)
    thread.start()
    try:
        for address in (f"http://127.0.0.1:{elsewhere.server_port}/schema.json", file.as_uri()):
            parts: tuple[Document, ...] = (
                {"authSpec": [AUTH | {"spec": {"$ref": address}}]},
                {"authSpec": [AUTH | {"spec": {"properties": {"a": {"$ref": f"{address}#/a"}}}}]},
                {"sourceSpec": {"type": "rest", "spec": {"$schema": address, "type": "object"}}},
            )
            for part in parts:
                answer = write(api, "connectionSpecs", BOTH["connectionSpecs"] | part)
                assert_refused(answer, "CONNECTOR-1312-400")
    finally:
        elsewhere.shutdown()
        elsewhere.server_close()
        thread.join()
    assert Watched.seen == 0


def test_a_name_of_ours_in_a_spec_of_theirs_means_nothing(api: Api) -> None:
    for value in (5, {"alsoSources": 5, "mappingRequired": True}, {"alsoSources": [STRIPE]}):
        body = BOTH["flowSpecs"] | {"emulator": value, "attributes": {"isSourceFlow": True, "frequency": "batch"}}
        made = written(api, "flowSpecs", body)
        source = api.source_connection()
        flow = {"name": "x", "flowSpec": spec(made), "sourceConnectionIds": [source], "targetConnectionIds": [UNKNOWN]}
        assert_refused(api.http.post(f"{FLOW}/flows", json=flow), "CONNECTOR-1312-400", "targetConnectionIds[0]")


# --- who sees them


@pytest.mark.parametrize("kind", KINDS)
def test_a_spec_belongs_to_all_sandboxes_of_its_organisation(api: Api, kind: str) -> None:
    new_sandbox(api)
    there = {"x-sandbox-name": "dev"}
    first = written(api, kind, BOTH[kind])
    second = write(api, kind, BOTH[kind] | {"name": "Of dev"}, headers=there).json()["id"]
    for headers in ({}, there):
        found = api.http.get(f"{FLOW}/{kind}", params={"property": "name==Mine,Of dev"}, headers=headers).json()
        assert [item["id"] for item in found["items"]] == [second, first]
        assert api.http.get(f"{FLOW}/{kind}/{second}", headers=headers).status_code == 200
    assert put(api, kind, first, BOTH[kind] | {"version": "2.0"}, headers=there).status_code == 200
    assert api.item(kind, first)["version"] == "2.0"


def test_a_spec_written_in_one_sandbox_is_used_in_another(api: Api) -> None:
    new_sandbox(api)
    made = written(api, "connectionSpecs", CONNECTOR)
    body = {"name": "x", "connectionSpec": spec(made), "auth": KEYS}
    answer = api.http.post(f"{FLOW}/connections", json=body, headers={"x-sandbox-name": "dev"})
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("kind", KINDS)
def test_a_spec_is_hidden_from_other_organisations(api: Api, stranger: Api, kind: str) -> None:
    before = listed(stranger, kind)
    made = written(api, kind, BOTH[kind])
    assert listed(stranger, kind) == before
    assert_refused(stranger.http.get(f"{FLOW}/{kind}/{made}"), "FLOW-1439-404")
    assert_refused(put(stranger, kind, made, BOTH[kind]), "FLOW-1439-404")
    assert listed(stranger, kind, "name==Mine") == []
    if kind == "connectionSpecs":
        answer = stranger.http.post(f"{FLOW}/connections", json={"name": "x", "connectionSpec": spec(made)})
        assert_refused(answer, "FLOW-1413-400", "connectionSpec.id")
    else:
        body = stranger.flow_body(stranger.source_connection(), stranger.target(), PAIRS, flowSpec=spec(made))
        assert_refused(stranger.http.post(f"{FLOW}/flows", json=body), "FLOW-1413-400", "flowSpec.id")


@pytest.mark.parametrize(("kind", "spec_id"), [("connectionSpecs", STRIPE), ("flowSpecs", REST_FLOW)])
def test_what_replaces_a_shipped_spec_leaves_everything_else(api: Api, stranger: Api, kind: str, spec_id: str) -> None:
    before = {item["id"]: item for item in api.http.get(f"{FLOW}/{kind}").json()["items"]}
    shown = replaced(api, kind, spec_id, name="Replaced")
    assert shown == before[spec_id] | {"name": "Replaced"}
    after = {item["id"]: item for item in api.http.get(f"{FLOW}/{kind}").json()["items"]}
    assert after == before | {spec_id: shown}
    assert listed(api, kind, f"name=={before[spec_id]['name']}") == []
    assert listed(api, kind, "name==replaced") == [spec_id]
    assert {item["id"]: item for item in stranger.http.get(f"{FLOW}/{kind}").json()["items"]} == before


def test_a_misprinted_id_replaces_the_spec_that_it_means(api: Api) -> None:
    body = api.item("connectionSpecs", MARIA_DB) | {"name": "Replaced"}
    assert put(api, "connectionSpecs", MARIA_DB[1:], body).json()["id"] == MARIA_DB
    for spec_id in (MARIA_DB, MARIA_DB[1:]):
        assert api.item("connectionSpecs", spec_id)["name"] == "Replaced"


def test_specs_and_what_uses_them_survive_a_restart(lasting_url: str) -> None:
    settings, org = Settings(port=0, database=lasting_url), "OWN@AdobeOrg"
    with Background(settings) as server, client_of(server.url, org) as api:
        made = written(api, "connectionSpecs", CONNECTOR)
        replaced(api, "flowSpecs", REST_FLOW, sourceConnectionSpecIds=[made])
        base = api.base_connection(made, auth=KEYS)
        source = api.source_connection(base, made, params={"resourcePath": "places"})
    with Background(settings) as server, client_of(server.url, org) as api:
        assert listed(api, "connectionSpecs", "name==weather") == [made]
        assert api.http.get(f"{FLOW}/connections/{base}/test").json() == {"result": True}
        api.make("flows", api.flow_body(source, api.target(), {"id": "_test.id"}, scheduleParams=DAILY))


# --- what is made with them


@pytest.fixture
def connector(api: Api) -> str:
    """The id of a connection spec of one's own."""
    return written(api, "connectionSpecs", CONNECTOR)


@pytest.mark.parametrize(
    ("auth", "code", "field"),
    [
        (None, "CONNECTOR-1304-400", "auth"),
        ({"params": KEYS["params"]}, "CONNECTOR-1304-400", "auth.specName"),
        (KEYS | {"specName": "Password"}, "FLOW-1415-400", "auth.specName"),
        (KEYS | {"params": {"host": "https://x"}}, "CONNECTOR-1304-400", "auth.params.pin"),
        (KEYS | {"params": {"host": "http://x", "pin": "1"}}, "CONNECTOR-1312-400", "auth.params.host"),
        (KEYS | {"params": {"host": "https://x", "pin": 1234}}, "CONNECTOR-1312-400", "auth.params.pin"),
        (
            KEYS | {"params": {"host": "https://x", "pin": "1", "port": 0}},
            "CONNECTOR-1312-400",
            "auth.params.port",
        ),
    ],
)
def test_an_account_is_held_to_the_schema_of_its_spec(
    api: Api, connector: str, auth: Any, code: str, field: str
) -> None:
    body = {"name": "x", "connectionSpec": spec(connector), "auth": auth}
    answer = api.http.post(f"{FLOW}/connections", json=body)
    assert_refused(answer, code, field)
    assert "1234" not in answer.text
    assert api.http.get(f"{FLOW}/connections").json()["items"] == []


def test_what_a_spec_marks_as_secret_is_hidden(api: Api, connector: str) -> None:
    params = KEYS["params"] | {"port": 5, "more": "shown", "apiKey": "looks like one"}
    made = api.base_connection(connector, auth=KEYS | {"params": params})
    assert api.item("connections", made)["auth"]["params"] == params | {"pin": "xxxx", "apiKey": "xxxx"}
    for path in ("connections", f"connections/{made}"):
        text = api.http.get(f"{FLOW}/{path}").text
        assert "1234" not in text
        assert "looks like one" not in text
    assert api.patch("connections", made, set_to("/auth/params/port", 6)).status_code == 200
    assert api.http.get(f"{FLOW}/connections/{made}/test").json() == {"result": True}


def test_an_account_names_its_way_in_any_letter_case(api: Api, connector: str) -> None:
    made = api.base_connection(connector, auth=KEYS | {"specName": "KEY"})
    assert api.item("connections", made)["connectionSpec"] == spec(connector)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"baseConnectionId": None}, "CONNECTOR-1304-400", "baseConnectionId"),
        ({"params": {}}, "CONNECTOR-1304-400", "params.resourcePath"),
        ({"params": {"resourcePath": 5}}, "CONNECTOR-1312-400", "params.resourcePath"),
        ({"params": {"resourcePath": "x", "days": "many"}}, "CONNECTOR-1312-400", "params.days"),
        ({"params": {"resourcePath": "x", "unit": "kelvin"}}, "CONNECTOR-1312-400", "params.unit"),
        ({"data": {"format": "parquet"}}, "CONNECTOR-1327-400", "data.format"),
    ],
)
def test_a_source_is_held_to_the_schema_of_its_spec(
    api: Api, connector: str, changes: Document, code: str, field: str
) -> None:
    body: Document = {
        "name": "x",
        "connectionSpec": spec(connector),
        "baseConnectionId": api.base_connection(connector, auth=KEYS),
        "params": {"resourcePath": "places", "days": "5", "unit": "metric", "more": [1]},
    }
    assert_refused(api.http.post(f"{FLOW}/sourceConnections", json=body | changes), code, field)
    made = api.make("sourceConnections", body)
    assert api.item("sourceConnections", made)["params"] == body["params"]


def test_a_spec_without_ways_to_authenticate_takes_any_account(api: Api) -> None:
    made = written(api, "connectionSpecs", without(CONNECTOR, "authSpec"))
    api.base_connection(made, auth=None)
    account = api.base_connection(made, auth={"specName": "Whatever", "params": {"password": "p4ss", "user": "u"}})
    assert api.item("connections", account)["auth"]["params"] == {"password": "xxxx", "user": "u"}


def test_drafts_are_known_where_the_spec_says_so(api: Api, connector: str) -> None:
    body = {"name": "x", "connectionSpec": spec(connector)}
    assert api.http.post(f"{FLOW}/connections?mode=draft", json=body).status_code == 201
    replaced(api, "connectionSpecs", connector, attributes={"isDraftModeSupported": False})
    answer = api.http.post(f"{FLOW}/connections?mode=draft", json=body)
    assert_refused(answer, "CONNECTOR-1368-400", "mode")


def test_a_flow_spec_takes_a_new_connector_once_it_names_it(api: Api, stranger: Api, connector: str) -> None:
    base = api.base_connection(connector, auth=KEYS)
    source = api.source_connection(base, connector, params={"resourcePath": "places"})
    body = api.flow_body(source, api.target(), {"id": "_test.id"}, scheduleParams=DAILY)
    message = assert_refused(api.http.post(f"{FLOW}/flows", json=body), "FLOW-1413-400", "flowSpec.id")
    assert "sourceConnectionSpecIds" in message["errorMessage"]
    before = api.item("flowSpecs", REST_FLOW)
    known = [*before["sourceConnectionSpecIds"], connector]
    assert replaced(api, "flowSpecs", REST_FLOW, sourceConnectionSpecIds=known)["sourceConnectionSpecIds"] == known
    flow = api.make("flows", body)
    inherited = api.item("flows", flow)["inheritedAttributes"]
    assert inherited["properties"] == {"isSourceFlow": True}
    assert inherited["sourceConnections"] == [
        {
            "id": source,
            "connectionSpec": spec(connector),
            "baseConnection": {"id": base, "connectionSpec": spec(connector)},
        }
    ]
    assert stranger.item("flowSpecs", REST_FLOW) == before
    # What the flow spec took before, it still takes.
    api.make("flows", api.flow_body(api.source_connection(), api.target("Another"), PAIRS, scheduleParams=DAILY))


def test_a_connector_of_ones_own_runs_with_records_of_ones_own(tmp_path: Path) -> None:
    places = tmp_path / "weather" / "places.ndjson"
    places.parent.mkdir()
    places.write_text('{"id": "Lyon", "t": 21.5}\n{"id": "Oslo", "t": 4}\n', encoding="utf-8")
    with Background(Settings(port=0, database="sqlite://", sources=tmp_path)) as server:
        with client_of(server.url, "SDK@AdobeOrg") as api:
            made = written(api, "connectionSpecs", CONNECTOR)
            known = [*api.item("flowSpecs", REST_FLOW)["sourceConnectionSpecIds"], made]
            replaced(api, "flowSpecs", REST_FLOW, sourceConnectionSpecIds=known)
            base = api.base_connection(made, auth=KEYS)
            explored = api.http.get(f"{FLOW}/connections/{base}/explore?objectType=rest&object=json&preview=true")
            assert [row["id"] for row in explored.json()["data"]] == ["Lyon", "Oslo"]
            source = api.source_connection(base, made, params={"resourcePath": "places"})
            target = api.target()
            flow = api.make("flows", api.flow_body(source, target, {"id": "_test.id", "t": "_test.t"}))
            run = api.first_run(flow)
            assert run["activities"][0]["name"] == "Weather Copy Activity"
            landed = [item["_test"] for item in api.records(target.dataset)["items"]]
            assert landed == [{"id": "Lyon", "t": 21.5}, {"id": "Oslo", "t": 4}]


@pytest.mark.parametrize("name", ["../stripe", "..", ".hidden", "a/b", "a\\b", "x" * 300])
def test_the_name_of_a_connector_leads_nowhere_else(tmp_path: Path, name: str) -> None:
    (tmp_path / "stripe").mkdir()
    (tmp_path / "stripe" / "charges.ndjson").write_text('{"id": "secret"}\n', encoding="utf-8")
    (tmp_path / "sources").mkdir()
    with Background(Settings(port=0, database="sqlite://", sources=tmp_path / "sources")) as server:
        with client_of(server.url, "SDK@AdobeOrg") as api:
            made = written(api, "connectionSpecs", CONNECTOR | {"name": name})
            base = api.base_connection(made, auth=KEYS)
            answer = api.http.get(f"{FLOW}/connections/{base}/explore?objectType=rest&object=json&preview=true")
            assert answer.status_code == 400, answer.text
            assert "secret" not in answer.text


def test_a_streaming_connector_of_ones_own_has_an_inlet_for_every_flow(api: Api) -> None:
    streaming = without(CONNECTOR, "authSpec") | {"attributes": {"category": "Streaming", "connectorName": "Weather"}}
    made = written(api, "connectionSpecs", streaming)
    known = [*api.item("flowSpecs", SDK_FLOW)["sourceConnectionSpecIds"], made]
    replaced(api, "flowSpecs", SDK_FLOW, sourceConnectionSpecIds=known)
    body = {"name": "x", "connectionSpec": spec(made), "params": {"resourcePath": "x"}}
    answer = api.http.post(f"{FLOW}/sourceConnections", json=body | {"baseConnectionId": UNKNOWN})
    assert_refused(answer, "CONNECTOR-1332-400", "baseConnectionId")
    target = api.target()
    source = api.make("sourceConnections", body)
    flow = api.flow_body(source, target, {"a": "_test.a"}, flowSpec=spec(SDK_FLOW), scheduleParams=None)
    inlet = api.item("flows", api.make("flows", flow))["options"]["inletUrl"]
    assert api.http.post(inlet, json={"a": 5}).status_code == 200
    assert api.records(target.dataset)["items"] == [{"_test": {"a": 5}}]


def test_a_flow_spec_of_ones_own_is_used(api: Api) -> None:
    shipped = api.item("flowSpecs", REST_FLOW)
    own = without(shipped, "id", "transformationSpecs") | {
        "name": "Mine",
        "sourceConnectionSpecIds": [STRIPE],
        "transformationSpecDTOS": [{"name": "Mapping"}, {"name": "Shine"}],
    }
    made = written(api, "flowSpecs", own)
    source, target = api.source_connection(), api.target()
    body = api.flow_body(source, target, PAIRS, flowSpec=spec(made))
    assert_refused(
        api.http.post(f"{FLOW}/flows", json=body | {"scheduleParams": DAILY | {"interval": 0}}), "CONNECTOR-1362-400"
    )
    shining = [*body["transformations"], {"name": "Shine", "params": {"bright": True}}]
    flow = api.make("flows", body | {"transformations": shining})
    assert api.item("flows", flow)["transformations"] == shining
    assert api.first_run(flow)["metrics"]["recordSummary"]["outputRecordCount"] == 150
    found = api.http.get(f"{FLOW}/flows", params={"property": f"flowSpec.id=={made}"}).json()["items"]
    assert [item["id"] for item in found] == [flow]


def test_a_flow_spec_of_ones_own_takes_only_what_it_names(api: Api) -> None:
    own = without(api.item("flowSpecs", REST_FLOW), "id")
    target = api.target()
    body = api.flow_body(api.source_connection(), target, PAIRS, scheduleParams=DAILY)
    for changes, code, field in (
        ({"sourceConnectionSpecIds": []}, "FLOW-1413-400", "flowSpec.id"),
        ({"sourceConnectionSpecIds": None}, "FLOW-1413-400", "flowSpec.id"),
        (
            {"targetConnectionSpecIds": [], "attributes": {"frequency": "batch"}},
            "CONNECTOR-1307-400",
            "targetConnectionIds[0]",
        ),
    ):
        made = written(api, "flowSpecs", own | {"name": "Narrow"} | changes)
        answer = api.http.post(f"{FLOW}/flows", json=body | {"flowSpec": spec(made)})
        assert_refused(answer, code, field)
    assert api.http.get(f"{FLOW}/flows").json()["items"] == []


def test_flows_go_on_when_their_spec_loses_its_schedule_and_gets_it_back(api: Api) -> None:
    shipped = api.item("flowSpecs", REST_FLOW)
    flow, target = api.flow(scheduleParams=DAILY)
    assert put(api, "flowSpecs", REST_FLOW, without(shipped, "scheduleSpec")).status_code == 200
    unplanned = api.make("flows", api.flow_body(api.source_connection(), target, PAIRS, scheduleParams=None))
    for made in (flow, unplanned):
        for op in ("disable", "enable"):
            assert act(api, "flows", made, op).status_code == 200
    bad = set_to("/scheduleParams", {"frequency": "hourly"})
    assert api.patch("flows", flow, bad).status_code == 400
    assert put(api, "flowSpecs", REST_FLOW, shipped).status_code == 200
    for made in (flow, unplanned):
        for op in ("disable", "enable"):
            assert act(api, "flows", made, op).status_code == 200
    assert_refused(api.patch("flows", unplanned, set_to("/name", "x")), "CONNECTOR-1317-400", "scheduleParams")


def test_a_shipped_spec_that_is_replaced_keeps_what_it_is(api: Api) -> None:
    stricter = api.item("connectionSpecs", STRIPE)
    stricter["authSpec"][0]["spec"]["required"] = ["accessToken", "account"]
    existing = api.base_connection()
    assert put(api, "connectionSpecs", STRIPE, stricter).status_code == 200
    body = {
        "name": "x",
        "connectionSpec": spec(STRIPE),
        "auth": {"specName": "OAuth2 Refresh Code", "params": {"accessToken": "x"}},
    }
    answer = api.http.post(f"{FLOW}/connections", json=body)
    assert_refused(answer, "CONNECTOR-1304-400", "auth.params.account")
    rename = api.patch("connections", existing, set_to("/name", "x"))
    assert_refused(rename, "CONNECTOR-1304-400", "auth.params.account")
    source = api.source_connection(existing)
    assert api.http.delete(f"{FLOW}/sourceConnections/{source}").status_code == 204
    item = json.dumps(api.item("connections", existing))
    assert "an access token" not in item


def test_the_lake_stays_the_lake_when_its_spec_is_replaced(api: Api) -> None:
    replaced(api, "connectionSpecs", DATA_LAKE, name="My lake", providerId="p")
    body = {"name": "x", "connectionSpec": spec(DATA_LAKE)}
    assert_refused(api.http.post(f"{FLOW}/targetConnections", json=body), "CONNECTOR-1325-400")
    flow, target = api.flow()
    assert api.first_run(flow)["metrics"]["statusSummary"]["status"] == "success"
    assert api.records(target.dataset)["count"] == 150


@pytest.mark.parametrize("flow_spec", [FILE_FLOW, TABLE_FLOW])
def test_sources_of_another_kind_may_be_added_to_a_flow_spec(api: Api, connector: str, flow_spec: str) -> None:
    kinds = {FILE_FLOW: ("CloudStorage", "FileSystem"), TABLE_FLOW: ("Table", "Table")}
    source_type, explore_type = kinds[flow_spec]
    body = CONNECTOR | {
        "name": "files",
        "sourceSpec": {"type": source_type},
        "exploreSpec": {"type": explore_type},
    }
    made = written(api, "connectionSpecs", body)
    replaced(api, "flowSpecs", flow_spec, sourceConnectionSpecIds=[made])
    base = api.base_connection(made, auth=KEYS)
    other = api.base_connection(connector, auth=KEYS)
    wrong = {"name": "x", "connectionSpec": spec(made), "baseConnectionId": other}
    assert_refused(api.http.post(f"{FLOW}/sourceConnections", json=wrong), "FLOW-1413-400", "connectionSpec.id")
    data = {"format": "tabular" if flow_spec == TABLE_FLOW else "delimited"}
    source = api.source_connection(base, made, data=data)
    once = {"startTime": DAILY["startTime"], "frequency": "once"}
    flow = api.flow_body(source, api.target(), {"id": "_test.id"}, flowSpec=spec(flow_spec), scheduleParams=once)
    api.make("flows", flow)
