"""Faults at the edge: which rule strikes a call, and what the client gets in place of the answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from threading import Lock
from typing import Any

import orjson

from emulator.domain.errors import Refusal
from emulator.domain.fault_effects import BODILESS, Effect, draw
from emulator.domain.fault_rules import Rule, Target, read
from emulator.edge.call import JSON, Answer
from emulator.edge.envelopes import Envelope, render
from emulator.store import faults
from emulator.store.database import Contended, Database

# So that whoever wonders at an answer sees that it was told to be so.
HEADER = "x-flow-emulator-fault"
_TEXT = "text/plain; charset=utf-8"


@dataclass
class Standing:
    """A rule that may still strike, and how many calls it was about in this process."""

    id: str
    rule: Rule
    seen: int = 0


@dataclass(frozen=True)
class Strike:
    """One call that a rule has struck; ``delay_s`` in seconds."""

    id: str
    effect: Effect
    delay_s: float

    def answer(self, call: Target, envelope: Envelope, request_id: str, now: int) -> Answer | None:
        """What is answered in place of the service, None where the service itself answers."""
        effect = self.effect
        if effect.error is not None:
            return render(_refusal(effect.error, call), envelope, request_id, now)
        if effect.status is None:
            return None
        if effect.status in BODILESS:
            return Answer(effect.status)
        if isinstance(effect.body, str):
            return Answer(effect.status, effect.body.encode(), content_type=_TEXT)
        body = {"status": effect.status, "title": _phrase(effect.status)} if effect.body is None else effect.body
        return Answer(effect.status, orjson.dumps(body), content_type=JSON)

    def over(self, answer: Answer) -> Answer:
        """The rule's headers go over those of the answer."""
        kept = {name.lower(): value for name, value in answer.headers.items()}
        kept |= {name.lower(): value for name, value in self.effect.headers.items()}
        answer.content_type = kept.pop("content-type", answer.content_type)
        answer.headers = kept | {HEADER: self.id}
        return answer


class Faults:
    """The rules in force. ``rules`` is empty as long as there are none, and then nobody asks further.

    They lie in the database, so that they hold for every process on it: the one that was told at once, the others
    as soon as they ``follow``.
    """

    def __init__(self, database: Database, now: Callable[[], int]) -> None:
        self.rules: tuple[Standing, ...] = ()
        self._database = database
        self._now = now
        self._known = (0, 0)
        self._lock = Lock()
        self.refresh()

    def refresh(self) -> None:
        """Take over the list as it is now; a rule that stays goes on in its sequence of chances."""
        with self._lock:
            with self._database.reading() as tx:
                self._known = faults.standing(tx)
                stored = faults.everyone(tx) if self._known[0] else []
            before = {one.id: one for one in self.rules}
            self.rules = tuple(
                before.get(one.id) or Standing(one.id, read(orjson.loads(one.body)))
                for one in stored
                if one.remaining != 0
            )

    def follow(self) -> None:
        """Take over what another process was told."""
        with self._database.reading() as tx:
            standing = faults.standing(tx)
        if standing != self._known:
            self.refresh()

    def strike(self, call: Target) -> Strike | None:
        """The first rule that is about the call, whose time is not over and with which chance agrees, strikes."""
        for standing in self.rules:
            rule = standing.rule
            if not rule.match.meets(call) or (rule.until is not None and self._now() >= rule.until):
                continue
            with self._lock:
                standing.seen += 1
                seen = standing.seen
            if rule.strikes(seen) and self._counted(standing):
                delay = rule.effect.delay
                wait = 0.0 if delay is None else delay.milliseconds(draw(rule.seed, seen, "delay"))
                return Strike(standing.id, rule.effect, wait / 1000)
        return None

    def _counted(self, standing: Standing) -> bool:
        """Of several processes only as many calls are struck as the rule has times."""
        while True:
            try:
                with self._database.writing() as tx:
                    struck = faults.strike(tx, standing.id)
                break
            except Contended:
                continue
        if not struck:
            with self._lock:
                self.rules = tuple(one for one in self.rules if one is not standing)
        return struck


def _refusal(code: str, call: Target) -> Refusal:
    """In the catalogue's words, with what the call itself can fill in."""
    values: dict[str, Any] = {
        "method": call.method,
        "path": call.path,
        "given_version": call.headers.get("if-match", ""),
        "given_type": call.headers.get("content-type", ""),
        "detail": "a fault rule says so",
    }
    return Refusal(code, **values)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown status"
