"""The process in which one query runs, so that no query can take more than its share of memory and time.

It is started as a script and knows nothing of the emulator. Standard input holds lines of JSON: first
``{"sql", "known", "memory", "address_space", "seconds", "rows", "bytes"}``, answered with ``{"named"}``: the tables
that the statement names, or null where that cannot be told; then every table as ``{"id", "name", "structure"}``, its
records and an empty line. The last line of standard output is ``{"columns", "rows", "count", "complete"}`` or
``{"error", "message"}``.
"""

from __future__ import annotations

import itertools
import json
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

Document = dict[str, Any]
# A column's type, as the functions of DuckDB for JSON write it: a name, an object of them, or an array of one.
Structure = Any

_AT_ONCE = 2000
_OBSERVED = "SELECT json_group_structure(body::JSON) FROM (SELECT unnest(?) AS body)"
_COMMENTS = re.compile(r"^(\s+|--[^\n]*(\n|$)|/\*.*?\*/)+", re.DOTALL)
_READS = re.compile(r"(select|with|values)\b|\(", re.IGNORECASE)
# Whole numbers of so many digits may not fit into 64 bits with a sign.
_MANY_DIGITS = re.compile(r"\d{19}")
_WHOLE = ("BIGINT", "UBIGINT", "HUGEINT")
_NUMBERS = (*_WHOLE, "DOUBLE")
_INSTANT, _LOCAL = "TIMESTAMP WITH TIME ZONE", "TIMESTAMP"
_TOLD = """SELECT told->>'$.error', told->>'$..table_name', told->>'$..function_name'
FROM (SELECT json_serialize_sql(?) AS told)"""
_ASKED = '" asked "'
_TRACEBACK = re.compile(r"\s*Traceback \(most recent call last\).*", re.DOTALL)


class Refused(Exception):
    """A statement that is not run."""


def main() -> None:
    lines = (line.rstrip("\n") for line in sys.stdin)
    request = json.loads(next(lines))
    _limit(request)
    print(json.dumps(_outcome(request, lines)))


def _limit(request: Document) -> None:
    """Where the system can hold a process to it, which Windows cannot."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (request["address_space"],) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (request["seconds"] + 1,) * 2)


def _outcome(request: Document, lines: Iterator[str]) -> Document:
    import duckdb

    try:
        connection = duckdb.connect(":memory:", config=_settings(request["memory"]))
        _use_utc(duckdb, connection)
        _check(duckdb, connection, request["sql"])
        print(json.dumps({"named": _named(connection, request["sql"])}), flush=True)
        while (header := next(lines, None)) is not None:
            _load(connection, json.loads(header), itertools.takewhile(bool, lines))
        return _result(connection, request)
    except Refused as refusal:
        return {"error": "NotAllowed", "message": str(refusal)}
    except (duckdb.OutOfMemoryException, MemoryError):
        return {"error": "OutOfMemoryException", "message": "The query takes more memory than it may."}
    except duckdb.Error as error:
        message = told(error)
        if "Table with name" in message:
            message += f"\nKnown tables: {', '.join(request['known']) or 'none'}."
        return {"error": type(error).__name__, "message": message}


def _settings(memory: str) -> dict[str, Any]:
    return {
        "memory_limit": memory,
        "threads": "1",
        "enable_external_access": "false",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "python_enable_replacements": "false",
        "temp_directory": "",
        "max_temp_directory_size": "0B",
    }


def _use_utc(duckdb: Any, connection: Any) -> None:
    """Times without an offset are of UTC, which is an option of a part that DuckDB can be built without."""
    with suppress(duckdb.CatalogException):
        connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET lock_configuration = true")


def told(error: Exception) -> str:
    """What went wrong, without what it says of the machine."""
    message = _TRACEBACK.sub("", str(error)).strip()
    home = str(Path.home())
    return message if home == "/" else message.replace(home, "~")


def _check(duckdb: Any, connection: Any, sql: str) -> None:
    statements = connection.extract_statements(sql)
    if len(statements) != 1:
        raise Refused(f"Send one statement, not {len(statements)}.")
    text = _COMMENTS.sub("", statements[0].query, count=1)
    if statements[0].type != duckdb.StatementType.SELECT or not _READS.match(text):
        raise Refused("Queries only read here: send a statement that begins with SELECT or WITH.")


def _named(connection: Any, sql: str) -> list[str] | None:
    """The tables of a statement. Functions that are given the name of a table, or SQL, in a text hide it."""
    error, tables, functions = connection.execute(_TOLD, [sql]).fetchone()
    is_hidden = any(name.lower() in ("query", "query_table") for name in functions or ())
    return None if error != "false" or is_hidden else list(tables or ())


def _load(connection: Any, table: Document, records: Iterator[str]) -> None:
    """A table called by the dataset's id, and a view of it by its name."""
    connection.execute("CREATE SCHEMA loading; CREATE TABLE loading.record (body JSON)")
    wide = False
    seen: Structure = {}
    while part := list(itertools.islice(records, _AT_ONCE)):
        wide = wide or any(_MANY_DIGITS.search(record) for record in part)
        connection.execute("INSERT INTO loading.record SELECT unnest(?)", [part])
        # Over all records at once it would take many times their size in memory.
        (observed,) = connection.execute(_OBSERVED, [part]).fetchone()
        seen = united(seen, json.loads(observed)) if observed.startswith("{") else seen
    columns = merged(table["structure"], seen, "HUGEINT" if wide else "BIGINT")
    made = f"SELECT {_columns(columns)} FROM loading.record"  # noqa: S608 - every name is quoted
    connection.execute(f"CREATE TABLE {_quoted(table['id'])} AS {made}")
    connection.execute("DROP SCHEMA loading CASCADE")
    if table["name"] != table["id"]:
        connection.execute(f"CREATE VIEW {_quoted(table['name'])} AS FROM {_quoted(table['id'])}")


def united(one: Structure, other: Structure) -> Structure:
    """What fits both of two structures that were seen."""
    if one == other or other in (None, "NULL"):
        return one
    if one in (None, "NULL"):
        return other
    if isinstance(one, dict) and isinstance(other, dict):
        return {name: united(one.get(name), other.get(name)) for name in dict.fromkeys([*one, *other])}
    if isinstance(one, list) and isinstance(other, list):
        return [united(one[0], other[0])]
    if one in _NUMBERS and other in _NUMBERS:
        return "DOUBLE" if "DOUBLE" in (one, other) else "HUGEINT"
    return "JSON"


def merged(told: Structure, seen: Structure, whole: str) -> Structure:
    """What a schema tells of a value and what its records show, which counts where the two differ."""
    if seen in (None, "NULL"):
        return _plain(told, whole)
    if isinstance(told, dict) and isinstance(seen, dict):
        names = dict.fromkeys([*told, *seen])
        return {name: merged(told.get(name), seen.get(name), whole) for name in names}
    if isinstance(told, list) and isinstance(seen, list):
        return [merged(told[0], seen[0], whole)]
    if told == "DOUBLE" and seen in _WHOLE:
        return told
    return _plain(seen, whole)


def _plain(structure: Structure, whole: str) -> Structure:
    """With one type for whole numbers, and JSON where nothing is known."""
    if isinstance(structure, dict):
        return {name: _plain(part, whole) for name, part in structure.items()}
    if isinstance(structure, list):
        return [_plain(structure[0], whole)]
    if structure in _WHOLE:
        return whole
    return "JSON" if structure in (None, "NULL") else structure


def _columns(columns: Structure) -> str:
    """The fields of a record as columns. Of names that differ in capitals alone all but the first get a number."""
    plain: Document = {}
    odd = []
    taken: set[str] = set()
    for name, structure in columns.items():
        if name and name.casefold() not in taken:
            taken.add(name.casefold())
            plain[name] = _distinct(structure)
        else:
            odd.append((name, _distinct(structure)))
    shown = [f"unnest({_made('body', plain)})"] if plain else []
    for name, structure in odd:
        numbered = (f"{name}_{number}" for number in itertools.count(1))
        column = next(one for one in numbered if one.casefold() not in taken)
        taken.add(column.casefold())
        pointer = "/" + name.replace("~", "~0").replace("/", "~1")
        shown.append(f"{_made(f'body->{_text(pointer)}', structure)} AS {_quoted(column)}")
    return ", ".join(shown) or "body AS _record"


def _made(value: str, structure: Structure) -> str:
    return f"from_json({value}, {_text(json.dumps(structure, ensure_ascii=False))})"


def _distinct(structure: Structure) -> Structure:
    """An object whose names a struct cannot tell apart, or that has none, stays JSON."""
    if isinstance(structure, list):
        return [_distinct(structure[0])]
    if not isinstance(structure, dict):
        return structure
    if not structure or "" in structure or len({name.casefold() for name in structure}) < len(structure):
        return "JSON"
    return {name: _distinct(part) for name, part in structure.items()}


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _result(connection: Any, request: Document) -> Document:
    """All rows are counted, some are kept."""
    asked = connection.query(request["sql"])
    kinds = asked.types
    cursor = connection.execute(_plain_times(connection, request["sql"], kinds))
    count, size, complete = 0, 0, True
    rows: list[Any] = []
    while part := cursor.fetchmany(1000):
        for row in part:
            if complete and len(rows) < request["rows"]:
                shown = [_shown(value, kind) for value, kind in zip(row, kinds, strict=True)]
                size += len(json.dumps(shown))
                if size <= request["bytes"]:
                    rows.append(shown)
                    continue
            complete = False
        count += len(part)
    columns = [{"name": name, "type": str(kind)} for name, kind in zip(asked.columns, kinds, strict=True)]
    return {"columns": columns, "rows": rows, "count": count, "complete": complete}


def _plain_times(connection: Any, sql: str, kinds: list[Any]) -> str:
    """A statement of the same rows with instants as times of UTC: for others DuckDB needs a library of time zones."""
    texts = [str(kind) for kind in kinds]
    if not any(_INSTANT in text for text in texts):
        return sql
    columns = [
        f"CAST(#{place} AS {text.replace(_INSTANT, _LOCAL)})" if _INSTANT in text else f"#{place}"
        for place, text in enumerate(texts, 1)
    ]
    connection.execute(f"CREATE TEMPORARY VIEW {_ASKED} AS {sql}")
    return f"SELECT {', '.join(columns)} FROM {_ASKED}"  # noqa: S608 - made of types and places


def _shown(value: Any, kind: Any) -> Any:
    """A value as JSON has it."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, (float, Decimal)):
        number = float(value)
        return number if number - number == 0 else str(number)
    if isinstance(value, str):
        return _json(value) if str(kind) == "JSON" else value
    if isinstance(value, (list, tuple)):
        return [_shown(part, kind.children[0][1]) for part in value]
    if isinstance(value, dict):
        return _shown_object(value, kind)
    if isinstance(value, datetime) and str(kind) == _INSTANT:
        return f"{value.isoformat()}Z"
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _shown_object(value: Document, kind: Any) -> Document:
    kinds = dict(kind.children) if kind.id in ("struct", "union") else {}
    inner = kind.children[-1][1]
    return {str(name): _shown(part, kinds.get(name, inner)) for name, part in value.items()}


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


if __name__ == "__main__":
    main()
