"""Catalog's lists of batches: filters, order, pages, and the newest batches of datasets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from emulator.server import Background
from tests.landing import put_batch
from tests.support import CATALOG, Api, Document, assert_problem

BATCHES = f"{CATALOG}/batches"
LAST = f"{CATALOG}/lastBatches"
Params = Sequence[tuple[str, str | int]]


class Story:
    """Five batches of two datasets, oldest first: 0, 2 and 4 are of the first; 1 and 2 have failed, 4 goes on."""

    def __init__(self, server: Background, api: Api) -> None:
        self.api = api
        schema = api.schema()
        self.first, self.second = api.dataset(schema), api.dataset(schema)
        statuses = ("success", "failed", "failed", "success", "processing")
        self.made = [
            put_batch(
                server,
                api,
                self.second if number % 2 else self.first,
                status=status,
                created=1000 * (number + 1),
                completed=1000 * (number + 1) + 500 - 100 * number,
                createdClient=f"client {number % 3}",
                tags={"flowId": [f"flow-{number}", "ns:shared"], "acp_enableErrorDiagnostics": number > 2},
                metrics={"inputRecordCount": number, "outputRecordCount": 0, "failedRecordCount": number % 2},
            )
            for number, status in enumerate(statuses)
        ]

    def found(self, *params: tuple[str, str | int], url: str = BATCHES) -> list[int]:
        """The numbers of the batches that a list finds, in its order."""
        answer = self.api.http.get(url, params=list(params))
        assert answer.status_code == 200, answer.text
        return [self.made.index(batch) for batch in answer.json()]


@pytest.fixture
def story(server: Background, api: Api) -> Story:
    return Story(server, api)


def test_batches_come_newest_first_as_they_are_one_by_one(story: Story) -> None:
    listed = story.api.http.get(BATCHES).json()
    assert list(listed) == story.made[::-1]
    for batch, document in listed.items():
        assert story.api.http.get(f"{BATCHES}/{batch}").json() == {batch: document}


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ([("status", "failed")], [2, 1]),
        ([("status", "failed,processing")], [4, 2, 1]),
        ([("status", "!failed")], [4, 3, 0]),
        ([("status", "!failed,success")], [4]),
        ([("createdAfter", 2000)], [4, 3, 2]),
        ([("createdBefore", 3000)], [1, 0]),
        ([("createdAfter", 1000), ("createdBefore", 4000)], [2, 1]),
        ([("created", 2000)], [1]),
        ([("created", "!2000,3000")], [4, 3, 0]),
        ([("createdClient", "client 1")], [4, 1]),
        ([("recordCount", 3)], [3]),
        ([("failedRecordCount", 1)], [3, 1]),
        ([("status", "failed"), ("createdAfter", 2000)], [2]),
        ([("startAfter", 0)], []),
        ([("tags", "flowId:flow-3")], [3]),
        ([("tags", "flowId:flow-*")], [4, 3, 2, 1, 0]),
        ([("tags", "flowId:*")], [4, 3, 2, 1, 0]),
        ([("tags", "flowId:flow-3,flowId:ns:shared")], [3]),
        ([("tags", "flowId:flow-3,flowId:flow-4")], []),
        ([("tags", "acp_enableErrorDiagnostics:true")], [4, 3]),
        ([("tags", "flowId:f[l]ow-*")], []),
        ([("property", "metrics.failedRecordCount==1")], [3, 1]),
        ([("property", "metrics.inputRecordCount>=3")], [4, 3]),
        ([("property", "metrics.inputRecordCount<1")], [0]),
        ([("property", "status!=failed"), ("property", "created>1000")], [4, 3]),
        ([("property", "createdClient~^client [12]$")], [4, 2, 1]),
        ([("property", "createdClient~1"), ("status", "failed")], [1]),
        ([("property", "!metrics.inputByteSize")], [4, 3, 2, 1, 0]),
        ([("property", "metrics.inputByteSize")], []),
        ([("property", "status")], [4, 3, 2, 1, 0]),
    ],
)
def test_a_filter_finds_what_it_names(story: Story, params: Params, expected: list[int]) -> None:
    assert story.found(*params) == expected


def test_batches_of_a_dataset_are_found(story: Story) -> None:
    assert story.found(("dataSet", story.first)) == [4, 2, 0]
    assert story.found(("dataSet", story.second), ("status", "failed")) == [1]
    assert story.found(("dataSet", f"{story.first},{story.second}")) == [4, 3, 2, 1, 0]
    assert story.found(("dataSet", f"!{story.first}")) == [3, 1]
    assert story.found(("dataSet", "0" * 24)) == []


def test_batches_that_are_named_must_meet_the_filters_too(story: Story) -> None:
    named = ",".join([story.made[1], "01ARZ3NDEKTSV4RRFFQ69G5FAV", story.made[0], story.made[1]])
    assert story.found(("batch", named)) == [1, 0]
    assert story.found(("batch", named), ("status", "failed")) == [1]
    assert story.found(("batch", named), ("createdBefore", 2000)) == [0]
    assert story.found(("batch", named), ("property", "createdClient~0")) == [0]
    assert story.found(("batch", named), ("start", 1)) == [0]
    assert story.found(("externalId", story.made[3])) == [3]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("asc:created", [0, 1, 2, 3, 4]),
        ("desc:created", [4, 3, 2, 1, 0]),
        ("created", [0, 1, 2, 3, 4]),
        ("desc:metrics.failedRecordCount,asc:created", [1, 3, 0, 2, 4]),
        ("asc:metrics.failedRecordCount,created", [0, 2, 4, 1, 3]),
        ("asc:status,desc:created", [2, 1, 4, 3, 0]),
    ],
)
@pytest.mark.parametrize("name", ["orderBy", "sort"])
def test_an_order_is_that_of_the_answer(story: Story, name: str, order: str, expected: list[int]) -> None:
    assert story.found((name, order)) == expected


@pytest.mark.parametrize("name", ["start", "offset"])
@pytest.mark.parametrize(
    "params",
    [
        [],
        [("orderBy", "asc:created")],
        [("createdAfter", 0)],
        [("property", "createdClient~client")],
        [("status", "!x")],
    ],
)
def test_pages_are_the_parts_of_the_whole_list(story: Story, name: str, params: Params) -> None:
    whole = story.found(*params)
    pages = [story.found(*params, ("limit", 2), (name, start)) for start in (0, 2, 4, 5, 6)]
    assert pages == [whole[:2], whole[2:4], whole[4:], [], []]


def test_limit_and_offset_may_be_headers_over_which_the_query_wins(story: Story) -> None:
    headers = {"limit": "2", "offset": "1"}
    assert list(story.api.http.get(BATCHES, headers=headers).json()) == story.made[3:1:-1]
    assert list(story.api.http.get(BATCHES, headers=headers, params={"limit": 1}).json()) == [story.made[3]]
    assert_problem(story.api.http.get(BATCHES, headers={"limit": "0"}), 400, "1 to 100")
    assert len(story.api.http.get(f"{CATALOG}/dataSets", headers={"limit": "1"}).json()) == 1


def test_only_the_fields_that_are_asked_for_are_shown(story: Story) -> None:
    listed = story.api.http.get(BATCHES, params={"properties": "status,errors,created", "limit": 1}).json()
    assert listed == {story.made[4]: {"status": "processing", "created": 5000}}
    assert story.api.http.get(BATCHES, params={"properties": "nothing", "limit": 1}).json() == {story.made[4]: {}}


@pytest.mark.parametrize(
    ("params", "mention"),
    [
        ({"limit": "0"}, "1 to 100"),
        ({"createdAfter": "yesterday"}, "createdAfter"),
        ({"created": "x"}, "created"),
        ({"status": ""}, "status"),
        ({"status": "failed,"}, "status"),
        ({"tags": "flowId"}, "name:value"),
        ({"property": "=="}, "name==value"),
        ({"property": "a=b"}, "name==value"),
        ({"property": ""}, "property"),
        ({"property": "created>x"}, "property"),
        ({"property": "status~["}, "cannot be read"),
        ({"property": "status~(a+)+$"}, "repetitions"),
        ({"property": "status~a*a*a*a*b"}, "repetitions"),
        ({"property": "status~" + "a" * 300}, "characters"),
        ({"orderBy": "up:created"}, "asc:name"),
        ({"orderBy": "asc:"}, "orderBy"),
        ({"orderBy": ",".join(["created"] * 9)}, "at most 8"),
        ({"status": ",".join("a" * 101)}, "100 values"),
        ({"batch": ",".join("a" * 101)}, "100 batches"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_filter_that_cannot_be_read_is_refused(api: Api, params: Document, mention: str) -> None:
    assert_problem(api.http.get(BATCHES, params=params), 400, mention)


def last(story: Story, **params: Any) -> Document:
    answer = story.api.http.get(LAST, params=params)
    assert answer.status_code == 200, answer.text
    found: Document = answer.json()
    return found


def test_the_newest_batches_of_a_dataset_are_told_by_how_they_ended(story: Story) -> None:
    document = story.api.http.get(f"{BATCHES}/{story.made[4]}").json()[story.made[4]]
    assert last(story, dataSetId=story.first) == {
        story.first: {
            "lastBatchId": story.made[4],
            "lastBatchStatus": "processing",
            "lastSuccessfulBatchId": story.made[0],
            "lastFailedBatchId": story.made[2],
            **{name: document[name] for name in ("imsOrg", "sandboxId", "created", "updated")},
        }
    }
    only = {"properties": "lastBatchId,lastFailedBatchId"}
    found = {story.second: {"lastBatchId": story.made[3], "lastFailedBatchId": story.made[1]}}
    assert last(story, dataSetId=story.second, **only) == found


def test_without_a_dataset_all_that_have_batches_are_told(story: Story) -> None:
    story.api.dataset(story.api.schema("Another schema"))
    everything = last(story)
    assert set(everything) == {story.first, story.second}
    pages = [last(story, limit=1, start=start) for start in (0, 1, 2)]
    assert [len(page) for page in pages] == [1, 1, 0]
    assert {**pages[0], **pages[1]} == everything
    assert story.api.http.delete(f"{CATALOG}/dataSets/{story.first}").is_success
    assert set(last(story)) == {story.second}


def test_datasets_that_are_unknown_or_empty_are_left_out(story: Story) -> None:
    empty = story.api.dataset(story.api.schema("Another schema"))
    asked = f"{empty},{'0' * 24},{story.first},{story.first}"
    assert list(last(story, dataSetId=asked)) == [story.first]


def test_the_batch_of_a_run_is_the_newest_of_its_dataset(api: Api) -> None:
    flow, target = api.flow()
    run = api.first_run(flow)
    ((batch,),) = [info["reference"]["ids"] for info in run["activities"][1]["targetInfo"]]
    found = api.http.get(LAST, params={"dataSetId": target.dataset}).json()[target.dataset]
    assert found["lastBatchId"] == found["lastSuccessfulBatchId"] == batch
    assert found["lastBatchStatus"] == "success"
    assert list(api.http.get(BATCHES, params={"dataSet": target.dataset, "status": "success"}).json()) == [batch]


@pytest.mark.parametrize("params", [{"limit": 0}, {"dataSetId": ",".join("a" * 101)}, {"created": "1"}])
def test_what_cannot_be_asked_of_last_batches_is_refused(api: Api, params: Document) -> None:
    assert_problem(api.http.get(LAST, params=params), 400, next(iter(params)))


def test_batches_of_another_organisation_are_not_seen(story: Story) -> None:
    other = {"x-gw-ims-org-id": f"OTHER{story.api.org}"}
    for url in (f"{BATCHES}?dataSet={story.first}", f"{BATCHES}?batch={story.made[0]}", LAST):
        answer: httpx.Response = story.api.http.get(url, headers=other)
        assert answer.json() == {}


def test_a_page_of_a_dataset_with_many_batches_is_short(server: Background, api: Api) -> None:
    dataset = api.dataset(api.schema())
    made = [put_batch(server, api, dataset, status="failed" if n % 300 == 0 else "success") for n in range(700)]
    for params in ({"dataSet": dataset}, {"dataSet": dataset, "orderBy": "desc:created"}):
        assert set(api.http.get(BATCHES, params={**params, "limit": 100, "start": 650}).json()) <= set(made)
        assert len(api.http.get(BATCHES, params={**params, "limit": 100, "start": 650}).json()) == 50
    failed = {"dataSet": dataset, "status": "failed"}
    assert list(api.http.get(BATCHES, params=failed).json()) == [made[600], made[300], made[0]]
    found = api.http.get(BATCHES, params={"property": "id~" + made[1], "limit": 5}).json()
    assert list(found) == [made[1]]
