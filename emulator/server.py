"""Running the application under uvicorn: in this process, in a thread of it, or in several workers."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType, TracebackType
from urllib.parse import urlsplit

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.supervisors import Multiprocess

from emulator import app
from emulator.edge.sending import LINE
from emulator.settings import Settings

# Long enough for a request in flight, short enough for someone who waits at a prompt.
GRACE_S = 5
TICK_S, STEP_S = 1.0, 0.002
WORKER_START_S = 30
_EVERY_ADDRESS = ("", "0.0.0.0", "::")  # noqa: S104 -- to leave them out of the certificate


class CannotListen(Exception):
    """The address cannot be used; the message is one line."""


class _Protocol(HttpToolsProtocol):
    """Hands the connection on with each request, so that a fault can hang up on it."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope[LINE] = self.transport  # type: ignore[literal-required]


class _Server(uvicorn.Server):
    """Tells when it is ready, ends with status 0 when a signal asks it to, and ends at once.

    Uvicorn looks every tenth of a second whether it is to end, and whether its connections have: the life of a
    server that one test starts is shorter than that.
    """

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    def end(self) -> None:
        """From any thread, or from a signal."""
        self.should_exit = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._ending.set)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        # Uvicorn would remember the signal and raise it again at the end, which makes the status -15.
        self.end()

    async def main_loop(self) -> None:
        # A tick of number 0 renews the date that every answer bears.
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), TICK_S)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for listening in (*self.servers, *(sockets or ())):
            listening.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        latest = time.monotonic() + GRACE_S
        while (self.server_state.connections or self.server_state.tasks) and time.monotonic() < latest:
            await asyncio.sleep(STEP_S)
        for task in self.server_state.tasks:
            task.cancel("the server ends")
        await self.lifespan.shutdown()


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
        with ExitStack() as opened:
            bound = opened.enter_context(socket.socket(family))
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind((host, port))
            bound.set_inheritable(True)
            opened.pop_all()
    except OSError as error:
        raise CannotListen(f"cannot listen on {host}:{port}: {error.strerror}") from None
    return bound


def address(bound: socket.socket, settings: Settings) -> str:
    """``http://HOST:PORT`` of a bound socket, or ``https://…``."""
    name = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{settings.scheme}://{name}:{bound.getsockname()[1]}"


def serve(settings: Settings, on_ready: Callable[[str], None]) -> None:
    """Serve until a signal ends it; ``on_ready`` gets the address once requests are answered."""
    files = _certificate(settings)
    bound = listen(settings.host, settings.port)
    url = address(bound, settings)
    if settings.workers == 1:
        config = _config(app.create(settings).asgi, settings, files)
        _Server(config, lambda: on_ready(url)).run(sockets=[bound])
        return
    # Migrations and seeds are done once, here; the workers find them done.
    app.create(settings).world.database.close()
    os.environ.update(settings.as_environment())
    config = _config("emulator.app:from_variables", settings, files)
    _Workers(config, [bound], lambda: on_ready(url)).run()


# Certificate and key; the key may be in the certificate's file.
_Files = tuple[Path | None, Path | None]


def _config(application: ASGIApp | str, settings: Settings, files: _Files) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        factory=isinstance(application, str),
        http=_Protocol,
        workers=settings.workers,
        log_config=None,
        log_level=settings.log_level,
        access_log=False,
        server_header=False,
        lifespan="on",
        ws="none",
        timeout_graceful_shutdown=GRACE_S,
        ssl_certfile=files[0],
        ssl_keyfile=files[1],
    )


def _certificate(settings: Settings) -> _Files:
    """The files with certificate and key, made where they are to be. Raises ``CannotListen``."""
    if settings.scheme == "http":
        return None, None
    # Imported here: most servers speak without TLS.
    from emulator import certificates

    hosts = {*certificates.REAL_HOSTS, *certificates.LOCAL_HOSTS, urlsplit(settings.public_url or "").hostname}
    if settings.host not in _EVERY_ADDRESS:
        hosts.add(settings.host)
    try:
        if settings.tls_cert is not None and settings.tls_key is not None:
            certificates.check(settings.tls_cert, settings.tls_key)
            return settings.tls_cert, settings.tls_key
        return certificates.prepare(settings.tls_folder, filter(None, hosts), datetime.now(UTC)), None
    except certificates.NoCertificate as error:
        raise CannotListen(str(error)) from None


class Background:
    """A server in a thread of this process, as a context manager: ``url`` is where it listens."""

    def __init__(self, settings: Settings) -> None:
        files = _certificate(settings)
        with ExitStack() as opened:
            self._bound = opened.enter_context(listen(settings.host, settings.port))
            self.url = address(self._bound, settings)
            self.app = app.create(settings)
            opened.pop_all()
        self._ready = threading.Event()
        self._server = _Server(_config(self.app.asgi, settings, files), self._ready.set)
        self._thread = threading.Thread(target=self._server.run, args=([self._bound],), daemon=True)

    def __enter__(self) -> Background:
        self._thread.start()
        self._ready.wait(WORKER_START_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.end()
        self._thread.join(GRACE_S + 5)
