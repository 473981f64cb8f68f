"""What a batch is asked for with, and what may be done to one. Documented by the Batch Ingestion guide."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from emulator.domain.errors import Refusal

Document = dict[str, Any]
BAD, MISSING = "IMPORT-0400-400", "IMPORT-0404-404"
FORMATS = ("json", "parquet", "csv")
COMPLETE, ABORT, FAIL, REVERT = ACTIONS = ("COMPLETE", "ABORT", "FAIL", "REVERT")
INITIALIZE = "INITIALIZE"
# Documented: of files in a batch, of bytes in one upload, in one part of a large file, in an address.
MOST_FILES, SMALL_FILE, LARGE_PART, LONGEST_ADDRESS = 1500, 256 * 1024 * 1024, 512_000_000, 2000
# Documented are 100 GB; a database of an emulator is no data lake.
BATCH_SIZE = 2 * 1024 * 1024 * 1024
LOADING, SUCCESS, FAILED, ABORTED, INACTIVE = "loading", "success", "failed", "aborted", "inactive"

_KNOWN = {
    "datasetId",
    "externalId",
    "inputFormat",
    "replay",
    "tags",
    "enableErrorDiagnostics",
    "partialIngestionPercent",
    "partialIngestionPercentage",
}
# What runs write into the batches that they load.
_RUNS = frozenset(["flowId", "flowRunId"])
_FORMAT_TEXTS = ("delimiter", "quote", "escape", "nullMarker", "charset")
_CHARSETS = {"UTF-8": "UTF-8", "US-ASCII": "UTF-8", "ISO-8859-1": "ISO-8859-1"}
_FORMAT_FLAGS = ("isMultiLineJson", "header")
_RANGE = re.compile(
    r"(?:bytes\s+|bytes\s*=\s*)?(\d{1,15})\s*-\s*(\d{1,15})(?:/(?:\d{1,15}|\*))?", re.ASCII | re.IGNORECASE
)


class NewBatch(NamedTuple):
    """A batch as it is asked for. ``predecessors`` are batches that it is to take the place of."""

    dataset: str
    external_id: str | None
    input_format: Document
    tags: Document
    replay: Document | None
    predecessors: tuple[str, ...]


def new_batch(body: Any) -> NewBatch:
    """Raises ``IMPORT-0400-400``."""
    if not isinstance(body, dict):
        raise Refusal(BAD, detail="Send a batch as a JSON object.")
    unknown = sorted(set(body) - _KNOWN)
    if unknown:
        raise wrong(unknown[0], body[unknown[0]], f"Known fields: {', '.join(sorted(_KNOWN))}.")
    dataset, external = body.get("datasetId"), body.get("externalId")
    if not isinstance(dataset, str) or not dataset:
        raise wrong("datasetId", dataset, "Send the id of a dataset.")
    if external is not None and (not isinstance(external, str) or not 1 <= len(external) <= 255):
        raise wrong("externalId", external, "Send a text of at most 255 characters.")
    replay, predecessors = _replay(body.get("replay"))
    return NewBatch(dataset, external, _input_format(body.get("inputFormat")), _tags(body), replay, predecessors)


def _input_format(given: Any) -> Document:
    """Documented at first as what need not be there: then it is Parquet, of which that page tells."""
    if given is None:
        return {"format": "parquet"}
    if not isinstance(given, dict):
        raise wrong("inputFormat", given, 'Send {"format": "json"}.')
    kind = given.get("format")
    if not isinstance(kind, str) or kind.lower() not in FORMATS:
        raise wrong("inputFormat.format", kind, f"Send one of {', '.join(FORMATS)}.")
    for name, value in given.items():
        if name in _FORMAT_FLAGS and not isinstance(value, bool):
            raise wrong(f"inputFormat.{name}", value, "Send true or false.")
        if name in _FORMAT_TEXTS and not isinstance(value, str):
            raise wrong(f"inputFormat.{name}", value, "Send a text.")
        if name not in ("format", *_FORMAT_FLAGS, *_FORMAT_TEXTS):
            raise wrong(f"inputFormat.{name}", value, f"Known: format, {', '.join((*_FORMAT_FLAGS, *_FORMAT_TEXTS))}.")
    _check_delimited(given)
    return {**given, "format": kind.lower()}


def _check_delimited(given: Document) -> None:
    if len(given.get("delimiter", ",")) != 1 or given.get("delimiter") in ('"', "\r", "\n"):
        raise wrong("inputFormat.delimiter", given["delimiter"], "Send one character, such as a comma.")
    if given.get("charset", "") and given["charset"].upper() not in _CHARSETS:
        raise wrong("inputFormat.charset", given["charset"], f"Send one of {', '.join(_CHARSETS)}.")
    if given.get("header") is False:
        raise wrong("inputFormat.header", False, "A file must have a header line.")
    if given.get("quote", '"') != '"':
        raise wrong("inputFormat.quote", given["quote"], 'Values are quoted by ".')


def encoding_of(input_format: Document) -> str:
    """The encoding of delimited text, by the name that the readers know."""
    return _CHARSETS[(input_format.get("charset") or "UTF-8").upper()]


def _tags(body: Document) -> Document:
    """Those that were sent, and as tags what the batch is told of diagnostics and of errors that are allowed."""
    tags = body.get("tags")
    if tags is not None and not (isinstance(tags, dict) and all(isinstance(values, list) for values in tags.values())):
        raise wrong("tags", tags, "Send an object of arrays.")
    kept = dict(tags or {})
    for name in sorted(_RUNS.intersection(kept)):
        raise wrong(f"tags.{name}", kept[name], "Batches that flows load have this tag.")
    diagnostics = body.get("enableErrorDiagnostics")
    if diagnostics is not None:
        if not isinstance(diagnostics, bool):
            raise wrong("enableErrorDiagnostics", diagnostics, "Send true or false.")
        kept["acp_enableErrorDiagnostics"] = diagnostics
    for name in ("partialIngestionPercentage", "partialIngestionPercent"):
        percent = body.get(name)
        if percent is not None:
            if isinstance(percent, bool) or not isinstance(percent, (int, float)) or not 0 <= percent <= 100:
                raise wrong(name, percent, "Send a number from 0 to 100.")
            kept["acp_partialIngestionPercent"] = percent
    return kept


def _replay(given: Any) -> tuple[Document | None, tuple[str, ...]]:
    """Documented: ids that a client names have a ``$`` before them; the answer has them without."""
    if given is None:
        return None, ()
    if not isinstance(given, dict) or not isinstance(given.get("predecessors"), list) or not given["predecessors"]:
        raise wrong("replay", given, 'Send {"predecessors": [ids of batches], "reason": "replace"}.')
    if given.get("reason", "replace") != "replace":
        raise wrong("replay.reason", given["reason"], "Send replace.")
    if not all(isinstance(one, str) for one in given["predecessors"]):
        raise wrong("replay.predecessors", given["predecessors"], "Send ids of batches.")
    ids = tuple(one.removeprefix("$").removeprefix("{").removesuffix("}") for one in given["predecessors"])
    return {"predecessors": list(ids), "reason": "replace"}, ids


def action(given: str | None, known: Sequence[str]) -> str:
    """Pages write it in capitals and without."""
    if given is None or given.upper() not in known:
        raise wrong("action", given, f"Send one of {', '.join(known)}.")
    return given.upper()


def content_range(header: str | None, length: int) -> int:
    """The place of the first byte. Documented: ``bytes FIRST-LAST``, in integers, of the part that is sent."""
    match = _RANGE.fullmatch((header or "").strip())
    if match is None:
        raise wrong("Content-Range", header, "Send the first and the last byte, such as bytes 0-1023/4096.")
    first, last = int(match[1]), int(match[2])
    if last - first + 1 != length:
        raise wrong("Content-Range", header, f"The body has {length} bytes.")
    return first


def misfits(parts: Iterable[tuple[int, int]]) -> Iterator[str]:
    """What is wrong with the parts of a file, given by first byte and size in order.

    Documented: they may neither overlap nor leave anything out.
    """
    at = 0
    for start, size in parts:
        if start < at:
            yield f"bytes {start} to {at - 1} come twice"
        elif start > at:
            yield f"bytes {at} to {start - 1} are missing"
        at = max(at, start + size)


def wrong(field: str, given: Any, hint: str) -> Refusal:
    return Refusal(BAD, detail="The call cannot be accepted.", field=field, given=given, hint=hint)
