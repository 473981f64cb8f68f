"""Going through a JSON text value by value: for documents too large to be held as values, and to find lines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

_BLANK = re.compile(r"[ \t\r\n]*")


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


class Cursor:
    """A place in a JSON text. Every method raises ``json.JSONDecodeError`` where the text is none."""

    def __init__(self, text: str, at: int = 0) -> None:
        self.text = text
        self.at = at

    def peek(self) -> str:
        """The character that comes next, blanks aside; nothing at the end."""
        found = _BLANK.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return self.text[self.at : self.at + 1]

    def value(self) -> Any:
        """The value that comes next, whole."""
        self.peek()
        try:
            found, self.at = _DECODER.raw_decode(self.text, self.at)
        except json.JSONDecodeError:
            raise
        except ValueError as error:
            raise self._fault(str(error)) from None
        except RecursionError:
            raise self._fault("too many levels of nesting") from None
        return found

    def members(self) -> Iterator[str]:
        """The names in the object that comes next; whoever takes one goes past its value before the next."""
        return self._parts("{", "}", named=True)

    def items(self) -> Iterator[str]:
        """The same for an array, whose items have their numbers as names."""
        return self._parts("[", "]", named=False)

    def end(self) -> None:
        """Nothing may follow."""
        if self.peek():
            raise self._fault("Extra data")

    def _parts(self, opening: str, closing: str, named: bool) -> Iterator[str]:
        self._pass(opening)
        count = 0
        while self.peek() != closing:
            if count:
                self._pass(",")
            yield self._name() if named else str(count)
            count += 1
            if self.peek() not in (",", closing):
                raise self._fault("Expecting ',' delimiter")
        self._pass(closing)

    def _name(self) -> str:
        if self.peek() != '"':
            raise self._fault("Expecting property name enclosed in double quotes")
        name: str = self.value()
        self._pass(":")
        return name

    def _pass(self, character: str) -> None:
        if self.peek() != character:
            raise self._fault(f"Expecting {character!r}")
        self.at += 1

    def _fault(self, message: str) -> json.JSONDecodeError:
        return json.JSONDecodeError(message, self.text, self.at)


def line_of(text: str, path: Sequence[str | int]) -> int:
    """The line on which the value at a path begins, or the one that it would be in."""
    cursor, found = Cursor(text), 0
    cursor.peek()
    for step in path:
        found = cursor.at
        opening = cursor.peek()
        if opening not in ("{", "[") or not _goes_to(cursor, str(step), opening):
            cursor.at = found
            break
        cursor.peek()
    return text.count("\n", 0, cursor.at) + 1


def _goes_to(cursor: Cursor, step: str, opening: str) -> bool:
    for name in cursor.members() if opening == "{" else cursor.items():
        if name == step:
            return True
        cursor.value()
    return False
