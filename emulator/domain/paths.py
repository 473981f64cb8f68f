"""Reading values out of JSON documents by dotted path; ``a[].b`` means every element of ``a``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

# Every array on the way makes a query one level deeper, and SQLite takes ten.
MAX_STEPS, MAX_ARRAYS = 20, 3


class Step(NamedTuple):
    """One name of a path; ``each`` when it stands for every element of an array."""

    name: str
    each: bool


def parse(path: str) -> tuple[Step, ...]:
    """``sourceConnectionIds[]`` or ``a[].b.c`` as steps. Raises ``ValueError`` on an empty name, and on too many."""
    parts = path.split(".")
    if len(parts) > MAX_STEPS:
        raise ValueError(f"{path[:40]!r}… has more than {MAX_STEPS} steps")
    steps = []
    for part in parts:
        each = part.endswith("[]")
        name = part[:-2] if each else part
        if not name or "[" in name or "]" in name:
            raise ValueError(f"{path!r} is not a path")
        steps.append(Step(name, each))
    if sum(step.each for step in steps) > MAX_ARRAYS:
        raise ValueError(f"{path[:40]!r}… leads through more than {MAX_ARRAYS} arrays")
    return tuple(steps)


def values_at(document: Any, path: str) -> Iterator[Any]:
    """Every value that the path reaches; nothing where a step is missing."""
    yield from walk(document, parse(path))


def walk(value: Any, steps: tuple[Step, ...]) -> Iterator[Any]:
    """The same for a path that is already parsed."""
    if not steps:
        yield value
        return
    step, rest = steps[0], steps[1:]
    if not isinstance(value, dict) or step.name not in value:
        return
    found = value[step.name]
    if not step.each:
        yield from walk(found, rest)
    elif isinstance(found, list):
        for element in found:
            yield from walk(element, rest)


def first_at(document: Any, path: str) -> Any:
    """The first value that the path reaches, or None."""
    return next(values_at(document, path), None)
