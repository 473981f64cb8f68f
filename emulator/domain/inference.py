"""What explore tells of the shape of records: a schema inferred from objects, columns inferred from text.

Documented by published answers: integers carry bounds, a field that was only ever null is ``{}``, an
empty object has empty ``properties``, and fields seen in only some records are in the schema all the
same. A column of a table is shown with its type and with its XDM type.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any

Schema = dict[str, Any]

STRING, INTEGER, DOUBLE, BOOLEAN, DATE_TIME = "string", "integer", "double", "boolean", "date-time"

_INTEGER: Schema = {"type": "integer", "minimum": -9007199254740992, "maximum": 9007199254740991}


def infer(records: Iterable[Any]) -> Schema:
    """The union of what the records look like; records are objects."""
    schema: Schema = {"type": "object", "properties": {}}
    for record in records:
        schema = _union(schema, _shape(record))
    return schema


def _shape(value: Any) -> Schema:
    if value is None:
        return {}
    if isinstance(value, bool):
        return {"type": "boolean"}
    if isinstance(value, int):
        return dict(_INTEGER)
    if isinstance(value, float):
        return {"type": "number"}
    if isinstance(value, str):
        return {"type": "string"}
    if isinstance(value, dict):
        return {"type": "object", "properties": {name: _shape(part) for name, part in value.items()}}
    items: Schema = {}
    for element in value:
        items = _union(items, _shape(element))
    return {"type": "array", "items": items}


def _union(one: Schema, other: Schema) -> Schema:
    if not one or one == other:
        return other
    if not other:
        return one
    kinds = {one["type"], other["type"]}
    if kinds == {"object"}:
        return {"type": "object", "properties": _union_properties(one["properties"], other["properties"])}
    if kinds == {"array"}:
        return {"type": "array", "items": _union(one["items"], other["items"])}
    if kinds == {"integer", "number"}:
        return {"type": "number"}
    # No published answer has a field of two kinds; text can hold either.
    return {"type": "string"}


def _union_properties(one: Schema, other: Schema) -> Schema:
    merged = dict(one)
    for name, shape in other.items():
        merged[name] = _union(merged.get(name, {}), shape)
    return merged


@dataclass(frozen=True)
class Column:
    """A column of a table or file. ``xdm`` is given where the kind does not say it all (nested values)."""

    name: str
    kind: str = STRING
    xdm: Schema | None = None

    def document(self) -> Schema:
        """As explore shows it."""
        if self.kind == DATE_TIME:
            xdm = {"type": "string", "format": DATE_TIME}
            return {"name": self.name, "type": "string", "meta:xdmType": DATE_TIME, "xdm": xdm}
        return {"name": self.name, "type": self.kind, "xdm": self.xdm or dict(_XDM[self.kind])}


_XDM: dict[str, Schema] = {
    STRING: {"type": "string"},
    INTEGER: _INTEGER,
    DOUBLE: {"type": "number"},
    BOOLEAN: {"type": "boolean"},
}

# As many digits as every program keeps exactly; a leading zero is part of a name, not of a number.
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,14})")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?"
)
_DATE_LENGTH = len("2024-01-31")


def _integer(text: str) -> int | None:
    return int(text) if _WHOLE.fullmatch(text) else None


def _double(text: str) -> float | None:
    value = float(text) if _DECIMAL.fullmatch(text) else None
    return value if value is not None and isfinite(value) else None


def _boolean(text: str) -> bool | None:
    return {"true": True, "false": False}.get(text.lower())


def _moment(text: str) -> str | None:
    """Published previews show a day as its midnight."""
    if instant(text) is None:
        return None
    return f"{text}T00:00:00" if len(text) == _DATE_LENGTH else text.replace(" ", "T")


def instant(text: str) -> datetime | None:
    """The instant that a text names; without an offset it is one of UTC."""
    if not _MOMENT.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


# From the narrowest kind to the widest; text holds whatever none of them does.
_READERS: dict[str, Callable[[str], Any]] = {
    BOOLEAN: _boolean,
    INTEGER: _integer,
    DOUBLE: _double,
    DATE_TIME: _moment,
}


def typed_columns(names: Iterable[str], rows: Iterable[dict[str, str]]) -> list[Column]:
    """Columns of the narrowest kind that holds all their texts; an empty text says nothing."""
    possible = {name: list(_READERS) for name in names}
    seen: set[str] = set()
    for row in rows:
        for name, text in row.items():
            if text:
                seen.add(name)
                possible[name] = [kind for kind in possible[name] if _READERS[kind](text) is not None]
    return [Column(name, kinds[0] if kinds and name in seen else STRING) for name, kinds in possible.items()]


def columns_of_objects(records: list[dict[str, Any]]) -> list[Column]:
    """Columns of records that are objects, with the kinds of their values; nested ones have their schema."""
    columns = []
    for name, schema in infer(records)["properties"].items():
        kind = {"number": DOUBLE, None: STRING}.get(schema.get("type"), schema.get("type"))
        texts = [record[name] for record in records if record.get(name) is not None]
        if kind == STRING and texts and all(isinstance(text, str) and instant(text) for text in texts):
            kind = DATE_TIME
        columns.append(Column(name, kind, schema if kind in ("object", "array") else None))
    return columns


def typed(text: str, kind: str) -> Any:
    """The value of a text in a column of that kind: null when empty, the text itself when it is none of its kind."""
    if not text:
        return None
    value = _READERS[kind](text) if kind in _READERS else None
    return text if value is None else value
