"""Filters and order keys as SQL over the JSON documents, for SQLite and PostgreSQL.

Both databases are asked for the JSON text of what a path reaches (``"abc"``, ``5``, ``true``); every
test is then made on that text, so that the two agree.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import takewhile
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Double,
    Text,
    and_,
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

from emulator.domain.filters import EQUALITY, Condition, OrderKey
from emulator.domain.index_values import LONGEST, ascii_lower, number_value
from emulator.domain.paths import Step
from emulator.store.database import Family
from emulator.store.tables import resource

JsonText = ColumnElement[str]
Test = Callable[[JsonText], ColumnElement[bool]]

_BARE_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?")
_WORDS = {"true": True, "false": False, "null": None}
LOWEST = -1.7e308


def matches(condition: Condition, family: Family) -> ColumnElement[bool]:
    """The condition as SQL on ``resource``."""
    if condition.op in EQUALITY:
        found = _reaches(condition.steps, family, lambda text: _is_one_of(text, condition.values))
        return found if condition.op == "==" else not_(found)
    return _reaches(condition.steps, family, lambda text: _compares(text, condition.op, condition.numbers[0]))


def _lower(text: ColumnElement[str]) -> ColumnElement[str]:
    # Of A to Z alone: SQLite knows no other letters, PostgreSQL is told so by the collation of the text.
    return func.lower(text)


def _is_one_of(text: JsonText, values: Iterable[str]) -> ColumnElement[bool]:
    # IN would be expanded anew at every execution; these statements are compiled to plain SQL once.
    return or_(*(test for value in values for test in _equals(text, value)))


def _equals(text: JsonText, given: str) -> Iterator[ColumnElement[bool]]:
    for value in meanings(given):
        if isinstance(value, float):
            yield _number(text) == value
        else:
            yield _lower(text) == ascii_lower(json.dumps(value, ensure_ascii=False))


def meanings(given: str) -> list[Any]:
    """What the bare text of a filter may stand for: a word, and a number, a flag or null where it is one."""
    lower = given.lower()
    if lower in _WORDS:
        return [given, _WORDS[lower]]
    return [given, float(lower)] if _BARE_NUMBER.fullmatch(lower) else [given]


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
    # Imported here: SQLite, and a start, do without PostgreSQL's dialect, which is large.
    from sqlalchemy.dialects.postgresql import JSONB, JSONPATH

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
    """A key as two columns, its number and its word, one of which is always the same: never null.

    They order as ``index_values`` does: nothing, then words, then numbers.
    """
    text: JsonText
    if family == "postgresql":
        from sqlalchemy.dialects.postgresql import JSONB

        names = [step.name for step in key.steps]
        text = _bytewise(func.jsonb_extract_path(cast(resource.c.body, JSONB), *names))
    else:
        text = _sqlite_text(literal("$" + _json_path(key.steps)))
    first = func.substr(text, 1, 1)
    word = func.substr(func.substr(_lower(text), 1, func.length(text) - 1), 1, LONGEST + 1)
    # Not put together from its text: SQLite would read ``'!' || body -> path`` from left to right.
    shown = case((first == '"', word), (text == "true", "!true"), (text == "false", "!false"), else_="")
    return [func.coalesce(_number(text), LOWEST), func.coalesce(shown, "")]


def entry_of_order(number: float, word: str) -> str:
    """The index entry of a value that ``order_columns`` gave."""
    return word if number == LOWEST else number_value(number)


def behind(columns: Sequence[tuple[ColumnElement[Any], bool]], last: Sequence[Any]) -> ColumnElement[bool]:
    """True for rows that come after ``last`` when ordered by ``columns`` (each with: is it descending)."""
    alternatives = []
    for index, (column, descending) in enumerate(columns):
        same = [earlier == value for (earlier, _), value in zip(columns[:index], last, strict=False)]
        further = column < last[index] if descending else column > last[index]
        alternatives.append(and_(*same, further) if same else further)
    return or_(*alternatives)
