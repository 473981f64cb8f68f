"""Sandboxes of organisations. An organisation exists from the first time it is seen, with ``prod``."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import bindparam, func, insert, select

from emulator.domain.identifiers import default_sandbox_id
from emulator.store.database import AlreadyThere, Database, Transaction
from emulator.store.tables import sandbox

DEFAULT_SANDBOX = "prod"


class Sandbox(NamedTuple):
    """One sandbox; ``created`` in milliseconds."""

    org: str
    name: str
    id: str
    title: str
    type: str
    state: str
    created: int
    author: str


_COLUMNS = [sandbox.c[name] for name in Sandbox._fields]
_OF_ORG = sandbox.c.org == bindparam("org")
_ONE = select(*_COLUMNS).where(_OF_ORG, sandbox.c.name == bindparam("name"))
_PAGE = (
    select(*_COLUMNS)
    .where(_OF_ORG)
    .order_by(sandbox.c.created, sandbox.c.name)
    .limit(bindparam("limit", type_=sandbox.c.created.type))
    .offset(bindparam("offset", type_=sandbox.c.created.type))
)
_COUNT = select(func.count()).select_from(sandbox).where(_OF_ORG)
_ORGANISATIONS = select(sandbox.c.org).distinct().order_by(sandbox.c.org)
_INSERT = insert(sandbox).values({name: bindparam(name) for name in Sandbox._fields})


def find(tx: Transaction, org: str, name: str) -> Sandbox | None:
    row = tx.row(_ONE, org=org, name=name)
    return Sandbox(*row) if row else None


def page(tx: Transaction, org: str, limit: int, offset: int) -> tuple[list[Sandbox], int]:
    """Some sandboxes of an organisation, oldest first, and how many there are."""
    rows = tx.rows(_PAGE, org=org, limit=limit, offset=offset)
    total = tx.row(_COUNT, org=org)
    return [Sandbox(*row) for row in rows], total[0] if total else 0


def organisations(tx: Transaction) -> list[str]:
    """Everybody who was ever seen, by name."""
    return [row[0] for row in tx.rows(_ORGANISATIONS)]


def create(tx: Transaction, new: Sandbox) -> None:
    """Raises ``AlreadyThere`` when the organisation has a sandbox of that name."""
    tx.run(_INSERT, **new._asdict())


class KnownSandboxes:
    """The sandboxes this process has seen, so that a request does not ask the database for its own.

    A sandbox that another replica removes stays known here; every write refers to its row and then
    fails with ``TenantGone``, upon which the caller forgets it and asks again.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[tuple[str, str], Sandbox] = {}

    def find(self, org: str, name: str, now: int) -> Sandbox | None:
        known = self._known.get((org, name))
        if known is not None:
            return known
        with self._database.reading() as tx:
            found = find(tx, org, name) or self._first_sight(tx, org, name, now)
        if found is not None:
            self._known[org, name] = found
        return found

    def _first_sight(self, tx: Transaction, org: str, name: str, now: int) -> Sandbox | None:
        if name != DEFAULT_SANDBOX:
            if find(tx, org, DEFAULT_SANDBOX) is None:
                self.find(org, DEFAULT_SANDBOX, now)
            return None
        first = Sandbox(org, name, default_sandbox_id(org, name), "Prod", "production", "active", now, "system@AdobeID")
        try:
            with self._database.writing() as writing:
                create(writing, first)
        except AlreadyThere:
            return find(tx, org, name)
        return first

    def forget(self) -> None:
        self._known.clear()
