"""Functions on the texts by which browsers introduce themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from emulator.domain.language.device_classes import device_class
from emulator.domain.language.registry import function
from emulator.domain.language.values import Value, as_text

if TYPE_CHECKING:
    from ua_parser import Parser

# No real browser says more; what comes after it is not looked at, so that reading stays quick.
LONGEST = 2_000
KEPT = 2_000


@dataclass(frozen=True, slots=True)
class Named:
    """A name and a version with dots; None where the text does not tell."""

    name: str | None
    version: str | None

    @property
    def with_version(self) -> str | None:
        return " ".join(part for part in (self.name, self.version) if part) or None

    @property
    def with_major(self) -> str | None:
        """Name and major version together, which is what the functions named after the major version give."""
        return Named(self.name, self.version and self.version.partition(".")[0]).with_version


@dataclass(frozen=True, slots=True)
class UserAgent:
    """What is read from one text."""

    system: Named
    browser: Named
    device: str


NOTHING = Named(None, None)


@cache
def _parser() -> Parser:
    # Here, as its rules take longer to load than the server to start.
    from ua_parser import Parser
    from ua_parser.basic import Resolver
    from ua_parser.loaders import load_lazy_builtins

    return Parser(Resolver(load_lazy_builtins()))


@lru_cache(KEPT)
def _read(text: str) -> UserAgent:
    found = _parser().parse(text)
    system, browser = found.os, found.user_agent
    return UserAgent(
        Named(system.family, _version(system.major, system.minor, system.patch, system.patch_minor))
        if system
        else NOTHING,
        Named(_plain(browser.family), _version(browser.major, browser.minor, browser.patch, browser.patch_minor))
        if browser
        else NOTHING,
        device_class(text, found.device.family if found.device else ""),
    )


def _version(*parts: str | None) -> str | None:
    return ".".join(part for part in parts if part) or None


def _plain(family: str) -> str:
    """The documented example calls the Safari of a telephone Safari; so with other browsers."""
    words = [word for word in family.split() if word != "Mobile"]
    return " ".join(words[:-1] if len(words) > 1 and words[-1] in ("iOS", "WebView") else words) or family


def _part(user_agent: Value, part: Callable[[UserAgent], str | None]) -> str | None:
    return None if user_agent is None else part(_read(as_text(user_agent)[:LONGEST]))


@function("ua_os_name", 1)
def ua_os_name(user_agent: Value) -> Value:
    return _part(user_agent, lambda found: found.system.name)


@function("ua_os_version", 1)
def ua_os_version(user_agent: Value) -> Value:
    return _part(user_agent, lambda found: found.system.version)


@function("ua_os_version_major", 1)
def ua_os_version_major(user_agent: Value) -> Value:
    return _part(user_agent, lambda found: found.system.with_major)


@function("ua_os_name_version", 1)
def ua_os_name_version(user_agent: Value) -> Value:
    return _part(user_agent, lambda found: found.system.with_version)


@function("ua_agent_name", 1)
def ua_agent_name(user_agent: Value) -> Value:
    return _part(user_agent, lambda found: found.browser.name)


@function("ua_agent_version", 1)
def ua_agent_version(user_agent: Value) -> Value:
    return _part(user_agent, lambda found: found.browser.version)


@function("ua_agent_version_major", 1)
def ua_agent_version_major(user_agent: Value) -> Value:
    return _part(user_agent, lambda found: found.browser.with_major)


@function("ua_device_class", 1)
def ua_device_class(user_agent: Value) -> Value:
    return _part(user_agent, lambda found: found.device)
