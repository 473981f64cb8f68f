"""Values as the index of stored resources keeps them: texts whose byte order is the order of lists.

What has no value comes first, then words without regard to (ASCII) case, then numbers. Words are cut:
an index entry has a size limit, and the first characters tell almost all apart.
"""

from __future__ import annotations

import struct
from typing import Any

import orjson

LONGEST = 160
_WORD, _FLAG = '"', "!"
# Every number lies from the one to the other.
NUMBERS, AFTER_NUMBERS = "#", "$"
_TO_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def ascii_lower(text: str) -> str:
    """Lower case as both databases know it in every locale: of the letters A to Z alone."""
    return text.lower() if text.isascii() else text.translate(_TO_LOWER)


def index_value(value: Any) -> str:
    """The entry for a JSON value."""
    if isinstance(value, str):
        # As it stands in JSON, because that is what a database compares when it has to read the document.
        return _WORD + ascii_lower(orjson.dumps(value).decode()[1:-1])[:LONGEST]
    if isinstance(value, bool):
        return _FLAG + str(value).lower()
    if isinstance(value, (int, float)):
        return number_value(float(value))
    return ""


def number_value(number: float) -> str:
    """The entry for a number: the bits of the double, turned so that they order as the numbers do."""
    (bits,) = struct.unpack(">Q", struct.pack(">d", number + 0.0))
    turned = bits ^ 0xFFFF_FFFF_FFFF_FFFF if bits >> 63 else bits | 1 << 63
    return f"{NUMBERS}{turned:016x}"


def number_of(value: str) -> float:
    """The number of which ``number_value`` made an entry."""
    turned = int(value[1:], 16)
    bits = turned ^ (1 << 63) if turned >> 63 else turned ^ 0xFFFF_FFFF_FFFF_FFFF
    number: float = struct.unpack(">d", struct.pack(">Q", bits))[0]
    return number


def is_cut(value: str) -> bool:
    """Whether an entry may stand for several values, which the document then has to tell apart."""
    return len(value) > LONGEST
