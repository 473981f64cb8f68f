"""JSON calls over a connection that is kept open: all that the helpers here need, in a fraction of a millisecond."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

PATIENCE_S = 60
# What helpers do is not what a test is about: the journal does not show it, and no fault strikes it.
_BESIDE_THE_TEST = {"x-flow-emulator-unwatched": "true"}
_LONGEST = 2000
_UNAUTHORIZED = 401


class CallFailed(AssertionError):
    """A call that a helper made came to nothing; the message says which one and what the answer was.

    ``status`` is that of the answer, None where there was none.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class Reply(NamedTuple):
    status: int
    body: Any
    headers: Mapping[str, str]


class Calls:
    """A client of one address. Each thread has a connection of its own.

    ``renewed`` gives headers with another token, where time has outrun the one that was given. ``trust`` is whose
    certificates are good; the machine's own unless told.
    """

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        renewed: Callable[[], Mapping[str, str]] | None = None,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self.trust = trust
        self.url = url.rstrip("/")
        self._headers = {**_BESIDE_THE_TEST, **(headers or {})}
        self._renewed = renewed
        self._parts = urlsplit(self.url)
        if self._parts.scheme not in ("http", "https") or not self._parts.netloc:
            raise ValueError(f"{url} is no address such as http://127.0.0.1:8237")
        self._local = threading.local()
        self._open: list[http.client.HTTPConnection] = []

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        patience_s: float = PATIENCE_S,
    ) -> Reply:
        """One call. Raises ``CallFailed`` when it is answered with 400 or more, or not at all."""
        asked = {name: value for name, value in (query or {}).items() if value is not None}
        target = f"{self._parts.path}{path}" + (f"?{urlencode(asked, doseq=True)}" if asked else "")
        plain = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        kind = {} if plain is None else {"content-type": "application/json"}
        own = {**kind, **(headers or {})}
        try:
            answer, text = self._sent(method, target, plain, {**self._headers, **own}, patience_s)
            if answer.status == _UNAUTHORIZED and self._renewed is not None:
                self._headers |= self._renewed()
                answer, text = self._sent(method, target, plain, {**self._headers, **own}, patience_s)
            said = json.loads(text) if text and answer.status < 400 else None
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._drop()
            why = f"{type(error).__name__}: {error}"
            raise CallFailed(f"{method} {target}: no emulator answers at {self.url} ({why})") from None
        if answer.status >= 400:
            shown = text.decode(errors="replace")[:_LONGEST]
            raise CallFailed(f"{method} {target} answered {answer.status}: {shown}", answer.status)
        return Reply(answer.status, said, dict(answer.getheaders()))

    def _sent(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str], patience_s: float
    ) -> tuple[http.client.HTTPResponse, bytes]:
        kept = getattr(self._local, "connection", None) is not None
        try:
            return self._exchanged(method, target, body, headers, patience_s)
        except ConnectionError:
            # The server closes a connection that has been idle for some seconds; a new one failing is no such case.
            self._drop()
            if not kept:
                raise
            return self._exchanged(method, target, body, headers, patience_s)

    def _exchanged(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str], patience_s: float
    ) -> tuple[http.client.HTTPResponse, bytes]:
        connection = self._connection()
        connection.timeout = patience_s
        if connection.sock is not None:
            connection.sock.settimeout(patience_s)
        connection.request(method, target, body, dict(headers))
        answer = connection.getresponse()
        return answer, answer.read()

    def _connection(self) -> http.client.HTTPConnection:
        known: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if known is None:
            known = self._local.connection = self._new_connection()
            self._open.append(known)
        return known

    def _new_connection(self) -> http.client.HTTPConnection:
        if self._parts.scheme == "https":
            return http.client.HTTPSConnection(self._parts.netloc, context=self.trust)
        return http.client.HTTPConnection(self._parts.netloc)

    def _drop(self) -> None:
        """This thread's connection; its next call opens another."""
        known = getattr(self._local, "connection", None)
        if known is not None:
            known.close()
            self._local.connection = None
            if known in self._open:
                self._open.remove(known)

    def close(self) -> None:
        """The connections of all threads; a call after it opens another."""
        while self._open:
            self._open.pop().close()
        self._local = threading.local()
