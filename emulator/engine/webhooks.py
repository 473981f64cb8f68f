"""One POST to a subscriber: signed, bounded in time, and never more than one."""

from __future__ import annotations

import base64
import hmac
import http.client
import re
import socket
import ssl
from functools import cache
from typing import NamedTuple
from urllib.parse import urlsplit

from emulator import __version__
from emulator.store.deliveries import Delivery
from emulator.store.subscribers import Subscriber

TIMEOUT_S = 10.0
LONGEST_ADDRESS = 2_048
_PORT = "[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]"
# Of IPv6 addresses the local one, and others in full: the schema of the admin calls says the same.
_HOST = r"\[(::1|([0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4})\]|[A-Za-z0-9._~-]+"
_ADDRESS = re.compile(rf'https?://({_HOST})(:({_PORT}))?([/?][!"$-~]*)?')
TOO_MANY_REQUESTS = 429
HTTP_VERSION_NOT_SUPPORTED = 505


class Outcome(NamedTuple):
    """How an attempt went: the status of the answer, or why there was none."""

    status: int | None
    error: str | None

    @property
    def succeeded(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def may_succeed_later(self) -> bool:
        """Documented: no answer, 429 and 5xx but 505 are tried again, any other status is not."""
        if self.status is None or self.status == TOO_MANY_REQUESTS:
            return True
        return 500 <= self.status < 600 and self.status != HTTP_VERSION_NOT_SUPPORTED


def fault_of_address(url: str) -> str | None:
    """What keeps a URL from being the address of a subscriber, None when nothing does.

    The fault is told without the URL, which may hold a secret.
    """
    if len(url) > LONGEST_ADDRESS:
        return f"has more than {LONGEST_ADDRESS} characters"
    if not _ADDRESS.fullmatch(url):
        return (
            "must be an address such as https://receiver.example.com/hook in ASCII characters, without a user, "
            "a password or a part behind #"
        )
    return None


def signature(secret: str, body: bytes) -> str:
    """``x-adobe-signature``: HMAC-SHA256 of the body under the secret, in Base64."""
    return base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()


def headers_of(delivery: Delivery, secret: str, body: bytes) -> dict[str, str]:
    """Documented: the count of retries is missing in the first attempt."""
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"flow-service-emulator/{__version__}",
        "Connection": "close",
        "x-adobe-event-id": delivery.event_id,
        "x-adobe-event-code": delivery.code,
        "x-adobe-signature": signature(secret, body),
    }
    if delivery.attempts:
        headers["x-adobe-retry-count"] = str(delivery.attempts)
    return headers


class Post:
    """One attempt, in the thread that calls ``send``; any other thread may ``abort`` it."""

    def __init__(
        self, subscriber: Subscriber, delivery: Delivery, timeout: float = TIMEOUT_S, fault: str | None = None
    ) -> None:
        """``fault`` is why the address must not be called."""
        self._fault = fault
        self._subscriber = subscriber
        self._delivery = delivery
        self._timeout = timeout
        self._connection: http.client.HTTPConnection | None = None
        self._aborted = False

    @property
    def aborted(self) -> bool:
        return self._aborted

    def send(self) -> Outcome:
        """Never raises: whatever goes wrong is the outcome. Redirects are not followed."""
        if self._fault is not None:
            return Outcome(None, f"the address {self._fault}")
        try:
            return Outcome(self._answered(), None)
        except Exception as error:
            why = f"no answer within {self._timeout:g} s" if self._aborted else _described(error, self._timeout)
            return Outcome(None, why)
        finally:
            if self._connection is not None:
                self._connection.close()

    def _answered(self) -> int:
        body = self._delivery.body.encode()
        self._connection = _connection(self._subscriber.url, self._timeout)
        self._connection.connect()
        if self._aborted:
            raise TimeoutError
        headers = headers_of(self._delivery, self._subscriber.secret, body)
        self._connection.request("POST", _target(self._subscriber.url), body, headers)
        return self._connection.getresponse().status

    def abort(self) -> None:
        """End it: each step has its own bound, all together have none but this."""
        self._aborted = True
        opened = self._connection.sock if self._connection is not None else None
        if opened is not None:
            try:
                opened.shutdown(socket.SHUT_RDWR)
            except OSError:
                # It has ended by itself.
                return


def _connection(url: str, timeout: float) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https":
        return http.client.HTTPSConnection(host, parts.port, timeout=timeout, context=_trust())
    return http.client.HTTPConnection(host, parts.port, timeout=timeout)


def _target(url: str) -> str:
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


@cache
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


def _described(error: Exception, timeout: float) -> str:
    """Why there was no answer, in words that hold nothing of what was sent."""
    if isinstance(error, TimeoutError):
        return f"no answer within {timeout:g} s"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not trusted: {error.verify_message}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, http.client.RemoteDisconnected):
        return "the connection was closed without an answer"
    return type(error).__name__
