"""What may be said of a dataset: in its create call, and in changes to it.

Documented by the Catalog guide and the vendor's OpenAPI file: a change is an object of fields, a JSON Patch, or
(in the second version) an object that is worked into what is there. Fields that nothing describes are kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from emulator.domain import json_patch
from emulator.domain.errors import Refusal
from emulator.domain.tenant import Tenant

Document = dict[str, Any]
BAD, STALE = "CATALOG-0400-400", "CATALOG-0412-412"
TABLE = "adobe/pqs/table"

_NAME = re.compile(r"[^a-z0-9]+")
_TEXT, _OBJECT, _ARRAY = (str, "Send a text."), (dict, "Send an object."), (list, "Send an array.")
# Of which type a field is. The rest may be of any.
_TYPES: Mapping[str, tuple[type, str]] = {
    "name": _TEXT,
    "description": _TEXT,
    "state": _TEXT,
    "basePath": _TEXT,
    "fileDescription": _OBJECT,
    "extensions": _OBJECT,
    "classification": _OBJECT,
    "observableSchema": _OBJECT,
    "systemLabels": _ARRAY,
    "unifiedTags": _ARRAY,
    "enableErrorDiagnostics": (bool, "Send true or false."),
}
# What the service writes itself.
_KEPT = frozenset(
    "id imsOrg sandboxId version created updated createdClient createdUser updatedUser files viewId "
    "lastBatchId lastBatchStatus lastSuccessfulBatch".split()
)
_PATCH_TYPES = ("application/json-patch+json", "application/json+patch")
_MANAGERS = ("CUSTOMER", "SYSTEM")
_PERIOD = re.compile(r"P(?:(\d{1,4})Y)?(?:(\d{1,5})M)?(?:(\d{1,5})W)?(?:(\d{1,6})D)?", re.ASCII)
_DAYS_OF_UNITS = (365, 30, 7, 1)
_SHORTEST_TTL_DAYS = 30


def new_dataset(body: Document, tenant: Tenant, dataset_id: str, view_id: str, now: int) -> Document:
    """A dataset as it begins, but for the reference to its schema and what that makes of it."""
    check(body)
    name = body.get("name") or f"dataset {dataset_id}"
    table = _NAME.sub("_", name.lower()).strip("_") or dataset_id
    given = {field: value for field, value in body.items() if field not in _KEPT and value is not None}
    return {
        **given,
        "name": name,
        "imsOrg": tenant.org,
        "sandboxId": tenant.sandbox_id,
        "version": "1.0.0",
        "created": now,
        "updated": now,
        "createdClient": tenant.client,
        "createdUser": tenant.user,
        "updatedUser": tenant.user,
        "tags": {TABLE: [table], **(body.get("tags") or {})},
        "fileDescription": given.get("fileDescription")
        or {"persisted": True, "containerFormat": "parquet", "format": "parquet"},
        "files": f"@/dataSetFiles?dataSetId={dataset_id}",
        "viewId": view_id,
        "state": given.get("state") or "DRAFT",
    }


def changed(document: Document, body: Any, content_type: str) -> Document:
    """The dataset after a PATCH: an array, or one operation under a patch's own content type, is a JSON Patch."""
    if isinstance(body, list) or content_type.partition(";")[0].strip().lower() in _PATCH_TYPES:
        return _admitted(document, _patched(document, body))
    return _admitted(document, {**document, **_object(body)})


def replaced(document: Document, body: Any) -> Document:
    """The dataset after a PUT: what the body does not name goes, but for what the service writes itself."""
    given = _object(body)
    kept = {name: value for name, value in document.items() if name in (*_KEPT, "classification", "state")}
    # A PATCH may have taken out the last of them.
    kept |= {name: document[name] for name in ("name", "schemaRef", "fileDescription") if name in document}
    return _admitted(document, {**kept, **given})


def nested(document: Document, body: Any) -> Document:
    """The dataset after a PATCH of the second version: objects are worked in, and made where they are missing."""
    return _admitted(document, _worked_in(document, _object(body)))


def next_version(version: str) -> str:
    """Documented: the last digit rises."""
    head, _, last = version.rpartition(".")
    return f"{head}.{int(last) + 1}"


def check_match(if_match: str | None, if_none_match: str | None, version: str) -> None:
    """Documented: 412 when the version is another one by now, or one that was not wanted."""
    if if_match is not None and not {"*", version}.intersection(_tags(if_match)):
        hint = "Read the dataset again; its version is in the header E-Tag."
        raise Refusal(STALE, version=version, field="If-Match", given=if_match, hint=hint)
    if if_none_match is not None and {"*", version}.intersection(_tags(if_none_match)):
        raise Refusal(STALE, version=version, field="If-None-Match", given=if_none_match)


def _tags(header: str) -> set[str]:
    return {tag.strip().removeprefix("W/").strip('"') for tag in header.split(",")}


def check(body: Document) -> None:
    """Of a whole dataset, or of the fields of a new one; null means that a field is not there."""
    for name, (kind, hint) in _TYPES.items():
        if body.get(name) is not None and not isinstance(body[name], kind):
            raise wrong(name, body[name], hint)
    tags = body.get("tags")
    if tags is not None and not (isinstance(tags, dict) and all(isinstance(values, list) for values in tags.values())):
        raise wrong("tags", tags, 'Send an object of arrays, such as {"unifiedProfile": ["enabled:true"]}.')
    _check_expiration(body.get("extensions") or {})


def _check_expiration(extensions: Document) -> None:
    """Documented: rows expire after a duration of ISO 8601, of 30 days at least."""
    path = "extensions"
    found: Any = extensions
    for step in ("adobe_lakeHouse", "rowExpiration", "ttlValue"):
        path = f"{path}.{step}"
        found = found.get(step)
        if found is None:
            return
        if not isinstance(found, str if step == "ttlValue" else dict):
            raise wrong(path, found, "Send a text." if step == "ttlValue" else "Send an object.")
    match = _PERIOD.fullmatch(found)
    counts = [int(count or 0) for count in match.groups()] if match else []
    if sum(count * days for count, days in zip(counts, _DAYS_OF_UNITS, strict=False)) < _SHORTEST_TTL_DAYS:
        raise wrong(path, found, "Send a duration of 30 days or more, such as P30D, P3M or P1Y.")


def _object(body: Any) -> Document:
    if not isinstance(body, dict) or not body:
        raise Refusal(BAD, detail="Send the fields of the dataset that are to be changed, as a JSON object.")
    return body


def _patched(document: Document, body: Any) -> Document:
    try:
        return json_patch.apply(document, json_patch.operations(body))
    except Refusal as refusal:
        detail = f"The patch cannot be applied: {refusal.text}"
        raise Refusal(BAD, detail=detail, field=refusal.field, given=refusal.given, hint=refusal.hint) from None


def _worked_in(old: Any, new: Any) -> Any:
    if not isinstance(old, dict) or not isinstance(new, dict):
        return deepcopy(new)
    return {**old, **{name: _worked_in(old.get(name), value) for name, value in new.items()}}


def _admitted(before: Document, after: Document) -> Document:
    """The changed dataset, once it is one: what the service keeps is as it was, and null has taken fields out."""
    for name in sorted(_KEPT):
        if name in after and after[name] != before.get(name):
            raise wrong(name, after[name], "The service writes this field itself.")
    check(after)
    if not after.get("name"):
        raise wrong("name", after.get("name"), "Send a text.")
    _check_classification(before, after)
    tags = {TABLE: before["tags"][TABLE], **(after.get("tags") or {})}
    kept = {name: before[name] for name in before if name in _KEPT}
    return {**{name: value for name, value in after.items() if value is not None}, **kept, "tags": tags}


def _check_classification(before: Document, after: Document) -> None:
    kind = after.get("classification") or {}
    if kind.get("dataBehavior") != before["classification"]["dataBehavior"]:
        raise wrong("classification.dataBehavior", kind.get("dataBehavior"), "The schema says what it is.")
    if kind.get("managedBy", _MANAGERS[0]) not in _MANAGERS:
        raise wrong("classification.managedBy", kind["managedBy"], f"Send {' or '.join(_MANAGERS)}.")


def wrong(field: str, given: Any, hint: str) -> Refusal:
    return Refusal(BAD, detail="The dataset cannot be accepted.", field=field, given=given, hint=hint)
