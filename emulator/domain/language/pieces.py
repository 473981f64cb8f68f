"""What the compiler makes of nodes, and what it knows while it does so.

The environment that a piece runs in is the record itself; inside a lambda it is a tuple of the environment
around it, the meter of the evaluation, and the arguments. Nothing is kept between evaluations, so that one
compiled expression serves several threads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from emulator.domain.language.tree import Node
from emulator.domain.language.values import Problem, Surroundings, Value, as_truth

Environment = Any
Run = Callable[[Environment], Value]

# What all calls of a lambda, and of the lambdas inside it, may handle together: characters, members and calls.
MOST_WORK = 1_000_000
METER = 1
ARGUMENTS = 2


@dataclass(frozen=True)
class Piece:
    """A compiled node. ``test``, if any, is its truth, found faster than by asking its value.

    ``is_constant``: gives ``value`` always.
    """

    run: Run
    test: Callable[[Environment], bool] | None = None
    is_constant: bool = False
    value: Value = None


@dataclass(frozen=True)
class Scope:
    """``piece`` compiles a node below; ``lambdas`` are the parameters of the lambdas around, innermost first."""

    surroundings: Surroundings
    piece: Callable[[Node, Scope], Piece]
    lambdas: tuple[tuple[str, ...], ...] = ()

    def inside(self, parameters: tuple[str, ...]) -> Scope:
        return replace(self, lambdas=(parameters, *self.lambdas))


class Meter:
    """Counts what lambdas do, which multiplies when they lie in each other."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MOST_WORK

    def charge(self, value: Value) -> None:
        self.left -= 1 + len(value) if isinstance(value, (str, list, dict)) else 1
        if self.left < 0:
            raise Problem(f"lambdas handle at most {MOST_WORK} members and characters for one record")


def constant(value: Value) -> Piece:
    return Piece(lambda _environment: value, is_constant=True, value=value)


def decided(test: Callable[[Environment], bool]) -> Piece:
    """A node whose value is its truth."""
    return Piece(test, test)


def folded(piece: Piece, parts: list[Piece]) -> Piece:
    """A constant where all parts are; what fails is left to fail for each record, as its result is a null there."""
    if not all(part.is_constant for part in parts):
        return piece
    try:
        value = piece.run({})
    except Problem:
        return piece
    return constant(value) if value is None or isinstance(value, (bool, int, float, str, datetime)) else piece


def truth(piece: Piece) -> Callable[[Environment], bool]:
    run = piece.run
    return piece.test or (lambda environment: as_truth(run(environment)))


def metered(piece: Piece) -> Piece:
    """The same inside a lambda, where everything is counted."""
    if piece.is_constant:
        return piece
    run = piece.run

    def counted(environment: Environment) -> Value:
        value = run(environment)
        environment[METER].charge(value)
        return value

    return replace(piece, run=counted, test=None)
