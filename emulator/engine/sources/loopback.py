"""HTTP calls to servers on this machine, and to no other: bounded in time and in size."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from urllib.parse import SplitResult, urljoin, urlsplit

from emulator.engine.sources.retries import NetworkLost, Refused, Unusable

# For the server's next sign of life, and for a whole answer.
TIMEOUT_S, LONGEST_S = 30.0, 120.0
# What one run reads over HTTP at most, in bytes.
LIMIT = 64 * 1024 * 1024
_REDIRECTS = 5
_PIECE = 64 * 1024
# A name is not looked up: whatever it is called in, it stands for these addresses alone.
_LOOPBACK = {"localhost": ("127.0.0.1", "::1"), "127.0.0.1": ("127.0.0.1",), "::1": ("::1",)}
_PORTS = {"http": 80, "https": 443}
_MOVED = (301, 302, 303, 307, 308)


@dataclass(frozen=True)
class Address:
    """A server on this machine; ``path`` begins with a slash, ``query`` is encoded."""

    scheme: str
    host: str
    port: int
    path: str
    query: str = ""

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def target(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path

    def url(self, query: bool = False) -> str:
        """The query is left out where it could be shown: it may hold a key."""
        return f"{self.scheme}://{self.authority}{self.target if query else self.path}"

    def is_at(self, other: Address) -> bool:
        """Whether both are the same server."""
        return (self.scheme, self.host, self.port) == (other.scheme, other.host, other.port)


@dataclass(frozen=True)
class Reply:
    """What a server answered. Names of headers are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes
    address: Address


class Budget:
    """How many bytes may still be read, and where somebody waits for them, until when."""

    def __init__(self, left: int = LIMIT, within: float | None = None) -> None:
        self.left = left
        self._until = None if within is None else time.monotonic() + within

    def seconds(self, most: float) -> float:
        """How long the next sign of life is waited for. Raises ``TimeoutError`` when the time is used up."""
        left = most if self._until is None else min(most, self._until - time.monotonic())
        if left <= 0 and self._until is not None:
            raise TimeoutError
        return left

    def spend(self, count: int) -> None:
        """Raises ``Unusable`` when that is more than is left."""
        self.left -= count
        if self.left < 0:
            raise Unusable(f"The source answers with more than {LIMIT // (1024 * 1024)} MiB.")


@lru_cache(1024)
def loopback(text: str) -> Address | None:
    """The server that a parameter names: a URL, or a host with or without port; None for any other machine."""
    text = text.strip()
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        port = parts.port
    except ValueError:
        return None
    return _address(parts, port)


def _address(parts: SplitResult, port: int | None) -> Address | None:
    host = (parts.hostname or "").removesuffix(".")
    if parts.scheme not in _PORTS or host not in _LOOPBACK:
        return None
    return Address(parts.scheme, host, port or _PORTS[parts.scheme], parts.path or "/", parts.query)


def follow(base: Address, link: str) -> Address:
    """Where a link of an answer leads. Raises ``Refused`` when it leaves this machine."""
    try:
        found, host = loopback(urljoin(base.url(), link)), urlsplit(link).netloc.rpartition("@")[2]
    except ValueError:
        found, host = None, ""
    if found is None:
        raise Refused(f"{base.url()} leads to {host or 'an address that cannot be read'}: only this machine is asked.")
    return found


def call(
    address: Address, headers: dict[str, str], secret: dict[str, str], budget: Budget, form: bytes | None = None
) -> Reply:
    """GET, or POST of a form; ``secret`` headers go to this server alone.

    Follows redirects on this machine. Raises ``NetworkLost``, ``Refused`` and ``Unusable``.
    """
    here = address
    for _ in range(_REDIRECTS + 1):
        reply = _once(here, headers | (secret if here.is_at(address) else {}), budget, form)
        if reply.status not in _MOVED or "location" not in reply.headers:
            return reply
        if form is not None:
            raise Refused(f"{here.url()} redirects a request that holds credentials.")
        here = follow(here, reply.headers["location"])
    raise Refused(f"{address.url()} redirects more than {_REDIRECTS} times.")


def _once(address: Address, headers: dict[str, str], budget: Budget, form: bytes | None) -> Reply:
    try:
        with _connected(address, budget.seconds(TIMEOUT_S)) as line:
            connection = http.client.HTTPConnection(address.host, address.port)
            connection.sock = line
            connection.request("GET" if form is None else "POST", address.target, form, _named(address, headers))
            with connection.getresponse() as answer:
                found = {name.lower(): value for name, value in answer.getheaders()}
                return Reply(answer.status, found, _body(answer, budget), address)
    except (OSError, http.client.HTTPException) as error:
        # Neither is chained: http.client quotes what it was given, secrets among it.
        raise _of(address, error) from None
    except ValueError:
        raise Refused(f"A header or the path for {address.url()} holds characters that cannot be sent.") from None


def _of(address: Address, error: Exception) -> Refused | NetworkLost:
    if isinstance(error, http.client.InvalidURL):
        return Refused("The path of the source holds characters that cannot be sent.")
    reason = error.strerror if isinstance(error, OSError) else None
    timeout = "no answer in time" if isinstance(error, TimeoutError) else None
    return NetworkLost(f"{address.url()} cannot be read: {timeout or reason or type(error).__name__}.")


def _named(address: Address, headers: dict[str, str]) -> dict[str, str]:
    return {"Host": address.authority, "Connection": "close", "Accept-Encoding": "identity", **headers}


def _connected(address: Address, seconds: float) -> socket.socket:
    problem: OSError | None = None
    for numeric in _LOOPBACK[address.host]:
        try:
            line = socket.create_connection((numeric, address.port), seconds)
        except OSError as error:
            problem = error
            continue
        return line if address.scheme == "http" else _secured(line, address.host)
    assert problem is not None
    raise problem


def _secured(line: socket.socket, host: str) -> socket.socket:
    try:
        return ssl.create_default_context().wrap_socket(line, server_hostname=host)
    except OSError:
        line.close()
        raise


def _body(answer: http.client.HTTPResponse, budget: Budget) -> bytes:
    """Piece by piece: a server that sends a byte now and then would never run into a timeout."""
    until, expected = time.monotonic() + budget.seconds(LONGEST_S), answer.length
    pieces: list[bytes] = []
    got = 0
    while expected is None or got < expected:
        piece = answer.read1(_PIECE if expected is None else min(_PIECE, expected - got))
        if not piece:
            break
        if time.monotonic() > until:
            raise TimeoutError
        budget.spend(len(piece))
        got += len(piece)
        pieces.append(piece)
    if expected is not None and got < expected:
        raise http.client.IncompleteRead(b"", expected - got)
    return b"".join(pieces)


def phrase(status: int) -> str:
    """``404 Not Found``; the server's own words may hold anything."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
