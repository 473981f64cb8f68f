"""Descriptors of the tenant container."""

from __future__ import annotations

from typing import Any

from emulator.domain.errors import Refusal
from emulator.domain.kinds import DESCRIPTORS
from emulator.domain.tenant import Tenant
from emulator.domain.xdm_accept import check_descriptor_lookup, descriptor_list_form
from emulator.domain.xdm_admission import BAD
from emulator.domain.xdm_descriptors import admit, check_only_primary, is_primary_identity, new_descriptor, replaced
from emulator.domain.xdm_filters import property_filters
from emulator.domain.xdm_resources import Writing
from emulator.edge.call import Answer, Call, answer, no_content
from emulator.engine.schemas import lookup_in
from emulator.engine.world import World
from emulator.services.registry import storage
from emulator.services.registry.lists import PARAMETERS, page_of
from emulator.store import resources
from emulator.store.database import Transaction
from emulator.store.resources import Stored

Document = dict[str, Any]
NOT_FOUND = "XDM-1014-404"
# Documented.
MOST = 4000


class Descriptors:
    """Create, read, list, replace and delete descriptors."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._database = world.database

    def create(self, call: Call) -> Answer:
        call.query.check((), BAD)
        body = call.json()
        ids, tenant = self._world.ids, call.tenant
        with self._database.writing() as tx:
            if len(resources.slice_of(tx, tenant, DESCRIPTORS, MOST, 0)) >= MOST:
                raise Refusal(BAD, detail=f"A sandbox has {MOST} descriptors at most.")
            sent = admit(body, lookup_in(tx, tenant))
            descriptor = new_descriptor(sent, ids.schema(), self._by(tenant))
            check_only_primary(descriptor, storage.descriptors_of(tx, tenant, sent["xdm:sourceSchema"]))
            resources.create(tx, tenant, DESCRIPTORS, descriptor["@id"], descriptor, ids.etag(self._world.clock.now()))
            _note_at_schema(tx, tenant, descriptor)
        return answer(descriptor, 201)

    def list(self, call: Call) -> Answer:
        """By ``@type``, or in pages where ``Accept`` says v2. Documented: a type without descriptors is left out."""
        call.query.check(PARAMETERS, BAD)
        options = descriptor_list_form(call.headers.get("accept")).options
        with self._database.reading() as tx:
            found = storage.all_of(tx, call.tenant, DESCRIPTORS)[::-1]
        if "v2" in options:
            page = page_of(call, found, ("@id",))
            entries = [_entry(descriptor, options) for descriptor in page.entries]
            return answer({"results": entries, "_page": page.page, "_links": page.links})
        for name in ("limit", "start", "orderby"):
            if call.query.one(name) is not None:
                hint = "Ask for application/vnd.adobe.xdm-v2+json."
                raise Refusal(
                    BAD, detail="Only the v2 form is paged.", field=name, given=call.query.one(name), hint=hint
                )
        holds = property_filters(call.query.all("property"))
        by_type: dict[str, list[Any]] = {}
        for descriptor in found:
            if holds(descriptor):
                by_type.setdefault(descriptor["@type"], []).append(_entry(descriptor, options))
        return answer(by_type)

    def get(self, call: Call) -> Answer:
        call.query.check((), BAD)
        check_descriptor_lookup(call.headers.get("accept"))
        with self._database.reading() as tx:
            return answer(_stored(tx, call).document)

    def replace(self, call: Call) -> Answer:
        """Documented: 201 and the id."""
        call.query.check((), BAD)
        body = call.json()
        tenant, etag = call.tenant, self._world.ids.etag(self._world.clock.now())
        with self._database.writing() as tx:
            before = _stored(tx, call)
            after = replaced(before.document, admit(body, lookup_in(tx, tenant)), self._by(tenant))
            check_only_primary(after, storage.descriptors_of(tx, tenant, after["xdm:sourceSchema"]))
            storage.write(tx, tenant, DESCRIPTORS, after["@id"], before, after, etag)
            _note_at_schema(tx, tenant, after)
        return answer({"@id": after["@id"]}, 201)

    def delete(self, call: Call) -> Answer:
        call.query.check((), BAD)
        with self._database.writing() as tx:
            descriptor = _stored(tx, call).document
            resources.remove(tx, call.tenant, DESCRIPTORS, descriptor["@id"])
            _note_at_schema(tx, call.tenant, descriptor)
        return no_content()

    def _by(self, tenant: Tenant) -> Writing:
        return Writing(tenant, self._world.ids.digest(), self._world.clock.now())


def _stored(tx: Transaction, call: Call) -> Stored:
    found = resources.read_stored(tx, call.tenant, DESCRIPTORS, call.params["id"])
    if found is None:
        raise Refusal(NOT_FOUND, id=call.params["id"])
    return found


def _note_at_schema(tx: Transaction, tenant: Tenant, descriptor: Document) -> None:
    schema = descriptor["xdm:sourceSchema"]
    primary = [found for found in storage.descriptors_of(tx, tenant, schema) if is_primary_identity(found)]
    storage.keep_primary_identities(tx, tenant, schema, primary)


def _entry(descriptor: Document, options: frozenset[str]) -> Any:
    if "link" in options:
        return f"/tenant/descriptors/{descriptor['@id']}"
    return descriptor["@id"] if "id" in options else descriptor
