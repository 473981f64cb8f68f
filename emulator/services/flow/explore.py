"""Looking at what a source has, at its shape and at its first records, before a flow reads it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

from emulator.domain.errors import Refusal
from emulator.domain.inference import Column, infer
from emulator.domain.kinds import CONNECTION_SPECS, CONNECTIONS
from emulator.domain.row_filters import Wanted, check_filters, compile_filters
from emulator.domain.specs import ConnectionSpec
from emulator.domain.tenant import Tenant
from emulator.edge.call import Answer, Call, answer
from emulator.engine.sources.files import LANDING_ZONE, File
from emulator.engine.sources.opening import WITHIN_S, origin_of, system_of
from emulator.engine.sources.origin import Origin
from emulator.engine.sources.source import (
    DELIMITED,
    JSON,
    PARQUET,
    MissingReader,
    NoColumns,
    NoData,
    Readable,
    Record,
    SourceFailed,
    Undetermined,
    UnreadableData,
)
from emulator.engine.sources.tables import TABLE, VIEW
from emulator.engine.world import World
from emulator.services.flow.entities import not_found
from emulator.services.flow.explore_query import Asked, asked
from emulator.store import resources
from emulator.store.database import Transaction

if TYPE_CHECKING:
    from emulator.engine.sources.file_reading import FileStore
    from emulator.engine.sources.rest import RestStore
    from emulator.engine.sources.table_store import TableStore

Document = dict[str, Any]
# The family that an object type belongs to, and what sources of it know where their spec does not list it.
_FAMILIES = {"folder": "file", "file": "file", "table": "table", "view": "table", "rest": "rest"}
_OF_FAMILY = {"file": ["root", "folder", "file"], "table": ["root", "table"], "rest": ["rest"]}


class Explore:
    """``GET /connections/{id}/explore`` and ``GET /connectionSpecs/{id}/explore``."""

    def __init__(self, world: World) -> None:
        self._world = world

    def connection(self, call: Call) -> Answer:
        wanted = asked(call)
        with self._world.database.reading() as tx:
            connection = resources.read(tx, call.tenant, CONNECTIONS, call.params["id"])
            if connection is None:
                raise not_found(CONNECTIONS, call.params["id"])
            spec = self._spec(tx, call.tenant, connection["connectionSpec"]["id"])
            origin = self._origin(tx, call.tenant, spec, wanted, connection["id"])
        return answer(self._explored(spec, wanted, origin))

    def connection_spec(self, call: Call) -> Answer:
        """A source without accounts is explored by its spec; documented of the landing zone alone."""
        wanted = asked(call)
        with self._world.database.reading() as tx:
            spec = self._spec(tx, call.tenant, call.params["id"])
            origin = self._origin(tx, call.tenant, spec, wanted)
        if spec.id != LANDING_ZONE:
            hint = "Create a base connection and explore that."
            raise Refusal("CONNECTOR-1372-400", id=spec.id, field="id", given=call.params["id"], hint=hint)
        return answer(self._explored(spec, wanted, origin))

    def _spec(self, tx: Transaction, tenant: Tenant, spec_id: str) -> ConnectionSpec:
        spec = self._world.specs(tx, tenant).connection(spec_id)
        if spec is None:
            raise not_found(CONNECTION_SPECS, spec_id)
        return spec

    def _origin(
        self, tx: Transaction, tenant: Tenant, spec: ConnectionSpec, wanted: Asked, base: str | None = None
    ) -> Origin:
        family = _family(wanted.object_type, _object_types(spec))
        return origin_of(self._world, tx, tenant, spec, base, family, wanted.source_params)

    def _explored(self, spec: ConnectionSpec, wanted: Asked, origin: Origin) -> Any:
        types = _object_types(spec)
        _check_object_type(spec, types, wanted)
        if wanted.filters is not None:
            check_filters(wanted.filters, spec, "filters")
        if wanted.determine and "file" not in types:
            if TABLE in types:
                raise Refusal("CONNECTOR-1371-400", connector=spec.title, field="determineProperties", given="true")
            raise Refusal("CONNECTOR-1376-400", id=spec.id, field="determineProperties", given="true")
        system = system_of(self._world, origin, _family(wanted.object_type, types), WITHIN_S)
        with _refusing(wanted):
            assert system is not None, "explore looks at the families that batches are read from"
            if system.family == "file":
                return _file(spec, wanted, system)
            return _table(spec, types, wanted, system) if system.family == "table" else _rest(wanted, system)


def _rest(wanted: Asked, store: RestStore) -> Document:
    file_type = wanted.by_hand.file_type if wanted.by_hand else JSON
    if file_type != JSON:
        raise Refusal("CONNECTOR-1327-400", value=file_type, allowed=JSON, field="fileType", given=file_type)
    records = store.preview()
    explored: Document = {"format": "hierarchical", "schema": infer(records)}
    if wanted.preview:
        explored["data"] = records[: wanted.records]
    return explored


def _file(spec: ConnectionSpec, wanted: Asked, store: FileStore) -> Any:
    files = store.files
    if wanted.object_type != "file":
        folder = wanted.object if wanted.object_type == "folder" else ""
        return [entry.document() for entry in files.entries(folder)]
    if not wanted.determine:
        _check_properties(spec, wanted)
    file = files.file(wanted.object, wanted.by_hand)
    return {**_properties(file, wanted), **_shown(file, wanted)}


def _table(spec: ConnectionSpec, types: list[str], wanted: Asked, store: TableStore) -> Any:
    kinds = tuple(kind for kind in (TABLE, VIEW) if kind in types)
    if wanted.object_type == "root":
        return [entry.document() for entry in store.entries(kinds)]
    with store.opened(wanted.object, wanted.object_type, kinds) as table:
        _check_primary_key(table.columns, wanted)
        if wanted.filters is None:
            return _shown(table, wanted)
        return _shown(table, wanted, compile_filters(wanted.filters, spec, "filters", table.columns))


def _object_types(spec: ConnectionSpec) -> list[str]:
    """What a source can be asked for; specs that were made by hand may not say it."""
    listed: Any = spec.document.get("exploreSpec")
    for name in ("requestSpec", "properties", "objectType", "enum"):
        listed = listed.get(name) if isinstance(listed, dict) else None
    if not isinstance(listed, list):
        return _OF_FAMILY.get(spec.family, [])
    return [str(kind).lower() for kind in listed]


def _family(object_type: str, types: list[str]) -> str:
    """Which way to look: ``root`` is asked of a source for what else it knows."""
    return next((_FAMILIES[kind] for kind in (object_type, *types) if kind in _FAMILIES), "rest")


def _check_object_type(spec: ConnectionSpec, types: list[str], wanted: Asked) -> None:
    if not types:
        hint = f"{spec.title} can be neither listed nor previewed."
        raise Refusal("CONNECTOR-1336-400", id=spec.id, field="id", given=spec.id, hint=hint)
    if wanted.object_type not in types:
        hint = f"{spec.title} knows: {', '.join(types)}."
        raise Refusal("CONNECTOR-1358-400", field="objectType", given=wanted.object_type, hint=hint)


def _check_properties(spec: ConnectionSpec, wanted: Asked) -> None:
    """How a file is read must be said by hand, or left to be determined."""
    if wanted.by_hand is None:
        code = "CONNECTOR-1329-400" if spec.id == LANDING_ZONE else "CONNECTOR-1359-400"
        hint = f"Send one of {DELIMITED}, {JSON}, {PARQUET}, or determineProperties=true."
        raise Refusal(code, name="fileType", field="fileType", hint=hint)
    if wanted.by_hand.file_type != DELIMITED and wanted.by_hand.encoding != "UTF-8":
        given = wanted.by_hand.encoding
        hint = f"Only {DELIMITED} files have it."
        raise Refusal("CONNECTOR-1312-400", value=given, name="encoding", field="encoding", given=given, hint=hint)


def _check_primary_key(columns: Sequence[Column], wanted: Asked) -> None:
    name = wanted.given.get("primaryKey")
    known = [column.name for column in columns]
    if name is not None and name not in known:
        hint = f"Columns: {', '.join(known)}."
        raise Refusal("CONNECTOR-1312-400", value=name, name="primaryKey", field="primaryKey", given=name, hint=hint)


def _properties(file: File, wanted: Asked) -> Document:
    """Documented: shown first when they were determined, and when they were given; the type alone is not shown."""
    shown = wanted.determine or wanted.named_properties
    return {"properties": file.properties.document()} if shown else {}


def _shown(readable: Readable, wanted: Asked, keep: Wanted | None = None) -> Document:
    explored = readable.shape().document()
    if wanted.preview:
        with closing(readable.records()) as records:
            kept: Iterator[Record] = filter(keep, records) if keep is not None else records
            explored["data"] = list(islice(kept, wanted.records))
    return explored


@contextmanager
def _refusing(wanted: Asked) -> Iterator[None]:
    """Turns what a source has to complain of into a refusal."""
    try:
        yield
    except Undetermined as error:
        hint = _sentence(error)
        raise Refusal("CONNECTOR-1375-400", field="object", given=wanted.object, hint=hint) from error
    except NoColumns as error:
        raise Refusal(
            "CONNECTOR-1330-400", table=wanted.object, field="object", given=wanted.object, hint=_sentence(error)
        ) from error
    except MissingReader as error:
        allowed = f"{DELIMITED}, {JSON}"
        raise Refusal(
            "CONNECTOR-1327-400", value=PARQUET, allowed=allowed, field="fileType", given=PARQUET, hint=_sentence(error)
        ) from error
    except SourceFailed as error:
        raise Refusal("CONNECTOR-1308-400", message=str(error), hint=error.advice) from error
    except (NoData, UnreadableData, OSError) as error:
        name = error.parameter if isinstance(error, UnreadableData) else "object"
        given = wanted.given.get(name)
        raise Refusal(
            "CONNECTOR-1312-400", value=given or "none", name=name, field=name, given=given, hint=_sentence(error)
        ) from error


def _sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."
