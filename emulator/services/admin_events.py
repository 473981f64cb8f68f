"""``/__admin/subscriptions``: who is told what happens, what they were told, and how it went."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from emulator.domain import event_forms
from emulator.domain.errors import Refusal
from emulator.edge.call import Answer, Call, answer, no_content
from emulator.edge.routing import Route
from emulator.engine import notices
from emulator.engine.clock import iso
from emulator.engine.notices import Wish
from emulator.engine.outgoing import fault_of_reach
from emulator.engine.webhooks import fault_of_address
from emulator.engine.world import World
from emulator.store import deliveries, subscribers
from emulator.store.database import Transaction
from emulator.store.deliveries import Delivery
from emulator.store.subscribers import Subscriber

Document = dict[str, Any]
DEFAULT_LIMIT = 100
MAX_LIMIT = 1_000
LONGEST_TEXT = 255
_KNOWN = ("url", "org", "events", "form", "secret")
_BAD = "ADMIN-BAD_REQUEST-400"
_MISSING = "ADMIN-NOT_FOUND-404"


def routes(world: World, new_secret: Callable[[], str]) -> list[Route]:
    """``new_secret`` makes the secret of a subscription that brings none."""
    calls = Subscriptions(world, new_secret)
    return [
        Route("GET", "/subscriptions", calls.show_all),
        Route("POST", "/subscriptions", calls.create),
        Route("GET", "/subscriptions/{id}", calls.show),
        Route("DELETE", "/subscriptions/{id}", calls.delete),
        Route("GET", "/subscriptions/{id}/deliveries", calls.deliveries),
        Route("POST", "/subscriptions/{id}/deliveries/{seq}/repeat", calls.repeat),
    ]


def subscribe_fixed(world: World, urls: Sequence[str], secret: str | None, fresh: str, origin: str) -> None:
    """Make the subscriptions that a server is started with those of ``urls``, each to everything.

    An address that was among them before keeps its deliveries, and its secret unless there is a new one.
    ``fresh`` is the secret of those that have none.
    """
    wanted = {str(uuid.uuid5(uuid.NAMESPACE_URL, f"flow-service-emulator:events:{url}")): url for url in urls}
    with world.database.reading() as tx:
        fixed = [one.id for one in subscribers.everyone(tx) if one.fixed]
    if not wanted and not fixed:
        return
    wish = Wish(event_forms.EVENTS, "alerts", origin, iso(world.clock.now()))
    with world.database.writing() as tx:
        for gone in set(fixed) - set(wanted):
            _remove(tx, gone)
        for subscriber_id, url in wanted.items():
            known = subscribers.find(tx, subscriber_id)
            if known is None:
                subscribers.create(tx, Subscriber(subscriber_id, None, url, secret or fresh, 1, wish.written()))
            else:
                subscribers.change(tx, subscriber_id, secret or known.secret, wish.written())
    notices.forget(world)


def _remove(tx: Transaction, subscriber_id: str) -> None:
    subscribers.remove(tx, subscriber_id)
    deliveries.remove_all_to(tx, subscriber_id)


class Subscriptions:
    """The operations on subscriptions."""

    def __init__(self, world: World, new_secret: Callable[[], str]) -> None:
        self._world = world
        self._new_secret = new_secret

    def show_all(self, call: Call) -> Answer:
        call.query.check((), _BAD)
        with self._world.database.reading() as tx:
            return answer({"items": [_shown(one) for one in subscribers.everyone(tx)]})

    def create(self, call: Call) -> Answer:
        """The only answer that shows the secret."""
        call.query.check((), _BAD)
        body = _object(call)
        url = _address(body)
        form = _one_of(body, "form", event_forms.FORMS, "alerts")
        wish = Wish(_events(body, form), form, call.origin, iso(self._world.clock.now()))
        secret = _text(body, "secret") or self._new_secret()
        new = Subscriber(self._world.ids.uuid(), _text(body, "org"), url, secret, 0, wish.written())
        fault = fault_of_reach(url, self._world.outgoing)
        if fault is not None:
            raise Refusal(_BAD, detail=f"url {fault}.")
        with self._world.database.writing() as tx:
            subscribers.create(tx, new)
        notices.forget(self._world)
        return answer({**_shown(new), "secret": secret}, 201)

    def show(self, call: Call) -> Answer:
        call.query.check((), _BAD)
        with self._world.database.reading() as tx:
            return answer(_shown(_found(tx, call)))

    def delete(self, call: Call) -> Answer:
        """Its deliveries go too."""
        call.query.check((), _BAD)
        with self._world.database.writing() as tx:
            found = _found(tx, call)
            if found.fixed:
                raise Refusal(
                    _BAD, detail=f"Subscription {found.id} is one of --events: leave it out at the next start."
                )
            _remove(tx, found.id)
        notices.forget(self._world)
        return no_content()

    def deliveries(self, call: Call) -> Answer:
        """``{"items", "count"}``, newest first; ``count`` is how many there are in all."""
        call.query.check(("limit",), _BAD)
        limit = call.query.number("limit", DEFAULT_LIMIT, 1, MAX_LIMIT, _BAD)
        with self._world.database.reading() as tx:
            found, count = deliveries.newest(tx, _found(tx, call).id, limit)
        return answer({"items": [_shown_delivery(one) for one in found], "count": count})

    def repeat(self, call: Call) -> Answer:
        """Deliver again, with as many attempts as the first time; it keeps its number and its place in the order."""
        call.query.check((), _BAD)
        given = call.params["seq"]
        seq = int(given) if given.isascii() and given.isdigit() and len(given) < 16 else 0
        with self._world.database.writing() as tx:
            subscriber, found = _found(tx, call), deliveries.find(tx, seq)
            if found is None or found.subscriber != subscriber.id:
                raise Refusal(_MISSING, detail=f"Subscription {subscriber.id} has no delivery {given}.")
            if not deliveries.repeat(tx, seq):
                raise Refusal(_BAD, detail=f"Delivery {seq} is still waiting: it can be repeated when it has ended.")
            again = deliveries.find(tx, seq)
        assert again is not None, "it has just been changed"
        self._world.on_notice()
        return answer(_shown_delivery(again), 202)


def _found(tx: Transaction, call: Call) -> Subscriber:
    found = subscribers.find(tx, call.params["id"])
    if found is None:
        raise Refusal(_MISSING, detail=f"There is no subscription {call.params['id']}.")
    return found


def _shown(one: Subscriber) -> Document:
    wish = Wish.read(one)
    return {
        "id": one.id,
        "url": one.url,
        "org": one.org,
        "events": wish.events,
        "form": wish.form,
        "createdAt": wish.created,
        "fixed": bool(one.fixed),
    }


def _shown_delivery(one: Delivery) -> Document:
    return {
        "seq": one.seq,
        "eventId": one.event_id,
        "event": one.event,
        "code": one.code,
        "org": one.org,
        "sandbox": one.sandbox,
        "flow": one.flow or None,
        "state": one.state,
        "attempts": one.attempts,
        "log": orjson.loads(one.log),
        "body": orjson.loads(one.body),
    }


def _object(call: Call) -> Document:
    body = call.json()
    if not isinstance(body, dict):
        raise Refusal(_BAD, detail=f"Send a JSON object with {', '.join(_KNOWN)}; only url is needed.")
    for name in body:
        if name not in _KNOWN:
            raise Refusal(_BAD, detail=f"{name} is unknown; known are {', '.join(_KNOWN)}.")
    return body


def _text(body: Document, name: str) -> str | None:
    """What was given is not repeated: it may be a secret."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_TEXT:
        raise Refusal(_BAD, detail=f"{name} must be a text of 1 to {LONGEST_TEXT} characters.")
    return value


def _address(body: Document) -> str:
    url = body.get("url")
    fault = fault_of_address(url) if isinstance(url, str) else "is needed, as a text"
    if fault is not None:
        raise Refusal(_BAD, detail=f"url {fault}.")
    return str(url)


def _one_of(body: Document, name: str, known: Sequence[str], default: str) -> str:
    value = body.get(name)
    if value is None:
        return default
    if value not in known:
        raise Refusal(_BAD, detail=f"{name} must be one of {', '.join(known)}.")
    return str(value)


def _events(body: Document, form: str) -> Sequence[str]:
    """All that the form can tell, unless some are named."""
    known = event_forms.events_of(form)
    named = body.get("events")
    if named is None:
        return known
    if not isinstance(named, list) or not named or any(event not in known for event in named):
        raise Refusal(_BAD, detail=f"events must be a list of some of {', '.join(known)}, which the form {form} has.")
    return [event for event in known if event in named]
