"""Export and import: one document that holds all state and makes it again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator.cli import main
from emulator.server import Background
from emulator.settings import Settings
from tests.support import FLOW, SALESFORCE, Api, Document, client_of

ORGS = ("A@AdobeOrg", "B@AdobeOrg")
BIT = b"\x00\xff\x80PK"


@pytest.fixture(scope="module")
def running() -> Iterator[Background]:
    with Background(Settings(port=0, database="sqlite://", clock="2026-01-31T12:00:00Z")) as started:
        yield started


def exported(url: str, query: str = "?secrets=true", **headers: str) -> bytes:
    answer = httpx.get(f"{url}/__admin/export{query}", headers=headers, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.content


def imported(url: str, content: Any, status: int = 200, **headers: str) -> Document:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    kind = {"content-type": "application/json"}
    answer = httpx.post(f"{url}/__admin/import", content=body, headers=kind | headers, timeout=30)
    assert answer.status_code == status, answer.text
    said: Document = answer.json()
    return said


def act(url: str, org: str, step: str) -> None:
    """One step of a random story."""
    with client_of(url, org) as api:
        number = len(api.http.get(f"{FLOW}/flows").json()["items"])
        if step == "flow":
            target = api.target(f"Schema {number}")
            made = api.make("flows", api.flow_body(api.source_connection(), target, {"data.id": "_test.id"}))
            # It is due at once, and must not run between two exports.
            api.first_run(made)
        elif step == "connection":
            api.base_connection(name="Ünique \u2028 name")
        elif step == "patch":
            for item in api.http.get(f"{FLOW}/connections").json()["items"][:1]:
                operations = [{"op": "replace", "path": "/name", "value": "patched"}]
                assert api.patch("connections", item["id"], operations).status_code == 200
        elif step == "script":
            for item in api.http.get(f"{FLOW}/flows").json()["items"][:1]:
                api.http.post(f"/__admin/flows/{item['id']}/outcomes", json=[{"status": "failed"}, {"durationMs": 7}])
        elif step == "data":
            base = api.base_connection()
            url = f"/__admin/connections/{base}/data/charges.json"
            assert api.http.put(url, json=[{"data": {"id": "ch", "amount": 1.50}}]).status_code == 201
        else:
            api.http.post("/__admin/clock/advance", json={"by": "PT1H"})


STEPS = st.tuples(st.sampled_from(ORGS), st.sampled_from(["flow", "connection", "patch", "script", "data", "advance"]))


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(story=st.lists(STEPS, min_size=1, max_size=8))
def test_export_import_export_gives_the_same_document(running: Background, story: list[tuple[str, str]]) -> None:
    url = running.url
    httpx.post(f"{url}/__admin/reset?to=empty")
    httpx.put(f"{url}/__admin/clock", json={"mode": "frozen", "now": "2026-01-31T12:00:00Z", "force": True})
    for org, step in story:
        act(url, org, step)
    whole, hidden = exported(url), exported(url, "")
    httpx.post(f"{url}/__admin/reset?to=empty")
    imported(url, whole)
    assert exported(url) == whole
    assert exported(url, "") == hidden
    for org, _ in story:
        one = exported(url, **{"x-gw-ims-org-id": org})
        imported(url, one)
        assert exported(url) == whole
    imported(url, hidden)
    assert exported(url, "") == hidden


def test_an_import_goes_on_where_the_export_was_made(running: Background) -> None:
    """Whoever works with what came back finds etags, references, filters and schedules as they were."""
    url = running.url
    httpx.post(f"{url}/__admin/reset?to=empty")
    with client_of(url, ORGS[0]) as api:
        flow, target = api.flow()
        api.first_run(flow)
        etag, count = api.item("flows", flow)["etag"], api.records(target.dataset)["count"]
        document = exported(url)
        httpx.post(f"{url}/__admin/reset?to=empty")
        imported(url, document)
        assert api.records(target.dataset)["count"] == count
        assert len(api.http.get(f"{FLOW}/flows", params={"property": "state==enabled"}).json()["items"]) == 1
        assert api.http.post("/__admin/clock/advance", json={"by": "PT30M"}).json()["runs"] == 2
        assert len(api.runs(flow)) == 3
        operations = [{"op": "replace", "path": "/name", "value": "patched"}]
        assert api.patch("flows", flow, operations, etag).status_code in (200, 412)


def test_an_export_is_a_seed(tmp_path: Path, running: Background) -> None:
    httpx.post(f"{running.url}/__admin/reset?to=empty")
    with client_of(running.url, ORGS[0]) as api:
        api.first_run(api.flow()[0])
    document = exported(running.url)
    path = tmp_path / "seed.json"
    path.write_bytes(document)
    for database in ("sqlite://", f"sqlite:///{tmp_path}/e.db"):
        with Background(Settings(port=0, seed=(path,), database=database)) as second:
            assert exported(second.url) == document
            httpx.post(f"{second.url}/__admin/reset")
            assert exported(second.url) == document


def test_secrets_are_hidden_unless_asked_for(running: Background) -> None:
    httpx.post(f"{running.url}/__admin/reset?to=empty")
    with client_of(running.url, ORGS[0]) as api:
        params = {"username": "u", "password": "hunter2", "securityToken": "t0ken"}
        api.base_connection(SALESFORCE, auth={"specName": "Basic Authentication", "params": params})
    assert b"hunter2" not in exported(running.url, "")
    assert b"hunter2" in exported(running.url)
    assert httpx.get(f"{running.url}/__admin/export?secrets=maybe").status_code == 400


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"recrod": []}, "there is no such table; did you mean record?"),
        ({"record": [{}]}, "record[0]: column dataset is missing"),
        ({"schedule": [{"flow": "f", "due": "soon"}]}, "schedule[0]: column due is a whole number"),
        ({"schedule": [{"flow": "f", "when": 1}]}, "schedule[0]: there is no column when"),
        ({"resource": [{"kind": "flows", "id": "a", "etag": "e", "body": "no"}]}, "column body is an object"),
        ({"schedule": [{"flow": "f"}, {"flow": "f"}]}, "twice"),
        ({"schedule": 7}, "each an array of rows"),
    ],
)
def test_an_import_that_makes_no_sense_changes_nothing(api: Api, change: Document, message: str) -> None:
    made = api.base_connection()
    sandbox = [{"id": "i", "title": "t", "type": "production", "state": "active", "created": 1, "author": "a"}]
    document = {"format": 1, "tenants": [{"org": api.org, "sandbox": "prod", "state": {"sandbox": sandbox} | change}]}
    answer = api.http.post("/__admin/import", json=document, headers={"x-sandbox-name": "prod"})
    assert answer.status_code == 400, answer.text
    assert message in answer.json()["message"]
    assert api.item("connections", made)["id"] == made


def test_an_import_of_a_tenant_that_the_document_has_not_is_refused(api: Api) -> None:
    answer = api.http.post("/__admin/import", json={"format": 1, "tenants": []})
    assert answer.status_code == 400
    assert api.org in answer.json()["message"]


@pytest.mark.parametrize(
    "text", ["{", "[1]", '{"format": 1, "tenants": [}', '{"format": NaN}', "[" * 5000, '{"a" 1}', ""]
)
def test_a_body_that_is_no_document_is_refused(api: Api, text: str) -> None:
    answer = api.http.post("/__admin/import", content=text, headers={"content-type": "application/json"})
    assert answer.status_code == 400, answer.text


def test_the_verbs_do_the_same(tmp_path: Path, running: Background) -> None:
    def run(*words: str) -> str:
        found = CliRunner().invoke(main, [*words, "--url", running.url])
        assert found.exit_code == 0, found.output
        return found.output

    seed = tmp_path / "seed.yaml"
    seed.write_text("format: 1\ntenants:\n  - org: VERBS@AdobeOrg\n", encoding="utf-8")
    run("reset", "--to", "empty")
    assert "seeded 1" in run("seed", str(seed), "--replace")
    run("snapshot", "save", "one")
    run("snapshot", "save", "mine", "--org", "VERBS@AdobeOrg")
    assert run("snapshot", "list").startswith("one: everything, ")
    file = tmp_path / "out.json"
    run("export", str(file), "--secrets")
    assert file.read_bytes() == exported(running.url)
    run("reset", "--to", "empty")
    assert "imported 1" in run("import", str(file))
    assert file.read_bytes() == exported(running.url)
    run("reset", "--to", "empty")
    assert run("snapshot", "load", "one").startswith("one, ")
    assert file.read_bytes() == exported(running.url)
    run("snapshot", "delete", "one")
    refused = CliRunner().invoke(main, ["snapshot", "load", "one", "--url", running.url])
    assert refused.exit_code == 1
    assert "There is no snapshot one" in refused.output
    assert CliRunner().invoke(main, ["reset", "--sandbox", "dev", "--url", running.url]).exit_code == 2


def test_an_export_that_fails_leaves_the_file_as_it_was(tmp_path: Path, running: Background) -> None:
    file = tmp_path / "out.json"
    file.write_text("the former one", encoding="utf-8")
    for words in (["--sandbox", "dev", "--url", running.url], ["--url", "http://127.0.0.1:9"]):
        assert CliRunner().invoke(main, ["export", str(file), *words]).exit_code in (1, 2)
        assert file.read_text(encoding="utf-8") == "the former one"
    assert list(tmp_path.iterdir()) == [file]


def test_an_export_goes_where_a_link_leads_and_to_standard_output(tmp_path: Path, running: Background) -> None:
    (tmp_path / "link.json").symlink_to(tmp_path / "kept.json")
    assert CliRunner().invoke(main, ["export", str(tmp_path / "link.json"), "--url", running.url]).exit_code == 0
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "kept.json").read_bytes() == exported(running.url, "")
    assert len(list(tmp_path.iterdir())) == 2
    assert CliRunner().invoke(main, ["export", "-", "--url", running.url]).output.startswith('{"format":1')


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path, running: Background) -> None:
    done = CliRunner().invoke(main, ["export", str(tmp_path / "nowhere" / "x.json"), "--url", running.url])
    assert (done.exit_code, done.output) == (1, f"Error: {tmp_path}/nowhere/x.json: No such file or directory\n")


def test_what_is_wrong_with_a_file_is_told_with_its_name(tmp_path: Path, running: Background) -> None:
    file = tmp_path / "seed.yaml"
    file.write_text("format: 1\ntenants:\n  - org: A\n    flow: []\n", encoding="utf-8")
    for verb in ("seed", "import"):
        done = CliRunner().invoke(main, [verb, str(file), "--url", running.url])
        assert (done.exit_code, done.output.startswith(f"Error: {file}:4: tenants[0].flow: ")) == (1, True), done.output
    done = CliRunner().invoke(main, ["seed", "-", "--url", running.url], input=file.read_text(encoding="utf-8"))
    assert done.output.startswith("Error: standard input:4: tenants[0].flow: ")


def test_an_export_to_standard_output_is_imported_from_standard_input(running: Background) -> None:
    told = ["--url", running.url]
    document = CliRunner().invoke(main, ["export", "-", "--secrets", *told]).output
    httpx.post(f"{running.url}/__admin/reset?to=empty")
    done = CliRunner().invoke(main, ["import", "-", *told], input=document)
    assert done.exit_code == 0, done.output
    assert exported(running.url).decode() == document
    done = CliRunner().invoke(main, ["seed", "-", *told], input="format: 1\ntenants:\n  - org: STDIN@AdobeOrg\n")
    assert "seeded 1" in done.output
