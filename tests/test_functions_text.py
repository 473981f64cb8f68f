"""Functions on texts, hashes, URLs, JSON, numbers and choices: documented values, nulls, and what cannot be."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.domain.language import regexes
from emulator.domain.language.compiler import compiled
from emulator.domain.language.parser import parse
from emulator.domain.language.registry import FUNCTIONS
from emulator.domain.language.texts import MOST_CHARACTERS
from emulator.domain.language.values import Problem
from tests.language_values import NOON, SURROUNDINGS, arguments, called, gives_a_value_or_a_problem

ID = SURROUNDINGS.uuid()
# The modules that this file and test_functions_dates.py are about.
MINE = (
    "strings", "regular_expressions", "hashing", "urls", "json_texts", "conversions", "special", "aggregation", "logic",
    "dates_and_times",
)  # fmt: skip
FUNCTIONS_HERE = sorted(name for name, one in FUNCTIONS.items() if one.run.__module__.rpartition(".")[2] in MINE)
MEBIBYTE = 1 << 20


DOCUMENTED: list[tuple[str, list[Any], Any]] = [
    ("concat", ["Hi, ", "there", "!"], "Hi, there!"),
    ("explode", ["Hi, there!", " "], ["Hi,", "there!"]),
    ("instr", ["platform.adobe.com", "adobe"], 9),
    ("replacestr", ["This is a string re test", "re", "replace"], "This is a string replace test"),
    ("substr", ["This is a substring test", 7, 8], " a subst"),
    ("lower", ["HeLLo"], "hello"),
    ("lcase", ["HeLLo"], "hello"),
    ("upper", ["HeLLo"], "HELLO"),
    ("ucase", ["HeLLo"], "HELLO"),
    ("split", ["Hello world", " "], ["Hello", "world"]),
    ("join", [" ", ["Hello", "world"]], "Hello world"),
    ("lpad", ["bat", 8, "yz"], "yzyzybat"),
    ("rpad", ["bat", 8, "yz"], "batyzyzy"),
    ("left", ["abcde", 2], "ab"),
    ("right", ["abcde", 2], "de"),
    ("ltrim", [" hello"], "hello"),
    ("rtrim", ["hello "], "hello"),
    ("trim", [" hello "], "hello"),
    ("extract_regex", ["E259,E259B_009,1_1", "([^,]+),[^,]*,([^,]+)"], ["E259,E259B_009,1_1", "E259", "1_1"]),
    ("matches_regex", ["E259,E259B_009,1_1", "([^,]+),[^,]*,([^,]+)"], True),
    ("sha1", ["my text", "UTF-8"], "c3599c11e47719df18a2448690840c5dfcce3c80"),
    ("sha256", ["my text", "UTF-8"], "7330d2b39ca35eaf4cb95fc846c21ee6a39af698154a83a586ee270a0d372104"),
    (
        "sha512",
        ["my text", "UTF-8"],
        (
            "a3d7e45a0d9be5fd4e4b9a3b8c9c2163c21ef708bf11b4232bb21d2a8704ada2"
            "cdcd7b367dd0788a89a5c908cfe377aceb1072a7b386b7d4fd2ff68a8fd24d16"
        ),
    ),
    ("md5", ["my text", "UTF-8"], "d3b96ce8c9fb4e9bd0198d03ba6852c7"),
    ("crc32", ["my text", "UTF-8"], "8df92e80"),
    ("hash", ["crc32", "Marketing", "UTF-8"], "cbe37016"),
    ("get_url_protocol", ["https://platform.adobe.com/home"], "https"),
    ("get_url_host", ["https://platform.adobe.com/home"], "platform.adobe.com"),
    ("get_url_port", ["sftp://example.com//home/joe/employee.csv"], 22),
    ("get_url_path", ["sftp://example.com//home/joe/employee.csv"], "//home/joe/employee.csv"),
    (
        "get_url_query_str",
        ["foo://example.com:8042/over/there?name=ferret#nose", "append"],
        {"name": "ferret", "_anchor_": "nose"},
    ),
    (
        "get_url_encoded",
        ["https://example.com/partneralliance_asia-pacific_2022"],
        "https%3A%2F%2Fexample.com%2Fpartneralliance_asia-pacific_2022",
    ),
    (
        "get_url_decoded",
        ["https%3A%2F%2Fexample.com%2Fpartneralliance_asia-pacific_2022"],
        "https://example.com/partneralliance_asia-pacific_2022",
    ),
    ("min", [3, 1, 4], 1),
    ("max", [3, 1, 4], 4),
    ("to_bigint", ["1000000.34"], 1000000),
    ("to_decimal", ["20.5"], 20.5),
    ("to_float", ["12.3456"], 12.3456),
    ("to_integer", ["12"], 12),
    (
        "json_to_object",
        ['{"info":{"firstName":"John","lastName": "Doe"}}'],
        {"info": {"firstName": "John", "lastName": "Doe"}},
    ),
    ("uuid", [], ID),
    ("guid", [], ID),
    ("fpid_to_ecid", ["4ed70bee-b654-420a-a3fd-b58b6b65e991"], "28880788470263023831040523038280731744"),
    ("iif", [True, "yes", "no"], "yes"),
    ("iif", [False, "yes", "no"], "no"),
    ("decode", ["ca", "ca", "California", "pa", "Pennsylvania", "N/A"], "California"),
    ("decode", ["pa", "ca", "California", "pa", "Pennsylvania", "N/A"], "Pennsylvania"),
    ("decode", ["ny", "ca", "California", "pa", "Pennsylvania", "N/A"], "N/A"),
]
FOLLOWING: list[tuple[str, list[Any], Any]] = [
    ("concat", [["a", 1, None, True, 1.5]], "a1true1.5"),
    ("concat", [NOON], "2024-02-29T12:00:00Z"),
    ("explode", ["a,b,c"], ["a", "b", "c"]),
    ("explode", ["id1|id2", r"\|"], ["id1", "id2"]),
    ("explode", ["a::b::c", "::"], ["a", "b", "c"]),
    ("explode", [",a,,b,,", ","], ["", "a", "", "b"]),
    ("explode", ["a1b22c", "[0-9]+"], ["a", "b", "c"]),
    ("explode", ["abc", "x*"], ["a", "b", "c"]),
    ("explode", ["", ","], [""]),
    ("explode", [",,", ","], [""]),
    ("split", ["a,,b", ","], ["a", "b"]),
    ("split", ["a-b_c", "-_"], ["a", "b", "c"]),
    ("split", ["a.b", "."], ["a", "b"]),
    ("split", ["ab", ""], ["ab"]),
    ("split", ["", ","], []),
    ("join", ["-", [1, None, True]], "1--true"),
    ("join", ["-", []], ""),
    ("instr", ["abcabc", "c", 3], 5),
    ("instr", ["abcabc", "c", 0, 2], 5),
    ("instr", ["abcabc", "c", 0, 3], -1),
    ("instr", ["abc", "x"], -1),
    ("replacestr", ["aXbXc", "X", "-"], "a-b-c"),
    ("replacestr", ["a.b", ".", "$0"], "a$0b"),
    ("replacestr", ["abc", "", "-"], "abc"),
    ("substr", ["abcdef", 0, 2], "ab"),
    ("substr", ["Too many emails", 0, 100], "Too many emails"),
    ("substr", ["abc", 9, 2], ""),
    ("lpad", ["bat", 5, ""], "  bat"),
    ("lpad", ["bat", 5, None], "  bat"),
    ("lpad", ["bat", 2, "z"], "bat"),
    ("rpad", ["", 3, "ab"], "aba"),
    ("left", ["abc", 10], "abc"),
    ("left", ["abc", -1], ""),
    ("right", ["abc", 10], "abc"),
    ("right", ["abc", 0], ""),
    ("trim", ["\t x\n"], "x"),
    ("extract_regex", ["ab-12", "([a-z]+)-([0-9]+)"], ["ab-12", "ab", "12"]),
    ("extract_regex", ["b", "(a)|(b)"], ["b", None, "b"]),
    ("extract_regex", ["abc", "x"], []),
    ("matches_regex", ["xabcx", "abc"], False),
    ("sha1", ["Marketing"], "e0c534a05742cb00dc61fd7a287ca60edf0922d2"),
    ("md5", ["1538097126"], "b5da665e2f4483cf5d7d6bdcd0293496"),
    ("crc32", ["Marketing"], "cbe37016"),
    ("hash", ["SHA-256", "my text"], "7330d2b39ca35eaf4cb95fc846c21ee6a39af698154a83a586ee270a0d372104"),
    # Java's UTF-16 starts with the byte order mark; ASCII writes a question mark for what it lacks.
    ("crc32", ["", "UTF-16"], FUNCTIONS["crc32"].run("\xfe\xff", "ISO-8859-1")),
    ("md5", ["é", "US-ASCII"], FUNCTIONS["md5"].run("?")),
    ("get_url_host", ["foo://example.com:8042/over/there?name=ferret#nose"], "example.com"),
    ("get_url_host", ["http://user:secret@[2001:db8::1]:80/"], "[2001:db8::1]"),
    ("get_url_host", ["mailto:someone@example.com"], None),
    ("get_url_port", ["foo://example.com:8042/over/there?name=ferret#nose"], 8042),
    ("get_url_port", ["HTTPS://example.com"], 443),
    ("get_url_port", ["foo://example.com"], None),
    ("get_url_port", ["http://example.com:99999/"], None),
    ("get_url_path", ["foo://example.com:8042/over/there?name=ferret#nose"], "/over/there"),
    ("get_url_path", ["sftp://example.com//home/joe/employee.csv", False], "employee.csv"),
    ("get_url_path", ["sftp://example.com//home/joe/employee.csv", "false"], "employee.csv"),
    ("get_url_query_str", ["foo://e.com/?a=1&b=x%20y&c#n", "retain"], {"a": "1", "b": "x%20y", "c": "#n"}),
    ("get_url_query_str", ["foo://e.com/?name=ferret#nose", "retain"], {"name": "ferret#nose"}),
    ("get_url_query_str", ["foo://e.com/?name=ferret#nose", "remove"], {"name": "ferret"}),
    ("get_url_query_str", ["foo://e.com/", "append"], {}),
    ("get_url_encoded", [" !~[*|é+"], "%20%21%7E%5B%2A%7C%C3%A9%2B"),
    ("get_url_decoded", ["%24%26%2C+"], "$&,+"),
    ("min", ["b", "a", "c"], "a"),
    ("max", [["b", "a", "c"]], "c"),
    ("max", ["10", 9], "10"),
    ("min", [None, 2, None, 1], 1),
    ("min", [None], None),
    ("to_float", ["1.5"], 1.5),
    ("to_float", [0.1], 0.1),
    ("to_bigint", ["-2.9"], -2),
    ("to_bigint", ["123456789012345678901234567890"], 123456789012345678901234567890),
    ("json_to_object", [{"a": 1}], {"a": 1}),
    ("json_to_object", ["[1, null]"], [1, None]),
    ("decode", ["x", "a", 1], None),
    ("decode", [1, "1", "one"], "one"),
    ("decode", [None, None, "nothing", "other"], "nothing"),
    ("iif", [None, 1, 2], 2),
]


@pytest.mark.parametrize(("name", "arguments", "expected"), DOCUMENTED, ids=lambda value: str(value)[:40])
def test_documented_examples_give_what_the_documentation_says(name: str, arguments: list[Any], expected: Any) -> None:
    assert called(name, *arguments) == expected


@pytest.mark.parametrize(("name", "arguments", "expected"), FOLLOWING, ids=lambda value: str(value)[:40])
def test_what_follows_from_the_documentation_holds(name: str, arguments: list[Any], expected: Any) -> None:
    result = called(name, *arguments)
    assert result == expected
    assert type(result) is type(expected)


REFUSED: list[tuple[str, list[Any], str]] = [
    ("concat", ["a", ["b"], "c"], "an array"),
    ("instr", ["abc", "b", 0, 0], "count from 1"),
    ("substr", ["abc", -1, 2], "0 or more"),
    ("substr", ["abc", "x", 2], "a number is needed"),
    ("join", [",", "text"], "an array is needed"),
    ("lpad", ["a", MOST_CHARACTERS + 1, "z"], f"more than {MOST_CHARACTERS} characters"),
    ("rpad", ["a", 10**300, "z"], "characters"),
    ("replacestr", ["a" * 2000, "a", "b" * 2000], "characters"),
    ("concat", ["a" * MEBIBYTE, "b"], "characters"),
    ("join", ["x" * 2000, ["a"] * 2000], "characters"),
    ("get_url_encoded", ["é" * (MEBIBYTE // 4)], "characters"),
    ("sha1", ["a", "EBCDIC"], "UTF-8, UTF-16, ISO-8859-1, US-ASCII"),
    ("hash", ["md4", "a"], "crc32, md5"),
    ("get_url_query_str", ["http://e.com", "keep"], "retain, remove and append"),
    ("get_url_decoded", ["100%"], "%25"),
    ("get_url_decoded", ["%zz"], "'%zz'"),
    ("min", [1, "x"], "a number is needed"),
    ("max", [1, {}], "cannot be compared"),
    ("to_integer", ["12.5"], "whole number"),
    ("to_integer", [""], "a number is needed"),
    ("to_decimal", ["twelve"], "'twelve'"),
    ("to_float", ["1e39"], "single precision"),
    ("to_decimal", ["1" * 350], "double precision"),
    ("json_to_object", ["{'a': 1}"], "no JSON"),
    ("json_to_object", [""], "no JSON"),
    ("fpid_to_ecid", ["4ed70bee"], "a UUID such as"),
]


@pytest.mark.parametrize(("name", "arguments", "words"), REFUSED, ids=lambda value: str(value)[:40])
def test_problems_say_what_was_wrong_and_what_would_be_right(name: str, arguments: list[Any], words: str) -> None:
    with pytest.raises(Problem, match=re.escape(words)):
        called(name, *arguments)


@pytest.mark.parametrize(
    "name", [name for name in FUNCTIONS_HERE if FUNCTIONS[name].least > 0 and name not in ("concat", "decode", "iif")]
)
def test_null_in_is_null_out(name: str) -> None:
    assert called(name, *[None] * FUNCTIONS[name].least) is None


@pytest.mark.parametrize("url", ["", "no url", "example.com/path", "http:", "http://a b/", "http://[::1/", "://x"])
def test_what_is_no_url_has_no_parts(url: str) -> None:
    for name in ("get_url_protocol", "get_url_host", "get_url_port", "get_url_path"):
        assert called(name, url) is None
    assert called("get_url_query_str", url, "append") is None


@given(st.text(max_size=30))
def test_a_decoded_text_is_the_one_that_was_encoded(text: str) -> None:
    encoded = called("get_url_encoded", text)
    assert re.fullmatch(r"(?:[A-Za-z0-9._-]|%[0-9A-F]{2})*", encoded)
    assert called("get_url_decoded", encoded) == text


@given(st.lists(st.text("abc", max_size=4), min_size=1, max_size=6))
def test_what_was_joined_explodes_into_the_same_pieces_up_to_empty_ones_at_the_end(members: list[str]) -> None:
    kept = list(members)
    while len(kept) > 1 and not kept[-1]:
        kept.pop()
    assert called("explode", called("join", "|", members), r"\|") == kept
    assert called("split", called("join", "|", members), "|") == [member for member in members if member]


def test_other_device_ids_have_an_ecid_that_stays_the_same() -> None:
    first, again, other = (
        called("fpid_to_ecid", fpid) for fpid in (ID, ID.upper(), "00000000-0000-0000-0000-000000000000")
    )
    assert first == again != other
    assert re.fullmatch("[0-9]{38}", first)


@pytest.mark.parametrize(
    ("regex", "text"),
    [
        (r"\p{Alpha}+", "abc"),
        (r"[\p{Upper}_]+", "A_B"),
        (r"\P{Digit}", "x"),
        (r"[\u0041-\u0043]+", "ABC"),
        (r"a\h+b", "a\u00a0b"),
        (r"[\h,]+", "\u00a0,"),
        (r"\R", "\r\n"),
        (r"\Qa.b(\E", "a.b("),
        (r"[]a]+", "]a"),
        (r"(?<name>a)", "a"),
        (r"a\++", "a++"),
        (r"[*++]+", "+*"),
        (r"(?i)É", "é"),
    ],
)
def test_what_java_writes_differently_is_understood(regex: str, text: str) -> None:
    assert called("matches_regex", text, regex) is True


@pytest.mark.parametrize(
    ("regex", "words"),
    [
        ("(?=a)", "lookahead"),
        ("(?!a)", "lookahead"),
        ("(?<=a)b", "lookbehind"),
        ("(?<!a)b", "lookbehind"),
        (r"(a)\1", "a backreference"),
        (r"(?<n>a)\k<n>", "a backreference"),
        ("(?>a)", "an atomic group"),
        ("a++", "a possessive quantifier"),
        ("a{2}+", "a possessive quantifier"),
        ("[a[b]]", "a class within a class"),
        ("[a-z&&b]", "an intersection"),
        (r"a\Z", r"write \z or $"),
        ("(", "missing )"),
        ("[z-a]", "range"),
        ("a{5000}", "repetition"),
        ("\ud800", "surrogate"),
        ("x" * (regexes.LONGEST_REGEX + 1), "characters"),
    ],
)
def test_what_cannot_run_in_linear_time_is_a_problem_that_names_it(regex: str, words: str) -> None:
    with pytest.raises(Problem, match=re.escape(words)):
        called("matches_regex", "text", regex)


@pytest.mark.parametrize(
    ("name", "text", "regex"),
    [
        ("matches_regex", "a" * 100_000, "(a+)+b"),
        ("matches_regex", "ab" * 500_000, "[ab]*a[ab]{900}"),
        ("extract_regex", "ab" * 500_000, "(?:.?){900}b*c"),
        ("explode", "x" * 200_000, "x.*y|x"),
        ("explode", "ab" * 4_000, "(?:.?){900}c|a"),
        ("explode", "x" * MEBIBYTE, "[xy]"),
    ],
)
def test_no_regular_expression_takes_long(name: str, text: str, regex: str) -> None:
    started = time.perf_counter()
    try:
        called(name, text, regex)
    except Problem as problem:
        assert "up to" in str(problem) or "more than" in str(problem)
    assert time.perf_counter() - started < 10


# Texts that mean something to some function, and numbers at the ends of what can be kept.
MEANINGFUL = st.sampled_from(
    ["yyyy-MM-dd", "year", "UTC", "UTF-8", "append", "http://a:80/?b=c#d", "%", "\ud800", "(a)|b+", "1e400"]
) | st.sampled_from([0, -1, 10**15, 10**300, 2**63])


@pytest.mark.parametrize("name", FUNCTIONS_HERE)
@settings(max_examples=50, deadline=2000)
@given(data=st.data())
def test_any_values_give_a_value_or_a_problem(name: str, data: st.DataObject) -> None:
    known = FUNCTIONS[name]
    most = min(known.most, known.least + 3)
    given = data.draw(st.lists(arguments | MEANINGFUL, min_size=known.least, max_size=most))
    gives_a_value_or_a_problem(name, *given)


@pytest.mark.parametrize(
    ("expression", "record", "expected"),
    [
        (r"explode('id1|id2', '\\|')", {}, ["id1", "id2"]),
        (
            r"json_to_object(${event\.changes})",
            {"event.changes": '{"attributeName":"stage"}'},
            {"attributeName": "stage"},
        ),
        ("decode(type, 'Contact', contactId, 'Lead', leadId, '')", {"type": "Lead", "leadId": "l1"}, "l1"),
        ("iif(reason != null && reason != '', substr(reason, 0, 3), null)", {"reason": "Too many"}, "Too"),
        ("iif(reason != null && reason != '', substr(reason, 0, 3), null)", {}, None),
        ("format(date('2019-10-23 11:24:35'), \"yyyy-MM-dd'T'HH\")", {}, "2019-10-23T11"),
        ("concat(upper(lastName), '-', sha1(organizations[0]))", {"lastName": "a", "organizations": [None]}, "A-"),
        ("max(size_of(tags), to_integer('2'))", {"tags": [1, 2, 3]}, 3),
    ],
)
def test_functions_work_in_expressions(expression: str, record: dict[str, Any], expected: Any) -> None:
    assert compiled(parse(expression), SURROUNDINGS)(record) == expected
