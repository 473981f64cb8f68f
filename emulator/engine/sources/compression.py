"""Compressed files as streams of what is in them, read no further than asked for and never without bound."""

from __future__ import annotations

import bz2
import gzip
import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, cast

from emulator.engine.sources.source import UnreadableData

# What is looked at of one file, after decompression: a small archive may unfold without end.
LIMIT = 64 * 1024 * 1024
# What a run reads of one, piece by piece.
RUN_LIMIT = 64 * 1024 * 1024 * 1024
HEAD = 64 * 1024
_TAR_MAGIC, _TAR_MAGIC_AT = b"ustar", 257
_ENCRYPTED = 0x1
_BROKEN = (
    EOFError,
    zlib.error,
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    NotImplementedError,
    struct.error,
    ValueError,
)


@contextmanager
def opened(path: Path, compression: str | None, limit: int = LIMIT) -> Iterator[io.BufferedReader]:
    """What is in a file; of an archive, its first file. Raises ``UnreadableData``, also while it is read."""
    try:
        with ExitStack() as stack:
            raw = stack.enter_context(path.open("rb"))
            yield stack.enter_context(io.BufferedReader(_Bounded(_OPENERS[compression](raw, stack), limit)))
    except _BROKEN as error:
        raise UnreadableData(f"{path.name} is no {compression} file: {error}", "compressionType") from error
    except OSError as error:
        parameter = "compressionType" if compression else "object"
        raise UnreadableData(f"{path.name} cannot be read: {error}", parameter) from error


class _Bounded(io.RawIOBase):
    """A stream that ends with an error where too much has been read."""

    def __init__(self, stream: IO[bytes], limit: int) -> None:
        super().__init__()
        self._stream = stream
        self._limit = self._left = limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(len(buffer))
        self._left -= len(data)
        if self._left < 0:
            raise UnreadableData(
                f"there is more to read than the {self._limit // 1024 // 1024} MiB that are read of a file"
            )
        buffer[: len(data)] = data
        return len(data)


class _Inflated(io.RawIOBase):
    """A deflate stream, with or without its header."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__()
        self._stream = stream
        head = stream.read(2)
        self._rest = head
        self._inflate = zlib.decompressobj(zlib.MAX_WBITS if _has_zlib_header(head) else -zlib.MAX_WBITS)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._inflate.eof:
            given = self._rest or self._stream.read(HEAD)
            data = self._inflate.decompress(given, len(buffer))
            self._rest = self._inflate.unconsumed_tail
            if data:
                buffer[: len(data)] = data
                return len(data)
            if not given:
                raise EOFError("it ends too early")
        return 0


def _has_zlib_header(head: bytes) -> bool:
    return len(head) > 1 and head[0] & 0x0F == zlib.DEFLATED and int.from_bytes(head[:2], "big") % 31 == 0


def _plain(raw: IO[bytes], _stack: ExitStack) -> IO[bytes]:
    return raw


def _gzip(raw: IO[bytes], stack: ExitStack) -> IO[bytes]:
    return cast("IO[bytes]", stack.enter_context(gzip.GzipFile(fileobj=raw)))


def _bzip2(raw: IO[bytes], stack: ExitStack) -> IO[bytes]:
    return stack.enter_context(bz2.BZ2File(raw))


def _deflate(raw: IO[bytes], stack: ExitStack) -> IO[bytes]:
    return stack.enter_context(io.BufferedReader(_Inflated(raw)))


def _zip(raw: IO[bytes], stack: ExitStack) -> IO[bytes]:
    archive = stack.enter_context(zipfile.ZipFile(raw))
    entry = next((entry for entry in archive.infolist() if not entry.is_dir()), None)
    if entry is None:
        raise EOFError("there is no file in it")
    if entry.flag_bits & _ENCRYPTED or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise NotImplementedError(f"{entry.filename} in it is encrypted, or packed otherwise than by deflate")
    return stack.enter_context(archive.open(entry))


def _tar(raw: IO[bytes], stack: ExitStack) -> IO[bytes]:
    # What lies before the first file is skipped by reading it.
    bounded = stack.enter_context(io.BufferedReader(_Bounded(raw, RUN_LIMIT)))
    archive = stack.enter_context(tarfile.TarFile.open(fileobj=bounded, mode="r|"))
    for member in archive:
        content = archive.extractfile(member) if member.isreg() else None
        if content is not None:
            return stack.enter_context(content)
    raise EOFError("there is no file in it")


def _tar_gzip(raw: IO[bytes], stack: ExitStack) -> IO[bytes]:
    return _tar(_gzip(raw, stack), stack)


_OPENERS: dict[str | None, Callable[[IO[bytes], ExitStack], IO[bytes]]] = {
    None: _plain,
    "bzip2": _bzip2,
    "gzip": _gzip,
    "deflate": _deflate,
    "zipDeflate": _zip,
    "tarGzip": _tar_gzip,
    "tar": _tar,
}
COMPRESSIONS = tuple(name for name in _OPENERS if name)


def guessed(path: Path) -> str | None:
    """The compression that a file's first bytes tell, None for a file as it is."""
    with opened(path, None) as raw:
        head = raw.read(HEAD)
    if head.startswith(b"\x1f\x8b"):
        return "tarGzip" if _is_tar(_head_of(path, "gzip")) else "gzip"
    if head[:3] == b"BZh" and head[4:10] == b"1AY&SY":
        return "bzip2"
    if head.startswith(b"PK\x03\x04"):
        return "zipDeflate"
    if _is_tar(head):
        return "tar"
    return "deflate" if _is_deflate(head) else None


def _head_of(path: Path, compression: str) -> bytes:
    try:
        with opened(path, compression) as stream:
            return stream.read(512)
    except UnreadableData:
        return b""


def _is_tar(head: bytes) -> bool:
    return head[_TAR_MAGIC_AT:].startswith(_TAR_MAGIC)


def _is_deflate(head: bytes) -> bool:
    """Only with a header: without one it cannot be told from anything else."""
    if not _has_zlib_header(head):
        return False
    try:
        return bool(zlib.decompressobj().decompress(head, HEAD))
    except zlib.error:
        return False
