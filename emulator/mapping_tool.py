"""``flow-emulator map``: records through a mapping set without a server, and why each field is what it is."""

from __future__ import annotations

import io
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import orjson

from emulator.domain.errors import Refusal
from emulator.domain.language.compiler import compiled
from emulator.domain.language.parser import SyntaxProblem, parse
from emulator.domain.language.printer import printed
from emulator.domain.language.tree import Node, calculated
from emulator.domain.language.values import Problem, Surroundings
from emulator.domain.mapping import Mapper, MappingProblem, Part, compile_mappings
from emulator.domain.mapping_sets import EXPRESSION, read_request
from emulator.domain.target_types import plain
from emulator.engine.sources import formats
from emulator.engine.sources.source import DELIMITED, JSON, FileProperties, UnreadableData

Document = dict[str, Any]
Echo = Callable[[str], None]


def mapper_from(path: Path, schema: Path | None) -> Mapper:
    """The mapping set of a file, in any shape that the service takes. Raises ``click.ClickException``."""
    body = _json(path)
    if not isinstance(body, dict):
        raise click.ClickException(f"{path}: expected a mapping set, an object with mappings")
    # Without a server there is no schema to name.
    body = {"xdmSchema": "none", **body}
    target = _json(schema) if schema else None
    try:
        request = read_request(body)
        nulls = bool(request.extras.get("allowNullValues"))
        return compile_mappings(request.mappings, surroundings(), target, nulls)
    except (Refusal, MappingProblem) as error:
        message = error.message if isinstance(error, Refusal) else str(error)
        raise click.ClickException(f"{path}: {message}") from error


def surroundings() -> Surroundings:
    return Surroundings(lambda: datetime.now(UTC), lambda: str(uuid.uuid4()))


def _json(path: Path) -> Any:
    try:
        return orjson.loads(path.read_bytes())
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror}") from error
    except orjson.JSONDecodeError as error:
        raise click.ClickException(f"{path}: {error.msg} at line {error.lineno} column {error.colno}") from error


def records_from(source: str) -> Iterator[Document]:
    """Records of a file, or of standard input for ``-``: JSON, lines of JSON, or CSV, by what they begin with."""
    try:
        with _opened(source) as stream:
            head = stream.peek(64).lstrip()
            kind = JSON if head[:1] in (b"{", b"[") else DELIMITED
            yield from formats.records(stream, FileProperties(kind))
    except (OSError, UnreadableData) as error:
        raise click.ClickException(f"{source}: {error}") from error


def _opened(source: str) -> closing[io.BufferedReader]:
    raw = io.FileIO(sys.stdin.fileno() if source == "-" else source, closefd=source != "-")
    return closing(io.BufferedReader(raw))


def run(mapper: Mapper, records: Iterator[Document], explain: bool, echo: Echo, complain: Echo) -> int:
    """Map everything; returns how many records were rejected."""
    rejected = 0
    for number, record in enumerate(records, 1):
        if explain:
            _explain(mapper, number, record, echo)
        try:
            target, faults = mapper.mapped(record)
        except MappingProblem as error:
            rejected += 1
            complain(f"record {number}: rejected: {error}")
            continue
        for fault in faults:
            complain(f"record {number}: {fault.destination} is left empty: {fault.message}")
        echo(orjson.dumps(target).decode())
    return rejected


def _explain(mapper: Mapper, number: int, record: Document, echo: Echo) -> None:
    """Field by field, in the order in which they are written; of calculated fields each step."""
    echo(f"# record {number}")
    for part in mapper.parts:
        entry = part.entry
        echo(f"#   {entry['destination']} <- {entry['source']}")
        if entry["sourceType"] == EXPRESSION:
            _explain_steps(entry["source"], record, echo)
        echo(f"#     = {_shown(_given(part, record))}")


def _given(part: Part, record: Document) -> Callable[[], Any]:
    def given() -> Any:
        value = part.read(record)
        return None if value is None else part.convert(value)

    return given


def _explain_steps(source: str, record: Document, echo: Echo) -> None:
    whole = parse(source)
    for node in calculated(whole):
        if node is not whole:
            echo(f"#     {printed(node)} -> {_shown(_value(node, record))}")


def _value(node: Node, record: Document) -> Callable[[], Any]:
    return lambda: compiled(node, surroundings())(record)


def _shown(made: Callable[[], Any]) -> str:
    try:
        return orjson.dumps(plain(made())).decode()
    except (Problem, SyntaxProblem) as error:
        return f"nothing: {error}"
