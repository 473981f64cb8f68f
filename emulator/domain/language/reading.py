"""References and steps into values: absent is null, and so is everything below null."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from emulator.domain.language.pieces import ARGUMENTS, Environment, Piece, Run, Scope
from emulator.domain.language.tree import Each, Index, Path, Reference, Step
from emulator.domain.language.values import Value, as_text, number_in

# A step, or several: from a value, and the environment for indexes that are computed.
Follow = Callable[[Value, Environment], Value]


def reference(node: Reference, scope: Scope) -> Piece:
    """The parameter of the innermost lambda that has one of that name, otherwise the field of the record."""
    for levels, parameters in enumerate(scope.lambdas):
        if node.names[0] in parameters:
            read = _argument(levels, parameters.index(node.names[0]))
            return Piece(_down(read, node.names[1:]))
    run = _field(node.names)
    levels = len(scope.lambdas)
    return Piece(run) if not levels else Piece(lambda environment: run(_outer(environment, levels)))


def record_of(scope: Scope) -> Run:
    levels = len(scope.lambdas)
    return lambda environment: _outer(environment, levels)


def _outer(environment: Environment, levels: int) -> Environment:
    for _ in range(levels):
        environment = environment[0]
    return environment


def _argument(levels: int, index: int) -> Run:
    place = ARGUMENTS + index
    if levels == 0:
        return lambda environment: environment[place]
    return lambda environment: _outer(environment, levels)[place]


def _down(read: Run, names: Sequence[str]) -> Run:
    if not names:
        return read
    follow = _chain(names, ())
    return lambda environment: follow(read(environment), environment)


def _field(names: tuple[str, ...]) -> Run:
    """Names with dots between them may also be the one name of a column, when there are no such levels."""
    if len(names) == 1:
        name = names[0]
        return lambda record: record.get(name)
    whole = ".".join(names)
    if len(names) == 2:
        return _two(*names, whole)
    if len(names) == 3:
        return _three(*names, whole)

    def many(record: Environment) -> Value:
        value = record
        for name in names:
            value = value.get(name) if isinstance(value, dict) else None
        return record.get(whole) if value is None else value

    return many


def _two(first: str, second: str, whole: str) -> Run:
    def read(record: Environment) -> Value:
        inner = record.get(first)
        if isinstance(inner, dict) and (value := inner.get(second)) is not None:
            return value
        return record.get(whole)

    return read


def _three(first: str, second: str, third: str, whole: str) -> Run:
    def read(record: Environment) -> Value:
        inner = record.get(first)
        if isinstance(inner, dict):
            inner = inner.get(second)
            if isinstance(inner, dict) and (value := inner.get(third)) is not None:
                return value
        return record.get(whole)

    return read


def path(node: Path, scope: Scope) -> Piece:
    base = scope.piece(node.base, scope).run
    keys = tuple(scope.piece(step.key, scope) for step in node.steps if isinstance(step, Index))
    follow = _chain(node.steps, keys)
    return Piece(lambda environment: follow(base(environment), environment))


def _chain(steps: Sequence[Step], keys: tuple[Piece, ...]) -> Follow:
    """All steps as one; ``keys`` are those of the indexes in their order."""
    waiting = list(keys)
    parts: list[Follow] = []
    is_several = False
    for step in reversed(steps):
        if isinstance(step, Each):
            parts = [_each(_joined(parts[::-1]), is_several)]
            is_several = True
        else:
            parts.append(_index(waiting.pop()) if isinstance(step, Index) else _name(step))
    return _joined(parts[::-1])


def _joined(parts: list[Follow]) -> Follow:
    """One after the other, in a loop: there may be as many steps as a text has room for."""
    if len(parts) == 1:
        return parts[0]
    if len(parts) == 2:
        first, second = parts
        return lambda value, environment: second(first(value, environment), environment)

    def follow(value: Value, environment: Environment) -> Value:
        for part in parts:
            value = part(value, environment)
        return value

    return follow


def _name(name: str) -> Follow:
    return lambda value, _environment: value.get(name) if isinstance(value, dict) else None


def _index(key: Piece) -> Follow:
    if key.is_constant:
        constant = key.value
        return lambda value, _environment: item(value, constant)
    run = key.run
    return lambda value, environment: item(value, run(environment))


def item(value: Value, key: Value) -> Value:
    """A member by its index, also where that is a text, or a field by its name; null where there is none."""
    if isinstance(value, dict):
        return None if key is None or isinstance(key, (list, dict)) else value.get(as_text(key))
    if not isinstance(value, list):
        return None
    index = number_in(key) if isinstance(key, str) else key
    if isinstance(index, bool) or not isinstance(index, (int, float)) or not 0 <= index < len(value):
        return None
    return value[int(index)]


def _each(rest: Follow, is_several: bool) -> Follow:
    """The values of all members, in one flat array however many ``[*]`` there are; null of what is no array."""

    def follow(value: Value, environment: Environment) -> Value:
        if not isinstance(value, list):
            return None
        found = [rest(member, environment) for member in value]
        return [inner for outer in found for inner in outer or ()] if is_several else found

    return follow
