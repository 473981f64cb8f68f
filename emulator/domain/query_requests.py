"""What a query is asked with, and its document."""

from __future__ import annotations

import re
from typing import Any

from emulator.domain.errors import Refusal
from emulator.domain.query_lists import BAD, stamp
from emulator.domain.tenant import Tenant

Document = dict[str, Any]

MAX_SQL = 100_000
_TEXTS = ("dbName", "sql", "name", "description")
# Published, and what cannot be done about them here.
_NOT_HERE = {
    "templateId": "Query templates are not served: send the statement as sql.",
    "insertIntoParameters": "Queries only read here: land records with a flow.",
    "ctasParameters": "Queries only read here: make a dataset in Catalog and land records with a flow.",
}
_KNOWN = (*_TEXTS, "queryParameters")


def read_request(body: Any) -> Document:
    """The request as the query shows it. Raises ``QUERY-0400-400``."""
    if not isinstance(body, dict):
        raise Refusal(BAD, detail="Send a query as a JSON object with dbName and sql.")
    sent = {name: value for name, value in body.items() if value is not None}
    for name, value in sent.items():
        if name not in _KNOWN:
            raise _wrong(name, value, _NOT_HERE.get(name, f"Known fields: {', '.join(_KNOWN)}."))
        if name in _TEXTS and not isinstance(value, str):
            raise _wrong(name, value, "Send a text.")
    if not sent.get("dbName", "").strip():
        raise _wrong("dbName", sent.get("dbName"), "Send the sandbox and the database, such as prod:all.")
    if not sent.get("sql", "").strip() or len(sent["sql"]) > MAX_SQL:
        raise _wrong("sql", sent.get("sql"), f"Send a statement of at most {MAX_SQL} characters.")
    _check_parameters(sent.get("queryParameters", {}))
    return sent


def _check_parameters(given: Any) -> None:
    if not isinstance(given, dict) or not all(isinstance(value, (str, int, float)) for value in given.values()):
        raise _wrong("queryParameters", given, "Send an object of texts and numbers.")


def statement(request: Document) -> str:
    """The SQL with its parameters put in. Documented: ``$name`` is replaced as it is, without a look at types."""
    parameters = request.get("queryParameters", {})

    def value(match: re.Match[str]) -> str:
        return str(parameters.get(match[1], match[0]))

    return re.sub(r"\$(\w+)", value, request["sql"])


def submitted(request: Document, query_id: str, tenant: Tenant, now: int) -> Document:
    """A new query, in the order of the published sample."""
    return {
        "isInsertInto": False,
        "request": request,
        "state": "SUBMITTED",
        "rowCount": 0,
        "errors": [],
        "isCTAS": False,
        "version": 1,
        "id": query_id,
        "elapsedTime": 0,
        "updated": stamp(now),
        "client": "API",
        "userId": tenant.user,
        "created": stamp(now),
    }


def _wrong(field: str, given: Any, hint: str) -> Refusal:
    return Refusal(BAD, detail="The query cannot be accepted.", field=field, given=given, hint=hint)
