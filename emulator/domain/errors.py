"""The one exception that rules raise when they refuse something, and the catalogue of what it says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from string import Formatter
from typing import Any

from emulator.data_files import fixture_files


@dataclass(frozen=True)
class ErrorEntry:
    """One catalogued error: its code, the title and the text that the service answers with."""

    code: str
    title: str
    text: str

    @property
    def status(self) -> int:
        """HTTP status, which is the last part of every code (``FLOW-1413-400``)."""
        return int(self.code.rsplit("-", 1)[1])


@cache
def error_catalogue() -> Mapping[str, ErrorEntry]:
    """Every error of ``fixtures/errors``, by code."""
    entries: dict[str, ErrorEntry] = {}
    for path in fixture_files("errors", ".json"):
        for code, (title, text) in json.loads(path.read_text(encoding="utf-8")).items():
            entries[code] = ErrorEntry(code, title, text)
    return entries


class Refusal(Exception):
    """A request that a rule refuses.

    ``code`` names an entry of the error catalogue, ``values`` fill the placeholders of its text.
    ``field`` is the path of the offending field, ``given`` the value that was seen there and
    ``hint`` a sentence that says what would be right.
    """

    def __init__(
        self,
        code: str,
        *,
        field: str | None = None,
        given: Any = None,
        hint: str | None = None,
        report: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        **values: Any,
    ) -> None:
        self.entry = error_catalogue()[code]
        self.code = code
        self.field = field
        self.given = given
        self.hint = hint
        self.report = dict(report or {})
        self.headers = dict(headers or {})
        self.values = values
        super().__init__(self.message)

    @property
    def status(self) -> int:
        return self.entry.status

    @property
    def title(self) -> str:
        return self.entry.title

    @property
    def text(self) -> str:
        """The catalogue's text with its placeholders filled."""
        known = {name for _, name, _, _ in Formatter().parse(self.entry.text) if name}
        values = {name: self.values.get(name, "") for name in known}
        return self.entry.text.format(**values)

    @property
    def message(self) -> str:
        """The catalogue's text, followed by where it went wrong and what would be right."""
        parts = [self.text]
        if self.field is not None:
            seen = "" if self.given is None else f", given {_shown(self.given)}"
            parts.append(f"(field {self.field}{seen})")
        if self.hint:
            parts.append(self.hint)
        return " ".join(parts)


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 120 else text[:117] + "..."
