"""What a server can be told, by flag or by environment variable; flags win."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

from emulator.edge.identity import Auth
from emulator.engine import clock
from emulator.engine.webhooks import fault_of_address
from emulator.store.database import Database, UnusableDatabase

PREFIX = "FLOW_EMULATOR_"
# Read by the verbs that talk to a running server, not by the server.
CLIENT_VARIABLES = ("URL",)
HIDDEN = "***"
LOG_LEVELS = ("debug", "info", "warning", "error")


class BadSetting(Exception):
    """A setting that cannot be used; the message is one line that names it."""


@dataclass(frozen=True)
class Settings:
    """Settings of one server, checked."""

    host: str = "127.0.0.1"
    port: int = 8237
    database: str = "sqlite:///flow-emulator.db"
    seed: tuple[Path, ...] = ()
    sources: Path | None = None
    auth: Auth = "presence"
    public_url: str | None = None
    clock: str | None = None
    random_seed: int | None = None
    workers: int = 1
    log_level: str = "warning"
    events: tuple[str, ...] = ()
    events_secret: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Checks that need no other machine. Raises ``BadSetting``."""
        for path in self.seed:
            if not path.exists():
                raise BadSetting(f"--seed {path}: there is no such file or folder")
        if self.sources is not None and not self.sources.is_dir():
            raise BadSetting(f"--sources {self.sources}: there is no such folder")
        _choice("--auth", self.auth, get_args(Auth))
        _choice("--log-level", self.log_level, LOG_LEVELS)
        if not 0 <= self.port <= 65535:
            raise BadSetting(f"--port {self.port}: expected 0 to 65535, 0 takes a free one")
        _check_url(self.public_url)
        for url in self.events:
            fault = fault_of_address(url)
            if fault is not None:
                raise BadSetting(f"--events: {url} {fault}")
        try:
            clock.setting(self.clock or "real")
        except ValueError:
            raise BadSetting(
                f"--clock {self.clock}: expected real, frozen or an instant like 2026-01-31T12:00:00Z"
            ) from None
        self._check_workers()

    def _check_workers(self) -> None:
        if not 1 <= self.workers <= 64:
            raise BadSetting(f"--workers {self.workers}: expected 1 to 64")
        if self.workers == 1:
            return
        if self.database.split("?")[0] in ("sqlite://", "sqlite:///:memory:"):
            raise BadSetting("--workers needs a database that processes can share, not one in memory")
        if self.random_seed is not None:
            raise BadSetting("--workers and --random-seed exclude each other: every worker would make the same ids")

    def shown(self) -> dict[str, Any]:
        """As JSON, with secrets hidden."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        values["seed"] = [str(path) for path in self.seed]
        values["sources"] = None if self.sources is None else str(self.sources)
        values["database"] = Database.described(self.database)
        values["events"] = list(self.events)
        values["events_secret"] = None if self.events_secret is None else HIDDEN
        return values

    def as_environment(self) -> dict[str, str]:
        """The variables that give another process the same settings."""
        values = {
            field.name: getattr(self, field.name) for field in fields(self) if getattr(self, field.name) is not None
        }
        values["seed"] = ":".join(str(path.resolve()) for path in self.seed)
        values["events"] = " ".join(self.events)
        return {PREFIX + name.upper(): str(value) for name, value in values.items() if value != ""}


def from_environment(environment: Mapping[str, str], flags: Mapping[str, Any] | None = None) -> Settings:
    """Settings from variables, overridden by the flags that were given. Raises ``BadSetting``."""
    values: dict[str, Any] = {}
    known = {field.name for field in fields(Settings)}
    for variable, text in environment.items():
        if not variable.startswith(PREFIX):
            continue
        name = variable.removeprefix(PREFIX)
        if name in CLIENT_VARIABLES:
            continue
        if name.lower() not in known or name != name.upper():
            expected = ", ".join(sorted(PREFIX + field.upper() for field in known))
            raise BadSetting(f"{variable}: there is no such setting; known are {expected}")
        if text != "":
            values[name.lower()] = _from_text(variable, name.lower(), text)
    values.update(flags or {})
    try:
        settings = Settings(**values)
        Database.check_url(settings.database)
    except UnusableDatabase as error:
        raise BadSetting(f"--database: {error}") from None
    return settings


def _from_text(variable: str, name: str, text: str) -> Any:
    if name == "seed":
        return tuple(Path(part) for part in text.split(":"))
    if name == "sources":
        return Path(text)
    if name == "events":
        return tuple(text.split())
    if name in ("port", "workers", "random_seed"):
        try:
            return int(text)
        except ValueError:
            raise BadSetting(f"{variable}={text}: expected a whole number") from None
    return text


def _choice(flag: str, given: str, allowed: tuple[str, ...]) -> None:
    if given not in allowed:
        raise BadSetting(f"{flag} {given}: expected {', '.join(allowed)}")


def _check_url(url: str | None) -> None:
    if url is None:
        return
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise BadSetting(f"--public-url {url}: expected something like https://emulator.example.com")
    if url.endswith("/"):
        raise BadSetting(f"--public-url {url}: leave the slash at the end out")
