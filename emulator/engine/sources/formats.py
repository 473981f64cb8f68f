"""Readers of delimited text and JSON: each takes a stream and gives records, reading on only when asked."""

from __future__ import annotations

import csv
import io
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from itertools import chain, islice
from typing import Any

import orjson

from emulator.domain.inference import Column, infer
from emulator.domain.nesting import MAX_DEPTH, is_too_deep
from emulator.engine.sources.compression import HEAD, LIMIT
from emulator.engine.sources.source import (
    JSON,
    PARQUET,
    FileProperties,
    Flat,
    Hierarchical,
    Record,
    UnreadableData,
)

# Encodings by the names that the service gives them.
ENCODINGS = {"UTF-8": "utf-8-sig", "ISO-8859-1": "iso-8859-1"}
PARQUET_MAGIC = b"PAR1"
# A schema is inferred from so many objects; explore documents that it looks at a sample.
SAMPLE = 1000
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def shape(stream: io.BufferedReader, properties: FileProperties) -> Flat | Hierarchical:
    """The columns of delimited text, or the schema of JSON."""
    if properties.file_type == JSON:
        return Hierarchical(infer(islice(_objects(stream), SAMPLE)))
    with closing(_lines(stream, properties)) as lines:
        return Flat([Column(name) for name in next(lines, [])])


def records(stream: io.BufferedReader, properties: FileProperties) -> Iterator[Record]:
    """The records one after the other. A row that is too short lacks its last columns."""
    return _objects(stream) if properties.file_type == JSON else _rows(stream, properties)


def _rows(stream: io.BufferedReader, properties: FileProperties) -> Iterator[Record]:
    lines = _lines(stream, properties)
    names = next(lines, [])
    for values in lines:
        yield dict(zip(names, values, strict=False))


def _lines(stream: io.BufferedReader, properties: FileProperties) -> Generator[list[str]]:
    """Split lines, the first one with every name made a name of its own; blank lines are skipped."""
    with text_of(stream, properties.encoding) as text:
        reader = (line for line in csv.reader(text, delimiter=properties.delimiter) if line)
        header = next(reader, None)
        if header is not None:
            yield distinct(header)
            yield from reader


@contextmanager
def text_of(stream: io.BufferedReader, encoding: str) -> Iterator[io.TextIOWrapper]:
    """A stream as text. Raises ``UnreadableData``, also while it is read."""
    _check_text(stream)
    text = io.TextIOWrapper(stream, ENCODINGS[encoding], newline="")
    try:
        yield text
    except UnicodeDecodeError as error:
        raise UnreadableData(f"it is not {encoding}: {error.reason}", "encoding") from error
    except csv.Error as error:
        raise UnreadableData(f"it is no delimited text: {error}", "fileType") from error
    finally:
        # The stream belongs to whoever opened it.
        text.detach()


def _check_text(stream: io.BufferedReader) -> None:
    """Refuses what begins like anything but text."""
    head = stream.peek(HEAD)
    if head.startswith(PARQUET_MAGIC):
        raise UnreadableData(f"it is a Parquet file: send fileType={PARQUET}", "fileType")
    if b"\0" in head:
        raise UnreadableData("it is no text", "fileType")


def distinct(header: list[str]) -> list[str]:
    """A column without a name, or with that of another one, is named by its place."""
    names: list[str] = []
    for place, name in enumerate(header, 1):
        names.append(f"column_{place}" if not name or name in names else name)
    return names


def _objects(stream: io.BufferedReader) -> Iterator[Record]:
    """The objects of a JSON document, of an array, or of lines with one object each."""
    begin = first_line(stream)
    first = parsed_or_none(begin)
    if isinstance(first, dict):
        # A document on one line is the same as a single line of JSON lines.
        lines = chain([begin], stream)
        yield from (as_object(parsed(line, number), number) for number, line in enumerate(lines, 1) if line.strip())
        return
    document = parsed(whole(begin, stream), 1)
    everything = document if isinstance(document, list) else [document]
    yield from (as_object(value, number) for number, value in enumerate(everything, 1))


def whole(begin: bytes, stream: io.BufferedReader) -> bytes:
    """Everything, for what cannot be read piece by piece."""
    document = begin + stream.read(LIMIT)
    if len(document) > LIMIT:
        size = LIMIT // 1024 // 1024
        raise UnreadableData(
            f"a JSON document is read as a whole, and this one has more than {size} MiB: send JSON lines"
        )
    return document


def first_line(stream: io.BufferedReader) -> bytes:
    first = stream.readline().removeprefix(_BYTE_ORDER_MARK)
    while first and not first.strip():
        first = stream.readline()
    return first


def parsed_or_none(text: bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


def parsed(text: bytes, number: int) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        where = f"line {number - 1 + error.lineno} column {error.colno}"
        raise UnreadableData(f"it is no JSON: {error.msg} at {where}", "fileType") from error


def as_object(value: Any, number: int) -> Record:
    if not isinstance(value, dict):
        raise UnreadableData(f"record {number} is not an object", "fileType")
    if is_too_deep(value):
        raise UnreadableData(f"record {number} is nested in more than {MAX_DEPTH} levels")
    return value
