"""The global container: what every organisation has."""

from __future__ import annotations

from emulator.domain.errors import Refusal
from emulator.domain.schema_ids import schema_id
from emulator.domain.xdm_library import Collection, collection_of, find_global, global_ones
from emulator.edge.call import Answer, Call
from emulator.services.registry import answers


class Library:
    """Lists and lookups of one kind of global resources."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    def list(self, call: Call) -> Answer:
        return answers.many(call, lambda: global_ones(self._collection), find_global)

    def get(self, call: Call) -> Answer:
        form = answers.asked_for(call)
        wanted = schema_id(call.params["id"])
        answers.check_version(form, self._collection, wanted)
        found = find_global(wanted)
        if found is None or collection_of(found) is not self._collection:
            raise Refusal(self._collection.not_found, id=wanted, version=form.version)
        return answers.one(found, form, find_global)
