"""What it costs to replace state: ``python -m benchmarks.state [DATABASE]``.

Save, restore and reset of a state of 10,000 rows, and of one small tenant beside it, over HTTP; export and import
of 100,000 records, with the memory of the server.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

from benchmarks.runs import highest_mb, serving
from tests.support import Document

ROUNDS = 15
BIG, SMALL, RECORDS = "BIG@AdobeOrg", "SMALL@AdobeOrg", 100_000
BUDGETS_MS = {"restore": 100.0, "reset to the seed": 50.0, "reset of a small tenant": 5.0}


def connections(count: int) -> list[Document]:
    return [{"name": f"Account {number}", "mode": "draft", "connectionSpec": "salesforce"} for number in range(count)]


def tenant(org: str, accounts: int, records: int) -> Document:
    profile = {"$ref": "https://ns.adobe.com/xdm/context/profile"}
    rows = [{"_bench": {"id": f"record {number}", "amount": number}} for number in range(records)]
    return {
        "org": org,
        "schemas": [{"title": "Records", "type": "object", "allOf": [profile]}],
        "dataSets": [{"name": "Records", "schemaRef": "Records", "records": rows}],
        "connections": connections(accounts),
    }


def write(folder: Path, *tenants: Document) -> Path:
    path = folder / "seed.json"
    path.write_text(json.dumps({"format": 1, "tenants": tenants}), encoding="utf-8")
    return path


def best_ms(http: httpx.Client, method: str, path: str, **sent: Any) -> float:
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        answer = http.request(method, path, **sent)
        taken.append((time.perf_counter() - began) * 1000)
        assert answer.is_success, answer.text
    return min(taken)


def ten_thousand(folder: Path, database: list[str]) -> dict[str, float]:
    # An account is a row and the entry of its name.
    seed = write(folder, tenant(BIG, 2_500, 5_000), tenant(SMALL, 10, 10))
    with serving(folder, "--seed", str(seed), *database) as (url, _), httpx.Client(base_url=url, timeout=60) as http:
        small = {"x-gw-ims-org-id": SMALL}
        figures = {"save": best_ms(http, "POST", "/__admin/snapshots", json={"name": "bench"})}
        figures["restore"] = best_ms(http, "POST", "/__admin/snapshots/bench/restore")
        figures["reset to the seed"] = best_ms(http, "POST", "/__admin/reset")
        figures["reset of a small tenant"] = best_ms(http, "POST", "/__admin/reset", headers=small)
        rows = http.get("/__admin/snapshots").json()["items"][0]["rows"]
        figures["reset to nothing"] = best_ms(http, "POST", "/__admin/reset?to=empty")
    for name, taken in figures.items():
        print(f"{name}, {rows:,} rows: {taken:.1f} ms")
    return figures


def a_hundred_thousand(folder: Path) -> None:
    seed = write(folder, tenant(BIG, 0, RECORDS))
    with serving(folder, "--seed", str(seed)) as (url, _), httpx.Client(base_url=url, timeout=600) as http:
        document = http.get("/__admin/export").content
    for database in folder.glob("*.db*"):
        database.unlink()
    with serving(folder) as (url, process), httpx.Client(base_url=url, timeout=600) as http:
        before, began = highest_mb(process), time.perf_counter()
        kind = {"content-type": "application/json"}
        assert http.post("/__admin/import", content=document, headers=kind).is_success
        imported, memory = time.perf_counter() - began, highest_mb(process)
        began = time.perf_counter()
        assert http.get("/__admin/export").content == document
        exported, after = time.perf_counter() - began, highest_mb(process)
    size = len(document) / 1_000_000
    print(f"import of {RECORDS:,} records, {size:.0f} MB: {imported:.1f} s, {memory - before:.0f} MB of memory")
    print(f"export of the same: {exported:.1f} s, {after - memory:.0f} MB more")


def main() -> int:
    database = ["--database", sys.argv[1]] if len(sys.argv) > 1 else []
    with tempfile.TemporaryDirectory() as folder:
        figures = ten_thousand(Path(folder), database)
    with tempfile.TemporaryDirectory() as folder:
        a_hundred_thousand(Path(folder))
    return 0 if all(figures[name] <= budget for name, budget in BUDGETS_MS.items()) else 1


if __name__ == "__main__":
    sys.exit(main())
