"""A world with one of everything, and what was sent to make it.

Tests that have to know good calls of every operation, so that they can spoil them, find them here. A call
is remembered under its operation (``POST /data/foundation/flowservice/flows``) with its query and its body.
Operations that nothing here calls have the examples of the OpenAPI documents.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import yaml

from emulator.domain.schema_ids import alt_id
from tests.support import (
    AMAZON_S3,
    CATALOG,
    DATA_PREP,
    FLOW,
    HTTP_API,
    MAPPING_SETS,
    PATIENCE_S,
    REST_FLOW,
    SALESFORCE,
    STREAM_FLOW,
    STREAM_MAPPED_FLOW,
    STRIPE,
    Api,
    Document,
    Target,
    client_of,
    spec,
)

CONNECTORS = "/data/foundation/connectors"
SANDBOXES = "/data/foundation/sandbox-management/sandboxes"
LANDING_ZONE = "26f526f2-58f4-4712-961d-e41bf1ccc0e8"
ZONES = ("user_drop_zone", "dlz_destination")
OPENAPI = Path(__file__).parents[1] / "openapi"
METHODS = ("get", "put", "post", "delete", "patch")
# A query as it was sent, and a body, None where there was none.
Call = tuple[str, Any]


@dataclass(frozen=True)
class Everything:
    """Ids by the segment that stands before them in paths, and calls by operation."""

    identity: dict[str, str]
    ids: dict[str, list[str]]
    calls: dict[str, list[Call]]


def make_everything(url: str, org: str, operations: Iterable[tuple[str, str]]) -> Everything:
    """``operations`` are methods and path templates, the literal ones before those with parameters."""
    known = [(f"{method} {path}", method, re.sub(r"{\w+}", "[^/]+", path)) for method, path in operations]
    calls: dict[str, list[Call]] = {}

    def remember(answer: httpx.Response) -> None:
        request = answer.request
        path, _, query = request.url.raw_path.decode().partition("?")
        label = next(
            (label for label, method, at in known if method == request.method and re.fullmatch(at, path)), None
        )
        if answer.is_success and label is not None:
            body = json.loads(request.content) if request.content else None
            calls.setdefault(label, []).append((query, body))

    with client_of(url, org) as api:
        api.http.event_hooks = {"response": [remember]}
        ids = _make(api)
        identity = {name: api.http.headers[name] for name in ("Authorization", "x-api-key", "x-gw-ims-org-id")}
    return Everything(identity, ids, _documented_calls() | calls)


def _make(api: Api) -> dict[str, list[str]]:
    flow, target = api.flow(options={"errorDiagnosticsEnabled": True}, description="As in a tutorial", labels=["a"])
    made = api.item("flows", flow)
    source = made["sourceConnectionIds"][0]
    account = api.item("sourceConnections", source)["baseConnectionId"]
    streams = [_stream(api, data_type) for data_type in ("raw", "xdm")]
    mapping_set = made["transformations"][0]["params"]["mappingId"]
    ids = {
        "flows": [flow, streams[0].flow, streams[1].flow],
        "connections": [account, streams[0].account],
        "sourceConnections": [source, streams[0].source],
        "targetConnections": [target.connection, streams[0].target.connection],
    }
    for collection, existing in ids.items():
        _change(api, collection, existing[0])
    runs = [api.first_run(flow)["id"], *_runs_on_demand(api, source, target)]
    unused_schema = api.schema("Not used")
    mapping_sets = [mapping_set, _replaced_mapping_set(api, mapping_set, target)]
    sample, own_schema = _sample_and_schema(api)
    _look_around(api, account)
    _tokens_and_sandboxes(api)
    return {
        **ids,
        **_own_specs(api),
        "runs": runs,
        "mappingSets": mapping_sets,
        "mappings": [_sound(api.http.get(f"{MAPPING_SETS}/{mapping_sets[1]}/mappings"))[0]["id"]],
        "samples": [sample],
        "schemas": [target.schema, alt_id(unused_schema), own_schema],
        "dataSets": [target.dataset, api.dataset(unused_schema)],
        "datasets": [target.dataset, streams[0].target.dataset],
        "batches": list(api.http.get(f"{CATALOG}/batches").json()),
        "sandboxes": ["prod", "dev"],
        "collection": [stream.inlet for stream in streams],
        "batch": [stream.inlet for stream in streams],
        "openapi": ["ims"],
        **_keys_and_zones(api),
    }


@dataclass(frozen=True)
class _Stream:
    """A streaming connection with the flow that it feeds."""

    account: str
    source: str
    flow: str
    target: Target
    inlet: str


def _stream(api: Api, data_type: str) -> _Stream:
    account = api.streaming_connection(data_type, authenticationRequired=data_type == "xdm")
    source, target = api.source_connection(account, HTTP_API), api.target(f"Of {data_type}")
    changes: Document = {"flowSpec": spec(STREAM_MAPPED_FLOW), "scheduleParams": None}
    if data_type == "xdm":
        changes |= {"flowSpec": spec(STREAM_FLOW), "transformations": None}
    flow = api.make("flows", api.flow_body(source, target, {"id": "_bad.id"}, **changes))
    inlet = api.item("connections", account)["auth"]["params"]["inletId"]
    message: Document = {"id": "a"}
    if data_type == "xdm":
        reference = {"id": target.schema, "contentType": "application/vnd.adobe.xed-full+json;version=1"}
        header = {"schemaRef": reference, "datasetId": target.dataset, "flowId": flow, "imsOrgId": api.org}
        message = {"header": header, "body": {"xdmMeta": {"schemaRef": reference}, "xdmEntity": message}}
    _sound(api.http.post(f"/collection/{inlet}", json=message))
    _sound(api.http.post(f"/collection/batch/{inlet}", json={"messages": [message, message]}))
    return _Stream(account, source, flow, target, inlet)


def _sound(answer: httpx.Response) -> Any:
    assert answer.is_success, f"{answer.request.method} {answer.request.url}: {answer.text}"
    return answer.json() if answer.content else None


def _change(api: Api, collection: str, resource_id: str) -> None:
    """A patch, and publishing a draft."""
    rename = [{"op": "replace", "path": "/name", "value": "Renamed"}, {"op": "add", "path": "/labels", "value": ["b"]}]
    _sound(api.patch(collection, resource_id, rename))
    if collection == "flows":
        for operation in ("disable", "enable"):
            _sound(api.http.post(f"{FLOW}/flows/{resource_id}/action", params={"op": operation}))
        return
    own = {name: value for name, value in api.item(collection, resource_id).items() if name not in _KEPT}
    draft = _sound(api.http.post(f"{FLOW}/{collection}", params={"mode": "draft"}, json=own))["id"]
    _sound(api.http.post(f"{FLOW}/{collection}/{draft}/action", params={"op": "publish"}, json={}))


_KEPT = {
    *("id", "createdAt", "updatedAt", "createdBy", "updatedBy", "createdClient", "updatedClient", "sandboxId"),
    *("sandboxName", "imsOrgId", "state", "version", "etag", "inheritedAttributes"),
}


def _runs_on_demand(api: Api, source: str, target: Target) -> list[str]:
    once: Document = {"scheduleParams": {"startTime": "1625040887", "frequency": "once"}}
    flow = api.make("flows", api.flow_body(source, target, {"data.id": "_test.id"}, **once))
    api.first_run(flow)
    window = {"startTime": 1625040887, "windowStartTime": 1625040887, "windowEndTime": 1625050887}
    asked = _sound(api.http.post(f"{FLOW}/runs", json={"flowId": flow, "params": window}))
    run = _ended(api, asked["id"])
    figures = {"metrics": {**run["metrics"], "statusSummary": {"status": "failed"}}, "activities": run["activities"]}
    _sound(api.http.put(f"{FLOW}/runs/{asked['id']}", json=figures, headers={"If-Match": run["etag"]}))
    again = _sound(api.http.post(f"{FLOW}/runs/{asked['id']}/action", params={"op": "re-trigger"}))
    return [asked["id"], again["id"]]


def _ended(api: Api, run_id: str) -> Document:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        run = api.item("runs", run_id)
        if run["metrics"]["statusSummary"]["status"] != "scheduled":
            return run
        time.sleep(0.01)
    raise AssertionError(f"run {run_id} did not begin")


def _own_specs(api: Api) -> dict[str, list[str]]:
    """A connection spec and a flow spec of the organisation's own, and two that ship."""
    schema = {"type": "object", "properties": {"key": {"type": "string", "format": "password"}}, "required": ["key"]}
    of_connections = {
        "name": "ours",
        "providerId": "0ed90a81-07f4-4586-8190-b40eccef1c5a",
        "version": "1.0",
        "authSpec": [{"name": "Key", "type": "KeyBased", "spec": schema}],
        "sourceSpec": {"spec": {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}},
        "exploreSpec": {"requestSpec": {"type": "object"}},
        "attributes": {"category": "Payments", "connectorName": "Ours"},
    }
    own = _sound(api.http.post(f"{FLOW}/connectionSpecs", json=of_connections))["id"]
    of_flows = {
        "name": "OursToPlatform",
        "providerId": of_connections["providerId"],
        "sourceConnectionSpecIds": [own],
        "targetConnectionSpecIds": ["c604ff05-7f1a-43c0-8e18-33bf874cb11c"],
        "transformationSpecs": [{"name": "Mapping", "spec": {"type": "object"}}],
        "attributes": {"isSourceFlow": True, "frequency": "batch"},
        "scheduleSpec": {"name": "PeriodicSchedule", "type": "Periodic", "spec": {"type": "object"}},
    }
    flow_spec = _sound(api.http.post(f"{FLOW}/flowSpecs", json=of_flows))["id"]
    _sound(api.http.put(f"{FLOW}/connectionSpecs/{own}", json=of_connections))
    _sound(api.http.put(f"{FLOW}/flowSpecs/{flow_spec}", json=of_flows))
    return {"connectionSpecs": [own, STRIPE, LANDING_ZONE], "flowSpecs": [flow_spec, REST_FLOW]}


def _look_around(api: Api, account: str) -> None:
    """Searches, and explores of every family of sources."""
    search = {
        "queryString": "property=name==Renamed&property=state==enabled",
        "limit": 10,
        "orderby": "-createdAt,name",
    }
    _sound(api.http.post(f"{FLOW}/connections/search", json=search))
    _sound(api.http.post(f"{FLOW}/flows/search", json=search | {"projectionFields": "name,state"}))
    of_specs = {"queryString": "property=name==OursToPlatform", "groupByProperty": "name", "projectionFields": "name"}
    _sound(api.http.post(f"{FLOW}/flowSpecs/search", json=of_specs))
    keys = {"s3AccessKey": "x", "s3SecretKey": "x"}
    store = api.base_connection(AMAZON_S3, auth={"specName": "Access Key", "params": keys})
    login = {"username": "x", "password": "x", "securityToken": "x"}
    tables = api.base_connection(SALESFORCE, auth={"specName": "Basic Authentication", "params": login})
    looks: list[tuple[str, Document]] = [
        (account, {"objectType": "rest", "object": "json", "sourceParams": packed({"resourcePath": "charges"})}),
        (store, {"objectType": "root"}),
        (store, {"objectType": "file", "object": "/contacts.csv", "fileType": "delimited", "columnDelimiter": ","}),
        (store, {"objectType": "file", "object": "/orders/orders.parquet", "determineProperties": "true"}),
        (tables, {"objectType": "table", "object": "Contacts", "filters": packed(ROW_FILTER), "previewCount": "5"}),
    ]
    for connection, query in looks:
        _sound(api.http.get(f"{FLOW}/connections/{connection}/explore", params={"preview": "true", **query}))
    _sound(api.http.get(f"{FLOW}/connectionSpecs/{LANDING_ZONE}/explore", params={"objectType": "root"}))


_LOOKUP = {"nodeType": "fieldLookup", "fieldName": "Id"}
_COMPARED = {"nodeType": "fnApply", "fnName": "=", "params": [_LOOKUP, {"nodeType": "literal", "value": "1"}]}
_ALL = {"nodeType": "fnApply", "fnName": "and", "params": [_COMPARED, _COMPARED]}
ROW_FILTER = {"type": "PQL", "format": "pql/json", "value": _ALL}


def packed(value: Any) -> str:
    """JSON in Base64, as explore takes it."""
    return base64.b64encode(json.dumps(value).encode()).decode()


def _replaced_mapping_set(api: Api, mapping_set: str, target: Target) -> str:
    """A second version of a mapping set, and one that nothing uses."""
    made = _sound(api.http.get(f"{MAPPING_SETS}/{mapping_set}"))
    _sound(api.http.put(f"{MAPPING_SETS}/{mapping_set}", json=made))
    short = {"version": 0, "xdmSchema": target.schema, "xdmVersion": "1.0", "mappings": made["mappings"]}
    unused: str = _sound(api.http.post("/data/foundation/mappingSets", json=short))["id"]
    return unused


def _sample_and_schema(api: Api) -> tuple[str, str]:
    """Data Prep's own."""
    sample: str = _sound(api.http.post(f"{DATA_PREP}/samples", json={"sampleData": "{}"}))["id"]
    schema: str = _sound(api.http.post(f"{DATA_PREP}/schemas", json={"sampleId": sample}))["id"]
    return sample, schema


def _tokens_and_sandboxes(api: Api) -> None:
    _sound(api.http.post(SANDBOXES, json={"name": "dev", "title": "Dev", "type": "development"}))
    client = {"client_id": "k", "client_secret": "s", "grant_type": "client_credentials", "jwt_token": "a.b.c"}
    for version in ("", "/v1", "/v2", "/v3", "/v4"):
        _sound(api.http.post(f"/ims/token{version}", json=client))
    _sound(api.http.post("/ims/exchange/jwt", json=client))


def _keys_and_zones(api: Api) -> dict[str, list[str]]:
    for zone in ZONES:
        for path in ("landingzone", "landingzone/credentials"):
            _sound(api.http.get(f"{CONNECTORS}/{path}", params={"type": zone}))
        refresh = {"type": zone, "action": "refresh"}
        _sound(api.http.post(f"{CONNECTORS}/landingzone/credentials", params=refresh))
    wanted = {"name": "files", "encryptionAlgorithm": "PGP", "params": {"passPhrase": "a phrase"}}
    key = _sound(api.http.post(f"{CONNECTORS}/encryption/keys", json=wanted))["publicKeyId"]
    return {"keys": [key], "validate": [key]}


@cache
def documented() -> list[tuple[str, Document, Document]]:
    """Every operation of the OpenAPI documents: label, operation with the parameters of its path, components."""
    found = []
    for path in sorted(OPENAPI.glob("*.yaml")):
        document = yaml.load(path.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        for template, item in document["paths"].items():
            for method in set(METHODS).intersection(item):
                operation = item[method]
                operation["parameters"] = [*item.get("parameters", []), *operation.get("parameters", [])]
                found.append((f"{method.upper()} {template}", operation, document.get("components", {})))
    return found


def documented_parameters(place: str) -> dict[str, list[str]]:
    """Names of the parameters that every operation takes in ``query`` or ``header``."""
    found = {}
    for label, operation, components in documented():
        shared = components.get("parameters", {})
        parts = [shared[part["$ref"].rsplit("/", 1)[1]] if "$ref" in part else part for part in operation["parameters"]]
        found[label] = [part["name"] for part in parts if part["in"] == place]
    return found


def _documented_calls() -> dict[str, list[Call]]:
    found = {}
    for label, operation, _ in documented():
        contents = operation.get("requestBody", {}).get("content", {}).values()
        examples = [
            each["value"] for content in contents for each in content.get("examples", {}).values() if "value" in each
        ]
        examples += [content["example"] for content in contents if "example" in content]
        found[label] = [("", example) for example in examples]
    return found
