"""Messages as senders write them: a bare record, a record with operations, or an XDM envelope.

Documented by the tutorials of the HTTP API source, the guide to upserts and the OpenAPI file, which differ
in what they call required; what any of them sends is taken. Refused is what all of them refuse: a header
without a schema, a body without an entity, another organisation's name.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from emulator.domain.schema_ids import schema_id

Document = dict[str, Any]
UNKNOWN_FORMAT = "Message has unknown xdm format"
WRONG_ORG = "Message has an absent or wrong ims org in the header"
OPERATIONS = ("create", "merge", "delete")
_CONTENT_TYPE = re.compile(r"application/vnd\.adobe\.x(ed|dm)(-[a-z]+)*\+json\s*(;\s*version\s*=\s*1(\.\d+)?\s*)?")


class Unreadable(Exception):
    """A message that is not what the inlet takes: the documented words, and what would be right."""

    def __init__(self, detail: str, hint: str) -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = hint


class Message(NamedTuple):
    """What a message says: its record, and the flow, dataset and schema it names, None where it names none.

    ``operation`` is ``create`` unless it says otherwise.
    """

    record: Document
    flow: str | None = None
    dataset: str | None = None
    schema: str | None = None
    operation: str = "create"


def read(message: Any, data_type: str, org: str) -> Message:
    """A message for an inlet of a data type (``xdm`` or ``raw``). Raises ``Unreadable``."""
    if type(message) is not dict:
        raise Unreadable(UNKNOWN_FORMAT, "A message is a JSON object.")
    if data_type == "xdm":
        return _xdm(message, org)
    header = message.get("header")
    if isinstance(header, dict) and "operations" in header:
        return _with_operations(message, header, org)
    return Message(message)


def _xdm(message: Document, org: str) -> Message:
    header, body = message.get("header"), message.get("body")
    if not isinstance(header, dict):
        raise Unreadable(UNKNOWN_FORMAT, 'header must be an object such as {"schemaRef": …, "datasetId": …}.')
    _check_org(header, org)
    schema = _schema(header.get("schemaRef"), "header.schemaRef")
    if not isinstance(body, dict) or not isinstance(body.get("xdmEntity"), dict):
        raise Unreadable(UNKNOWN_FORMAT, "body.xdmEntity must be an object: the record itself.")
    meta = body.get("xdmMeta")
    if isinstance(meta, dict) and "schemaRef" in meta:
        other = _schema(meta["schemaRef"], "body.xdmMeta.schemaRef")
        if other != schema:
            raise Unreadable(UNKNOWN_FORMAT, f"header.schemaRef names {schema}, body.xdmMeta.schemaRef names {other}.")
    return Message(body["xdmEntity"], _text(header, "flowId"), _text(header, "datasetId"), schema)


def _schema(reference: Any, where: str) -> str:
    name = reference.get("id") if isinstance(reference, dict) else None
    if not isinstance(name, str) or not name:
        raise Unreadable(UNKNOWN_FORMAT, f'{where} must be {{"id": the $id of a schema, "contentType": …}}.')
    assert isinstance(reference, dict)
    content_type = reference.get("contentType")
    if content_type is not None and not (isinstance(content_type, str) and _CONTENT_TYPE.fullmatch(content_type)):
        wanted = "application/vnd.adobe.xed-full+json;version=1"
        raise Unreadable(UNKNOWN_FORMAT, f"{where}.contentType must be something like {wanted}.")
    return schema_id(name)


def _check_org(header: Document, org: str) -> None:
    """A missing organisation is filled in, as the newest tutorial relies on; a wrong one is refused."""
    given = header.get("imsOrgId")
    if given is not None and given != org:
        raise Unreadable(WRONG_ORG, f"header.imsOrgId must be {org}, or left out.")


def _text(header: Document, name: str) -> str | None:
    given = header.get(name)
    if given is not None and not (isinstance(given, str) and "\0" not in given):
        raise Unreadable(UNKNOWN_FORMAT, f"header.{name} must be a text without U+0000.")
    return given or None


def addressed(message: Any) -> tuple[str | None, str | None]:
    """The flow and the dataset that a message names which cannot be read otherwise, None where it names none."""
    header = message.get("header") if isinstance(message, dict) else None
    if not isinstance(header, dict):
        return None, None
    flow, dataset = header.get("flowId"), header.get("datasetId")
    return (flow if isinstance(flow, str) else None) or None, (dataset if isinstance(dataset, str) else None) or None


def _with_operations(message: Document, header: Document, org: str) -> Message:
    """Documented by the guide to upserts: ``body`` is the record, ``operations`` says what becomes of it."""
    _check_org(header, org)
    body, operations = message.get("body"), header["operations"]
    if not isinstance(body, dict):
        raise Unreadable(UNKNOWN_FORMAT, "body must be an object beside header: the record itself.")
    if not isinstance(operations, dict):
        raise Unreadable(UNKNOWN_FORMAT, 'header.operations must be an object such as {"data": "merge"}.')
    data, identity = operations.get("data", "create"), operations.get("identity")
    if data not in OPERATIONS:
        raise Unreadable(UNKNOWN_FORMAT, f"header.operations.data must be one of {', '.join(OPERATIONS)}.")
    if identity not in (None, "create"):
        raise Unreadable(UNKNOWN_FORMAT, "header.operations.identity can only be create.")
    if identity is not None and not isinstance(operations.get("identityDatasetId"), str):
        raise Unreadable(UNKNOWN_FORMAT, "header.operations.identity needs identityDatasetId beside it.")
    return Message(body, _text(header, "flowId"), _text(header, "datasetId"), None, data)
