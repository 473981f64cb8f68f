"""One test's own organisation: headers, a client, and whole flows in one line."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from functools import cache, cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any

from emulator.testing import data, flows
from emulator.testing.bench import Faults, Requests
from emulator.testing.calls import PATIENCE_S, Calls
from emulator.testing.data import Content
from emulator.testing.flows import Fields, Flow, Stream

if TYPE_CHECKING:
    import httpx

Document = dict[str, Any]
_CLIENT = "flow-emulator-test"
_SANDBOXES = 100
_CREDENTIALS = {"grant_type": "client_credentials", "client_id": _CLIENT, "client_secret": "test"}


class Aep:
    """An organisation with one sandbox and a token; nobody else sees what is in it."""

    def __init__(self, admin: Calls, org: str, sandbox: str = "prod") -> None:
        self._admin = admin
        self.url = url = admin.url
        self.org = org
        self.sandbox = sandbox
        self.token = self._new_token()
        self.headers = {
            **self._bearer(self.token),
            "x-api-key": _CLIENT,
            "x-gw-ims-org-id": org,
            "x-sandbox-name": sandbox,
        }
        # A test that lets days pass outruns its own token, but not its helpers.
        self._calls = Calls(url, self.headers, lambda: self._bearer(self._new_token()), admin.trust)
        self.faults = Faults(admin, org)
        self.requests = Requests(admin, org)

    def _new_token(self) -> str:
        token: str = self._admin.call("POST", "/ims/token/v3", query=_CREDENTIALS).body["access_token"]
        return token

    @staticmethod
    def _bearer(token: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {token}"}

    @cached_property
    def http(self) -> httpx.Client:
        """A client of ``httpx`` with address and headers set."""
        try:
            import httpx
        except ModuleNotFoundError:
            raise ModuleNotFoundError(
                "aep.http needs httpx: pip install 'flow-service-emulator[pytest]'; "
                "aep.url and aep.headers serve any other client"
            ) from None
        # The machine's own, where nothing else is known of a server with TLS.
        others = True if self.url.startswith("https:") else _no_certificates()
        verify = self._admin.trust or others
        return httpx.Client(base_url=self.url, headers=self.headers, timeout=PATIENCE_S, verify=verify)

    def flow(
        self,
        records: Iterable[Mapping[str, Any]],
        mapping: Mapping[str, str] | None = None,
        *,
        fields: Fields | None = None,
        schedule: Mapping[str, Any] | None = None,
    ) -> Flow:
        """A flow over a file of these records, with everything it stands on; its first run is due at once.

        ``mapping`` names destinations by source fields; without one every field lands below the tenant's own
        namespace under its name. ``fields`` says which, and with types or JSON Schemas by name also what they hold.
        ``schedule`` goes into ``scheduleParams``: once, unless it says otherwise.
        """
        if mapping is not None and fields is not None:
            raise TypeError("flow takes a mapping or fields=, not both")
        rows = [dict(record) for record in records]
        landing = flows.pairs(self._calls, mapping, flows.names_in(rows) if fields is None else fields)
        return flows.build_flow(self._calls, self._admin, rows, landing, schedule)

    def stream(self, mapping: Mapping[str, str] | None = None, *, fields: Fields | None = None) -> Stream:
        """A flow behind a raw inlet; ``mapping`` or ``fields`` as above."""
        if (mapping is None) == (fields is None):
            raise TypeError("stream needs either a mapping or fields=, the names of what a message holds")
        return flows.build_stream(self._calls, self._admin, flows.pairs(self._calls, mapping, fields or ()))

    def put_data(self, base_connection: str, path: str, content: Content) -> None:
        """Lay a file, a table or a resource behind a base connection: records, or the bytes of a file.

        ``path`` is what its flows read; the suffix of a file says what it is (``orders/day-1.csv``).
        """
        data.put(self._admin, base_connection, path, content)

    def records(self, dataset: str, **query: Any) -> list[Document]:
        """What landed in a dataset, at most 1,000 unless ``limit`` says otherwise; ``query``: batch, run, where."""
        return data.landed(self._admin, dataset, "records", query)

    def rejected(self, dataset: str, **query: Any) -> list[Document]:
        """What did not: ``record``, ``code``, ``message``, ``field``."""
        return data.landed(self._admin, dataset, "rejected", query)

    def script(self, flow: str, *outcomes: Mapping[str, Any]) -> None:
        """Tell the next runs of a flow what to come to: ``{"status": "failed", "errors": [{"code": …}]}``."""
        data.script(self._admin, flow, outcomes)

    def close(self) -> None:
        """Take away what the organisation holds in all its sandboxes, and the faults that were added for it."""
        with ExitStack() as closing:
            closing.callback(self._calls.close)
            if "http" in self.__dict__:
                closing.callback(self.http.close)
            closing.callback(self._empty)
            closing.callback(self.faults.clear)

    def _empty(self) -> None:
        listed = self._calls.call("GET", "/data/foundation/sandbox-management/sandboxes", query={"limit": _SANDBOXES})
        for name in {self.sandbox, *(one["name"] for one in listed.body["sandboxes"])}:
            tenant = {"x-gw-ims-org-id": self.org, "x-sandbox-name": name}
            self._admin.call("POST", "/__admin/reset", query={"to": "empty"}, headers=tenant)

    def __enter__(self) -> Aep:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@cache
def _no_certificates() -> ssl.SSLContext:
    """Reading the machine's certificates would take longer than most tests do; without TLS nobody needs them."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
