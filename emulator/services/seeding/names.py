"""Names in seeds: what an entry calls another one, turned into its id."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import orjson

from emulator.domain.paths import Step, parse
from emulator.domain.tenant import Tenant
from emulator.engine.world import World
from emulator.services.seeding.checking import Entry
from emulator.services.seeding.sections import BY_NAME, CONNECTION_SPECS, FLOW_SPECS, Section
from emulator.store import resources
from emulator.store.database import Transaction

Tenancy = tuple[str, str]
_AMBIGUOUS = ""
_MOST = 10_000


class Ambiguous(Exception):
    """A name that several have; the message says which."""


class Names:
    """What has been made, by tenant, section and name."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._ids: dict[tuple[Tenancy, str], dict[str, str]] = {}
        self._counts: dict[tuple[Tenancy, str, str], int] = {}
        specs = world.catalogue
        self._specs = {
            CONNECTION_SPECS: {spec.name: spec.id for spec in specs.connections.values()},
            FLOW_SPECS: {spec.name: spec.id for spec in specs.flows.values()},
        }

    def number(self, tenancy: Tenancy, section: Section, name: str) -> int:
        """How many of that name there were before."""
        key = (tenancy, section.name, name)
        self._counts[key] = self._counts.get(key, 0) + 1
        return self._counts[key] - 1

    def add(self, tenancy: Tenancy, entry: Entry, own_id: str) -> None:
        """An entry that was made is known by its name, and by the id that the document gave it."""
        known = self._ids.setdefault((tenancy, entry.section.name), {})
        if entry.name is not None:
            known[entry.name] = _AMBIGUOUS if entry.name in known else own_id
        if "id" in entry.body:
            known[entry.body["id"]] = own_id

    def known(self, tenancy: Tenancy, section: str) -> list[str]:
        return sorted(self._specs.get(section) or self._ids.get((tenancy, section), {}))

    def resolved(self, tx: Transaction, tenant: Tenant, entry: Entry) -> dict[str, Any]:
        """The body of the create call, with ids where the document has names. Raises ``Ambiguous``."""
        section = entry.section
        body = {name: value for name, value in entry.body.items() if name not in ("id", *section.extras)}
        if section.takes_mode:
            body.pop("mode", None)
        body = copy.deepcopy(body)
        for path in section.short:
            for holder, key in _holders(body, parse(path)):
                if isinstance(holder[key], str):
                    holder[key] = {"id": holder[key]}
        for path, target in section.refers.items():
            for holder, key in _holders(body, parse(path)):
                if isinstance(holder[key], str):
                    holder[key] = self._id_of(tx, tenant, target, holder[key])
        return body

    def _id_of(self, tx: Transaction, tenant: Tenant, target: str, name: str) -> str:
        if target in self._specs:
            return self._specs[target].get(name, name)
        found = self._ids.get(((tenant.org, tenant.sandbox), target), {}).get(name)
        if found is None:
            found = self._stored(tx, tenant, BY_NAME[target], name)
        if found == _AMBIGUOUS:
            raise Ambiguous(f"several {target} are called {name}: name one by its id")
        return found

    def _stored(self, tx: Transaction, tenant: Tenant, section: Section, name: str) -> str:
        """One that was there before; what nothing is called is taken for an id."""
        if resources.is_there(tx, tenant, section.kind, name):
            return name
        if section.called_by in section.kind.indexed:
            found = resources.linked(tx, tenant, section.kind, section.called_by, name)
        else:
            listed = resources.slice_with_ids(tx, tenant, section.kind, _MOST, 0)
            found = [own_id for own_id, body in listed if orjson.loads(body).get(section.called_by) == name]
        if len(found) > 1:
            return _AMBIGUOUS
        return found[0] if found else name


def _holders(value: Any, steps: tuple[Step, ...]) -> Iterator[tuple[Any, Any]]:
    """Every object or array on the way that holds what the path reaches, and the key it has there."""
    step, rest = steps[0], steps[1:]
    if not isinstance(value, dict) or step.name not in value:
        return
    found = value[step.name]
    if step.each and isinstance(found, list):
        for index, item in enumerate(found):
            if rest:
                yield from _holders(item, rest)
            else:
                yield found, index
    elif rest:
        yield from _holders(found, rest)
    else:
        yield value, step.name
