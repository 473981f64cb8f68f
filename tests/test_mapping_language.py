"""Data Prep: the catalogues of the expression language, which are true, and the check of one expression."""

from __future__ import annotations

import json
from typing import Any

import pytest

from emulator.data_files import fixtures_folder
from emulator.domain.language.compiler import compiled
from emulator.domain.language.methods import METHODS
from emulator.domain.language.operators import ARITHMETIC, PREFIXES, TESTS
from emulator.domain.language.parser import LONGEST, parse
from emulator.domain.language.registry import FUNCTIONS, MANY
from emulator.domain.target_types import plain
from tests.language_values import SURROUNDINGS
from tests.support import Api, Document, assert_problem

LANGUAGE = "/data/foundation/conversion/languages/el"
# They are called on a value, and documented among the functions.
DOCUMENTED_METHODS = {"equals", "equalsIgnoreCase", "get"}
# What gives something else every time.
FRESH = {"now", "timestamp", "uuid", "guid"}


def catalogue(name: str) -> list[Document]:
    entries: list[Document] = json.loads((fixtures_folder() / "language" / f"{name}.json").read_text(encoding="utf-8"))
    return entries


FUNCTION_ENTRIES, OPERATOR_ENTRIES = catalogue("functions"), catalogue("operators")


def evaluated(expression: str) -> Any:
    return compiled(parse(expression), SURROUNDINGS)({})


def validated(api: Api, **body: Any) -> Document:
    answer = api.http.post(f"{LANGUAGE}/validate", json=body)
    assert answer.status_code == 200, answer.text
    found: Document = answer.json()
    return found


def failure(api: Api, **body: Any) -> str:
    found = validated(api, **body)
    assert found["validationStatus"] == "failed", found
    error: str = found["error"]
    return error


def test_both_catalogues_are_served_as_they_are(api: Api) -> None:
    assert api.http.get(f"{LANGUAGE}/functions").json() == FUNCTION_ENTRIES
    assert api.http.get(f"{LANGUAGE}/operators").json() == OPERATOR_ENTRIES


@pytest.mark.parametrize("name", ["functions", "operators"])
def test_a_catalogue_takes_no_parameters(api: Api, name: str) -> None:
    assert_problem(api.http.get(f"{LANGUAGE}/{name}", params={"limit": 1}), 400, "limit")


def test_catalogue_and_functions_agree_in_both_directions() -> None:
    listed = {entry["function"] for entry in FUNCTION_ENTRIES}
    assert listed == set(FUNCTIONS) | DOCUMENTED_METHODS
    assert set(METHODS) >= DOCUMENTED_METHODS
    assert len(listed) == 106


@pytest.mark.parametrize("entry", FUNCTION_ENTRIES, ids=lambda entry: entry["syntax"])
def test_every_example_evaluates_to_its_result(entry: Document) -> None:
    result = evaluated(entry["example"])
    if entry["function"] in FRESH:
        assert entry["result"] == ""
        assert result
    else:
        assert json.loads(entry["result"]) == json.loads(json.dumps(plain(result)))
    assert entry["function"] in entry["example"]


@pytest.mark.parametrize("entry", FUNCTION_ENTRIES, ids=lambda entry: entry["syntax"])
def test_a_function_takes_as_many_arguments_as_its_entry_names(entry: Document) -> None:
    assert [parameter["position"] for parameter in entry["params"]] == list(range(1, len(entry["params"]) + 1))
    if entry["function"] in DOCUMENTED_METHODS:
        return
    function = FUNCTIONS[entry["function"]]
    takes_any_number = any(parameter["dataType"].startswith("[L") for parameter in entry["params"])
    if takes_any_number:
        assert function.most == MANY
    else:
        assert function.least <= len(entry["params"]) <= function.most


def test_ways_of_calling_a_function_differ_in_their_syntax() -> None:
    ways = [entry["syntax"] for entry in FUNCTION_ENTRIES]
    assert len(ways) == len(set(ways))


def test_catalogue_and_operators_agree_in_both_directions() -> None:
    # The published list has one entry for the methods of the engine: negations go by the method that they negate.
    of_two = {entry["operatorSymbol"] for entry in OPERATOR_ENTRIES if entry["numberOfOperands"] == 2}
    of_one = {entry["operatorSymbol"] for entry in OPERATOR_ENTRIES if entry["numberOfOperands"] == 1}
    assert of_two == {*ARITHMETIC, *TESTS} - {"!=", "!~", "!^", "!$"}
    assert of_one == {*PREFIXES, "!"} - {"+"}
    assert len({entry["methodName"] for entry in OPERATOR_ENTRIES}) == len(OPERATOR_ENTRIES)


@pytest.mark.parametrize(
    ("symbol", "result"),
    {
        "+": 3, "-": 2, "*": 12, "/": 3, "%": 1, "&": 8, "|": 14, "^": 6, "==": True, "<": True, "<=": True,
        ">": True, ">=": True, "=~": True, "=^": True, "=$": True, "!": True, "~": -45, "empty": True, "size": 3,
    }.items(),
)  # fmt: skip
def test_every_operator_has_an_example_that_can_be_evaluated(symbol: str, result: Any) -> None:
    example = next(entry["example"] for entry in OPERATOR_ENTRIES if entry["operatorSymbol"] == symbol)
    assert evaluated(example) == result


def test_the_published_operators_are_there_as_published() -> None:
    found = [(entry["operatorSymbol"], entry["methodName"], entry["numberOfOperands"]) for entry in OPERATOR_ENTRIES]
    for published in (("+", "add", 2), ("/", "divide", 2), ("~", "complement", 1), ("-", "negate", 1), ("!", "not", 1)):
        assert published in found


def test_the_documented_call_succeeds(api: Api) -> None:
    found = validated(api, expression='concat("Hi", ",", "there", "!")')
    assert found == {"validationStatus": "succeeded", "error": "none"}


@pytest.mark.parametrize(
    "expression", ["person.name.firstName", "${First Name}", "iif(a != null, upper(a), nullify())", "a[0].b ?: 'none'"]
)
def test_an_expression_may_name_any_field(api: Api, expression: str) -> None:
    assert validated(api, expression=expression)["validationStatus"] == "succeeded"


@pytest.mark.parametrize(
    ("expression", "mentions"),
    [
        ("", ["the end"]),
        ("concat(", ["line 1", "the end"]),
        ("upper('a", ["line 1", "column 7"]),
        ("uper('a')", ["uper", "upper"]),
        ("upper()", ["upper", "1"]),
        ("substr('a', 1)", ["substr", "3"]),
        ("'a'.shout()", ["shout"]),
        ("var x = 1", ["statements"]),
        ("x -> x + 1", ["lambda"]),
        (f"'{'a' * LONGEST}'", [str(LONGEST)]),
        ("(" * 500 + "1" + ")" * 500 + " + ", ["the end"]),
    ],
)
def test_a_failure_says_what_is_wrong_and_where(api: Api, expression: str, mentions: list[str]) -> None:
    error = failure(api, expression=expression)
    for text in mentions:
        assert text in error


def test_sample_data_are_tried(api: Api) -> None:
    sample = json.dumps({"price": "12", "tags": ["a"]})
    found = validated(api, expression="to_integer(price) * 2", sampleData=sample, sampleDataType="JSON")
    assert found["validationStatus"] == "succeeded"
    assert "number" in failure(api, expression="to_integer(tags[0])", sampleData=sample)


@pytest.mark.parametrize(
    ("sample", "mentions"), [("{", "not JSON"), ("[]", "one record"), ("", "not JSON"), ("[" * 2000, "not JSON")]
)
def test_sample_data_that_are_no_record_fail(api: Api, sample: str, mentions: str) -> None:
    assert mentions in failure(api, expression="1 + 1", sampleData=sample)


def test_a_mapping_set_that_is_named_must_exist(api: Api) -> None:
    made = api.mapping_set(api.schema(), {"id": "_id"})
    assert validated(api, expression="id", mappingSetId=made)["validationStatus"] == "succeeded"
    missing = api.http.post(f"{LANGUAGE}/validate", json={"expression": "id", "mappingSetId": "0" * 32})
    assert_problem(missing, 404, "0" * 32)


def test_what_is_left_out_may_also_be_null(api: Api) -> None:
    found = validated(api, expression="1", mappingSetId=None, sampleData=None, sampleDataType=None)
    assert found["validationStatus"] == "succeeded"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "expression"),
        ({"expression": None}, "expression"),
        ({"expression": 1}, "expression"),
        ({"expression": ["1"]}, "expression"),
        ({"expression": "1", "sampleData": {}}, "sampleData"),
        ({"expression": "1", "sampleDataType": 1}, "sampleDataType"),
        ({"expression": "1", "sampleDataType": "CSV"}, "sampleDataType"),
        ({"expression": "1", "mappingSetId": 1}, "mappingSetId"),
    ],
)
def test_a_bad_body_is_refused_and_says_where(api: Api, body: Document, field: str) -> None:
    answer = api.http.post(f"{LANGUAGE}/validate", json=body)
    assert_problem(answer, 400, field)
    assert answer.json()["report"]["field"] == field


@pytest.mark.parametrize("body", [None, [], "1 + 1", True])
def test_a_body_that_is_no_object_is_refused(api: Api, body: Any) -> None:
    assert_problem(api.http.post(f"{LANGUAGE}/validate", json=body), 400, "JSON object")


def test_validate_takes_no_parameters(api: Api) -> None:
    answer = api.http.post(f"{LANGUAGE}/validate", params={"strict": "true"}, json={"expression": "1"})
    assert_problem(answer, 400, "strict")
