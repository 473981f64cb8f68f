"""Functions on the event lists and product strings of Analytics.

Products are split by commas, the fields of a product by semicolons (category, name, quantity, price, events,
eVars) and the entries of the last two by pipes. An event is ``name=value:id``; value and id may be missing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from emulator.domain.language.registry import function
from emulator.domain.language.values import Value, as_text

CATEGORY, NAME, QUANTITY, PRICE, EVENTS, EVARS = range(6)
# Documented: an event that carries no number counts once.
ONCE = "1"


class Event(NamedTuple):
    """An event of a list: its number, and the id that keeps it from being counted twice."""

    value: str
    serial: str | None


def _event(entries: list[str], name: str) -> Event | None:
    """The first entry of that name."""
    for entry in entries:
        before, _, serial = entry.partition(":")
        own, _, value = before.partition("=")
        if own.strip() == name:
            return Event(value.strip() or ONCE, serial.strip() or None)
    return None


def _evar(entries: list[str], name: str) -> str | None:
    """A value may hold colons and equals signs itself."""
    for entry in entries:
        own, _, value = entry.partition("=")
        if own.strip() == name:
            return value.strip() or None
    return None


def _fields(products: Value, at: int) -> list[str]:
    """One field of every product; empty where a product ends before it."""
    parted = (product.split(";") for product in as_text(products).split(",") if product.strip())
    return [fields[at].strip() if at < len(fields) else "" for fields in parted]


def _entries(products: Value, at: int) -> list[list[str]]:
    return [field.split("|") for field in _fields(products, at)]


@function("aa_get_event_id", 2)
def aa_get_event_id(events: Value, name: Value) -> Value:
    found = _listed(events, name)
    return found.serial if found else None


@function("aa_get_event_value", 2)
def aa_get_event_value(events: Value, name: Value) -> Value:
    found = _listed(events, name)
    return found.value if found else None


def _listed(events: Value, name: Value) -> Event | None:
    return None if events is None or name is None else _event(as_text(events).split(","), as_text(name).strip())


@function("aa_get_product_categories", 1)
def aa_get_product_categories(products: Value) -> Value:
    return _column(products, CATEGORY)


@function("aa_get_product_names", 1)
def aa_get_product_names(products: Value) -> Value:
    return _column(products, NAME)


@function("aa_get_product_quantities", 1)
def aa_get_product_quantities(products: Value) -> Value:
    return _column(products, QUANTITY)


@function("aa_get_product_prices", 1)
def aa_get_product_prices(products: Value) -> Value:
    return _column(products, PRICE)


def _column(products: Value, at: int) -> Value:
    """Documented: one text for each product, with its digits as they are, and null where it is empty."""
    return None if products is None else [field or None for field in _fields(products, at)]


@function("aa_get_product_event_values", 2)
def aa_get_product_event_values(products: Value, name: Value) -> Value:
    return _of_events(products, name, lambda event: event.value)


@function("aa_get_product_event_ids", 2)
def aa_get_product_event_ids(products: Value, name: Value) -> Value:
    return _of_events(products, name, lambda event: event.serial)


@function("aa_get_product_events", 2)
def aa_get_product_events(products: Value, name: Value) -> Value:
    return _of_events(products, name, lambda event: {"id": event.serial, "value": event.value})


@function("aa_get_product_evars", 2)
def aa_get_product_evars(products: Value, name: Value) -> Value:
    if products is None or name is None:
        return None
    return [_evar(entries, as_text(name).strip()) for entries in _entries(products, EVARS)]


def _of_events(products: Value, name: Value, part: Callable[[Event], Value]) -> Value:
    """One entry for each product, null where it lacks the event, so that arrays of one string pair up."""
    if products is None or name is None:
        return None
    found = (_event(entries, as_text(name).strip()) for entries in _entries(products, EVENTS))
    return [part(event) if event else None for event in found]
