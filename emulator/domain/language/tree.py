"""The tree of an expression. Positions and the way a name was written do not count when trees are compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import NamedTuple, TypeAlias


class Position(NamedTuple):
    """Where something stands in the text; line and column count from 1, ``offset`` from 0."""

    line: int
    column: int
    offset: int


START = Position(1, 1, 0)


class Each(Enum):
    """The step ``[*]``: every member of an array."""

    EACH = auto()


EACH = Each.EACH


@dataclass(frozen=True)
class Literal:
    """A boolean, a number, a text or null."""

    value: bool | int | float | str | None
    position: Position = field(default=START, compare=False)


@dataclass(frozen=True)
class ArrayLiteral:
    items: tuple[Node, ...]
    position: Position = field(default=START, compare=False)


@dataclass(frozen=True)
class MapLiteral:
    """``{"k": v}``; keys are expressions, and a later key wins over the same key before it."""

    entries: tuple[tuple[Node, Node], ...]
    position: Position = field(default=START, compare=False)


@dataclass(frozen=True)
class Reference:
    """Names from the record (or the parameter of a lambda) down: ``person.name`` has two.

    ``wrapped`` says that the first name was written in ``${…}``.
    """

    names: tuple[str, ...]
    wrapped: bool = field(default=False, compare=False)
    position: Position = field(default=START, compare=False)


@dataclass(frozen=True)
class Index:
    """The step ``[expression]``."""

    key: Node


Step: TypeAlias = "str | Index | Each"


@dataclass(frozen=True)
class Path:
    """Steps into what ``base`` gives: a name, an index or ``[*]`` each."""

    base: Node
    steps: tuple[Step, ...]
    position: Position = field(default=START, compare=False)


@dataclass(frozen=True)
class Prefix:
    """``operator`` is the sign, or ``empty`` and ``size``."""

    operator: str
    operand: Node
    position: Position = field(default=START, compare=False)


@dataclass(frozen=True)
class Binary:
    """``operator`` is the sign also where the word was written."""

    operator: str
    left: Node
    right: Node
    position: Position = field(default=START, compare=False)


@dataclass(frozen=True)
class Logical:
    """``&&`` or ``||`` between two or more operands, evaluated from the left until the result is known."""

    operator: str
    operands: tuple[Node, ...]
    position: Position = field(default=START, compare=False)


@dataclass(frozen=True)
class Conditional:
    """``condition ? chosen : other``."""

    condition: Node
    chosen: Node
    other: Node
    position: Position = field(default=START, compare=False)


@dataclass(frozen=True)
class Elvis:
    """``value ?: other``: the value where it counts as true."""

    value: Node
    other: Node
    position: Position = field(default=START, compare=False)


@dataclass(frozen=True)
class Call:
    name: str
    arguments: tuple[Node, ...]
    position: Position = field(default=START, compare=False)


@dataclass(frozen=True)
class MethodCall:
    """``target.name(arguments)``."""

    target: Node
    name: str
    arguments: tuple[Node, ...]
    position: Position = field(default=START, compare=False)


@dataclass(frozen=True)
class Arrow:
    """``x -> body``."""

    parameters: tuple[str, ...]
    body: Node
    position: Position = field(default=START, compare=False)


Node: TypeAlias = (
    Literal
    | ArrayLiteral
    | MapLiteral
    | Reference
    | Path
    | Prefix
    | Binary
    | Logical
    | Conditional
    | Elvis
    | Call
    | MethodCall
    | Arrow
)


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below, from left to right."""
    match node:
        case Path(base, steps):
            return (base, *(step.key for step in steps if isinstance(step, Index)))
        case MapLiteral(entries):
            return tuple(part for entry in entries for part in entry)
        case MethodCall(target, _, arguments):
            return (target, *arguments)
        case ArrayLiteral(parts) | Logical(_, parts) | Call(_, parts):
            return parts
        case Prefix(_, part) | Arrow(_, part):
            return (part,)
        case Binary(_, left, right) | Elvis(left, right):
            return (left, right)
        case Conditional(condition, chosen, other):
            return (condition, chosen, other)
    return ()


def walk(node: Node) -> Iterator[tuple[Node, int]]:
    """Every node with its depth, the root at 1, from left to right; without recursion."""
    waiting = [(node, 1)]
    while waiting:
        here, depth = waiting.pop()
        yield here, depth
        waiting.extend((child, depth + 1) for child in reversed(children(here)))


def calculated(node: Node) -> list[Node]:
    """Every node that has a value for a record, what it is made from first: no literals, nothing in lambdas."""
    found: list[Node] = []
    waiting = [node]
    while waiting:
        here = waiting.pop()
        if not isinstance(here, (Literal, Arrow)):
            found.append(here)
            waiting.extend(children(here))
    return found[::-1]
