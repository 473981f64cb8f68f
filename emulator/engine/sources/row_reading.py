"""Rows as a run reads them: one that is broken is set aside, where explore would make the best of it."""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterator
from itertools import chain
from typing import Any

import orjson

from emulator.engine.sources import formats
from emulator.engine.sources.compression import HEAD
from emulator.engine.sources.source import JSON, BadRow, FileProperties, Record, UnreadableData

# Documented text of INGEST-1401-400.
CORRUPTED = "The row has corrupted data and cannot be read or parsed. Fix the corrupted data and try again."
# A quoted text may have so many lines; a quote that is never closed takes no more of the file with it.
_LONGEST_ROW = 200


def rows(stream: io.BufferedReader, properties: FileProperties) -> Iterator[Record | BadRow]:
    """The records of delimited text or JSON, and between them what cannot be read.

    Raises ``UnreadableData`` for what is no file of that kind at all.
    """
    if properties.file_type == JSON:
        return (_checked(value) for value in _values(stream))
    return _delimited(stream, properties)


def _delimited(stream: io.BufferedReader, properties: FileProperties) -> Iterator[Record | BadRow]:
    with formats.text_of(stream, properties.encoding) as text:
        split = _Split(text, properties.delimiter)
        header = next(split.rows(), None)
        if isinstance(header, BadRow):
            raise UnreadableData("the quoting of its header line is broken", "fileType")
        names = formats.distinct(header or [])
        for row in split.rows():
            if isinstance(row, BadRow):
                yield row
            elif len(row) == len(names):
                yield dict(zip(names, row, strict=True))
            else:
                yield BadRow(split.text(), f"{CORRUPTED} It has {len(row)} columns, the header has {len(names)}.")


class _Split:
    """Lines that are split into columns; a broken one costs no other line."""

    def __init__(self, lines: Iterator[str], delimiter: str) -> None:
        self._lines = lines
        self._again: deque[str] = deque()
        self._taken: list[str] = []
        self._delimiter = delimiter

    def text(self) -> str:
        """The row that was split last, as it stands in the file."""
        return "".join(self._taken).rstrip("\r\n")

    def rows(self) -> Iterator[list[str] | BadRow]:
        reader = csv.reader(self._take(), delimiter=self._delimiter, strict=True)
        while True:
            self._taken.clear()
            try:
                row = next(reader, None)
            except csv.Error as error:
                # Whatever follows the line with the broken quote is looked at on its own.
                self._again.extendleft(reversed(self._taken[1:]))
                del self._taken[1:]
                yield BadRow(self.text(), f"{CORRUPTED} {str(error).capitalize()}.")
                reader = csv.reader(self._take(), delimiter=self._delimiter, strict=True)
                continue
            if row is None:
                return
            if row:
                yield row

    def _take(self) -> Iterator[str]:
        while len(self._taken) < _LONGEST_ROW:
            line = self._again.popleft() if self._again else next(self._lines, None)
            if line is None:
                return
            self._taken.append(line)
            yield line


def _values(stream: io.BufferedReader) -> Iterator[bytes | Any]:
    """Lines that are still to be parsed, or the values of one document."""
    begin = formats.first_line(stream)
    if not begin:
        return iter(())
    if _are_lines(begin, stream):
        return (line.strip() for line in chain([begin], stream) if line.strip())
    document = formats.parsed(formats.whole(begin, stream), 1)
    return iter(document if isinstance(document, list) else [document])


def _are_lines(begin: bytes, stream: io.BufferedReader) -> bool:
    """Whether every line is a record: the first one tells, or where that one is broken the second."""
    if isinstance(formats.parsed_or_none(begin), dict):
        return True
    second = stream.peek(HEAD).lstrip().partition(b"\n")[0]
    return not begin.lstrip().startswith(b"[") and isinstance(formats.parsed_or_none(second), dict)


def _checked(value: bytes | Any) -> Record | BadRow:
    record = value
    if isinstance(value, bytes):
        try:
            record = orjson.loads(value)
        except orjson.JSONDecodeError as error:
            text = value.decode(errors="replace")
            return BadRow(text, f"{CORRUPTED} It is no JSON: {error.msg} at column {error.colno}.")
    try:
        return formats.as_object(record, 1)
    except UnreadableData as error:
        text = value.decode(errors="replace") if isinstance(value, bytes) else orjson.dumps(value).decode()
        return BadRow(text, f"{CORRUPTED} {str(error).replace('record 1', 'It')}.")
