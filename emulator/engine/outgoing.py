"""Which other machines the emulator calls by itself: none, unless it was told so when it was started."""

from __future__ import annotations

from collections.abc import Set
from urllib.parse import urlsplit

# What a name stands for is decided by whoever answers for it, so only these are surely this machine.
LOOPBACK = frozenset(["localhost", "127.0.0.1", "::1"])
ANY = "*"


def fault_of_reach(url: str, allowed: Set[str]) -> str | None:
    """Why an address is not called, None when it is; ``allowed`` are hosts in lower case, or ``*`` for all."""
    host = (urlsplit(url).hostname or "").lower()
    if host in LOOPBACK or host in allowed or ANY in allowed:
        return None
    return f"is on another machine, {host}: start the server with --outgoing {host}"
