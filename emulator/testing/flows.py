"""Whole flows in one call: from a base connection to a mapping set, over a file or behind an inlet."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from emulator.testing import data
from emulator.testing.calls import CallFailed, Calls

Document = dict[str, Any]
_FLOW = "/data/foundation/flowservice"
_REGISTRY = "/data/foundation/schemaregistry"
_FULL = "application/vnd.adobe.xed-full+json;version=1"
_PROFILE = "https://ns.adobe.com/xdm/context/profile"
_S3, _HTTP_API, _LAKE = (
    {"id": spec, "version": "1.0"}
    for spec in (
        "ecadc60c-7455-4d87-84dc-2a0e293d997b",
        "bc7b00d6-623a-4dfc-9fdb-f1240aeadaeb",
        "c604ff05-7f1a-43c0-8e18-33bf874cb11c",
    )
)
_FILES, _STREAMED = (
    {"id": spec, "version": "1.0"}
    for spec in ("9753525b-82c7-4dce-8a9b-5ccfce2b9876", "c1a19761-d2c7-4702-b9fa-fe91f0613e81")
)
_FILE = "records.json"
_ENDED = frozenset(["success", "partialSuccess", "failed", "cancelled"])
_LOOK_S, _PATIENCE_S = 0.005, 30
_MOST = 1000
# Types or JSON Schemas by the names of fields, or names alone: those hold whatever they are given.
Fields = Iterable[str] | Mapping[str, str | Mapping[str, Any]]


class Pairs(NamedTuple):
    """Destinations by source, and the own fields that the schema needs for them."""

    destinations: Mapping[str, str]
    own_fields: Document


class Landing:
    """What every flow lands in: ids of all that it stands on, and what came of it."""

    def __init__(self, calls: Calls, admin: Calls, ids: Mapping[str, str]) -> None:
        self._calls = calls
        self._admin = admin
        self.id = ids["flow"]
        self.base_connection = ids["base"]
        self.source_connection = ids["source"]
        self.target_connection = ids["target"]
        self.mapping_set = ids["mapping"]
        self.schema = ids["schema"]
        self.dataset = ids["dataset"]

    def records(self, **query: Any) -> list[Document]:
        """What landed, in target shape; at most 1,000 unless ``limit`` says otherwise."""
        return data.landed(self._admin, self.dataset, "records", query)

    def rejected(self, **query: Any) -> list[Document]:
        """What did not: ``record``, ``code``, ``message``, ``field``."""
        return data.landed(self._admin, self.dataset, "rejected", query)

    def runs(self) -> list[Document]:
        """Newest first, at most 1,000."""
        query = {"property": f"flowId=={self.id}", "limit": _MOST}
        items: list[Document] = self._calls.call("GET", f"{_FLOW}/runs", query=query).body["items"]
        return items

    def item(self) -> Document:
        """The flow as Flow Service shows it."""
        (item,) = self._calls.call("GET", f"{_FLOW}/flows/{self.id}").body["items"]
        found: Document = item
        return found


class Flow(Landing):
    """A flow that reads a file."""

    def wait(self, runs: int = 1, timeout: float = _PATIENCE_S) -> Document:
        """The newest run, once so many have ended. Raises ``CallFailed`` when they have not in time."""
        until = time.monotonic() + timeout
        while True:
            found = self.runs()
            ended = [run for run in found if run["metrics"]["statusSummary"]["status"] in _ENDED]
            if len(ended) >= runs:
                return ended[0]
            if time.monotonic() > until:
                states = [run["metrics"]["statusSummary"]["status"] for run in found]
                clock = self._admin.call("GET", "/__admin/clock").body
                raise CallFailed(
                    f"flow {self.id} has {len(ended)} finished runs after {timeout} s and not {runs}; "
                    f"its runs: {states}; the clock is {clock['mode']} and shows {clock['now']}"
                )
            time.sleep(_LOOK_S)

    def put(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Let the next run find another file in the place of what is there."""
        data.put(self._admin, self.base_connection, _FILE, records)

    def script(self, *outcomes: Mapping[str, Any]) -> None:
        """Tell the next runs what to come to: ``{"status": "failed", "errors": [{"code": …}]}``."""
        data.script(self._admin, self.id, outcomes)


class Stream(Landing):
    """A flow behind an inlet."""

    def __init__(self, calls: Calls, admin: Calls, ids: Mapping[str, str], inlet_url: str) -> None:
        super().__init__(calls, admin, ids)
        self.inlet_url = inlet_url
        # Behind a proxy it may begin with another host than the one that the test talks to.
        self._path = urlsplit(inlet_url).path.removeprefix(urlsplit(calls.url).path)

    def send(self, message: Mapping[str, Any], **query: Any) -> Document:
        """One message; returns the answer."""
        found: Document = self._calls.call("POST", self._path, dict(message), query).body
        return found

    def send_all(self, messages: Iterable[Any]) -> Document:
        """Many of them; returns the answer with one entry for each, also for those that were refused."""
        path = self._path.replace("/collection/", "/collection/batch/")
        found: Document = self._calls.call("POST", path, {"messages": list(messages)}).body
        return found


def build_flow(
    calls: Calls, admin: Calls, records: list[Document], landing: Pairs, schedule: Mapping[str, Any] | None
) -> Flow:
    """Everything from the base connection on, over a file of the records."""
    auth = {
        "specName": "Access Key",
        "params": {"s3AccessKey": "test", "s3SecretKey": "test", "bucketName": "test", "folderPath": ""},
    }
    base = _made(calls, "connections", {"name": "Records", "connectionSpec": _S3, "auth": auth})
    data.put(admin, base, _FILE, records)
    body: Document = {
        "name": "Records",
        "baseConnectionId": base,
        "connectionSpec": _S3,
        "data": {"format": "json"},
        "params": {"path": _FILE, "type": "file"},
    }
    source = _made(calls, "sourceConnections", body)
    ids = {"base": base, "source": source, **_target(calls, landing)}
    now = datetime.fromisoformat(admin.call("GET", "/__admin/clock").body["now"])
    params = {"startTime": int(now.timestamp()), "frequency": "once", **(schedule or {})}
    return Flow(calls, admin, {**ids, "flow": _flow(calls, ids, _FILES, {"scheduleParams": params})})


def build_stream(calls: Calls, admin: Calls, landing: Pairs) -> Stream:
    """Everything from the inlet on."""
    auth = {"specName": "Streaming Connection", "params": {"dataType": "raw"}}
    base = _made(calls, "connections", {"name": "Messages", "connectionSpec": _HTTP_API, "auth": auth})
    body = {"name": "Messages", "baseConnectionId": base, "connectionSpec": _HTTP_API}
    ids = {"base": base, "source": _made(calls, "sourceConnections", body), **_target(calls, landing)}
    (item,) = calls.call("GET", f"{_FLOW}/connections/{base}").body["items"]
    ids["flow"] = _flow(calls, ids, _STREAMED, {})
    return Stream(calls, admin, ids, item["auth"]["params"]["inletUrl"])


def pairs(calls: Calls, mapping: Mapping[str, str] | None, fields: Fields) -> Pairs:
    """By a mapping, or else of fields that land below the tenant's own namespace under their names.

    A namespace of which nothing is told holds whatever it is given.
    """
    if mapping is not None:
        roots = {to.split(".")[0].split("[")[0] for to in mapping.values()}
        return Pairs(mapping, {root: _object(root) for root in sorted(roots) if root.startswith("_")})
    if isinstance(fields, str):
        raise TypeError(f"fields is a list of names, or what they hold by name: write fields=[{fields!r}]")
    namespace = "_" + calls.call("GET", f"{_REGISTRY}/stats").body["tenantId"]
    described = {name: _described(name, one) for name, one in fields.items()} if isinstance(fields, Mapping) else {}
    root = _object(namespace) | ({"properties": described} if described else {})
    return Pairs({name: f"{namespace}.{name}" for name in fields}, {namespace: root})


def names_in(records: Iterable[Mapping[str, Any]]) -> list[str]:
    """Of all records, each once, in the order in which they come."""
    return list(dict.fromkeys(name for record in records for name in record))


def _object(title: str) -> Document:
    return {"type": "object", "title": title}


def _described(name: str, schema: str | Mapping[str, Any]) -> Document:
    return {"title": name, **({"type": schema} if isinstance(schema, str) else schema)}


def _made(calls: Calls, collection: str, body: Document) -> str:
    made: str = calls.call("POST", f"{_FLOW}/{collection}", body).body["id"]
    return made


def _target(calls: Calls, landing: Pairs) -> dict[str, str]:
    """A schema, a dataset of it, a target connection and a mapping set that lead there."""
    number = calls.call("GET", f"{_REGISTRY}/stats").body["counts"]["schemas"] + 1
    parts = [{"$ref": _PROFILE}, {"type": "object", "properties": landing.own_fields}]
    body: Document = {"title": f"Records {number}", "type": "object", "allOf": parts}
    schema = calls.call("POST", f"{_REGISTRY}/tenant/schemas", body).body["$id"]
    body = {"name": f"Records {number}", "schemaRef": {"id": schema, "contentType": _FULL}}
    (made,) = calls.call("POST", "/data/foundation/catalog/dataSets", body).body
    dataset = made.removeprefix("@/dataSets/")
    body = {
        "name": "Records",
        "connectionSpec": _LAKE,
        "data": {"schema": {"id": schema, "version": _FULL}},
        "params": {"dataSetId": dataset},
    }
    target = _made(calls, "targetConnections", body)
    return {"schema": schema, "dataset": dataset, "target": target, "mapping": _mapping(calls, schema, landing)}


def _mapping(calls: Calls, schema: str, landing: Pairs) -> str:
    mappings = [
        {"sourceType": "ATTRIBUTE", "source": source, "destination": to} for source, to in landing.destinations.items()
    ]
    body = {"version": 0, "xdmSchema": schema, "xdmVersion": "1.0", "mappings": mappings}
    made: str = calls.call("POST", "/data/foundation/conversion/mappingSets", body).body["id"]
    return made


def _flow(calls: Calls, ids: Mapping[str, str], spec: Document, more: Document) -> str:
    params = {"mappingId": ids["mapping"], "mappingVersion": 0}
    body = {
        "name": "Records",
        "flowSpec": spec,
        "sourceConnectionIds": [ids["source"]],
        "targetConnectionIds": [ids["target"]],
        "transformations": [{"name": "Mapping", "params": params}],
        **more,
    }
    return _made(calls, "flows", body)
