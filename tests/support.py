"""Short words for what tests do again and again, all of it over HTTP."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

Document = dict[str, Any]
PATIENCE_S = 10

FLOW = "/data/foundation/flowservice"
REGISTRY = "/data/foundation/schemaregistry"
CATALOG = "/data/foundation/catalog"
DATA_PREP = "/data/foundation/conversion"
MAPPING_SETS = f"{DATA_PREP}/mappingSets"

STRIPE = "cc2c31d6-7b8c-4581-b49f-5c8698aa3ab3"
MIXPANEL = "fd2c8ff3-1de0-4f6b-8fa8-4264784870eb"
CAPILLARY = "6360f136-5980-4111-8bdf-15d29eab3b5a"
SALESFORCE = "cfc0fee1-7dc0-40ef-b73e-d8b134c436f5"
AMAZON_S3 = "ecadc60c-7455-4d87-84dc-2a0e293d997b"
ZENDESK = "0a27232b-2c6e-4396-b8c6-c9fc24e37ba4"
HTTP_API = "bc7b00d6-623a-4dfc-9fdb-f1240aeadaeb"
STREAMING_SDK = "e77fd9d2-22a8-11ed-861d-0242ac120002"
DATA_LAKE = "c604ff05-7f1a-43c0-8e18-33bf874cb11c"

REST_FLOW = "6499120c-0b15-42dc-936e-847ea3c24d72"
FILE_FLOW = "9753525b-82c7-4dce-8a9b-5ccfce2b9876"
SDK_FLOW = "e77fde5a-22a8-11ed-861d-0242ac120002"
STREAM_FLOW = "d69717ba-71b4-4313-b654-49f9cf126d7a"
STREAM_MAPPED_FLOW = "c1a19761-d2c7-4702-b9fa-fe91f0613e81"

PROFILE = "https://ns.adobe.com/xdm/context/profile"
EVENT = "https://ns.adobe.com/xdm/context/experienceevent"
FULL = "application/vnd.adobe.xed-full+json;version=1"
# What tests map to: objects of a tenant that hold whatever they are given.
OWN_FIELDS = {
    name: {"type": "object", "meta:xdmType": "object", "title": name} for name in ("_test", "_acme", "_bench", "_bad")
}


def spec(spec_id: str) -> Document:
    return {"id": spec_id, "version": "1.0"}


@dataclass(frozen=True)
class Target:
    """A schema, a dataset of it and a target connection that lands there."""

    schema: str
    dataset: str
    connection: str


class Api:
    """An HTTP client bound to one organisation, with makers of whole resources."""

    def __init__(self, http: httpx.Client, org: str) -> None:
        self.http = http
        self.org = org

    def make(self, collection: str, body: Document) -> str:
        """Create in Flow Service and return the id."""
        answer = self.http.post(f"{FLOW}/{collection}", json=body)
        assert answer.status_code == 201, answer.text
        made: str = answer.json()["id"]
        return made

    def item(self, collection: str, resource_id: str) -> Document:
        """The entity that Flow Service has under an id."""
        answer = self.http.get(f"{FLOW}/{collection}/{resource_id}")
        assert answer.status_code == 200, answer.text
        (item,) = answer.json()["items"]
        found: Document = item
        return found

    def base_connection(self, spec_id: str = STRIPE, **changes: Any) -> str:
        body = {
            "name": "An account",
            "connectionSpec": spec(spec_id),
            "auth": {"specName": "OAuth2 Refresh Code", "params": {"accessToken": "an access token"}},
        }
        return self.make("connections", body | changes)

    def streaming_connection(self, data_type: str = "raw", **params: Any) -> str:
        auth = {"specName": "Streaming Connection", "params": {"dataType": data_type} | params}
        return self.base_connection(HTTP_API, auth=auth)

    def source_connection(self, base: str | None = None, spec_id: str = STRIPE, **changes: Any) -> str:
        body: Document = {
            "name": "A source",
            "connectionSpec": spec(spec_id),
            "data": {"format": "json"},
            "params": {"resourcePath": "charges"} if spec_id == STRIPE else {},
        }
        if spec_id != STREAMING_SDK:
            body["baseConnectionId"] = base or self.base_connection(spec_id)
        return self.make("sourceConnections", body | changes)

    def schema(self, title: str = "A schema", of_class: str = PROFILE, **fields: Document) -> str:
        parts = [{"$ref": of_class}, {"properties": OWN_FIELDS | fields}]
        body = {"title": title, "type": "object", "allOf": parts}
        answer = self.http.post(f"{REGISTRY}/tenant/schemas", json=body)
        assert answer.status_code == 201, answer.text
        made: str = answer.json()["$id"]
        return made

    def dataset(self, schema: str) -> str:
        body = {"name": "A dataset", "schemaRef": {"id": schema, "contentType": FULL}}
        answer = self.http.post(f"{CATALOG}/dataSets", json=body)
        assert answer.status_code == 201, answer.text
        made: str = answer.json()[0].removeprefix("@/dataSets/")
        return made

    def target(self, title: str = "A schema", of_class: str = PROFILE, schema: str | None = None) -> Target:
        schema = schema or self.schema(title, of_class)
        dataset = self.dataset(schema)
        body = {
            "name": "A target",
            "connectionSpec": spec(DATA_LAKE),
            "data": {"schema": {"id": schema, "version": FULL}},
            "params": {"dataSetId": dataset},
        }
        return Target(schema, dataset, self.make("targetConnections", body))

    def mapping_set(self, schema: str, pairs: dict[str, str], **changes: Any) -> str:
        kinds = {source: "EXPRESSION" if "(" in source else "ATTRIBUTE" for source in pairs}
        mappings = [{"sourceType": kinds[source], "source": source, "destination": to} for source, to in pairs.items()]
        body = {"version": 0, "xdmSchema": schema, "xdmVersion": "1.0", "mappings": mappings} | changes
        answer = self.http.post(MAPPING_SETS, json=body)
        assert answer.status_code == 200, answer.text
        made: str = answer.json()["id"]
        return made

    def flow_body(self, source: str, target: Target, pairs: dict[str, str], **changes: Any) -> Document:
        """A flow with its mapping set; ``changes`` go over it, and None takes a field out."""
        params = {"mappingId": self.mapping_set(target.schema, pairs), "mappingVersion": 0}
        body: Document = {
            "name": "A flow",
            "flowSpec": spec(REST_FLOW),
            "sourceConnectionIds": [source],
            "targetConnectionIds": [target.connection],
            "transformations": [{"name": "Mapping", "params": params}],
            "scheduleParams": {"startTime": "1625040887", "frequency": "minute", "interval": 15},
        }
        return {name: value for name, value in (body | changes).items() if value is not None}

    def flow(self, **changes: Any) -> tuple[str, Target]:
        """A flow that reads Stripe's charges, with everything it stands on."""
        target = self.target()
        body = self.flow_body(self.source_connection(), target, {"data.id": "_test.id"}, **changes)
        return self.make("flows", body), target

    def runs(self, flow: str) -> list[Document]:
        answer = self.http.get(f"{FLOW}/runs", params={"property": f"flowId=={flow}"})
        assert answer.status_code == 200, answer.text
        items: list[Document] = answer.json()["items"]
        return items

    def await_runs(self, flow: str, count: int) -> list[Document]:
        """The flow's runs, newest first, once there are so many."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            runs = self.runs(flow)
            if len(runs) >= count:
                return runs
            time.sleep(0.01)
        raise AssertionError(f"flow {flow} had fewer than {count} runs within {PATIENCE_S} s")

    def first_run(self, flow: str) -> Document:
        """The flow's first run, waited for."""
        return self.await_runs(flow, 1)[-1]

    def records(self, dataset: str, **params: Any) -> Document:
        answer = self.http.get(f"/__admin/datasets/{dataset}/records", params=params)
        assert answer.status_code == 200, answer.text
        page: Document = answer.json()
        return page

    def patch(self, collection: str, resource_id: str, operations: Any, etag: str | None = None) -> httpx.Response:
        """PATCH under the current etag, or the one given."""
        version = etag if etag is not None else self.item(collection, resource_id)["etag"]
        return self.http.patch(f"{FLOW}/{collection}/{resource_id}", json=operations, headers={"If-Match": version})


@contextmanager
def client_of(url: str, org: str) -> Iterator[Api]:
    """A client of one organisation of a server that a test started itself."""
    headers = {"Authorization": "Bearer t", "x-api-key": "k", "x-gw-ims-org-id": org}
    with httpx.Client(base_url=url, headers=headers, timeout=30) as http:
        yield Api(http, org)


def assert_problem(answer: httpx.Response, status: int, *mentions: str) -> None:
    """The answer is the problem document of a service whose error bodies are not published."""
    body = answer.json()
    assert answer.status_code == status, answer.text
    assert {"type", "title", "status", "detail"} <= set(body)
    assert body["status"] == status
    for text in mentions:
        assert text in body["detail"]


def assert_refused(answer: httpx.Response, code: str, field: str | None = None) -> Document:
    """The answer is Flow Service's refusal with that code, in the documented envelope."""
    body: Document = answer.json()
    assert answer.status_code == int(code.rsplit("-", 1)[1]), answer.text
    assert body["type"] == f"https://ns.adobe.com/aep/errors/{code}", answer.text
    assert body["status"] == answer.status_code
    assert body["title"]
    report = body["report"]
    assert report["request-id"] == answer.headers["x-request-id"]
    assert body["errorMessage"] == body["errorDetails"] == report["detailed-message"]
    if field is not None:
        assert report["field"] == field, answer.text
    return body
