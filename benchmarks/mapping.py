"""Records a second through a mapping set, beside a function written by hand: ``python -m benchmarks.mapping``.

Eleven attributes and four calculated fields of Mixpanel's events, evaluated alone: nothing is read or landed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import orjson

from emulator.data_files import fixtures_folder
from emulator.domain.language.values import Surroundings
from emulator.domain.mapping import compile_mappings
from emulator.domain.mapping_sets import read_request

Document = dict[str, Any]
COPIES, ROUNDS = 200, 5
BUDGET, AIM = 40_000, 4
ATTRIBUTES = {
    "event": "eventType",
    "properties.time": "_bench.time",
    "properties.distinct_id": "_bench.distinctId",
    "properties.$insert_id": "_id",
    "properties.$mp_api_endpoint": "_bench.api.endpoint",
    "properties.$mp_api_timestamp_ms": "_bench.api.timestamp",
    "properties.mp_processing_time_ms": "_bench.api.processed",
    "properties.$import": "_bench.imported",
    "properties.item_id": "_bench.item.id",
    "properties.item_name": "_bench.item.name",
    "properties.item_price": "_bench.item.price",
}
EXPRESSIONS = {
    'concat("mixpanel-", lower(event))': "_bench.key",
    'iif(properties.item_id != null && properties.item_id != "", "item", "other")': "_bench.kind",
    'coalesce(properties.item_name, event, "unknown")': "_bench.title",
    "upper(trim(properties.distinct_id))": "_bench.who",
}


def by_hand(record: Document) -> Document:
    """The same, as somebody would write it who knows the records."""
    properties = record.get("properties") or {}
    get = properties.get
    target: Document = {}
    bench: Document = {}
    api: Document = {}
    item: Document = {}
    event, who, item_id, title = record.get("event"), get("distinct_id"), get("item_id"), get("item_name")
    for value, into, name in (
        (event, target, "eventType"),
        (get("$insert_id"), target, "_id"),
        (get("time"), bench, "time"),
        (who, bench, "distinctId"),
        (get("$import"), bench, "imported"),
        (get("$mp_api_endpoint"), api, "endpoint"),
        (get("$mp_api_timestamp_ms"), api, "timestamp"),
        (get("mp_processing_time_ms"), api, "processed"),
        (item_id, item, "id"),
        (title, item, "name"),
        (get("item_price"), item, "price"),
    ):
        if value is not None:
            into[name] = value
    bench["key"] = "mixpanel-" + (event or "").lower()
    bench["kind"] = "item" if item_id is not None and item_id != "" else "other"
    bench["title"] = title if title is not None else event if event is not None else "unknown"
    bench["who"] = (who or "").strip().upper()
    if api:
        bench["api"] = api
    if item:
        bench["item"] = item
    target["_bench"] = bench
    return target


def records() -> list[Document]:
    (path,) = (fixtures_folder() / "sources" / "mixpanel").glob("*.ndjson")
    lines = path.read_bytes().splitlines()
    return [orjson.loads(line) for line in lines] * COPIES


def rate(run: Callable[[Document], Any], read: list[Document]) -> float:
    """The best of some rounds, in records a second."""

    def rounds() -> Iterator[float]:
        for _ in range(ROUNDS):
            began = time.perf_counter()
            for record in read:
                run(record)
            yield len(read) / (time.perf_counter() - began)

    return max(rounds())


def main() -> int:
    mappings = [{"source": source, "destination": to, "sourceType": "ATTRIBUTE"} for source, to in ATTRIBUTES.items()]
    mappings += [
        {"source": source, "destination": to, "sourceType": "EXPRESSION"} for source, to in EXPRESSIONS.items()
    ]
    request = read_request({"xdmSchema": "bench", "mappings": mappings})
    surroundings = Surroundings(lambda: datetime(2026, 1, 31, tzinfo=UTC), lambda: "")
    mapper = compile_mappings(request.mappings, surroundings)
    read = records()
    assert mapper(read[0]) == by_hand(read[0]), (mapper(read[0]), by_hand(read[0]))
    ours, hand = rate(mapper, read), rate(by_hand, read)
    print(f"mapping set: {ours:,.0f} records/s (budget {BUDGET:,})")
    print(f"by hand: {hand:,.0f} records/s, {hand / ours:.1f} times as fast (aim: at most {AIM})")
    return 0 if ours >= BUDGET else 1


if __name__ == "__main__":
    sys.exit(main())
