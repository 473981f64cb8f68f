"""Reading a REST API that a developer runs on this machine, in place of the samples."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any
from urllib.parse import quote

import orjson

from emulator.domain import secret_params
from emulator.domain.specs import looks_secret
from emulator.engine.sources import loopback
from emulator.engine.sources.http_credentials import Credentials
from emulator.engine.sources.http_pages import MOST_PAGES, Ask, Page, content_of, first_ask, next_ask, whole
from emulator.engine.sources.loopback import Address, Budget, Reply
from emulator.engine.sources.origin import Origin
from emulator.engine.sources.retries import (
    LONGEST_S,
    AuthExpired,
    FileMissing,
    RateLimited,
    Refused,
    Retries,
    ServerBroken,
    Unusable,
)
from emulator.engine.sources.shelves import Shelf, SourceFacts, renamed, seconds
from emulator.engine.sources.source import CHUNK, Chunk, Record, SourceFailed, Wanted

Document = dict[str, Any]

# What specs call the parameter that holds the address of the API.
_HOSTS = ("host", "hostname", "baseurl", "baseuri", "url", "serverurl", "server", "endpoint", "apiurl", "serviceurl")
_AGENT = {"Accept": "application/json", "User-Agent": "flow-service-emulator"}
_PLACEHOLDER = re.compile(r"\$?\{(\w+)\}")
_PATH_SAFE = "/:@!$&'()*+,;=~%"


def address_of(origin: Origin) -> Address | None:
    """Where the API is, when that is this machine: by the base connection, else by the spec."""
    given = {name.lower().replace("_", ""): value for name, value in (origin.auth or {}).items()}
    hosts = [given.get(name) for name in _HOSTS]
    own = _attributes(origin).get("urlParams")
    if isinstance(own, dict) and isinstance(own.get("host"), str):
        hosts.append(_filled(own["host"], _shown(origin)))
    return next((found for host in hosts if isinstance(host, str) and (found := loopback.loopback(host))), None)


@dataclass(frozen=True)
class HttpSource:
    """One resource of an API. ``facts`` are the ``source.json`` of its source."""

    origin: Origin
    address: Address
    facts: SourceFacts
    retries: Retries

    def chunks(self, wanted: Wanted) -> Generator[Chunk]:
        """With a cursor everything is read before the first record is given: APIs answer in any order.

        Without one nothing tells what is new, and every run reads everything.
        """
        if self.facts.cursor is not None:
            plain = [(record, size) for records in self._pages(wanted) for record, size in records]
            yield from Shelf.of(plain, self.facts).chunks(wanted)
            return
        waiting: list[tuple[Record, int]] = []
        for records in self._pages(wanted):
            waiting += records
            while len(waiting) >= CHUNK:
                yield self._chunk(waiting[:CHUNK])
                del waiting[:CHUNK]
        if waiting:
            yield self._chunk(waiting)

    def first_page(self) -> list[Record]:
        """What a run over everything reads first. Raises ``SourceFailed``."""
        with self._named(), closing(self._pages(Wanted())) as pages:
            return [record for record, _ in next(pages, [])]

    def check(self) -> None:
        """Raises ``SourceFailed`` where the server cannot be reached, refuses the credentials or is broken.

        Which resources it has is not asked: the account is as good without.
        """
        budget, credentials = Budget(within=self.retries.within), Credentials(self.origin.auth or {})
        with self._named():
            ask = first_ask(self._first(Wanted()), _object(self.origin, "paginationParams"))
            read = partial(self._reply, ask, credentials, budget)
            self.retries.of(lambda: _check_account(read()), lambda: credentials.renew(budget), self.origin.spec.title)

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Whoever waits is told who was asked."""
        try:
            yield
        except SourceFailed as failed:
            advice = f"Asked was {self.address.url()}. {failed.advice}"
            raise SourceFailed(str(failed), failed.code, failed.detail, advice) from None

    def _chunk(self, records: list[tuple[Record, int]]) -> Chunk:
        return Chunk([renamed(record, self.facts) for record, _ in records], sum(size for _, size in records), None)

    def _pages(self, wanted: Wanted) -> Generator[list[tuple[Record, int]]]:
        """The records of one page after the other, each with its size in bytes."""
        budget, credentials = Budget(within=self.retries.within), Credentials(self.origin.auth or {})
        paging = _object(self.origin, "paginationParams")
        most = min(whole(paging.get("maximumRequest"), MOST_PAGES), MOST_PAGES)
        pause = min(whole(paging.get("delayRequestMillis"), 0) / 1000, LONGEST_S)
        seen: set[Ask] = set()
        before: list[Record] = []
        ask: Ask | None = first_ask(self._first(wanted), paging)
        while ask is not None and len(seen) < most:
            if seen and pause > 0:
                self.retries.wait(pause)
            url = ask.address.url()
            read = partial(self._page, ask, credentials, budget)
            seen.add(ask)
            records, ask = self.retries.of(read, lambda: credentials.renew(budget), self.origin.spec.title)
            if ask in seen or (records and records == before):
                raise Unusable(f"{url} gives the same page again and again.").failure()
            before = records
            yield [(record, len(orjson.dumps(record))) for record in records]

    def _page(self, ask: Ask, credentials: Credentials, budget: Budget) -> tuple[list[Record], Ask | None]:
        """The records of a page and what to ask next. All that can be wrong with a page is found here."""
        reply = self._reply(ask, credentials, budget)
        _check(reply)
        body = _parsed(reply)
        content = content_of(_given(self.origin, "contentPath"), self.facts.wrapper)
        around, elements = content.elements(body, self._resource)
        page = Page(body, reply.headers, len(elements), elements[-1] if elements else None)
        following = next_ask(ask, page, _object(self.origin, "paginationParams"))
        return content.wrapped(around, elements), following

    def _reply(self, ask: Ask, credentials: Credentials, budget: Budget) -> Reply:
        secret = _headers(self.origin) | credentials.headers() if ask.address.is_at(self.address) else {}
        return loopback.call(ask.to(), _AGENT | dict(ask.headers), secret, budget)

    @property
    def _resource(self) -> str:
        named = self.origin.params.get(self._parameter)
        return named if isinstance(named, str) else ""

    @property
    def _parameter(self) -> str:
        return self.facts.resource_parameter or "resourcePath"

    def _first(self, wanted: Wanted) -> Ask:
        origin, own = self.origin, _object(self.origin, "urlParams")
        if str(own.get("method") or "GET").upper() != "GET":
            raise Refused(f"{origin.spec.title} is read with {own['method']}; here only GET is.").failure()
        path = own["path"] if isinstance(own.get("path"), str) else self._resource
        # Some published specs end their path in an expression of the copy engine.
        path, _, query = path.partition("@{")[0].partition("?")
        below = quote(_filled(path, _shown(origin), quoted=True), safe=_PATH_SAFE).lstrip("/")
        base = replace(self.address, path=f"{self.address.path.rstrip('/')}/{below}" if below else self.address.path)
        ask = Ask.at(replace(base, query="&".join(part for part in (base.query, query) if part)))
        return ask.with_query(self._query(own) | self._window(wanted))

    def _query(self, own: Document) -> dict[str, str]:
        """A spec of one's own says what is asked; of others the source's own parameters go along."""
        if own:
            given = own.get("queryParams")
            parts = given.items() if isinstance(given, dict) else ()
            filled = {str(name): _filled(_text(value), _everything(self.origin)) for name, value in parts}
            return {name: value for name, value in filled.items() if "{SCHEDULE_QUERY}" not in value}
        known = {self._parameter, "contentPath"}
        params = self.origin.params.items()
        return {name: _text(value) for name, value in params if name not in known and _is_scalar(value)}

    def _window(self, wanted: Wanted) -> dict[str, str]:
        """What is new, asked for by the parameters that ``scheduleParams`` name."""
        schedule = _object(self.origin, "scheduleParams")
        since = None if wanted.since is None else wanted.since / 1000
        if wanted.cursor is not None:
            since = seconds(wanted.cursor.partition("#")[0])
        until = None if wanted.until is None else wanted.until / 1000
        bounds = (("scheduleStartParamName", since), ("scheduleEndParamName", until))
        return {str(schedule[name]): _iso(at) for name, at in bounds if at is not None and schedule.get(name)}


def _check(reply: Reply) -> None:
    """Raises what an answer says is wrong."""
    _check_account(reply)
    if 200 <= reply.status < 300:
        return
    said = _said(reply)
    raise FileMissing(said) if reply.status in (404, 410) else Refused(said)


def _check_account(reply: Reply) -> None:
    """Raises what is wrong whatever is asked for."""
    status, said = reply.status, _said(reply)
    if status in (401, 403):
        raise AuthExpired(said)
    if status == 429:
        raise RateLimited(said, _retry_after(reply))
    if status >= 500:
        raise ServerBroken(said, _retry_after(reply))


def _said(reply: Reply) -> str:
    return f"{reply.address.url()} answered {loopback.phrase(reply.status)}."


def _retry_after(reply: Reply) -> float | None:
    """Seconds, or an instant, which is told from the server's own clock."""
    given = reply.headers.get("retry-after", "").strip()
    if given.isdecimal():
        return float(given)
    try:
        return (parsedate_to_datetime(given) - parsedate_to_datetime(reply.headers["date"])).total_seconds()
    except (KeyError, TypeError, ValueError):
        return None


def _parsed(reply: Reply) -> Any:
    """JSON, or lines of JSON. Raises ``Unusable``."""
    if not reply.body.strip():
        return None
    try:
        return orjson.loads(reply.body)
    except orjson.JSONDecodeError as error:
        problem = error
    try:
        return [orjson.loads(line) for line in reply.body.splitlines() if line.strip()]
    except orjson.JSONDecodeError:
        raise Unusable(f"The answer of {reply.address.url()} is no JSON: {problem.msg}.") from None


def _attributes(origin: Origin) -> Document:
    """What self-serve specs say of their API; specs are written by hand, and may say anything."""
    source = origin.spec.document.get("sourceSpec")
    attributes = source.get("attributes") if isinstance(source, dict) else None
    return attributes if isinstance(attributes, dict) else {}


def _given(origin: Origin, name: str) -> Any:
    """A parameter of the source connection, else what the spec says."""
    given = origin.params.get(name)
    return _attributes(origin).get(name) if given is None else given


def _object(origin: Origin, name: str) -> Document:
    given = _given(origin, name)
    return given if isinstance(given, dict) else {}


def _headers(origin: Origin) -> dict[str, str]:
    own, values = _object(origin, "headerParams").items(), _everything(origin)
    return {str(name): _filled(_text(value), values) for name, value in own if _is_scalar(value)}


def _everything(origin: Origin) -> Document:
    return {**(origin.auth or {}), **origin.params}


def _shown(origin: Origin) -> Document:
    """Without secrets, for what messages may show."""
    auth = {name: value for name, value in (origin.auth or {}).items() if not _is_secret(name, origin)}
    params = secret_params.shown(origin.params, {"properties": origin.spec.source_properties})
    return auth | {name: value for name, value in params.items() if value != secret_params.HIDDEN}


def _is_secret(name: str, origin: Origin) -> bool:
    return looks_secret(name) or any(spec.hides(name) for spec in origin.spec.auth_specs)


def _filled(text: str, values: Document, quoted: bool = False) -> str:
    """The text with parameters in the places that are left for them: ``${name}`` or ``{name}``."""

    def value(found: re.Match[str]) -> str:
        given = values.get(found[1])
        if not _is_scalar(given):
            return found[0]
        return quote(_text(given), safe="") if quoted else _text(given)

    return _PLACEHOLDER.sub(value, text)


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
