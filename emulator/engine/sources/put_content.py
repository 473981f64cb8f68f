"""What may be put behind a connection: of which kind it is, and whether it is that."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

import orjson

from emulator.domain.nesting import MAX_DEPTH, is_too_deep
from emulator.engine.sources.formats import ENCODINGS, PARQUET_MAGIC
from emulator.engine.sources.put_data import CSV_TYPE, JSON_TYPE, NDJSON_TYPE, PARQUET_TYPE
from emulator.engine.sources.source import UnreadableData

PACKED_TYPE = "application/octet-stream"
_BY_TYPE = {
    JSON_TYPE: JSON_TYPE,
    **dict.fromkeys(
        (NDJSON_TYPE, "application/ndjson", "application/jsonl", "application/jsonlines", "application/x-jsonlines"),
        NDJSON_TYPE,
    ),
    **dict.fromkeys((CSV_TYPE, "text/tab-separated-values", "application/csv"), CSV_TYPE),
    **dict.fromkeys((PARQUET_TYPE, "application/parquet", "application/x-parquet"), PARQUET_TYPE),
    **dict.fromkeys(
        ("application/gzip", "application/x-gzip", "application/zip", "application/x-tar", "application/x-bzip2"),
        PACKED_TYPE,
    ),
}
# Types that clients send where nobody has chosen one.
_SAY_NOTHING = ("", "application/octet-stream", "application/x-www-form-urlencoded", "text/plain")
_BY_SUFFIX = {
    "json": JSON_TYPE,
    **dict.fromkeys(("ndjson", "jsonl"), NDJSON_TYPE),
    **dict.fromkeys(("csv", "tsv", "txt"), CSV_TYPE),
    "parquet": PARQUET_TYPE,
    **dict.fromkeys(("gz", "tgz", "zip", "bz2", "tar", "deflate", "pgp", "gpg", "asc"), PACKED_TYPE),
}
# What each family reads.
_TAKEN = {
    "rest": (JSON_TYPE, NDJSON_TYPE),
    "table": (CSV_TYPE, PARQUET_TYPE, JSON_TYPE, NDJSON_TYPE),
    "file": (CSV_TYPE, PARQUET_TYPE, JSON_TYPE, NDJSON_TYPE, PACKED_TYPE),
}
FAMILIES = tuple(_TAKEN)


@dataclass(frozen=True)
class Kind:
    """What an object is: a media type, and of delimited text the encoding."""

    media: str
    encoding: str = "UTF-8"

    def __str__(self) -> str:
        """As a content type."""
        return self.media if self.encoding == "UTF-8" else f"{self.media}; charset={self.encoding}"


def kind_of(path: str, content_type: str, family: str) -> Kind:
    """What is told by the content type and by the suffix. Raises ``UnreadableData``."""
    given, _, rest = content_type.partition(";")
    given = given.strip().lower()
    stem, _, suffix = path.rpartition(".")
    by_type, by_suffix = _BY_TYPE.get(given), _BY_SUFFIX.get(suffix.lower()) if stem else None
    if by_type is None and given not in _SAY_NOTHING:
        raise UnreadableData(f"content type {given} is none of {', '.join(sorted(_BY_TYPE))}")
    if by_type and by_suffix and by_type != by_suffix:
        raise UnreadableData(f"content type {given} does not fit the suffix of {path}, which is that of {by_suffix}")
    media = by_type or by_suffix
    if media is None:
        raise UnreadableData(f"nothing says what {path} is: send a content type such as {CSV_TYPE}, or name a suffix")
    if media not in _TAKEN[family]:
        raise UnreadableData(f"a {family} source reads no {media}, but {', '.join(_TAKEN[family])}")
    return Kind(media, _encoding(rest) if media == CSV_TYPE else "UTF-8")


def _encoding(parameters: str) -> str:
    found = re.search(r"charset\s*=\s*\"?([\w.:-]+)", parameters, re.IGNORECASE)
    name = found[1].upper() if found else "UTF-8"
    if name not in ENCODINGS:
        raise UnreadableData(f"charset {name} is none of {', '.join(ENCODINGS)}")
    return name


def check_content(body: bytes, kind: Kind, family: str) -> None:
    """Raises ``UnreadableData`` for what is not of its kind.

    Rows of files may be broken, as those of real ones are: a run then sets them aside.
    """
    if kind.media == PARQUET_TYPE:
        # It begins and ends with these four bytes, and cannot be shorter than both and the length of its footer.
        if not (body.startswith(PARQUET_MAGIC) and body.endswith(PARQUET_MAGIC) and len(body) >= 12):
            raise UnreadableData("it is no Parquet file: that begins and ends with PAR1")
    elif kind.media == CSV_TYPE:
        _check_text(body, kind.encoding)
    elif kind.media == JSON_TYPE:
        _check_records(_parsed(body, "the body"), family)
    elif kind.media == NDJSON_TYPE:
        _check_text(body, "UTF-8")
        if family != "file":
            lines = [line for line in body.removeprefix(codecs.BOM_UTF8).splitlines() if line.strip()]
            _check_records([_parsed(line, f"line {number}") for number, line in enumerate(lines, 1)], family)


def _check_text(body: bytes, encoding: str) -> None:
    if b"\0" in body:
        raise UnreadableData("it is no text: it holds the character U+0000")
    try:
        body.decode(ENCODINGS[encoding])
    except UnicodeDecodeError as error:
        hint = "send charset=ISO-8859-1 in the content type if it is that"
        raise UnreadableData(f"it is not {encoding} at byte {error.start}: {hint}") from None


def _parsed(text: bytes, where: str) -> object:
    try:
        value: object = orjson.loads(text.removeprefix(codecs.BOM_UTF8))
    except orjson.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise UnreadableData(f"{where} is no JSON: {error.msg} at {place}") from None
    if is_too_deep(value):
        raise UnreadableData(f"{where} is nested in more than {MAX_DEPTH} levels")
    return value


def _check_records(value: object, family: str) -> None:
    if family == "file":
        return
    for number, record in enumerate(value if isinstance(value, list) else [value], 1):
        if not isinstance(record, dict):
            raise UnreadableData(f"record {number} is no object")
