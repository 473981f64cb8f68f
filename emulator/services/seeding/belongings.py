"""What a seed says of a resource beside the body of its create call: source data, landed records, outcomes."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import orjson

from emulator.domain.errors import Refusal
from emulator.domain.outcomes import read_all
from emulator.domain.tenant import Tenant
from emulator.engine import landing
from emulator.engine.landing import BatchState
from emulator.engine.world import World
from emulator.services import admin_data
from emulator.store import outcomes, records
from emulator.store.database import Transaction
from emulator.store.source_objects import Behind

_BAD = "ADMIN-BAD_REQUEST-400"


def put_data(world: World, tx: Transaction, tenant: Tenant, connection: str, given: Any) -> None:
    """Source data by object path: a text as it is, ``{"base64": …}`` as bytes, anything else as JSON."""
    if not isinstance(given, dict):
        raise Refusal(_BAD, detail="is an object of contents by their object paths", field="data")
    behind = Behind(tenant.org, tenant.sandbox, connection)
    for path, content in given.items():
        admin_data.check_path(path)
        admin_data.put_in(world, tx, behind, path, *_content(path, content))


def _content(path: str, content: Any) -> tuple[str, bytes]:
    """Content type, empty where the path's suffix tells it, and bytes."""
    if isinstance(content, str):
        return "", content.encode()
    if isinstance(content, dict) and set(content) == {"base64"}:
        try:
            return "", base64.b64decode(str(content["base64"]), validate=True)
        except binascii.Error:
            raise Refusal(_BAD, detail=f"{path} is no base64", field="data") from None
    return "application/json", orjson.dumps(content)


def land(world: World, tx: Transaction, tenant: Tenant, dataset: str, given: Any) -> None:
    """Records in target shape that a dataset holds already, in one batch that was loaded."""
    if not isinstance(given, list) or not all(isinstance(record, dict) for record in given):
        raise Refusal(_BAD, detail="is an array of records, which are objects", field="records")
    if not given:
        return
    bodies = [orjson.dumps(record).decode() for record in given]
    batch, count, size = world.ids.batch(world.clock.now()), len(bodies), sum(len(body) + 1 for body in bodies)
    now = world.clock.now()
    metrics = {
        "startTime": now,
        "endTime": now,
        "inputRecordCount": count,
        "outputRecordCount": count,
        "failedRecordCount": 0,
        "inputByteSize": size,
        "outputByteSize": size,
    }
    landing.create_batch(world, tx, tenant, dataset, batch, BatchState("success", {}, metrics))
    records.land(tx, tenant, dataset, batch, None, bodies)


def script(tx: Transaction, tenant: Tenant, flow: str, given: Any) -> None:
    """What the next runs of a flow come to."""
    for entry in read_all(given):
        outcomes.add(tx, tenant.org, tenant.sandbox, flow, orjson.dumps(entry).decode())
