"""The test bench in Python: time, faults and the journal, as ``/__admin`` has them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from emulator.testing.calls import CallFailed, Calls

Document = dict[str, Any]
# A year of a flow that runs each quarter of an hour takes more than the usual minute.
_LONG_S = 900
_GONE = 404
_MOST_LISTED = 10_000


class ClockReading(NamedTuple):
    """How the clock goes, what it shows, and when it was looked at (seconds that no clock's setting moves)."""

    mode: str
    now: datetime
    seen: float


class Clock:
    """The emulator's clock, which all tenants of a server share."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def now(self) -> datetime:
        """Aware, in UTC."""
        return self.state().now

    def state(self) -> ClockReading:
        """What ``restore`` takes."""
        shown = self._calls.call("GET", "/__admin/clock").body
        return ClockReading(shown["mode"], datetime.fromisoformat(shown["now"]), time.monotonic())

    def freeze(self, at: datetime | str | None = None) -> datetime:
        """Stop the clock, where it is or at an instant; it may lie before what has happened. Returns the time."""
        return self._set("frozen", at)

    def advance(self, by: timedelta | str | None = None, *, to: datetime | str | None = None) -> int:
        """Let time pass at once, by a duration (``P7D``) or to an instant. Returns how many runs ended on the way."""
        if (by is None) == (to is None):
            raise TypeError("advance needs either a duration or to=, an instant")
        body = {"to": _instant(to)} if to is not None else {"by": _duration(by)}
        ended: int = self._calls.call("POST", "/__admin/clock/advance", body, patience_s=_LONG_S).body["runs"]
        return ended

    def restore(self, before: ClockReading) -> None:
        """Back to what it was; a clock that ran goes on as if it had not been touched."""
        if before.mode == "real":
            self._set("real", None)
        elif before.mode == "frozen":
            self._set("frozen", before.now)
        else:
            self._set("offset", before.now + timedelta(seconds=time.monotonic() - before.seen))

    def _set(self, mode: str, at: datetime | str | None) -> datetime:
        wanted = {"mode": mode, "force": True} | ({} if at is None else {"now": _instant(at)})
        return datetime.fromisoformat(self._calls.call("PUT", "/__admin/clock", wanted).body["now"])


class Faults:
    """What goes wrong on purpose, for one organisation or (without one) for everybody."""

    def __init__(self, calls: Calls, org: str | None = None) -> None:
        self._calls = calls
        self._org = org
        self._added: list[str] = []

    def add(
        self,
        match: Mapping[str, Any] | None = None,
        effect: Mapping[str, Any] | None = None,
        *,
        preset: str | None = None,
        times: int | None = None,
        probability: float | None = None,
        seed: int | None = None,
        until: datetime | str | None = None,
    ) -> Document:
        """A rule behind those that are there: which calls, and what becomes of them. Returns it with its id.

        Fields and presets are those of ``POST /__admin/faults``.
        """
        more = {
            "effect": None if effect is None else dict(effect),
            "preset": preset,
            "times": times,
            "probability": probability,
            "seed": seed,
            "until": None if until is None else _instant(until),
        }
        body = {"match": self._own(match or {})} | {name: value for name, value in more.items() if value is not None}
        made: Document = self._calls.call("POST", "/__admin/faults", body).body
        self._added.append(made["id"])
        return made

    def _own(self, match: Mapping[str, Any]) -> Document:
        if self._org is None:
            return dict(match)
        if match.get("org", self._org) != self._org:
            raise ValueError(f"these faults are for {self._org} alone; emulator.faults are for everybody")
        return {**match, "org": self._org}

    def get(self, fault_id: str) -> Document:
        """One rule, with its ``hits`` and how often it may still strike (``remaining``)."""
        found: Document = self._calls.call("GET", f"/__admin/faults/{fault_id}").body
        return found

    def clear(self) -> None:
        """Take away what was added here and is still there."""
        while self._added:
            try:
                self._calls.call("DELETE", f"/__admin/faults/{self._added.pop()}")
            except CallFailed as failed:
                if failed.status != _GONE:
                    raise


class Requests:
    """The journal of calls, of one organisation or (without one) of everybody; helpers' own calls are not in it."""

    def __init__(self, calls: Calls, org: str | None = None) -> None:
        self._calls = calls
        self._org = org

    def count(self, **filters: Any) -> int:
        """How many calls there were; ``filters``: method, path (a glob), status, sandbox, since."""
        found: int = self._calls.call("GET", "/__admin/requests/count", query=self._query(filters)).body["count"]
        return found

    def list(self, **filters: Any) -> list[Document]:
        """The calls themselves in the order in which they came; with ``limit`` the newest of them."""
        query = self._query({"limit": _MOST_LISTED, **filters})
        items: list[Document] = self._calls.call("GET", "/__admin/requests", query=query).body["items"]
        return items[::-1]

    def _query(self, filters: Mapping[str, Any]) -> Document:
        since = filters.get("since")
        text = {} if since is None else {"since": _instant(since)}
        return {"org": self._org, **filters, **text}


def _instant(at: datetime | str) -> str:
    """As the server takes it; a time without a zone is UTC."""
    if isinstance(at, str):
        return at
    if not isinstance(at, datetime):
        raise TypeError(f"{at!r} is no instant: a datetime, or a text such as 2026-01-31T12:00:00Z")
    aware = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return aware.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _duration(by: timedelta | str | None) -> str:
    if isinstance(by, str):
        return by
    if not isinstance(by, timedelta):
        raise TypeError(f"{by!r} is no duration: a timedelta, or a text such as P7D")
    return f"PT{by.total_seconds():f}S"
