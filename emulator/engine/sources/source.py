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


class Readable(Protocol):
    """One object of a source. Nothing is read before it is asked for; both raise ``UnreadableData``."""

    def shape(self) -> Flat | Hierarchical: ...

    def records(self) -> Generator[Record]:
        """From the first on; closing the iterator closes what it reads."""
