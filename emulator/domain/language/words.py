"""Names and words of the language: what may be written plainly, and what is reserved."""

from __future__ import annotations

import re

# Documented. A function's name is reserved too.
RESERVED = frozenset(
    "new mod or break var lt for false while eq gt div not null continue else and ne true le if ge return "
    "_errors do function empty size".split()
)
# Words that start a statement, which mappings cannot hold.
STATEMENTS = frozenset("var if for while do return break continue new function else".split())
_PLAIN = re.compile(r"(?:[^\W\d]|\$)[\w$]*")


def is_plain(name: str) -> bool:
    """Whether a name follows the rule for names, so that it needs no ``${…}``."""
    return _PLAIN.fullmatch(name) is not None
