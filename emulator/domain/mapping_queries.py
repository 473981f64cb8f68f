"""What a list of mapping sets can be asked for: a name, properties, an order.

Documented: ``name``; ``orderBy`` is ``createdDate`` or ``updatedDate`` behind ``+`` or ``-``, and
``lastUpdateDate`` by default. A public client sends ``property=status==…`` or ``property=xdmSchema==…``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from emulator.domain.errors import Refusal
from emulator.domain.filters import MAX_VALUES, Condition, OrderKey
from emulator.domain.mapping_sets import BAD
from emulator.domain.paths import parse
from emulator.domain.schema_ids import alt_id, schema_id

_PROPERTY = re.compile(r"(?P<name>\w+)(?P<op>==|!=)(?P<values>.+)", re.DOTALL)
_FIELDS = ("id", "name", "status", "xdmSchema")
_ORDERS = {"createdDate": "createdDate", "updatedDate": "modifiedDate", "lastUpdateDate": "modifiedDate"}


def conditions(name: str | None, properties: Sequence[str]) -> tuple[Condition, ...]:
    """All must hold; values with commas between them are alternatives, and letter case does not matter."""
    found = [_condition(text) for text in properties]
    if name is not None:
        found.append(Condition("name", parse("name"), "==", (name,)))
    count = sum(len(one.values) for one in found)
    if count > MAX_VALUES:
        raise _refused("property", f"{count} values", f"Compare with at most {MAX_VALUES} values in all.")
    return tuple(found)


def _condition(text: str) -> Condition:
    match = _PROPERTY.fullmatch(text)
    values = [value.strip() for value in match["values"].split(",")] if match else []
    if match is None or not all(values):
        raise _refused("property", text, "Write it as property=status==DRAFT.")
    name = match["name"]
    if name not in _FIELDS:
        raise _refused("property", text, f"Filter by {', '.join(_FIELDS)}.")
    if name == "xdmSchema":
        # A set keeps the name of its schema as it was given, which may be either one.
        values = [spelling for value in values for spelling in (schema_id(value), alt_id(schema_id(value)))]
    return Condition(name, parse(name), match["op"], tuple(values))


def order(text: str | None) -> tuple[OrderKey, ...]:
    """Nothing when no order is asked for; a plus arrives as a blank."""
    if text is None:
        return ()
    sign, name = (text[0], text[1:]) if text[:1] in ("+", "-", " ") else ("+", text)
    if name not in _ORDERS:
        raise _refused("orderBy", text, "Order by createdDate or updatedDate, with + or - before it.")
    return (OrderKey(parse(_ORDERS[name]), sign == "-"),)


def _refused(field: str, given: str, hint: str) -> Refusal:
    return Refusal(BAD, detail="The mapping sets cannot be listed.", field=field, given=given, hint=hint)
