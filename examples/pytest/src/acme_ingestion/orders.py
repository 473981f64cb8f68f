"""The flow that brings orders from Acme's bucket, once an hour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from acme_ingestion.client import Platform

FLOW = "/data/foundation/flowservice"
AMAZON_S3 = {"id": "ecadc60c-7455-4d87-84dc-2a0e293d997b", "version": "1.0"}
DATA_LAKE = {"id": "c604ff05-7f1a-43c0-8e18-33bf874cb11c", "version": "1.0"}
FILES_TO_LAKE = {"id": "9753525b-82c7-4dce-8a9b-5ccfce2b9876", "version": "1.0"}
PROFILE = "https://ns.adobe.com/xdm/context/profile"
XED = "application/vnd.adobe.xed-full+json;version=1"
FIELDS = {"id": "string", "email": "string", "total": "number"}


class RunFailed(Exception):
    """A run came to nothing; the message is the platform's."""


@dataclass(frozen=True)
class OrdersFlow:
    """What was made for one bucket."""

    id: str
    base_connection: str
    dataset: str


def onboard(platform: Platform, bucket: str, start: int) -> OrdersFlow:
    """Everything that hourly runs over the bucket's ``orders.csv`` take; ``start`` in seconds of the epoch."""
    schema, dataset = _dataset(platform)
    base = _made(platform, "connections", "Acme's bucket", connectionSpec=AMAZON_S3, auth=_access(bucket))
    source = _made(
        platform,
        "sourceConnections",
        "Acme's orders",
        baseConnectionId=base,
        connectionSpec=AMAZON_S3,
        data={"format": "delimited"},
        params={"path": "orders.csv", "type": "file"},
    )
    target = _made(
        platform,
        "targetConnections",
        "Acme's dataset",
        connectionSpec=DATA_LAKE,
        data={"schema": {"id": schema, "version": XED}},
        params={"dataSetId": dataset},
    )
    mapping = {"mappingId": _mapping(platform, schema), "mappingVersion": 0}
    flow = _made(
        platform,
        "flows",
        "Acme's orders",
        flowSpec=FILES_TO_LAKE,
        sourceConnectionIds=[source],
        targetConnectionIds=[target],
        transformations=[{"name": "Mapping", "params": mapping}],
        scheduleParams={"startTime": start, "frequency": "hour", "interval": 1},
    )
    return OrdersFlow(flow, base, dataset)


def wait_for_run(platform: Platform, flow: str, attempts: int = 50) -> dict[str, Any]:
    """Figures of the flow's newest run, once it has ended. Raises ``RunFailed``."""
    for _ in range(attempts):
        runs = platform.get(f"{FLOW}/runs", property=f"flowId=={flow}", limit="1")["items"]
        metrics: dict[str, Any] = runs[0]["metrics"] if runs else {"statusSummary": {"status": "none"}}
        summary = metrics["statusSummary"]
        if summary["status"] == "failed":
            # The platform's own error says where it failed, the connector's why.
            causes = metrics.get("recordSummary", {}).get("failedInfo", [])
            raise RunFailed("; ".join(error["message"] for error in [*summary["errors"], *causes]))
        if summary["status"] in ("success", "partialSuccess"):
            return metrics
        platform.sleep(0.1)
    raise RunFailed(f"flow {flow} has not run")


def _access(bucket: str) -> dict[str, Any]:
    params = {"s3AccessKey": "from the vault", "s3SecretKey": "from the vault", "bucketName": bucket, "folderPath": ""}
    return {"specName": "Access Key", "params": params}


def _made(platform: Platform, collection: str, name: str, **body: Any) -> str:
    made: str = platform.post(f"{FLOW}/{collection}", {"name": name, **body})["id"]
    return made


def _dataset(platform: Platform) -> tuple[str, str]:
    fields = {name: {"type": kind, "title": name} for name, kind in FIELDS.items()}
    own = {"_acme": {"type": "object", "title": "Acme", "properties": fields}}
    body: dict[str, Any] = {"title": "Order", "type": "object", "allOf": [{"$ref": PROFILE}, {"properties": own}]}
    schema: str = platform.post("/data/foundation/schemaregistry/tenant/schemas", body)["$id"]
    body = {"name": "Orders", "schemaRef": {"id": schema, "contentType": XED}}
    (made,) = platform.post("/data/foundation/catalog/dataSets", body)
    return schema, made.removeprefix("@/dataSets/")


def _mapping(platform: Platform, schema: str) -> str:
    mappings = [{"sourceType": "ATTRIBUTE", "source": name, "destination": f"_acme.{name}"} for name in FIELDS]
    body = {"version": 0, "xdmSchema": schema, "xdmVersion": "1.0", "mappings": mappings}
    made: str = platform.post("/data/foundation/conversion/mappingSets", body)["id"]
    return made
