"""The journal: what a server was asked and what it answered, by filters, bounded, and without a secret."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from emulator.cli import main
from emulator.domain.hiding import HIDDEN, Hider
from emulator.edge.journal import LONGEST_BODY
from emulator.server import Background
from emulator.settings import Settings
from tests.support import FLOW, Api, Document, client_of, spec

REQUESTS = "/__admin/requests"
FLOWS = f"{FLOW}/flows"
CANARY = "canary-7d1fce0b"


def entries(api: Api, **filters: Any) -> list[Document]:
    answer = api.http.get(REQUESTS, params=filters)
    assert answer.status_code == 200, answer.text
    items: list[Document] = answer.json()["items"]
    return items


def test_a_call_is_noted_with_all_that_explains_it(api: Api) -> None:
    answer = api.http.get(f"{FLOWS}/nothing?x=1")
    (entry,) = entries(api)
    assert entry["requestId"] == answer.headers["x-request-id"]
    assert (entry["method"], entry["path"], entry["query"]) == ("GET", f"{FLOWS}/nothing", {"x": ["1"]})
    assert (entry["service"], entry["operation"]) == ("flow-service", "GET /flows/{id}")
    assert (entry["org"], entry["sandbox"], entry["status"]) == (api.org, "prod", answer.status_code)
    assert entry["refusedBy"].startswith("FLOW-")
    assert entry["response"]["body"] == answer.json()
    assert entry["fault"] is None
    assert entry["durationMs"] >= 0


def test_an_unknown_path_is_noted_with_the_nearest_known_one(api: Api) -> None:
    api.http.get(f"{FLOW}/connectons")
    (entry,) = entries(api)
    assert entry["nearest"] == f"{FLOW}/connections"
    assert entry["refusedBy"] == "REQUEST-1003-404"


def test_a_call_that_a_fault_struck_names_the_rule(api: Api) -> None:
    rule = api.http.post("/__admin/faults", json={"effect": {"drop": True}, "times": 1}).json()
    with pytest.raises(httpx.RemoteProtocolError):
        api.http.post(FLOWS, json={"name": "lost"})
    (entry,) = entries(api, status="dropped")
    assert (entry["fault"], entry["status"], entry["response"]) == (rule["id"], None, None)
    assert entry["request"]["body"] == {"name": "lost"}


def test_filters_choose_and_count(api: Api) -> None:
    for path in (FLOWS, f"{FLOWS}/a", f"{FLOWS}/b", f"{FLOW}/runs"):
        api.http.get(path)
    api.http.post(FLOWS, json={})

    def count(**filters: str) -> int:
        found: int = api.http.get(f"{REQUESTS}/count", params=filters).json()["count"]
        assert len(entries(api, **filters)) == found
        return found

    assert count() == 5
    assert count(method="post") == 1
    assert count(path=f"{FLOWS}*") == 4
    assert count(path=f"{FLOWS}/?") == 2
    assert count(status="404") == 2
    assert count(status="4xx") == 3
    assert count(org=api.org, sandbox="prod") == 5
    assert count(org="nobody") == 0
    assert count(since="2000-01-01T00:00:00Z") == 5
    assert count(since="2999-01-01T00:00:00Z") == 0
    assert [entry["method"] for entry in entries(api, limit=2)] == ["POST", "GET"]


@pytest.mark.parametrize("query", ["status=nine", "status=6xx", "since=soon", "limit=0", "color=red"])
def test_a_filter_that_makes_no_sense_is_refused(api: Api, query: str) -> None:
    assert api.http.get(f"{REQUESTS}?{query}").json()["error"] == "bad_request"


def test_a_tenant_sees_and_forgets_its_own_calls(server: Background, api: Api) -> None:
    with client_of(server.url, f"OTHER-{api.org}") as other:
        other.http.get(FLOWS)
        api.http.get(FLOWS)
        assert len(entries(api)) == 1
        assert api.http.delete(REQUESTS).status_code == 204
        assert entries(api) == []
        assert len(entries(other)) == 1
        assert len(entries(api, org=other.org)) == 1


def test_an_inlets_calls_are_those_of_its_tenant(api: Api) -> None:
    inlet = api.item("connections", api.streaming_connection())["auth"]["params"]["inletId"]
    httpx.post(f"{str(api.http.base_url).rstrip('/')}/collection/{inlet}", json={"a": 1})
    (entry,) = entries(api, path="/collection/*")
    assert entry["request"]["body"] == {"a": 1}


def test_admin_calls_are_not_noted(api: Api) -> None:
    api.http.get("/__admin/version")
    assert entries(api) == []


def test_the_oldest_go_first_and_none_are_kept_when_it_is_off() -> None:
    with Background(Settings(port=0, database="sqlite://", journal=3)) as running:
        with client_of(running.url, "A@AdobeOrg") as api:
            for number in range(5):
                api.http.get(f"{FLOWS}/{number}")
            page = api.http.get(REQUESTS).json()
            assert [entry["path"][-1] for entry in page["items"]] == ["4", "3", "2"]
            assert (page["forgotten"], page["keeps"]) == (2, 3)
    with Background(Settings(port=0, database="sqlite://", journal=0)) as running:
        with client_of(running.url, "A@AdobeOrg") as api:
            api.http.get(FLOWS)
            assert entries(api) == []


def test_of_a_long_body_only_the_length_is_kept(api: Api) -> None:
    body = json.dumps({"name": "x" * LONGEST_BODY})
    api.http.post(FLOWS, content=body, headers={"Content-Type": "application/json"})
    (entry,) = entries(api)
    assert entry["request"] | {"headers": {}} == {"headers": {}, "body": None, "bytes": len(body), "cut": True}


def test_what_is_no_json_is_hidden_as_a_whole(api: Api) -> None:
    broken = f'{{"auth": {{"params": {{"password": "{CANARY}"'
    api.http.post(FLOWS, content=broken, headers={"Content-Type": "application/json"})
    assert entries(api)[0]["request"]["body"] == HIDDEN


PARAMS = {"accessToken": CANARY}
AUTH = {"specName": "OAuth2 Refresh Code", "params": PARAMS}
CONNECTION = {"name": "x", "connectionSpec": spec("cc2c31d6-7b8c-4581-b49f-5c8698aa3ab3"), "auth": AUTH}
IMS = {"client_id": "me", "client_secret": CANARY, "grant_type": "client_credentials"}


@pytest.mark.parametrize(
    ("method", "path", "sent"),
    [
        ("GET", FLOWS, {"headers": {"Authorization": f"Bearer {CANARY}"}}),
        ("GET", FLOWS, {"headers": {"Authorization": CANARY}}),
        ("GET", FLOWS, {"headers": {"x-api-key": CANARY}}),
        ("GET", FLOWS, {"headers": {"Cookie": f"session={CANARY}"}}),
        ("GET", FLOWS, {"headers": {"x-user-token": CANARY}}),
        ("GET", FLOWS, {"params": {"access_token": CANARY}}),
        ("GET", f"{FLOW}/{CANARY}", {"params": {"api_key": CANARY}}),
        ("POST", f"{FLOW}/connections", {"json": CONNECTION}),
        ("POST", f"{FLOW}/connections", {"json": CONNECTION | {"auth": CANARY}}),
        ("POST", f"{FLOW}/connections", {"json": CONNECTION | {"auth": {"params": [CANARY]}}}),
        ("POST", f"{FLOW}/connections", {"json": CONNECTION | {"auth": {**AUTH, "params": {"host": CANARY}}}}),
        ("PATCH", f"{FLOW}/connections/x", {"json": [{"op": "add", "path": "/auth/params", "value": PARAMS}]}),
        ("PATCH", f"{FLOW}/connections/x", {"json": [{"op": "add", "path": "/auth/params/a", "value": CANARY}]}),
        ("PATCH", f"{FLOW}/connections/x", {"json": [{"op": "replace", "path": "", "value": {"auth": AUTH}}]}),
        ("POST", f"{FLOW}/sourceConnections", {"json": {"params": {"url": f"https://me:{CANARY}@example.com/x"}}}),
        ("POST", f"{FLOW}/sourceConnections", {"json": {"params": {"uri": f"https://x/y?sv=1&sig={CANARY}"}}}),
        ("POST", f"{FLOW}/flows", {"json": {"sampleData": json.dumps({"password": CANARY})}}),
        ("POST", "/data/foundation/connectors/encryption/keys", {"json": {"params": {"passPhrase": CANARY}}}),
        ("POST", "/ims/token/v3", {"data": IMS}),
        ("POST", "/ims/token/v3", {"json": IMS}),
        ("POST", "/ims/token/v3", {"params": IMS}),
        ("POST", "/ims/token/v3", {"files": {name: (None, value) for name, value in IMS.items()}}),
        ("POST", "/ims/exchange/jwt", {"data": {"client_id": "me", "client_secret": "s", "jwt_token": CANARY}}),
        ("POST", "/ims/token/v3", {"json": IMS | {"code": CANARY, "grant_type": "authorization_code"}}),
    ],
)
def test_no_secret_is_shown(api: Api, method: str, path: str, sent: Document) -> None:
    answer = api.http.request(method, path, **sent)
    found = [entry for entry in all_entries(api) if entry["requestId"] == answer.headers["x-request-id"]]
    assert len(found) == 1
    assert CANARY not in json.dumps(found)


def all_entries(api: Api) -> list[Document]:
    """Also of calls that name no organisation."""
    items: list[Document] = httpx.get(f"{str(api.http.base_url).rstrip('/')}{REQUESTS}").json()["items"]
    return items


def test_tokens_and_credentials_that_are_given_out_are_not_shown(api: Api) -> None:
    token = api.http.post("/ims/token/v3", data=IMS).json()["access_token"]
    zone = api.http.get("/data/foundation/connectors/landingzone/credentials", params={"type": "user_drop_zone"}).json()
    shown = json.dumps(all_entries(api))
    assert token not in shown
    assert zone["SASToken"] not in shown
    assert zone["SASUri"] not in shown
    assert zone["SASToken"].partition("sig=")[2] not in shown


@pytest.mark.parametrize(
    "path",
    [
        "flows?api_key=SECRETQ",
        "flows?clientSecret=Q%22ZJ",
        "connections?property=auth.params.s3SecretKey==SECRETQ",
        "connections?property=auth.params.pin==SECRETQ,%22QZJ%22",
        "connections?property=auth.params.pin<QZJ",
        "connections?property=auth.params.pin==[QZJ",
        "connections?property=auth.params.password=~QZJ",
    ],
)
def test_what_an_error_or_a_filter_quotes_of_a_secret_is_hidden_however_short(api: Api, path: str) -> None:
    api.http.get(f"{FLOW}/{path}")
    (entry,) = entries(api)
    assert "QZJ" not in json.dumps(entry)
    assert "ZJ" not in json.dumps(entry["query"])
    assert "SECRETQ" not in json.dumps(entry)


def test_a_filter_on_a_secret_still_shows_what_it_is_about(api: Api) -> None:
    api.http.get(f"{FLOW}/connections?property=auth.params.pin==QZJ&property=name==Mine")
    (entry,) = entries(api)
    assert entry["query"]["property"] == ["auth.params.pin==***", "name==Mine"]


NAMES = st.sampled_from(["name", "params", "items", "value", "path", "auth", "description"])
SECRETS = st.sampled_from(["password", "clientSecret", "accessToken", "x-api-key", "SASUri", "connectionString"])
PLAIN = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5))
DOCUMENTS = st.recursive(
    st.one_of(
        PLAIN, st.fixed_dictionaries({}, optional={"password": st.just(CANARY), "refreshToken": st.just(CANARY)})
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(NAMES, inner, max_size=3),
        st.builds(lambda name, around: {name: [CANARY, {"deep": CANARY}], "more": around}, SECRETS, inner),
        st.builds(lambda around: {"auth": {"params": {"anything": CANARY}, "x": around}}, inner),
        st.builds(lambda around: {"text": json.dumps({"secret": CANARY, "x": around})}, inner),
    ),
    max_leaves=12,
)


@given(DOCUMENTS, st.text(max_size=10))
@example({"auth": {"text": json.dumps({"secret": CANARY})}}, "")
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_a_secret_is_hidden_wherever_it_lies_and_whoever_repeats_it(document: Any, around: str) -> None:
    hider = Hider(False)
    hidden = hider.value(document)
    assert CANARY not in json.dumps(hidden)
    said = hider.wiped({"message": f"{around}{CANARY}{around}"})
    assert (CANARY in json.dumps(document)) <= (CANARY not in json.dumps(said))


def test_metrics_count_calls_by_service_method_and_status(tmp_path: Path) -> None:
    with Background(Settings(port=0, database="sqlite://")) as running, client_of(running.url, "A@AdobeOrg") as api:
        for _ in range(3):
            api.http.get(FLOWS)
        api.http.get("/nowhere")
        answer = api.http.get("/__admin/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = dict(line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#"))
    name = "flow_emulator_request_duration_seconds"
    labels = 'service="flow-service",method="GET",status="200"'
    assert lines[f"{name}_count{{{labels}}}"] == lines[f'{name}_bucket{{{labels},le="+Inf"}}'] == "3"
    assert float(lines[f"{name}_sum{{{labels}}}"]) > 0
    assert lines[f'{name}_count{{service="none",method="GET",status="404"}}'] == "1"
    assert lines["flow_emulator_journal_entries"] == "4"


def test_the_verb_forgets_the_calls_of_one_tenant_and_no_others(api: Api) -> None:
    def said(*words: str) -> Result:
        return CliRunner().invoke(main, ["requests", *words, "--url", str(api.http.base_url)])

    with client_of(str(api.http.base_url), f"{api.org}.other") as other:
        for each in (api, other):
            each.http.get(FLOWS)
        api.http.get(FLOWS, headers={"x-sandbox-name": "dev"})
        for words in (["--status", "404"], ["--method", "GET"], ["--count"], ["--sandbox", "prod"]):
            assert said("--clear", *words).exit_code == 2
        assert said("--clear", "--org", api.org).exit_code == 0
        assert [len(entries(each)) for each in (api, other)] == [0, 1]
        assert said("--count", "--org", api.org).output == "1\n"
        assert said("--clear", "--org", api.org, "--sandbox", "dev").exit_code == 0
        assert said("--count", "--org", api.org).output == "0\n"
