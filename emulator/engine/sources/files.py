"""File sources: a folder tree stands for the bucket, the container, the share or the server."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

from emulator.domain.landing_zone import CONTAINERS
from emulator.domain.specs import ConnectionSpec
from emulator.engine.sources import compression, detection, formats, parquet, row_reading
from emulator.engine.sources.compression import RUN_LIMIT, opened
from emulator.engine.sources.folders import Folder, nearest
from emulator.engine.sources.source import (
    PARQUET,
    BadRow,
    Entry,
    FileProperties,
    Flat,
    Hierarchical,
    NoData,
    Record,
    UnreadableData,
)

# Its paths begin with the name of its container.
LANDING_ZONE = "26f526f2-58f4-4712-961d-e41bf1ccc0e8"


def container_of(spec: ConnectionSpec) -> str:
    """What the paths of a source begin with."""
    return CONTAINERS["user_drop_zone"] if spec.id == LANDING_ZONE else ""


class Files:
    """The files of one source, in folders that lie over each other.

    With a ``container``, every path begins with its name.
    """

    def __init__(self, *roots: Path, container: str = "") -> None:
        self._folder = Folder(*roots)
        self._prefix = f"{container}/" if container else ""

    def entries(self, path: str = "") -> list[Entry]:
        """What is in a folder, at the top without one. Raises ``NoData``."""
        inner = self._inner(path) if path else ""
        children = None if inner is None else self._folder.children(inner)
        if children is None:
            raise self._unknown("folder", path)
        return [self._entry(name, child) for name, child in children]

    def file(self, path: str, properties: FileProperties | None = None) -> File:
        """A file, to be read as told or as its content tells. Raises ``NoData`` and ``Undetermined``."""
        found = self._find(path)
        if found is None or not found.is_file():
            raise self._unknown("file", path)
        return File(found, properties or detection.determine(found))

    def chosen(self, path: str, folders: bool, recursive: bool) -> list[Chosen]:
        """The files that the path of a source connection means: one, those in a folder, or those that a pattern fits.

        ``*`` and ``?`` stand for parts of one name. ``folders`` says that a folder that a pattern fits stands
        for the files in it, ``recursive`` that folders in folders count too. Raises ``NoData`` for a path
        without a pattern that nothing lies at.
        """
        inner = self._inner(path)
        found = None if inner is None else self._folder.find(inner)
        if inner is None or (found is None and not _is_pattern(inner)):
            raise self._unknown("folder" if folders else "file", path)
        if found is None:
            names = self._matched("", [part for part in inner.split("/") if part], folders, recursive)
        elif found.is_file():
            names = iter([(inner.strip("/"), found)])
        else:
            names = self._files_in(inner, recursive)
        return [Chosen(self._prefix + name, child, self._folder.root_of(child)) for name, child in names]

    def _files_in(self, folder: str, recursive: bool) -> Iterator[tuple[str, Path]]:
        below = self._folder.walk(folder) if recursive else self._folder.children(folder) or []
        return ((name, child) for name, child in below if not name.endswith("/"))

    def _matched(self, above: str, parts: list[str], folders: bool, recursive: bool) -> Iterator[tuple[str, Path]]:
        pattern, last = _pattern(parts[0]), len(parts) == 1
        for name, child in self._folder.children(above) or []:
            fits, is_folder = pattern.fullmatch(child.name) is not None, name.endswith("/")
            if fits and last and not is_folder:
                yield name, child
            elif fits and last and (folders or recursive):
                yield from self._files_in(name, recursive)
            elif fits and not last:
                yield from self._matched(name, parts[1:], folders, recursive)
            elif is_folder and last and recursive:
                yield from self._matched(name, parts, folders, recursive)

    def _entry(self, name: str, path: Path) -> Entry:
        return Entry("folder" if name.endswith("/") else "file", path.name, self._prefix + name)

    def _inner(self, path: str) -> str | None:
        """A path below the container, None for one outside it."""
        # Published paths of most sources begin with a slash, those of a container with its name.
        plain = path.lstrip("/")
        return plain[len(self._prefix) :] if f"{plain}/".startswith(self._prefix) else None

    def _find(self, path: str) -> Path | None:
        inner = self._inner(path)
        return None if inner is None else self._folder.find(inner)

    def _unknown(self, kind: str, path: str) -> NoData:
        names = (self._prefix + name for name in self._folder.names())
        known = [name for name in names if name.endswith("/") == (kind == "folder")]
        return NoData(f"there is no {kind} {path!r}; {nearest(path.lstrip('/'), known)}")


@dataclass(frozen=True)
class Chosen:
    """A file that is to be read: its name in the storage, where it lies, and which of the folders that is in."""

    name: str
    path: Path
    root: int


def _is_pattern(path: str) -> bool:
    return "*" in path or "?" in path


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile("".join({"*": ".*", "?": "."}.get(one, re.escape(one)) for one in text), re.DOTALL)


@dataclass(frozen=True)
class File:
    """One file, and how it is read."""

    path: Path
    properties: FileProperties

    def shape(self) -> Flat | Hierarchical:
        self._check_compression()
        if self.properties.file_type == PARQUET:
            return parquet.shape(self.path, self.properties.compression)
        with opened(self.path, self.properties.compression) as stream:
            return formats.shape(stream, self.properties)

    def records(self) -> Generator[Record]:
        if self.properties.file_type == PARQUET:
            yield from parquet.records(self.path, self.properties.compression)
            return
        with opened(self.path, self.properties.compression) as stream:
            yield from formats.records(stream, self.properties)

    def rows(self) -> Generator[Record | BadRow]:
        """What a run reads: every record, and what is none."""
        self._check_compression()
        if self.properties.file_type == PARQUET:
            yield from parquet.records(self.path, self.properties.compression)
            return
        with opened(self.path, self.properties.compression, RUN_LIMIT) as stream:
            yield from row_reading.rows(stream, self.properties)

    def _check_compression(self) -> None:
        """A compressed file that is read as it is would only look broken."""
        if self.properties.compression is None and (packed := compression.guessed(self.path)) is not None:
            raise UnreadableData(f"it is compressed: send compressionType={packed}", "compressionType")
