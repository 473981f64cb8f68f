"""Functions that take regular expressions in Java's syntax; see ``regexes`` for what is run."""

from __future__ import annotations

from emulator.domain.language import regexes
from emulator.domain.language.registry import function
from emulator.domain.language.texts import unless_null
from emulator.domain.language.values import Value, as_text


@function("extract_regex", 2)
@unless_null
def extract_regex(text: Value, regex: Value) -> Value:
    """The first match, then its groups; the empty array without a match (not documented)."""
    return regexes.found(as_text(regex), as_text(text)) or []


@function("matches_regex", 2)
@unless_null
def matches_regex(text: Value, regex: Value) -> Value:
    """Whether the whole text fits; whether a part would do is not documented."""
    return regexes.matches(as_text(regex), as_text(text))
