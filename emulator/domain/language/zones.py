"""Time zones by id, by offset and by the short names that dates are written with."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from emulator.domain.language.values import Problem

_ID = re.compile(r"[A-Za-z][A-Za-z0-9_+\-]*(?:/[A-Za-z0-9_+\-]+)*")
_OFFSET = re.compile(r"(?:UTC|GMT|UT)?([+-])([0-9]{1,2})(?::?([0-9]{2}))?")
_LARGEST_OFFSET = timedelta(hours=18)
_LONGEST_ID = 64
# Minutes east of UTC. A short name always means its own offset, as the published sample has it: a date
# in October with PST is eight hours behind UTC.
_SHORT_NAMES = {
    "ACDT": 630, "ACST": 570, "ADT": -180, "AEDT": 660, "AEST": 600, "AKDT": -480, "AKST": -540, "AST": -240,
    "AWST": 480, "BST": 60, "CAT": 120, "CDT": -300, "CEST": 120, "CET": 60, "CST": -360, "EAT": 180, "EDT": -240,
    "EEST": 180, "EET": 120, "EST": -300, "HKT": 480, "HST": -600, "IST": 330, "JST": 540, "KST": 540, "MDT": -360,
    "MSK": 180, "MST": -420, "NDT": -150, "NST": -210, "NZDT": 780, "NZST": 720, "PDT": -420, "PKT": 300, "PST": -480,
    "SAST": 120, "SGT": 480, "WAT": 60, "WEST": 60, "WET": 0,
}  # fmt: skip
_UTC_NAMES = ("UTC", "GMT", "UT", "Z", "Etc/UTC", "Zulu")


@lru_cache(maxsize=1024)
def zone(name: str) -> tzinfo:
    """The zone with an id (``Europe/Paris``), or an offset (``+02:00``, ``UTC+2``); raises ``Problem`` without."""
    if name in _UTC_NAMES:
        return UTC
    fixed = offset(name)
    if fixed is not None:
        return fixed
    if len(name) <= _LONGEST_ID and _ID.fullmatch(name):
        try:
            return ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            pass
    raise Problem(f"there is no time zone {name[:_LONGEST_ID]!r}: write an id such as Europe/Paris, UTC or +02:00")


@lru_cache(maxsize=1024)
def named_zone(name: str) -> tzinfo:
    """As ``zone``, with short names such as PST in any case."""
    minutes = _SHORT_NAMES.get(name.upper())
    return zone(name) if minutes is None else timezone(timedelta(minutes=minutes), name.upper())


def offset(text: str) -> tzinfo | None:
    """The zone of ``Z``, ``+02``, ``+0200``, ``+02:00`` or ``GMT+2``; None for anything else."""
    if text in _UTC_NAMES:
        return UTC
    match = _OFFSET.fullmatch(text)
    if match is None:
        return None
    sign, hours, minutes = match[1], int(match[2]), int(match[3] or 0)
    distance = timedelta(hours=hours, minutes=minutes)
    if minutes > 59 or distance > _LARGEST_OFFSET:
        return None
    if not distance:
        return UTC
    return timezone(-distance if sign == "-" else distance)


def zone_id(moment: datetime) -> str:
    """The id of a date's zone: ``Europe/Paris``, ``UTC`` or an offset."""
    if isinstance(moment.tzinfo, ZoneInfo):
        return moment.tzinfo.key
    return printed_offset(moment, ":") if minutes_east(moment) else "UTC"


def zone_name(moment: datetime) -> str:
    """The short name of a date's zone (``PDT``), its offset where it has none."""
    name = moment.tzname() or ""
    return name if name.isalpha() else printed_offset(moment, ":")


def minutes_east(moment: datetime) -> int:
    """Seconds of old local times are left out, as offsets are written without them."""
    return int((moment.utcoffset() or timedelta()) / timedelta(minutes=1))


def printed_offset(moment: datetime, separator: str) -> str:
    """``+0200`` with the separator between hours and minutes."""
    minutes = minutes_east(moment)
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02d}{separator}{rest:02d}"
