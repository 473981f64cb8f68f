"""Calls of functions and methods: looked up and counted once, when an expression is compiled."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

# Importing both registers their functions.
from emulator.domain.language import functions as functions
from emulator.domain.language import presence as presence
from emulator.domain.language.methods import METHODS, nearest_methods
from emulator.domain.language.pieces import METER, Environment, Meter, Piece, Run, Scope, folded
from emulator.domain.language.problems import UnknownFunction, WrongArguments
from emulator.domain.language.reading import record_of
from emulator.domain.language.registry import FUNCTIONS, MANY, Function, nearest
from emulator.domain.language.texts import UNGUARDED
from emulator.domain.language.tree import Arrow, Call, Conditional, MethodCall, Node
from emulator.domain.language.values import Lambda, Value

# Documented: lambdas are for these two alone, as the second argument.
_TAKE_LAMBDAS = ("filterArray", "transformArray")


def call(node: Call, scope: Scope) -> Piece:
    """Raises ``UnknownFunction`` and ``WrongArguments``."""
    function = FUNCTIONS.get(node.name)
    if function is None:
        raise _unknown(node)
    _check_count(node, function)
    if node.name == "iif":
        # The branch that is not chosen must not be evaluated: what fails in it is no matter.
        condition, chosen, other = node.arguments
        return scope.piece(Conditional(condition, chosen, other), scope)
    parts = [_argument(node, index, scope) for index in range(len(node.arguments))]
    run = function.run
    if function.recorded:
        return Piece(_applied(run, [record_of(scope), *(part.run for part in parts)]))
    if function.surrounded:
        return Piece(_applied(partial(run, scope.surroundings), [part.run for part in parts]))
    return folded(Piece(_with_constants(run, parts)), parts)


def _unknown(node: Call) -> UnknownFunction:
    if node.name in METHODS:
        return UnknownFunction(node.name, node.position, [f"value.{node.name}(…), which is a method"])
    return UnknownFunction(node.name, node.position, nearest(node.name))


def _check_count(node: Call, function: Function) -> None:
    count = len(node.arguments)
    if function.least <= count <= function.most:
        return
    if function.least == function.most:
        right = str(function.least)
    elif function.most >= MANY:
        right = f"at least {function.least}"
    else:
        right = f"{function.least} to {function.most}"
    raise WrongArguments(f"{node.name} takes {right} arguments, and {count} are given", node.position)


def _argument(node: Call, index: int, scope: Scope) -> Piece:
    argument = node.arguments[index]
    if not isinstance(argument, Arrow):
        return scope.piece(argument, scope)
    if node.name not in _TAKE_LAMBDAS or index != 1:
        raise lambda_out_of_place(argument)
    if len(argument.parameters) != 1:
        raise WrongArguments(f"the lambda of {node.name} has one parameter, as in x -> x > 0", argument.position)
    return _lambda(argument, scope)


def lambda_out_of_place(node: Node) -> WrongArguments:
    return WrongArguments(f"a lambda is the second argument of {' or '.join(_TAKE_LAMBDAS)}", node.position)


def _lambda(node: Arrow, scope: Scope) -> Piece:
    parameters = node.parameters
    body = scope.piece(node.body, scope.inside(parameters)).run
    is_inner = bool(scope.lambdas)

    def make(environment: Environment) -> Lambda:
        meter = environment[METER] if is_inner else Meter()
        return Lambda(parameters, lambda *arguments: body((environment, meter, *arguments)))

    return Piece(make)


def method(node: MethodCall, scope: Scope) -> Piece:
    """A method of null is null. Raises ``UnknownFunction`` and ``WrongArguments``."""
    if node.name not in METHODS:
        raise UnknownFunction(node.name, node.position, nearest_methods(node.name), "method")
    count, run = METHODS[node.name]
    if len(node.arguments) != count:
        message = f"the method {node.name} takes {count} arguments, and {len(node.arguments)} are given"
        raise WrongArguments(message, node.position)
    parts = [scope.piece(argument, scope) for argument in (node.target, *node.arguments)]
    target = parts[0].run
    if node.name == "equals" and isinstance(parts[1].value, str):
        return folded(_equals(target, parts[1].value), parts)
    if count == 0:
        return folded(Piece(lambda environment: _unless_null(run, target(environment))), parts)
    other = parts[1].run

    def called(environment: Environment) -> Value:
        value = target(environment)
        return None if value is None else run(value, other(environment))

    return folded(Piece(called), parts)


def _equals(target: Run, text: str) -> Piece:
    """Texts equal other texts only; null, which gives null, is not true."""

    def called(environment: Environment) -> Value:
        value = target(environment)
        return None if value is None else value == text

    return Piece(called, lambda environment: bool(target(environment) == text))


def _unless_null(run: Callable[..., Value], value: Value) -> Value:
    return None if value is None else run(value)


def _with_constants(run: Callable[..., Value], parts: list[Piece]) -> Run:
    """Most calls give a function one computed value and then constants, which need no evaluation."""
    if not parts or parts[0].is_constant or not all(part.is_constant for part in parts[1:]):
        return _applied(run, [part.run for part in parts])
    rest = tuple(part.value for part in parts[1:])
    unguarded = getattr(run, UNGUARDED, None)
    if unguarded and None not in rest:
        return _guarded(unguarded, parts[0].run, rest)
    return _first(run, parts[0].run, rest)


def _guarded(run: Callable[..., Value], first: Run, rest: tuple[Value, ...]) -> Run:
    """Null of null, which need not be looked for among constants."""
    if not rest:

        def of_one(environment: Environment) -> Value:
            value = first(environment)
            return None if value is None else run(value)

        return of_one

    def of_several(environment: Environment) -> Value:
        value = first(environment)
        return None if value is None else run(value, *rest)

    return of_several


def _first(run: Callable[..., Value], first: Run, rest: tuple[Value, ...]) -> Run:
    match rest:
        case ():
            return lambda environment: run(first(environment))
        case (second,):
            return lambda environment: run(first(environment), second)
    return lambda environment: run(first(environment), *rest)


def _applied(run: Callable[..., Value], arguments: list[Run]) -> Run:
    match arguments:
        case []:
            return lambda _environment: run()
        case [first]:
            return lambda environment: run(first(environment))
        case [first, second]:
            return lambda environment: run(first(environment), second(environment))
        case [first, second, third]:
            return lambda environment: run(first(environment), second(environment), third(environment))
    return lambda environment: run(*[argument(environment) for argument in arguments])
