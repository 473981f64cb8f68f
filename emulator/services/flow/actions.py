"""``POST …/{id}/action?op=…``: publishing drafts, enabling and disabling flows.

Documented: the operation in any letter case, a body that is optional and comes without a content type,
``If-Match`` that is optional, an answer of ``{"id", "etag"}``.
"""

from __future__ import annotations

from typing import Any

from emulator.domain import audit, etags
from emulator.domain.actions import ActionRequest, read_request
from emulator.domain.connections import DRAFT, Admitted
from emulator.domain.errors import Refusal
from emulator.domain.kinds import FLOWS, Kind
from emulator.edge.call import Answer, Call, answer
from emulator.engine.world import World
from emulator.services.flow import belongings
from emulator.services.flow.entities import Entities, as_sent
from emulator.store.database import Transaction
from emulator.store.resources import Stored

Document = dict[str, Any]
ENABLED, DISABLED = "enabled", "disabled"


class Actions:
    """The actions on connections, source and target connections and flows."""

    def __init__(self, world: World, entities: Entities) -> None:
        self._world = world
        self._entities = entities

    def act(self, kind: Kind, call: Call) -> Answer:
        call.query.check(("op", "subOp"))
        known = ("publish", "enable", "disable") if kind is FLOWS else ("publish",)
        request = read_request(kind, known, call.query.one("op"), call.query.all("subOp"), call.json())
        with self._world.database.writing() as tx:
            stored = self._entities.stored(tx, kind, call)
            if call.headers.get("if-match") is not None:
                etags.check(call.headers["if-match"], stored.etag)
            changed = self._changed(kind, request, stored, tx, call)
            etag = self._entities.write(tx, kind, call, stored, changed, self._world.clock.now())
        self._world.on_schedule_change()
        return answer({"id": stored.document["id"], "etag": etag})

    def _changed(self, kind: Kind, request: ActionRequest, stored: Stored, tx: Transaction, call: Call) -> Admitted:
        _check_state(request.operation, stored.document["state"])
        if request.operation == "publish":
            return self._published(kind, request, stored, tx, call)
        return self._switched(request, stored, tx, call)

    def _published(self, kind: Kind, request: ActionRequest, stored: Stored, tx: Transaction, call: Call) -> Admitted:
        """A draft is held to everything that it was excused from."""
        old, tenant = stored.document, call.tenant
        wanted = audit.content(as_sent(kind, stored))
        admitted = self._entities.admit(kind, wanted, tx, tenant, before=stored)
        kept = {name: old[name] for name in old if name not in wanted}
        document = {**kept, **admitted.document, "state": ENABLED}
        if kind is FLOWS:
            document["lastOperation"] = request.noted()
            if belongings.is_scheduled(document, self._world.specs(tx, tenant)):
                belongings.start_schedule(tx, tenant, old["id"], document, self._world.clock.now())
        return Admitted(document, admitted.secrets)

    def _switched(self, request: ActionRequest, stored: Stored, tx: Transaction, call: Call) -> Admitted:
        """A flow that is disabled keeps its schedule, which stands still until it is enabled again."""
        flow, tenant = stored.document, call.tenant
        if belongings.is_scheduled(flow, self._world.specs(tx, tenant)):
            if request.operation == "enable":
                belongings.resume_schedule(tx, tenant, flow, self._world.clock.now())
            else:
                belongings.stop_schedule(tx, tenant, flow["id"])
        state = ENABLED if request.operation == "enable" else DISABLED
        return Admitted({**flow, "state": state, "lastOperation": request.noted()}, stored.secrets)


_FROM = {"publish": DRAFT, "enable": DISABLED, "disable": ENABLED}


def _check_state(operation: str, state: str) -> None:
    needed = _FROM[operation]
    if state != needed:
        raise Refusal("FLOW-1422-400", action=operation, state=state, hint=f"It applies to state {needed}.")
