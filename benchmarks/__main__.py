"""Requests a second and p99 of the hot path, beside the bare floor, in one run: ``python -m benchmarks``."""

from __future__ import annotations

import argparse
import itertools
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks import load

BASE = "/data/foundation/flowservice/connections"
HEADERS = {
    "authorization": "Bearer benchmark",
    "x-api-key": "benchmark",
    "x-gw-ims-org-id": "BENCH@AdobeOrg",
    "x-sandbox-name": "prod",
    "content-type": "application/json",
}
BODY = json.dumps(
    {
        "name": "Salesforce account",
        "description": "An account that a benchmark makes",
        "connectionSpec": {"id": "cfc0fee1-7dc0-40ef-b73e-d8b134c436f5", "version": "1.0"},
        "auth": {
            "specName": "Basic Authentication",
            "params": {"username": "someone@example.com", "password": "a password", "securityToken": "a token"},
        },
    }
).encode()
BUDGET = {"create": 0.4, "get": 0.4, "page of 20": 0.5}


@contextmanager
def started(command: list[str], folder: str) -> Iterator[tuple[int, float, int]]:
    """Port, seconds until ready, and process id of a server that prints where it listens."""
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            yield urlsplit(line.split()[-1]).port or 0, time.perf_counter() - began, process.pid
        finally:
            process.terminate()


def measure(port: int, seconds: float) -> dict[str, load.Result]:
    create = load.request("POST", BASE, BODY, HEADERS)
    load.run(port, itertools.repeat(create, 200), seconds)
    made = load.run(port, itertools.repeat(create), seconds, keep=True)
    ids = [json.loads(body)["id"] for body in made.bodies]
    random.shuffle(ids)
    gets = itertools.cycle([load.request("GET", f"{BASE}/{name}", headers=HEADERS) for name in ids[:5000]])
    page = load.request("GET", f"{BASE}?limit=20", headers=HEADERS)
    return {
        "create": made,
        "get": load.run(port, gets, seconds),
        "page of 20": load.run(port, itertools.repeat(page), seconds),
    }


def memory_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3, help="how long each load lasts")
    parser.add_argument("--rounds", type=int, default=3, help="how often both are measured in turn")
    chosen = parser.parse_args()
    ours: dict[str, list[load.Result]] = {}
    bare: dict[str, list[load.Result]] = {}
    ready, memory = [], []
    for _ in range(chosen.rounds):
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "emulator", "serve", "--port", "0", "--database", "sqlite:///e.db"]
            with started(command, folder) as (port, seconds, pid):
                ready.append(seconds)
                memory.append(memory_mb(pid))
                for name, result in measure(port, chosen.seconds).items():
                    ours.setdefault(name, []).append(result)
            floor = [sys.executable, str(Path(__file__).with_name("bare.py")), f"{folder}/bare.db"]
            with started(floor, folder) as (port, _, _):
                for name, result in measure(port, chosen.seconds).items():
                    bare.setdefault(name, []).append(result)
    return report(ours, bare, ready, memory)


def report(
    ours: dict[str, list[load.Result]], bare: dict[str, list[load.Result]], ready: list[float], memory: list[float]
) -> int:
    print(f"{'':12}{'emulator':>12}{'p99 ms':>8}{'bare':>10}{'p99 ms':>8}{'ratio':>8}{'budget':>8}")
    kept = True
    for name, budget in BUDGET.items():
        rate, floor = (statistics.median(result.rate for result in of[name]) for of in (ours, bare))
        p99, floor_p99 = (statistics.median(result.p99_ms for result in of[name]) for of in (ours, bare))
        ratio = rate / floor
        kept &= ratio >= budget
        print(f"{name:12}{rate:10.0f}/s{p99:8.2f}{floor:8.0f}/s{floor_p99:8.2f}{ratio:8.2f}{budget:8.2f}")
    print(f"ready in {statistics.median(ready):.2f} s (budget 0.5), {statistics.median(memory):.0f} MB (budget 90)")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
