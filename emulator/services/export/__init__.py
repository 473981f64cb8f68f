"""Data Access: what finished batches were made of, what landed of it, and what did not."""

from __future__ import annotations

from emulator.edge.envelopes import problem
from emulator.edge.routing import Route, Service
from emulator.engine.world import World
from emulator.services.export.batches import BatchFiles
from emulator.services.export.files import DataFiles


def service(world: World) -> Service:
    batches, files = BatchFiles(world), DataFiles(world)
    # A file is read to its end before it is known how long it is, which takes its time with large ones.
    routes = [
        Route("GET", "/batches/{id}/files", files.of_batch, slow=True),
        Route("GET", "/batches/{id}/failed", batches.failed, slow=True),
        Route("GET", "/batches/{id}/meta", batches.meta, slow=True),
        Route("GET", "/files/{id}", files.file, slow=True),
        Route("GET", "/datasets/{id}/preview", files.preview, slow=True),
    ]
    return Service("export", "/data/foundation/export", "tenant", problem, routes)
