"""A load generator small enough not to be the bottleneck: raw HTTP/1.1 over kept connections."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import uvloop


@dataclass(frozen=True)
class Result:
    """What a load gave: requests a second, and the time under which 99 of 100 stayed, in milliseconds."""

    rate: float
    p99_ms: float
    bodies: list[bytes]


def request(method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "host: benchmark", f"content-length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def run(port: int, requests: Iterator[bytes], seconds: float, connections: int = 8, keep: bool = False) -> Result:
    """Send requests for a while. With ``keep`` the bodies of the answers are handed back."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(port, requests, seconds, connections, keep))


async def _run(port: int, requests: Iterator[bytes], seconds: float, connections: int, keep: bool) -> Result:
    times: list[float] = []
    bodies: list[bytes] = []
    began = time.perf_counter()
    until = began + seconds
    on_body: Callable[[bytes], None] = bodies.append if keep else lambda _body: None
    await asyncio.gather(*(_client(port, requests, until, times, on_body) for _ in range(connections)))
    elapsed = time.perf_counter() - began
    times.sort()
    return Result(len(times) / elapsed, times[int(len(times) * 0.99)] * 1000, bodies)


async def _client(
    port: int, requests: Iterator[bytes], until: float, times: list[float], on_body: Callable[[bytes], None]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
    while True:
        began = time.perf_counter()
        if began >= until:
            break
        message = next(requests, None)
        if message is None:
            break
        writer.write(message)
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        length = int(head.lower().split(b"content-length: ", 1)[1].split(b"\r\n", 1)[0])
        body = await reader.readexactly(length)
        times.append(time.perf_counter() - began)
        if status >= 300:
            raise AssertionError(f"{status} {body!r}")
        on_body(body)
    writer.close()
