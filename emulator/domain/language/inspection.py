"""What can be said of an expression without evaluating it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from emulator.domain.language.printer import printed
from emulator.domain.language.registry import FUNCTIONS
from emulator.domain.language.tree import (
    Arrow,
    Call,
    Each,
    Index,
    Literal,
    Node,
    Path,
    Position,
    Reference,
    Step,
    children,
)
from emulator.domain.language.words import RESERVED


@dataclass(frozen=True)
class Warned:
    """Something that works here and may not work on the real service."""

    message: str
    position: Position


def references(node: Node) -> list[str]:
    """The attributes of the record that an expression reads, each once, written as paths, in their order.

    A path ends before an index that is computed; parameters of lambdas are no attributes.
    """
    return list(dict.fromkeys(printed(found) for found in _attributes(node)))


def warnings(node: Node) -> list[Warned]:
    """Names that should be wrapped because they are reserved, and functions that are deprecated."""
    found = []
    for attribute in _attributes(node):
        head = attribute.base if isinstance(attribute, Path) else attribute
        if isinstance(head, Reference) and not head.wrapped:
            name = head.names[0]
            if name in RESERVED or name in FUNCTIONS:
                message = f"{name} is {'reserved' if name in RESERVED else 'the name of a function'}"
                found.append(Warned(f"{message}: write ${{{name}}} for a field of that name", head.position))
    for inner, _ in _scoped(node):
        if isinstance(inner, Call) and inner.name == "is_set":
            found.append(Warned("is_set is deprecated: use contains_key", inner.position))
    return found


def _attributes(node: Node) -> Iterator[Reference | Path]:
    based = set()
    for inner, parameters in _scoped(node):
        if isinstance(inner, Path) and isinstance(inner.base, Reference):
            based.add(id(inner.base))
            if inner.base.names[0] not in parameters:
                steps = tuple(_constant_steps(inner))
                yield Path(inner.base, steps, inner.position) if steps else inner.base
        elif isinstance(inner, Reference) and id(inner) not in based and inner.names[0] not in parameters:
            yield inner


def _constant_steps(path: Path) -> Iterator[Step]:
    for step in path.steps:
        if isinstance(step, Index) and not isinstance(step.key, Literal):
            return
        if isinstance(step, (str, Index, Each)):
            yield step


def _scoped(node: Node) -> Iterator[tuple[Node, frozenset[str]]]:
    """Every node with the parameters of the lambdas around it, from left to right."""
    waiting: list[tuple[Node, frozenset[str]]] = [(node, frozenset())]
    while waiting:
        here, parameters = waiting.pop()
        yield here, parameters
        below = parameters | frozenset(here.parameters) if isinstance(here, Arrow) else parameters
        waiting.extend((child, below) for child in reversed(children(here)))
