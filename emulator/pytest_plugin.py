"""Fixtures for pytest, found by entry point. Nothing of the server is loaded before a test asks for it.

``flow_emulator``: one server for the session. ``aep``: a test's own organisation. ``aep_clock``, ``aep_faults``,
``aep_requests``: the bench, put back when the test ends.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from emulator.testing import Aep, Clock, Emulator, Faults, Requests

_SETTINGS = {
    "database": "SQLAlchemy URL of the database, in memory unless told; {worker} is this worker of pytest-xdist",
    "auth": "presence, strict or off",
    "clock": "real, frozen, or an instant to be frozen at",
    "seed": "seed file or folder, or the name of a shipped one; several are possible",
    "sources": "folder with files that sources read",
    "random_seed": "makes the same ids in every run",
}
_SERVERS = {
    "url": "use the emulator that runs at this address, instead of starting one",
    "admin_token": "what that one, or the one that is started, asks administrators for",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("flow-emulator", "Flow Service emulator")
    for name, meaning in (_SERVERS | _SETTINGS).items():
        about = f"Flow Service emulator: {meaning}"
        if name == "seed":
            group.addoption(_flag(name), action="append", help=meaning)
            parser.addini(f"flow_emulator_{name}", about, type="linelist")
        else:
            group.addoption(_flag(name), help=meaning)
            parser.addini(f"flow_emulator_{name}", about)


def _flag(name: str) -> str:
    return f"--flow-emulator-{name.replace('_', '-')}"


def _server(config: pytest.Config, name: str) -> str | None:
    """Address and token: as the command line says, else the variable that the verbs read too, else the project."""
    told = config.getoption(_flag(name)) or os.environ.get(f"FLOW_EMULATOR_{name.upper()}")
    return told or config.getini(f"flow_emulator_{name}") or None


def _settings(config: pytest.Config) -> dict[str, Any]:
    """Paths are relative to where they were written: the place of the command, or the file of settings."""
    told = {name: config.getoption(_flag(name)) for name in _SETTINGS}
    kept = {name: config.getini(f"flow_emulator_{name}") for name in _SETTINGS}
    home = config.rootpath if config.inipath is None else config.inipath.parent
    found = {name: _read(name, text, home) for name, text in kept.items() if text}
    here = config.invocation_params.dir
    return found | {name: _read(name, text, here) for name, text in told.items() if text is not None}


def _read(name: str, text: Any, folder: Path) -> Any:
    if name == "seed":
        # The name of a shipped seed is no path.
        return [folder / one if (folder / one).exists() else Path(one) for one in text]
    if name == "sources":
        return folder / text
    if name == "database":
        return text.replace("{worker}", os.environ.get("PYTEST_XDIST_WORKER", "main"))
    if name == "random_seed":
        try:
            return int(text)
        except ValueError:
            raise ValueError(f"{_flag(name)} {text}: expected a whole number") from None
    return text


def _started(config: pytest.Config, more: Mapping[str, Any]) -> Emulator:
    """Raises ``ValueError``, ``TypeError`` and ``CallFailed`` with a line that says what cannot be used."""
    url, token = _server(config, "url"), _server(config, "admin_token")
    return _own(token, {**more, **_settings(config)}) if url is None else _others(config, url, token)


def _started_or_why_not(config: pytest.Config, more: Mapping[str, Any]) -> Emulator | str:
    """A line instead of an error: a failure that is raised while one is handled shows both."""
    from emulator.testing import CallFailed

    try:
        return _started(config, more)
    except (CallFailed, TypeError, ValueError) as error:
        return str(error)


def _own(token: str | None, settings: Mapping[str, Any]) -> Emulator:
    # Imported here, as everywhere: this file is loaded with every test run of the machine.
    from emulator.server import CannotListen
    from emulator.services.seeding import BadSeed
    from emulator.settings import BadSetting
    from emulator.store.database import UnusableDatabase
    from emulator.testing import Emulator

    try:
        return Emulator(**{"admin_token": token, **settings}).start()
    except (BadSetting, BadSeed, UnusableDatabase, CannotListen) as error:
        raise ValueError(error) from None


def _others(config: pytest.Config, url: str, token: str | None) -> Emulator:
    from emulator.testing import Emulator

    useless = [_flag(name) for name in _SETTINGS if config.getoption(_flag(name)) is not None]
    if useless:
        raise ValueError(f"{', '.join(useless)}: the server at {url} runs already and has its settings")
    return Emulator(url, admin_token=token).start()


@pytest.fixture(scope="session")
def flow_emulator_settings() -> Mapping[str, Any]:
    """More settings of the server that is started, such as ``{"inlet_rate": 5}``: for a project to override."""
    return {}


@pytest.fixture(scope="session")
def flow_emulator(pytestconfig: pytest.Config, flow_emulator_settings: Mapping[str, Any]) -> Iterator[Emulator]:
    """A server for the session, in a thread on a free port; ``.url`` is where it listens."""
    emulator = _started_or_why_not(pytestconfig, flow_emulator_settings)
    if isinstance(emulator, str):
        pytest.fail(f"Flow Service emulator: {emulator}", pytrace=False)
    with emulator:
        yield emulator


@pytest.fixture
def aep(flow_emulator: Emulator) -> Iterator[Aep]:
    """This test's own organisation, sandbox and token: ``.url .headers .org .sandbox .http .flow() .stream()``."""
    with flow_emulator.aep() as tenant:
        yield tenant


@pytest.fixture
def aep_clock(flow_emulator: Emulator) -> Iterator[Clock]:
    """``.now() .freeze(instant) .advance(duration)``; back to what it was when the test ends."""
    clock = flow_emulator.clock
    before = clock.state()
    yield clock
    clock.restore(before)


@pytest.fixture
def aep_faults(aep: Aep) -> Faults:
    """``.add(match=…, effect=…, times=…, probability=…) .clear()``, for this test's organisation alone."""
    return aep.faults


@pytest.fixture
def aep_requests(aep: Aep) -> Requests:
    """``.count(method=…, path=…, status=…) .list(…)``, of this test's organisation alone."""
    return aep.requests
