"""Catalog: its routes, and datasets. Lists are objects keyed by id, writes answer ``["@/dataSets/ID"]``."""

from __future__ import annotations

import re
from typing import Any

import orjson

from emulator.domain import xdm
from emulator.domain.errors import Refusal
from emulator.domain.kinds import DATASETS, SCHEMAS, TARGET_CONNECTIONS
from emulator.domain.schema_ids import schema_id
from emulator.domain.tenant import Tenant
from emulator.edge.call import Answer, Call, answer
from emulator.edge.envelopes import problem
from emulator.edge.routing import Route, Service
from emulator.engine.world import World
from emulator.services.batches import Batches
from emulator.services.catalog_paging import PAGING, paging
from emulator.store import records, rejected, resources
from emulator.store.database import Transaction

Document = dict[str, Any]
_NAME = re.compile(r"[^a-z0-9]+")
# What else a new dataset may bring, and of which type it is.
_OPTIONAL = {
    "name": (str, "Send a text."),
    "description": (str, "Send a text."),
    "fileDescription": (dict, "Send an object."),
}


def service(world: World) -> Service:
    catalog, batches = Catalog(world), Batches(world)
    routes = [
        Route("POST", "/dataSets", catalog.create_dataset),
        Route("GET", "/dataSets", catalog.datasets),
        Route("GET", "/dataSets/{id}", catalog.dataset),
        Route("DELETE", "/dataSets/{id}", catalog.delete_dataset),
        Route("GET", "/batches", batches.batches),
        Route("GET", "/batches/{id}", batches.batch),
        Route("GET", "/lastBatches", batches.last),
    ]
    return Service("catalog", "/data/foundation/catalog", "tenant", problem, routes)


class Catalog:
    """The dataset operations."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._database = world.database

    def create_dataset(self, call: Call) -> Answer:
        call.query.check(("requestDataSource",), "CATALOG-0400-400")
        body = call.json()
        if not isinstance(body, dict):
            raise Refusal("CATALOG-0400-400", detail="Send a dataset as a JSON object.")
        dataset_id = self._world.ids.dataset()
        with self._database.writing() as tx:
            self.create_dataset_in(tx, call.tenant, body, dataset_id)
        location = f"{call.origin}{call.path}/{dataset_id}"
        return answer([f"@/dataSets/{dataset_id}"], 201, {"location": location})

    def create_dataset_in(self, tx: Transaction, tenant: Tenant, body: Document, dataset_id: str) -> None:
        """Check and store a new dataset."""
        schema_ref, schema = _schema_ref(body, tx, tenant)
        document = self._dataset(body, schema_ref, dataset_id, tenant, self._world.clock.now())
        document["classification"] = {"dataBehavior": xdm.behaviour(schema), "managedBy": "CUSTOMER"}
        resources.create(tx, tenant, DATASETS, dataset_id, document, "1.0.0")

    def _dataset(self, body: Document, schema_ref: Document, dataset_id: str, tenant: Tenant, now: int) -> Document:
        _check_types(body)
        tags = {} if body.get("tags") is None else body["tags"]
        if not isinstance(tags, dict) or not all(isinstance(values, list) for values in tags.values()):
            raise _wrong("tags", tags, 'Send an object of arrays, such as {"unifiedProfile": ["enabled:true"]}.')
        name = body.get("name") or f"dataset {dataset_id}"
        table = _NAME.sub("_", name.lower()).strip("_") or dataset_id
        described = {"description": body["description"]} if isinstance(body.get("description"), str) else {}
        file_format = {"persisted": True, "containerFormat": "parquet", "format": "parquet"}
        return {
            "name": name,
            **described,
            "imsOrg": tenant.org,
            "sandboxId": tenant.sandbox_id,
            "version": "1.0.0",
            "created": now,
            "updated": now,
            "createdClient": tenant.client,
            "createdUser": tenant.user,
            "updatedUser": tenant.user,
            "tags": {"adobe/pqs/table": [table], **tags},
            "schemaRef": schema_ref,
            "fileDescription": body["fileDescription"]
            if isinstance(body.get("fileDescription"), dict)
            else file_format,
            "files": f"@/dataSetFiles?dataSetId={dataset_id}",
            "viewId": self._world.ids.dataset(),
            "state": "DRAFT",
        }

    def datasets(self, call: Call) -> Answer:
        call.query.check(PAGING, "CATALOG-0400-400")
        with self._database.reading() as tx:
            listed = resources.slice_with_ids(tx, call.tenant, DATASETS, *paging(call))
        members = (orjson.dumps(name) + b":" + body.encode() for name, body in listed)
        return Answer(200, b"{" + b",".join(members) + b"}")

    def dataset(self, call: Call) -> Answer:
        call.query.check((), "CATALOG-0400-400")
        with self._database.reading() as tx:
            stored = resources.read_stored(tx, call.tenant, DATASETS, call.params["id"])
        if stored is None:
            raise _not_found("dataset", call.params["id"])
        return answer({call.params["id"]: stored.document}, headers={"e-tag": stored.etag})

    def delete_dataset(self, call: Call) -> Answer:
        """A dataset that a target connection lands in stays: its runs would break."""
        call.query.check((), "CATALOG-0400-400")
        dataset_id = call.params["id"]
        with self._database.writing() as tx:
            users = resources.linked(tx, call.tenant, TARGET_CONNECTIONS, "params.dataSetId", dataset_id)
            if users:
                raise Refusal(
                    "CATALOG-0400-400",
                    detail=f"The dataset {dataset_id} is in use and cannot be deleted.",
                    hint=f"Target connections that land in it: {', '.join(users)}.",
                )
            if not resources.remove(tx, call.tenant, DATASETS, dataset_id):
                raise _not_found("dataset", dataset_id)
            records.remove(tx, call.tenant, dataset_id)
            rejected.remove(tx, call.tenant, dataset_id)
        return answer([f"@/dataSets/{dataset_id}"])


def _check_types(body: Document) -> None:
    for name, (kind, hint) in _OPTIONAL.items():
        if body.get(name) is not None and not isinstance(body[name], kind):
            raise _wrong(name, body[name], hint)


def _schema_ref(body: Document, tx: Transaction, tenant: Tenant) -> tuple[Document, Document]:
    """The reference as it is kept, and the schema that it names."""
    given = body.get("schemaRef")
    if not isinstance(given, dict):
        raise _wrong("schemaRef", given, 'Send {"id": the $id of a schema, "contentType": …}.')
    wanted = given.get("id")
    schema = resources.read(tx, tenant, SCHEMAS, schema_id(wanted)) if isinstance(wanted, str) else None
    if schema is None:
        raise _wrong("schemaRef.id", wanted, "No schema has this id in this sandbox.")
    content_type = given.get("contentType", "application/vnd.adobe.xed+json;version=1")
    if not isinstance(content_type, str) or not re.match(r"application/vnd\.adobe\.x[de][dm]", content_type):
        raise _wrong("schemaRef.contentType", content_type, "Send application/vnd.adobe.xed+json;version=1.")
    return {"id": schema["$id"], "contentType": content_type}, schema


def _wrong(field: str, given: Any, hint: str) -> Refusal:
    return Refusal("CATALOG-0400-400", detail="The dataset cannot be accepted.", field=field, given=given, hint=hint)


def _not_found(what: str, name: str) -> Refusal:
    return Refusal("CATALOG-0404-404", detail=f"The {what} {name} is not found in this sandbox.")
