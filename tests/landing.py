"""Batches put straight into the store, for what no run of a test brings about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from emulator.domain.identifiers import default_sandbox_id
from emulator.domain.kinds import BATCHES
from emulator.domain.tenant import Tenant
from emulator.server import Background
from emulator.store import records, rejected, resources
from emulator.store.rejected import Rejected
from tests.support import Api, Document

CORRUPT = Rejected("INGEST-1401-400", "The row cannot be read.", None, '{"_corrupt_record":"{missingQuotes: \'v1\'}"}')
MISSING = Rejected("INGEST-1555-400", "A required field is missing.", "_test.id", '{"n":1,"name":"Zoë"}')


def put_batch(
    server: Background,
    api: Api,
    dataset: str,
    landed: Sequence[Document] = (),
    failed: Sequence[Rejected] = (),
    run: str | None = "a run",
    **changes: Any,
) -> str:
    """A finished batch of these records and rows; ``changes`` go over its document. Returns its id."""
    world = server.app.world
    tenant = Tenant(api.org, "prod", default_sandbox_id(api.org, "prod"), "tester", "tester@AdobeID")
    now = world.clock.now()
    batch = world.ids.batch(now)
    document = {
        "status": "success",
        "tags": {"flowRunId": [run]},
        "relatedObjects": [{"type": "dataSet", "id": dataset}],
        "id": batch,
        "externalId": batch,
        "inputFormat": {"format": "json"},
        "imsOrg": tenant.org,
        "sandboxId": tenant.sandbox_id,
        "started": now,
        "created": now,
        "updated": now,
        "completed": now,
        "createdClient": tenant.client,
        "createdUser": tenant.user,
        "updatedUser": tenant.user,
        "version": "1.0.0",
        "metrics": {
            "inputRecordCount": len(landed) + len(failed),
            "outputRecordCount": len(landed),
            "failedRecordCount": len(failed),
            "inputByteSize": 1000,
        },
    } | changes
    with world.database.writing() as tx:
        resources.create(tx, tenant, BATCHES, batch, document, batch)
        records.land(tx, tenant, dataset, batch, run, [orjson.dumps(one).decode() for one in landed])
        rejected.land(tx, tenant, dataset, batch, run, failed)
    return batch
