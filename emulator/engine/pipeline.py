"""Records of one run on their way into a dataset: mapped, checked, landed and counted, part by part."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import orjson

from emulator.domain.mapping import Fault, Mapper, MappingProblem
from emulator.domain.metrics import (
    MAPPER_ERROR,
    MAPPER_WARNING,
    MESSAGES,
    ROW_ERROR,
    Cause,
    Failure,
    Promotion,
    errors_of_rows,
)
from emulator.domain.outcomes import Outcome
from emulator.domain.tenant import Tenant
from emulator.domain.xdm_validation import Validator
from emulator.engine import landing
from emulator.engine.landing import BatchState
from emulator.engine.sources.source import BadRow, Chunk, Record
from emulator.engine.world import World
from emulator.store import records, rejected
from emulator.store.database import Transaction
from emulator.store.rejected import Rejected
from emulator.store.resources import Stored

Document = dict[str, Any]
# Documented: what the user interface sets when nothing is chosen.
DEFAULT_PERCENT = 5.0
# A manifest names so many objects.
_MOST_PATHS = 1000


@dataclass
class Tally:
    """What was counted; sizes in bytes. Rows that cannot be read are read and lost."""

    read: int = 0
    size: int = 0
    files: int = 0
    filtered: int = 0
    landed: int = 0
    landed_size: int = 0
    paths: list[str] = field(default_factory=list)
    # By code, and what the first of each said.
    lost: Counter[str] = field(default_factory=Counter)
    said: dict[str, str] = field(default_factory=dict)
    # Records that landed with something missing; by destination how many, and what the first one was.
    warned: int = 0
    warnings: Counter[str] = field(default_factory=Counter)
    warned_of: dict[str, str] = field(default_factory=dict)

    def warn(self, faults: list[list[Fault]]) -> None:
        self.warned += len(faults)
        for fault in (one for of_record in faults for one in of_record):
            self.warnings[fault.destination] += 1
            self.warned_of.setdefault(fault.destination, f"{fault.destination} from {fault.source}: {fault.message}")

    def figures(self, landed: int, now: int) -> Document:
        """The metrics of a batch in which ``landed`` of the records are."""
        lost = self.lost.total()
        return {
            "startTime": now,
            "endTime": now,
            "recordsRead": self.read,
            "recordsWritten": landed,
            "recordsFailed": lost,
            "inputByteSize": self.size,
            "inputFileCount": self.files or 1,
            "inputRecordCount": self.read,
            "outputRecordCount": landed,
            "failedRecordCount": lost,
            "outputByteSize": self.landed_size if landed else 0,
            "outputFileCount": 1 if landed else 0,
            "partitionCount": 1,
        }


@dataclass
class Pipeline:
    """The way of one run's records. ``batch`` is what they land in."""

    world: World
    tenant: Tenant
    flow: Stored
    run: str
    batch: str
    outcome: Outcome
    tally: Tally = field(default_factory=Tally)
    has_begun: bool = False
    # The batch as Catalog shows it, once it has ended.
    ended: Document | None = None
    _failure: Failure | None = None
    _dataset: str = ""
    _mapper: Mapper | None = None
    _validator: Validator | None = None

    def prepare(self, tx: Transaction) -> None:
        """Where records go and how. What stands in their way is told by the promotion."""
        if self.outcome.fails_promotion:
            self._failure = Failure(*self.outcome.cause)
            return
        try:
            self._dataset = landing.dataset_of(tx, self.tenant, self.flow)
            self._mapper = landing.mapper_of(self.world, tx, self.tenant, self.flow.document, self._dataset)
            self._validator = landing.validator_of(tx, self.tenant, self._dataset)
        except MappingProblem as error:
            self._failure = Failure(error.code, str(error))

    def put(self, tx: Transaction, chunk: Chunk) -> None:
        """Map, check and land one part of what was read."""
        tally = self.tally
        tally.read += len(chunk.records) + len(chunk.bad)
        tally.size += chunk.size
        tally.filtered += chunk.filtered
        tally.files += len(chunk.paths)
        tally.paths += chunk.paths[: _MOST_PATHS - len(tally.paths)]
        if self._failure is None:
            self._land(tx, chunk)

    def _land(self, tx: Transaction, chunk: Chunk) -> None:
        tally = self.tally
        told, left = self._told_to_lose(chunk.records)
        bodies, faults, lost = landing.map_each(self._mapper, left, self._validator)
        tally.warn(faults)
        rows = [*(unreadable(row) for row in chunk.bad), *told, *lost]
        rejected.land(tx, self.tenant, self._dataset, self.batch, self.run, rows, tally.lost.total())
        for row in rows:
            tally.lost[row.code] += 1
            tally.said.setdefault(row.code, MESSAGES.get(row.code, row.message))
        records.land(tx, self.tenant, self._dataset, self.batch, self.run, bodies, tally.landed)
        tally.landed += len(bodies)
        tally.landed_size += sum(map(len, bodies))

    def _told_to_lose(self, read: list[Record]) -> tuple[list[Rejected], list[Record]]:
        wanted = self.outcome.failed_records - self.tally.lost.total()
        if wanted <= 0:
            return [], read
        code, message = self.outcome.errors[0] if self.outcome.errors else (MAPPER_ERROR, MESSAGES[MAPPER_ERROR])
        lost = [Rejected(code, message, None, orjson.dumps(record).decode()) for record in read[:wanted]]
        return lost, read[wanted:]

    def begin(self, tx: Transaction) -> None:
        """Show that something is being landed, for a run that takes several parts."""
        if self._failure is None:
            self.has_begun = True
            state = BatchState("loading", self._tags())
            landing.create_batch(self.world, tx, self.tenant, self._dataset, self.batch, state)

    def end(self, tx: Transaction, started: int) -> Promotion:
        """End the batch: whole when no more rows were lost than the flow allows, else with nothing landed."""
        if self._failure is not None:
            target = self.flow.document["targetConnectionIds"][0]
            return Promotion(target, started, self.world.clock.now(), failure=self._failure)
        promotion = self._promotion(started)
        if promotion.failure is not None:
            records.remove_batch(tx, self.tenant, self._dataset, self.batch)
        self._end_batch(tx, promotion)
        return promotion

    def give_up(self, tx: Transaction) -> None:
        """The source failed: what was landed on the way goes, and its batch has failed."""
        if self.has_begun:
            records.remove_batch(tx, self.tenant, self._dataset, self.batch)
            rejected.remove_batch(tx, self.tenant, self._dataset, self.batch)
            self._write_batch(tx, BatchState("failed", self._tags(), self._figures(0)))

    @property
    def _options(self) -> Document:
        return self.flow.document.get("options") or {}

    def _promotion(self, started: int) -> Promotion:
        tally, options = self.tally, self._options
        causes = tuple(Cause(code, tally.said[code], count) for code, count in tally.lost.items())
        percent = options.get("partialIngestionPercent", DEFAULT_PERCENT)
        too_many = tally.lost.total() * 100 > percent * tally.read
        failure = None
        if too_many and self.outcome.status is None:
            failure = Failure(causes[0].code, f"{tally.lost.total()} of {tally.read} rows failed, {percent} % may")
        return Promotion(
            self.flow.document["targetConnectionIds"][0],
            started,
            self.world.clock.now(),
            self.batch,
            tally.landed,
            tally.landed_size,
            causes,
            # Documented: the two go together, whichever is switched on.
            bool(options.get("errorDiagnosticsEnabled") or "partialIngestionPercent" in options),
            failure,
            self.outcome.status,
            tally.warned,
            tuple(Cause(MAPPER_WARNING, tally.warned_of[name], count) for name, count in tally.warnings.items()),
        )

    def _end_batch(self, tx: Transaction, promotion: Promotion) -> None:
        failed = promotion.failure is not None
        metrics = self._figures(0 if failed else self.tally.landed)
        errors = errors_of_rows(promotion, "description")
        self._write_batch(tx, BatchState("failed" if failed else "success", self._tags(), metrics, errors or None))

    def _write_batch(self, tx: Transaction, state: BatchState) -> None:
        write = landing.change_batch if self.has_begun else landing.create_batch
        self.ended = write(self.world, tx, self.tenant, self._dataset, self.batch, state)

    def _tags(self) -> Document:
        options = self._options
        tags: Document = {"flowRunId": [self.run], "flowId": [self.flow.document["id"]]}
        if "errorDiagnosticsEnabled" in options:
            tags["acp_enableErrorDiagnostics"] = options["errorDiagnosticsEnabled"]
        if "partialIngestionPercent" in options:
            tags["acp_partialIngestionPercent"] = options["partialIngestionPercent"]
        return {**tags, "sourcePaths": self.tally.paths} if self.tally.paths else tags

    def _figures(self, landed: int) -> Document:
        return self.tally.figures(landed, self.world.clock.now())


def unreadable(row: BadRow) -> Rejected:
    """A row that could not be read, as one that did not land."""
    return Rejected(ROW_ERROR, row.message, None, orjson.dumps({"_corrupt_record": row.text}).decode())
