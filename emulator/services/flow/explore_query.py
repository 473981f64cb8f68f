"""The query of an explore call: every parameter checked before anything is looked at.

Pages, OpenAPI file and a client spell the parameters' names and values with different capitals, and
one of them with underscores (``FILE_TYPE``); all of them mean the same.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import unquote

import orjson

from emulator.domain.errors import Refusal
from emulator.edge.call import Call
from emulator.engine.sources.compression import COMPRESSIONS
from emulator.engine.sources.formats import ENCODINGS
from emulator.engine.sources.source import DELIMITED, JSON, PARQUET, FileProperties

OBJECT_TYPES = ("root", "folder", "file", "table", "rest", "view")
FILE_TYPES = (DELIMITED, JSON, PARQUET)
PREVIEW_RECORDS, MOST_RECORDS = 10, 100
_NAMES = (
    "objectType",
    "object",
    "fileType",
    "preview",
    "previewCount",
    "columnDelimiter",
    "compressionType",
    "encoding",
    "filters",
    "sourceParams",
    "determineProperties",
    "primaryKey",
)
_KNOWN = {name.lower(): name for name in _NAMES}
_BY_HAND = ("fileType", "columnDelimiter", "compressionType", "encoding")
# What cannot be told from the end of a line or from a quoted text.
_NO_DELIMITERS = ("\n", "\r", "\0", '"')
# So much of an encoded value is shown again.
_SHOWN = 100
# Written out as in source code, once or, as on one page, twice.
_TAB = ("\\t", "\\\\t")


@dataclass(frozen=True)
class Asked:
    """What one explore call asks for. ``given`` has the parameters by their published names."""

    given: dict[str, str]
    object_type: str
    preview: bool
    records: int
    determine: bool
    by_hand: FileProperties | None
    source_params: dict[str, Any]
    filters: Any

    @property
    def object(self) -> str:
        return self.given.get("object", "")

    @property
    def named_properties(self) -> bool:
        """Whether more than the type of the file was given by hand."""
        return any(name in self.given for name in _BY_HAND[1:])


def asked(call: Call) -> Asked:
    """The checked query. Refuses what no source could be asked."""
    given = _named(call)
    _check_present(given)
    object_type = _one_of("objectType", given, OBJECT_TYPES, "CONNECTOR-1358-400") or ""
    determine = _flag("determineProperties", given)
    by_hand = _by_hand(given)
    if determine and any(name in given for name in _BY_HAND):
        named = ", ".join(name for name in _BY_HAND if name in given)
        raise Refusal("CONNECTOR-1374-400", field="determineProperties", given="true", hint=f"By hand: {named}.")
    return Asked(
        given,
        object_type,
        _flag("preview", given),
        _count(given),
        determine,
        by_hand,
        source_params(given.get("sourceParams")),
        _filters(given.get("filters")),
    )


def _named(call: Call) -> dict[str, str]:
    """Parameters by their published names, the last of each."""
    named: dict[str, str] = {}
    for name, value in call.query.pairs:
        known = _KNOWN.get(name.lower().replace("_", ""))
        if known is None:
            hint = f"Known parameters: {', '.join(_NAMES)}."
            raise Refusal("FLOW-1451-400", name=name, field=name, given=value, hint=hint)
        named[known] = value
    return named


def _check_present(given: dict[str, str]) -> None:
    if "objectType" not in given:
        hint = f"Use one of: {', '.join(OBJECT_TYPES)}."
        raise Refusal("CONNECTOR-1359-400", name="objectType", field="objectType", hint=hint)
    object_type = given["objectType"].lower()
    if object_type in OBJECT_TYPES[1:] and not given.get("object"):
        hint = "For an API it is json." if object_type == "rest" else "A listing gives it as path."
        raise Refusal("CONNECTOR-1337-400", name="object", type=given["objectType"], field="object", hint=hint)
    for name, value in given.items():
        if not value and name != "object":
            raise Refusal("CONNECTOR-1334-400", name=name, field=name)


def _one_of(name: str, given: dict[str, str], known: Sequence[str], code: str = "CONNECTOR-1312-400") -> str | None:
    """The value as it is published, None when it was not sent."""
    if name not in given:
        return None
    value = next((value for value in known if value.lower() == given[name].lower()), None)
    if value is None:
        hint = f"Use one of: {', '.join(known)}."
        raise Refusal(code, value=given[name], name=name, field=name, given=given[name], hint=hint)
    return value


def _flag(name: str, given: dict[str, str]) -> bool:
    return _one_of(name, given, ("true", "false")) == "true"


def _count(given: dict[str, str]) -> int:
    text = given.get("previewCount", str(PREVIEW_RECORDS))
    if not (text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= MOST_RECORDS):
        hint = f"Send a whole number from 1 to {MOST_RECORDS}."
        raise Refusal(
            "CONNECTOR-1312-400", value=text, name="previewCount", field="previewCount", given=text, hint=hint
        )
    return int(text)


def _by_hand(given: dict[str, str]) -> FileProperties | None:
    """The properties of a file as they were given; without its type they say nothing."""
    file_type = _one_of("fileType", given, FILE_TYPES, "CONNECTOR-1399-400")
    delimiter = _delimiter(given.get("columnDelimiter", ","))
    compression = _one_of("compressionType", given, COMPRESSIONS)
    encoding = _one_of("encoding", given, tuple(ENCODINGS)) or "UTF-8"
    return FileProperties(file_type, compression, delimiter, encoding) if file_type else None


def _delimiter(text: str) -> str:
    delimiter = "\t" if text in _TAB else text
    if len(delimiter) > 1:
        raise Refusal("CONNECTOR-1331-400", field="columnDelimiter", given=text)
    if delimiter in _NO_DELIMITERS:
        hint = "It cannot be a quotation mark or the end of a line."
        raise Refusal(
            "CONNECTOR-1312-400", value=text, name="columnDelimiter", field="columnDelimiter", given=text, hint=hint
        )
    return delimiter


def source_params(given: str | None) -> dict[str, Any]:
    """The decoded ``sourceParams``; a published sample arrives percent-encoded twice, which is undone."""
    if given is None:
        return {}
    try:
        decoded = orjson.loads(_decoded(given))
    except ValueError:
        decoded = None
    if not isinstance(decoded, dict):
        _refuse_base64("sourceParams", given, 'Encode an object such as {"resourcePath":"charges"} in Base64.')
    return decoded


def _filters(given: str | None) -> Any:
    """The decoded ``filters``, whatever they are; None when there are none."""
    if given is None:
        return None
    try:
        decoded = _decoded(given)
    except ValueError:
        _refuse_base64("filters", given, "Encode the filter in Base64.")
    try:
        return orjson.loads(decoded)
    except orjson.JSONDecodeError as error:
        raise Refusal("CONNECTOR-1335-400", field="filters", given=given[:_SHOWN], hint=f"{error.msg}.") from None


def _decoded(given: str) -> bytes:
    """Base64 with or without padding, of either alphabet. Raises ``ValueError``."""
    # A blank is what became of an unescaped plus; one published sample ends in a backslash.
    text = unquote(given).removesuffix("\\").replace(" ", "+").replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error


def _refuse_base64(name: str, given: str, hint: str) -> NoReturn:
    raise Refusal("CONNECTOR-1389-400", name=name, field=name, given=given[:_SHOWN], hint=hint)
