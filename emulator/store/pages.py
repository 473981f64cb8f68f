"""Pages and counts of lists, at a price that does not grow with the number of resources.

A list walks one index from its beginning to the end of the page. Which one is chosen here, because
SQLite keeps no figures on which a choice of its own could rest: a condition that few resources meet
leads to just those; an order, or a condition that many meet, is walked in the order of the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, FromClause, Select, and_, bindparam, func, or_, select

from emulator.domain.filters import EQUALITY, Condition, OrderKey
from emulator.domain.index_values import AFTER_NUMBERS, NUMBERS, index_value, is_cut, number_value
from emulator.domain.kinds import Kind
from emulator.domain.tenant import Tenant
from emulator.store.conditions import behind, entry_of_order, matches, meanings, order_columns
from emulator.store.database import Family, Transaction
from emulator.store.tables import entry, resource

# So many rows are sorted sooner than an index is walked past rows that do not match.
FEW = 2_000

_OF_KIND = (
    resource.c.org == bindparam("org"),
    resource.c.sandbox == bindparam("sandbox"),
    resource.c.kind == bindparam("kind"),
)
_LIMIT = bindparam("limit", type_=resource.c.seq.type)
_NEWEST = (
    select(resource.c.seq, resource.c.body, resource.c.id)
    .where(*_OF_KIND)
    .order_by(resource.c.seq.desc())
    .limit(_LIMIT)
)
_NEWEST_AFTER = _NEWEST.where(resource.c.seq < bindparam("after"))
Column = tuple[ColumnElement[Any], bool]
_NEWEST_FIRST: Sequence[Column] = [(resource.c.seq, True)]
_COUNT = select(func.count()).select_from(resource)


class Page(NamedTuple):
    """Some documents as JSON text, and the place behind the last one when there are more; the ids of the documents."""

    bodies: list[str]
    next: list[Any] | None
    ids: list[str]


@dataclass(frozen=True)
class Query:
    """What a list asks for. ``after`` is a place that an earlier page ended with, ``offset`` how many to leave out."""

    conditions: tuple[Condition, ...] = ()
    order: tuple[OrderKey, ...] = ()
    limit: int = 20
    after: tuple[Any, ...] | None = None
    offset: int = 0


def page(tx: Transaction, tenant: Tenant, kind: Kind, query: Query) -> Page:
    """One page: newest first unless ordered otherwise; one row more is read to know if it is the last."""
    if query.conditions or query.order or query.offset:
        return _searched_page(tx, tenant, kind, query)
    values = {**_key(tenant, kind), "limit": query.limit + 1}
    if query.after is None:
        rows = tx.rows(_NEWEST, **values)
    else:
        rows = tx.rows(_NEWEST_AFTER, **values, after=query.after[0])
    more = len(rows) > query.limit
    shown = rows[: query.limit]
    place = [shown[-1][0]] if more else None
    return Page([row[1] for row in shown], place, [row[2] for row in shown])


def count(tx: Transaction, tenant: Tenant, kind: Kind, conditions: Sequence[Condition] = ()) -> int:
    """How many resources meet the conditions."""
    query = Query(tuple(conditions))
    statement = _count_statement(kind, tx.database.family, query, _way(tx, tenant, kind, query))
    row = tx.row(statement, **_key(tenant, kind))
    return row[0] if row else 0


def _key(tenant: Tenant, kind: Kind) -> dict[str, str]:
    return {"org": tenant.org, "sandbox": tenant.sandbox, "kind": kind.name}


def _searched_page(tx: Transaction, tenant: Tenant, kind: Kind, query: Query) -> Page:
    statement = _page_statement(kind, tx.database.family, query, _way(tx, tenant, kind, query))
    rows = tx.rows(statement, **_key(tenant, kind), limit=query.limit + 1)
    more = len(rows) > query.limit
    shown = rows[: query.limit]
    place = list(shown[-1][2:]) if more else None
    return Page([row[0] for row in shown], place, [row[1] for row in shown])


# Callers who poll ask the same again and again, so the statements of a list are kept once they are built.
@lru_cache(maxsize=256)
def _page_statement(kind: Kind, family: Family, query: Query, way: Way) -> Select[Any]:
    keys = [(column, key.descending) for key in query.order for column in order_columns(key, family)]
    # Ties go the way of the last key, so that an index in the order of one key holds their order too.
    newest_first = query.order[-1].descending if query.order else True
    keys.append((resource.c.seq, newest_first))
    walk = _walk(kind, query, way)
    statement = select(resource.c.body, resource.c.id, *(column for column, _ in keys)).where(*walk.where)
    statement = statement.where(*(matches(one, family) for one in walk.left))
    if query.after is not None:
        statement = statement.where(behind(keys, query.after))
    columns = [*walk.lead, *(walk.order or keys)]
    ordered = [column.desc() if descending else column.asc() for column, descending in columns]
    statement = statement.order_by(*ordered).limit(_LIMIT)
    return statement.offset(query.offset) if query.offset else statement


@lru_cache(maxsize=256)
def _count_statement(kind: Kind, family: Family, query: Query, way: Way) -> Select[Any]:
    walk = _walk(kind, query, way)
    return _COUNT.where(*walk.where, *(matches(one, family) for one in walk.left))


@lru_cache(maxsize=256)
def _few_statement(condition: Condition, most: int) -> Select[Any]:
    some = select(entry.c.seq).where(*_at(condition.path, entry), _holds(condition)).limit(most).subquery()
    return select(func.count()).select_from(some)


class Way(NamedTuple):
    """Which way a list goes, and the condition that leads it there."""

    kind: Literal["among", "newest", "order", "all"]
    by: Condition | None = None


def _way(tx: Transaction, tenant: Tenant, kind: Kind, query: Query) -> Way:
    indexed = [one for one in query.conditions if one.op != "!=" and one.path in kind.indexed]
    plain = [one for one in indexed if one.op == "==" and len(_entries(one)) == 1]
    if query.order or plain != indexed or len(indexed) > 1:
        few = next((one for one in indexed if _is_few(tx, tenant, kind, one)), None)
        if few is not None:
            return Way("among", few)
    if query.order:
        return Way("order")
    return Way("newest", plain[0]) if plain else Way("all")


def _is_few(tx: Transaction, tenant: Tenant, kind: Kind, condition: Condition) -> bool:
    row = tx.row(_few_statement(condition, FEW + 1), **_key(tenant, kind))
    return row is not None and row[0] <= FEW


class _Walk(NamedTuple):
    """How a list goes about it.

    ``where``: the rows it starts from; ``left``: the conditions that have to be tested on them;
    ``order``: the order in which they come by themselves, if that is the list's; ``lead``: the one
    that they come in and that is a coarser one than the list's.
    """

    where: Sequence[ColumnElement[bool]]
    left: Sequence[Condition]
    order: Sequence[Column] = ()
    lead: Sequence[Column] = ()


def _walk(kind: Kind, query: Query, way: Way) -> _Walk:
    if way.kind == "among" and way.by is not None:
        return _among(way.by, query)
    if way.kind == "newest" and way.by is not None:
        return _newest_that(way.by, query)
    if way.kind == "order":
        return _in_order(kind, query)
    return _Walk(_OF_KIND, query.conditions, _NEWEST_FIRST)


def _among(condition: Condition, query: Query) -> _Walk:
    """Only the few resources that meet one condition."""
    found = select(entry.c.seq).where(*_at(condition.path, entry), _holds(condition))
    return _Walk([resource.c.seq.in_(found)], _left(condition, query))


def _newest_that(condition: Condition, query: Query) -> _Walk:
    """The many that meet one condition, in the order in which they were made."""
    where = [*_at(condition.path, entry), _holds(condition), resource.c.seq == entry.c.seq]
    if query.after is not None:
        where.append(entry.c.seq < query.after[-1])
    return _Walk(where, _left(condition, query), [(entry.c.seq, True)])


def _in_order(kind: Kind, query: Query) -> _Walk:
    """Along the index of the first order key, where it has one."""
    first = query.order[0]
    path = ".".join(step.name for step in first.steps)
    if path not in kind.sorted:
        return _Walk(_OF_KIND, query.conditions)
    along = entry.alias("along")
    where = [*_at(path, along), resource.c.seq == along.c.seq]
    where += [_in_range(one, along) for one in query.conditions if one.path == path and one.op not in EQUALITY]
    if query.after is not None:
        # Beside ``behind``, because an index is entered at a bound, not at a choice of bounds.
        last = entry_of_order(query.after[0], query.after[1])
        where.append(along.c.value <= last if first.descending else along.c.value >= last)
    if len(query.order) > 1:
        return _Walk(where, query.conditions, lead=[(along.c.value, first.descending)])
    return _Walk(where, query.conditions, [(along.c.value, first.descending), (along.c.seq, first.descending)])


def _left(done: Condition, query: Query) -> list[Condition]:
    """The conditions that still have to be tested when an index has answered one.

    It does not tell long words with the same beginning apart, nor null from nothing.
    """
    exact = done.op != "==" or not any(is_cut(value) or value == "" for value in _entries(done))
    return [one for one in query.conditions if one is not done or not exact]


def _at(path: str, index: FromClause) -> list[ColumnElement[bool]]:
    own = [index.c[name] == bindparam(name) for name in ("org", "sandbox", "kind")]
    return [*own, index.c.field == path]


def _holds(condition: Condition) -> ColumnElement[bool]:
    if condition.op == "==":
        return or_(*(entry.c.value == value for value in _entries(condition)))
    return _in_range(condition, entry)


def _in_range(condition: Condition, index: FromClause) -> ColumnElement[bool]:
    bound, value = number_value(condition.numbers[0]), index.c.value
    if condition.op in (">", ">="):
        return and_(value > bound if condition.op == ">" else value >= bound, value < AFTER_NUMBERS)
    return and_(value < bound if condition.op == "<" else value <= bound, value >= NUMBERS)


def _entries(condition: Condition) -> list[str]:
    """The index values that a filter's values may stand for."""
    found = (index_value(value) for given in condition.values for value in meanings(given))
    return list(dict.fromkeys(found))
