"""The expression language: what may be written, what it means, and what is said when it cannot be read."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from emulator.domain.language.compiler import compiled
from emulator.domain.language.inspection import references, warnings
from emulator.domain.language.parser import DEEPEST, SyntaxProblem, parse
from emulator.domain.language.printer import printed
from emulator.domain.language.problems import UnknownFunction, WrongArguments
from emulator.domain.language.tree import calculated
from emulator.domain.language.values import Problem, Surroundings
from tests.language_trees import any_texts, trees
from tests.test_language_vectors import as_written, bare

SURROUNDINGS = Surroundings(lambda: datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), lambda: "an id")
RECORD = {
    "name": "Jim",
    "n": 5,
    "zero": 0,
    "empty text": "",
    "person": {"name": {"first": "Jim", "last": None}},
    "First.Name": "flat",
    "flat.column": "one column",
    "address": {"street.name": "Main"},
    "arr": [1, 2, 3],
    "emails": [{"email": "a@x", "tags": ["p", "q"]}, {"email": "b@x", "tags": ["r"]}, {}],
    "or": "reserved",
    "größe": 7,
    "date": "3/20/24",
}


def value(text: str, record: dict[str, Any] | None = None) -> Any:
    return compiled(parse(text), SURROUNDINGS)(RECORD if record is None else record)


# Operators, as measured on the engine whose operators the language has.
@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("1 / 2", 0),
        ("-7 / 2", -3),
        ("-7 % 3", -1),
        ("1.0 / 2", 0.5),
        ("5 / 0", 0.0),
        ("5 % 0", 0.0),
        ('"1" + 2', 3),
        ("'1' + '2'", "12"),
        ('"a" + 1', "a1"),
        ('1 + "1.5"', 2.5),
        ("null + 1", 1),
        ("'a' + null", "a"),
        ("null + null", 0),
        ("true + 'a'", "truea"),
        ("null == missing", True),
        ("missing > 5", False),
        ("5 > null", False),
        ("missing <= null", False),
        ('1 == "1"', True),
        ('true == "true"', True),
        ("1 == 1.0", True),
        ("zero != ''", True),
        ('"10" > 9', True),
        ('"10" > "9"', False),
        ("!null", True),
        ("arr[9]", None),
        ("arr[-1]", None),
        ("person.missing.deeper", None),
        ("missing.equals('x')", None),
        ("missing.equals('x') || false", False),
        ("!missing.equals('x')", True),
        ("2147483647 + 1", 2147483648),
        ("~44", -45),
        ("6 & 3", 2),
        ("6 | 3", 7),
        ("6 ^ 3", 5),
        ("-n", -5),
        ("+'3'", 3),
        ("'abc' =~ '[a-c]+'", True),
        ("'abcd' =~ '[a-c]+'", False),
        ("2 =~ arr", True),
        ("'name' =~ person", True),
        ("4 !~ arr", True),
        ("'abc' =^ 'ab'", True),
        ("'abc' !^ 'ab'", False),
        ("'abc' =$ 'bc'", True),
        ("'abc' !$ 'bc'", False),
        ("missing =^ 'a'", False),
        ("empty ''", True),
        ("empty 0", True),
        ("empty missing", True),
        ("empty arr", False),
        ("size arr", 3),
        ("size(name) + 1", 4),
        ("size missing", 0),
        ("name ?: 'nobody'", "Jim"),
        ("${empty text} ?: 'nobody'", "nobody"),
        ("n gt 4 and not (n eq 6) ? 'yes' : 'no'", "yes"),
        ("7 div 2 + 7 mod 2", 4),
        ("n ge 5 or nobody lt 1", True),
        ("n le 4 || n ne 5", False),
    ],
)
def test_operators_mean_what_was_measured(text: str, result: Any) -> None:
    assert as_written(value(text)) == as_written(result)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("1 + 2 * 3", "1 + (2 * 3)"),
        ("1 - 2 - 3", "(1 - 2) - 3"),
        ("-a * b", "(-a) * b"),
        ("!a == b", "(!a) == b"),
        ("a + 1 < b * 2", "(a + 1) < (b * 2)"),
        ("a < b == c", "(a < b) == c"),
        ("a & b ^ c | d", "((a & b) ^ c) | d"),
        ("a == b & c", "(a == b) & c"),
        ("a | b && c", "(a | b) && c"),
        ("a && b || c && d", "(a && b) || (c && d)"),
        ("a || b ? c : d", "(a || b) ? c : d"),
        ("a ? b : c ? d : e", "a ? b : (c ? d : e)"),
        ("a ?: b ?: c", "a ?: (b ?: c)"),
        ("-a.b", "-(a.b)"),
        ("empty a.b[0]", "empty (a.b[0])"),
        ("x -> x > 0", "x -> (x > 0)"),
        ("a and b or not c", "(a && b) || (!c)"),
    ],
)
def test_operators_bind_in_the_documented_order(text: str, same: str) -> None:
    assert parse(text) == parse(same)


@pytest.mark.parametrize("text", ["a < b < c", "a == b == c", "a =~ b =~ c"])
def test_comparisons_do_not_chain(text: str) -> None:
    with pytest.raises(SyntaxProblem):
        parse(text)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        (r"'it\'s'", "it's"),
        (r'"say \"x\""', 'say "x"'),
        (r"'\|'", r"\|"),
        (r"'\\|'", r"\|"),
        (r"'\n'", r"\n"),
        (r"'\u0041\u00e9'", "Aé"),
        (r"'\ud83d\ude00'", "😀"),
        (r"'\ud83d'", "\N{REPLACEMENT CHARACTER}"),
        (r"'\u00'", r"\u00"),
        ("'// no comment'", "// no comment"),
        ('"@${CRM_ORG_ID}.Salesforce"', "@${CRM_ORG_ID}.Salesforce"),
        ("017", 15),
        ("0x1F", 31),
        ("12L", 12),
        ("99999999999999999999H", 99999999999999999999),
        ("1.5", 1.5),
        ("1.0e3", 1000.0),
        ("2.5F", 2.5),
        ("2.5B", 2.5),
        ("[1, 'a', null, [true]]", [1, "a", None, [True]]),
        ("[]", []),
        ("{:}", {}),
        ('{"k": 1, 2: name}', {"k": 1, "2": "Jim"}),
        ("1 /* two */ + // three\n ## four\n 5", 6),
    ],
)
def test_literals_and_comments(text: str, result: Any) -> None:
    assert as_written(value(text)) == as_written(result)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("name", "Jim"),
        ("person.name.first", "Jim"),
        ("person.name.last", None),
        ("${person.name.first}", "Jim"),
        (r"${First\.Name}", "flat"),
        ("${First.Name}", "flat"),
        ("flat.column", "one column"),
        (r"address.street\.name", "Main"),
        ("address.${street\\.name}", "Main"),
        ("${or}", "reserved"),
        ("größe", 7),
        ("emails[0].email", "a@x"),
        ("emails[n - 4].email", "b@x"),
        ("arr['1']", 2),
        ("person['name'].first", "Jim"),
        ("emails[*].email", ["a@x", "b@x", None]),
        ("emails[*].tags[*]", ["p", "q", "r"]),
        ("name[*]", None),
        ("name.length()", 3),
        ("date.equals('3/20/24')", True),
        ("date.equalsIgnoreCase('x')", False),
        ("emails.get(1).email.toUpperCase()", "B@X"),
        ("arr.size() + arr.get(7)", 3),
        ("' x '.trim().isEmpty()", False),
        ("name.startsWith('J') && name.endsWith('m') && name.contains('i')", True),
        ("'A'.toLowerCase()", "a"),
    ],
)
def test_references_and_methods(text: str, result: Any) -> None:
    assert value(text) == result


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("filterArray(arr, x -> x >= 2)", [2, 3]),
        ("transformArray(arr, (x) -> x * n)", [5, 10, 15]),
        ("transformArray(emails, e -> filterArray(e.tags, t -> t != e.tags[0] && n == 5))", [["q"], [], None]),
        ("transformArray(arr, n -> n)", [1, 2, 3]),
        ("transformArray(arr, x -> iif(x > 1, upper(name), contains_key('or')))", [True, "JIM", "JIM"]),
    ],
)
def test_lambdas_see_their_parameters_then_those_around_them_then_the_record(text: str, result: Any) -> None:
    assert value(text) == result


def test_only_the_chosen_branch_is_evaluated() -> None:
    assert value("iif(n == 5, 'fine', to_integer('x'))") == "fine"
    assert value("n != 5 ? to_integer('x') : 'fine'") == "fine"
    assert value("n == 5 || to_integer(name) > 1") is True
    with pytest.raises(Problem, match=r"a number is needed|whole number"):
        value("iif(n == 6, 'fine', to_integer('x'))")


def test_a_field_that_is_there_and_null_is_told_from_one_that_is_absent() -> None:
    assert value("contains_key('person.name.last')") is True
    assert value("contains_key('person.name.middle')") is False
    assert value("contains_key('emails[1].email') && contains_key('First.Name')") is True
    assert value("is_set('emails[5]') || contains_key('emails[2].email')") is False


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("'a' - 1", "a number is needed, and a text \\('a'\\) was given"),
        ("arr + 1", "cannot be added"),
        ("arr > 1", "cannot be compared"),
        ("'a' =~ '('", "regular expression"),
        ("person.trim()", "one of texts"),
        ("-arr", "takes numbers"),
        ("size n", "has a size"),
        ("1.0e308 * 10", "too large"),
        ("99999999999999999999 * 1.0e308", "too large"),
    ],
)
def test_what_has_no_value_says_what_was_given(text: str, message: str) -> None:
    with pytest.raises(Problem, match=message):
        value(text)


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("", 1, 1, "found the end, expected a value"),
        ("upper(name", 1, 11, "found the end, expected an operator or ',' or '.' or ')'"),
        ("a +\n  * b", 2, 3, "found '*', expected a value"),
        ("a)", 1, 2, "found ')', expected an operator or '.' or '->' or the end"),
        ("a b", 1, 3, "found 'b', expected"),
        ("a..b", 1, 3, "found '.', expected a name"),
        ("[1,", 1, 4, "found the end, expected a value"),
        ("1 +\n'open", 2, 1, "a text may not be closed"),
        ("{}", 1, 2, "the empty map is written {:}"),
        ("a = 1", 1, 3, "values are compared with =="),
        ("var x = 1", 1, 5, "statements are no part of expressions"),
        ("if (a) { b }", 1, 8, "statements are no part of expressions"),
        ("size == 3", 1, 6, "a field of that name is written ${size}"),
        ("@type", 1, 1, "is written ${…}"),
        ("1e3", 1, 1, "real numbers are written with a point"),
        ("089", 1, 1, "octal"),
        ("a + ${}", 1, 5, "empty name"),
        ("f((1) -> 2)", 1, 4, "plain name"),
        ("f((x, x) -> 2)", 1, 3, "each parameter once"),
        ("'\ud800'", 1, 2, "surrogate"),
        ("a" * 4097, 1, 1, "at most 4096 characters"),
        ("!" * 200 + "a", 1, DEEPEST + 1, "nested in more than"),
        ("1.0e999", 1, 1, "too large"),
        ("9" * 401, 1, 1, "digits"),
    ],
)
def test_what_cannot_be_read_says_where_and_what_would_be_right(
    text: str, line: int, column: int, message: str
) -> None:
    with pytest.raises(SyntaxProblem) as caught:
        parse(text)
    assert caught.value.position[:2] == (line, column)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"line {line}, column {column}: ")


@pytest.mark.parametrize(
    ("text", "kind", "column", "message"),
    [
        ("1 + uper(name)", UnknownFunction, 5, "there is no function 'uper'; the nearest names are upper"),
        ("UPPER(name)", UnknownFunction, 1, "upper"),
        ("equals(name, 'x')", UnknownFunction, 1, "value.equals(…), which is a method"),
        ("name.equal('x')", UnknownFunction, 6, "there is no method 'equal'; the nearest names are equals"),
        ("instr(name)", WrongArguments, 1, "instr takes 2 to 4 arguments, and 1 are given"),
        ("nullify(1)", WrongArguments, 1, "nullify takes 0 arguments, and 1 are given"),
        ("concat()", WrongArguments, 1, "concat takes at least 1 arguments, and 0 are given"),
        ("name.equals()", WrongArguments, 6, "takes 1 arguments"),
        ("x -> x", WrongArguments, 1, "a lambda is the second argument of filterArray or transformArray"),
        ("first(x -> x)", WrongArguments, 7, "a lambda is the second argument"),
        ("[x -> x]", WrongArguments, 2, "a lambda is the second argument"),
        ("filterArray(arr, (a, b) -> a)", WrongArguments, 18, "has one parameter"),
    ],
)
def test_calls_that_can_never_work_are_found_before_any_record(
    text: str, kind: type[SyntaxProblem], column: int, message: str
) -> None:
    with pytest.raises(SyntaxProblem) as caught:
        compiled(parse(text), SURROUNDINGS)
    assert type(caught.value) is kind
    assert caught.value.position.column == column
    assert message in str(caught.value)


@settings(max_examples=300, deadline=None)
@given(tree=trees)
def test_what_is_printed_reads_as_the_same_tree(tree: Any) -> None:
    assert repr(bare(parse(printed(tree)))) == repr(bare(tree))


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(text=any_texts)
def test_no_text_stops_the_parser_or_the_compiler_or_an_evaluation(text: str) -> None:
    began = time.monotonic()
    try:
        tree = parse(text)
        assert parse(printed(tree)) == tree
        references(tree)
        warnings(tree)
        evaluate = compiled(tree, SURROUNDINGS)
    except SyntaxProblem as problem:
        assert 0 <= problem.position.offset <= len(text)
    else:
        with suppress(Problem):
            evaluate(RECORD)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "text",
    [
        "(" * 4096,
        "(" * 2048 + "1" + ")" * 2047,
        "[" * 2048 + "]" * 2048,
        "{1:" * 1024,
        "-" * 4095 + "1",
        "a+" * 2047 + "a",
        "a?" * 2047,
        "a.b" * 1365,
        "a" + "[0]" * 1365,
        "a" + "[*]" * 1365,
        "a" + ".get(0)" * 580,
        "a||" * 1364 + "a",
        "x->" * 1364 + "x",
        "upper(" * 600 + "a" + ")" * 400,
        "'" + "\\'" * 2040,
        "/*" * 2048,
        "9" * 4096,
        "1" + "0" * 399 + "*1" + "0" * 399,
        "a =~ '" + "(a*)*" * 700 + "'",
    ],
    ids=lambda text: text[:8],
)
def test_long_texts_of_one_kind_take_no_time(text: str) -> None:
    began = time.monotonic()
    with suppress(SyntaxProblem, Problem):
        compiled(parse(text), SURROUNDINGS)({"a": "a" * 10_000 + "b"})
    assert time.monotonic() - began < 5


def nested_lambdas(depth: int, body: str) -> str:
    for level in range(depth):
        body = f"transformArray(big, x{level} -> {body})"
    return body


@pytest.mark.parametrize(
    "text",
    [
        nested_lambdas(8, "1"),
        "transformArray(big, x -> md5(lpad(x, 1000000, 'z')))",
        "size_of(transformArray(big, x -> size (text + text)))",
        nested_lambdas(2, "text"),
        "flattenArray(" * 5 + "transformArray(" * 5 + "big" + ", x -> [x, x, x, x, x, x, x, x, x, x, x, x]))" * 5,
    ],
)
def test_lambdas_that_multiply_come_to_an_end(text: str) -> None:
    record = {"big": list(range(300)), "text": "x" * 100_000}
    began = time.monotonic()
    with pytest.raises((Problem, SyntaxProblem)):
        compiled(parse(text), SURROUNDINGS)(record)
    assert time.monotonic() - began < 10


def test_an_expression_has_few_lambdas() -> None:
    text = " + ".join(["filterArray(arr, x -> x)"] * 11)
    with pytest.raises(SyntaxProblem, match="at most 10 lambdas"):
        compiled(parse(text), SURROUNDINGS)


def test_what_is_deepest_still_runs() -> None:
    text = "(" * 50 + "iif(true, " * (DEEPEST - 1) + "n" + ", 0)" * (DEEPEST - 1) + ")" * 50
    assert value(text) == 5
    nested = "first(to_array(true, " * (DEEPEST // 2 - 1) + "n" + "))" * (DEEPEST // 2 - 1)
    assert value(nested) == 5


def test_one_compiled_expression_serves_records_that_differ() -> None:
    evaluate = compiled(parse("transformArray(list, x -> x + offset)"), SURROUNDINGS)
    assert evaluate({"list": [1], "offset": 1}) == [2]
    assert evaluate({"list": [1], "offset": 5}) == [6]
    assert evaluate({}) is None


def test_constants_give_each_record_its_own_array() -> None:
    evaluate = compiled(parse("['a', 'b']"), SURROUNDINGS)
    evaluate({}).append("c")
    assert evaluate({}) == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "attributes"),
    [
        ("concat(upper(name), person.name.first, name)", ["name", "person.name.first"]),
        ("emails[0].email + emails[n].email", ["emails[0].email", "emails", "n"]),
        (r"${First\.Name} + ${or}", [r"${First\.Name}", "${or}"]),
        ("filterArray(orgs, org -> org.founded > limit)", ["orgs", "limit"]),
        ("emails[*].email.size()", ["emails[*].email"]),
        ("object_to_map(addresses, type)", ["addresses"]),
        ("object_to_map('k', type)", ["type"]),
        ("1 + 2", []),
    ],
)
def test_the_attributes_of_an_expression_are_known(text: str, attributes: list[str]) -> None:
    assert references(parse(text)) == attributes


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("date.equals('x') + date('2020-01-01')", ["date is the name of a function: write ${date}"]),
        ("upper(new)", ["new is reserved: write ${new}"]),
        ("${date} + person.date", []),
        ("is_set('a')", ["is_set is deprecated: use contains_key"]),
    ],
)
def test_what_may_not_work_elsewhere_is_warned_of(text: str, messages: list[str]) -> None:
    found = [warned.message for warned in warnings(parse(text))]
    assert len(found) == len(messages)
    assert all(one.startswith(message) for one, message in zip(found, messages, strict=True))


def test_the_steps_of_an_expression_come_in_the_order_in_which_they_are_made() -> None:
    tree = parse("iif(n > 4, upper(name), filterArray(arr, x -> x > 1))")
    assert [printed(step) for step in calculated(tree)][:4] == ["n", "n > 4", "name", "upper(name)"]
    assert [printed(step) for step in calculated(tree)][4:] == ["arr", "filterArray(arr, x -> x > 1)", printed(tree)]


def test_equality_of_arrays_and_objects_looks_inside() -> None:
    assert value("[1, 'a'] == [1, 'a'] && {'a': [1]} == {'a': [1]} && [1] != [2]") is True


def test_a_call_of_the_language_is_no_slower_than_a_few_microseconds() -> None:
    evaluate = compiled(
        parse('iif(name != null && name != "", upper(name), concat(name, " ", person.name.first))'), SURROUNDINGS
    )
    began = time.perf_counter()
    for _ in range(10_000):
        evaluate(RECORD)
    assert time.perf_counter() - began < 0.5
