"""What Data Access has beside the data of a batch: what it was made of, and the rows that did not land."""

from __future__ import annotations

from emulator.edge.call import Answer, Call
from emulator.engine.world import World
from emulator.services.export.content import (
    CONVERSION,
    PARSING,
    File,
    Place,
    failed_file,
    input_file,
    row_errors_file,
    sample_file,
    text_file,
)
from emulator.services.export.listing import BAD, Document, entry, finished_batch, handed_out, listing, no_such_file
from emulator.store import batch_files
from emulator.store.batch_files import Within

INPUT_FILES, ROW_ERRORS = "input_files", "row_errors"
_INPUT = "fileMetaData1.json"
# The first is what runs link to, the second what the OpenAPI file calls it.
_SAMPLES = ("row_error_samples.json", "row_errors_sample.json")
# How many rows a sample has is not published.
_SAMPLE = 100


class BatchFiles:
    """The operations on a batch's failed rows and on what is told about it."""

    def __init__(self, world: World) -> None:
        self._world = world

    def failed(self, call: Call) -> Answer:
        call.query.check(("start", "limit", "path"), BAD)
        _, place = finished_batch(self._world, call, call.params["id"])
        found = failed_file(place)
        files = [] if found is None else [text_file("_SUCCESS", b""), found]
        path = call.query.one("path")
        if path is None:
            return listing(call, [entry(call, file.name, file.length) for file in files])
        return handed_out(call, _named(files, path, f"the failed rows of batch {place.batch}"))

    def meta(self, call: Call) -> Answer:
        """A folder as a list, a file as its bytes; without a path what there is at the top."""
        call.query.check(("start", "limit", "path"), BAD)
        batch, place = finished_batch(self._world, call, call.params["id"])
        folder, _, name = (call.query.one("path") or "").strip("/").partition("/")
        if folder == "":
            return listing(call, _top(call, place))
        if folder in _SAMPLES and not name:
            return handed_out(call, sample_file(place, folder, _SAMPLE))
        if folder not in (INPUT_FILES, ROW_ERRORS):
            raise no_such_file(f"what is told of batch {place.batch}", folder, [INPUT_FILES, ROW_ERRORS, _SAMPLES[0]])
        files = self._inputs(batch, place) if folder == INPUT_FILES else _row_errors(place)
        if name:
            return handed_out(call, _named(files, name, f"{folder} of batch {place.batch}"))
        # The samples write the slash in these two ways.
        slash = "/" if folder == INPUT_FILES else "%2F"
        return listing(call, [entry(call, file.name, file.length, f"{folder}{slash}{file.name}") for file in files])

    def _inputs(self, batch: Document, place: Place) -> list[File]:
        """One file that names every file that was read; a batch that kept none was made of one of its own name."""
        with self._world.database.reading() as tx:
            uploaded = list(batch_files.listed(tx, Within.of(place.tenant, place.batch)))
        return [input_file(_INPUT, uploaded or batch["tags"].get("sourcePaths") or [f"{batch['id']}.json"])]


def _top(call: Call, place: Place) -> list[Document]:
    sample = sample_file(place, _SAMPLES[0], _SAMPLE)
    return [entry(call, INPUT_FILES, 0), entry(call, ROW_ERRORS, 0), entry(call, sample.name, sample.length)]


def _row_errors(place: Place) -> list[File]:
    found = (row_errors_file(place, name) for name in (PARSING, CONVERSION))
    return [file for file in found if file is not None]


def _named(files: list[File], name: str, what: str) -> File:
    found = next((file for file in files if file.name == name), None)
    if found is None:
        raise no_such_file(what, name, [file.name for file in files])
    return found
