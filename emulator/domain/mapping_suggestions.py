"""Which field of a source may be which field of a target: those of equal or nearly equal names.

How the service weighs names is not published. Here letter case and signs between words do not count;
equal paths score 1, equal last names 0.95, and others by how alike they are, from 0.8 on.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher, get_close_matches
from typing import Any, NamedTuple

Document = dict[str, Any]

LEAST = 0.8
_NAMESAKE = 0.95
# A path for every column of the widest tables; beyond that only time would be spent.
MOST_PATHS = 2_000
_SIGNS = re.compile(r"[\W_]+")
_DOT = re.compile(r"(?<!\\)\.")


class Suggestion(NamedTuple):
    """A source, the destination that fits it best (empty for none) and how well, from 0 to 1."""

    source: str
    destination: str
    score: float


def leaves(schema: Document) -> list[str]:
    """Paths of everything in a JSON schema that has no parts, in its order; elements of arrays as ``a[*]``."""
    found: list[str] = []
    for path in _leaves(schema, ""):
        found.append(path)
        if len(found) == MOST_PATHS:
            break
    return found


def _leaves(schema: Any, path: str) -> Iterator[str]:
    part = schema if isinstance(schema, dict) else {}
    items, properties = part.get("items"), part.get("properties")
    if isinstance(items, dict) and isinstance(items.get("properties"), dict):
        yield from _leaves(items, f"{path}[*]")
    elif isinstance(properties, dict) and properties:
        for name, inner in properties.items():
            step = _written(name)
            yield from _leaves(inner, f"{path}.{step}" if path else step)
    elif path:
        yield path


def _written(name: str) -> str:
    return name.replace(".", "\\.")


def suggest(sources: Sequence[str], destinations: Sequence[str]) -> list[Suggestion]:
    """One for every source, in order; no destination is given twice, and better matches choose first."""
    free: dict[str, list[str]] = defaultdict(list)
    for destination in destinations:
        free[_last(destination)].append(destination)
    chosen: dict[str, Suggestion] = {}
    for least in (1.0, _NAMESAKE, LEAST):
        for source in sources:
            if source not in chosen:
                best = _best(source, free, least)
                if best is not None:
                    chosen[source] = best
                    free[_last(best.destination)].remove(best.destination)
    return [chosen.get(source, Suggestion(source, "", 0.0)) for source in sources]


def _best(source: str, free: dict[str, list[str]], least: float) -> Suggestion | None:
    last = _last(source)
    near = [last] if least >= _NAMESAKE else get_close_matches(last, [name for name in free if free[name]], 3, least)
    rated = (
        Suggestion(source, destination, _score(source, destination))
        for name in near
        if name
        for destination in free.get(name, ())
        if destination.count("[*]") == source.count("[*]")
    )
    best = max(rated, key=lambda one: one.score, default=None)
    return best if best is not None and best.score >= least else None


def _score(source: str, destination: str) -> float:
    if _plain(source) == _plain(destination):
        return 1.0
    return round(_NAMESAKE * SequenceMatcher(None, _last(source), _last(destination)).ratio(), 2)


def _last(path: str) -> str:
    return _plain(_DOT.split(path)[-1])


def _plain(path: str) -> str:
    return _SIGNS.sub("", path.casefold())
