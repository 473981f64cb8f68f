"""The data of a batch as files, and the first rows of a dataset."""

from __future__ import annotations

from emulator.domain.errors import Refusal
from emulator.domain.kinds import DATASETS
from emulator.edge.call import Answer, Call
from emulator.engine.world import World
from emulator.services.export.content import File, landed_file
from emulator.services.export.listing import (
    BAD,
    MISSING,
    Document,
    entry,
    finished_batch,
    handed_out,
    listing,
    no_such_file,
)
from emulator.services.export.parquet import parquet_file
from emulator.store import records, resources

# Documented.
PREVIEWED = 100
# A batch is one file: its records, in the order in which they landed.
_FILE = "-1"


class DataFiles:
    """The operations on data that landed."""

    def __init__(self, world: World) -> None:
        self._world = world

    def of_batch(self, call: Call) -> Answer:
        """Times, counts and sizes of these entries are texts."""
        call.query.check(("start", "limit"), BAD)
        batch, place = finished_batch(self._world, call, call.params["id"])
        found = landed_file(place)
        if found is None:
            return listing(call, [])
        file, count = found
        with self._world.database.reading() as tx:
            dataset = resources.read(tx, call.tenant, DATASETS, place.dataset)
        file_id = f"{place.batch}{_FILE}"
        described: Document = {
            "dataSetFileId": file_id,
            "dataSetViewId": place.dataset if dataset is None else dataset["viewId"],
            "version": "1.0.0",
            "created": str(batch["created"]),
            "updated": str(batch["updated"]),
            "records": str(count),
            "size": str(file.length),
            "isValid": True,
            "_links": {"self": {"href": f"{call.origin}/data/foundation/export/files/{file_id}"}},
        }
        return listing(call, [described])

    def file(self, call: Call) -> Answer:
        """The parts of a file as a list, or with ``path`` the bytes of one of them.

        There is one part, of JSON lines; the same name with the ending of Parquet gives it in that form.
        """
        call.query.check(("start", "limit", "path"), BAD)
        file_id = call.params["id"]
        found = self._landed(call, file_id)
        path = call.query.one("path")
        if path is None:
            return listing(call, [entry(call, found.name, found.length)])
        if path == found.name:
            return handed_out(call, found, ranges=True)
        columnar = found.name.removesuffix(".json") + ".parquet"
        if path == columnar:
            return handed_out(call, parquet_file(columnar, found), ranges=True)
        raise no_such_file(f"file {file_id}", path, [found.name, columnar])

    def _landed(self, call: Call, file_id: str) -> File:
        if file_id.endswith(_FILE):
            _, place = finished_batch(self._world, call, file_id.removesuffix(_FILE))
            found = landed_file(place)
            if found is not None:
                return found[0]
        hint = "The files of a batch are listed by GET /batches/{id}/files."
        raise Refusal(MISSING, detail=f"The file {file_id} is not found in this sandbox.", hint=hint)

    def preview(self, call: Call) -> Answer:
        call.query.check((), BAD)
        tenant, dataset = call.tenant, call.params["id"]
        with self._world.database.reading() as tx:
            if not resources.is_there(tx, tenant, DATASETS, dataset):
                raise Refusal(MISSING, detail=f"The dataset {dataset} is not found in this sandbox.")
            rows, _ = records.page(tx, tenant.org, tenant.sandbox, dataset, PREVIEWED, 0)
        return Answer(200, b'{"data":[' + ",".join(rows).encode() + b"]}")
