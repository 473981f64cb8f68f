"""Lists of the registry: filtered by ``property``, ordered, and paged by the value that a page ended with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple
from urllib.parse import urlencode

from emulator.domain.errors import Refusal
from emulator.domain.xdm_filters import property_filters
from emulator.edge.call import Call

Document = dict[str, Any]

MAX_LIMIT = 300
EVERYTHING = 2**31
PARAMETERS = ("limit", "start", "orderby", "property")
_CODE = "XDM-1400-400"
# Only what is unique can come first in an order: ``start`` is the value that the page before ended with.
_UNIQUE = ("title", "$id", "meta:altId")


class Page(NamedTuple):
    """The entries of a page, and ``_page`` and ``_links`` beside them."""

    entries: list[Document]
    page: Document
    links: Document


def page_of(call: Call, resources: Iterable[Document], unique: tuple[str, ...] = _UNIQUE) -> Page:
    """Documented: ``results`` and ``_page`` whose ``next`` is null on the last page.

    ``limit`` and ``start`` are taken without ``orderby`` too, as a client sends them; the order is then that of
    ``unique[0]``.
    """
    limit = call.query.number("limit", MAX_LIMIT, 1, MAX_LIMIT, _CODE)
    order = call.query.one("orderby") or unique[0]
    name, descending = _order(order, unique)
    properties = call.query.all("property")
    holds = property_filters(properties)
    chosen = sorted((found for found in resources if holds(found)), key=lambda found: str(found[name]))
    if descending:
        chosen.reverse()
    start = call.query.one("start")
    if start is not None:
        chosen = [found for found in chosen if _is_behind(str(found[name]), start, descending)]
    page, rest = chosen[:limit], chosen[limit:]
    following = str(page[-1][name]) if rest else None
    links: Document = {}
    if following is not None:
        repeated = [("property", text) for text in properties]
        after = urlencode([("orderby", order), ("limit", limit), ("start", following), *repeated])
        links["next"] = {"href": f"{call.origin}{call.path}?{after}"}
    return Page(page, {"orderby": order, "next": following, "count": len(page)}, links)


def _order(order: str, unique: tuple[str, ...]) -> tuple[str, bool]:
    """The field that comes first in an order, and whether it goes down. Those behind it have nothing left to order."""
    first = order.split(",", 1)[0].strip()
    name = first.lstrip("+- ")
    if name not in unique:
        raise Refusal(
            _CODE,
            detail=f"A list cannot be ordered by {name}.",
            field="orderby",
            given=order,
            hint=f"Begin with one of {', '.join(unique)}.",
        )
    return name, first.startswith("-")


def _is_behind(value: str, start: str, descending: bool) -> bool:
    return value < start if descending else value > start
