"""The one clock. Everything that happens takes its time from here, in milliseconds of the epoch."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

Mode = Literal["real", "frozen", "offset"]
MODES: tuple[Mode, ...] = ("real", "frozen", "offset")


@dataclass(frozen=True)
class ClockState:
    """How the clock goes. ``at``: the instant at which it stands, or how far it is ahead of real time.

    ``jumped`` is the instant that it was last set forward to: what lies between did not happen.
    """

    mode: Mode = "real"
    at: int = 0
    jumped: int = 0


class Clock:
    """Real time, real time and something more, or an instant at which it stands."""

    def __init__(self, state: ClockState | None = None) -> None:
        self.state = state or ClockState()
        self._walked: int | None = None

    @property
    def mode(self) -> Mode:
        return self.state.mode

    def now(self) -> int:
        if self._walked is not None:
            return self._walked
        state = self.state
        if state.mode == "frozen":
            return state.at
        return self.real() + state.at if state.mode == "offset" else self.real()

    def at(self, mode: Mode, now: int) -> ClockState:
        """The state in which the clock shows ``now`` and goes on as ``mode`` says; real time shows what it is."""
        jumped = self.state.jumped
        if mode == "real":
            return ClockState(mode, 0, jumped)
        return ClockState(mode, now if mode == "frozen" else now - self.real(), jumped)

    def set_to(self, mode: Mode, now: int) -> ClockState:
        """The same, for a clock that is set: forward is a jump, and back takes back the jumps."""
        then = self.real() if mode == "real" else now
        jumped = then if then > self.now() else min(self.state.jumped, then)
        return replace(self.at(mode, now), jumped=jumped)

    @property
    def waits(self) -> bool:
        """Whether somebody who waits sees time pass: not while it stands, or is being advanced."""
        return self.state.mode != "frozen" and self._walked is None

    def walk_to(self, instant: int) -> None:
        """While the clock is being advanced it shows the instant that is at work, and never goes back."""
        self._walked = max(self.now(), instant)

    def end_walk(self) -> None:
        self._walked = None

    @staticmethod
    def real() -> int:
        """Real time, whatever this clock shows."""
        return time.time_ns() // 1_000_000


def setting(text: str) -> tuple[Mode, int | None]:
    """``real``, ``frozen`` (at the present) or an ISO instant to be frozen at; raises ``ValueError``."""
    if text == "real":
        return "real", None
    return "frozen", None if text == "frozen" else instant(text)


def instant(text: str) -> int:
    """An ISO-8601 instant as milliseconds; without an offset it is UTC. Raises ``ValueError``."""
    parsed = datetime.fromisoformat(text)
    aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1000)


def iso(milliseconds: int) -> str:
    """``2026-01-31T12:00:00.000Z``."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{milliseconds % 1000:03d}Z"
