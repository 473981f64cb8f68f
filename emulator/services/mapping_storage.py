"""How the operations of Data Prep read and write what is stored, and refuse what is not there."""

from __future__ import annotations

from typing import Any

from emulator.domain import mapping_versions
from emulator.domain.errors import Refusal
from emulator.domain.kinds import MAPPER_SCHEMAS, MAPPING_SET_VERSIONS, MAPPING_SETS
from emulator.domain.mapping_sets import BAD, MappingRequest
from emulator.domain.mapping_versions import Writing
from emulator.domain.schema_ids import schema_id
from emulator.domain.tenant import Tenant
from emulator.edge.call import Call
from emulator.engine import schemas
from emulator.engine.world import World
from emulator.store import resources
from emulator.store.database import Contended, Transaction
from emulator.store.resources import Stored

Document = dict[str, Any]

# The guide requires limit and start; a client omits start. The OpenAPI file gives these defaults.
DEFAULT_LIMIT = 10
MAX_LIMIT = 1000
_FURTHEST = 10**9


def body_of(call: Call) -> Document:
    body = call.json()
    if not isinstance(body, dict):
        raise Refusal(BAD, detail="Send a JSON object.")
    return body


def paging(call: Call) -> tuple[int, int]:
    """``limit`` and ``start``."""
    limit = call.query.number("limit", DEFAULT_LIMIT, 1, MAX_LIMIT, BAD)
    return limit, call.query.number("start", 0, 0, _FURTHEST, BAD)


def flag(call: Call, name: str, default: bool = False) -> bool:
    return call.query.flag(name, default, BAD)


def page_of(bodies: list[str], limit: int) -> bytes:
    """The envelope of lists, of documents as JSON text."""
    data = ",".join(bodies).encode()
    return b'{"data":[' + data + f'],"_page":{{"count":{len(bodies)},"limit":{limit}}}}}'.encode()


def not_found(what: str, resource_id: str) -> Refusal:
    return Refusal("PREP-0404-404", type=what, id=resource_id)


def writing(world: World, tenant: Tenant) -> Writing:
    return Writing(tenant.user, world.clock.now(), world.ids.mapping_set)


def stored_set(tx: Transaction, tenant: Tenant, set_id: str) -> Stored:
    """The newest version of a set."""
    stored = resources.read_stored(tx, tenant, MAPPING_SETS, set_id)
    if stored is None:
        raise not_found("mapping set", set_id)
    return stored


def version_of(tx: Transaction, tenant: Tenant, set_id: str, version: str | None) -> Document:
    """A version, the newest when none is named. All versions of a published set are published."""
    newest = stored_set(tx, tenant, set_id).document
    if version is None or version == str(newest["version"]):
        return newest
    earlier = resources.read(tx, tenant, MAPPING_SET_VERSIONS, f"{set_id}:{version}")
    if earlier is None:
        raise not_found(f"version {version} of the mapping set", set_id)
    return {**earlier, "status": newest["status"]}


def write_version(tx: Transaction, tenant: Tenant, old: Stored, document: Document) -> None:
    """Put the next version in the place of the one before, which stays readable."""
    set_id, version = old.document["id"], old.document["version"]
    etag = mapping_versions.etag(document)
    if not resources.replace(tx, tenant, MAPPING_SETS, set_id, document, old.etag, etag):
        raise Contended(f"the mapping set {set_id} was changed")
    kept = f"{set_id}:{version}"
    resources.create(tx, tenant, MAPPING_SET_VERSIONS, kept, old.document, str(version))


def find_schema(tx: Transaction, tenant: Tenant, name: str) -> Document | None:
    """A schema of the registry with all its properties in one tree, by either of its names."""
    texts = schemas.texts_of_schema(tx, tenant, schema_id(name))
    return None if texts is None else schemas.resolved(texts)


def target_schema(tx: Transaction, tenant: Tenant, name: str, field: str = "xdmSchema") -> Document:
    """The same of a schema that a request names in a field. Refuses one that is not there."""
    schema = find_schema(tx, tenant, name)
    if schema is None:
        raise Refusal(
            BAD,
            detail=f"The schema {name} does not exist.",
            field=field,
            given=name,
            hint="Create it with POST /data/foundation/schemaregistry/tenant/schemas.",
        )
    return schema


def check_input_schema(tx: Transaction, tenant: Tenant, request: MappingRequest) -> None:
    """The schema of the input, when a set names it, is one of Data Prep's own."""
    given = request.extras.get("inputSchema", {}).get("id")
    if given is not None and not resources.is_there(tx, tenant, MAPPER_SCHEMAS, given):
        raise Refusal(
            BAD,
            detail=f"The schema {given} does not exist.",
            field="inputSchema.id",
            given=given,
            hint="Create it with POST /data/foundation/conversion/schemas, or leave inputSchema out.",
        )


def expanded(tx: Transaction, tenant: Tenant, document: Document) -> Document:
    """A set with the text of its target schema, where that is still there."""
    schema = find_schema(tx, tenant, document["xdmSchema"]) if document.get("xdmSchema") else None
    if schema is None:
        return document
    return {**document, "outputSchema": {**document["outputSchema"], "jsonSchema": schema}}
