"""Encrypted files as files of what is in them, which are gone when they have been read."""

from __future__ import annotations

import re
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

from emulator.engine import decryption_process, openpgp
from emulator.engine.sources.compression import HEAD
from emulator.engine.sources.origin import PrivateKey
from emulator.engine.sources.source import MissingReader, UnreadableData

# What one file may take: on disk as it is when it is decrypted, in memory, in time.
CONTENT = 1 << 30
MEMORY = 512 << 20
SECONDS = 300

_PROCESS = Path(decryption_process.__file__)
_SUFFIXES = (".pgp", ".gpg", ".asc")
# The first packet of a message that is encrypted, and which versions there are of it: a session key for somebody or
# under a password, or encrypted data at once. What begins otherwise is signed or compressed at most, which the
# library would take as well.
_ENCRYPTED = {1: (2, 3, 6), 3: (4, 5, 6), 18: (1, 2), 20: (1,)}
# Behind the header lines and an empty one come the first nine bytes, as far as they are looked at.
_ARMOUR = re.compile(rb"\s*-----BEGIN PGP MESSAGE-----[ \t]*\r?\n(?:[^\r\n]+\r?\n)*[ \t]*\r?\n(.{12})")


@contextmanager
def decrypted(path: Path, key: PrivateKey) -> Iterator[Path]:
    """A file that holds what is in an encrypted one, under the name without the encryption's suffix.

    Raises ``UnreadableData``.
    """
    if not openpgp.is_installed():
        raise MissingReader(f"encrypted files are read by pysequoia, which is not installed. {openpgp.INSTALL}")
    if not _is_encrypted(path):
        raise UnreadableData("it is not encrypted, and the flow's Encryption transformation says that its files are")
    with TemporaryDirectory(prefix="flow-emulator-") as folder:
        content = Path(folder) / (path.stem if path.suffix.lower() in _SUFFIXES else path.name)
        _decrypt(path, content, key)
        yield content


def _is_encrypted(path: Path) -> bool:
    """Whether a file begins as an OpenPGP message that is encrypted does, in ASCII armour or not."""
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        raise UnreadableData(f"{path.name} cannot be read: {error}") from error
    armoured = _ARMOUR.match(head)
    try:
        tag, version = _first_packet(b64decode(armoured[1]) if armoured else head)
    except (ValueError, IndexError):
        return False
    return version in _ENCRYPTED.get(tag, ())


def _first_packet(head: bytes) -> tuple[int, int]:
    """Tag and version, 0 for the tag of what is no packet."""
    first, length = head[0], head[1]
    if not first & 0x80:
        return 0, 0
    if first & 0x40:
        # Lengths of 1, 2 and 5 bytes, and of a part in 1.
        return first & 0x3F, head[6 if length == 0xFF else 3 if 0xC0 <= length < 0xE0 else 2]
    return first >> 2 & 0x0F, head[(2, 3, 5, 1)[first & 3]]


def _decrypt(path: Path, content: Path, key: PrivateKey) -> None:
    request = {
        "key": key.armoured,
        "input": str(path),
        "output": str(content),
        "bytes": CONTENT,
        "memory": MEMORY,
    }
    try:
        done = subprocess.run(  # noqa: S603 - nothing of the command comes from a request
            [sys.executable, "-P", "-X", "utf8", str(_PROCESS)],
            input=orjson.dumps(request),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
            check=False,
            # Who stops the server from a terminal does not stop this: the run would seem to have failed.
            start_new_session=True,
        )
    except subprocess.TimeoutExpired:
        raise UnreadableData(f"to decrypt it takes longer than {SECONDS} seconds") from None
    if not done.stdout:
        raise UnreadableData(f"to decrypt it takes more than the {MEMORY >> 20} MiB of memory that it may have")
    reason = orjson.loads(done.stdout)["reason"]
    if reason == decryption_process.TOO_LARGE:
        raise UnreadableData(f"there is more in it than the {CONTENT >> 20} MiB that are decrypted of a file")
    if reason == decryption_process.NO_KEY:
        raise UnreadableData(f"it is not encrypted for the key that the flow names, {key.id}")
    if reason is not None:
        # Of a message that is compressed by bzip2 the library says no more than of any other nonsense.
        raise UnreadableData(f"it is damaged, or made in a way that is not supported: {reason}")
