"""The numbered steps that bring a database to the shape this release works with."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import orjson
from sqlalchemy import Connection, bindparam, delete, insert, inspect, select, text, update

from emulator.domain import kinds
from emulator.store.database import Database, UnusableDatabase
from emulator.store.extent import saved_metadata
from emulator.store.tables import (
    batch_file,
    batch_file_part,
    delivery,
    entry,
    fault,
    meta,
    metadata,
    outcome,
    pending_run,
    rejected,
    resource,
    snapshot,
    source_object,
    stream,
    stream_hour,
    subscriber,
)

# A step takes a database of the number before it to its own number. Number 1 is the first schema,
# made whole by ``metadata``; every later change of a table adds a step here.
Step = Callable[[Connection], None]
NEWEST = 4

_VERSION = "schema"
# Any number will do, so long as every replica takes the same lock.
_MIGRATION_LOCK = 823_700_001


def _index_more_than_references(connection: Connection) -> None:
    """2: names, states and times are indexed as references were; runs can be asked for."""
    entry.create(connection)
    pending_run.create(connection)
    _index(connection, list(kinds.all_kinds().values()))
    connection.execute(text("DROP TABLE link"))


def _index(connection: Connection, wanted: Sequence[kinds.Kind]) -> None:
    """Every resource of these kinds, anew."""
    known = {kind.name: kind for kind in wanted}
    columns = resource.c
    connection.execute(delete(entry).where(entry.c.kind.in_(known)))
    stored = connection.execute(
        select(columns.org, columns.sandbox, columns.kind, columns.seq, columns.body).where(columns.kind.in_(known))
    )
    for part in stored.partitions(1000):
        rows = [
            {"org": row.org, "sandbox": row.sandbox, "kind": row.kind, "seq": row.seq, "field": field, "value": value}
            for row in part
            for field, value in known[row.kind].entries_of(orjson.loads(row.body))
        ]
        if rows:
            connection.execute(insert(entry), rows)


def _keep_what_runs_need(connection: Connection) -> None:
    """3: runs take time and have outcomes, rows are rejected, data is put, subscribers are told.

    Batches are found by status and time too.
    """
    for table in (rejected, outcome, source_object, subscriber, delivery):
        table.create(connection)
    known = {column["name"] for column in inspect(connection).get_columns(pending_run.name)}
    for column in pending_run.c:
        if column.name not in known:
            kind = column.type.compile(connection.dialect)
            connection.execute(text(f"ALTER TABLE {pending_run.name} ADD COLUMN {column.name} {kind}"))
    for index in pending_run.indexes:
        index.create(connection, checkfirst=True)
    _index(connection, [kinds.BATCHES])


def _collect_messages_and_files(connection: Connection) -> None:
    """4: messages collect in micro-batches, and streaming flows have a run an hour; files are uploaded into batches.

    States are kept under names, and service calls can be answered by fault rules. Schemas are found by what they
    refer to, datasets by name and time.
    """
    for table in (stream, stream_hour, batch_file, batch_file_part, fault, snapshot):
        table.create(connection)
    _index(connection, [kinds.SCHEMAS, kinds.DATASETS])


STEPS: dict[int, Step] = {2: _index_more_than_references, 3: _keep_what_runs_need, 4: _collect_messages_and_files}


def migrate(database: Database) -> int:
    """Bring the database to ``NEWEST`` and return the number it had before, 0 for an empty one.

    Raises ``UnusableDatabase`` when it was made by a newer release, or cannot be opened.
    """
    try:
        with database.engine.begin() as connection:
            _take_turn(connection, database)
            found = _version(connection)
            if found > NEWEST:
                raise UnusableDatabase(
                    f"the database was made by a newer release (its schema is {found}, this release knows {NEWEST}): "
                    "upgrade flow-service-emulator or use another --database"
                )
            if found == 0:
                metadata.create_all(connection)
            else:
                for number in range(found + 1, NEWEST + 1):
                    STEPS[number](connection)
            if found < NEWEST:
                _follow_with_copies(connection)
            _stamp(connection, found)
            return found
    except UnusableDatabase:
        raise
    except Exception as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise UnusableDatabase(f"cannot open database {database.url.render_as_string()}: {reason}") from error


def _follow_with_copies(connection: Connection) -> None:
    """The tables of snapshots get every table and column that the state has got; what they hold stays."""
    existing = set(inspect(connection).get_table_names())
    for copy in saved_metadata.sorted_tables:
        if copy.name not in existing:
            copy.create(connection)
            continue
        known = {column["name"] for column in inspect(connection).get_columns(copy.name)}
        for column in copy.c:
            if column.name not in known:
                kind = column.type.compile(connection.dialect)
                connection.execute(text(f"ALTER TABLE {copy.name} ADD COLUMN {column.name} {kind}"))


def _take_turn(connection: Connection, database: Database) -> None:
    if database.family == "postgresql":
        connection.execute(text("BEGIN"))
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})"))
    else:
        connection.execute(text("BEGIN IMMEDIATE"))


def _version(connection: Connection) -> int:
    if not inspect(connection).has_table(meta.name):
        return 0
    found = connection.execute(select(meta.c.value).where(meta.c.key == _VERSION)).scalar()
    return int(found) if found is not None else 0


def _stamp(connection: Connection, found: int) -> None:
    if found == 0:
        connection.execute(insert(meta).values(key=_VERSION, value=str(NEWEST)))
    elif found < NEWEST:
        connection.execute(update(meta).where(meta.c.key == bindparam("k")).values(value=str(NEWEST)), {"k": _VERSION})
