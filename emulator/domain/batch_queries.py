"""What a list of batches asks for: Catalog's own filters, ``property`` among them, its order, what is shown.

Documented by the page on filtering Catalog data and by the vendor's OpenAPI file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import ge, gt, le, lt
from typing import Any

from emulator.domain.errors import Refusal
from emulator.domain.filters import EQUALITY, MAX_KEYS, MAX_VALUES, Condition, OrderKey, holds
from emulator.domain.paths import Step, parse, values_at

Document = dict[str, Any]
Test = Callable[[Document], bool]
BAD = "CATALOG-0400-400"

# Where the values of the filters are; several, with commas between them, mean any; ``!`` before them none.
WORDS = {
    "status": "status",
    "externalId": "externalId",
    "createdClient": "createdClient",
    "createdUser": "createdUser",
    "updatedUser": "updatedUser",
    "version": "version",
    "dataSet": "relatedObjects[].id",
}
FIGURES = {
    "created": "created",
    "updated": "updated",
    "started": "started",
    "completed": "completed",
    "recordCount": "metrics.inputRecordCount",
    "failedRecordCount": "metrics.failedRecordCount",
    "size": "metrics.inputByteSize",
}
# Documented as exclusive.
BOUNDS = {
    "createdAfter": ("created", ">"),
    "createdBefore": ("created", "<"),
    "startAfter": ("availableDates.startDate", ">"),
    "startBefore": ("availableDates.startDate", "<"),
    "endAfter": ("availableDates.endDate", ">"),
    "endBefore": ("availableDates.endDate", "<"),
}
# ``sort`` is the older name of ``orderBy``.
OTHERS = ("batch", "tags", "property", "properties", "orderBy", "sort")
PARAMETERS = (*WORDS, *FIGURES, *BOUNDS, *OTHERS)

_COMPARE = {">": gt, ">=": ge, "<": lt, "<=": le}
_PROPERTY = re.compile(r"(?P<path>[^=!<>~]+)(?P<op>==|!=|<=|>=|<|>|~)(?P<value>.*)", re.DOTALL)
_INSTANT = re.compile(r"\d{1,18}", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,18}(\.\d{1,18})?")
# A pattern is tried on every batch, so it may not be one that takes for ever: no repeated groups, few repetitions.
_LONGEST_PATTERN, _REPETITIONS = 200, 3
_REPEATED_GROUP = re.compile(r"\)[*+?{]")


@dataclass(frozen=True)
class BatchQuery:
    """``conditions`` are for the database, ``tests`` are what it cannot answer; ``ids`` are the only ones wanted.

    ``shown`` are the fields of the answer, None for all of them.
    """

    conditions: tuple[Condition, ...]
    tests: tuple[Test, ...]
    order: tuple[OrderKey, ...]
    ids: tuple[str, ...] | None
    shown: tuple[str, ...] | None


def parse_batch_query(pairs: Iterable[tuple[str, str]]) -> BatchQuery:
    """Of the parameters of a list, whose names are known already. Raises ``CATALOG-0400-400``."""
    conditions: list[Condition] = []
    tests: list[Test] = []
    last: dict[str, str] = {}
    for name, value in pairs:
        if name == "property":
            _add_property(value, conditions, tests)
        elif name == "tags":
            tests += [_tagged(pair) for pair in value.split(",")]
        elif name in WORDS or name in FIGURES:
            conditions.append(_equality(name, value))
        elif name in BOUNDS:
            path, op = BOUNDS[name]
            if not _INSTANT.fullmatch(value):
                raise _wrong(name, value, "Send an instant in milliseconds.")
            conditions.append(_condition(name, path, op, value))
        else:
            last[name] = value
    if len(tests) + sum(len(condition.values) for condition in conditions) > MAX_VALUES:
        raise Refusal(BAD, detail=f"A list takes at most {MAX_VALUES} values in its filters.")
    ids = last.get("batch")
    order = last.get("orderBy", last.get("sort"))
    shown = last.get("properties")
    return BatchQuery(
        tuple(conditions),
        tuple(tests),
        () if order is None else tuple(_order(order)),
        None if ids is None else _ids(ids),
        None if shown is None else tuple(shown.split(",")),
    )


def meets(query: BatchQuery, document: Document) -> bool:
    """Whether a batch that was found by its id is also what the filters want."""
    conditions = (_is_met(condition, document) for condition in query.conditions)
    return all(conditions) and passes(query, document)


def passes(query: BatchQuery, document: Document) -> bool:
    """Whether a batch is what those filters want that the database cannot answer."""
    return all(test(document) for test in query.tests)


def _is_met(condition: Condition, document: Document) -> bool:
    if condition.op in EQUALITY:
        return holds(condition, document)
    compare, bound = _COMPARE[condition.op], condition.numbers[0]
    numbers = (value for value in values_at(document, condition.path) if isinstance(value, (int, float)))
    return any(compare(number, bound) for number in numbers)


def _ids(given: str) -> tuple[str, ...]:
    found = tuple(given.split(","))
    if len(found) > MAX_VALUES:
        raise _wrong("batch", given, f"Ask for at most {MAX_VALUES} batches.")
    return found


def _equality(name: str, value: str) -> Condition:
    op, values = ("!=", value[1:]) if value.startswith("!") else ("==", value)
    if name in FIGURES and not all(_NUMBER.fullmatch(one) for one in values.split(",")):
        raise _wrong(name, value, "Send a number.")
    return _condition(name, (WORDS | FIGURES)[name], op, values)


def _condition(name: str, path: str, op: str, value: str) -> Condition:
    values = tuple(value.split(",")) if op in EQUALITY else (value,)
    if not all(values):
        raise _wrong(name, value, "Give a value.")
    if op not in EQUALITY and not _NUMBER.fullmatch(value):
        raise _wrong(name, value, "Send a number, of milliseconds where it is a time.")
    return Condition(path, _steps(name, path), op, values)


def _steps(name: str, path: str) -> tuple[Step, ...]:
    try:
        return parse(path)
    except ValueError:
        raise _wrong(name, path, "Write a field, or several with dots between them.") from None


def _add_property(text: str, conditions: list[Condition], tests: list[Test]) -> None:
    """``path op value``, or a path alone that must be there, with ``!`` before it must not."""
    match = _PROPERTY.fullmatch(text)
    if match is None:
        path = text.removeprefix("!")
        steps = _steps("property", path)
        if not re.fullmatch(r"[^=!<>~]+", path):
            raise _wrong("property", text, "Write name==value, with ==, !=, <, <=, >, >= or ~; name; or !name.")
        tests.append(_present(".".join(step.name for step in steps), not text.startswith("!")))
    elif match["op"] == "~":
        _steps("property", match["path"])
        tests.append(_like(match["path"], _pattern(match["value"])))
    else:
        conditions.append(_condition("property", match["path"], match["op"], match["value"]))


def _present(path: str, wanted: bool) -> Test:
    return lambda document: any(True for _ in values_at(document, path)) == wanted


def _like(path: str, pattern: re.Pattern[str]) -> Test:
    return lambda document: any(pattern.search(str(value)) is not None for value in values_at(document, path))


def _pattern(text: str) -> re.Pattern[str]:
    repetitions = sum(text.count(sign) for sign in "*+?{")
    if len(text) > _LONGEST_PATTERN or repetitions > _REPETITIONS or _REPEATED_GROUP.search(text):
        hint = f"A pattern has at most {_LONGEST_PATTERN} characters and {_REPETITIONS} repetitions, none of a group."
        raise _wrong("property", text, hint)
    try:
        return re.compile(text)
    except (re.error, OverflowError) as error:
        raise _wrong("property", text, f"The pattern cannot be read: {error}.") from None


def _tagged(pair: str) -> Test:
    """``name:value`` of a tag; a ``*`` at the end of the value stands for anything."""
    name, colon, value = pair.rpartition(":") if pair.endswith(":*") else pair.partition(":")
    if not name or not colon or not value:
        raise _wrong("tags", pair, "Write name:value, several with commas between them; * ends a value.")
    beginning = value[:-1] if value.endswith("*") else None
    return lambda document: any(
        text == value if beginning is None else text.startswith(beginning)
        for text in map(_text, _tag_values(document, name))
    )


def _tag_values(document: Document, name: str) -> Sequence[Any]:
    found = document.get("tags", {}).get(name, ())
    return found if isinstance(found, (list, tuple)) else (found,)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _order(text: str) -> Iterator[OrderKey]:
    """``desc:created,asc:id``; a key without a direction has that of the one before it, the first ``asc``."""
    parts = text.split(",")
    if len(parts) > MAX_KEYS:
        raise _wrong("orderBy", text, f"Order by at most {MAX_KEYS} fields.")
    direction = "asc"
    for part in parts:
        given, colon, name = part.partition(":")
        direction, name = (given, name) if colon else (direction, part)
        steps = _steps("orderBy", name)
        if direction not in ("asc", "desc") or any(step.each for step in steps):
            raise _wrong("orderBy", text, "Write asc:name or desc:name, several with commas between them.")
        yield OrderKey(steps, direction == "desc")


def _wrong(name: str, given: str, hint: str) -> Refusal:
    return Refusal(BAD, detail="The batches cannot be listed.", field=name, given=given, hint=hint)
