"""What a list of Catalog asks for: its own filters, ``property`` among them, its order, what is shown.

Documented by the page on filtering Catalog data and by the vendor's OpenAPI file. Batches and datasets
differ in a vocabulary, not in code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import ge, gt, le, lt
from typing import Any

from emulator.domain.errors import Refusal
from emulator.domain.filters import EQUALITY, MAX_KEYS, MAX_VALUES, Condition, OrderKey, holds
from emulator.domain.paths import Step, parse, values_at

Document = dict[str, Any]
Test = Callable[[Document], bool]
BAD = "CATALOG-0400-400"

_OTHERS = ("tags", "property", "properties", "orderBy", "sort")


@dataclass(frozen=True)
class Vocabulary:
    """The filters of one list: each name with where its values are.

    ``words`` and ``figures`` are compared: several values, with commas between them, mean any; ``!`` before
    them none. ``bounds`` are documented as exclusive. ``ids`` is the filter that names resources by their ids.
    ``sort`` is the older name of ``orderBy``.
    """

    what: str
    words: Mapping[str, str]
    figures: Mapping[str, str]
    bounds: Mapping[str, tuple[str, str]]
    ids: str | None = None

    @property
    def parameters(self) -> tuple[str, ...]:
        named = () if self.ids is None else (self.ids,)
        return (*self.words, *self.figures, *self.bounds, *named, *_OTHERS)


_AUDIT = {name: name for name in ("createdClient", "createdUser", "updatedUser", "version")}
_TIMES = {"created": "created", "updated": "updated"}
_CREATED = {"createdAfter": ("created", ">"), "createdBefore": ("created", "<")}

BATCH_LIST = Vocabulary(
    "batches",
    {"status": "status", "externalId": "externalId", **_AUDIT, "dataSet": "relatedObjects[].id"},
    {
        **_TIMES,
        "started": "started",
        "completed": "completed",
        "recordCount": "metrics.inputRecordCount",
        "failedRecordCount": "metrics.failedRecordCount",
        "size": "metrics.inputByteSize",
    },
    {
        **_CREATED,
        "startAfter": ("availableDates.startDate", ">"),
        "startBefore": ("availableDates.startDate", "<"),
        "endAfter": ("availableDates.endDate", ">"),
        "endBefore": ("availableDates.endDate", "<"),
    },
    "batch",
)
DATASET_LIST = Vocabulary(
    "datasets",
    {
        **_AUDIT,
        "name": "name",
        "description": "description",
        "state": "state",
        "enableErrorDiagnostics": "enableErrorDiagnostics",
        "lastBatchStatus": "lastBatchStatus",
    },
    _TIMES,
    _CREATED,
)

_COMPARE = {">": gt, ">=": ge, "<": lt, "<=": le}
_PROPERTY = re.compile(r"(?P<path>[^=!<>~]+)(?P<op>==|!=|<=|>=|<|>|~)(?P<value>.*)", re.DOTALL)
_INSTANT = re.compile(r"\d{1,18}", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,18}(\.\d{1,18})?")
# A pattern is tried on every batch, so it may not be one that takes for ever: no repeated groups, few repetitions.
_LONGEST_PATTERN, _REPETITIONS = 200, 3
_REPEATED_GROUP = re.compile(r"\)[*+?{]")


@dataclass(frozen=True)
class CatalogQuery:
    """``conditions`` are for the database, ``tests`` are what it cannot answer; ``ids`` are the only ones wanted.

    ``shown`` are the fields of the answer, None for all of them.
    """

    conditions: tuple[Condition, ...]
    tests: tuple[Test, ...]
    order: tuple[OrderKey, ...]
    ids: tuple[str, ...] | None
    shown: tuple[str, ...] | None


def parse_query(vocabulary: Vocabulary, pairs: Iterable[tuple[str, str]]) -> CatalogQuery:
    """Of the parameters of a list, whose names are known already. Raises ``CATALOG-0400-400``."""
    return _Parser(vocabulary).query(pairs)


def meets(query: CatalogQuery, document: Document) -> bool:
    """Whether a batch that was found by its id is also what the filters want."""
    conditions = (_is_met(condition, document) for condition in query.conditions)
    return all(conditions) and passes(query, document)


def passes(query: CatalogQuery, document: Document) -> bool:
    """Whether a batch is what those filters want that the database cannot answer."""
    return all(test(document) for test in query.tests)


def _is_met(condition: Condition, document: Document) -> bool:
    if condition.op in EQUALITY:
        return holds(condition, document)
    compare, bound = _COMPARE[condition.op], condition.numbers[0]
    numbers = (value for value in values_at(document, condition.path) if isinstance(value, (int, float)))
    return any(compare(number, bound) for number in numbers)


def _present(path: str, wanted: bool) -> Test:
    return lambda document: any(True for _ in values_at(document, path)) == wanted


def _like(path: str, pattern: re.Pattern[str]) -> Test:
    return lambda document: any(pattern.search(str(value)) is not None for value in values_at(document, path))


def _tag_values(document: Document, name: str) -> Sequence[Any]:
    found = document.get("tags", {}).get(name, ())
    return found if isinstance(found, (list, tuple)) else (found,)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


class _Parser:
    """Reads the parameters of one list."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._conditions: list[Condition] = []
        self._tests: list[Test] = []

    def query(self, pairs: Iterable[tuple[str, str]]) -> CatalogQuery:
        last = {name: value for name, value in pairs if not self._is_filter(name, value)}
        if len(self._tests) + sum(len(condition.values) for condition in self._conditions) > MAX_VALUES:
            raise Refusal(BAD, detail=f"A list takes at most {MAX_VALUES} values in its filters.")
        ids = last.get(self._vocabulary.ids or "")
        order = last.get("orderBy", last.get("sort"))
        shown = last.get("properties")
        return CatalogQuery(
            tuple(self._conditions),
            tuple(self._tests),
            () if order is None else tuple(self._order(order)),
            None if ids is None else self._ids(ids),
            None if shown is None else tuple(shown.split(",")),
        )

    def _is_filter(self, name: str, value: str) -> bool:
        vocabulary = self._vocabulary
        if name == "property":
            self._add_property(value)
        elif name == "tags":
            self._tests += [self._tagged(pair) for pair in value.split(",")]
        elif name in vocabulary.words or name in vocabulary.figures:
            self._conditions.append(self._equality(name, value))
        elif name in vocabulary.bounds:
            path, op = vocabulary.bounds[name]
            if not _INSTANT.fullmatch(value):
                raise self._wrong(name, value, "Send an instant in milliseconds.")
            self._conditions.append(self._condition(name, path, op, value))
        else:
            return False
        return True

    def _ids(self, given: str) -> tuple[str, ...]:
        found = tuple(given.split(","))
        if len(found) > MAX_VALUES:
            raise self._wrong(
                str(self._vocabulary.ids), given, f"Ask for at most {MAX_VALUES} {self._vocabulary.what}."
            )
        return found

    def _equality(self, name: str, value: str) -> Condition:
        op, values = ("!=", value[1:]) if value.startswith("!") else ("==", value)
        if name in self._vocabulary.figures and not all(_NUMBER.fullmatch(one) for one in values.split(",")):
            raise self._wrong(name, value, "Send a number.")
        return self._condition(name, {**self._vocabulary.words, **self._vocabulary.figures}[name], op, values)

    def _condition(self, name: str, path: str, op: str, value: str) -> Condition:
        values = tuple(value.split(",")) if op in EQUALITY else (value,)
        if not all(values):
            raise self._wrong(name, value, "Give a value.")
        if op not in EQUALITY and not _NUMBER.fullmatch(value):
            raise self._wrong(name, value, "Send a number, of milliseconds where it is a time.")
        return Condition(path, self._steps(name, path), op, values)

    def _steps(self, name: str, path: str) -> tuple[Step, ...]:
        try:
            return parse(path)
        except ValueError:
            raise self._wrong(name, path, "Write a field, or several with dots between them.") from None

    def _add_property(self, text: str) -> None:
        """``path op value``, or a path alone that must be there, with ``!`` before it must not."""
        match = _PROPERTY.fullmatch(text)
        if match is None:
            path = text.removeprefix("!")
            steps = self._steps("property", path)
            if not re.fullmatch(r"[^=!<>~]+", path):
                raise self._wrong(
                    "property", text, "Write name==value, with ==, !=, <, <=, >, >= or ~; name; or !name."
                )
            self._tests.append(_present(".".join(step.name for step in steps), not text.startswith("!")))
        elif match["op"] == "~":
            self._steps("property", match["path"])
            self._tests.append(_like(match["path"], self._pattern(match["value"])))
        else:
            self._conditions.append(self._condition("property", match["path"], match["op"], match["value"]))

    def _pattern(self, text: str) -> re.Pattern[str]:
        repetitions = sum(text.count(sign) for sign in "*+?{")
        if len(text) > _LONGEST_PATTERN or repetitions > _REPETITIONS or _REPEATED_GROUP.search(text):
            hint = (
                f"A pattern has at most {_LONGEST_PATTERN} characters and {_REPETITIONS} repetitions, none of a group."
            )
            raise self._wrong("property", text, hint)
        try:
            return re.compile(text)
        except (re.error, OverflowError) as error:
            raise self._wrong("property", text, f"The pattern cannot be read: {error}.") from None

    def _tagged(self, pair: str) -> Test:
        """``name:value`` of a tag; a ``*`` at the end of the value stands for anything."""
        name, colon, value = pair.rpartition(":") if pair.endswith(":*") else pair.partition(":")
        if not name or not colon or not value:
            raise self._wrong("tags", pair, "Write name:value, several with commas between them; * ends a value.")
        beginning = value[:-1] if value.endswith("*") else None
        return lambda document: any(
            text == value if beginning is None else text.startswith(beginning)
            for text in map(_text, _tag_values(document, name))
        )

    def _order(self, text: str) -> Iterator[OrderKey]:
        """``desc:created,asc:id``; a key without a direction has that of the one before it, the first ``asc``."""
        parts = text.split(",")
        if len(parts) > MAX_KEYS:
            raise self._wrong("orderBy", text, f"Order by at most {MAX_KEYS} fields.")
        direction = "asc"
        for part in parts:
            given, colon, name = part.partition(":")
            direction, name = (given, name) if colon else (direction, part)
            steps = self._steps("orderBy", name)
            if direction not in ("asc", "desc") or any(step.each for step in steps):
                raise self._wrong("orderBy", text, "Write asc:name or desc:name, several with commas between them.")
            yield OrderKey(steps, direction == "desc")

    def _wrong(self, name: str, given: str, hint: str) -> Refusal:
        return Refusal(BAD, detail=f"The {self._vocabulary.what} cannot be listed.", field=name, given=given, hint=hint)
