"""Catalog's dataset files: one for each batch of a dataset in which something landed."""

from __future__ import annotations

from typing import Any

import orjson

from emulator.domain.catalog_queries import BAD, CatalogQuery
from emulator.domain.errors import Refusal
from emulator.domain.filters import Condition
from emulator.domain.kinds import BATCHES, DATASETS
from emulator.domain.paths import parse
from emulator.edge.call import Answer, Call, answer
from emulator.services.catalog.listing import found
from emulator.services.catalog.paging import PAGING, paging
from emulator.store import resources
from emulator.store.database import Transaction

Document = dict[str, Any]
_AUDIT = ("imsOrg", "createdUser", "createdClient", "updatedUser", "version", "created", "updated")
_OF = BATCHES.links[0]


def dataset_files(tx: Transaction, call: Call) -> Answer:
    """Documented as where a dataset's link ``files`` leads: an object keyed by the ids that Data Access knows."""
    call.query.check((*PAGING, "dataSetId"), BAD)
    dataset = call.query.one("dataSetId")
    if not dataset:
        raise Refusal(BAD, detail="The files cannot be listed.", field="dataSetId", hint="Send the id of a dataset.")
    return _files(tx, call, dataset)


def view_files(tx: Transaction, call: Call) -> Answer:
    """The same under the path of older links."""
    call.query.check(PAGING, BAD)
    return _files(tx, call, call.params["id"], call.params["view"])


def _files(tx: Transaction, call: Call, dataset_id: str, view: str | None = None) -> Answer:
    dataset = resources.read(tx, call.tenant, DATASETS, dataset_id)
    if dataset is None or view not in (None, dataset["viewId"]):
        what = f"dataset {dataset_id}" if view is None else f"view {view} of dataset {dataset_id}"
        raise Refusal("CATALOG-0404-404", detail=f"The {what} is not found in this sandbox.")
    limit, start = paging(call)
    wanted = (
        Condition(_OF, parse(_OF), "==", (dataset_id,)),
        Condition("metrics.outputRecordCount", parse("metrics.outputRecordCount"), ">", ("0",)),
        Condition("status", parse("status"), "==", ("success",)),
    )
    pairs = found(tx, call.tenant, BATCHES, CatalogQuery(wanted, (), (), None, None), limit, start)
    return answer({f"{name}-1": _file(name, orjson.loads(body), dataset) for name, body in pairs})


def _file(batch_id: str, batch: Document, dataset: Document) -> Document:
    audit = {name: batch[name] for name in _AUDIT}
    return {"id": f"{batch_id}-1", "batchId": batch_id, "dataSetViewId": dataset["viewId"], **audit}
