"""The tables. Tenant columns lead every key; a resource's document is JSON text that keeps its key order."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

# SQLite numbers rows by themselves only in a column declared exactly INTEGER.
_Sequence = BigInteger().with_variant(Integer(), "sqlite")

# Compared byte by byte on both databases.
_Bytewise = Text().with_variant(Text(collation="C"), "postgresql")

metadata = MetaData()

# What tables and columns say of themselves in ``info`` is for ``store/extent.py``.
NO_STATE = {"state": False}
JSON_TEXT = {"json": True}
SECRET = {"secret": True}

meta = Table(
    "meta",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
    info=NO_STATE,
)

sandbox = Table(
    "sandbox",
    metadata,
    Column("org", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("author", Text, nullable=False),
    PrimaryKeyConstraint("org", "name"),
)


def _tenant_columns() -> list[Column[str]]:
    return [Column("org", Text, nullable=False), Column("sandbox", Text, nullable=False)]


def _of_sandbox() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["org", "sandbox"], ["sandbox.org", "sandbox.name"], ondelete="CASCADE")


resource = Table(
    "resource",
    metadata,
    Column("seq", _Sequence, primary_key=True, autoincrement=True),
    *_tenant_columns(),
    Column("kind", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("etag", Text, nullable=False),
    Column("body", Text, nullable=False, info=JSON_TEXT),
    Column("secrets", Text, info=JSON_TEXT | SECRET),
    UniqueConstraint("org", "sandbox", "kind", "id", name="resource_id"),
    _of_sandbox(),
)
Index("resource_order", resource.c.org, resource.c.sandbox, resource.c.kind, resource.c.seq)

# What a resource can be found and ordered by without reading it: its references (a run's flow), its
# name, its times. ``value`` is written by ``index_values``. Entries are kept in step by ``resources``;
# one that outlived its resource would find nothing.
entry = Table(
    "entry",
    metadata,
    *_tenant_columns(),
    Column("kind", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("value", _Bytewise, nullable=False),
    Column("seq", _Sequence, nullable=False, autoincrement=False, info={"numbered_by": "resource"}),
    PrimaryKeyConstraint("org", "sandbox", "kind", "field", "value", "seq"),
    _of_sandbox(),
    sqlite_with_rowid=False,
    info={"derived": True},
)

# When a flow runs next and how far its source has been read.
schedule = Table(
    "schedule",
    metadata,
    *_tenant_columns(),
    Column("flow", Text, nullable=False),
    Column("due", BigInteger),
    Column("cursor", Text, info=JSON_TEXT),
    PrimaryKeyConstraint("org", "sandbox", "flow"),
    _of_sandbox(),
)
Index("schedule_due", schedule.c.due)

# Runs that have not ended: asked for and waiting until they are due, or begun. One that has begun
# says when, up to which instant it reads, and what it lands in, whose records are nobody's until it ends.
pending_run = Table(
    "pending_run",
    metadata,
    *_tenant_columns(),
    Column("run", Text, nullable=False),
    Column("flow", Text, nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("planned", BigInteger),
    Column("started", BigInteger),
    Column("held", BigInteger),
    Column("batch", Text),
    Column("outcome", Text, info=JSON_TEXT),
    PrimaryKeyConstraint("org", "sandbox", "run"),
    _of_sandbox(),
)
Index("pending_run_due", pending_run.c.due)
Index("pending_run_flow", pending_run.c.org, pending_run.c.sandbox, pending_run.c.flow)

# An inlet is found by its id alone: senders name no organisation.
inlet = Table(
    "inlet",
    metadata,
    Column("id", Text, primary_key=True),
    *_tenant_columns(),
    Column("kind", Text, nullable=False),
    Column("owner", Text, nullable=False),
    _of_sandbox(),
)
Index("inlet_owner", inlet.c.org, inlet.c.sandbox, inlet.c.kind, inlet.c.owner)

record = Table(
    "record",
    metadata,
    *_tenant_columns(),
    Column("dataset", Text, nullable=False),
    Column("batch", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("run", Text),
    Column("body", Text, nullable=False, info=JSON_TEXT),
    PrimaryKeyConstraint("org", "sandbox", "dataset", "batch", "position"),
    _of_sandbox(),
)

# Rows that a run or an inlet could not land, as they were read.
rejected = Table(
    "rejected",
    metadata,
    *_tenant_columns(),
    Column("dataset", Text, nullable=False),
    Column("batch", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("run", Text),
    Column("code", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("field", Text),
    Column("body", Text, nullable=False, info=JSON_TEXT),
    PrimaryKeyConstraint("org", "sandbox", "dataset", "batch", "position"),
    _of_sandbox(),
)

# The micro-batch that messages collect in, of a flow or (without one) of a dataset: what it has counted,
# sizes in bytes, and when it is closed. Rows that did not land are a batch of their own. ``told`` messages are in the
# figures of its batches and its run.
stream = Table(
    "stream",
    metadata,
    *_tenant_columns(),
    Column("flow", Text, nullable=False),
    Column("dataset", Text, nullable=False),
    Column("run", Text, nullable=False),
    Column("batch", Text, nullable=False),
    Column("failed_batch", Text, nullable=False),
    Column("opened", BigInteger, nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("landed", Integer, nullable=False),
    Column("landed_size", BigInteger, nullable=False),
    Column("lost", Integer, nullable=False),
    Column("skipped", Integer, nullable=False),
    Column("warned", Integer, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("told", Integer, nullable=False),
    PrimaryKeyConstraint("org", "sandbox", "flow", "dataset"),
    _of_sandbox(),
)
Index("stream_due", stream.c.due)

# A streaming flow's run of one hour, until that hour is over: what its closed micro-batches counted.
stream_hour = Table(
    "stream_hour",
    metadata,
    *_tenant_columns(),
    Column("flow", Text, nullable=False),
    Column("hour", BigInteger, nullable=False),
    Column("run", Text, nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("figures", Text, nullable=False),
    PrimaryKeyConstraint("org", "sandbox", "flow", "hour"),
    _of_sandbox(),
)
Index("stream_hour_due", stream_hour.c.due)

# What the next runs of a flow are told to come to, first in first out.
outcome = Table(
    "outcome",
    metadata,
    Column("seq", _Sequence, primary_key=True, autoincrement=True),
    *_tenant_columns(),
    Column("flow", Text, nullable=False),
    Column("body", Text, nullable=False, info=JSON_TEXT),
    _of_sandbox(),
)
Index("outcome_order", outcome.c.org, outcome.c.sandbox, outcome.c.flow, outcome.c.seq)

# Data put behind one base connection. ``modified`` in nanoseconds, so that no two puts have the same.
source_object = Table(
    "source_object",
    metadata,
    *_tenant_columns(),
    Column("connection", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("modified", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    PrimaryKeyConstraint("org", "sandbox", "connection", "path"),
    _of_sandbox(),
)

# Who is told what happens, in one organisation or (without one) in all of them. One that is ``fixed``
# (1) was named when the server was started and outlives a reset.
subscriber = Table(
    "subscriber",
    metadata,
    Column("id", Text, primary_key=True),
    Column("org", Text),
    Column("url", Text, nullable=False),
    Column("secret", Text, nullable=False, info=SECRET),
    Column("fixed", Integer, nullable=False),
    Column("body", Text, nullable=False, info=JSON_TEXT),
    info={"only": {"fixed": 0}},
)

# What subscribers are to be told: in order for each flow, until it was taken or given up. ``due`` is an
# instant of REAL time. Numbers are not given twice, so that nobody answers for another's delivery.
delivery = Table(
    "delivery",
    metadata,
    Column("seq", _Sequence, primary_key=True, autoincrement=True),
    *_tenant_columns(),
    Column("subscriber", Text, nullable=False),
    Column("flow", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("body", Text, nullable=False, info=JSON_TEXT),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("log", Text, nullable=False, info=JSON_TEXT),
    _of_sandbox(),
    sqlite_autoincrement=True,
)
Index(
    "delivery_order",
    delivery.c.state,
    delivery.c.subscriber,
    delivery.c.org,
    delivery.c.sandbox,
    delivery.c.flow,
    delivery.c.seq,
)
Index("delivery_log", delivery.c.subscriber, delivery.c.seq)

# Files uploaded into batches: whether each is ``whole`` (1) or still comes in parts.
batch_file = Table(
    "batch_file",
    metadata,
    *_tenant_columns(),
    Column("batch", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("whole", Integer, nullable=False),
    PrimaryKeyConstraint("org", "sandbox", "batch", "name"),
    _of_sandbox(),
)

# What is in them, by the place of the first byte; gone once the batch has ended.
batch_file_part = Table(
    "batch_file_part",
    metadata,
    *_tenant_columns(),
    Column("batch", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    PrimaryKeyConstraint("org", "sandbox", "batch", "name", "start"),
    _of_sandbox(),
)

# Rules that answer service calls in place of the services, in the order of their numbers. Numbers are not
# given twice: the newest one and the count tell whether the list is another one.
fault = Table(
    "fault",
    metadata,
    Column("seq", _Sequence, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False),
    Column("org", Text),
    Column("sandbox", Text),
    Column("body", Text, nullable=False),
    Column("remaining", BigInteger),
    Column("hits", BigInteger, nullable=False),
    UniqueConstraint("id", name="fault_id"),
    sqlite_autoincrement=True,
)

# Named states. Those of the whole server have an empty ``org`` and ``sandbox``; ``clock`` is theirs alone. The one
# without a name is the seed as it was applied, and ``note`` says which. The rows lie in ``store/saved_tables.py``.
snapshot = Table(
    "snapshot",
    metadata,
    Column("seq", _Sequence, primary_key=True, autoincrement=True),
    Column("org", Text, nullable=False),
    Column("sandbox", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("clock", Text),
    Column("note", Text),
    UniqueConstraint("org", "sandbox", "name", name="snapshot_name"),
    info=NO_STATE,
    sqlite_autoincrement=True,
)
