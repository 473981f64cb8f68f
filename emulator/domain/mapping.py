"""How records go through a mapping set; what a client may send is in :mod:`emulator.domain.mapping_sets`.

Documented: a mapping that fails for a record leaves its field empty and the rest goes on; a field that the
schema requires and that stays empty, or a value that breaks the schema, rejects the row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from emulator.domain import mapping_paths
from emulator.domain.language.problems import SyntaxProblem
from emulator.domain.language.values import Problem, Surroundings
from emulator.domain.mapping_paths import MappingPath, PathProblem
from emulator.domain.mapping_sets import EXPRESSION, STATIC
from emulator.domain.target_types import SCALARS, Breach, converter, field_at, plain

Document = dict[str, Any]
TRANSFORM_ERROR = "MAPPER-3700-400"
REQUIRED_MISSING = "INGEST-1555-400"


class MappingProblem(Exception):
    """A mapping set that cannot be applied, or a record that it rejects.

    ``code`` is what runs report, ``field`` the destination where one is to blame.
    """

    def __init__(self, message: str, code: str = TRANSFORM_ERROR, field: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.field = field


class Fault(NamedTuple):
    """One mapping that gave nothing for one record, and why."""

    destination: str
    source: str
    source_type: str
    message: str


@dataclass(frozen=True)
class Part:
    """One mapping, compiled: ``read`` gives a value of a record, ``write`` puts it into a target record."""

    entry: Document
    path: MappingPath
    read: Callable[[Document], Any]
    convert: Callable[[Any], Any]
    write: Callable[[Document, Any], None]

    def fault(self, why: Exception) -> Fault:
        return Fault(self.entry["destination"], self.entry["source"], self.entry["sourceType"], str(why))


class Mapper:
    """A compiled mapping set. Called with a record it gives the target record, or raises ``MappingProblem``."""

    def __init__(self, parts: list[Part], required: list[tuple[str, ...]], allow_nulls: bool) -> None:
        self.parts = parts
        self._required = required
        self._allow_nulls = allow_nulls
        self._steps = [(part.read, part.convert, part.write) for part in parts]

    def __call__(self, record: Document) -> Document:
        return self.mapped(record)[0]

    def mapped(self, record: Document) -> tuple[Document, list[Fault]]:
        """The target record, and what of it could not be made. Raises ``MappingProblem``."""
        target: Document = {}
        faults: list[Fault] = []
        try:
            for read, convert, write in self._steps:
                value = read(record)
                if type(value) in SCALARS and convert is plain:
                    write(target, value)
                elif value is not None:
                    write(target, convert(value))
                elif self._allow_nulls:
                    write(target, None)
        except Problem:
            target, faults = self._mapped_one_by_one(record)
        for path in self._required:
            _check_required(target, path, faults)
        return target, faults

    def _mapped_one_by_one(self, record: Document) -> tuple[Document, list[Fault]]:
        target: Document = {}
        faults: list[Fault] = []
        for part in self.parts:
            try:
                value = part.read(record)
                if value is not None:
                    part.write(target, part.convert(value))
                elif self._allow_nulls:
                    part.write(target, None)
            except Breach as error:
                destination = part.entry["destination"]
                raise MappingProblem(f"Mapper Transform Error: {destination}: {error}", field=destination) from error
            except Problem as error:
                faults.append(part.fault(error))
        return target, faults


def _check_required(target: Document, path: tuple[str, ...], faults: list[Fault]) -> None:
    """A required field may only be missing together with the object that it lies in."""
    here: Any = target
    for name in path[:-1]:
        here = here.get(name) if isinstance(here, dict) else None
    if isinstance(here, dict) and here.get(path[-1]) is None:
        field = ".".join(path)
        cause = next((f": {fault.message}" for fault in faults if fault.destination == field), "")
        raise MappingProblem(f"the required field {field} is missing or null{cause}", REQUIRED_MISSING, field)


def compile_mappings(
    mappings: list[Document],
    surroundings: Surroundings,
    schema: Document | None = None,
    allow_nulls: bool = False,
) -> Mapper:
    """One callable for the whole set; nothing is parsed any more when records go through it.

    Copies of whole objects and arrays come first and deeper destinations after them, so that a
    mapping of one child wins over the copy of its parent. Two mappings of one destination: the later.
    ``schema`` is the resolved target schema; without one values are taken as they are. Raises
    ``MappingProblem``.
    """
    parts = [compile_part(entry, surroundings, schema) for entry in mappings if entry["destination"]]
    parts.sort(key=lambda part: len(part.path.steps))
    required = [names for part in parts if (names := _required(part.path, schema)) is not None]
    return Mapper(parts, required, allow_nulls)


def compile_part(entry: Document, surroundings: Surroundings, schema: Document | None) -> Part:
    """One mapping. Raises ``MappingProblem``."""
    source, destination = entry["source"], entry["destination"]
    try:
        target = mapping_paths.parse(destination, is_destination=True)
        field = field_at(schema, tuple(step for step in target.steps))
        if entry["sourceType"] == EXPRESSION:
            read, wildcards = _calculated(source, surroundings), 0
        elif entry["sourceType"] == STATIC:
            read, wildcards = (lambda _record: source), 0
        else:
            path = mapping_paths.parse(source)
            read, wildcards = path.reader(nested=target.wildcards > 0), path.wildcards
    except PathProblem as error:
        raise MappingProblem(f"Mapper Transform Error: {error}", field=destination) from error
    except (SyntaxProblem, Problem) as error:
        raise MappingProblem(
            f"Mapper Transform Error: the calculated field {source!r} for {destination!r}: {error}", field=destination
        ) from error
    if target.wildcards and target.wildcards != wildcards:
        raise MappingProblem(
            f"Mapper Transform Error: {source!r} and {destination!r} need the same number of [*]", field=destination
        )
    return Part(entry, target, read, _each(converter(field), target.wildcards), target.writer())


def _calculated(source: str, surroundings: Surroundings) -> Callable[[Document], Any]:
    """A calculated field; unlike what is read from a record, it may be more than a record can hold."""
    # Imported here, with all functions: a start, and sets that only copy, do without.
    from emulator.domain.language.compiler import compiled
    from emulator.domain.language.parser import parse

    calculate = compiled(parse(source), surroundings)

    def read(record: Document) -> Any:
        value = calculate(record)
        return plain(value) if type(value) is int else value

    return read


def _each(convert: Callable[[Any], Any], levels: int) -> Callable[[Any], Any]:
    """The conversion of every element, for destinations with ``[*]``."""
    for _ in range(levels):
        convert = _of_elements(convert)
    return convert


def _of_elements(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda values: [None if value is None else convert(value) for value in values]


def _required(path: MappingPath, schema: Document | None) -> tuple[str, ...] | None:
    """The names of a destination that the schema requires; None for any other."""
    names = tuple(step for step in path.steps if isinstance(step, str))
    if schema is None or len(names) != len(path.steps):
        return None
    parent = field_at(schema, names[:-1]) if names[:-1] else schema
    return names if parent is not None and names[-1] in parent.get("required", ()) else None
