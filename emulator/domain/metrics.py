"""The figures of a batch run, in the documented structure.

Everything here was counted by whoever calls: this module only arranges it. Documented by the
monitoring guide, the notifications guide and the Mixpanel tutorial: a copy and a promotion activity, a run
that starts with the first and completes with the second; a run without records has only the copy activity.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

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
# What a run that lands all the same says of the rows that it lost.
ROWS_LOST: Document = {"code": "CONNECTOR-2001-500", "message": "Error occurred at promotion activity."}
MAPPER_ERROR, ROW_ERROR, WITH_DIAGNOSTICS, WITHOUT_DIAGNOSTICS = (
    "MAPPER-3700-400",
    "INGEST-1401-400",
    "INGEST-1212-400",
    "INGEST-1211-400",
)
MAPPER_WARNING = "MAPPER-3700-199"
# The documented texts of codes in runs.
MESSAGES: dict[str, str] = {
    COPY_FAILED["code"]: COPY_FAILED["message"],
    PROMOTION_FAILED["code"]: PROMOTION_FAILED["message"],
    "CONNECTOR-3001-500": "Error in creating the batch.",
    MAPPER_ERROR: "Mapper Transform Error",
    ROW_ERROR: "The row has corrupted data and cannot be read or parsed. Fix the corrupted data and try again.",
    "INGEST-1555-400": "A required field is either missing or has a value of null. "
    "Add the required field to the input row and try again.",
}


@dataclass(frozen=True)
class Window:
    """What a run covers, in milliseconds; ``once`` for a flow that runs a single time."""

    start: int
    end: int
    once: bool


class Failure(NamedTuple):
    """What ended an activity: ``code`` and ``message`` of the cause, ``detail`` of the connector's log."""

    code: str
    message: str
    detail: str | None = None


@dataclass(frozen=True)
class Copy:
    """What the copy activity did; times in milliseconds, sizes in bytes.

    ``filtered`` counts records that the source's row filter left out; they are no input.
    """

    connector: str
    source_connection: str
    reference: str
    started: int
    completed: int
    records: int = 0
    size: int = 0
    files: int = 0
    filtered: int = 0
    failure: Failure | None = None


@dataclass(frozen=True)
class Cause:
    """Why so many rows were not landed."""

    code: str
    message: str
    count: int


@dataclass(frozen=True)
class Promotion:
    """What the promotion activity did. ``causes``: why rows were lost. ``status`` when it was scripted. ``warned``
    counts rows that landed with a field missing that could not be made, ``warnings`` says which."""

    target_connection: str
    started: int
    completed: int
    batch: str | None = None
    records: int = 0
    size: int = 0
    causes: tuple[Cause, ...] = ()
    diagnostics: bool = False
    failure: Failure | None = None
    status: str | None = None
    warned: int = 0
    warnings: tuple[Cause, ...] = ()

    @property
    def lost(self) -> int:
        return sum(cause.count for cause in self.causes)


def errors_of_rows(promotion: Promotion, key: str = "message") -> list[Document]:
    """The summary, and one entry for each cause; documented: only with diagnostics on does it count them.

    ``key`` is ``message`` in runs and ``description`` in batches.
    """
    lost, landed = promotion.lost, promotion.records
    if not lost:
        return []
    if promotion.diagnostics:
        summary = (
            f"Encountered {lost} errors in the data. Successfully ingested {landed} rows. "
            "Review the associated diagnostic files for additional details."
        )
        counted = [{"code": one.code, "recordCount": one.count, key: one.message} for one in promotion.causes]
        return [{"code": WITH_DIAGNOSTICS, key: summary}, *counted]
    summary = (
        f"Encountered {lost} errors while parsing, converting or validating the data. "
        "Switch error diagnostics on and send it again to see which."
    )
    uncounted = [{"code": one.code, key: one.message} for one in promotion.causes]
    return [{"code": WITHOUT_DIAGNOSTICS, key: summary}, *uncounted]


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
        return {**metrics, "recordSummary": {"failedInfo": [_cause(copy.failure)]}, "statusSummary": status}
    if promotion is None:
        return {
            **metrics,
            "sizeSummary": {"inputBytes": copy.size, "outputBytes": 0},
            "recordSummary": _skipped(copy) | {"inputRecordCount": 0, "outputRecordCount": 0, "failedRecordCount": 0},
            "fileSummary": {"inputFileCount": copy.files, "outputFileCount": 0},
            "statusSummary": {"status": "success"},
        }
    if promotion.failure is not None:
        # Documented: what is unknown when promotion fails reads -1, and there is no record summary.
        return {
            **metrics,
            "sizeSummary": {"inputBytes": copy.size, "outputBytes": -1},
            "fileSummary": {"inputFileCount": copy.files, "outputFileCount": -1},
            "statusSummary": {"status": "failed", "errors": [PROMOTION_FAILED], "activityRefs": [PROMOTION_ID]},
        }
    return {
        **metrics,
        "sizeSummary": {"inputBytes": copy.size, "outputBytes": promotion.size},
        "recordSummary": _counts(copy, promotion),
        "fileSummary": {"inputFileCount": copy.files, "outputFileCount": 1, "activityRefs": [PROMOTION_ID]},
        "statusSummary": {**_status(promotion), **({"activityRefs": [PROMOTION_ID]} if promotion.lost else {})},
    }


def _status(promotion: Promotion) -> Document:
    """Documented: rows lost below the threshold leave the run a success that lists its errors."""
    status: Document = {"status": promotion.status or "success"}
    return {**status, "errors": [ROWS_LOST]} if promotion.lost else status


def _counts(copy: Copy, promotion: Promotion) -> Document:
    return _skipped(copy) | {
        "inputRecordCount": copy.records,
        "outputRecordCount": promotion.records,
        "failedRecordCount": promotion.lost,
        **_warnings(promotion),
    }


def _warnings(promotion: Promotion) -> Document:
    if not promotion.warned:
        return {}
    told = [{"code": one.code, "message": one.message, "count": one.count} for one in promotion.warnings]
    return {"warningRecordCount": promotion.warned, "warningInfo": [{**one, "type": "Warning"} for one in told]}


def _skipped(copy: Copy) -> Document:
    return {"skippedRecordCount": copy.filtered} if copy.filtered else {}


def _cause(failure: Failure) -> Document:
    return {"code": failure.code, "message": failure.message}


def _copy_activity(copy: Copy, window: Window) -> Document:
    status: Document = {"status": "success", "extensions": {"type": "one-time" if window.once else "incremental"}}
    records = _skipped(copy) | {"inputRecordCount": copy.records, "outputRecordCount": copy.records}
    if copy.failure is not None:
        cause = _cause(copy.failure)
        records = {"failedInfo": [cause]}
        extensions = {"errorDetail": copy.failure.detail or copy.failure.message, "errors": [cause]}
        status = {"status": "failed", "errors": [COPY_FAILED], "extensions": extensions}
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
        "fileSummary": {"inputFileCount": copy.files, "outputFileCount": copy.files},
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
    if promotion.batch is not None:
        target["reference"] = {"type": "Batch", "ids": [promotion.batch]}
    if promotion.failure is not None:
        failure = promotion.failure
        told = errors_of_rows(promotion) or [
            {"code": failure.code, "recordCount": copy.records, "message": failure.message}
        ]
        return {
            **activity,
            "sizeSummary": {"inputBytes": copy.size, "outputBytes": -1},
            "recordSummary": {},
            "fileSummary": {"inputFileCount": copy.files, "outputFileCount": -1},
            "statusSummary": {
                "status": "failed",
                "errors": [PROMOTION_FAILED],
                "extensions": _where_rows_are(promotion) | {"errors": told},
            },
            "targetInfo": [target],
        }
    extensions = _where_rows_are(promotion)
    if promotion.lost:
        extensions["errors"] = errors_of_rows(promotion)
    return {
        **activity,
        "sizeSummary": {"inputBytes": copy.size, "outputBytes": promotion.size},
        "recordSummary": _counts(copy, promotion),
        "fileSummary": {
            "inputFileCount": copy.files,
            "outputFileCount": 1,
            "extensions": {"manifest": {"fileInfo": _meta(promotion, "input_files")}},
        },
        "statusSummary": {**_status(promotion), "extensions": extensions},
        "targetInfo": [target],
    }


def _where_rows_are(promotion: Promotion) -> Document:
    """Documented: the files that tell of lost rows are written when error diagnostics are on."""
    if not (promotion.lost and promotion.diagnostics and promotion.batch):
        return {}
    failed, samples = _meta(promotion, "row_errors"), _meta(promotion, "row_error_samples.json")
    return {"manifest": {"failedRecords": failed, "sampleErrors": samples}}


def _meta(promotion: Promotion, path: str) -> str:
    return f"{ORIGIN}/data/foundation/export/batches/{promotion.batch}/meta?path={path}"
