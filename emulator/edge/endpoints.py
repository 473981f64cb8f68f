"""A call's way: journal, faults, identity, handler; and what is answered where no handler is."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from time import perf_counter
from typing import NamedTuple

from starlette.types import Receive, Scope, Send

from emulator.domain.errors import Refusal
from emulator.domain.fault_rules import Target
from emulator.domain.tenant import Tenant
from emulator.edge import sending
from emulator.edge.call import Answer, Call, Query
from emulator.edge.envelopes import Envelope, flow_service, render
from emulator.edge.faults import Strike
from emulator.edge.gate import Gate
from emulator.edge.journal import LONGEST_BODY
from emulator.edge.routing import Route, Service, nearest

logger = logging.getLogger(__name__)
# Sent by those who look on beside the client that is tested: the journal shows their calls not, and no fault
# strikes them.
UNWATCHED = "x-flow-emulator-unwatched"


class Place(NamedTuple):
    """Where a call has come to. ``operation`` as the documents write it: ``POST /flows``."""

    service: Service | None
    operation: str | None
    route: Route | None
    envelope: Envelope
    watched: bool


class _Way:
    """One call on its way, and what is known of it so far."""

    __slots__ = ("began", "body", "headers", "nearest", "place", "request_id", "scope", "tenant")

    def __init__(self, place: Place, scope: Scope, request_id: str) -> None:
        self.began = perf_counter()
        self.place = place
        self.scope = scope
        self.request_id = request_id
        self.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        self.body = b""
        self.tenant: Tenant | None = None
        self.nearest: str | None = None

    def target(self, gate: Gate) -> Target:
        """What fault rules can see of it. An inlet's senders name no organisation: it is the inlet's own."""
        scope, place = self.scope, self.place
        org, sandbox = gate.identity.named(self.headers)
        if place.service is not None and place.service.tenant_of is not None:
            org, sandbox = place.service.tenant_of(scope["path_params"]) or (org, sandbox)
        name = None if place.service is None else place.service.name
        return Target(scope["method"], scope["path"], name, place.operation, org, sandbox, self.headers)


class _Spot:
    """What all calls of one path pass, whatever comes of them."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def _place(self, scope: Scope) -> Place:
        raise NotImplementedError

    async def _answer(self, way: _Way, receive: Receive) -> Answer:
        raise NotImplementedError

    async def _overhear(self, way: _Way, receive: Receive) -> None:
        """The body of a call that the service is not asked to answer, for the journal."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gate = self._gate
        way = _Way(self._place(scope), scope, gate.ids.uuid())
        watched = way.place.watched and UNWATCHED not in way.headers
        if watched and gate.faults.rules:
            target = way.target(gate)
            strike = await gate.aside(gate.faults.strike, target)
            if strike is not None:
                await self._struck(way, strike, target, receive, send)
                return
        answer = await self._answer(way, receive)
        if watched:
            _note(gate, way, answer)
        head = scope["method"] == "HEAD"
        await sending.send_whole(send, answer, way.request_id, head)
        if answer.stream is not None and not head:
            await gate.send_parts(send, answer.stream)

    async def _struck(self, way: _Way, strike: Strike, target: Target, receive: Receive, send: Send) -> None:
        """A call that a fault rule has struck: later, otherwise, in part, or never."""
        gate, effect = self._gate, strike.effect
        if strike.delay_s:
            await asyncio.sleep(strike.delay_s)
        answer = strike.answer(target, way.place.envelope, way.request_id, gate.now())
        if answer is not None or effect.drop == "before":
            await self._overhear(way, receive)
        else:
            answer = await self._answer(way, receive)
        if answer is None or effect.drop:
            _note(gate, way, None, strike)
            await sending.hang_up(way.scope, receive)
            return
        answer = await gate.gathered(strike.over(answer))
        _note(gate, way, answer, strike)
        head = way.scope["method"] == "HEAD"
        if effect.shapes_body and not head and answer.body:
            await sending.send_shaped(way.scope, receive, send, answer, way.request_id, effect)
        else:
            await sending.send_whole(send, answer, way.request_id, head)


class Endpoint(_Spot):
    """All methods of one path."""

    def __init__(self, gate: Gate, service: Service, routes: dict[str, Route]) -> None:
        super().__init__(gate)
        self._service = service
        self._routes = routes
        watched = service.watched
        self._places = {
            method: Place(service, route.operation, route, service.envelope, watched)
            for method, route in routes.items()
        }
        if "GET" in self._places:
            self._places["HEAD"] = self._places["GET"]
        self._elsewhere = Place(service, None, None, service.envelope, watched)

    def _place(self, scope: Scope) -> Place:
        return self._places.get(scope["method"], self._elsewhere)

    async def _answer(self, way: _Way, receive: Receive) -> Answer:
        gate, service, scope, route = self._gate, self._service, way.scope, way.place.route
        try:
            if route is None:
                raise _not_allowed(scope["method"], scope["path"], self._routes)
            limit = route.body_limit or service.body_limit
            way.body = await sending.read_body(receive, way.headers, service, limit)
        except Refusal as refusal:
            return render(refusal, service.envelope, way.request_id, gate.now())
        call = Call(
            scope["method"],
            scope["path"],
            scope["path_params"],
            Query(scope["query_string"]),
            way.headers,
            way.body,
            gate.origin(scope, way.headers),
            way.request_id,
        )
        answer = await _guarded(gate, service, route, call)
        way.tenant = call._tenant
        return answer

    async def _overhear(self, way: _Way, receive: Receive) -> None:
        with suppress(Refusal):
            way.body = await sending.read_body(receive, way.headers, self._service, self._service.body_limit)


async def _guarded(gate: Gate, service: Service, route: Route, call: Call) -> Answer:
    try:
        return await gate.run(service, route, call)
    except Exception:
        logger.exception("%s %s failed", call.method, call.path)
        return render(Refusal("FLOW-1400-500"), service.envelope, call.request_id, gate.now())


class Nothing(_Spot):
    """Answers where no service or no operation is, and names the nearest path that exists."""

    def _place(self, scope: Scope) -> Place:
        below = [service for service in self._gate.services if scope["path"].startswith(service.base)]
        if not below:
            return Place(None, None, None, flow_service, True)
        return Place(below[0], None, None, below[0].envelope, below[0].watched)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            # Routers that find nothing leave none.
            scope.setdefault("path_params", {})
            await super().__call__(scope, receive, send)

    async def _answer(self, way: _Way, _receive: Receive) -> Answer:
        path = way.scope["path"]
        near = way.nearest = nearest(path, self._gate.services)
        hint = f"The nearest path that is: {near}." if near else None
        refusal = Refusal("REQUEST-1003-404", method=way.scope["method"], path=path, hint=hint)
        return render(refusal, way.place.envelope, way.request_id, self._gate.now())


def _not_allowed(method: str, path: str, routes: dict[str, Route]) -> Refusal:
    allowed = sorted(routes)
    return Refusal(
        "REQUEST-1000-405",
        method=method,
        path=path,
        hint=f"Allowed: {', '.join(allowed)}.",
        headers={"allow": ", ".join(allowed)},
    )


_DROPPED = Answer(0)


def _note(gate: Gate, way: _Way, answer: Answer | None, strike: Strike | None = None) -> None:
    """Into figures and journal; before the answer is sent, so that whoever has it finds the call there."""
    scope, place, said = way.scope, way.place, answer or _DROPPED
    seconds = perf_counter() - way.began
    service = None if place.service is None else place.service.name
    gate.meter.count(service or "none", scope["method"], said.status, seconds)
    if not gate.journal.most:
        return
    body, answered = way.body, said.body
    gate.journal.note(
        (
            gate.now(),
            scope["method"],
            scope["path"],
            scope["query_string"],
            way.headers,
            body if len(body) <= LONGEST_BODY else b"",
            len(body),
            service,
            place.operation,
            way.tenant,
            way.request_id,
            seconds,
            said.status,
            said.headers,
            said.content_type,
            answered if len(answered) <= LONGEST_BODY else b"",
            len(answered) if said.stream is None else said.stream.length,
            said.refused,
            None if strike is None else strike.id,
            way.nearest,
        )
    )
