"""The figures of a batch run, in the documented structure.

Everything here was counted by whoever calls: this module only arranges it. Documented by the
monitoring guide and the Mixpanel tutorial: a copy and a promotion activity, a run that starts with the
first and completes with the second; a run without records has only the copy activity.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Document = dict[str, Any]

# Stands for the address under which the client reached the server; put in when a document is answered.
ORIGIN = "\ue000origin\ue000"
COPY_ID = "copyActivity"
PROMOTION_ID = "promotionActivity"

COPY_FAILED: Document = {"code": "CONNECTOR-1001-500", "message": "Error in copying the data from Source."}
PROMOTION_FAILED: Document = {
    "code": "CONNECTOR-2001-500",
    "message": "Error in processing (parsing, validation or transformation) the copied data.",
}


@dataclass(frozen=True)
class Window:
    """What a run covers, in milliseconds; ``once`` for a flow that runs a single time."""

    start: int
    end: int
    once: bool


@dataclass(frozen=True)
class Copy:
    """What the copy activity did; times in milliseconds. ``failure`` says why it failed."""

    connector: str
    source_connection: str
    reference: str
    started: int
    completed: int
    records: int = 0
    size: int = 0
    failure: str | None = None


@dataclass(frozen=True)
class Promotion:
    """What the promotion activity did; ``failure`` is the code and message of what broke it."""

    target_connection: str
    started: int
    completed: int
    batch: str | None = None
    records: int = 0
    size: int = 0
    failure: tuple[str, str] | None = None
    extensions: Document = field(default_factory=dict)


def describe(window: Window, copy: Copy, promotion: Promotion | None) -> tuple[Document, list[Document]]:
    """``metrics`` and ``activities`` of a finished run."""
    activities = [_copy_activity(copy, window)]
    if promotion is not None:
        activities.append(_promotion_activity(copy, promotion))
    return _metrics(copy, promotion), activities


def _metrics(copy: Copy, promotion: Promotion | None) -> Document:
    completed = promotion.completed if promotion else copy.completed
    metrics: Document = {"durationSummary": {"startedAtUTC": copy.started, "completedAtUTC": completed}}
    if copy.failure is not None:
        status = {"status": "failed", "errors": [COPY_FAILED], "activityRefs": [COPY_ID]}
        failed_info = [{"code": COPY_FAILED["code"], "message": copy.failure}]
        return {**metrics, "recordSummary": {"failedInfo": failed_info}, "statusSummary": status}
    if promotion is None:
        return {
            **metrics,
            "sizeSummary": {"inputBytes": copy.size, "outputBytes": 0},
            "recordSummary": {"inputRecordCount": 0, "outputRecordCount": 0, "failedRecordCount": 0},
            "fileSummary": {"inputFileCount": 0, "outputFileCount": 0},
            "statusSummary": {"status": "success"},
        }
    if promotion.failure is not None:
        # Documented: what is unknown when promotion fails reads -1, and there is no record summary.
        return {
            **metrics,
            "sizeSummary": {"inputBytes": copy.size, "outputBytes": -1},
            "fileSummary": {"inputFileCount": 1, "outputFileCount": -1},
            "statusSummary": {"status": "failed", "errors": [PROMOTION_FAILED], "activityRefs": [PROMOTION_ID]},
        }
    return {
        **metrics,
        "sizeSummary": {"inputBytes": copy.size, "outputBytes": promotion.size},
        "recordSummary": _counts(copy, promotion),
        "fileSummary": {"inputFileCount": 1, "outputFileCount": 1, "activityRefs": [PROMOTION_ID]},
        "statusSummary": {"status": "success"},
    }


def _counts(copy: Copy, promotion: Promotion) -> Document:
    return {
        "inputRecordCount": copy.records,
        "outputRecordCount": promotion.records,
        "failedRecordCount": copy.records - promotion.records,
    }


def _copy_activity(copy: Copy, window: Window) -> Document:
    files = 1 if copy.records else 0
    status: Document = {"status": "success", "extensions": {"type": "one-time" if window.once else "incremental"}}
    records: Document = {"inputRecordCount": copy.records, "outputRecordCount": copy.records}
    if copy.failure is not None:
        records = {"failedInfo": [{"code": COPY_FAILED["code"], "message": copy.failure}]}
        status = {"status": "failed", "errors": [COPY_FAILED], "extensions": {"errorDetail": copy.failure}}
    return {
        "id": COPY_ID,
        "name": f"{copy.connector} Copy Activity",
        "updatedAtUTC": copy.completed,
        "durationSummary": {
            "startedAtUTC": copy.started,
            "completedAtUTC": copy.completed,
            "extensions": {"windowStart": window.start, "windowEnd": window.end},
        },
        "sizeSummary": {"inputBytes": copy.size, "outputBytes": copy.size},
        "recordSummary": records,
        "fileSummary": {"inputFileCount": files, "outputFileCount": files},
        "statusSummary": status,
        "sourceInfo": [
            {
                "id": copy.source_connection,
                "type": "SourceConnection",
                "reference": {"type": "AdfRunId", "ids": [copy.reference]},
            }
        ],
    }


def _promotion_activity(copy: Copy, promotion: Promotion) -> Document:
    activity: Document = {
        "id": PROMOTION_ID,
        "name": "Promotion Activity",
        "updatedAtUTC": promotion.completed,
        "durationSummary": {"startedAtUTC": promotion.started, "completedAtUTC": promotion.completed},
    }
    target: Document = {"id": promotion.target_connection, "type": "TargetConnection"}
    if promotion.failure is not None:
        code, message = promotion.failure
        return {
            **activity,
            "sizeSummary": {"inputBytes": copy.size, "outputBytes": -1},
            "recordSummary": {},
            "fileSummary": {"inputFileCount": 1, "outputFileCount": -1},
            "statusSummary": {
                "status": "failed",
                "errors": [PROMOTION_FAILED],
                "extensions": {"errors": [{"code": code, "recordCount": copy.records, "message": message}]},
            },
            "targetInfo": [target],
        }
    manifest = f"{ORIGIN}/data/foundation/export/batches/{promotion.batch}/meta?path=input_files"
    return {
        **activity,
        "sizeSummary": {"inputBytes": copy.size, "outputBytes": promotion.size},
        "recordSummary": _counts(copy, promotion),
        "fileSummary": {
            "inputFileCount": 1,
            "outputFileCount": 1,
            "extensions": {"manifest": {"fileInfo": manifest}},
        },
        "statusSummary": {"status": "success", "extensions": promotion.extensions},
        "targetInfo": [{**target, "reference": {"type": "Batch", "ids": [promotion.batch]}}],
    }
