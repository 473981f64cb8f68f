"""What a page costs in a small and in a large sandbox, side by side: ``python -m benchmarks.lists``.

Flows are written straight into the database, as the create call would; then every list is asked for
over HTTP in turn, small and large, and the medians are compared.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
import uuid

import httpx
from sqlalchemy import create_engine, text

from emulator.domain.audit import created
from emulator.domain.identifiers import Identifiers, default_sandbox_id
from emulator.domain.kinds import FLOWS
from emulator.domain.tenant import Tenant
from emulator.server import Background
from emulator.settings import Settings
from emulator.store import resources, sandboxes
from emulator.store.database import Database
from emulator.store.migrations import migrate
from emulator.store.sandboxes import Sandbox

ORG = "BENCH@AdobeOrg"
PATH = "/data/foundation/flowservice/flows"
BUDGET = 1.3
HALF_WAY = "half way"
START = 1_700_000_000_000
STRIPE_FLOW = "6499120c-0b15-42dc-936e-847ea3c24d72"
STREAM_FLOW = "e77fde5a-22a8-11ed-861d-0242ac120002"


def lists(rows: int) -> dict[str, str]:
    """The lists by what they show; every one has a full page, or little more than one match."""
    middle, recent = START + rows // 2 * 1000, START + (rows - 200) * 1000
    return {
        "newest": "",
        "half way down": HALF_WAY,
        "by name": f"property=name==Flow {rows // 2}",
        "by state": "property=state==enabled",
        "by a rare state": "property=state==disabled",
        "by flow spec and state": f"property=flowSpec.id=={STRIPE_FLOW}&property=state==enabled",
        "by source connection": "property=sourceConnectionIds[]==shared-source",
        "since an instant": f"property=createdAt>={recent}",
        "before an instant": f"property=createdAt<{middle}",
        "ordered by name": "orderby=name",
        "ordered by -updatedAt": "orderby=-updatedAt",
        "by state, ordered by name": "property=state==enabled&orderby=name",
        "by a rare state, ordered by name": "property=state==disabled&orderby=name",
    }


def fill(url: str, rows: int) -> None:
    """``rows`` flows: one in a thousand (at least three) is disabled, one in ten streams."""
    database = Database(url)
    migrate(database)
    ids, tenant = Identifiers(1), Tenant(ORG, "prod", default_sandbox_id(ORG, "prod"), "bench@AdobeID", "bench")
    with database.writing() as tx:
        sandboxes.create(tx, Sandbox(ORG, "prod", tenant.sandbox_id, "Prod", "production", "active", START, "bench"))
    rare = max(3, rows // 1000)
    for first in range(0, rows, 20_000):
        with database.writing() as tx:
            for number in range(first, min(rows, first + 20_000)):
                now, etag = START + number * 1000, ids.etag(START + number * 1000)
                state = "disabled" if number % (rows // rare) == 0 else "enabled"
                flow = created(_flow(number), str(uuid.UUID(int=number + 1)), tenant, now, etag, state)
                resources.create(tx, tenant, FLOWS, flow["id"], flow, etag)
    database.close()
    if database.family == "postgresql":
        with create_engine(url, isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text("VACUUM ANALYZE"))


def _flow(number: int) -> dict[str, object]:
    source = "shared-source" if number % 1000 == 0 else f"source-{number}"
    return {
        "name": f"Flow {number}",
        "description": "A flow of a benchmark",
        "flowSpec": {"id": STREAM_FLOW if number % 10 == 0 else STRIPE_FLOW, "version": "1.0"},
        "sourceConnectionIds": [source],
        "targetConnectionIds": [f"target-{number}"],
        "transformations": [{"name": "Mapping", "params": {"mappingId": f"{number:032x}", "mappingVersion": 0}}],
        "scheduleParams": {"startTime": "1700000000", "frequency": "hour", "interval": 1},
        "inheritedAttributes": {
            "properties": {"isSourceFlow": True},
            "sourceConnections": [{"id": source, "baseConnection": {"id": f"base-{number % 50}"}}],
            "targetConnections": [{"id": f"target-{number}"}],
        },
    }


class Side:
    """One of the two servers that are compared."""

    def __init__(self, url: str, rows: int) -> None:
        began = time.perf_counter()
        fill(url, rows)
        print(f"{rows:,} flows written in {time.perf_counter() - began:.0f} s", file=sys.stderr)
        self.rows = rows
        self.server = Background(Settings(port=0, database=url, clock="frozen"))
        self.server.__enter__()
        headers = {"Authorization": "Bearer b", "x-api-key": "b", "x-gw-ims-org-id": ORG}
        self.http = httpx.Client(base_url=self.server.url, headers=headers, timeout=600)
        self.queries = lists(rows)

    def close(self) -> None:
        self.http.close()
        self.server.__exit__(None, None, None)

    def prepare(self, name: str) -> str:
        """The query string of a list; for a deep page, the token that leads there."""
        query = self.queries[name]
        if query != HALF_WAY:
            return query
        token, step = "", min(1000, self.rows // 2)
        for _ in range(self.rows // 2 // step):
            body = self.http.get(f"{PATH}?limit={step}{token}").json()
            token = "&" + body["_links"]["next"]["href"].split("?")[1]
        return f"limit=20{token}"

    def measure(self, query: str) -> float:
        """Milliseconds of one page."""
        began = time.perf_counter()
        answer = self.http.get(f"{PATH}?{query}")
        spent = time.perf_counter() - began
        assert answer.status_code == 200 and answer.json()["items"], answer.text[:300]
        return spent * 1000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="flows in the large sandbox")
    parser.add_argument("--rounds", type=int, default=150, help="how often each list is asked for")
    parser.add_argument("--database", help="URL of an empty PostgreSQL database with {} where small or large goes")
    chosen = parser.parse_args()
    kept = True
    with tempfile.TemporaryDirectory() as folder:
        pattern = chosen.database or f"sqlite:///{folder}/{{}}.db"
        small, large = Side(pattern.format("small"), 1000), Side(pattern.format("large"), chosen.rows)
        print(f"{'':34}{'1,000':>10}{chosen.rows:>12,}{'ratio':>8}")
        for name in small.queries:
            queries = {side: side.prepare(name) for side in (small, large)}
            times: dict[Side, list[float]] = {small: [], large: []}
            for _ in range(chosen.rounds):
                for side, query in queries.items():
                    times[side].append(side.measure(query))
            before, after = (statistics.median(times[side]) for side in (small, large))
            kept &= after / before <= BUDGET
            print(f"{name:34}{before:7.2f} ms{after:9.2f} ms{after / before:8.2f}")
        small.close()
        large.close()
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
