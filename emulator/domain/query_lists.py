"""What a list of queries asks for: its filters, its order and where it begins, as Query Service documents them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import contains, eq, ge, gt, le, lt, ne
from typing import Any

from emulator.domain.errors import Refusal

Document = dict[str, Any]
Test = Callable[[Document], bool]

BAD = "QUERY-0400-400"
_TIMES = ("created", "updated")
_COMPARISONS: Mapping[str, Callable[[str, str], bool]] = {
    "==": eq,
    "!=": ne,
    "<": lt,
    "<=": le,
    ">": gt,
    ">=": ge,
    "~": contains,
}
_EVERY = tuple(_COMPARISONS)
# Which operators a field takes. The last two are named by clients alone.
_FIELDS = {**dict.fromkeys((*_TIMES, "state", "id"), _EVERY), "userId": ("==",), "sql": ("~",)}
_PROPERTY = re.compile(r"(?P<name>\w+)(?P<op>==|!=|<=|>=|<|>|~)(?P<value>.+)", re.DOTALL)


@dataclass(frozen=True)
class QueryList:
    """``start`` is how many to leave out, or the instant to begin with."""

    tests: tuple[Test, ...]
    order: str
    descending: bool
    start: int | str

    def chosen(self, documents: Iterable[Document]) -> list[Document]:
        """Those that are wanted, in order, from the first one; ``documents`` come newest first."""
        found = [document for document in documents if all(test(document) for test in self.tests)]
        found.reverse()
        found.sort(key=lambda document: str(document[self.order]))
        if self.descending:
            found.reverse()
        if isinstance(self.start, int):
            return found
        reached = le if self.descending else ge
        return [document for document in found if reached(document[self.order], self.start)]


def stamp(now: int) -> str:
    """An instant in milliseconds as the service writes it; such texts order as the instants do."""
    return datetime.fromtimestamp(now / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_query_list(properties: Iterable[str], order: str, start: str, backwards: bool) -> QueryList:
    """Raises ``QUERY-0400-400``. ``backwards`` turns the order round, as a link to an earlier page does."""
    tests = tuple(_test(part) for text in properties for part in _parts(text))
    name = order.lstrip("+- ")
    if name not in _TIMES or len(order) - len(name) > 1:
        raise _wrong("orderby", order, "Send created or updated, with + or - before it.")
    first: int | str = int(start) if re.fullmatch(r"[0-9]{1,9}", start) else _instant("start", start)
    return QueryList(tests, name, order.startswith("-") != backwards, first)


def _parts(text: str) -> list[str]:
    """Filters with commas between them; SQL has commas of its own, so that filter stands alone."""
    return [text] if text.lower().startswith("sql~") else text.split(",")


def _test(text: str) -> Test:
    match = _PROPERTY.fullmatch(text)
    if match is None:
        raise _wrong("property", text, "Write state==SUCCESS, several with commas between them.")
    name = "sql" if match["name"] == "SQL" else match["name"]
    if match["op"] not in _FIELDS.get(name, ()):
        known = "; ".join(f"{field} with {' '.join(ops)}" for field, ops in _FIELDS.items())
        raise _wrong("property", text, f"Filter by {known}.")
    compare, value = _COMPARISONS[match["op"]], match["value"]
    if name in _TIMES and match["op"] != "~":
        value = _instant("property", value)
    if name == "sql":
        return lambda document: value.lower() in document["request"]["sql"].lower()
    return lambda document: compare(document[name], value)


def _instant(field: str, text: str) -> str:
    # In a query an unescaped plus arrives as a blank.
    try:
        given = datetime.fromisoformat(text.strip().replace(" ", "+") if "T" in text else text)
        return stamp(int((given if given.tzinfo else given.replace(tzinfo=UTC)).timestamp() * 1000))
    except (ValueError, OverflowError):
        raise _wrong(field, text, "Send an instant, such as 2026-01-31 or 2026-01-31T12:00:00Z.") from None


def _wrong(field: str, given: str, hint: str) -> Refusal:
    return Refusal(BAD, detail="The queries cannot be listed.", field=field, given=given, hint=hint)
