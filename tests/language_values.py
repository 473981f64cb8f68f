"""Values of the language for tests that must hold for any of them, and short words for calling functions."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

# Importing it registers the functions.
from emulator.domain.language import functions as functions
from emulator.domain.language.registry import FUNCTIONS
from emulator.domain.language.values import Lambda, Problem, Surroundings, Value

NOON = datetime(2024, 2, 29, 12, 0, tzinfo=UTC)
SURROUNDINGS = Surroundings(lambda: NOON, lambda: "00000000-0000-4000-8000-000000000001")

_texts = st.one_of(st.text(max_size=12), st.sampled_from(["", "a", "a:1,b:2", ";Cap;1;9.95;e=1:2|f;v=1", "1", "id"]))
_dates = st.datetimes(timezones=st.just(UTC))
_plain = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=True),
    _texts,
    _dates,
    st.decimals(places=2, allow_nan=False),
)
values: st.SearchStrategy[Value] = st.recursive(
    _plain,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_texts, inner, max_size=4)),
    max_leaves=8,
)
arguments = st.one_of(values, st.just(Lambda(("x",), lambda x: x)), st.just(Lambda(("x", "y"), lambda x, y: [x, y])))


def called(name: str, *values: Value) -> Value:
    """What a function gives for values; it must be known to take so many."""
    function = FUNCTIONS[name]
    assert function.least <= len(values) <= function.most
    return function.run(*([SURROUNDINGS] if function.surrounded else []), *values)


def gives_a_value_or_a_problem(name: str, *values: Value) -> None:
    try:
        result = called(name, *values)
    except Problem as problem:
        assert str(problem)
    else:
        assert is_value(result), result


def is_value(value: Any) -> bool:
    """None, boolean, number, text, date, array or object, through and through."""
    if isinstance(value, list):
        return all(map(is_value, value))
    if isinstance(value, dict):
        return all(isinstance(key, str) and is_value(member) for key, member in value.items())
    return value is None or isinstance(value, (bool, int, float, Decimal, str, datetime, Lambda))
