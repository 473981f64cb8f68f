"""The endpoints below ``/__admin``."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import Message

from emulator.app import create
from emulator.server import Background
from emulator.services.seeding import BadSeed
from emulator.settings import Settings
from tests.support import DATA_LAKE, FLOW, PROFILE, Api, Document, spec

TENANT = {"x-gw-ims-org-id": "SEEDED@AdobeOrg", "x-sandbox-name": "prod"}
HEADERS = {"Authorization": "Bearer t", "x-api-key": "k", **TENANT}
DATASET = "5ef4551c52e054191a61a99f"
SCHEMA = "https://ns.adobe.com/seeded/schemas/" + "a" * 48


def seed(**changes: Any) -> Document:
    tenant = {
        "org": "SEEDED@AdobeOrg",
        "schemas": [{"id": "a" * 48, "title": "Seeded", "type": "object", "allOf": [{"$ref": PROFILE}]}],
        "dataSets": [{"id": DATASET, "name": "Seeded", "schemaRef": {"id": SCHEMA}}],
        "targetConnections": [
            {
                "id": "c2f7a1cc-0000-4000-8000-000000000001",
                "name": "Seeded",
                "connectionSpec": spec(DATA_LAKE),
                "params": {"dataSetId": DATASET},
            }
        ],
    }
    return {"format": 1, "tenants": [tenant | changes]}


def write(folder: Path, document: object, name: str = "seed.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_health_and_ready(server: Background) -> None:
    assert httpx.get(f"{server.url}/__admin/health").json() == {"status": "ok"}
    assert httpx.get(f"{server.url}/__admin/ready").json() == {"status": "ready"}


def test_an_application_that_was_not_started_is_alive_but_not_ready() -> None:
    created = create(Settings(database="sqlite://"))
    application = created.asgi
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        sent.append(message)

    for path, status in (("/__admin/health", 200), ("/__admin/ready", 503)):
        scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": [], "scheme": "http"}
        sent.clear()
        asyncio.run(application(scope, receive, send))  # type: ignore[arg-type]
        assert sent[0]["status"] == status
    created.world.database.close()


def test_the_version_names_what_it_runs_on(server: Background) -> None:
    version = httpx.get(f"{server.url}/__admin/version").json()
    assert re.match(r"^\d+\.\d+", version["version"])
    assert set(version["packages"]) == {"starlette", "uvicorn", "sqlalchemy", "jsonpatch"}


def test_the_index_lists_every_route_of_every_service(server: Background) -> None:
    index = httpx.get(f"{server.url}/__admin").json()
    assert {entry["path"] for entry in index["admin"]} >= {"/__admin/health", "/__admin/reset"}
    routes = [route for service in index["services"] for route in service["routes"]]
    assert {"method": "GET", "path": f"{FLOW}/connections/{{id}}/explore"} in routes
    for entry in index["admin"]:
        if entry["method"] == "GET" and "{" not in entry["path"]:
            assert httpx.get(server.url + entry["path"]).status_code == 200


def test_the_clock_is_real_unless_told_otherwise(server: Background) -> None:
    clock = httpx.get(f"{server.url}/__admin/clock").json()
    assert re.match(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", clock["now"])
    assert clock["mode"] == "real"


def test_a_frozen_clock_stands_and_everything_takes_its_time_from_it() -> None:
    with Background(Settings(port=0, database="sqlite://", clock="2026-01-31T12:00:00Z")) as frozen:
        clock = httpx.get(f"{frozen.url}/__admin/clock").json()
        assert clock == {"now": "2026-01-31T12:00:00.000Z", "mode": "frozen"}
        with httpx.Client(base_url=frozen.url, headers=HEADERS) as http:
            api = Api(http, "SEEDED@AdobeOrg")
            flow, _ = api.flow()
            run = api.first_run(flow)
            item = api.item("flows", flow)
    assert item["createdAt"] == item["updatedAt"] == run["createdAt"] == 1_769_860_800_000
    assert item["etag"].endswith(f'-{1_769_860_800:08x}0000"')


def test_the_configuration_hides_the_password_of_the_database(own_postgresql_url: str) -> None:
    url = own_postgresql_url.replace("postgres@", "postgres:hunter2@")
    with Background(Settings(port=0, database=url)) as running:
        answer = httpx.get(f"{running.url}/__admin/config")
    assert "hunter2" not in answer.text
    assert answer.json()["database"].startswith("postgresql+psycopg://postgres:***@")


def test_an_unknown_admin_path_or_parameter_is_refused_in_the_admin_words(server: Background) -> None:
    answer = httpx.get(f"{server.url}/__admin/helth")
    assert answer.status_code == 404
    assert set(answer.json()) == {"error", "message"}
    assert "/__admin/health" in answer.json()["message"]
    answer = httpx.post(f"{server.url}/__admin/reset?to=nowhere")
    assert answer.status_code == 400
    assert answer.json()["error"] == "bad_request"
    assert httpx.get(f"{server.url}/__admin/health?deep=1").status_code == 400


def test_reset_with_tenant_headers_empties_that_tenant_alone(api: Api) -> None:
    made = api.base_connection()
    other_headers = {"x-gw-ims-org-id": f"OTHER{api.org}"}
    with httpx.Client(base_url=api.http.base_url, headers={**api.http.headers, **other_headers}) as http:
        other = Api(http, "other")
        kept = other.base_connection()
        assert api.http.post("/__admin/reset", headers={"x-sandbox-name": "prod"}).status_code == 200
        assert api.http.get(f"{FLOW}/connections/{made}").status_code == 404
        assert other.item("connections", kept)["id"] == kept
    assert api.base_connection()


def test_reset_takes_everything_that_belongs_to_the_tenant(api: Api) -> None:
    flow, target = api.flow()
    api.first_run(flow)
    inlet = api.item("connections", api.streaming_connection())["auth"]["params"]["inletUrl"]
    assert api.http.post("/__admin/reset", headers={"x-sandbox-name": "prod"}).status_code == 200
    for collection in ("connections", "sourceConnections", "targetConnections", "flows", "runs"):
        assert api.http.get(f"{FLOW}/{collection}").json()["items"] == [], collection
    assert api.http.get(f"/__admin/datasets/{target.dataset}/records").status_code == 404
    assert api.http.post(inlet, json={"a": 1}).status_code == 404


def test_reset_goes_back_to_the_seed_or_to_nothing(tmp_path: Path) -> None:
    path = write(tmp_path, seed())
    settings = Settings(port=0, database="sqlite://", seed=(path,))
    with Background(settings) as running, httpx.Client(base_url=running.url, headers=HEADERS) as http:
        api = Api(http, "SEEDED@AdobeOrg")
        seeded = "c2f7a1cc-0000-4000-8000-000000000001"
        assert api.item("targetConnections", seeded)["createdBy"] == "seed@AdobeID"
        made = api.base_connection()
        for headers in ({}, TENANT):
            assert httpx.post(f"{running.url}/__admin/reset", headers=headers).status_code == 200
            assert api.http.get(f"{FLOW}/connections/{made}").status_code == 404
            assert api.item("targetConnections", seeded)["id"] == seeded
            made = api.base_connection()
        assert http.post("/__admin/reset?to=empty").status_code == 200
        assert http.get(f"{FLOW}/targetConnections/{seeded}").status_code == 404


def test_a_seeded_database_keeps_its_state_at_the_next_start(tmp_path: Path) -> None:
    settings = Settings(port=0, database=f"sqlite:///{tmp_path}/e.db", seed=(write(tmp_path, seed()),))
    with Background(settings) as running, httpx.Client(base_url=running.url, headers=HEADERS) as http:
        made = Api(http, "SEEDED@AdobeOrg").base_connection()
    with Background(settings) as running, httpx.Client(base_url=running.url, headers=HEADERS) as http:
        api = Api(http, "SEEDED@AdobeOrg")
        assert api.item("connections", made)["id"] == made
        assert len(http.get(f"{FLOW}/targetConnections").json()["items"]) == 1


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"tenants": []}, ':1: format: expected an object with "format": 1'),
        ({"format": 1, "tenants": {}}, ":1: tenants: tenants must be an array"),
        ({"format": 1, "tenants": [{}]}, ":1: tenants[0].org: must be a text"),
        (seed(flowz=[]), "tenants[0].flowz: there is no such key; did you mean flows?"),
        (seed(schemas=[7]), "tenants[0].schemas[0]: every entry is an object"),
        (seed(schemas=[]), "tenants[0].dataSets[0].schemaRef.id: The dataset cannot be accepted. (field schemaRef.id"),
    ],
)
def test_a_seed_that_cannot_be_used_is_refused_with_file_and_place(
    tmp_path: Path, document: Document, message: str
) -> None:
    path = write(tmp_path, document)
    with pytest.raises(BadSeed) as refused:
        create(Settings(database="sqlite://", seed=(path,)))
    assert str(refused.value).startswith(str(path))
    assert message in str(refused.value)


def test_a_seed_that_is_no_json_is_refused_with_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "seed.json"
    path.write_text('{\n "format": 1,\n}', encoding="utf-8")
    with pytest.raises(BadSeed, match="line 3 column 1"):
        create(Settings(database="sqlite://", seed=(path,)))


def test_a_folder_of_seeds_is_read_in_name_order(tmp_path: Path) -> None:
    whole = seed()["tenants"][0]
    write(tmp_path, {"format": 1, "tenants": [whole | {"targetConnections": []}]}, "1.json")
    write(tmp_path, {"format": 1, "tenants": [whole | {"schemas": [], "dataSets": []}]}, "2.json")
    with Background(Settings(port=0, database="sqlite://", seed=(tmp_path,))) as running:
        answer = httpx.get(f"{running.url}{FLOW}/targetConnections", headers=HEADERS)
        assert len(answer.json()["items"]) == 1


def test_records_of_a_dataset_that_several_tenants_have_need_a_tenant(tmp_path: Path) -> None:
    tenant = seed()["tenants"][0]
    both = {"format": 1, "tenants": [tenant, tenant | {"sandbox": "dev"}]}
    with Background(Settings(port=0, database="sqlite://", seed=(write(tmp_path, both),))) as running:
        url = f"{running.url}/__admin/datasets/{DATASET}/records"
        assert httpx.get(url).status_code == 400
        assert httpx.get(url, headers=TENANT).json() == {"items": [], "count": 0, "next": None}
