"""Schemas, classes, field groups and data types of the tenant container."""

from __future__ import annotations

from typing import Any

from jsonpointer import unescape

from emulator.domain import json_patch
from emulator.domain.errors import Refusal
from emulator.domain.kinds import DESCRIPTORS
from emulator.domain.schema_ids import schema_id
from emulator.domain.tenant import Tenant
from emulator.domain.xdm_admission import BAD, admit
from emulator.domain.xdm_descriptors import check_union
from emulator.domain.xdm_library import SCHEMA, Collection, collection_of, find_global
from emulator.domain.xdm_resolution import resolved
from emulator.domain.xdm_resources import SAID, Writing, is_union, new_resource, revised, said
from emulator.edge.call import Answer, Call, answer, no_content
from emulator.engine.schemas import lookup_in
from emulator.engine.world import World
from emulator.services.registry import answers, storage
from emulator.store import resources
from emulator.store.database import Transaction

Document = dict[str, Any]


class Resources:
    """Create, read, list, change and delete one kind of resources."""

    def __init__(self, world: World, collection: Collection) -> None:
        self._world = world
        self._database = world.database
        self._collection = collection
        self._kind = storage.kind_of(collection)

    def create(self, call: Call) -> Answer:
        call.query.check((), BAD)
        body = call.json()
        with self._database.writing() as tx:
            document = self.create_in(tx, call.tenant, body, self._world.ids.schema())
        return answer(document, 201)

    def create_in(self, tx: Transaction, tenant: Tenant, body: Any, token: str) -> Document:
        """Check and store a new resource; ``token`` is the last part of its ``$id``."""
        lookup = lookup_in(tx, tenant)
        admit(self._collection, body, lookup, tenant)
        document = new_resource(self._collection, body, token, lookup, self._by(tenant))
        storage.check_title(tx, tenant, document["title"])
        resolved(document, lookup, strict=True)
        resources.create(tx, tenant, self._kind, document["$id"], document, self._world.ids.etag(self._now()))
        return document

    def get(self, call: Call) -> Answer:
        form = answers.asked_for(call)
        wanted = schema_id(call.params["id"])
        answers.check_version(form, self._collection, wanted)
        with self._database.reading() as tx:
            document = self._found(tx, call.tenant, wanted)
            described = storage.descriptors_of(tx, call.tenant, wanted) if "desc" in form.options else ()
            return answers.one(document, form, lookup_in(tx, call.tenant), described)

    def _found(self, tx: Transaction, tenant: Tenant, wanted: str) -> Document:
        """Clients look parts of schemas up in the tenant container, whoever's they are."""
        shared = find_global(wanted)
        if shared is not None and collection_of(shared) is self._collection:
            return shared
        return storage.stored(tx, tenant, self._collection, wanted).document

    def list(self, call: Call) -> Answer:
        links = {}
        if self._collection is SCHEMA:
            links = {"global_schemas": {"href": call.origin + call.path.replace("/tenant/", "/global/").rstrip("/")}}
        with self._database.reading() as tx:
            lookup = lookup_in(tx, call.tenant)
            return answers.many(call, lambda: storage.all_of(tx, call.tenant, self._kind), lookup, links)

    def replace(self, call: Call) -> Answer:
        """A whole new content under the old id."""
        call.query.check((), BAD)
        body = call.json()
        with self._database.writing() as tx:
            return self._revise(tx, call, body)

    def patch(self, call: Call) -> Answer:
        call.query.check((), BAD)
        operations = _operations(call.json())
        with self._database.writing() as tx:
            before = storage.stored(tx, call.tenant, self._collection, schema_id(call.params["id"])).document
            return self._revise(tx, call, _patched(said(before), operations))

    def _revise(self, tx: Transaction, call: Call, body: Any) -> Answer:
        wanted, tenant = schema_id(call.params["id"]), call.tenant
        before = storage.stored(tx, tenant, self._collection, wanted)
        lookup = lookup_in(tx, tenant)
        admit(self._collection, body, lookup, tenant)
        after = revised(self._collection, before.document, body, lookup, self._by(tenant))
        storage.check_title(tx, tenant, after["title"], but=wanted)
        storage.write(tx, tenant, self._kind, wanted, before, after, self._world.ids.etag(self._now()))
        resolved(after, lookup_in(tx, tenant), strict=True)
        if self._collection is SCHEMA:
            self._check_tag(tx, tenant, before.document, after)
        return answer({name: value for name, value in after.items() if name != "meta:primaryIdentities"})

    def _check_tag(self, tx: Transaction, tenant: Tenant, before: Document, after: Document) -> None:
        """Documented: a schema that has joined a union does not leave it."""
        if is_union(before) and not is_union(after):
            detail = "A schema that is in a union stays there."
            raise Refusal(BAD, detail=detail, field="meta:immutableTags", given=after.get("meta:immutableTags"))
        if not is_union(before) and is_union(after):
            described = storage.descriptors_of(tx, tenant, after["$id"])
            targets = {found["xdm:destinationSchema"] for found in described if "xdm:destinationSchema" in found}
            others = [found for target in sorted(targets) for found in storage.descriptors_of(tx, tenant, target)]
            check_union(described, others, lookup_in(tx, tenant))

    def delete(self, call: Call) -> Answer:
        call.query.check((), BAD)
        wanted = schema_id(call.params["id"])
        with self._database.writing() as tx:
            storage.stored(tx, call.tenant, self._collection, wanted)
            storage.check_unused(tx, call.tenant, wanted)
            for descriptor in storage.descriptors_of(tx, call.tenant, wanted):
                resources.remove(tx, call.tenant, DESCRIPTORS, descriptor["@id"])
            resources.remove(tx, call.tenant, self._kind, wanted)
        return no_content()

    def _now(self) -> int:
        return self._world.clock.now()

    def _by(self, tenant: Tenant) -> Writing:
        return Writing(tenant, self._world.ids.digest(), self._now())


def _operations(body: Any) -> list[Document]:
    """The operations of a patch on what clients can change, in the registry's own words."""
    try:
        found = json_patch.operations(body)
    except Refusal as refusal:
        raise _in_our_words(refusal) from refusal
    changeable = (*SAID, "allOf")
    for number, operation in enumerate(found):
        name = unescape(operation["path"].split("/")[1])
        if name not in changeable:
            raise Refusal(
                BAD,
                detail=f"The field {name or 'document'} is not for clients to change.",
                field=f"[{number}].path",
                given=operation["path"],
                hint=f"Known: {', '.join(changeable)}.",
            )
    return found


def _patched(document: Document, operations: list[Document]) -> Document:
    try:
        return json_patch.apply(document, operations)
    except Refusal as refusal:
        raise _in_our_words(refusal) from refusal


def _in_our_words(refusal: Refusal) -> Refusal:
    return Refusal(BAD, detail=refusal.text, field=refusal.field, given=refusal.given, hint=refusal.hint)
