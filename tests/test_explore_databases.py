"""Exploring and testing connections that point at a real database on this machine: what a run would read."""

from __future__ import annotations

import json
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from emulator.services.flow import explore as explore_service
from tests.exploring import DYNAMICS, SNOWFLAKE, encoded, explore, found, put
from tests.sources import landed, spec_called, table_flow
from tests.support import FLOW, Api, Document, assert_refused

POSTGRE = spec_called("postgre-sql").id
STRING_AUTH = "Connection String Based Authentication"
SECRET = "never-to-be-seen"
INTEGER = {"type": "integer", "minimum": -9007199254740992, "maximum": 9007199254740991}
DATE_TIME = {"type": "string", "meta:xdmType": "date-time", "xdm": {"type": "string", "format": "date-time"}}


class Shop:
    """A database that somebody else keeps; ``prefix`` is what names of its tables begin with."""

    def __init__(self, url: str, execute: Callable[[str], Any], prefix: str) -> None:
        self.url = url
        self.execute = execute
        self.prefix = prefix

    @property
    def is_sqlite(self) -> bool:
        return not self.prefix


@pytest.fixture(params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    if request.param == "sqlite":
        path = tmp_path / "shop.db"
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            made = Shop(f"sqlite:///{path}", connection.execute, "")
            fill(made)
            yield made
        return
    url: str = request.getfixturevalue("own_postgresql_url").replace("+psycopg", "")
    import psycopg

    with psycopg.connect(url, autocommit=True) as server:
        made = Shop(url, lambda sql: server.execute(sql.encode()), "public.")
        fill(made)
        yield made


def fill(shop: Shop) -> None:
    shop.execute(
        "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, height DOUBLE PRECISION, at TIMESTAMP, gone BOOLEAN)"
    )
    for number in range(20, 0, -1):
        shop.execute(f"INSERT INTO people VALUES ({number}, 'name {number}', 1.5, '2024-01-02 10:00:00', NULL)")
    shop.execute('CREATE TABLE "Odd.Names" (a TEXT)')
    shop.execute("CREATE VIEW tall AS SELECT id, name FROM people WHERE id > 15")


def connected(api: Api, url: str, spec_id: str = POSTGRE, name: str = STRING_AUTH, **more: str) -> str:
    return api.base_connection(spec_id, auth={"specName": name, "params": {"connectionString": url, **more}})


def dynamics(api: Api, url: str) -> str:
    """A source that tells views from tables."""
    name, more = "Basic Authentication for Dynamics-Online", {"serviceUri": "x", "username": "x", "password": "x"}
    return connected(api, url, DYNAMICS, name, **more)


def entry(name: str, kind: str = "table") -> Document:
    return {"type": kind, "name": name, "path": name, "canPreview": True, "canFetchSchema": True}


def verdict(api: Api, connection: str) -> Document:
    result: Document = found(api.http.get(f"{FLOW}/connections/{connection}/test"))
    return result


def wanted(operator: str, field: str, value: Any) -> str:
    params: list[Document] = [{"nodeType": "fieldLookup", "fieldName": field}, {"nodeType": "literal", "value": value}]
    value = {"nodeType": "fnApply", "fnName": operator, "params": params}
    return encoded({"type": "PQL", "format": "pql/json", "value": value})


# --- listings


def test_the_top_lists_the_tables_of_the_database_and_no_sample(api: Api, shop: Shop) -> None:
    listing = found(explore(api, connected(api, shop.url), objectType="root"))
    names = [f"{shop.prefix}{name}" for name in ("Odd.Names", "people", "tall")]
    assert listing == [entry(name) for name in sorted(names, key=str.casefold)]


def test_tables_of_every_schema_are_listed_with_it(api: Api, own_postgresql_url: str) -> None:
    import psycopg

    url = own_postgresql_url.replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as server:
        for statement in ("CREATE SCHEMA sales", "CREATE TABLE sales.orders (id INT)", "CREATE TABLE public.orders ()"):
            server.execute(statement.encode())
        server.execute(b"CREATE MATERIALIZED VIEW sales.totals AS SELECT 1 AS total")
    connection = connected(api, url)
    listing = found(explore(api, connection, objectType="root"))
    assert [one["name"] for one in listing] == ["public.orders", "sales.orders", "sales.totals"]
    explored = found(explore(api, connection, objectType="table", object="sales.orders"))
    assert [column["name"] for column in explored["schema"]["columns"]] == ["id"]
    empty = explore(api, connection, objectType="table", object="orders")
    assert_refused(empty, "CONNECTOR-1330-400", "object")


def test_a_source_with_views_tells_them_from_tables(api: Api, shop: Shop) -> None:
    connection, view = dynamics(api, shop.url), f"{shop.prefix}tall"
    listing = found(explore(api, connection, objectType="root"))
    assert listing[-1] == entry(view, "view")
    assert entry(view) not in listing
    found(explore(api, connection, objectType="view", object=view))
    refused = explore(api, connection, objectType="table", object=view)
    assert f"no table '{view}'" in assert_refused(refused, "CONNECTOR-1312-400", "object")["errorMessage"]
    refused = explore(api, connection, objectType="view", object="people")
    assert f"nearest: {view}" not in assert_refused(refused, "CONNECTOR-1312-400", "object")["errorMessage"]


def test_every_listed_table_can_be_looked_at(api: Api, shop: Shop) -> None:
    connection = connected(api, shop.url)
    for one in found(explore(api, connection, objectType="root")):
        explored = found(explore(api, connection, objectType="table", object=one["path"], preview="true"))
        assert explored["format"] == "flat"


# --- tables


def test_a_table_has_its_columns_and_its_first_rows(api: Api, shop: Shop) -> None:
    explored = found(explore(api, connected(api, shop.url), objectType="table", object="people", preview="true"))
    assert explored["schema"]["columns"] == [
        {"name": "id", "type": "integer", "xdm": INTEGER},
        {"name": "name", "type": "string", "xdm": {"type": "string"}},
        {"name": "height", "type": "double", "xdm": {"type": "number"}},
        {"name": "at", **DATE_TIME},
        {"name": "gone", "type": "boolean", "xdm": {"type": "boolean"}},
    ]
    at = "2024-01-02 10:00:00" if shop.is_sqlite else "2024-01-02T10:00:00"
    assert explored["data"] == [
        {"id": number, "name": f"name {number}", "height": 1.5, "at": at, "gone": None} for number in range(1, 11)
    ]


def test_rows_are_previewed_when_they_are_asked_for_and_as_many(api: Api, shop: Shop) -> None:
    connection = connected(api, shop.url)
    assert "data" not in found(explore(api, connection, objectType="table", object="people"))
    for count in (3, 100):
        params = {"objectType": "table", "object": "people", "preview": "true", "previewCount": str(count)}
        assert len(found(explore(api, connection, **params))["data"]) == min(count, 20)


def test_a_schema_may_stand_before_the_name(api: Api, shop: Shop) -> None:
    schema = "main" if shop.is_sqlite else "public"
    connection = connected(api, shop.url)
    for name in (f"{schema}.people", f"{schema}.Odd.Names", "Odd.Names"):
        found(explore(api, connection, objectType="table", object=name))


def test_rows_are_filtered_where_the_source_offers_it(api: Api, shop: Shop) -> None:
    params = {"objectType": "table", "object": "people", "preview": "true"}
    connection = connected(api, shop.url, SNOWFLAKE, "ConnectionString")
    explored = found(explore(api, connection, filters=wanted(">", "ID", 18), **params))
    assert [row["id"] for row in explored["data"]] == [19, 20]
    refused = explore(api, connection, filters=wanted("=", "size", 18), **params)
    assert "Columns: id, name" in assert_refused(refused, "CONNECTOR-1378-400")["errorMessage"]
    assert_refused(explore(api, connected(api, shop.url), filters=wanted("=", "id", 1), **params), "CONNECTOR-1353-400")


def test_a_primary_key_must_be_a_column(api: Api, shop: Shop) -> None:
    params = {"objectType": "table", "object": "people"}
    connection = connected(api, shop.url)
    found(explore(api, connection, primaryKey="id", **params))
    refused = assert_refused(explore(api, connection, primaryKey="key", **params), "CONNECTOR-1312-400", "primaryKey")
    assert "Columns: id, name" in refused["errorMessage"]


def test_a_table_that_is_not_there_is_refused_with_the_nearest(api: Api, shop: Shop) -> None:
    refused = explore(api, connected(api, shop.url), objectType="table", object=f"{shop.prefix}peple")
    message = assert_refused(refused, "CONNECTOR-1312-400", "object")["errorMessage"]
    assert f"nearest: {shop.prefix}people" in message
    sample = explore(api, connected(api, shop.url), objectType="table", object="Contacts")
    assert_refused(sample, "CONNECTOR-1312-400", "object")


def test_values_that_json_has_no_type_for_are_shown(api: Api, own_postgresql_url: str) -> None:
    import psycopg

    url = own_postgresql_url.replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(b"CREATE TABLE odd (doc JSON, tags INT[], big NUMERIC, raw BYTEA, day DATE, span INTERVAL)")
        server.execute(
            """INSERT INTO odd VALUES ('{"n": 123456789012345678901234567890, "half": "\\ud800é"}', '{1,2}', 'NaN',
            'x', '2024-01-31', '1 day')""".encode()
        )
    explored = found(explore(api, connected(api, url), objectType="table", object="odd", preview="true"))
    assert [(column["name"], column["type"]) for column in explored["schema"]["columns"]] == [
        ("doc", "object"),
        ("tags", "array"),
        ("big", "double"),
        ("raw", "string"),
        ("day", "string"),
        ("span", "string"),
    ]
    assert explored["schema"]["columns"][1]["xdm"] == {"type": "array", "items": INTEGER}
    (row,) = explored["data"]
    assert row == {
        "doc": {"n": "123456789012345678901234567890", "half": "?é"},
        "tags": [1, 2],
        "big": None,
        "raw": "x",
        "day": "2024-01-31T00:00:00",
        "span": "1 day, 0:00:00",
    }


@pytest.mark.parametrize(
    "value", ["'infinity'::date", f"""'{"[" * 150}{"]" * 150}'::json""", f"""'{"[" * 5000}{"]" * 5000}'::json"""]
)
def test_a_row_that_cannot_be_shown_is_refused(api: Api, own_postgresql_url: str, value: str) -> None:
    import psycopg

    url = own_postgresql_url.replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"CREATE TABLE odd AS SELECT {value} AS a".encode())
    answer = explore(api, connected(api, url), objectType="table", object="odd", preview="true")
    assert answer.status_code == 400, answer.text


# --- what a run reads


def test_what_explore_lists_a_flow_lands(api: Api, shop: Shop) -> None:
    connection = connected(api, shop.url)
    path = next(one["path"] for one in found(explore(api, connection, objectType="root")) if "people" in one["path"])
    explored = found(explore(api, connection, objectType="table", object=path, preview="true", previewCount="100"))
    flow, dataset = table_flow(api, connection, POSTGRE, path, "id")
    run = api.first_run(flow)
    assert run["metrics"]["statusSummary"]["status"] == "success", run
    assert [int(one) for one in landed(api, dataset)] == [row["id"] for row in explored["data"]]


def test_put_data_goes_before_the_database_as_it_does_in_runs(api: Api, shop: Shop) -> None:
    connection = connected(api, shop.url)
    answer = api.http.put(
        f"/__admin/connections/{connection}/data/people", content=b"id\n77\n", headers={"content-type": "text/csv"}
    )
    assert answer.is_success, answer.text
    explored = found(explore(api, connection, objectType="table", object="people", preview="true"))
    assert explored["data"] == [{"id": 77}]
    names = [one["name"] for one in found(explore(api, connection, objectType="root"))]
    assert names.count("people") == 1
    assert f"{shop.prefix}tall" in names


def test_a_connection_to_another_machine_shows_the_samples(api: Api) -> None:
    connection = connected(api, "postgresql://ann:x@db.example.com/shop")
    assert entry("Contacts") in found(explore(api, connection, objectType="root"))
    assert verdict(api, connection) == {"result": True}


# --- trouble


def assert_beyond_reach(api: Api, connection: str, *mentions: str) -> None:
    """Listing, table and test say the same, and nothing secret."""
    for params in ({"objectType": "root"}, {"objectType": "table", "object": "people", "preview": "true"}):
        body = assert_refused(explore(api, connection, **params), "CONNECTOR-1308-400")
        assert [text for text in mentions if text not in body["errorMessage"]] == [], body["errorMessage"]
        assert SECRET not in json.dumps(body)
    result = verdict(api, connection)
    assert result["result"] is False
    assert [text for text in mentions if text not in result["errorMessage"]] == [], result["errorMessage"]
    assert SECRET not in result["errorMessage"]


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def test_a_server_that_is_not_there_is_refused_with_what_was_tried(api: Api) -> None:
    port = free_port()
    connection = connected(api, f"postgresql://ann:{SECRET}@127.0.0.1:{port}/shop")
    assert_beyond_reach(api, connection, f"127.0.0.1:{port}", "database shop", "auth.params", "refused")


def test_credentials_that_the_server_refuses_are_refused_without_them(api: Api, own_postgresql_url: str) -> None:
    import psycopg

    at = urlsplit(own_postgresql_url)
    connection = connected(api, f"postgresql://nobody_here:{SECRET}@127.0.0.1:{at.port or 5432}{at.path}")
    try:
        psycopg.connect(f"postgresql://nobody_here:{SECRET}@127.0.0.1:{at.port or 5432}{at.path}").close()
    except psycopg.OperationalError:
        assert_beyond_reach(api, connection, "nobody_here", "auth.params")
    else:
        pytest.skip("this server takes everybody")


def test_a_database_that_the_server_lacks_is_refused(api: Api, own_postgresql_url: str) -> None:
    url = own_postgresql_url.replace("+psycopg", "") + "_nowhere"
    assert_beyond_reach(api, connected(api, url), "does not exist", "auth.params")


def test_a_table_that_may_not_be_read_is_refused(api: Api, own_postgresql_url: str) -> None:
    import psycopg

    url, role = own_postgresql_url.replace("+psycopg", ""), f"reader_{free_port()}"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(b"CREATE TABLE people (id INT)")
        server.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{SECRET}'".encode())
        try:
            at = urlsplit(url)
            connection = connected(api, f"postgresql://{role}:{SECRET}@127.0.0.1:{at.port or 5432}{at.path}")
            assert verdict(api, connection) == {"result": True}
            refused = explore(api, connection, objectType="table", object="people", preview="true")
            message = assert_refused(refused, "CONNECTOR-1308-400")["errorMessage"]
            assert "permission denied for table people. Asked was PostgreSQL" in message
        finally:
            server.execute(f"DROP ROLE {role}".encode())


@pytest.mark.parametrize(("content", "said"), [(None, "no SQLite file"), ("this is a text\n" * 100, "not a database")])
def test_a_file_that_is_no_database_is_refused(api: Api, tmp_path: Path, content: str | None, said: str) -> None:
    path = tmp_path / "shop.db"
    if content is not None:
        put(tmp_path, "shop.db", content)
    assert_beyond_reach(api, connected(api, f"sqlite:///{path}"), said, f"SQLite file {path}. ", "or name another")


def test_nobody_waits_for_a_table_that_never_answers(api: Api, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explore_service, "WITHIN_S", 0.2)
    shop.execute(
        "CREATE VIEW endless AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i > 0) "
        "SELECT count(*) AS c FROM n"
    )
    refused = explore(api, connected(api, shop.url), objectType="table", object="endless", preview="true")
    assert_refused(refused, "CONNECTOR-1308-400")


def test_nobody_waits_for_rows_that_a_filter_never_finds(api: Api, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explore_service, "WITHIN_S", 0.5)
    shop.execute(
        "CREATE VIEW endless AS WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id > 0) "
        "SELECT CAST(id AS TEXT) AS id FROM n LIMIT 100000000"
    )
    connection = connected(api, shop.url, SNOWFLAKE, "ConnectionString")
    params = {"objectType": "table", "object": "endless", "preview": "true", "filters": wanted("=", "id", "x")}
    assert_refused(explore(api, connection, **params), "CONNECTOR-1308-400")


def test_a_database_passes_the_test_of_its_account_and_is_left_as_it_was(api: Api, shop: Shop) -> None:
    connection = connected(api, shop.url)
    assert verdict(api, connection) == {"result": True}
    found(explore(api, connection, objectType="table", object="people", preview="true"))
    assert len(shop.execute("SELECT * FROM people").fetchall()) == 20
