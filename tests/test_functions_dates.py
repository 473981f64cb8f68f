"""Functions on dates: documented values, every letter of the patterns, zones, and dates that cannot be."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.domain.language import date_patterns
from emulator.domain.language.dates import DEFAULT_PATTERNS, as_date, print_date, read_date
from emulator.domain.language.values import Problem, printed_date
from tests.language_values import NOON, called

AUTUMN = datetime(2019, 10, 17, 11, 55, 12, tzinfo=UTC)
LOS_ANGELES = "America/Los_Angeles"


def printed(value: Any) -> Any:
    return printed_date(value) if isinstance(value, datetime) else value


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["2019-10-23 11:24", "yyyy-MM-dd HH:mm", NOON], "2019-10-23T11:24:00Z"),
        (["2019-10-23 11:24", "yyyy-MM-dd HH:mm"], "2019-10-23T11:24:00Z"),
        (["2019-10-23 11:24"], "2019-10-23T11:24:00Z"),
        (["2020-12-31", "yyyy-MM-dd"], "2020-12-31T00:00:00Z"),
        ([None, "yyyy-MM-dd", NOON], "2024-02-29T12:00:00Z"),
        ([None, "yyyy-MM-dd"], None),
        ([None], None),
        ([AUTUMN, "yyyy"], "2019-10-17T11:55:12Z"),
        (["12112020"], "2020-12-11T00:00:00Z"),
        ([20191023], "2019-10-23T00:00:00Z"),
        (["20191023"], "2019-10-23T00:00:00Z"),
        (["2019/10/23"], "2019-10-23T00:00:00Z"),
        (["2019.10.23"], "2019-10-23T00:00:00Z"),
        (["2019-Oct-23"], "2019-10-23T00:00:00Z"),
        (["2019-OCT-23"], "2019-10-23T00:00:00Z"),
        (["10-23-2019"], "2019-10-23T00:00:00Z"),
        (["5/07/2019"], "2019-05-07T00:00:00Z"),
        (["23.10.2019"], "2019-10-23T00:00:00Z"),
        (["23.Oct.2019"], "2019-10-23T00:00:00Z"),
        (["23-Oct-2019"], "2019-10-23T00:00:00Z"),
        (["5/07/2019 01:02:03 PM"], "2019-05-07T13:02:03Z"),
        (["07.5.2019 12:02:03 am"], "2019-05-07T00:02:03Z"),
        (["2019-10-17 11:55:12-0800"], "2019-10-17T19:55:12Z"),
        (["2019-10-17 11:55:12.5"], "2019-10-17T11:55:12.5Z"),
        (["2016-11-09T11:44:44.797"], "2016-11-09T11:44:44.797Z"),
        (["2019-10-23T11:24:00+00:00"], "2019-10-23T11:24:00Z"),
        (["2019-10-23T11:24:00+02"], "2019-10-23T09:24:00Z"),
        (["2019-10-17T11:55:12.000000999-07:00[America/Los_Angeles]"], "2019-10-17T18:55:12Z"),
        (["2019-10-17 11:55:12 PST", "yyyy-MM-dd HH:mm:ss z"], "2019-10-17T19:55:12Z"),
    ],
)
def test_date_reads_what_is_documented(arguments: list[Any], expected: str | None) -> None:
    assert printed(called("date", *arguments)) == expected


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("now", [], "2024-02-29T12:00:00Z"),
        ("timestamp", [], 1709208000000),
        ("format", [as_date("2019-10-23T11:24:00+00:00"), "yyyy-MM-dd HH:mm:ss"], "2019-10-23 11:24:00"),
        ("format", [as_date("2019-10-23 11:24:35"), "yyyy/MM/dd"], "2019/10/23"),
        ("format", [as_date("2019-10-23 11:24:35"), "HH:mm:ss"], "11:24:35"),
        ("dformat", [1571829875000, "yyyy-MM-dd'T'HH:mm:ss.SSSX"], "2019-10-23T11:24:35.000Z"),
        ("dformat", [1571829875, "dd-MMM-yyyy hh:mm"], "19-Jan-1970 04:37"),
        ("dformat", [-1, "yyyy-MM-dd HH:mm:ss.SSS"], "1969-12-31 23:59:59.999"),
        ("set_date_part", ["m", 4, as_date("2016-11-09T11:44:44.797")], "2016-04-09T11:44:44.797Z"),
        ("set_date_part", ["year", 2020, AUTUMN], "2020-10-17T11:55:12Z"),
        ("set_date_part", ["hh", 5, AUTUMN], "2019-10-17T05:55:12Z"),
        ("set_date_part", ["mi", 0, AUTUMN], "2019-10-17T11:00:12Z"),
        ("set_date_part", ["ss", 59, AUTUMN], "2019-10-17T11:55:59Z"),
        ("set_date_part", ["month", 2, as_date("2019-10-31")], "2019-02-28T00:00:00Z"),
        ("set_date_part", ["yy", 2019, as_date("2020-02-29")], "2019-02-28T00:00:00Z"),
        ("make_date_time", [2019, 10, 17, 11, 55, 12, 999, LOS_ANGELES], "2019-10-17T18:55:12Z"),
        ("make_date_time", [2019, 10, 17, 11, 55, 12, 999_000_000, "UTC"], "2019-10-17T11:55:12.999Z"),
        ("make_timestamp", ["2019", 10, 17, 11, 55, 12, 0, "UTC"], "2019-10-17T11:55:12Z"),
        ("zone_date_to_utc", [as_date("2019-10-17 11:55:12-0800")], "2019-10-17T19:55:12Z"),
        ("zone_date_to_zone", [AUTUMN, "Europe/Paris"], "2019-10-17T11:55:12Z"),
    ],
)
def test_the_other_functions_give_what_is_documented(name: str, arguments: list[Any], expected: Any) -> None:
    assert printed(called(name, *arguments)) == expected


def test_a_date_keeps_its_zone_inside_the_language() -> None:
    made = called("make_date_time", 2019, 10, 17, 11, 55, 12, 0, LOS_ANGELES)
    paris = called("zone_date_to_zone", made, "Europe/Paris")
    assert called("format", paris, "yyyy-MM-dd HH:mm:ss VV") == "2019-10-17 20:55:12 Europe/Paris"
    assert called("date_part", "hour", paris) == 20
    assert called("set_date_part", "hour", 0, paris).tzinfo == ZoneInfo("Europe/Paris")
    assert called("zone_date_to_utc", paris).tzinfo == UTC


def test_a_time_that_daylight_saving_leaps_over_moves_on() -> None:
    made = called("make_date_time", 2021, 3, 28, 2, 30, 0, 0, "Europe/Paris")
    assert called("format", made, "HH:mm XXX") == "03:30 +02:00"


COMPONENTS = {
    2019: ["year", "yyyy", "yy"],
    4: ["quarter", "qq", "q", "weekday", "dw"],
    10: ["month", "mm", "m", "MM"],
    290: ["dayofyear", "dy", "y"],
    17: ["day", "dd", "d"],
    42: ["week", "ww", "w"],
    11: ["hour", "hh", "hh24", "hh12"],
    55: ["minute", "mi", "n"],
    12: ["second", "ss", "s"],
    797: ["millisecond", "SSS"],
}


@pytest.mark.parametrize(
    ("component", "expected"), [(name, value) for value, names in COMPONENTS.items() for name in names]
)
def test_every_component_and_its_short_forms_can_be_asked_for(component: str, expected: int) -> None:
    assert called("date_part", component, AUTUMN.replace(microsecond=797_999)) == expected
    assert called("date_part", component.upper(), AUTUMN.replace(microsecond=797_999)) == expected


LETTERS = [
    ("G", "AD"), ("GGGG", "Anno Domini"), ("y", "2019"), ("yy", "19"), ("yyyy", "2019"), ("Y", "2019"),
    ("YYYY", "2019"), ("M", "3"), ("MM", "03"), ("MMM", "Mar"), ("MMMM", "March"), ("L", "3"), ("LLLL", "March"),
    ("w", "10"), ("W", "1"), ("D", "64"), ("DDD", "064"), ("d", "5"), ("dd", "05"), ("F", "1"), ("E", "Tue"),
    ("EEE", "Tue"), ("EEEE", "Tuesday"), ("u", "2"), ("a", "PM"), ("H", "13"), ("HH", "13"), ("k", "13"), ("K", "1"),
    ("KK", "01"), ("h", "1"), ("hh", "01"), ("m", "7"), ("mm", "07"), ("s", "9"), ("ss", "09"), ("S", "0"),
    ("SSS", "042"), ("SSSSSS", "042500"), ("SSSSSSSSS", "042500000"), ("z", "IST"), ("Z", "+0530"),
    ("ZZZZ", "GMT+05:30"), ("ZZZZZ", "+05:30"), ("X", "+0530"), ("XX", "+0530"), ("XXX", "+05:30"),
    ("VV", "Asia/Kolkata"), ("O", "GMT+5:30"), ("OOOO", "GMT+05:30"), ("Q", "1"), ("QQ", "01"), ("QQQ", "Q1"),
    ("QQQQ", "1st quarter"), ("q", "1"), ("'o''clock'", "o'clock"), ("''", "'"), ("''''", "''"), ("-_ü,", "-_ü,"),
]  # fmt: skip
MOMENT = datetime(2019, 3, 5, 13, 7, 9, 42_500, tzinfo=ZoneInfo("Asia/Kolkata"))
WHOLE_SECOND = MOMENT.replace(microsecond=0)


@pytest.mark.parametrize(("pattern", "text"), LETTERS)
def test_every_letter_prints(pattern: str, text: str) -> None:
    assert called("format", MOMENT, pattern) == text


@pytest.mark.parametrize(("pattern", "text"), [pair for pair in LETTERS if pair[1].isascii()])
def test_every_letter_reads_what_it_prints(pattern: str, text: str) -> None:
    whole = f"yyyy-MM-dd HH:mm:ss XXX|{pattern}"
    assert read_date(f"2019-03-05 13:07:09 +05:30|{text}", whole).replace(microsecond=0) == WHOLE_SECOND


@pytest.mark.parametrize(
    ("moment", "pattern", "text"),
    [
        (datetime(2021, 1, 3, tzinfo=UTC), "YYYY-'W'ww-u", "2020-W53-7"),
        (datetime(2021, 1, 3, tzinfo=UTC), "W F", "0 1"),
        (datetime(2021, 1, 4, tzinfo=UTC), "W F", "1 1"),
        (datetime(2021, 1, 3, 0, 5, tzinfo=UTC), "k K h a", "24 0 12 AM"),
        (datetime(2021, 1, 3, 12, 5, tzinfo=UTC), "k K h a", "12 0 12 PM"),
        (datetime(2021, 1, 3, tzinfo=UTC), "X XX XXX Z z VV O OOOO", "Z Z Z +0000 UTC UTC GMT GMT"),
        (datetime(2021, 1, 3, tzinfo=timezone(timedelta(hours=-8))), "X Z z VV O", "-08 -0800 -08:00 -08:00 GMT-8"),
        (datetime(2021, 7, 3, tzinfo=ZoneInfo(LOS_ANGELES)), "z", "PDT"),
        (datetime(5, 1, 3, tzinfo=UTC), "y yyyy", "5 0005"),
    ],
)
def test_letters_at_the_turn_of_their_cycles(moment: datetime, pattern: str, text: str) -> None:
    assert print_date(moment, pattern) == text
    whole = f"yyyy-MM-dd HH XXX|{pattern}"
    assert read_date(print_date(moment, whole), whole) == moment.replace(minute=0)


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        ("2020-W53-7", "YYYY-'W'ww-u", "2021-01-03T00:00:00Z"),
        ("2020 060", "yyyy DDD", "2020-02-29T00:00:00Z"),
        ("2020 Q3", "yyyy QQQ", "2020-07-01T00:00:00Z"),
        ("2020", "yyyy", "2020-01-01T00:00:00Z"),
        ("10:30", "HH:mm", "1970-01-01T10:30:00Z"),
        ("3 pm", "h a", "1970-01-01T15:00:00Z"),
        ("2019年7月", "yyyy年M月", "2019-07-01T00:00:00Z"),
        ("UTC\t\u00a0\0\n1999", "zzz\t\u00a0\0\ny", "1999-01-01T00:00:00Z"),
        ("1\t\0\n1 1 1 1 1 1 1 1 1 1", "d\t\0\nd d d d d d d d d d", "1970-01-01T00:00:00Z"),
        ("24:05", "kk:mm", "1970-01-01T00:05:00Z"),
        ("1/2/19", "M/d/yy", "2019-01-02T00:00:00Z"),
        ("5JANUARY2019", "dMMMMyyyy", "2019-01-05T00:00:00Z"),
        ("20190105131415678", "yyyyMMddHHmmssSSS", "2019-01-05T13:14:15.678Z"),
        ("2019-07-05 12:00 Europe/Paris", "yyyy-MM-dd HH:mm VV", "2019-07-05T10:00:00Z"),
        ("2019-07-05 12:00 cest", "yyyy-MM-dd HH:mm z", "2019-07-05T10:00:00Z"),
        ("2019-07-05 12:00 GMT+2", "yyyy-MM-dd HH:mm O", "2019-07-05T10:00:00Z"),
    ],
)
def test_patterns_read_dates(text: str, pattern: str, expected: str) -> None:
    assert printed(called("date", text, pattern)) == expected


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("December 31st, 2020", "yyyy-MM-dd"),
        ("23-Oct-2019 11:24", "yyyy-MM-dd HH:mm"),
        ("2019-02-29", "yyyy-MM-dd"),
        ("2019-13-01", "yyyy-MM-dd"),
        ("2019-1-01", "yyyy-MM-dd"),
        ("2019-01-01 ", "yyyy-MM-dd"),
        ("2019-01-01\n", "yyyy-MM-dd"),
        ("24:00", "HH:mm"),
        ("13 PM", "hh a"),
        ("12:60", "HH:mm"),
        ("Mon 2019-01-01", "EEE yyyy-MM-dd"),
        ("14 AM", "HH a"),
        ("2019 2020", "yyyy yyyy"),
        ("0001-01-01 +14:00", "yyyy-MM-dd XXX"),
        ("2019-01-01 +19:00", "yyyy-MM-dd XXX"),
        ("2019-01-01 Mars/Base", "yyyy-MM-dd VV"),
        ("٢٠١٩", "yyyy"),
        ("ſep 2019", "MMM yyyy"),
        ("ſep ſep ſep 1 1 1 1 1 1 UTC UTC", "MMM MMM MMM d d d d d d z z"),
        ("\ud800", "yyyy z z z"),
        ("2019" + "0" * 1000, "y"),
    ],
)
def test_what_does_not_fit_the_pattern_or_the_calendar_is_a_problem(text: str, pattern: str) -> None:
    with pytest.raises(Problem, match="is no date of the form"):
        called("date", text, pattern)


@pytest.mark.parametrize(
    "text", ["", "x", "2019-02-29", "31122020", "2019-10-23T25:00", "1571850624571", "2019-10-23T"]
)
def test_what_is_no_date_in_any_known_form_is_a_problem(text: str) -> None:
    with pytest.raises(Problem, match="is no date in a known form"):
        called("date", text)


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("format", ["2019-10-23", "yyyy"], "make one with date(…)"),
        ("date_part", ["year", 2019], "make one with date(…)"),
        ("date", [True], "a date is needed"),
        ("date", [None, "yyyy", "2020"], "make one with date(…)"),
        ("date_part", ["fortnight", AUTUMN], "no component 'fortnight'"),
        ("set_date_part", ["quarter", 1, AUTUMN], "year, month, day, hour, minute, second"),
        ("set_date_part", ["month", 13, AUTUMN], "month must be in 1..12"),
        ("set_date_part", ["year", 10**30, AUTUMN], "no such date"),
        ("make_date_time", [2019, 2, 29, 0, 0, 0, 0, "UTC"], "no such date"),
        ("make_date_time", [1, 1, 1, 0, 0, 0, 0, "+14:00"], "no such date"),
        ("make_date_time", [2019, 1, 1, 0, 0, 0, 10**9, "UTC"], "no such date"),
        ("make_date_time", [2019, 1, 1, 0, 0, 0, 0, "../etc"], "no time zone"),
        ("zone_date_to_zone", [AUTUMN, "America"], "such as Europe/Paris"),
        ("zone_date_to_zone", [datetime(9999, 12, 31, 23, tzinfo=UTC), "+14:00"], "outside the years 1 to 9999"),
        ("dformat", [10**18, "yyyy"], "outside the years 1 to 9999"),
        ("format", [AUTUMN, "yyyy-MM-ddTHH"], "no letter 'T'"),
        ("format", [AUTUMN, "yyyyy"], "5 times in a row"),
        ("format", [AUTUMN, "SSSSSSSSSS"], "10 times in a row"),
        ("format", [AUTUMN, "'open"], "not closed"),
        ("format", [AUTUMN, "yyyy\ud800"], "surrogate pair"),
        ("format", [AUTUMN, "y" * 200], "at most 100"),
    ],
)
def test_problems_say_what_was_wrong_and_what_would_be_right(name: str, arguments: list[Any], words: str) -> None:
    with pytest.raises(Problem, match=re.escape(words)):
        called(name, *arguments)


def test_reading_takes_no_longer_where_the_parts_have_no_fixed_length() -> None:
    for pattern, text in [("zV" * 49 + "d", "a" * 199), ("dMyHms" * 16, "1" * 199), ("zdVd", "+" + "a1" * 90)]:
        with pytest.raises(Problem, match="is no date of the form"):
            read_date(text, pattern)


def test_each_default_pattern_reads_what_it_prints() -> None:
    for pattern in DEFAULT_PATTERNS:
        text = print_date(AUTUMN, pattern)
        assert as_date(text).date() == AUTUMN.date(), text


MOMENTS = st.datetimes(
    min_value=datetime(1, 1, 3),
    max_value=datetime(9999, 12, 29),
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=-8)), timezone(timedelta(hours=5, minutes=45))]),
)
DATES = st.sampled_from(
    [
        "yyyy-MM-dd",
        "d MMMM yyyy",
        "yyyyMMdd",
        "M/d/y",
        "EEEE, dd-MMM-yyyy",
        "yyyy DDD",
        "YYYY-'W'ww-u",
        "Q yyyy MM dd G",
    ]
)
TIMES = st.sampled_from(
    ["HH:mm:ss.SSSSSS", "h:m:s.SSSSSS a", "kkmmssSSSSSS", "KK 'o''clock' a mm ss SSSSSS", "H'h'm'm's's' SSSSSSSSS"]
)
OFFSETS = st.sampled_from(["XXX", "XX", "X", "Z", "ZZZZ", "ZZZZZ", "O", "OOOO", "z", "VV"])


@given(MOMENTS, DATES, TIMES, OFFSETS)
def test_what_a_pattern_prints_it_reads(moment: datetime, day: str, time: str, offset: str) -> None:
    pattern = f"{day} {time} {offset}"
    text = print_date(moment, pattern)
    assert read_date(text, pattern) == moment
    if "'" not in pattern:
        assert read_date(text.upper(), pattern) == moment


@given(MOMENTS)
def test_what_is_written_into_records_is_read_as_the_same_instant(moment: datetime) -> None:
    assert as_date(printed_date(moment)) == moment


@given(st.text(st.sampled_from("GyYMLwWDdFEuaHkKhmsSzZXVOQq'- x:é"), max_size=20), MOMENTS, st.text(max_size=30))
def test_any_pattern_and_text_give_a_date_or_a_problem(pattern: str, moment: datetime, text: str) -> None:
    try:
        printed_text = print_date(moment, pattern)
    except Problem:
        return
    for one in (printed_text, text):
        found = date_patterns.compiled(pattern).read(one)
        assert found is None or printed_date(found)
