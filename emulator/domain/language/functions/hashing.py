"""Hashes of texts, as lower-case hexadecimal digits."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable

from emulator.domain.language.registry import function
from emulator.domain.language.texts import unless_null
from emulator.domain.language.values import Problem, Value, as_text

DEFAULT_CHARSET = "UTF-8"
# Java's UTF-16 writes the byte order first and the high byte before the low one.
_CHARSETS = {
    "UTF-8": (b"", "utf-8"),
    "UTF-16": (b"\xfe\xff", "utf-16-be"),
    "ISO-8859-1": (b"", "iso-8859-1"),
    "US-ASCII": (b"", "ascii"),
}


def encoded(text: Value, charset: Value) -> bytes:
    """The bytes of a text; what a charset cannot write becomes ``?``. Raises ``Problem`` for unknown charsets."""
    known = _CHARSETS.get(as_text(charset).upper())
    if known is None:
        raise Problem(f"the charset {as_text(charset)[:40]!r} is not known: write one of {', '.join(_CHARSETS)}")
    mark, codec = known
    return mark + as_text(text).encode(codec, errors="replace")


def _crc32(content: bytes) -> str:
    """The least significant byte comes first, against the usual notation."""
    return zlib.crc32(content).to_bytes(4, "little").hex()


_ALGORITHMS: dict[str, Callable[[bytes], str]] = {
    "crc32": _crc32,
    "md5": lambda content: hashlib.md5(content, usedforsecurity=False).hexdigest(),
    "sha1": lambda content: hashlib.sha1(content, usedforsecurity=False).hexdigest(),
    "sha256": lambda content: hashlib.sha256(content).hexdigest(),
    "sha512": lambda content: hashlib.sha512(content).hexdigest(),
}


@function("hash", 2, 3)
@unless_null
def hash_(algorithm: Value, text: Value, charset: Value = DEFAULT_CHARSET) -> Value:
    """``SHA-256`` and ``sha256`` are one name; only ``crc32`` is published."""
    run = _ALGORITHMS.get(as_text(algorithm).lower().replace("-", ""))
    if run is None:
        raise Problem(f"the hash {as_text(algorithm)[:40]!r} is not known: write one of {', '.join(_ALGORITHMS)}")
    return run(encoded(text, charset))


@function("crc32", 1, 2)
@unless_null
def crc32(text: Value, charset: Value = DEFAULT_CHARSET) -> Value:
    return _ALGORITHMS["crc32"](encoded(text, charset))


@function("md5", 1, 2)
@unless_null
def md5(text: Value, charset: Value = DEFAULT_CHARSET) -> Value:
    return _ALGORITHMS["md5"](encoded(text, charset))


@function("sha1", 1, 2)
@unless_null
def sha1(text: Value, charset: Value = DEFAULT_CHARSET) -> Value:
    return _ALGORITHMS["sha1"](encoded(text, charset))


@function("sha256", 1, 2)
@unless_null
def sha256(text: Value, charset: Value = DEFAULT_CHARSET) -> Value:
    return _ALGORITHMS["sha256"](encoded(text, charset))


@function("sha512", 1, 2)
@unless_null
def sha512(text: Value, charset: Value = DEFAULT_CHARSET) -> Value:
    return _ALGORITHMS["sha512"](encoded(text, charset))
