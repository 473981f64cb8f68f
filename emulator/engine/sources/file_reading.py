"""Runs over file storages: files that are new or changed since the last run, oldest first.

Documented: a run takes the files whose time of modification is newer than the previous run.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, Literal

import orjson

from emulator.domain.schedule import truth
from emulator.engine.sources import detection
from emulator.engine.sources.chunking import OpenChunk
from emulator.engine.sources.compression import COMPRESSIONS
from emulator.engine.sources.files import Chosen, File, Files, container_of
from emulator.engine.sources.origin import Origin
from emulator.engine.sources.source import (
    PARQUET,
    BadRow,
    Chunk,
    FileProperties,
    Record,
    Source,
    UnreadableData,
    Wanted,
)

Document = dict[str, Any]
_NS = 1_000_000
_OLD_PARQUET = "parquet_xdm"


@dataclass(frozen=True)
class FileStore:
    """The files behind a base connection, which runs and explore see alike: always folders of this machine."""

    family: ClassVar[Literal["file"]] = "file"
    origin: Origin

    @property
    def files(self) -> Files:
        return Files(*self.origin.roots, container=container_of(self.origin.spec))

    def source(self) -> Source:
        return _FileSource(self.files, self.origin)

    def check(self) -> None:
        """There is no server to be asked."""


def properties_of(data: Document) -> FileProperties | None:
    """How a source connection says that its files are to be read, None where it does not say."""
    kind = str(data.get("format") or "").lower()
    if not kind:
        return None
    # Older source connections have the properties in data itself.
    given = {**data, **(data.get("properties") or {})}
    packed = str(given.get("compressionType") or "").lower()
    return FileProperties(
        PARQUET if kind == _OLD_PARQUET else kind,
        next((name for name in COMPRESSIONS if name.lower() == packed), None),
        str(given.get("columnDelimiter") or ",").replace("\\t", "\t"),
        str(given.get("encoding") or "UTF-8").upper(),
    )


@dataclass(frozen=True)
class _Found:
    """A file as it is now; ``modified`` in nanoseconds."""

    chosen: Chosen
    modified: int
    size: int

    @property
    def order(self) -> tuple[int, int, str]:
        return self.modified, self.chosen.root, self.chosen.name


@dataclass(frozen=True)
class _Mark:
    """How far one folder has been read: up to this time, of which these files (with their sizes) are done."""

    modified: int
    done: dict[str, int]

    def knows(self, file: _Found) -> bool:
        if file.modified != self.modified:
            return file.modified < self.modified
        return self.done.get(file.chosen.name) == file.size

    def after(self, file: _Found) -> _Mark:
        earlier = self.done if file.modified == self.modified else {}
        return _Mark(file.modified, {**earlier, file.chosen.name: file.size})


@dataclass(frozen=True)
class _Position:
    """How far everything has been read.

    Each folder has a mark of its own, since what is put behind a connection is as old as the emulator's
    clock says and other files are as old as the system's. ``partly`` are files, by name, of which only so
    many rows have been read: their time, their size, and the number of those rows.
    """

    marks: dict[str, _Mark] = field(default_factory=dict)
    partly: dict[str, tuple[int, int, int]] = field(default_factory=dict)

    @classmethod
    def read(cls, cursor: str | None) -> _Position:
        kept = orjson.loads(cursor) if cursor is not None else None
        if not isinstance(kept, dict):
            # A number is what releases kept that read files as if they were an API.
            return cls()
        marks = {root: _Mark(*mark) for root, mark in kept["marks"].items()}
        return cls(marks, {name: tuple(facts) for name, facts in kept.get("partly", {}).items()})

    def written(self) -> str:
        kept: Document = {"marks": {root: [mark.modified, mark.done] for root, mark in self.marks.items()}}
        return orjson.dumps(kept | ({"partly": self.partly} if self.partly else {})).decode()

    def knows(self, file: _Found) -> bool:
        mark = self.marks.get(str(file.chosen.root))
        return mark is not None and mark.knows(file)

    def has_begun(self, file: _Found) -> bool:
        """Whether the folder of a file has been read before."""
        return str(file.chosen.root) in self.marks

    def rows_of(self, file: _Found) -> int:
        """How many rows of a file have been read before."""
        modified, size, rows = self.partly.get(file.chosen.name, (0, 0, 0))
        return rows if (modified, size) == (file.modified, file.size) else 0

    def within(self, file: _Found, rows: int) -> _Position:
        return replace(self, partly={**self.partly, file.chosen.name: (file.modified, file.size, rows)})

    def after(self, file: _Found) -> _Position:
        root = str(file.chosen.root)
        mark = self.marks.get(root, _Mark(file.modified, {})).after(file)
        others = {name: facts for name, facts in self.partly.items() if name != file.chosen.name}
        return _Position({**self.marks, root: mark}, others)


class _FileSource:
    """The files that one source connection names."""

    def __init__(self, files: Files, origin: Origin) -> None:
        self._files = files
        self._params = origin.params
        self._properties = properties_of(origin.data)
        self._key = origin.key

    def chunks(self, wanted: Wanted) -> Generator[Chunk]:
        begin = position = _Position.read(wanted.cursor)
        part = OpenChunk()
        for file in self._new(position, wanted):
            if part.full:
                yield part.closed(position.written())
                part = OpenChunk()
            count = position.rows_of(file)
            if not count:
                part.paths.append(file.chosen.name)
                part.size += file.size
            with closing(self._rows(file)) as rows:
                for row in islice(rows, count, None):
                    if part.full:
                        yield part.closed(position.within(file, count).written())
                        part = OpenChunk()
                    part.add(row)
                    count += 1
            position = position.after(file)
        if not part.empty or position != begin:
            yield part.closed(position.written())

    def _new(self, position: _Position, wanted: Wanted) -> list[_Found]:
        """Files that no run has read yet, oldest first."""
        new = [file for file in self._present() if not position.knows(file)]
        if wanted.since is not None:
            since = wanted.since
            new = [file for file in new if position.has_begun(file) or file.modified // _NS > since]
        if wanted.until is not None:
            until = wanted.until
            new = [file for file in new if file.modified // _NS <= until]
        return sorted(new, key=lambda file: file.order)

    def _present(self) -> Iterator[_Found]:
        path, folders = str(self._params.get("path") or ""), str(self._params.get("type")).lower() == "folder"
        for chosen in self._files.chosen(path, folders, truth(self._params.get("recursive")) is True):
            try:
                facts = chosen.path.stat()
            except FileNotFoundError:
                # It was there a moment ago.
                continue
            yield _Found(chosen, facts.st_mtime_ns, facts.st_size)

    def _rows(self, file: _Found) -> Generator[Record | BadRow]:
        if not file.size:
            return
        chosen = file.chosen
        try:
            with self._content(chosen.path) as path:
                if path.stat().st_size:
                    yield from File(path, self._properties or detection.determine(path)).rows()
        except UnreadableData as error:
            raise type(error)(f"{chosen.name} cannot be read: {error}", error.parameter) from error

    def _content(self, path: Path) -> AbstractContextManager[Path]:
        """The file to read, which for an encrypted one is made for as long as it is read."""
        if self._key is None:
            return nullcontext(path)
        # Imported where it is called: few flows read encrypted files.
        from emulator.engine.sources.decryption import decrypted

        return decrypted(path, self._key)
