"""What a server can be told, by flag or by environment variable; flags win."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

from emulator.data_files import shipped_seed, shipped_seeds
from emulator.domain import durations
from emulator.edge.identity import Auth
from emulator.engine import clock
from emulator.engine.inlet_rules import InletRules
from emulator.engine.outgoing import ANY
from emulator.engine.webhooks import fault_of_address
from emulator.setting_names import LOG_LEVELS, PREFIX
from emulator.store.database import Database, UnusableDatabase

# Read by the verbs that talk to a running server, not by the server.
CLIENT_VARIABLES = ("URL",)
HIDDEN = "***"
MOST_JOURNAL = 1_000_000
_HOST = re.compile(r"[A-Za-z0-9._~:-]{1,255}")
_TOKEN = re.compile("[!-~]{1,255}")
_YES, _NO = ("1", "true", "yes"), ("0", "false", "no")
PATHS = ("sources", "tls_cert", "tls_key", "tls_folder")
TLS = ("off", "auto")


# What is to be of which type, and how people call it.
_KINDS: dict[str, tuple[type, str]] = {
    "str": (str, "a text"),
    "Auth": (str, "a text"),
    "int": (int, "a whole number"),
    "bool": (bool, "true or false"),
    "Path": (Path, "a path"),
    "tuple[Path, ...]": (Path, "paths"),
    "tuple[str, ...]": (str, "texts"),
}


class BadSetting(Exception):
    """A setting that cannot be used; the message is one line that names it."""


@dataclass(frozen=True)
class Settings:
    """Settings of one server, checked."""

    host: str = "127.0.0.1"
    port: int = 8237
    database: str = "sqlite:///flow-emulator.db"
    seed: tuple[Path, ...] = ()
    watch: bool = False
    sources: Path | None = None
    auth: Auth = "presence"
    public_url: str | None = None
    clock: str | None = None
    random_seed: int | None = None
    workers: int = 1
    log_level: str = "warning"
    events: tuple[str, ...] = ()
    events_secret: str | None = field(default=None, repr=False)
    inlet_rate: int | None = None
    sync_validation_rate: int | None = None
    inlet_delay: str = "PT0S"
    journal: int = 1000
    admin_token: str | None = field(default=None, repr=False)
    no_admin: bool = False
    outgoing: tuple[str, ...] = ()
    tls: str = "off"
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls_folder: Path = Path(".flow-emulator-tls")

    def __post_init__(self) -> None:
        """Checks that need no other machine. Raises ``BadSetting``."""
        self._check_types()
        self._check_paths()
        _choice("--auth", self.auth, get_args(Auth))
        _choice("--log-level", self.log_level, LOG_LEVELS)
        if not 0 <= self.port <= 65535:
            raise BadSetting(f"--port {self.port}: expected 0 to 65535, 0 takes a free one")
        _check_url(self.public_url)
        self._check_events()
        self._check_clock()
        self._check_outgoing()
        self._check_test_bench()
        self._check_workers()
        self._check_inlet()
        self._check_tls()

    def _check_types(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            kind, _, optional = str(one.type).partition(" | ")
            wanted, words = _KINDS[kind]
            parts = value if isinstance(value, tuple) and kind.startswith("tuple") else (value,)
            # True is a number to Python, and to nobody else.
            good = all(isinstance(part, wanted) and isinstance(part, bool) == (wanted is bool) for part in parts)
            if not good and not (optional and value is None):
                flag = f"--{one.name.replace('_', '-')}"
                raise BadSetting(f"{flag}: expected {words}, not {', '.join(type(part).__name__ for part in parts)}")

    def _check_paths(self) -> None:
        self._check_seed()
        if self.sources is not None and not self.sources.is_dir():
            raise BadSetting(f"--sources {self.sources}: there is no such folder")

    def _check_events(self) -> None:
        for url in self.events:
            fault = fault_of_address(url)
            if fault is not None:
                raise BadSetting(f"--events: {url} {fault}")

    def _check_outgoing(self) -> None:
        for host in self.outgoing:
            if host != ANY and not _HOST.fullmatch(host):
                raise BadSetting(f"--outgoing {host}: expected the name or address of a host, or * for all")

    def _check_clock(self) -> None:
        try:
            clock.setting(self.clock or "real")
        except ValueError:
            raise BadSetting(
                f"--clock {self.clock}: expected real, frozen or an instant like 2026-01-31T12:00:00Z"
            ) from None

    @property
    def scheme(self) -> str:
        """What the address begins with."""
        return "http" if self.tls == "off" and self.tls_cert is None else "https"

    def _check_tls(self) -> None:
        _choice("--tls", self.tls, TLS)
        for flag, path, other in (
            ("--tls-cert", self.tls_cert, self.tls_key),
            ("--tls-key", self.tls_key, self.tls_cert),
        ):
            if path is not None and not path.is_file():
                raise BadSetting(f"{flag} {path}: there is no such file")
            if path is not None and other is None:
                raise BadSetting(f"{flag} {path}: --tls-cert and --tls-key go together")
        if self.tls == "auto" and self.tls_cert is not None:
            raise BadSetting("--tls auto and --tls-cert exclude each other: it makes a certificate of its own")

    def _check_inlet(self) -> None:
        for flag, rate in (("--inlet-rate", self.inlet_rate), ("--sync-validation-rate", self.sync_validation_rate)):
            if rate is not None and rate < 1:
                raise BadSetting(f"{flag} {rate}: expected at least 1; leave it out for no limit")
        try:
            self.inlet_rules()
        except ValueError as error:
            raise BadSetting(f"--inlet-delay {self.inlet_delay}: {error}") from None

    def inlet_rules(self) -> InletRules:
        """What inlets allow. Raises ``ValueError``."""
        return InletRules(self.inlet_rate, self.sync_validation_rate, durations.milliseconds(self.inlet_delay))

    def _check_test_bench(self) -> None:
        if not 0 <= self.journal <= MOST_JOURNAL:
            raise BadSetting(f"--journal {self.journal}: expected 0 to {MOST_JOURNAL} calls, 0 keeps none")
        if self.admin_token is not None and not _TOKEN.fullmatch(self.admin_token):
            raise BadSetting("--admin-token: expected 1 to 255 printable ASCII characters without blanks")

    def _check_seed(self) -> None:
        for path in self.seed:
            if not path.exists() and shipped_seed(path) is None:
                names = ", ".join(shipped_seeds())
                raise BadSetting(
                    f"--seed {path}: there is no such file or folder, and of shipped seeds there are {names}"
                )
        if self.watch and not self.seed:
            raise BadSetting("--watch needs a --seed to look at")

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
        values |= {name: None if values[name] is None else str(values[name]) for name in PATHS}
        values["database"] = Database.described(self.database)
        values["events"] = list(self.events)
        values["outgoing"] = list(self.outgoing)
        for name in ("events_secret", "admin_token"):
            values[name] = None if values[name] is None else HIDDEN
        return values

    def as_environment(self) -> dict[str, str]:
        """The variables that give another process the same settings."""
        values = {
            field.name: getattr(self, field.name) for field in fields(self) if getattr(self, field.name) is not None
        }
        values["seed"] = ":".join(str(path if shipped_seed(path) else path.resolve()) for path in self.seed)
        values["events"] = " ".join(self.events)
        values["outgoing"] = " ".join(self.outgoing)
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
    if name in PATHS:
        return Path(text)
    if name in ("events", "outgoing"):
        return tuple(text.split())
    if name in ("no_admin", "watch"):
        if text.lower() not in (*_YES, *_NO):
            raise BadSetting(f"{variable}={text}: expected true or false")
        return text.lower() in _YES
    if name in ("port", "workers", "random_seed", "journal", "inlet_rate", "sync_validation_rate"):
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
