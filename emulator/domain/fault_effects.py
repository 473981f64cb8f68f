"""What a fault does to a call: answer in place of the service, wait, hang up, cut the body or send it slowly."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any, Literal

from emulator.domain.errors import error_catalogue
from emulator.domain.fault_checks import an_object, number, refused, text, texts_by_name, whole

LONGEST_MS = 600_000
_FIELDS = ("status", "error", "body", "headers", "delayMs", "drop", "truncate", "slowMs", "bytesPerSecond")
_MOST_BYTES = 2**31
# How much of a body there is decides the edge.
_FORBIDDEN_HEADERS = ("content-length", "transfer-encoding", "connection", "x-request-id")
# Statuses that have no body, and those below 200 that are no answer yet.
BODILESS = (204, 205, 304)
Drop = Literal["before", "after"]


def draw(seed: int, number_of_draw: int, purpose: str) -> float:
    """A number between 0 and 1, both excluded: the same one for the same seed and number, everywhere."""
    digest = hashlib.blake2b(f"{seed}/{number_of_draw}/{purpose}".encode(), digest_size=8).digest()
    return (int.from_bytes(digest) + 1) / (2**64 + 2)


@dataclass(frozen=True)
class Delay:
    """How long a call waits, in milliseconds: always ``median``, or spread around it log-normally."""

    median: float
    sigma: float = 0.0

    def milliseconds(self, drawn: float) -> float:
        """``drawn`` lies between 0 and 1; nobody waits longer than ten minutes."""
        if not self.sigma or not self.median:
            return self.median
        return min(math.exp(math.log(self.median) + self.sigma * NormalDist().inv_cdf(drawn)), LONGEST_MS)


@dataclass(frozen=True)
class Effect:
    """``truncate``: after how many bytes the body breaks off. ``slow_ms``: how long all of it takes.

    Without ``status`` and ``error`` the service answers as ever. ``drop`` hangs up before the service has seen
    the call, or after it has done what was asked.
    """

    status: int | None = None
    error: str | None = None
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: Delay | None = None
    drop: Drop | None = None
    truncate: int | None = None
    slow_ms: int | None = None
    bytes_per_second: int | None = None

    @property
    def answers(self) -> bool:
        return self.status is not None or self.error is not None

    @property
    def shapes_body(self) -> bool:
        return self.truncate is not None or self.slow_ms is not None or self.bytes_per_second is not None


def read_effect(given: Any) -> Effect:
    """An effect as it was sent. Refuses what makes no sense, by its field."""
    sent = an_object(given, "effect", _FIELDS)
    if all(value is None for value in sent.values()):
        raise refused("effect", f"needs at least one of {', '.join(_FIELDS)}")
    effect = Effect(
        whole(sent, "effect.", "status", 200, 599),
        _error(sent),
        sent.get("body"),
        _headers(sent),
        _delay(sent.get("delayMs")),
        _drop(sent.get("drop")),
        whole(sent, "effect.", "truncate", 0, _MOST_BYTES),
        whole(sent, "effect.", "slowMs", 0, LONGEST_MS),
        whole(sent, "effect.", "bytesPerSecond", 1, _MOST_BYTES),
    )
    _check_together(effect)
    return effect


def _check_together(effect: Effect) -> None:
    if effect.error and effect.status is not None:
        raise refused("effect.status", "is left out where error is given: the code's own status is answered")
    if effect.body is not None and effect.status is None:
        raise refused("effect.body", "goes with status, and without error, which has a body of its own")
    if effect.body is not None and effect.status in BODILESS:
        raise refused("effect.body", f"is left out: an answer with status {effect.status} has none")
    if effect.drop and (effect.answers or effect.headers or effect.shapes_body):
        raise refused("effect.drop", "goes with delayMs alone: who hangs up answers nothing")
    if effect.slow_ms is not None and effect.bytes_per_second is not None:
        raise refused("effect.bytesPerSecond", "and effect.slowMs exclude each other")


def _error(sent: dict[str, Any]) -> str | None:
    code = text(sent, "effect.", "error")
    if code is None:
        return None
    if code not in error_catalogue() or code.startswith("ADMIN-"):
        raise refused("effect.error", "is a code of the catalogue such as FLOW-1404-412; docs/fidelity.md lists them")
    return code


def _headers(sent: dict[str, Any]) -> Mapping[str, str]:
    headers = texts_by_name(sent.get("headers"), "effect.headers")
    for name in headers:
        if name.lower() in _FORBIDDEN_HEADERS:
            raise refused(f"effect.headers.{name}", "cannot be set: the server writes it")
    return headers


def _delay(given: Any) -> Delay | None:
    if given is None:
        return None
    if not isinstance(given, dict):
        fixed = number({"delayMs": given}, "effect.", "delayMs", 0, LONGEST_MS)
        return None if fixed is None else Delay(fixed)
    sent = an_object(given, "effect.delayMs", ("lognormal",)).get("lognormal")
    spread = an_object(sent, "effect.delayMs.lognormal", ("median", "sigma"))
    median = number(spread, "effect.delayMs.lognormal.", "median", 0, LONGEST_MS)
    sigma = number(spread, "effect.delayMs.lognormal.", "sigma", 0, 10)
    if median is None or sigma is None:
        raise refused("effect.delayMs.lognormal", 'needs both, such as {"median": 100, "sigma": 0.5}')
    return Delay(median, sigma)


def _drop(given: Any) -> Drop | None:
    if given is None or given is False:
        return None
    if given is True or given == "before":
        return "before"
    if given != "after":
        raise refused("effect.drop", "is true or before (the call is not done) or after (it is done and not answered)")
    return "after"
