"""Filters and order keys as SQL over the JSON documents, for SQLite and PostgreSQL.

Both databases are asked for the JSON text of what a path reaches (``"abc"``, ``5``, ``true``); every
test is then made on that text, so that the two agree.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import takewhile
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Double,
    Text,
    and_,
    bindparam,
    case,
    cast,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH

from emulator.domain.filters import EQUALITY, Condition, OrderKey
from emulator.domain.kinds import Kind
from emulator.domain.paths import Step
from emulator.store.database import Family
from emulator.store.tables import link, resource

JsonText = ColumnElement[str]
Test = Callable[[JsonText], ColumnElement[bool]]

_BARE = re.compile(r"^(-?\d+(\.\d+)?([eE][+-]?\d+)?|true|false|null)$")
_LOWEST = -1.7e308


def matches(condition: Condition, kind: Kind, family: Family) -> ColumnElement[bool]:
    """The condition as SQL on ``resource``."""
    if condition.op == "==" and condition.path in kind.links:
        return _linked(condition, kind)
    if condition.op in EQUALITY:
        texts = [text for value in condition.values for text in _json_texts(value)]
        found = _reaches(condition.steps, family, lambda text: _one_of(func.lower(text), texts))
        return found if condition.op == "==" else not_(found)
    return _reaches(condition.steps, family, lambda text: _compares(text, condition.op, condition.numbers[0]))


def _linked(condition: Condition, kind: Kind) -> ColumnElement[bool]:
    linked = select(link.c.seq).where(
        link.c.org == bindparam("org"),
        link.c.sandbox == bindparam("sandbox"),
        link.c.kind == kind.name,
        link.c.field == condition.path,
        _one_of(link.c.target, condition.values),
    )
    return resource.c.seq.in_(linked)


def _one_of(value: ColumnElement[str], choices: Iterable[str]) -> ColumnElement[bool]:
    # IN would be expanded anew at every execution; these statements are compiled to plain SQL once.
    return or_(*(value == choice for choice in choices))


def _json_texts(value: str) -> list[str]:
    """How a bare value may stand in a document: as text, and as a number or word where it is one."""
    quoted = json.dumps(value, ensure_ascii=False).lower()
    return [quoted, value.lower()] if _BARE.match(value.lower()) else [quoted]


def _compares(text: JsonText, op: str, number: float) -> ColumnElement[bool]:
    value = _number(text)
    return {"<": value < number, "<=": value <= number, ">": value > number, ">=": value >= number}[op]


def _number(text: JsonText) -> ColumnElement[float]:
    """The number that a JSON text is, else null. Only numbers begin with a digit or a minus sign."""
    is_number = or_(and_(text >= "0", text < ":"), text.startswith("-"))
    return case((is_number, cast(text, Double)), else_=None)


def _json_path(steps: Sequence[Step], each: str = "") -> str:
    names = [f".{json.dumps(step.name, ensure_ascii=False)}{each if step.each else ''}" for step in steps]
    return "".join(names)


def _reaches(steps: Sequence[Step], family: Family, test: Test) -> ColumnElement[bool]:
    """True when the test holds for any value that the path reaches, false (not null) otherwise."""
    if family == "postgresql":
        return _reaches_postgresql(steps, test)
    return _reaches_sqlite(literal("$"), list(steps), test)


def _reaches_postgresql(steps: Sequence[Step], test: Test) -> ColumnElement[bool]:
    path = cast("strict $" + _json_path(steps, "[*]"), JSONPATH)
    found = func.jsonb_path_query(cast(resource.c.body, JSONB), path, cast("{}", JSONB), true())
    values = select(_bytewise(found).label("text")).correlate(resource).subquery()
    return exists(select(true()).select_from(values).where(test(values.c.text)))


def _bytewise(value: ColumnElement[Any]) -> JsonText:
    """PostgreSQL: a JSON value as text that compares like SQLite's, whatever the database's locale."""
    return cast(value, Text).collate("C")


def _sqlite_text(path: ColumnElement[str]) -> JsonText:
    # Without the precedence SQLite would read ``body -> a || b`` from left to right.
    return resource.c.body.op("->", precedence=20)(path)


def _reaches_sqlite(base: ColumnElement[str], steps: list[Step], test: Test) -> ColumnElement[bool]:
    plain = list(takewhile(lambda step: not step.each, steps))
    if len(plain) == len(steps):
        text = _sqlite_text(base.concat(_json_path(steps)))
        return func.coalesce(test(text), false())
    array = base.concat(_json_path(steps[: len(plain) + 1]))
    elements = func.json_each(resource.c.body, array).table_valued("fullkey").alias()
    inner = _reaches_sqlite(elements.c.fullkey, steps[len(plain) + 1 :], test)
    return exists(select(true()).select_from(elements).where(inner).correlate_except(elements))


def order_columns(key: OrderKey, family: Family) -> list[ColumnElement[Any]]:
    """A key as two columns, its number and its text, one of which is always the same: never null."""
    text: JsonText
    if family == "postgresql":
        names = [step.name for step in key.steps]
        text = _bytewise(func.jsonb_extract_path(cast(resource.c.body, JSONB), *names))
    else:
        text = _sqlite_text(literal("$" + _json_path(key.steps)))
    inside = func.substr(text, 2, func.length(text) - 2)
    word = case((func.substr(text, 1, 1) == '"', inside), else_="")
    return [func.coalesce(_number(text), _LOWEST), func.coalesce(word, "")]


def behind(columns: Sequence[tuple[ColumnElement[Any], bool]], last: Sequence[Any]) -> ColumnElement[bool]:
    """True for rows that come after ``last`` when ordered by ``columns`` (each with: is it descending)."""
    alternatives = []
    for index, (column, descending) in enumerate(columns):
        same = [earlier == value for (earlier, _), value in zip(columns[:index], last, strict=False)]
        further = column < last[index] if descending else column > last[index]
        alternatives.append(and_(*same, further) if same else further)
    return or_(*alternatives)
