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
