"""Single mappings of a mapping set. Every write of one makes a new version of the whole set."""

from __future__ import annotations

from typing import Any

from emulator.domain import mapping_versions
from emulator.domain.mapping_sets import BAD, read_mapping
from emulator.edge.call import Answer, Call, answer
from emulator.engine.world import World
from emulator.services import mapping_storage as storage

Document = dict[str, Any]


class MappingParts:
    """Create, read, list, replace and delete mappings; those that are not meant keep their ids."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._database = world.database

    def _mappings(self, call: Call) -> list[Document]:
        call.query.check(("version",), BAD)
        with self._database.reading() as tx:
            document = storage.version_of(tx, call.tenant, call.params["id"], call.query.one("version"))
        mappings: list[Document] = document["mappings"]
        return mappings

    def list(self, call: Call) -> Answer:
        """Documented: a bare array."""
        return answer(self._mappings(call))

    def get(self, call: Call) -> Answer:
        mappings = self._mappings(call)
        return answer(mappings[_place(mappings, call)])

    def create(self, call: Call) -> Answer:
        """Documented in early guides: the short form."""
        call.query.check((), BAD)
        entry = read_mapping(storage.body_of(call), "")
        by = storage.writing(self._world, call.tenant)
        made = mapping_versions.new_mapping(entry, by)
        with self._database.writing() as tx:
            old = storage.stored_set(tx, call.tenant, call.params["id"])
            mappings = [*old.document["mappings"], made]
            storage.write_version(tx, call.tenant, old, mapping_versions.with_mappings(old.document, mappings, by))
        return answer(mapping_versions.just_made(made, by.now))

    def replace(self, call: Call) -> Answer:
        """Documented in early guides: the whole mapping; it keeps its id and has its own next version."""
        call.query.check((), BAD)
        entry = read_mapping(storage.body_of(call), "")
        by = storage.writing(self._world, call.tenant)
        with self._database.writing() as tx:
            old = storage.stored_set(tx, call.tenant, call.params["id"])
            mappings = [*old.document["mappings"]]
            place = _place(mappings, call)
            mappings[place] = mapping_versions.replaced_mapping(mappings[place], entry, by)
            storage.write_version(tx, call.tenant, old, mapping_versions.with_mappings(old.document, mappings, by))
        return answer(mappings[place])

    def delete(self, call: Call) -> Answer:
        """Documented in early guides: the short form."""
        call.query.check((), BAD)
        by = storage.writing(self._world, call.tenant)
        with self._database.writing() as tx:
            old = storage.stored_set(tx, call.tenant, call.params["id"])
            mappings = [*old.document["mappings"]]
            removed = mappings.pop(_place(mappings, call))
            storage.write_version(tx, call.tenant, old, mapping_versions.with_mappings(old.document, mappings, by))
        return answer(mapping_versions.short(removed))


def _place(mappings: list[Document], call: Call) -> int:
    wanted = call.params["mapping"]
    for index, mapping in enumerate(mappings):
        if mapping["id"] == wanted:
            return index
    raise storage.not_found("mapping", wanted)
