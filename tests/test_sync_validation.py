"""Validation before the answer, what an inlet allows, and which messages belong where."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from emulator.server import Background
from emulator.settings import Settings
from tests.streams import (
    AUTHORIZATION,
    MEGABYTE,
    XDM_FLOW,
    Stream,
    assert_inlet_refusal,
    auth_params,
    envelope,
    landed,
    mapped_flow,
    raw,
    xdm,
)
from tests.support import CATALOG, EVENT, FLOW, HTTP_API, Api, Document, client_of, spec

NOON = "2026-01-31T12:00:00.000Z"
NAMES = ("syncValidation", "synchronousValidation")
WHEN = "2026-01-31T12:00:00Z"
NOBODY = "6518e5ba-7c3a-4a2c-8a2c-36aaa5ffb4ef"


@contextmanager
def frozen(**settings: Any) -> Iterator[Api]:
    with Background(Settings(port=0, database="sqlite://", clock=NOON, **settings)) as running:
        with client_of(running.url, "SYNC@AdobeOrg") as api:
            yield api


def pass_time(api: Api, by: str) -> None:
    assert api.http.post("/__admin/clock/advance", json={"by": by}).status_code == 200


def rejected(api: Api, stream: Stream) -> list[Document]:
    items: list[Document] = api.http.get(f"/__admin/datasets/{stream.target.dataset}/rejected").json()["items"]
    return items


def validated(stream: Stream, message: Document, name: str = NAMES[0]) -> httpx.Response:
    return stream.send(message, params={name: "true"})


def violations(answer: httpx.Response) -> Document:
    body = answer.json()
    assert (answer.status_code, body["title"]) == (400, "Invalid XDM Message Format")
    assert body["report"]["message"].endswith("Message is invalid")
    (found,) = body["report"]["cause"]["_streamingValidation"]
    told: Document = found
    return told


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", ["true", "True", "TRUE"])
def test_a_valid_message_passes_under_the_name_by_which_validation_was_asked_for(
    api: Api, name: str, value: str
) -> None:
    stream = xdm(api, EVENT)
    answer = stream.send(envelope(stream, {"_id": "1", "timestamp": WHEN}), params={name: value})
    assert answer.status_code == 200
    body = answer.json()
    assert body[name] == {"status": "pass"}
    assert {*NAMES} & {*body} == {name}
    assert landed(api, stream) == [{"_id": "1", "timestamp": WHEN}]


@pytest.mark.parametrize("name", NAMES)
def test_one_violation_stands_alone_and_nothing_is_written(api: Api, name: str) -> None:
    stream = xdm(api, EVENT)
    answer = validated(stream, envelope(stream, {"_id": 5, "timestamp": WHEN}), name)
    assert_inlet_refusal(answer, 400, stream.inlet, api.org)
    assert violations(answer) == {
        "schemaLocation": "#/properties/_id",
        "pointerToViolation": "#/_id",
        "message": "expected type: String, found: Integer",
        "causingExceptions": [],
        "keyword": "type",
    }
    assert landed(api, stream) == rejected(api, stream) == []
    assert api.http.get(f"{CATALOG}/batches").json() == {}
    assert api.runs(stream.flow) == []


def test_several_violations_are_counted_and_at_most_five_told(api: Api) -> None:
    stream = xdm(api, EVENT)
    told = violations(validated(stream, envelope(stream, {"_id": 5_000_000_000, "timestamp": "2018-00-23"})))
    assert (told["schemaLocation"], told["pointerToViolation"]) == ("#", "#")
    assert told["message"] == "2 schema violations found"
    first, second = told["causingExceptions"]
    assert first["message"] == "expected type: String, found: Long"
    assert second["keyword"] == "format"
    assert second["message"] == (
        "[2018-00-23] is not a valid date-time. Expected [yyyy-MM-dd'T'HH:mm:ssZ, yyyy-MM-dd'T'HH:mm:ss.[0-9]{1,9}Z]"
    )
    told = violations(validated(stream, envelope(stream, {f"no{number}": 1 for number in range(9)})))
    assert told["message"] == "5 schema violations found"
    assert [one["message"] for one in told["causingExceptions"]] == [
        "required key [_id] not found",
        "required key [timestamp] not found",
        *(f"extraneous key [no{number}] is not permitted" for number in range(3)),
    ]


def test_a_raw_message_is_validated_behind_its_mapping(api: Api) -> None:
    stream = raw(api, {"id": "_id", "extra": "_acme.extra", "bad": "unknown.field"})
    assert validated(stream, {"id": "1", "extra": 1}).status_code == 200
    told = violations(validated(stream, {"id": "1", "bad": 1}))
    assert told["message"] == "extraneous key [unknown] is not permitted"
    assert landed(api, stream) == [{"_id": "1", "_acme": {"extra": 1}}]


def test_a_refused_message_does_not_stop_those_that_come_after_it(api: Api) -> None:
    stream = xdm(api, EVENT)
    assert validated(stream, envelope(stream, {})).status_code == 400
    assert validated(stream, envelope(stream, {"_id": "1", "timestamp": WHEN})).status_code == 200
    assert stream.send(envelope(stream, {})).status_code == 200
    assert (len(landed(api, stream)), len(rejected(api, stream))) == (1, 1)


def test_without_a_limit_an_inlet_takes_whatever_comes(api: Api) -> None:
    stream = raw(api)
    assert {validated(stream, {"id": number}).status_code for number in range(70)} == {200}


def test_an_inlet_takes_as_many_requests_a_second_as_it_may() -> None:
    with frozen(inlet_rate=3) as api:
        stream, other = raw(api), xdm(api, title="Another schema")
        statuses = [stream.send({"id": 1}).status_code, *(stream.send_all([]).status_code for _ in range(2))]
        assert statuses == [200, 207, 207]
        answer = stream.send({"id": 1})
        assert_inlet_refusal(answer, 429, stream.inlet, "too many requests a second")
        assert answer.json()["title"] == "Too Many Requests"
        assert answer.headers["retry-after"] == "1"
        assert_inlet_refusal(stream.send_all([{"id": 1}]), 429)
        assert other.send(envelope(other, {"_id": "1"})).status_code == 200
        pass_time(api, "PT1S")
        assert stream.send({"id": 2}).status_code == 200
        assert len(landed(api, stream)) == 2


def test_validated_messages_have_a_limit_of_their_own() -> None:
    with frozen(sync_validation_rate=2) as api:
        stream = raw(api)
        assert [validated(stream, {"id": 1}).status_code for _ in range(2)] == [200, 200]
        pass_time(api, "PT20S")
        answer = validated(stream, {"id": 1})
        assert_inlet_refusal(answer, 429, "too many validated messages a minute")
        assert answer.headers["retry-after"] == "40"
        assert stream.send({"id": 1}).status_code == 200
        pass_time(api, "PT40S")
        assert validated(stream, {"id": 1}).status_code == 200


def test_a_new_flow_takes_messages_after_the_delay_that_was_set() -> None:
    with frozen(inlet_delay="PT5M") as api:
        stream = raw(api)
        pass_time(api, "PT90S")
        for answer in (stream.send({"id": 1}), stream.send_all([{"id": 1}, "text"])):
            assert_inlet_refusal(answer, 503, stream.inlet, stream.flow, "takes no messages yet")
            assert answer.json()["title"] == "Service Unavailable"
            assert answer.headers["retry-after"] == "210"
        assert rejected(api, stream) == []
        pass_time(api, "PT210S")
        assert stream.send({"id": 1}).status_code == 200
        assert len(landed(api, stream)) == 1


def test_a_token_of_another_organisation_is_known_and_not_allowed(api: Api) -> None:
    stream = raw(api, authenticationRequired=True)
    headers = {"Authorization": "Bearer t", "x-gw-ims-org-id": "OTHER@AdobeOrg"}
    for answer in (stream.send({"id": 1}, headers=headers), stream.send_all([{"id": 1}], headers=headers)):
        assert answer.status_code == 403
        assert answer.json() == {
            "type": AUTHORIZATION,
            "status": "403",
            "title": "Authorization",
            "report": {"message": "[id] The token is not one of the organisation that the inlet belongs to"},
        }
    assert stream.send({"id": 1}, headers=headers | {"x-gw-ims-org-id": api.org}).status_code == 200
    assert len(landed(api, stream)) == 1


def packed(stream: Stream, content: bytes, encoding: str = "gzip", url: str | None = None) -> httpx.Response:
    headers = {"Content-Type": "application/json", "Content-Encoding": encoding}
    return stream.post(url or stream.url, content=content, headers=headers)


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "GZIP"])
def test_messages_may_be_packed_with_gzip(api: Api, encoding: str) -> None:
    stream = raw(api)
    assert packed(stream, gzip.compress(b'{"id": 1}'), encoding).status_code == 200
    both = gzip.compress(b'{"messages": [{"id": 2}') + gzip.compress(b', {"id": 3}]}')
    assert packed(stream, both, encoding, stream.batch_url).status_code == 207
    assert [one["_acme"]["id"] for one in landed(api, stream)] == [1, 2, 3]


def test_a_body_that_is_not_packed_says_so_or_nothing(api: Api) -> None:
    stream = raw(api)
    assert packed(stream, b'{"id": 1}', "identity").status_code == 200
    assert packed(stream, b'{"id": 1}', "").status_code == 200


@pytest.mark.parametrize(
    "content",
    [b'{"id": 1}', b"", gzip.compress(b'{"id": 1}')[:-3], gzip.compress(b'{"id": 1}') + b"more", zlib.compress(b"{}")],
    ids=["plain", "empty", "cut", "trailing", "zlib"],
)
def test_a_body_that_is_not_gzip_is_refused(api: Api, content: bytes) -> None:
    stream = raw(api)
    assert_inlet_refusal(packed(stream, content), 400)
    assert landed(api, stream) == []


@pytest.mark.parametrize("members", [1, 3])
def test_the_limit_holds_for_what_was_packed(api: Api, members: int) -> None:
    stream = raw(api)
    part = gzip.compress(b'{"id": "' + b"x" * (MEGABYTE // members))
    assert_inlet_refusal(packed(stream, part * members), 413, str(MEGABYTE))
    assert_inlet_refusal(packed(stream, gzip.compress(b" " * 200 * MEGABYTE)), 413)
    assert landed(api, stream) == []


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "zstd"])
def test_another_packing_is_refused(api: Api, encoding: str) -> None:
    stream = raw(api)
    answer = packed(stream, b"{}", encoding)
    assert_inlet_refusal(answer, 415, f"encoding '{encoding}'", "gzip")


def test_the_binary_form_of_json_is_not_read(api: Api) -> None:
    stream = raw(api)
    headers = {"Content-Type": "application/x-jackson-smile"}
    answer = stream.post(stream.url, content=b":)\n\x05", headers=headers)
    assert_inlet_refusal(answer, 415, "application/x-jackson-smile", "binary form")


def test_a_message_that_names_no_flow_goes_to_the_dataset_it_names(api: Api) -> None:
    """Older tutorials make no flow at all."""
    url = auth_params(api, api.streaming_connection("xdm"))["inletUrl"]
    stream = Stream(api, url, "", "", api.target())
    message = envelope(stream, {"_id": "1"}, flowId=None, source={"name": "a source"}, imsOrgId=api.org)
    answer = stream.send(message)
    assert answer.status_code == 200
    assert "flowId" not in answer.json()
    assert stream.send_all([message, message]).status_code == 207
    assert len(landed(api, stream)) == 3
    (batch,) = api.http.get(f"{CATALOG}/batches").json().values()
    assert batch["relatedObjects"] == [{"type": "dataSet", "id": stream.target.dataset}]


def two_flows(api: Api) -> tuple[Stream, Stream]:
    """Two XDM flows on one inlet, each with a dataset of its own."""
    stream = xdm(api)
    target = api.target("Another schema")
    changes: Document = {"flowSpec": spec(XDM_FLOW), "scheduleParams": None, "transformations": None}
    source = api.source_connection(stream.connection, HTTP_API)
    flow = api.make("flows", api.flow_body(source, target, {}, **changes))
    return stream, Stream(api, stream.url, stream.connection, flow, target)


def test_of_several_flows_the_dataset_of_a_message_decides(api: Api) -> None:
    one, other = two_flows(api)
    assert one.send(envelope(one, {"_id": "1"}, flowId=None)).json()["flowId"] == one.flow
    assert one.send(envelope(other, {"_id": "2"}, flowId=None)).json()["flowId"] == other.flow
    assert landed(api, one) == [{"_id": "1"}]
    assert landed(api, other) == [{"_id": "2"}]
    assert_inlet_refusal(one.send(envelope(one, {}, flowId=None, datasetId=None)), 400, one.flow, other.flow)


def test_one_batch_can_feed_several_flows(api: Api) -> None:
    one, other = two_flows(api)
    messages = [envelope(chosen, {"_id": str(n)}) for n, chosen in enumerate([other, one, other, one, one])]
    assert one.send_all(messages).status_code == 207
    assert [record["_id"] for record in landed(api, one)] == ["1", "3", "4"]
    assert [record["_id"] for record in landed(api, other)] == ["0", "2"]


def test_schema_dataset_and_flow_of_a_message_must_agree(api: Api) -> None:
    one, other = two_flows(api)
    right = envelope(one, {"_id": "1"})
    reference = envelope(other, {})["header"]["schemaRef"]
    wrong = [
        envelope(one, {"_id": "1"}, datasetId=other.target.dataset),
        envelope(one, {"_id": "1"}, schemaRef=reference),
        right | {"body": right["body"] | {"xdmMeta": {"schemaRef": reference}}},
        envelope(one, {"_id": "1"}, flowId=None, datasetId="5f1f2f3f4f5f6f7f8f9f0f1f"),
        envelope(one, {"_id": "1"}, datasetId=7),
    ]
    for message in wrong:
        answer = one.send(message)
        assert_inlet_refusal(answer, 400, one.inlet, "Message has unknown xdm format")
        assert answer.json()["report"]["hint"]
    answer = one.send(right, headers={"x-adobe-flow-id": other.flow})
    assert_inlet_refusal(answer, 400, "Message has unknown xdm format")
    assert one.flow in answer.json()["report"]["hint"]
    assert other.flow in answer.json()["report"]["hint"]
    assert one.send(right, headers={"x-adobe-flow-id": one.flow}).status_code == 200
    assert landed(api, one) == [{"_id": "1"}]


@pytest.mark.parametrize("name", ["flowId", "datasetId"])
def test_an_empty_name_in_a_header_names_nothing(api: Api, name: str) -> None:
    one, other = two_flows(api)
    blank = envelope(one, {"_id": "1"}, **{name: ""})
    assert one.send(blank, headers={"x-adobe-flow-id": one.flow}).status_code == 200
    assert landed(api, one) == [{"_id": "1"}]
    assert landed(api, other) == []


def with_operations(data: Any = None, **header: Any) -> Document:
    operations = {} if data is None else {"data": data}
    return {"header": {"operations": operations, **header}, "body": {"id": 1}}


def test_of_messages_with_operations_those_that_create_land_and_the_others_are_skipped(api: Api) -> None:
    stream = raw(api)
    assert stream.send(with_operations("create")).status_code == 200
    assert stream.send(with_operations()).status_code == 200
    for operation in ("merge", "delete"):
        assert stream.send(with_operations(operation)).status_code == 200
        assert "xactionId" in stream.send_all([with_operations(operation)]).json()["responses"][0]
    assert landed(api, stream) == [{"_acme": {"id": 1}}] * 2
    (run,) = api.runs(stream.flow)
    assert run["metrics"]["recordSummary"] == {
        "inputRecordCount": 6,
        "outputRecordCount": 2,
        "failedRecordCount": 0,
        "skippedRecordCount": 4,
    }


def test_operations_may_name_their_flow_and_an_identity(api: Api) -> None:
    stream = raw(api)
    flow, target = mapped_flow(api, stream.connection, {"id": "_acme.other"}, "Another schema")
    identity = {"data": "create", "identity": "create", "identityDatasetId": target.dataset}
    message = {"header": {"flowId": flow, "imsOrgId": api.org, "operations": identity}, "body": {"id": 1}}
    assert stream.send(message).json()["flowId"] == flow
    assert stream.send(with_operations("create", datasetId=stream.target.dataset)).json()["flowId"] == stream.flow


@pytest.mark.parametrize(
    ("header", "mention"),
    [
        ({"operations": {"data": "upsert"}}, "create, merge, delete"),
        ({"operations": "create"}, "operations must be an object"),
        ({"operations": {"identity": "create"}}, "identityDatasetId"),
        ({"operations": {"identity": "merge"}}, "can only be create"),
        ({"operations": {}, "imsOrgId": "OTHER@AdobeOrg"}, "wrong ims org"),
        ({"operations": {}, "flowId": NOBODY}, NOBODY),
    ],
)
def test_operations_that_make_no_sense_are_refused(api: Api, header: Document, mention: str) -> None:
    stream = raw(api)
    answer = stream.send({"header": header, "body": {"id": 1}})
    assert_inlet_refusal(answer, 400)
    assert mention in json.dumps(answer.json()["report"])
    assert_inlet_refusal(stream.send({"header": {"operations": {}}}), 400, "Message has unknown xdm format")
    assert landed(api, stream) == []


def test_a_flow_that_is_not_enabled_takes_nothing_and_keeps_nothing(api: Api) -> None:
    stream = raw(api)
    assert api.http.post(f"{FLOW}/flows/{stream.flow}/action", params={"op": "disable"}).status_code == 200
    assert_inlet_refusal(stream.send({"id": 1}), 400, stream.flow, "not enabled", "op=enable")
    assert stream.send_all([{"id": 1}, "text"]).status_code == 207
    assert landed(api, stream) == rejected(api, stream) == []
    assert api.runs(stream.flow) == []
    assert api.http.post(f"{FLOW}/flows/{stream.flow}/action", params={"op": "enable"}).status_code == 200
    assert stream.send({"id": 1}).status_code == 200


def test_beside_an_enabled_flow_one_that_is_not_does_not_matter(api: Api) -> None:
    stream = raw(api)
    flow, _ = mapped_flow(api, stream.connection, {"id": "_acme.other"}, "Another schema")
    assert api.http.post(f"{FLOW}/flows/{flow}/action", params={"op": "disable"}).status_code == 200
    assert stream.send({"id": 1}).json()["flowId"] == stream.flow


def test_a_draft_takes_nothing(api: Api) -> None:
    connection = api.streaming_connection("raw")
    target = api.target()
    changes: Document = {"scheduleParams": None, "transformations": None, "flowSpec": spec(XDM_FLOW)}
    body = api.flow_body(api.source_connection(connection, HTTP_API), target, {}, **changes)
    made = api.http.post(f"{FLOW}/flows", params={"mode": "draft"}, json=body)
    if made.status_code == 201:
        stream = Stream(api, auth_params(api, connection)["inletUrl"], connection, made.json()["id"], target)
        assert_inlet_refusal(stream.send({"id": 1}), 400, "not enabled")
