"""The streaming inlet: one message, or a batch of them."""

from __future__ import annotations

from typing import Any

import orjson

from emulator.domain.errors import Refusal
from emulator.domain.kinds import FLOWS
from emulator.domain.mapping import MappingProblem
from emulator.edge.call import Answer, Call, answer, fault, parsed
from emulator.edge.envelopes import inlet
from emulator.edge.identity import Identity
from emulator.edge.routing import MEGABYTE, Route, Service
from emulator.engine.streaming import Entrance, Streaming
from emulator.engine.world import World
from emulator.store import resources
from emulator.store.database import Transaction

Document = dict[str, Any]
UNKNOWN_FORMAT = "Message has unknown xdm format"
WRONG_ORG = "Message has an absent or wrong ims org in the header"
_FLOW_ID = "x-adobe-flow-id"


def service(world: World, identity: Identity) -> Service:
    calls = InletCalls(world, identity)
    routes = [
        Route("POST", "/batch/{inlet}", calls.batch),
        Route("POST", "/{inlet}", calls.single),
    ]
    return Service("streaming-ingestion", "/collection", "anyone", inlet, routes, MEGABYTE, "INLET-0413-413")


class InletCalls:
    """Takes messages and answers as documented: 200 for one, always 207 for a batch."""

    def __init__(self, world: World, identity: Identity) -> None:
        self._world = world
        self._identity = identity
        self._streaming = Streaming(world)

    def single(self, call: Call) -> Answer:
        inlet_id = call.params["inlet"]
        _check_validation(call)
        with self._world.database.writing() as tx:
            entrance = self._entrance(tx, call, inlet_id)
            message = _parsed(call)
            entity = self._entity(entrance, message, inlet_id)
            flow = self._flow(tx, entrance, call, message)
            try:
                self._streaming.take(tx, entrance, flow, [entity])
            except MappingProblem as error:
                raise Refusal("INLET-0400-400", detail=f"inletId: [{inlet_id}] {error}") from None
        received = self._world.clock.now()
        return answer(
            {
                "inletId": inlet_id,
                "xactionId": self._transaction_id(received),
                "receivedTimeMs": received,
                "flowId": flow["id"],
                "syncValidation": {"skipped": True},
            }
        )

    def batch(self, call: Call) -> Answer:
        """Documented: one entry per message in order; a failed one has no ``xactionId``."""
        inlet_id = call.params["inlet"]
        with self._world.database.writing() as tx:
            entrance = self._entrance(tx, call, inlet_id)
            body = _parsed(call)
            messages = body.get("messages")
            if not isinstance(messages, list):
                raise Refusal("INLET-0400-400", detail=f"inletId: [{inlet_id}] messages must be an array")
            received = self._world.clock.now()
            batch_id = self._transaction_id(received)
            responses = self._take_all(tx, entrance, call, messages, batch_id)
        return answer(
            {"inletId": inlet_id, "batchId": batch_id, "receivedTimeMs": received, "responses": responses}, 207
        )

    def _take_all(
        self, tx: Transaction, entrance: Entrance, call: Call, messages: list[Any], batch_id: str
    ) -> list[Document]:
        inlet_id = call.params["inlet"]
        responses: list[Document] = []
        accepted: dict[str, tuple[Document, dict[int, Document]]] = {}
        for index, message in enumerate(messages):
            try:
                if not isinstance(message, dict):
                    raise _unreadable(inlet_id, entrance, UNKNOWN_FORMAT)
                entity = self._entity(entrance, message, inlet_id)
                flow = self._flow(tx, entrance, call, message)
            except Refusal as refusal:
                responses.append({"statusCode": refusal.status, "message": refusal.message})
                continue
            accepted.setdefault(flow["id"], (flow, {}))[1][index] = entity
            responses.append({"xactionId": f"{batch_id}:{index}"})
        for flow, entities in accepted.values():
            try:
                self._streaming.take(tx, entrance, flow, list(entities.values()))
            except MappingProblem as error:
                for index in entities:
                    responses[index] = {"statusCode": 400, "message": f"inletId: [{inlet_id}] {error}"}
        return responses

    def _transaction_id(self, received: int) -> str:
        return f"{received}:{self._world.ids.number(10_000)}:{self._world.ids.number(1_000)}"

    def _entrance(self, tx: Transaction, call: Call, inlet_id: str) -> Entrance:
        entrance = self._streaming.entrance(tx, inlet_id)
        if entrance is None:
            raise Refusal("INLET-0404-404", inlet=inlet_id)
        if entrance.needs_token and not self._identity.token_is_valid(call.headers.get("authorization")):
            raise Refusal("INLET-AUTH-401")
        return entrance

    def _entity(self, entrance: Entrance, message: Document, inlet_id: str) -> Document:
        """The record in a message: all of a raw one, ``body.xdmEntity`` of an XDM one."""
        if entrance.data_type != "xdm":
            return message
        header, body = message.get("header"), message.get("body")
        entity = body.get("xdmEntity") if isinstance(body, dict) else None
        if not isinstance(header, dict) or "schemaRef" not in header or not isinstance(entity, dict):
            raise _unreadable(inlet_id, entrance, UNKNOWN_FORMAT)
        # A missing organisation is filled in, as the newest tutorial relies on; a wrong one is refused.
        if header.get("imsOrgId", entrance.tenant.org) != entrance.tenant.org:
            raise _unreadable(inlet_id, entrance, WRONG_ORG)
        return entity

    def _flow(self, tx: Transaction, entrance: Entrance, call: Call, message: Document) -> Document:
        """The flow a message is for: named by header, query or message, or the inlet's only one."""
        header = message.get("header") if entrance.data_type == "xdm" else None
        named = call.headers.get(_FLOW_ID) or call.query.one(_FLOW_ID)
        named = named or (header.get("flowId") if isinstance(header, dict) else None)
        known = self._streaming.flows(tx, entrance)
        if named is None and len(known) == 1:
            named = known[0]
        if named is None or named not in known:
            seen = f"flow {named} is none of its flows" if named else f"{len(known)} flows read from it"
            raise Refusal(
                "INLET-0400-400",
                detail=f"inletId: [{call.params['inlet']}] {seen}",
                hint=f"Name one in the header {_FLOW_ID}: {', '.join(known) or 'create a flow first'}.",
            )
        flow = resources.read(tx, entrance.tenant, FLOWS, named)
        if flow is None or flow["state"] != "enabled":
            raise Refusal("INLET-0400-400", detail=f"inletId: [{call.params['inlet']}] flow {named} is not enabled")
        return flow


def _unreadable(inlet_id: str, entrance: Entrance, detail: str) -> Refusal:
    return Refusal("INLET-XDM-400", inlet=inlet_id, org=entrance.tenant.org, detail=detail)


def _check_validation(call: Call) -> None:
    """Documented: 501 where synchronous validation is not offered; anything but ``true`` means it is off."""
    for name in ("syncValidation", "synchronousValidation"):
        if (call.query.one(name) or "").lower() == "true":
            raise Refusal("INLET-0501-501", detail=f"{name} is not offered by this release")


def _parsed(call: Call) -> Document:
    kind = call.headers.get("content-type", "application/json").split(";")[0].strip().lower()
    if kind not in ("application/json", "application/x-www-form-urlencoded"):
        raise Refusal("INLET-0415-415", given_type=kind)
    try:
        message = parsed(call.body)
    except orjson.JSONDecodeError as error:
        raise Refusal("INLET-0400-400", detail=f"the message is not JSON: {fault(error)}") from None
    if not isinstance(message, dict):
        raise Refusal("INLET-0400-400", detail="the message must be a JSON object")
    return message
