"""Rows of files that were uploaded into a batch."""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import orjson

from emulator.domain.ingestion import encoding_of
from emulator.engine.sources import formats, parquet
from emulator.engine.sources.compression import RUN_LIMIT, opened
from emulator.engine.sources.row_reading import CORRUPTED, rows
from emulator.engine.sources.source import DELIMITED, BadRow, FileProperties, Record, UnreadableData

Document = dict[str, Any]


class NoHeader(UnreadableData):
    """Delimited text whose first line names no column."""


def rows_of(path: Path, input_format: Document) -> Iterator[Record | BadRow]:
    """The records, and between them what cannot be read. Raises ``UnreadableData`` for a file of another kind."""
    kind = input_format["format"]
    if kind == "parquet":
        yield from parquet.records(path, None)
        return
    with opened(path, None, RUN_LIMIT) as stream:
        if kind == "csv":
            yield from _delimited(stream, input_format)
        elif input_format.get("isMultiLineJson"):
            yield from _document(stream)
        else:
            for line in chain([formats.first_line(stream)], stream):
                if line.strip():
                    yield from _line(line.strip())


def _delimited(stream: io.BufferedReader, input_format: Document) -> Iterator[Record | BadRow]:
    head = stream.peek(1).partition(b"\n")[0]
    if not head.strip(b" \t\r,;"):
        raise NoHeader("its first line names no column")
    delimiter = input_format.get("delimiter", ",")
    return rows(stream, FileProperties(DELIMITED, None, delimiter, encoding_of(input_format)))


def _document(stream: io.BufferedReader) -> Iterator[Record | BadRow]:
    """Documented: objects in an array, each on as many lines as it takes."""
    document = formats.parsed(formats.whole(formats.first_line(stream), stream), 1)
    for value in document if isinstance(document, list) else [document]:
        yield _record(value, orjson.dumps(value).decode())


def _line(line: bytes) -> Iterator[Record | BadRow]:
    """Documented: one object a line. An array stands for the objects in it, as a public client sends them."""
    text = line.decode(errors="replace")
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        yield BadRow(text, f"{CORRUPTED} It is no JSON: {error.msg} at column {error.colno}.")
        return
    for one in value if isinstance(value, list) else [value]:
        yield _record(one, text if one is value else orjson.dumps(one).decode())


def _record(value: Any, text: str) -> Record | BadRow:
    try:
        return formats.as_object(value, 1)
    except UnreadableData as error:
        return BadRow(text, f"{CORRUPTED} {str(error).replace('record 1', 'It')}.")
