"""Data Access: what a batch was made of, what landed of it and what did not, down to the bytes."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator.domain.byte_ranges import byte_range
from emulator.domain.errors import Refusal
from emulator.server import Background
from emulator.store.rejected import Rejected
from tests.landing import CORRUPT, MISSING, put_batch
from tests.support import CATALOG, Api, Document, assert_problem

EXPORT = "/data/foundation/export"
UNKNOWN = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
ROWS = [{"n": n, "name": "Zoë ✓" * (n % 4)} for n in range(700)]
WHOLE = "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in ROWS).encode()


@pytest.fixture
def dataset(api: Api) -> str:
    return api.dataset(api.schema())


def entries(answer: httpx.Response) -> dict[str, Document]:
    """The entries of a list by name."""
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["_page"]["count"] == len(body["data"])
    return {entry["name"]: entry for entry in body["data"]}


def lines(answer: httpx.Response) -> list[Document]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.content.endswith(b"\n")
    return [json.loads(line) for line in answer.content.splitlines()]


def part_of(api: Api, batch: str) -> str:
    """The address of the one part of a batch's data."""
    (file,) = api.http.get(f"{EXPORT}/batches/{batch}/files").json()["data"]
    (part,) = api.http.get(file["_links"]["self"]["href"]).json()["data"]
    href: str = part["_links"]["self"]["href"]
    return href


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    elif isinstance(value, str):
        yield value


def files_below(api: Api, href: str) -> Iterator[bytes]:
    """What every link leads to in the end; a length that a list told is that of the file."""
    answer = api.http.get(href)
    assert answer.status_code == 200, (href, answer.text)
    if answer.headers["content-type"] != "application/json":
        yield answer.content
        return
    for entry in answer.json()["data"]:
        link = entry["_links"]["self"]["href"]
        assert link.startswith(str(api.http.base_url))
        for content in files_below(api, link):
            assert "length" not in entry or entry["length"] == str(len(content))
            yield content


def test_every_link_of_a_run_leads_to_bytes(api: Api) -> None:
    flow, target = api.flow()
    run = api.first_run(flow)
    manifests = [text for text in texts(run) if EXPORT in text]
    assert manifests
    for manifest in manifests:
        for content in files_below(api, manifest):
            assert all(json.loads(line) for line in content.splitlines())
    ((batch,),) = [info["reference"]["ids"] for info in run["activities"][1]["targetInfo"]]
    (data,) = files_below(api, f"{EXPORT}/batches/{batch}/files")
    landed = api.records(target.dataset, limit=1000)
    assert [json.loads(line) for line in data.splitlines()] == landed["items"]
    assert len(landed["items"]) == run["metrics"]["recordSummary"]["outputRecordCount"]


def test_the_data_of_a_batch_is_one_file_of_one_part(server: Background, api: Api, dataset: str) -> None:
    batch = put_batch(server, api, dataset, ROWS)
    (file,) = api.http.get(f"{EXPORT}/batches/{batch}/files").json()["data"]
    view = api.http.get(f"{CATALOG}/dataSets/{dataset}").json()[dataset]["viewId"]
    assert file["dataSetFileId"] == f"{batch}-1"
    assert file["dataSetViewId"] == view
    assert (file["records"], file["size"]) == (str(len(ROWS)), str(len(WHOLE)))
    created = api.http.get(f"{CATALOG}/batches/{batch}").json()[batch]["created"]
    assert file["created"] == str(created)
    assert file["_links"]["self"]["href"] == f"{server.url}{EXPORT}/files/{batch}-1"
    ((name, part),) = entries(api.http.get(file["_links"]["self"]["href"])).items()
    assert name.startswith("part-00000-")
    assert part["length"] == str(len(WHOLE))
    assert part["_links"]["self"]["href"] == f"{server.url}{EXPORT}/files/{batch}-1?path={name}"
    answer = api.http.get(part["_links"]["self"]["href"])
    assert (answer.status_code, answer.content) == (200, WHOLE)
    assert answer.headers["accept-ranges"] == "bytes"


def test_a_batch_in_which_nothing_landed_has_no_files(server: Background, api: Api, dataset: str) -> None:
    batch = put_batch(server, api, dataset, [], [MISSING], status="failed")
    assert api.http.get(f"{EXPORT}/batches/{batch}/files").json() == {"data": [], "_page": {"limit": 100, "count": 0}}
    assert_problem(api.http.get(f"{EXPORT}/files/{batch}-1"), 404, f"{batch}-1")


def test_head_tells_the_length_without_the_bytes(server: Background, api: Api, dataset: str) -> None:
    part = part_of(api, put_batch(server, api, dataset, ROWS))
    answer = api.http.head(part, headers={"Range": "bytes=0-9"})
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(WHOLE))
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-type"] == "application/octet-stream"


def test_a_range_is_that_slice_of_the_whole(server: Background, api: Api, dataset: str) -> None:
    part = part_of(api, put_batch(server, api, dataset, ROWS))
    places = st.integers(0, len(WHOLE) - 1)

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(places, st.integers(0, 2 * len(WHOLE)) | st.none(), st.booleans())
    def holds(start: int, length: int | None, from_the_end: bool) -> None:
        if from_the_end:
            header, wanted = f"bytes=-{start + 1}", WHOLE[-(start + 1) :]
        elif length is None:
            header, wanted = f"bytes={start}-", WHOLE[start:]
        else:
            header, wanted = f"bytes={start}-{start + length}", WHOLE[start : start + length + 1]
        answer = api.http.get(part, headers={"Range": header})
        assert (answer.status_code, answer.content) == (206, wanted)
        first = len(WHOLE) - len(wanted) if from_the_end else start
        assert answer.headers["content-range"] == f"bytes {first}-{first + len(wanted) - 1}/{len(WHOLE)}"
        assert answer.headers["content-length"] == str(len(wanted))

    holds()


@given(st.binary(min_size=1, max_size=50), st.data())
def test_ranges_side_by_side_make_the_whole(content: bytes, data: st.DataObject) -> None:
    at, made = 0, b""
    while at < len(content):
        last = at + data.draw(st.integers(0, len(content)))
        start, end = byte_range(f"bytes={at}-{last}", len(content))
        made += content[start:end]
        at = last + 1
    assert made == content


@pytest.mark.parametrize(
    "header",
    ["bytes=100-", "bytes=100-200", "bytes=5-4", "bytes=-0", "bytes=-", "bytes=0-1,3-4", "lines=0-1", "0-1", "bytes"],
)
def test_a_range_that_is_none_or_not_in_the_file_is_refused_with_its_length(header: str) -> None:
    with pytest.raises(Refusal) as refused:
        byte_range(header, 100)
    assert refused.value.code == "EXPORT-0416-416"
    assert refused.value.headers == {"content-range": "bytes */100"}


def test_a_refused_range_is_answered_with_416(server: Background, api: Api, dataset: str) -> None:
    part = part_of(api, put_batch(server, api, dataset, ROWS))
    answer = api.http.get(part, headers={"Range": f"bytes={len(WHOLE)}-"})
    assert_problem(answer, 416, str(len(WHOLE)), "bytes=0-99")
    assert answer.headers["content-range"] == f"bytes */{len(WHOLE)}"


def test_records_come_as_parquet_where_the_name_says_so(server: Background, api: Api, dataset: str) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    rows: list[Document] = [
        {"id": n, "at": "2026-01-01T00:00:00Z", "empty": {}, "in": {"list": [{"x": n / 2}]}} for n in range(600)
    ]
    rows[-1]["late"] = "only here"
    part = part_of(api, put_batch(server, api, dataset, rows)).replace(".json", ".parquet")
    whole = api.http.get(part)
    assert whole.status_code == 200, whole.text
    table = parquet.read_table(io.BytesIO(whole.content)).to_pylist()
    expected = [{name: row.get(name) for name in ("id", "at", "in", "late")} for row in rows]
    assert table == expected
    assert api.http.get(part, headers={"Range": "bytes=0-3"}).content == b"PAR1"


def test_records_without_columns_in_common_are_no_parquet(server: Background, api: Api, dataset: str) -> None:
    pytest.importorskip("pyarrow.parquet")
    unlike: list[list[Document]] = [[{"a": 1}, {"a": "x"}], [{}]]
    for rows in unlike:
        part = part_of(api, put_batch(server, api, dataset, rows))
        assert_problem(api.http.get(part.replace(".json", ".parquet")), 404, "Parquet", "part-00000")
        assert len(lines(api.http.get(part))) == len(rows)


@pytest.mark.parametrize("slash", ["/", "%2F"])
def test_input_files_are_the_paths_that_were_read(server: Background, api: Api, dataset: str, slash: str) -> None:
    paths = ["bucket1/csv_test/F1.json", "bucket1/csv_test/ü.json"]
    batch = put_batch(server, api, dataset, ROWS[:1], tags={"sourcePaths": paths})
    folder = f"{EXPORT}/batches/{batch}/meta?path=input_files"
    found = entries(api.http.get(folder))
    assert found["fileMetaData1.json"]["_links"]["self"]["href"] == f"{server.url}{folder}/fileMetaData1.json"
    assert lines(api.http.get(f"{folder}{slash}fileMetaData1.json")) == [{"path": path} for path in paths]


def test_a_batch_that_kept_no_paths_was_made_of_one_file(server: Background, api: Api, dataset: str) -> None:
    batch = put_batch(server, api, dataset, ROWS[:1])
    (found,) = files_below(api, f"{EXPORT}/batches/{batch}/meta?path=input_files")
    assert json.loads(found) == {"path": f"{batch}.json"}


@pytest.mark.parametrize("slash", ["/", "%2F"])
def test_row_errors_are_told_apart_by_whether_the_row_could_be_read(
    server: Background, api: Api, dataset: str, slash: str
) -> None:
    mapper = Rejected("MAPPER-3700-400", "Mapper Transform Error", "_test.id", "{}")
    batch = put_batch(server, api, dataset, ROWS[:1], [MISSING, CORRUPT, mapper])
    folder = f"{EXPORT}/batches/{batch}/meta?path=row_errors"
    found = entries(api.http.get(folder))
    assert list(found) == ["parsing_errors_0.json", "conversion_errors_0.json"]
    for name, entry in found.items():
        assert entry["_links"]["self"]["href"] == f"{server.url}{folder}%2F{name}"
        assert entry["length"] == api.http.get(f"{folder}{slash}{name}").headers["content-length"]
    assert lines(api.http.get(f"{folder}{slash}parsing_errors_0.json")) == [
        {
            "_corrupt_record": "{missingQuotes: 'v1'}",
            "_errors": [{"code": "1401", "message": "The row cannot be read."}],
            "_filename": "parsing_errors_0.json",
        }
    ]
    converted = {"_filename": "conversion_errors_0.json"}
    assert lines(api.http.get(f"{folder}{slash}conversion_errors_0.json")) == [
        {"n": 1, "name": "Zoë", "_errors": [{"code": "1555", "message": "A required field is missing."}], **converted},
        {"_errors": [{"code": "3700", "message": "Mapper Transform Error"}], **converted},
    ]


def test_a_batch_without_faults_has_no_row_errors(server: Background, api: Api, dataset: str) -> None:
    batch = put_batch(server, api, dataset, ROWS[:1])
    base = f"{EXPORT}/batches/{batch}"
    assert entries(api.http.get(f"{base}/meta?path=row_errors")) == {}
    assert entries(api.http.get(f"{base}/failed")) == {}
    assert api.http.get(f"{base}/meta?path=row_error_samples.json").content == b""
    assert_problem(api.http.get(f"{base}/meta?path=row_errors/parsing_errors_0.json"), 404, "parsing_errors_0.json")


@pytest.mark.parametrize("name", ["row_error_samples.json", "row_errors_sample.json"])
def test_samples_are_the_first_rows_of_both_kinds(server: Background, api: Api, dataset: str, name: str) -> None:
    batch = put_batch(server, api, dataset, [], [MISSING, CORRUPT] * 100)
    found = lines(api.http.get(f"{EXPORT}/batches/{batch}/meta", params={"path": name}))
    assert [line["_filename"] for line in found] == ["conversion_errors_0.json", "parsing_errors_0.json"] * 50


def test_the_top_of_what_is_told_leads_everywhere(server: Background, api: Api, dataset: str) -> None:
    batch = put_batch(server, api, dataset, ROWS[:1], [MISSING, CORRUPT])
    found = entries(api.http.get(f"{EXPORT}/batches/{batch}/meta"))
    assert list(found) == ["input_files", "row_errors", "row_error_samples.json"]
    for entry in found.values():
        assert list(files_below(api, entry["_links"]["self"]["href"]))


def test_failed_rows_are_a_part_beside_an_empty_mark(server: Background, api: Api, dataset: str) -> None:
    streamed = Rejected("DCVS-1106-400", "no identity", None, '{"header":{"a":1},"body":{"b":2}}')
    batch = put_batch(server, api, dataset, [], [MISSING, streamed], status="failed")
    url = f"{EXPORT}/batches/{batch}/failed"
    found = entries(api.http.get(url))
    (mark, part) = found
    assert (mark, found[mark]["length"]) == ("_SUCCESS", "0")
    assert api.http.get(found[mark]["_links"]["self"]["href"]).content == b""
    assert found[part]["_links"]["self"]["href"] == f"{server.url}{url}?path={part}"
    plain, message = lines(api.http.get(url, params={"path": part}))
    assert plain["_errors"] == [{"code": "1555", "message": "A required field is missing."}]
    errors = {"_streamingValidation": [{"code": "DCVS-1106-400", "message": "no identity"}]}
    assert message == {"header": {"a": 1}, "body": {"b": 2}, "_errors": errors}


def test_many_rejected_rows_are_all_there_and_as_long_as_told(server: Background, api: Api, dataset: str) -> None:
    batch = put_batch(server, api, dataset, [], [MISSING] * 1000)
    for link in ("failed", "meta?path=row_errors"):
        (content,) = [one for one in files_below(api, f"{EXPORT}/batches/{batch}/{link}") if one]
        assert len(content.splitlines()) == 1000


def test_lists_have_pages(server: Background, api: Api, dataset: str) -> None:
    batch = put_batch(server, api, dataset, [], [MISSING, CORRUPT])
    page = api.http.get(f"{EXPORT}/batches/{batch}/meta", params={"path": "row_errors", "limit": 1}).json()
    assert page["_page"] == {"limit": 1, "count": 1}
    following = api.http.get(page["_links"]["next"]["href"]).json()
    assert [entry["name"] for entry in (*page["data"], *following["data"])] == [
        "parsing_errors_0.json",
        "conversion_errors_0.json",
    ]
    assert "_links" not in following
    assert api.http.get(f"{EXPORT}/batches/{batch}/failed?start=2").json()["data"] == []


def test_a_preview_is_the_first_hundred_rows(server: Background, api: Api, dataset: str) -> None:
    assert api.http.get(f"{EXPORT}/datasets/{dataset}/preview").json() == {"data": []}
    put_batch(server, api, dataset, ROWS)
    assert api.http.get(f"{EXPORT}/datasets/{dataset}/preview/").json() == {"data": ROWS[:100]}


@pytest.mark.parametrize(
    "path",
    [
        f"batches/{UNKNOWN}/files",
        f"batches/{UNKNOWN}/failed",
        f"batches/{UNKNOWN}/meta?path=input_files",
        f"files/{UNKNOWN}-1",
        f"files/{UNKNOWN}",
        f"datasets/{'0' * 24}/preview",
    ],
)
def test_what_is_not_there_is_404(api: Api, path: str) -> None:
    answer = api.http.get(f"{EXPORT}/{path}")
    assert_problem(answer, 404, "is not found in this sandbox")
    assert answer.json()["type"].endswith("/EXPORT-0404-404")


@pytest.mark.parametrize("path", ["meta?path=nowhere", "meta?path=input_files/F1.json", "failed?path=F1.json"])
def test_a_file_that_is_not_there_is_404_and_those_that_are_are_named(
    server: Background, api: Api, dataset: str, path: str
) -> None:
    batch = put_batch(server, api, dataset, ROWS[:1], [MISSING])
    assert_problem(api.http.get(f"{EXPORT}/batches/{batch}/{path}"), 404, "Files that are: ")
    assert_problem(api.http.get(f"{EXPORT}/files/{batch}-1?path=F1.json"), 404, "part-00000-")
    assert_problem(api.http.get(f"{EXPORT}/files/{batch}-2"), 404, f"{batch}-2")


def test_a_batch_that_is_still_being_written_has_no_files_yet(server: Background, api: Api, dataset: str) -> None:
    batch = put_batch(server, api, dataset, ROWS, status="processing")
    for path in (f"batches/{batch}/files", f"batches/{batch}/failed", f"batches/{batch}/meta", f"files/{batch}-1"):
        assert_problem(api.http.get(f"{EXPORT}/{path}"), 404, "still being written")


@pytest.mark.parametrize("params", [{"limit": 0}, {"limit": 101}, {"start": "x"}, {"colour": "red"}])
def test_parameters_that_cannot_be_are_refused(
    server: Background, api: Api, dataset: str, params: dict[str, Any]
) -> None:
    batch = put_batch(server, api, dataset, ROWS[:1])
    for path in (f"batches/{batch}/files", f"batches/{batch}/failed", f"batches/{batch}/meta", f"files/{batch}-1"):
        answer = api.http.get(f"{EXPORT}/{path}", params=params)
        assert_problem(answer, 400, next(iter(params)))
        assert answer.json()["type"].endswith("/EXPORT-0400-400")


def test_files_of_another_sandbox_are_not_seen(server: Background, api: Api, dataset: str) -> None:
    batch = put_batch(server, api, dataset, ROWS[:1])
    other = {"x-gw-ims-org-id": f"OTHER{api.org}"}
    for path in (f"batches/{batch}/files", f"files/{batch}-1", f"datasets/{dataset}/preview"):
        assert_problem(api.http.get(f"{EXPORT}/{path}", headers=other), 404)


def test_links_follow_the_address_under_which_the_server_is_called(server: Background, api: Api, dataset: str) -> None:
    batch = put_batch(server, api, dataset, ROWS[:1])
    listed = api.http.get(f"{EXPORT}/batches/{batch}/files", headers={"host": "emulator.test:80"}).json()
    assert listed["data"][0]["_links"]["self"]["href"].startswith("http://emulator.test:80/data/")
