"""Micro-batches of streaming flows and the runs of their hours: what is counted is what is there."""

from __future__ import annotations

import json
import random
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from benchmarks import streaming
from emulator.server import Background
from emulator.settings import Settings
from tests.streams import Stream, auth_params, envelope, landed, raw, xdm
from tests.support import CATALOG, EVENT, FLOW, Api, Document, client_of
from tests.test_command import serving

NOON = "2026-01-31T12:00:00.000Z"
NOON_MS = 1769860800000
HOUR_MS = 3_600_000
ORG = "STREAM@AdobeOrg"
FAILED = "/data/foundation/export/batches/{}/failed"
# A message for an XDM inlet that is none.
BROKEN: Document = {"header": {}, "body": {}}


@contextmanager
def at_noon(url: str = "sqlite://", **settings: Any) -> Iterator[Api]:
    """A client of a server of its own, whose clock stands at noon."""
    with Background(Settings(port=0, database=url, clock=NOON, **settings)) as running:
        with client_of(running.url, ORG) as api:
            yield api


@pytest.fixture
def frozen() -> Iterator[Api]:
    with at_noon() as api:
        yield api


def advance(api: Api, by: str) -> int:
    answer = api.http.post("/__admin/clock/advance", json={"by": by})
    assert answer.status_code == 200, answer.text
    ended: int = answer.json()["runs"]
    return ended


def batches(api: Api, stream: Stream) -> dict[str, Document]:
    found = api.http.get(f"{CATALOG}/batches", params={"dataSet": stream.target.dataset, "orderBy": "created"})
    listed: dict[str, Document] = found.json()
    return listed


def the_batch(api: Api, stream: Stream, status: str) -> Document:
    (found,) = [batch for batch in batches(api, stream).values() if batch["status"] == status]
    return found


def failed_lines(api: Api, batch: str) -> list[Document]:
    """What Data Access has of a failed batch, found by following its links."""
    files = api.http.get(FAILED.format(batch)).json()["data"]
    assert files[0]["name"] == "_SUCCESS"
    return [json.loads(line) for line in api.http.get(files[1]["_links"]["self"]["href"]).text.splitlines()]


def events(api: Api) -> Stream:
    """An XDM inlet into a dataset of events: they need an id and a time."""
    return xdm(api, EVENT)


def good(stream: Stream, number: int) -> Document:
    return envelope(stream, {"_id": str(number), "timestamp": "2026-01-31T12:00:00Z"})


def invalid(stream: Stream) -> Document:
    return envelope(stream, {"_id": 5, "timestamp": "2026-01-31T12:00:00Z"})


def test_counts_of_an_open_micro_batch_are_seen_at_once(frozen: Api) -> None:
    stream = raw(frozen)
    for count in range(1, 6):
        stream.send({"id": count})
        (batch,) = batches(frozen, stream).values()
        assert batch["status"] == "processing"
        assert "completed" not in batch
        assert batch["tags"]["flowId"] == [stream.flow]
        assert batch["metrics"]["recordsWritten"] == batch["metrics"]["outputRecordCount"] == count
        (run,) = frozen.runs(stream.flow)
        assert run["metrics"]["recordSummary"]["outputRecordCount"] == count
        assert run["metrics"]["statusSummary"]["status"] == "inProgress"
        assert frozen.records(stream.target.dataset)["count"] == count
    dataset = frozen.http.get(f"{CATALOG}/dataSets/{stream.target.dataset}").json()[stream.target.dataset]
    assert dataset["lastBatchStatus"] == "processing"


def test_a_micro_batch_is_closed_by_time(frozen: Api) -> None:
    stream = raw(frozen)
    stream.send({"id": 1})
    advance(frozen, "PT4S")
    assert [batch["status"] for batch in batches(frozen, stream).values()] == ["processing"]
    stream.send({"id": 2})
    assert advance(frozen, "PT1S") == 0
    (batch,) = batches(frozen, stream).values()
    assert batch["status"] == "success"
    assert batch["completed"] == NOON_MS + 5_000
    assert batch["metrics"]["recordsWritten"] == 2
    dataset = frozen.http.get(f"{CATALOG}/dataSets/{stream.target.dataset}").json()[stream.target.dataset]
    assert dataset["lastSuccessfulBatch"] == batch["id"]


def test_what_comes_after_a_micro_batch_was_closed_opens_another(frozen: Api) -> None:
    stream = raw(frozen)
    for _ in range(3):
        stream.send({"id": 1})
        advance(frozen, "PT5S")
    stream.send({"id": 1})
    statuses = sorted(batch["status"] for batch in batches(frozen, stream).values())
    assert statuses == ["processing", "success", "success", "success"]
    (run,) = frozen.runs(stream.flow)
    assert len(run["activities"][0]["targetInfo"][0]["reference"]["ids"]) == 4


def test_a_micro_batch_is_closed_by_the_number_of_its_records(frozen: Api) -> None:
    stream = raw(frozen)
    for _ in range(3):
        stream.send_all([{"id": number} for number in range(3_000)])
    assert the_batch(frozen, stream, "processing")["metrics"]["recordsWritten"] == 9_000
    stream.send_all([{"id": number} for number in range(1_000)])
    assert the_batch(frozen, stream, "success")["metrics"]["recordsWritten"] == 10_000
    stream.send({"id": 1})
    assert the_batch(frozen, stream, "processing")["metrics"]["recordsWritten"] == 1
    assert frozen.runs(stream.flow)[0]["metrics"]["recordSummary"]["outputRecordCount"] == 10_001


def test_a_micro_batch_ends_with_its_hour(frozen: Api) -> None:
    stream = raw(frozen)
    advance(frozen, "PT59M58S")
    stream.send({"id": 1})
    assert advance(frozen, "PT2S") == 1
    assert the_batch(frozen, stream, "success")["completed"] == NOON_MS + HOUR_MS
    (run,) = frozen.runs(stream.flow)
    assert run["metrics"]["recordSummary"]["outputRecordCount"] == 1
    assert run["metrics"]["durationSummary"] == {"startedAtUTC": NOON_MS, "completedAtUTC": NOON_MS + HOUR_MS}


def test_the_run_of_an_hour_starts_on_the_hour_and_every_hour_has_its_own(frozen: Api) -> None:
    stream = raw(frozen)
    advance(frozen, "PT17M")
    stream.send({"id": 1})
    assert advance(frozen, "PT1H") == 1
    stream.send({"id": 2})
    assert advance(frozen, "PT3H") == 1
    starts = [run["metrics"]["durationSummary"]["startedAtUTC"] for run in frozen.runs(stream.flow)]
    assert sorted(starts) == [NOON_MS, NOON_MS + HOUR_MS]
    assert landed(frozen, stream) == [{"_acme": {"id": 1}}, {"_acme": {"id": 2}}]
    for run in frozen.runs(stream.flow):
        assert frozen.records(stream.target.dataset, run=run["id"])["count"] == 1


@pytest.mark.parametrize(
    ("lands", "status"), [((True, True), "success"), ((True, False), "partialSuccess"), ((False, False), "failed")]
)
def test_at_the_end_of_its_hour_a_run_says_how_it_went_and_its_flow_tells(
    frozen: Api, lands: tuple[bool, bool], status: str
) -> None:
    stream = events(frozen)
    for fits in lands:
        assert stream.send(good(stream, 1) if fits else invalid(stream)).status_code == 200
    (run,) = frozen.runs(stream.flow)
    assert run["metrics"]["statusSummary"]["status"] == "inProgress"
    assert "lastRunDetails" not in frozen.item("flows", stream.flow)
    assert advance(frozen, "PT1H") == 1
    (run,) = frozen.runs(stream.flow)
    assert run["metrics"]["statusSummary"]["status"] == status
    assert run["metrics"]["recordSummary"]["outputRecordCount"] == sum(lands)
    assert run["metrics"]["recordSummary"]["failedRecordCount"] == 2 - sum(lands)
    details = frozen.item("flows", stream.flow)["lastRunDetails"]
    assert (details["id"], details["state"]) == (run["id"], status)
    if status != "success":
        (rows_lost,) = run["metrics"]["statusSummary"]["errors"]
        assert rows_lost["code"] == "CONNECTOR-2001-500"
        assert run["metrics"]["recordSummary"]["failedInfo"] == [
            {
                "code": "DCVS-1104-400",
                "message": "The message can't be validated: [#/_id: expected type: String, found: Integer]",
                "count": 2 - sum(lands),
                "type": "Error",
            }
        ]


def test_a_failed_batch_is_failed_at_once_and_its_messages_can_be_read(frozen: Api) -> None:
    stream = events(frozen)
    stream.send(good(stream, 1))
    message = invalid(stream)
    assert stream.send(message).json()["syncValidation"] == {"skipped": True}
    wrong_org = good(stream, 2) | {"header": good(stream, 2)["header"] | {"imsOrgId": "OTHER@AdobeOrg"}}
    responses = stream.send_all([good(stream, 3), BROKEN, wrong_org, 7]).json()["responses"]
    assert [entry.get("statusCode") for entry in responses] == [None, 400, 400, 400]
    hints = [entry["hint"] for entry in responses[1:]]
    assert "header.schemaRef" in hints[0]
    assert ORG in hints[1]
    failed, open_one = the_batch(frozen, stream, "failed"), the_batch(frozen, stream, "processing")
    assert open_one["metrics"]["recordsWritten"] == 2
    assert failed["completed"] == NOON_MS
    figures = failed["metrics"]
    assert figures["recordsFailed"] == figures["invalidRecordCount"] == 4
    assert (figures["invalidRecordsStreamingValidation"], figures["invalidRecordsUnknown"]) == (1, 3)
    assert {error["code"]: error["recordCount"] for error in failed["errors"]} == {"DCVS-1104-400": 1, "unknown": 3}
    text = "The message can't be validated: [#/_id: expected type: String, found: Integer]"
    shape = "Message has unknown xdm format"
    assert failed_lines(frozen, failed["id"]) == [
        message | {"_errors": {"_streamingValidation": [{"code": "DCVS-1104-400", "message": text}]}},
        BROKEN | {"_errors": {"_streamingValidation": [{"message": f"{shape}: {hints[0]}"}]}},
        wrong_org
        | {
            "_errors": {
                "_streamingValidation": [
                    {"message": f"Message has an absent or wrong ims org in the header: {hints[1]}"}
                ],
            }
        },
        {"_corrupt_record": "7", "_errors": {"_streamingValidation": [{"message": f"{shape}: {hints[2]}"}]}},
    ]
    assert {batch["status"] for batch in batches(frozen, stream).values()} == {"failed", "processing"}
    advance(frozen, "PT1H")
    assert {batch["status"] for batch in batches(frozen, stream).values()} == {"failed", "success"}


def test_a_field_that_cannot_be_made_is_a_warning_of_the_run(frozen: Api) -> None:
    stream = raw(frozen, {"id": "_acme.id", "to_integer(age)": "_acme.age"})
    stream.send_all([{"id": 1, "age": "no number at all"}, {"id": 2, "age": "7"}])
    (run,) = frozen.runs(stream.flow)
    counts = run["metrics"]["recordSummary"]
    assert counts == {"inputRecordCount": 2, "outputRecordCount": 2, "failedRecordCount": 0, "warningRecordCount": 1}
    assert landed(frozen, stream) == [{"_acme": {"id": 1}}, {"_acme": {"id": 2, "age": 7}}]


@pytest.mark.parametrize("op", ["delete", "disable"])
def test_what_was_taken_is_kept_when_its_flow_goes_or_stops_before_the_batch_is_closed(frozen: Api, op: str) -> None:
    stream = raw(frozen)
    stream.send_all([{"id": 1}, {"id": 2}])
    if op == "delete":
        assert frozen.http.delete(f"{FLOW}/flows/{stream.flow}").status_code == 204
    else:
        answer = frozen.http.post(f"{FLOW}/flows/{stream.flow}/action", params={"op": "disable"})
        assert answer.status_code == 200
    assert stream.send_all([{"id": 3}]).json()["responses"][0]["statusCode"] == 400
    assert stream.send({"id": 3}).status_code == 400
    assert advance(frozen, "PT1H") == 1
    batch = the_batch(frozen, stream, "success")
    assert batch["metrics"]["recordsWritten"] == 2
    assert len(batches(frozen, stream)) == 1
    (run,) = frozen.runs(stream.flow)
    assert run["metrics"]["statusSummary"]["status"] == "success"
    assert run["metrics"]["recordSummary"]["inputRecordCount"] == 2
    if op == "disable":
        assert frozen.item("flows", stream.flow)["lastRunDetails"]["state"] == "success"
        frozen.http.post(f"{FLOW}/flows/{stream.flow}/action", params={"op": "enable"})
        assert stream.send({"id": 4}).status_code == 200
        assert len(frozen.runs(stream.flow)) == 2


def test_a_dataset_that_goes_while_a_micro_batch_is_open_takes_its_records_along(frozen: Api) -> None:
    stream = raw(frozen)
    stream.send({"id": 1})
    for path in (f"flows/{stream.flow}", f"targetConnections/{stream.target.connection}"):
        assert frozen.http.delete(f"{FLOW}/{path}").status_code == 204
    assert frozen.http.delete(f"{CATALOG}/dataSets/{stream.target.dataset}").status_code == 200
    assert advance(frozen, "PT1H") == 1
    assert the_batch(frozen, stream, "success")["id"]


def test_a_message_for_a_dataset_alone_makes_a_batch_and_no_run(frozen: Api) -> None:
    stream = events(frozen)
    assert frozen.http.delete(f"{FLOW}/flows/{stream.flow}").status_code == 204
    message = good(stream, 1)
    del message["header"]["flowId"]
    answer = stream.send(message)
    assert answer.status_code == 200
    assert "flowId" not in answer.json()
    assert the_batch(frozen, stream, "processing")["tags"] == {}
    advance(frozen, "PT1H")
    assert the_batch(frozen, stream, "success")["metrics"]["recordsWritten"] == 1
    assert frozen.runs(stream.flow) == []


# One step of a story, and how often it comes.
STEPS = ["good", "invalid", "mixed", "none", "second", "seconds", "hour", "switch", "look", "restart"]


@pytest.mark.parametrize("seed", range(3))
def test_figures_of_runs_batches_and_datasets_agree_whatever_happens(tmp_path: Path, seed: int) -> None:
    tell_a_story(random.Random(seed), f"sqlite:///{tmp_path}/story.db", 40)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 106))
def test_figures_agree_in_long_stories(lasting_url: str, seed: int) -> None:
    tell_a_story(random.Random(seed), lasting_url, 150)


def tell_a_story(chance: random.Random, url: str, length: int) -> None:
    streams: list[Stream] = []
    taken: dict[str, tuple[int, int]] = {}
    clock: str | None = NOON
    steps = chance.choices(STEPS, weights=[6, 3, 6, 1, 4, 2, 1, 1, 3, 1], k=length)
    while steps:
        with Background(Settings(port=0, database=url, clock=clock)) as running, client_of(running.url, ORG) as api:
            clock = None
            if not streams:
                streams = [xdm(api, EVENT, f"Schema {number}") for number in range(2)]
            here = [Stream(api, api_url(api, one), one.connection, one.flow, one.target) for one in streams]
            # What was counted in an earlier life is told of, though nothing has come since.
            check_all(api, here, taken, ended=False)
            while steps and (step := steps.pop()) != "restart":
                play(chance, api, chance.choice(here), step, taken)
            if not steps:
                check_all(api, here, taken, ended=False)
                advance(api, "PT1H")
                check_all(api, here, taken, ended=True)


def api_url(api: Api, stream: Stream) -> str:
    url: str = auth_params(api, stream.connection)["inletUrl"]
    return url


def play(chance: random.Random, api: Api, stream: Stream, step: str, taken: dict[str, tuple[int, int]]) -> None:
    match step:
        case "second" | "seconds" | "hour":
            advance(api, {"second": "PT1S", "seconds": "PT7S", "hour": "PT1H"}[step])
        case "switch":
            op = "disable" if api.item("flows", stream.flow)["state"] == "enabled" else "enable"
            api.http.post(f"{FLOW}/flows/{stream.flow}/action", params={"op": op})
        case "look":
            check(api, stream, taken.get(stream.flow, (0, 0)), ended=False)
        case "good" | "invalid":
            answer = stream.send(good(stream, 1) if step == "good" else invalid(stream))
            add(taken, stream, int(answer.status_code == 200), int(answer.status_code == 200 and step == "invalid"))
        case _:
            kinds = chance.choices([good(stream, 1), invalid(stream), BROKEN], k=chance.randrange(8) * (step != "none"))
            enabled = api.item("flows", stream.flow)["state"] == "enabled"
            assert stream.send_all(kinds).status_code == 207
            if enabled:
                add(taken, stream, len(kinds), sum(kind != good(stream, 1) for kind in kinds))


def add(taken: dict[str, tuple[int, int]], stream: Stream, received: int, lost: int) -> None:
    before = taken.get(stream.flow, (0, 0))
    taken[stream.flow] = before[0] + received, before[1] + lost


def check_all(api: Api, streams: list[Stream], taken: dict[str, tuple[int, int]], ended: bool) -> None:
    for stream in streams:
        check(api, stream, taken.get(stream.flow, (0, 0)), ended)


def check(api: Api, stream: Stream, taken: tuple[int, int], ended: bool) -> None:
    """Received and lost, as everybody tells it."""
    received, lost = taken
    query: dict[str, Any] = {"property": f"flowId=={stream.flow}", "limit": 100}
    runs = api.http.get(f"{FLOW}/runs", params=query).json()["items"]
    counts = [run["metrics"]["recordSummary"] for run in runs]
    assert sum(one["inputRecordCount"] for one in counts) == received
    assert sum(one["failedRecordCount"] for one in counts) == lost
    assert sum(one["outputRecordCount"] for one in counts) == received - lost
    found = api.http.get(f"{CATALOG}/batches", params={"dataSet": stream.target.dataset, "limit": 100}).json()
    figures = [batch["metrics"] for batch in found.values()]
    assert sum(one["recordsWritten"] for one in figures) == received - lost
    assert sum(one["recordsFailed"] for one in figures) == lost
    assert api.records(stream.target.dataset)["count"] == received - lost
    assert api.http.get(f"/__admin/datasets/{stream.target.dataset}/rejected").json()["count"] == lost
    for run in runs:
        counted = run["metrics"]["recordSummary"]
        assert run["metrics"]["durationSummary"]["startedAtUTC"] % HOUR_MS == 0
        assert api.records(stream.target.dataset, run=run["id"])["count"] == counted["outputRecordCount"]
        named = run["activities"][0]["targetInfo"][0]["reference"]["ids"]
        of_run = {name for name, batch in found.items() if batch["tags"]["flowRunId"] == [run["id"]]}
        assert set(named) == of_run
    starts = [run["metrics"]["durationSummary"]["startedAtUTC"] for run in runs]
    assert len(set(starts)) == len(starts)
    statuses = {batch["status"] for batch in found.values()}
    assert statuses <= ({"success", "failed"} if ended else {"success", "failed", "processing"})
    if ended:
        assert all(run["metrics"]["statusSummary"]["status"] != "inProgress" for run in runs)


def test_a_kill_loses_nothing_that_was_acknowledged(tmp_path: Path, lasting_url: str) -> None:
    sent = 0
    with serving(tmp_path, "--port", "0", "--database", lasting_url, "--clock", NOON) as (process, url):
        with client_of(url, ORG) as api:
            stream = events(api)
            for number in range(30):
                assert stream.send(good(stream, number)).status_code == 200
                assert stream.send(invalid(stream)).status_code == 200
                sent += 1
        process.send_signal(signal.SIGKILL)
        process.wait()
    with serving(tmp_path, "--port", "0", "--database", lasting_url) as (_, url), client_of(url, ORG) as api:
        again = Stream(api, api_url(api, stream), stream.connection, stream.flow, stream.target)
        assert api.records(stream.target.dataset)["count"] == sent
        check(api, again, (2 * sent, sent), ended=False)
        assert again.send(good(stream, 31)).status_code == 200
        check(api, again, (2 * sent + 1, sent), ended=False)
        assert advance(api, "PT1H") == 1
        check(api, again, (2 * sent + 1, sent), ended=True)
        (run,) = api.runs(stream.flow)
        assert run["metrics"]["statusSummary"]["status"] == "partialSuccess"


def test_an_hour_that_ends_while_nobody_serves_is_told_of_afterwards(tmp_path: Path, lasting_url: str) -> None:
    with serving(tmp_path, "--port", "0", "--database", lasting_url, "--clock", NOON) as (process, url):
        with client_of(url, ORG) as api:
            stream = events(api)
            assert stream.send(good(stream, 1)).status_code == 200
        process.send_signal(signal.SIGKILL)
        process.wait()
    later = ("--clock", "2026-01-31T15:30:00Z")
    with serving(tmp_path, "--port", "0", "--database", lasting_url, *later) as (_, url), client_of(url, ORG) as api:
        advance(api, "PT1S")
        (run,) = api.runs(stream.flow)
        assert run["metrics"]["statusSummary"]["status"] == "success"
        assert run["metrics"]["durationSummary"]["completedAtUTC"] == NOON_MS + HOUR_MS


def pour(url: str, path: str, message: Document, times: int, statuses: list[int]) -> None:
    with httpx.Client(base_url=url, timeout=30) as http:
        for number in range(times):
            if number % 3:
                statuses.append(http.post(f"/collection/{path}", json=message).status_code)
            else:
                messages = {"messages": [message] * 5}
                statuses.append(http.post(f"/collection/batch/{path}", json=messages).status_code)


def look(url: str, stop: threading.Event, statuses: list[int]) -> None:
    with client_of(url, ORG) as api:
        while not stop.is_set():
            statuses += [api.http.get(path).status_code for path in (f"{CATALOG}/batches", f"{FLOW}/runs")]


def under_load(urls: list[str], stream: Stream, message: Document) -> tuple[int, set[int]]:
    """Two senders and a reader at each address; how many messages were taken, and what readers were answered."""
    sent: list[int] = []
    seen: list[int] = []
    stop = threading.Event()
    readers = [threading.Thread(target=look, args=(url, stop, seen)) for url in urls]
    senders = [threading.Thread(target=pour, args=(url, stream.inlet, message, 40, sent)) for url in urls * 2]
    for thread in (*readers, *senders):
        thread.start()
    for thread in senders:
        thread.join()
    stop.set()
    for thread in readers:
        thread.join()
    assert set(sent) == {200, 207}
    return sent.count(200) + 5 * sent.count(207), set(seen)


def test_looking_while_messages_come_is_never_an_error(lasting_url: str) -> None:
    with at_noon(lasting_url) as api:
        stream = events(api)
        count, seen = under_load([str(api.http.base_url)], stream, good(stream, 1))
        assert seen == {200}
        check(api, stream, (count, 0), ended=False)
        advance(api, "PT1H")
        check(api, stream, (count, 0), ended=True)


@pytest.mark.slow
def test_two_processes_on_one_database_feed_one_flow_and_all_figures_agree(
    tmp_path: Path, own_postgresql_url: str
) -> None:
    arguments = ("--port", "0", "--database", own_postgresql_url, "--clock", NOON)
    with serving(tmp_path, *arguments) as (_, first), serving(tmp_path, *arguments) as (_, second):
        with client_of(first, ORG) as api:
            stream = events(api)
            count, seen = under_load([first, second], stream, good(stream, 1))
            more, seen_too = under_load([first, second], stream, invalid(stream))
            assert seen == seen_too == {200}
            advance(api, "PT1H")
            check(api, stream, (count + more, more), ended=True)


@pytest.mark.slow
def test_memory_stays_flat_while_messages_come_steadily() -> None:
    """For half a minute; docs/performance.md tells of half an hour."""
    assert streaming.steady(0.5, 200) <= streaming.GROWTH_BUDGET_MB
