"""``/__admin/faults``: rules by which service calls go wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import orjson

from emulator.domain.errors import Refusal
from emulator.domain.fault_checks import refused
from emulator.domain.fault_rules import check_served, normal, presets, read
from emulator.edge.call import Answer, Call, answer, no_content
from emulator.edge.routing import MEGABYTE, Route, Service
from emulator.engine.clock import iso
from emulator.engine.world import World
from emulator.services.admin_tenants import tenant_headers
from emulator.store import faults
from emulator.store.database import Transaction
from emulator.store.faults import StoredFault

Document = dict[str, Any]
MOST = 1000
_BAD = "ADMIN-BAD_REQUEST-400"
_SEEDS = 2**32


def routes(world: World, on_change: Callable[[], None], services: Sequence[Service]) -> list[Route]:
    """``on_change`` makes the edge take over the list; ``services`` are what rules can be about."""
    calls = AdminFaults(world, on_change, services)
    return [
        Route("GET", "/faults", calls.show_all),
        Route("POST", "/faults", calls.add, body_limit=MEGABYTE),
        Route("DELETE", "/faults", calls.clear),
        Route("GET", "/faults/{id}", calls.show),
        Route("DELETE", "/faults/{id}", calls.delete),
    ]


class AdminFaults:
    """The operations on fault rules. With a tenant's headers they see and touch that tenant's alone."""

    def __init__(self, world: World, on_change: Callable[[], None], services: Sequence[Service]) -> None:
        self._world = world
        self._on_change = on_change
        self._served = [(service.name, route.operation) for service in services for route in service.routes]

    def show_all(self, call: Call) -> Answer:
        """In the order in which they are tried."""
        call.query.check((), _BAD)
        only = tenant_headers(call)
        with self._world.database.reading() as tx:
            found = [one for one in faults.everyone(tx) if only is None or (one.org, one.sandbox) == only]
        known = {name: preset["meaning"] for name, preset in presets().items()}
        return answer({"items": [_shown(one) for one in found], "count": len(found), "presets": known})

    def add(self, call: Call) -> Answer:
        """It goes behind those that are there."""
        call.query.check((), _BAD)
        document = normal(call.json(), self._world.ids.number(_SEEDS), tenant_headers(call))
        self._check_strikes(document)
        match = document["match"]
        org, sandbox = match.get("org"), match.get("sandbox")
        text = orjson.dumps(document).decode()
        new = StoredFault(self._world.ids.uuid(), org, sandbox, text, document["times"], 0)
        with self._world.database.writing() as tx:
            if faults.standing(tx)[0] >= MOST:
                raise Refusal(_BAD, detail=f"There are {MOST} rules already: delete some, used up ones too.")
            faults.add(tx, new)
        self._on_change()
        return answer(_shown(new), 201)

    def _check_strikes(self, document: Document) -> None:
        """Refuses a rule that never could."""
        check_served(document["match"], self._served)
        until, now = read(document).until, self._world.clock.now()
        if until is not None and until <= now:
            raise refused("until", f"has passed already: by the server's clock it is {iso(now)}")

    def show(self, call: Call) -> Answer:
        call.query.check((), _BAD)
        with self._world.database.reading() as tx:
            return answer(_shown(_found(tx, call)))

    def delete(self, call: Call) -> Answer:
        call.query.check((), _BAD)
        with self._world.database.writing() as tx:
            faults.remove(tx, _found(tx, call).id)
        self._on_change()
        return no_content()

    def clear(self, call: Call) -> Answer:
        call.query.check((), _BAD)
        only = tenant_headers(call)
        with self._world.database.writing() as tx:
            if only is None:
                faults.remove_all(tx)
            else:
                faults.remove_tenant(tx, *only)
        self._on_change()
        return no_content()


def _found(tx: Transaction, call: Call) -> StoredFault:
    found, only = faults.find(tx, call.params["id"]), tenant_headers(call)
    if found is None or (only is not None and (found.org, found.sandbox) != only):
        raise Refusal("ADMIN-NOT_FOUND-404", detail=f"There is no fault {call.params['id']}.")
    return found


def _shown(one: StoredFault) -> Document:
    return {"id": one.id, **orjson.loads(one.body), "remaining": one.remaining, "hits": one.hits}
