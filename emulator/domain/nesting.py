"""How deep JSON may be nested: what is stored gets a few levels more, and orjson writes no more than 254.

A schema that is shown for data has two levels for every one of the data's.
"""

from __future__ import annotations

from typing import Any

MAX_DEPTH = 100


def is_too_deep(value: Any) -> bool:
    """Whether objects and arrays lie in each other in more than ``MAX_DEPTH`` levels."""
    level = [value]
    for _ in range(MAX_DEPTH):
        containers = [part.values() if isinstance(part, dict) else part for part in level if _is_container(part)]
        if not containers:
            return False
        level = [part for container in containers for part in container]
    return any(_is_container(part) for part in level)


def _is_container(value: Any) -> bool:
    return isinstance(value, (dict, list))
