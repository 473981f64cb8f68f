"""Row filters: which there are, what refuses them, and that they obey the laws of logic."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.domain.errors import Refusal
from emulator.domain.inference import Column, typed
from emulator.domain.row_filters import check_filters, compile_filters
from emulator.domain.specs import ConnectionSpec, load_catalogue
from tests.exploring import BIG_QUERY, DYNAMICS, SNOWFLAKE
from tests.support import AMAZON_S3, SALESFORCE

Document = dict[str, Any]
SPECS = load_catalogue().connections
SPEC = SPECS[BIG_QUERY]
COLUMNS = [
    Column("CITY"),
    Column("age", "integer"),
    Column("height", "double"),
    Column("employed", "boolean"),
    Column("joined", "date-time"),
    Column("nested", "object", {"type": "object", "properties": {}}),
]
ROW: Document = {"CITY": "Lyon", "age": 25, "height": 1.8, "employed": True, "joined": "2024-01-31T00:00:00"}


def field(name: str) -> Document:
    return {"nodeType": "fieldLookup", "fieldName": name}


def apply(name: Any, *params: Any) -> Document:
    return {"nodeType": "fnApply", "fnName": name, "params": list(params)}


def compare(operator: str, name: str, value: Any) -> Document:
    return apply(operator, field(name), {"nodeType": "literal", "value": value})


def whole(value: Any) -> Document:
    return {"type": "PQL", "format": "pql/json", "value": value}


def takes(value: Document, row: Document = ROW) -> bool:
    return compile_filters(whole(value), SPEC, "filters", COLUMNS)(row)


def with_offer(**offer: Any) -> ConnectionSpec:
    document = {**SPEC.document, "attributes": {"filterAtSource": {"enabled": True, **offer}}}
    return ConnectionSpec(document, "table", True, ())


@pytest.mark.parametrize("spec_id", [BIG_QUERY, DYNAMICS, SALESFORCE, SNOWFLAKE])
def test_four_sources_filter_rows(spec_id: str) -> None:
    check_filters(whole(compare("=", "city", "Lyon")), SPECS[spec_id], "params.filters")


def test_no_other_source_filters_rows() -> None:
    able = {spec.id for spec in SPECS.values() if spec.document.get("attributes", {}).get("filterAtSource")}
    assert able == {BIG_QUERY, DYNAMICS, SALESFORCE, SNOWFLAKE}


@pytest.mark.parametrize(
    ("value", "taken"),
    [
        (compare("=", "CITY", "Lyon"), True),
        (compare("==", "CITY", "Lyon"), True),
        (compare("=", "city", "lyon"), False),
        (compare("!=", "city", "Paris"), True),
        (compare("<", "city", "M"), True),
        (compare("=", "age", 25), True),
        (compare("=", "age", 25.0), True),
        (compare(">", "age", 25), False),
        (compare(">=", "age", 25), True),
        (compare("<", "height", 2), True),
        (compare("<=", "height", 1.7), False),
        (compare("=", "employed", True), True),
        (compare("=", "joined", "2024-01-31"), True),
        (compare("=", "joined", "2024-01-31T01:00:00+01:00"), True),
        (compare(">", "joined", "2024-01-30T23:59:59Z"), True),
        (compare("like", "joined", "2024-%"), True),
        (compare("LIKE", "city", "L%"), True),
        (compare("like", "city", "%o%"), True),
        (compare("like", "city", "_yon"), True),
        (compare("like", "city", "Lyon"), True),
        (compare("like", "city", "yon"), False),
        (compare("like", "city", "L.on"), False),
        (compare("like", "city", "%L%y%n"), True),
        (compare("like", "city", "%n%o"), False),
        (compare("in", "city", ["Paris", "Lyon"]), True),
        (compare("in", "age", [1, 2]), False),
        (apply("isNull", field("nested")), True),
        (apply("isnull", field("age")), False),
        (apply("NOT", apply("isNull", field("age"))), True),
        (apply("not", compare("=", "age", 25)), False),
        (apply("and", compare(">", "age", 20), compare("<", "age", 30)), True),
        (apply("AND", compare(">", "age", 20)), True),
        (apply("or", compare("=", "age", 1), compare("=", "age", 25)), True),
        (apply("and", compare(">", "age", 20), apply("or", compare("=", "age", 1), compare("=", "city", "x"))), False),
    ],
)
def test_a_row_is_taken_when_the_filter_is_true(value: Document, taken: bool) -> None:
    assert takes(value) is taken


@pytest.mark.parametrize("operator", ["=", "!=", "<", ">", "like", "in"])
def test_a_comparison_with_nothing_is_neither_true_nor_false(operator: str) -> None:
    value = compare(operator, "city", ["x"] if operator == "in" else "x")
    for row in ({"CITY": None}, {}):
        assert not takes(value, row)
        assert not takes(apply("not", value), row)
        assert takes(apply("or", value, apply("isNull", field("city"))), row)
        assert not takes(apply("and", value, apply("isNull", field("city"))), row)


@pytest.mark.parametrize(
    ("filters", "code", "at"),
    [
        ([], "1349", "f"),
        (None, "1349", "f"),
        ({}, "1355", "f.type"),
        (whole(compare("=", "city", "x")) | {"type": "SQL"}, "1355", "f.type"),
        (whole(compare("=", "city", "x")) | {"type": {"deep": []}}, "1355", "f.type"),
        (whole(compare("=", "city", "x")) | {"format": "json"}, "1356", "f.format"),
        ({"type": "PQL", "format": "pql/json"}, "1357", "f.value"),
        (whole(None), "1357", "f.value"),
        (whole({}), "1357", "f.value"),
        (whole("city = 'x'"), "1349", "f.value"),
        (whole(field("city")), "1349", "f.value"),
        (whole({"nodeType": "fnApply", "params": []}), "1350", "f.value.fnName"),
        (whole(apply("", field("city"))), "1350", "f.value.fnName"),
        (whole(apply(5, field("city"))), "1350", "f.value.fnName"),
        (whole(apply("between", field("city"))), "1352", "f.value.fnName"),
        (whole(apply("=")), "1349", "f.value.params"),
        (whole({"nodeType": "fnApply", "fnName": "="}), "1349", "f.value.params"),
        (whole(apply("=", field("city"))), "1349", "f.value.params"),
        (whole(apply("isNull", field("city"), field("age"))), "1349", "f.value.params"),
        (whole(apply("=", {"nodeType": "literal", "value": 1}, field("age"))), "1349", "f.value.params[0].fieldName"),
        (whole(apply("=", field(""), {"nodeType": "literal", "value": 1})), "1349", "f.value.params[0].fieldName"),
        (whole(apply("=", field("age"), field("age"))), "1349", "f.value.params[1].value"),
        (whole(compare("=", "age", None)), "1377", "f.value.params[1].value"),
        (whole(apply("=", field("age"), {"nodeType": "literal"})), "1377", "f.value.params[1].value"),
        (whole(compare("in", "age", [1, None])), "1377", "f.value.params[1].value[1]"),
        (whole(compare("in", "age", 1)), "1349", "f.value.params[1].value"),
        (whole(compare("in", "age", [])), "1349", "f.value.params[1].value"),
        (whole(compare("=", "age", [1])), "1349", "f.value.params[1].value"),
        (whole(compare("=", "age", {"a": 1})), "1349", "f.value.params[1].value"),
        (whole(compare("like", "city", 5)), "1379", "f.value.params[1].value"),
        (whole(apply("and")), "1349", "f.value.params"),
        (whole(apply("and", compare("=", "age", 1), "x")), "1349", "f.value.params[1]"),
        (whole(apply("not", compare("=", "age", 1), compare("=", "age", 2))), "1390", "f.value.params"),
    ],
)
def test_what_is_no_filter_is_refused_without_a_table(filters: Any, code: str, at: str) -> None:
    with pytest.raises(Refusal) as refused:
        check_filters(filters, SPEC, "f")
    assert (refused.value.code, refused.value.field) == (f"CONNECTOR-{code}-400", at)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (compare("=", "town", "x"), "1378"),
        (apply("isNull", field("town")), "1378"),
        (compare("=", "CITY", 5), "1379"),
        (compare("=", "age", "25"), "1379"),
        (compare("=", "age", True), "1379"),
        (compare("=", "height", "1.8"), "1379"),
        (compare("=", "employed", 1), "1379"),
        (compare("=", "joined", "yesterday"), "1379"),
        (compare("=", "joined", 5), "1379"),
        (compare("=", "nested", "x"), "1379"),
        (compare("like", "age", "2%"), "1379"),
        (compare("in", "age", [25, "26"]), "1379"),
    ],
)
def test_columns_and_types_are_those_of_the_table(value: Document, code: str) -> None:
    check_filters(whole(value), SPEC, "filters")
    with pytest.raises(Refusal) as refused:
        compile_filters(whole(value), SPEC, "filters", COLUMNS)
    assert refused.value.code == f"CONNECTOR-{code}-400"


@pytest.mark.parametrize("attributes", [{}, {"filterAtSource": None}, {"filterAtSource": {"enabled": "yes"}}])
def test_a_spec_that_does_not_offer_filters_has_none(attributes: Any) -> None:
    document = {**SPEC.document, "attributes": attributes}
    for spec in (SPECS[AMAZON_S3], ConnectionSpec(document, "table", True, ())):
        with pytest.raises(Refusal, match="cannot be filtered") as refused:
            check_filters(whole(compare("=", "city", "x")), spec, "filters")
        assert refused.value.code == "CONNECTOR-1353-400"


def test_a_spec_says_which_operators_and_which_language_there_are() -> None:
    with pytest.raises(Refusal) as refused:
        check_filters(whole(compare("in", "city", ["x"])), with_offer(comparisonOperators=["=", "!="]), "filters")
    assert refused.value.code == "CONNECTOR-1351-400"
    assert "knows: and, or, not, =, !=." in refused.value.message
    with pytest.raises(Refusal) as refused:
        check_filters(whole(compare("=", "city", "x")), with_offer(queryLanguage="FetchXML"), "filters")
    assert refused.value.code == "CONNECTOR-1354-400"
    check_filters(whole(compare("in", "city", ["x"])), with_offer(comparisonOperators=None), "filters")


def test_no_pattern_takes_long() -> None:
    started = time.perf_counter()
    assert not takes(compare("like", "city", "%a" * 60 + "%b"), {"CITY": "a" * 5000})
    assert time.perf_counter() - started < 1


texts = st.sampled_from(["", "a", "b", "ab", "ba", "%", "_", "a%b"])
scalars: dict[str, st.SearchStrategy[Any]] = {
    "CITY": texts,
    "age": st.integers(-3, 3),
    "height": st.sampled_from([-1.5, 0, 0.5, 2]),
    "employed": st.booleans(),
    "joined": st.sampled_from(["2024-01-31", "2024-01-31T00:00:00Z", "2024-02-01T12:00:00+02:00"]),
}
rows = st.fixed_dictionaries({}, optional={name: st.none() | values for name, values in scalars.items()})
names = st.sampled_from(sorted(scalars))
ordered = names.flatmap(
    lambda name: st.builds(compare, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), st.just(name), scalars[name])
)
leaves = st.one_of(
    ordered,
    st.builds(compare, st.just("like"), st.just("CITY"), texts),
    st.builds(lambda name: apply("isNull", field(name)), names),
    names.flatmap(
        lambda name: st.builds(compare, st.just("in"), st.just(name), st.lists(scalars[name], min_size=1, max_size=3))
    ),
)
filters = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda part: apply("not", part), inner),
        st.builds(
            lambda name, parts: apply(name, *parts),
            st.sampled_from(["and", "or"]),
            st.lists(inner, min_size=1, max_size=3),
        ),
    ),
    max_leaves=6,
)


def negated(value: Document) -> Document:
    return apply("not", value)


@given(filters, rows)
def test_what_is_not_not_so_is_so(value: Document, row: Document) -> None:
    assert takes(negated(negated(value)), row) is takes(value, row)


@given(filters, filters, rows)
def test_and_and_or_take_what_both_and_what_either_takes(one: Document, other: Document, row: Document) -> None:
    assert takes(apply("and", one, other), row) is (takes(one, row) and takes(other, row))
    assert takes(apply("or", one, other), row) is (takes(one, row) or takes(other, row))


@given(filters, filters, rows)
def test_not_and_is_or_of_nots(one: Document, other: Document, row: Document) -> None:
    assert takes(negated(apply("and", one, other)), row) is takes(apply("or", negated(one), negated(other)), row)
    assert takes(negated(apply("or", one, other)), row) is takes(apply("and", negated(one), negated(other)), row)


@given(filters, rows)
def test_a_row_is_never_taken_by_a_filter_and_by_its_opposite(value: Document, row: Document) -> None:
    assert not (takes(value, row) and takes(negated(value), row))


@given(names.flatmap(lambda name: st.tuples(st.just(name), st.lists(scalars[name], min_size=1, max_size=4))), rows)
def test_in_is_or_of_equals(wanted: tuple[str, list[Any]], row: Document) -> None:
    name, values = wanted
    inside, equal = compare("in", name, values), apply("or", *(compare("=", name, value) for value in values))
    for wrap in (lambda value: value, negated):
        assert takes(wrap(inside), row) is takes(wrap(equal), row)


@given(ordered, rows)
def test_opposite_comparisons_split_the_rows_that_have_a_value(value: Document, row: Document) -> None:
    opposite = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}[value["fnName"]]
    name = value["params"][0]["fieldName"]
    other = {**value, "fnName": opposite}
    assert (takes(value, row) != takes(other, row)) is (row.get(name) is not None)


@given(st.text(max_size=20))
def test_like_takes_any_text_that_it_spells_out(text: str) -> None:
    pattern = "".join("_" if character in "%_" else character for character in text)
    for like in (pattern, "%", f"%{pattern}%", f"{pattern[:2]}%{pattern[2:]}"):
        assert takes(compare("like", "CITY", like), {"CITY": text})


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | texts,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["nodeType", "fnName", "params", "fieldName", "value", "type", "format"]),
                inner | st.sampled_from(["fnApply", "literal", "fieldLookup", "=", "not", "PQL", "pql/json"]),
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_anything_at_all_is_a_filter_or_a_refusal(value: Any) -> None:
    for candidate in (value, whole(value), whole(apply("=", value, value)), whole(apply("in", field("age"), value))):
        try:
            compile_filters(candidate, SPEC, "filters", COLUMNS)(ROW)
        except Refusal as refusal:
            assert refusal.status == 400


@given(st.sampled_from(["boolean", "integer", "double", "date-time", "string"]), st.text(max_size=12))
def test_no_text_is_lost_by_typing(kind: str, text: str) -> None:
    assert (typed(text, kind) is None) is (text == "")
