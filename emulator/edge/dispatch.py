"""The ASGI side of the edge: which service and which path a request is for."""

from __future__ import annotations

from starlette.routing import Route as StarletteRoute
from starlette.routing import Router
from starlette.types import ASGIApp, Lifespan, Receive, Scope, Send

from emulator.edge.endpoints import Endpoint, Nothing
from emulator.edge.gate import Gate
from emulator.edge.routing import Route, Service


def application(gate: Gate, lifespan: Lifespan[Router]) -> ASGIApp:
    """Every service below its base, JSON for everything else."""
    return Router(redirect_slashes=False, default=_Dispatcher(gate), lifespan=lifespan)


class _Dispatcher:
    """Finds the service that a path lies below. Every path is served with and without a trailing slash."""

    def __init__(self, gate: Gate) -> None:
        self._nothing = Nothing(gate)
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
    routes = [StarletteRoute(path, Endpoint(gate, service, routes)) for path, routes in by_path.items()]
    return Router(routes, default=nothing, redirect_slashes=False)
