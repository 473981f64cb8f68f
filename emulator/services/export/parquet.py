"""Landed records as Parquet, written by an optional library that is loaded when the first such file is asked for."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from typing import Any

from emulator.domain.errors import Refusal
from emulator.services.export.content import File
from emulator.services.export.listing import MISSING

_PART = 1 << 18


def parquet_file(name: str, lines: File) -> File:
    """The records of a file of JSON lines in columns. Refuses where they have no columns in common.

    Everything happens in parts: the records are read for their columns, for the length of the file, and to be written.
    """
    try:
        import pyarrow
    except ImportError:
        hint = "Parquet is written by pyarrow, which is not installed: pip install flow-service-emulator[parquet]"
        raise Refusal(MISSING, detail=f"The file {name} cannot be made.", hint=hint) from None
    measured = pyarrow.MockOutputStream()
    try:
        schema = _schema(lines)
        _write(lines, schema, measured)
    except pyarrow.ArrowException as error:
        reason = str(error).splitlines()[0]
        hint = f"Ask for {lines.name} instead."
        raise Refusal(MISSING, detail=f"The records cannot be written as Parquet: {reason}.", hint=hint) from None

    def between(start: int, end: int) -> Iterator[bytes]:
        # Not in memory: it can be as long as the batch.
        with tempfile.TemporaryFile() as written:
            _write(lines, schema, written)
            written.seek(start)
            while start < end:
                part = written.read(min(_PART, end - start))
                start += len(part)
                yield part

    return File(name, measured.size(), between)


def _write(lines: File, schema: Any, sink: Any) -> None:
    import pyarrow.parquet

    with pyarrow.parquet.ParquetWriter(sink, schema) as writer:
        for part in lines.between(0, lines.length):
            writer.write_table(_table(part, schema))


def _schema(lines: File) -> Any:
    import pyarrow

    found = pyarrow.schema([])
    for part in lines.between(0, lines.length):
        fields = [pyarrow.field(field.name, _plain(field.type)) for field in _table(part, None).schema]
        found = pyarrow.unify_schemas([found, pyarrow.schema(fields)], promote_options="permissive")
    kept = [pyarrow.field(field.name, _storable(field.type)) for field in found if _storable(field.type) is not None]
    if not kept:
        raise pyarrow.ArrowInvalid("none of them has a field")
    return pyarrow.schema(kept)


def _table(part: bytes, schema: Any) -> Any:
    import pyarrow.json

    # A block that every line fits into.
    reading = pyarrow.json.ReadOptions(use_threads=False, block_size=len(part) + 1)
    parsing = pyarrow.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="infer")
    if schema is not None:
        parsing.unexpected_field_behavior = "ignore"
    return pyarrow.json.read_json(io.BytesIO(part), reading, parsing)


def _plain(kind: Any) -> Any:
    """A type as JSON has it: the reader takes texts that look like times for times."""
    import pyarrow

    if pyarrow.types.is_timestamp(kind) or pyarrow.types.is_time(kind) or pyarrow.types.is_date(kind):
        return pyarrow.string()
    if pyarrow.types.is_list(kind):
        return pyarrow.list_(_plain(kind.value_type))
    if pyarrow.types.is_struct(kind):
        return pyarrow.struct([pyarrow.field(field.name, _plain(field.type)) for field in kind])
    return kind


def _storable(kind: Any) -> Any:
    """A type without the objects that have no fields, which Parquet cannot hold; None when nothing is left."""
    import pyarrow

    if pyarrow.types.is_list(kind):
        inner = _storable(kind.value_type)
        return None if inner is None else pyarrow.list_(inner)
    if pyarrow.types.is_struct(kind):
        fields = [(field.name, _storable(field.type)) for field in kind]
        kept = [pyarrow.field(name, inner) for name, inner in fields if inner is not None]
        return pyarrow.struct(kept) if kept else None
    return kind
