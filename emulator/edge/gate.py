"""The ASGI side of the edge: bytes in, one call of a handler, bytes out."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from starlette.routing import Route as StarletteRoute
from starlette.routing import Router
from starlette.types import ASGIApp, Lifespan, Receive, Scope, Send

from emulator.domain.errors import Refusal
from emulator.domain.identifiers import Identifiers
from emulator.edge.call import Answer, Call, Query, Stream
from emulator.edge.envelopes import Envelope, flow_service, render
from emulator.edge.identity import Identity
from emulator.edge.routing import Route, Service, nearest
from emulator.store.database import POSTGRES_CONNECTIONS, Contended, TenantGone
from emulator.store.sandboxes import KnownSandboxes

logger = logging.getLogger(__name__)
ATTEMPTS = 25
_HOST = re.compile(r"[A-Za-z0-9._\-:\[\]]+")


class Gate:
    """Everything that a request needs before and after its handler."""

    def __init__(
        self,
        services: Sequence[Service],
        identity: Identity,
        sandboxes: KnownSandboxes,
        ids: Identifiers,
        now: Callable[[], int],
        public_url: str | None,
        inline: bool,
    ) -> None:
        self.services = services
        self.identity = identity
        self.sandboxes = sandboxes
        self.ids = ids
        self.now = now
        self.public_url = public_url
        # With SQLite a call is shorter than the way to another thread and back.
        self._inline = inline
        self._threads = ThreadPoolExecutor(POSTGRES_CONNECTIONS, "call")

    def application(self, lifespan: Lifespan[Router]) -> ASGIApp:
        """Every service below its base, JSON for everything else."""
        return Router(redirect_slashes=False, default=_Dispatcher(self), lifespan=lifespan)

    def close(self) -> None:
        self._threads.shutdown()

    async def run(self, service: Service, route: Route, call: Call) -> Answer:
        if self._inline and not route.slow:
            return self.perform(service, route, call)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self.perform, service, route, call)

    async def send_parts(self, send: Send, stream: Stream) -> None:
        """A body that is made while it is sent, away from the loop; a client that is slow slows it down."""
        loop = asyncio.get_running_loop()
        while (part := await loop.run_in_executor(self._threads, next, stream.parts, None)) is not None:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    def perform(self, service: Service, route: Route, call: Call) -> Answer:
        """Identity, handler, refusals: everything about a call that needs no event loop."""
        for _ in range(ATTEMPTS - 1):
            try:
                return self._attempt(service, route, call)
            except TenantGone:
                # Another process threw the sandbox away after this one had seen it.
                self.sandboxes.forget()
            except Contended:
                continue
        return self._attempt(service, route, call)

    def _attempt(self, service: Service, route: Route, call: Call) -> Answer:
        try:
            if "\x00" in call.path or any("\x00" in key + value for key, value in call.query.pairs):
                raise Refusal("REQUEST-1000-400", detail="the address holds the character U+0000")
            if service.caller == "tenant":
                call._tenant = self.identity.tenant(call.headers)
            elif service.caller == "organisation":
                self.identity.organisation(call.headers)
            return route.handler(call)
        except Refusal as refusal:
            return render(refusal, service.envelope, call.request_id, self.now())

    def origin(self, scope: Scope, headers: dict[str, str]) -> str:
        if self.public_url is not None:
            return self.public_url
        host = headers.get("host", "")
        if not _HOST.fullmatch(host):
            # Links are put into JSON texts as they are, so only what is surely a host gets there.
            server = scope.get("server") or ("localhost", 80)
            host = f"{server[0]}:{server[1]}"
        return f"{scope['scheme']}://{host}"


class _Dispatcher:
    """Finds the service that a path lies below. Every path is served with and without a trailing slash."""

    def __init__(self, gate: Gate) -> None:
        self._nothing = _Nothing(gate)
        by_length = sorted(gate.services, key=lambda service: len(service.base), reverse=True)
        self._routers = [
            (service.base, service.base + "/", _service_router(gate, service, self._nothing)) for service in by_length
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if path.endswith("/") and len(path) > 1:
            path = scope["path"] = path.rstrip("/") or "/"
        for base, below, router in self._routers:
            if path.startswith(below) or path == base:
                await router(scope, receive, send)
                return
        await self._nothing(scope, receive, send)


def _service_router(gate: Gate, service: Service, nothing: ASGIApp) -> Router:
    by_path: dict[str, dict[str, Route]] = {}
    for route in service.routes:
        by_path.setdefault(service.base + route.path, {})[route.method] = route
    routes = [StarletteRoute(path, _Endpoint(gate, service, routes)) for path, routes in by_path.items()]
    return Router(routes, default=nothing, redirect_slashes=False)


class _Endpoint:
    """All methods of one path."""

    def __init__(self, gate: Gate, service: Service, routes: dict[str, Route]) -> None:
        self._gate = gate
        self._service = service
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gate, service = self._gate, self._service
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        request_id = gate.ids.uuid()
        method: str = scope["method"]
        route = self._routes.get("GET" if method == "HEAD" else method)
        try:
            if route is None:
                raise _not_allowed(method, scope["path"], self._routes)
            body = await _read_body(receive, headers, service, route.body_limit or service.body_limit)
        except Refusal as refusal:
            answer = render(refusal, service.envelope, request_id, gate.now())
        else:
            call = Call(
                method,
                scope["path"],
                scope["path_params"],
                Query(scope["query_string"]),
                headers,
                body,
                gate.origin(scope, headers),
                request_id,
            )
            answer = await _guarded(gate, service, route, call)
        await _send(send, answer, request_id, method == "HEAD")
        if answer.stream is not None and method != "HEAD":
            await gate.send_parts(send, answer.stream)


async def _guarded(gate: Gate, service: Service, route: Route, call: Call) -> Answer:
    try:
        return await gate.run(service, route, call)
    except Exception:
        logger.exception("%s %s failed", call.method, call.path)
        return render(Refusal("FLOW-1400-500"), service.envelope, call.request_id, gate.now())


class _Nothing:
    """Answers where no service or no operation is, and names the nearest path that exists."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path, request_id = scope["path"], self._gate.ids.uuid()
        near = nearest(path, self._gate.services)
        hint = f"The nearest path that is: {near}." if near else None
        refusal = Refusal("REQUEST-1003-404", method=scope["method"], path=path, hint=hint)
        envelope = self._envelope(path)
        await _send(send, render(refusal, envelope, request_id, self._gate.now()), request_id, False)

    def _envelope(self, path: str) -> Envelope:
        own = (service.envelope for service in self._gate.services if path.startswith(service.base))
        return next(own, flow_service)


def _not_allowed(method: str, path: str, routes: dict[str, Route]) -> Refusal:
    allowed = sorted(routes)
    return Refusal(
        "REQUEST-1000-405",
        method=method,
        path=path,
        hint=f"Allowed: {', '.join(allowed)}.",
        headers={"allow": ", ".join(allowed)},
    )


async def _read_body(receive: Receive, headers: dict[str, str], service: Service, limit: int) -> bytes:
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


async def _send(send: Send, answer: Answer, request_id: str, head: bool) -> None:
    headers = [(b"x-request-id", request_id.encode())]
    if answer.status != 204:
        headers.append((b"content-type", answer.content_type.encode()))
        length = len(answer.body) if answer.stream is None else answer.stream.length
        headers.append((b"content-length", str(length).encode()))
    for name, value in answer.headers.items():
        headers.append((name.encode("latin-1"), value.encode("latin-1")))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if answer.stream is None or head:
        await send({"type": "http.response.body", "body": b"" if head else answer.body})
