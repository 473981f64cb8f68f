"""Which commit this is, beside which release: written down when a package is built, asked of git in a checkout."""

from __future__ import annotations

import subprocess
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_SHIPPED = _PACKAGE / "data" / "revision"
_PATIENCE_S = 5


def revision() -> str | None:
    """As ``git describe`` words it, or nothing where nobody knows: a source tree without git."""
    if _SHIPPED.is_file():
        return _SHIPPED.read_text(encoding="utf-8").strip() or None
    # Not the repository of somebody who has unpacked or installed us inside of it.
    return described(_PACKAGE.parent) if (_PACKAGE.parent / ".git").exists() else None


def described(folder: Path) -> str | None:
    """``git describe`` of a checkout, or nothing where git cannot say."""
    command = ["git", "-C", str(folder), "describe", "--tags", "--always", "--dirty"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_S, check=False)  # noqa: S603 -- nothing of it is given by a user
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None
