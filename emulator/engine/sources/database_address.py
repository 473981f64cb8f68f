"""Which database of this machine the parameters of a base connection name.

Nothing but this machine is ever reached: for a database elsewhere the sample tables stand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from emulator.domain.specs import ConnectionSpec

Document = dict[str, Any]

LOOPBACK = ("127.0.0.1", "::1", "localhost")
# Connectors of systems that speak the language of PostgreSQL.
_POSTGRESQL = ("postgre-sql", "greenplum", "amazon-redshift")
_DEFAULT_PORT = 5432
_SQLITE = "sqlite:///"
_PAIR = re.compile(r"([A-Za-z][A-Za-z _]*?)\s*=\s*('[^']*'|\"[^\"]*\"|[^;]*)")
_WORD_PAIR = re.compile(r"(\w+)\s*=\s*('[^']*'|\S*)")
# What the forms of connection strings call the same thing; capitals and blanks left out.
_NAMES = {
    "host": ("host", "server", "datasource", "address"),
    "port": ("port",),
    "database": ("database", "dbname", "initialcatalog", "db"),
    "user": ("user", "username", "userid", "uid"),
    "password": ("password", "pwd"),
}


@dataclass(frozen=True)
class Address:
    """A database of this machine: a server that speaks PostgreSQL's language, or a SQLite file.

    ``password`` may be shown nowhere, so this is never logged either.
    """

    file: str | None = None
    host: str = ""
    port: int = _DEFAULT_PORT
    database: str = ""
    user: str | None = None
    password: str | None = field(default=None, repr=False)


def database_of(spec: ConnectionSpec, auth: Document | None) -> Address | None:
    """The database of this machine that a base connection names, None where it names none."""
    params = auth or {}
    text = params.get("connectionString")
    if isinstance(text, str) and "://" in text:
        return _of_url(text.strip().removeprefix("jdbc:"))
    if isinstance(text, str) and text.strip():
        pairs = (_PAIR if ";" in text else _WORD_PAIR).findall(text)
        return _of_parts(spec, {name: value.strip("'\" ") for name, value in pairs})
    return _of_parts(spec, params)


def _of_url(text: str) -> Address | None:
    if text.startswith(_SQLITE):
        return Address(file=unquote(text.removeprefix(_SQLITE).partition("?")[0]))
    try:
        parts = urlsplit(text)
        port = parts.port or _DEFAULT_PORT
    except ValueError:
        return None
    host = (parts.hostname or "").lower()
    if parts.scheme.partition("+")[0] not in ("postgresql", "postgres") or host not in LOOPBACK:
        return None
    query = dict(parse_qsl(parts.query))
    user, password = parts.username or query.get("user"), parts.password or query.get("password")
    return Address(
        None,
        host,
        port,
        unquote(parts.path.lstrip("/")),
        unquote(user) if user else None,
        unquote(password) if password else None,
    )


def _of_parts(spec: ConnectionSpec, params: Document) -> Address | None:
    if spec.name not in _POSTGRESQL:
        return None
    plain = {str(name).lower().replace(" ", "").replace("_", ""): value for name, value in params.items()}
    given = {name: next((plain[one] for one in ways if plain.get(one)), None) for name, ways in _NAMES.items()}
    host, port = _host_and_port(str(given["host"] or ""), given["port"])
    if host not in LOOPBACK or port is None:
        return None
    user, password = given["user"], given["password"]
    return Address(
        None,
        host,
        port,
        str(given["database"] or ""),
        None if user is None else str(user),
        None if password is None else str(password),
    )


def _host_and_port(host: str, port: Any) -> tuple[str, int | None]:
    """A port may stand behind its host: ``localhost:5432``, ``tcp:localhost,5432``, ``[::1]:5432``."""
    name = host.lower().removeprefix("tcp:").strip()
    found = re.fullmatch(r"\[?(::1|[^:\]]+)\]?(?:[:,](\d+))?", name)
    if found is None:
        return "", None
    text = str(port if port is not None else found[2] or "")
    return found[1], int(text) if text.isascii() and text.isdigit() and 0 < int(text[:6]) < 65536 else None
