"""What runs read of tables: rows beyond the delta column's last value, and those that a row filter wants."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator.engine.sources.source import CHUNK, Chunk, NoData, UnreadableData
from emulator.engine.sources.table_store import TableStore
from tests.exploring import database, put
from tests.sources import Reader, landed, origin, records, table_flow
from tests.support import SALESFORCE, Api, Document

DAY_MS = 86_400_000


def reader(folder: Path, delta: str | None = None, filters: Document | None = None, **column: Any) -> Reader:
    params: Document = {"tableName": "T"} | ({"filters": filters} if filters else {})
    named = {"name": delta, **column} if delta else None
    return Reader(TableStore(origin("salesforce", params, folder, delta=named)).source())


def ids(chunks: list[Chunk]) -> list[Any]:
    return [record["id"] for record in records(chunks)]


def table(folder: Path, rows: list[tuple[Any, Any]]) -> None:
    put(folder, "T.csv", "id,at\n" + "".join(f"{one},{at}\n" for one, at in rows))


def test_without_a_delta_column_every_run_reads_the_whole_table(tmp_path: Path) -> None:
    table(tmp_path, [(1, ""), (2, "")])
    source = reader(tmp_path)
    assert ids(source.read()) == [1, 2]
    assert ids(source.read()) == [1, 2]


@pytest.mark.parametrize(
    ("first", "later"),
    [
        (["2024-01-02T00:00:00Z", "2024-01-01 23:00:00"], ["2024-01-02T01:00:00+00:30", "2024-01-01T00:00:00Z"]),
        (["9", "10"], ["11", "8"]),
        (["9.5", "10"], ["10.5", "8"]),
        (["b", "aa"], ["ba", "ab"]),
        (["2024-01-09", "2024-01-08"], ["2024-01-10", "2024-01-07"]),
    ],
    ids=["times", "whole numbers", "numbers", "texts", "days"],
)
def test_values_of_the_delta_column_are_compared_as_what_they_are(
    tmp_path: Path, first: list[str], later: list[str]
) -> None:
    rows: list[tuple[Any, Any]] = [(number, at) for number, at in enumerate(first)]
    table(tmp_path, rows)
    source = reader(tmp_path, "at")
    assert ids(source.read()) == [0, 1]
    assert source.read() == []
    table(tmp_path, [*rows, ("8", later[0]), ("9", later[1])])
    assert ids(source.read()) == [8]
    assert source.read() == []


def test_rows_without_a_value_are_read_only_by_a_first_reading_of_everything(tmp_path: Path) -> None:
    table(tmp_path, [(1, ""), (2, "2024-01-01T00:00:00Z")])
    source = reader(tmp_path, "at")
    assert ids(source.read()) == [1, 2]
    table(tmp_path, [(1, ""), (2, "2024-01-01T00:00:00Z"), (3, ""), (4, "2024-01-02T00:00:00Z")])
    assert ids(source.read()) == [4]
    assert ids(reader(tmp_path, "at").read(since=0)) == [2, 4]


def test_a_window_bounds_a_column_of_times_and_no_other(tmp_path: Path) -> None:
    table(tmp_path, [(day, f"1970-01-{day + 1:02}T00:00:00Z") for day in range(1, 6)])
    assert ids(reader(tmp_path, "at").read(since=2 * DAY_MS, until=4 * DAY_MS)) == [3, 4]
    assert ids(reader(tmp_path, "id").read(since=2 * DAY_MS, until=4 * DAY_MS)) == [1, 2, 3, 4, 5]


def test_times_without_a_zone_are_those_of_the_delta_columns_zone(tmp_path: Path) -> None:
    table(tmp_path, [(1, "1970-01-02T00:30:00")])
    assert ids(reader(tmp_path, "at").read(since=DAY_MS)) == [1]
    assert ids(reader(tmp_path, "at", timezone="Europe/Berlin").read(since=DAY_MS)) == []
    with pytest.raises(UnreadableData, match="Nowhere"):
        reader(tmp_path, "at", timezone="Nowhere").read()


def test_the_delta_column_is_found_in_any_capitals_and_named_when_it_is_missing(tmp_path: Path) -> None:
    table(tmp_path, [(1, "2")])
    assert ids(reader(tmp_path, "AT").read()) == [1]
    with pytest.raises(UnreadableData, match="no delta column updated; its columns are id, at"):
        reader(tmp_path, "updated").read()


def test_another_delta_column_begins_anew(tmp_path: Path) -> None:
    table(tmp_path, [(1, "2")])
    source = reader(tmp_path, "at")
    source.read()
    other = reader(tmp_path, "id")
    other.cursor = source.cursor
    assert ids(other.read()) == [1]


def test_a_row_filter_counts_what_it_leaves_out(tmp_path: Path) -> None:
    table(tmp_path, [(1, "5"), (2, "6"), (3, "7")])
    node = {"nodeType": "fnApply", "fnName": ">", "params": [
        {"nodeType": "fieldLookup", "fieldName": "id"}, {"nodeType": "literal", "value": 1}]}  # fmt: skip
    source = reader(tmp_path, "at", {"type": "PQL", "format": "pql/json", "value": node})
    (chunk,) = source.read()
    assert (ids([chunk]), chunk.filtered) == ([2, 3], 1)
    assert source.read() == []


def test_a_row_filter_that_does_not_fit_the_table_is_said(tmp_path: Path) -> None:
    table(tmp_path, [(1, "5")])
    node = {"nodeType": "fnApply", "fnName": "isNull", "params": [{"nodeType": "fieldLookup", "fieldName": "city"}]}
    with pytest.raises(UnreadableData, match="city"):
        reader(tmp_path, None, {"type": "PQL", "format": "pql/json", "value": node}).read()


def test_a_row_that_is_broken_costs_no_other(tmp_path: Path) -> None:
    put(tmp_path, "T.csv", "id,at\n1,5\n2\n3,7\n")
    source = reader(tmp_path, "at")
    (chunk,) = source.read()
    assert (ids([chunk]), [row.text for row in chunk.bad]) == ([1, 3], ["2"])
    assert source.read() == []


@pytest.mark.parametrize("suffix", ["csv", "parquet", "ndjson", "json"])
def test_a_table_lies_in_a_file_of_any_of_these_kinds(tmp_path: Path, suffix: str) -> None:
    rows = [{"id": 1, "at": 5}, {"id": 2, "at": 6}]
    packed = BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), packed)
    contents: dict[str, str | bytes] = {
        "csv": "id,at\n1,5\n2,6\n",
        "parquet": packed.getvalue(),
        "ndjson": "\n".join(map(json.dumps, rows)),
        "json": json.dumps(rows),
    }
    put(tmp_path, f"T.{suffix}", contents[suffix])
    source = reader(tmp_path, "at")
    assert records(source.read()) == rows
    assert source.read() == []


def test_a_view_is_read_where_no_table_has_its_name(tmp_path: Path) -> None:
    put(tmp_path, "views/T.csv", "id,at\n1,5\n")
    assert ids(reader(tmp_path).read()) == [1]
    with pytest.raises(NoData, match="nearest: T"):
        put(tmp_path, "T.csv", "id\n1\n")
        Reader(TableStore(origin("salesforce", {"tableName": "TT"}, tmp_path)).source()).read()


def test_chunks_hold_so_many_records(tmp_path: Path) -> None:
    table(tmp_path, [(number, 7) for number in range(2 * CHUNK + 1)])
    assert [len(chunk.records) for chunk in reader(tmp_path, "at").read()] == [CHUNK, CHUNK, 1]


appended = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.lists(st.integers(1, 5), min_size=1, max_size=6)),
        st.tuples(st.just("run")),
        st.tuples(st.just("part")),
    ),
    max_size=15,
)


@given(steps=appended)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_appended_and_read_every_row_is_read_once(
    steps: list[Any], tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Values only grow from one reading to the next; a reading may stop after any chunk."""
    monkeypatch.setattr("emulator.engine.sources.chunking.CHUNK", 2)
    folder, rows, seen, floor = tmp_path_factory.mktemp("tables"), [(0, 1)], [], 1
    table(folder, list(rows))
    source = reader(folder, "at")
    for step in [*steps, ("run",)]:
        if step[0] == "append":
            rows += [(len(rows) + number, floor + value) for number, value in enumerate(step[1])]
            table(folder, list(rows))
        elif step[0] == "part":
            part = source.read_part()
            seen += ids([part]) if part else []
        else:
            seen += ids(source.read())
        if step[0] != "append":
            floor = max(value for _, value in rows)
    assert sorted(seen) == [one for one, _ in rows]
    assert source.read() == []


def test_a_flow_lands_the_new_rows_of_a_put_table(api: Api) -> None:
    base = database(api)
    csv = {"content-type": "text/csv"}
    api.http.put(f"/__admin/connections/{base}/data/People", content="id,at\na,1\nb,2\n", headers=csv)
    flow, dataset = table_flow(api, base, SALESFORCE, "People", "at")
    run = api.first_run(flow)
    assert run["metrics"]["statusSummary"]["status"] == "success", run
    assert landed(api, dataset) == ["a", "b"]
