"""Regular expressions in Java's syntax, run in time proportional to the text.

They run with RE2, which has no lookaround, backreferences, atomic groups or possessive quantifiers; a
regular expression with one of these is a ``Problem`` that says so. Where Java and RE2 write the same
thing differently (``\\uXXXX``, ``\\h``, ``\\R``, ``\\p{Alpha}``), Java's form is turned into RE2's.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import re2

from emulator.domain.language.values import Problem

LONGEST_REGEX = 1000
# Instructions of the compiled expression times characters looked at; the worst of them run for a second.
MOST_STEPS = 10**8
MOST_PIECES = 200_000
# Small expressions run from a table of states, where this many instructions cost as much as one.
_TABLED = 16
_MEMORY = 2 << 20

_SYMBOL = re.compile(
    r"\\Q.*?(?:\\E|\Z)|\\u[0-9a-fA-F]{4}|\\[pPx]\{\^?\w+\}|\\k<|\\."
    r"|\(\?(?:<?[=!]|>)|\[\^?\]?|&&|[*+?}]\+|.",
    re.DOTALL,
)
_SPACES = r"\t \x{a0}\x{1680}\x{180e}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}"
_POSIX = {
    name: f"[:{name.lower()}:]"
    for name in (
        "Lower", "Upper", "ASCII", "Alpha", "Digit", "Alnum", "Punct", "Graph", "Print", "Blank", "Cntrl", "XDigit",
        "Space",
    )
}  # fmt: skip
_UNKNOWN = {
    "(?=": "lookahead",
    "(?!": "lookahead",
    "(?<=": "lookbehind",
    "(?<!": "lookbehind",
    "(?>": "an atomic group",
    "\\k<": "a backreference",
    "\\Z": "\\Z (write \\z or $)",
    "\\G": "\\G",
    "\\X": "\\X",
    "\\C": "\\C",
}
_UNBOUNDED = re.compile(r"[*+]|,\}")
_PLAIN = re.compile(r"(?:[^\\\[\](){}.*+?^$|]|\\[^0-9A-Za-z])+", re.DOTALL)


def matches(regex: str, text: str) -> bool:
    """Whether the whole text fits the regular expression; raises ``Problem`` when it cannot be run."""
    return _ready(regex, text).fullmatch(text) is not None


def found(regex: str, text: str) -> list[str | None] | None:
    """The first match and its groups (null for a group that took no part), None without a match."""
    match = _ready(regex, text).search(text)
    return None if match is None else [match.group(), *match.groups()]


def pieces(regex: str, text: str) -> list[str]:
    """The text split where the regular expression matches, as Java's ``String.split`` does it.

    Empty pieces stay at the start and in between, not at the end; a match of nothing splits nothing off
    at the start. Raises ``Problem`` when the regular expression cannot be run.
    """
    separator = _plain_text(regex)
    split = text.split(separator) if separator else _split(regex, text)
    while len(split) > 1 and not split[-1]:
        split.pop()
    return split


def _split(regex: str, text: str) -> list[str]:
    pattern = _ready(regex, text)
    most = _most_pieces(regex, pattern.programsize, len(text))
    split: list[str] = []
    end = 0
    for match in pattern.finditer(text):
        if match.end() == 0 or match.start() == match.end() == len(text):
            continue
        if len(split) >= most:
            raise Problem(
                f"the regular expression {regex!r} splits a text of {len(text)} characters more than {most} times: "
                "use one without * and +, or a plain separator"
            )
        split.append(text[end : match.start()])
        end = match.end()
    return [*split, text[end:]]


def _most_pieces(regex: str, size: int, length: int) -> int:
    """How many pieces are affordable: with ``*`` and ``+`` each one may need a look at the whole rest of the text."""
    reach = length if _UNBOUNDED.search(regex) else min(length, size)
    return min(MOST_PIECES, 8 * _TABLED * MOST_STEPS // max(1, reach * max(_TABLED, size)))


def _plain_text(regex: str) -> str | None:
    """The text that a regular expression without operators stands for, which needs no engine."""
    return re.sub(r"\\(.)", r"\1", regex, flags=re.DOTALL) if _PLAIN.fullmatch(regex) else None


def _ready(regex: str, text: str) -> Any:
    """The pattern object, when running it on the text is affordable."""
    pattern = compiled(regex)
    most = MOST_STEPS // max(1, pattern.programsize)
    if len(text) > most:
        raise Problem(f"the regular expression {regex!r} runs on texts of up to {most} characters, not {len(text)}")
    if not text.isascii():
        _check_characters(text)
    return pattern


def _check_characters(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Problem("the text holds one half of a surrogate pair, which is no character") from None


@lru_cache(maxsize=256)
def compiled(regex: str) -> Any:
    """The pattern object (``fullmatch``, ``search``, ``finditer``); raises ``Problem`` when it cannot be run."""
    if len(regex) > LONGEST_REGEX:
        raise Problem(f"the regular expression has {len(regex)} characters, and at most {LONGEST_REGEX} are run")
    _check_characters(regex)
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        return re2.compile(_translated(regex), options=options)
    except re2.error as refused:
        reason = refused.args[0]
        reason = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        raise Problem(f"the regular expression {regex!r} cannot be read: {reason}") from None


def _translated(regex: str) -> str:
    """Java's syntax in RE2's; raises ``Problem`` for what RE2 does not have."""
    written: list[str] = []
    in_class = False
    for symbol in _SYMBOL.findall(regex):
        if in_class:
            written.append(_in_class(regex, symbol))
            in_class = symbol != "]"
        else:
            written.append(_outside(regex, symbol))
            in_class = symbol.startswith("[")
    return "".join(written)


def _outside(regex: str, symbol: str) -> str:
    lacking = _UNKNOWN.get(symbol)
    if lacking is None and len(symbol) == 2:
        if symbol[0] == "\\" and symbol[1] in "123456789":
            lacking = "a backreference"
        elif symbol[0] in "*+?}" and symbol[1] == "+":
            lacking = "a possessive quantifier"
    if lacking:
        raise _lacks(regex, lacking)
    if symbol == "\\R":
        return r"(?:\r\n|[\n-\r\x{85}\x{2028}\x{2029}])"
    if symbol in ("\\h", "\\H"):
        return f"[{'^' if symbol[1] == 'H' else ''}{_SPACES}]"
    posix = _posix(symbol)
    return f"[{posix}]" if posix else _character(symbol)


def _in_class(regex: str, symbol: str) -> str:
    if symbol.startswith("[") or symbol == "&&":
        raise _lacks(regex, "a class within a class" if symbol != "&&" else "an intersection of classes (&&)")
    return _SPACES if symbol == "\\h" else _posix(symbol) or _character(symbol)


def _posix(symbol: str) -> str | None:
    if not symbol.startswith(("\\p{", "\\P{")):
        return None
    named = _POSIX.get(symbol[3:-1])
    return named.replace("[:", "[:^") if named and symbol[1] == "P" else named


def _character(symbol: str) -> str:
    return f"\\x{{{symbol[2:]}}}" if symbol.startswith("\\u") and len(symbol) == 6 else symbol


def _lacks(regex: str, what: str) -> Problem:
    return Problem(
        f"the regular expression {regex!r} uses {what}, which is not run here: regular expressions take time in "
        "proportion to the text, so write it without"
    )
