"""What a connection or a connection spec can be set up with: its columns, roles and exportable datasets."""

from __future__ import annotations

import json
from typing import Any
from zlib import crc32

from emulator.domain.errors import Refusal
from emulator.domain.kinds import CONNECTION_SPECS, CONNECTIONS, DATASETS
from emulator.domain.specs import ConnectionSpec
from emulator.domain.tenant import Tenant
from emulator.edge.call import Answer, Call, answer
from emulator.engine.sources.opening import WITHIN_S, origin_of, system_of
from emulator.engine.sources.origin import Origin
from emulator.engine.sources.source import SourceFailed
from emulator.engine.world import World
from emulator.services.flow.entities import Entities, not_found
from emulator.store import pages, resources
from emulator.store.database import Transaction

Document = dict[str, Any]
_DATASETS = {"outputType": "activationDatasets", "outputField": "datasets"}
_IAM_ROLE = "IamBasedAuthentication"
_PARAMETERS = ("outputType", "outputField", "properties", "start", "limit", "authType")
DEFAULT_LIMIT, MAX_LIMIT = 20, 100


class Configs:
    """``/connections/{id}/test``, ``/connections/{id}/configs`` and ``/connectionSpecs/{id}/configs``."""

    def __init__(self, world: World, entities: Entities) -> None:
        self._world = world
        self._entities = entities

    def test(self, call: Call) -> Answer:
        """Whether the account could be used now: it is no draft, not disabled, and its auth still fits its spec.

        Where it leads to a server of this machine, that has to take it too.
        """
        call.query.check(())
        with self._world.database.reading() as tx:
            stored = self._entities.stored(tx, CONNECTIONS, call)
            fault = self._entities.fault(tx, call.tenant, stored)
            spec = self._world.specs(tx, call.tenant).connection_at(stored.document["connectionSpec"])
            origin = origin_of(self._world, tx, call.tenant, spec, stored.document["id"])
        if fault is None:
            fault = self._complaint(origin)
        return answer({"result": True} if fault is None else {"result": False, "errorMessage": fault})

    def _complaint(self, origin: Origin) -> str | None:
        """What the system behind an account says against it."""
        try:
            system = system_of(self._world, origin, within=WITHIN_S)
            if system is not None:
                system.check()
        except SourceFailed as error:
            return " ".join(part for part in (str(error), error.advice) if part)
        return None

    def connection(self, call: Call) -> Answer:
        """The parameters by which a source or target connection of this account can be set up.

        The OpenAPI file publishes the shape and one made-up entry; which columns those are is our reading.
        """
        call.query.check(())
        with self._world.database.reading() as tx:
            stored = self._entities.stored(tx, CONNECTIONS, call)
            spec = self._world.specs(tx, call.tenant).connection_at(stored.document["connectionSpec"])
        return answer({"items": [{"columnName": name, "columnType": kind} for name, kind in _columns(spec)]})

    def connection_spec(self, call: Call) -> Answer:
        """Datasets that can be exported, or the role to trust, as the caller asks."""
        call.query.check(_PARAMETERS)
        _check_output(call)
        start = call.query.number("start", 0, 0, 10**9)
        limit = call.query.number("limit", DEFAULT_LIMIT, 1, MAX_LIMIT)
        with self._world.database.reading() as tx:
            spec = self._world.specs(tx, call.tenant).connection(call.params["id"])
            if spec is None:
                raise not_found(CONNECTION_SPECS, call.params["id"])
            if call.query.one("authType") is not None:
                return _role(call, spec)
            return self._datasets(tx, call, start, limit)

    def _datasets(self, tx: Transaction, call: Call, start: int, limit: int) -> Answer:
        found = resources.slice_with_ids(tx, call.tenant, DATASETS, limit, start)
        items = [_dataset(dataset_id, json.loads(body), call.query.one("properties")) for dataset_id, body in found]
        total, end = self._count(tx, call.tenant), start + len(items)
        page = {"start": start, "end": end, "total": total, "hasNext": end < total}
        return answer({"items": items, "pageInfo": page})

    def _count(self, tx: Transaction, tenant: Tenant) -> int:
        return pages.count(tx, tenant, DATASETS)


def _check_output(call: Call) -> None:
    """What to answer with has to be said, unless a role is asked for."""
    for name, value in _DATASETS.items():
        given = call.query.one(name)
        if given is None and call.query.one("authType") is None:
            raise Refusal("CONNECTOR-1359-400", name=name, field=name, hint=f"Send {name}={value}.")
        if given not in (None, value):
            hint = f"The only one is {value}."
            raise Refusal("CONNECTOR-1312-400", value=given, name=name, field=name, given=given, hint=hint)


def _columns(spec: ConnectionSpec) -> list[tuple[str, str]]:
    part = spec.document.get("sourceSpec") or spec.document.get("targetSpec") or {}
    properties: Document = part.get("spec", {}).get("properties", {})
    return [(name, _type_of(rule)) for name, rule in properties.items()]


def _type_of(rule: Document) -> str:
    """One word for a JSON Schema type: of several the first, since the others are spellings that are taken too."""
    named = rule.get("type", "string")
    return str(named[0] if isinstance(named, list) and named else named)


def _dataset(dataset_id: str, document: Document, properties: str | None) -> Document:
    item = {"id": dataset_id, **document}
    wanted = ["name", "description", "state", "schemaRef"] if properties is None else properties.split(",")
    return {name: item[name] for name in ("id", *wanted) if name in item}


def _role(call: Call, spec: ConnectionSpec) -> Answer:
    """Documented of Amazon S3 destinations: the role of ours that the client's bucket has to trust."""
    given = call.query.one("authType")
    if given != _IAM_ROLE:
        hint = f"The only one is {_IAM_ROLE}."
        raise Refusal("CONNECTOR-1302-400", name=given, field="authType", given=given, hint=hint)
    account = crc32(call.tenant.org.encode())
    role = f"arn:aws:iam::{account:012}:role/{call.tenant.tenant_id}-{spec.name.lower().replace(' ', '-')}"
    return answer({"configParams": {"IAMRole": role}})
