"""Where the data files that ship with the package are."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _data_root() -> Path:
    """Inside a wheel the data lies in the package, in a checkout it lies beside it."""
    shipped = _PACKAGE / "data"
    return shipped if shipped.is_dir() else _PACKAGE.parent


def fixtures_folder() -> Path:
    return _data_root() / "fixtures"


def openapi_folder() -> Path:
    return _data_root() / "openapi"


def fixture_files(folder: str, suffix: str) -> list[Path]:
    """The files of one fixture folder and its subfolders with this suffix, in name order."""
    return sorted((fixtures_folder() / folder).rglob(f"*{suffix}"))


def shipped_seed(path: Path) -> Path | None:
    """The folder of a seed that ships with the emulator, for a name that is no file or folder of its own."""
    own = fixtures_folder() / "seeds" / path
    return own if len(path.parts) == 1 and not path.exists() and own.is_dir() else None


def shipped_seeds() -> list[str]:
    """Their names."""
    return sorted(folder.name for folder in (fixtures_folder() / "seeds").iterdir() if folder.is_dir())
