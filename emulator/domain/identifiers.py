"""Ids and etags in the shapes that the services document.

Randomness comes in: one ``Identifiers`` is made per server, from entropy or from a seed.
"""

from __future__ import annotations

import random
import uuid

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_REGION = "0200"


class Identifiers:
    """Makes every id of one server. With ``seed`` the sequence is the same in every run.

    ``start`` counts the servers there have been on a database: a later one must not make an earlier one's ids.
    """

    def __init__(self, seed: int | None = None, start: int = 0) -> None:
        self._random = random.Random(seed if not start or seed is None else f"{seed}/{start}")  # noqa: S311 - ids

    def _hex(self, digits: int) -> str:
        return f"{self._random.getrandbits(digits * 4):0{digits}x}"

    def uuid(self) -> str:
        """A version 4 UUID: connections, source and target connections, flows, runs, sandboxes."""
        bits = self._random.getrandbits(128)
        bits = (bits & ~(0xF << 76)) | (4 << 76)
        bits = (bits & ~(0x3 << 62)) | (2 << 62)
        text = f"{bits:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def mapping_set(self) -> str:
        """32 hexadecimal digits without dashes."""
        return self._hex(32)

    def dataset(self) -> str:
        """24 hexadecimal digits."""
        return self._hex(24)

    def schema(self) -> str:
        """48 hexadecimal digits, the last part of a schema's ``$id``."""
        return self._hex(48)

    def inlet(self) -> str:
        """64 hexadecimal digits."""
        return self._hex(64)

    def digest(self) -> str:
        """64 hexadecimal digits, the Schema Registry's ``eTag``."""
        return self._hex(64)

    def etag(self, now: int) -> str:
        """``"XXXXXXXX-0000-RRRR-0000-TTTTTTTT0000"`` with its double quotes; ``now`` in milliseconds.

        The last field is the second of the write, the first is opaque and differs in every write.
        """
        seconds = (now // 1000) & 0xFFFFFFFF
        return f'"{self._hex(8)}-0000-{_REGION}-0000-{seconds:08x}0000"'

    def batch(self, now: int) -> str:
        """A ULID: 26 characters that sort by the millisecond ``now``."""
        value = ((now & 0xFFFFFFFFFFFF) << 80) | self._random.getrandbits(80)
        return "".join(_CROCKFORD[(value >> shift) & 31] for shift in range(125, -5, -5))

    def number(self, below: int) -> int:
        return self._random.randrange(below)

    def chance(self) -> float:
        """At least 0 and below 1."""
        return self.number(1 << 53) / (1 << 53)


def default_sandbox_id(org: str, name: str) -> str:
    """The id of a sandbox that appears by itself: the same after a reset and on every replica."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"flow-service-emulator:{org}/{name}"))
