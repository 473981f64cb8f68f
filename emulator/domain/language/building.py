"""From what the grammar finds to nodes: one function a rule, called from the bottom up while parsing."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from emulator.domain.language.problems import SyntaxProblem
from emulator.domain.language.tree import (
    EACH,
    ArrayLiteral,
    Arrow,
    Binary,
    Call,
    Conditional,
    Elvis,
    Index,
    Literal,
    Logical,
    MapLiteral,
    MethodCall,
    Node,
    Path,
    Position,
    Prefix,
    Reference,
    Step,
)
from emulator.domain.language.values import MOST_DIGITS
from emulator.domain.language.words import is_plain

if TYPE_CHECKING:
    from lark import Token

# Words mean the same as signs.
_SIGNS = {
    "or": "||",
    "and": "&&",
    "eq": "==",
    "ne": "!=",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
    "div": "/",
    "mod": "%",
    "not": "!",
}
_CONSTANTS = {"true": True, "false": False, "null": None}
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
# A dot that no backslash stands before separates names inside ${…}.
_SEPARATOR = re.compile(r"(?<!\\)\.")
_NO_PARAMETER = "a parameter of a lambda is a plain name"


def _at(token: Token) -> Position:
    return Position(token.line or 1, token.column or 1, token.start_pos or 0)


def _nodes(parts: list[Any]) -> tuple[Node, ...]:
    """What stands between brackets and commas."""
    return tuple(part for part in parts if not isinstance(part, str))


def _literal(parts: list[Any]) -> Node:
    return Literal(_CONSTANTS[parts[0]], _at(parts[0]))


def _string(parts: list[Any]) -> Node:
    token = parts[0]
    delimiter = token[0]

    def unescaped(found: re.Match[str]) -> str:
        escaped = found[1]
        if len(escaped) == 5:
            return chr(int(escaped[1:], 16))
        return str(escaped) if escaped in (delimiter, "\\") else found[0]

    text = _ESCAPE.sub(unescaped, token[1:-1])
    # Two escapes may make one character; half of one is none.
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return Literal(whole, _at(token))


def _integer(parts: list[Any]) -> Node:
    token = parts[0]
    digits = token.rstrip("lLhH").lower()
    if len(digits) > MOST_DIGITS:
        raise SyntaxProblem(f"a number has at most {MOST_DIGITS} digits", _at(token))
    if digits.startswith("0x"):
        return Literal(int(digits, 16), _at(token))
    if digits.startswith("0") and digits.strip("01234567"):
        raise SyntaxProblem(f"{digits} starts with 0, which means octal, and holds an 8 or 9", _at(token))
    return Literal(int(digits, 8 if digits.startswith("0") else 10), _at(token))


def _real(parts: list[Any]) -> Node:
    token = parts[0]
    number = float(token.rstrip("fFdDbB"))
    if not math.isfinite(number):
        raise SyntaxProblem("the number is too large", _at(token))
    return Literal(number, _at(token))


def _array(parts: list[Any]) -> Node:
    return ArrayLiteral(_nodes(parts), _at(parts[0]))


def _map(parts: list[Any]) -> Node:
    return MapLiteral(tuple(part for part in parts if isinstance(part, tuple)), _at(parts[0]))


def _entry(parts: list[Any]) -> tuple[Node, Node]:
    return parts[0], parts[2]


def _names(token: Token) -> tuple[str, ...]:
    if token.type != "WRAPPED":
        return (token.replace("\\.", "."),)
    names = tuple(name.replace("\\.", ".") for name in _SEPARATOR.split(token[2:-1]))
    if not all(names):
        raise SyntaxProblem(f"{token} has an empty name", _at(token))
    return names


def _reference(parts: list[Any]) -> Node:
    return Reference(_names(parts[0]), parts[0].type == "WRAPPED", _at(parts[0]))


def _member(parts: list[Any]) -> Node:
    target, names = parts[0], _names(parts[2])
    if isinstance(target, Reference):
        return Reference(target.names + names, target.wrapped, target.position)
    return _with_steps(target, names)


def _index(parts: list[Any]) -> Node:
    return _with_steps(parts[0], (Index(parts[2]),))


def _each(parts: list[Any]) -> Node:
    return _with_steps(parts[0], (EACH,))


def _with_steps(target: Node, steps: tuple[Step, ...]) -> Node:
    if isinstance(target, Path):
        return Path(target.base, target.steps + steps, target.position)
    return Path(target, steps, target.position)


def _call(parts: list[Any]) -> Node:
    name, arguments = str(parts[0]), _nodes(parts[1:])
    if name == "object_to_map":
        arguments = _with_attribute(arguments)
    return Call(name, arguments, _at(parts[0]))


def _with_attribute(arguments: tuple[Node, ...]) -> tuple[Node, ...]:
    """Documented: the attribute in ``object_to_map(list, type)`` is a bare name, and no field of the record.

    A text before it makes the two a key and its value.
    """
    match arguments:
        case (Literal(), _):
            return arguments
        case (objects, Reference((name,), position=position)):
            return (objects, Literal(name, position))
    return arguments


def _method(parts: list[Any]) -> Node:
    return MethodCall(parts[0], str(parts[2]), _nodes(parts[3:]), _at(parts[2]))


def _sign(token: Token) -> str:
    return _SIGNS.get(token, str(token))


def _prefix(parts: list[Any]) -> Node:
    return Prefix(_sign(parts[0]), parts[1], _at(parts[0]))


def _chain(parts: list[Any]) -> Node:
    node = parts[0]
    for token, right in zip(parts[1::2], parts[2::2], strict=True):
        node = Binary(_sign(token), node, right, _at(token))
    return node  # type: ignore[no-any-return]


def _logical(parts: list[Any]) -> Node:
    return Logical(_sign(parts[1]), tuple(parts[::2]), _at(parts[1]))


def _ternary(parts: list[Any]) -> Node:
    return Conditional(parts[0], parts[2], parts[4], _at(parts[1]))


def _elvis(parts: list[Any]) -> Node:
    return Elvis(parts[0], parts[2], _at(parts[1]))


def _arrow(parts: list[Any]) -> Node:
    return Arrow((_parameter(str(parts[0]), _at(parts[0])),), parts[2], _at(parts[0]))


def _arrow_of_list(parts: list[Any]) -> Node:
    *parameters, body = _nodes(parts)
    names = []
    for parameter in parameters:
        match parameter:
            case Reference((name,), wrapped=False):
                names.append(_parameter(name, parameter.position))
            case _:
                raise SyntaxProblem(_NO_PARAMETER, parameter.position)
    if len(set(names)) < len(names):
        raise SyntaxProblem("a lambda names each parameter once", _at(parts[0]))
    return Arrow(tuple(names), body, _at(parts[0]))


def _parameter(name: str, position: Position) -> str:
    if not is_plain(name):
        raise SyntaxProblem(_NO_PARAMETER, position)
    return name


# What each rule of the grammar makes of its parts: tokens, and nodes made before.
RULES: dict[str, Callable[[list[Any]], Any]] = {
    "constant": _literal,
    "string": _string,
    "integer": _integer,
    "real": _real,
    "array": _array,
    "map": _map,
    "entry": _entry,
    "group": lambda parts: parts[1],
    "reference": _reference,
    "member": _member,
    "index": _index,
    "each": _each,
    "call": _call,
    "method": _method,
    "prefix": _prefix,
    "chain": _chain,
    "logical": _logical,
    "ternary": _ternary,
    "elvis": _elvis,
    "arrow": _arrow,
    "arrow_of_list": _arrow_of_list,
}
