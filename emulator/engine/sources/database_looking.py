"""Looking at a table of a database before a flow reads it: its columns and its first rows."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass

import sqlalchemy as sa

from emulator.domain.inference import Column
from emulator.domain.nesting import MAX_DEPTH, is_too_deep
from emulator.engine.sources.database import DatabaseTable
from emulator.engine.sources.source import Flat, NoColumns, Record, SourceFailed, UnreadableData
from emulator.engine.sources.values import shown

# Few rows are looked at.
_FETCHED = 100


@dataclass(frozen=True)
class TableLookedAt:
    """One table or view, by a connection that is open meanwhile."""

    table: DatabaseTable
    connection: sa.Connection
    within: float | None

    @property
    def columns(self) -> list[Column]:
        """Raises ``NoColumns``."""
        if not self.table.columns:
            raise NoColumns(f"{self.table.clause.name} has no columns")
        return self.table.columns

    def shape(self) -> Flat:
        return Flat(self.columns)

    def records(self) -> Generator[Record]:
        """Rows in the order in which a run without a delta column reads them, as it reads them."""
        until = None if self.within is None else time.monotonic() + self.within
        with closing(self.table.rows(self.connection, [], self.table.by_key, fetched=_FETCHED)) as rows:
            for number, row in enumerate(_parsed(rows), 1):
                if until is not None and time.monotonic() > until:
                    advice = "Filter by less, or ask for fewer rows."
                    raise SourceFailed(f"The database gave too few rows within {self.within:g} seconds.", advice=advice)
                yield _record(number, row)


def _parsed(rows: Generator[Record]) -> Generator[Record]:
    """The driver parses what a column of JSON holds, which may lie deeper than it can follow."""
    try:
        yield from rows
    except RecursionError:
        raise UnreadableData(f"a row is nested in more than {MAX_DEPTH} levels") from None


def _record(number: int, row: Record) -> Record:
    if is_too_deep(row):
        raise UnreadableData(f"row {number} is nested in more than {MAX_DEPTH} levels")
    return {name: shown(value) for name, value in row.items()}
