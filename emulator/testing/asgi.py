"""The application without a socket, for clients that can call ASGI applications themselves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from emulator.testing.options import server_settings

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message


@asynccontextmanager
async def in_process(**settings: Any) -> AsyncIterator[ASGIApp]:
    """An application that has been started, in memory unless ``database`` says otherwise.

    ``settings`` are those of ``flow-emulator serve`` with underscores. Time passes in it as in a server.
    """
    # Imported here: what only talks to a server needs none of it.
    from emulator import app

    life = _Life(app.create(server_settings(settings)).asgi)
    await life.says("startup")
    try:
        yield life.application
    finally:
        await life.says("shutdown")


class _Life:
    """The lifespan of an application, which is one long call of it."""

    def __init__(self, application: ASGIApp) -> None:
        self.application = application
        self._incoming: asyncio.Queue[Message] = asyncio.Queue()
        self._outgoing: asyncio.Queue[Message] = asyncio.Queue()
        scope = {"type": "lifespan", "asgi": {"version": "3.0"}}
        self._call = asyncio.ensure_future(application(scope, self._incoming.get, self._outgoing.put))

    async def says(self, what: str) -> None:
        """Begin or end, and wait for it. What goes wrong there is raised here."""
        await self._incoming.put({"type": f"lifespan.{what}"})
        answer = asyncio.ensure_future(self._outgoing.get())
        await asyncio.wait([answer, self._call], return_when=asyncio.FIRST_COMPLETED)
        complete = answer.done() and answer.result()["type"] == f"lifespan.{what}.complete"
        answer.cancel()
        if what == "shutdown" or not complete:
            await self._call
        if not complete:
            raise RuntimeError(f"the emulator did not answer its {what}")
