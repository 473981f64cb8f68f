"""XDM schemas as rules that records are held against: a resolved schema becomes a plain JSON Schema.

A resolved schema may hold parts that a tenant wrote, so a keyword counts only where its value makes sense.
Labels (``title``, ``meta:enum`` and the like) are no rules. Formats that are written here become patterns,
because those are checked without leaving the compiled validator.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jsonschema_rs

Document = dict[str, Any]

TYPES = ("string", "number", "integer", "boolean", "array", "object", "null")
# Whole numbers by the registry's own names, long where none is given: wider ones come out of a text as another number.
_RANGES = {
    "byte": (-(2**7), 2**7 - 1),
    "short": (-(2**15), 2**15 - 1),
    "int": (-(2**31), 2**31 - 1),
    "long": (-(2**63), 2**63 - 1),
}
_LEAP = r"(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)"
_DAYS = (
    r"(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    r"|02-(?:0[1-9]|1[0-9]|2[0-8])"
)
_DATE = rf"(?:[0-9]{{4}}-(?:{_DAYS})|{_LEAP}-02-29)"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?(?:Z|[+-](?:[01][0-9]|2[0-3]):?[0-5][0-9])"
# Offsets with and without a colon, fractions of one to nine digits.
PATTERNS: Mapping[str, str] = {
    "date-time": f"^{_DATE}T{_TIME}$",
    "date": f"^{_DATE}$",
    "time": f"^{_TIME}$",
}
# Checked by the library. ``uri-reference`` is not: identifiers of events are of that format and hold anything.
FORMATS = frozenset(["email", "uri", "ipv4", "ipv6", "hostname", "regex", "json-pointer"])
_EMAIL = jsonschema_rs.EmailOptions(require_tld=True, allow_domain_literal=True, allow_display_text=False)


def compiled(schema: Document, takes_nulls: bool = False) -> jsonschema_rs.Validator:
    """The rules of a resolved schema. ``takes_nulls``: null is as good as nothing where nothing is required."""
    return jsonschema_rs.Draft7Validator(
        {**translated(schema, takes_nulls), "type": "object"}, validate_formats=True, email_options=_EMAIL, offline=True
    )


def translated(field: Document, takes_nulls: bool = False, may_be_null: bool = False) -> Document:
    """One part of a resolved schema, with all below it, as JSON Schema."""
    rules = {name: field[name] for name, makes_sense in _RULES.items() if name in field and makes_sense(field[name])}
    _add_range(field, rules)
    _add_format(field, rules)
    _add_properties(field, rules, takes_nulls)
    items = field.get("items")
    if isinstance(items, dict):
        rules["items"] = translated(items, takes_nulls, takes_nulls)
    if may_be_null:
        _allow_null(rules)
    return rules


def _add_properties(field: Document, rules: Document, takes_nulls: bool) -> None:
    required = rules.get("required", ())
    properties = field.get("properties")
    known = {
        name: translated(part, takes_nulls, takes_nulls and name not in required)
        for name, part in (properties if isinstance(properties, dict) else {}).items()
        if isinstance(part, dict)
    }
    if known:
        rules["properties"] = known
    more = field.get("additionalProperties")
    if isinstance(more, dict):
        rules["additionalProperties"] = translated(more, takes_nulls, takes_nulls)
    elif isinstance(more, bool):
        rules["additionalProperties"] = more
    elif known and not _REFERENCES.intersection(field):
        # Documented: the validator refuses extra keys. What names nothing at all takes anything.
        rules["additionalProperties"] = False


def _add_range(field: Document, rules: Document) -> None:
    kinds = [rules["type"]] if isinstance(rules.get("type"), str) else rules.get("type", [])
    if "integer" in kinds and "number" not in kinds:
        least, most = _RANGES.get(str(field.get("meta:xdmType")), _RANGES["long"])
        rules["minimum"] = max(least, rules.get("minimum", least))
        rules["maximum"] = min(most, rules.get("maximum", most))


def _add_format(field: Document, rules: Document) -> None:
    form = field.get("format")
    if not isinstance(form, str):
        return
    if form in PATTERNS:
        # Beside a pattern that the field may have of its own.
        rules["allOf"] = [{"pattern": PATTERNS[form]}]
    elif form in FORMATS:
        rules["format"] = form


def _allow_null(rules: Document) -> None:
    kind = rules.get("type")
    if kind is not None:
        rules["type"] = list(dict.fromkeys([*([kind] if isinstance(kind, str) else kind), "null"]))
    if "enum" in rules:
        rules["enum"] = [*rules["enum"], None]


def is_type(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(kind, str) and kind in TYPES for kind in value)
    return isinstance(value, str) and value in TYPES


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def is_pattern(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        jsonschema_rs.Draft7Validator({"pattern": value})
    except ValueError:
        return False
    return True


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(name, str) for name in value)


_RULES: dict[str, Callable[[Any], bool]] = {
    "type": is_type,
    "required": _are_names,
    "enum": lambda value: isinstance(value, list) and bool(value),
    "pattern": is_pattern,
    "minimum": _is_number,
    "maximum": _is_number,
    "exclusiveMinimum": _is_number,
    "exclusiveMaximum": _is_number,
    "multipleOf": lambda value: _is_number(value) and value > 0,
    "minLength": _is_count,
    "maxLength": _is_count,
    "minItems": _is_count,
    "maxItems": _is_count,
    "uniqueItems": lambda value: isinstance(value, bool),
    "minProperties": _is_count,
    "maxProperties": _is_count,
}
# A part that says what it holds in a way that is not worked in stays open.
_REFERENCES = frozenset(["$ref", "allOf", "anyOf", "oneOf"])
