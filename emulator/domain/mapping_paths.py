r"""Source and destination paths of mappings: ``a.b[0].c``, ``a[*].b``, ``${odd name}``, ``a\.b``.

Documented: dots separate levels, ``\.`` is a literal dot, ``${…}`` wraps names that break the rule for
names, ``[n]`` takes one element and ``[*]`` every element. Names may hold ``$`` and ``@``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

Document = dict[str, Any]


class _Each:
    """The step ``[*]``."""

    def __repr__(self) -> str:
        return "[*]"


EACH: Final = _Each()
Step = str | int | _Each
MAX_INDEX = 9_999
MAX_STEPS = 100


class PathProblem(ValueError):
    """A path that cannot be read; the message says where and why."""


@dataclass(frozen=True)
class MappingPath:
    """A parsed path; ``text`` is how it was written."""

    text: str
    steps: tuple[Step, ...]

    @property
    def wildcards(self) -> int:
        return sum(1 for step in self.steps if step is EACH)

    def reader(self, nested: bool = False) -> Callable[[Document], Any]:
        """Takes the value out of a record, None when it is not there.

        With ``nested`` every ``[*]`` gives one level of lists, for a destination with as many;
        without it all values come in one flat list.
        """
        steps, text = self.steps, self.text
        if len(steps) == 1 and isinstance(steps[0], str):
            name = steps[0]
            return lambda record: record.get(name)
        if len(steps) == 2 and isinstance(steps[0], str) and isinstance(steps[1], str):
            return _reader_of_child(steps[0], steps[1], text)

        def read(record: Document) -> Any:
            value = _follow(record, steps, nested)
            # A flat column may be called "Full.Name" and be mapped without escaping its dot.
            return record.get(text) if value is None and not nested else value

        return read

    def writer(self) -> Callable[[Document, Any], None]:
        """Puts a value into a target record, making what is missing on the way.

        The value is the target's own from then on: later mappings may write into it.
        """
        steps = self.steps
        if len(steps) == 1 and isinstance(steps[0], str):
            return _writer_of_field(steps[0])
        if len(steps) == 2 and isinstance(steps[0], str) and isinstance(steps[1], str):
            return _writer_of_child(steps[0], steps[1])
        if all(isinstance(step, str) for step in steps):
            return _writer_below(tuple(map(str, steps)))

        def write(target: Document, value: Any) -> None:
            _put(target, steps, value)

        return write


def _reader_of_child(parent: str, name: str, text: str) -> Callable[[Document], Any]:
    def read(record: Document) -> Any:
        here = record.get(parent)
        value = here.get(name) if type(here) is dict else None
        return record.get(text) if value is None else value

    return read


def _writer_of_field(name: str) -> Callable[[Document, Any], None]:
    def write(target: Document, value: Any) -> None:
        target[name] = value

    return write


def _writer_of_child(parent: str, name: str) -> Callable[[Document, Any], None]:
    def write(target: Document, value: Any) -> None:
        here = target.get(parent)
        if type(here) is not dict:
            here = target[parent] = {}
        here[name] = value

    return write


def _writer_below(names: tuple[str, ...]) -> Callable[[Document, Any], None]:
    *parents, name = names

    def write(target: Document, value: Any) -> None:
        for parent in parents:
            here = target.get(parent)
            if type(here) is not dict:
                here = target[parent] = {}
            target = here
        target[name] = value

    return write


def parse(text: str, is_destination: bool = False) -> MappingPath:
    """Raises ``PathProblem``. Destinations lose the ``xdm:`` that some guides print before names."""
    steps: list[Step] = []
    position = 0
    while position < len(text):
        if text.startswith("${", position):
            end = text.find("}", position)
            if end < 0:
                raise PathProblem(f"path {text!r}: ${{ at {position} is not closed")
            steps.extend(_names(text, text[position + 2 : end]))
            position = end + 1
        else:
            name, position = _name(text, position)
            steps.append(name.removeprefix("xdm:") if is_destination else name)
        position = _indices(text, position, steps)
        if position < len(text):
            if text[position] != ".":
                raise PathProblem(f"path {text!r}: expected a dot at {position}")
            position += 1
            if position == len(text):
                raise PathProblem(f"path {text!r}: ends with a dot")
    return MappingPath(text, _counted(text, steps))


def _counted(text: str, steps: list[Step]) -> tuple[Step, ...]:
    if not steps:
        raise PathProblem("the path is empty")
    if len(steps) > MAX_STEPS:
        raise PathProblem(f"path {text[:40]!r}…: more than {MAX_STEPS} steps")
    return tuple(steps)


def _names(text: str, inside: str) -> list[str]:
    names, position = [], 0
    while position <= len(inside):
        end = position
        while end < len(inside) and inside[end] != ".":
            end += 2 if inside[end] == "\\" else 1
        names.append(inside[position:end].replace("\\.", "."))
        position = end + 1
    if not all(names):
        raise PathProblem(f"path {text!r}: an empty name inside ${{…}}")
    return names


def _name(text: str, start: int) -> tuple[str, int]:
    end = start
    while end < len(text) and text[end] not in ".[":
        end += 2 if text.startswith("\\.", end) else 1
    if end == start:
        raise PathProblem(f"path {text!r}: a name is missing at {start}")
    return text[start:end].replace("\\.", "."), end


def _indices(text: str, position: int, steps: list[Step]) -> int:
    while position < len(text) and text[position] == "[":
        end = text.find("]", position)
        inside = text[position + 1 : end] if end > 0 else ""
        if inside == "*":
            steps.append(EACH)
        elif inside.isascii() and inside.isdigit() and len(inside) <= len(str(MAX_INDEX)):
            steps.append(int(inside))
        else:
            raise PathProblem(f"path {text!r}: expected [*] or [0] to [{MAX_INDEX}] at {position}")
        position = end + 1
    return position


def _follow(value: Any, steps: tuple[Step, ...], nested: bool) -> Any:
    for index, step in enumerate(steps):
        if isinstance(step, str):
            if not isinstance(value, dict):
                return None
            value = value.get(step)
        elif isinstance(step, int):
            if not isinstance(value, list) or step >= len(value):
                return None
            value = value[step]
        else:
            return _follow_each(value, steps[index + 1 :], nested)
        if value is None:
            return None
    return value


def _follow_each(value: Any, rest: tuple[Step, ...], nested: bool) -> list[Any] | None:
    if not isinstance(value, list):
        return None
    found = [_follow(element, rest, nested) for element in value]
    if nested or EACH not in rest:
        return found
    return [inner for outer in found for inner in outer or ()]


def _put(target: Any, steps: tuple[Step, ...], value: Any) -> None:
    step, rest = steps[0], steps[1:]
    if step is EACH:
        for index, element in enumerate(value or ()):
            if element is not None:
                _put(target, (index, *rest), element)
        return
    if isinstance(step, int):
        target.extend([None] * (step + 1 - len(target)))
        here = target[step]
    else:
        here = target.get(step)
    if not rest:
        target[step] = value
        return
    wanted: type = dict if isinstance(rest[0], str) else list
    if not isinstance(here, wanted):
        here = target[step] = wanted()
    _put(here, rest, value)
