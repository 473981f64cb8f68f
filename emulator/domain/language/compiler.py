"""From a tree to one callable, made once: nothing is parsed, looked up or told apart when records go through.

Every node becomes a closure over the closures of what lies below it; constants are computed beforehand.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from emulator.domain.language import calling, reading
from emulator.domain.language.operators import ARITHMETIC, PREFIXES, TESTS, add
from emulator.domain.language.pieces import Environment, Piece, Run, Scope, constant, decided, folded, metered, truth
from emulator.domain.language.problems import SyntaxProblem
from emulator.domain.language.texts import MOST_CHARACTERS
from emulator.domain.language.tree import (
    ArrayLiteral,
    Arrow,
    Binary,
    Call,
    Conditional,
    Elvis,
    Literal,
    Logical,
    MapLiteral,
    MethodCall,
    Node,
    Path,
    Prefix,
    Reference,
    walk,
)
from emulator.domain.language.values import Surroundings, Value, as_text, as_truth

MOST_LAMBDAS = 10
# What these do to two plain numbers needs none of the rules for mixed kinds.
_ON_NUMBERS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compiled(node: Node, surroundings: Surroundings) -> Callable[[dict[str, Any]], Value]:
    """What gives the value of an expression for a record; it raises ``Problem`` where there is none.

    Raises ``UnknownFunction`` and ``WrongArguments`` for calls that can never work, and ``SyntaxProblem`` for
    lambdas out of place.
    """
    lambdas = [inner for inner, _ in walk(node) if isinstance(inner, Arrow)]
    if len(lambdas) > MOST_LAMBDAS:
        raise SyntaxProblem(f"an expression has at most {MOST_LAMBDAS} lambdas", lambdas[MOST_LAMBDAS].position)
    return _piece(node, Scope(surroundings, _piece)).run


def _piece(node: Node, scope: Scope) -> Piece:
    piece = _COMPILERS[type(node)](node, scope)
    return metered(piece) if scope.lambdas else piece


def _arrow(node: Arrow, _scope: Scope) -> Piece:
    raise calling.lambda_out_of_place(node)


def _array(node: ArrayLiteral, scope: Scope) -> Piece:
    runs = [scope.piece(item, scope).run for item in node.items]
    return Piece(lambda environment: [run(environment) for run in runs])


def _map(node: MapLiteral, scope: Scope) -> Piece:
    runs = [(scope.piece(key, scope).run, scope.piece(value, scope).run) for key, value in node.entries]
    return Piece(lambda environment: {as_text(key(environment)): value(environment) for key, value in runs})


def _prefix(node: Prefix, scope: Scope) -> Piece:
    operand = scope.piece(node.operand, scope)
    if node.operator == "!":
        holds = truth(operand)
        return folded(decided(lambda environment: not holds(environment)), [operand])
    apply, run = PREFIXES[node.operator], operand.run
    return folded(Piece(lambda environment: apply(run(environment))), [operand])


def _binary(node: Binary, scope: Scope) -> Piece:
    left, right = scope.piece(node.left, scope), scope.piece(node.right, scope)
    if node.operator == "+":
        piece = Piece(_sum(left.run, right.run))
    elif node.operator in ARITHMETIC:
        piece = Piece(_both(ARITHMETIC[node.operator], left.run, right.run))
    elif right.is_constant:
        piece = decided(_tested(node.operator, left.run, right.value))
    else:
        piece = decided(_both(TESTS[node.operator], left.run, right.run))
    return folded(piece, [left, right])


def _both(apply: Callable[[Value, Value], Value], first: Run, second: Run) -> Run:
    return lambda environment: apply(first(environment), second(environment))


def _sum(first: Run, second: Run) -> Run:
    def added(environment: Environment) -> Value:
        left, right = first(environment), second(environment)
        if type(left) is str and type(right) is str and len(left) + len(right) <= MOST_CHARACTERS:
            return left + right
        return add(left, right)

    return added


def _tested(sign: str, run: Run, value: Value) -> Run:
    """A test against a constant, which takes a short way for values of the constant's own kind."""
    apply = TESTS[sign]
    if sign in ("==", "!=") and value is None:
        return _null(run) if sign == "==" else _given(run)
    fast = _ON_NUMBERS.get(sign)
    if fast is None or not isinstance(value, (int, float, str)) or isinstance(value, bool):
        return lambda environment: apply(run(environment), value)
    is_number = not isinstance(value, str)

    def test(environment: Environment) -> Value:
        left = run(environment)
        kind = type(left)
        if (kind is int or kind is float) if is_number else kind is str:
            return fast(left, value)
        return apply(left, value)

    return test


def _null(run: Run) -> Run:
    return lambda environment: run(environment) is None


def _given(run: Run) -> Run:
    return lambda environment: run(environment) is not None


def _logical(node: Logical, scope: Scope) -> Piece:
    parts = [scope.piece(operand, scope) for operand in node.operands]
    tests = [truth(part) for part in parts]
    chain = _all(tests) if node.operator == "&&" else _any(tests)
    return folded(decided(chain), parts)


def _all(tests: list[Callable[[Environment], bool]]) -> Run:
    if len(tests) == 2:
        first, second = tests
        return lambda environment: first(environment) and second(environment)

    def every(environment: Environment) -> bool:
        for test in tests:  # noqa: SIM110 - a loop is faster than a generator
            if not test(environment):
                return False
        return True

    return every


def _any(tests: list[Callable[[Environment], bool]]) -> Run:
    if len(tests) == 2:
        first, second = tests
        return lambda environment: first(environment) or second(environment)

    def some(environment: Environment) -> bool:
        for test in tests:  # noqa: SIM110 - a loop is faster than a generator
            if test(environment):
                return True
        return False

    return some


def _conditional(node: Conditional, scope: Scope) -> Piece:
    condition, chosen, other = (scope.piece(part, scope) for part in (node.condition, node.chosen, node.other))
    if condition.is_constant:
        return chosen if as_truth(condition.value) else other
    holds, when_true, when_false = truth(condition), chosen.run, other.run
    return Piece(lambda environment: when_true(environment) if holds(environment) else when_false(environment))


def _elvis(node: Elvis, scope: Scope) -> Piece:
    value, other = scope.piece(node.value, scope), scope.piece(node.other, scope)
    run, otherwise = value.run, other.run

    def first_that_holds(environment: Environment) -> Value:
        found = run(environment)
        return found if as_truth(found) else otherwise(environment)

    return folded(Piece(first_that_holds), [value, other])


_COMPILERS: dict[type, Callable[[Any, Scope], Piece]] = {
    Literal: lambda node, _scope: constant(node.value),
    ArrayLiteral: _array,
    MapLiteral: _map,
    Reference: reading.reference,
    Path: reading.path,
    Prefix: _prefix,
    Binary: _binary,
    Logical: _logical,
    Conditional: _conditional,
    Elvis: _elvis,
    Call: calling.call,
    MethodCall: calling.method,
    Arrow: _arrow,
}
