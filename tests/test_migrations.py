"""Databases of other releases: older ones are brought up to date, newer ones refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from emulator.domain.kinds import FLOWS
from emulator.domain.tenant import Tenant
from emulator.server import Background
from emulator.settings import Settings
from emulator.store import migrations, resources
from emulator.store.database import Database, UnusableDatabase
from emulator.store.migrations import migrate
from tests.landing import put_batch
from tests.support import CATALOG, FLOW, client_of

# What the third schema has more than those before it.
THIRD = ("rejected", "outcome", "source_object", "subscriber", "delivery")
FOURTH = ("batch_file_part", "batch_file", "stream", "stream_hour", "fault", "snapshot")


@pytest.fixture
def fresh(lasting_url: str) -> Iterator[Database]:
    """A database that nobody has used yet."""
    database = Database(lasting_url)
    yield database
    database.close()


def test_an_empty_database_is_made_and_left_alone_afterwards(fresh: Database) -> None:
    assert migrate(fresh) == 0
    assert migrate(fresh) == migrations.NEWEST


def test_an_older_database_takes_every_step_in_order(fresh: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    migrate(fresh)
    taken = []

    def step(number: int) -> migrations.Step:
        def take(connection: Connection) -> None:
            taken.append(number)
            connection.execute(text(f"CREATE TABLE added_by_{number} (x INTEGER)"))

        return take

    newest = migrations.NEWEST + 2
    steps = {number: step(number) for number in range(migrations.NEWEST + 1, newest + 1)}
    monkeypatch.setattr(migrations, "STEPS", {**migrations.STEPS, **steps})
    monkeypatch.setattr(migrations, "NEWEST", newest)
    migrate(fresh)
    assert taken == sorted(steps)
    assert migrate(fresh) == newest
    assert taken == sorted(steps)


def test_a_step_that_fails_leaves_the_database_as_it_was(fresh: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    migrate(fresh)
    before = migrations.NEWEST

    def broken(connection: Connection) -> None:
        connection.execute(text("CREATE TABLE half_done (x INTEGER)"))
        connection.execute(text("this is no SQL"))

    with monkeypatch.context() as patched:
        patched.setattr(migrations, "STEPS", {**migrations.STEPS, before + 1: broken})
        patched.setattr(migrations, "NEWEST", before + 1)
        with pytest.raises(UnusableDatabase):
            migrate(fresh)
    assert migrate(fresh) == before
    with fresh.engine.connect() as connection:
        assert "half_done" not in fresh.engine.dialect.get_table_names(connection)


def test_a_newer_database_is_refused_with_a_clear_line(fresh: Database) -> None:
    migrate(fresh)
    with fresh.engine.begin() as connection:
        connection.execute(text("UPDATE meta SET value = '999' WHERE key = 'schema'"))
        connection.commit()
    with pytest.raises(UnusableDatabase, match=r"made by a newer release \(its schema is 999"):
        migrate(fresh)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "e.db").write_text("this is no database" * 100, encoding="utf-8")
    database = Database(f"sqlite:///{tmp_path}/e.db")
    with pytest.raises(UnusableDatabase, match="file is not a database"):
        migrate(database)
    database.close()


def test_flows_of_the_first_schema_are_found_by_what_is_indexed_now(lasting_url: str) -> None:
    with Background(Settings(port=0, database=lasting_url)) as server, client_of(server.url, "OLD@AdobeOrg") as api:
        flow, _ = api.flow(name="From the first release")
    database = Database(lasting_url)
    with database.engine.begin() as connection:
        if database.family == "postgresql":
            connection.execute(text("BEGIN"))
        for table in ("entry", "pending_run", *THIRD, *FOURTH):
            connection.execute(text(f"DROP TABLE {table}"))
        connection.execute(text("CREATE TABLE link (seq INTEGER)"))
        connection.execute(text("UPDATE meta SET value = '1' WHERE key = 'schema'"))
    assert migrate(database) == 1
    with database.reading() as tx:
        tenant = Tenant("OLD@AdobeOrg", "prod", "", "", "")
        source = resources.read(tx, tenant, FLOWS, flow)
        assert source is not None
        assert resources.linked(tx, tenant, FLOWS, "sourceConnectionIds[]", source["sourceConnectionIds"][0]) == [flow]
    database.close()
    with Background(Settings(port=0, database=lasting_url)) as server, client_of(server.url, "OLD@AdobeOrg") as api:
        found = api.http.get(f"{FLOW}/flows", params={"property": "name==from the FIRST release"}).json()["items"]
        assert [item["id"] for item in found] == [flow]


def test_batches_of_the_second_schema_are_found_by_status_and_time(lasting_url: str) -> None:
    with Background(Settings(port=0, database=lasting_url)) as server, client_of(server.url, "OLD@AdobeOrg") as api:
        dataset = api.dataset(api.schema())
        made = [put_batch(server, api, dataset, status=status) for status in ("success", "failed", "success")]
    database = Database(lasting_url)
    with database.engine.begin() as connection:
        if database.family == "postgresql":
            connection.execute(text("BEGIN"))
        for table in (*THIRD, *FOURTH):
            connection.execute(text(f"DROP TABLE {table}"))
        connection.execute(text("DELETE FROM entry WHERE kind = 'batches' AND field <> 'relatedObjects[].id'"))
        connection.execute(text("UPDATE meta SET value = '2' WHERE key = 'schema'"))
    assert migrate(database) == 2
    database.close()
    with Background(Settings(port=0, database=lasting_url)) as server, client_of(server.url, "OLD@AdobeOrg") as api:
        for params in ({"status": "success"}, {"dataSet": dataset, "status": "success", "orderBy": "desc:created"}):
            assert set(api.http.get(f"{CATALOG}/batches", params=params).json()) == {made[0], made[2]}
        found = api.http.get(f"{CATALOG}/lastBatches", params={"dataSetId": dataset}).json()[dataset]
        assert (found["lastBatchId"], found["lastFailedBatchId"]) == (made[2], made[1])


def test_datasets_of_the_third_schema_are_found_by_name(lasting_url: str) -> None:
    with Background(Settings(port=0, database=lasting_url)) as server, client_of(server.url, "OLD@AdobeOrg") as api:
        dataset = api.dataset(api.schema())
    database = Database(lasting_url)
    with database.engine.begin() as connection:
        if database.family == "postgresql":
            connection.execute(text("BEGIN"))
        for table in FOURTH:
            connection.execute(text(f"DROP TABLE {table}"))
        connection.execute(text("DELETE FROM entry WHERE kind = 'dataSets' AND field <> 'schemaRef.id'"))
        connection.execute(text("UPDATE meta SET value = '3' WHERE key = 'schema'"))
    assert migrate(database) == 3
    database.close()
    with Background(Settings(port=0, database=lasting_url)) as server, client_of(server.url, "OLD@AdobeOrg") as api:
        assert list(api.http.get(f"{CATALOG}/dataSets", params={"name": "A dataset"}).json()) == [dataset]
        body = {"datasetId": dataset, "inputFormat": {"format": "json"}}
        assert api.http.post("/data/foundation/import/batches", json=body).status_code == 201
