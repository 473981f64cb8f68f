"""What is told of open micro-batches agrees with what landed: after another life, and whoever looks meanwhile."""

from __future__ import annotations

import gzip
import json
import threading

import pytest

from emulator.server import Background
from emulator.settings import Settings
from tests.streams import Stream, auth_params, envelope, landed, raw
from tests.support import CATALOG, Api, Document, client_of
from tests.test_streaming_runs import NOON, ORG, advance, at_noon, batches, failed_lines, the_batch
from tests.test_sync_validation import two_flows


def told(api: Api, stream: Stream) -> set[int]:
    """How many records have landed, as the dataset, Catalog's batches and the runs say."""
    written = sum(batch["metrics"]["recordsWritten"] for batch in batches(api, stream).values())
    runs = sum(run["metrics"]["recordSummary"]["outputRecordCount"] for run in api.runs(stream.flow))
    return {api.records(stream.target.dataset)["count"], written, runs}


def send(stream: Stream, count: int) -> None:
    for number in range(count):
        assert stream.send({"id": number}).status_code == 200


def on(api: Api, stream: Stream) -> Stream:
    """The same on another server."""
    url: str = auth_params(api, stream.connection)["inletUrl"]
    return Stream(api, url, stream.connection, stream.flow, stream.target)


@pytest.mark.parametrize("looked_at", [0, 3])
def test_another_life_tells_of_what_the_one_before_has_taken(lasting_url: str, looked_at: int) -> None:
    with at_noon(lasting_url) as api:
        stream = raw(api)
        send(stream, looked_at)
        assert told(api, stream) == {looked_at}
        send(stream, 5 - looked_at)
    with at_noon(lasting_url) as api:
        assert told(api, on(api, stream)) == {5}


def test_another_server_tells_of_what_one_has_taken_that_is_gone(own_postgresql_url: str) -> None:
    settings = Settings(port=0, database=own_postgresql_url, clock=NOON)
    with Background(settings) as survivor, client_of(survivor.url, ORG) as looking:
        with Background(settings) as gone, client_of(gone.url, ORG) as api:
            stream = raw(api)
            send(stream, 3)
        for _ in range(400):
            if told(looking, stream) == {3}:
                break
            threading.Event().wait(0.02)
        assert told(looking, stream) == {3}


def test_a_restored_snapshot_tells_of_what_was_open_in_it() -> None:
    with at_noon() as api:
        stream = raw(api)
        send(stream, 2)
        assert api.http.post("/__admin/snapshots", json={"name": "open"}).status_code == 201
        send(stream, 2)
        assert told(api, stream) == {4}
        assert api.http.post("/__admin/snapshots/open/restore").status_code == 200
        assert told(api, stream) == {2}
        send(stream, 1)
        assert told(api, stream) == {3}


def test_an_import_tells_of_what_was_open_in_the_export() -> None:
    with at_noon() as api:
        stream = raw(api)
        send(stream, 2)
        assert told(api, stream) == {2}
        send(stream, 1)
        document = api.http.get("/__admin/export", params={"secrets": "true"}).content
    with at_noon() as api:
        kind = {"content-type": "application/json"}
        assert api.http.post("/__admin/import", content=document, headers=kind).status_code == 200
        assert told(api, on(api, stream)) == {3}


def test_whoever_looks_while_a_message_is_taken_hides_nothing(lasting_url: str) -> None:
    with Background(Settings(port=0, database=lasting_url, clock=NOON)) as running:
        with client_of(running.url, ORG) as api, client_of(running.url, ORG) as other:
            stream, done = raw(api), threading.Event()

            def look() -> None:
                while not done.is_set():
                    other.http.get(f"{CATALOG}/batches", params={"limit": 1})

            looking = threading.Thread(target=look)
            looking.start()
            try:
                for count in range(1, 20):
                    send(stream, 1)
                    assert told(api, stream) == {count}
                    advance(api, "PT6S")
            finally:
                done.set()
                looking.join()


def test_a_packed_message_counts_as_what_it_is_unpacked() -> None:
    with at_noon() as api:
        stream = raw(api)
        body = json.dumps({"id": 1, "padding": "x" * 5000}).encode()
        packed = {"content-encoding": "gzip", "content-type": "application/json"}
        assert stream.post(stream.url, content=gzip.compress(body), headers=packed).status_code == 200
        (run,) = api.runs(stream.flow)
        assert run["metrics"]["sizeSummary"]["inputBytes"] == len(body)


def test_a_message_that_cannot_be_read_is_kept_for_the_flow_that_it_names() -> None:
    with at_noon() as api:
        one, other = two_flows(api)
        unread: list[Document] = [
            envelope(other, {"_id": "1"}, imsOrgId="ANOTHER@AdobeOrg"),
            {"header": envelope(other, {})["header"], "body": {}},
        ]
        answer = one.send_all([envelope(one, {"_id": "0"}), *unread])
        assert ["xactionId" in entry for entry in answer.json()["responses"]] == [True, False, False]
        assert len(failed_lines(api, the_batch(api, other, "failed")["id"])) == 2
        assert batches(api, one).keys() == {the_batch(api, one, "processing")["id"]}
        assert [record["_id"] for record in landed(api, one)] == ["0"]
