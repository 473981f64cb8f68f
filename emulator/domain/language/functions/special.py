"""Identifiers: fresh ones, and device identifiers as ECIDs."""

from __future__ import annotations

import hashlib
import re

from emulator.domain.language.registry import function
from emulator.domain.language.texts import unless_null
from emulator.domain.language.values import Problem, Surroundings, Value, as_text

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
# The one pair that is published.
_PUBLISHED = {"4ed70bee-b654-420a-a3fd-b58b6b65e991": "28880788470263023831040523038280731744"}
# Each half of an ECID is a positive 64-bit number, written with this many digits.
_DIGITS = 19
_LARGEST = 2**63


@function("uuid", 0, aliases=("guid",), surrounded=True)
def uuid(surroundings: Surroundings) -> Value:
    return surroundings.uuid()


@function("fpid_to_ecid", 1)
@unless_null
def fpid_to_ecid(fpid: Value) -> Value:
    """The published ECID for the published identifier, otherwise always the same 38 digits for the same one.

    How the service computes them is not public.
    """
    identifier = as_text(fpid).strip().lower()
    if not _UUID.fullmatch(identifier):
        raise Problem(
            f"a first-party device id is a UUID such as {next(iter(_PUBLISHED))}, and {as_text(fpid)[:40]!r} was given"
        )
    return _PUBLISHED.get(identifier) or _stable(identifier)


def _stable(identifier: str) -> str:
    digest = hashlib.sha256(identifier.encode()).digest()
    halves = (int.from_bytes(digest[start : start + 8], "big") % _LARGEST for start in (0, 8))
    return "".join(f"{half:0{_DIGITS}d}" for half in halves)
