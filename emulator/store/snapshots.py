"""Named states, kept beside the state itself: copies of rows that the database makes and brings back by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Insert, Select, bindparam, delete, func, insert, literal_column, select, true, update

from emulator.store import reset
from emulator.store.database import Transaction
from emulator.store.extent import HELD, NUMBER, PARTS, SANDBOXES, SNAPSHOT, Part
from emulator.store.tables import sandbox, snapshot

Tenant = tuple[str, str]
WHOLE: Tenant = ("", "")


class Snapshot(NamedTuple):
    """``org`` and ``sandbox`` are empty for one of the whole server; ``created`` in milliseconds."""

    seq: int
    org: str
    sandbox: str
    name: str
    created: int
    rows: int
    clock: str | None = None
    note: str | None = None


_COLUMNS = [snapshot.c[name] for name in Snapshot._fields]
_AT = bindparam("at_snapshot", type_=BigInteger())
_SHIFT = {part.table.name: bindparam(f"shift_{part.table.name}", type_=BigInteger()) for part in PARTS}


def _insert(source: Select[Any], part: Part, into_saved: bool) -> Insert:
    target = part.saved if into_saved else part.table
    names = [SNAPSHOT, *part.columns] if into_saved else part.columns
    return insert(target).from_select(names, source)


def _saving(part: Part, one_tenant: bool) -> Insert:
    rows = part.of_tenant(part.table) if one_tenant else part.state(part.table)
    return _insert(select(_AT, *part.table.c).where(*rows), part, into_saved=True)


def _restored(part: Part, name: str) -> Any:
    """A column as it comes back: numbers that others have by now are shifted, and so is what refers to them."""
    column = part.saved.c[name]
    own = part.table.name if part.is_numbered and name == NUMBER else None
    owner = part.table.c[name].info.get("numbered_by", own)
    return column if owner is None else column + _SHIFT[owner]


def _restoring(part: Part, one_tenant: bool) -> Insert:
    saved = part.saved
    rows = [saved.c[SNAPSHOT] == _AT, *(part.of_tenant(saved) if one_tenant else ())]
    columns = [_restored(part, name) if one_tenant else saved.c[name] for name in part.columns]
    return _insert(select(*columns).where(*rows), part, into_saved=False)


def _numbers(part: Part) -> tuple[Select[Any], Select[Any]]:
    """Whether a number that comes back is taken; and by how much to shift so that none is."""
    saved, own = part.saved, part.table
    rows = [saved.c[SNAPSHOT] == _AT, *part.of_tenant(saved)]
    taken = select(own.c[NUMBER]).select_from(saved.join(own, saved.c[NUMBER] == own.c[NUMBER])).where(*rows).limit(1)
    highest = select(func.max(own.c[NUMBER])).scalar_subquery()
    return taken, select(highest + 1 - func.min(saved.c[NUMBER])).where(*rows)


_SAVE_ALL = [_saving(part, one_tenant=False) for part in PARTS]
_SAVE_ONE = [_saving(part, one_tenant=True) for part in (SANDBOXES, *HELD)]
_RESTORE_ALL = [_restoring(part, one_tenant=False) for part in PARTS]
_RESTORE_ONE = [_restoring(part, one_tenant=True) for part in HELD]
_NUMBERS = {part.table.name: _numbers(part) for part in HELD if part.is_numbered}
_UNSHIFTED = {parameter.key: 0 for parameter in _SHIFT.values()}
_REMOVE = [delete(part.saved).where(part.saved.c[SNAPSHOT] == _AT) for part in PARTS]
_HOME = select(*(SANDBOXES.saved.c[name] for name in SANDBOXES.columns)).where(
    SANDBOXES.saved.c[SNAPSHOT] == _AT, *SANDBOXES.of_tenant(SANDBOXES.saved)
)
_MAKE_HOME = insert(sandbox).values({column.name: bindparam(column.name) for column in sandbox.c})
_CHANGE_HOME = (
    update(sandbox)
    .where(*SANDBOXES.of_tenant(sandbox))
    .values({column.name: bindparam(column.name) for column in sandbox.c if not column.primary_key})
)
_CREATE = (
    insert(snapshot)
    .values({name: bindparam(name) for name in Snapshot._fields if name != "seq"})
    .returning(snapshot.c.seq)
)
_COUNTED = update(snapshot).where(snapshot.c.seq == _AT).values(rows=bindparam("counted", type_=BigInteger()))
_OF_SCOPE = (snapshot.c.org == bindparam("at_org"), snapshot.c.sandbox == bindparam("at_sandbox"))
_FIND = select(*_COLUMNS).where(*_OF_SCOPE, snapshot.c.name == bindparam("at_name"))
_LISTED = (
    select(*_COLUMNS)
    .where(snapshot.c.name != literal_column("''"))
    .order_by(snapshot.c.org, snapshot.c.sandbox, snapshot.c.name)
)
_LISTED_OF = _LISTED.where(*_OF_SCOPE)
_MAY_TRUST = select(func.current_setting("is_superuser") == "on")
_ROLE = select(func.set_config("session_replication_role", bindparam("role"), true()))
_FORGET = delete(snapshot).where(snapshot.c.seq == _AT)


def save(
    tx: Transaction, name: str, scope: Tenant, now: int, clock: str | None = None, note: str | None = None
) -> Snapshot:
    """Keep the state under a name, in the place of an older one of that name."""
    older = find(tx, name, scope)
    if older is not None:
        remove(tx, older)
    new = Snapshot(0, *scope, name, now, 0, clock, note)
    row = tx.row(_CREATE, **{field: value for field, value in new._asdict().items() if field != "seq"})
    assert row is not None
    key: dict[str, Any] = {"at_snapshot": row[0]}
    if scope != WHOLE:
        key |= {"at_org": scope[0], "at_sandbox": scope[1]}
    counted = sum(tx.run(statement, **key) for statement in (_SAVE_ALL if scope == WHOLE else _SAVE_ONE))
    tx.run(_COUNTED, at_snapshot=row[0], counted=counted)
    return new._replace(seq=row[0], rows=counted)


def restore(tx: Transaction, chosen: Snapshot) -> None:
    """Everything as it was in a snapshot of the whole server."""
    reset.everything(tx)
    with _in_one_piece(tx):
        for statement in _RESTORE_ALL:
            tx.run(statement, at_snapshot=chosen.seq)


def restore_tenant(tx: Transaction, chosen: Snapshot, tenant: Tenant) -> None:
    """What one tenant had, and nothing else of it; a tenant that the snapshot does not know is emptied."""
    reset.tenant(tx, *tenant)
    key: dict[str, Any] = {"at_snapshot": chosen.seq, "at_org": tenant[0], "at_sandbox": tenant[1]}
    home = tx.row(_HOME, **key)
    if home is None:
        return
    _bring_home(tx, dict(zip(SANDBOXES.columns, home, strict=True)))
    shifts = _shifts(tx, key)
    with _in_one_piece(tx):
        for statement in _RESTORE_ONE:
            tx.run(statement, **key, **shifts)


@contextmanager
def _in_one_piece(tx: Transaction) -> Iterator[None]:
    """Rows that come back refer to each other and to a sandbox that this transaction holds.

    Where PostgreSQL lets us it does not look each of them up again, which is two thirds of the time.
    """
    trusted = tx.database.family == "postgresql" and tx.row(_MAY_TRUST) == (True,)
    if trusted:
        tx.row(_ROLE, role="replica")
    yield
    if trusted:
        tx.row(_ROLE, role="origin")


def _bring_home(tx: Transaction, home: Mapping[str, Any]) -> None:
    others = {column.name: home[column.name] for column in sandbox.c if not column.primary_key}
    if not tx.run(_CHANGE_HOME, at_org=home["org"], at_sandbox=home["name"], **others):
        tx.run(_MAKE_HOME, **home)


def _shifts(tx: Transaction, key: Mapping[str, Any]) -> dict[str, int]:
    """SQLite gives the numbers of deleted rows again, so that by now they may be another tenant's."""
    shifts = dict(_UNSHIFTED)
    for name, (taken, shift) in _NUMBERS.items():
        if tx.row(taken, **key) is not None:
            row = tx.row(shift, **key)
            assert row is not None
            shifts[_SHIFT[name].key] = row[0]
    return shifts


def find(tx: Transaction, name: str, scope: Tenant) -> Snapshot | None:
    row = tx.row(_FIND, at_org=scope[0], at_sandbox=scope[1], at_name=name)
    return Snapshot(*row) if row else None


def listed(tx: Transaction, scope: Tenant | None) -> list[Snapshot]:
    """Those of one tenant, or all there are."""
    if scope is None:
        return [Snapshot(*row) for row in tx.rows(_LISTED)]
    return [Snapshot(*row) for row in tx.rows(_LISTED_OF, at_org=scope[0], at_sandbox=scope[1])]


def remove(tx: Transaction, chosen: Snapshot) -> None:
    for statement in _REMOVE:
        tx.run(statement, at_snapshot=chosen.seq)
    tx.run(_FORGET, at_snapshot=chosen.seq)
