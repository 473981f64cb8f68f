"""Texts as dates where no pattern is given."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

from emulator.domain.language import date_patterns, zones
from emulator.domain.language.date_patterns import DatePattern
from emulator.domain.language.values import Problem, Value, shown

# The documented patterns in the documented order: the first that fits decides.
DEFAULT_PATTERNS = (
    "yyyy-MM-dd HH:mm:ssZ",
    "yyyy-MM-dd HH:mm:ss.SSSZ",
    "yyyy-MM-dd HH:mm:ss.SSS",
    "yyyy-MM-dd'T'HH:mm:ss.SSSX",
    "yyyy-MM-dd'T'HH:mm:ss'Z'",
    "yyyy-MM-dd",
    "yyyy/MM/dd",
    "yyyy.MM.dd",
    "yyyy-MMM-dd",
    "yyyyMMdd",
    "MM-dd-yyyy",
    "MMddyyyy",
    "M/dd/yyyy",
    "dd.M.yyyy",
    "M/dd/yyyy hh:mm:ss a",
    "dd.M.yyyy hh:mm:ss a",
    "dd.MMM.yyyy",
    "dd-MMM-yyyy",
)
_LONGEST_FORM = 40
_DIGIT = re.compile("[0-9]")
# Wider than the list, because published samples are: no seconds, any fraction, the zone id that Java prints.
_ISO = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?"
    r"(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?(?:\[([^\]]{1,64})\])?)?"
)


def as_date(value: Value) -> datetime:
    """A date as it is, a text by ISO-8601 and then by the documented patterns, in UTC where it names no zone.

    Raises ``Problem`` for texts that are no date and for every other kind.
    """
    if isinstance(value, datetime):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if abs(value) < 10**16 else None
    if not isinstance(value, str):
        raise Problem(f"a date is needed, and {shown(value)} was given: write a text such as 2019-10-23T11:24:00Z")
    found = _iso(value)
    if found is None:
        found = _by_default_patterns(value)
    if found is None:
        raise Problem(f"{shown(value)} is no date in a known form, such as 2019-10-23T11:24:00Z: give its pattern")
    return found


def read_date(text: str, pattern: str) -> datetime:
    """The date that a text is under a pattern; raises ``Problem`` when it does not fit or the pattern is wrong."""
    found = date_patterns.compiled(pattern).read(text)
    if found is None:
        raise Problem(f"{shown(text)} is no date of the form {pattern!r}")
    return found


def print_date(moment: datetime, pattern: str) -> str:
    """The date in its own zone; raises ``Problem`` when the pattern is wrong."""
    return date_patterns.compiled(pattern).print(moment)


def _by_default_patterns(text: str) -> datetime | None:
    if len(text) > _LONGEST_FORM:
        return None
    return next(filter(None, (pattern.read(text) for pattern in _candidates(_DIGIT.sub("0", text)))), None)


@lru_cache(maxsize=1024)
def _candidates(form: str) -> list[DatePattern]:
    """The default patterns that a text can have; digits are zeros in it, as which digits does not matter for that."""
    patterns = (date_patterns.compiled(one) for one in DEFAULT_PATTERNS)
    return [pattern for pattern in patterns if pattern.has_form(form)]


def _iso(text: str) -> datetime | None:
    match = _ISO.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, offset, zone = match.groups()
    micros = int(f"{fraction:0<6}"[:6]) if fraction else 0
    try:
        moment = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), micros, tzinfo=UTC
        )
        if not offset and not zone:
            return moment
        placed = {name: zones.zone(given) for name, given in (("offset", offset), ("zone", zone)) if given}
        return date_patterns.in_zone(moment, placed)
    except (Problem, ValueError, OverflowError):
        return None
