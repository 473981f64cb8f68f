"""``/__admin/connections/{id}/data``: what the flows of one base connection find behind it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from emulator.domain.errors import Refusal
from emulator.domain.kinds import CONNECTIONS
from emulator.domain.tenant import Tenant
from emulator.edge.call import Answer, Call, answer, no_content
from emulator.edge.routing import Route
from emulator.engine.sources.folders import is_plain
from emulator.engine.sources.put_content import FAMILIES, check_content, kind_of
from emulator.engine.sources.source import UnreadableData
from emulator.engine.world import World
from emulator.services.admin_tenants import home
from emulator.store import resources, source_objects
from emulator.store.database import Transaction
from emulator.store.source_objects import Behind, Listed, Object

Document = dict[str, Any]
_BAD, _MISSING = "ADMIN-BAD_REQUEST-400", "ADMIN-NOT_FOUND-404"
_LONGEST_PATH = 1_000
MOST_BYTES = 256 * 1024 * 1024
_NS, _SECOND_NS = 1_000_000, 1_000_000_000
# Two states of which one was thrown away have no times in common, or one could pass for the other.
_SPREAD_NS = 500_000


def routes(world: World) -> list[Route]:
    calls = AdminData(world)
    every, one = "/connections/{id}/data", "/connections/{id}/data/{object:path}"
    return [
        Route("GET", every, calls.list),
        Route("DELETE", every, calls.clear),
        Route("PUT", one, calls.put, slow=True, body_limit=MOST_BYTES),
        Route("GET", one, calls.read),
        Route("DELETE", one, calls.remove),
    ]


class AdminData:
    """The operations on put data. A connection is found by its id; tenant headers choose among several."""

    def __init__(self, world: World) -> None:
        self._world = world

    def list(self, call: Call) -> Answer:
        call.query.check((), _BAD)
        with self._world.database.reading() as tx:
            found = source_objects.listed(tx, _behind(tx, call))
        return answer({"items": [_shown(one) for one in found], "count": len(found)})

    def put(self, call: Call) -> Answer:
        call.query.check((), _BAD)
        path, now = _path(call), _moment(self._world)
        with self._world.database.writing() as tx:
            behind = _behind(tx, call)
            there = source_objects.versions(tx, behind)
            put = put_in(self._world, tx, behind, path, call.headers.get("content-type", ""), call.body, now)
        return answer(_shown(put), 200 if any(one.path == path for one in there) else 201)

    def read(self, call: Call) -> Answer:
        call.query.check((), _BAD)
        path = _path(call)
        with self._world.database.reading() as tx:
            found = source_objects.read(tx, _behind(tx, call), path)
        if found is None:
            raise _missing(path)
        return Answer(200, found.body, content_type=found.content_type)

    def remove(self, call: Call) -> Answer:
        call.query.check((), _BAD)
        path = _path(call)
        with self._world.database.writing() as tx:
            if not source_objects.remove(tx, _behind(tx, call), path):
                raise _missing(path)
        return no_content()

    def clear(self, call: Call) -> Answer:
        call.query.check((), _BAD)
        with self._world.database.writing() as tx:
            source_objects.remove_all(tx, _behind(tx, call))
        return no_content()


def _moment(world: World) -> int:
    return world.clock.now() * _NS + world.ids.number(_SPREAD_NS)


def put_in(
    world: World, tx: Transaction, behind: Behind, path: str, content_type: str, body: bytes, now: int | None = None
) -> Listed:
    """Check and store what lies behind a connection. Refuses what no flow could read."""
    family = _family(world, tx, behind)
    try:
        kind = kind_of(path, content_type, family)
        check_content(body, kind, family)
    except UnreadableData as error:
        raise Refusal(_BAD, detail=f"{path} cannot be put: {error}.") from None
    _check_place(path, [one.path for one in source_objects.versions(tx, behind)])
    modified = source_objects.put(tx, behind, path, Object(str(kind), body), _moment(world) if now is None else now)
    return Listed(path, str(kind), modified, len(body))


def _family(world: World, tx: Transaction, behind: Behind) -> str:
    tenant = Tenant(behind.org, behind.sandbox, "", "", "")
    connection = resources.read(tx, tenant, CONNECTIONS, behind.connection) or {}
    spec = world.specs(tx, tenant).connection_at(connection["connectionSpec"])
    if spec.family not in FAMILIES:
        raise Refusal(_BAD, detail=f"{spec.title} is a {spec.family} connector: no flow reads what is put here.")
    return spec.family


def _behind(tx: Transaction, call: Call) -> Behind:
    connection = call.params["id"]
    return Behind(*home(tx, call, CONNECTIONS, "connection", connection), connection)


def _path(call: Call) -> str:
    path: str = call.params["object"]
    check_path(path)
    return path


def check_path(path: str) -> None:
    if len(path.encode()) > _LONGEST_PATH or not all(is_plain(part) for part in path.split("/")):
        detail = f"Object path {path[:100]!r}: its parts have neither dots in front nor backslashes, and none is empty."
        raise Refusal(_BAD, detail=f"{detail} It has {_LONGEST_PATH} bytes at most.")


def _check_place(path: str, others: list[str]) -> None:
    """A name is that of a file or of a folder, not of both."""
    for other in others:
        if other.startswith(f"{path}/") or path.startswith(f"{other}/"):
            file, folder = (other, path) if path.startswith(f"{other}/") else (path, other)
            raise Refusal(
                _BAD, detail=f"{file} is a file, and {folder} lies in a folder of that name: delete one first."
            )


def _missing(path: str) -> Refusal:
    return Refusal(_MISSING, detail=f"Nothing was put at {path}.")


def _shown(one: Listed) -> Document:
    seconds, rest = divmod(one.modified, _SECOND_NS)
    moment = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return {
        "path": one.path,
        "contentType": one.content_type,
        "size": one.size,
        "modified": f"{moment}.{rest:09d}Z",
    }
