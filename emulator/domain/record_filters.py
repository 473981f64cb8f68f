"""The ``where`` filters of landed and rejected rows: the grammar of ``property``, and ``~`` and existence beside it.

``path op value{,value}`` with ``==`` and ``!=`` (commas as OR, but not inside quotes), ``<`` ``<=`` ``>`` ``>=``
(numbers as such, anything else as text, which is how instants order), ``~`` (contains); ``path`` alone is there,
``!path`` is not. Texts compare without regard to the case of A to Z.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from operator import ge, gt, le, lt
from typing import Any

from emulator.domain.errors import Refusal
from emulator.domain.filters import EQUALITY, MAX_VALUES
from emulator.domain.index_values import ascii_lower
from emulator.domain.paths import Step, parse, walk

Test = Callable[[Any], bool]

_BAD = "ADMIN-BAD_REQUEST-400"
_FORM = "Write name==value, with ==, !=, <, <=, >, >= or ~; name; or !name."
_FILTER = re.compile(r"(?P<path>[^=!<>~]+)(?P<op>==|!=|<=|>=|<|>|~)(?P<value>.*)", re.DOTALL)
_BARE = re.compile(r"(?P<not>!?)(?P<path>[^=!<>~]+)", re.DOTALL)
# Up to the next comma; a value in quotes may hold commas.
_VALUE = re.compile(r"""\s*(?:"[^"]*"|'[^']*')\s*(?=,|\Z)|[^,]*""")
_NUMBER = re.compile(r"-?[0-9]{1,300}(\.[0-9]{1,300})?(e[+-]?[0-9]{1,2})?")
_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}


def parse_where(texts: Iterable[str]) -> list[Test]:
    """The tests of all filters, every one of which must hold. Raises a refusal that names the filter."""
    wanted = list(texts)
    tests = [_test(text) for text in wanted]
    if sum(_count(text) for text in wanted) > MAX_VALUES:
        raise Refusal(_BAD, detail=f"Compare with at most {MAX_VALUES} values in all.", field="where")
    return tests


def _count(text: str) -> int:
    match = _FILTER.fullmatch(text)
    return 1 if match is None else len(_values(match["value"]))


def _values(text: str) -> list[str]:
    found, place = [], 0
    while match := _VALUE.match(text, place):
        found.append(match[0])
        if match.end() == len(text):
            break
        place = match.end() + 1
    return found


def _test(text: str) -> Test:
    match = _FILTER.fullmatch(text)
    if match is None:
        bare = _BARE.fullmatch(text)
        if bare is None:
            raise _wrong(text, _FORM)
        steps, wanted = _steps(bare["path"], text), not bare["not"]
        return lambda record: any(True for _ in walk(record, steps)) == wanted
    steps, op = _steps(match["path"], text), match["op"]
    if op in EQUALITY:
        return _equality(steps, op, [_unquoted(value, text) for value in _values(match["value"])])
    value = _unquoted(match["value"], text)
    return _contains(steps, value) if op == "~" else _ordering(steps, _ORDER[op], value)


def _steps(path: str, text: str) -> tuple[Step, ...]:
    try:
        return parse(path.strip())
    except ValueError as error:
        raise _wrong(text, f"The path cannot be read: {error}.") from None


def _unquoted(value: str, text: str) -> str:
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    if not value:
        raise _wrong(text, 'Give a value behind the operator; "" is the empty text.')
    return value


def _equality(steps: tuple[Step, ...], op: str, values: list[str]) -> Test:
    words = {ascii_lower(value) for value in values}
    numbers = {float(value) for value in words if _NUMBER.fullmatch(value)}

    def is_one(value: Any) -> bool:
        return _text(value) in words or (_is_number(value) and float(value) in numbers)

    return lambda record: any(is_one(value) for value in walk(record, steps)) == (op == "==")


def _ordering(steps: tuple[Step, ...], compare: Callable[[Any, Any], bool], bound: str) -> Test:
    word = ascii_lower(bound)
    if _NUMBER.fullmatch(word):
        number = float(word)
        return lambda record: any(_is_number(value) and compare(value, number) for value in walk(record, steps))
    return lambda record: any(
        isinstance(value, str) and compare(ascii_lower(value), word) for value in walk(record, steps)
    )


def _contains(steps: tuple[Step, ...], part: str) -> Test:
    word = ascii_lower(part)
    return lambda record: any(word in (_text(value) or "") for value in walk(record, steps))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _text(value: Any) -> str | None:
    """As a filter writes it; objects and arrays have no such form."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return None if isinstance(value, (dict, list)) else ascii_lower(str(value))


def _wrong(text: str, hint: str) -> Refusal:
    return Refusal(_BAD, detail="The rows cannot be filtered.", field="where", given=text, hint=hint)
