"""Files uploaded into batches, whole or in parts, until the batch ends; their names stay."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import bindparam, delete, func, insert, select, update

from emulator.domain.tenant import Tenant
from emulator.store.database import Transaction
from emulator.store.tables import batch_file, batch_file_part

_OF_BATCH = tuple(batch_file.c[name] == bindparam(name) for name in ("org", "sandbox", "batch"))
_ONE = (*_OF_BATCH, batch_file.c.name == bindparam("file"))
_PARTS_OF_BATCH = tuple(batch_file_part.c[name] == bindparam(name) for name in ("org", "sandbox", "batch"))
_PARTS = (*_PARTS_OF_BATCH, batch_file_part.c.name == bindparam("file"))
_PART = (*_PARTS, batch_file_part.c.start == bindparam("first"))
_INSERT = insert(batch_file).values({column.name: bindparam(column.name) for column in batch_file.c})
_INSERT_PART = insert(batch_file_part).values({column.name: bindparam(column.name) for column in batch_file_part.c})
_LISTED = select(batch_file.c.name, batch_file.c.whole).where(*_OF_BATCH).order_by(batch_file.c.name)
_WHOLE = select(batch_file.c.whole).where(*_ONE)
_FINISH = update(batch_file).where(*_ONE).values(whole=1)
_REMOVE = delete(batch_file).where(*_ONE)
_PLACES = select(batch_file_part.c.start, batch_file_part.c.size).where(*_PARTS).order_by(batch_file_part.c.start)
_BODY = select(batch_file_part.c.body).where(*_PART)
_REMOVE_PART = delete(batch_file_part).where(*_PART)
_REMOVE_PARTS = delete(batch_file_part).where(*_PARTS)
_REMOVE_ALL_PARTS = delete(batch_file_part).where(*_PARTS_OF_BATCH)
_SIZE = select(func.coalesce(func.sum(batch_file_part.c.size), 0)).where(*_PARTS_OF_BATCH)


class Within(NamedTuple):
    """The batch that files are in."""

    org: str
    sandbox: str
    batch: str

    @classmethod
    def of(cls, tenant: Tenant, batch: str) -> Within:
        return cls(tenant.org, tenant.sandbox, batch)


class Place(NamedTuple):
    """Where a part of a file lies: its first byte, and how many it has."""

    start: int
    size: int


def put(tx: Transaction, within: Within, name: str, body: bytes) -> None:
    """A whole file, in place of one that was there."""
    begin(tx, within, name, whole=True)
    put_part(tx, within, name, 0, body)


def begin(tx: Transaction, within: Within, name: str, whole: bool = False) -> None:
    """An empty file, in place of one that was there."""
    key = within._asdict()
    tx.run(_REMOVE_PARTS, **key, file=name)
    tx.run(_REMOVE, **key, file=name)
    tx.run(_INSERT, **key, name=name, whole=int(whole))


def put_part(tx: Transaction, within: Within, name: str, start: int, body: bytes) -> None:
    """A part, in place of one that began at the same byte."""
    key = within._asdict()
    tx.run(_REMOVE_PART, **key, file=name, first=start)
    tx.run(_INSERT_PART, **key, name=name, start=start, size=len(body), body=body)


def finish(tx: Transaction, within: Within, name: str) -> None:
    tx.run(_FINISH, **within._asdict(), file=name)


def listed(tx: Transaction, within: Within) -> dict[str, bool]:
    """Names of the files, each with whether it is whole."""
    return {row[0]: bool(row[1]) for row in tx.rows(_LISTED, **within._asdict())}


def is_whole(tx: Transaction, within: Within, name: str) -> bool | None:
    """None when there is no such file."""
    row = tx.row(_WHOLE, **within._asdict(), file=name)
    return None if row is None else bool(row[0])


def places(tx: Transaction, within: Within, name: str) -> list[Place]:
    """The parts of a file that there are, in order."""
    return [Place(*row) for row in tx.rows(_PLACES, **within._asdict(), file=name)]


def part(tx: Transaction, within: Within, name: str, start: int) -> bytes:
    row = tx.row(_BODY, **within._asdict(), file=name, first=start)
    return bytes(row[0]) if row is not None else b""


def size(tx: Transaction, within: Within) -> int:
    """Bytes of all the files of a batch."""
    row = tx.row(_SIZE, **within._asdict())
    return int(row[0]) if row is not None else 0


def empty(tx: Transaction, within: Within) -> None:
    """What is in the files goes, their names stay."""
    tx.run(_REMOVE_ALL_PARTS, **within._asdict())
