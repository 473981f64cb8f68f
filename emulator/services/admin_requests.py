"""``/__admin/requests``: the newest service calls, what was sent and what was answered, without secrets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import orjson

from emulator.domain.errors import Refusal
from emulator.domain.fault_rules import glob
from emulator.domain.hiding import HIDDEN, Hider
from emulator.edge.call import Answer, Call, answer, no_content, parsed
from emulator.edge.journal import Journal, Noted
from emulator.edge.routing import Route
from emulator.engine.clock import instant, iso
from emulator.services.admin_tenants import tenant_headers
from emulator.store.sandboxes import DEFAULT_SANDBOX

Document = dict[str, Any]
Test = Callable[[Noted], bool]
DEFAULT_LIMIT = 100
MAX_LIMIT = 10_000
_BAD = "ADMIN-BAD_REQUEST-400"
_FILTERS = ("method", "path", "status", "org", "sandbox", "since")


def routes(journal: Journal) -> list[Route]:
    calls = Requests(journal)
    return [
        Route("GET", "/requests", calls.show, slow=True),
        Route("DELETE", "/requests", calls.clear),
        Route("GET", "/requests/count", calls.count),
    ]


class Requests:
    """The operations on the journal of this process."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def show(self, call: Call) -> Answer:
        """``{"items", "count", "forgotten", "keeps"}``, newest first; ``count`` is how many meet the filters."""
        call.query.check((*_FILTERS, "limit"), _BAD)
        limit = call.query.number("limit", DEFAULT_LIMIT, 1, MAX_LIMIT, _BAD)
        found = self._found(call)
        return answer(
            {
                "items": [_shown(one) for one in found[:limit]],
                "count": len(found),
                "forgotten": self._journal.forgotten,
                "keeps": self._journal.most,
            }
        )

    def count(self, call: Call) -> Answer:
        call.query.check(_FILTERS, _BAD)
        return answer({"count": len(self._found(call))})

    def clear(self, call: Call) -> Answer:
        """With a tenant's headers that tenant's calls alone."""
        call.query.check((), _BAD)
        only = tenant_headers(call)
        if only is None:
            self._journal.clear()
        else:
            self._journal.remove(lambda noted: _home(noted) == only)
        return no_content()

    def _found(self, call: Call) -> list[Noted]:
        tests = _tests(call)
        return [noted for noted in self._journal.newest_first() if all(test(noted) for test in tests)]


class _Home(NamedTuple):
    org: str | None
    sandbox: str | None


def _home(noted: Noted) -> _Home:
    """Whose call it was: as identity found, or as its headers say where it did not come so far."""
    if noted.tenant is not None:
        return _Home(noted.tenant.org, noted.tenant.sandbox)
    org = noted.headers.get("x-gw-ims-org-id") or None
    return _Home(org, noted.headers.get("x-sandbox-name") or (DEFAULT_SANDBOX if org else None))


def _tests(call: Call) -> list[Test]:
    """What an entry must meet: every filter, and unless ``org`` is one, to be of the tenant of the headers."""
    query, tests = call.query, list[Test]()
    method, path, since = query.one("method"), query.one("path"), query.one("since")
    org, sandbox, only = query.one("org"), query.one("sandbox"), tenant_headers(call)
    if only is not None and org is None:
        tests.append(lambda noted: _home(noted) == only)
    if method is not None:
        tests.append(lambda noted: noted.method == method.upper())
    if path is not None:
        pattern = glob(path)
        tests.append(lambda noted: pattern.match(noted.path) is not None)
    if org is not None:
        tests.append(lambda noted: _home(noted).org == org)
    if sandbox is not None:
        tests.append(lambda noted: _home(noted).sandbox == sandbox)
    if since is not None:
        earliest = _instant(since)
        tests.append(lambda noted: noted.time >= earliest)
    return [*tests, *_of_status(query.one("status"))]


def _instant(text: str) -> int:
    try:
        return instant(text)
    except (ValueError, OverflowError):
        raise Refusal(_BAD, detail=f"since={text} is no instant such as 2026-01-31T12:00:00Z.") from None


def _of_status(text: str | None) -> list[Test]:
    """``404``, ``4xx`` for all of that hundred, or ``dropped`` for calls that got no answer."""
    if text is None:
        return []
    if text == "dropped":
        return [lambda noted: noted.status == 0]
    if len(text) == 3 and text[0] in "12345" and text[1:].lower() == "xx":
        hundred = int(text[0])
        return [lambda noted: noted.status // 100 == hundred]
    if len(text) == 3 and text.isascii() and text.isdigit():
        status = int(text)
        return [lambda noted: noted.status == status]
    raise Refusal(_BAD, detail=f"status={text} is no status such as 404, 4xx or dropped.")


def _shown(noted: Noted) -> Document:
    hider = Hider(noted.service == "ims")
    home = _home(noted)
    request = {
        "headers": hider.headers(noted.headers),
        **_body(hider, noted.body, noted.body_size, noted.service == "ims"),
    }
    query = hider.pairs(parse_qsl(noted.query.decode("latin-1"), keep_blank_values=True))
    shown = {
        "time": iso(noted.time),
        "requestId": noted.request_id,
        "method": noted.method,
        "path": noted.path,
        "query": query,
        "service": noted.service,
        "operation": noted.operation,
        "org": home.org,
        "sandbox": home.sandbox,
        "status": noted.status or None,
        "durationMs": round(noted.seconds * 1000, 3),
        "refusedBy": noted.refused,
        "nearest": noted.nearest,
        "fault": noted.fault,
        "request": request,
        "response": _response(hider, noted),
    }
    wiped: Document = hider.wiped(shown)
    return wiped


def _response(hider: Hider, noted: Noted) -> Document | None:
    if not noted.status:
        return None
    headers = {name.lower(): value for name, value in noted.answer_headers.items()}
    if noted.answer_size:
        headers["content-type"] = noted.answer_type
    said = _body(hider, noted.answer, noted.answer_size, False)
    if noted.refused:
        said["body"] = hider.error(said["body"])
    return {"headers": hider.headers(headers), **said}


def _body(hider: Hider, body: bytes, size: int, may_be_form: bool) -> Document:
    """``body`` is JSON; what is none is hidden as a whole, because nobody knows what in it is a secret."""
    cut = size > len(body)
    return {"body": None if cut or not body else _readable(hider, body, may_be_form), "bytes": size, "cut": cut}


def _readable(hider: Hider, body: bytes, may_be_form: bool) -> Any:
    try:
        return hider.value(parsed(body))
    except orjson.JSONDecodeError:
        pairs = parse_qsl(body.decode("latin-1")) if may_be_form and b"\r\n" not in body else []
        return hider.pairs(pairs) if pairs else HIDDEN
