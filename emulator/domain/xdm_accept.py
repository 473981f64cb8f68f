"""The forms in which the registry shows resources, as ``Accept`` asks for them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from emulator.domain.errors import Refusal

_ACCEPT = re.compile(
    r"^application/vnd\.adobe\.(?P<family>xed|xdm)(?P<options>(-[a-z0-9]+)*)\+json\s*(;\s*version=(?P<version>[\w.]+))?$"
)
_ANYTHING = ("", "*/*", "application/json")
_LOOKUP_OPTIONS = {"full", "notext", "desc", "deprecated", "flat"}


@dataclass(frozen=True)
class Accept:
    """A form asked for in ``Accept``; ``version`` is None when none was named."""

    options: frozenset[str]
    version: str | None
    family: str = "xed"

    @property
    def full(self) -> bool:
        """Whether references are worked in; a flat form has to."""
        return bool(self.options & {"full", "flat"})


def lookup_form(header: str | None) -> Accept:
    """The form of a single resource. Documented: a lookup must name a version, else 400 XDM-1007."""
    accept = _parse(header)
    if accept is None or accept.version is None or not accept.options <= _LOOKUP_OPTIONS:
        raise Refusal("XDM-1007-400", accept=header or "")
    return accept


def list_form(header: str | None) -> Accept:
    """The form of a list: short ids or whole resources. Documented: a version here is 400 XDM-1006."""
    if header is None or header.strip() in _ANYTHING:
        return Accept(frozenset(["id"]), None)
    accept = _parse(header)
    if accept is None or accept.version is not None or not accept.options <= {"id", "full", "notext"}:
        raise Refusal("XDM-1006-400", accept=header)
    return accept


def descriptor_list_form(header: str | None) -> Accept:
    """``xdm``, ``xdm-id`` or ``xdm-link``, each also with ``v2``, which pages. Anything else is 400 XDM-1008."""
    if header is None or header.strip() in _ANYTHING:
        return Accept(frozenset(["id"]), None, "xdm")
    accept = _parse(header)
    if (
        accept is None
        or accept.family != "xdm"
        or accept.version is not None
        or not accept.options <= {"v2", "id", "link"}
    ):
        raise Refusal("XDM-1008-400", accept=header)
    return accept


def check_descriptor_lookup(header: str | None) -> None:
    """Descriptors have no versions: ``xdm``, or no form at all, as the guide says. Anything else is 400 XDM-1009."""
    if header is None or header.strip() in _ANYTHING:
        return
    accept = _parse(header)
    if accept is None or accept.family != "xdm" or accept.version is not None or accept.options:
        raise Refusal("XDM-1009-400", accept=header)


def _parse(header: str | None) -> Accept | None:
    match = _ACCEPT.match((header or "").strip())
    if match is None:
        return None
    options = frozenset(option for option in match["options"].split("-") if option)
    return Accept(options, match["version"], match["family"])
