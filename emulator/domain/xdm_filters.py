"""The ``property`` filters of the registry's lists."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from emulator.domain.errors import Refusal

Document = dict[str, Any]

_PROPERTY = re.compile(r"^(?P<name>[$@\w:]+)((?P<op>==|!=|<=|>=|<|>|~)(?P<value>.+))?$", re.DOTALL)
_NEXT = re.compile(r",(?=[$@\w]*:?[$@\w:]+(?:==|!=|<=|>=|<|>|~))")
_COMPARISONS: Mapping[str, Callable[[str, str], bool]] = {
    "==": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "~": operator.contains,
}


def property_filters(texts: Sequence[str]) -> Callable[[Document], bool]:
    """The test that all ``property`` filters make together; one may hold several, with commas between them."""
    tests = [_property_filter(part) for text in texts for part in _NEXT.split(text)]
    return lambda resource: all(holds(resource) for holds in tests)


def _property_filter(text: str) -> Callable[[Document], bool]:
    """A bare name must be there, or name, operator, value hold.

    Documented operators: ``==``, ``!=``, ``<``, ``>``, ``<=``, ``>=`` and ``~`` (contains). For an array
    any element counts, and ``!=`` wants none to be equal.
    """
    match = _PROPERTY.match(text)
    if match is None:
        raise Refusal("XDM-1400-400", detail="The filter cannot be read.", field="property", given=text)
    name, op, wanted = match["name"], match["op"], match["value"]

    def holds(resource: Document) -> bool:
        found = resource.get(name, [])
        values = [_text(part) for part in (found if isinstance(found, list) else [found])]
        if op is None:
            return name in resource
        if op == "!=":
            return wanted not in values
        return any(_COMPARISONS[op](value, wanted) for value in values)

    return holds


def _text(value: Any) -> str:
    """Truth values are written as JSON has them."""
    return str(value).lower() if isinstance(value, bool) else str(value)
