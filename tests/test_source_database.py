"""What runs read of a real database on this machine: a SQLite file, or a server of PostgreSQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from emulator.domain.specs import ConnectionSpec
from emulator.engine.sources.database_address import Address, database_of
from emulator.engine.sources.source import CHUNK, Chunk, NoData, SourceFailed
from emulator.engine.sources.table_store import TableStore
from tests.exploring import put
from tests.sources import Reader, landed, origin, records, spec_called, table_flow
from tests.support import Api, Document

POSTGRE, MYSQL = spec_called("postgre-sql"), spec_called("mysql")
SERVER = {"server": "127.0.0.1", "port": "5433", "database": "shop", "username": "ann", "password": "geheim"}
FOUND = Address(None, "127.0.0.1", 5433, "shop", "ann", "geheim")
Execute = Callable[[str], Any]


@pytest.mark.parametrize(
    ("spec", "auth", "address"),
    [
        (POSTGRE, SERVER, FOUND),
        (POSTGRE, {**SERVER, "port": 5433, "server": None, "host": "127.0.0.1"}, FOUND),
        (POSTGRE, {**SERVER, "port": None, "server": "127.0.0.1:5433"}, FOUND),
        (POSTGRE, {**SERVER, "server": "db.example.com"}, None),
        (POSTGRE, {**SERVER, "server": "127.0.0.1.example.com"}, None),
        (POSTGRE, {**SERVER, "port": None}, None),
        (POSTGRE, {**SERVER, "port": "99999999999"}, None),
        (MYSQL, SERVER, None),
        (POSTGRE, {"connectionString": "postgresql://ann:geheim@127.0.0.1:5433/shop"}, FOUND),
        (POSTGRE, {"connectionString": "jdbc:postgresql://127.0.0.1:5433/shop?user=ann&password=geheim"}, FOUND),
        (MYSQL, {"connectionString": "postgresql+psycopg://ann:geheim@127.0.0.1:5433/shop"}, FOUND),
        (POSTGRE, {"connectionString": "Server=127.0.0.1;Port=5433;Database=shop;Uid=ann;Pwd=geheim"}, FOUND),
        (POSTGRE, {"connectionString": "Host=127.0.0.1; User Id=ann;Password='geheim';Port=5433;DB=shop;"}, FOUND),
        (POSTGRE, {"connectionString": "host=127.0.0.1 port=5433 dbname=shop user=ann password=geheim"}, FOUND),
        (
            POSTGRE,
            {"connectionString": "postgresql://ann:x@[::1]/shop"},
            Address(None, "::1", 5432, "shop", "ann", "x"),
        ),
        (POSTGRE, {"connectionString": "postgresql://localhost:nowhere/shop"}, None),
        (POSTGRE, {"connectionString": "postgresql://ann@db.example.com/shop"}, None),
        (POSTGRE, {"connectionString": "mysql://root@127.0.0.1/shop"}, None),
        (POSTGRE, {"connectionString": "sqlite:////tmp/a%20b.db"}, Address("/tmp/a b.db")),
        (POSTGRE, {"connectionString": "x"}, None),
        (POSTGRE, {}, None),
        (POSTGRE, None, None),
    ],
)
def test_parameters_name_a_database_of_this_machine_or_none(
    spec: ConnectionSpec, auth: Document | None, address: Address | None
) -> None:
    assert database_of(spec, auth) == address


def test_an_address_does_not_show_its_password() -> None:
    assert "geheim" not in repr(FOUND)


class Place:
    """A database that somebody else keeps, and what a connection says to reach it."""

    def __init__(self, auth: Document, execute: Execute) -> None:
        self.auth = auth
        self.execute = execute

    def reader(self, *roots: Path, table: str = "people", delta: str | None = "at", **more: Any) -> Reader:
        named = {"name": delta} if delta else None
        of = origin("postgre-sql", {"tableName": table}, *roots, auth=self.auth, delta=named, **more)
        return Reader(TableStore(of).source())


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "sqlite":
        path = tmp_path / "shop.db"
        connection: Any = sqlite3.connect(path, isolation_level=None)
        yield Place({"connectionString": f"sqlite:///{path}"}, connection.execute)
        connection.close()
        return
    url: str = request.getfixturevalue("own_postgresql_url").replace("+psycopg", "")
    import psycopg

    with psycopg.connect(url, autocommit=True) as server:
        yield Place({"connectionString": url}, lambda sql: server.execute(sql.encode()))


@pytest.fixture
def people(place: Place) -> Place:
    place.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, at TIMESTAMP)")
    add(place, 1, "2024-01-01 10:00:00")
    add(place, 2, "2024-01-02 10:00:00")
    add(place, 3, None)
    return place


def add(place: Place, one: int, at: str | None) -> None:
    value = "NULL" if at is None else f"'{at}'"
    place.execute(f"INSERT INTO people VALUES ({one}, 'name {one}', {value})")


def ids(chunks: list[Chunk]) -> list[int]:
    return sorted(record["id"] for record in records(chunks))


def test_only_what_is_beyond_the_delta_column_is_read(people: Place) -> None:
    source = people.reader()
    assert ids(source.read()) == [1, 2, 3]
    assert source.read() == []
    add(people, 4, "2024-01-02 10:00:01")
    add(people, 5, "2024-01-01 11:00:00")
    add(people, 6, None)
    assert ids(source.read()) == [4]
    assert source.read() == []


def test_without_a_delta_column_every_run_reads_the_whole_table(people: Place) -> None:
    source = people.reader(delta=None)
    assert ids(source.read()) == [1, 2, 3]
    assert ids(source.read()) == [1, 2, 3]


def test_a_window_bounds_a_column_of_times(people: Place) -> None:
    # From 2024-01-01T12:00:00Z to 2024-01-03T00:00:00Z.
    assert ids(people.reader().read(since=1704110400000, until=1704240000000)) == [2]
    assert ids(people.reader().read(until=1704110400000)) == [1]


def test_a_number_may_be_the_delta_column(people: Place) -> None:
    source = people.reader(delta="ID")
    assert ids(source.read(since=1704110400000)) == [1, 2, 3]
    add(people, 4, None)
    assert ids(source.read()) == [4]


def test_a_reading_that_ends_between_rows_of_one_value_goes_on_there(people: Place) -> None:
    people.execute(
        "INSERT INTO people WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 12009) "
        "SELECT i, 'many', CASE WHEN i < 1000 THEN NULL ELSE TIMESTAMP '2024-02-01 00:00:00' END FROM n"
        if "postgres" in people.auth["connectionString"]
        else "INSERT INTO people WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 12009) "
        "SELECT i, 'many', CASE WHEN i < 1000 THEN NULL ELSE '2024-02-01 00:00:00' END FROM n"
    )
    source, seen = people.reader(), []
    while (part := source.read_part()) is not None:
        assert len(part.records) <= CHUNK
        seen += [record["id"] for record in part.records]
    assert sorted(seen) == [1, 2, 3, *range(10, 12010)]


def test_values_come_as_json_has_them(place: Place) -> None:
    place.execute("CREATE TABLE people (id INTEGER, price NUMERIC(8, 2), born DATE, gone BOOLEAN)")
    place.execute("INSERT INTO people VALUES (1, 2.5, '2024-01-31', NULL)")
    (record,) = records(place.reader(delta=None).read())
    assert (record["id"], record["price"], record["gone"]) == (1, 2.5, None)
    assert record["born"].startswith("2024-01-31")


def test_put_data_goes_before_the_database(people: Place, tmp_path: Path) -> None:
    put(tmp_path / "put", "people.csv", "id\n77\n")
    assert ids(people.reader(tmp_path / "put", delta=None).read()) == [77]
    assert ids(people.reader(tmp_path / "nothing", tmp_path / "put", delta=None).read()) == [1, 2, 3]


def test_an_unknown_table_is_answered_with_what_there_is(people: Place) -> None:
    with pytest.raises(NoData, match=r"nearest: (public\.)?people"):
        people.reader(table="peple").read()


def test_a_view_and_a_table_of_a_schema_are_read(people: Place) -> None:
    people.execute("CREATE VIEW old_people AS SELECT * FROM people WHERE id < 2")
    assert ids(people.reader(table="old_people").read()) == [1]
    schema = "main" if "sqlite" in people.auth["connectionString"] else "public"
    assert ids(people.reader(table=f"{schema}.people").read()) == [1, 2, 3]


def test_nothing_can_be_written(people: Place) -> None:
    if "postgres" in people.auth["connectionString"]:
        people.execute(
            "CREATE FUNCTION sneak() RETURNS int LANGUAGE sql AS 'INSERT INTO people VALUES (9) RETURNING 1'"
        )
        people.execute("CREATE VIEW sly AS SELECT sneak() AS id")
        with pytest.raises(SourceFailed, match="read-only"):
            people.reader(table="sly", delta=None).read()
    assert ids(people.reader().read()) == [1, 2, 3]


def test_a_database_that_does_not_answer_fails_without_its_password() -> None:
    auth = {"server": "127.0.0.1", "port": "9", "database": "shop", "username": "ann", "password": "geheim"}
    with pytest.raises(SourceFailed, match=r"127\.0\.0\.1") as raised:
        Place(auth, print).reader().read()
    assert "geheim" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_sqlite_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    path = tmp_path / "none.db"
    with pytest.raises(SourceFailed, match=r"none\.db"):
        Place({"connectionString": f"sqlite:///{path}"}, print).reader().read()
    assert not path.exists()


def test_a_file_that_is_no_database_fails(tmp_path: Path) -> None:
    path = put(tmp_path, "no.db", "this is a text\n" * 100)
    with pytest.raises(SourceFailed, match="not a database"):
        Place({"connectionString": f"sqlite:///{path}"}, print).reader().read()


def test_a_flow_lands_the_rows_of_a_database(api: Api, tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as shop, shop:
        shop.execute("CREATE TABLE people (id TEXT, at INTEGER)")
        shop.executemany("INSERT INTO people VALUES (?, ?)", [("a", 1), ("b", 2)])
    params = {"connectionString": f"sqlite:///{path}"}
    auth = {"specName": "Connection String Based Authentication", "params": params}
    base = api.base_connection(POSTGRE.id, auth=auth)
    flow, dataset = table_flow(api, base, POSTGRE.id, "people", "at")
    run = api.first_run(flow)
    assert run["metrics"]["statusSummary"]["status"] == "success", run
    assert landed(api, dataset) == ["a", "b"]
