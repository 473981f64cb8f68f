"""What a source connection says of the data it reads: ``data`` and ``params``, as its spec knows them."""

from __future__ import annotations

from typing import Any

from emulator.domain.errors import Refusal
from emulator.domain.row_filters import check_filters
from emulator.domain.schedule import truth
from emulator.domain.shapes import object_field, wrong
from emulator.domain.specs import ConnectionSpec

Document = dict[str, Any]

_FORMATS = {
    "file": ("delimited", "json", "parquet"),
    "table": ("tabular",),
    "rest": ("json",),
    "streaming": ("json", "raw", "xdm", "delimited", "parquet"),
}
# Accepted wherever a published sample of an older date sends it.
_OLD_FORMAT = "parquet_xdm"
_ENCODINGS = ("utf-8", "iso-8859-1")
_COMPRESSIONS = ("bzip2", "gzip", "deflate", "zipdeflate", "targzip", "tar")
_TYPES = {
    "string": "Send a text.",
    "array": "Send an array.",
    "object": "Send an object.",
    "boolean": "Send true or false.",
    "number": "Send a number.",
    "integer": "Send a whole number.",
}


def check_data(body: Document, spec: ConnectionSpec) -> None:
    """``data.format`` and, of files, ``data.properties`` (an older form has them in ``data`` itself)."""
    data = object_field(body, "data")
    if data is None:
        return
    _check_format(data.get("format"), spec)
    properties = object_field(data, "properties", "data.")
    if spec.family == "file":
        _check_properties({**data, **(properties or {})}, "data.properties" if properties else "data")


def _check_format(given: Any, spec: ConnectionSpec) -> None:
    if given is None or spec.family not in _FORMATS:
        return
    allowed = _FORMATS[spec.family]
    if not isinstance(given, str) or given.lower() not in (*allowed, _OLD_FORMAT):
        raise Refusal("CONNECTOR-1327-400", value=given, allowed=", ".join(allowed), field="data.format", given=given)


def _check_properties(properties: Document, where: str) -> None:
    delimiter = properties.get("columnDelimiter")
    if delimiter is not None and (not isinstance(delimiter, str) or len(delimiter.replace("\\t", "\t")) != 1):
        raise Refusal("CONNECTOR-1331-400", value=delimiter, field=f"{where}.columnDelimiter", given=delimiter)
    for name, allowed in (("encoding", _ENCODINGS), ("compressionType", _COMPRESSIONS)):
        given = properties.get(name)
        if given is not None and (not isinstance(given, str) or given.lower() not in allowed):
            raise wrong(f"{where}.{name}", given, f"Use one of: {', '.join(allowed)}.")


def check_source_params(body: Document, spec: ConnectionSpec, draft: bool) -> None:
    """``params`` against the parameters that the spec lists; ones it does not list are kept as they are."""
    params = object_field(body, "params") or {}
    for name in () if draft else spec.required_params:
        # Pages of before 2021 call a table's name its path.
        if params.get(name) in (None, "") and not (name == "tableName" and params.get("path")):
            raise Refusal("CONNECTOR-1304-400", name=name, field=f"params.{name}")
    for name, rule in spec.source_properties.items():
        if params.get(name) is not None:
            _check_param(f"params.{name}", params[name], rule)
    if params.get("filters") is not None:
        check_filters(params["filters"], spec, "params.filters")
    if spec.family == "file" and params.get("type") not in (None, "file", "folder"):
        raise wrong("params.type", params["type"], "Use one of: file, folder.")
    if spec.family == "table" and isinstance(params.get("columns"), list):
        _check_columns(params["columns"])


def _check_param(field: str, given: Any, rule: Document) -> None:
    if "enum" in rule and given not in rule["enum"]:
        raise wrong(field, given, f"Use one of: {', '.join(map(str, rule['enum']))}.")
    wanted = rule.get("type", [])
    types = [wanted] if isinstance(wanted, str) else wanted
    if types and not any(_is(given, name) for name in types):
        raise wrong(field, given, " ".join(_TYPES[name] for name in types if name in _TYPES))


def _is(given: Any, name: str) -> bool:
    """Whether a value is of a JSON Schema type; numbers and booleans may come as texts, as they do in tutorials."""
    if name in ("number", "integer"):
        return not isinstance(given, bool) and (isinstance(given, (int, float)) or _is_numeric(given))
    if name == "boolean":
        return truth(given) is not None
    return isinstance(given, {"string": str, "array": list, "object": dict}.get(name, object))


def _is_numeric(given: Any) -> bool:
    return isinstance(given, str) and given.lstrip("-").replace(".", "", 1).isdigit()


def _check_columns(columns: list[Any]) -> None:
    for index, column in enumerate(columns):
        if not isinstance(column, dict) or not isinstance(column.get("name"), str) or not column["name"]:
            raise wrong(f"params.columns[{index}]", column, "A column is an object with a name.")
