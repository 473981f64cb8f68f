"""How deep JSON may be nested: what is stored gets a few levels more, and orjson writes no more than 254.

A schema that is shown for data has two levels for every one of the data's.
"""

from __future__ import annotations

from typing import Any

MAX_DEPTH = 100


def is_too_deep(value: Any) -> bool:
    """Whether objects and arrays lie in each other in more than ``MAX_DEPTH`` levels."""
    # Every value of every body passes here, so only containers are kept from level to level.
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(MAX_DEPTH):
        if not level:
            return False
        parts = [part.values() if isinstance(part, dict) else part for part in level]
        level = [one for part in parts for one in part if isinstance(one, (dict, list))]
    return bool(level)
