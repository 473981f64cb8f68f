"""The streaming inlet: messages that come in one by one or in batches, and the records they become."""

from __future__ import annotations

import re

import pytest

from tests.streams import (
    AUTHORIZATION,
    MEGABYTE,
    PAIRS,
    assert_inlet_refusal,
    auth_params,
    envelope,
    landed,
    mapped_flow,
    raw,
    sdk,
    xdm,
)
from tests.support import FLOW, HTTP_API, MAPPING_SETS, SDK_FLOW, STREAMING_SDK, Api, Document, spec

HEX64 = re.compile(r"^[0-9a-f]{64}$")
TRANSACTION = re.compile(r"^\d{13}:\d+:\d+$")


def test_a_streaming_connection_gets_an_inlet_below_the_address_of_the_server(api: Api) -> None:
    connection = api.streaming_connection()
    params = auth_params(api, connection)
    assert HEX64.match(params["inletId"])
    assert params["inletUrl"] == f"{str(api.http.base_url).rstrip('/')}/collection/{params['inletId']}"
    assert connection not in params["inletUrl"]


def test_the_inlet_url_has_the_host_under_which_the_client_came(api: Api) -> None:
    connection = api.streaming_connection()
    answer = api.http.get(f"{FLOW}/connections/{connection}", headers={"Host": "emulator.example:1234"})
    params = answer.json()["items"][0]["auth"]["params"]
    assert params["inletUrl"] == f"http://emulator.example:1234/collection/{params['inletId']}"


def test_source_id_and_name_that_were_left_out_come_back_as_the_connection_s_name(api: Api) -> None:
    auth = {"specName": "Streaming Connection", "params": {"dataType": "raw"}}
    params = auth_params(api, api.base_connection(HTTP_API, name="Web shop", auth=auth))
    assert params["sourceId"] == params["name"] == "Web shop"
    assert params["authenticationRequired"] is False
    given = auth_params(api, api.streaming_connection(sourceId="shop", name="The shop"))
    assert (given["sourceId"], given["name"]) == ("shop", "The shop")


def test_a_message_is_answered_with_all_documented_keys(api: Api) -> None:
    stream = raw(api)
    answer = stream.send({"id": 1})
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"inletId", "xactionId", "receivedTimeMs", "flowId", "syncValidation"}
    assert body["inletId"] == stream.inlet
    assert body["flowId"] == stream.flow
    assert TRANSACTION.match(body["xactionId"])
    assert body["xactionId"].startswith(str(body["receivedTimeMs"])[:9])
    assert len(str(body["receivedTimeMs"])) == 13
    assert body["syncValidation"] == {"skipped": True}


def test_a_raw_message_lands_through_the_mapping(api: Api) -> None:
    stream = raw(api)
    stream.send({"id": 1, "person": {"first": "Ann", "last": "Lee"}, "unmapped": True})
    assert landed(api, stream) == [{"_acme": {"id": 1, "person": {"firstName": "Ann"}}}]


def test_messages_land_in_the_order_in_which_they_were_sent(api: Api) -> None:
    stream = raw(api)
    for number in range(5):
        assert stream.send({"id": number}).status_code == 200
    assert [record["_acme"]["id"] for record in landed(api, stream)] == list(range(5))


def test_the_same_message_twice_is_two_records(api: Api) -> None:
    stream = raw(api)
    first, second = (stream.send({"id": 1}).json()["xactionId"] for _ in range(2))
    assert first != second
    assert len(landed(api, stream)) == 2


def test_a_message_counts_in_an_open_batch_of_its_flow(api: Api) -> None:
    stream = raw(api)
    stream.send_all([{"id": 1}, {"id": 2}])
    stream.send({"id": 3})
    ((batch, found),) = api.http.get("/data/foundation/catalog/batches").json().items()
    assert found["tags"]["flowId"] == [stream.flow]
    assert found["relatedObjects"][0] == {"type": "dataSet", "id": stream.target.dataset}
    assert (found["id"], found["status"]) == (batch, "processing")
    one = api.http.get(f"/data/foundation/catalog/batches/{batch}").json()[batch]
    assert one["metrics"]["outputRecordCount"] == 3


def test_a_batch_has_one_answer_a_message_in_their_order(api: Api) -> None:
    stream = raw(api)
    answer = stream.send_all([{"id": number} for number in range(3)])
    assert answer.status_code == 207
    body = answer.json()
    assert set(body) == {"inletId", "batchId", "receivedTimeMs", "responses"}
    assert body["inletId"] == stream.inlet
    assert TRANSACTION.match(body["batchId"])
    assert body["responses"] == [{"xactionId": f"{body['batchId']}:{index}"} for index in range(3)]
    assert [record["_acme"]["id"] for record in landed(api, stream)] == [0, 1, 2]


def test_messages_that_are_no_objects_fail_alone_and_have_no_transaction(api: Api) -> None:
    stream = raw(api)
    answer = stream.send_all([{"id": 0}, "text", {"id": 2}, None, 5, [{"id": 9}], {"id": 6}])
    assert answer.status_code == 207
    body = answer.json()
    good = [index for index, entry in enumerate(body["responses"]) if "xactionId" in entry]
    assert good == [0, 2, 6]
    assert [body["responses"][index]["xactionId"] for index in good] == [f"{body['batchId']}:{n}" for n in good]
    for index in (1, 3, 4, 5):
        assert body["responses"][index] == {
            "statusCode": 400,
            "message": f"inletId: [{stream.inlet}] imsOrgId: [{api.org}] Message has unknown xdm format",
            "hint": "A message is a JSON object.",
        }
    assert [record["_acme"]["id"] for record in landed(api, stream)] == good


def test_a_batch_that_fails_altogether_is_answered_like_any_other(api: Api) -> None:
    stream = raw(api)
    answer = stream.send_all(["x", "y"])
    assert answer.status_code == 207
    assert [entry["statusCode"] for entry in answer.json()["responses"]] == [400, 400]
    assert landed(api, stream) == []


def test_an_empty_batch_has_no_answers(api: Api) -> None:
    answer = raw(api).send_all([])
    assert (answer.status_code, answer.json()["responses"]) == (207, [])


@pytest.mark.parametrize("body", [{}, {"messages": None}, {"messages": {"id": 1}}])
def test_a_batch_needs_an_array_of_messages(api: Api, body: Document) -> None:
    stream = raw(api)
    assert_inlet_refusal(stream.post(stream.batch_url, json=body), 400, "messages must be an array")


def test_a_mapping_that_cannot_be_applied_is_reported_by_name_where_validation_is_asked_for(api: Api) -> None:
    stream = raw(api, {"id": "_acme.list[*]"})
    answer = stream.send({"id": 1}, params={"syncValidation": "true"})
    assert_inlet_refusal(answer, 400, stream.inlet, "_acme.list[*]")
    assert stream.send({"id": 1}).status_code == 200
    answer = stream.send_all([{"id": 1}, "text"])
    assert answer.status_code == 207
    assert [entry.get("statusCode") for entry in answer.json()["responses"]] == [None, 400]
    assert landed(api, stream) == []
    assert "_acme.list[*]" in api.http.get(f"/__admin/datasets/{stream.target.dataset}/rejected").text


def test_a_streaming_source_of_the_sdk_has_its_inlet_in_the_options_of_the_flow(api: Api) -> None:
    stream = sdk(api)
    assert HEX64.match(stream.inlet)
    assert stream.url.startswith(str(api.http.base_url).rstrip("/"))
    answer = stream.send({"id": 1}, params={"x-adobe-flow-id": stream.flow})
    assert answer.status_code == 200
    assert answer.json()["flowId"] == stream.flow
    assert stream.send({"id": 2}).status_code == 200
    assert [record["_acme"]["id"] for record in landed(api, stream)] == [1, 2]


def test_the_options_that_a_flow_was_sent_stay_beside_its_inlet(api: Api) -> None:
    changes: Document = {
        "flowSpec": spec(SDK_FLOW),
        "scheduleParams": None,
        "options": {"errorDiagnosticsEnabled": True},
    }
    source = api.source_connection(spec_id=STREAMING_SDK)
    flow = api.make("flows", api.flow_body(source, api.target(), PAIRS, **changes))
    options = api.item("flows", flow)["options"]
    assert options["errorDiagnosticsEnabled"] is True
    assert "inletUrl" in options


@pytest.mark.parametrize("header", [None, "", "Bearer", "bearer"])
def test_an_authenticated_inlet_wants_a_token_and_says_so_with_a_status_that_is_a_text(
    api: Api, header: str | None
) -> None:
    stream = raw(api, authenticationRequired=True)
    headers = {} if header is None else {"Authorization": header}
    for answer in (stream.send({"id": 1}, headers=headers), stream.send_all([{"id": 1}], headers=headers)):
        assert answer.status_code == 401
        assert answer.json() == {
            "type": AUTHORIZATION,
            "status": "401",
            "title": "Authorization",
            "report": {"message": "[id] Ims service token is empty"},
        }
    assert landed(api, stream) == []


@pytest.mark.parametrize("header", ["Bearer a-token", "bearer a-token", "a-token"])
def test_an_authenticated_inlet_takes_a_token_with_and_without_its_scheme(api: Api, header: str) -> None:
    stream = raw(api, authenticationRequired=True)
    assert stream.send({"id": 1}, headers={"Authorization": header}).status_code == 200
    assert stream.send_all([{"id": 2}], headers={"Authorization": header}).status_code == 207
    assert len(landed(api, stream)) == 2


def test_an_open_inlet_takes_no_notice_of_tokens_and_sandboxes(api: Api) -> None:
    stream = raw(api)
    headers = {"Authorization": "Bearer expired", "x-sandbox-name": "nowhere", "x-gw-ims-org-id": "OTHER@AdobeOrg"}
    assert stream.send({"id": 1}, headers=headers).status_code == 200
    assert len(landed(api, stream)) == 1


def test_an_unknown_inlet_is_not_found(api: Api) -> None:
    unknown = "0" * 64
    for path in (f"/collection/{unknown}", f"/collection/batch/{unknown}"):
        assert_inlet_refusal(api.http.post(path, json={"messages": []}), 404, unknown)


def test_the_inlet_goes_with_its_connection(api: Api) -> None:
    connection = api.streaming_connection()
    url = auth_params(api, connection)["inletUrl"]
    assert api.http.delete(f"{FLOW}/connections/{connection}").status_code == 204
    assert_inlet_refusal(api.http.post(url, json={}), 404)


def test_malformed_json_is_refused_with_line_and_column(api: Api) -> None:
    stream = raw(api)
    headers = {"Content-Type": "application/json"}
    for url in (stream.url, stream.batch_url):
        answer = stream.post(url, content=b'{"id": 1,\n "name": }', headers=headers)
        assert_inlet_refusal(answer, 400, "line 2 column 10")
    assert landed(api, stream) == []


@pytest.mark.parametrize("body", [b"", b"[]", b'"text"', b"null", b"\xff", b"[" * 300 + b"]" * 300])
def test_a_message_must_be_an_object(api: Api, body: bytes) -> None:
    stream = raw(api)
    assert_inlet_refusal(stream.post(stream.url, content=body, headers={"Content-Type": "application/json"}), 400)


def test_a_message_deeper_than_can_be_stored_is_refused(api: Api) -> None:
    stream = raw(api)
    body = b'{"id":' + b"[" * 300 + b"]" * 300 + b"}"
    answer = stream.post(stream.url, content=body, headers={"Content-Type": "application/json"})
    assert_inlet_refusal(answer, 400, "levels of nesting")


def test_a_message_may_be_as_large_as_a_megabyte_and_no_larger(api: Api) -> None:
    stream = raw(api)
    frame = len(b'{"id":""}')
    headers = {"Content-Type": "application/json"}
    fits = b'{"id":"' + b"x" * (MEGABYTE - frame) + b'"}'
    assert stream.post(stream.url, content=fits, headers=headers).status_code == 200
    over = b'{"id":"' + b"x" * (MEGABYTE - frame + 1) + b'"}'
    for url in (stream.url, stream.batch_url):
        assert_inlet_refusal(stream.post(url, content=over, headers=headers), 413, str(MEGABYTE))
    assert api.records(stream.target.dataset)["count"] == 1


def test_a_message_that_does_not_announce_its_size_is_cut_off_too(api: Api) -> None:
    stream = raw(api)
    chunks = (b"x" * MEGABYTE for _ in range(2))
    answer = stream.post(stream.url, content=chunks, headers={"Content-Type": "application/json"})
    assert_inlet_refusal(answer, 413)


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "text/csv; charset=utf-8"])
def test_another_content_type_is_refused(api: Api, content_type: str) -> None:
    stream = raw(api)
    for url in (stream.url, stream.batch_url):
        answer = stream.post(url, content=b'{"messages": []}', headers={"Content-Type": content_type})
        assert_inlet_refusal(answer, 415, content_type.split(";")[0])


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON"])
def test_json_may_be_announced_in_every_spelling(api: Api, content_type: str) -> None:
    stream = raw(api)
    answer = stream.post(stream.url, content=b'{"id": 1}', headers={"Content-Type": content_type})
    assert answer.status_code == 200


@pytest.mark.parametrize("name", ["syncValidation", "synchronousValidation"])
@pytest.mark.parametrize("value", ["False", "false", "", "1"])
def test_anything_but_true_means_no_synchronous_validation(api: Api, name: str, value: str) -> None:
    stream = raw(api)
    assert stream.send({"id": 1}, params={name: value}).status_code == 200
    assert stream.send_all([{"id": 2}], params={name: value}).status_code == 207
    assert len(landed(api, stream)) == 2


@pytest.mark.parametrize("name", ["syncValidation", "synchronousValidation"])
@pytest.mark.parametrize("value", ["true", "True"])
def test_of_a_batch_messages_are_not_validated_one_by_one(api: Api, name: str, value: str) -> None:
    stream = raw(api)
    assert_inlet_refusal(stream.send_all([{"id": 1}], params={name: value}), 400, "single messages")
    assert landed(api, stream) == []


def test_of_several_flows_on_one_inlet_the_message_names_its_own(api: Api) -> None:
    stream = raw(api, {"id": "_acme.first"})
    flow, target = mapped_flow(api, stream.connection, {"id": "_acme.second"}, "Another schema")
    assert_inlet_refusal(stream.send({"id": 1}), 400, "x-adobe-flow-id", stream.flow, flow)
    assert stream.send({"id": 1}, headers={"x-adobe-flow-id": stream.flow}).json()["flowId"] == stream.flow
    assert stream.send({"id": 2}, params={"x-adobe-flow-id": flow}).json()["flowId"] == flow
    assert stream.send_all([{"id": 3}], headers={"x-adobe-flow-id": flow}).status_code == 207
    assert landed(api, stream) == [{"_acme": {"first": 1}}]
    assert api.records(target.dataset)["items"] == [{"_acme": {"second": 2}}, {"_acme": {"second": 3}}]


def test_a_batch_whose_messages_name_no_flow_fails_message_by_message(api: Api) -> None:
    stream = raw(api)
    mapped_flow(api, stream.connection, PAIRS, "Another schema")
    responses = stream.send_all([{"id": 1}, {"id": 2}]).json()["responses"]
    assert [entry["statusCode"] for entry in responses] == [400, 400]


def test_a_flow_of_another_inlet_is_unknown_here(api: Api) -> None:
    stream, other = raw(api), sdk_beside(api)
    for flow in (other, "6518e5ba-7c3a-4a2c-8a2c-36aaa5ffb4ef"):
        assert_inlet_refusal(stream.send({"id": 1}, headers={"x-adobe-flow-id": flow}), 400, flow, stream.flow)
    assert landed(api, stream) == []


def sdk_beside(api: Api) -> str:
    """A flow that has an inlet of its own."""
    changes: Document = {"flowSpec": spec(SDK_FLOW), "scheduleParams": None}
    source = api.source_connection(spec_id=STREAMING_SDK)
    return api.make("flows", api.flow_body(source, api.target("Another schema"), PAIRS, **changes))


def test_without_a_flow_an_inlet_takes_nothing(api: Api) -> None:
    stream = raw(api)
    assert api.http.delete(f"{FLOW}/flows/{stream.flow}").status_code == 204
    assert_inlet_refusal(stream.send({"id": 1}), 400, "create a flow first")
    assert_inlet_refusal(stream.send({"id": 1}, headers={"x-adobe-flow-id": stream.flow}), 400, stream.flow)


def test_a_changed_mapping_set_counts_when_the_flow_names_the_new_version(api: Api) -> None:
    stream = raw(api, {"id": "_acme.old"})
    (transformation,) = api.item("flows", stream.flow)["transformations"]
    set_id = transformation["params"]["mappingId"]
    body = {"xdmSchema": stream.target.schema, "mappings": [{"source": "id", "destination": "_acme.new"}]}
    assert api.http.put(f"{MAPPING_SETS}/{set_id}", json=body).status_code == 200
    stream.send({"id": 1})
    change = {"op": "replace", "path": "/transformations/0/params/mappingVersion", "value": 1}
    assert api.patch("flows", stream.flow, [change]).status_code == 200
    stream.send({"id": 2})
    assert landed(api, stream) == [{"_acme": {"old": 1}}, {"_acme": {"new": 2}}]


def test_of_an_xdm_message_the_entity_lands_as_it_is(api: Api) -> None:
    stream = xdm(api)
    entity = {"_id": "1", "_acme": {"list": [1, {"a": None}]}}
    answer = stream.send(envelope(stream, entity))
    assert answer.status_code == 200
    assert answer.json()["flowId"] == stream.flow
    assert landed(api, stream) == [entity]


@pytest.mark.parametrize("header", [{"flowId": None}, {"imsOrgId": None}, {"source": {"name": "shop"}}, {"msgId": "1"}])
def test_what_the_tutorials_leave_out_of_the_header_or_add_to_it_does_not_matter(api: Api, header: Document) -> None:
    stream = xdm(api)
    assert stream.send(envelope(stream, {"_id": "1"}, **header)).status_code == 200
    assert landed(api, stream) == [{"_id": "1"}]


def test_the_organisation_may_be_named_but_not_a_wrong_one(api: Api) -> None:
    stream = xdm(api)
    assert stream.send(envelope(stream, {"_id": "1"}, imsOrgId=api.org)).status_code == 200
    answer = stream.send(envelope(stream, {"_id": "2"}, imsOrgId="OTHER@AdobeOrg"))
    assert_inlet_refusal(answer, 400)
    assert answer.json()["title"] == "Invalid XDM Message Format"
    assert answer.json()["report"]["message"] == (
        f"inletId: [{stream.inlet}] imsOrgId: [{api.org}] Message has an absent or wrong ims org in the header"
    )
    assert landed(api, stream) == [{"_id": "1"}]


@pytest.mark.parametrize("fault", ["no schemaRef", "no header", "no body", "no entity", "entity is a text"])
def test_a_message_that_is_no_xdm_has_an_unknown_format(api: Api, fault: str) -> None:
    stream = xdm(api)
    message = envelope(stream, {"_id": "1"})
    match fault:
        case "no schemaRef":
            del message["header"]["schemaRef"]
        case "no header":
            del message["header"]
        case "no body":
            del message["body"]
        case "no entity":
            del message["body"]["xdmEntity"]
        case _:
            message["body"]["xdmEntity"] = "text"
    answer = stream.send(message)
    assert_inlet_refusal(answer, 400, stream.inlet, api.org, "Message has unknown xdm format")
    assert answer.json()["title"] == "Invalid XDM Message Format"
    assert "cause" not in answer.json()["report"]


def test_in_a_batch_of_xdm_messages_the_good_ones_land(api: Api) -> None:
    stream = xdm(api)
    messages = [
        envelope(stream, {"_id": "0"}),
        envelope(stream, {"_id": "1"}, imsOrgId="OTHER@AdobeOrg"),
        envelope(stream, {"_id": "2"}, schemaRef=None),
        envelope(stream, {"_id": "3"}, flowId="6518e5ba-7c3a-4a2c-8a2c-36aaa5ffb4ef"),
        envelope(stream, {"_id": "4"}),
    ]
    responses = stream.send_all(messages).json()["responses"]
    assert [entry.get("statusCode") for entry in responses] == [None, 400, 400, 400, None]
    assert "wrong ims org" in responses[1]["message"]
    assert "unknown xdm format" in responses[2]["message"]
    assert landed(api, stream) == [{"_id": "0"}, {"_id": "4"}]


def test_a_trailing_slash_changes_nothing(api: Api) -> None:
    stream = raw(api)
    assert stream.post(f"{stream.url}/", json={"id": 1}).status_code == 200
    assert stream.post(f"{stream.batch_url}/", json={"messages": [{"id": 2}]}).status_code == 207
    assert len(landed(api, stream)) == 2


def test_an_inlet_only_takes_posts(api: Api) -> None:
    stream = raw(api)
    answer = api.http.get(stream.url)
    assert_inlet_refusal(answer, 405)
    assert answer.headers["allow"] == "POST"
