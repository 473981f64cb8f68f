"""What of the database is state, and whose: told by the tables themselves, so that a new one belongs by itself.

A table with the columns ``org`` and ``sandbox`` holds what is a tenant's, any other what is the server's. In its
``info`` a table may say: ``state`` (False: no reset, snapshot or export looks at it), ``only`` (columns and the
values they have in rows that are state; others stay as they are), ``derived`` (made from other tables, so that
exports leave it out). A column may say: ``json`` (JSON as text), ``secret``, and ``numbered_by`` (it holds the
``seq`` of another table's rows).
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import BigInteger, Column, ColumnElement, Index, MetaData, Table, bindparam

from emulator.store.tables import metadata, sandbox

SNAPSHOT = "snapshot"
NUMBER = "seq"


class Part(NamedTuple):
    """A table that holds state, where its rows are kept in snapshots, and its columns of the tenant, if any."""

    table: Table
    saved: Table
    tenant: tuple[str, str] | None

    @property
    def columns(self) -> list[str]:
        return [column.name for column in self.table.c]

    @property
    def is_numbered(self) -> bool:
        """Whether the database numbers its rows."""
        return NUMBER in self.table.primary_key.columns and len(self.table.primary_key.columns) == 1

    @property
    def is_derived(self) -> bool:
        return bool(self.table.info.get("derived"))

    def state(self, table: Table) -> list[ColumnElement[bool]]:
        """What rows of the table, or of its copy, must be like to be state."""
        return [table.c[name] == value for name, value in self.table.info.get("only", {}).items()]

    def of_tenant(self, table: Table) -> list[ColumnElement[bool]]:
        """Rows of the tenant that is bound as ``at_org`` and ``at_sandbox``."""
        assert self.tenant is not None
        org, name = self.tenant
        return [table.c[org] == bindparam("at_org"), table.c[name] == bindparam("at_sandbox")]


saved_metadata = MetaData()


def _saved(table: Table, tenant: tuple[str, str] | None) -> Table:
    columns = [Column(column.name, column.type) for column in table.c]
    made = Table(f"saved_{table.name}", saved_metadata, Column(SNAPSHOT, BigInteger, nullable=False), *columns)
    Index(f"saved_{table.name}_of", made.c[SNAPSHOT], *(made.c[name] for name in tenant or ()))
    return made


def _tenant_columns(table: Table) -> tuple[str, str] | None:
    if table is sandbox:
        return "org", "name"
    return ("org", "sandbox") if {"org", "sandbox"} <= set(table.c.keys()) else None


def _parts() -> list[Part]:
    found = []
    for table in metadata.sorted_tables:
        if table.info.get("state", True):
            tenant = _tenant_columns(table)
            found.append(Part(table, _saved(table, tenant), tenant))
    # Sandboxes come first: everything refers to them.
    return sorted(found, key=lambda part: part.table is not sandbox)


PARTS = _parts()
SANDBOXES = PARTS[0]
# What lies in a sandbox.
HELD = [part for part in PARTS if part.tenant is not None and part.table is not sandbox]
