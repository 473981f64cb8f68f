"""Catalog's batches: what came into datasets together, and how it went."""

from __future__ import annotations

from typing import Any

import orjson

from emulator.domain.catalog_queries import BAD, BATCH_LIST, meets, parse_query
from emulator.domain.errors import Refusal
from emulator.domain.kinds import BATCHES
from emulator.domain.tenant import Tenant
from emulator.edge.call import Answer, Call, answer
from emulator.services.catalog.listing import found, shown
from emulator.services.catalog.paging import PAGING, paging
from emulator.store import last_batches, records, resources
from emulator.store.database import Transaction

Document = dict[str, Any]
_MOST_DATASETS = 100


def batches(tx: Transaction, call: Call) -> Answer:
    call.query.check((*PAGING, *BATCH_LIST.parameters), BAD)
    limit, start = paging(call)
    query = parse_query(BATCH_LIST, (pair for pair in call.query.pairs if pair[0] not in PAGING))
    if query.ids is None:
        listed = [orjson.loads(body) for _, body in found(tx, call.tenant, BATCHES, query, limit, start)]
    else:
        looked_up = (_batch(tx, call.tenant, name) for name in dict.fromkeys(query.ids))
        listed = [document for document in looked_up if document is not None and meets(query, document)]
        listed = listed[start : start + limit]
    return answer({document["id"]: shown(document, query.shown) for document in listed})


def batch(tx: Transaction, call: Call) -> Answer:
    call.query.check((), BAD)
    batch_id = call.params["id"]
    document = _batch(tx, call.tenant, batch_id)
    if document is None:
        raise Refusal("CATALOG-0404-404", detail=f"The batch {batch_id} is not found in this sandbox.")
    return answer({batch_id: document}, headers={"e-tag": document["version"]})


def last(tx: Transaction, call: Call) -> Answer:
    """Keyed by dataset; one that has no batches, or does not exist, is left out."""
    call.query.check((*PAGING, "dataSetId", "properties"), BAD)
    limit, start = paging(call)
    wanted, named = call.query.one("dataSetId"), call.query.one("properties")
    fields = None if named is None else tuple(named.split(","))
    if wanted is not None and (not all(wanted.split(",")) or wanted.count(",") >= _MOST_DATASETS):
        hint = f"Send ids of datasets with commas between them, at most {_MOST_DATASETS}."
        raise Refusal(BAD, detail="The batches cannot be listed.", field="dataSetId", hint=hint)
    if wanted is None:
        datasets = last_batches.datasets(tx, call.tenant, limit, start)
    else:
        datasets = list(dict.fromkeys(wanted.split(",")))[start : start + limit]
    newest = {dataset: _last(tx, call.tenant, dataset) for dataset in datasets}
    return answer({dataset: shown(one, fields) for dataset, one in newest.items() if one is not None})


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
