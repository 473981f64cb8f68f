"""How a file is to be read, told from what is in it (``determineProperties``)."""

from __future__ import annotations

import csv
from pathlib import Path

from emulator.engine.sources import compression, formats
from emulator.engine.sources.compression import HEAD, opened
from emulator.engine.sources.source import DELIMITED, JSON, PARQUET, FileProperties, Undetermined, UnreadableData

# In this order where several would do.
_DELIMITERS = (",", ";", "\t", "|", "~", "^")
_LINES = 20


def determine(path: Path) -> FileProperties:
    """Raises ``Undetermined``."""
    packed = compression.guessed(path)
    try:
        with opened(path, packed) as stream:
            head = stream.read(HEAD)
    except UnreadableData as error:
        raise Undetermined(str(error)) from error
    if not head.strip():
        raise Undetermined(f"{path.name} is empty")
    if head.startswith(formats.PARQUET_MAGIC):
        return FileProperties(PARQUET, packed)
    if _is_json(path, packed, head):
        return FileProperties(JSON, packed)
    encoding, text = _text(path, head)
    return FileProperties(DELIMITED, packed, _delimiter(text), encoding)


def _is_json(path: Path, packed: str | None, head: bytes) -> bool:
    if not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")):
        return False
    try:
        with opened(path, packed) as stream:
            formats.shape(stream, FileProperties(JSON))
    except UnreadableData:
        return False
    return True


def _text(path: Path, head: bytes) -> tuple[str, str]:
    """The encoding and the text. What is not UTF-8 may be ISO 8859-1, in which controls are as rare."""
    if b"\0" not in head:
        # The last character may have been cut in two.
        for cut in range(4 if len(head) == HEAD else 1):
            try:
                return "UTF-8", head[: len(head) - cut].decode("utf-8-sig")
            except UnicodeDecodeError:
                continue
        text = head.decode("iso-8859-1")
        if all(character.isprintable() or character in "\t\r\n\xa0\xad" for character in text):
            return "ISO-8859-1", text
    raise Undetermined(f"{path.name} is neither delimited text nor JSON nor Parquet")


def _delimiter(text: str) -> str:
    """The one that splits most lines into as many parts as the first one; a comma when none splits it."""
    lines = text.splitlines()[:_LINES]
    # The last line may have been cut.
    whole = lines[:-1] if len(lines) > 1 and not text.endswith(("\n", "\r")) and len(text) >= HEAD else lines
    return max(_DELIMITERS, key=lambda delimiter: _agreement(whole, delimiter))


def _agreement(lines: list[str], delimiter: str) -> tuple[int, int]:
    """How many lines it splits alike, and into how many parts."""
    try:
        parts = [len(line) for line in csv.reader(lines, delimiter=delimiter) if line]
    except csv.Error:
        return 0, 0
    if not parts or parts[0] == 1:
        return 0, 0
    return sum(count == parts[0] for count in parts), parts[0]
