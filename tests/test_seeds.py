"""Seeds: readable documents that make everything by the rules of the API, as a whole or not at all."""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.app import create
from emulator.server import Background
from emulator.services.seeding import BadSeed, yaml_text
from emulator.services.seeding.watching import LOOK_S
from emulator.settings import BadSetting, Settings, from_environment
from tests.operating import eventually
from tests.support import CATALOG, FLOW, PROFILE, REGISTRY, Api, Document, client_of

PAGE = Path(__file__).parent.parent / "docs" / "seeds.md"
EXAMPLE = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[0]
ORG = "ACME@AdobeOrg"


def written(folder: Path, text: str, name: str = "seed.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def serving(*seeds: Path, **more: Any) -> Background:
    return Background(Settings(port=0, **({"database": "sqlite://", "seed": seeds} | more)))


def refusal(folder: Path, text: str, name: str = "seed.yaml") -> str:
    with pytest.raises(BadSeed) as refused:
        create(Settings(database="sqlite://", seed=(written(folder, text, name),)))
    return str(refused.value)


def people(**changes: Any) -> Document:
    return {"title": "People", "type": "object", "allOf": [{"$ref": PROFILE}]} | changes


def seeding(api: Api, document: Any, status: int = 200, **params: str) -> Document:
    answer = api.http.post("/__admin/seed", json=document, params=params)
    assert answer.status_code == status, answer.text
    said: Document = answer.json()
    return said


def for_org(org: str, **sections: Any) -> Document:
    return {"format": 1, "tenants": [{"org": org, **sections}]}


def test_the_example_of_the_page_makes_what_it_says(tmp_path: Path, lasting_url: str) -> None:
    path = written(tmp_path, EXAMPLE)
    with serving(path, database=lasting_url) as running, client_of(running.url, ORG) as api:
        assert api.http.get("/__admin/clock").json() == {"now": "2026-02-08T12:00:00.000Z", "mode": "frozen"}
        (flow,) = api.http.get(f"{FLOW}/flows").json()["items"]
        statuses = [run["metrics"]["statusSummary"]["status"] for run in api.runs(flow["id"])]
        assert statuses == ["success"] * 7 + ["failed"]
        ((dataset, found),) = api.http.get(f"{CATALOG}/dataSets").json().items()
        assert found["name"] == "Charges"
        records = api.records(dataset)["items"]
        assert sorted(record["_acme"]["id"] for record in records) == ["ch_0", "ch_1"]
        api.http.headers["x-sandbox-name"] = "dev"
        accept = {"accept": "application/vnd.adobe.xed-id+json"}
        listed = api.http.get(f"{REGISTRY}/tenant/schemas", headers=accept).json()["results"]
        assert [schema["title"] for schema in listed] == ["Charges"]


def test_json_says_the_same(tmp_path: Path) -> None:
    path = written(tmp_path, json.dumps(yaml_text.load(EXAMPLE)), "seed.json")
    with serving(path) as running, client_of(running.url, ORG) as api:
        assert len(api.http.get(f"{FLOW}/runs").json()["items"]) == 8


def test_ids_that_a_seed_leaves_out_are_the_same_at_every_start(tmp_path: Path) -> None:
    path = written(tmp_path, EXAMPLE)
    found = []
    for _ in range(2):
        with serving(path) as running, client_of(running.url, ORG) as api:
            found.append([item["id"] for item in api.http.get(f"{FLOW}/flows").json()["items"]])
    assert found[0] == found[1]


def test_small_documents_of_a_folder_are_one_seed(tmp_path: Path) -> None:
    """A flow may come before what it names."""
    whole = yaml_text.load(EXAMPLE)
    first = whole["tenants"][0]
    flows = {"format": 1, "tenants": [{"org": ORG, "flows": first.pop("flows")}]}
    written(tmp_path, json.dumps(flows), "1-flows.json")
    written(tmp_path, json.dumps(whole), "2-rest.json")
    with serving(tmp_path) as running, client_of(running.url, ORG) as api:
        assert len(api.http.get(f"{FLOW}/runs").json()["items"]) == 8


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("sourceConnectionIds: [Charges]", "sourceConnectionIds: [Chargse]", "did you mean Charges?"),
        ("dataSetId: Charges", "dataSetId: Charged", "did you mean Charges?"),
        ("    flows:", "    flowz:", "tenants[0].flowz: there is no such key; did you mean flows?"),
        ("frequency: day", "frequency: dayly", "tenants[0].flows[0].scheduleParams"),
        ("advance: P7D", "advance: a week", "runs[0].advance: is no instant"),
        ("clock: 2026-02-01", "clock: 2026-02-31", "clock: is no instant"),
        ("format: 1", "format: 7", 'format: expected an object with "format": 1'),
        ("connectionSpec: datalake", "connectionSpec: datalak", "did you mean datalake?"),
    ],
)
def test_what_is_wrong_is_told_with_file_line_and_place(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = EXAMPLE.replace(old, new, 1)
    line = text[: text.index(new)].count("\n") + 1
    said = refusal(tmp_path, text)
    assert said.startswith(f"{tmp_path / 'seed.yaml'}:{line}: "), said
    assert message in said


def test_lines_of_json_are_told_too(tmp_path: Path) -> None:
    said = refusal(tmp_path, '{"format": 1,\n "tenants": [\n  {"org": "A",\n   "flow": []}]}', "seed.json")
    assert said.startswith(f"{tmp_path / 'seed.json'}:4: tenants[0].flow: there is no such key; did you mean flows?")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("format: 1\nformat: 1", "the key format comes twice at line 2"),
        ("format: [1", "not YAML"),
        ("- 1", "a seed is an object"),
        ('format: 1\ndescription: "\\0"', "U+0000"),
        ("1: 2", "is no text"),
    ],
)
def test_a_text_that_is_no_seed_is_refused(tmp_path: Path, text: str, message: str) -> None:
    assert message in refusal(tmp_path, text)


def test_in_yaml_only_what_json_has_is_read(tmp_path: Path) -> None:
    read = yaml_text.load("[2026-01-01, no, on, 1:30, 0o7, 1.5, -3, null, true, 1e3]")
    assert read == ["2026-01-01", "no", "on", "1:30", "0o7", 1.5, -3, None, True, 1000.0]


def test_a_seed_is_applied_as_a_whole_or_not_at_all(api: Api) -> None:
    document = for_org(api.org, schemas=[people(), people()])
    said = seeding(api, document, 400)
    assert "body:1: tenants[0].schemas[1]" in said["message"]
    accept = {"accept": "application/vnd.adobe.xed-id+json"}
    assert api.http.get(f"{REGISTRY}/tenant/schemas", headers=accept).json()["results"] == []


def test_runs_are_undone_with_the_seed_that_let_them_be(tmp_path: Path) -> None:
    broken = EXAMPLE + "  - advance: 2026-01-01T00:00:00Z\n"
    with serving(clock="frozen", seed=()) as running, client_of(running.url, ORG) as api:
        before = api.http.get("/__admin/clock").json()
        answer = api.http.post("/__admin/seed", content=broken, headers={"content-type": "application/yaml"})
        assert answer.status_code == 400
        assert "runs[1].advance" in answer.json()["message"] or "clock" in answer.json()["message"]
        assert api.http.get("/__admin/clock").json() == before
        assert api.http.get(f"{FLOW}/runs").json()["items"] == []
        assert api.http.get(f"{FLOW}/flows").json()["items"] == []


def test_a_seed_on_a_running_server_names_what_is_there(api: Api) -> None:
    api.schema("Of the API")
    seeding(api, for_org(api.org, dataSets=[{"name": "Seeded", "schemaRef": "Of the API"}]))
    assert [found["name"] for found in api.http.get(f"{CATALOG}/dataSets").json().values()] == ["Seeded"]


def test_replace_empties_the_tenants_first(api: Api) -> None:
    document = for_org(api.org, schemas=[people()])
    assert seeding(api, document)["seeded"] == 1
    assert "tenants[0].schemas[0]" in seeding(api, document, 400)["message"]
    made = api.base_connection()
    seeding(api, document, replace="true")
    assert api.http.get(f"{FLOW}/connections/{made}").status_code == 404


def test_a_name_that_several_have_names_none(api: Api) -> None:
    connections = [
        {
            "name": "Twin",
            "connectionSpec": "stripe",
            "auth": {"specName": "OAuth2 Refresh Code", "params": {"accessToken": "a"}},
        }
        for _ in range(2)
    ]
    sources = [{"name": "S", "baseConnectionId": "Twin", "connectionSpec": "stripe", "params": {"resourcePath": "a"}}]
    document = for_org(api.org, connections=connections, sourceConnections=sources)
    assert "several connections are called Twin" in seeding(api, document, 400)["message"]


def test_a_draft_is_made_as_one(api: Api) -> None:
    seeding(api, for_org(api.org, connections=[{"name": "D", "mode": "draft", "connectionSpec": "salesforce"}]))
    (made,) = api.http.get(f"{FLOW}/connections").json()["items"]
    assert made["state"] == "draft"


@pytest.mark.parametrize("name", ["empty", "tutorials"])
def test_a_shipped_seed_is_known_by_its_name(name: str) -> None:
    with serving(Path(name)) as running, client_of(running.url, "TUTORIALS@AdobeOrg") as api:
        flows = api.http.get(f"{FLOW}/flows").json()["items"]
        assert len(flows) == (5 if name == "tutorials" else 0)
        runs = api.http.get(f"{FLOW}/runs", params={"limit": "100"}).json()["items"]
        assert {run["metrics"]["statusSummary"]["status"] for run in runs} == ({"success"} if runs else set())


@pytest.mark.slow
def test_the_busy_seed_is_a_month_of_two_organisations() -> None:
    with serving(Path("busy")) as running:
        for org in ("NORTHWIND@AdobeOrg", "HARBOUR@AdobeOrg"):
            with client_of(running.url, org) as api:
                assert len(api.http.get(f"{FLOW}/flows?limit=100").json()["items"]) == 20
                failed = api.http.get(f"{FLOW}/runs?property=metrics.statusSummary.status==failed&limit=100")
                assert 20 < len(failed.json()["items"]) < 60


def test_a_shipped_seed_keeps_its_name_in_workers() -> None:
    settings = from_environment({}, {"seed": (Path("empty"),)})
    assert settings.as_environment()["FLOW_EMULATOR_SEED"] == "empty"
    with pytest.raises(BadSetting, match="busy, empty, tutorials"):
        Settings(seed=(Path("emtpy"),))


def test_a_watched_seed_is_gone_back_to_when_it_changes(tmp_path: Path) -> None:
    path = written(tmp_path, json.dumps(for_org(ORG, schemas=[people()])), "seed.json")
    with serving(path, watch=True) as running, client_of(running.url, ORG) as api:
        made = api.base_connection()

        def titles() -> list[str]:
            accept = {"accept": "application/vnd.adobe.xed-id+json"}
            return [
                one["title"] for one in api.http.get(f"{REGISTRY}/tenant/schemas", headers=accept).json()["results"]
            ]

        path.write_text("{", encoding="utf-8")
        time.sleep(2.5 * LOOK_S)
        assert api.item("connections", made)["id"] == made
        path.write_text(json.dumps(for_org(ORG, schemas=[people(title="Changed")])), encoding="utf-8")
        os.utime(path)
        assert eventually(lambda: titles() == ["Changed"])
        assert api.http.get(f"{FLOW}/connections/{made}").status_code == 404


BROKEN_SOURCE = {"name": "S", "baseConnectionId": "Nobody", "connectionSpec": "stripe", "params": {"resourcePath": "a"}}


def test_a_watched_seed_that_cannot_be_applied_leaves_the_former_one_in_force(tmp_path: Path) -> None:
    path = written(tmp_path, json.dumps(for_org(ORG, schemas=[people()])), "seed.json")
    with serving(path, watch=True) as running, client_of(running.url, ORG) as api:
        path.write_text(json.dumps(for_org(ORG, sourceConnections=[BROKEN_SOURCE])), encoding="utf-8")
        time.sleep(2.5 * LOOK_S)
        api.base_connection()
        for headers in ({}, {"x-gw-ims-org-id": ORG}):
            assert httpx.post(f"{running.url}/__admin/reset", headers=headers).status_code == 200
        assert api.http.get(f"{FLOW}/connections").json()["items"] == []
        accept = {"accept": "application/vnd.adobe.xed-id+json"}
        listed = api.http.get(f"{REGISTRY}/tenant/schemas", headers=accept).json()["results"]
        assert [one["title"] for one in listed] == ["People"]


@pytest.mark.parametrize("headers", [{}, {"x-gw-ims-org-id": ORG}])
def test_a_reset_to_a_seed_that_cannot_be_applied_is_refused_and_changes_nothing(
    tmp_path: Path, lasting_url: str, headers: dict[str, str]
) -> None:
    """A database with state is not seeded again at a start, so nobody has noticed before."""
    with serving(written(tmp_path, json.dumps(for_org(ORG, schemas=[people()])), "seed.json"), database=lasting_url):
        pass
    broken = {"clock": "2020-01-01T00:00:00Z"} | for_org(ORG, sourceConnections=[BROKEN_SOURCE])
    path = written(tmp_path, json.dumps(broken), "broken.json")
    with serving(path, database=lasting_url) as running, client_of(running.url, ORG) as api:
        made = api.base_connection()
        refused = httpx.post(f"{running.url}/__admin/reset", headers=headers)
        assert refused.status_code == 400, refused.text
        assert f"{path}:1: tenants[0].sourceConnections[0].baseConnectionId" in refused.json()["message"]
        assert api.item("connections", made)["id"] == made
        assert api.http.get("/__admin/clock").json()["mode"] == "real"


def test_a_body_of_another_type_is_refused(api: Api) -> None:
    answer = api.http.post("/__admin/seed", content="a,b", headers={"content-type": "text/csv"})
    assert answer.status_code == 415
    assert httpx.post(f"{api.http.base_url}/__admin/import", content=b"\xff").status_code == 400
