"""SQL over what landed in the datasets of one sandbox, run by DuckDB in a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

import orjson

from emulator.domain.kinds import DATASETS
from emulator.domain.query_structures import structure
from emulator.domain.tenant import Tenant
from emulator.engine import schemas
from emulator.engine.world import World
from emulator.store import records, resources
from emulator.store.database import Transaction

Document = dict[str, Any]

# What one query may take; ``ROWS`` and ``BYTES`` are of the result that is kept, all of which is counted.
SECONDS = 10
MEMORY = "512MB"
ADDRESS_SPACE = 3 << 29
ROWS, BYTES = 10_000, 16 << 20
AT_ONCE = 2

_PROCESS = Path(__file__).parent / "query_process.py"
_TABLE_TAG = "adobe/pqs/table"
_MOST_DATASETS = 100_000
# Every word of a statement, and what stands in double quotes: more than its tables, and never fewer.
_NAMES = re.compile(r'"((?:[^"]|"")+)"|(\w+)')


class QueryFailed(Exception):
    """Why a query has no result: the engine's word for it, and what it says."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Result:
    """``rows`` in the order of ``columns`` (``{name, type}``), all ``count`` of them where it is ``complete``.

    ``datasets`` are the ids of those that the statement may read.
    """

    columns: list[Document]
    rows: list[list[Any]]
    count: int
    complete: bool
    datasets: list[str]


@dataclass(frozen=True)
class _Table:
    """A dataset as a query sees it."""

    id: str
    name: str


def is_installed() -> bool:
    return find_spec("duckdb") is not None


class Queries:
    """Runs queries, so many at a time."""

    def __init__(self, world: World) -> None:
        self._database = world.database
        self._turns = threading.Semaphore(AT_ONCE)

    def run(self, tenant: Tenant, sql: str, rows: int = ROWS) -> Result:
        """The result of one statement that reads. Raises ``QueryFailed``."""
        with self._database.reading() as tx:
            tables = list(_tables(tx, tenant))
        wanted: list[_Table] = []

        def lines(named: Iterable[str] | None) -> Iterator[bytes]:
            wanted.extend(_wanted(_words(sql) if named is None else named, tables))
            return self._lines(tenant, wanted)

        request = {
            "sql": sql,
            "known": sorted({table.name for table in tables}),
            "memory": MEMORY,
            "address_space": ADDRESS_SPACE,
            "seconds": SECONDS,
            "rows": rows,
            "bytes": BYTES,
        }
        with self._turns:
            answer = _asked(request, lines)
        if "error" in answer:
            raise QueryFailed(answer["error"], answer["message"])
        return Result(**answer, datasets=[table.id for table in wanted])

    def _lines(self, tenant: Tenant, tables: Iterable[_Table]) -> Iterator[bytes]:
        for table in tables:
            with self._database.reading() as tx:
                texts = schemas.texts_of(tx, tenant, table.id)
            told = {} if texts is None else structure(schemas.resolved(texts))
            header = {"id": table.id, "name": table.name, "structure": told}
            yield orjson.dumps(header, option=orjson.OPT_APPEND_NEWLINE)
            for part in records.walk(self._database, tenant, table.id):
                yield ("\n".join(part) + "\n").encode()
            yield b"\n"


def _tables(tx: Transaction, tenant: Tenant) -> Iterator[_Table]:
    for dataset, body in resources.slice_with_ids(tx, tenant, DATASETS, _MOST_DATASETS, 0):
        tagged = orjson.loads(body)["tags"].get(_TABLE_TAG)
        name = tagged[0] if isinstance(tagged, list) and tagged and isinstance(tagged[0], str) else ""
        yield _Table(dataset, name or dataset)


def _words(sql: str) -> Iterator[str]:
    return (quoted.replace('""', '"') or bare for quoted, bare in _NAMES.findall(sql))


def _wanted(names: Iterable[str], tables: Iterable[_Table]) -> list[_Table]:
    """Every table that a statement may read, by id or by name, the newest of those with one name."""
    named = {name.casefold() for name in names}
    taken: set[str] = set()
    found = []
    for table in tables:
        name = table.name.casefold()
        if name in named and name not in taken:
            taken.add(name)
            found.append(table)
        elif table.id in named:
            found.append(_Table(table.id, table.id))
    return found


def _asked(request: Document, lines: Callable[[list[str] | None], Iterator[bytes]]) -> Document:
    """What a process of its own answers, given the tables that it names. It is stopped when its time is over."""
    process = subprocess.Popen(  # noqa: S603 - nothing of the command comes from a request
        [sys.executable, "-P", "-X", "utf8", str(_PROCESS)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    overdue = threading.Event()

    def stop() -> None:
        overdue.set()
        process.kill()

    timer = threading.Timer(SECONDS, stop)
    timer.start()
    try:
        assert process.stdin is not None and process.stdout is not None
        _feed(process.stdin, [orjson.dumps(request, option=orjson.OPT_APPEND_NEWLINE)])
        answer = process.stdout.readline()
        found: Document = orjson.loads(answer) if answer else {}
        if "named" in found:
            _feed(process.stdin, lines(found["named"]))
            with suppress(BrokenPipeError):
                process.stdin.close()
            answer = process.stdout.readline()
            found = orjson.loads(answer) if answer else {}
    finally:
        timer.cancel()
        process.kill()
        process.wait()
        for end in (process.stdin, process.stdout):
            if end is not None:
                with suppress(OSError):
                    end.close()
    if found:
        return found
    if overdue.is_set():
        raise QueryFailed("InterruptException", f"The query takes longer than {SECONDS} seconds.")
    raise QueryFailed("OutOfMemoryException", "The query takes more memory than it may.")


def _feed(stream: IO[bytes], lines: Iterable[bytes]) -> None:
    """A process that has seen enough, or is gone, does not read to the end."""
    with suppress(BrokenPipeError):
        for line in lines:
            stream.write(line)
        stream.flush()
