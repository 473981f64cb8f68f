"""The tables behind a base connection, which runs, explore and the connection's test see alike.

A table that was put goes before one of the database of this machine that the connection names. Where it
names none, files stand for all tables.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal

from emulator.engine.sources.database import Database, listed, table_called, unknown
from emulator.engine.sources.database_address import database_of
from emulator.engine.sources.database_looking import TableLookedAt
from emulator.engine.sources.database_reading import DatabaseSource
from emulator.engine.sources.origin import Origin
from emulator.engine.sources.source import Chunk, Entry, NoData, Source, Wanted
from emulator.engine.sources.table_reading import FileTable
from emulator.engine.sources.tables import TABLE, VIEW, Table, Tables


@dataclass(frozen=True)
class TableStore:
    """``within`` is how many seconds whoever waits for a database has, None for no bound."""

    family: ClassVar[Literal["table"]] = "table"
    origin: Origin
    within: float | None = None

    @cached_property
    def _database(self) -> Database | None:
        address = database_of(self.origin.spec, self.origin.auth)
        return None if address is None else Database(address, self.within)

    def _files(self, kinds: tuple[str, ...] = (TABLE, VIEW)) -> Tables:
        """Tables that are files: beside a database those that were put."""
        roots = self.origin.roots if self._database is None else self.origin.roots[:1]
        return Tables(*roots, kinds=kinds)

    def source(self) -> Source:
        return _TableSource(self)

    def check(self) -> None:
        if self._database is not None:
            self._database.check()

    def read(self, name: str) -> Source:
        """What a run reads of a table, or of a view. Raises ``NoData``."""
        try:
            return FileTable(self.origin, name, self._files().any_of(name))
        except NoData:
            if self._database is None:
                raise
            return DatabaseSource(self.origin, name, self._database)

    def entries(self, kinds: tuple[str, ...]) -> list[Entry]:
        """Every table, and every view after them. Raises ``SourceFailed``."""
        put = self._files(kinds).entries()
        if self._database is None:
            return put
        with self._database.connected() as connection:
            theirs = [Entry(_shown_as(kind, kinds), name, name) for name, kind in listed(connection)]
        names = {(entry.type, entry.name) for entry in put}
        both = [*put, *(entry for entry in theirs if (entry.type, entry.name) not in names)]
        return sorted(both, key=lambda entry: (entry.type != TABLE, entry.name.casefold(), entry.name))

    @contextmanager
    def opened(self, name: str, kind: str, kinds: tuple[str, ...]) -> Iterator[Table | TableLookedAt]:
        """One table or view, while somebody looks at it. Raises ``NoData`` and ``SourceFailed``."""
        try:
            put = self._files(kinds).table(name, kind)
        except NoData:
            if self._database is None:
                raise
        else:
            yield put
            return
        with self._database.connected() as connection:
            found = table_called(connection, name)
            if _shown_as(found.kind, kinds) != kind:
                raise unknown(connection, name, kind, (kind,))
            yield TableLookedAt(found, connection, self.within)


def _shown_as(kind: str, kinds: tuple[str, ...]) -> str:
    """A run reads views too: where a source knows none they are shown as tables."""
    return kind if kind in kinds else TABLE


@dataclass(frozen=True)
class _TableSource:
    """The table that a source connection names."""

    store: TableStore

    def chunks(self, wanted: Wanted) -> Generator[Chunk]:
        params = self.store.origin.params
        yield from self.store.read(str(params.get("tableName") or params.get("path") or "")).chunks(wanted)
