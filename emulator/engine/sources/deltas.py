"""The delta column of a table: which rows a run has not read yet.

Documented of the Copy transformation: ``{"name", "dateFormat"?, "timezone"?}``. A row without a value in
it belongs to a first reading of everything and to no other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from emulator.domain.errors import Refusal
from emulator.domain.inference import DATE_TIME, DOUBLE, INTEGER, STRING, Column, instant
from emulator.domain.row_filters import Wanted as Keep
from emulator.domain.row_filters import compile_filters
from emulator.engine.sources.origin import Origin
from emulator.engine.sources.source import UnreadableData, Wanted

Document = dict[str, Any]


@dataclass(frozen=True)
class Delta:
    """A delta column; ``zone`` is where the clock hangs of times that name none."""

    column: Column
    zone: tzinfo

    @property
    def name(self) -> str:
        return self.column.name

    def key(self, value: Any) -> Any:
        """What values of the column are compared by; None for null and for what is not of its kind."""
        kind = self.column.kind
        if kind == DATE_TIME:
            return self.moment(value)
        if kind in (INTEGER, DOUBLE):
            return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
        return value if kind == STRING and isinstance(value, str) else None

    def moment(self, value: Any) -> datetime | None:
        """The instant that a text names, by the column's time zone where it names none."""
        found = instant(value) if isinstance(value, str) else None
        if found is None or self.zone is UTC or _names_zone(value):
            return found
        return found.replace(tzinfo=self.zone).astimezone(UTC)


def _names_zone(text: str) -> bool:
    return datetime.fromisoformat(text).tzinfo is not None


def delta_of(given: Document | None, columns: Iterable[Column], table: str) -> Delta | None:
    """The delta column of a flow, found without regard to case. Raises ``UnreadableData``."""
    if given is None:
        return None
    name, known = str(given["name"]), list(columns)
    exactly = [column for column in known if column.name == name]
    found = exactly or [column for column in known if column.name.lower() == name.lower()]
    if not found:
        names = ", ".join(column.name for column in known)
        raise UnreadableData(f"table {table} has no delta column {name}; its columns are {names}")
    return Delta(found[0], _zone(given.get("timezone")))


def _zone(name: Any) -> tzinfo:
    if name is None or str(name).upper() in ("UTC", "GMT", "Z"):
        return UTC
    try:
        return ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UnreadableData(f"the delta column's timezone {name} is unknown: name one like Europe/Paris") from None


@dataclass(frozen=True)
class Window:
    """Bounds of a time: later than ``first``, up to ``last``; None for no bound."""

    first: datetime | None
    last: datetime | None

    @classmethod
    def of(cls, wanted: Wanted, first: bool) -> Window:
        """A ``first`` reading takes what is newer than ``since``."""
        return cls(_at(wanted.since if first else None), _at(wanted.until))

    @property
    def open(self) -> bool:
        return self.first is None and self.last is None

    def holds(self, moment: datetime) -> bool:
        return (self.first is None or moment > self.first) and (self.last is None or moment <= self.last)


def _at(milliseconds: int | None) -> datetime | None:
    if milliseconds is None:
        return None
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        # A published sample asks for times up to the year 2493, and others are written with a digit more.
        return datetime.max.replace(tzinfo=UTC)


def row_filter(origin: Origin, columns: Iterable[Column]) -> Keep | None:
    """The source connection's row filter. Raises ``UnreadableData`` where it does not fit the table."""
    filters = origin.params.get("filters")
    if filters is None:
        return None
    try:
        return compile_filters(filters, origin.spec, "params.filters", columns)
    except Refusal as refusal:
        raise UnreadableData(refusal.message) from refusal
