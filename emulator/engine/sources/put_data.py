"""Data that was put behind a connection, as a folder of this process, so that it is read like any other."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import weakref
from collections.abc import Mapping
from pathlib import Path

from emulator.store import source_objects
from emulator.store.database import Database, Transaction
from emulator.store.source_objects import Behind, Version

NDJSON_TYPE, JSON_TYPE, CSV_TYPE, PARQUET_TYPE = (
    "application/x-ndjson",
    "application/json",
    "text/csv",
    "application/vnd.apache.parquet",
)
_SUFFIXES = {NDJSON_TYPE: ".ndjson", JSON_TYPE: ".json", CSV_TYPE: ".csv", PARQUET_TYPE: ".parquet"}
# Names of resources and tables are told from their files by these alone.
_TOLD = {".ndjson": ".ndjson", ".jsonl": ".ndjson", ".json": ".json", ".csv": ".csv", ".parquet": ".parquet"}


def put_folder(tx: Transaction, behind: Behind, family: str) -> Path:
    """The folder that holds what lies behind a connection, up to date; without anything there is no such folder."""
    folders = _folders.get(tx.database)
    if folders is None:
        with _lock:
            folders = _folders.setdefault(tx.database, _Folders(tx.database))
    return folders.of(tx, behind, family)


def file_name(path: str, content_type: str, family: str) -> str:
    """The file that an object becomes: its path, or for a resource or a table the name with a suffix that tells."""
    if family == "file":
        return path
    stem, dot, suffix = path.rpartition(".")
    told = _TOLD.get(f".{suffix.lower()}") if dot and stem else None
    return f"{stem}{told}" if told else path + _SUFFIXES.get(content_type.partition(";")[0], "")


def stem_of(name: str) -> str:
    """What two files have in common that are one resource or one table."""
    stem, dot, suffix = name.rpartition(".")
    return stem if dot and f".{suffix}" in _TOLD else name


class _Folders:
    """The folders of one database."""

    def __init__(self, database: Database) -> None:
        self._top = Path(tempfile.mkdtemp(prefix="flow-emulator-"))
        weakref.finalize(database, shutil.rmtree, self._top, ignore_errors=True)
        self._known: dict[Behind, _Folder] = {}
        self._lock = threading.Lock()

    def of(self, tx: Transaction, behind: Behind, family: str) -> Path:
        with self._lock:
            folder = self._known.setdefault(behind, _Folder(self._top / str(len(self._known))))
        wanted = _wanted(source_objects.versions(tx, behind), family)
        with folder.lock:
            folder.bring_up_to_date(tx, behind, wanted)
        return folder.path


_folders: weakref.WeakKeyDictionary[Database, _Folders] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


def _wanted(versions: list[Version], family: str) -> dict[str, Version]:
    """What each file is to hold. Of two forms of one resource the one that was put last is it."""
    last: dict[str, tuple[str, Version]] = {}
    for version in versions:
        name = file_name(version.path, version.content_type, family)
        last[name if family == "file" else stem_of(name)] = (name, version)
    return dict(last.values())


class _Folder:
    """What lies behind one connection, as far as this process has written it down."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = threading.Lock()
        self._held: dict[str, Version] = {}

    def bring_up_to_date(self, tx: Transaction, behind: Behind, wanted: Mapping[str, Version]) -> None:
        for name in [name for name, version in self._held.items() if wanted.get(name) != version]:
            self._remove(name)
        for name, version in wanted.items():
            found = source_objects.read(tx, behind, version.path) if name not in self._held else None
            if found is not None:
                self._write(name, found.body, version)

    def _write(self, name: str, body: bytes, version: Version) -> None:
        target = self.path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        # A run that reads meanwhile sees the old file or the new one.
        draft = self.path.with_suffix(".draft")
        draft.write_bytes(body)
        os.utime(draft, ns=(version.modified, version.modified))
        draft.replace(target)
        self._held[name] = version

    def _remove(self, name: str) -> None:
        target = self.path / name
        target.unlink(missing_ok=True)
        del self._held[name]
        for folder in target.parents:
            if folder == self.path.parent or any(folder.iterdir()):
                break
            folder.rmdir()
