"""Whether a record has a field, which is the one way to tell a field that is absent from one that is null."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from emulator.domain import mapping_paths
from emulator.domain.language.registry import function
from emulator.domain.language.values import Problem, Value, as_text
from emulator.domain.mapping_paths import PathProblem, Step


@function("contains_key", 1, aliases=("is_set",), recorded=True)
def contains_key(record: dict[str, Any], path: Value) -> Value:
    """The path is a text; a field that is there and null counts, of ``[*]`` one member is enough."""
    text = as_text(path)
    return text in record or _holds(record, _steps(text))


@lru_cache(maxsize=1000)
def _steps(text: str) -> tuple[Step, ...]:
    try:
        return mapping_paths.parse(text).steps
    except PathProblem as error:
        raise Problem(str(error)) from None


def _holds(value: Any, steps: tuple[Step, ...]) -> bool:
    if not steps:
        return True
    step, rest = steps[0], steps[1:]
    if isinstance(step, str):
        return isinstance(value, dict) and step in value and _holds(value[step], rest)
    if not isinstance(value, list):
        return False
    if isinstance(step, int):
        return step < len(value) and _holds(value[step], rest)
    return any(_holds(member, rest) for member in value)
