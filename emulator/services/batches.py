"""Catalog's batches: what came into datasets together, and how it went."""

from __future__ import annotations

from typing import Any

import orjson

from emulator.domain.batch_queries import BAD, PARAMETERS, BatchQuery, meets, parse_batch_query, passes
from emulator.domain.errors import Refusal
from emulator.domain.kinds import BATCHES
from emulator.domain.tenant import Tenant
from emulator.edge.call import Answer, Call, answer
from emulator.engine.world import World
from emulator.services.catalog_paging import PAGING, paging
from emulator.store import last_batches, pages, records, resources
from emulator.store.database import Transaction
from emulator.store.pages import Query

Document = dict[str, Any]
# So many batches are looked at together where only looking at them tells whether they are wanted.
_AT_ONCE = 500
_MOST_DATASETS = 100


class Batches:
    """The batch operations."""

    def __init__(self, world: World) -> None:
        self._database = world.database

    def batches(self, call: Call) -> Answer:
        call.query.check((*PAGING, *PARAMETERS), BAD)
        limit, start = paging(call)
        query = parse_batch_query(pair for pair in call.query.pairs if pair[0] not in PAGING)
        with self._database.reading() as tx:
            if query.ids is not None:
                looked_up = (_batch(tx, call.tenant, name) for name in dict.fromkeys(query.ids))
                found = [document for document in looked_up if document is not None and meets(query, document)]
                found = found[start : start + limit]
            else:
                found = _found(tx, call.tenant, query, limit, start)
        return answer({document["id"]: _shown(document, query.shown) for document in found})

    def batch(self, call: Call) -> Answer:
        call.query.check((), BAD)
        batch_id = call.params["id"]
        with self._database.reading() as tx:
            document = _batch(tx, call.tenant, batch_id)
        if document is None:
            raise Refusal("CATALOG-0404-404", detail=f"The batch {batch_id} is not found in this sandbox.")
        return answer({batch_id: document})

    def last(self, call: Call) -> Answer:
        """Keyed by dataset; one that has no batches, or does not exist, is left out."""
        call.query.check((*PAGING, "dataSetId", "properties"), BAD)
        limit, start = paging(call)
        wanted, shown = call.query.one("dataSetId"), call.query.one("properties")
        fields = None if shown is None else tuple(shown.split(","))
        if wanted is not None and (not all(wanted.split(",")) or wanted.count(",") >= _MOST_DATASETS):
            hint = f"Send ids of datasets with commas between them, at most {_MOST_DATASETS}."
            raise Refusal(BAD, detail="The batches cannot be listed.", field="dataSetId", hint=hint)
        with self._database.reading() as tx:
            if wanted is None:
                datasets = last_batches.datasets(tx, call.tenant, limit, start)
            else:
                datasets = list(dict.fromkeys(wanted.split(",")))[start : start + limit]
            found = {dataset: _last(tx, call.tenant, dataset) for dataset in datasets}
        return answer({dataset: _shown(last, fields) for dataset, last in found.items() if last is not None})


def _found(tx: Transaction, tenant: Tenant, query: BatchQuery, limit: int, start: int) -> list[Document]:
    if not query.tests:
        page = pages.page(tx, tenant, BATCHES, Query(query.conditions, query.order, limit, offset=start))
        return [orjson.loads(body) for body in page.bodies]
    found: list[Document] = []
    after: tuple[Any, ...] | None = None
    while len(found) < start + limit:
        page = pages.page(tx, tenant, BATCHES, Query(query.conditions, query.order, _AT_ONCE, after))
        found += [document for document in map(orjson.loads, page.bodies) if passes(query, document)]
        if page.next is None:
            break
        after = tuple(page.next)
    return found[start : start + limit]


def _batch(tx: Transaction, tenant: Tenant, batch_id: str) -> Document | None:
    document = resources.read(tx, tenant, BATCHES, batch_id)
    if document is not None and "metrics" not in document:
        dataset = document["relatedObjects"][0]["id"]
        count, size = records.summary(tx, tenant, dataset, batch_id)
        document["metrics"] = {
            "inputRecordCount": count,
            "outputRecordCount": count,
            "failedRecordCount": 0,
            "recordsSize": size,
        }
    return document


def _last(tx: Transaction, tenant: Tenant, dataset: str) -> Document | None:
    last = last_batches.of(tx, tenant, dataset)
    if last is None:
        return None
    newest = orjson.loads(last.newest)
    described = {
        "lastBatchId": newest["id"],
        "lastBatchStatus": newest["status"],
        "lastSuccessfulBatchId": last.successful,
        "lastFailedBatchId": last.failed,
        **{name: newest[name] for name in ("imsOrg", "sandboxId", "created", "updated")},
    }
    return {name: value for name, value in described.items() if value is not None}


def _shown(document: Document, fields: tuple[str, ...] | None) -> Document:
    """Only the fields that were asked for; what a document does not have is left out."""
    if fields is None:
        return document
    return {name: document[name] for name in fields if name in document}
