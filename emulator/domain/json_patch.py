"""JSON Patch as the services take it: ``add``, ``replace`` and ``remove`` in any letter case.

Published operations use lower case, the OpenAPI file upper case, a known client capitalised words.
``value`` beside ``remove`` is accepted and ignored, as documented.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from typing import Any

import jsonpatch
from jsonpointer import JsonPointerException, unescape

from emulator.domain.audit import AUDIT_FIELDS
from emulator.domain.errors import Refusal
from emulator.domain.nesting import MAX_DEPTH, is_too_deep

Document = dict[str, Any]
Operation = dict[str, Any]

OPERATIONS = ("add", "replace", "remove")
_MOST_NAMES = 20
_MOST_DIGITS = 10
_SYSTEM_FIELDS = frozenset([*AUDIT_FIELDS, "etag", "version", "state"])


def operations(body: Any) -> list[Operation]:
    """The operations of a PATCH body, in one spelling.

    One operation without its array is taken too: the OpenAPI file types the body so.
    """
    if not body:
        raise Refusal("FLOW-1405-400")
    listed = [body] if isinstance(body, dict) else body
    if not isinstance(listed, list):
        raise _invalid("the body must be an array of operations", "", body)
    return [_operation(entry, f"[{index}]") for index, entry in enumerate(listed)]


def _operation(entry: Any, where: str) -> Operation:
    if not isinstance(entry, dict):
        raise _invalid("an operation must be an object", where, entry)
    op = entry.get("op")
    if not isinstance(op, str) or op.lower() not in OPERATIONS:
        raise Refusal(
            "FLOW-1434-400", op=op, field=f"{where}.op", given=op, hint=f"Supported: {', '.join(OPERATIONS)}."
        )
    path = entry.get("path")
    if not isinstance(path, str) or not path.startswith("/"):
        raise _invalid('Missing field "path"', f"{where}.path", path, "Write a JSON pointer such as /name.")
    if op.lower() == "remove":
        return {"op": "remove", "path": path}
    if "value" not in entry:
        raise _invalid('Missing field "value"', f"{where}.value", None)
    return {"op": op.lower(), "path": path, "value": entry["value"]}


def check_paths(listed: Iterable[Operation], fixed: Iterable[str]) -> None:
    """Refuses operations on fields that the service keeps, or that ``fixed`` names."""
    kept = _SYSTEM_FIELDS.union(fixed)
    for index, operation in enumerate(listed):
        field = unescape(operation["path"].split("/")[1])
        if field == "connectionSpec":
            raise Refusal("FLOW-1414-400", field=f"[{index}].path", given=operation["path"])
        if field in kept or field == "":
            raise Refusal(
                "CONNECTOR-1365-400",
                path=operation["path"],
                field=f"[{index}].path",
                hint=f"{field or 'The document itself'} is not for clients to change.",
            )


def apply(document: Document, listed: list[Operation]) -> Document:
    """A patched copy; the document itself is left alone. Raises a refusal that names the path."""
    patched = deepcopy(document)
    for index, operation in enumerate(listed):
        path = operation["path"]
        try:
            # A copy of its own, because the operations after it may change what it puts in.
            patched = jsonpatch.JsonPatch([deepcopy(operation)]).apply(patched, in_place=True)
        except (jsonpatch.JsonPatchException, JsonPointerException, TypeError, ValueError, KeyError) as error:
            name = path.rsplit("/", 1)[-1]
            raise _invalid(f'Missing field "{name}"', f"[{index}].path", path, _what_is_there(patched, path)) from error
    if is_too_deep(patched):
        raise _invalid(f"together they nest in more than {MAX_DEPTH} levels", "", None)
    return patched


def _what_is_there(document: Document, path: str) -> str:
    """How far a path leads, and what it could name there: names and lengths, because values may be secret."""
    place: Any = document
    walked = ""
    for step in path.split("/")[1:-1]:
        inner = _inside(place, unescape(step))
        if inner is None:
            break
        place, walked = inner, f"{walked}/{step}"
    where = walked or "the document"
    if isinstance(place, dict):
        names = [*list(place)[:_MOST_NAMES], *(["..."] if len(place) > _MOST_NAMES else [])]
        return f"Known in {where}: {', '.join(names)}." if names else f"There is nothing in {where}."
    if isinstance(place, list):
        return f"In {where} is an array of {len(place)}."
    return f"In {where} is no object and no array."


def _inside(place: Any, name: str) -> Any:
    if isinstance(place, dict):
        return place.get(name)
    if isinstance(place, list) and name.isascii() and name.isdigit() and len(name) < _MOST_DIGITS:
        return place[int(name)] if int(name) < len(place) else None
    return None


def _invalid(detail: str, field: str, given: Any, hint: str | None = None) -> Refusal:
    return Refusal("FLOW-1455-400", detail=detail, field=field or None, given=given, hint=hint)
