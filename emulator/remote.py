"""Calls of a running server's admin endpoints, for the verbs of the command."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import click

DEFAULT_URL = "http://127.0.0.1:8237"
_VARIABLE = "FLOW_EMULATOR_URL"
_TOKEN_VARIABLE = "FLOW_EMULATOR_ADMIN_TOKEN"  # noqa: S105 - where it is, not what it is
# What a server says of a path that it does not have. Verbs ask for none that others lack.
_UNKNOWN = "Nothing is served at "
_NO_ADMIN = "Was it started with --no-admin?"
_TIMEOUT_S = 10
_LOOK_S = 0.1
_STEPS = 1000


class Unreachable(click.ClickException):
    """Nobody answers at the address, or not as the emulator does."""


def chosen(url: str | None) -> str:
    """The server that a verb talks to: as told, as the variable says, or at the default address."""
    return (url or os.environ.get(_VARIABLE) or DEFAULT_URL).rstrip("/")


def about(org: str | None, sandbox: str | None) -> dict[str, str]:
    """What a call about one tenant alone bears. Raises ``click.UsageError``."""
    if org is None and sandbox is not None:
        raise click.UsageError("--sandbox needs --org beside it.")
    named = {"x-gw-ims-org-id": org, "x-sandbox-name": sandbox}
    return {name: value for name, value in named.items() if value is not None}


def call(
    url: str,
    method: str,
    path: str,
    body: Any = None,
    timeout: float | None = _TIMEOUT_S,
    tenant: Mapping[str, str] | None = None,
) -> Any:
    """One admin call, about one tenant where its headers are given.

    Raises ``click.ClickException`` with what the server said when it refuses.
    """
    headers = dict(tenant or {}) | ({} if body is None else {"Content-Type": "application/json"})
    sent = None if body is None else json.dumps(body).encode()
    with _answered(url, method, path, sent, headers, timeout) as answer:
        return _said(url, answer)


def send_file(url: str, path: str, file: Path, tenant: Mapping[str, str] | None = None) -> Any:
    """A call whose body is a file, - for standard input: YAML by its suffix, or where it begins with no brace.

    What the server finds wrong in it is told with the file's name.
    """
    try:
        if str(file) == "-":
            read = sys.stdin.buffer.read()
            return _sent(url, path, read, len(read), read.lstrip()[:1] not in (b"{", b""), tenant)
        with file.open("rb") as body:
            return _sent(url, path, body, file.stat().st_size, file.suffix in (".yaml", ".yml"), tenant)
    except Unreachable:
        raise
    except click.ClickException as error:
        name = "standard input" if str(file) == "-" else str(file)
        raise click.ClickException(re.sub("^body(?=:)", lambda _: name, error.message)) from None


def _sent(
    url: str, path: str, body: bytes | IO[bytes], length: int, is_yaml: bool, tenant: Mapping[str, str] | None
) -> Any:
    kind = "application/yaml" if is_yaml else "application/json"
    headers = {**(tenant or {}), "Content-Type": kind, "Content-Length": str(length)}
    with _answered(url, "POST", path, body, headers, None) as answer:
        return _said(url, answer)


def fetch(url: str, path: str, into: IO[bytes], tenant: Mapping[str, str] | None = None) -> None:
    """The answer of a call as it is, part by part."""
    with _answered(url, "GET", path, None, tenant or {}, None) as answer:
        if answer.status >= 400:
            _said(url, answer)
        shutil.copyfileobj(answer, into)
        if answer.length:
            raise http.client.IncompleteRead(b"", answer.length)


@contextmanager
def _answered(
    url: str, method: str, path: str, body: bytes | IO[bytes] | None, headers: Mapping[str, str], timeout: float | None
) -> Iterator[http.client.HTTPResponse]:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=timeout)
    token = os.environ.get(_TOKEN_VARIABLE)
    more = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        connection.request(method, f"{parts.path}/__admin/{path}", body, {**headers, **more})
        yield connection.getresponse()
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable(f"no emulator answers at {url}: {error}") from None
    finally:
        connection.close()


def _said(url: str, answer: http.client.HTTPResponse) -> Any:
    text = answer.read().decode()
    try:
        found = json.loads(text) if text else None
    except ValueError as error:
        raise Unreachable(f"no emulator answers at {url}: {error}") from None
    if answer.status >= 400:
        message = str(found.get("message", text)) if isinstance(found, dict) else text
        raise click.ClickException(f"{message} {_NO_ADMIN}" if message.startswith(_UNKNOWN) else message)
    return found


def await_ready(url: str, seconds: float) -> None:
    """Returns once the server is ready. Raises ``click.ClickException`` when it is not within so many seconds."""
    until = time.monotonic() + seconds
    while True:
        try:
            call(url, "GET", "ready", timeout=min(_TIMEOUT_S, max(seconds, 1)))
        except click.ClickException as error:
            if time.monotonic() + _LOOK_S > until:
                raise click.ClickException(f"not ready within {seconds:g} s: {error.message}") from None
            time.sleep(_LOOK_S)
        else:
            return


def advance(url: str, body: dict[str, str]) -> Any:
    """Let time pass. In a terminal a bar shows how far it has come."""
    if not sys.stderr.isatty():
        return call(url, "POST", "clock/advance", body, None)
    # Imported here, with much behind it: most verbs make one call and end.
    from emulator.engine.clock import instant

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
    from emulator.domain import durations
    from emulator.engine.clock import instant

    try:
        return before + durations.milliseconds(body["by"]) if "by" in body else instant(body["to"])
    except ValueError:
        return before
