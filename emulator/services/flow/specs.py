"""Connection specs and flow specs: those that ship with us and those that an organisation writes.

Reading answers the usual envelope; documented of POST and PUT is the bare spec without an etag.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from emulator.domain.errors import Refusal
from emulator.domain.filters import EQUALITY, Condition, holds, parse_filters
from emulator.domain.kinds import CONNECTION_SPECS, Kind
from emulator.domain.own_specs import admit_spec
from emulator.domain.tenant import Tenant
from emulator.edge.call import Answer, Call, answer
from emulator.engine.world import World, spec_home
from emulator.services.flow.entities import not_found
from emulator.store import pages, resources
from emulator.store.database import AlreadyThere, Contended, Transaction
from emulator.store.pages import Query

Document = dict[str, Any]
# An organisation that writes more specs than this has other worries.
MOST = 10_000


class Specs:
    """The spec operations of both kinds."""

    def __init__(self, world: World) -> None:
        self._world = world

    def list(self, kind: Kind, call: Call) -> Answer:
        call.query.check(("property",))
        conditions = spec_conditions(kind, call.query.all("property"))
        with self._world.database.reading() as tx:
            chosen = [body for body, _ in self.matching(tx, call.tenant, kind, conditions)]
        return Answer(200, b'{"items":[' + b",".join(chosen) + b'],"_links":{}}')

    def get(self, kind: Kind, call: Call) -> Answer:
        call.query.check(())
        with self._world.database.reading() as tx:
            body = self._body(tx, call.tenant, kind, call.params["id"])
        if body is None:
            raise not_found(kind, call.params["id"])
        return Answer(200, b'{"items":[' + body + b"]}")

    def create(self, kind: Kind, call: Call) -> Answer:
        call.query.check(())
        spec_id = self._world.ids.uuid()
        document = admit_spec(kind, call.json_object(), spec_id)
        with self._world.database.writing() as tx:
            resources.create(tx, spec_home(call.tenant), kind, spec_id, document, spec_id)
        location = f"{call.origin}/data/foundation/flowservice/{kind.name}/{spec_id}"
        return answer(document, 201, {"location": location})

    def replace(self, kind: Kind, call: Call) -> Answer:
        """Another spec in the place of one, shipped or own, for the whole organisation."""
        call.query.check(())
        body, home = call.json_object(), spec_home(call.tenant)
        with self._world.database.writing() as tx:
            if self._body(tx, call.tenant, kind, call.params["id"]) is None:
                raise not_found(kind, call.params["id"])
            spec_id = self._canonical(kind, call.params["id"])
            document = admit_spec(kind, body, spec_id)
            if not resources.replace(tx, home, kind, spec_id, document, spec_id, spec_id):
                try:
                    resources.create(tx, home, kind, spec_id, document, spec_id)
                except AlreadyThere as error:
                    raise Contended(f"{kind.name} {spec_id} was written by another call") from error
        return answer(document)

    def matching(
        self, tx: Transaction, tenant: Tenant, kind: Kind, conditions: Sequence[Condition]
    ) -> Iterator[tuple[bytes, Document]]:
        """Specs that meet all conditions: an organisation's own first, newest first, then those that ship with us."""
        own = pages.page(tx, spec_home(tenant), kind, Query(limit=MOST)).bodies
        written = [(body.encode(), orjson.loads(body)) for body in own]
        replaced = {document["id"] for _, document in written}
        for body, document in written:
            if all(holds(condition, document) for condition in conditions):
                yield body, document
        bodies, shipped = self._shipped(kind)
        for spec_id, document in shipped.items():
            if spec_id not in replaced and all(holds(condition, document) for condition in conditions):
                yield bodies[spec_id], document

    def _shipped(self, kind: Kind) -> tuple[dict[str, bytes], dict[str, Document]]:
        catalogue = self._world.catalogue
        if kind is CONNECTION_SPECS:
            specs = catalogue.connections.values()
            return dict(catalogue.connection_bodies), {spec.id: spec.document for spec in specs}
        return dict(catalogue.flow_bodies), {spec.id: spec.document for spec in catalogue.flows.values()}

    def _canonical(self, kind: Kind, spec_id: str) -> str:
        """The id behind one that published pages misprint."""
        shipped = self._world.catalogue.connections.get(spec_id) if kind is CONNECTION_SPECS else None
        return shipped.id if shipped else spec_id

    def _body(self, tx: Transaction, tenant: Tenant, kind: Kind, given: str) -> bytes | None:
        spec_id = self._canonical(kind, given)
        own = resources.body(tx, spec_home(tenant), kind, spec_id)
        return own.encode() if own is not None else self._shipped(kind)[0].get(spec_id)


def spec_conditions(kind: Kind, properties: Sequence[str]) -> Sequence[Condition]:
    conditions = parse_filters(properties, kind)
    for condition in conditions:
        if condition.op not in EQUALITY:
            hint = "Specs are filtered by == or !=."
            raise Refusal("FLOW-1448-400", operator=condition.op, name=condition.path, hint=hint)
    return conditions
