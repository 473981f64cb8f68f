"""How many service calls there were, and how long they took; in this process, since it began."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple

# Upper ends of the histogram's classes, in seconds.
BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Calls(NamedTuple):
    """Calls with one outcome: how many took no longer than each bound, all of them, and their seconds together."""

    service: str
    method: str
    status: int
    within: list[int]
    total: int
    seconds: float


class _Tally:
    __slots__ = ("classes", "seconds")

    def __init__(self) -> None:
        self.classes = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0


class Meter:
    """Counts, told by the event loop alone."""

    def __init__(self) -> None:
        self._tallies: dict[tuple[str, str, int], _Tally] = {}

    def count(self, service: str, method: str, status: int, seconds: float) -> None:
        """``status`` is 0 where the connection was closed without an answer."""
        key = (service, method, status)
        tally = self._tallies.get(key)
        if tally is None:
            tally = self._tallies[key] = _Tally()
        tally.classes[bisect_left(BOUNDS, seconds)] += 1
        tally.seconds += seconds

    def read(self) -> Iterator[Calls]:
        for (service, method, status), tally in sorted(self._tallies.copy().items()):
            classes = list(tally.classes)
            within = [sum(classes[: place + 1]) for place in range(len(BOUNDS))]
            yield Calls(service, method, status, within, sum(classes), tally.seconds)
