"""Runs that are longer than what is held in memory at a time: they land part by part, and all or nothing."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.engine import progress
from emulator.engine.sources.source import CHUNK, Chunk, SourceFailed, Wanted
from emulator.server import Background
from emulator.settings import Settings
from tests.support import FLOW, PATIENCE_S, Api, Document, client_of

PARTS = 3
COUNT = CHUNK * (PARTS - 1) + 7


class Slow:
    """A source of three parts that waits before the second until it is let go on, the first time it is read."""

    def __init__(self, fails: bool = False) -> None:
        self.go_on = threading.Event()
        self.readings = 0
        self.fails = fails

    def chunks(self, _: Wanted) -> Generator[Chunk]:
        self.readings += 1
        first = self.readings == 1
        for part in range(PARTS):
            if part == PARTS - 1 and first:
                assert self.go_on.wait(PATIENCE_S)
                if self.fails:
                    raise SourceFailed("The connection was lost.", "2200", "ErrorCode=Lost")
            size = CHUNK if part < PARTS - 1 else COUNT % CHUNK
            ids = range(part * CHUNK, part * CHUNK + size)
            records: list[Document] = [{"data": {"id": f"ch_{number}"}} for number in ids]
            yield Chunk(records, 10 * size, str(ids[-1]), (f"part-{part}.json",))


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Slow]:
    source = Slow()
    monkeypatch.setattr("emulator.engine.attempt.open_source", lambda *_: source)
    yield source
    source.go_on.set()


def in_progress(api: Api, flow: str) -> Document:
    """The flow's run, once it has landed its first part."""
    run: Document = eventually(lambda: next((run for run in api.runs(flow) if "recordSummary" in run["metrics"]), None))
    return run


def ended(api: Api, flow: str) -> Document:
    def found() -> Document | None:
        runs = api.runs(flow)
        status = runs[0]["metrics"]["statusSummary"]["status"] if runs else ""
        return runs[0] if status in ("success", "failed", "cancelled") else None

    run: Document = eventually(found)
    return run


def eventually(look: Any) -> Any:
    until = time.monotonic() + PATIENCE_S
    while (found := look()) is None:
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.01)
    return found


def batches(api: Api, dataset: str) -> list[Document]:
    shown: Document = api.http.get("/data/foundation/catalog/batches", params={"dataSet": dataset}).json()
    return list(shown.values())


def test_a_long_run_shows_how_far_it_has_come_and_nothing_of_what_it_lands_before_it_ends(api: Api, slow: Slow) -> None:
    flow, target = api.flow()
    run = in_progress(api, flow)
    assert run["metrics"]["statusSummary"] == {"status": "inProgress"}
    assert run["metrics"]["recordSummary"]["inputRecordCount"] == CHUNK
    assert run["metrics"]["fileSummary"]["inputFileCount"] == 1
    assert api.records(target.dataset)["count"] == 0
    assert [batch["status"] for batch in batches(api, target.dataset)] == ["loading"]
    slow.go_on.set()
    done = ended(api, flow)
    assert done["id"] == run["id"]
    assert done["metrics"]["recordSummary"]["outputRecordCount"] == COUNT
    assert done["metrics"]["fileSummary"]["inputFileCount"] == PARTS
    assert done["metrics"]["sizeSummary"]["inputBytes"] == 10 * COUNT
    assert api.records(target.dataset)["count"] == COUNT
    (batch,) = batches(api, target.dataset)
    assert (batch["status"], batch["metrics"]["outputRecordCount"]) == ("success", COUNT)
    assert api.item("flows", flow)["lastRunDetails"]["id"] == run["id"]


def test_a_source_that_fails_on_the_way_leaves_nothing_landed(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Slow(fails=True)
    monkeypatch.setattr("emulator.engine.attempt.open_source", lambda *_: source)
    flow, target = api.flow()
    in_progress(api, flow)
    source.go_on.set()
    done = ended(api, flow)
    assert done["metrics"]["statusSummary"]["status"] == "failed"
    assert done["metrics"]["recordSummary"]["failedInfo"] == [{"code": "2200", "message": "The connection was lost."}]
    assert api.records(target.dataset)["count"] == 0
    assert [batch["status"] for batch in batches(api, target.dataset)] == ["failed"]


def test_a_flow_that_is_patched_while_it_runs_keeps_both(api: Api, slow: Slow) -> None:
    flow, target = api.flow()
    run = in_progress(api, flow)
    change = [{"op": "add", "path": "/description", "value": "patched on the way"}]
    assert api.patch("flows", flow, change).status_code == 200
    slow.go_on.set()
    assert ended(api, flow)["id"] == run["id"]
    item = api.item("flows", flow)
    assert (item["description"], item["lastRunDetails"]["state"]) == ("patched on the way", "success")
    assert api.records(target.dataset)["count"] == COUNT


def test_a_flow_that_is_deleted_while_it_runs_leaves_nothing_landed(api: Api, slow: Slow) -> None:
    flow, target = api.flow()
    run = in_progress(api, flow)
    assert api.http.delete(f"{FLOW}/flows/{flow}").status_code == 204
    slow.go_on.set()

    def cancelled() -> bool | None:
        found = api.item("runs", run["id"])
        return True if found["metrics"]["statusSummary"]["status"] == "cancelled" else None

    eventually(cancelled)
    assert api.records(target.dataset)["count"] == 0
    assert batches(api, target.dataset) == []


def test_a_run_whose_process_is_gone_is_made_anew_and_lands_once(
    lasting_url: str, slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The first process hangs for longer than it holds the run, which looks to others as if it were gone.
    monkeypatch.setattr(progress, "HOLD_MS", 300)
    settings = Settings(port=0, database=lasting_url)
    with Background(settings) as hanging, client_of(hanging.url, "LONG@AdobeOrg") as api:
        flow, target = api.flow()
        run = in_progress(api, flow)
        monkeypatch.setattr(progress, "HOLD_MS", 15_000)
        with Background(settings) as other, client_of(other.url, "LONG@AdobeOrg") as there:
            done = ended(there, flow)
            assert slow.readings == 2
            slow.go_on.set()
            time.sleep(0.3)
            assert done["id"] == run["id"]
            assert len(there.runs(flow)) == 1
            assert there.records(target.dataset)["count"] == COUNT
            assert [batch["status"] for batch in batches(there, target.dataset)] == ["success"]


def test_a_provider_that_ends_a_run_on_the_way_has_the_last_word(api: Api, slow: Slow) -> None:
    flow, target = api.flow()
    run = in_progress(api, flow)["id"]
    figures = {"statusSummary": {"status": "failed"}}
    answer = api.http.put(f"{FLOW}/runs/{run}", json={"metrics": figures}, headers={"If-Match": "*"})
    assert answer.status_code == 200
    assert api.records(target.dataset)["count"] == 0
    assert batches(api, target.dataset) == []
    slow.go_on.set()
    # What comes next of the flow comes after what was under way.
    body = api.flow_body(api.source_connection(), api.target("Another schema"), {"data.id": "_test.id"})
    ended(api, api.make("flows", body))
    assert api.item("runs", run)["metrics"] == figures
    assert api.item("flows", flow)["lastRunDetails"]["state"] == "failed"
    assert batches(api, target.dataset) == []


def test_time_that_is_let_pass_waits_for_the_runs_of_other_servers(lasting_url: str, slow: Slow) -> None:
    settings = Settings(port=0, database=lasting_url)
    with Background(settings) as busy, client_of(busy.url, "LONG@AdobeOrg") as api:
        flow, target = api.flow(scheduleParams={"startTime": 1625040887, "frequency": "once"})
        run = in_progress(api, flow)
        with Background(settings) as other, client_of(other.url, "LONG@AdobeOrg") as there:
            answers: list[int] = []

            def advance() -> None:
                answers.append(there.http.post("/__admin/clock/advance", json={"by": "PT1H"}).status_code)

            advancing = threading.Thread(target=advance)
            advancing.start()
            time.sleep(0.3)
            assert answers == []
            slow.go_on.set()
            advancing.join(PATIENCE_S)
            assert answers == [200]
            assert there.item("runs", run["id"])["metrics"]["statusSummary"]["status"] == "success"
            assert there.records(target.dataset)["count"] == COUNT


def test_a_run_that_waits_for_another_servers_is_looked_at_now_and_then(
    lasting_url: str, slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, queue = [0], progress.queue

    def counted(*arguments: Any) -> None:
        looks[0] += 1
        queue(*arguments)

    monkeypatch.setattr(progress, "queue", counted)
    settings = Settings(port=0, database=lasting_url)
    with Background(settings) as busy, client_of(busy.url, "LONG@AdobeOrg") as api:
        flow, _ = api.flow(scheduleParams={"startTime": 1625040887, "frequency": "once"})
        in_progress(api, flow)
        with Background(settings) as other, client_of(other.url, "LONG@AdobeOrg") as there:
            window = {"startTime": "1663735590", "windowStartTime": "1651584991", "windowEndTime": "16515859567"}
            answer = there.http.post(f"{FLOW}/runs", json={"flowId": flow, "params": window})
            assert answer.status_code == 201, answer.text
            eventually(lambda: looks[0] or None)
            time.sleep(0.6)
            assert looks[0] <= 4
            slow.go_on.set()
            eventually(lambda: len([one for one in there.runs(flow) if one["activities"]]) == 2 or None)


def test_records_of_several_parts_all_land(tmp_path: Path) -> None:
    folder = tmp_path / "stripe"
    folder.mkdir()
    lines = (json.dumps({"data": {"id": f"ch_{number}", "created": number}}) for number in range(COUNT))
    (folder / "charges.ndjson").write_text("\n".join(lines))
    (folder / "source.json").write_text('{"cursor": "data.created", "resourceParameter": "resourcePath"}')
    settings = Settings(port=0, database="sqlite://", sources=tmp_path)
    with Background(settings) as running, client_of(running.url, "LONG@AdobeOrg") as api:
        flow, target = api.flow()
        assert ended(api, flow)["metrics"]["recordSummary"]["outputRecordCount"] == COUNT
        assert api.records(target.dataset)["count"] == COUNT
