"""Rules by which service calls go wrong: which calls, how, how often, and until when."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import get_close_matches
from fnmatch import translate
from functools import cache
from typing import Any, NamedTuple

from emulator.data_files import fixture_files
from emulator.domain.fault_checks import Document, an_object, number, refused, text, texts_by_name, whole
from emulator.domain.fault_effects import Effect, draw, read_effect

_FIELDS = ("match", "effect", "preset", "times", "probability", "seed", "until")
_MATCHED = ("method", "path", "service", "operation", "org", "sandbox", "header")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
MOST_TIMES = 1_000_000_000
MOST_SEED = 2**53
# What a glob of paths may begin with: a slash, or what stands for one.
_BEGINNINGS = "/*?["


class Target(NamedTuple):
    """What a rule can see of a call. ``operation`` as the documents write it: ``POST /flows``.

    Organisation and sandbox are None where the call names none; names of headers are in lower case.
    """

    method: str
    path: str
    service: str | None
    operation: str | None
    org: str | None
    sandbox: str | None
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Match:
    """Which calls a rule is about: those that meet all of it. Nothing of it set: all."""

    method: str | None = None
    path: re.Pattern[str] | None = None
    service: re.Pattern[str] | None = None
    operation: re.Pattern[str] | None = None
    org: str | None = None
    sandbox: str | None = None
    headers: Mapping[str, re.Pattern[str]] = field(default_factory=dict)

    def meets(self, call: Target) -> bool:
        return (
            self.method in (None, call.method)
            and self.org in (None, call.org)
            and self.sandbox in (None, call.sandbox)
            and _fits(self.path, call.path)
            and _fits(self.service, call.service)
            and _fits(self.operation, call.operation)
            and all(_fits(glob, call.headers.get(name)) for name, glob in self.headers.items())
        )


@dataclass(frozen=True)
class Rule:
    """A rule that was checked. ``times`` None: for ever; ``until`` in milliseconds by the emulator's clock."""

    match: Match
    effect: Effect
    times: int | None
    probability: float
    seed: int
    until: int | None

    def strikes(self, seen: int) -> bool:
        """Whether chance has it that it strikes the call that is its ``seen``-th."""
        return self.probability >= 1 or draw(self.seed, seen, "strike") < self.probability


def _fits(glob: re.Pattern[str] | None, given: str | None) -> bool:
    return glob is None or (given is not None and glob.match(given) is not None)


@cache
def presets() -> Mapping[str, Document]:
    """Ready-made rules of ``fixtures/faults``, by name: an effect and, for some, what it is about."""
    found: dict[str, Document] = {}
    for path in fixture_files("faults", ".json"):
        found |= json.loads(path.read_text(encoding="utf-8"))
    return found


def normal(body: Any, fresh_seed: int, tenant: tuple[str, str] | None) -> Document:
    """A rule as it is kept and shown, everything said. Refuses what makes no sense, by its field.

    ``fresh_seed`` where none is sent; of a ``tenant`` it is about that one's calls alone.
    """
    sent = {name: value for name, value in an_object(body, "body", _FIELDS).items() if value is not None}
    preset = _preset(sent)
    match = {**preset.get("match", {}), **an_object(sent.get("match", {}), "match", _MATCHED)}
    wanted = {"match": _of_tenant(match, tenant), "effect": preset.get("effect", sent.get("effect"))}
    numbers = {"times": sent.get("times"), "probability": sent.get("probability", 1), "seed": sent.get("seed")}
    document = {**wanted, **numbers, "until": sent.get("until"), "preset": sent.get("preset")}
    if document["seed"] is None:
        document["seed"] = fresh_seed
    read(document)
    return document


def read(document: Document) -> Rule:
    """A rule as it is kept, for use. Refuses what makes no sense, by its field."""
    seed = whole(document, "", "seed", 0, MOST_SEED)
    probability = number(document, "", "probability", 0, 1)
    return Rule(
        _match(document["match"]),
        read_effect(document["effect"]),
        whole(document, "", "times", 1, MOST_TIMES),
        1 if probability is None else probability,
        seed or 0,
        _instant(document.get("until")),
    )


def check_served(match: Document, served: Sequence[tuple[str, str]]) -> None:
    """Refuses a match that no call can meet; ``served`` are services with their operations."""
    path = match.get("path")
    if path is not None and path[0] not in _BEGINNINGS:
        raise refused("match.path", "begins with / or *, as /data/foundation/flowservice/flows and */flows do")
    about = _match(match)
    services, operations = (list(dict.fromkeys(names)) for names in zip(*served, strict=True))
    for field_name, wanted, known in (("service", about.service, services), ("operation", about.operation, operations)):
        if not any(_fits(wanted, name) for name in known):
            raise refused(f"match.{field_name}", f"is none that is served; {_nearest(match[field_name], known)}")
    if not any(_fits(about.service, service) and _fits(about.operation, operation) for service, operation in served):
        raise refused("match.operation", "is none of that service")


def _nearest(given: str, known: Sequence[str]) -> str:
    close = get_close_matches(given, known, 1, 0)
    return f"the nearest is {close[0]}"


def _preset(sent: Document) -> Document:
    name = text(sent, "", "preset")
    if name is None:
        if "effect" not in sent:
            raise refused("effect", "is needed, or preset in its place")
        return {}
    if name not in presets():
        raise refused("preset", f"is one of {', '.join(sorted(presets()))}")
    if "effect" in sent:
        raise refused("effect", "is left out where preset is given, which has one")
    return presets()[name]


def _of_tenant(match: Document, tenant: tuple[str, str] | None) -> Document:
    if tenant is None:
        return match
    for name, own in zip(("org", "sandbox"), tenant, strict=True):
        if match.get(name) not in (None, own):
            raise refused(f"match.{name}", "is another one than the headers name, which make it a rule of their tenant")
    return {**match, "org": tenant[0], "sandbox": tenant[1]}


def _match(sent: Document) -> Match:
    method = text(sent, "match.", "method")
    if method is not None and method not in METHODS:
        raise refused("match.method", f"is one of {', '.join(METHODS)}")
    return Match(
        method,
        _glob(text(sent, "match.", "path")),
        _glob(text(sent, "match.", "service")),
        _glob(text(sent, "match.", "operation")),
        text(sent, "match.", "org"),
        text(sent, "match.", "sandbox"),
        {name.lower(): glob(value) for name, value in texts_by_name(sent.get("header"), "match.header").items()},
    )


def _glob(given: str | None) -> re.Pattern[str] | None:
    return None if given is None else glob(given)


def glob(given: str) -> re.Pattern[str]:
    """``*`` is any text, slashes included, ``?`` any character, ``[ab]`` one of them; case matters."""
    return re.compile(translate(given))


def _instant(given: Any) -> int | None:
    if given is None:
        return None
    try:
        moment = datetime.fromisoformat(given)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return round(aware.timestamp() * 1000)
    except (TypeError, ValueError, OverflowError):
        raise refused("until", "is an instant such as 2026-01-31T12:00:00Z") from None
