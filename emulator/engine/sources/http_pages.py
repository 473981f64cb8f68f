"""Pages of a REST API's answers: the records of one, and what to ask for the next one.

A spec's ``contentPath`` and ``paginationParams`` say both, as self-serve sources document them; a source
connection's parameters of the same names go before. Without them the usual forms are recognised.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from emulator.domain.nesting import MAX_DEPTH, is_too_deep
from emulator.engine.sources.loopback import Address, follow
from emulator.engine.sources.retries import Refused, Unusable
from emulator.engine.sources.source import Record

Document = dict[str, Any]

# The documented default for one run.
MOST_PAGES = 10_000
_LISTS = ("data", "items", "results", "records", "value")
_LINKS = (
    "next",
    "links.next",
    "_links.next.href",
    "_links.next",
    "paging.next.link",
    "paging.next",
    "nextLink",
    "next_page",
    "next_page_url",
)
_CURSORS = ("next_cursor", "meta.next_cursor", "nextCursor")
_NEXT_LINK = re.compile(r'<([^>]*)>[^,]*;\s*rel="?next"?', re.IGNORECASE)


@dataclass(frozen=True)
class Ask:
    """One page that is asked for."""

    address: Address
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def at(cls, address: Address) -> Ask:
        return cls(replace(address, query=""), tuple(parse_qsl(address.query, keep_blank_values=True)))

    def to(self) -> Address:
        return replace(self.address, query=urlencode(self.query))

    def with_query(self, changes: dict[str, str]) -> Ask:
        kept = (pair for pair in self.query if pair[0] not in changes)
        return replace(self, query=(*kept, *changes.items()))

    def value(self, name: str, default: int) -> int:
        return whole(dict(self.query).get(name), default)


@dataclass(frozen=True)
class Page:
    """What was answered: the parsed body, the headers, and how many records were in it, ``last`` the last one."""

    body: Any
    headers: dict[str, str]
    count: int
    last: Any


@dataclass(frozen=True)
class Content:
    """Where the records are in an answer.

    ``path`` leads to an array, empty where it has to be found. ``wrapper`` is the field under which each
    record comes; the fields beside the array come with it where ``siblings`` says so.
    """

    path: tuple[str, ...] = ()
    wrapper: str | None = None
    siblings: Callable[[str], bool] = lambda _: False

    def elements(self, body: Any, resource: str) -> tuple[Document, list[Record]]:
        """The fields beside the array, and what is in it. Raises ``Unusable``."""
        around, found = self._at_path(body) if self.path else ({}, _recognised_list(body, resource))
        for number, element in enumerate(found, 1):
            if not isinstance(element, dict):
                raise Unusable(f"Record {number} of the answer is not an object.")
            if is_too_deep(element):
                raise Unusable(f"Record {number} of the answer is nested in more than {MAX_DEPTH} levels.")
        return around, found

    def wrapped(self, around: Document, elements: list[Record]) -> list[Record]:
        """The records as the connector hands them on."""
        if self.wrapper is None:
            return elements
        beside = {name: value for name, value in around.items() if self.siblings(name)}
        return [{**beside, self.wrapper: element} for element in elements]

    def _at_path(self, body: Any) -> tuple[Document, list[Any]]:
        *way, name = self.path
        around = at(body, way)
        found = around.get(name, around) if isinstance(around, dict) else body
        if found is None:
            return {}, []
        if not isinstance(around, dict) or not isinstance(found, list):
            there = f"; there are: {', '.join(sorted(map(str, around))[:10])}" if isinstance(around, dict) else ""
            raise Unusable(f"The answer has no array at {'.'.join(self.path)}{there}.")
        return {other: value for other, value in around.items() if other != name}, found


def _recognised_list(body: Any, resource: str) -> list[Any]:
    """The array of an answer; an object without one is a record."""
    if not isinstance(body, dict):
        return body if isinstance(body, list) else [] if body is None else [body]
    found = next((body[name] for name in (resource, *_LISTS) if isinstance(body.get(name), list)), None)
    return found if found is not None else [body] if body else []


def content_of(given: Any, wrapper: str | None) -> Content:
    """``contentPath`` as a spec has it, or its path alone; without one, ``wrapper`` is what the source is known by."""
    if isinstance(given, str):
        return Content(_steps(given), wrapper)
    if not isinstance(given, dict) or not isinstance(given.get("path"), str):
        return Content((), wrapper)
    steps = _steps(given["path"])
    keep, skip = (_names(given.get(name)) for name in ("keepAttributes", "skipAttributes"))
    own = given.get("overrideWrapperAttribute") or (steps[-1] if steps else wrapper)
    return Content(steps, own, lambda name: name in keep if keep else name not in skip)


def _names(given: Any) -> list[Any]:
    return given if isinstance(given, list) else []


def _steps(path: Any) -> tuple[str, ...]:
    """``$.a.b[*]`` as names; none for the whole answer."""
    text = str(path or "")
    return tuple(part for part in text.removeprefix("$").replace("[*]", "").split(".") if part)


def first_ask(ask: Ask, paging: Document) -> Ask:
    """What is asked first: with the size of pages, where the first page begins."""
    limit, name = paging.get("limitName"), _offset_name(paging)
    if isinstance(limit, str) and paging.get("limitValue") is not None:
        ask = ask.with_query({limit: str(paging["limitValue"])})
    kind = _kind(paging)
    if kind == "OFFSET":
        ask = ask.with_query({name: "0"})
    if kind == "PAGE":
        ask = ask.with_query({_page_name(paging): str(whole(paging.get("initialPageIndex"), 0))})
    return ask


def next_ask(ask: Ask, page: Page, paging: Document) -> Ask | None:
    """What to ask after a page, None when it was the last. Raises ``Refused`` when that leaves this machine."""
    if not page.count:
        return None
    kind = _kind(paging)
    if kind in ("OFFSET", "PAGE"):
        limit = whole(paging.get("limitValue"), 0)
        if page.count < limit or _is_last(ask, page, paging):
            return None
        name, step = (_offset_name(paging), page.count) if kind == "OFFSET" else (_page_name(paging), 1)
        return ask.with_query({name: str(ask.value(name, 0) + step)})
    if kind == "POINTER":
        link = at(page.body, _steps(paging.get("pointerPath")))
        return _linked(ask, link) if link else None
    if kind == "CONTINUATION_TOKEN":
        return _continued(ask, page, paging)
    return None if kind == "NONE" else _recognised(ask, page)


def _kind(paging: Document) -> str:
    return str(paging.get("type", "")).upper()


def _offset_name(paging: Document) -> str:
    """Published in two spellings."""
    return str(paging.get("offSetName") or paging.get("offsetName") or "offset")


def _page_name(paging: Document) -> str:
    return str(paging.get("pageParamName") or "page")


def _is_last(ask: Ask, page: Page, paging: Document) -> bool:
    """``endPageIndex`` is the last page's number, or names the header with the number of pages."""
    end = paging.get("endPageIndex")
    if _kind(paging) != "PAGE" or end is None:
        return False
    first = whole(paging.get("initialPageIndex"), 0)
    if isinstance(end, str) and end.lower().startswith("headers."):
        pages = page.headers.get(end[len("headers.") :].lower())
        last = first + whole(pages, 1) - 1
    else:
        last = whole(end, first)
    return ask.value(_page_name(paging), first) >= last


def _continued(ask: Ask, page: Page, paging: Document) -> Ask | None:
    token = at(page.body, _steps(paging.get("continuationTokenPath")))
    if token in (None, "", False) or at(page.body, ("meta", "has_more")) is False:
        return None
    name = str(paging.get("parameterName") or "cursor")
    if str(paging.get("parameterType", "")).upper() == "HEADERPARAM":
        return replace(ask, headers=((name, str(token)),))
    return ask.with_query({name: str(token)})


def _recognised(ask: Ask, page: Page) -> Ask | None:
    """The usual forms: a link in the header or the body, a cursor, and a flag with the last record's id."""
    link = _NEXT_LINK.search(page.headers.get("link", ""))
    if link is not None:
        return _linked(ask, link[1])
    if not isinstance(page.body, dict):
        return None
    for value in (page.body.get("@odata.nextLink"), *(at(page.body, _steps(path)) for path in _LINKS)):
        if isinstance(value, str) and value.startswith(("http://", "https://", "/", "?")):
            return _linked(ask, value)
    for value in (at(page.body, _steps(path)) for path in _CURSORS):
        if isinstance(value, str) and value:
            return ask.with_query({"cursor": value})
    last = page.last.get("id") if isinstance(page.last, dict) else None
    if page.body.get("has_more") is True and last is not None:
        return ask.with_query({"starting_after": str(last)})
    return None


def _linked(ask: Ask, link: Any) -> Ask:
    if not isinstance(link, str):
        raise Refused(f"{ask.address.url()} names a next page that is no link.")
    return Ask.at(follow(ask.to(), link))


def at(body: Any, way: Iterable[str]) -> Any:
    """The value behind these names, None where there is none."""
    for name in way:
        body = body.get(name) if isinstance(body, dict) else None
    return body


def whole(value: Any, default: int) -> int:
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return default
