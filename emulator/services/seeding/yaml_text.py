"""YAML as seeds use it: values are what JSON has, so that an instant stays a text and ``no`` is no boolean."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

_MISSING = "to read YAML: pip install 'flow-service-emulator[seeds]', or write JSON"
_PLAIN = {
    "tag:yaml.org,2002:null": (r"^(?:~|null|)$", ["~", "n", ""]),
    "tag:yaml.org,2002:bool": (r"^(?:true|false)$", list("tf")),
    "tag:yaml.org,2002:int": (r"^-?(?:0|[1-9][0-9]*)$", list("-0123456789")),
    "tag:yaml.org,2002:float": (
        r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+(?:[eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)$",
        list("-0123456789"),
    ),
}


class BadText(Exception):
    """A text that is no YAML, or not such as JSON could be; the message says where and why."""


@cache
def _loader() -> Any:
    try:
        import yaml
    except ModuleNotFoundError:
        raise BadText(_MISSING) from None

    class Loader(yaml.SafeLoader):
        yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - as the base class has it

        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
            seen = set()
            for key, _ in node.value:
                name = self.construct_object(key, deep=True)
                if not isinstance(name, str):
                    raise yaml.constructor.ConstructorError(None, None, f"the key {name!r} is no text", key.start_mark)
                if name in seen:
                    raise yaml.constructor.ConstructorError(None, None, f"the key {name} comes twice", key.start_mark)
                seen.add(name)
            found: dict[Any, Any] = super().construct_mapping(node, deep)
            return found

    for tag, (pattern, first) in _PLAIN.items():
        Loader.add_implicit_resolver(tag, re.compile(pattern), first)
    return Loader


def load(text: str) -> Any:
    """The values of a text. Raises ``BadText``."""
    loader = _loader()
    import yaml

    try:
        return yaml.load(text, loader)  # noqa: S506 - a safe loader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" at line {mark.line + 1} column {mark.column + 1}" if mark else ""
        raise BadText(f"not YAML: {error.problem}{where}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise BadText(f"not YAML: {error}") from None


def line_of(text: str, path: Sequence[str | int]) -> int:
    """The line on which the value at a path begins, or the nearest one above it."""
    import yaml

    node, line = yaml.compose(text, _loader()), 0
    for step in path:
        found = _below(node, step)
        if found is None:
            break
        line, node = found
    return line + 1


def _below(node: Any, step: str | int) -> tuple[int, Any] | None:
    """The line of a member or an item, and what is there."""
    if isinstance(step, int):
        items = node.value if node.id == "sequence" else ()
        return (items[step].start_mark.line, items[step]) if step < len(items) else None
    members = node.value if node.id == "mapping" else ()
    return next(((key.start_mark.line, value) for key, value in members if key.value == step), None)
