"""What runs read of file storages: new and changed files, each row once, and what is broken in them."""

from __future__ import annotations

import os
import tracemalloc
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator.engine.sources.file_reading import FileStore
from emulator.engine.sources.source import CHUNK, Chunk, NoData, UnreadableData, Wanted
from emulator.server import Background
from emulator.settings import Settings
from tests.exploring import PACKERS, file_store, put
from tests.sources import DAILY, Reader, landed, origin, records
from tests.support import AMAZON_S3, FILE_FLOW, Api, Document, client_of, spec

DELIMITED = {"format": "delimited"}
JSON = {"format": "json"}


def reader(*roots: Path, path: str, data: Document | None = None, **params: Any) -> Reader:
    return Reader(FileStore(origin("amazon-s3", {"path": path, **params}, *roots, data=data or DELIMITED)).source())


def old(path: Path, modified: int) -> Path:
    """The file as of that time, in nanoseconds."""
    os.utime(path, ns=(modified, modified))
    return path


def paths(chunks: list[Chunk]) -> list[str]:
    return [path for chunk in chunks for path in chunk.paths]


@pytest.mark.parametrize(
    ("path", "params", "expected"),
    [
        ("top.csv", {}, {"top.csv"}),
        ("/top.csv", {}, {"top.csv"}),
        ("a", {"type": "folder"}, {"a/1.csv", "a/2.tsv"}),
        ("a/", {"type": "folder", "recursive": False}, {"a/1.csv", "a/2.tsv"}),
        ("a", {"type": "folder", "recursive": "true"}, {"a/1.csv", "a/2.tsv", "a/b/3.csv", "a/b/c/4.csv"}),
        ("a/*.csv", {}, {"a/1.csv"}),
        ("a/?.*", {}, {"a/1.csv", "a/2.tsv"}),
        ("a/*.csv", {"recursive": True}, {"a/1.csv", "a/b/3.csv", "a/b/c/4.csv"}),
        ("*/b/*", {}, {"a/b/3.csv"}),
        ("a/*", {"type": "folder"}, {"a/1.csv", "a/2.tsv", "a/b/3.csv"}),
        ("nothing*", {}, set()),
        ("a/[1].csv", {}, None),
    ],
)
def test_a_path_names_a_file_a_folder_or_a_pattern(
    tmp_path: Path, path: str, params: Document, expected: set[str] | None
) -> None:
    for name in ("top.csv", "a/1.csv", "a/2.tsv", "a/b/3.csv", "a/b/c/4.csv", ".hidden.csv"):
        put(tmp_path, name, "id\n1\n")
    source = reader(tmp_path, path=path, **params)
    if expected is None:
        with pytest.raises(NoData, match=r"a/1\.csv"):
            source.read()
    else:
        assert set(paths(source.read())) == expected


def test_files_come_oldest_first_and_a_file_that_changed_comes_again(tmp_path: Path) -> None:
    old(put(tmp_path, "b.csv", "id\n1\n"), 1_000)
    old(put(tmp_path, "a.csv", "id\n2\n"), 2_000)
    source = reader(tmp_path, path="*.csv")
    assert records(source.read()) == [{"id": "1"}, {"id": "2"}]
    assert source.read() == []
    old(put(tmp_path, "b.csv", "id\n3\n"), 3_000)
    assert records(source.read()) == [{"id": "3"}]
    assert source.read() == []


def test_of_files_of_one_time_each_is_read_once(tmp_path: Path) -> None:
    old(put(tmp_path, "a.csv", "id\n1\n"), 5)
    source = reader(tmp_path, path="*.csv")
    source.read()
    old(put(tmp_path, "b.csv", "id\n2\n"), 5)
    assert records(source.read()) == [{"id": "2"}]
    old(put(tmp_path, "a.csv", "id\n33\n"), 5)
    assert records(source.read()) == [{"id": "33"}]
    assert source.read() == []


def test_a_first_reading_is_bounded_by_the_time_of_modification(tmp_path: Path) -> None:
    for second in (1, 2, 3):
        old(put(tmp_path, f"{second}.csv", f"id\n{second}\n"), second * 1_000_000_000 + 5)
    source = reader(tmp_path, path="*.csv")
    assert records(source.read(since=1_000, until=2_000)) == [{"id": "2"}]
    assert records(source.read()) == [{"id": "3"}]


def test_folders_that_lie_over_each_other_have_times_of_their_own(tmp_path: Path) -> None:
    """What was put lives by the emulator's clock, which may be years behind that of other files."""
    old(put(tmp_path / "disk", "a.csv", "id\n1\n"), 9_000)
    source = reader(tmp_path / "put", tmp_path / "disk", path="*.csv")
    assert records(source.read()) == [{"id": "1"}]
    old(put(tmp_path / "put", "b.csv", "id\n2\n"), 10)
    assert records(source.read()) == [{"id": "2"}]
    old(put(tmp_path / "put", "a.csv", "id\n3\n"), 11)
    assert records(source.read()) == [{"id": "3"}]
    assert source.read() == []


writings = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.sampled_from("abcd"), st.integers(1, 7)),
        st.tuples(st.just("tick")),
        st.tuples(st.just("run")),
        st.tuples(st.just("part")),
    ),
    max_size=25,
)


@given(steps=writings)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_written_and_read_every_row_is_read_once(
    steps: list[Any], tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files are written once each, at times that only grow; a run may end after any chunk."""
    monkeypatch.setattr("emulator.engine.sources.chunking.CHUNK", 3)
    folder, now, number = tmp_path_factory.mktemp("files"), 1_000, 0
    source = reader(folder, path="*.csv")
    written: list[str] = []
    seen: list[str] = []
    for step in [*steps, ("run",)]:
        if step[0] == "write":
            rows = [f"{number}-{row}" for row in range(step[2])]
            number += 1
            old(put(folder, f"{step[1]}{number}.csv", "id\n" + "".join(f"{row}\n" for row in rows)), now)
            written += rows
        elif step[0] == "tick":
            # A part of what has one time may have been read: later files of that time still come.
            now += 1
        elif step[0] == "part":
            part = source.read_part()
            seen += [record["id"] for record in part.records] if part else []
        else:
            seen += [record["id"] for record in records(source.read())]
    assert sorted(seen) == sorted(written)
    assert source.read() == []


def test_chunks_hold_so_many_records_and_cross_files(tmp_path: Path) -> None:
    for number in range(3):
        rows = "".join(f"{number}-{row}\n" for row in range(CHUNK - 1))
        old(put(tmp_path, f"{number}.csv", "id\n" + rows), number + 1)
    chunks = reader(tmp_path, path="*.csv").read()
    assert [len(chunk.records) for chunk in chunks] == [CHUNK, CHUNK, CHUNK - 3]
    assert [chunk.paths for chunk in chunks] == [("0.csv", "1.csv"), ("2.csv",), ()]
    assert sum(chunk.size for chunk in chunks) == sum(path.stat().st_size for path in tmp_path.iterdir())


def test_an_empty_file_is_read_and_has_nothing(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", "")
    source = reader(tmp_path, path="a.csv")
    (chunk,) = source.read()
    assert (chunk.records, chunk.paths) == ([], ("a.csv",))
    assert source.read() == []


def test_a_row_that_is_broken_costs_no_other(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", 'id,name\n1,Ada\n2\n3,"Grace\n4,Edsger\n5,"a"b\n6,"Bar\nbara"\n7,x,y\n8,Alan')
    (chunk,) = reader(tmp_path, path="a.csv").read()
    assert [record["id"] for record in chunk.records] == ["1", "4", "6", "8"]
    assert chunk.records[2]["name"] == "Bar\nbara"
    assert [row.text for row in chunk.bad] == ["2", '3,"Grace', '5,"a"b', "7,x,y"]
    for row in chunk.bad:
        assert row.message.startswith("The row has corrupted data and cannot be read or parsed. Fix the corrupted data")


def test_a_line_that_is_no_object_costs_no_other(tmp_path: Path) -> None:
    put(tmp_path, "a.jsonl", '{"id": 1}\n{"id": \n[2]\n\n{"id": 3}\n')
    (chunk,) = reader(tmp_path, path="a.jsonl", data=JSON).read()
    assert chunk.records == [{"id": 1}, {"id": 3}]
    assert [row.text for row in chunk.bad] == ['{"id":', "[2]"]


def test_the_first_line_may_be_broken_too(tmp_path: Path) -> None:
    put(tmp_path, "a.jsonl", '{"id": \n{"id": 2}\n{"id": 3}\n')
    (chunk,) = reader(tmp_path, path="a.jsonl", data=JSON).read()
    assert chunk.records == [{"id": 2}, {"id": 3}]
    assert len(chunk.bad) == 1


@pytest.mark.parametrize(
    "content",
    ['[{"id": 1}, {"id": 2}]', '[\n  {"id": 1},\n  {"id": 2}\n]', '{"id": 1}\n{"id": 2}', '\ufeff{"id": 1}\n{"id": 2}'],
)
def test_json_is_an_array_or_lines(tmp_path: Path, content: str) -> None:
    put(tmp_path, "a.json", content)
    assert records(reader(tmp_path, path="a.json", data=JSON).read()) == [{"id": 1}, {"id": 2}]


@pytest.mark.parametrize("packed", PACKERS)
def test_packed_files_are_read_as_the_source_connection_says(tmp_path: Path, packed: str) -> None:
    put(tmp_path, "a", PACKERS[packed](b"id;name\n1;Ada\n"))
    properties = {"compressionType": packed.lower(), "columnDelimiter": ";"}
    data = {"format": "delimited", "properties": properties}
    assert records(reader(tmp_path, path="a", data=data).read()) == [{"id": "1", "name": "Ada"}]


def test_older_source_connections_have_the_properties_in_data_itself(tmp_path: Path) -> None:
    put(tmp_path, "a.tsv", "id\tname\n1\té\n".encode("iso-8859-1"))
    data = {"format": "delimited", "columnDelimiter": "\\t", "encoding": "iso-8859-1"}
    assert records(reader(tmp_path, path="a.tsv", data=data).read()) == [{"id": "1", "name": "é"}]


@pytest.mark.parametrize("kind", ["parquet", "parquet_xdm"])
def test_parquet_is_read(tmp_path: Path, kind: str) -> None:
    packed = BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"id": [1, 2]}), packed)
    put(tmp_path, "a.parquet", packed.getvalue())
    assert records(reader(tmp_path, path="a.parquet", data={"format": kind}).read()) == [{"id": 1}, {"id": 2}]


@pytest.mark.parametrize(
    ("content", "data", "why"),
    [
        (b"id\n\xff\n", DELIMITED, "UTF-8"),
        (b"\0\1\2", DELIMITED, "no text"),
        (PACKERS["gzip"](b"id\n1\n"), DELIMITED, "compressionType=gzip"),
        (b"no archive", {"format": "delimited", "properties": {"compressionType": "gzip"}}, "gzip"),
        (b'[{"id": 1}, ', JSON, "JSON"),
        (b"id\n1\n", {"format": "parquet"}, "parquet"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes, data: Document, why: str) -> None:
    put(tmp_path, "good.csv", "id\n1\n")
    put(tmp_path, "deep/bad.file", content)
    with pytest.raises(UnreadableData, match=r"deep/bad\.file cannot be read") as raised:
        reader(tmp_path, path="deep/*", data=data).read()
    assert why in str(raised.value)


def test_a_large_file_is_not_held_in_memory(tmp_path: Path) -> None:
    with (tmp_path / "large.csv").open("w") as file:
        file.write("id,text\n")
        file.writelines(f"{number},{'x' * 100}\n" for number in range(100_000))
    source = FileStore(origin("amazon-s3", {"path": "large.csv"}, tmp_path, data=DELIMITED)).source()
    tracemalloc.start()
    count = sum(len(chunk.records) for chunk in source.chunks(Wanted()))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 100_000
    assert peak < 10 * 1024 * 1024


def test_the_landing_zone_is_read_below_its_container(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", "id\n1\n")
    params = {"path": "dlz-user-container/*.csv"}
    source = Reader(FileStore(origin("landing-zone", params, tmp_path, data=DELIMITED)).source())
    assert paths(source.read()) == ["dlz-user-container/a.csv"]
    with pytest.raises(NoData):
        Reader(FileStore(origin("landing-zone", {"path": "a.csv"}, tmp_path)).source()).read()


def test_a_flow_lands_the_rows_of_put_files(api: Api) -> None:
    store = file_store(api)
    address = f"/__admin/connections/{store}/data"
    api.http.put(f"{address}/day-1.csv", content="id\na\nb\n", headers={"content-type": "text/csv"})
    changes: Document = {"data": DELIMITED, "params": {"path": "day-*.csv", "type": "file"}}
    source = api.source_connection(store, AMAZON_S3, **changes)
    target = api.target()
    body = api.flow_body(source, target, {"id": "_test.id"}, flowSpec=spec(FILE_FLOW), scheduleParams=DAILY)
    run = api.first_run(api.make("flows", body))
    assert run["metrics"]["statusSummary"]["status"] == "success", run
    assert landed(api, target.dataset) == ["a", "b"]


def test_as_time_passes_a_flow_lands_each_put_file_once() -> None:
    """The clock is years behind the system's, by which the samples are as old as they are."""
    frozen = Settings(port=0, database="sqlite://", clock="2021-01-01T00:00:00Z")
    with Background(frozen) as running, client_of(running.url, "TIME@AdobeOrg") as api:
        store = file_store(api)
        address = f"/__admin/connections/{store}/data"
        changes: Document = {"data": DELIMITED, "params": {"path": "orders", "type": "folder", "recursive": "true"}}
        source, target = api.source_connection(store, AMAZON_S3, **changes), api.target()
        schedule = {"startTime": "1609459200", "frequency": "day", "interval": 1, "backfill": True}
        csv = {"content-type": "text/csv"}
        api.http.put(f"{address}/orders/a.csv", content="id\na\n", headers=csv)
        body = api.flow_body(source, target, {"id": "_test.id"}, flowSpec=spec(FILE_FLOW), scheduleParams=schedule)
        api.make("flows", body)
        for name in "bc":
            api.http.post("/__admin/clock/advance", json={"by": "P1D"})
            api.http.put(f"{address}/orders/deep/{name}.csv", content=f"id\n{name}\n", headers=csv)
        api.http.post("/__admin/clock/advance", json={"by": "P3D"})
        assert landed(api, target.dataset) == ["a", "b", "c"]


def test_a_source_connection_that_is_patched_changes_no_flow_that_joined_it(tmp_path: Path) -> None:
    folder = tmp_path / "amazon-s3"
    folder.mkdir()
    settings = Settings(port=0, database="sqlite://", sources=tmp_path, clock="2026-01-31T12:00:00Z")
    with Background(settings) as running, client_of(running.url, "KEPT@AdobeOrg") as api:
        store = file_store(api)
        data = {"format": "delimited", "properties": {"columnDelimiter": ","}}
        changes = {"baseConnectionId": store, "connectionSpec": spec(AMAZON_S3), "data": data, "params": {"path": "*"}}
        source, target = api.source_connection(store, AMAZON_S3, **changes), api.target()
        old(put(folder, "one.csv", "id,name\n1,a\n"), 1)
        body = api.flow_body(source, target, {"id": "_test.id"}, flowSpec=spec(FILE_FLOW), scheduleParams=DAILY)
        flow = api.make("flows", body)
        api.first_run(flow)
        change = [{"op": "replace", "path": "/data/properties/columnDelimiter", "value": ";"}]
        assert api.patch("sourceConnections", source, change).status_code == 200
        put(folder, "two.csv", "id,name\n2,b\n")
        assert api.http.post("/__admin/clock/advance", json={"by": "P1D"}).status_code == 200
        assert sorted(one["_test"]["id"] for one in api.records(target.dataset)["items"]) == ["1", "2"]
