"""Records that REST sources read: those that ship with the emulator, and a folder laid over them.

``FOLDER/<source>/<resource>.ndjson`` (or ``.json``, an array) adds or replaces a resource of a source;
``<source>`` is the connection spec's name, ``<resource>`` the value of its resource parameter.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from emulator.data_files import fixtures_folder
from emulator.domain.errors import Refusal
from emulator.domain.paths import first_at
from emulator.domain.specs import ConnectionSpec
from emulator.engine.sources.folders import folder_of, own_folder
from emulator.engine.sources.formats import MAX_DEPTH, is_too_deep
from emulator.engine.sources.source import NoData as NoData
from emulator.engine.sources.source import Record
from emulator.engine.sources.source import UnreadableData as UnreadableData

_SUFFIXES = (".ndjson", ".json")


@dataclass(frozen=True)
class SourceFacts:
    """How one source's records are ordered, chosen and named; see ``source.json``."""

    cursor: str | None = None
    resource_parameter: str | None = None
    default_resource: str | None = None
    also_as: dict[str, dict[str, list[str]]] | None = None


@dataclass(frozen=True)
class Reading:
    """Records that were read, oldest first, their size in bytes, and where to go on next time."""

    records: list[Record]
    size: int
    cursor: str | None


class Samples:
    """Finds and reads sample records. Files are read once and kept."""

    def __init__(self, folder: Path | None = None) -> None:
        self._given = folder
        self._folders = [fixtures_folder() / "sources"]
        if folder is not None:
            self._folders.insert(0, folder)
        self._kept: dict[Path, tuple[float, list[tuple[Record, int]]]] = {}

    def folder(self, spec: ConnectionSpec, shared: str) -> Path:
        """Where the files or tables of a source lie: its own folder, or the one of ``shared`` samples."""
        return folder_of(spec, self._given, shared)

    def _own(self, spec: ConnectionSpec) -> list[Path]:
        return [own for folder in self._folders if (own := own_folder(spec, folder)) is not None]

    def facts(self, spec: ConnectionSpec) -> SourceFacts:
        for folder in self._own(spec):
            path = folder / "source.json"
            if path.is_file():
                given = orjson.loads(path.read_bytes())
                return SourceFacts(
                    given.get("cursor"),
                    given.get("resourceParameter"),
                    given.get("defaultResource"),
                    given.get("alsoAs"),
                )
        return SourceFacts()

    def resources(self, spec: ConnectionSpec) -> list[str]:
        """Names of the resources that have records."""
        found = {
            path.stem
            for folder in self._own(spec)
            for path in sorted(folder.glob("*"))
            if path.suffix in _SUFFIXES and path.name != "source.json"
        }
        return sorted(found)

    def resource_name(self, spec: ConnectionSpec, params: dict[str, Any]) -> str:
        """Which resource the parameters of a source name. Raises ``NoData`` when that has no records."""
        facts = self.facts(spec)
        named = params.get(facts.resource_parameter or "resourcePath")
        known = self.resources(spec)
        wanted = named if isinstance(named, str) else facts.default_resource or (known[0] if known else None)
        if wanted in known:
            return str(wanted)
        raise NoData(
            f"no records for {spec.title}{f' resource {wanted!r}' if wanted else ''}: "
            f"put {wanted or 'records'}.ndjson into {spec.name}/ of the folder given with --sources"
            + (f"; there are {', '.join(known)}" if known else "")
        )

    def preview(self, spec: ConnectionSpec, params: dict[str, Any], count: int | None = None) -> list[Record]:
        """The first records as the API would return them."""
        wanted = params.get(self.facts(spec).resource_parameter or "resourcePath")
        try:
            name = self.resource_name(spec, params)
        except NoData as error:
            raise Refusal(
                "CONNECTOR-1312-400",
                value=wanted,
                name="sourceParams",
                field="sourceParams.resourcePath",
                given=wanted,
                hint=f"{error}.",
            ) from error
        return [record for record, _ in self._records(spec, name)[:count]]

    def read(
        self,
        spec: ConnectionSpec,
        params: dict[str, Any],
        after: str | None,
        since: int | None,
        until: int | None = None,
    ) -> Reading:
        """Everything after ``after``, a cursor of an earlier reading; ``since`` and ``until`` in epoch
        seconds limit one that has none."""
        facts = self.facts(spec)
        everything = self._records(spec, self.resource_name(spec, params))
        if facts.cursor is None:
            chosen = everything[int(after or 0) :]
            last: Any = len(everything)
        else:
            path, position = facts.cursor, _number(after) if after else since
            first = float("-inf") if position is None else position
            final = float("inf") if until is None else until
            chosen = [pair for pair in everything if first < _number(first_at(pair[0], path)) <= final]
            last = max((_number(first_at(record, path)) for record, _ in chosen), default=after)
        records = [_renamed(record, facts) for record, _ in chosen]
        return Reading(records, sum(size for _, size in chosen), None if last is None else str(last))

    def _records(self, spec: ConnectionSpec, name: str) -> list[tuple[Record, int]]:
        for folder in self._own(spec):
            for suffix in _SUFFIXES:
                path = folder / f"{name}{suffix}"
                if path.is_file():
                    changed = path.stat().st_mtime
                    kept = self._kept.get(path)
                    if kept is None or kept[0] != changed:
                        kept = self._kept[path] = (changed, _load(path))
                    return kept[1]
        raise NoData(f"no records for {spec.title} resource {name!r}")


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("-inf")


def _renamed(record: Record, facts: SourceFacts) -> Record:
    """The record with the further names that published mappings use for its fields."""
    if not facts.also_as:
        return record
    more: Record = {}
    for name, fields in facts.also_as.items():
        more[name] = {}
        for field, steps in fields.items():
            value: Any = record
            for step in steps:
                value = value.get(step) if isinstance(value, dict) else None
            if value is not None:
                more[name][field] = value
    return {**record, **more}


def _load(path: Path) -> list[tuple[Record, int]]:
    data = path.read_bytes()
    try:
        if path.suffix == ".json":
            parsed = orjson.loads(data)
            records = parsed if isinstance(parsed, list) else [parsed]
            pairs = [(record, len(orjson.dumps(record))) for record in records]
        else:
            lines = [line for line in data.splitlines() if line.strip()]
            pairs = [(orjson.loads(line), len(line)) for line in lines]
    except orjson.JSONDecodeError as error:
        raise UnreadableData(f"{path}: not JSON: {error}") from error
    for index, (record, _) in enumerate(pairs):
        if not isinstance(record, dict):
            raise UnreadableData(f"{path}: record {index + 1} is not an object")
        if is_too_deep(record):
            raise UnreadableData(f"{path}: record {index + 1} is nested in more than {MAX_DEPTH} levels")
    return pairs
