"""Batch Ingestion: files are uploaded into a batch, and land or do not."""

from __future__ import annotations

import codecs
import io
import json

import httpx
import pytest

from emulator.domain import ingestion
from tests.support import CATALOG, PROFILE, Api, Document, assert_problem

IMPORT = "/data/foundation/import"
EXPORT = "/data/foundation/export"
UNKNOWN = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
BYTES = {"content-type": "application/octet-stream"}
# Delimited text has no numbers, so the number says nothing of its type.
FIELDS: dict[str, Document] = {"n": {"title": "Number"}, "name": {"title": "Name", "type": "string"}}
ROWS = [{"n": number, "name": f"row {number}"} for number in range(40)]


def lines(*rows: object) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


class Loading:
    """A batch that is loading, and what can be done with it."""

    def __init__(self, api: Api, **body: object) -> None:
        self.api = api
        self.dataset = str(body.pop("datasetId", None) or api.dataset(api.schema("Rows", PROFILE, **FIELDS)))
        whole = {"datasetId": self.dataset, "inputFormat": {"format": "json"}} | body
        answer = api.http.post(f"{IMPORT}/batches", json=whole)
        assert answer.status_code == 201, answer.text
        self.created: Document = answer.json()
        self.id: str = self.created["id"]

    def url(self, name: str) -> str:
        return f"{IMPORT}/batches/{self.id}/datasets/{self.dataset}/files/{name}"

    def put(self, content: bytes, name: str = "rows.json") -> httpx.Response:
        return self.api.http.put(self.url(name), content=content, headers=BYTES)

    def act(self, action: str) -> httpx.Response:
        return self.api.http.post(f"{IMPORT}/batches/{self.id}", params={"action": action})

    def loaded(self, *contents: bytes) -> Document:
        """The batch once these files have been completed."""
        for number, content in enumerate(contents):
            answer = self.put(content, f"folder/{number}.json")
            assert (answer.status_code, answer.content) == (200, b""), answer.text
        answer = self.act("COMPLETE")
        assert (answer.status_code, answer.content) == (200, b""), answer.text
        return self.shown()

    def shown(self) -> Document:
        found: Document = self.api.http.get(f"{CATALOG}/batches/{self.id}").json()[self.id]
        return found

    def records(self) -> list[Document]:
        found: list[Document] = self.api.records(self.dataset, batch=self.id, limit=1000)["items"]
        return found


def test_a_new_batch_is_loading(api: Api) -> None:
    batch = Loading(api, externalId="mine", tags={"colour": ["red"]})
    assert batch.created["status"] == "loading"
    assert batch.created["relatedObjects"] == [{"type": "dataSet", "id": batch.dataset}]
    assert (batch.created["externalId"], batch.created["tags"]) == ("mine", {"colour": ["red"]})
    assert list(api.http.get(f"{CATALOG}/batches", params={"externalId": "mine"}).json()) == [batch.id]


def test_what_was_uploaded_lands_when_the_batch_is_completed(api: Api) -> None:
    batch = Loading(api)
    assert batch.put(lines(*ROWS[:30]), "a.json").status_code == 200
    assert batch.records() == []
    found = batch.loaded(lines(*ROWS[30:]))
    assert found["status"] == "success"
    assert sorted(batch.records(), key=lambda row: row["n"]) == ROWS
    metrics = found["metrics"]
    assert (metrics["inputRecordCount"], metrics["outputRecordCount"], metrics["failedRecordCount"]) == (40, 40, 0)
    assert (metrics["inputFileCount"], metrics["inputByteSize"]) == (2, len(lines(*ROWS)))
    dataset = api.http.get(f"{CATALOG}/dataSets/{batch.dataset}").json()[batch.dataset]
    assert dataset["lastSuccessfulBatch"] == dataset["lastBatchId"] == batch.id
    assert [row["n"] for row in api.http.get(f"{EXPORT}/datasets/{batch.dataset}/preview").json()["data"]]


def test_a_file_that_is_sent_again_takes_the_place_of_the_first(api: Api) -> None:
    batch = Loading(api)
    batch.put(lines(*ROWS))
    batch.put(lines(ROWS[0]))
    assert batch.loaded()["metrics"]["outputRecordCount"] == 1


def test_completing_once_more_changes_nothing(api: Api) -> None:
    batch = Loading(api)
    before = batch.loaded(lines(*ROWS))
    assert batch.act("complete").status_code == 200
    assert batch.shown() == before
    assert len(batch.records()) == 40


@pytest.mark.parametrize("multi", [False, True])
def test_an_array_stands_for_the_rows_in_it(api: Api, multi: bool) -> None:
    batch = Loading(api, inputFormat={"format": "JSON", "isMultiLineJson": multi})
    content = json.dumps(ROWS, indent=2 if multi else None).encode()
    assert batch.loaded(content)["status"] == "success"
    assert batch.records() == ROWS


@pytest.mark.parametrize("multi", [False, True])
def test_a_byte_order_mark_is_no_part_of_the_first_row(api: Api, multi: bool) -> None:
    batch = Loading(api, inputFormat={"format": "json", "isMultiLineJson": multi})
    content = json.dumps(ROWS[:2]).encode() if multi else lines(*ROWS[:2])
    assert batch.loaded(codecs.BOM_UTF8 + content)["status"] == "success"
    assert batch.records() == ROWS[:2]


def test_parquet_lands_with_its_types(api: Api) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    written = io.BytesIO()
    pytest.importorskip("pyarrow.parquet").write_table(pyarrow.Table.from_pylist(ROWS), written)
    batch = Loading(api, inputFormat={"format": "parquet"})
    assert batch.loaded(written.getvalue())["status"] == "success"
    assert batch.records() == ROWS


def test_delimited_text_lands_as_texts(api: Api) -> None:
    batch = Loading(api, inputFormat={"format": "csv", "delimiter": ";"})
    assert batch.loaded(b"n;name\n1;one\n2;two\n")["status"] == "success"
    assert batch.records() == [{"n": "1", "name": "one"}, {"n": "2", "name": "two"}]


def test_rows_that_cannot_be_read_are_set_aside_below_the_threshold(api: Api) -> None:
    batch = Loading(api, enableErrorDiagnostics=True, partialIngestionPercentage=10)
    found = batch.loaded(lines(*ROWS) + b'{"missing quotes: 1}\n')
    assert found["status"] == "success"
    assert found["tags"] == {"acp_enableErrorDiagnostics": True, "acp_partialIngestionPercent": 10}
    assert [(error["code"], error.get("recordCount")) for error in found["errors"]] == [
        ("INGEST-1212-400", None),
        ("INGEST-1401-400", 1),
    ]
    assert len(batch.records()) == 40
    (row,) = api.http.get(f"/__admin/datasets/{batch.dataset}/rejected", params={"batch": batch.id}).json()["items"]
    assert row["record"] == {"_corrupt_record": '{"missing quotes: 1}'}
    answer = api.http.get(f"{EXPORT}/batches/{batch.id}/meta", params={"path": "row_errors/parsing_errors_0.json"})
    assert answer.json()["_errors"][0]["code"] == "1401"
    failed = api.http.get(f"{EXPORT}/batches/{batch.id}/failed").json()["data"]
    assert failed[0]["name"] == "_SUCCESS"
    assert api.http.get(failed[1]["_links"]["self"]["href"]).json()["_corrupt_record"]


def test_above_the_threshold_nothing_lands(api: Api) -> None:
    batch = Loading(api)
    found = batch.loaded(lines(*ROWS[:10]) + b"broken\n")
    assert found["status"] == "failed"
    assert [error["code"] for error in found["errors"]] == ["INGEST-1211-400", "INGEST-1401-400"]
    assert (found["metrics"]["failedRecordCount"], found["metrics"]["outputRecordCount"]) == (1, 0)
    assert batch.records() == []
    assert api.http.get(f"{CATALOG}/dataSets/{batch.dataset}").json()[batch.dataset]["lastBatchStatus"] == "failed"


@pytest.mark.parametrize(
    ("kind", "contents", "code"),
    [
        ("json", [], "133"),
        ("json", [b""], "106"),
        ("csv", [b"\n1,2\n"], "118"),
        ("parquet", [b"no parquet"], "INGEST-1211-400"),
    ],
)
def test_a_batch_without_readable_files_fails_and_says_why(
    api: Api, kind: str, contents: list[bytes], code: str
) -> None:
    found = Loading(api, inputFormat={"format": kind}).loaded(*contents)
    assert found["status"] == "failed"
    assert found["errors"][0]["code"] == code


def test_the_names_of_the_files_stay_when_the_batch_has_ended(api: Api) -> None:
    batch = Loading(api)
    batch.loaded(lines(*ROWS[:20]), lines(*ROWS[20:]))
    listed = api.http.get(f"{EXPORT}/batches/{batch.id}/meta", params={"path": "input_files"}).json()["data"]
    answer = api.http.get(listed[0]["_links"]["self"]["href"])
    assert [json.loads(line) for line in answer.text.splitlines()] == [
        {"path": "folder/0.json"},
        {"path": "folder/1.json"},
    ]
    assert_problem(batch.put(b"more"), 400, "takes no files")


def test_a_batch_that_is_loading_has_no_files_yet_in_data_access(api: Api) -> None:
    assert_problem(api.http.get(f"{EXPORT}/batches/{Loading(api).id}/files"), 404, "still being written")


@pytest.mark.parametrize(("action", "status"), [("ABORT", "aborted"), ("FAIL", "failed")])
def test_a_batch_that_is_given_up_lands_nothing(api: Api, action: str, status: str) -> None:
    batch = Loading(api)
    batch.put(lines(*ROWS))
    assert batch.act(action).status_code == 200
    assert batch.act(action).status_code == 200
    assert batch.shown()["status"] == status
    assert batch.records() == []
    assert_problem(batch.act("REVERT"), 400, "REVERT cannot be done")
    if action == "FAIL":
        assert batch.shown()["errors"] == [{"code": "unknown", "description": "Job aborted."}]


def test_a_batch_that_is_reverted_is_inactive_and_its_records_are_gone(api: Api) -> None:
    first = Loading(api)
    first.loaded(lines(*ROWS))
    second = Loading(api, datasetId=first.dataset)
    second.loaded(lines(ROWS[0]))
    for _ in range(2):
        assert second.act("REVERT").status_code == 200
    assert second.shown()["status"] == "inactive"
    assert api.records(first.dataset)["count"] == 40
    dataset = api.http.get(f"{CATALOG}/dataSets/{first.dataset}").json()[first.dataset]
    assert (dataset["lastBatchStatus"], dataset["lastSuccessfulBatch"]) == ("inactive", first.id)
    assert_problem(second.act("ABORT"), 400, "ABORT cannot be done")
    assert_problem(second.act("COMPLETE"), 400, "COMPLETE cannot be done")


def test_a_batch_takes_the_place_of_those_that_it_replays(api: Api) -> None:
    first = Loading(api)
    first.loaded(lines(*ROWS))
    replay = {"predecessors": [f"${first.id}"], "reason": "replace"}
    second = Loading(api, datasetId=first.dataset, replay=replay)
    assert second.created["replay"] == {"predecessors": [first.id], "reason": "replace"}
    assert first.shown()["status"] == "success"
    assert second.loaded(lines(ROWS[0]))["status"] == "success"
    assert first.shown()["status"] == "inactive"
    assert api.records(first.dataset)["items"] == [ROWS[0]]


def test_a_run_s_batch_is_reverted_too(api: Api) -> None:
    flow, target = api.flow()
    api.first_run(flow)
    (batch,) = api.http.get(f"{CATALOG}/batches").json()
    assert api.http.post(f"{IMPORT}/batches/{batch}", params={"action": "REVERT"}).status_code == 200
    assert api.records(target.dataset)["count"] == 0


def test_a_large_file_comes_in_parts(api: Api) -> None:
    batch, content = Loading(api), lines(*ROWS)
    url = batch.url("deep/er/large.json")
    begun = api.http.post(url, params={"action": "INITIALIZE"})
    assert (begun.status_code, begun.json()) == (201, {"name": "deep/er/large.json", "sizeInBytes": 0})
    assert_problem(batch.act("COMPLETE"), 400, "deep/er/large.json")
    for start, end in ((100, len(content)), (0, 100)):
        part = api.http.patch(
            url, content=content[start:end], headers={**BYTES, "Content-Range": f"bytes {start}-{end - 1}"}
        )
        assert part.status_code == 200, part.text
    assert api.http.head(url).headers["range"] == f"bytes=0-99,100-{len(content) - 1}"
    done = api.http.post(url, params={"action": "COMPLETE"})
    assert (done.status_code, done.json()["sizeInBytes"]) == (200, len(content))
    assert api.http.post(url, params={"action": "complete"}).status_code == 200
    assert batch.loaded()["status"] == "success"
    assert batch.records() == ROWS


@pytest.mark.parametrize(("second", "mention"), [(50, "are missing"), (5, "come twice")])
def test_parts_that_do_not_fit_together_are_refused(api: Api, second: int, mention: str) -> None:
    url = Loading(api).url("large.json")
    api.http.post(url, params={"action": "INITIALIZE"})
    for start in (0, second):
        headers = {**BYTES, "Content-Range": f"bytes {start}-{start + 9}/100"}
        assert api.http.patch(url, content=b"0123456789", headers=headers).status_code == 200
    assert_problem(api.http.post(url, params={"action": "COMPLETE"}), 400, mention)


def test_a_part_needs_a_file_that_was_begun_and_a_range_of_its_own_length(api: Api) -> None:
    batch = Loading(api)
    url, headers = batch.url("large.json"), {**BYTES, "Content-Range": "bytes 0-9"}
    assert_problem(api.http.patch(url, content=b"0123456789", headers=headers), 404, "large.json")
    assert_problem(api.http.get(url), 404, "large.json")
    api.http.post(url, params={"action": "INITIALIZE"})
    assert_problem(api.http.patch(url, content=b"0123", headers=headers), 400, "4 bytes")
    assert_problem(api.http.patch(url, content=b"0123", headers=BYTES), 400, "Content-Range")
    batch.put(b"{}", "large.json")
    assert_problem(api.http.patch(url, content=b"0123456789", headers=headers), 400, "is complete")


@pytest.mark.parametrize(
    ("changes", "mention"),
    [
        ({"datasetId": "0" * 24}, "datasetId"),
        ({"datasetId": 5}, "datasetId"),
        ({"inputFormat": {"format": "xml"}}, "inputFormat.format"),
        ({"inputFormat": {"format": "json", "isMultiLineJson": "yes"}}, "isMultiLineJson"),
        ({"inputFormat": {"format": "csv", "delimiter": ";;"}}, "delimiter"),
        ({"inputFormat": {"format": "csv", "header": False}}, "header"),
        ({"inputFormat": {"format": "csv", "colour": 1}}, "colour"),
        ({"partialIngestionPercent": 101}, "partialIngestionPercent"),
        ({"enableErrorDiagnostics": "yes"}, "enableErrorDiagnostics"),
        ({"replay": {"predecessors": [UNKNOWN]}}, "replay.predecessors"),
        ({"tags": {"flowId": ["x"]}}, "tags.flowId"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_batch_that_cannot_be_made_is_refused(api: Api, changes: Document, mention: str) -> None:
    body = {"datasetId": api.dataset(api.schema()), "inputFormat": {"format": "json"}} | changes
    assert_problem(api.http.post(f"{IMPORT}/batches", json=body), 400, mention)
    assert api.http.get(f"{CATALOG}/batches").json() == {}


def test_codes_of_batch_ingestion(api: Api) -> None:
    batch = Loading(api)
    exploded = batch.act("EXPLODE")
    assert_problem(exploded, 400, "action")
    assert exploded.json()["type"].endswith("IMPORT-0400-400")
    missing = api.http.post(f"{IMPORT}/batches/{UNKNOWN}", params={"action": "COMPLETE"})
    assert_problem(missing, 404, UNKNOWN)
    assert missing.json()["type"].endswith("IMPORT-0404-404")
    other = batch.url("x").replace(batch.dataset, "0" * 24)
    assert_problem(api.http.put(other, content=b"{}", headers=BYTES), 404, batch.dataset)
    typed = api.http.put(batch.url("x"), content=b"{}", headers={"content-type": "text/plain"})
    assert_problem(typed, 415, "application/octet-stream")
    assert typed.json()["type"].endswith("IMPORT-0415-415")
    long = api.http.put(batch.url("x" * 2000), content=b"{}", headers=BYTES)
    assert_problem(long, 414, "2000")
    assert long.json()["type"].endswith("IMPORT-0414-414")
    assert_problem(api.http.put(batch.url("x" * 1100), content=b"{}", headers=BYTES), 400, "1024")


def test_batches_of_another_organisation_are_not_seen(api: Api) -> None:
    batch = Loading(api)
    other = {"x-gw-ims-org-id": f"OTHER{api.org}"}
    answer = api.http.put(batch.url("x"), content=b"{}", headers={**BYTES, **other})
    assert_problem(answer, 404, batch.id)


def test_a_batch_whose_dataset_is_deleted_fails(api: Api) -> None:
    batch = Loading(api)
    batch.put(lines(*ROWS))
    assert api.http.delete(f"{CATALOG}/dataSets/{batch.dataset}").status_code == 200
    assert batch.loaded()["errors"][0]["description"] == f"The dataset {batch.dataset} was deleted."


def test_a_batch_takes_so_many_files_and_so_many_bytes(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingestion, "MOST_FILES", 1)
    batch = Loading(api)
    assert batch.put(b"{}", "one").status_code == 200
    assert batch.put(b"{}", "one").status_code == 200
    assert_problem(batch.put(b"{}", "two"), 400, "at most 1 files")
    monkeypatch.setattr(ingestion, "BATCH_SIZE", 3)
    refused = batch.put(b"{}", "one")
    assert_problem(refused, 413, "3 bytes")
    assert refused.json()["type"].endswith("IMPORT-0413-413")
