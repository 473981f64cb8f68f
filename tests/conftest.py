"""A running server on every database, and a tenant of its own for every test."""

from __future__ import annotations

import itertools
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from emulator.server import Background
from emulator.settings import Settings
from tests.support import Api

# Where a PostgreSQL server is looked for; tests on it are skipped when none answers.
POSTGRESQL = os.environ.get("TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432/postgres")
DATABASES = ("sqlite-file", "sqlite-memory", "postgresql")
_numbers = itertools.count(1)


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
