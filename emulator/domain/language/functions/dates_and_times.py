"""Functions on dates. They take dates, not texts: ``date`` makes one of the other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from emulator.domain.language import zones
from emulator.domain.language.date_letters import FIELDS
from emulator.domain.language.date_patterns import in_zone
from emulator.domain.language.dates import as_date, print_date, read_date
from emulator.domain.language.registry import function
from emulator.domain.language.texts import unless_null
from emulator.domain.language.values import Problem, Surroundings, Value, as_integer, as_text, shown

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_COMPONENTS = {
    "year": ("yyyy", "yy"),
    "quarter": ("qq", "q"),
    "month": ("mm", "m"),
    "day of year": ("dayofyear", "dy", "y"),
    "day": ("dd", "d"),
    # ``w`` is documented for the weekday too.
    "week": ("ww", "w"),
    "weekday": ("dw",),
    "hour": ("hh", "hh24"),
    "half hour to 12": ("hh12",),
    "minute": ("mi", "n"),
    "second": ("ss", "s"),
    "millisecond": ("sss", "ms"),
}
_BY_NAME = {name: field for field, short in _COMPONENTS.items() for name in (field, *short)}
_SETTABLE = ("year", "month", "day", "hour", "minute", "second")


def _given_date(value: Value) -> datetime:
    if not isinstance(value, datetime):
        raise Problem(f"a date is needed, and {shown(value)} was given: make one with date(…)")
    return value


def _component(name: Value) -> str:
    field = _BY_NAME.get(as_text(name).lower())
    if field is None:
        raise Problem(f"a date has no component {as_text(name)[:40]!r}: name one of {', '.join(_BY_NAME)}")
    return field


def _in_range(parts: dict[str, int], zone: Value) -> datetime:
    try:
        return in_zone(datetime(**parts), {"zone": zone})  # type: ignore[arg-type]
    except (ValueError, OverflowError) as wrong:
        raise Problem(f"there is no such date: {wrong}") from None


@function("now", 0, surrounded=True)
def now(surroundings: Surroundings) -> Value:
    return surroundings.now()


@function("timestamp", 0, surrounded=True)
def timestamp(surroundings: Surroundings) -> Value:
    """Milliseconds since 1970."""
    return (surroundings.now() - _EPOCH) // timedelta(milliseconds=1)


@function("date", 1, 3)
def date(value: Value, pattern: Value = None, default: Value = None) -> Value:
    """The pattern describes the text given. ``default`` stands in for null only, not for what does not fit."""
    if value is None:
        return None if default is None else _given_date(default)
    if pattern is None or isinstance(value, datetime):
        return as_date(value)
    return read_date(as_text(value), as_text(pattern))


@function("format", 2)
@unless_null
def format_(moment: Value, pattern: Value) -> Value:
    return print_date(_given_date(moment), as_text(pattern))


@function("dformat", 2)
@unless_null
def dformat(milliseconds: Value, pattern: Value) -> Value:
    """Milliseconds since 1970, printed in UTC."""
    try:
        moment = _EPOCH + timedelta(milliseconds=as_integer(milliseconds))
    except OverflowError:
        raise Problem(f"{shown(milliseconds)} milliseconds since 1970 lie outside the years 1 to 9999") from None
    return print_date(moment, as_text(pattern))


@function("date_part", 2)
@unless_null
def date_part(component: Value, moment: Value) -> Value:
    """Weeks are those of ISO-8601 and weekdays count from Monday, 1."""
    field, given = _component(component), _given_date(moment)
    return given.microsecond // 1000 if field == "millisecond" else FIELDS[field](given)


@function("set_date_part", 3)
@unless_null
def set_date_part(component: Value, value: Value, moment: Value) -> Value:
    """A day that the new month does not have becomes its last one, as in Java."""
    field, number, given = _component(component), as_integer(value), _given_date(moment)
    if field not in _SETTABLE:
        raise Problem(f"{field} cannot be set: set one of {', '.join(_SETTABLE)}")
    parts = {name: getattr(given, name) for name in (*_SETTABLE, "microsecond")}
    parts[field] = number
    if field in ("year", "month"):
        parts["day"] = min(parts["day"], _days_in(parts["year"], parts["month"]))
    return _in_range(parts, given.tzinfo)


def _days_in(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


@function("make_date_time", 8, aliases=("make_timestamp",))
@unless_null
def make_date_time(*arguments: Value) -> Value:
    """Year, month, day, hour, minute, second, nanosecond and zone; below the microsecond nothing is kept."""
    *numbers, zone = arguments
    year, month, day, hour, minute, second, nanosecond = map(as_integer, numbers)
    parts = {"year": year, "month": month, "day": day, "hour": hour, "minute": minute, "second": second}
    return _in_range({**parts, "microsecond": nanosecond // 1000}, zones.zone(as_text(zone)))


@function("zone_date_to_utc", 1)
@unless_null
def zone_date_to_utc(moment: Value) -> Value:
    return _given_date(moment).astimezone(UTC)


@function("zone_date_to_zone", 2)
@unless_null
def zone_date_to_zone(moment: Value, zone: Value) -> Value:
    given, wanted = _given_date(moment), zones.zone(as_text(zone))
    try:
        return given.astimezone(wanted)
    except (ValueError, OverflowError):
        raise Problem(f"{shown(moment)} lies outside the years 1 to 9999 in {as_text(zone)}") from None
