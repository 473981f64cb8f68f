"""Java's date patterns, compiled once: texts to dates and dates to texts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

import re2

from emulator.domain.language.date_letters import FIELDS, Part, part
from emulator.domain.language.values import Problem

LONGEST_PATTERN = 100
LONGEST_DATE = 200
_QUOTE = "'"
_HALF_PAIR = re.compile("[\ud800-\udfff]")
# A text can be shared out among parts of no fixed length in about two to this power ways.
_MOST_WAYS = 20
_VARIABLE = re.compile(r"\{1,|\)\?")


@dataclass(frozen=True)
class DatePattern:
    """A pattern: literal texts and parts in their order, and one regular expression for all of them."""

    pieces: tuple[str | Part, ...]
    parts: tuple[Part, ...]
    match: Callable[[str], Any]

    def print(self, moment: datetime) -> str:
        """The date in its own zone."""
        return "".join(piece if isinstance(piece, str) else piece.print(moment) for piece in self.pieces)

    def has_form(self, text: str) -> bool:
        """Whether the whole text has the form of the pattern, be there such a date or not."""
        try:
            return len(text) <= LONGEST_DATE and self.match(text) is not None
        except UnicodeEncodeError:
            return False

    def read(self, text: str) -> datetime | None:
        """The date that the whole text is; None when it does not fit or there is no such date.

        What a pattern leaves out is the first there is: 1970, January, the 1st, midnight, UTC.
        """
        if len(text) > LONGEST_DATE:
            return None
        try:
            found = self.match(text)
            return None if found is None else _resolved(_values(self.parts, found.groups()))
        except (Problem, KeyError, ValueError, OverflowError):
            return None


@lru_cache(maxsize=512)
def compiled(pattern: str) -> DatePattern:
    """Raises ``Problem`` with what is wrong in the pattern."""
    if len(pattern) > LONGEST_PATTERN:
        raise Problem(f"the date pattern has {len(pattern)} characters, and at most {LONGEST_PATTERN} are taken")
    pieces = tuple(_pieces(pattern))
    parts = tuple(piece for piece in pieces if isinstance(piece, Part))
    return DatePattern(pieces, parts, _matcher(pieces, parts))


def _matcher(pieces: tuple[str | Part, ...], parts: tuple[Part, ...]) -> Callable[[str], Any]:
    """Python's engine is ten times quicker on short texts, and safe where little can be tried in several ways."""
    regex = "".join(re.escape(piece) if isinstance(piece, str) else f"({piece.regex})" for piece in pieces)
    if sum(8 if "*" in one.regex else 2 if _VARIABLE.search(one.regex) else 0 for one in parts) <= _MOST_WAYS:
        return re.compile(regex, re.ASCII).fullmatch
    options = re2.Options()
    options.log_errors = False
    matching: Callable[[str], Any] = re2.compile(regex, options=options).fullmatch
    return matching


def _pieces(pattern: str) -> list[str | Part]:
    if _HALF_PAIR.search(pattern):
        raise Problem("the date pattern holds one half of a surrogate pair, which is no character")
    pieces: list[str | Part] = []
    position = 0
    while position < len(pattern):
        start, character = position, pattern[position]
        if character == _QUOTE:
            text, position = _quoted(pattern, position)
            pieces.append(text)
        elif character.isascii() and character.isalpha():
            while position < len(pattern) and pattern[position] == character:
                position += 1
            pieces.append(part(character, position - start))
        else:
            pieces.append(character)
            position += 1
    return pieces


def _quoted(pattern: str, start: int) -> tuple[str, int]:
    """The text of a quoted piece and where the pattern goes on; two quotes are one, inside and outside."""
    if pattern.startswith(_QUOTE * 2, start):
        return _QUOTE, start + 2
    end = start + 1
    while True:
        end = pattern.find(_QUOTE, end)
        if end < 0:
            raise Problem(f"the date pattern {pattern!r} has a single quote that is not closed")
        if not pattern.startswith(_QUOTE * 2, end):
            return pattern[start + 1 : end].replace(_QUOTE * 2, _QUOTE), end + 1
        end += 2


def _values(parts: tuple[Part, ...], texts: tuple[str, ...]) -> dict[str, Any]:
    """Raises ``ValueError`` when a field is there twice with different values."""
    values: dict[str, Any] = {}
    for one, text in zip(parts, texts, strict=True):
        value = one.read(text)
        if values.setdefault(one.field, value) != value:
            raise ValueError(one.field)
    return values


def _resolved(values: Mapping[str, Any]) -> datetime:
    """One date from all fields; raises ``ValueError`` when they contradict each other or the calendar."""
    day = _day(values)
    moment = datetime(
        day.year, day.month, day.day, _hour(values), values.get("minute", 0), values.get("second", 0),
        values.get("microsecond", 0),
    )  # fmt: skip
    for field, value in values.items():
        if field in FIELDS and FIELDS[field](moment) != value:
            raise ValueError(field)
    return in_zone(moment, values)


def in_zone(moment: datetime, values: Mapping[str, Any]) -> datetime:
    """A time of day in its zone; one that daylight time leaps over moves on, as in Java.

    Raises ``OverflowError`` for what lies outside the years 1 to 9999 in UTC.
    """
    zone = values.get("zone", UTC)
    instant = moment.replace(tzinfo=values.get("offset", zone)).astimezone(UTC)
    return instant.astimezone(values.get("zone") or values.get("offset") or UTC)


def _day(values: Mapping[str, Any]) -> date:
    year = values.get("year", values.get("week year", 1970))
    if "month" not in values and "day" not in values:
        if "day of year" in values:
            return date(year, 1, 1) + timedelta(days=values["day of year"] - 1)
        if "week" in values or "week year" in values:
            return date.fromisocalendar(values.get("week year", year), values.get("week", 1), values.get("weekday", 1))
    month = values.get("month", values.get("quarter", 1) * 3 - 2 if "quarter" in values else 1)
    return date(year, month, values.get("day", 1))


def _hour(values: Mapping[str, Any]) -> int:
    if "hour" in values:
        return int(values["hour"])
    if "hour to 24" in values:
        return int(values["hour to 24"]) % 24
    half = values.get("half hour", values.get("half hour to 12", 0)) % 12
    return int(half) + 12 * int(values.get("half", 0))
