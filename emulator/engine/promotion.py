"""Files of a batch on their way into its dataset, and batches that are taken back.

All of it happens in the transaction of the call that asks for it: a process that is killed on the way leaves
the batch as it was, with its files, and the call can be made again.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from emulator.domain.ingestion import FAILED, INACTIVE, SUCCESS
from emulator.domain.kinds import BATCHES, DATASETS
from emulator.domain.metrics import MESSAGES, Cause, Promotion, errors_of_rows
from emulator.domain.tenant import Tenant
from emulator.domain.xdm_validation import Validator
from emulator.engine import landing, notices
from emulator.engine.landing import INGESTION_ERROR, BatchState
from emulator.engine.pipeline import DEFAULT_PERCENT, Tally, unreadable
from emulator.engine.sources.source import CHUNK, BadRow, Record, UnreadableData
from emulator.engine.uploads import NoHeader, rows_of
from emulator.engine.world import World
from emulator.store import batch_files, last_batches, records, rejected, resources
from emulator.store.batch_files import Within
from emulator.store.database import Contended, Transaction

Document = dict[str, Any]
# Documented codes of what is wrong with files, and their texts.
NO_FILES, EMPTY_FILE, EMPTY_HEADER, ABORTED_JOB = "133", "106", "118", "unknown"
TEXTS = {
    NO_FILES: "We are unable to locate any files uploaded for this batch. Please upload files to ingest.",
    EMPTY_FILE: "Dataset file is empty. Please upload file with data.",
    EMPTY_HEADER: "CSV file contains empty header row.",
    ABORTED_JOB: "Job aborted.",
}


class _CannotBePromoted(Exception):
    """The batch as a whole, with the code and the text of why."""

    def __init__(self, code: str, text: str | None = None) -> None:
        super().__init__(TEXTS[code] if text is None else text)
        self.code = code


def dataset_of(batch: Document) -> str:
    found: str = next(related["id"] for related in batch["relatedObjects"] if related["type"] == "dataSet")
    return found


def promote(world: World, tx: Transaction, tenant: Tenant, batch: Document) -> None:
    """Land what is in the files of a batch and end it. More rows that fail than it allows, and nothing lands."""
    way = _Way(world, tx, tenant, batch)
    try:
        way.read_files()
    except _CannotBePromoted as error:
        way.end(FAILED, [{"code": error.code, "description": str(error)}])
        return
    errors = errors_of_rows(way.outcome(), "description")
    way.end(FAILED if way.has_lost_too_many else SUCCESS, errors)


@dataclass
class _Way:
    """The way of one batch's rows."""

    world: World
    tx: Transaction
    tenant: Tenant
    batch: Document
    tally: Tally = field(default_factory=Tally)
    validator: Validator | None = None

    @property
    def _dataset(self) -> str:
        return dataset_of(self.batch)

    @property
    def has_lost_too_many(self) -> bool:
        percent: float = self.batch["tags"].get("acp_partialIngestionPercent", DEFAULT_PERCENT)
        return self.tally.lost.total() * 100 > percent * self.tally.read

    def read_files(self) -> None:
        within = Within.of(self.tenant, self.batch["id"])
        if not resources.is_there(self.tx, self.tenant, DATASETS, self._dataset):
            raise _CannotBePromoted(INGESTION_ERROR, f"The dataset {self._dataset} was deleted.")
        self.validator = landing.validator_of(self.tx, self.tenant, self._dataset)
        names = list(batch_files.listed(self.tx, within))
        if not names:
            raise _CannotBePromoted(NO_FILES)
        with tempfile.TemporaryDirectory() as folder:
            for name in names:
                self._read_file(within, name, Path(folder) / "upload")

    def _read_file(self, within: Within, name: str, path: Path) -> None:
        with path.open("wb") as file:
            for place in batch_files.places(self.tx, within, name):
                file.write(batch_files.part(self.tx, within, name, place.start))
        self.tally.files += 1
        self.tally.size += path.stat().st_size
        if path.stat().st_size == 0:
            raise _CannotBePromoted(EMPTY_FILE)
        try:
            rows = rows_of(path, self.batch["inputFormat"])
            while part := list(islice(rows, CHUNK)):
                self._land(part)
        except NoHeader:
            raise _CannotBePromoted(EMPTY_HEADER) from None
        except UnreadableData as error:
            reason = str(error).replace(path.name, name)
            raise _CannotBePromoted(INGESTION_ERROR, f"The file {name} cannot be read: {reason}.") from None

    def _land(self, part: list[Record | BadRow]) -> None:
        tally = self.tally
        tally.read += len(part)
        bad = [unreadable(row) for row in part if isinstance(row, BadRow)]
        read = [row for row in part if not isinstance(row, BadRow)]
        bodies, _, lost = landing.map_each(None, read, self.validator)
        failed = [*bad, *lost]
        batch_id = self.batch["id"]
        rejected.land(self.tx, self.tenant, self._dataset, batch_id, None, failed, tally.lost.total())
        for row in failed:
            tally.lost[row.code] += 1
            tally.said.setdefault(row.code, MESSAGES.get(row.code, row.message))
        records.land(self.tx, self.tenant, self._dataset, batch_id, None, bodies, tally.landed)
        tally.landed += len(bodies)
        tally.landed_size += sum(map(len, bodies))

    def outcome(self) -> Promotion:
        tally, tags = self.tally, self.batch["tags"]
        causes = tuple(Cause(code, tally.said[code], count) for code, count in tally.lost.items())
        # Documented: a threshold of one's own switches diagnostics on.
        told = bool(tags.get("acp_enableErrorDiagnostics") or "acp_partialIngestionPercent" in tags)
        now = self.world.clock.now()
        landed = 0 if self.has_lost_too_many else tally.landed
        return Promotion("", now, now, self.batch["id"], landed, tally.landed_size, causes, told)

    def end(self, status: str, errors: list[Document]) -> None:
        world, tx, tenant, batch_id = self.world, self.tx, self.tenant, self.batch["id"]
        if status == FAILED:
            records.remove_batch(tx, tenant, self._dataset, batch_id)
        figures = self.tally.figures(self.tally.landed if status == SUCCESS else 0, world.clock.now())
        state = BatchState(status, self.batch["tags"], figures, errors or None)
        ended = landing.change_batch(world, tx, tenant, self._dataset, batch_id, state)
        batch_files.empty(tx, Within.of(tenant, batch_id))
        if status == SUCCESS:
            for predecessor in self.batch.get("replay", {}).get("predecessors", ()):
                _replace(world, tx, tenant, predecessor)
            _mark(world, tx, tenant, self._dataset)
        notices.batch_ended(world, tx, tenant, ended, None)


def _replace(world: World, tx: Transaction, tenant: Tenant, batch_id: str) -> None:
    stored = resources.hold(tx, tenant, BATCHES, batch_id)
    if stored is not None and stored.document["status"] == SUCCESS:
        take_back(world, tx, tenant, stored.document)


def give_up(world: World, tx: Transaction, tenant: Tenant, batch: Document, status: str) -> None:
    """A batch whose files are not to be promoted; they go."""
    now = world.clock.now()
    more: Document = {"completed": now}
    if status == FAILED:
        more["errors"] = [{"code": ABORTED_JOB, "description": TEXTS[ABORTED_JOB]}]
    _change(world, tx, tenant, batch, {"status": status, **more})
    batch_files.empty(tx, Within.of(tenant, batch["id"]))
    _mark(world, tx, tenant, dataset_of(batch))


def take_back(world: World, tx: Transaction, tenant: Tenant, batch: Document) -> None:
    """Documented: a batch that is reverted or replaced is inactive; its records are gone."""
    records.remove_batch(tx, tenant, dataset_of(batch), batch["id"])
    _change(world, tx, tenant, batch, {"status": INACTIVE})
    _mark(world, tx, tenant, dataset_of(batch))


def _change(world: World, tx: Transaction, tenant: Tenant, batch: Document, changes: Document) -> None:
    stored = resources.hold(tx, tenant, BATCHES, batch["id"])
    if stored is None:
        raise Contended(f"the batch {batch['id']} was taken away")
    document = {**stored.document, "updated": world.clock.now(), "updatedUser": tenant.user, **changes}
    resources.replace(tx, tenant, BATCHES, batch["id"], document, stored.etag, stored.etag)


def _mark(world: World, tx: Transaction, tenant: Tenant, dataset: str) -> None:
    """The dataset's own account of its newest batches, anew."""
    stored = resources.hold(tx, tenant, DATASETS, dataset)
    last = last_batches.of(tx, tenant, dataset)
    if stored is None or last is None:
        return
    newest = orjson.loads(last.newest)
    document = {
        **stored.document,
        "updated": world.clock.now(),
        "lastBatchId": newest["id"],
        "lastBatchStatus": newest["status"],
        "lastSuccessfulBatch": last.successful,
    }
    kept = {name: value for name, value in document.items() if value is not None}
    resources.replace(tx, tenant, DATASETS, dataset, kept, stored.etag, stored.etag)
