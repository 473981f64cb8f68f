"""``/__admin/clock``: see it, set it, and let time pass at once."""

from __future__ import annotations

from typing import Any

from emulator.domain import durations
from emulator.domain.errors import Refusal
from emulator.edge.call import Answer, Call, answer
from emulator.edge.routing import Route
from emulator.engine import timekeeping
from emulator.engine.advance import advance
from emulator.engine.clock import MODES, ClockState, instant, iso
from emulator.engine.world import World

Document = dict[str, Any]
_BAD = "ADMIN-BAD_REQUEST-400"
_LATEST = instant("9999-01-01T00:00:00Z")
# A year of a flow each quarter of an hour is 35,000 runs; a typing error should not make millions.
_FARTHEST_MS = 366 * 86_400_000


def routes(world: World) -> list[Route]:
    calls = AdminClock(world)
    return [
        Route("GET", "/clock", calls.show),
        Route("PUT", "/clock", calls.put),
        Route("POST", "/clock/advance", calls.advance, slow=True),
    ]


class AdminClock:
    """The clock operations."""

    def __init__(self, world: World) -> None:
        self._world = world

    def show(self, call: Call) -> Answer:
        call.query.check((), _BAD)
        return answer(self._shown())

    def _shown(self) -> Document:
        return {"now": iso(self._world.clock.now()), "mode": self._world.clock.mode}

    def put(self, call: Call) -> Answer:
        """Set it. A flow that is overdue at the new time runs once, then on its grid."""
        call.query.check((), _BAD)
        body = _object(call, ("mode", "now", "force"))
        mode, force = body.get("mode"), body.get("force", False)
        if mode not in MODES:
            raise _refused("mode", mode, f"is none of {', '.join(MODES)}")
        if not isinstance(force, bool):
            raise _refused("force", force, "is neither true nor false")
        if mode == "real" and "now" in body:
            raise _refused("now", body["now"], "goes with frozen or offset: real time is what it is")
        if mode == "offset" and "now" not in body:
            raise _refused("now", None, "is missing: offset needs the instant to go on from")
        with self._world.stepping:
            clock = self._world.clock
            now = _instant(body, "now") if "now" in body else clock.now()
            wanted = clock.set_to(mode, now)
            if not force:
                self._check_not_back(wanted, now)
            clock.state = wanted
            timekeeping.keep(self._world.database, wanted)
        self._world.on_schedule_change()
        return answer(self._shown())

    def _check_not_back(self, wanted: ClockState, now: int) -> None:
        clock = self._world.clock
        then = clock.real() if wanted.mode == "real" else now
        newest = timekeeping.newest_event(self._world.database)
        if then < newest and then < clock.now():
            raise Refusal("ADMIN-CLOCK_BACK-409", now=iso(then), newest=iso(newest))

    def advance(self, call: Call) -> Answer:
        call.query.check((), _BAD)
        body = _object(call, ("by", "to"))
        if len(body) != 1:
            raise Refusal(_BAD, detail="Send either by, a duration such as P7D, or to, an instant.")
        with self._world.stepping:
            now = self._world.clock.now()
            until = now + _duration(body) if "by" in body else _instant(body, "to")
            if until < now:
                raise _refused(
                    "to", body["to"], f"is before {iso(now)}: time goes forward here, PUT clock sets it back"
                )
            if until > min(now + _FARTHEST_MS, _LATEST):
                farthest = iso(min(now + _FARTHEST_MS, _LATEST))
                raise Refusal(_BAD, detail=f"One call goes no further than 366 days, now {farthest}; PUT clock jumps.")
            runs = advance(self._world, until)
        return answer({"now": iso(until), "runs": runs})


def _object(call: Call, known: tuple[str, ...]) -> Document:
    body = call.json()
    if not isinstance(body, dict):
        raise Refusal(_BAD, detail=f"Send a JSON object with {', '.join(known)}.")
    for name in body:
        if name not in known:
            raise _refused(name, body[name], f"is unknown; known are {', '.join(known)}")
    return body


def _instant(body: Document, name: str) -> int:
    given = body[name]
    try:
        found = instant(given) if isinstance(given, str) else -1
    except (ValueError, OverflowError):
        found = -1
    if not 0 <= found <= _LATEST:
        raise _refused(name, given, "is no instant such as 2026-01-31T12:00:00Z from 1970 to 9998")
    return found


def _duration(body: Document) -> int:
    given = body["by"]
    try:
        return durations.milliseconds(given if isinstance(given, str) else "")
    except ValueError as error:
        raise _refused("by", given, f"is no duration: {error}") from None


def _refused(name: str, given: Any, why: str) -> Refusal:
    return Refusal(_BAD, detail=f"{name} {given!r} {why}." if given is not None else f"{name} {why}.")
