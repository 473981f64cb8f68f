"""The files of a batch: not kept anywhere, but made of the rows that landed and of those that did not.

Every file can be as long as a batch, so it is made in parts; its length is known before the first one.
Documented by the pages on error diagnostics and on retrieving failed batches: lines of JSON.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import orjson

from emulator.domain.stream_figures import UNKNOWN
from emulator.domain.tenant import Tenant
from emulator.store import records, rejected
from emulator.store.database import Database
from emulator.store.rejected import UNREADABLE, Rejected

PARSING, CONVERSION = "parsing_errors_0.json", "conversion_errors_0.json"
_CODE = re.compile(r"[A-Z]+-(\d+)-\d{3}")
_STREAMED = "DCVS-"


@dataclass(frozen=True)
class Place:
    """Where the rows of a batch lie."""

    database: Database
    tenant: Tenant
    dataset: str
    batch: str


@dataclass(frozen=True)
class File:
    """A name, a length in bytes, and what gives the bytes from one place to before another, in parts."""

    name: str
    length: int
    between: Callable[[int, int], Iterator[bytes]]


def text_file(name: str, content: bytes) -> File:
    """One that is short enough to be made at once."""
    return File(name, len(content), lambda start, end: iter([content[start:end]]))


def landed_file(place: Place) -> tuple[File, int] | None:
    """The records of a batch, one a line, and how many they are; None for a batch in which nothing landed."""
    with place.database.reading() as tx:
        blocks = records.blocks(tx, place.tenant, place.dataset, place.batch)
    if not blocks:
        return None

    def between(start: int, end: int) -> Iterator[bytes]:
        at = 0
        for number, size, _ in blocks:
            if at < end and start < at + size:
                with place.database.reading() as tx:
                    bodies = records.block(tx, place.tenant, place.dataset, place.batch, number)
                yield "".join(f"{body}\n" for body in bodies).encode()[max(0, start - at) : end - at]
            at += size

    length, count = sum(size for _, size, _ in blocks), sum(count for _, _, count in blocks)
    return File(part_name(place.batch, "landed"), length, between), count


def part_name(batch: str, what: str) -> str:
    """The same for the same batch whenever it is asked for."""
    number = uuid.uuid5(uuid.NAMESPACE_URL, f"flow-service-emulator:{batch}/{what}")
    return f"part-00000-{number}-c000.json"


def failed_file(place: Place) -> File | None:
    """Every row of a batch that did not land, with its fault; None when there is none."""
    name = part_name(place.batch, "failed")
    return _lines_file(name, lambda: _lines(place, None, lambda row: _failed_line(row, name)))


def row_errors_file(place: Place, name: str) -> File | None:
    """The rows of a batch that could not be read, or those that could and did not fit, by the name of the file."""
    return _lines_file(name, lambda: _lines(place, name == PARSING, lambda row: _row_error_line(row, name)))


def sample_file(place: Place, name: str, most: int) -> File:
    """The first rows that did not land, each with the name of the file that it is in."""
    with place.database.reading() as tx:
        tenant = place.tenant
        rows, _ = rejected.page(tx, tenant.org, tenant.sandbox, place.dataset, most, 0, place.batch)
    homes = (PARSING if row.body.startswith(UNREADABLE) else CONVERSION for row in rows)
    return text_file(name, b"".join(_row_error_line(row, home) for row, home in zip(rows, homes, strict=True)))


def input_file(name: str, paths: Iterable[str]) -> File:
    return text_file(name, b"".join(orjson.dumps({"path": path}) + b"\n" for path in paths))


def _lines_file(name: str, parts: Callable[[], Iterator[bytes]]) -> File | None:
    length = sum(len(part) for part in parts())
    return File(name, length, lambda start, end: _cut(parts(), start, end)) if length else None


def _cut(parts: Iterator[bytes], start: int, end: int) -> Iterator[bytes]:
    at = 0
    for part in parts:
        if at < end and start < at + len(part):
            yield part[max(0, start - at) : end - at]
        at += len(part)


def _lines(place: Place, unreadable: bool | None, line: Callable[[Rejected], bytes]) -> Iterator[bytes]:
    for rows in rejected.walk(place.database, place.tenant, place.dataset, place.batch, unreadable):
        yield b"".join(line(row) for row in rows)


def _row_error_line(row: Rejected, name: str) -> bytes:
    """Documented: the bare number of the code."""
    code = _CODE.fullmatch(row.code)
    errors = [{"code": code[1] if code else row.code, "message": row.message}]
    return _with(row.body, {"_errors": errors, "_filename": name})


def _failed_line(row: Rejected, name: str) -> bytes:
    """Documented for messages that a validator turned down: they are grouped, and have their whole code.

    Those with a fault in the header have no code.
    """
    if row.code == UNKNOWN:
        return _with(row.body, {"_errors": {"_streamingValidation": [{"message": row.message}]}})
    if row.code.startswith(_STREAMED):
        return _with(row.body, {"_errors": {"_streamingValidation": [{"code": row.code, "message": row.message}]}})
    return _row_error_line(row, name)


def _with(body: str, more: dict[str, object]) -> bytes:
    """A JSON object as text with more members, on a line of its own."""
    comma = "" if body == "{}" else ","
    return f"{body[:-1]}{comma}{orjson.dumps(more)[1:].decode()}\n".encode()
