"""Whatever happens to flows: every due instant has one run, and all figures about one thing agree."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from emulator.server import Background
from emulator.settings import Settings
from tests.support import Api, Document, client_of

NOON = "2026-01-31T12:00:00.000Z"
NOON_S = 1769860800
EXPORT = "/data/foundation/export"
RECORDS = 120

outcomes = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(["success", "partialSuccess", "failed"]),
        "failedRecordCount": st.integers(0, 40),
        "durationMs": st.integers(0, 40 * 60_000),
        "faults": st.lists(
            st.sampled_from(["authExpired", "rateLimited", "networkLost", "badRow", "fileMissing"]), max_size=3
        ),
    },
).filter(lambda one: one and not (one.get("status") == "failed" and one.get("failedRecordCount")))
schedules = st.one_of(
    st.fixed_dictionaries({"frequency": st.just("minute"), "interval": st.integers(15, 120)}),
    st.fixed_dictionaries({"frequency": st.just("hour"), "interval": st.integers(1, 6)}),
    st.fixed_dictionaries({"frequency": st.just("once")}),
)
steps = st.one_of(
    st.tuples(st.just("flow"), schedules, st.integers(-120, 300)),
    st.tuples(st.just("outcome"), st.integers(0, 9), outcomes),
    st.tuples(st.just("interval"), st.integers(0, 9), st.integers(15, 90)),
    st.tuples(st.just("switch"), st.integers(0, 9), st.none()),
    st.tuples(st.just("advance"), st.integers(1, 600), st.none()),
    st.tuples(st.just("restart"), st.none(), st.none()),
)


@dataclass
class Flow:
    """A flow, the dataset that it lands in, and whether its schedule was left alone."""

    id: str
    dataset: str
    schedule: Document
    created: int
    untouched: bool = True


@dataclass
class Play:
    """One server after the other on one database, and the flows on it."""

    folder: Path
    clock: str | None = NOON
    flows: list[Flow] = field(default_factory=list)

    def settings(self) -> Settings:
        return Settings(port=0, database=f"sqlite:///{self.folder}/play.db", sources=self.folder, clock=self.clock)

    def go(self, script: list[Any]) -> None:
        """Play the steps, then let everything that is in progress end, and check."""
        (self.folder / "stripe").mkdir()
        rows = ({"data": {"id": f"ch_{n}", "created": NOON_S + n}} for n in range(RECORDS))
        (self.folder / "stripe" / "charges.ndjson").write_text("\n".join(map(json.dumps, rows)))
        facts = {"cursor": "data.created", "resourceParameter": "resourcePath"}
        (self.folder / "stripe" / "source.json").write_text(json.dumps(facts))
        parts: list[list[Any]] = [[]]
        for step in [*script, ("advance", 600, None), ("advance", 600, None)]:
            parts[-1].append(step)
            if step[0] == "restart":
                parts.append([])
        for part in parts:
            with Background(self.settings()) as running, client_of(running.url, "FIGURES@AdobeOrg") as api:
                for name, one, other in part:
                    if name != "restart":
                        getattr(self, name)(api, one, other)
                # From then on it is kept with the rest.
                self.clock = None
                if part is parts[-1]:
                    self.check(api)

    def flow(self, api: Api, schedule: Document, offset: int) -> None:
        target = api.target(f"Schema {len(self.flows)}")
        start = now_s(api) + offset * 60
        params = {**schedule, "startTime": start}
        body = api.flow_body(api.source_connection(), target, {"data.id": "_test.id"}, scheduleParams=params)
        self.flows.append(Flow(api.make("flows", body), target.dataset, params, now_s(api)))

    def chosen(self, number: int) -> Flow | None:
        return self.flows[number % len(self.flows)] if self.flows else None

    def outcome(self, api: Api, number: int, outcome: Document) -> None:
        if flow := self.chosen(number):
            assert api.http.post(f"/__admin/flows/{flow.id}/outcomes", json=[outcome]).status_code == 200

    def interval(self, api: Api, number: int, minutes: int) -> None:
        flow = self.chosen(number)
        if flow and flow.schedule["frequency"] != "once":
            flow.untouched = False
            params = api.item("flows", flow.id)["scheduleParams"] | {"frequency": "minute", "interval": minutes}
            change = [{"op": "replace", "path": "/scheduleParams", "value": params}]
            # A run that ends between the two calls changes the etag.
            while (answer := api.patch("flows", flow.id, change)).status_code == 412:
                pass
            assert answer.status_code == 200, answer.text

    def switch(self, api: Api, number: int, _: None) -> None:
        if flow := self.chosen(number):
            flow.untouched = False
            op = "disable" if api.item("flows", flow.id)["state"] == "enabled" else "enable"
            answer = api.http.post(f"/data/foundation/flowservice/flows/{flow.id}/action", params={"op": op})
            assert answer.status_code == 200

    def advance(self, api: Api, minutes: int, _: None) -> None:
        assert api.http.post("/__admin/clock/advance", json={"by": f"PT{minutes}M"}).status_code == 200

    def check(self, api: Api) -> None:
        for flow in self.flows:
            check_flow(api, flow)


def check_flow(api: Api, flow: Flow) -> None:
    query: dict[str, str | int] = {"property": f"flowId=={flow.id}", "limit": 1000}
    runs = api.http.get("/data/foundation/flowservice/runs", params=query).json()["items"]
    done = [run for run in runs if run["activities"]]
    due = [run["activities"][0]["durationSummary"]["extensions"]["windowEnd"] // 1000 for run in done]
    assert len(set(due)) == len(due), "two runs of one due instant"
    if flow.untouched:
        assert sorted(due) == expected(flow, now_s(api)), flow
    landed, lost = Counter[str](), Counter[str]()
    for run in done:
        check_run(api, flow, run, landed, lost)
    assert api.records(flow.dataset)["count"] == landed.total() <= RECORDS
    rejected = api.http.get(f"/__admin/datasets/{flow.dataset}/rejected").json()
    assert rejected["count"] == lost.total()


def expected(flow: Flow, now: int) -> list[int]:
    """Every instant at which the flow was due: a start in the past runs at once, then on its grid."""
    start, interval = flow.schedule["startTime"], flow.schedule.get("interval", 0)
    period = {"minute": 60, "hour": 3600, "once": 0}[flow.schedule["frequency"]] * interval
    first = max(start, flow.created)
    if first > now:
        return []
    grid = range(start, now + 1, period) if period else ()
    return [first, *(instant for instant in grid if instant > first)]


def check_run(api: Api, flow: Flow, run: Document, landed: Counter[str], lost: Counter[str]) -> None:
    metrics, status = run["metrics"], run["metrics"]["statusSummary"]["status"]
    copy = run["activities"][0]
    assert copy["durationSummary"]["startedAtUTC"] == metrics["durationSummary"]["startedAtUTC"]
    promotion = run["activities"][1] if len(run["activities"]) > 1 else None
    involved = promotion["targetInfo"][0].get("reference") if promotion else None
    if involved is None:
        assert status == "failed" or metrics["recordSummary"]["outputRecordCount"] == 0
        return
    (batch_id,) = involved["ids"]
    batch = api.http.get(f"/data/foundation/catalog/batches/{batch_id}").json()[batch_id]
    figures = batch["metrics"]
    read = copy["recordSummary"]["inputRecordCount"]
    assert figures["inputRecordCount"] == read
    lost[batch_id] += figures["failedRecordCount"]
    rejected = api.http.get(f"/__admin/datasets/{flow.dataset}/rejected", params={"batch": batch_id}).json()
    assert rejected["count"] == figures["failedRecordCount"]
    if status == "failed":
        assert batch["status"] == "failed"
        assert api.records(flow.dataset, batch=batch_id)["count"] == figures["outputRecordCount"] == 0
        return
    assert batch["status"] == "success"
    counts = metrics["recordSummary"]
    assert counts["inputRecordCount"] == read == counts["outputRecordCount"] + counts["failedRecordCount"]
    assert counts["outputRecordCount"] == figures["outputRecordCount"]
    assert counts["failedRecordCount"] == figures["failedRecordCount"]
    assert metrics["sizeSummary"]["outputBytes"] == figures["outputByteSize"]
    assert api.records(flow.dataset, run=run["id"])["count"] == counts["outputRecordCount"]
    assert promotion is not None
    assert manifest_lines(api, promotion) == 1
    landed[batch_id] += counts["outputRecordCount"]


def manifest_lines(api: Api, promotion: Document) -> int:
    """How many source objects the manifest of a run names, found by following its links."""
    link = promotion["fileSummary"]["extensions"]["manifest"]["fileInfo"]
    (entry,) = api.http.get(link).json()["data"]
    return len(api.http.get(entry["_links"]["self"]["href"]).content.splitlines())


def now_s(api: Api) -> int:
    return int(datetime.fromisoformat(api.http.get("/__admin/clock").json()["now"]).timestamp())


def play(script: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Play(Path(folder)).go(script)


# A story is short enough to be read as it is, and shrinking one takes minutes.
PHASES = [Phase.explicit, Phase.generate]
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=8, deadline=None, suppress_health_check=SLOW, phases=PHASES, derandomize=True)
@given(st.lists(steps, min_size=4, max_size=10))
def test_all_figures_about_one_thing_agree(script: list[Any]) -> None:
    play(script)


@pytest.mark.slow
@settings(max_examples=30, deadline=None, suppress_health_check=SLOW, phases=PHASES, derandomize=True)
@given(st.lists(steps, min_size=6, max_size=25))
def test_all_figures_about_one_thing_agree_in_long_stories(script: list[Any]) -> None:
    play(script)
