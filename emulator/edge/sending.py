"""Bytes in and out of a connection: whole, slowly, in part, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from starlette.types import Receive, Scope, Send

from emulator.domain.errors import Refusal
from emulator.domain.fault_effects import Effect
from emulator.edge.call import Answer
from emulator.edge.routing import Service

# The server puts the line of a request there, so that a fault can hang up.
LINE = "emulator.line"
_STEP_S = 0.05


class Line(Protocol):
    """What a server must let us do with a connection."""

    def close(self) -> None:
        """End it when everything that was written has been sent."""

    def abort(self) -> None:
        """End it at once."""


class ConnectionLost(ConnectionResetError):
    """A fault hangs up and there is no connection: the application is called without a server."""


async def read_body(receive: Receive, headers: dict[str, str], service: Service, limit: int) -> bytes:
    declared = headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > limit:
        raise Refusal(service.too_large, limit=limit)
    message = await receive()
    parts = [message.get("body", b"")]
    size = len(parts[0])
    while message.get("more_body"):
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            raise Refusal(service.too_large, limit=limit)
    return parts[0] if len(parts) == 1 else b"".join(parts)


async def send_head(send: Send, answer: Answer, request_id: str) -> None:
    headers = [(b"x-request-id", request_id.encode())]
    if answer.status not in (204, 304):
        if answer.content_type:
            headers.append((b"content-type", answer.content_type.encode()))
        length = len(answer.body) if answer.stream is None else answer.stream.length
        headers.append((b"content-length", str(length).encode()))
    for name, value in answer.headers.items():
        headers.append((name.encode("latin-1"), value.encode("latin-1")))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})


async def send_whole(send: Send, answer: Answer, request_id: str, head: bool) -> None:
    await send_head(send, answer, request_id)
    if answer.stream is None or head:
        await send({"type": "http.response.body", "body": b"" if head else answer.body})


async def send_shaped(scope: Scope, receive: Receive, send: Send, answer: Answer, request_id: str, how: Effect) -> None:
    """The head as if all were well, then the body as slowly as told, up to where it breaks off."""
    await send_head(send, answer, request_id)
    whole = answer.body
    sent = whole if how.truncate is None else whole[: how.truncate]
    rate = how.bytes_per_second or (len(whole) * 1000 / how.slow_ms if how.slow_ms else 0)
    piece = max(1, int(rate * _STEP_S)) if rate else max(1, len(sent))
    for at in range(0, len(sent), piece):
        part = sent[at : at + piece]
        if rate:
            await asyncio.sleep(len(part) / rate)
        await send({"type": "http.response.body", "body": part, "more_body": True})
    if len(sent) < len(whole):
        await hang_up(scope, receive, lambda line: line.close())
    else:
        await send({"type": "http.response.body", "body": b""})


async def hang_up(scope: Scope, receive: Receive, how: Callable[[Line], None] = lambda line: line.abort()) -> None:
    """End the connection, and wait until it is: a server answers for an application that ends before that.

    Raises ``ConnectionLost`` without a server, where nothing else could show it.
    """
    line: Line | None = scope.get(LINE)
    if line is None:
        raise ConnectionLost("a fault rule hung up on this call")
    how(line)
    while (await receive())["type"] != "http.disconnect":
        pass
