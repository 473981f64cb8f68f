"""What an inlet allows beyond the shape of messages: how many come at a time, and from when on."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

SECOND_MS, MINUTE_MS = 1_000, 60_000
# So many inlets are counted at a time; those beyond begin anew.
_MOST_COUNTED = 10_000


class InletRules(NamedTuple):
    """Set when the server is started; nothing is limited unless it says so.

    Documented for the real service: rates of thousands a second, 60 validated messages a minute, and about
    five minutes before a new flow takes messages.
    """

    per_second: int | None = None
    validated_per_minute: int | None = None
    delay_ms: int = 0


class Rate:
    """So many a window, counted for each inlet by the emulator's clock, in this process."""

    def __init__(self, most: int | None, window_ms: int, now: Callable[[], int]) -> None:
        self._most = most
        self._window = window_ms
        self._now = now
        self._seen: dict[str, tuple[int, int]] = {}

    def wait_for(self, inlet: str) -> int | None:
        """Counts a request. None when it may pass, else after how many milliseconds the next one may."""
        if self._most is None:
            return None
        now = self._now()
        window = now // self._window
        known = self._seen.get(inlet, (window, 0))
        count = known[1] + 1 if known[0] == window else 1
        if len(self._seen) >= _MOST_COUNTED:
            self._seen.clear()
        self._seen[inlet] = (window, count)
        return None if count <= self._most else self._window - now % self._window
