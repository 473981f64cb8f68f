"""Which bytes of a file a ``Range`` header asks for (RFC 9110; Data Access documents ``Range: bytes=0-99``)."""

from __future__ import annotations

import re

from emulator.domain.errors import Refusal

_RANGE = re.compile(r"\s*bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.IGNORECASE | re.ASCII)
_HINT = "Send one range that begins inside the file: bytes=0-99, bytes=100- or bytes=-100."


def byte_range(header: str, length: int) -> tuple[int, int]:
    """The first byte and the one behind the last, of a file of ``length`` bytes.

    A range may reach beyond the end. Raises ``EXPORT-0416-416`` for one that begins there, and for several.
    """
    match = _RANGE.fullmatch(header)
    first, last = match.groups() if match else ("", "")
    if first:
        start, end = int(first), int(last) + 1 if last else length
    else:
        start, end = max(0, length - int(last)) if last else length, length
    if start >= min(end, length):
        raise Refusal(
            "EXPORT-0416-416",
            given=header,
            field="Range",
            length=length,
            hint=_HINT,
            headers={"content-range": f"bytes */{length}"},
        )
    return start, min(end, length)
