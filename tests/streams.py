"""Inlets for tests: a streaming connection or a source of the SDK, the flow behind it, and what is sent there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

from tests.support import (
    FULL,
    HTTP_API,
    PROFILE,
    SDK_FLOW,
    STREAM_MAPPED_FLOW,
    STREAMING_SDK,
    Api,
    Document,
    Target,
    spec,
)

XDM_FLOW = "d8a6f005-7eaf-4153-983e-e8574508b877"
PROBLEM = "http://ns.adobe.com/adobecloud/problem/data-collection-service/inlet"
AUTHORIZATION = "https://ns.adobe.com/adobecloud/problem/data-collection-service-authorization"
PAIRS = {"id": "_acme.id", "person.first": "_acme.person.firstName"}
MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Stream:
    """An inlet with the flow that it feeds and the place where records land."""

    api: Api
    url: str
    connection: str
    flow: str
    target: Target

    @property
    def batch_url(self) -> str:
        return self.url.replace("/collection/", "/collection/batch/")

    @property
    def inlet(self) -> str:
        return self.url.rsplit("/", 1)[1]

    def post(self, url: str, **request: Any) -> httpx.Response:
        """As senders do, who know the URL and nothing else: no token, no organisation."""
        return self.api.http.send(httpx.Request("POST", url, **request))

    def send(self, message: Any, **more: Any) -> httpx.Response:
        return self.post(self.url, json=message, **more)

    def send_all(self, messages: Any, **more: Any) -> httpx.Response:
        return self.post(self.batch_url, json={"messages": messages}, **more)


def auth_params(api: Api, connection: str) -> Document:
    params: Document = api.item("connections", connection)["auth"]["params"]
    return params


def mapped_flow(api: Api, connection: str, pairs: dict[str, str], title: str = "A schema") -> tuple[str, Target]:
    """A flow that maps what comes through a streaming connection."""
    target = api.target(title)
    changes: Document = {"flowSpec": spec(STREAM_MAPPED_FLOW), "scheduleParams": None}
    body = api.flow_body(api.source_connection(connection, HTTP_API), target, pairs, **changes)
    return api.make("flows", body), target


def raw(api: Api, pairs: dict[str, str] | None = None, title: str = "A schema", **params: Any) -> Stream:
    connection = api.streaming_connection("raw", **params)
    flow, target = mapped_flow(api, connection, pairs or PAIRS, title)
    return Stream(api, auth_params(api, connection)["inletUrl"], connection, flow, target)


def xdm(api: Api, of_class: str = PROFILE, title: str = "A schema") -> Stream:
    connection = api.streaming_connection("xdm")
    target = api.target(title, of_class)
    changes: Document = {"flowSpec": spec(XDM_FLOW), "scheduleParams": None, "transformations": None}
    flow = api.make("flows", api.flow_body(api.source_connection(connection, HTTP_API), target, {}, **changes))
    return Stream(api, auth_params(api, connection)["inletUrl"], connection, flow, target)


def sdk(api: Api) -> Stream:
    target = api.target()
    changes: Document = {"flowSpec": spec(SDK_FLOW), "scheduleParams": None}
    flow = api.make("flows", api.flow_body(api.source_connection(spec_id=STREAMING_SDK), target, PAIRS, **changes))
    return Stream(api, api.item("flows", flow)["options"]["inletUrl"], "", flow, target)


def envelope(stream: Stream, entity: Any, **header: Any) -> Document:
    """An XDM message; ``header`` goes over its header, and None takes a field out."""
    reference = {"id": stream.target.schema, "contentType": FULL}
    full = {"schemaRef": reference, "datasetId": stream.target.dataset, "flowId": stream.flow} | header
    kept = {name: value for name, value in full.items() if value is not None}
    return {"header": kept, "body": {"xdmMeta": {"schemaRef": reference}, "xdmEntity": entity}}


def landed(api: Api, stream: Stream) -> list[Document]:
    items: list[Document] = api.records(stream.target.dataset)["items"]
    return items


def assert_inlet_refusal(answer: httpx.Response, status: int, *mentions: str) -> None:
    body = answer.json()
    assert answer.status_code == status, answer.text
    assert set(body) == {"type", "status", "title", "report"}
    assert body["type"] == PROBLEM
    assert body["status"] == status
    said = f"{body['report']['message']} {body['report'].get('hint', '')}"
    for text in mentions:
        assert text in said
