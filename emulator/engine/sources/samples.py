"""Records that REST sources read: those that ship with the emulator, and a folder laid over them.

``FOLDER/<source>/<resource>.ndjson`` (or ``.json``, an array) adds or replaces a resource of a source;
``<source>`` is the connection spec's name, ``<resource>`` the value of its resource parameter.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from emulator.data_files import fixtures_folder
from emulator.domain.errors import Refusal
from emulator.domain.specs import ConnectionSpec
from emulator.engine.sources.folders import folder_of, own_folder
from emulator.engine.sources.shelves import Shelf, Shelves, SourceFacts
from emulator.engine.sources.source import NoData as NoData
from emulator.engine.sources.source import Record
from emulator.engine.sources.source import UnreadableData as UnreadableData

# What a resource is called in a source that has no parameter for one.
UNNAMED = "json"


class Samples:
    """Finds and reads sample records. Files are read once and kept."""

    def __init__(self, folder: Path | None = None) -> None:
        self._given = folder
        self._folders = [fixtures_folder() / "sources"]
        if folder is not None:
            self._folders.insert(0, folder)
        self._shelves = Shelves()

    def folder(self, spec: ConnectionSpec, shared: str) -> Path:
        """Where the files or tables of a source lie: its own folder, or the one of ``shared`` samples."""
        return folder_of(spec, self._given, shared)

    def roots(self, spec: ConnectionSpec) -> tuple[Path, ...]:
        """The folders that may hold records of a REST source, the first one first."""
        return tuple(own for folder in self._folders if (own := own_folder(spec, folder)) is not None)

    def facts(self, spec: ConnectionSpec, roots: tuple[Path, ...] | None = None) -> SourceFacts:
        """Raises ``UnreadableData``."""
        return self._shelves.facts(self.roots(spec) if roots is None else roots)

    def shelf(self, spec: ConnectionSpec, params: dict[str, Any], roots: tuple[Path, ...] | None = None) -> Shelf:
        """The records that the parameters of a source name, from these folders or from the spec's own.

        Raises ``NoData`` when there are none and ``UnreadableData``.
        """
        if roots is None:
            roots = self.roots(spec)
        facts = self._shelves.facts(roots)
        named = params.get(facts.resource_parameter or "resourcePath")
        if isinstance(named, str):
            shelf = self._shelves.find(roots, (named,), facts)
        else:
            shelf = self._unnamed(roots, facts)
        if shelf is None:
            wanted = named if isinstance(named, str) else facts.default_resource
            raise NoData(_nothing(spec, wanted, self._shelves.names(roots)))
        return shelf

    def _unnamed(self, roots: tuple[Path, ...], facts: SourceFacts) -> Shelf | None:
        """What a source reads that names no resource."""
        default = facts.default_resource
        shelf = self._shelves.find(roots, (default, UNNAMED) if default else (UNNAMED,), facts)
        if shelf is None and default is None:
            known = self._shelves.names(roots)
            shelf = self._shelves.find(roots, tuple(known[:1]), facts)
        return shelf

    def preview(
        self,
        spec: ConnectionSpec,
        params: dict[str, Any],
        count: int | None = None,
        roots: tuple[Path, ...] | None = None,
    ) -> list[Record]:
        """The first records as the API would return them."""
        try:
            shelf = self.shelf(spec, params, roots)
        except NoData as error:
            wanted = params.get(self.facts(spec, roots).resource_parameter or "resourcePath")
            raise Refusal(
                "CONNECTOR-1312-400",
                value=wanted,
                name="sourceParams",
                field="sourceParams.resourcePath",
                given=wanted,
                hint=f"{error}.",
            ) from error
        return [record for record, _ in shelf.plain[:count]]


def _nothing(spec: ConnectionSpec, wanted: str | None, known: list[str]) -> str:
    return (
        f"no records for {spec.title}{f' resource {wanted!r}' if wanted else ''}: "
        f"put {wanted or 'records'}.ndjson into {spec.name}/ of the folder given with --sources"
        + (f"; there are {', '.join(known)}" if known else "")
    )
