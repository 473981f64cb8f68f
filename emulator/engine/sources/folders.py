"""Folder trees on this machine that stand for somebody else's storage, and cannot be left."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
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
    return parent / spec.name if is_plain(spec.name) else None


def is_plain(name: str) -> bool:
    """Hidden names are as absent as those that lead elsewhere or that no file can have."""
    possible = 0 < len(name.encode()) <= _LONGEST_NAME and not {"/", "\\", "\0"}.intersection(name)
    return possible and not name.startswith(".")


class Folder:
    """One tree made of several folders that lie over each other. Paths have slashes on every system.

    What lies in an earlier folder hides what has the same path in a later one. The samples that ship
    are no more than a stopgap: a name at their top that is given otherwise hides all that is below it.
    """

    def __init__(self, *roots: Path) -> None:
        self._roots = [root.resolve() for root in roots]
        shipped = fixtures_folder().resolve()
        self._samples = [root for root in self._roots if root.is_relative_to(shipped)]

    def find(self, path: str) -> Path | None:
        """The file or folder of that path; None when there is none, or when it is not below these folders."""
        return next(iter(self._layers(path)), None)

    def _layers(self, path: str) -> list[Path]:
        """The file of that path, or all the folders of that path, the first one first."""
        layers = [root for root in self._roots if root.is_dir()]
        for part in path.split("/"):
            if part:
                layers = self._below(layers, part) if is_plain(part) else []
        return layers

    def _below(self, layers: list[Path], name: str) -> list[Path]:
        found: list[Path] = []
        for layer in layers:
            if found and layer in self._samples:
                break
            here = layer / name
            if self._is(Path.is_file, here):
                return found or [here]
            if self._is(Path.is_dir, here):
                found.append(here)
        return found

    def _is(self, kind: Callable[[Path], bool], path: Path) -> bool:
        """Whether a path is of a kind, and below these folders: a link may lead out of them."""
        try:
            return kind(path) and (not path.is_symlink() or any(map(path.resolve().is_relative_to, self._roots)))
        except OSError:
            # A path longer than the system's can be.
            return False

    def children(self, path: str) -> list[tuple[str, Path]] | None:
        """Files and folders in a folder, in name order, each with its path in the tree; a folder's ends in a slash.

        None where there is no such folder.
        """
        layers = self._layers(path)
        if not layers or layers[0].is_file():
            return None
        inner = "/".join(part for part in path.split("/") if part)
        above = f"{inner}/" if inner else ""
        names = {child.name for layer in layers for child in layer.iterdir() if is_plain(child.name)}
        held = [(name, self._below(layers, name)) for name in sorted(names, key=lambda name: (name.casefold(), name))]
        return [(f"{above}{name}{'/' if found[0].is_dir() else ''}", found[0]) for name, found in held if found]

    def root_of(self, path: Path) -> int:
        """Which of the folders a file that was found lies in, counted from 0."""
        return next(number for number, root in enumerate(self._roots) if path.is_relative_to(root))

    def names(self) -> Iterator[str]:
        """Everything in the tree that could have been meant."""
        return islice((name for name, _ in self.walk("")), _CANDIDATES)

    def walk(self, path: str) -> Iterator[tuple[str, Path]]:
        """Everything below a folder, each folder before what is in it."""
        for name, child in self.children(path) or []:
            yield name, child
            if name.endswith("/"):
                yield from self.walk(name)


def nearest(wanted: str, known: Iterable[str]) -> str:
    """A sentence that names what could have been meant."""
    candidates = list(known)
    close = get_close_matches(wanted[-_LONGEST:], candidates, n=3, cutoff=0.5)
    if close:
        return f"nearest: {', '.join(close)}"
    return f"there are: {', '.join(candidates[:5])}" if candidates else "there is nothing here"
