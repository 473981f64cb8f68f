"""A server for tests: one of its own in a thread of this process, or one that runs already."""

from __future__ import annotations

import itertools
import secrets
import ssl
import warnings
from contextlib import ExitStack
from types import TracebackType
from typing import Any

from emulator.testing.bench import Clock, Faults, Requests
from emulator.testing.calls import CallFailed, Calls
from emulator.testing.options import server_settings, trust_of
from emulator.testing.tenant import Aep

_REFUSALS = {
    401: "it asks for an admin token: give it as admin_token",
    404: "it has no test bench: it was started with --no-admin, or is no emulator",
}


class Emulator:
    """A context manager: ``url`` is where it listens, ``aep()`` gives a tenant of its own.

    Without ``url`` a server is started on a free port, in memory unless ``database`` says otherwise; ``settings``
    are those of ``flow-emulator serve`` with underscores. With ``url`` the one that runs there is used;
    ``admin_token`` is what it was started with.
    """

    clock: Clock
    faults: Faults
    requests: Requests

    def __init__(self, url: str | None = None, *, admin_token: str | None = None, **settings: Any) -> None:
        if url is not None and settings:
            raise TypeError(f"a server that runs already has its settings: {', '.join(settings)}")
        self._settings = settings | ({} if admin_token is None else {"admin_token": admin_token})
        self._token = admin_token
        self._given_url = url
        self._calls: Calls | None = None
        self._open = ExitStack()
        self._numbers = itertools.count(1)

    @property
    def url(self) -> str:
        return self._bench.url

    @property
    def _bench(self) -> Calls:
        if self._calls is None:
            raise RuntimeError("the emulator is not started: use it in a with statement, or call start")
        return self._calls

    def start(self) -> Emulator:
        """Does nothing where it is started already."""
        if self._calls is None:
            with ExitStack() as opened:
                url, trust = (self._given_url, None) if self._given_url else self._background(opened)
                bearer = {} if self._token is None else {"Authorization": f"Bearer {self._token}"}
                calls = Calls(url, bearer, trust=trust)
                opened.callback(calls.close)
                _greet(calls)
                # Bound to this server's calls: what is added is known when it is to be cleared.
                self.clock, self.faults, self.requests = Clock(calls), Faults(calls), Requests(calls)
                self._calls, self._open = calls, opened.pop_all()
        return self

    def _background(self, opened: ExitStack) -> tuple[str, ssl.SSLContext | None]:
        """Its address, and whose certificates are good for it."""
        # Imported here: whoever uses a server that runs already needs none.
        from emulator import exposure
        from emulator.server import Background

        settings = server_settings(self._settings)
        exposed = exposure.warning(settings)
        if exposed is not None:
            warnings.warn(exposed, stacklevel=4)
        return opened.enter_context(Background(settings)).url, trust_of(settings)

    def stop(self) -> None:
        """End the server that was started; of one that runs already take away the faults that were added here."""
        if self._calls is not None:
            self._calls = None
            with self._open:
                if self._given_url is not None:
                    self.faults.clear()

    def __enter__(self) -> Emulator:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def aep(self) -> Aep:
        """A new organisation with its sandbox ``prod`` and a token. Use it in a with statement, or ``close`` it.

        Its name is nobody else's; with ``random_seed`` it is the same in every run, as all ids are.
        """
        mark = "" if "random_seed" in self._settings else f"X{secrets.token_hex(4)}"
        return Aep(self._bench, f"TEST{next(self._numbers)}{mark}@AdobeOrg")

    def reset(self, to: str = "seed") -> None:
        """Throw everything of everybody away: back to the seed, or with ``empty`` to nothing."""
        self._bench.call("POST", "/__admin/reset", query={"to": to})


def _greet(calls: Calls) -> None:
    """One look whether the bench is there, so that a wrong address is told of here and not by the first test."""
    try:
        calls.call("GET", "/__admin/clock")
    except CallFailed as failed:
        why = _REFUSALS.get(failed.status or 0)
        if why is None:
            raise
        raise CallFailed(f"the server at {calls.url} cannot be used: {why}", failed.status) from None
