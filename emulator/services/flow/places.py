"""Where in which list a page is, and how a continuation token says so."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any

import orjson

from emulator.domain.errors import Refusal

# No default and no maximum are published for this side; clients send 10 to 200, searches allow 1000.
DEFAULT_LIMIT = 20
MAX_LIMIT = 1000


@dataclass
class Place:
    """Where in which list a page is: ``after`` is the place behind the last row of the page before.

    Documented by what clients do with ``next.href``: its token is the only parameter, holds no ``=``,
    and works with the first page's parameters repeated beside it or left out; so it carries them all.
    ``home`` counts the sandboxes that a search over several of them has done with.
    """

    properties: list[str]
    order: str | None = None
    limit: int = DEFAULT_LIMIT
    after: list[Any] | None = None
    home: int = 0

    def token(self, after: list[Any] | None, home: int = 0) -> str:
        packed = orjson.dumps([self.properties, self.order, self.limit, after, home])
        return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()

    @classmethod
    def read(cls, token: str) -> Place:
        """Refuses a token that no answer of ours held."""
        try:
            padded = token.encode("ascii") + b"=" * (-len(token) % 4)
            kept = cls(*orjson.loads(base64.b64decode(padded, b"-_", validate=True)))
        except (binascii.Error, ValueError, TypeError):
            kept = None
        if kept is None or not kept._is_sound():
            raise _not_ours(token)
        return kept

    def check_row(self, keys: int) -> None:
        """Refuses a last row that an order by so many keys does not give."""
        if self.after is not None and len(self.after) != 2 * keys + 1:
            raise _not_ours(self.token(self.after, self.home))

    def _is_sound(self) -> bool:
        return (
            isinstance(self.properties, list)
            and all(isinstance(text, str) for text in self.properties)
            and (self.order is None or isinstance(self.order, str))
            and type(self.limit) is int
            and 1 <= self.limit <= MAX_LIMIT
            and type(self.home) is int
            and 0 <= self.home < MAX_LIMIT
            and (self._is_a_row() if self.after is not None else self.home > 0)
        )

    def _is_a_row(self) -> bool:
        """A row is named by a number and a word for every key of the order, and by its own number."""
        if not isinstance(self.after, list) or not self.after:
            return False
        numbers, words, own = self.after[:-1:2], self.after[1::2], self.after[-1]
        return (
            all(type(number) in (int, float) and abs(number) <= 1.7e308 for number in numbers)
            and all(isinstance(word, str) and "\x00" not in word for word in words)
            and type(own) is int
            and 0 <= own < 2**63
        )


def _not_ours(token: str) -> Refusal:
    hint = "Send the one of _links.next.href, unchanged."
    return Refusal("FLOW-1452-400", value=token, name="continuationToken", hint=hint)
