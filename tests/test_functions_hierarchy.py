"""Functions on arrays, objects and maps: what is documented of them, nulls, wrong kinds, and that all ends well."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.domain.language.functions.arrays import MOST_MEMBERS
from emulator.domain.language.registry import FUNCTIONS
from emulator.domain.language.texts import MOST_CHARACTERS
from emulator.domain.language.values import Lambda, Problem, Value
from tests.language_values import NOON, arguments, called, gives_a_value_or_a_problem, values

BOOK = {"author": "Le Guin", "price": 12.5, "isbn": "978-0"}
HOMES = [{"type": "home", "city": "Basel"}, {"type": "work", "city": "Bern"}]
BY_TYPE = {"home": HOMES[0], "work": HOMES[1]}
NAMES = sorted(
    name
    for name, function in FUNCTIONS.items()
    if function.run.__module__.rpartition(".")[2] in ("arrays", "objects", "maps")
)


def one(run: Any) -> Lambda:
    return Lambda(("x",), run)


GIVES: list[tuple[str, list[Value], Value]] = [
    ("coalesce", [None, None, "first", None, "second"], "first"),
    ("coalesce", [[None, True, None, False]], True),
    ("coalesce", [None, False], False),
    ("coalesce", [None], None),
    ("coalesce", [[1], [2]], [1]),
    ("first", ["1", "2", "3"], "1"),
    ("first", [["a", "b"]], "a"),
    ("first", [[]], None),
    ("first", [None], None),
    ("first", [None, "b"], None),
    ("last", ["1", "2", "3"], "3"),
    ("last", [["a", "b"]], "b"),
    ("last", [[]], None),
    ("add_to_array", [["a", "b"], "c", "d"], ["a", "b", "c", "d"]),
    ("add_to_array", [["a"], ["b"]], ["a", ["b"]]),
    ("add_to_array", [["a"]], ["a"]),
    ("add_to_array", [None, "a"], None),
    ("join_arrays", [[1], [2, 3]], [1, 2, 3]),
    ("join_arrays", [[1], [[2]], None], [1, [2]]),
    ("join_arrays", [None, None], None),
    ("to_array", [False, 1, None, 2, 3], [1, 2, 3]),
    ("to_array", [True, 1, None, 2], [1, None, 2]),
    ("to_array", [True], []),
    ("to_array", ["false", None], []),
    ("size_of", [[1, 2, 3, 4]], 4),
    ("size_of", [{"a": 1}], 1),
    ("size_of", ["four"], 4),
    ("size_of", [None], None),
    ("upsert_array_append", [["a"]], ["a"]),
    ("upsert_array_replace", [["a"]], ["a"]),
    ("upsert_array_replace", [["a"], 0], ["a"]),
    ("upsert_array_append", [None], None),
    ("array_to_string", [";", ["Hello", "world"]], "Hello;world"),
    ("array_to_string", [";", [1, [2.5, [True]], None]], "1;2.5;true;"),
    ("array_to_string", ["_", [{"id": 1, "name": "Acme"}, {"id": 2}]], "{'id':1,'name':'Acme'}_{'id':2}"),
    ("array_to_string", ["_", [NOON, {"at": NOON}]], "1709208000000_{'at':1709208000000}"),
    ("array_to_string", [",", None], None),
    ("array_to_string", [None, ["a", "b"]], "ab"),
    ("filterArray", [[5, -6, 0, 7], one(lambda x: x > 0)], [5, 7]),
    ("filterArray", [[1, 2], one(lambda _: None)], []),
    ("filterArray", [None, one(lambda x: x)], None),
    ("transformArray", [[5, 6, 7], one(lambda x: x + 1)], [6, 7, 8]),
    ("transformArray", [[1, None], one(lambda x: [x])], [[1], [None]]),
    ("transformArray", [None, one(lambda x: x)], None),
    ("flattenArray", [[[1, [2]], 3]], [1, 2, 3]),
    ("flattenArray", [[1], [[2]]], [1, 2]),
    ("flattenArray", [None, [[1]]], [1]),
    ("flattenArray", [None], None),
    ("is_empty", [[1, None, 2, 3]], False),
    ("is_empty", [[]], True),
    ("is_empty", [{}], True),
    ("is_empty", [""], True),
    ("is_empty", [None], True),
    ("is_empty", [0], False),
    ("is_empty", [[None]], False),
    ("nullify", [], None),
    ("to_object", ["firstName", "Ada", "born", 1815], {"firstName": "Ada", "born": 1815}),
    ("to_object", [["a", 1, "b", None]], {"a": 1, "b": None}),
    ("to_object", ["a", 1, "a", 2], {"a": 2}),
    ("to_object", [7, True], {"7": True}),
    ("to_object", [None], None),
    ("arrays_to_objects", ["id", ["1", "2"]], [{"id": "1"}, {"id": "2"}]),
    ("arrays_to_object", ["id", ["1"], "n", [9]], [{"id": "1", "n": 9}]),
    ("arrays_to_objects", ["a", [1, 2], "b", [3]], [{"a": 1, "b": 3}, {"a": 2}]),
    ("arrays_to_objects", ["a", [1], "b", None], [{"a": 1}]),
    ("arrays_to_objects", ["a", [None]], [{"a": None}]),
    ("arrays_to_objects", ["a", None], None),
    ("str_to_object", ["a:1,b:2"], {"a": "1", "b": "2"}),
    ("str_to_object", ["first = Ada ; phone = 12 34", "=", ";"], {"first": "Ada", "phone": "12 34"}),
    ("str_to_object", ["url=http://x=y, b", "=", None], {"url": "http://x=y", "b": ""}),
    ("str_to_object", ["- 123 ; name - Ada", "-", ";"], {"name": "Ada"}),
    ("str_to_object", ["a:1|b:2", "", "|"], {"a": "1", "b": "2"}),
    ("str_to_object", ["", ":"], {}),
    ("str_to_object", [None], None),
    ("get_values", ["a:1,b:2", "b", None, None], "2"),
    ("get_values", ["a = 1; b = 2", " b ", "=", ";"], "2"),
    ("get_values", ["a:1", "b", ":"], None),
    ("get_values", [None, "b", ":"], None),
    ("get_keys", [{"city": 1, "state": 2}], ["city", "state"]),
    ("get_keys", [None], None),
    ("map_get_values", [BOOK, "author"], "Le Guin"),
    ("map_get_values", [BOOK, "publisher"], None),
    ("map_get_values", [BOOK, ["price", "author", "none"]], [12.5, "Le Guin"]),
    ("map_get_values", [{"a": 1, "b": 1, "c": True, "d": "1"}, ["a", "b", "c", "d"]], [1, True, "1"]),
    ("map_get_values", [{"7": "x"}, 7], "x"),
    ("map_get_values", [None, "a"], None),
    ("map_get_values", [BOOK, None], None),
    ("map_has_keys", [BOOK, "publisher"], False),
    ("map_has_keys", [BOOK, ["publisher", "isbn"]], True),
    ("map_has_keys", [{"a": None}, "a"], True),
    ("map_has_keys", [BOOK, []], False),
    ("map_has_keys", [None, "a"], None),
    ("add_to_map", [{"a": 1}, {"a": 2, "b": 3}], {"a": 1, "b": 3}),
    ("add_to_map", [{"a": None}, {"a": 2}], {"a": None}),
    ("add_to_map", [None, {"a": 2}], {"a": 2}),
    ("add_to_map", [None, None], None),
    ("object_to_map", ["a", 1, "b", True], {"a": 1, "b": True}),
    ("object_to_map", [{"a": 1}], {"a": 1}),
    ("object_to_map", [HOMES, "type"], BY_TYPE),
    ("object_to_map", [["a", 1]], {"a": 1}),
    ("object_to_map", [None], None),
    ("object_to_map", [None, "type"], None),
    ("array_to_map", [HOMES, "type"], BY_TYPE),
    ("array_to_map", [[{"k": 1, "v": "x"}, {"k": 1, "v": "y"}], "k"], {"1": {"k": 1, "v": "y"}}),
    ("array_to_map", [[{"k": "a"}, {"v": 1}, None], "k"], {"a": {"k": "a"}}),
    ("array_to_map", [None, "type"], None),
    ("to_map", ["a", 1, "b", 2], {"a": 1, "b": 2}),
    ("to_map", [None], None),
]


@pytest.mark.parametrize(("name", "given_values", "expected"), GIVES, ids=lambda value: str(value)[:40])
def test_a_function_gives_what_is_documented_or_was_chosen(
    name: str, given_values: list[Value], expected: Value
) -> None:
    result = called(name, *given_values)
    assert result == expected
    assert type(result) is type(expected)


REFUSED: list[tuple[str, list[Value], str]] = [
    ("add_to_array", ["a", "b"], "an array is needed"),
    ("join_arrays", [[1], "b"], "an array is needed"),
    ("size_of", [7], "has a size"),
    ("size_of", [NOON], "has a size"),
    ("array_to_string", [",", "a"], "an array is needed"),
    ("array_to_string", [",", [one(lambda x: x)]], "a function was given"),
    ("filterArray", [[1], "x"], "a lambda of one parameter is needed"),
    ("filterArray", [None, None], "a lambda of one parameter is needed"),
    ("transformArray", [[1], Lambda(("x", "y"), lambda x, _: x)], "one of 2 was given"),
    ("transformArray", [{"a": 1}, one(lambda x: x)], "an array is needed"),
    ("flattenArray", ["a"], "an array is needed"),
    ("to_object", ["a"], "without a value"),
    ("to_object", ["a", 1, "b"], "without a value"),
    ("to_object", [None, 1], "a key is a text"),
    ("to_object", [{"a": 1}, 1], "a key is a text, and an object"),
    ("to_map", [["a"], 1], "a key is a text, and an array"),
    ("arrays_to_objects", ["a", "b"], "an array is needed"),
    ("arrays_to_objects", ["a"], "without a value"),
    ("str_to_object", [["a"]], "a text is needed"),
    ("get_keys", ["a"], "an object is needed"),
    ("map_get_values", [["a"], "a"], "an object is needed"),
    ("map_get_values", [BOOK, {"a": 1}], "a key is a text"),
    ("map_has_keys", ["a", "a"], "an object is needed"),
    ("add_to_map", [{"a": 1}, [1]], "an object is needed"),
    ("object_to_map", ["a"], "an object is needed"),
    ("object_to_map", [[1], "type"], "an object is needed"),
    ("array_to_map", [["a"], "type"], "an object is needed"),
    ("array_to_map", [HOMES, None], "a key is a text"),
    ("array_to_map", [[{"k": [1]}], "k"], "a key is a text, and an array"),
]


@pytest.mark.parametrize(("name", "given_values", "message"), REFUSED, ids=lambda value: str(value)[:40])
def test_a_wrong_kind_is_a_problem_that_says_what_would_be_right(
    name: str, given_values: list[Value], message: str
) -> None:
    with pytest.raises(Problem, match=message):
        called(name, *given_values)


def test_no_function_changes_what_it_is_given() -> None:
    array, mapping = [1, 2], {"a": 1}
    called("add_to_array", array, 3)
    called("join_arrays", array, [3])
    called("add_to_map", mapping, {"b": 2})
    assert (array, mapping) == ([1, 2], {"a": 1})


def test_lambdas_in_lambdas_do_not_fill_the_memory() -> None:
    many = [0] * 1001
    row = one(lambda _: many)
    with pytest.raises(Problem, match=f"more than {MOST_MEMBERS} members"):
        called("transformArray", many, row)
    with pytest.raises(Problem, match=f"more than {MOST_MEMBERS} members"):
        called("flattenArray", [many] * 1000)
    with pytest.raises(Problem, match=f"more than {MOST_MEMBERS} members"):
        called("join_arrays", *([many] * 1000))


def test_no_text_is_joined_that_is_too_long() -> None:
    with pytest.raises(Problem, match=str(MOST_CHARACTERS)):
        called("array_to_string", "", ["x" * 2000] * 1000)
    with pytest.raises(Problem, match=str(MOST_CHARACTERS)):
        called("array_to_string", "x" * 2000, ["x"] * 1000)


def test_arrays_that_lie_very_deep_are_opened_and_such_objects_are_a_problem() -> None:
    array: Value = [1]
    deep: Value = {"a": 1}
    for _ in range(20_000):
        array, deep = [array], {"a": deep}
    assert called("flattenArray", array) == [1]
    with pytest.raises(Problem, match="too deep"):
        called("array_to_string", ",", [deep])
    with pytest.raises(Problem, match="too deep"):
        called("map_get_values", {"a": deep}, ["a"])


@given(st.lists(values, max_size=5), st.lists(values, max_size=5))
def test_joining_arrays_keeps_members_and_order(left: list[Value], right: list[Value]) -> None:
    joined = called("join_arrays", left, right)
    assert len(joined) == len(left) + len(right)
    assert all(one is other for one, other in zip(joined, [*left, *right], strict=True))


@given(st.dictionaries(st.text(max_size=5), st.integers(), min_size=1, max_size=5))
def test_an_object_is_put_together_from_its_keys_and_values(held: dict[str, int]) -> None:
    flat = [part for pair in held.items() for part in pair]
    for name in ("to_object", "to_map"):
        assert called(name, *flat) == held
    assert called("get_keys", held) == list(held)
    assert all(called("map_get_values", held, key) == value for key, value in held.items())


@given(st.data())
def test_any_values_give_a_value_or_a_problem(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(NAMES))
    function = FUNCTIONS[name]
    count = data.draw(st.integers(function.least, min(function.most, function.least + 3)))
    gives_a_value_or_a_problem(name, *(data.draw(arguments) for _ in range(count)))


def test_every_function_of_these_categories_has_a_vector() -> None:
    # What asks the record is not a function of values alone.
    assert {name for name, _, _ in GIVES} == set(NAMES) - {"contains_key", "is_set"}
