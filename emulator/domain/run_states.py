"""``metrics`` of a run that has not ended, or that never began.

Documented by the alerts guide: a run that has just begun shows nothing but its status.
"""

from __future__ import annotations

from typing import Any

from emulator.domain.metrics import COPY_FAILED

Document = dict[str, Any]
SCHEDULED, QUEUED, IN_PROGRESS, CANCELLED = "scheduled", "queued", "inProgress", "cancelled"


def waits(status: str) -> Document:
    """It has not begun."""
    return {"statusSummary": {"status": status}}


def in_progress(started: int, records: int = 0, size: int = 0, files: int = 0) -> Document:
    """What it has read so far shows once there is something."""
    status: Document = {"statusSummary": {"status": IN_PROGRESS}}
    if not records:
        return status
    return {
        "durationSummary": {"startedAtUTC": started},
        "sizeSummary": {"inputBytes": size},
        "recordSummary": {"inputRecordCount": records},
        "fileSummary": {"inputFileCount": files},
        **status,
    }


def cancelled(now: int, why: str) -> Document:
    """It never began, and ``why`` not."""
    cause = {"code": COPY_FAILED["code"], "message": why}
    return {
        "durationSummary": {"stoppedAtUTC": now},
        "recordSummary": {"failedInfo": [cause]},
        "statusSummary": {"status": CANCELLED, "errors": [cause]},
    }
