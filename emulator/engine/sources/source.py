"""What every family of sources offers: entries of the objects that it has, and each object's shape and records."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Protocol

from emulator.domain.inference import Column, Schema

Record = dict[str, Any]
Document = dict[str, Any]

DELIMITED, JSON, PARQUET = "delimited", "json", "parquet"


class NoData(Exception):
    """The emulator has no records under this name; the message says which it has, or where to put some."""


class UnreadableData(Exception):
    """Records that cannot be read; the message says why. ``parameter`` is what would be given otherwise."""

    def __init__(self, message: str, parameter: str = "object") -> None:
        super().__init__(message)
        self.parameter = parameter


class MissingReader(UnreadableData):
    """Records in a format whose reader is not installed."""


class NoColumns(UnreadableData):
    """A table without columns."""


class Undetermined(UnreadableData):
    """A file whose properties cannot be told from what is in it."""


@dataclass(frozen=True)
class Entry:
    """One line of a listing. A folder's path ends in a slash; everything else can be looked into."""

    type: str
    name: str
    path: str

    def document(self) -> Document:
        looked_into = self.type != "folder"
        shown = {"type": self.type, "name": self.name, "path": self.path}
        return {**shown, "canPreview": looked_into, "canFetchSchema": looked_into}


@dataclass(frozen=True)
class FileProperties:
    """How a file is to be read, in the service's own words."""

    file_type: str
    compression: str | None = None
    delimiter: str = ","
    encoding: str = "UTF-8"

    def document(self) -> Document:
        """As explore shows it: only what applies to the file."""
        document: Document = {"fileType": self.file_type}
        if self.compression is not None:
            document["compressionType"] = self.compression
        if self.file_type == DELIMITED:
            document["columnDelimiter"] = self.delimiter
            if self.encoding != "UTF-8":
                document["encoding"] = self.encoding
        return document


@dataclass(frozen=True)
class Flat:
    """Records that are rows with columns."""

    columns: list[Column]

    def document(self) -> Document:
        return {"format": "flat", "schema": {"columns": [column.document() for column in self.columns]}}


@dataclass(frozen=True)
class Hierarchical:
    """Records that are objects."""

    schema: Schema

    def document(self) -> Document:
        return {"format": "hierarchical", "schema": self.schema}


# So many records are held in memory at a time.
CHUNK = 5_000


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be read: as it stands in the source, and why not."""

    text: str
    message: str


@dataclass(frozen=True)
class Wanted:
    """What one run is to read.

    ``cursor`` is what the reading of the flow's last run ended with; without one everything newer than
    ``since`` and up to ``until`` is read (milliseconds, None for no bound). ``faults`` are what the source
    does before it lets itself be read, one for each attempt; see ``troubles``.
    """

    cursor: str | None = None
    since: int | None = None
    until: int | None = None
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chunk:
    """A part of what is read: at most ``CHUNK`` records, oldest first.

    ``size`` in bytes, of the source's own form. ``cursor`` is where to go on when this part has landed.
    ``paths`` are the objects that this part is the first of. ``filtered`` counts records that a row filter
    left out; ``bad`` are rows that cannot be read.
    """

    records: list[Record]
    size: int
    cursor: str | None
    paths: tuple[str, ...] = ()
    filtered: int = 0
    bad: tuple[BadRow, ...] = ()


class SourceFailed(Exception):
    """A source that cannot be read, after every retry.

    ``detail`` is what the connector's log would say, ``advice`` what would be right.
    """

    def __init__(self, message: str, code: str = "2200", detail: str | None = None, advice: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.detail = detail
        self.advice = advice


class Source(Protocol):
    """What a flow reads from. It holds everything that it needs, so that reading needs no database of ours."""

    def chunks(self, wanted: Wanted) -> Generator[Chunk]:
        """Nothing new: no chunk. Raises ``NoData``, ``UnreadableData`` and ``SourceFailed``."""


class Readable(Protocol):
    """One object of a source. Nothing is read before it is asked for; both raise ``UnreadableData``."""

    def shape(self) -> Flat | Hierarchical: ...

    def records(self) -> Generator[Record]:
        """From the first on; closing the iterator closes what it reads."""
