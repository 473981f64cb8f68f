"""Values that reach fields of another type."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.domain.language.values import Problem, Surroundings
from emulator.domain.mapping import Mapper, MappingProblem, compile_mappings
from emulator.domain.target_types import Breach, converter

Document = dict[str, Any]
SURROUNDINGS = Surroundings(lambda: datetime(2026, 1, 31, tzinfo=UTC), lambda: "an id")
SCHEMA: Document = {
    "type": "object",
    "required": ["_id"],
    "properties": {
        "_id": {"type": "string"},
        "person": {
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": {"type": "string"},
                "age": {"type": "integer", "meta:xdmType": "int", "minimum": 0},
                "kind": {"type": "string", "enum": ["a", "b"]},
                "born": {"type": "string", "format": "date"},
                "tags": {"type": "array", "items": {"type": "string"}},
            },
        },
    },
}


def mapper(*pairs: tuple[str, str]) -> Mapper:
    entries = [{"source": one, "destination": to, "sourceType": "text/x.schema-path"} for one, to in pairs]
    return compile_mappings(entries, SURROUNDINGS, SCHEMA)


@pytest.mark.parametrize(
    ("field", "given", "wanted"),
    [
        ({"type": "boolean"}, "yes", True),
        ({"type": "boolean"}, "OFF", False),
        ({"type": "boolean"}, True, True),
        ({"type": "string"}, 1234, "1234"),
        ({"type": "string"}, True, "true"),
        ({"type": "string"}, datetime(2026, 1, 31, 12, tzinfo=UTC), "2026-01-31T12:00:00Z"),
        ({"type": "string", "format": "date-time"}, "2026-01-31", "2026-01-31T00:00:00Z"),
        ({"type": "string", "format": "date"}, "2026-01-31T12:00:00Z", "2026-01-31"),
        ({"type": "integer"}, "42", 42),
        ({"type": "integer"}, 42.0, 42),
        ({"type": "number"}, "1.5", 1.5),
        ({"type": "array", "items": {"type": "string"}}, "sales", ["sales"]),
        ({"type": "array", "items": {"type": "integer"}}, ["1", None, 2], [1, None, 2]),
        ({"type": "object", "properties": {"a": {"type": "string"}}}, {"a": 1, "b": 2}, {"a": "1"}),
        ({"type": "object", "additionalProperties": {"type": "string"}}, {"a": 1}, {"a": "1"}),
        (None, {"as": ["it", "came"]}, {"as": ["it", "came"]}),
    ],
)
def test_a_value_is_converted_to_the_type_of_its_field(field: Document | None, given: Any, wanted: Any) -> None:
    assert converter(field)(given) == wanted


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ({"type": "boolean"}, "True"),
        ({"type": "boolean"}, 1),
        ({"type": "string"}, {}),
        ({"type": "string", "format": "date"}, "soon"),
        ({"type": "integer"}, 1.5),
        ({"type": "integer", "meta:xdmType": "byte"}, 128),
        ({"type": "number"}, "a lot"),
        ({"type": "array", "items": {"type": "object"}}, "x"),
        ({"type": "object"}, "x"),
        ({"type": "number"}, "9" * 30),
        (None, [10**30]),
    ],
)
def test_what_cannot_be_converted_is_a_problem(field: Document, given: Any) -> None:
    with pytest.raises(Problem) as raised:
        converter(field)(given)
    assert not isinstance(raised.value, Breach)


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ({"type": "string", "enum": ["a"]}, "b"),
        ({"type": "integer", "minimum": 0}, -1),
        ({"type": "number", "maximum": 1}, 2),
        ({"type": "string", "maxLength": 1}, "ab"),
        ({"type": "string", "minLength": 1}, ""),
    ],
)
def test_what_breaks_a_rule_of_the_schema_is_a_breach(field: Document, given: Any) -> None:
    with pytest.raises(Breach):
        converter(field)(given)


def test_a_value_that_cannot_be_converted_leaves_its_field_empty() -> None:
    target, faults = mapper(("id", "_id"), ("age", "person.age"), ("name", "person.name")).mapped(
        {"id": 1, "age": "old", "name": "Ada"}
    )
    assert target == {"_id": "1", "person": {"name": "Ada"}}
    assert [fault.destination for fault in faults] == ["person.age"]


@pytest.mark.parametrize(("record", "field"), [({"name": "Ada"}, "_id"), ({"id": 1, "age": 3}, "person.name")])
def test_a_required_field_that_stays_empty_rejects_the_row(record: Document, field: str) -> None:
    with pytest.raises(MappingProblem) as raised:
        mapper(("id", "_id"), ("age", "person.age"), ("name", "person.name"))(record)
    assert (raised.value.code, raised.value.field) == ("INGEST-1555-400", field)


def test_a_required_field_may_be_missing_with_the_object_that_it_lies_in() -> None:
    assert mapper(("id", "_id"), ("name", "person.name"))({"id": 1}) == {"_id": "1"}


def test_a_breach_rejects_the_row_and_names_the_field() -> None:
    with pytest.raises(MappingProblem) as raised:
        mapper(("kind", "person.kind"))({"kind": "c"})
    assert (raised.value.code, raised.value.field) == ("MAPPER-3700-400", "person.kind")


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.datetimes(timezones=st.just(UTC)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
fields = st.sampled_from([{"type": kind} for kind in ("string", "boolean", "integer", "number", "array", "object")])


@given(fields, values.filter(lambda value: value is not None))
def test_a_conversion_gives_a_value_or_a_problem(field: Document, value: Any) -> None:
    try:
        converter(field)(value)
    except Problem as error:
        assert str(error)
