"""When a flow runs: the rules for ``scheduleParams`` and the instants that follow from them.

Documented: ``startTime`` in epoch seconds, ``frequency`` once/minute/hour/day/week, ``interval`` (at
least 15 for minute by the flow spec's schema, at least 1 otherwise; a page that asks for 15 everywhere
is not followed), ``backfill``. Numbers and booleans may arrive as strings.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from emulator.domain.errors import Refusal

SECONDS = {"minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
ONCE = "once"
MINIMUM = {"minute": 15}
_LATEST = 253_402_300_799


@dataclass(frozen=True)
class Schedule:
    """``start`` and ``period`` in milliseconds; ``period`` is None for a flow that runs once."""

    start: int
    period: int | None
    backfill: bool = True
    end: int | None = None


def parse(params: Any) -> Schedule:
    """Reads ``scheduleParams``; raises the documented refusal with the field's path."""
    if not params:
        raise Refusal("CONNECTOR-1317-400", field="scheduleParams", given=params)
    if not isinstance(params, dict):
        raise Refusal("CONNECTOR-1312-400", value=params, name="scheduleParams", hint="Send an object.")
    start = _seconds(params, "startTime")
    if start is None:
        raise Refusal("CONNECTOR-1304-400", name="startTime", field="scheduleParams.startTime")
    end = _seconds(params, "endTime")
    if end is not None and end < start:
        raise Refusal(
            "CONNECTOR-1312-400",
            value=end,
            name="endTime",
            field="scheduleParams.endTime",
            hint="It is before startTime.",
        )
    frequency = params.get("frequency")
    if frequency is None:
        raise Refusal("CONNECTOR-1304-400", name="frequency", field="scheduleParams.frequency")
    if not isinstance(frequency, str) or (frequency not in SECONDS and frequency != ONCE):
        raise Refusal("CONNECTOR-1397-400", value=frequency, field="scheduleParams.frequency", given=frequency)
    end_ms = None if end is None else end * 1000
    if frequency == ONCE:
        _check_once(params)
        return Schedule(start * 1000, None, end=end_ms)
    interval = _interval(params, frequency)
    return Schedule(start * 1000, interval * SECONDS[frequency] * 1000, _backfill(params), end_ms)


def _check_once(params: dict[str, Any]) -> None:
    if params.get("interval") is not None:
        raise Refusal("CONNECTOR-1361-400", field="scheduleParams.interval", given=params["interval"])
    if params.get("backfill") is not None:
        raise Refusal("CONNECTOR-1364-400", field="scheduleParams.backfill", given=params["backfill"])


def _interval(params: dict[str, Any], frequency: str) -> int:
    given = params.get("interval")
    field = "scheduleParams.interval"
    if given is None:
        raise Refusal("CONNECTOR-1304-400", name="interval", field=field)
    interval = whole(given)
    if interval is None or interval > 1_000_000:
        raise Refusal("CONNECTOR-1312-400", value=given, name="interval", field=field, hint="Send a whole number.")
    minimum = MINIMUM.get(frequency, 1)
    if interval < minimum:
        raise Refusal(
            "CONNECTOR-1362-400", minimum=minimum, field=field, given=given, hint=f"The frequency is {frequency}."
        )
    return interval


def _backfill(params: dict[str, Any]) -> bool:
    given = params.get("backfill", True)
    value = truth(given)
    if value is None:
        raise Refusal(
            "CONNECTOR-1312-400",
            value=given,
            name="backfill",
            field="scheduleParams.backfill",
            hint="Send true or false.",
        )
    return value


def truth(given: Any) -> bool | None:
    """A boolean, also when it arrives as text; None when it is neither."""
    if isinstance(given, bool):
        return given
    if isinstance(given, str) and given.lower() in ("true", "false"):
        return given.lower() == "true"
    return None


def whole(given: Any) -> int | None:
    """A whole number, also when it arrives as digits; None when it is neither."""
    if isinstance(given, bool):
        return None
    if isinstance(given, int):
        return given
    if isinstance(given, str) and given.isascii() and given.isdigit() and len(given) < 20:
        return int(given)
    return None


def _seconds(params: dict[str, Any], name: str) -> int | None:
    given = params.get(name)
    if given is None:
        return None
    seconds = whole(given)
    if seconds is None or not 0 <= seconds <= _LATEST:
        raise Refusal(
            "CONNECTOR-1340-400",
            value=given,
            name=name,
            field=f"scheduleParams.{name}",
            hint="Send epoch seconds, as a number or as digits.",
        )
    return seconds


def first_due(schedule: Schedule, created: int) -> int | None:
    """The first run: at the start, or at once for a start that was before the flow's creation."""
    first = max(schedule.start, created)
    return None if schedule.end is not None and first > schedule.end else first


def next_due(schedule: Schedule, after: int) -> int | None:
    """The first instant of the startTime grid that lies strictly after ``after``; None when there is none."""
    if schedule.period is None:
        due = schedule.start if schedule.start > after else None
    elif after < schedule.start:
        due = schedule.start
    else:
        due = schedule.start + ((after - schedule.start) // schedule.period + 1) * schedule.period
    if due is None or (schedule.end is not None and due > schedule.end):
        return None
    return due


def due(schedule: Schedule, after: int, until: int) -> Iterator[int]:
    """Every due instant with ``after`` < instant <= ``until``, in order."""
    instant = next_due(schedule, after)
    while instant is not None and instant <= until:
        yield instant
        instant = next_due(schedule, instant)


def check_change(old: dict[str, Any], new: dict[str, Any], now: int) -> None:
    """What may not be changed once the start time has passed. ``now`` in milliseconds."""
    before = parse(old)
    if now < before.start:
        return
    after = parse(new)
    if after.start != before.start:
        raise Refusal("CONNECTOR-1366-400", field="scheduleParams.startTime", given=new.get("startTime"))
    if after.period is None and before.period is not None:
        raise Refusal("CONNECTOR-1403-400", field="scheduleParams.frequency", given=new.get("frequency"))
    if before.period is not None and after.backfill != before.backfill:
        raise Refusal("CONNECTOR-1404-400", field="scheduleParams.backfill", given=new.get("backfill"))
