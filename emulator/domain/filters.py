"""The ``property`` filter of lists: its grammar and its refusals.

Documented in the sort-and-filter guide: ``path op value{,value}`` with ``==`` ``!=`` ``<`` ``<=`` ``>``
``>=``, commas as OR, repetition of the parameter as AND, quotes optional, ``[]`` at array steps.
Values compare without regard to case: the guide filters ``==Failed`` where ``failed`` is stored.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from emulator.domain.errors import Refusal
from emulator.domain.index_values import ascii_lower
from emulator.domain.kinds import CONNECTION_SPECS, Kind
from emulator.domain.paths import Step, parse, values_at

EQUALITY = ("==", "!=")
# Nothing is published. Values and keys become terms of one statement, and SQLite takes a thousand levels of them.
MAX_VALUES, MAX_KEYS = 100, 8
_FILTER = re.compile(r"^(?P<path>[^=!<>~]*)(?P<op>==|!=|<=|>=|!>|!<|!~|=|<|>|~)(?P<value>.*)$", re.DOTALL)
_NUMBER = re.compile(r"^-?\d+(\.\d+)?$")

# Short names of published filters, and where their values really are.
_ALIASES = {
    ("runs", "state"): "metrics.statusSummary.status",
    ("flows", "isDestinationFlow"): "inheritedAttributes.properties.isDestinationFlow",
    ("flows", "isSourceFlow"): "inheritedAttributes.properties.isSourceFlow",
}


# Arrays of what is listed, which a path goes through with ``[]``.
_ARRAYS = frozenset(
    {
        ("sourceConnectionIds",),
        ("targetConnectionIds",),
        ("transformations",),
        ("activities",),
        ("inheritedAttributes", "sourceConnections"),
        ("inheritedAttributes", "targetConnections"),
    }
)


@dataclass(frozen=True)
class Condition:
    """One filter: any of ``values`` stands in ``op`` to what the path reaches."""

    path: str
    steps: tuple[Step, ...]
    op: str
    values: tuple[str, ...]

    @property
    def numbers(self) -> tuple[float, ...]:
        return tuple(float(value) for value in self.values)


@dataclass(frozen=True)
class OrderKey:
    """One key of ``orderby``."""

    steps: tuple[Step, ...]
    descending: bool


def parse_filters(properties: Iterable[str], kind: Kind) -> list[Condition]:
    """All filters of one request; every one must hold."""
    conditions = [_condition(text, kind) for text in properties]
    count = sum(len(condition.values) for condition in conditions)
    if count > MAX_VALUES:
        hint = f"Compare with at most {MAX_VALUES} values in all."
        raise Refusal("FLOW-1453-400", value=f"of {count} values", field="property", hint=hint)
    return conditions


def _condition(text: str, kind: Kind) -> Condition:
    match = _FILTER.match(text)
    given_path = match["path"].strip() if match else ""
    if match is None or not given_path or "\x00" in text:
        raise Refusal(
            "FLOW-1453-400", value=text, field="property", given=text, hint="Write it as property=name==value."
        )
    op = match["op"]
    if op == "=" and given_path.startswith("attributes."):
        # The one published filter on spec attributes has a single equals sign.
        op = "=="
    if op == "~":
        raise Refusal("FLOW-1440-400", operator=op, field="property", given=text)
    if op not in (*EQUALITY, "<", "<=", ">", ">="):
        raise Refusal("FLOW-1450-400", operator=op, field="property", given=text, hint="Use ==, !=, <, <=, > or >=.")
    path = _ALIASES.get((kind.name, given_path), given_path)
    steps = _steps(path, kind)
    values = tuple(_unquoted(value.strip()) for value in match["value"].split(","))
    if match["value"].lstrip()[:1] in ("[", "{"):
        hint = "Write several values with commas: name==one,two."
        raise Refusal("FLOW-1454-400", field="property", given=text, hint=hint)
    if not all(values):
        raise Refusal("FLOW-1453-400", value=text, field="property", given=text, hint="Give a value behind it.")
    if op not in EQUALITY:
        _check_ordering(path, op, values)
    return Condition(path, steps, op, values)


def holds(condition: Condition, document: Any) -> bool:
    """Whether a document that is not in the database (a spec) meets an equality condition."""
    wanted = {ascii_lower(value) for value in condition.values}
    found = any(_text_of(value) in wanted for value in values_at(document, condition.path))
    return found if condition.op == "==" else not found


def _text_of(value: Any) -> str:
    return ascii_lower(str(value))


def _steps(path: str, kind: Kind) -> tuple[Step, ...]:
    try:
        steps = parse(path)
    except ValueError:
        steps = ()
    if not steps or steps[0].name not in kind.fields:
        known = ", ".join(sorted(kind.fields))
        code = "FLOW-1423-400" if kind is CONNECTION_SPECS else "FLOW-1449-400"
        raise Refusal(code, name=path, field="property", given=path, hint=f"Known fields: {known}.")
    for array in _ARRAYS:
        reached = steps[: len(array)]
        if tuple(step.name for step in reached) == array and not reached[-1].each:
            name = ".".join(array)
            hint = f"{name} is an array: write {path.replace(name, f'{name}[]', 1)}."
            raise Refusal("FLOW-1449-400", name=path, field="property", given=path, hint=hint)
    return steps


def _check_ordering(path: str, op: str, values: tuple[str, ...]) -> None:
    if len(values) > 1:
        raise Refusal("FLOW-1443-400", operator=op, field="property", given=",".join(values))
    if path == "id":
        raise Refusal("FLOW-1448-400", operator=op, name=path, field="property", given=values[0])
    if not _NUMBER.match(values[0]):
        raise Refusal("FLOW-1452-400", value=values[0], name=path, hint=f"{op} compares numbers.")


def _unquoted(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    return text


def parse_order(text: str, kind: Kind) -> list[OrderKey]:
    """``name``, ``-name``, ``+name`` (an unescaped plus arrives as a blank), or several with commas."""
    parts = text.split(",")
    if len(parts) > MAX_KEYS:
        raise Refusal(
            "FLOW-1433-400", name=f"{len(parts)} of them", field="orderby", hint=f"Order by at most {MAX_KEYS}."
        )
    keys = []
    for part in parts:
        sign, name = (part[0], part[1:]) if part[:1] in ("-", "+", " ") else ("+", part)
        if not name or not (name[0].isalpha() or name[0] == "_") or "\x00" in name:
            raise Refusal("FLOW-1432-400", field="orderby", given=part, hint="Write name, +name or -name.")
        try:
            steps = parse(name)
        except ValueError:
            steps = ()
        if not steps or steps[0].name not in kind.fields or any(step.each for step in steps):
            known = ", ".join(sorted(kind.fields))
            raise Refusal("FLOW-1433-400", name=name, field="orderby", given=name, hint=f"Known fields: {known}.")
        keys.append(OrderKey(steps, sign == "-"))
    return keys
