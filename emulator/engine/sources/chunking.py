"""Rows one after the other, put together to chunks."""

from __future__ import annotations

from dataclasses import dataclass, field

from emulator.engine.sources.source import CHUNK, BadRow, Chunk, Record


@dataclass
class OpenChunk:
    """A chunk that is being filled."""

    records: list[Record] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    size: int = 0
    filtered: int = 0

    @property
    def full(self) -> bool:
        return len(self.records) + len(self.bad) >= CHUNK

    @property
    def empty(self) -> bool:
        return not (self.records or self.bad or self.paths or self.filtered)

    def add(self, row: Record | BadRow) -> None:
        if isinstance(row, BadRow):
            self.bad.append(row)
        else:
            self.records.append(row)

    def closed(self, cursor: str | None) -> Chunk:
        return Chunk(self.records, self.size, cursor, tuple(self.paths), self.filtered, tuple(self.bad))
