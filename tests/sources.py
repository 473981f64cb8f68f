"""Short words for tests of what runs read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from emulator.domain.specs import ConnectionSpec, load_catalogue
from emulator.engine.sources.origin import Origin
from emulator.engine.sources.source import Chunk, Record, Source, Wanted
from tests.operating import TABLE_FLOW
from tests.support import Api, Document, spec

# The first run is due at once.
DAILY: Document = {"startTime": "1625040887", "frequency": "day", "interval": 1, "backfill": True}

CATALOGUE = load_catalogue()


def spec_called(name: str) -> ConnectionSpec:
    return next(spec for spec in CATALOGUE.connections.values() if spec.name == name)


def origin(name: str, params: Document, *roots: Path, data: Document | None = None, **more: Any) -> Origin:
    """What a source connection of that spec says, over these folders."""
    return Origin(spec_called(name), params, data or {}, roots=roots, **more)


def records(chunks: Iterable[Chunk]) -> list[Record]:
    return [record for chunk in chunks for record in chunk.records]


class Reader:
    """Reads a source run after run, as a flow does."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.cursor: str | None = None

    def read(self, since: int | None = None, until: int | None = None) -> list[Chunk]:
        chunks = list(self._source.chunks(Wanted(self.cursor, since, until)))
        if chunks:
            self.cursor = chunks[-1].cursor
        return chunks

    def read_part(self) -> Chunk | None:
        """One chunk, after which the process ends."""
        chunks = self._source.chunks(Wanted(self.cursor))
        part = next(chunks, None)
        chunks.close()
        if part is not None:
            self.cursor = part.cursor
        return part


def table_flow(api: Api, base: str, spec_id: str, table: str, delta: str) -> tuple[str, str]:
    """A flow that reads a table behind a base connection by its delta column, and the dataset that it lands in."""
    changes: Document = {"data": {"format": "tabular"}, "params": {"tableName": table}}
    source, target = api.source_connection(base, spec_id, **changes), api.target()
    pairs = {"id": "_test.id"}
    body = api.flow_body(source, target, pairs, flowSpec=spec(TABLE_FLOW), scheduleParams=DAILY)
    body["transformations"].insert(0, {"name": "Copy", "params": {"deltaColumn": {"name": delta}}})
    return api.make("flows", body), target.dataset


def landed(api: Api, dataset: str) -> list[Any]:
    """The ids that have landed, in order."""
    return [record["_test"]["id"] for record in api.records(dataset)["items"]]
