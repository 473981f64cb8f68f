"""Faults that a test scripts for a source, and how they are overcome."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace

import orjson

from emulator.engine.sources.origin import Origin
from emulator.engine.sources.retries import (
    AuthExpired,
    FileMissing,
    NetworkLost,
    RateLimited,
    Retries,
    ServerBroken,
    Trouble,
)
from emulator.engine.sources.source import BadRow, Chunk, Record, Source, Wanted

BAD_ROW = "badRow"
_TROUBLES: dict[str, tuple[type[Trouble], str]] = {
    "authExpired": (AuthExpired, "The source answered 401 Unauthorized: its credentials have expired."),
    "rateLimited": (RateLimited, "The source answered 429 Too Many Requests."),
    "networkLost": (NetworkLost, "The connection to the source was lost."),
    "serverError": (ServerBroken, "The source answered 500 Internal Server Error."),
    "fileMissing": (FileMissing, "The file or object is not there any more."),
}
_CORRUPTED = "The row has corrupted data and cannot be read or parsed."


@dataclass(frozen=True)
class _Overcoming:
    """A source whose scripted faults come before its records."""

    source: Source
    title: str
    retries: Retries

    def chunks(self, wanted: Wanted) -> Generator[Chunk]:
        if not wanted.faults:
            yield from self.source.chunks(wanted)
            return
        faults = deque(wanted.faults)
        # Credentials of a scripted source can always be renewed; whether the new ones are taken is scripted too.
        bad = self.retries.of(lambda: _attempt(faults), lambda: True, self.title)
        for chunk in self.source.chunks(replace(wanted, faults=())):
            spoilt = min(bad, len(chunk.records))
            bad -= spoilt
            yield _spoilt(chunk, spoilt) if spoilt else chunk


def overcoming(source: Source, origin: Origin, wait: Callable[[float], None], random: Callable[[], float]) -> Source:
    """The source, with what ``Wanted.faults`` scripts: each attempt to read it meets the next one.

    ``authExpired`` is answered with renewed credentials, ``rateLimited``, ``serverError`` and
    ``networkLost`` with exponential back-off; ``fileMissing`` fails at once. ``badRow`` lets the attempt
    succeed and takes the place of the first record that it reads. ``wait`` takes seconds, ``random`` gives
    0 up to 1. Reading raises ``SourceFailed`` when the attempts are used up, and ``ValueError`` on a fault
    that is none of a source.
    """
    return _Overcoming(source, origin.spec.title, Retries(wait, random))


def _attempt(faults: deque[str]) -> int:
    """Meets the next fault. An attempt that succeeds returns how many of the rows that it reads are bad."""
    bad = 0
    while faults and faults[0] == BAD_ROW:
        faults.popleft()
        bad += 1
    if faults and not bad:
        fault = faults.popleft()
        if fault not in _TROUBLES:
            raise ValueError(f"{fault!r} is no fault of a source; there are: {', '.join((*_TROUBLES, BAD_ROW))}")
        trouble, message = _TROUBLES[fault]
        raise trouble(message)
    return bad


def _spoilt(chunk: Chunk, count: int) -> Chunk:
    """The chunk with its first records as rows that cannot be read."""
    bad = tuple(map(_bad_row, chunk.records[:count]))
    return replace(chunk, records=chunk.records[count:], bad=(*chunk.bad, *bad))


def _bad_row(record: Record) -> BadRow:
    return BadRow(orjson.dumps(record, default=str).decode(), _CORRUPTED)
