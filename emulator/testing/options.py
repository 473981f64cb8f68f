"""What a server for tests can be told: the settings of ``flow-emulator serve``, with underscores."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulator.settings import Settings

_FOR_TESTS = {"port": 0, "database": "sqlite://"}
# One process that is gone with the test run, and whose bench is what the helpers use.
_NOT_HERE = ("workers", "no_admin")


def server_settings(given: Mapping[str, Any]) -> Settings:
    """On a free port and in memory unless told otherwise; paths may be texts, seeds and events one or several.

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


def _read(name: str, value: Any) -> Any:
    if name == "sources" and value is not None:
        return Path(value)
    if name == "seed":
        return tuple(Path(one) for one in ([value] if isinstance(value, str | Path) else value))
    if name == "events":
        return (value,) if isinstance(value, str) else tuple(value)
    return value
