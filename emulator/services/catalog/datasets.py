"""Catalog's datasets. Lists are objects keyed by id, writes answer ``["@/dataSets/ID"]``."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Any

import orjson

from emulator.domain import datasets as rules
from emulator.domain.catalog_queries import BAD, DATASET_LIST, parse_query
from emulator.domain.datasets import check_match, next_version, wrong
from emulator.domain.errors import Refusal
from emulator.domain.kinds import DATASETS, SCHEMAS, TARGET_CONNECTIONS
from emulator.domain.observable_schemas import observed
from emulator.domain.schema_ids import schema_id
from emulator.domain.tenant import Tenant
from emulator.domain.xdm_resources import behaviour
from emulator.edge.call import Answer, Call, answer
from emulator.engine import schemas
from emulator.engine.world import World
from emulator.services.catalog.listing import found, keyed, shown
from emulator.services.catalog.paging import PAGING, paging
from emulator.store import records, rejected, resources
from emulator.store.database import Contended, Transaction
from emulator.store.resources import Stored

Document = dict[str, Any]
Change = Callable[[Document, Call], Document]
# Documented: so many at most where the observable schema is asked for.
_MOST_OBSERVED = 20
# The observable schema is that of so many records.
_OBSERVED_RECORDS = 1000
_CONTENT_TYPE = re.compile(r"application/vnd\.adobe\.(xed|xdm)(-[a-z]+)*\+json(\s*;\s*version=1(\.[0-9]+)?)?")


class Catalog:
    """The dataset operations, each in a transaction of its caller."""

    def __init__(self, world: World) -> None:
        self._world = world

    def create(self, tx: Transaction, call: Call) -> Answer:
        call.query.check(("requestDataSource",), BAD)
        body = call.json()
        if not isinstance(body, dict):
            raise Refusal(BAD, detail="Send a dataset as a JSON object.")
        dataset_id = self._world.ids.dataset()
        self.create_dataset_in(tx, call.tenant, body, dataset_id)
        location = f"{call.origin}{call.path}/{dataset_id}"
        return answer([f"@/dataSets/{dataset_id}"], 201, {"location": location})

    def create_dataset_in(self, tx: Transaction, tenant: Tenant, body: Document, dataset_id: str) -> None:
        """Check and store a new dataset."""
        ref, schema = _schema_ref(body, tx, tenant)
        now = self._world.clock.now()
        document = rules.new_dataset(body, tenant, dataset_id, self._world.ids.dataset(), now)
        document["schemaRef"] = ref
        document["classification"] = {"dataBehavior": behaviour(schema), "managedBy": "CUSTOMER"}
        resources.create(tx, tenant, DATASETS, dataset_id, document, document["version"])

    def patch(self, tx: Transaction, call: Call) -> Answer:
        """Some fields, or a JSON Patch; one page sends the same with POST."""
        kind = call.headers.get("content-type", "")
        return self._change(tx, call, lambda document, call: rules.changed(document, call.json(), kind))

    def replace(self, tx: Transaction, call: Call) -> Answer:
        return self._change(tx, call, lambda document, call: rules.replaced(document, call.json()))

    def patch_nested(self, tx: Transaction, call: Call) -> Answer:
        return self._change(tx, call, lambda document, call: rules.nested(document, call.json()))

    def _change(self, tx: Transaction, call: Call, change: Change) -> Answer:
        call.query.check((), BAD)
        dataset_id = call.params["id"]
        stored = resources.hold(tx, call.tenant, DATASETS, dataset_id)
        if stored is None:
            raise _not_found(dataset_id)
        # RFC 9110, 13.2.1: a condition is looked at once the request would succeed without it.
        document = self._changed(tx, call, stored, change(stored.document, call))
        version = stored.document["version"]
        check_match(call.headers.get("if-match"), call.headers.get("if-none-match"), version)
        if not resources.replace(tx, call.tenant, DATASETS, dataset_id, document, stored.etag, document["version"]):
            raise Contended(f"the dataset {dataset_id} was changed by somebody else")
        return answer([f"@/dataSets/{dataset_id}"], headers={"e-tag": document["version"]})

    def _changed(self, tx: Transaction, call: Call, stored: Stored, document: Document) -> Document:
        before = stored.document
        if document.get("schemaRef") != before["schemaRef"]:
            document["schemaRef"], schema = _schema_ref(document, tx, call.tenant)
            if document["schemaRef"]["id"] != before["schemaRef"]["id"]:
                _check_new_schema(before, document["schemaRef"]["id"])
                document["classification"]["dataBehavior"] = behaviour(schema)
        written = {"updated": self._world.clock.now(), "updatedUser": call.tenant.user}
        return {**document, **written, "version": next_version(before["version"])}

    def listed(self, tx: Transaction, call: Call) -> Answer:
        call.query.check((*PAGING, *DATASET_LIST.parameters), BAD)
        limit, start = paging(call)
        query = parse_query(DATASET_LIST, (pair for pair in call.query.pairs if pair[0] not in PAGING))
        fields = query.shown
        if fields is not None and "observableSchema" in fields:
            limit = min(limit, _MOST_OBSERVED)
        pairs = found(tx, call.tenant, DATASETS, query, limit, start)
        if fields is None:
            return keyed(pairs)
        return answer({name: _part(tx, call.tenant, name, orjson.loads(body), fields) for name, body in pairs})

    def one(self, tx: Transaction, call: Call) -> Answer:
        call.query.check(("properties",), BAD)
        dataset_id, fields = call.params["id"], call.query.one("properties")
        stored = resources.read_stored(tx, call.tenant, DATASETS, dataset_id)
        if stored is None:
            raise _not_found(dataset_id)
        document = stored.document
        part = document if fields is None else _part(tx, call.tenant, dataset_id, document, fields.split(","))
        return answer({dataset_id: part}, headers={"e-tag": document["version"]})

    def delete(self, tx: Transaction, call: Call) -> Answer:
        """A dataset that a target connection lands in stays: its runs would break."""
        call.query.check((), BAD)
        tenant, dataset_id = call.tenant, call.params["id"]
        users = resources.linked(tx, tenant, TARGET_CONNECTIONS, "params.dataSetId", dataset_id)
        if users:
            detail = f"The dataset {dataset_id} is in use and cannot be deleted."
            raise Refusal(BAD, detail=detail, hint=f"Target connections that land in it: {', '.join(users)}.")
        if not resources.remove(tx, tenant, DATASETS, dataset_id):
            raise _not_found(dataset_id)
        records.remove(tx, tenant, dataset_id)
        rejected.remove(tx, tenant, dataset_id)
        return answer([f"@/dataSets/{dataset_id}"])


def _part(tx: Transaction, tenant: Tenant, dataset: str, document: Document, fields: Collection[str]) -> Document:
    """The fields that were asked for; what has to be counted is counted only then."""
    counted: Document = {}
    if "observableSchema" in fields and "observableSchema" not in document:
        counted["observableSchema"] = _observable_schema(tx, tenant, dataset)
    if "extensions" in fields:
        counted["extensions"] = _with_figures(tx, tenant, dataset, document.get("extensions") or {})
    return shown({**document, **counted}, tuple(fields))


def _observable_schema(tx: Transaction, tenant: Tenant, dataset: str) -> Document:
    texts = schemas.texts_of(tx, tenant, dataset)
    if texts is None:
        return {}
    rows, _ = records.page(tx, tenant.org, tenant.sandbox, dataset, _OBSERVED_RECORDS, 0)
    return observed(schemas.resolved(texts), [orjson.loads(row) for row in rows])


def _with_figures(tx: Transaction, tenant: Tenant, dataset: str, extensions: Document) -> Document:
    count, size = records.size(tx, tenant, dataset)
    lake = extensions.get("adobe_lakeHouse") or {}
    return {**extensions, "adobe_lakeHouse": {**lake, "metrics": {"rowCount": count, "storageSize": size}}}


def _check_new_schema(before: Document, wanted: str) -> None:
    if "lastBatchId" in before:
        raise wrong("schemaRef.id", wanted, "Records of the schema it has are in the dataset already.")


def _schema_ref(body: Document, tx: Transaction, tenant: Tenant) -> tuple[Document, Document]:
    """The reference as it is kept, and the schema that it names."""
    given = body.get("schemaRef")
    if not isinstance(given, dict):
        raise wrong("schemaRef", given, 'Send {"id": the $id of a schema, "contentType": …}.')
    wanted = given.get("id")
    schema = resources.read(tx, tenant, SCHEMAS, schema_id(wanted)) if isinstance(wanted, str) else None
    if schema is None:
        raise wrong("schemaRef.id", wanted, "No schema has this id in this sandbox.")
    content_type = given.get("contentType", "application/vnd.adobe.xed+json;version=1")
    if not isinstance(content_type, str) or not _CONTENT_TYPE.fullmatch(content_type):
        raise wrong("schemaRef.contentType", content_type, "Send application/vnd.adobe.xed+json;version=1.")
    return {"id": schema["$id"], "contentType": content_type}, schema


def _not_found(dataset: str) -> Refusal:
    return Refusal("CATALOG-0404-404", detail=f"The dataset {dataset} is not found in this sandbox.")
