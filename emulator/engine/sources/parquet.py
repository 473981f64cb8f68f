"""Parquet files, read by an optional library that is loaded when the first one is looked at."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from emulator.domain.inference import BOOLEAN, DATE_TIME, DOUBLE, INTEGER, STRING, Column, Schema
from emulator.engine.sources.compression import opened
from emulator.engine.sources.source import PARQUET, Flat, MissingReader, Record, UnreadableData
from emulator.engine.sources.values import shown

_BATCH = 100


def shape(path: Path, compression: str | None) -> Flat:
    """Typed columns; nested ones have the schema of what they hold."""
    with _opened(path, compression) as file:
        return Flat([_column(field) for field in file.schema_arrow])


def records(path: Path, compression: str | None) -> Iterator[Record]:
    with _opened(path, compression) as file:
        for batch in file.iter_batches(batch_size=_BATCH, use_threads=False):
            for row in batch.cast(_showable(batch.schema), safe=False).to_pylist(maps_as_pydicts="lossy"):
                yield {name: shown(value) for name, value in row.items()}


@contextmanager
def _opened(path: Path, compression: str | None) -> Iterator[Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        hint = "Parquet is read by pyarrow, which is not installed: pip install flow-service-emulator[parquet]"
        raise MissingReader(hint, "fileType") from None
    try:
        with _source(path, compression) as source, pyarrow.parquet.ParquetFile(source) as file:
            yield file
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError) as error:
        raise UnreadableData(f"{path.name} is no {PARQUET} file: {error}", "fileType") from error


@contextmanager
def _source(path: Path, compression: str | None) -> Iterator[Any]:
    """A file that can be read from its end, as Parquet must be: if compressed, unfolded in memory."""
    if compression is None:
        yield str(path)
        return
    with opened(path, compression) as stream:
        yield io.BytesIO(stream.read())


def _column(field: Any) -> Column:
    kind = _kind(field.type)
    return Column(field.name, kind, _nested(field.type) if kind in ("object", "array") else None)


def _kind(of: Any) -> str:
    from pyarrow import types

    kinds = {
        BOOLEAN: (types.is_boolean,),
        INTEGER: (types.is_integer,),
        DOUBLE: (types.is_floating, types.is_decimal),
        DATE_TIME: (types.is_timestamp, types.is_date),
        "object": (types.is_struct, types.is_map),
        "array": (types.is_list, types.is_large_list, types.is_fixed_size_list),
    }
    inner = of.value_type if types.is_dictionary(of) else of
    return next((kind for kind, tests in kinds.items() if any(test(inner) for test in tests)), STRING)


def _nested(of: Any) -> Schema:
    from pyarrow import types

    kind = _kind(of)
    if kind == "array":
        return {"type": "array", "items": _nested(of.value_type)}
    if kind == "object":
        fields = () if types.is_map(of) else of
        return {"type": "object", "properties": {field.name: _nested(field.type) for field in fields}}
    schema: Schema = Column("", kind).document()["xdm"]
    return schema


def _showable(schema: Any) -> Any:
    """Without nanoseconds, which the language has no type for."""
    import pyarrow

    fields = [
        field.with_type(pyarrow.timestamp("us", field.type.tz)) if pyarrow.types.is_timestamp(field.type) else field
        for field in schema
    ]
    return pyarrow.schema(fields)
