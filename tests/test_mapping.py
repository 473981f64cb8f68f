"""The attribute language of mappings: from a record of the source to a record of the target."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.domain.language.values import Surroundings
from emulator.domain.mapping import Mapper, MappingProblem, compile_mappings
from emulator.domain.mapping_paths import EACH, PathProblem, parse
from emulator.domain.mapping_sets import read_request

Document = dict[str, Any]

SURROUNDINGS = Surroundings(lambda: datetime(2026, 1, 31, tzinfo=UTC), lambda: "an id")
EMAILS = [{"name": "John Smith", "email": "js@example.com"}, {"name": "Jane Smith", "email": "jane@example.com"}]
CUSTOMER = {"customerInfo": {"name": "John Smith", "emails": EMAILS}}


def mapper_of(*mappings: Document, allow_nulls: bool = False) -> Mapper:
    request = read_request({"xdmSchema": "a schema", "mappings": list(mappings)})
    return compile_mappings(request.mappings, SURROUNDINGS, allow_nulls=allow_nulls)


def mapped(record: Document, *pairs: tuple[str, str], allow_nulls: bool = False) -> Document:
    """A record sent through attribute mappings, each a source and a destination."""
    mappings = [{"source": source, "destination": destination} for source, destination in pairs]
    return mapper_of(*mappings, allow_nulls=allow_nulls)(record)


def static(value: str, destination: str) -> Document:
    return {"sourceType": "STATIC", "source": value, "destination": destination}


@pytest.mark.parametrize(
    ("record", "source", "destination", "output"),
    [
        (CUSTOMER, "customerInfo.name", "pi.name", {"pi": {"name": "John Smith"}}),
        ({"Full.Name": "John Smith"}, "Full.Name", "pi.name", {"pi": {"name": "John Smith"}}),
        (CUSTOMER, "customerInfo.emails[0].email", "pi.email", {"pi": {"email": "js@example.com"}}),
        (CUSTOMER, "customerInfo.emails", "pi.emailList", {"pi": {"emailList": EMAILS}}),
        (CUSTOMER, "customerInfo.name", "piList[0]", {"piList": ["John Smith"]}),
        ({"name": "John Smith"}, "name", "pi.name", {"pi": {"name": "John Smith"}}),
    ],
)
def test_the_documented_mappings_give_the_documented_output(
    record: Document, source: str, destination: str, output: Document
) -> None:
    assert mapped(record, (source, destination)) == output


def test_a_static_source_is_written_as_it_stands() -> None:
    assert mapper_of(static("CUSTOMER", "userType"))({"name": "John Smith"}) == {"userType": "CUSTOMER"}
    assert mapper_of(static("name", "a.b"))({"name": "John Smith"}) == {"a": {"b": "name"}}
    assert mapper_of(static("${not[a path", "a"))({}) == {"a": "${not[a path"}


def test_both_sides_walk_an_array_together() -> None:
    assert mapped(CUSTOMER, ("customerInfo.emails[*].email", "pi[*].address")) == {
        "pi": [{"address": "js@example.com"}, {"address": "jane@example.com"}]
    }


def test_mappings_of_one_array_fill_the_same_elements() -> None:
    pairs = [("customerInfo.emails[*].name", "pi[*].who"), ("customerInfo.emails[*].email", "pi[*].where")]
    assert mapped(CUSTOMER, *pairs) == {
        "pi": [
            {"who": "John Smith", "where": "js@example.com"},
            {"who": "Jane Smith", "where": "jane@example.com"},
        ]
    }


def test_an_element_without_the_value_keeps_its_place() -> None:
    record = {"a": [{"x": 1, "y": 1}, {"y": 2}, {"x": 3, "y": 3}]}
    assert mapped(record, ("a[*].y", "b[*].y"), ("a[*].x", "b[*].x")) == {
        "b": [{"y": 1, "x": 1}, {"y": 2}, {"y": 3, "x": 3}]
    }


def test_nested_arrays_pair_level_by_level() -> None:
    record = {"a": [{"b": [{"c": 1}, {"c": 2}]}, {"b": [{"c": 3}]}]}
    assert mapped(record, ("a[*].b[*].c", "x[*].y[*].z")) == {
        "x": [{"y": [{"z": 1}, {"z": 2}]}, {"y": [{"z": 3}]}],
    }


def test_a_wildcard_in_the_source_alone_gives_the_list_of_values() -> None:
    assert mapped(CUSTOMER, ("customerInfo.emails[*].email", "addresses")) == {
        "addresses": ["js@example.com", "jane@example.com"]
    }
    record = {"a": [{"b": [1, 2]}, {"b": [3]}, {}]}
    assert mapped(record, ("a[*].b[*]", "all")) == {"all": [1, 2, 3]}


@pytest.mark.parametrize(
    "mapping",
    [
        {"source": "a", "destination": "b[*]"},
        {"source": "a[*].b", "destination": "x[*].y[*]"},
        {"source": "a[*].b[*]", "destination": "x[*].y"},
        static("text", "x[*].y"),
    ],
)
def test_wildcards_of_the_destination_need_as_many_in_the_source(mapping: Document) -> None:
    with pytest.raises(MappingProblem, match="same number"):
        mapper_of(mapping)


def test_a_flat_field_is_no_array_even_if_its_name_looks_like_one() -> None:
    assert mapped({"a[*].b": 5}, ("a[*].b", "x[*].y")) == {}


def test_odd_names_are_wrapped() -> None:
    record = {"first name": 1, "e-mail": {"@type": 2}, "7": 3}
    pairs = [("${first name}", "a"), ("${e-mail}.${@type}", "b"), ("${e-mail.@type}", "c"), ("${7}", "d")]
    assert mapped(record, *pairs) == {"a": 1, "b": 2, "c": 2, "d": 3}


def test_a_dot_behind_a_backslash_is_part_of_the_name() -> None:
    record = {"address": {"street.name": "Elm"}, "First.Name": "Ann"}
    pairs = [(r"address.street\.name", "street"), (r"${First\.Name}", "first"), (r"First\.Name", r"a\.b.c")]
    assert mapped(record, *pairs) == {"street": "Elm", "first": "Ann", "a.b": {"c": "Ann"}}


def test_names_may_hold_dollar_and_at_signs() -> None:
    record = {"$id": 1, "@type": 2, "distinct$id": {"$ip@home": 3}}
    pairs = [("$id", "_acme.$id"), ("@type", "_acme.@type"), ("distinct$id.$ip@home", "_acme.ip")]
    assert mapped(record, *pairs) == {"_acme": {"$id": 1, "@type": 2, "ip": 3}}


def test_a_path_goes_before_a_flat_name_with_dots() -> None:
    assert mapped({"a": {"b": "nested"}, "a.b": "flat"}, ("a.b", "x")) == {"x": "nested"}


def test_destinations_lose_the_prefix_that_some_guides_print() -> None:
    assert mapped({"points": 5}, ("points", "xdm:loyalty.xdm:points")) == {"loyalty": {"points": 5}}
    assert mapped({"xdm:points": 5}, ("xdm:points", "points")) == {"points": 5}


def test_a_whole_object_is_copied_with_everything_in_it() -> None:
    record = {"address": {"city": "Bern", "geo": {"lat": 46.9}, "lines": ["a", "b"]}}
    assert mapped(record, ("address", "home.address")) == {"home": {"address": record["address"]}}


@pytest.mark.parametrize("order", [1, -1], ids=["copy-first", "child-first"])
def test_a_mapping_of_a_child_wins_over_the_copy_of_its_parent(order: int) -> None:
    record = {"address": {"city": "Bern", "line1": "Elm 1"}, "town": "Basel"}
    pairs = [("address", "addr"), ("address.line1", "addr.addrLine1"), ("town", "addr.city")]
    assert mapped(record, *pairs[::order]) == {"addr": {"city": "Basel", "line1": "Elm 1", "addrLine1": "Elm 1"}}


def test_of_two_mappings_of_one_destination_the_later_wins() -> None:
    assert mapped({"a": 1, "b": 2}, ("a", "x.y"), ("b", "x.y")) == {"x": {"y": 2}}
    assert mapped({"a": 1, "b": 2}, ("b", "x"), ("a", "x")) == {"x": 1}


def test_the_later_of_two_mappings_does_not_win_when_it_finds_nothing() -> None:
    assert mapped({"a": 1}, ("a", "x"), ("b", "x")) == {"x": 1}


def test_nothing_is_written_for_nulls_and_missing_fields() -> None:
    record: Document = {"a": None, "b": {"c": None}, "d": []}
    assert mapped(record, ("a", "a"), ("b.c", "x.c"), ("b.c.d", "x.d"), ("d[0]", "x.e"), ("z", "z")) == {}


def test_nulls_are_written_where_the_set_allows_them() -> None:
    assert mapped({"a": None, "b": 1}, ("a", "x.a"), ("z", "z"), ("b", "b"), allow_nulls=True) == {
        "x": {"a": None},
        "z": None,
        "b": 1,
    }


def test_false_zero_and_empty_values_are_values() -> None:
    record: Document = {"a": False, "b": 0, "c": "", "d": [], "e": {}}
    assert mapped(record, *((name, name) for name in record)) == record


def test_an_index_makes_the_array_and_the_places_before_it() -> None:
    assert mapped({"a": 1, "b": 2}, ("a", "list[2].x"), ("b", "list[0].x")) == {"list": [{"x": 2}, None, {"x": 1}]}


def test_a_mapping_without_a_destination_writes_nothing() -> None:
    assert mapped({"a": 1}, ("a", "")) == {}


def test_a_calculated_field_is_calculated() -> None:
    mapper = mapper_of({"sourceType": "EXPRESSION", "source": "concat(a, b)", "destination": "x.y"})
    assert mapper({"a": "1", "b": "2"}) == {"x": {"y": "12"}}


def test_a_calculated_field_that_cannot_be_read_is_refused_with_its_place() -> None:
    with pytest.raises(MappingProblem, match=r"conact\(a, b\).*x\.y.*concat"):
        mapper_of({"sourceType": "EXPRESSION", "source": "conact(a, b)", "destination": "x.y"})


def test_a_number_that_no_record_can_hold_leaves_its_field_empty() -> None:
    mapper = mapper_of({"sourceType": "EXPRESSION", "source": "99999999999 * 99999999999", "destination": "x"})
    target, (fault,) = mapper.mapped({})
    assert target == {}
    assert "64 bits" in fault.message


def test_a_calculated_field_that_fails_for_a_record_leaves_its_field_empty() -> None:
    mapper = mapper_of(
        {"sourceType": "EXPRESSION", "source": "to_integer(a)", "destination": "x.number"},
        {"sourceType": "ATTRIBUTE", "source": "a", "destination": "x.text"},
    )
    target, faults = mapper.mapped({"a": "many"})
    assert target == {"x": {"text": "many"}}
    assert [(fault.destination, fault.source) for fault in faults] == [("x.number", "to_integer(a)")]


@pytest.mark.parametrize(
    "path", ["", ".", "a.", ".a", "a..b", "a[", "a[]", "a[x]", "a[-1]", "a[0]b", "[0]", "${", "${}"]
)
def test_a_path_that_cannot_be_read_is_refused(path: str) -> None:
    with pytest.raises(PathProblem):
        parse(path)
    if path:
        with pytest.raises(MappingProblem, match="Mapper Transform Error"):
            mapper_of({"source": "a", "destination": path})


@pytest.mark.parametrize("path", ["a[10000]", f"a[{'1' * 5000}]", ".".join(["a"] * 101)])
def test_a_path_that_would_fill_the_memory_is_refused(path: str) -> None:
    with pytest.raises(PathProblem):
        parse(path)


def test_a_whole_object_that_went_to_two_places_is_two_objects() -> None:
    record = {"a": {"name": "old", "list": [1]}, "b": "new"}
    result = mapped(record, ("a", "x"), ("a", "y"), ("b", "x.name"), ("b", "x.list[0]"))
    assert result == {"x": {"name": "new", "list": ["new"]}, "y": {"name": "old", "list": [1]}}
    assert record == {"a": {"name": "old", "list": [1]}, "b": "new"}


names = st.from_regex(r"[A-Za-z_@][A-Za-z0-9_$@-]{0,8}", fullmatch=True)
indices = st.lists(st.integers(0, 12), max_size=2)
scalars = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=8)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
plain_paths = st.lists(st.tuples(names, indices), min_size=1, max_size=4).map(
    lambda steps: ".".join(name + "".join(f"[{index}]" for index in places) for name, places in steps)
)


@given(plain_paths, values)
def test_what_is_written_at_a_path_is_read_from_it(path: str, value: Any) -> None:
    target: Document = {}
    parse(path).writer()(target, value)
    assert parse(path).reader()(target) == value


@given(st.lists(plain_paths, min_size=1, max_size=3), values)
def test_a_second_write_does_not_undo_a_first_write_elsewhere(paths: list[str], value: Any) -> None:
    roots = [f"root{number}.{path}" for number, path in enumerate(paths)]
    target: Document = {}
    for root in roots:
        parse(root).writer()(target, value)
    assert all(parse(root).reader()(target) == value for root in roots)


@given(st.text() | st.text(alphabet=".[]*${}\\0123ab:@ ", max_size=24), st.booleans())
def test_any_text_is_a_path_or_a_path_problem(text: str, is_destination: bool) -> None:
    try:
        path = parse(text, is_destination)
    except PathProblem as problem:
        assert str(problem)
    else:
        assert path.steps
        assert all(step is EACH or isinstance(step, (str, int)) for step in path.steps)


@given(st.text(alphabet=st.characters(exclude_characters="[\\", exclude_categories=["Cs"]), min_size=1))
def test_any_name_can_be_written_with_its_dots_escaped(name: str) -> None:
    text = name.replace(".", r"\.")
    if not text.startswith("${"):
        assert parse(text).steps == (name,)


@given(st.text(alphabet=st.characters(exclude_characters="}\\", exclude_categories=["Cs"]), min_size=1))
def test_any_name_can_be_wrapped(name: str) -> None:
    escaped = name.replace(".", r"\.")
    assert parse(f"${{{escaped}}}").steps == (name,)


fields = st.sampled_from("abc")
records = st.dictionaries(fields, values, max_size=3)
paths = st.lists(fields | st.sampled_from(["a[0]", "b[1]"]), min_size=1, max_size=3).map(".".join)
several = st.lists(st.tuples(paths, paths), max_size=6)


@given(records, several, st.booleans())
def test_mapping_leaves_the_source_alone_and_remembers_nothing(
    record: Document, pairs: list[tuple[str, str]], allow_nulls: bool
) -> None:
    before = copy.deepcopy(record)
    apply = mapper_of(*({"source": one, "destination": other} for one, other in pairs), allow_nulls=allow_nulls)
    first = apply(record)
    assert record == before
    printed = json.dumps(first)
    first["touched"] = True
    assert json.dumps(apply(record)) == printed
    assert apply({}) == mapped({}, *pairs, allow_nulls=allow_nulls)


@given(records, several)
def test_mappings_of_different_fields_do_not_touch_each_other(record: Document, pairs: list[tuple[str, str]]) -> None:
    apart = [(source, f"field{number}.{to}") for number, (source, to) in enumerate(pairs)]
    together: Document = {}
    for pair in apart:
        together |= mapped(record, pair)
    assert mapped(record, *apart) == together


@given(st.lists(st.fixed_dictionaries({"x": scalars, "y": scalars}), max_size=5))
def test_an_array_walked_on_both_sides_keeps_length_and_order(elements: list[Document]) -> None:
    result = mapped({"list": elements}, ("list[*].x", "to[*].one"), ("list[*].y", "to[*].two"))
    assert result == {"to": [{"one": element["x"], "two": element["y"]} for element in elements]}
