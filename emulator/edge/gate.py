"""What a request needs before and after its handler."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

from starlette.types import Scope, Send

from emulator.domain.errors import Refusal
from emulator.domain.identifiers import Identifiers
from emulator.edge.call import Answer, Call, Stream
from emulator.edge.envelopes import render
from emulator.edge.faults import Faults
from emulator.edge.identity import Identity
from emulator.edge.journal import Journal
from emulator.edge.meter import Meter
from emulator.edge.routing import Route, Service
from emulator.store.database import POSTGRES_CONNECTIONS, Contended, TenantGone
from emulator.store.sandboxes import KnownSandboxes

logger = logging.getLogger(__name__)
ATTEMPTS = 25
FOLLOW_S = 1.0
Result = TypeVar("Result")
_HOST = re.compile(r"[A-Za-z0-9._\-:\[\]]+")


class Watch(NamedTuple):
    """What sees service calls go by."""

    journal: Journal
    meter: Meter
    faults: Faults


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
        settle: Callable[[str, str], None],
        watch: Watch,
    ) -> None:
        self.services = services
        self.identity = identity
        self.sandboxes = sandboxes
        self.ids = ids
        self.now = now
        self.public_url = public_url
        # Writes down what an organisation's sandbox has counted, before anybody looks at it.
        self._settle = settle
        self.journal, self.meter, self.faults = watch
        # With SQLite a call is shorter than the way to another thread and back.
        self._inline = inline
        self._threads = ThreadPoolExecutor(POSTGRES_CONNECTIONS, "call")

    def close(self) -> None:
        self._threads.shutdown()

    async def run(self, service: Service, route: Route, call: Call) -> Answer:
        if self._inline and not route.slow:
            return self.perform(service, route, call)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self.perform, service, route, call)

    async def aside(self, what: Callable[..., Result], *given: Any) -> Result:
        """Something short that asks the database, where that may take as long as it does not hold up the loop."""
        if self._inline:
            return what(*given)
        return await asyncio.get_running_loop().run_in_executor(self._threads, what, *given)

    async def gathered(self, answer: Answer) -> Answer:
        """The answer with its whole body, also where that is made while it is sent."""
        if answer.stream is not None:
            parts = answer.stream.parts
            loop = asyncio.get_running_loop()
            answer.body = await loop.run_in_executor(self._threads, lambda: b"".join(parts))
            answer.stream = None
        return answer

    async def send_parts(self, send: Send, stream: Stream) -> None:
        """A body that is made while it is sent, away from the loop; a client that is slow slows it down."""
        loop = asyncio.get_running_loop()
        while (part := await loop.run_in_executor(self._threads, next, stream.parts, None)) is not None:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def follow_faults(self) -> None:
        """For ever: once a second take over the fault rules that another process was told."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(FOLLOW_S)
            try:
                asked = loop.run_in_executor(self._threads, self.faults.follow)
            except RuntimeError:
                # An interpreter that ends has taken the threads away already.
                return
            try:
                await asked
            except Exception:
                # A database that is away for a moment must not end it for good.
                logger.exception("the fault rules could not be read")

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
                call._tenant = tenant = self.identity.tenant(call.headers)
                self._settle(tenant.org, tenant.sandbox)
            elif service.caller == "organisation":
                self.identity.organisation(call.headers)
            elif service.caller == "administrator" and not route.open:
                self.identity.check_administrator(call.headers)
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
