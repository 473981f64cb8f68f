"""The form of a seed, checked before anything of it is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from emulator.domain import durations
from emulator.engine.clock import MODES, instant
from emulator.services.seeding.reading import STATE, Document, Place, Rows, nearest
from emulator.services.seeding.sections import SECTIONS, Section
from emulator.store.exchange import TABLES
from emulator.store.sandboxes import DEFAULT_SANDBOX

FORMAT = 1
_TOP = ("format", "description", "scope", "clock", "tenants", "runs", STATE)
_TENANT = ("org", "sandbox", "title", "type", STATE, *(section.name for section in SECTIONS))
_TYPES = ("production", "development")
_MODES = ("draft",)


@dataclass(frozen=True)
class Entry:
    """One resource of a document, and where it stands there."""

    document: Document
    place: Place
    section: Section
    body: dict[str, Any]

    @property
    def name(self) -> str | None:
        given = self.body.get(self.section.called_by)
        return given if isinstance(given, str) else None


@dataclass(frozen=True)
class Part:
    """What one document says of one tenant."""

    document: Document
    place: Place
    org: str
    sandbox: str
    content: dict[str, Any]

    @property
    def tenant(self) -> tuple[str, str]:
        return self.org, self.sandbox

    @property
    def rows(self) -> Rows | None:
        return self.content.get(STATE)

    def entries(self, section: Section) -> Iterator[Entry]:
        for index, body in enumerate(self.content.get(section.name) or ()):
            yield Entry(self.document, (*self.place, section.name, index), section, body)


def check(document: Document) -> None:
    """Raises ``BadSeed`` with the first thing that is not as it must be."""
    content = document.content
    if content.get("format") != FORMAT or isinstance(content.get("format"), bool):
        raise document.source.fault(("format",), f'expected an object with "format": {FORMAT}')
    _check_keys(document, (), content, _TOP)
    if not isinstance(content.get("tenants", []), list):
        raise document.source.fault(("tenants",), "tenants must be an array")
    for index, part in enumerate(content.get("tenants", ())):
        _check_tenant(document, ("tenants", index), part)
    _check_scope(document)
    _check_clock(document)
    _check_runs(document)
    _check_tables(document, content.get(STATE), of_tenant=False)


def parts(document: Document) -> list[Part]:
    """The tenants of a document that was checked."""
    return [
        Part(document, ("tenants", index), part["org"], part.get("sandbox", DEFAULT_SANDBOX), part)
        for index, part in enumerate(document.content.get("tenants", ()))
    ]


def scope(document: Document) -> tuple[str, str] | None:
    """The tenant whose export a document is; None for any other."""
    given = document.content.get("scope")
    return None if given is None else (given["org"], given["sandbox"])


def _check_scope(document: Document) -> None:
    given = document.content.get("scope")
    if given is None:
        return
    texts = isinstance(given, dict) and set(given) == {"org", "sandbox"}
    if not texts or scope(document) not in [part.tenant for part in parts(document)]:
        raise document.source.fault(("scope",), "has the org and the sandbox of a tenant of the document")


def _check_keys(document: Document, place: Place, given: dict[str, Any], known: tuple[str, ...]) -> None:
    for name in given:
        if name not in known:
            raise document.source.fault((*place, name), f"there is no such key; {nearest(name, known)}")


def _check_tenant(document: Document, place: Place, part: Any) -> None:
    fault = document.source.fault
    if not isinstance(part, dict):
        raise fault(place, "a tenant is an object with org, sandbox and what it holds")
    for name in ("org", "sandbox", "title"):
        text = part.get(name, None if name == "org" else "-")
        if not isinstance(text, str) or not 0 < len(text) <= 255:
            raise fault((*place, name), "must be a text of 1 to 255 characters")
    if part.get("type", _TYPES[0]) not in _TYPES:
        raise fault((*place, "type"), f"must be {' or '.join(_TYPES)}")
    _check_keys(document, place, part, _TENANT)
    for section in SECTIONS:
        _check_section(document, (*place, section.name), section, part.get(section.name))
    _check_tables(document, part.get(STATE), of_tenant=True)


def _check_section(document: Document, place: Place, section: Section, entries: Any) -> None:
    if entries is None:
        return
    if not isinstance(entries, list):
        raise document.source.fault(place, "must be an array")
    for index, entry in enumerate(entries):
        here = (*place, index)
        if not isinstance(entry, dict):
            raise document.source.fault(here, "every entry is an object: the body of the create call")
        if "id" in entry and (not isinstance(entry["id"], str) or not entry["id"]):
            raise document.source.fault((*here, "id"), "an id is a text; left out, one is made")
        if section.takes_mode and entry.get("mode", _MODES[0]) not in _MODES:
            raise document.source.fault((*here, "mode"), f"the only mode is {_MODES[0]}")


def _check_clock(document: Document) -> None:
    clock = document.content.get("clock")
    if clock is None:
        return
    if isinstance(clock, str):
        _check_instant(document, ("clock",), clock)
        return
    if not isinstance(clock, dict) or clock.get("mode") not in MODES:
        raise document.source.fault(
            ("clock",), f"is an instant such as 2026-01-31T12:00:00Z, or has a mode: {', '.join(MODES)}"
        )
    _check_keys(document, ("clock",), clock, ("mode", "now", "aheadMs", "jumpedTo"))
    for name in ("now", "jumpedTo"):
        if name in clock:
            _check_instant(document, ("clock", name), clock[name])
    _check_ahead(document, clock)


def _check_ahead(document: Document, clock: dict[str, Any]) -> None:
    ahead = clock.get("aheadMs", 0)
    if isinstance(ahead, bool) or not isinstance(ahead, int) or abs(ahead) > 2**47:
        raise document.source.fault(("clock", "aheadMs"), "is a whole number of milliseconds")
    wanted = {"real": (), "frozen": ("now",), "offset": ("now", "aheadMs")}[clock["mode"]]
    given = [name for name in ("now", "aheadMs") if name in clock]
    if len(given) > 1 or any(name not in wanted for name in given) or (wanted and not given):
        one = " or ".join(wanted) or "nothing"
        raise document.source.fault(("clock",), f"mode {clock['mode']} goes with {one}")


def _check_instant(document: Document, place: Place, given: Any) -> None:
    try:
        found = instant(given) if isinstance(given, str) else -1
    except (ValueError, OverflowError):
        found = -1
    if not 0 <= found <= instant("9998-01-01T00:00:00Z"):
        raise document.source.fault(place, "is no instant such as 2026-01-31T12:00:00Z")


def _check_runs(document: Document) -> None:
    given = document.content.get("runs")
    if given is None:
        return
    if not isinstance(given, list):
        raise document.source.fault(("runs",), 'is an array such as [{"advance": "P30D"}]')
    for index, step in enumerate(given):
        place: Place = ("runs", index)
        if not isinstance(step, dict) or set(step) != {"advance"}:
            raise document.source.fault(place, 'a step is {"advance": a duration such as P30D, or an instant}')
        text = step["advance"]
        if isinstance(text, str) and text.startswith("P"):
            try:
                durations.milliseconds(text)
            except ValueError as error:
                raise document.source.fault((*place, "advance"), f"is no duration: {error}") from None
        else:
            _check_instant(document, (*place, "advance"), text)


def _check_tables(document: Document, rows: Rows | None, of_tenant: bool) -> None:
    if rows is None:
        return
    known = [name for name, part in TABLES.items() if (part.tenant is not None) == of_tenant]
    for name, given in rows.tables():
        if name not in known:
            raise document.source.fault((*rows.place, name), f"there is no such table; {nearest(name, known)}")
        for _ in given:
            pass
