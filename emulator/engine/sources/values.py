"""Values of columns that hold more than JSON does."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

# Beyond it a whole number of JSON is none that can be written again.
_MOST = 2**63


def shown(value: Any) -> Any:
    """A value as JSON has it: instants and days as ISO text, decimals as numbers, bytes as text."""
    if isinstance(value, dict):
        return {str(name): shown(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [shown(part) for part in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, date):
        return f"{value.isoformat()}T00:00:00"
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).decode(errors="replace")
    return _plain(value)


def _plain(value: Any) -> Any:
    """A column of JSON may hold half a character, or a number of any length, which no answer can."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode(errors="replace").decode()
    if isinstance(value, int):
        return value if -_MOST <= value < _MOST else str(value)
    return value if value is None or isinstance(value, float) else str(value)
