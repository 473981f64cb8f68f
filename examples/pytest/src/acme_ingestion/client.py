"""Calls of the platform's APIs, tried again where that helps."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx

ATTEMPTS = 4
TRY_AGAIN = frozenset([429, 502, 503, 504])


class PlatformError(Exception):
    """A call was refused for good, or too often."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text}")
        self.status = status


class Platform:
    """One organisation's sandbox. ``sleep`` is what waiting is done with."""

    def __init__(self, url: str, headers: Mapping[str, str], sleep: Callable[[float], None] = time.sleep) -> None:
        self._http = httpx.Client(base_url=url, headers=headers, timeout=30)
        self.sleep = sleep

    def get(self, path: str, **query: str) -> Any:
        return self._call("GET", path, params=query)

    def post(self, path: str, body: Any) -> Any:
        return self._call("POST", path, json=body)

    def _call(self, method: str, path: str, **sent: Any) -> Any:
        for attempt in range(ATTEMPTS):
            if attempt:
                self.sleep(2**attempt)
            try:
                answer = self._http.request(method, path, **sent)
            except httpx.TransportError as error:
                # A create that got no answer may have been done: doing it again could make a second one.
                if method != "GET":
                    raise PlatformError(0, f"{method} {path}: {error}") from error
                continue
            if answer.is_success:
                return answer.json()
            if answer.status_code not in TRY_AGAIN:
                raise PlatformError(answer.status_code, answer.text)
        raise PlatformError(429, f"{method} {path} was tried {ATTEMPTS} times")

    def close(self) -> None:
        self._http.close()
