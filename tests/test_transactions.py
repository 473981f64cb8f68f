"""Transactions: kept whole or undone whole, also when beginning or ending one fails."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text

from emulator.store import drivers as store
from emulator.store.database import Contended, Database, TenantGone
from emulator.store.migrations import migrate
from emulator.store.tables import inlet, meta

WRITE = insert(meta).values(key="kept", value="yes")
READ = select(meta.c.value).where(meta.c.key == "kept")
ORPHAN = insert(inlet).values(id="i", org="nobody", sandbox="prod", kind="flows", owner="f")


@pytest.fixture
def migrated(lasting_url: str) -> Iterator[Database]:
    database = Database(lasting_url)
    migrate(database)
    yield database
    database.close()


def test_what_a_block_wrote_is_undone_when_it_raises(migrated: Database) -> None:
    with pytest.raises(ZeroDivisionError), migrated.writing() as tx:
        tx.run(WRITE)
        raise ZeroDivisionError
    with migrated.reading() as tx:
        assert tx.row(READ) is None


def test_a_row_of_a_tenant_that_is_gone_is_refused_and_the_next_write_is_kept(migrated: Database) -> None:
    with pytest.raises(TenantGone), migrated.writing() as tx:
        tx.run(ORPHAN)
    with migrated.writing() as tx:
        tx.run(WRITE)
    with migrated.reading() as tx:
        assert tx.row(READ) == ("yes",)


def test_a_commit_that_fails_leaves_no_transaction_open(tmp_path: Path) -> None:
    path = tmp_path / "e.db"
    database = Database(f"sqlite:///{path}")
    migrate(database)
    with pytest.raises(TenantGone), database.writing() as tx:
        tx.run(text("PRAGMA defer_foreign_keys = ON"))
        tx.run(ORPHAN)
    with database.writing() as tx:
        tx.run(WRITE)
    other = sqlite3.connect(path)
    assert other.execute("SELECT value FROM meta WHERE key = 'kept'").fetchone() == ("yes",)
    other.close()
    database.close()


def test_a_database_that_another_process_keeps_locked_is_contended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "BUSY_TIMEOUT_MS", 50)
    path = tmp_path / "e.db"
    database = Database(f"sqlite:///{path}")
    migrate(database)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Contended), database.writing():
        pass
    other.execute("ROLLBACK")
    with database.writing() as tx:
        tx.run(WRITE)
    other.close()
    database.close()
