"""Row filters (``filters`` of explore, ``params.filters`` of a source connection): PQL as JSON.

Documented in the guide on filtering at the source. A comparison of a column with null is neither true
nor false, as in the query language that the real service hands the filter on in; a row is taken when
the whole is true.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from emulator.domain.errors import Refusal
from emulator.domain.inference import BOOLEAN, DATE_TIME, DOUBLE, INTEGER, STRING, Column, instant
from emulator.domain.specs import ConnectionSpec

Row = Mapping[str, Any]
# True, false, or neither.
Truth = bool | None
Test = Callable[[Row], Truth]
Wanted = Callable[[Row], bool]

_LANGUAGES = ("SQL",)
_LOGICAL = ("and", "or", "not")
_ORDERED: dict[str, Callable[[Any, Any], bool]] = {"=": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}
_COMPARISONS = (*_ORDERED, "like", "in")
_IS_NULL = "isnull"
# One table of the guide writes the equals sign twice.
_ALSO_WRITTEN = {"==": "="}
MAX_LEVELS = 50

_VALUES: dict[str, tuple[type, ...]] = {STRING: (str,), INTEGER: (int, float), DOUBLE: (int, float), BOOLEAN: (bool,)}
_HINT = (
    'A comparison is {"nodeType":"fnApply","fnName":"=","params":'
    '[{"nodeType":"fieldLookup","fieldName":"city"},{"nodeType":"literal","value":"Lyon"}]}.'
)


def check_filters(filters: Any, spec: ConnectionSpec, field: str) -> None:
    """Refuses what no table of this source could be filtered by; ``field`` is where the filter came from."""
    _Compiler(spec, field, None).compile(filters)


def compile_filters(filters: Any, spec: ConnectionSpec, field: str, columns: Iterable[Column]) -> Wanted:
    """Whether a row is wanted. Columns are found without regard to case, as published samples spell them."""
    test = _Compiler(spec, field, list(columns)).compile(filters)
    return lambda row: test(row) is True


class _Compiler:
    """Turns one filter into a function, and refuses it where that cannot be."""

    def __init__(self, spec: ConnectionSpec, field: str, columns: list[Column] | None) -> None:
        self._spec = spec
        self._field = field
        self._columns = columns
        self._offer: Mapping[str, Any] = {}

    def compile(self, filters: Any) -> Test:
        self._offer = self._offered()
        if not isinstance(filters, dict):
            raise self._invalid("Send an object with type, format and value.")
        if str(filters.get("type")).upper() != "PQL":
            raise Refusal("CONNECTOR-1355-400", field=f"{self._field}.type", given=_scalar(filters.get("type")))
        if str(filters.get("format")).lower() != "pql/json":
            raise Refusal("CONNECTOR-1356-400", field=f"{self._field}.format", given=_scalar(filters.get("format")))
        if filters.get("value") in (None, {}):
            raise Refusal("CONNECTOR-1357-400", field=f"{self._field}.value", hint=_HINT)
        return self._test(filters["value"], f"{self._field}.value")

    def _offered(self) -> Mapping[str, Any]:
        """What the spec says of filters; refuses a source that has none."""
        offer = self._spec.document.get("attributes", {}).get("filterAtSource")
        if not isinstance(offer, dict) or offer.get("enabled") is not True:
            raise Refusal("CONNECTOR-1353-400", connector=self._spec.title, field=self._field)
        language = offer.get("queryLanguage", _LANGUAGES[0])
        if language not in _LANGUAGES:
            raise Refusal("CONNECTOR-1354-400", language=language, field=self._field, hint=f"Known: {_LANGUAGES[0]}.")
        return offer

    def _test(self, node: Any, at: str, level: int = 1) -> Test:
        if level > MAX_LEVELS:
            raise self._invalid(f"Nest no more than {MAX_LEVELS} levels.")
        if not isinstance(node, dict) or node.get("nodeType") != "fnApply":
            raise self._invalid(_HINT, at)
        operator, params = self._operator(node, at), node.get("params")
        if not isinstance(params, list) or not params:
            raise self._invalid("Give what the operator applies to.", f"{at}.params")
        if operator in _LOGICAL:
            if operator == "not" and len(params) > 1:
                raise Refusal("CONNECTOR-1390-400", field=f"{at}.params", given=len(params))
            parts = [self._test(param, f"{at}.params[{index}]", level + 1) for index, param in enumerate(params)]
            return _logical(operator, parts)
        column = self._column(params[0], f"{at}.params[0].fieldName")
        if len(params) != (1 if operator == _IS_NULL else 2):
            raise self._invalid("isNull takes a field, other comparisons a field and a literal.", f"{at}.params")
        if operator == _IS_NULL:
            return lambda row: row.get(column.name) is None
        return self._comparison(operator, column, params[1], f"{at}.params[1].value")

    def _operator(self, node: dict[str, Any], at: str) -> str:
        name = node.get("fnName")
        if not isinstance(name, str) or not name:
            raise Refusal("CONNECTOR-1350-400", field=f"{at}.fnName", given=_scalar(name))
        operator = _ALSO_WRITTEN.get(name, name.lower())
        if operator == _IS_NULL:
            return operator
        field, language = f"{at}.fnName", self._offer.get("queryLanguage", _LANGUAGES[0])
        if operator not in (*_LOGICAL, *_COMPARISONS):
            known = ", ".join([*_LOGICAL, *_COMPARISONS, "isNull"])
            raise Refusal(
                "CONNECTOR-1352-400", operator=name, language=language, field=field, given=name, hint=f"Use: {known}."
            )
        offered = self._operators()
        if operator not in offered:
            hint = f"{self._spec.title} knows: {', '.join(offered)}."
            raise Refusal("CONNECTOR-1351-400", operator=name, field=field, given=name, hint=hint)
        return operator

    def _operators(self) -> list[str]:
        """Those that the spec lists; all of a kind that it does not list."""
        kinds = {"logicalOperators": _LOGICAL, "comparisonOperators": _COMPARISONS}
        listed = [
            offered if isinstance(offered := self._offer.get(kind), list) else all_of for kind, all_of in kinds.items()
        ]
        return [str(operator).lower() for operators in listed for operator in operators]

    def _column(self, node: Any, at: str) -> Column:
        name = node.get("fieldName") if isinstance(node, dict) and node.get("nodeType") == "fieldLookup" else None
        if not isinstance(name, str) or not name:
            raise self._invalid("The first of params names the column in a fieldLookup.", at)
        if self._columns is None:
            return Column(name, "")
        exactly = [column for column in self._columns if column.name == name]
        found = exactly or [column for column in self._columns if column.name.lower() == name.lower()]
        if not found:
            known = ", ".join(column.name for column in self._columns)
            raise Refusal("CONNECTOR-1378-400", column=name, field=at, given=name, hint=f"Columns: {known}.")
        return found[0]

    def _comparison(self, operator: str, column: Column, node: Any, at: str) -> Test:
        if not isinstance(node, dict) or node.get("nodeType") != "literal":
            raise self._invalid("The second of params gives the value in a literal.", at)
        value = node.get("value")
        if value is None:
            raise Refusal("CONNECTOR-1377-400", operator=operator, field=at, hint="isNull finds rows without a value.")
        if operator == "in":
            if not isinstance(value, list) or not value:
                raise self._invalid("in takes an array of values.", at, value)
            places = [f"{at}[{index}]" for index in range(len(value))]
            return _any([self._ordered("=", column, one, place) for one, place in zip(value, places, strict=True)])
        return self._like(column, value, at) if operator == "like" else self._ordered(operator, column, value, at)

    def _like(self, column: Column, value: Any, at: str) -> Test:
        if not isinstance(value, str) or column.kind not in ("", STRING, DATE_TIME):
            raise self._mismatch(column, value, at)
        pattern, name = _pattern(value), column.name
        return lambda row: bool(pattern.fullmatch(row[name])) if isinstance(row.get(name), str) else None

    def _ordered(self, operator: str, column: Column, value: Any, at: str) -> Test:
        if value is None:
            raise Refusal("CONNECTOR-1377-400", operator=operator, field=at)
        if isinstance(value, (dict, list)):
            raise self._invalid("Compare with a text, a number or a boolean.", at, value)
        compare, name = _ORDERED[operator], column.name
        if column.kind == DATE_TIME:
            moment = instant(value) if isinstance(value, str) else None
            if moment is None:
                raise self._mismatch(column, value, at)
            return lambda row: _compared(compare, _instant_of(row.get(name)), moment)
        if column.kind and not _is_of(value, _VALUES.get(column.kind, ())):
            raise self._mismatch(column, value, at)
        kinds = _VALUES.get(column.kind, ())
        return lambda row: _compared(compare, row.get(name), value) if _is_of(row.get(name), kinds) else None

    def _invalid(self, hint: str, at: str | None = None, given: Any = None) -> Refusal:
        return Refusal("CONNECTOR-1349-400", field=at or self._field, given=_scalar(given), hint=hint)

    def _mismatch(self, column: Column, value: Any, at: str) -> Refusal:
        kind = column.kind or STRING
        return Refusal(
            "CONNECTOR-1379-400", value=value, kind=kind, seen=_type_of(value), field=at, given=_scalar(value)
        )


def _logical(operator: str, parts: list[Test]) -> Test:
    if operator == "not":
        part = parts[0]
        return lambda row: None if (truth := part(row)) is None else not truth
    return _any(parts) if operator == "or" else _all(parts)


def _any(parts: list[Test]) -> Test:
    def test(row: Row) -> Truth:
        truths = [part(row) for part in parts]
        return True if True in truths else None if None in truths else False

    return test


def _all(parts: list[Test]) -> Test:
    def test(row: Row) -> Truth:
        truths = [part(row) for part in parts]
        return False if False in truths else None if None in truths else True

    return test


def _compared(compare: Callable[[Any, Any], bool], seen: Any, wanted: Any) -> Truth:
    return None if seen is None else compare(seen, wanted)


def _instant_of(value: Any) -> Any:
    return instant(value) if isinstance(value, str) else None


def _is_of(value: Any, kinds: tuple[type, ...]) -> bool:
    """Python takes booleans for numbers, a source does not."""
    return isinstance(value, kinds) and (isinstance(value, bool) == (bool in kinds))


def _pattern(like: str) -> re.Pattern[str]:
    """``%`` stands for any text, ``_`` for one character."""
    first, *others = ["".join("." if one == "_" else re.escape(one) for one in part) for part in like.split("%")]
    if not others:
        return re.compile(first, re.DOTALL)
    # What stands between two marks is taken where it comes first and never looked for again: no text takes long.
    middle = "".join(f"(?>.*?{part})" for part in others[:-1])
    return re.compile(f"{first}{middle}.*{others[-1]}", re.DOTALL)


def _scalar(value: Any) -> Any:
    """What may be shown again: a filter's own parts can be long and deep."""
    return value if value is None or isinstance(value, (str, int, float, bool)) else _type_of(value)


def _type_of(value: Any) -> str:
    names = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "double"}
    return names[type(value)]
