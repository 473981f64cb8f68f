"""Running the application under uvicorn: in this process, in a thread of it, or in several workers."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from types import FrameType, TracebackType

import uvicorn
from starlette.types import ASGIApp
from uvicorn.supervisors import Multiprocess

from emulator import app
from emulator.settings import Settings

# Long enough for a request in flight, short enough for someone who waits at a prompt.
GRACE_S = 5
WORKER_START_S = 30


class CannotListen(Exception):
    """The address cannot be used; the message is one line."""


class _Server(uvicorn.Server):
    """Tells when it is ready, and ends with status 0 when a signal asks it to."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        # Uvicorn would remember the signal and raise it again at the end, which makes the status -15.
        self.should_exit = True


class _Workers(Multiprocess):
    """Several processes on one socket; ready when all of them are."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket], on_ready: Callable[[], None]) -> None:
        super().__init__(config, sockets)
        self._on_ready = on_ready

    def init_processes(self) -> None:
        super().init_processes()
        if all(process.wait_until_ready(WORKER_START_S, self.should_exit) for process in self.processes):
            self._on_ready()


def listen(host: str, port: int) -> socket.socket:
    """A bound socket. Raises ``CannotListen``."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        bound = socket.socket(family)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.set_inheritable(True)
    except OSError as error:
        raise CannotListen(f"cannot listen on {host}:{port}: {error.strerror}") from None
    return bound


def address(bound: socket.socket, host: str) -> str:
    """``http://HOST:PORT`` of a bound socket."""
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{bound.getsockname()[1]}"


def serve(settings: Settings, on_ready: Callable[[str], None]) -> None:
    """Serve until a signal ends it; ``on_ready`` gets the address once requests are answered."""
    bound = listen(settings.host, settings.port)
    url = address(bound, settings.host)
    if settings.workers == 1:
        config = _config(app.create(settings).asgi, settings)
        _Server(config, lambda: on_ready(url)).run(sockets=[bound])
        return
    # Migrations and seeds are done once, here; the workers find them done.
    app.create(settings).world.database.close()
    os.environ.update(settings.as_environment())
    config = _config("emulator.app:from_variables", settings)
    _Workers(config, [bound], lambda: on_ready(url)).run()


def _config(application: ASGIApp | str, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        factory=isinstance(application, str),
        workers=settings.workers,
        log_config=None,
        log_level=settings.log_level,
        access_log=False,
        server_header=False,
        lifespan="on",
        ws="none",
        timeout_graceful_shutdown=GRACE_S,
    )


class Background:
    """A server in a thread of this process, as a context manager: ``url`` is where it listens."""

    def __init__(self, settings: Settings) -> None:
        self._bound = listen(settings.host, settings.port)
        self.url = address(self._bound, settings.host)
        self.app = app.create(settings)
        self._ready = threading.Event()
        self._server = _Server(_config(self.app.asgi, settings), self._ready.set)
        self._thread = threading.Thread(target=self._server.run, args=([self._bound],), daemon=True)

    def __enter__(self) -> Background:
        self._thread.start()
        self._ready.wait(WORKER_START_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(GRACE_S + 5)
