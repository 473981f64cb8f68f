"""The journal: the newest service calls with what was sent and answered, kept in this process's memory.

A call is kept as it came; what is read from it, and what is hidden of it, is decided when somebody looks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import Final, NamedTuple

from emulator.domain.tenant import Tenant

KIB = 1024
# Of a longer body only the length is kept: cut JSON cannot be read, so its secrets could not be hidden.
LONGEST_BODY = 64 * KIB
MOST_BYTES = 16 * 1024 * KIB
# What an entry takes besides its bodies, roughly.
_FRAME = 2 * KIB


class Noted(NamedTuple):
    """One call. ``time`` in milliseconds by the emulator's clock, ``seconds`` as they really passed.

    ``status`` is 0 where the connection was closed without an answer. A body that is longer than its bytes was
    too long to keep. ``refused`` is the catalogue's code of the refusal, ``nearest`` the known path that an
    unknown one looks like.
    """

    time: int
    method: str
    path: str
    query: bytes
    headers: dict[str, str]
    body: bytes
    body_size: int
    service: str | None
    operation: str | None
    tenant: Tenant | None
    request_id: str
    seconds: float
    status: int
    answer_headers: dict[str, str]
    answer_type: str
    answer: bytes
    answer_size: int
    refused: str | None
    fault: str | None
    nearest: str | None


# The same without its names: the hot path makes it, readers name it.
Bare = tuple[
    int,
    str,
    str,
    bytes,
    dict[str, str],
    bytes,
    int,
    str | None,
    str | None,
    Tenant | None,
    str,
    float,
    int,
    dict[str, str],
    str,
    bytes,
    int,
    str | None,
    str | None,
    str | None,
]
_BODY: Final = 5
_ANSWER: Final = 15


class Journal:
    """At most ``most`` calls and 16 MiB of them; the oldest go first. 0 keeps none."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._kept: deque[Bare] = deque()
        self._bytes = 0
        self._forgotten = 0
        self._lock = Lock()

    def note(self, call: Bare) -> None:
        with self._lock:
            kept = self._kept
            kept.append(call)
            self._bytes += len(call[_BODY]) + len(call[_ANSWER]) + _FRAME
            while len(kept) > self.most or self._bytes > MOST_BYTES:
                self._bytes -= _size(kept.popleft())
                self._forgotten += 1

    def newest_first(self) -> list[Noted]:
        with self._lock:
            kept = list(self._kept)
        return [Noted(*call) for call in reversed(kept)]

    @property
    def forgotten(self) -> int:
        """How many calls were dropped because newer ones came, since the journal was last emptied."""
        return self._forgotten

    def __len__(self) -> int:
        return len(self._kept)

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()
            self._bytes = self._forgotten = 0

    def remove(self, which: Callable[[Noted], bool]) -> None:
        with self._lock:
            self._kept = deque(call for call in self._kept if not which(Noted(*call)))
            self._bytes = sum(map(_size, self._kept))


def _size(call: Bare) -> int:
    return len(call[_BODY]) + len(call[_ANSWER]) + _FRAME
