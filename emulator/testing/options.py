"""What a server for tests can be told: the settings of ``flow-emulator serve``, with underscores."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulator.settings import Settings

_FOR_TESTS = {"port": 0, "database": "sqlite://"}
# One process that is gone with the test run, and whose bench is what the helpers use.
_NOT_HERE = ("workers", "no_admin")
_PATHS = ("sources", "tls_cert", "tls_key", "tls_folder")


def server_settings(given: Mapping[str, Any]) -> Settings:
    """On a free port and in memory unless told otherwise; paths may be texts, seeds, events and hosts one or several.

    Raises ``TypeError`` for a name that is no setting and ``BadSetting`` for a value that cannot be used.
    """
    # Imported here: whoever uses a server that runs already needs none of it.
    from emulator.settings import BadSetting, Settings
    from emulator.store.database import Database, UnusableDatabase

    known = [name for name in Settings.__dataclass_fields__ if name not in _NOT_HERE]
    for name in given:
        if name not in known:
            raise TypeError(f"there is no setting {name}; known are {', '.join(known)}")
    settings = Settings(**{**_FOR_TESTS, **{name: _read(name, value) for name, value in given.items()}})
    try:
        Database.check_url(settings.database)
    except UnusableDatabase as error:
        raise BadSetting(f"--database: {error}") from None
    return settings


def trust_of(settings: Settings) -> ssl.SSLContext | None:
    """Trusts the certificate of a server that was started; None where it speaks without TLS."""
    if settings.scheme == "http":
        return None
    from emulator.certificates import AUTHORITY

    trusted = ssl.create_default_context(cafile=settings.tls_cert or settings.tls_folder / AUTHORITY)
    # A certificate of one's own may come without its authority.
    trusted.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return trusted


def _read(name: str, value: Any) -> Any:
    """As ``Settings`` has it; what makes no sense is left for it to refuse."""
    if name == "seed":
        return tuple(_path(one) for one in _several(value))
    if name in ("events", "outgoing"):
        return tuple(_several(value))
    return _path(value) if name in _PATHS else value


def _path(value: Any) -> Any:
    return Path(value) if isinstance(value, str) else value


def _several(value: Any) -> Iterable[Any]:
    if value is None:
        return ()
    return value if isinstance(value, Iterable) and not isinstance(value, str | bytes) else (value,)
