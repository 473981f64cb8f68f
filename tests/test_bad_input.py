"""Whatever is sent to whatever operation: never a 5xx; a refusal in its service's own words changes nothing.

The operations are those that the server lists, so that an operation is tested from the day it is there. The
calls are the same every time, so that a change is judged by what it changes; others with CONTRACT_RANDOM=1, more with
CONTRACT_DEPTH.
"""

from __future__ import annotations

import http.client
import json
import logging
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit
from zlib import crc32

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Flaky, FlakyFailure
from hypothesis.strategies import SearchStrategy
from sqlalchemy import MetaData, bindparam, create_engine, func, insert, select
from sqlalchemy.engine.interfaces import DBAPICursor

from emulator.engine import micro_batches
from emulator.server import Background
from emulator.settings import Settings
from emulator.store.sandboxes import DEFAULT_SANDBOX
from tests import bad_input
from tests.bad_input import Family, Known, Operation, Request
from tests.contract import DEPTH
from tests.one_of_everything import documented_parameters, make_everything
from tests.support import FLOW, Document

ORG = "BADINPUT@AdobeOrg"
NOW = "2026-01-31T12:00:00Z"
TIMEOUT_S = 20
IDLE_S = 2
RECORDS = b'{"id":"a","created":1}\n{"id":"b","created":2}\n{"id":"c","created":3}\n'
MEGABYTE = 1024 * 1024
# In bytes, where it is not ten megabytes.
BODY_LIMITS = {
    "POST /collection/{inlet}": MEGABYTE,
    "POST /collection/batch/{inlet}": MEGABYTE,
    "POST /__admin/faults": MEGABYTE,
}

# How many calls an operation gets of each family, in the fast run and in the slow one.
FAMILIES: dict[str, tuple[Family, int, int]] = {
    "any JSON": (bad_input.documents, 3, 8),
    "bodies wrong at one place": (bad_input.changed_bodies, 5, 10),
    "patches": (bad_input.patches, 10, 25),
    "no JSON": (bad_input.no_json, 3, 6),
    "headers": (bad_input.headers, 2, 4),
    "queries": (bad_input.queries, 2, 4),
    "filters and orders": (bad_input.filters_and_orders, 6, 20),
    "packed parameters": (bad_input.packed, 6, 20),
    "paths": (bad_input.paths, 3, 5),
}

# What an admin endpoint shows moves with every call, or is a file and never moves: it tells nothing of changes.
TELLS_NOTHING = ("/__admin/requests", "/__admin/metrics", "/__admin/openapi")

Rows = dict[str, frozenset[tuple[Any, ...]]]


class Wrong(AssertionError):
    """Something that no input may bring about."""


@dataclass(frozen=True, repr=False)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def __repr__(self) -> str:
        return f"{self.status} {self.headers.get('content-type')} {self.body[:600]!r}"


class Wire:
    """One connection that sends what it is told, byte by byte; httpx would mend addresses and headers."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.host = parts.netloc
        self.connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
        self._used = time.monotonic()

    def send(self, request: Request, chunked: Iterable[bytes] | None = None) -> Answer:
        if time.monotonic() - self._used > IDLE_S:
            # The server closes a connection that nobody used for a while.
            self.connection.close()
        self._used = time.monotonic()
        was_open = self.connection.sock is not None
        try:
            return self._send(request, chunked)
        except (OSError, http.client.HTTPException) as error:
            self.connection.close()
            if was_open and chunked is None:
                # The server may have closed it in that moment, for which a request is not to blame.
                return self.send(request)
            raise Wrong(f"no answer: {error!r}\n{request!r}") from error

    def _send(self, request: Request, chunked: Iterable[bytes] | None) -> Answer:
        self.connection.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
        for name, value in {"Host": self.host, **request.headers}.items():
            self.connection.putheader(name, value.encode("latin-1"))
        if chunked is not None:
            self.connection.putheader("Transfer-Encoding", "chunked")
        elif request.body is not None:
            self.connection.putheader("Content-Length", str(len(request.body)))
        self.connection.endheaders(request.body if chunked is None else chunked, encode_chunked=chunked is not None)
        answer = self.connection.getresponse()
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())


class Tables:
    """Every table of a database, seen from outside the server."""

    def __init__(self, url: str) -> None:
        # Whoever holds a lock for so long has forgotten it; SQLite knows such a limit by itself.
        patience = {"options": f"-c lock_timeout={TIMEOUT_S}s"} if url.startswith("postgresql") else {}
        self._engine = create_engine(url, connect_args=patience)
        self.family = self._engine.dialect.name
        self._metadata = MetaData()
        self._metadata.reflect(self._engine)
        timed = [table for table in self._metadata.sorted_tables if "due" in table.c]
        self._due = [select(func.count()).where(table.c.due <= bindparam("now")) for table in timed]

    def rows(self) -> Rows:
        with closing(self._engine.raw_connection()) as connection, closing(connection.cursor()) as cursor:
            return {name: frozenset(_everything(cursor, name)) for name in self._metadata.tables}

    def restore(self, rows: Rows) -> None:
        with self._engine.begin() as connection:
            for table in reversed(self._metadata.sorted_tables):
                connection.execute(table.delete())
            for table in self._metadata.sorted_tables:
                names = table.columns.keys()
                kept = [dict(zip(names, row, strict=True)) for row in rows[table.name]]
                if kept:
                    connection.execute(insert(table), kept)

    def wait_for_runs(self, now: int) -> None:
        """Until nothing is due any more: then nothing moves by itself."""
        until = time.monotonic() + TIMEOUT_S
        while time.monotonic() < until:
            with self._engine.connect() as connection:
                if not any(connection.execute(query, {"now": now}).scalar() for query in self._due):
                    return
            time.sleep(0.002)
        raise Wrong("a run is due and does not end")

    def close(self) -> None:
        self._engine.dispose()


def _everything(cursor: DBAPICursor, table: str) -> list[tuple[Any, ...]]:
    cursor.execute(f'SELECT * FROM "{table}"')
    return list(cursor.fetchall())


def difference(before: Rows, after: Rows) -> dict[str, str]:
    """What is gone from each table and what is new in it."""
    return {
        name: f"gone {sorted(rows - after[name], key=repr)} new {sorted(after[name] - rows, key=repr)}"[:1_500]
        for name, rows in before.items()
        if rows != after[name]
    }


class Logged(logging.Handler):
    """Collects what the server logs as an error: a refusal is none."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    def taken(self) -> str:
        lines, self.lines = self.lines, []
        return "\n".join(lines)[-1_200:]


class World:
    """A server with one of everything, whose clock stands, and the way back to that state."""

    def __init__(self, database: str, sources: Path) -> None:
        self._settings = Settings(port=0, database=database, clock=NOW, sources=sources, random_seed=1)
        self.logged = Logged()
        self._start()
        self.tables = Tables(self._server.app.world.database.url.render_as_string(hide_password=False))

    def fill(self) -> None:
        """Make one of everything, and learn what there is."""
        self.operations = self._operations()
        self._now = self._server.app.world.clock.now()
        made = make_everything(self._server.url, ORG, [(one.method, one.template) for one in self.operations])
        parameters = {place: documented_parameters(place) for place in ("query", "header")}
        self.known = Known(made.identity, made.ids, made.calls, parameters["query"], parameters["header"])
        self._settle()
        self.rows = self.tables.rows()
        self._learn()
        self.standing = self._standing()

    def _start(self) -> None:
        self._server = Background(self._settings).__enter__()
        self.wire = Wire(self._server.url)

    def stop(self) -> None:
        self.wire.connection.close()
        self._server.__exit__(None, None, None)

    def close(self) -> None:
        self.stop()
        self.tables.close()

    def _operations(self) -> list[Operation]:
        index = self.wire.send(Request("GET", "/__admin", {})).json()
        listed = [("admin", route) for route in index["admin"]]
        listed += [(service["name"], route) for service in index["services"] for route in service["routes"]]
        return [Operation(name, route["method"], route["path"]) for name, route in listed]

    def operation(self, label: str) -> Operation:
        return next(one for one in self.operations if one.label == label)

    def _learn(self) -> None:
        """Read what can be changed, for its document and its etag, and lists for their continuation tokens."""
        changeable = {one.template for one in self.operations if one.method in ("PATCH", "PUT", "DELETE")}
        for operation in self.operations:
            if operation.method == "GET" and operation.template in changeable:
                for path in bad_input.sound_paths(self.known, operation):
                    self._learn_document(operation, path)
            elif "continuationToken" in self.known.queries.get(operation.label, ()) and not operation.parameters:
                self._learn_tokens(operation.template)

    def _learn_document(self, operation: Operation, path: str) -> None:
        answer = self.wire.send(Request("GET", path, bad_input.sound_headers(self.known, operation, path)))
        if answer.status == 200 and "json" in answer.headers["content-type"]:
            body = answer.json()
            items = body.get("items") if isinstance(body, dict) else None
            document = items[0] if items else body
            etag = document.get("etag", "") if isinstance(document, dict) else ""
            self.known.documents[path] = (document, etag)

    def _learn_tokens(self, path: str) -> None:
        for order in ("", "&orderby=name", "&orderby=-createdAt,name", "&property=createdAt>0"):
            answer = self.wire.send(Request("GET", f"{path}?limit=1{order}", self.known.identity))
            if answer.status == 200 and (following := answer.json()["_links"].get("next")):
                self.known.tokens.append(following["href"].split("continuationToken=")[1].split("&")[0])

    def _standing(self) -> dict[str, bytes]:
        """What the admin endpoints say of the server, beside its database."""
        own = [one for one in self.operations if one.service == "admin" and one.method == "GET" and not one.parameters]
        paths = [one.template for one in own if not one.template.startswith(TELLS_NOTHING)]
        return {path: self.wire.send(Request("GET", path, {})).body for path in paths}

    def check(self, operation: Operation, request: Request) -> Answer:
        """One call, and everything that must hold after it. Raises ``Wrong``."""
        answer = self.wire.send(request)
        changed = self._settled_difference(request, answer)
        try:
            for complaint in self._complaints(operation, request, answer, changed):
                raise Wrong(f"{complaint}\n{request!r}\n{answer!r}\n{self.logged.taken()}")
        finally:
            self.logged.taken()
            self._restore(operation, answer)
        return answer

    def _complaints(
        self, operation: Operation, request: Request, answer: Answer, changed: dict[str, str]
    ) -> Iterator[str]:
        if answer.status >= 500:
            yield "a fault of the server"
        if 300 <= answer.status < 400:
            yield "neither taken nor refused"
        if answer.status >= 400 and not is_in_own_words(operation, request, answer):
            yield "not in the words of its service"
        if changed and answer.status >= 300:
            yield f"changed {changed}"
        if answer.status < 300 and request.method != "GET":
            yield from self._unreadable(request)
        if self.logged.lines:
            yield "something broke"

    def _settled_difference(self, request: Request, answer: Answer) -> dict[str, str]:
        if answer.status < 300:
            self._settle()
        after = self.tables.rows()
        self._dirty = after != self.rows
        # An organisation is there from the first call that names it, also when that call is refused.
        seen = request.headers.get("x-gw-ims-org-id", "").strip(" \t")
        first = {row for row in after["sandbox"] - self.rows["sandbox"] if row[:2] == (seen, DEFAULT_SANDBOX)}
        return difference(self.rows, after | {"sandbox": after["sandbox"] - first})

    def _settle(self) -> None:
        """Until nothing moves by itself: runs have ended, and what streaming has counted is written down."""
        self.tables.wait_for_runs(self._now)
        micro_batches.settle_all(self._server.app.world)

    def _unreadable(self, request: Request) -> Iterator[str]:
        """What was accepted can be listed, and what was changed can be read."""
        path = request.target.partition("?")[0]
        for address in (path.rpartition("/")[0], path):
            headers = {**self.known.identity, "Accept": request.headers.get("Accept", "*/*")}
            answer = self.wire.send(Request("GET", address, headers))
            if answer.status >= 500:
                yield f"afterwards GET {address} answers {answer!r}"

    def _restore(self, operation: Operation, answer: Answer) -> None:
        if self._dirty:
            self.tables.restore(self.rows)
        if operation.service == "admin" and operation.method != "GET":
            # What an admin call changes may live in the process alone, like where the clock stands.
            standing = self._standing()
            if standing != self.standing:
                self._restart()
                if answer.status >= 300:
                    moved = {path: shown for path, shown in standing.items() if shown != self.standing.get(path)}
                    raise Wrong(f"refused, and yet {moved}")

    def _restart(self) -> None:
        self.stop()
        self.tables.restore(self.rows)
        self._start()
        # Every start is counted there.
        self.rows = self.rows | {"meta": self.tables.rows()["meta"]}

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Errors that the server logs are seen, and not printed."""
        logger = logging.getLogger("emulator")
        logger.addHandler(self.logged)
        logger.propagate = False
        try:
            yield
        finally:
            logger.propagate = True
            logger.removeHandler(self.logged)


# --- the words of each service


def is_in_own_words(operation: Operation, request: Request, answer: Answer) -> bool:
    """Whether a refusal has the envelope of its service, or the gateway's where there is one before it."""
    if request.method == "HEAD":
        return answer.body == b""
    try:
        body = answer.json()
    except ValueError:
        return False
    if answer.headers.get("content-type") != "application/json" or not isinstance(body, dict):
        return False
    if operation.service not in FOR_ANYONE and _is_gateways(body, answer):
        return True
    report = body.get("report", {})
    return isinstance(report, dict) and ENVELOPES[operation.service](body, report, answer)


def _is_gateways(body: Document, answer: Answer) -> bool:
    if body.get("type") == "/placeholder/type/uri":
        return set(body) == {"type", "status", "title", "detail"} and body["status"] == answer.status == 400
    return set(body) == {"error_code", "message"} and answer.status in (400, 401, 403) and _are_texts(*body.values())


def _are_texts(*values: Any) -> bool:
    return all(isinstance(value, str) and value for value in values)


def _flow_service(body: Document, report: Document, answer: Answer) -> bool:
    return (
        set(body) == {"type", "title", "status", "report", "errorMessage", "errorDetails"}
        and str(body["type"]).startswith("https://ns.adobe.com/aep/errors/")
        and body["status"] == answer.status
        and body["errorMessage"] == body["errorDetails"] == report.get("detailed-message")
        and report.get("request-id") == answer.headers["x-request-id"]
        and _are_texts(body["title"], body["errorMessage"])
    )


def _schema_registry(body: Document, report: Document, answer: Answer) -> bool:
    return (
        set(body) == {"type", "title", "status", "report", "detail"}
        and str(body["type"]).startswith("http://ns.adobe.com/aep/errors/")
        and body["status"] == answer.status
        and body["detail"] == report.get("detailed-message")
        and report.get("registryRequestId") == answer.headers["x-request-id"]
        and _are_texts(body["title"], body["detail"], report.get("timestamp"))
    )


def _problem(body: Document, report: Document, answer: Answer) -> bool:
    return (
        set(body) == {"type", "title", "status", "detail", "report"}
        and str(body["type"]).startswith("https://ns.adobe.com/aep/errors/")
        and body["status"] == answer.status
        and report.get("request-id") == answer.headers["x-request-id"]
        and _are_texts(body["title"], body["detail"])
    )


def _ims(body: Document, _report: Document, _answer: Answer) -> bool:
    return set(body) == {"error", "error_description"} and _are_texts(*body.values())


def _inlet(body: Document, report: Document, answer: Answer) -> bool:
    """The authorisation problem has a type of its own, and a status that is a text."""
    expected: tuple[str, Any] = (f"{INLET_PROBLEM}/inlet", answer.status)
    if answer.status == 401:
        expected = (INLET_AUTHORISATION, "401")
    return (
        set(body) == {"type", "status", "title", "report"}
        and (body["type"], body["status"]) == expected
        and {"message"} <= set(report) <= {"message", "hint"}
        and _are_texts(body["title"], *report.values())
    )


INLET_PROBLEM = "http://ns.adobe.com/adobecloud/problem/data-collection-service"
INLET_AUTHORISATION = "https://ns.adobe.com/adobecloud/problem/data-collection-service-authorization"


def _admin(body: Document, _report: Document, _answer: Answer) -> bool:
    return set(body) == {"error", "message"} and _are_texts(*body.values())


Envelope = Callable[[Document, Document, Answer], bool]
# Of the other services no error bodies are published: they answer with problem documents.
ENVELOPES: defaultdict[str, Envelope] = defaultdict(
    lambda: _problem,
    {
        "flow-service": _flow_service,
        "connectors": _flow_service,
        "schema-registry": _schema_registry,
        "ims": _ims,
        "streaming-ingestion": _inlet,
        "admin": _admin,
    },
)
# Nobody has to say who they are there, so no gateway stands before them.
FOR_ANYONE = {"ims", "streaming-ingestion", "admin"}


# --- the tests


@pytest.fixture(scope="module", params=["sqlite-file", pytest.param("postgresql", marks=pytest.mark.slow)])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("bad-input")
    sources = folder / "sources" / "stripe"
    sources.mkdir(parents=True)
    (sources / "charges.ndjson").write_bytes(RECORDS)
    (sources / "source.json").write_bytes(b'{"cursor":"created","resourceParameter":"resourcePath"}')
    database = f"sqlite:///{folder}/emulator.db"
    if request.param == "postgresql":
        database = request.getfixturevalue("module_postgresql_url")
    made = World(database, sources.parent)
    with closing(made), made.listening():
        made.fill()
        yield made


@pytest.mark.brief
@pytest.mark.parametrize("family", FAMILIES)
def test_a_few_bad_calls_of_every_operation_are_refused_and_change_nothing(world: World, family: str) -> None:
    make, examples, _ = FAMILIES[family]
    assert_refused_or_taken(world, make, examples)


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_many_bad_calls_of_every_operation_are_refused_and_change_nothing(world: World, family: str) -> None:
    make, few, many = FAMILIES[family]
    # On PostgreSQL, where every restored state costs many times as much, so many that all kinds come up.
    examples = many if world.tables.family == "sqlite" else (few + 1) // 2
    assert_refused_or_taken(world, make, examples * DEPTH)


def assert_refused_or_taken(world: World, make: Family, examples: int) -> None:
    """Nothing is found wrong with any operation; otherwise one finding each is shown."""
    made = {operation: make(world.known, operation) for operation in world.operations}
    calls = {operation: chosen for operation, chosen in made.items() if chosen is not None}
    assert calls
    findings = {
        operation.label: finding
        for operation, chosen in calls.items()
        if (finding := _finding(world, operation, chosen, examples))
    }
    if findings:
        pytest.fail("\n\n".join(f"{label}: {finding}" for label, finding in findings.items()), pytrace=False)


def _finding(world: World, operation: Operation, calls: SearchStrategy[Request], examples: int) -> str:
    """What is wrong with an operation, and the smallest call that shows it; nothing where all is well."""

    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(calls)
    def is_refused_or_taken(request: Request) -> None:
        world.check(operation, request)

    if "CONTRACT_RANDOM" not in os.environ:
        # Other calls for every operation and database, so that together they try more.
        is_refused_or_taken = seed(crc32(f"{world.tables.family} {operation.label}".encode()))(is_refused_or_taken)
    try:
        is_refused_or_taken()
    except Wrong as error:
        return str(error)
    except FlakyFailure as error:
        # What went wrong the first time says more than that it did not a second time.
        return "\n".join([str(error), *map(str, error.exceptions)])
    except Flaky as error:
        return str(error)
    return ""


# --- what needs no generator


def _takers(world: World) -> list[Operation]:
    """An operation of each service that takes a body."""
    return list({one.service: one for one in reversed(world.operations) if one.takes_body}.values())


def _request(world: World, operation: Operation, **changes: Any) -> Request:
    path = bad_input.sound_paths(world.known, operation)[0]
    sound = Request(operation.method, path, bad_input.sound_headers(world.known, operation, path))
    return replace(sound, **changes)


@pytest.mark.parametrize("chunked", [False, True], ids=["content-length", "chunked"])
def test_a_body_over_the_limit_is_413_and_the_connection_goes_on(world: World, chunked: bool) -> None:
    takers = _takers(world)
    assert len(takers) > 5
    for operation in takers:
        limit = BODY_LIMITS.get(operation.label, 10 * MEGABYTE)
        pieces = [b"[", *[b" " * MEGABYTE] * (limit // MEGABYTE), b"]"]
        request = _request(world, operation, body=b"".join(pieces))
        answer = world.wire.send(request, pieces if chunked else None)
        used = world.wire.connection.sock
        assert answer.status == 413, f"{operation.label}: {answer}"
        assert is_in_own_words(operation, request, answer), f"{operation.label}: {answer}"
        assert world.wire.send(Request("GET", "/__admin/health", {})).status == 200
        assert world.wire.connection.sock is used, f"{operation.label}: the connection was closed"
        assert world.tables.rows() == world.rows, operation.label


def test_a_body_of_just_the_limit_is_looked_at(world: World) -> None:
    for operation in _takers(world):
        limit = BODY_LIMITS.get(operation.label, 10 * MEGABYTE)
        answer = world.check(operation, _request(world, operation, body=b"[" + b" " * (limit - 2) + b"]"))
        assert answer.status != 413, f"{operation.label}: {answer}"


def test_a_method_that_a_path_does_not_have_is_405_and_changes_nothing(world: World) -> None:
    methods: dict[str, list[str]] = {}
    for operation in world.operations:
        methods.setdefault(operation.template, []).append(operation.method)
    for operation in world.operations:
        known = {*methods[operation.template], "HEAD" if "GET" in methods[operation.template] else "GET"}
        for method in sorted({"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "HEAD", "MKCOL"} - known):
            request = _request(world, operation, method=method, body=b"{}" if method != "HEAD" else None)
            answer = world.wire.send(request)
            refused = {answer.status} <= {404, 405} and is_in_own_words(operation, request, answer)
            assert refused, f"{method} {operation.template}: {answer}"
    assert world.tables.rows() == world.rows


class Once(NamedTuple):
    """A call that was a fault of the server before it was refused."""

    operation: str
    query: dict[str, str] = {}  # noqa: RUF012 - nobody writes into it
    headers: dict[str, str] = {}  # noqa: RUF012
    body: str | None = None


READS_A_FILE = {
    "name": "s",
    "providerId": "p",
    "sourceSpec": {"spec": {"properties": {"a": {"$ref": "file:///etc/passwd"}}}},
}
ONCE = {
    "blanks that a regular expression went through again and again": Once(
        f"GET {FLOW}/flows", query={"property": " " * 20_000}
    ),
    "more values than a statement can be deep": Once(f"GET {FLOW}/flows", query={"property": "id==" + "1," * 4_000}),
    "more arrays than a statement can be deep": Once(
        f"GET {FLOW}/sourceConnections", query={"property": "params.a[]" + ".a[]" * 11 + "==1"}
    ),
    "more keys than anyone can wait for": Once(f"GET {FLOW}/flows", query={"orderby": ",".join(["name"] * 600)}),
    "U+0000 behind two encodings": Once(f"POST {FLOW}/flows/search", body='{"queryString":"property=name==%00"}'),
    "objects put into objects": Once(f"PATCH {FLOW}/sourceConnections/{{id}}", body=bad_input.deep_patch("/params")),
    "an organisation that no index takes": Once(f"GET {FLOW}/flows", headers={"x-gw-ims-org-id": bad_input.LONG}),
    "a schema that would read a file": Once(f"POST {FLOW}/connectionSpecs", body=json.dumps(READS_A_FILE)),
}


@pytest.mark.parametrize("name", ONCE)
def test_what_was_a_fault_once_is_refused(world: World, name: str) -> None:
    once = ONCE[name]
    operation = world.operation(once.operation)
    request = _request(world, operation)
    changes: dict[str, Any] = {"headers": {**request.headers, **once.headers}}
    if once.query:
        changes["target"] = f"{request.target}?{urlencode(once.query)}"
    if once.body is not None:
        changes["body"] = once.body.encode()
    answer = world.check(operation, replace(request, **changes))
    assert answer.status == 400, answer


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ((0,), r'["name==\u0000"]'),
        ((0,), r'["name.\u0000==1"]'),
        ((0,), '["createdAt>0"]'),
        ((1,), r'"name.\u0000"'),
        ((1,), "true"),
        ((2,), "1e308"),
        ((3,), "[18446744073709551615]"),
        ((3,), '["x"]'),
        ((3,), "[null]"),
    ],
)
def test_a_token_that_no_list_gave_is_refused(world: World, place: tuple[int], text: str) -> None:
    """The places are filters, order, limit, and the last row; the token is of a list without filters and order."""
    operation = world.operation(f"GET {FLOW}/flows")
    token = bad_input.encoded(bad_input.with_text_at(bad_input.decoded(world.known.tokens[0]), place, text).encode())
    request = _request(world, operation)
    answer = world.check(operation, replace(request, target=f"{request.target}?continuationToken={token}"))
    assert answer.status == 400, answer


def test_no_token_text_is_more_than_refused_where_tokens_are_checked() -> None:
    """Where ``--auth strict`` reads tokens, anything may stand in ``Authorization``."""
    with Background(Settings(port=0, database="sqlite://", auth="strict")) as server:
        client = {"client_id": "k", "client_secret": "s"}
        real: str = httpx.post(f"{server.url}/ims/token/v3", data=client).json()["access_token"]
        wire = Wire(server.url)
        identity = {"x-api-key": "k", "x-gw-ims-org-id": ORG}
        operation = Operation("flow-service", "GET", f"{FLOW}/flows")
        assert (
            wire.send(Request("GET", operation.template, {**identity, "Authorization": f"Bearer {real}"})).status == 200
        )

        @settings(max_examples=100, database=None, deadline=None)
        @seed(1)
        @given(bad_input.tokens_like(real))
        def is_refused(token: str) -> None:
            request = Request("GET", operation.template, {**identity, "Authorization": token})
            answer = wire.send(request)
            assert answer.status in (401, 403), answer
            assert is_in_own_words(operation, request, answer), answer

        is_refused()
        wire.connection.close()
