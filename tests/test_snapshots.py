"""Snapshots and resets: states under names, whole or one tenant's."""

from __future__ import annotations

import secrets
from pathlib import Path

import httpx
import pytest

from emulator.server import Background
from emulator.settings import Settings
from tests.operating import new_sandbox
from tests.support import FLOW, HTTP_API, STREAM_MAPPED_FLOW, Api, Document, client_of


def tenant(api: Api, sandbox: str = "prod") -> dict[str, str]:
    return {"x-gw-ims-org-id": api.org, "x-sandbox-name": sandbox}


def saved(api: Api, name: str = "s", **headers: str) -> Document:
    answer = api.http.post("/__admin/snapshots", json={"name": name}, headers=headers)
    assert answer.status_code == 201, answer.text
    made: Document = answer.json()
    return made


def restored(api: Api, name: str = "s", status: int = 200) -> Document:
    answer = api.http.post(f"/__admin/snapshots/{name}/restore")
    assert answer.status_code == status, answer.text
    said: Document = answer.json()
    return said


def exported(api: Api) -> bytes:
    answer = api.http.get("/__admin/export?secrets=true")
    assert answer.status_code == 200, answer.text
    return answer.content


def test_what_a_tenant_had_comes_back_to_the_last_byte(api: Api) -> None:
    flow, _ = api.flow()
    api.first_run(flow)
    saved(api)
    before = exported(api)
    api.base_connection()
    assert api.http.delete(f"{FLOW}/flows/{flow}").status_code == 204
    assert restored(api)["tenant"] == {"org": api.org, "sandbox": "prod"}
    assert exported(api) == before
    assert [item["id"] for item in api.http.get(f"{FLOW}/flows").json()["items"]] == [flow]
    assert len(api.runs(flow)) == 1


def test_other_tenants_do_not_notice(api: Api, server: Background) -> None:
    first = api.base_connection()
    saved(api)
    with client_of(str(server.url), f"O{secrets.token_hex(6)}@AdobeOrg") as other:
        api.http.post("/__admin/reset")
        # It now has the numbers that the first tenant's rows had.
        theirs = [other.base_connection() for _ in range(3)]
        restored(api)
        assert api.item("connections", first)["id"] == first
        names = [item["id"] for item in other.http.get(f"{FLOW}/connections").json()["items"]]
        assert names == theirs[::-1]
        assert other.http.get(f"{FLOW}/connections", params={"property": "name==An account"}).json()["items"]
        assert len(api.http.get(f"{FLOW}/connections", params={"property": "name==An account"}).json()["items"]) == 1
        restored(other, status=404)


def test_names_are_a_tenants_own_and_written_over(api: Api) -> None:
    saved(api)
    made = api.base_connection()
    assert saved(api)["rows"] > 0
    listed = api.http.get("/__admin/snapshots").json()
    assert [one["name"] for one in listed["items"]] == ["s"]
    assert listed["items"][0]["tenant"] == tenant_of(api)
    restored(api)
    assert api.item("connections", made)["id"] == made


def tenant_of(api: Api) -> dict[str, str]:
    return {"org": api.org, "sandbox": "prod"}


def test_a_snapshot_is_forgotten(api: Api) -> None:
    saved(api, "a")
    saved(api, "b")
    assert api.http.delete("/__admin/snapshots/a").status_code == 204
    assert api.http.delete("/__admin/snapshots/a").status_code == 404
    restored(api, "a", 404)
    assert api.http.delete("/__admin/snapshots").status_code == 204
    assert api.http.get("/__admin/snapshots").json() == {"items": [], "count": 0}


@pytest.mark.parametrize("name", ["", " ", "-a", "a/b", "ä", "a" * 101, None, 7])
def test_a_name_that_is_none_is_refused(api: Api, name: object) -> None:
    answer = api.http.post("/__admin/snapshots", json={"name": name})
    assert answer.status_code == 400
    assert answer.json()["error"] == "bad_request"


def test_a_sandbox_is_a_tenant_of_its_own(api: Api) -> None:
    new_sandbox(api)
    kept = api.base_connection()
    api.http.headers["x-sandbox-name"] = "dev"
    made = api.base_connection()
    saved(api)
    api.http.post("/__admin/reset")
    assert api.http.get(f"{FLOW}/connections").json()["items"] == []
    restored(api)
    assert [item["id"] for item in api.http.get(f"{FLOW}/connections").json()["items"]] == [made]
    api.http.headers["x-sandbox-name"] = "prod"
    assert api.item("connections", kept)["id"] == kept


def test_an_inlet_that_was_filled_goes_on_after_a_restore(api: Api) -> None:
    connection = api.streaming_connection()
    target = api.target()
    body = api.flow_body(api.source_connection(connection, HTTP_API), target, {"id": "_test.id"})
    body |= {"flowSpec": {"id": STREAM_MAPPED_FLOW, "version": "1.0"}}
    api.make("flows", {name: value for name, value in body.items() if name != "scheduleParams"})
    inlet = api.item("connections", connection)["auth"]["params"]["inletUrl"]
    assert api.http.post(inlet, json={"id": "1"}).status_code == 200
    saved(api)
    assert api.http.post(inlet, json={"id": "2"}).status_code == 200
    restored(api)
    for number in ("3", "4"):
        assert api.http.post(inlet, json={"id": number}).status_code == 200
    landed = [record["_test"]["id"] for record in api.records(target.dataset)["items"]]
    assert sorted(landed) == ["1", "3", "4"]


def test_everything_comes_back_with_the_clock_and_after_a_restart(lasting_url: str) -> None:
    settings = Settings(port=0, database=lasting_url, clock="2026-01-31T12:00:00Z")
    with Background(settings) as running, client_of(running.url, "A@AdobeOrg") as api:
        flow, _ = api.flow()
        api.first_run(flow)
        answer = httpx.post(f"{running.url}/__admin/snapshots", json={"name": "all"})
        assert answer.json()["tenant"] is None
        before = httpx.get(f"{running.url}/__admin/export?secrets=true").content
        httpx.post(f"{running.url}/__admin/clock/advance", json={"by": "PT1H"})
        assert len(api.runs(flow)) > 1
    with Background(Settings(port=0, database=lasting_url)) as running, client_of(running.url, "A@AdobeOrg") as api:
        assert httpx.post(f"{running.url}/__admin/reset?to=empty").status_code == 200
        said = httpx.post(f"{running.url}/__admin/snapshots/all/restore").json()
        assert said == {"restored": "all", "tenant": None, "now": "2026-01-31T12:00:00.000Z"}
        assert httpx.get(f"{running.url}/__admin/export?secrets=true").content == before
        assert len(api.runs(flow)) == 1
        made = api.base_connection()
        # One tenant alone, out of a state of everything; the clock goes on.
        assert restored(api, "all")["tenant"] == tenant_of(api)
        assert api.http.get(f"{FLOW}/connections/{made}").status_code == 404


def test_a_reset_goes_back_to_the_seed_with_its_runs_and_its_time() -> None:
    with Background(Settings(port=0, database="sqlite://", seed=(Path("tutorials"),))) as running:
        with client_of(running.url, "TUTORIALS@AdobeOrg") as api:
            before = httpx.get(f"{running.url}/__admin/export?secrets=true").content
            for headers in ({}, tenant(api)):
                api.base_connection()
                assert httpx.post(f"{running.url}/__admin/reset?to=empty").status_code == 200
                assert httpx.get(f"{running.url}/__admin/export").json()["tenants"] == []
                httpx.put(f"{running.url}/__admin/clock", json={"mode": "frozen"})
                assert httpx.post(f"{running.url}/__admin/reset", headers=headers).status_code == 200
                assert httpx.get(f"{running.url}/__admin/export?secrets=true").content == before


def test_a_seed_that_was_changed_while_the_server_was_down_is_what_a_reset_goes_back_to(tmp_path: Path) -> None:
    path = tmp_path / "seed.json"
    settings = Settings(port=0, database=f"sqlite:///{tmp_path}/e.db", seed=(tmp_path,))
    for name in ("One", "Two"):
        draft = f'[{{"name": "{name}", "mode": "draft", "connectionSpec": "salesforce"}}]'
        path.write_text(f'{{"format": 1, "tenants": [{{"org": "A@AdobeOrg", "connections": {draft}}}]}}', "utf-8")
        with Background(settings) as running, client_of(running.url, "A@AdobeOrg") as api:
            if name == "Two":
                with client_of(running.url, "B@AdobeOrg") as other:
                    theirs = other.base_connection()
                    api.http.post("/__admin/reset")
                    assert other.item("connections", theirs)["id"] == theirs
            (made,) = api.http.get(f"{FLOW}/connections").json()["items"]
            assert made["name"] == name
