"""File sources: a folder tree stands for the bucket, the container, the share or the server."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from emulator.engine.sources import compression, detection, formats, parquet
from emulator.engine.sources.compression import opened
from emulator.engine.sources.folders import Folder, nearest
from emulator.engine.sources.source import (
    PARQUET,
    Entry,
    FileProperties,
    Flat,
    Hierarchical,
    NoData,
    Record,
    UnreadableData,
)


class Files:
    """The files of one source. With a ``container``, every path begins with its name."""

    def __init__(self, root: Path, container: str = "") -> None:
        self._folder = Folder(root)
        self._prefix = f"{container}/" if container else ""

    def entries(self, path: str = "") -> list[Entry]:
        """What is in a folder, at the top without one. Raises ``NoData``."""
        folder = self._find(path) if path else self._folder.find("")
        if folder is None or not folder.is_dir():
            raise self._unknown("folder", path)
        return [self._entry(child) for child in self._folder.children(folder)]

    def file(self, path: str, properties: FileProperties | None = None) -> File:
        """A file, to be read as told or as its content tells. Raises ``NoData`` and ``Undetermined``."""
        found = self._find(path)
        if found is None or not found.is_file():
            raise self._unknown("file", path)
        return File(found, properties or detection.determine(found))

    def _entry(self, path: Path) -> Entry:
        name = self._folder.name(path)
        return Entry("folder" if name.endswith("/") else "file", path.name, self._prefix + name)

    def _find(self, path: str) -> Path | None:
        # Published paths of most sources begin with a slash, those of a container with its name.
        plain = path.lstrip("/")
        if not f"{plain}/".startswith(self._prefix):
            return None
        return self._folder.find(plain[len(self._prefix) :])

    def _unknown(self, kind: str, path: str) -> NoData:
        names = (self._prefix + name for name in self._folder.names())
        known = [name for name in names if name.endswith("/") == (kind == "folder")]
        return NoData(f"there is no {kind} {path!r}; {nearest(path.lstrip('/'), known)}")


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

    def _check_compression(self) -> None:
        """A compressed file that is read as it is would only look broken."""
        if self.properties.compression is None and (packed := compression.guessed(self.path)) is not None:
            raise UnreadableData(f"it is compressed: send compressionType={packed}", "compressionType")
