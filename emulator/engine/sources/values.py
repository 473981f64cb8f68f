"""Values of columns that hold more than JSON does."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any


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
    return value if value is None or isinstance(value, (str, int, float)) else str(value)
