"""What runs cost: ``python -m benchmarks.runs``.

A week of 20 hourly flows let pass at once; runs over files of growing size, with the memory of the server;
and the processor time of 10,000 scheduled flows that have nothing to do.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.__main__ import started
from tests.exploring import file_store
from tests.support import AMAZON_S3, FILE_FLOW, Api, client_of, spec

START = "2026-01-31T12:00:00Z"
START_S = 1_769_860_800
FLOWS, RECORDS = 20, 100
SIZES = (10_000, 100_000, 1_000_000)
IDLE_FLOWS, IDLE_S = 10_000, 20
RUNS_BUDGET, MEMORY_BUDGET_MB = 1000, 300


@contextmanager
def serving(folder: Path, *arguments: str) -> Iterator[tuple[str, Path]]:
    """Address of a server of its own process, and where the system tells of that process."""
    command = [sys.executable, "-m", "emulator", "serve", "--port", "0", "--database", "sqlite:///runs.db", *arguments]
    with started(command, str(folder)) as (port, _, pid):
        yield f"http://127.0.0.1:{port}", Path(f"/proc/{pid}")


def highest_mb(process: Path) -> float:
    """The most memory that a process has had."""
    lines = (process / "status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def processor_s(process: Path) -> float:
    fields = (process / "stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def advance(api: Api, by: str) -> tuple[int, float]:
    """How many runs, and how many seconds they took."""
    began = time.perf_counter()
    answer = api.http.post("/__admin/clock/advance", json={"by": by}, timeout=3600)
    assert answer.status_code == 200, answer.text
    return answer.json()["runs"], time.perf_counter() - began


def hourly(api: Api, number: int) -> None:
    schedule = {"startTime": START_S + 60 + number, "frequency": "hour", "interval": 1}
    target = api.target(f"Schema {number}")
    body = api.flow_body(api.source_connection(), target, {"data.id": "_bench.id"}, scheduleParams=schedule)
    api.make("flows", body)


def a_week(folder: Path) -> float:
    """Runs a second of a week of hourly flows with small sources."""
    stripe = folder / "sources" / "stripe"
    stripe.mkdir(parents=True)
    rows = ({"data": {"id": f"ch_{n}", "created": START_S + n * 6000, "amount": n}} for n in range(RECORDS))
    (stripe / "charges.ndjson").write_text("\n".join(map(json.dumps, rows)))
    (stripe / "source.json").write_text('{"cursor": "data.created", "resourceParameter": "resourcePath"}')
    with (
        serving(folder, "--clock", START, "--sources", str(folder / "sources")) as (url, _),
        client_of(url, "BENCH@AdobeOrg") as api,
    ):
        for number in range(FLOWS):
            hourly(api, number)
        runs, seconds = advance(api, "P7D")
    print(f"a week of {FLOWS} hourly flows: {runs:,} runs in {seconds:.1f} s, {runs / seconds:,.0f} runs/s")
    return runs / seconds


def large_files(folder: Path) -> float:
    """One run each over CSV files of growing size. Returns the most memory that it took, in MB."""
    store = folder / "sources" / "amazon-s3"
    store.mkdir(parents=True)
    for size in SIZES:
        with (store / f"{size}.csv").open("w") as file:
            file.write("id,name,amount,created\n")
            file.writelines(f"{n},Customer number {n},{n % 997}.50,2026-01-31T12:00:00Z\n" for n in range(size))
    with (
        serving(folder, "--clock", START, "--sources", str(folder / "sources")) as (url, process),
        client_of(url, "BENCH@AdobeOrg") as api,
    ):
        base = file_store(api)
        for hour, size in enumerate(SIZES, 1):
            changes = {"data": {"format": "delimited"}, "params": {"path": f"{size}.csv", "type": "file"}}
            source, target = api.source_connection(base, AMAZON_S3, **changes), api.target(f"Schema {size}")
            pairs = {"id": "_bench.id", "name": "_bench.name", "amount": "_bench.amount"}
            later = {"startTime": START_S + 3600 * hour, "frequency": "once"}
            body = api.flow_body(source, target, pairs, flowSpec=spec(FILE_FLOW), scheduleParams=later)
            flow = api.make("flows", body)
            _, seconds = advance(api, "PT1H")
            (run,) = api.runs(flow)
            assert run["metrics"]["recordSummary"]["outputRecordCount"] == size, run["metrics"]
            rate, memory = size / seconds, highest_mb(process)
            print(f"a run over {size:,} rows: {seconds:.1f} s, {rate:,.0f} records/s, {memory:.0f} MB")
        return highest_mb(process)


def idle(folder: Path) -> float:
    """Share of a processor that scheduled flows cost while none is due."""
    with serving(folder) as (url, process), client_of(url, "BENCH@AdobeOrg") as api:
        target, source = api.target(), api.source_connection()
        schedule = {"startTime": int(time.time()) + 86_400, "frequency": "hour", "interval": 1}
        body = api.flow_body(source, target, {"data.id": "_bench.id"}, scheduleParams=schedule)
        costs = []
        for flows in (0, IDLE_FLOWS):
            for _ in range(flows):
                api.make("flows", body)
            time.sleep(1)
            before = processor_s(process)
            time.sleep(IDLE_S)
            costs.append((processor_s(process) - before) / IDLE_S)
    print(f"idle: {costs[0]:.2%} of a processor without flows, {costs[1]:.2%} with {IDLE_FLOWS:,} scheduled ones")
    return costs[1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    figures = []
    for measure in (a_week, large_files, idle):
        with tempfile.TemporaryDirectory() as folder:
            figures.append(measure(Path(folder)))
    rate, memory, _ = figures
    return 0 if rate >= RUNS_BUDGET and memory <= MEMORY_BUDGET_MB else 1


if __name__ == "__main__":
    sys.exit(main())
