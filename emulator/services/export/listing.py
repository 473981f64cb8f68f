"""What all calls of Data Access share: which batches it knows, the shape of its lists, how files are handed out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from emulator.domain.byte_ranges import byte_range
from emulator.domain.errors import Refusal
from emulator.domain.kinds import BATCHES
from emulator.edge.call import Answer, Call, Stream, answer
from emulator.engine.world import World
from emulator.services.export.content import File, Place
from emulator.store import resources

Document = dict[str, Any]
BAD, MISSING = "EXPORT-0400-400", "EXPORT-0404-404"
# Documented as default and as the most that is given.
MAX_LIMIT = 100
_UNFINISHED = ("loading", "processing")
_BINARY = "application/octet-stream"


def finished_batch(world: World, call: Call, batch_id: str) -> tuple[Document, Place]:
    """A batch as Catalog shows it, and where its rows lie. Refuses one that is unknown or still being written."""
    with world.database.reading() as tx:
        batch = resources.read(tx, call.tenant, BATCHES, batch_id)
    if batch is None:
        raise Refusal(MISSING, detail=f"The batch {batch_id} is not found in this sandbox.")
    if batch["status"] in _UNFINISHED:
        raise Refusal(MISSING, detail=f"The batch {batch_id} is still being written, so it has no files yet.")
    dataset = next(related["id"] for related in batch["relatedObjects"] if related["type"] == "dataSet")
    return batch, Place(world.database, call.tenant, dataset, batch_id)


def listing(call: Call, entries: Sequence[Document]) -> Answer:
    """``{"data": […], "_page": {"limit", "count"}}``, with a link to the next page where there is one."""
    limit = call.query.number("limit", MAX_LIMIT, 1, MAX_LIMIT, BAD)
    start = call.query.number("start", 0, 0, 10**9, BAD)
    shown = entries[start : start + limit]
    body: Document = {"data": shown, "_page": {"limit": limit, "count": len(shown)}}
    if start + limit < len(entries):
        path = call.query.one("path")
        same = f"&path={quote(path, safe='')}" if path is not None else ""
        body["_links"] = {"next": {"href": f"{call.origin}{call.path}?start={start + limit}&limit={limit}{same}"}}
    return answer(body)


def entry(call: Call, name: str, length: int, path: str | None = None) -> Document:
    """A file in a list. Its length is a text; ``path`` is how it is asked for, when that is not its name."""
    href = f"{call.origin}{call.path}?path={name if path is None else path}"
    return {"name": name, "length": str(length), "_links": {"self": {"href": href}}}


def handed_out(call: Call, file: File, ranges: bool = False) -> Answer:
    """The bytes of a file; with ``ranges`` only those that a ``Range`` header asks for."""
    headers, wanted = {}, call.headers.get("range")
    if ranges:
        headers["accept-ranges"] = "bytes"
    start, end, status = 0, file.length, 200
    # Only GET has ranges (RFC 9110).
    if ranges and wanted is not None and call.method == "GET":
        start, end = byte_range(wanted, file.length)
        headers["content-range"], status = f"bytes {start}-{end - 1}/{file.length}", 206
    return Answer(status, b"", headers, _BINARY, Stream(end - start, file.between(start, end)))


def no_such_file(what: str, path: str, known: Sequence[str]) -> Refusal:
    names = ", ".join(known) or "none"
    return Refusal(MISSING, detail=f"There is no file {path} in {what}.", hint=f"Files that are: {names}.")
