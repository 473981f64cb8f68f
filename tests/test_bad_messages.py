"""Bad messages of every kind at the inlet: each has its documented answer, and the good ones beside it land.

The corpus is written down as what is wrong; a message is made of it, and sent by itself and in a batch.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from emulator.server import Background
from tests.streams import Stream, assert_inlet_refusal, envelope, raw, xdm
from tests.support import EVENT, Api, Document, client_of

JSON = "application/json"
UNKNOWN = "Message has unknown xdm format"
WRONG_ORG = "Message has an absent or wrong ims org in the header"
WHEN = "2026-01-31T12:00:00Z"
RAW: Document = {"id": 1, "person": {"first": "Ann"}}


@dataclass(frozen=True)
class Inlets:
    """An inlet of raw records and one of XDM events, whose flows are used by all tests here."""

    raw: Stream
    xdm: Stream

    def good(self, stream: Stream) -> Document:
        return RAW if stream is self.raw else envelope(stream, {"_id": "1", "timestamp": WHEN}, imsOrgId=stream.api.org)


@pytest.fixture(scope="module")
def inlets(server: Background) -> Iterator[Inlets]:
    with client_of(server.url, "BADMESSAGES@AdobeOrg") as api:
        yield Inlets(raw(api, title="Raw"), xdm(api, EVENT, "Events"))


def counts(stream: Stream) -> tuple[int, int]:
    """Records that landed, and messages that did not."""
    dataset = stream.target.dataset
    rejected = stream.api.http.get(f"/__admin/datasets/{dataset}/rejected", params={"limit": 1})
    return stream.api.records(dataset, limit=1)["count"], rejected.json()["count"]


# Bodies that are no JSON object, and the beginning of one cut off at every place.
NO_OBJECTS = {
    "empty": b"",
    "blank": b" \n\t",
    "word": b"hello",
    "null": b"null",
    "true": b"true",
    "number": b"5",
    "text": b'"text"',
    "array": b"[]",
    "array of one": b'[{"id": 1}]',
    "half a word": b"nul",
    "trailing comma": b'{"id": 1,}',
    "no comma": b'{"id": 1 "x": 2}',
    "no colon": b'{"id" 1}',
    "no value": b'{"id": }',
    "name without quotes": b"{id: 1}",
    "single quotes": b"{'id': 1}",
    "comment": b'{"id": 1} // one',
    "two objects": b'{"id": 1} {"id": 2}',
    "lines": b'{"id": 1}\n{"id": 2}\n',
    "NaN": b'{"id": NaN}',
    "Infinity": b'{"id": -Infinity}',
    "leading zero": b'{"id": 01}',
    "plus": b'{"id": +1}',
    "point without digits": b'{"id": 1.}',
    "digits without zero": b'{"id": .5}',
    "hexadecimal": b'{"id": 0x1}',
    "no exponent": b'{"id": 1e}',
    "a number beyond all": b'{"id": 1e999}',
    "400 digits": b'{"id": 1' + b"0" * 400 + b"}",
    "byte order mark": b'\xef\xbb\xbf{"id": 1}',
    "control character": b'{"id": "a\x01b"}',
    "raw U+0000": b'{"id": "a\x00b"}',
    "raw line feed": b'{"id": "a\nb"}',
    "unknown escape": b'{"id": "\\x41"}',
    "short escape": b'{"id": "\\u12"}',
    "lone high surrogate": b'{"id": "\\ud800"}',
    "lone low surrogate": b'{"id": "\\udc00"}',
    "surrogates in disorder": b'{"id": "\\udc00\\ud800"}',
    "surrogate in a name": b'{"\\ud800": 1}',
    "not UTF-8": b'{"id": "\xff"}',
    "Latin-1": '{"id": "é"}'.encode("latin-1"),
    "UTF-16": '{"id": 1}'.encode("utf-16"),
    "UTF-32": '{"id": 1}'.encode("utf-32"),
    "overlong UTF-8": b'{"id": "\xc0\xaf"}',
    "encoded surrogate": b'{"id": "\xed\xa0\x80"}',
    "form": b"id=1&name=x",
    "XML": b"<id>1</id>",
    "deep arrays": b'{"id": ' + b"[" * 200 + b"]" * 200 + b"}",
    "deep objects": b'{"id": ' * 150 + b"1" + b"}" * 150,
    "deeper than anything": b"[" * 100_000,
    **{f"cut after {at} bytes": json.dumps(RAW).encode()[:at] for at in range(1, len(json.dumps(RAW)), 2)},
}
WRONG_TYPES = [
    "text/plain",
    "text/json",
    "text/html; charset=utf-8",
    "application/xml",
    "application/x-ndjson",
    "application/octet-stream",
    "multipart/form-data; boundary=x",
    "application/vnd.adobe.xdm+json",
    "application/x-jackson-smile",
    "json",
    "*/*",
]
# Values that are nothing of what a header holds.
OTHERS: list[Any] = [None, True, 5, "", [], {}, "text"]


def put(path: str, value: Any) -> Callable[[Document], None]:
    """Changes a message at a place; ``...`` takes away what is there."""

    def change(message: Document) -> None:
        *way, last = path.split(".")
        at = message
        for step in way:
            at = at[step]
        if value is ...:
            del at[last]
        else:
            at[last] = value

    return change


def _unknown_formats() -> Iterator[tuple[str, Callable[[Document], None]]]:
    wrong = {
        "header": [*OTHERS, ...],
        "header.schemaRef": [*OTHERS, ...],
        "header.schemaRef.id": [None, True, 5, "", [], {}, ..., "https://ns.adobe.com/nobody/schemas/1", "a\0b"],
        "header.schemaRef.contentType": [True, 5, "", [], {}, JSON, "application/vnd.adobe.xed-full+json;version=2"],
        "header.datasetId": [True, 5, [], {}, "text", "0" * 24, "a\0b", "x" * 5_000],
        "header.flowId": [True, 5, [], {}],
        "body": [*OTHERS, ...],
        "body.xdmEntity": [None, True, 5, "", [], ..., "text", [{"_id": "1"}]],
        "body.xdmMeta.schemaRef": OTHERS,
        "body.xdmMeta.schemaRef.id": [None, 5, "", "https://ns.adobe.com/nobody/schemas/1"],
    }
    for path, values in wrong.items():
        for value in values:
            shown = "gone" if value is ... else json.dumps(value)[:30]
            yield f"{path} {shown}", put(path, value)


UNKNOWN_FORMATS = dict(_unknown_formats())
WRONG_ORGS: list[Any] = ["OTHER@AdobeOrg", "", 5, True, [], {}, "badmessages@adobeorg", "BADMESSAGES@AdobeOrg "]
NO_FLOWS = ["text", "00000000-0000-0000-0000-000000000000", "a\u0001b", "x" * 5_000, "ä"]
NO_MESSAGES: list[Any] = [None, True, False, 0, 5, -1.5, "", "text", [], [RAW], "\0", "{}"]

# Entities that break the schema of events, and the code that the failed batch has for each.
LONG = "x" * 300
IDS: list[tuple[Any, str]] = [
    (None, "DCVS-1101-400"),
    (5, "DCVS-1104-400"),
    (2**40, "DCVS-1104-400"),
    (1.5, "DCVS-1104-400"),
    (True, "DCVS-1104-400"),
    ([], "DCVS-1104-400"),
    ({}, "DCVS-1104-400"),
    (["1"], "DCVS-1104-400"),
]
TIMES: list[tuple[Any, str]] = [
    (None, "DCVS-1101-400"),
    (1769860800000, "DCVS-1104-400"),
    ([], "DCVS-1104-400"),
    ("", "DCVS-1105-400"),
    ("now", "DCVS-1105-400"),
    ("2026-01-31", "DCVS-1105-400"),
    ("2018-00-23T22:07:01Z", "DCVS-1105-400"),
    ("2026-01-31T25:00:00Z", "DCVS-1105-400"),
    ("2026-01-31 12:00:00", "DCVS-1105-400"),
    ("\0", "DCVS-1105-400"),
    (LONG, "DCVS-1105-400"),
]
BREAKING: dict[str, tuple[Any, str]] = {
    "no id": ({"timestamp": WHEN}, "DCVS-1106-400"),
    "no time": ({"_id": "1"}, "DCVS-1106-400"),
    "nothing": ({}, "DCVS-1106-400"),
    **{f"id {json.dumps(value)}": ({"_id": value, "timestamp": WHEN}, code) for value, code in IDS},
    **{f"time {json.dumps(value)[:40]}": ({"_id": "1", "timestamp": value}, code) for value, code in TIMES},
    **{
        f"extra key {json.dumps(key)[:40]}": ({"_id": "1", "timestamp": WHEN, key: 1}, "DCVS-1190-400")
        for key in ["extra", "", " ", "a.b", "a/b~c", "\0", "\U0001f600", "_Id", "__proto__", LONG, "{x}", "%s"]
    },
    "a known object of another type": ({"_id": "1", "timestamp": WHEN, "_acme": 5}, "DCVS-1104-400"),
    "a known object as a list": ({"_id": "1", "timestamp": WHEN, "_acme": [{}]}, "DCVS-1104-400"),
    "a known object that is null": ({"_id": "1", "timestamp": WHEN, "_acme": None}, "DCVS-1101-400"),
}
# What looks bad and is not: the entity lands as JSON says it is.
ODD: dict[str, tuple[str, Any]] = {
    "escaped U+0000": ('"a\\u0000b"', "a\0b"),
    "surrogate pair": ('"\\ud83d\\ude00"', "\U0001f600"),
    "bidirectional marks": ('"\u202e\u2066x\u2069"', "\u202e\u2066x\u2069"),
    "noncharacter": ('"\\uffff"', "\uffff"),
    "line separators": ('"\u2028\u2029"', "\u2028\u2029"),
    "name twice": ('{"a": 1, "a": 2}', {"a": 2}),
    "empty name": ('{"": 1}', {"": 1}),
    "U+0000 in a name": ('{"a\\u0000": 1}', {"a\0": 1}),
    "64 bits": ("18446744073709551615", 18446744073709551615),
    "beyond 64 bits": ("123456789012345678901234567890", 1.2345678901234568e29),
    "least number": ("-9223372036854775808", -9223372036854775808),
    "large exponent": ("1e308", 1e308),
    "tiny": ("1e-400", 0.0),
    "minus zero": ("-0", 0),
    "many digits": ("0.1000000000000000055511151231257827", 0.1),
    "deep but allowed": ("[" * 90 + "]" * 90, json.loads("[" * 90 + "]" * 90)),
    "many elements": (json.dumps([0] * 20_000), [0] * 20_000),
    "long text": (json.dumps("x" * 100_000), "x" * 100_000),
    "script": ('"<script>alert(1)</script>"', "<script>alert(1)</script>"),
    "SQL": ('"\'; DROP TABLE record; --"', "'; DROP TABLE record; --"),
    "formats": ('"%s %(x)s {0} {x} ${y} :name"', "%s %(x)s {0} {x} ${y} :name"),
}
HEADERS = {"Content-Type": JSON}


def wrong_message(inlets: Inlets, change: Callable[[Document], None]) -> Document:
    message = deepcopy(inlets.good(inlets.xdm))
    change(message)
    return message


def assert_alone_in_a_batch(inlets: Inlets, stream: Stream, bad: Any, mention: str) -> None:
    """In a batch it fails, is kept, and the messages on both sides of it land."""
    before = counts(stream)
    answer = stream.send_all([inlets.good(stream), bad, inlets.good(stream)])
    assert answer.status_code == 207, answer.text
    first, second, third = answer.json()["responses"]
    assert ("xactionId" in first, "xactionId" in second, "xactionId" in third) == (True, False, True)
    assert second["statusCode"] == 400
    assert mention in second["message"]
    assert counts(stream) == (before[0] + 2, before[1] + 1)


def assert_taken_after(inlets: Inlets, stream: Stream, before: tuple[int, int]) -> None:
    """Nothing has been written, and the inlet goes on."""
    assert counts(stream) == before
    assert stream.send(inlets.good(stream)).status_code == 200
    assert counts(stream) == (before[0] + 1, before[1])


def post(stream: Stream, url: str, body: bytes, content_type: str = JSON) -> httpx.Response:
    return stream.post(url, content=body, headers={"Content-Type": content_type})


def test_the_corpus_is_large() -> None:
    both = (NO_OBJECTS, WRONG_TYPES)
    single = (UNKNOWN_FORMATS, WRONG_ORGS, NO_FLOWS, NO_MESSAGES, BREAKING, ODD)
    assert sum(2 * len(group) for group in both) + sum(len(group) for group in single) >= 200


@pytest.mark.parametrize("name", NO_OBJECTS)
def test_what_is_no_json_object_is_refused(inlets: Inlets, name: str) -> None:
    stream = inlets.raw
    before = counts(stream)
    for url in (stream.url, stream.batch_url):
        assert_inlet_refusal(post(stream, url, NO_OBJECTS[name]), 400)
    assert_taken_after(inlets, stream, before)


@pytest.mark.parametrize("content_type", WRONG_TYPES)
def test_what_is_not_called_json_is_refused(inlets: Inlets, content_type: str) -> None:
    stream = inlets.xdm
    before = counts(stream)
    for url in (stream.url, stream.batch_url):
        assert_inlet_refusal(post(stream, url, b'{"messages": []}', content_type), 415, content_type.split(";")[0])
    assert_taken_after(inlets, stream, before)


@pytest.mark.parametrize("name", UNKNOWN_FORMATS)
def test_what_is_no_xdm_has_an_unknown_format(inlets: Inlets, name: str) -> None:
    message, before = wrong_message(inlets, UNKNOWN_FORMATS[name]), counts(inlets.xdm)
    answer = inlets.xdm.send(message)
    assert_inlet_refusal(answer, 400, inlets.xdm.inlet, UNKNOWN)
    assert answer.json()["title"] == "Invalid XDM Message Format"
    assert answer.json()["report"]["hint"]
    assert counts(inlets.xdm) == before
    assert_alone_in_a_batch(inlets, inlets.xdm, message, UNKNOWN)


@pytest.mark.parametrize("org", WRONG_ORGS, ids=repr)
def test_another_organisation_is_refused(inlets: Inlets, org: Any) -> None:
    message, before = wrong_message(inlets, put("header.imsOrgId", org)), counts(inlets.xdm)
    assert_inlet_refusal(inlets.xdm.send(message), 400, WRONG_ORG)
    assert counts(inlets.xdm) == before
    assert_alone_in_a_batch(inlets, inlets.xdm, message, WRONG_ORG)


@pytest.mark.parametrize("flow", NO_FLOWS, ids=lambda flow: ascii(flow)[:40])
def test_a_flow_that_is_none_of_the_inlet_s_is_refused(inlets: Inlets, flow: str) -> None:
    message, before = wrong_message(inlets, put("header.flowId", flow)), counts(inlets.xdm)
    assert_inlet_refusal(inlets.xdm.send(message), 400, flow)
    assert_inlet_refusal(inlets.raw.send(RAW, params={"x-adobe-flow-id": flow}), 400, flow)
    assert counts(inlets.xdm) == before
    assert_alone_in_a_batch(inlets, inlets.xdm, message, flow)


@pytest.mark.parametrize("entry", NO_MESSAGES, ids=repr)
def test_an_entry_that_is_no_object_fails_alone(inlets: Inlets, entry: Any) -> None:
    for stream in (inlets.raw, inlets.xdm):
        assert_alone_in_a_batch(inlets, stream, entry, UNKNOWN)


@pytest.mark.parametrize("name", BREAKING)
def test_what_breaks_the_schema_is_taken_and_kept_or_refused_where_validation_is_asked_for(
    inlets: Inlets, name: str
) -> None:
    entity, code = BREAKING[name]
    stream, dataset = inlets.xdm, inlets.xdm.target.dataset
    message = wrong_message(inlets, put("body.xdmEntity", entity))
    before = counts(stream)
    answer = stream.send(message, params={"syncValidation": "true"})
    assert_inlet_refusal(answer, 400, "Message is invalid")
    assert answer.json()["report"]["cause"]["_streamingValidation"]
    assert counts(stream) == before
    assert stream.send(message).json()["syncValidation"] == {"skipped": True}
    responses = stream.send_all([inlets.good(stream), message]).json()["responses"]
    assert all("xactionId" in response for response in responses)
    assert counts(stream) == (before[0] + 1, before[1] + 2)
    page = {"offset": before[1], "limit": 1}
    (kept,) = stream.api.http.get(f"/__admin/datasets/{dataset}/rejected", params=page).json()["items"]
    assert (kept["code"], kept["record"]) == (code, message)
    assert "\0" not in kept["message"]


@pytest.mark.parametrize("name", ODD)
def test_what_only_looks_bad_lands(inlets: Inlets, name: str) -> None:
    text, value = ODD[name]
    stream, before = inlets.raw, counts(inlets.raw)
    single = b'{"id": ' + text.encode() + b"}"
    assert post(stream, stream.url, single).status_code == 200
    assert post(stream, stream.batch_url, b'{"messages": [' + single + b"]}").status_code == 207
    assert counts(stream) == (before[0] + 2, before[1])
    items = stream.api.records(stream.target.dataset, offset=before[0])["items"]
    assert items == [{"_acme": {"id": value}}] * 2


@pytest.mark.parametrize("count", [0, 1, 10_001])
def test_a_batch_has_as_many_messages_as_fit_into_it(inlets: Inlets, count: int) -> None:
    stream, before = inlets.raw, counts(inlets.raw)
    answer = stream.send_all([{"id": 1}] * count)
    assert answer.status_code == 207
    assert len(answer.json()["responses"]) == count
    assert counts(stream) == (before[0] + count, before[1])


def test_a_batch_of_more_messages_than_anybody_sends_is_refused(inlets: Inlets) -> None:
    stream, before = inlets.raw, counts(inlets.raw)
    assert_inlet_refusal(stream.send_all([1] * 20_001), 400, stream.inlet, "at most 20000 messages")
    assert_taken_after(inlets, stream, before)


@pytest.mark.parametrize("messages", [None, True, 5, "text", {}, {"0": RAW}], ids=repr)
def test_messages_must_be_an_array(inlets: Inlets, messages: Any) -> None:
    stream, before = inlets.raw, counts(inlets.raw)
    assert_inlet_refusal(stream.send_all(messages), 400, "messages must be an array")
    assert_taken_after(inlets, stream, before)


def test_what_is_not_told_of_is_never_shown_wrongly(inlets: Inlets) -> None:
    """After all of these the pages that show them are whole, whichever test ran before."""
    api: Api = inlets.xdm.api
    stream = inlets.xdm
    stream.send(wrong_message(inlets, put("body.xdmEntity", {"_id": "\0", "\0": "\0"})))
    stream.send_all(["\0", {"header": {"\0": "\0"}}])
    for flow in (inlets.raw.flow, stream.flow):
        assert api.runs(flow)
    listed = api.http.get("/data/foundation/catalog/batches", params={"status": "failed"})
    for batch in listed.json():
        (_, lines) = api.http.get(f"/data/foundation/export/batches/{batch}/failed").json()["data"]
        text = api.http.get(lines["_links"]["self"]["href"]).content
        assert len(text) == int(lines["length"])
        assert all("_errors" in json.loads(line) for line in text.splitlines())
