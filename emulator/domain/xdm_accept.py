"""The forms in which the registry shows resources, as ``Accept`` asks for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from emulator.domain.errors import Refusal

_ACCEPT = re.compile(
    r"(?P<type>application/vnd\.adobe\.(?P<family>xed|xdm)(?P<options>(-[a-z0-9]+)*)\+json)"
    r"\s*(;\s*version=(?P<quote>\"?)(?P<version>[\w.]+)(?P=quote))?"
)
_QUALITY = re.compile(r"\s*;\s*q=[0-9.]*")
_ANYTHING = ("", "*/*", "application/*", "application/json")
_LOOKUP_OPTIONS = {"full", "notext", "desc", "deprecated", "flat"}


@dataclass(frozen=True)
class Accept:
    """A form asked for in ``Accept``; ``version`` is None when none was named, ``family`` when any form will do."""

    options: frozenset[str]
    version: str | None
    family: str | None
    media_type: str

    @property
    def full(self) -> bool:
        """Whether references are worked in; a flat form has to."""
        return bool(self.options & {"full", "flat"})


_ANY = Accept(frozenset(), None, None, "application/json")
_SHORT = Accept(frozenset(["id"]), None, None, "application/json")


def lookup_form(header: str | None) -> Accept:
    """The form of a single resource. Documented: a lookup must name a version, else 400 XDM-1007."""
    accept = _first(header, lambda form: form.version is not None and form.options <= _LOOKUP_OPTIONS)
    if accept is None:
        raise Refusal("XDM-1007-400", accept=header or "")
    return accept


def list_form(header: str | None) -> Accept:
    """The form of a list: short ids or whole resources. Documented: a version here is 400 XDM-1006."""
    accept = _first(header, lambda form: form.version is None and form.options <= {"id", "full", "notext"})
    if accept is None:
        raise Refusal("XDM-1006-400", accept=header)
    return _SHORT if accept is _ANY else accept


def descriptor_list_form(header: str | None) -> Accept:
    """``xdm``, ``xdm-id`` or ``xdm-link``, each also with ``v2``, which pages. Anything else is 400 XDM-1008."""
    accept = _first(header, lambda form: _is_of_descriptors(form) and form.options <= {"v2", "id", "link"})
    if accept is None:
        raise Refusal("XDM-1008-400", accept=header)
    return _SHORT if accept is _ANY else accept


def check_descriptor_lookup(header: str | None) -> None:
    """Descriptors have no versions: ``xdm``, or no form at all, as the guide says. Anything else is 400 XDM-1009."""
    if _first(header, lambda form: _is_of_descriptors(form) and not form.options) is None:
        raise Refusal("XDM-1009-400", accept=header)


def _is_of_descriptors(form: Accept) -> bool:
    return form.family != "xed" and form.version is None


def _first(header: str | None, fits: Callable[[Accept], bool]) -> Accept | None:
    """The first of the media ranges that a client names which is one of those that there are."""
    return next((form for form in _forms(header or "") if fits(form)), None)


def _forms(header: str) -> Iterator[Accept]:
    for named in header.lower().split(","):
        text = _QUALITY.sub("", named).strip()
        match = _ACCEPT.fullmatch(text)
        if text in _ANYTHING:
            yield _ANY
        elif match is not None:
            options = frozenset(option for option in match["options"].split("-") if option)
            yield Accept(options, match["version"], match["family"], match["type"])
