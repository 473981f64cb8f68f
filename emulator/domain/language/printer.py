"""From a tree back to a text that gives the same tree."""

from __future__ import annotations

from emulator.domain.language.tree import (
    ArrayLiteral,
    Arrow,
    Binary,
    Call,
    Conditional,
    Each,
    Elvis,
    Index,
    Literal,
    Logical,
    MapLiteral,
    MethodCall,
    Node,
    Path,
    Prefix,
    Reference,
    Step,
)
from emulator.domain.language.words import RESERVED, is_plain

# How tightly operators bind; what binds less tightly than its place needs stands in parentheses.
_ANY, _LOGICAL, _PREFIX, _PRIMARY = 0, 2, 11, 12
_BINDING = {
    "||": 2, "&&": 3, "|": 4, "^": 5, "&": 6, "==": 7, "!=": 7,
    "<": 8, "<=": 8, ">": 8, ">=": 8, "=~": 8, "!~": 8, "=^": 8, "!^": 8, "=$": 8, "!$": 8,
    "+": 9, "-": 9, "*": 10, "/": 10, "%": 10,
}  # fmt: skip
_UNCHAINED = (7, 8)


def printed(node: Node) -> str:
    """One line, operators as signs, names wrapped where they need it: ``parse(printed(node)) == node``."""
    match node:
        case Literal(value):
            return _literal(value)
        case ArrayLiteral() | MapLiteral():
            return _collection(node)
        case Reference(names):
            return _reference(names)
        case Path(base, steps):
            return _within(base, _PRIMARY) + "".join(map(_step, steps))
        case Call(name, arguments):
            return f"{name}({_listed(arguments)})"
        case MethodCall(target, name, arguments):
            return f"{_within(target, _PRIMARY)}.{name}({_listed(arguments)})"
        case Arrow(parameters, body):
            before = parameters[0] if len(parameters) == 1 else f"({', '.join(parameters)})"
            return f"{before} -> {printed(body)}"
    return _operation(node)


def _collection(node: ArrayLiteral | MapLiteral) -> str:
    if isinstance(node, ArrayLiteral):
        return f"[{_listed(node.items)}]"
    entries = ", ".join(f"{_within(key, _LOGICAL)}: {printed(value)}" for key, value in node.entries)
    return f"{{{entries or ':'}}}"


def _operation(node: Node) -> str:
    match node:
        case Prefix(operator, operand):
            return f"{operator}{' ' if operator.isalpha() else ''}{_within(operand, _PREFIX)}"
        case Binary(operator, left, right):
            binding = _BINDING[operator]
            before = _within(left, binding + 1 if binding in _UNCHAINED else binding)
            return f"{before} {operator} {_within(right, binding + 1)}"
        case Logical(operator, operands):
            return f" {operator} ".join(_within(operand, _BINDING[operator] + 1) for operand in operands)
        case Conditional(condition, chosen, other):
            return f"{_within(condition, _LOGICAL)} ? {printed(chosen)} : {printed(other)}"
        case Elvis(value, other):
            return f"{_within(value, _LOGICAL)} ?: {printed(other)}"
    raise TypeError(f"{type(node).__name__} is no node")


def _within(node: Node, binding: int) -> str:
    text = printed(node)
    return text if _binding(node) >= binding else f"({text})"


def _binding(node: Node) -> int:
    match node:
        case Binary(operator) | Logical(operator):
            return _BINDING[operator]
        case Prefix():
            return _PREFIX
        case Conditional() | Elvis() | Arrow():
            return _ANY
    return _PRIMARY


def _listed(nodes: tuple[Node, ...]) -> str:
    return ", ".join(map(printed, nodes))


def _literal(value: bool | int | float | str | None) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    text = repr(value)
    # Reals have a point in this language, also before an exponent.
    return text.replace("e", ".0e") if "e" in text and "." not in text else text


def _reference(names: tuple[str, ...]) -> str:
    if all(map(is_plain, names)) and names[0] not in RESERVED:
        return ".".join(names)
    return f"${{{'.'.join(name.replace('.', chr(92) + '.') for name in names)}}}"


def _step(step: Step) -> str:
    if isinstance(step, Index):
        return f"[{printed(step.key)}]"
    if isinstance(step, Each):
        return "[*]"
    return f".{step}" if is_plain(step) else f".{_reference((step,))}"
