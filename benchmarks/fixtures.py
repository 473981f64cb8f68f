"""What a test pays for a tenant of its own: ``python -m benchmarks.fixtures``.

Set-up and tear-down of the fixture ``aep``, and a run of many small tests on two workers of pytest-xdist.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from emulator.testing import Emulator

ROOT = Path(__file__).parent.parent
ROUNDS = 300
TESTS = 200
BUDGETS_MS = {"set-up": 2.0, "tear-down": 5.0, "tear-down after a flow": 5.0}
# Each moves what tenants could have in common, and looks whether anybody else is there.
SMALL = """
import pytest
from datetime import UTC, datetime, timedelta

FLOWS = "/data/foundation/flowservice/flows"
START = datetime(2026, 1, 1, tzinfo=UTC)

@pytest.mark.parametrize("number", range({count}))
def test_small(aep, aep_clock, aep_faults, aep_requests, number):
    aep_clock.freeze(START + timedelta(days=number))
    flow = aep.flow([{{"number": number}}])
    flow.wait()
    assert list(flow.records()[0].values()) == [{{"number": number}}]
    aep_faults.add(match={{"path": FLOWS}}, effect={{"status": 503}}, times=1)
    assert aep.http.get(FLOWS).status_code == 503
    assert [one["id"] for one in aep.http.get(FLOWS).json()["items"]] == [flow.id]
    assert aep_requests.count() == 2
    assert aep_clock.now() == START + timedelta(days=number)
"""


def median_ms(taken: list[float]) -> float:
    return statistics.median(taken) * 1000


def timed(what: Callable[[], object], into: list[float]) -> None:
    began = time.perf_counter()
    what()
    into.append(time.perf_counter() - began)


def tenants() -> dict[str, float]:
    """Medians in milliseconds."""
    taken: dict[str, list[float]] = {name: [] for name in BUDGETS_MS}
    with Emulator() as emulator:
        for number in range(ROUNDS):
            began = time.perf_counter()
            aep = emulator.aep()
            taken["set-up"].append(time.perf_counter() - began)
            if number % 2:
                aep.flow([{"number": number}]).wait()
            timed(aep.close, taken["tear-down after a flow" if number % 2 else "tear-down"])
    return {name: median_ms(found) for name, found in taken.items()}


def small_tests(folder: Path, count: int = TESTS, workers: int = 2) -> subprocess.CompletedProcess[str]:
    """A run of so many tests by the plugin of this tree."""
    (folder / "test_small.py").write_text(SMALL.format(count=count), encoding="utf-8")
    plugins = ["-p", "emulator.pytest_plugin", "-p", "xdist", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", "-q", "-n", str(workers), *plugins, "--rootdir", str(folder)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("FLOW_", "PYTEST_"))}
    environment |= {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def main() -> int:
    found = tenants()
    for name, ms in found.items():
        print(f"{name:24}{ms:8.2f} ms (budget {BUDGETS_MS[name]:.0f})")
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        done = small_tests(Path(folder))
        print(
            f"{TESTS} small tests on 2 workers in {time.perf_counter() - began:.1f} s: {done.stdout.splitlines()[-1]}"
        )
    return done.returncode or any(ms > BUDGETS_MS[name] for name, ms in found.items())


if __name__ == "__main__":
    sys.exit(main())
