"""Data put behind a connection: taken only as what it is, seen by explore, and newer each time."""

from __future__ import annotations

import codecs
import gc
import http.client
import json
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pyarrow
import pyarrow.parquet
import pytest

from emulator.engine.sources.put_data import put_folder
from emulator.server import Background
from emulator.settings import Settings
from emulator.store import source_objects
from emulator.store.database import Database
from emulator.store.source_objects import Behind
from emulator.store.tables import metadata
from tests.exploring import database, encoded, explore, file_store, found, names
from tests.support import FLOW, Api, Document, client_of

CSV, JSON, NDJSON, PARQUET = (
    "text/csv",
    "application/json",
    "application/x-ndjson",
    "application/vnd.apache.parquet",
)


def place(connection: str, path: str = "") -> str:
    address = f"/__admin/connections/{connection}/data"
    return f"{address}/{quote(path, safe='')}" if path else address


def put(api: Api, connection: str, path: str, content: str | bytes, content_type: str | None = None) -> httpx.Response:
    body = content.encode() if isinstance(content, str) else content
    return api.http.put(place(connection, path), content=body, headers={"content-type": content_type or ""})


def kept(api: Api, connection: str) -> list[Document]:
    answer = api.http.get(place(connection))
    assert answer.status_code == 200, answer.text
    page = answer.json()
    assert page["count"] == len(page["items"])
    items: list[Document] = page["items"]
    return items


def parquet(columns: dict[str, Any]) -> bytes:
    packed = BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(columns), packed)
    return packed.getvalue()


def refused(answer: httpx.Response, *mentions: str, status: int = 400) -> None:
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"error", "message"}
    for text in mentions:
        assert text in answer.json()["message"], answer.text


def test_what_was_put_is_listed_and_comes_back_as_it_was(api: Api) -> None:
    store = file_store(api)
    assert kept(api, store) == []
    made = put(api, store, "orders/day 1.csv", "id\n1\n", CSV)
    assert made.status_code == 201, made.text
    entry = made.json()
    assert (entry["path"], entry["contentType"], entry["size"]) == ("orders/day 1.csv", CSV, 5)
    assert kept(api, store) == [entry]
    again = api.http.get(place(store, "orders/day 1.csv"))
    assert (again.content, again.headers["content-type"]) == (b"id\n1\n", CSV)
    replaced = put(api, store, "orders/day 1.csv", "id\n2\n", CSV)
    assert replaced.status_code == 200
    assert replaced.json()["modified"] > entry["modified"]


def test_what_was_put_can_be_taken_away_alone_or_all_at_once(api: Api) -> None:
    store = file_store(api)
    for name in ("a.csv", "b.csv", "c.csv"):
        put(api, store, name, "id\n1\n")
    assert api.http.delete(place(store, "b.csv")).status_code == 204
    assert [one["path"] for one in kept(api, store)] == ["a.csv", "c.csv"]
    refused(api.http.delete(place(store, "b.csv")), "b.csv", status=404)
    refused(api.http.get(place(store, "b.csv")), "b.csv", status=404)
    assert api.http.delete(place(store)).status_code == 204
    assert kept(api, store) == []
    assert api.http.delete(place(store)).status_code == 204


def test_slashes_of_a_path_may_stand_as_they_are(api: Api) -> None:
    store = file_store(api)
    made = api.http.put(f"{place(store)}/a/b/c.csv", content="id\n1\n", headers={"content-type": CSV})
    assert made.json()["path"] == "a/b/c.csv"
    assert api.http.get(f"{place(store)}/a/b/c.csv").content == b"id\n1\n"
    assert api.http.delete(f"{place(store)}/a%2Fb/c.csv").status_code == 204
    assert kept(api, store) == []


def test_what_is_put_after_a_deletion_is_newer_than_what_was_deleted(api: Api) -> None:
    store = file_store(api)
    times = []
    for _ in range(5):
        times.append(put(api, store, "a.csv", "id\n1\n").json()["modified"])
        api.http.delete(place(store))
    assert sorted(set(times)) == times


def test_explore_shows_put_files_beside_the_samples(api: Api) -> None:
    store = file_store(api)
    put(api, store, "contacts.csv", "mine\n1\n")
    put(api, store, "new/deep/er.json", '[{"a": 1}]')
    top = [one["path"] for one in found(explore(api, store, objectType="root"))]
    assert {"contacts.csv", "new/", "accounts/"} <= set(top)
    explored = found(
        explore(api, store, objectType="file", object="contacts.csv", fileType="delimited", preview="true")
    )
    assert explored["data"] == [{"mine": "1"}]
    api.http.delete(place(store, "contacts.csv"))
    explored = found(explore(api, store, objectType="file", object="contacts.csv", fileType="delimited"))
    assert "mine" not in names(explored)


def test_a_sample_folder_is_hidden_by_a_put_one_of_its_name(api: Api) -> None:
    store = file_store(api)
    put(api, store, "orders/day-1.csv", "id\n1\n")
    inside = [one["path"] for one in found(explore(api, store, objectType="folder", object="orders"))]
    assert inside == ["orders/day-1.csv"]


@pytest.mark.parametrize(
    ("path", "content", "content_type"),
    [
        ("Accounts", "id,name\n1,Ada\n", CSV),
        ("Accounts.csv", "id,name\n1,Ada\n", None),
        ("Accounts", '[{"id": 1, "name": "Ada"}]', JSON),
        ("Accounts", '{"id": 1, "name": "Ada"}\n', NDJSON),
        ("Accounts", parquet({"id": [1], "name": ["Ada"]}), PARQUET),
    ],
    ids=["csv", "suffix", "json", "ndjson", "parquet"],
)
def test_a_put_table_stands_in_for_the_sample_of_its_name(
    api: Api, path: str, content: str | bytes, content_type: str | None
) -> None:
    connection = database(api)
    assert put(api, connection, path, content, content_type).status_code == 201
    explored = found(explore(api, connection, objectType="table", object="Accounts", preview="true"))
    assert names(explored) == ["id", "name"]
    assert [column["type"] for column in explored["schema"]["columns"]] == ["integer", "string"]
    assert explored["data"] == [{"id": 1, "name": "Ada"}]


def test_of_two_forms_of_one_table_the_one_put_last_is_it(api: Api) -> None:
    connection = database(api)
    put(api, connection, "Accounts.parquet", parquet({"id": [1]}))
    put(api, connection, "Accounts.csv", "id\n2\n")
    explored = found(explore(api, connection, objectType="table", object="Accounts", preview="true"))
    assert explored["data"] == [{"id": 2}]
    put(api, connection, "Accounts.parquet", parquet({"id": [3]}))
    explored = found(explore(api, connection, objectType="table", object="Accounts", preview="true"))
    assert explored["data"] == [{"id": 3}]


def test_explore_shows_put_records_of_an_api(api: Api) -> None:
    connection = api.base_connection()
    asked = {"objectType": "rest", "object": "json", "fileType": "json", "preview": "true"}
    put(api, connection, "charges", json.dumps([{"mine": 1}]), JSON)
    named = encoded({"resourcePath": "charges"})
    assert found(explore(api, connection, **asked, sourceParams=named))["data"] == [{"data": {"mine": 1}}]
    put(api, connection, "json", '{"mine": 2}\n{"mine": 3}\n', NDJSON)
    assert found(explore(api, connection, **asked))["data"] == [{"data": {"mine": 2}}, {"data": {"mine": 3}}]


@pytest.mark.parametrize(
    ("path", "content", "content_type", "mentions"),
    [
        ("a.json", '{"a": }', JSON, ["line 1 column 7"]),
        ("a.json", "[]", CSV, ["does not fit"]),
        ("a", "x", None, ["nothing says what"]),
        ("a.csv", b"a\n\xff\n", CSV, ["UTF-8", "byte 2"]),
        ("a.csv", b"a\n\0\n", CSV, ["U+0000"]),
        ("a.csv", "a\n", "text/csv; charset=utf-16", ["utf-16".upper()]),
        ("a.parquet", "PAR1 and more", None, ["PAR1"]),
        ("a.parquet", "PAR1", PARQUET, ["PAR1"]),
        ("a.csv", "a\n", "image/png", ["image/png"]),
        (".hidden.csv", "a\n", CSV, ["dots in front"]),
        ("a/../b.csv", "a\n", CSV, ["dots in front"]),
        ("a//b.csv", "a\n", CSV, ["none is empty"]),
        ("a/" * 600 + "b.csv", "a\n", CSV, ["1000 bytes"]),
        ("a.json", "[" * 200 + "]" * 200, JSON, ["nested"]),
    ],
)
def test_what_is_not_what_it_says_is_refused_and_changes_nothing(
    api: Api, path: str, content: str | bytes, content_type: str | None, mentions: list[str]
) -> None:
    store = file_store(api)
    refused(put(api, store, path, content, content_type), *mentions)
    assert kept(api, store) == []


def test_an_api_returns_objects_and_no_tables(api: Api) -> None:
    connection = api.base_connection()
    refused(put(api, connection, "charges", "a\n1\n", CSV), "reads no text/csv", JSON)
    refused(put(api, connection, "charges", "[1]", JSON), "record 1 is no object")
    refused(put(api, connection, "charges", '{"a": 1}\n{broken', NDJSON), "line 2 is no JSON")


def test_behind_a_streaming_connection_nothing_is_read(api: Api) -> None:
    refused(put(api, api.streaming_connection(), "a.json", "[]"), "streaming")


def test_a_name_is_not_a_file_and_a_folder(api: Api) -> None:
    store = file_store(api)
    put(api, store, "a.csv", "id\n1\n")
    refused(put(api, store, "a.csv/b.csv", "id\n1\n"), "a.csv is a file")
    put(api, store, "b.csv/c.csv", "id\n1\n")
    refused(put(api, store, "b.csv", "id\n1\n"), "b.csv is a file")


def test_an_unknown_connection_is_404_whatever_is_done(api: Api) -> None:
    unknown = "5d3a0e4c-0000-4000-8000-000000000000"
    refused(put(api, unknown, "a.csv", "a\n"), unknown, status=404)
    refused(api.http.get(place(unknown)), unknown, status=404)
    refused(api.http.get(place(unknown, "a.csv")), unknown, status=404)
    refused(api.http.delete(place(unknown)), unknown, status=404)
    refused(api.http.delete(place(unknown, "a.csv")), unknown, status=404)


def test_another_tenants_connection_is_not_there(api: Api) -> None:
    store = file_store(api)
    headers = {"x-gw-ims-org-id": "SOMEBODY@AdobeOrg"}
    refused(api.http.get(place(store), headers=headers), store, status=404)


def test_an_unknown_parameter_is_refused(api: Api) -> None:
    store = file_store(api)
    refused(api.http.get(place(store), params={"limit": 1}), "limit")


def test_more_can_be_put_than_other_calls_take(api: Api) -> None:
    store = file_store(api)
    assert put(api, store, "a.csv", b"a\n" * (6 * 1024 * 1024), CSV).status_code in (200, 201)
    assert len(kept(api, store)) == 1


def test_a_body_over_the_limit_is_too_large(api: Api) -> None:
    store = file_store(api)
    connection = http.client.HTTPConnection(str(api.http.base_url.netloc, "ascii"))
    connection.putrequest("PUT", f"{place(store)}/a.csv")
    connection.putheader("Content-Length", str(256 * 1024 * 1024 + 1))
    connection.endheaders()
    answer = connection.getresponse()
    assert (answer.status, "268435456" in answer.read().decode()) == (413, True)
    connection.close()
    assert kept(api, store) == []


def test_what_was_put_behind_a_connection_goes_with_it(server: Background, api: Api) -> None:
    store = file_store(api)
    put(api, store, "a.csv", b"id\na\n", CSV)
    assert api.http.delete(f"{FLOW}/connections/{store}").status_code == 204
    with server.app.world.database.reading() as tx:
        assert source_objects.listed(tx, Behind(api.org, "prod", store)) == []


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
def test_a_rest_flow_reads_what_was_put(api: Api, mark: bytes) -> None:
    base = api.base_connection()
    rows = b"".join(b'{"data":{"id":"ch_%d","created":%d}}\n' % (n, n) for n in range(3))
    assert put(api, base, "charges.ndjson", mark + rows, "application/x-ndjson").is_success
    source, target = api.source_connection(base), api.target()
    body = api.flow_body(source, target, {"data.id": "_test.id"})
    run = api.first_run(api.make("flows", body))
    assert run["metrics"]["recordSummary"]["outputRecordCount"] == 3
    assert [one["_test"]["id"] for one in api.records(target.dataset)["items"]] == ["ch_0", "ch_1", "ch_2"]


def test_records_without_a_time_are_read_once_and_may_lack_the_wrapper(api: Api) -> None:
    base = api.base_connection()
    rows = [{"id": "a", "created": 1700000000}, {"id": "b"}, {"data": {"id": "c", "created": "soon"}}]
    put(api, base, "charges", json.dumps(rows), JSON)
    source, target = api.source_connection(base), api.target()
    once = {"startTime": 1625040887, "frequency": "once"}
    flow = api.make("flows", api.flow_body(source, target, {"data.id": "_test.id"}, scheduleParams=once))
    run = api.first_run(flow)
    assert run["metrics"]["recordSummary"]["outputRecordCount"] == 3
    assert sorted(one["_test"]["id"] for one in api.records(target.dataset)["items"]) == ["a", "b", "c"]


def test_latin_text_keeps_its_encoding(api: Api) -> None:
    store = file_store(api)
    put(api, store, "a.csv", "né\n1\n".encode("iso-8859-1"), "text/csv; charset=iso-8859-1")
    assert api.http.get(place(store, "a.csv")).headers["content-type"] == "text/csv; charset=ISO-8859-1"


def test_every_server_of_a_database_sees_what_was_put_at_one_of_them(lasting_url: str) -> None:
    settings = Settings(port=0, database=lasting_url)
    with Background(settings) as one, Background(settings) as other:
        with client_of(one.url, "SHARED@AdobeOrg") as here, client_of(other.url, "SHARED@AdobeOrg") as there:
            store = file_store(here)
            for value in ("1", "2"):
                put(here, store, "mine.csv", f"id\n{value}\n")
                looked = explore(
                    there, store, objectType="file", object="mine.csv", fileType="delimited", preview="true"
                )
                assert found(looked)["data"] == [{"id": value}]
            here.http.delete(place(store))
            listing = found(explore(there, store, objectType="root"))
            assert "mine.csv" not in [one["path"] for one in listing]


def test_the_folder_of_a_server_goes_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    database = Database("sqlite://")
    with database.reading() as tx:
        metadata.create_all(database.engine)
        put_folder(tx, Behind("org", "prod", "id"), "file")
    assert list(tmp_path.iterdir())
    database.close()
    del tx, database
    gc.collect()
    assert not list(tmp_path.iterdir())


def test_reset_takes_put_data_with_it(api: Api) -> None:
    store = file_store(api)
    put(api, store, "mine.csv", "id\n1\n")
    api.http.post("/__admin/reset")
    refused(api.http.get(place(store)), store, status=404)
