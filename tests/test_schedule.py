"""Schedules: which ``scheduleParams`` are accepted, and when they make a flow run."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.domain import schedule
from emulator.domain.errors import Refusal
from emulator.domain.schedule import SECONDS, Schedule

START = 1_625_040_887
DAY_MS = 86_400_000


def params(**changes: Any) -> dict[str, Any]:
    return {"startTime": START, "frequency": "minute", "interval": 15} | changes


def test_numbers_and_booleans_may_come_as_strings() -> None:
    numbers = schedule.parse(params(backfill=False))
    texts = schedule.parse(params(startTime=str(START), interval="15", backfill="False"))
    assert numbers == texts == Schedule(START * 1000, 900_000, backfill=False)


@pytest.mark.parametrize(("frequency", "interval"), [("minute", 15), ("hour", 1), ("day", 1), ("week", 1)])
def test_every_frequency_has_a_smallest_interval(frequency: str, interval: int) -> None:
    plan = schedule.parse(params(frequency=frequency, interval=interval))
    assert plan.period == interval * SECONDS[frequency] * 1000
    with pytest.raises(Refusal, match=f"Interval cannot be less than {interval}"):
        schedule.parse(params(frequency=frequency, interval=interval - 1))


def test_once_takes_neither_interval_nor_backfill() -> None:
    assert schedule.parse({"startTime": START, "frequency": "once"}) == Schedule(START * 1000, None)
    for name, value, code in (("interval", 15, "CONNECTOR-1361-400"), ("backfill", True, "CONNECTOR-1364-400")):
        with pytest.raises(Refusal) as refused:
            schedule.parse({"startTime": START, "frequency": "once", name: value})
        assert (refused.value.code, refused.value.field) == (code, f"scheduleParams.{name}")


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"startTime": None}, "CONNECTOR-1304-400", "startTime"),
        ({"startTime": "soon"}, "CONNECTOR-1340-400", "startTime"),
        ({"startTime": -5}, "CONNECTOR-1340-400", "startTime"),
        ({"startTime": 1.5}, "CONNECTOR-1340-400", "startTime"),
        ({"startTime": True}, "CONNECTOR-1340-400", "startTime"),
        ({"startTime": 10**30}, "CONNECTOR-1340-400", "startTime"),
        ({"frequency": None}, "CONNECTOR-1304-400", "frequency"),
        ({"frequency": "month"}, "CONNECTOR-1397-400", "frequency"),
        ({"interval": None}, "CONNECTOR-1304-400", "interval"),
        ({"interval": "often"}, "CONNECTOR-1312-400", "interval"),
        ({"interval": 10**9}, "CONNECTOR-1312-400", "interval"),
        ({"interval": 14}, "CONNECTOR-1362-400", "interval"),
        ({"backfill": "perhaps"}, "CONNECTOR-1312-400", "backfill"),
        ({"endTime": START - 1}, "CONNECTOR-1312-400", "endTime"),
    ],
)
def test_what_cannot_be_is_refused_with_code_and_field(changes: dict[str, Any], code: str, field: str) -> None:
    with pytest.raises(Refusal) as refused:
        schedule.parse(params(**changes))
    assert (refused.value.code, refused.value.field) == (code, f"scheduleParams.{field}")


@pytest.mark.parametrize("given_params", [None, {}, []])
def test_a_schedule_may_not_be_empty(given_params: object) -> None:
    with pytest.raises(Refusal, match="schedule params cannot be empty"):
        schedule.parse(given_params)


def test_a_start_in_the_past_runs_at_once_and_then_on_the_grid() -> None:
    plan = schedule.parse(params())
    created = START * 1000 + 10 * DAY_MS + 1234
    assert schedule.first_due(plan, created) == created
    assert schedule.next_due(plan, created) == START * 1000 + 10 * DAY_MS + 900_000


def test_a_start_in_the_future_is_waited_for() -> None:
    plan = schedule.parse(params())
    assert schedule.first_due(plan, START * 1000 - 5) == START * 1000


def test_a_flow_that_runs_once_is_never_due_again() -> None:
    plan = schedule.parse({"startTime": START, "frequency": "once"})
    assert schedule.next_due(plan, START * 1000) is None
    assert list(schedule.due(plan, START * 1000 - 1, START * 1000 + DAY_MS)) == [START * 1000]


def test_nothing_is_due_after_the_end() -> None:
    plan = schedule.parse(params(endTime=START + 1800))
    assert list(schedule.due(plan, 0, START * 1000 + DAY_MS)) == [START * 1000 + n * 900_000 for n in range(3)]
    assert schedule.first_due(plan, START * 1000 + DAY_MS) is None


PLANS = st.builds(
    lambda frequency, interval, start: schedule.parse(
        {"startTime": start, "frequency": frequency, "interval": interval}
    ),
    st.sampled_from(sorted(SECONDS)),
    st.integers(15, 60),
    st.integers(0, 2_000_000_000),
)
INSTANTS = st.integers(0, 2_100_000_000_000)


@given(PLANS, INSTANTS)
def test_the_next_instant_is_the_first_of_the_grid_behind(plan: Schedule, after: int) -> None:
    assert plan.period is not None
    following = schedule.next_due(plan, after)
    assert following is not None
    assert following > after
    assert following >= plan.start
    assert (following - plan.start) % plan.period == 0
    assert following == plan.start or following - plan.period <= after


@given(PLANS, INSTANTS, st.integers(0, 50), st.integers(0, 50))
def test_two_stretches_of_time_have_the_runs_of_the_whole(plan: Schedule, after: int, one: int, two: int) -> None:
    assert plan.period is not None
    middle = after + one * plan.period // 3
    until = middle + two * plan.period // 3
    whole = list(schedule.due(plan, after, until))
    assert whole == [*schedule.due(plan, after, middle), *schedule.due(plan, middle, until)]
    assert all(later - earlier == plan.period for earlier, later in pairwise(whole))


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6), st.lists))
def test_any_value_in_any_field_is_accepted_or_refused(value: Any) -> None:
    for field in ("startTime", "frequency", "interval", "backfill", "endTime"):
        try:
            schedule.parse(params(**{field: value}))
        except Refusal as refusal:
            assert refusal.status == 400
