"""The figures of streaming: what messages came to, in their batches and in the run of their hour.

Documented: streaming flows have one run for each hour of the clock, whose figures grow within the hour;
warnings are counted beside failures. No run of a streaming source is published as a whole, so the fields
are those that runs of batch sources have; a batch shows the figures that the known client reads.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from emulator.domain.metrics import PROMOTION_ID, ROWS_LOST
from emulator.domain.run_states import IN_PROGRESS

Document = dict[str, Any]
HOUR_MS = 3_600_000
# A run names so many of its newest batches.
MOST_BATCHES = 100
# Of a message that could not be read as what it should be: the word that old samples have for it.
UNKNOWN = "unknown"


@dataclass
class Figures:
    """Counted messages and records; sizes in bytes. ``causes`` holds count and first text by code."""

    size: int = 0
    landed: int = 0
    landed_size: int = 0
    lost: int = 0
    skipped: int = 0
    warned: int = 0
    causes: dict[str, tuple[int, str]] = field(default_factory=dict)
    batches: list[str] = field(default_factory=list)

    @property
    def received(self) -> int:
        """Every message has landed, is lost or was skipped."""
        return self.landed + self.lost + self.skipped

    def plus(self, other: Figures) -> Figures:
        causes = dict(self.causes)
        for code, (count, text) in other.causes.items():
            before = causes.get(code, (0, text))
            causes[code] = (before[0] + count, before[1])
        return Figures(
            self.size + other.size,
            self.landed + other.landed,
            self.landed_size + other.landed_size,
            self.lost + other.lost,
            self.skipped + other.skipped,
            self.warned + other.warned,
            causes,
            [*self.batches, *other.batches][-MOST_BATCHES:],
        )

    def written(self) -> str:
        """As JSON text, which ``read`` takes."""
        return orjson.dumps(self).decode()

    @staticmethod
    def read(text: str) -> Figures:
        document = orjson.loads(text)
        causes = {code: (entry[0], entry[1]) for code, entry in document["causes"].items()}
        return Figures(**{**document, "causes": causes})


def status(figures: Figures) -> str:
    """Of a run whose hour is over."""
    if not figures.lost:
        return "success"
    return "partialSuccess" if figures.landed or figures.skipped else "failed"


def run_figures(figures: Figures, hour: int, now: int, ended: int | None, target: str) -> Document:
    """``metrics`` and ``activities`` of the run of the hour that began at ``hour``; ``ended`` once it is over."""
    times: Document = {"startedAtUTC": hour}
    if ended is not None:
        times["completedAtUTC"] = ended
    told: Document = {"status": IN_PROGRESS if ended is None else status(figures)}
    if figures.lost:
        told["errors"] = [ROWS_LOST]
    common = {
        "durationSummary": times,
        "sizeSummary": {"inputBytes": figures.size, "outputBytes": figures.landed_size},
        "recordSummary": _records(figures),
        "statusSummary": told,
    }
    into: Document = {"id": target, "type": "TargetConnection"}
    if figures.batches:
        into["reference"] = {"type": "Batch", "ids": figures.batches}
    activity = {"id": PROMOTION_ID, "name": "Promotion Activity", "updatedAtUTC": now, **common, "targetInfo": [into]}
    return {"metrics": common, "activities": [activity]}


def _records(figures: Figures) -> Document:
    counts: Document = {
        "inputRecordCount": figures.received,
        "outputRecordCount": figures.landed,
        "failedRecordCount": figures.lost,
    }
    if figures.skipped:
        counts["skippedRecordCount"] = figures.skipped
    if figures.warned:
        counts["warningRecordCount"] = figures.warned
    if figures.causes:
        told = figures.causes.items()
        counts["failedInfo"] = [
            {"code": code, "message": text, "count": count, "type": "Error"} for code, (count, text) in told
        ]
    return counts


def _errors(figures: Figures) -> list[Document]:
    return [{"code": code, "recordCount": count, "description": text} for code, (count, text) in figures.causes.items()]


def landed_batch(figures: Figures, opened: int, now: int) -> Document:
    """Metrics of the batch that took what landed."""
    return _batch(figures.landed, 0, figures.landed_size, opened, now, {})


def failed_batch(figures: Figures, opened: int, now: int) -> tuple[Document, list[Document]]:
    """Metrics and errors of the batch of what did not land."""
    mapper = sum(count for code, (count, _) in figures.causes.items() if code.startswith("MAPPER"))
    unknown = figures.causes.get(UNKNOWN, (0, ""))[0]
    by_stage = {
        "invalidRecordsStreamingValidation": figures.lost - mapper - unknown,
        "invalidRecordsMapper": mapper,
        "invalidRecordsUnknown": unknown,
    }
    return _batch(0, figures.lost, 0, opened, now, by_stage), _errors(figures)


def _batch(landed: int, lost: int, size: int, opened: int, now: int, by_stage: Document) -> Document:
    return {
        "startTime": opened,
        "endTime": now,
        "recordsRead": landed + lost,
        "recordsWritten": landed,
        "recordsFailed": lost,
        "recordsSize": size,
        "inputRecordCount": landed + lost,
        "outputRecordCount": landed,
        "failedRecordCount": lost,
        "outputByteSize": size,
        "invalidRecordCount": lost,
        "invalidRecordsStreamingValidation": 0,
        "invalidRecordsMapper": 0,
        "invalidRecordsProfile": 0,
        "invalidRecordsIdentity": 0,
        "invalidRecordsUnknown": 0,
        **by_stage,
    }
