"""Folder trees on this machine that stand for somebody else's storage, and cannot be left."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from itertools import islice
from pathlib import Path

from emulator.data_files import fixtures_folder
from emulator.domain.specs import ConnectionSpec

# Beyond these nothing is compared to find what was meant.
_CANDIDATES, _LONGEST = 1000, 200
_LONGEST_NAME = 255


def folder_of(spec: ConnectionSpec, given: Path | None, shared: str) -> Path:
    """``GIVEN/<name of the spec>`` where that folder exists, else one that ships with the emulator."""
    own = own_folder(spec, given) if given is not None else None
    return own if own is not None and own.is_dir() else fixtures_folder() / "sources" / shared


def own_folder(spec: ConnectionSpec, parent: Path) -> Path | None:
    """The folder of a spec, None for a name that is no folder's."""
    return parent / spec.name if _is_plain(spec.name) else None


def _is_plain(name: str) -> bool:
    """Hidden names are as absent as those that lead elsewhere or that no file can have."""
    possible = 0 < len(name.encode()) <= _LONGEST_NAME and not {"/", "\\", "\0"}.intersection(name)
    return possible and not name.startswith(".")


class Folder:
    """A folder tree. Paths are relative to it, with slashes on every system."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def find(self, path: str) -> Path | None:
        """The file or folder of that path; None when there is none, or when it is not below this folder."""
        parts = [part for part in path.split("/") if part]
        if not all(_is_plain(part) for part in parts):
            return None
        found = self._root.joinpath(*parts)
        try:
            return found if self._holds(found) and found.exists() else None
        except OSError:
            # A path longer than the system's can be.
            return None

    def _holds(self, path: Path) -> bool:
        """A link may lead out of the folder."""
        return path.resolve().is_relative_to(self._root)

    def children(self, folder: Path) -> list[Path]:
        """Files and folders in a folder, in name order."""
        held = [path for path in folder.iterdir() if _is_plain(path.name) and self._holds(path)]
        return sorted(held, key=lambda path: (path.name.casefold(), path.name))

    def name(self, path: Path) -> str:
        """The path below this folder; that of a folder ends in a slash, the top is empty."""
        below = path.relative_to(self._root).as_posix()
        if below == ".":
            return ""
        return f"{below}/" if path.is_dir() else below

    def names(self) -> Iterator[str]:
        """Everything in the tree that could have been meant."""
        return islice(self._walk(), _CANDIDATES)

    def _walk(self) -> Iterator[str]:
        for folder, folders, files in os.walk(self._root):
            folders[:] = sorted(filter(_is_plain, folders))
            for name in [*folders, *sorted(filter(_is_plain, files))]:
                yield self.name(Path(folder, name))


def nearest(wanted: str, known: Iterable[str]) -> str:
    """A sentence that names what could have been meant."""
    candidates = list(known)
    close = get_close_matches(wanted[-_LONGEST:], candidates, n=3, cutoff=0.5)
    if close:
        return f"nearest: {', '.join(close)}"
    return f"there are: {', '.join(candidates[:5])}" if candidates else "there is nothing here"
