"""Services and their routes as readable lists, and what happens at a path nobody serves."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal

from emulator.edge.call import Answer, Call
from emulator.edge.envelopes import Envelope

Handler = Callable[[Call], Answer]
# What a service needs to know of its caller: a sandbox, only the organisation, nothing, or the token of
# those who run the server.
Caller = Literal["tenant", "organisation", "anyone", "administrator"]

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Route:
    """One operation. ``path`` is relative to its service; ``{id:path}`` takes slashes too.

    One that is ``slow`` must not hold up the others. ``body_limit`` where it is not the service's, in bytes.
    One that is ``open`` asks nobody who they are.
    """

    method: str
    path: str
    handler: Handler
    slow: bool = False
    body_limit: int | None = None
    open: bool = False

    @property
    def operation(self) -> str:
        """As the documents write it: ``POST /flows``."""
        return f"{self.method} {plain(self.path) or '/'}"


@dataclass(frozen=True)
class Service:
    """One published API: where it is, who may call it, how it words refusals, what it serves.

    ``watched`` says that its calls are in the journal and can be struck by faults. ``tenant_of`` finds organisation
    and sandbox by the variables of a path, where callers do not name them.
    """

    name: str
    base: str
    caller: Caller
    envelope: Envelope
    routes: Sequence[Route]
    body_limit: int = 10 * MEGABYTE
    too_large: str = "REQUEST-1000-413"
    watched: bool = True
    tenant_of: Callable[[Mapping[str, Any]], tuple[str, str] | None] | None = None

    def templates(self) -> list[str]:
        """Full paths of all operations, each once, in order."""
        return list(dict.fromkeys(plain(self.base + route.path) for route in self.routes))


def plain(template: str) -> str:
    """A path template without type marks: ``{id:path}`` is ``{id}``."""
    return re.sub(r":\w+}", "}", template)


def nearest(path: str, services: Sequence[Service]) -> str | None:
    """The known path that looks most like ``path``."""
    templates = [template for service in services for template in service.templates()]
    close = get_close_matches(path, templates, n=1, cutoff=0.3)
    return close[0] if close else None
