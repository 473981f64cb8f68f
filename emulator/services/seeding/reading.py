"""Seed documents as texts: JSON, or YAML where ``pyyaml`` is installed, with the line of everything in them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import orjson

from emulator.data_files import shipped_seed
from emulator.domain.json_cursor import Cursor, line_of
from emulator.domain.nesting import MAX_DEPTH, is_too_deep
from emulator.services.seeding import yaml_text

Place = tuple[str | int, ...]
STATE = "state"
_SUFFIXES = (".json", ".yaml", ".yml")
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


class BadSeed(Exception):
    """A seed that cannot be used; the message names file, line and place, and says what would be right."""


@dataclass(frozen=True)
class Source:
    """Where a document comes from: a name for messages, and its text."""

    name: str
    text: str
    is_yaml: bool = False

    def fault(self, place: Place, message: str) -> BadSeed:
        """What is wrong at a place."""
        where = f"{shown(place)}: " if place else ""
        return BadSeed(f"{self.name}:{self._line(place)}: {where}{message}")

    def _line(self, place: Place) -> int:
        return yaml_text.line_of(self.text, place) if self.is_yaml else line_of(self.text, place)


class Rows:
    """The exact part of a document: rows of tables, which are read one by one."""

    def __init__(self, source: Source, place: Place, given: Any = None, at: int | None = None) -> None:
        self._source = source
        self.place = place
        self._given = given
        self._at = at

    def tables(self) -> Iterator[tuple[str, Iterable[Any]]]:
        """Each table with its rows; they are taken before the next table is. Raises ``BadSeed``."""
        if self._at is None:
            if not isinstance(self._given, dict) or not all(isinstance(rows, list) for rows in self._given.values()):
                raise self.fault("is an object of tables, each an array of rows")
            yield from self._given.items()
            return
        cursor = Cursor(self._source.text, self._at)
        for name in cursor.members():
            if cursor.peek() != "[":
                raise self.fault("is an object of tables, each an array of rows")
            yield name, (cursor.value() for _ in cursor.items())

    def fault(self, message: str) -> BadSeed:
        return self._source.fault(self.place, message)


@dataclass(frozen=True)
class Document:
    """What a text says. Where it holds exact state there are ``Rows``."""

    source: Source
    content: dict[str, Any] = field(repr=False)


def files(paths: Sequence[Path]) -> Iterator[Path]:
    """The files of seeds: each one named, those of a folder in name order, and those that ship under a name."""
    for path in paths:
        chosen = shipped_seed(path) or path
        if chosen.is_dir():
            yield from sorted(found for found in chosen.rglob("*") if found.suffix in _SUFFIXES)
        else:
            yield chosen


def read_file(path: Path) -> Document:
    """Raises ``BadSeed``."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadSeed(f"{path}: cannot be read: {error}") from None
    return read(Source(str(path), text, path.suffix != ".json"))


def read(source: Source) -> Document:
    """Raises ``BadSeed``."""
    content = _yaml(source) if source.is_yaml else _json(source)
    if not isinstance(content, dict):
        raise source.fault((), "a seed is an object with format and tenants")
    _check_storable(source, content)
    return Document(source, content)


def _yaml(source: Source) -> Any:
    try:
        content = yaml_text.load(source.text)
    except yaml_text.BadText as error:
        raise BadSeed(f"{source.name}: {error}") from None
    if isinstance(content, dict):
        if STATE in content:
            content[STATE] = Rows(source, (STATE,), content[STATE])
        tenants = content.get("tenants")
        for index, tenant in enumerate(tenants if isinstance(tenants, list) else ()):
            if isinstance(tenant, dict) and STATE in tenant:
                tenant[STATE] = Rows(source, ("tenants", index, STATE), tenant[STATE])
    return content


def _json(source: Source) -> Any:
    cursor = Cursor(source.text)
    try:
        content = _top(source, cursor)
        cursor.end()
    except json.JSONDecodeError as error:
        raise BadSeed(f"{source.name}: not JSON: {error.msg} at line {error.lineno} column {error.colno}") from None
    return content


def _top(source: Source, cursor: Cursor) -> Any:
    if cursor.peek() != "{":
        return cursor.value()
    content: dict[str, Any] = {}
    for name in cursor.members():
        if name == "tenants" and cursor.peek() == "[":
            content[name] = [_tenant(source, cursor, int(index)) for index in cursor.items()]
        else:
            content[name] = _member(source, cursor, (name,))
    return content


def _tenant(source: Source, cursor: Cursor, index: int) -> Any:
    if cursor.peek() != "{":
        return cursor.value()
    return {name: _member(source, cursor, ("tenants", index, name)) for name in cursor.members()}


def _member(source: Source, cursor: Cursor, place: Place) -> Any:
    """A value; of exact state only where it is."""
    if place[-1] != STATE or cursor.peek() != "{":
        value = cursor.value()
        return Rows(source, place, value) if place[-1] == STATE else value
    at = cursor.at
    for _ in cursor.members():
        if cursor.peek() != "[":
            cursor.value()
            continue
        for _ in cursor.items():
            cursor.value()
    return Rows(source, place, at=at)


def _check_storable(source: Source, content: dict[str, Any]) -> None:
    try:
        text = orjson.dumps(content, default=lambda _: None)
    except TypeError as error:
        raise source.fault((), f"holds what JSON cannot: {error}") from None
    if b"\\u0000" in text:
        raise source.fault((), "holds the character U+0000, which cannot be stored")
    if is_too_deep({name: value for name, value in content.items() if name != STATE}):
        raise source.fault((), f"has more than {MAX_DEPTH} levels of nesting")


def shown(place: Place) -> str:
    """``("flows", 0, "name")`` as ``flows[0].name``."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place).removeprefix(".")


def steps_of(path: str) -> Place:
    """The same the other way round."""
    return tuple(int(index) if index else name for name, index in _STEP.findall(path))


def nearest(given: object, known: Iterable[str]) -> str:
    """``; did you mean …?`` where something known looks like what was given, else what is known."""
    names = sorted(known)
    close = get_close_matches(str(given), names, 1)
    if close:
        return f"did you mean {close[0]}?"
    return f"there are {', '.join(names)}" if names else "there are none"
