"""Parameters of connections as anybody may see them, and what was taken out of them to be kept beside."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from emulator.domain.specs import is_hidden

Document = dict[str, Any]
HIDDEN = "xxxx"
# Among secrets: those of ``params``. Parameters of ``auth`` are there by their names, and none is called so.
PARAMS = "/params"


def shown(params: Document, schema: Any, always: Collection[str] = ()) -> Document:
    """With ``xxxx`` for each secret, however deep it lies: marked by the schema, or not described and called like one.

    Those in ``always`` are secrets whatever the schema says of them.
    """
    described = _object(_object(schema).get("properties"))

    def part(name: str, value: Any) -> Any:
        hidden = _holds(value) and (name in always or is_hidden(name, described))
        return HIDDEN if hidden else _inside(value, described.get(name))

    return {name: part(name, value) for name, value in params.items()}


def taken(sent: Any, seen: Any) -> Any:
    """What ``seen`` lacks of what was sent, by name and by number."""
    if isinstance(seen, dict):
        return {name: taken(sent[name], part) for name, part in seen.items() if part != sent[name]}
    if isinstance(seen, list):
        return {str(at): taken(sent[at], part) for at, part in enumerate(seen) if part != sent[at]}
    return sent


def given_back(seen: Any, secrets: Any) -> Any:
    """What was sent, of what is shown of it and what was taken out."""
    if isinstance(seen, dict):
        return {**seen, **{name: given_back(seen.get(name), part) for name, part in secrets.items()}}
    if isinstance(seen, list):
        return [given_back(part, secrets[str(at)]) if str(at) in secrets else part for at, part in enumerate(seen)]
    return secrets


def _holds(value: Any) -> bool:
    """Whether there is anything to hide: yes and no are nobody's secret."""
    return value is not None and not isinstance(value, bool)


def _inside(value: Any, schema: Any) -> Any:
    if isinstance(value, dict):
        return shown(value, schema)
    if isinstance(value, list):
        return [_inside(one, _object(schema).get("items")) for one in value]
    return value


def _object(part: Any) -> Document:
    """Own specs may say anything."""
    return part if isinstance(part, dict) else {}
