"""Calls of a running server's admin endpoints, for the verbs of the command."""

from __future__ import annotations

import http.client
import json
import os
import sys
import threading
from typing import Any
from urllib.parse import urlsplit

import click

from emulator.domain import durations
from emulator.engine.clock import instant

DEFAULT_URL = "http://127.0.0.1:8237"
_VARIABLE = "FLOW_EMULATOR_URL"
_TIMEOUT_S = 10
_LOOK_S = 0.1
_STEPS = 1000


class Unreachable(click.ClickException):
    """Nobody answers at the address, or not as the emulator does."""


def chosen(url: str | None) -> str:
    """The server that a verb talks to: as told, as the variable says, or at the default address."""
    return (url or os.environ.get(_VARIABLE) or DEFAULT_URL).rstrip("/")


def call(url: str, method: str, path: str, body: Any = None, timeout: float | None = _TIMEOUT_S) -> Any:
    """One admin call. Raises ``click.ClickException`` with what the server said when it refuses."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=timeout)
    headers = {} if body is None else {"Content-Type": "application/json"}
    try:
        sent = None if body is None else json.dumps(body)
        connection.request(method, f"{parts.path}/__admin/{path}", sent, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        found = json.loads(text) if text else None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unreachable(f"no emulator answers at {url}: {error}") from None
    finally:
        connection.close()
    if answer.status >= 400:
        raise click.ClickException(found.get("message", text) if isinstance(found, dict) else text)
    return found


def advance(url: str, body: dict[str, str]) -> Any:
    """Let time pass. In a terminal a bar shows how far it has come."""
    if not sys.stderr.isatty():
        return call(url, "POST", "clock/advance", body, None)
    before = instant(call(url, "GET", "clock")["now"])
    after = _after(before, body)
    outcome: list[Any] = []

    def ask() -> None:
        try:
            outcome.append(call(url, "POST", "clock/advance", body, None))
        except click.ClickException as error:
            outcome.append(error)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    with click.progressbar(length=_STEPS, label="time passes", file=sys.stderr) as bar:
        while asking.is_alive():
            asking.join(_LOOK_S)
            now = instant(call(url, "GET", "clock")["now"])
            bar.update(max(0, min(_STEPS, (now - before) * _STEPS // max(after - before, 1)) - bar.pos))
        bar.update(_STEPS - bar.pos)
    if isinstance(outcome[0], click.ClickException):
        raise outcome[0]
    return outcome[0]


def _after(before: int, body: dict[str, str]) -> int:
    """Where time is going to; a text that says nothing of the kind is the server's to refuse."""
    try:
        return before + durations.milliseconds(body["by"]) if "by" in body else instant(body["to"])
    except ValueError:
        return before
