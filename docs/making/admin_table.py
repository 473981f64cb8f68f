"""Writes the table of ``docs/admin-api.md`` from the server's own index: ``python -m docs.making.admin_table``."""

from __future__ import annotations

import re
from pathlib import Path

from emulator.services.admin import MEANINGS

PAGE = Path(__file__).parent.parent / "admin-api.md"
_TABLE = re.compile(r"(?<=\| call \| meaning \|\n\| --- \| --- \|\n)(\|[^\n]*\n)+")


def rows() -> str:
    calls = (call.split(" ") for call in MEANINGS)
    return "".join(
        f"| `{method} /__admin{path}` | {meaning} |\n"
        for (method, path), meaning in zip(calls, MEANINGS.values(), strict=True)
    )


def page() -> str:
    """The page as it should be."""
    return _TABLE.sub(lambda _: rows(), PAGE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
