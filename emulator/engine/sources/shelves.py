"""Files of JSON records, parsed once and kept in the order in which runs read them."""

from __future__ import annotations

import codecs
import math
from bisect import bisect_left, bisect_right
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from stat import S_ISREG
from threading import Lock
from typing import Any, Generic, TypeVar

import orjson

from emulator.domain.nesting import MAX_DEPTH, is_too_deep
from emulator.domain.paths import parse, walk
from emulator.engine.sources.folders import is_plain
from emulator.engine.sources.source import CHUNK, Chunk, Record, UnreadableData, Wanted

SUFFIXES = (".ndjson", ".json")
FACTS = "source.json"
# Of more files than these the first that was read is forgotten.
_KEPT = 256
# Time of the last change, size and number of a file: together they change with its content.
Signature = tuple[int, int, int]
Sized = tuple[Record, int]
T = TypeVar("T")


@dataclass(frozen=True)
class SourceFacts:
    """How one source's records are ordered, chosen and named; see ``source.json``.

    ``wrapper`` is the field under which the connector puts each record that does not lie there already.
    """

    cursor: str | None = None
    resource_parameter: str | None = None
    default_resource: str | None = None
    also_as: dict[str, dict[str, list[str]]] | None = None
    wrapper: str | None = None


@dataclass(frozen=True)
class Shelf:
    """Records in the order of their cursor values; without a cursor in the order of the file.

    ``keys`` are the cursor values in epoch seconds, None without a cursor; ``ends`` the bytes up to and
    including each record. ``plain`` are the records in the order of the file.
    """

    plain: list[Sized]
    records: list[Record]
    ends: list[int]
    keys: list[float] | None

    @classmethod
    def of(cls, plain: list[Sized], facts: SourceFacts) -> Shelf:
        """A record without a cursor value stands before all others: it belongs to a first reading of everything."""
        plain = [(wrapped(record, facts.wrapper), size) for record, size in plain]
        ordered, keys = plain, None
        if facts.cursor is not None:
            steps = parse(facts.cursor)
            found = [(seconds(next(walk(pair[0], steps), None)) or 0.0, pair) for pair in plain]
            dated = sorted(found, key=lambda one: one[0])
            keys, ordered = [key for key, _ in dated], [pair for _, pair in dated]
        ends = list(accumulate(size for _, size in ordered))
        return cls(plain, [renamed(record, facts) for record, _ in ordered], ends, keys)

    def chunks(self, wanted: Wanted) -> Generator[Chunk]:
        """What a run has not read yet. Without cursor values ``since`` and ``until`` say nothing."""
        start, end = self.span(wanted)
        for first in range(start, end, CHUNK):
            last = min(first + CHUNK, end)
            size = self.ends[last - 1] - (self.ends[first - 1] if first else 0)
            yield Chunk(self.records[first:last], size, self._cursor_after(last))

    def span(self, wanted: Wanted) -> tuple[int, int]:
        """The first place that is wanted and the one behind the last."""
        if self.keys is None:
            return _whole(wanted.cursor), len(self.records)
        start = 0
        if wanted.cursor is not None:
            key, _, read = wanted.cursor.partition("#")
            start = self._start_after(seconds(key), _whole(read))
        elif wanted.since is not None:
            start = bisect_right(self.keys, wanted.since / 1000)
        end = len(self.keys) if wanted.until is None else bisect_right(self.keys, wanted.until / 1000)
        return start, end

    def _start_after(self, key: float | None, read: int) -> int:
        """Behind every record of that cursor value, or behind the first ``read`` of them."""
        if key is None or self.keys is None:
            return 0
        behind = bisect_right(self.keys, key)
        return min(bisect_left(self.keys, key) + read, behind) if read else behind

    def _cursor_after(self, place: int) -> str:
        """Where to go on. A chunk may end between two records of one value: then it counts those it has."""
        if self.keys is None:
            return str(place)
        key = self.keys[place - 1]
        if place < len(self.keys) and self.keys[place] == key:
            return f"{key}#{place - bisect_left(self.keys, key)}"
        return str(key)


class Shelves:
    """The shelves of all sources. A file is looked at whenever it is read, and parsed only when it changed."""

    def __init__(self) -> None:
        self._facts: _Kept[SourceFacts] = _Kept()
        self._shelves: _Kept[tuple[SourceFacts, Shelf]] = _Kept()

    def facts(self, roots: Iterable[Path]) -> SourceFacts:
        """The facts of the first folder that has some. Raises ``UnreadableData``."""
        folders = tuple(roots)
        for path in _facts_files(folders):
            signature = _signature(path)
            if signature is not None:
                kept = self._facts.get(path, signature)
                if kept is None and _leads_out(path, folders):
                    continue
                return kept or self._facts.keep(path, signature, _facts_in(path))
        return SourceFacts()

    def names(self, roots: Iterable[Path]) -> list[str]:
        """Names of the resources that have records."""
        return sorted({name for root in roots for name in _names_in(root)})

    def find(self, roots: tuple[Path, ...], names: tuple[str, ...], facts: SourceFacts) -> Shelf | None:
        """The records of the first of these resources that the first possible folder has."""
        for path in _candidates(roots, names):
            signature = _signature(path)
            if signature is not None:
                kept = self._shelves.get(path, signature)
                # What is kept was inside, and is still the same file.
                if kept is None and _leads_out(path, roots):
                    continue
                if kept is None or kept[0] != facts:
                    kept = self._shelves.keep(path, signature, (facts, Shelf.of(_load(path), facts)))
                return kept[1]
        return None


class _Kept(Generic[T]):
    """What was made of files, as long as they stay what they were. Reading it takes no lock."""

    def __init__(self) -> None:
        self._by_path: dict[Path, tuple[Signature, T]] = {}
        self._lock = Lock()

    def get(self, path: Path, signature: Signature) -> T | None:
        kept = self._by_path.get(path)
        return kept[1] if kept is not None and kept[0] == signature else None

    def keep(self, path: Path, signature: Signature, value: T) -> T:
        with self._lock:
            self._by_path[path] = (signature, value)
            if len(self._by_path) > _KEPT:
                del self._by_path[next(iter(self._by_path))]
        return value


def seconds(value: Any) -> float | None:
    """A cursor value in epoch seconds: a number, a number as text, or an ISO-8601 instant (UTC when it has
    no offset); None when it is none of them."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return _instant(value)
    return number if math.isfinite(number) else None


def _instant(value: Any) -> float | None:
    try:
        parsed = datetime.fromisoformat(value)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None


def wrapped(record: Record, wrapper: str | None) -> Record:
    """The record where its connector has it, whether it was put there or as the system itself has it."""
    return record if wrapper is None or wrapper in record else {wrapper: record}


def renamed(record: Record, facts: SourceFacts) -> Record:
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


def _whole(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 0


def _signature(path: Path) -> Signature | None:
    """None where there is no file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino) if S_ISREG(found.st_mode) else None


def _leads_out(path: Path, roots: tuple[Path, ...]) -> bool:
    """Whether it is a link, or below one, to what lies in none of the folders."""
    real = path.resolve()
    return not any(real.is_relative_to(root.resolve()) for root in roots)


@lru_cache(_KEPT)
def _facts_files(roots: tuple[Path, ...]) -> tuple[Path, ...]:
    return tuple(root / FACTS for root in roots)


@lru_cache(4 * _KEPT)
def _candidates(roots: tuple[Path, ...], names: tuple[str, ...]) -> tuple[Path, ...]:
    """Where records may lie, the likeliest first. A name may lead into folders, never out of them."""
    places = [[part for part in name.split("/") if part] for name in names]
    files = ["/".join(parts) + suffix for parts in places if parts and all(map(is_plain, parts)) for suffix in SUFFIXES]
    return tuple(root / file for root in roots for file in files if file != FACTS)


def _names_in(root: Path) -> Iterator[str]:
    if root.is_dir():
        for path in root.iterdir():
            plain = path.suffix in SUFFIXES and path.name != FACTS and is_plain(path.name)
            if plain and not _leads_out(path, (root,)):
                yield path.stem


def _facts_in(path: Path) -> SourceFacts:
    try:
        given = orjson.loads(path.read_bytes())
        if not isinstance(given, dict):
            raise UnreadableData(f"{path}: it is no JSON object")
        if given.get("cursor") is not None:
            parse(str(given["cursor"]))
    except ValueError as error:
        raise UnreadableData(f"{path}: {error}") from error
    names = ("cursor", "resourceParameter", "defaultResource", "alsoAs", "wrapper")
    return SourceFacts(*(given.get(name) for name in names))


def _load(path: Path) -> list[Sized]:
    data = path.read_bytes().removeprefix(codecs.BOM_UTF8)
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
