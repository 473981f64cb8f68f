"""Records held against their schema, and what is told of those that break it.

Documented by the streaming-validation guide: range, presence, enum, pattern, type and format are checked, keys
that the schema does not have are refused, and checking stops after five violations. The wording, and the
nested form of several violations, are those of the validator that the vendor's samples show (Everit).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import orjson
from jsonpointer import escape
from jsonschema_rs import ValidationError

from emulator.domain import xdm_rules

Document = dict[str, Any]

# Documented: at the fifth the validator stops.
MOST = 5
# So much of a value is repeated in a message.
_MOST_SHOWN = 200

# No official list is public. Seen in the wild are the first four; the others are the emulator's own, from a
# range that nothing public uses: extra keys, values out of a list, patterns, ranges, sizes, and the rest.
NULL, TYPE, FORMAT, REQUIRED = "DCVS-1101-400", "DCVS-1104-400", "DCVS-1105-400", "DCVS-1106-400"
EXTRANEOUS, ENUM, PATTERN, RANGE, SIZE, OTHER = (f"DCVS-119{number}-400" for number in range(6))
_CODES = {
    "type": TYPE,
    "format": FORMAT,
    "required": REQUIRED,
    "additionalProperties": EXTRANEOUS,
    "enum": ENUM,
    "pattern": PATTERN,
    "minimum": RANGE,
    "maximum": RANGE,
    "exclusiveMinimum": RANGE,
    "exclusiveMaximum": RANGE,
    "multipleOf": RANGE,
    "minLength": SIZE,
    "maxLength": SIZE,
    "minItems": SIZE,
    "maxItems": SIZE,
    "minProperties": SIZE,
    "maxProperties": SIZE,
}
_FOUND_NULL = "found: Null"
# What stands before and after a key in the words of its violation.
_AROUND_KEYS = {
    "required": ("required key [", "] not found"),
    "additionalProperties": ("extraneous key [", "] is not permitted"),
}


class Violation(NamedTuple):
    """One rule that a record breaks: which, in what words, where in the record and where in the schema.

    ``pointer`` and ``schema_location`` are JSON pointers that begin with ``#``. Of keys that are missing or
    too many they name the object.
    """

    keyword: str
    message: str
    pointer: str
    schema_location: str

    @property
    def code(self) -> str:
        """The ``DCVS`` code that lines of failed batches carry."""
        if self.keyword == "type" and self.message.endswith(_FOUND_NULL):
            return NULL
        return _CODES.get(self.keyword, OTHER)

    @property
    def key(self) -> str | None:
        """The key that is missing or too many."""
        before, after = _AROUND_KEYS.get(self.keyword, ("", ""))
        return self.message.removeprefix(before).removesuffix(after) if before else None


class Validator:
    """The rules of one resolved schema, compiled.

    ``takes_nulls`` is for records of runs: there null is as good as nothing where nothing is required.
    """

    def __init__(self, schema: Document, takes_nulls: bool = False) -> None:
        self._rules = xdm_rules.compiled(schema, takes_nulls)
        self.is_valid: Callable[[Any], bool] = self._rules.is_valid

    def violations(self, entity: Any) -> list[Violation]:
        """What is wrong with a record: at most five, from the outside in; of one object in the order of its keys."""
        if self.is_valid(entity):
            return []
        errors = sorted(self._rules.iter_errors(entity), key=_order)
        return list(islice((violation for error in errors for violation in _violations(error)), MOST))


def report(violations: Sequence[Violation]) -> Document:
    """Violations as the validator throws them: one by itself, several below one that counts them."""
    thrown = [_thrown(violation) for violation in violations]
    if len(thrown) == 1:
        return thrown[0]
    return {
        "schemaLocation": "#",
        "pointerToViolation": "#",
        "message": f"{len(thrown)} schema violations found",
        "causingExceptions": thrown,
    }


def summary(violations: Sequence[Violation]) -> str:
    """Violations in one line, as runs of streaming flows tell them."""
    told = ", ".join(f"{violation.pointer}: {violation.message}" for violation in violations)
    return f"The message can't be validated: [{told}]"


def _thrown(violation: Violation) -> Document:
    return {
        "schemaLocation": violation.schema_location,
        "pointerToViolation": violation.pointer,
        "message": violation.message,
        "causingExceptions": [],
        "keyword": violation.keyword,
    }


def _order(error: ValidationError) -> tuple[list[tuple[int, int, str]], int, str]:
    place = [(0, step, "") if isinstance(step, int) else (1, 0, step) for step in error.instance_path]
    keyword = error.kind.name
    return place, _PRECEDENCE.get(keyword, len(_PRECEDENCE)), f"{keyword} {error.kind.value}"


# Senders know the codes of missing keys and wrong types; of one value those come before the rest.
_PRECEDENCE = {"required": 0, "additionalProperties": 1, "type": 2}


def _violations(error: ValidationError) -> Iterator[Violation]:
    keyword, location = error.kind.name, error.schema_path[:-1]
    value, limit = error.instance, error.kind.value
    if keyword == "pattern" and location[-2:] == ["allOf", 0]:
        # How the rules write formats down.
        keyword, location = "format", location[:-2]
        limit = next(form for form, pattern in xdm_rules.PATTERNS.items() if pattern == limit)
    place, place_of_rule = _pointer(error.instance_path), _pointer(location)
    if keyword == "additionalProperties":
        for key in limit:
            yield Violation(keyword, key.join(_AROUND_KEYS[keyword]), place, place_of_rule)
        return
    tell = _TEXTS.get(keyword)
    message = error.message if tell is None else tell(value, limit)
    yield Violation(keyword, message, place, place_of_rule)


def _pointer(steps: list[str | int]) -> str:
    return "/".join(["#", *(escape(str(step)) for step in steps)])


_EXPECTED = {
    "string": "String",
    "number": "Number",
    "integer": "Integer",
    "boolean": "Boolean",
    "array": "JSONArray",
    "object": "JSONObject",
    "null": "Null",
}


def _wrong_type(value: Any, types: list[str]) -> str:
    expected = [_EXPECTED[kind] for kind in types if kind != "null"] or ["Null"]
    return f"expected type: {' or '.join(expected)}, found: {_found(value)}"


def _found(value: Any) -> str:
    """The kind of a value, by the names of the Java library that samples show."""
    if isinstance(value, bool):
        return "Boolean"
    if isinstance(value, int):
        return "Integer" if -(2**31) <= value < 2**31 else "Long"
    names = {str: "String", float: "Double", list: "JSONArray", dict: "JSONObject"}
    return names.get(type(value), "Null")


_DATE_TIMES = "[yyyy-MM-dd'T'HH:mm:ssZ, yyyy-MM-dd'T'HH:mm:ss.[0-9]{1,9}Z]"
_FORMATS = {
    "date-time": f"date-time. Expected {_DATE_TIMES}",
    "date": "date. Expected [yyyy-MM-dd]",
    "time": "time. Expected [HH:mm:ssZ, HH:mm:ss.[0-9]{1,9}Z]",
    "email": "email address",
    "uri": "URI",
    "ipv4": "ipv4 address",
    "ipv6": "ipv6 address",
    "regex": "regular expression",
    "json-pointer": "JSON pointer",
}


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


_TEXTS: dict[str, Callable[[Any, Any], str]] = {
    "type": _wrong_type,
    "required": lambda _, key: key.join(_AROUND_KEYS["required"]),
    "format": lambda value, form: f"[{_shown(value)}] is not a valid {_FORMATS.get(form, form)}",
    "enum": lambda value, _: f"{_shown(value)} is not a valid enum value",
    "pattern": lambda value, pattern: f"string [{_shown(value)}] does not match pattern {pattern}",
    "minimum": lambda value, limit: f"{value} is not greater or equal to {limit}",
    "maximum": lambda value, limit: f"{value} is not less or equal to {limit}",
    "exclusiveMinimum": lambda value, limit: f"{value} is not greater than {limit}",
    "exclusiveMaximum": lambda value, limit: f"{value} is not less than {limit}",
    "multipleOf": lambda value, factor: f"{value} is not a multiple of {factor}",
    "minLength": lambda value, limit: f"expected minLength: {limit}, actual: {len(value)}",
    "maxLength": lambda value, limit: f"expected maxLength: {limit}, actual: {len(value)}",
    "minItems": lambda value, limit: f"expected minimum item count: {limit}, found: {len(value)}",
    "maxItems": lambda value, limit: f"expected maximum item count: {limit}, found: {len(value)}",
    "uniqueItems": lambda *_: "array items are not unique",
    "minProperties": lambda value, limit: f"minimum size: [{limit}], found: [{len(value)}]",
    "maxProperties": lambda value, limit: f"maximum size: [{limit}], found: [{len(value)}]",
}
