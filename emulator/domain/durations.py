"""ISO-8601 durations as milliseconds."""

from __future__ import annotations

import re

_MS = {"W": 604_800_000, "D": 86_400_000, "H": 3_600_000, "M": 60_000, "S": 1000}
_DATE, _TIME = "WD", "HMS"
_NUMBER = r"(?:(\d{1,9}(?:[.,]\d{1,9})?)%s)?"
_PATTERN = re.compile(
    "P" + "".join(_NUMBER % unit for unit in _DATE) + "(T" + "".join(_NUMBER % unit for unit in _TIME) + ")?",
    re.ASCII,
)


def milliseconds(text: str) -> int:
    """``P7D``, ``PT1H30M``, ``P1DT0.5S``. Years and months have no fixed length. Raises ``ValueError``."""
    found = _PATTERN.fullmatch(text)
    if found is None:
        raise ValueError("expected an ISO-8601 duration of weeks, days, hours, minutes and seconds, such as P7D")
    weeks, days, time, *times = found.groups()
    given = dict(zip(_DATE + _TIME, (weeks, days, *times), strict=True))
    if not any(given.values()) or time == "T":
        raise ValueError("the duration names no number of anything, such as PT15M does")
    return round(sum(float(number.replace(",", ".")) * _MS[unit] for unit, number in given.items() if number))
