"""Calls that do something with a resource: export, import, sample data."""

from __future__ import annotations

from typing import Any

from emulator.domain.errors import Refusal
from emulator.domain.schema_ids import schema_id
from emulator.domain.tenant import Tenant
from emulator.domain.xdm_admission import BAD
from emulator.domain.xdm_library import OWN, SCHEMA, Collection, Lookup, collection_of, own_collection
from emulator.domain.xdm_resolution import resolved
from emulator.domain.xdm_resources import resource_id
from emulator.domain.xdm_samples import sample
from emulator.domain.xdm_transfer import exported, to_import
from emulator.edge.call import Answer, Call, answer
from emulator.engine.schemas import lookup_in
from emulator.engine.world import World
from emulator.services.registry import answers, storage
from emulator.services.registry.resources import Resources
from emulator.store import resources
from emulator.store.database import Transaction

Document = dict[str, Any]


class Transfer:
    """The registry's remote procedures."""

    def __init__(self, world: World) -> None:
        self._database = world.database
        self._makers = {collection: Resources(world, collection) for collection in OWN}

    def export(self, call: Call) -> Answer:
        """A resource of the tenant and what it stands on, each before what refers to it."""
        form = answers.asked_for(call)
        wanted = schema_id(call.params["id"])
        collection = own_collection(wanted) or SCHEMA
        answers.check_version(form, collection, wanted)
        with self._database.reading() as tx:
            resource = storage.stored(tx, call.tenant, collection, wanted).document
            return answer(exported(resource, lookup_in(tx, call.tenant), call.tenant))

    def take(self, call: Call) -> Answer:
        """Import: all of it or nothing. Documented: ids and titles must not be there yet."""
        call.query.check((), BAD)
        incoming = to_import(call.json(), call.tenant)
        with self._database.writing() as tx:
            made = [self._taken(tx, call.tenant, *entry) for entry in incoming]
        return answer(made)

    def _taken(self, tx: Transaction, tenant: Tenant, collection: Collection, token: str, body: Document) -> Document:
        wanted = resource_id(collection, token, tenant)
        if resources.is_there(tx, tenant, storage.kind_of(collection), wanted):
            raise Refusal("XDM-3005-400", detail=f"An object {wanted} already exists.", field="$id", given=wanted)
        try:
            return self._makers[collection].create_in(tx, tenant, body, token)
        except Refusal as refusal:
            raise Refusal("XDM-3005-400", detail=refusal.message) from refusal

    def sample(self, call: Call) -> Answer:
        """A record that fits a schema. Documented: ``Accept`` is that of a lookup."""
        form = answers.asked_for(call)
        wanted = schema_id(call.params["id"])
        answers.check_version(form, SCHEMA, wanted)
        with self._database.reading() as tx:
            lookup = lookup_in(tx, call.tenant)
            return answer(sample(resolved(_schema(lookup, wanted), lookup)))


def _schema(lookup: Lookup, wanted: str) -> Document:
    found = lookup(wanted)
    if found is None or collection_of(found) is not SCHEMA:
        raise Refusal(SCHEMA.not_found, id=wanted, version=1)
    return found
