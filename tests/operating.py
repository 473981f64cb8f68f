"""Short words for tests of drafts, actions, runs on demand, searches and specs of one's own."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx

from tests.exploring import SALESFORCE_KEYS
from tests.support import FLOW, SALESFORCE, Api, Document, Target, spec

TABLE_FLOW = "14518937-270c-4525-bdec-c2ba7cce3860"
SERVICE_USER = "acp_foundation_connectors@AdobeID"
SANDBOXES = "/data/foundation/sandbox-management/sandboxes"
# A start that no test will see.
FAR = 4_102_444_800
ONCE: Document = {"startTime": FAR, "frequency": "once"}
DAILY: Document = {"startTime": FAR, "frequency": "day", "interval": 1}
PAIRS = {"data.id": "_test.id"}
PATIENCE_S = 10


def act(api: Api, collection: str, resource_id: str, op: str, **sent: Any) -> httpx.Response:
    """POST an action as documented: without a body or a content type, unless the test sends some."""
    return api.http.post(f"{FLOW}/{collection}/{resource_id}/action", params={"op": op}, **sent)


def acted(api: Api, collection: str, resource_id: str, op: str) -> Document:
    """The resource after an action that has to succeed."""
    answer = act(api, collection, resource_id, op)
    assert answer.status_code == 200, answer.text
    return api.item(collection, resource_id)


def draft(api: Api, collection: str, body: Document) -> str:
    answer = api.http.post(f"{FLOW}/{collection}", params={"mode": "draft"}, json=body)
    assert answer.status_code == 201, answer.text
    made: str = answer.json()["id"]
    return made


def without(document: Document, *names: str) -> Document:
    return {name: value for name, value in document.items() if name not in names}


def set_to(path: str, value: Any) -> list[Document]:
    """The operations of a patch that puts a value somewhere."""
    return [{"op": "add", "path": path, "value": value}]


def table_source(api: Api, **changes: Any) -> str:
    base = api.base_connection(SALESFORCE, auth=SALESFORCE_KEYS)
    body: Document = {"data": {"format": "tabular"}, "params": {"tableName": "Accounts"}}
    return api.source_connection(base, SALESFORCE, **(body | changes))


def table_flow_body(api: Api, target: Target, **changes: Any) -> Document:
    """A flow that copies a table once, far ahead."""
    body = {"flowSpec": spec(TABLE_FLOW), "scheduleParams": ONCE}
    return api.flow_body(table_source(api), target, {"Id": "_test.id"}, **(body | changes))


def eventually(what: Callable[[], Any]) -> Any:
    """The first answer that is true."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        found = what()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError(f"nothing within {PATIENCE_S} s")


def ended(api: Api, run_id: str) -> Document:
    """A run, once it waits no longer."""

    def done() -> Document | None:
        run = api.item("runs", run_id)
        return None if run["metrics"]["statusSummary"]["status"] == "scheduled" else run

    run: Document = eventually(done)
    return run


def new_sandbox(api: Api, name: str = "dev") -> str:
    """The id of a second sandbox of the organisation."""
    body = {"name": name, "title": name, "type": "development"}
    answer = api.http.post(SANDBOXES, json=body)
    assert answer.status_code == 202, answer.text
    made: str = api.http.get(f"{SANDBOXES}/{name}").json()["id"]
    return made
