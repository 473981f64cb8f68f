"""The one clock. Everything that happens takes its time from here, in milliseconds of the epoch."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Literal

Mode = Literal["real", "frozen"]


class Clock:
    """Real time, or an instant at which it stands."""

    def __init__(self, frozen_at: int | None = None) -> None:
        self._frozen_at = frozen_at

    @property
    def mode(self) -> Mode:
        return "real" if self._frozen_at is None else "frozen"

    def now(self) -> int:
        return time.time_ns() // 1_000_000 if self._frozen_at is None else self._frozen_at

    @classmethod
    def from_setting(cls, setting: str) -> Clock:
        """``real``, ``frozen`` (at the present) or an ISO instant to be frozen at; raises ``ValueError``."""
        if setting == "real":
            return cls()
        if setting == "frozen":
            return cls(cls().now())
        return cls(instant(setting))


def instant(text: str) -> int:
    """An ISO-8601 instant as milliseconds; without an offset it is UTC. Raises ``ValueError``."""
    parsed = datetime.fromisoformat(text)
    aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1000)


def iso(milliseconds: int) -> str:
    """``2026-01-31T12:00:00.000Z``."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{milliseconds % 1000:03d}Z"
