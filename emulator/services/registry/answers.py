"""How the registry answers with one resource, and with a list."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import orjson

from emulator.domain.errors import Refusal
from emulator.domain.xdm_accept import Accept, list_form, lookup_form
from emulator.domain.xdm_forms import listed, shown
from emulator.domain.xdm_library import Collection, Lookup
from emulator.edge.call import Answer, Call, answer
from emulator.services.registry.lists import PARAMETERS, page_of

Document = dict[str, Any]
CODE = "XDM-1400-400"


def asked_for(call: Call) -> Accept:
    """The form of a lookup; the only parameter is in ``Accept``."""
    call.query.check((), CODE)
    return lookup_form(call.headers.get("accept"))


def check_version(form: Accept, collection: Collection, resource_id: str) -> None:
    """Only major version 1 exists; the minor follows changes."""
    if str(form.version).split(".")[0] != "1":
        raise Refusal(collection.not_found, id=resource_id, version=form.version)


def one(resource: Document, form: Accept, lookup: Lookup, descriptors: Iterable[Document] = ()) -> Answer:
    body = orjson.dumps(shown(resource, form, lookup, descriptors))
    return Answer(200, body, content_type=f"{form.media_type};version=1")


def many(
    call: Call, resources: Callable[[], Iterable[Document]], lookup: Lookup, links: Document | None = None
) -> Answer:
    """``resources`` are read once the parameters are known to be good."""
    call.query.check(PARAMETERS, CODE)
    form = list_form(call.headers.get("accept"))
    page = page_of(call, resources())
    results = [listed(resource, form, lookup) for resource in page.entries]
    return answer({"results": results, "_page": page.page, "_links": page.links | (links or {})})
