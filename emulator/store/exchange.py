"""State as rows that go out of one database and into another: objects with a value for each column.

JSON that is kept as text goes out as JSON where it comes back the same, else as the text. Bytes go out as
text where they are UTF-8, else as ``{"base64": …}``. Nulls, the tenant and the numbers of rows are left out.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson
from sqlalchemy import BigInteger, Column, Insert, Integer, LargeBinary, bindparam, insert, select

from emulator.domain import kinds
from emulator.domain.secret_params import HIDDEN, PARAMS
from emulator.store.database import Transaction
from emulator.store.extent import NUMBER, PARTS, Part
from emulator.store.tables import entry, resource, sandbox

_BLOCK = 500
# What flows keep beside their documents are the parameters of what they join, which those show but for this part.
_JOINED = "secrets"
_KINDS = kinds.all_kinds()

Row = dict[str, Any]
Tenant = tuple[str, str]

TABLES = {part.table.name: part for part in PARTS if not part.is_derived}


class BadRow(Exception):
    """A row that fits no table; the message says which column and what would be right."""


def _own_columns(part: Part) -> dict[str, Column[Any]]:
    given = {*(part.tenant or ()), *((NUMBER,) if part.is_numbered else ())}
    # Plain texts: SQLAlchemy's names are a kind of their own, which JSON does not take for keys.
    return {"".join(list(column.name)): column for column in part.table.c if column.name not in given}


_COLUMNS = {name: _own_columns(part) for name, part in TABLES.items()}
_SELECT = {
    name: select(*_COLUMNS[name].values())
    .where(*(part.of_tenant(part.table) if part.tenant else part.state(part.table)))
    .order_by(*part.table.primary_key.columns)
    for name, part in TABLES.items()
}


def _insertion(part: Part) -> Insert:
    names = [name for name in part.columns if not (part.is_numbered and name == NUMBER)]
    return insert(part.table).values({name: bindparam(name) for name in names})


_INSERT = {name: _insertion(part) for name, part in TABLES.items()}
_INSERT_RESOURCE = _INSERT[resource.name].returning(resource.c.seq)
_INSERT_ENTRY = insert(entry).values({column.name: bindparam(column.name) for column in entry.c})
_TENANTS = select(sandbox.c.org, sandbox.c.name).order_by(sandbox.c.org, sandbox.c.name)


def tenants(tx: Transaction) -> list[Tenant]:
    return [(row[0], row[1]) for row in tx.rows(_TENANTS)]


def rows(tx: Transaction, name: str, tenant: Tenant | None, secrets: bool) -> Iterator[Row]:
    """The rows of a table, of one tenant's where it has any, in the order of their keys."""
    columns = _COLUMNS[name]
    key = {} if tenant is None else {"at_org": tenant[0], "at_sandbox": tenant[1]}
    for values in tx.each(_SELECT[name], **key):
        pairs = zip(columns.items(), values, strict=True)
        row = {field: _out(column, value) for (field, column), value in pairs if value is not None}
        yield row if secrets else _without_secrets(columns, row)


def _without_secrets(columns: Mapping[str, Column[Any]], row: Row) -> Row:
    if row.get("kind") == kinds.FLOWS.name:
        joined = row.get(_JOINED)
        return row | {_JOINED: _hidden_at(joined, PARAMS)} if isinstance(joined, dict) else row
    return {field: _hidden(value) if columns[field].info.get("secret") else value for field, value in row.items()}


def _hidden_at(joined: Row, at: str) -> Row:
    return {name: _hidden(value) if name == at else value for name, value in joined.items()}


def _hidden(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _hidden(inner) for name, inner in value.items()}
    return [_hidden(inner) for inner in value] if isinstance(value, list) else HIDDEN


def _out(column: Column[Any], value: Any) -> Any:
    if isinstance(column.type, LargeBinary):
        return _bytes_out(bytes(value))
    if column.info.get("json"):
        return _json_out(value)
    return value


def _bytes_out(value: bytes) -> Any:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode()}


def _json_out(text: str) -> Any:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    same = isinstance(found, dict | list) and orjson.dumps(found).decode() == text
    return found if same else text


def load(tx: Transaction, name: str, tenant: Tenant | None, given: Iterable[Any]) -> None:
    """Write rows of a table. Raises ``BadRow`` and ``AlreadyThere``."""
    part, columns = TABLES[name], _COLUMNS[name]
    fixed = dict(zip(part.tenant or (), tenant or (), strict=True))
    block: list[Row] = []
    for index, row in enumerate(given):
        try:
            values = {**fixed, **_in(columns, row)}
        except (ValueError, TypeError) as error:
            raise BadRow(f"{name}[{index}]: {error}") from None
        if part.table is resource:
            _load_resource(tx, values, f"{name}[{index}]")
            continue
        block.append(values)
        if len(block) == _BLOCK:
            tx.run_many(_INSERT[name], block)
            block = []
    if block:
        tx.run_many(_INSERT[name], block)


def _load_resource(tx: Transaction, values: Row, place: str) -> None:
    """What a resource is found by is made from it."""
    document = _object(values["body"])
    if document is None:
        raise BadRow(f"{place}: column body is an object")
    made = tx.row(_INSERT_RESOURCE, **values)
    kind = _KINDS.get(values["kind"])
    assert made is not None
    if kind is not None and kind.indexed:
        common = {name: values[name] for name in ("org", "sandbox", "kind")} | {"seq": made[0]}
        entries = kind.entries_of(document)
        if entries:
            found = [{**common, "field": field, "value": value} for field, value in sorted(entries)]
            tx.run_many(_INSERT_ENTRY, found)


def _object(text: str) -> Row | None:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def _in(columns: Mapping[str, Column[Any]], row: Any) -> Row:
    if not isinstance(row, dict):
        raise ValueError("a row is an object of columns")
    unknown = sorted(set(row) - set(columns))
    if unknown:
        raise ValueError(f"there is no column {unknown[0]}; there are {', '.join(columns)}")
    return {name: _value_in(column, row.get(name)) for name, column in columns.items()}


def _value_in(column: Column[Any], value: Any) -> Any:
    if value is None:
        if not column.nullable:
            raise ValueError(f"column {column.name} is missing")
        return None
    if isinstance(column.type, LargeBinary):
        return _bytes_in(column.name, value)
    if isinstance(column.type, BigInteger | Integer):
        if isinstance(value, bool) or not isinstance(value, int) or not -(2**63) <= value < 2**63:
            raise ValueError(f"column {column.name} is a whole number")
        return value
    if column.info.get("json") and isinstance(value, dict | list):
        return orjson.dumps(value).decode()
    if not isinstance(value, str):
        raise ValueError(f"column {column.name} is a text")
    # One that no database could write fails here.
    value.encode()
    return value


def _bytes_in(name: str, value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, dict) and set(value) == {"base64"} and isinstance(value["base64"], str):
        return base64.b64decode(value["base64"], validate=True)
    raise ValueError(f'column {name} is a text or {{"base64": …}}')
