"""A REST API on this machine whose answers a test scripts, and which keeps what it was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Says:
    """One answer; ``body`` as JSON unless it is bytes. ``drop`` closes the line without a word."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False


class LocalApi:
    """``first`` are the answers to the first requests, ``then`` makes all later ones."""

    def __init__(self, then: Callable[[Asked], Says], *first: Says) -> None:
        self.asked: list[Asked] = []
        self.first = list(first)
        self.then = then
        self.url = ""

    def answer(self, asked: Asked) -> Says:
        self.asked.append(asked)
        return self.first.pop(0) if self.first else self.then(asked)


@contextmanager
def local_api(then: Callable[[Asked], Says], *first: Says) -> Iterator[LocalApi]:
    api = LocalApi(then, *first)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            query = parse_qs(parts.query, keep_blank_values=True)
            says = api.answer(Asked(self.command, parts.path, query, headers, body))
            if says.drop:
                return
            sent = says.body if isinstance(says.body, bytes) else orjson.dumps(says.body)
            self.send_response(says.status)
            for name, value in ({"Content-Length": str(len(sent))} | says.headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(sent)

        do_POST = do_GET  # noqa: N815 - called so by the base class

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            """A reader may hang up in the middle of an answer."""

    with Server(("127.0.0.1", 0), Handler) as server:
        api.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield api
        finally:
            server.shutdown()
            thread.join()
