"""The letters of Java's date patterns: what each one reads, and what it prints.

The documented table mixes the letters of two Java classes; ``u`` is the day of the week, as there. One
letter reads as many digits as there are, two and more read exactly so many, so that fields may touch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from emulator.domain.language.values import Problem
from emulator.domain.language.zones import minutes_east, named_zone, offset, printed_offset, zone, zone_id, zone_name

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
QUARTERS = ("1st quarter", "2nd quarter", "3rd quarter", "4th quarter")
_ZONE_TEXT = r"[A-Za-z][A-Za-z0-9_/+:\-]*|[+\-][0-9]{2}(?::?[0-9]{2})?"


@dataclass(frozen=True)
class Part:
    """One run of a letter in a pattern.

    ``regex`` finds its text, ``read`` turns that into the value of ``field`` (raising ``Problem`` when it
    has none), ``print`` writes the text for a date.
    """

    field: str
    regex: str
    read: Callable[[str], Any]
    print: Callable[[datetime], str]


def week_of_month(moment: datetime) -> int:
    """Weeks start on Monday; the first one has at least four days in the month, days before it are in week 0."""
    first = moment.replace(day=1).weekday()
    return (moment.day - 1 + first) // 7 + (1 if first <= 3 else 0)


# What the fields that a date can be asked for are.
FIELDS: dict[str, Callable[[datetime], int]] = {
    "year": lambda moment: moment.year,
    "week year": lambda moment: moment.isocalendar().year,
    "quarter": lambda moment: (moment.month + 2) // 3,
    "month": lambda moment: moment.month,
    "week": lambda moment: moment.isocalendar().week,
    "week of month": week_of_month,
    "day of year": lambda moment: moment.timetuple().tm_yday,
    "day": lambda moment: moment.day,
    "weekday": lambda moment: moment.isoweekday(),
    "weekday in month": lambda moment: (moment.day + 6) // 7,
    "half": lambda moment: moment.hour // 12,
    "hour": lambda moment: moment.hour,
    "hour to 24": lambda moment: moment.hour or 24,
    "half hour": lambda moment: moment.hour % 12,
    "half hour to 12": lambda moment: moment.hour % 12 or 12,
    "minute": lambda moment: moment.minute,
    "second": lambda moment: moment.second,
    "microsecond": lambda moment: moment.microsecond,
}
# Letters that are numbers: their field and the most digits it has.
_NUMBERS = {
    "w": ("week", 2), "W": ("week of month", 1), "D": ("day of year", 3), "d": ("day", 2), "F": ("weekday in month", 1),
    "u": ("weekday", 1), "H": ("hour", 2), "k": ("hour to 24", 2), "K": ("half hour", 2), "h": ("half hour to 12", 2),
    "m": ("minute", 2), "s": ("second", 2),
}  # fmt: skip


def part(letter: str, count: int) -> Part:
    """What ``count`` times ``letter`` stands for; raises ``Problem`` for letters and counts that mean nothing."""
    found = _number_part(letter, count) if letter in _NUMBERS else None
    if found is None and letter in _OTHERS:
        found = _OTHERS[letter](letter, count)
    if found is not None:
        return found
    if letter in _NUMBERS or letter in _OTHERS:
        raise Problem(f"the letter {letter!r} cannot stand {count} times in a row in a date pattern")
    raise Problem(f"a date pattern has no letter {letter!r}: put text that stands for itself between single quotes")


def _digits(field: str, count: int, most: int) -> Part:
    digits = f"[0-9]{{1,{most}}}" if count == 1 else f"[0-9]{{{count}}}"
    value = FIELDS[field]
    return Part(field, digits, int, lambda moment: f"{value(moment):0{count}d}")


def _number_part(letter: str, count: int) -> Part | None:
    field, most = _NUMBERS[letter]
    # Longer runs than the field has digits are printed with zeros before it.
    return _digits(field, count, most) if count <= max(most, 4) else None


def _names(field: str, names: tuple[str, ...], first: int) -> Part:
    """Names in any case, the first of them standing for the number ``first``."""
    numbers = {name.lower(): number for number, name in enumerate(names, first)}
    value = FIELDS[field]
    longest_first = sorted(names, key=len, reverse=True)
    return Part(
        field,
        f"(?i:{'|'.join(longest_first)})",
        lambda text: numbers[text.lower()],
        lambda moment: names[value(moment) - first],
    )


def _year(letter: str, count: int) -> Part | None:
    field = "year" if letter == "y" else "week year"
    if count != 2:
        return _digits(field, count, 4) if count <= 4 else None
    value = FIELDS[field]
    return Part(field, "[0-9]{2}", lambda text: 2000 + int(text), lambda moment: f"{value(moment) % 100:02d}")


def _month(_: str, count: int) -> Part | None:
    if count <= 2:
        return _digits("month", count, 2)
    if count > 4:
        return None
    return _names("month", tuple(name[:3] for name in MONTHS) if count == 3 else MONTHS, 1)


def _day_name(_: str, count: int) -> Part | None:
    if count > 4:
        return None
    return _names("weekday", tuple(name[:3] for name in DAYS) if count <= 3 else DAYS, 1)


def _quarter(_: str, count: int) -> Part | None:
    if count <= 2:
        return _digits("quarter", count, 1)
    if count > 4:
        return None
    return _names("quarter", ("Q1", "Q2", "Q3", "Q4") if count == 3 else QUARTERS, 1)


def _half(_: str, count: int) -> Part | None:
    return _names("half", ("AM", "PM"), 0) if count <= 2 else None


def _era(_: str, count: int) -> Part | None:
    """Dates before the year 1 cannot be kept, so there is one era."""
    name = "AD" if count <= 3 else "Anno Domini"
    return Part("era", f"(?i:{name})", lambda _: 1, lambda _: name) if count <= 4 else None


def _fraction(_: str, count: int) -> Part | None:
    """So many digits of the second; what is below the microsecond is not kept."""
    if count > 9:
        return None

    def printed(moment: datetime) -> str:
        return f"{moment.microsecond:06d}000"[:count]

    return Part("microsecond", f"[0-9]{{{count}}}", lambda text: int(f"{text:0<6}"[:6]), printed)


def read_offset(text: str) -> Any:
    """The zone of an offset; raises ``Problem`` when it is none."""
    found = offset(text)
    if found is None:
        raise Problem(f"{text!r} is no offset from UTC")
    return found


def _localized(count: int) -> Part:
    def printed(moment: datetime) -> str:
        hours, minutes = divmod(abs(minutes_east(moment)), 60)
        if not hours and not minutes:
            return "GMT"
        if count == 4:
            return f"GMT{printed_offset(moment, ':')}"
        return f"GMT{'-' if minutes_east(moment) < 0 else '+'}{hours}{f':{minutes:02d}' if minutes else ''}"

    form = "[0-9]{2}:[0-9]{2}" if count == 4 else "[0-9]{1,2}(?::[0-9]{2})?"
    return Part("offset", f"GMT(?:[+\\-]{form})?", read_offset, printed)


def _offset(letter: str, count: int) -> Part | None:
    if (letter == "O" and count in (1, 4)) or (letter == "Z" and count == 4):
        return _localized(count)
    if letter == "O" or count > (5 if letter == "Z" else 3):
        return None
    separator = ":" if count in (3, 5) and (letter, count) != ("Z", 3) else ""
    form = f"[+\\-][0-9]{{2}}{separator}[0-9]{{2}}"
    if letter == "Z" and count <= 3:
        return Part("offset", form, read_offset, lambda moment: printed_offset(moment, separator))
    short = (letter, count) == ("X", 1)

    def printed(moment: datetime) -> str:
        text = printed_offset(moment, separator) if minutes_east(moment) else "Z"
        return text.removesuffix("00") if short and len(text) == 5 else text

    return Part("offset", "Z|[+\\-][0-9]{2}(?:[0-9]{2})?" if short else f"Z|{form}", read_offset, printed)


def _zone(letter: str, count: int) -> Part | None:
    if count > 4:
        return None
    if letter == "V":
        return Part("zone", _ZONE_TEXT, zone, zone_id)
    return Part("zone", _ZONE_TEXT, named_zone, zone_name)


_OTHERS: dict[str, Callable[[str, int], Part | None]] = {
    "G": _era, "y": _year, "Y": _year, "M": _month, "L": _month, "E": _day_name, "a": _half, "S": _fraction,
    "z": _zone, "V": _zone, "Z": _offset, "X": _offset, "O": _offset, "Q": _quarter, "q": _quarter,
}  # fmt: skip
