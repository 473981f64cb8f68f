"""What subscribers are told, in the published forms of the platform's events.

Runs are told of in one of two forms. ``alerts`` is the one of 2023: the run itself with the flow's name and a
header; start and success have one code. ``notifications`` is the one of 2020, which knows no start, and whose
failures come in an envelope of their own. Batches have one form, that of the data ingestion notifications.
"""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]

RUN_STARTED, RUN_SUCCEEDED, RUN_FAILED = "run.started", "run.succeeded", "run.failed"
BATCH_LOADED, BATCH_FAILED = "batch.loaded", "batch.failed"
EVENTS = (RUN_STARTED, RUN_SUCCEEDED, RUN_FAILED, BATCH_LOADED, BATCH_FAILED)
FORMS = ("alerts", "notifications")
PROVIDER = "aep_observability_catalog_events"
_INGESTION = {BATCH_LOADED: "ing_load_success", BATCH_FAILED: "ing_load_failure"}


def events_of(form: str) -> tuple[str, ...]:
    """The events that a form can tell."""
    return EVENTS if form == "alerts" else tuple(event for event in EVENTS if event != RUN_STARTED)


def run_event(form: str, event: str, flow_name: str, run: Document, event_id: str, now: int) -> tuple[str, Any]:
    """The vendor's code of a run's event, and its payload. ``now`` in milliseconds."""
    if event == RUN_STARTED:
        run = _as_begun(run)
    if form == "alerts":
        code = "source_flow_run_error" if event == RUN_FAILED else "source_flow_run_info"
        return code, {**run, "flowName": flow_name, **_header(run["imsOrgId"], code)}
    if event == RUN_FAILED:
        return "sources_flow_run_failure", _failure_of_2020(run, now)
    code = "sources_flow_run_success"
    told = {**run, "slaCreatedAt": run["createdAt"], "processStartTime": now, **_header(run["imsOrgId"], code)}
    return code, {"event_id": event_id, "event": {**told, "transformedTime": now}}


def _as_begun(run: Document) -> Document:
    """Documented: a run that has just started has a status and nothing counted. A short one may have ended since."""
    return {
        **run,
        "updatedAt": run["createdAt"],
        "metrics": {"statusSummary": {"status": "inProgress"}},
        "activities": [],
    }


def _failure_of_2020(run: Document, now: int) -> list[Document]:
    """Documented with a type that ends on ``failed`` where its code ends on ``failure``."""
    message = {
        "msgType": "eventNotification",
        "version": "1.0",
        "timestamp": now,
        "imsOrgId": run["imsOrgId"],
        "schema": {"name": "run-notification", "version": "1.0"},
        "provider": "FlowService",
        "_eventNotificationMeta": {"category": "Platform Notifications", "type": "sources_flow_run_failed"},
        "value": run,
    }
    return [{"messages": [message]}]


def batch_event(event: str, batch: Document, sandbox: str, event_id: str, now: int) -> tuple[str, Document]:
    """The vendor's code of a batch's event, which is the same for all, and its payload. ``now`` in milliseconds."""
    code = "platform_event"
    datasets = [related["id"] for related in batch["relatedObjects"] if related["type"] == "dataSet"]
    told = {
        "xdm:ingestionId": batch["id"],
        "xdm:customerIngestionId": batch["externalId"],
        "xdm:imsOrg": batch["imsOrg"],
        "xdm:completed": batch.get("completed", now),
        "xdm:datasetId": datasets[0] if datasets else None,
        "xdm:eventCode": _INGESTION[event],
        "xdm:sandboxName": sandbox,
        # Documented as a text, unlike the times beside it.
        "sentTime": str(now),
        "processStartTime": now,
        "transformedTime": now,
        **_header(batch["imsOrg"], code),
    }
    return code, {"event_id": event_id, "event": told}


def _header(org: str, code: str) -> Document:
    return {"header": {"_adobeio": {"imsOrgId": org, "providerMetadata": PROVIDER, "eventCode": code}}}
