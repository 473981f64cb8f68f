"""The streaming inlet: one message, or a batch of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from emulator.domain.errors import Refusal
from emulator.domain.messages import Message, Unreadable, read
from emulator.domain.xdm_validation import report
from emulator.edge.call import Answer, Call, answer
from emulator.edge.envelopes import inlet
from emulator.edge.identity import Identity
from emulator.edge.routing import MEGABYTE, Route, Service
from emulator.engine.inlet_rules import InletRules
from emulator.engine.inlets import Channel, Entrance, Judged
from emulator.engine.streaming import NotYet, NoWay, Streaming, unread
from emulator.engine.world import World
from emulator.services.inlet_bodies import message_of, size_of
from emulator.store import inlets
from emulator.store.database import Transaction

Document = dict[str, Any]
_FLOW_ID = "x-adobe-flow-id"
_SYNC = ("syncValidation", "synchronousValidation")
_SKIPPED = {"skipped": True}
_CREATE = "create"
_AWAY = 503
# A megabyte of the shortest messages would be half a million of them.
_MOST_MESSAGES = 20_000


def service(world: World, identity: Identity, rules: InletRules) -> Service:
    calls = InletCalls(world, identity, rules)
    routes = [
        Route("POST", "/batch/{inlet}", calls.batch),
        Route("POST", "/{inlet}", calls.single),
    ]
    return Service(
        "streaming-ingestion",
        "/collection",
        "anyone",
        inlet,
        routes,
        MEGABYTE,
        "INLET-0413-413",
        tenant_of=lambda params: _home(world, params),
    )


def _home(world: World, params: Mapping[str, Any]) -> tuple[str, str] | None:
    """Organisation and sandbox of the inlet that a path names; senders name none."""
    with world.database.reading() as tx:
        found = inlets.find(tx, params.get("inlet", ""))
    return None if found is None else (found.org, found.sandbox)


class InletCalls:
    """Takes messages and answers as documented: 200 for one, always 207 for a batch."""

    def __init__(self, world: World, identity: Identity, rules: InletRules) -> None:
        self._world = world
        self._identity = identity
        self._streaming = Streaming(world, rules)

    def single(self, call: Call) -> Answer:
        """Documented: a record that breaks its schema is taken all the same, unless validation is asked for."""
        inlet_id, sync = call.params["inlet"], _asked_to_validate(call)
        with self._world.database.writing(quiet=True) as tx:
            entrance = self._entrance(tx, call, inlet_id)
            if sync is not None:
                _slow_down(inlet_id, self._streaming.validation_rate.wait_for(inlet_id), "validated messages a minute")
            whole, size = message_of(call)
            message, channel = self._read(tx, entrance, inlet_id, _named(call), whole)
            judged = [channel.judge(message.record, whole)] if message.operation == _CREATE else []
            if sync is not None and judged and judged[0].rejected is not None:
                raise _broken(inlet_id, entrance, judged[0])
            self._streaming.land(tx, entrance, channel, judged, 1 - len(judged), size)
        self._streaming.committed(entrance)
        received = self._world.clock.now()
        return answer(
            {
                "inletId": inlet_id,
                "xactionId": self._transaction_id(received),
                "receivedTimeMs": received,
                **({"flowId": channel.flow} if channel.flow else {}),
                **({_SYNC[0]: _SKIPPED} if sync is None else {sync: {"status": "pass"}}),
            }
        )

    def batch(self, call: Call) -> Answer:
        """Documented: one entry per message in order; a failed one has no ``xactionId``."""
        inlet_id = call.params["inlet"]
        if _asked_to_validate(call) is not None:
            detail = "synchronous validation is offered for single messages only"
            raise Refusal("INLET-0400-400", detail=f"inletId: [{inlet_id}] {detail}")
        with self._world.database.writing(quiet=True) as tx:
            entrance = self._entrance(tx, call, inlet_id)
            whole, size = message_of(call)
            messages = whole.get("messages")
            if not isinstance(messages, list):
                raise Refusal("INLET-0400-400", detail=f"inletId: [{inlet_id}] messages must be an array")
            if len(messages) > _MOST_MESSAGES:
                detail = f"inletId: [{inlet_id}] a batch has at most {_MOST_MESSAGES} messages"
                raise Refusal("INLET-0400-400", detail=detail)
            received = self._world.clock.now()
            batch_id = self._transaction_id(received)
            responses = self._take_all(tx, entrance, call, messages, size, batch_id)
        self._streaming.committed(entrance)
        return answer(
            {"inletId": inlet_id, "batchId": batch_id, "receivedTimeMs": received, "responses": responses}, 207
        )

    def _take_all(
        self, tx: Transaction, entrance: Entrance, call: Call, messages: list[Any], size: int, batch_id: str
    ) -> list[Document]:
        """Documented: messages that fail go to an error batch of the dataset, where it can be told which.

        ``size`` is that of the whole request.
        """
        responses: list[Document] = []
        taken: dict[str, _Taken] = {}
        inlet_id, named = call.params["inlet"], _named(call)
        for index, whole in enumerate(messages):
            try:
                message, channel = self._read(tx, entrance, inlet_id, named, whole)
            except Refusal as refusal:
                if refusal.status == _AWAY:
                    # A sender that is told to come again comes with the whole batch.
                    raise
                hint = {"hint": refusal.hint} if refusal.hint else {}
                responses.append({"statusCode": refusal.status, "message": refusal.text, **hint})
                home = self._streaming.refused(entrance, named, whole)
                if home is not None:
                    _taken(taken, home).add(unread(whole, str(refusal.values["detail"]), refusal.hint), whole)
                continue
            judged = channel.judge(message.record, whole) if message.operation == _CREATE else None
            _taken(taken, channel).add(judged, whole)
            responses.append({"xactionId": f"{batch_id}:{index}"})
        # In one order whatever comes first, so that two requests do not wait for each other.
        for _, one in sorted(taken.items()):
            share = size if len(one.messages) == len(messages) else size_of(one.messages)
            self._streaming.land(tx, entrance, one.channel, one.judged, one.skipped, share)
        return responses

    def _transaction_id(self, received: int) -> str:
        return f"{received}:{self._world.ids.number(10_000)}:{self._world.ids.number(1_000)}"

    def _entrance(self, tx: Transaction, call: Call, inlet_id: str) -> Entrance:
        entrance = self._streaming.entrance(tx, inlet_id)
        if entrance is None:
            raise Refusal("INLET-0404-404", inlet=inlet_id)
        call._tenant = entrance.tenant
        if entrance.needs_token:
            if not self._identity.token_is_valid(call.headers.get("authorization")):
                raise Refusal("INLET-AUTH-401")
            if call.headers.get("x-gw-ims-org-id", entrance.tenant.org) != entrance.tenant.org:
                raise Refusal("INLET-AUTH-403")
        _slow_down(inlet_id, self._streaming.rate.wait_for(inlet_id), "requests a second")
        return entrance

    def _read(
        self, tx: Transaction, entrance: Entrance, inlet_id: str, named: str | None, whole: Any
    ) -> tuple[Message, Channel]:
        org = entrance.tenant.org
        try:
            message = read(whole, entrance.data_type, org)
            return message, self._streaming.channel(tx, entrance, message, named)
        except Unreadable as error:
            raise Refusal("INLET-XDM-400", inlet=inlet_id, org=org, detail=error.detail, hint=error.hint) from None
        except NoWay as error:
            raise Refusal("INLET-0400-400", detail=f"inletId: [{inlet_id}] {error}", hint=error.hint) from None
        except NotYet as error:
            headers = {"retry-after": _seconds(error.wait_ms)}
            raise Refusal("INLET-0503-503", inlet=inlet_id, detail=str(error), headers=headers) from None


class _Taken:
    """Messages of one request for one flow."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.judged: list[Judged] = []
        self.messages: list[Any] = []
        self.skipped = 0

    def add(self, judged: Judged | None, message: Any) -> None:
        """``judged`` is None for a message that lands nowhere."""
        self.messages.append(message)
        if judged is None:
            self.skipped += 1
        else:
            self.judged.append(judged)


def _taken(taken: dict[str, _Taken], channel: Channel) -> _Taken:
    key = channel.flow or channel.dataset
    found = taken.get(key)
    if found is None:
        found = taken[key] = _Taken(channel)
    return found


def _named(call: Call) -> str | None:
    return call.headers.get(_FLOW_ID) or call.query.one(_FLOW_ID)


def _asked_to_validate(call: Call) -> str | None:
    """The name under which it is asked for; documented: anything but ``true`` means that it is off."""
    return next((name for name in _SYNC if (call.query.one(name) or "").lower() == "true"), None)


def _broken(inlet_id: str, entrance: Entrance, judged: Judged) -> Refusal:
    """Documented: the validator's findings as ``cause``; what the mapping could not make has only its words."""
    assert judged.rejected is not None
    org = entrance.tenant.org
    if judged.violations:
        cause = {"cause": {"_streamingValidation": [report(judged.violations)]}}
        return Refusal("INLET-XDM-400", inlet=inlet_id, org=org, detail="Message is invalid", report=cause)
    return Refusal("INLET-XDM-400", inlet=inlet_id, org=org, detail=judged.rejected.message)


def _slow_down(inlet_id: str, wait_ms: int | None, what: str) -> None:
    if wait_ms is not None:
        headers = {"retry-after": _seconds(wait_ms)}
        raise Refusal("INLET-0429-429", inlet=inlet_id, detail=f"too many {what}", headers=headers)


def _seconds(milliseconds: int) -> str:
    return str(math.ceil(milliseconds / 1000))
