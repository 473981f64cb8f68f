"""A running server on every database, and a tenant of its own for every test."""

from __future__ import annotations

import functools
import gc
import itertools
import os
import secrets
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import certifi
import httpx
import hypothesis
import pytest

from emulator.server import Background
from emulator.settings import Settings
from tests import contract
from tests.support import Api

# How long an example takes says something of the machine, and no test asserts it.
hypothesis.settings.register_profile("house", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("house")

# Where a PostgreSQL server is looked for; tests on it are skipped when none answers.
POSTGRESQL = os.environ.get("TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432/postgres")
DATABASES = ("sqlite-file", "sqlite-memory", "postgresql")
_numbers = itertools.count(1)


@pytest.fixture(scope="session", autouse=True)
def _certificates_are_read_once() -> Iterator[None]:
    """Every client of httpx reads those of the whole world, which takes longer than most tests do."""
    plain, everybody = ssl.create_default_context, os.environ.get("SSL_CERT_FILE") or certifi.where()
    of_everybody = functools.cache(lambda: plain(cafile=everybody))

    def create(*arguments: Any, **options: Any) -> ssl.SSLContext:
        return of_everybody() if options == {"cafile": everybody} else plain(*arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", create)
        yield


@pytest.fixture(scope="session", autouse=True)
def _every_answer_is_as_documented() -> Iterator[None]:
    """Whatever client a test makes: what it is answered is held against the OpenAPI documents."""
    plain = httpx.Client.send

    def send(client: httpx.Client, request: httpx.Request, **options: Any) -> httpx.Response:
        answer = plain(client, request, **options)
        contract.check(answer)
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(httpx.Client, "send", send)
        yield


def _scratch_database() -> Iterator[str]:
    """The URL of a new PostgreSQL database that goes away again."""
    psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")
    name = f"flow_emulator_test_{secrets.token_hex(6)}"
    try:
        admin = psycopg.connect(POSTGRESQL, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError as error:
        pytest.skip(f"no PostgreSQL at {POSTGRESQL}: {error}")
    with admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    try:
        yield f"postgresql+psycopg://{POSTGRESQL.split('://', 1)[1].rsplit('/', 1)[0]}/{name}"
    finally:
        with psycopg.connect(POSTGRESQL, autocommit=True) as admin:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """The database that the shared server uses."""
    yield from _scratch_database()


@pytest.fixture(scope="module")
def module_postgresql_url() -> Iterator[str]:
    """A database for the tests of one module."""
    yield from _scratch_database()


@pytest.fixture
def own_postgresql_url() -> Iterator[str]:
    """A database for one test alone."""
    yield from _scratch_database()


@pytest.fixture(params=["sqlite-file", "postgresql"])
def lasting_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database for one test alone that outlives a process."""
    if request.param == "postgresql":
        url: str = request.getfixturevalue("own_postgresql_url")
        return url
    return f"sqlite:///{tmp_path}/lasting.db"


@pytest.fixture(scope="session", params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Every test that reaches a server runs on every database."""
    if request.param == "sqlite-memory":
        return "sqlite://"
    if request.param == "postgresql":
        url: str = request.getfixturevalue("postgresql_url")
        return url
    path: Path = tmp_path_factory.mktemp("database") / "emulator.db"
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def server(database_url: str) -> Iterator[Background]:
    """One server for all tests; each has its own organisation."""
    with Background(Settings(port=0, database=database_url)) as running:
        yield running


@pytest.fixture
def org() -> str:
    return f"TEST{next(_numbers)}X{secrets.token_hex(4)}@AdobeOrg"


@pytest.fixture
def api(server: Background, org: str) -> Iterator[Api]:
    """A client of an organisation that nobody else uses."""
    headers = {"Authorization": "Bearer test", "x-api-key": "tester", "x-gw-ims-org-id": org}
    with httpx.Client(base_url=server.url, headers=headers, timeout=30) as http:
        yield Api(http, org)


# What a database could get wrong is tried on all three. What writes or finds rows in ways of its own is tried in
# memory, and on PostgreSQL in the full run. Rules that only see rows which the others have written and found are
# tried in memory.
NEAR_THE_STORE = frozenset(
    f"tests.test_{topic}" for topic in ("durability etags flows lists migrations runs transactions tutorials").split()
)
ON_THE_STORE = frozenset(
    f"tests.test_{topic}"
    for topic in (
        "bad_messages batches catalog connections datasets events export export_import ingestion inlet "
        "lifecycle long_runs put_data record_filters rejected sandboxes "
        "schema_registry schemas_of_records search seeds snapshots streaming_runs table_runs xdm_descriptors"
    ).split()
)


def pytest_collection_finish() -> None:
    """Ten thousand tests and what they import live to the end: nobody looks for garbage among them again and again."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = set()
    runs_slow_ones = "not slow" not in config.getoption("markexpr")
    for item in items:
        module = item.module.__name__  # type: ignore[attr-defined]
        params = getattr(getattr(item, "callspec", None), "params", {})
        if runs_slow_ones and item.get_closest_marker("brief"):
            left_out.add(item)
        if params.get("lasting_url") == "postgresql":
            item.add_marker(pytest.mark.slow)
        database = params.get("database_url")
        if database is None or module in NEAR_THE_STORE:
            continue
        if database == "sqlite-file" or (database == "postgresql" and module not in ON_THE_STORE):
            left_out.add(item)
        elif database == "postgresql":
            item.add_marker(pytest.mark.slow)
    # The longest first, so that no core is left alone with them at the end.
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    if left_out:
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]
