"""The OpenAPI documents as the server hands them out, and the page that shows them."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
import yaml

from emulator.server import Background
from emulator.settings import Settings
from tests.contract import DOCUMENTS, FOLDER


def test_the_index_lists_every_document_and_where_it_is(server: Background) -> None:
    listed = httpx.get(f"{server.url}/__admin/openapi.json").json()["documents"]
    assert [entry["name"] for entry in listed] == sorted(DOCUMENTS)
    for entry in listed:
        assert entry["title"] == DOCUMENTS[entry["name"]]["info"]["title"]
        assert httpx.get(entry["json"]).json()["info"]["title"] == entry["title"]
        assert httpx.get(entry["yaml"]).headers["content-type"] == "application/yaml"
        assert httpx.get(entry["page"]).headers["content-type"] == "text/html; charset=utf-8"
    assert next(entry["operations"] for entry in listed if entry["name"] == "ims") == 6


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_the_same_as_yaml_and_as_json_but_for_its_server(server: Background, name: str) -> None:
    source = httpx.get(f"{server.url}/__admin/openapi/{name}.yaml").text
    assert source == (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    converted = httpx.get(f"{server.url}/__admin/openapi/{name}.json").json()
    assert converted == yaml.safe_load(source) | {"servers": [{"url": server.url}]}


def test_the_server_of_a_document_is_the_one_that_the_client_reached(server: Background) -> None:
    document = httpx.get(f"{server.url}/__admin/openapi/ims.json", headers={"Host": "emulator:8237"}).json()
    assert document["servers"] == [{"url": "http://emulator:8237"}]
    settings = Settings(port=0, database="sqlite://", public_url="https://emulator.example")
    with Background(settings) as running:
        document = httpx.get(f"{running.url}/__admin/openapi/ims.json").json()
        assert document["servers"] == [{"url": "https://emulator.example"}]
        listed = httpx.get(f"{running.url}/__admin/openapi.json").json()["documents"]
    assert all(entry["json"].startswith("https://emulator.example/__admin/openapi/") for entry in listed)


@pytest.mark.parametrize("path", ["none.json", "none.yaml", "index.html", "%2e%2e%2Fpyproject.json", "ims"])
def test_an_unknown_document_is_refused_in_the_admin_words(server: Background, path: str) -> None:
    answer = httpx.get(f"{server.url}/__admin/openapi/{path}")
    assert answer.status_code == 404
    assert set(answer.json()) == {"error", "message"}


def test_the_refusal_of_an_unknown_document_names_those_that_there_are(server: Background) -> None:
    message = httpx.get(f"{server.url}/__admin/openapi/none.json").json()["message"]
    assert all(name in message for name in DOCUMENTS)


@pytest.mark.parametrize("path", ["openapi", "openapi.json", "openapi/ims.json", "openapi/ims.yaml"])
def test_a_parameter_that_nothing_would_look_at_is_refused(server: Background, path: str) -> None:
    assert httpx.get(f"{server.url}/__admin/{path}", params={"pretty": "1"}).status_code == 400


def test_the_page_loads_nothing_from_elsewhere(server: Background) -> None:
    page = httpx.get(f"{server.url}/__admin/openapi").text
    assert page == httpx.get(f"{server.url}/__admin/openapi/").text
    assert re.findall(r"""(?:src|href|action)\s*=\s*["'](?!#|data:,)[^"'`$]+""", page) == []
    assert not re.search(r"https?://|@import|url\(", page)


def test_the_document_of_the_admin_endpoints_names_the_documents() -> None:
    parameter = DOCUMENTS["admin"]["components"]["parameters"]["DocumentName"]
    assert parameter["schema"]["enum"] == sorted(path.stem for path in Path(FOLDER).glob("*.yaml"))
