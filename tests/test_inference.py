"""The schema that explore infers from sample records."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.domain.inference import infer

Document = dict[str, Any]
INTEGER = {"type": "integer", "minimum": -9007199254740992, "maximum": 9007199254740991}


def inferred(*values: Any) -> Document:
    """The schema of one field that had these values, one a record."""
    schema = infer({"field": value} for value in values)
    assert set(schema) == {"type", "properties"}
    field: Document = schema["properties"]["field"]
    return field


def test_no_records_are_an_object_without_fields() -> None:
    assert infer([]) == {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        (5, INTEGER),
        (0.5, {"type": "number"}),
        (True, {"type": "boolean"}),
        ("text", {"type": "string"}),
        ("", {"type": "string"}),
        (None, {}),
        ({}, {"type": "object", "properties": {}}),
        ({"a": {"b": 1}}, {"type": "object", "properties": {"a": {"type": "object", "properties": {"b": INTEGER}}}}),
        ([], {"type": "array", "items": {}}),
        ([1, 2], {"type": "array", "items": INTEGER}),
        (
            [{"a": 1}, {"b": 2}],
            {"type": "array", "items": {"type": "object", "properties": {"a": INTEGER, "b": INTEGER}}},
        ),
    ],
)
def test_a_value_has_the_documented_shape(value: Any, schema: Document) -> None:
    assert inferred(value) == schema


def test_a_field_that_was_only_ever_null_says_nothing() -> None:
    assert inferred(None, None) == {}


@pytest.mark.parametrize("values", [(None, 5), (5, None), (None, 5, None)])
def test_a_field_that_is_null_at_times_has_the_shape_of_its_values(values: tuple[Any, ...]) -> None:
    assert inferred(*values) == INTEGER


def test_fields_of_only_some_records_are_in_the_schema() -> None:
    schema = infer([{"a": 1}, {"b": "x"}, {"a": 2, "c": {"d": True}}, {"c": {"e": None}}])
    inner = {"type": "object", "properties": {"d": {"type": "boolean"}, "e": {}}}
    assert schema["properties"] == {"a": INTEGER, "b": {"type": "string"}, "c": inner}


def test_fields_come_in_the_order_in_which_they_were_seen() -> None:
    assert list(infer([{"b": 1}, {"c": 1, "a": 1}, {"b": 2}])["properties"]) == ["b", "c", "a"]


@pytest.mark.parametrize("values", [(1, 0.5), (0.5, 1)])
def test_whole_and_broken_numbers_are_numbers(values: tuple[Any, ...]) -> None:
    assert inferred(*values) == {"type": "number"}


@pytest.mark.parametrize("values", [(1, "x"), (True, 1), ({}, []), ([], "x"), ({"a": 1}, 5)])
def test_a_field_of_two_kinds_is_a_text(values: tuple[Any, ...]) -> None:
    assert inferred(*values) == inferred(*values[::-1]) == {"type": "string"}


scalars = st.sampled_from(
    [
        st.booleans(),
        st.integers(-(2**53), 2**53 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=8),
    ]
)
field_names = st.text(max_size=6)


def objects_of(fields: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Document]:
    return st.fixed_dictionaries({}, optional=fields)


# Strategies of values that are all of one shape, however deep.
shapes: st.SearchStrategy[st.SearchStrategy[Any]] = st.recursive(
    scalars,
    lambda inner: st.one_of(
        inner.map(lambda element: st.lists(element, max_size=3)),
        st.dictionaries(field_names, inner, max_size=3).map(objects_of),
    ),
    max_leaves=6,
)
homogeneous = st.dictionaries(field_names, shapes, max_size=4).flatmap(
    lambda fields: st.lists(objects_of(fields), max_size=5)
)


@given(homogeneous)
def test_every_record_is_valid_under_the_schema_that_was_inferred_from_it(records: list[Document]) -> None:
    validator = jsonschema_rs.validator_for(infer(records))
    assert all(validator.is_valid(record) for record in records)


@given(homogeneous)
def test_every_field_of_every_record_is_in_the_schema(records: list[Document]) -> None:
    assert set(infer(records)["properties"]) == {name for record in records for name in record}


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=10,
)


@given(st.lists(st.dictionaries(st.sampled_from("abc"), anything, max_size=3), max_size=4))
def test_records_of_any_kind_give_a_schema_that_does_not_change_when_they_are_seen_twice(
    records: list[Document],
) -> None:
    schema = infer(records)
    assert schema == infer(records + records)
    jsonschema_rs.validator_for(schema)


def test_an_inferred_schema_belongs_to_its_caller_alone() -> None:
    inferred(1)["minimum"] = 0
    infer([])["properties"]["added"] = {}
    assert inferred(1) == INTEGER
    assert infer([]) == {"type": "object", "properties": {}}
