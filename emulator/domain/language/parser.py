r"""From the text of an expression to its tree.

Texts of strings: only the delimiter, the backslash and ``\uXXXX`` are escapes, any other backslash stays.
Whole numbers: a leading 0 means octal, ``0x`` hex; suffixes L, H (whole) and F, D, B (real) name kinds of
the original engine that make no difference here.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path as File
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from emulator.domain.language.building import RULES
from emulator.domain.language.problems import SyntaxProblem
from emulator.domain.language.tree import START, Node, Position, walk
from emulator.domain.language.words import RESERVED, STATEMENTS

if TYPE_CHECKING:
    from lark import Lark

__all__ = ["DEEPEST", "LONGEST", "SyntaxProblem", "parse"]

LONGEST = 4096
# Deep enough for every real mapping; shallow enough that no tree makes the compiler or a call overflow.
DEEPEST = 120

_SURROGATE = re.compile("[\ud800-\udfff]")
_OPERATORS = frozenset(
    "OR AND BAR CARET AMPERSAND EQ NE LT LE GT GE MATCHES MISSES STARTS NOT_STARTS ENDS NOT_ENDS PLUS MINUS STAR "
    "SLASH PERCENT QUESTION ELVIS".split()
)
_SIGNS = {"COLON": "':'", "COMMA": "','", "DOT": "'.'", "RPAR": "')'", "RSQB": "']'", "RBRACE": "'}'", "ARROW": "'->'"}
_FIRST_WORD = re.compile(r"\s*(\w+)")
_LAST_WORD = re.compile(r"([\w$]+)\s*$")
_HINTS: tuple[tuple[str | tuple[str, ...], str], ...] = (
    ("==", ""),
    ("=", "values are compared with ==, and nothing can be assigned"),
    (("'", '"'), "a text may not be closed"),
    ("${", "${ may not be closed by }"),
    (
        tuple("0123456789"),
        "real numbers are written with a point, as 1.0e3, and names that start with a digit as ${1a}",
    ),
    (tuple("@`#"), "a name with other characters than letters, digits, $ and _ is written ${…}"),
)


def parse(text: str) -> Node:
    """Raises ``SyntaxProblem`` with the place, what was found there and what was expected."""
    if len(text) > LONGEST:
        raise SyntaxProblem(f"an expression has at most {LONGEST} characters, and this one has {len(text)}")
    if found := _SURROGATE.search(text):
        raise SyntaxProblem("half of a surrogate pair is no character", _position(text, found.start()))
    node = _parsed(text)
    for inner, depth in walk(node):
        if depth > DEEPEST:
            raise SyntaxProblem(f"the expression is nested in more than {DEEPEST} levels", inner.position)
    return node


@cache
def _parser() -> Lark:
    # Here, because most runs of the service never meet an expression and loading the library takes a while.
    from lark import Lark

    grammar = (File(__file__).parent / "grammar.lark").read_text(encoding="utf-8")
    builder: Any = SimpleNamespace(**RULES)
    return Lark(grammar, parser="lalr", lexer="contextual", transformer=builder, maybe_placeholders=False)


def _parsed(text: str) -> Node:
    from lark.exceptions import UnexpectedCharacters, UnexpectedToken

    try:
        node: Any = _parser().parse(text)
    except UnexpectedToken as error:
        if error.token.type == "$END":
            raise _unexpected(text, len(text), "the end") from None
        raise _unexpected(text, error.token.start_pos or 0, repr(str(error.token))) from None
    except UnexpectedCharacters as error:
        offset = error.pos_in_stream or 0
        raise _unexpected(text, offset, repr(text[offset])) from None
    return node  # type: ignore[no-any-return]


def _expected(before: str) -> tuple[str, ...]:
    """What could follow the part that is right; reads it a second time, which only mistakes cost."""
    steps: Any = _parser().parse_interactive(before)
    steps.exhaust_lexer()
    return _in_words(steps.accepts())


def _unexpected(text: str, offset: int, found: str) -> SyntaxProblem:
    expected = _expected(text[:offset])
    message = f"found {found}, expected {' or '.join(expected)}"
    if hint := _hint(text, offset):
        message += f"; {hint}"
    return SyntaxProblem(message, _position(text, offset), expected)


def _in_words(terminals: set[str]) -> tuple[str, ...]:
    words = []
    if "STRING" in terminals:
        words.append("a value")
    elif terminals & {"NAME", "WRAPPED"}:
        words.append("a name")
    if terminals & (_OPERATORS - {"PLUS", "MINUS", "STAR"}):
        words.append("an operator")
    words += [sign for terminal, sign in _SIGNS.items() if terminal in terminals]
    return (*words, "the end") if "$END" in terminals else tuple(words)


def _hint(text: str, offset: int) -> str:
    """What is likely meant, where a mistake is a common one."""
    if (start := _FIRST_WORD.match(text)) and start[1] in STATEMENTS:
        return "statements are no part of expressions"
    if (before := _LAST_WORD.search(text[:offset])) and before[1] in RESERVED:
        return f"a field of that name is written ${{{before[1]}}}"
    rest = text[offset : offset + 2]
    if rest[:1] == "}" and text[:offset].rstrip().endswith("{"):
        return "the empty map is written {:}"
    return next((hint for start, hint in _HINTS if rest.startswith(start)), "")


def _position(text: str, offset: int) -> Position:
    line = text.count("\n", 0, offset) + 1
    return Position(line, offset - text.rfind("\n", 0, offset), offset) if text else START
