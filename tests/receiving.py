"""A receiver of webhooks, for tests of events."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATIENCE_S = 10


@dataclass(frozen=True)
class Received:
    """One POST as it came."""

    path: str
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw)


@dataclass
class Receiver:
    """Takes POSTs and answers with ``status``, or with what ``statuses`` says next; ``gate`` holds answers back."""

    url: str
    status: int = 200
    statuses: list[int] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    gate: Callable[[Received], Any] = field(default=lambda _: None)

    def await_posts(self, count: int) -> list[Received]:
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            if len(self.received) >= count:
                return list(self.received)
            time.sleep(0.005)
        raise AssertionError(f"{len(self.received)} of {count} posts within {PATIENCE_S} s")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # With the usual 5 a connection that comes among many waits a second for its second try.
    request_queue_size = 128


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A receiver on a port of its own, until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            post = Received(self.path, headers, raw)
            mine.received.append(post)
            mine.gate(post)
            status = mine.statuses.pop(0) if mine.statuses else mine.status
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", mine.url)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ARG002
            return

    server = _Server(("127.0.0.1", 0), Handler)
    mine = Receiver(f"http://127.0.0.1:{server.server_address[1]}/hook")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield mine
    finally:
        server.shutdown()
        server.server_close()
