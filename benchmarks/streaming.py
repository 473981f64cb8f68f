"""What messages cost: ``python -m benchmarks.streaming``.

Single raw events beside a bare server that decodes them and writes a row each; batches of 500 records through
ten mappings and validation; and with ``--minutes`` a steady load, to see that memory stays flat.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import load
from benchmarks.__main__ import memory_mb, started
from tests.streams import auth_params, mapped_flow
from tests.support import Api, client_of

SINGLE_BUDGET, RECORDS_BUDGET = 0.4, 20_000
RECORDS = 500
EVENT = {"id": 5, "person": {"first": "Ann", "last": "Lee"}, "at": "2026-01-31T12:00:00Z", "amount": 45.5}
FIELDS = ("id", "person.first", "person.last", "at", "amount", "a", "b", "c", "d", "e")
HEADERS = {"content-type": "application/json"}
# Memory after the first of ten parts of a steady load, to the last: by so much it may grow.
GROWTH_BUDGET_MB = 20
_TITLES = (f"Schema {number}" for number in itertools.count(1))


@dataclass(frozen=True)
class Inlet:
    """Where a server takes messages of one flow, and the flow's name and dataset."""

    api: Api
    port: int
    pid: int
    path: str
    flow: str
    dataset: str


def inlet(api: Api, port: int, pid: int, pairs: dict[str, str]) -> Inlet:
    connection = api.streaming_connection("raw")
    flow, target = mapped_flow(api, connection, pairs, next(_TITLES))
    return Inlet(api, port, pid, auth_params(api, connection)["inletId"], flow, target.dataset)


@contextmanager
def serving(pairs: dict[str, str]) -> Iterator[Inlet]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "emulator", "serve", "--port", "0", "--database", "sqlite:///e.db"]
        with started(command, folder) as (port, _, pid), client_of(f"http://127.0.0.1:{port}", "BENCH@AdobeOrg") as api:
            yield inlet(api, port, pid, pairs)


def single(rounds: int, seconds: float) -> float:
    """Events a second beside those of the bare server: the ratio of medians."""
    body = json.dumps(EVENT).encode()
    ours: list[load.Result] = []
    bare: list[load.Result] = []
    for _ in range(rounds):
        with serving({"id": "_acme.id", "person.first": "_acme.first"}) as here:
            message = load.request("POST", f"/collection/{here.path}", body, HEADERS)
            ours.append(load.run(here.port, itertools.repeat(message), seconds))
        with tempfile.TemporaryDirectory() as folder:
            floor = [sys.executable, str(Path(__file__).with_name("bare.py")), f"{folder}/bare.db"]
            with started(floor, folder) as (port, _, _):
                message = load.request("POST", "/collection/inlet", body, HEADERS)
                bare.append(load.run(port, itertools.repeat(message), seconds))
    rate, floor_rate = (statistics.median(one.rate for one in of) for of in (ours, bare))
    p99, floor_p99 = (statistics.median(one.p99_ms for one in of) for of in (ours, bare))
    print(f"single events: {rate:,.0f}/s, p99 {p99:.1f} ms; bare {floor_rate:,.0f}/s, p99 {floor_p99:.1f} ms")
    print(f"  ratio {rate / floor_rate:.2f} (budget {SINGLE_BUDGET})")
    return rate / floor_rate


def batches(rounds: int, seconds: float) -> float:
    """Records a second in batches of 500, each through ten mappings and validation."""
    record = {**EVENT, "a": 1, "b": 2.5, "c": True, "d": "text", "e": [1, 2, 3]}
    body = json.dumps({"messages": [record] * RECORDS}).encode()
    with serving({name: f"_acme.{name}" for name in FIELDS}) as here:
        message = load.request("POST", f"/collection/batch/{here.path}", body, HEADERS)
        results = [load.run(here.port, itertools.repeat(message), seconds, connections=4) for _ in range(rounds)]
    rate = statistics.median(result.rate for result in results) * RECORDS
    print(f"batches of {RECORDS}: {rate:,.0f} records/s (budget {RECORDS_BUDGET:,})")
    return rate


def steady(minutes: float, a_second: int) -> float:
    """Memory while events come steadily, single ones and batches; by how many MB it grows after its first tenth.

    At the end the run's figures are held against the dataset.
    """
    body = json.dumps(EVENT).encode()
    batch = json.dumps({"messages": [EVENT] * 10}).encode()
    with serving({"id": "_acme.id", "person.first": "_acme.first"}) as here:
        one = load.request("POST", f"/collection/{here.path}", body, HEADERS)
        many = load.request("POST", f"/collection/batch/{here.path}", batch, HEADERS)
        seen, began = [], time.perf_counter()
        for part in range(10):
            until = began + minutes * 60 * (part + 1) / 10
            while (now := time.perf_counter()) < until:
                load.run(here.port, iter([*[one] * (a_second - a_second // 10), *[many] * (a_second // 10)]), 60)
                time.sleep(max(0.0, 1 - (time.perf_counter() - now)))
            seen.append(memory_mb(here.pid))
            print(f"after {(time.perf_counter() - began) / 60:5.1f} min: {seen[-1]:.0f} MB", flush=True)
        check(here)
    return seen[-1] - seen[0]


def check(here: Inlet) -> None:
    """Nothing has been lost or counted twice."""
    counted = sum(run["metrics"]["recordSummary"]["outputRecordCount"] for run in here.api.runs(here.flow))
    landed = here.api.records(here.dataset, limit=1)["count"]
    assert counted == landed, (counted, landed)
    print(f"{landed:,} records landed, as the runs say")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3, help="how long each load lasts")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured")
    parser.add_argument("--minutes", type=float, help="only a steady load for so long")
    parser.add_argument("--rate", type=int, default=200, help="requests a second of the steady load")
    chosen = parser.parse_args()
    if chosen.minutes is not None:
        return 0 if steady(chosen.minutes, chosen.rate) <= GROWTH_BUDGET_MB else 1
    ratio, rate = single(chosen.rounds, chosen.seconds), batches(chosen.rounds, chosen.seconds)
    return 0 if ratio >= SINGLE_BUDGET and rate >= RECORDS_BUDGET else 1


if __name__ == "__main__":
    sys.exit(main())
