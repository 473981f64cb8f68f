"""How fields of a fault rule are read: every refusal names the field and says what would be right."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from emulator.domain.errors import Refusal

Document = dict[str, Any]
_BAD = "ADMIN-BAD_REQUEST-400"
LONGEST_TEXT = 1000
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_HEADER_VALUE = re.compile(r"[\t -~]{0,1000}")


def refused(field: str, rule: str) -> Refusal:
    """What was given is not repeated: it may be a secret."""
    return Refusal(_BAD, detail=f"{field} {rule}.")


def an_object(given: Any, field: str, known: Sequence[str]) -> Document:
    if not isinstance(given, dict):
        raise refused(field, f"is an object with some of {', '.join(known)}")
    for name in given:
        if name not in known:
            raise refused(f"{field}.{name}" if field != "body" else name, f"is unknown; known are {', '.join(known)}")
    return given


def text(given: Document, field: str, name: str) -> str | None:
    value = given.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_TEXT:
        raise refused(f"{field}{name}", f"is a text of 1 to {LONGEST_TEXT} characters")
    return value


def number(given: Document, field: str, name: str, least: float, most: float) -> float | None:
    value = given.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise refused(f"{field}{name}", f"is a number from {least:g} to {most:,g}")
    return value


def whole(given: Document, field: str, name: str, least: int, most: int) -> int | None:
    value = given.get(name)
    if value is None:
        return None
    is_whole = type(value) is int or (isinstance(value, float) and value.is_integer())
    if not is_whole or not least <= value <= most:
        raise refused(f"{field}{name}", f"is a whole number from {least} to {most}")
    return int(value)


def texts_by_name(given: Any, field: str) -> Mapping[str, str]:
    """Names and values of headers."""
    if given is None:
        return {}
    if not isinstance(given, dict) or len(given) > 100:
        raise refused(field, 'is an object of at most 100 headers, such as {"Retry-After": "1"}')
    for name, value in given.items():
        if not _HEADER_NAME.fullmatch(name):
            raise refused(field, "has a name that no header can have")
        if not isinstance(value, str) or not _HEADER_VALUE.fullmatch(value):
            raise refused(f"{field}.{name}", "is a text of at most 1000 printable ASCII characters")
    return given
