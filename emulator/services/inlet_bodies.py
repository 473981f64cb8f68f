"""The body of a request to the inlet: JSON, plain or packed with gzip."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Any

import orjson

from emulator.domain.errors import Refusal
from emulator.edge.call import Call, fault, parsed
from emulator.edge.routing import MEGABYTE

Document = dict[str, Any]
_JSON = ("application/json", "application/x-www-form-urlencoded")
_SMILE = "application/x-jackson-smile"
# Of zlib: a header and a checksum as gzip writes them.
_GZIP = 16 + zlib.MAX_WBITS


def message_of(call: Call) -> tuple[Document, int]:
    """The JSON object that was sent, and its length in bytes before it was packed.

    The limit of a megabyte holds for what was packed, too.
    """
    kind = call.headers.get("content-type", "application/json").split(";")[0].strip().lower()
    if kind not in _JSON:
        hint = "The binary form of JSON that the real service takes too is not read here." if kind == _SMILE else None
        raise Refusal("INLET-0415-415", given_type=kind, hint=hint)
    try:
        plain = _plain(call)
        message = parsed(plain)
    except orjson.JSONDecodeError as error:
        raise Refusal("INLET-0400-400", detail=f"the message is not JSON: {fault(error)}") from None
    if not isinstance(message, dict):
        raise Refusal("INLET-0400-400", detail="the message must be a JSON object")
    return message, len(plain)


def _plain(call: Call) -> bytes:
    packed = call.headers.get("content-encoding", "identity").strip().lower()
    if packed in ("identity", ""):
        return call.body
    if packed not in ("gzip", "x-gzip"):
        raise Refusal("INLET-ENCODING-415", encoding=packed)
    return _unpacked(call.body)


def _unpacked(body: bytes) -> bytes:
    plain, rest = b"", body
    while rest:
        reader = zlib.decompressobj(_GZIP)
        try:
            plain += reader.decompress(rest, MEGABYTE + 1 - len(plain))
        except zlib.error as error:
            raise Refusal("INLET-0400-400", detail=f"the body is not gzip: {error}") from None
        if len(plain) > MEGABYTE:
            raise Refusal("INLET-0413-413", limit=MEGABYTE)
        if not reader.eof:
            raise Refusal("INLET-0400-400", detail="the body is not gzip: it ends too early")
        rest = reader.unused_data
    return plain


def size_of(messages: Iterable[Any]) -> int:
    """In bytes, as JSON."""
    return sum(len(orjson.dumps(message)) for message in messages)
