"""Changes to datasets, what is found of them, and several calls in one."""

from __future__ import annotations

from collections.abc import Sequence

import httpx
import pytest

from emulator.server import Background
from tests.landing import put_batch
from tests.support import CATALOG, EVENT, FULL, Api, Document, assert_problem

DATASETS = f"{CATALOG}/dataSets"
NESTED = f"{CATALOG}/v2/dataSets"
PATCH = {"content-type": "application/json-patch+json"}
UNKNOWN = "0123456789abcdef01234567"
ENABLED = ["enabled:true"]


@pytest.fixture
def dataset(api: Api) -> str:
    return api.dataset(api.schema())


def document(api: Api, dataset: str, **params: str) -> Document:
    answer = api.http.get(f"{DATASETS}/{dataset}", params=params)
    assert answer.status_code == 200, answer.text
    found: Document = answer.json()[dataset]
    return found


def patch(api: Api, dataset: str, body: object, **headers: str) -> httpx.Response:
    return api.http.patch(f"{DATASETS}/{dataset}", json=body, headers=headers)


def test_a_patch_of_fields_changes_those_and_no_others(api: Api, dataset: str) -> None:
    before = document(api, dataset)
    answer = patch(api, dataset, {"name": "Updated", "description": "What it is now"})
    assert (answer.status_code, answer.json()) == (200, [f"@/dataSets/{dataset}"])
    after = document(api, dataset)
    assert after["updated"] >= before["updated"]
    assert after == before | {
        "name": "Updated",
        "description": "What it is now",
        "version": "1.0.1",
        "updated": after["updated"],
    }


@pytest.mark.parametrize("kind", ["application/json-patch+json", "application/json+patch", "application/json"])
def test_a_json_patch_is_taken_under_every_published_type(api: Api, dataset: str, kind: str) -> None:
    operations = [
        {"op": "add", "path": "/tags/unifiedProfile", "value": [*ENABLED, "isUpsert:true"]},
        {"op": "add", "path": "/tags/unifiedIdentity", "value": ENABLED},
    ]
    headers = {"content-type": kind}
    assert api.http.patch(f"{DATASETS}/{dataset}", json=operations, headers=headers).status_code == 200
    tags = document(api, dataset)["tags"]
    assert tags["unifiedProfile"] == [*ENABLED, "isUpsert:true"]
    assert tags["unifiedIdentity"] == ENABLED
    assert tags["adobe/pqs/table"] == ["a_dataset"]


def test_a_post_to_a_dataset_is_a_patch(api: Api, dataset: str) -> None:
    answer = api.http.post(f"{DATASETS}/{dataset}", json={"tags": {"unifiedProfile": ENABLED}})
    assert (answer.status_code, answer.json()) == (200, [f"@/dataSets/{dataset}"])
    assert document(api, dataset)["tags"] == {"adobe/pqs/table": ["a_dataset"], "unifiedProfile": ENABLED}


def test_a_patch_of_the_second_version_makes_what_is_missing_on_the_way(api: Api, dataset: str) -> None:
    before = document(api, dataset)["tags"]
    expiration = {"rowExpiration": {"ttlValue": "P3M"}}
    body = {"extensions": {"adobe_lakeHouse": expiration}, "tags": {"colour": ["red"]}}
    answer = api.http.patch(f"{NESTED}/{dataset}", json=body)
    assert (answer.status_code, answer.json()) == (200, [f"@/dataSets/{dataset}"])
    found = document(api, dataset)
    assert found["extensions"] == {"adobe_lakeHouse": expiration}
    assert found["tags"] == {**before, "colour": ["red"]}


def test_a_condition_is_looked_at_once_the_body_is_good(api: Api, dataset: str) -> None:
    stale = {"If-Match": "9.9.9"}
    assert_problem(api.http.put(f"{DATASETS}/{dataset}", json={"name": 5}, headers=stale), 400, "name")
    assert api.http.put(f"{DATASETS}/{dataset}", json={"name": "Whole"}, headers=stale).status_code == 412


@pytest.mark.parametrize("span", ["P29D", "P3", "three months", "", 30])
def test_rows_expire_after_thirty_days_or_more(api: Api, dataset: str, span: object) -> None:
    body = {"extensions": {"adobe_lakeHouse": {"rowExpiration": {"ttlValue": span}}}}
    assert_problem(api.http.patch(f"{NESTED}/{dataset}", json=body), 400, "ttlValue")


def test_a_put_leaves_out_what_it_does_not_name(api: Api, dataset: str) -> None:
    patch(api, dataset, {"description": "gone soon", "tags": {"colour": ["red"]}})
    body = document(api, dataset) | {"name": "Whole"}
    del body["description"], body["tags"]
    answer = api.http.put(f"{DATASETS}/{dataset}", json=body)
    assert (answer.status_code, answer.json()) == (200, [f"@/dataSets/{dataset}"])
    found = document(api, dataset)
    assert "description" not in found
    assert (found["name"], found["version"], list(found["tags"])) == ("Whole", "1.0.2", ["adobe/pqs/table"])


def test_a_put_may_leave_out_what_a_patch_took_out(api: Api, dataset: str) -> None:
    patch(api, dataset, {"fileDescription": None})
    assert api.http.put(f"{DATASETS}/{dataset}", json={"name": "Whole"}).status_code == 200
    assert "fileDescription" not in document(api, dataset)


@pytest.mark.parametrize(
    ("body", "mention"),
    [
        ({"imsOrg": "OTHER@AdobeOrg"}, "imsOrg"),
        ({"created": 1}, "created"),
        ({"viewId": UNKNOWN}, "viewId"),
        ({"version": "9.9.9"}, "version"),
        ({"name": None}, "name"),
        ({"name": 5}, "name"),
        ({"tags": {"unifiedProfile": "enabled:true"}}, "tags"),
        ({"enableErrorDiagnostics": "yes"}, "enableErrorDiagnostics"),
        ({"classification": {"dataBehavior": "time-series"}}, "classification.dataBehavior"),
        ({"schemaRef": {"id": "https://ns.adobe.com/acme/schemas/1"}}, "schemaRef.id"),
        ({}, "JSON object"),
        ("a text", "JSON object"),
        ([{"op": "replace", "path": "/nothing/here", "value": 1}], "[0].path"),
        ([{"op": "move", "path": "/name"}], "[0].op"),
    ],
)
def test_a_refused_change_says_why_and_changes_nothing(api: Api, dataset: str, body: object, mention: str) -> None:
    before = document(api, dataset)
    assert_problem(patch(api, dataset, body), 400, mention)
    assert document(api, dataset) == before


def test_an_unknown_dataset_cannot_be_changed(api: Api) -> None:
    assert_problem(patch(api, UNKNOWN, {"name": "x"}), 404, UNKNOWN)
    assert_problem(api.http.put(f"{DATASETS}/{UNKNOWN}", json={"name": "x"}), 404, UNKNOWN)
    assert_problem(api.http.patch(f"{NESTED}/{UNKNOWN}", json={"name": "x"}), 404, UNKNOWN)


def test_a_stale_version_is_refused_and_the_newest_is_not(api: Api, dataset: str) -> None:
    first = api.http.get(f"{DATASETS}/{dataset}").headers["e-tag"]
    changed = patch(api, dataset, {"name": "one"}, **{"If-Match": first})
    assert changed.headers["e-tag"] == "1.0.1"
    assert_problem(patch(api, dataset, {"name": "two"}, **{"If-Match": first}), 412, "1.0.1")
    assert_problem(patch(api, dataset, {"name": "two"}, **{"If-None-Match": "1.0.1"}), 412, "1.0.1")
    assert patch(api, dataset, {"name": "two"}, **{"If-Match": '"1.0.1"'}).status_code == 200
    assert document(api, dataset)["name"] == "two"


def test_a_call_that_only_validates_changes_nothing(api: Api, dataset: str) -> None:
    before = api.http.get(DATASETS).json()
    dry = {"Pragma": "validate-only"}
    new = {"name": "x", "schemaRef": {"id": before[dataset]["schemaRef"]["id"], "contentType": FULL}}
    made = api.http.post(DATASETS, json=new, headers=dry)
    assert (made.status_code, made.json()) == (200, [])
    assert patch(api, dataset, {"name": "y"}, **dry).status_code == 200
    assert api.http.put(f"{DATASETS}/{dataset}", json={"name": "y"}, headers=dry).status_code == 200
    assert api.http.delete(f"{DATASETS}/{dataset}", headers=dry).status_code == 200
    assert_problem(patch(api, dataset, {"name": 5}, **dry), 400, "name")
    assert api.http.get(DATASETS).json() == before


def test_a_dataset_in_which_something_landed_keeps_its_schema(api: Api) -> None:
    flow, target = api.flow()
    other = {"schemaRef": {"id": api.schema("Another", EVENT), "contentType": FULL}}
    empty = api.dataset(target.schema)
    assert patch(api, empty, other).status_code == 200
    assert document(api, empty)["classification"]["dataBehavior"] == "time-series"
    api.first_run(flow)
    assert_problem(patch(api, target.dataset, other), 400, "schemaRef.id")


def test_a_run_leaves_the_version_of_its_dataset_alone(api: Api) -> None:
    flow, target = api.flow()
    version = document(api, target.dataset)["version"]
    api.first_run(flow)
    assert document(api, target.dataset)["version"] == version
    assert patch(api, target.dataset, {"name": "later"}, **{"If-Match": version}).status_code == 200
    assert "lastBatchId" in document(api, target.dataset)


class Shelf:
    """Five datasets, oldest first."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.made = []
        schema = api.schema()
        for number, name in enumerate(("Charges", "refunds", "Charges", "Zebras", "apples")):
            dataset = api.dataset(schema)
            tags = {"colour": ["red", "dark:blue"] if number % 2 else ["green"], "number": [str(number)]}
            body: Document = {"name": name, "tags": tags}
            if number > 2:
                body["description"] = f"the number {number}"
            assert patch(api, dataset, body).status_code == 200
            self.made.append(dataset)

    def found(self, *params: tuple[str, str | int]) -> list[int]:
        answer = self.api.http.get(DATASETS, params=list(params))
        assert answer.status_code == 200, answer.text
        return [self.made.index(dataset) for dataset in answer.json()]


@pytest.fixture
def shelf(api: Api) -> Shelf:
    return Shelf(api)


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ([("name", "Charges")], [2, 0]),
        ([("name", "Charges,apples")], [4, 2, 0]),
        ([("name", "!Charges")], [4, 3, 1]),
        ([("description", "the number 3")], [3]),
        ([("createdAfter", 0)], [4, 3, 2, 1, 0]),
        ([("createdBefore", 1)], []),
        ([("created", "!1")], [4, 3, 2, 1, 0]),
        ([("version", "1.0.1")], [4, 3, 2, 1, 0]),
        ([("tags", "colour:red")], [3, 1]),
        ([("tags", "colour:red,number:3")], [3]),
        ([("tags", "colour:dark*")], [3, 1]),
        ([("tags", "number:*")], [4, 3, 2, 1, 0]),
        ([("property", "name==Zebras")], [3]),
        ([("property", "name!=Charges")], [4, 3, 1]),
        ([("property", "name~^Ch")], [2, 0]),
        ([("property", "description")], [4, 3]),
        ([("property", "!description")], [2, 1, 0]),
        ([("property", "created>1"), ("property", "created<2")], []),
        ([("orderBy", "asc:name,desc:created")], [4, 2, 0, 1, 3]),
        ([("sort", "desc:name"), ("limit", 2)], [3, 1]),
        ([("orderBy", "asc:created"), ("limit", 2), ("start", 1)], [1, 2]),
        ([("tags", "number:*"), ("limit", 2), ("offset", 2)], [2, 1]),
        ([("name", "Charges"), ("limit", 1), ("start", 1)], [0]),
    ],
)
def test_a_filter_finds_the_datasets_that_it_names(
    shelf: Shelf, params: Sequence[tuple[str, str | int]], expected: list[int]
) -> None:
    assert shelf.found(*params) == expected


@pytest.mark.parametrize(
    "params",
    [{"createdAfter": "yesterday"}, {"property": "name~((a+)+)+"}, {"tags": "colour"}, {"orderBy": "up:name"}],
)
def test_a_filter_that_cannot_be_read_is_refused(api: Api, params: dict[str, str]) -> None:
    assert_problem(api.http.get(DATASETS, params=params), 400, "The datasets cannot be listed", next(iter(params)))


def test_the_page_may_be_asked_for_in_headers(shelf: Shelf) -> None:
    headers = {"limit": "2", "offset": "1"}
    assert list(shelf.api.http.get(DATASETS, headers=headers).json()) == [shelf.made[3], shelf.made[2]]
    assert list(shelf.api.http.get(DATASETS, headers=headers, params={"limit": 1}).json()) == [shelf.made[3]]


def test_only_the_properties_that_are_named_are_shown(shelf: Shelf) -> None:
    found = shelf.api.http.get(DATASETS, params={"properties": "name,description", "limit": 3}).json()
    assert list(found.values()) == [
        {"name": "apples", "description": "the number 4"},
        {"name": "Zebras", "description": "the number 3"},
        {"name": "Charges"},
    ]
    assert document(shelf.api, shelf.made[0], properties="nothing") == {}


def test_the_observable_schema_is_as_much_of_the_schema_as_there_is_data_for(
    server: Background, api: Api, dataset: str
) -> None:
    assert document(api, dataset, properties="observableSchema")["observableSchema"]["properties"] == {}
    put_batch(server, api, dataset, [{"_id": "1", "unknown": 5}])
    found = document(api, dataset, properties="observableSchema")["observableSchema"]
    assert set(found["properties"]) == {"_id"}
    assert found["properties"]["_id"]["type"] == "string"


def test_a_page_of_observable_schemas_has_twenty_datasets_at_most(api: Api) -> None:
    schema = api.schema()
    for _ in range(21):
        api.dataset(schema)
    assert len(api.http.get(DATASETS, params={"properties": "observableSchema", "limit": 50}).json()) == 20


def test_rows_are_counted_for_who_asks_for_extensions(server: Background, api: Api, dataset: str) -> None:
    put_batch(server, api, dataset, [{"n": 1}, {"n": 2}])
    found = document(api, dataset, properties="extensions")["extensions"]
    assert found == {"adobe_lakeHouse": {"metrics": {"rowCount": 2, "storageSize": 14}}}


def test_the_files_of_a_dataset_are_those_of_its_batches(server: Background, api: Api, dataset: str) -> None:
    batches = [put_batch(server, api, dataset, [{"n": 1}]) for _ in range(2)]
    put_batch(server, api, dataset, status="failed")
    shown = document(api, dataset)
    link = shown["files"].removeprefix("@")
    found = api.http.get(f"{CATALOG}{link}").json()
    assert list(found) == [f"{batch}-1" for batch in reversed(batches)]
    for name, file in found.items():
        assert file["dataSetViewId"] == shown["viewId"]
        assert api.http.get(f"/data/foundation/export/files/{name}").status_code == 200
    view = f"{DATASETS}/{dataset}/views/{shown['viewId']}/files"
    assert api.http.get(view).json() == found
    assert list(api.http.get(view, params={"limit": 1, "start": 1}).json()) == [f"{batches[0]}-1"]
    assert_problem(api.http.get(f"{DATASETS}/{dataset}/views/{UNKNOWN}/files"), 404, UNKNOWN)
    assert_problem(api.http.get(f"{CATALOG}/dataSetFiles", params={"dataSetId": UNKNOWN}), 404, UNKNOWN)
    assert_problem(api.http.get(f"{CATALOG}/dataSetFiles"), 400, "dataSetId")


def several(api: Api, *calls: Document, **headers: str) -> httpx.Response:
    return api.http.post(CATALOG, json=list(calls), headers=headers)


def new(api: Api, name: str = "made", **changes: object) -> Document:
    body = {"name": name, "schemaRef": {"id": api.schema(name), "contentType": FULL}} | changes
    return {"id": name, "resource": "/dataSets", "method": "post", "body": body}


def test_later_calls_name_what_earlier_ones_gave(api: Api) -> None:
    answer = several(
        api,
        new(api),
        {"id": "read", "resource": "/dataSets/<<made.id>>?properties=name", "method": "get"},
        {
            "id": "changed",
            "resource": "/dataSets/<<made.id>>",
            "method": "patch",
            "body": {"description": "of <<read.name>>: <<read.id>>"},
        },
    )
    assert answer.status_code == 200
    made, read, changed = answer.json()
    dataset = made["body"][0].removeprefix("@/dataSets/")
    assert [entry["code"] for entry in (made, read, changed)] == [200, 200, 200]
    assert read["body"] == {dataset: {"name": "made"}}
    assert changed == {"id": "changed", "code": 200, "body": [f"@/dataSets/{dataset}"]}
    assert document(api, dataset)["description"] == f"of made: {dataset}"


def test_when_one_change_fails_all_are_undone(api: Api, dataset: str) -> None:
    before = api.http.get(DATASETS).json()
    answer = several(
        api,
        {"id": "a", "resource": f"/dataSets/{dataset}", "method": "PATCH", "body": {"name": "new"}},
        {"id": "b", "resource": f"/dataSets/{UNKNOWN}", "method": "DELETE"},
        new(api, "c"),
    )
    assert answer.status_code == 200
    assert [(entry["id"], entry["code"]) for entry in answer.json()] == [("a", 424), ("b", 404), ("c", 424)]
    assert answer.json()[0]["body"]["type"].endswith("CATALOG-0424-424")
    assert api.http.get(DATASETS).json() == before


def test_a_read_that_finds_nothing_undoes_nothing(api: Api, dataset: str) -> None:
    answer = several(
        api,
        {"id": "a", "resource": f"/dataSets/{UNKNOWN}", "method": "GET"},
        {"id": "b", "resource": f"/dataSets/{dataset}", "method": "PATCH", "body": {"name": "new"}},
    )
    assert [entry["code"] for entry in answer.json()] == [404, 200]
    assert document(api, dataset)["name"] == "new"


def test_several_calls_that_only_validate_change_nothing(api: Api) -> None:
    answer = several(api, new(api), Pragma="validate-only")
    assert [entry["code"] for entry in answer.json()] == [200]
    assert api.http.get(DATASETS).json() == {}


@pytest.mark.parametrize(
    ("calls", "mention"),
    [
        ({"id": "a"}, "an array"),
        ([], "an array"),
        ([5], "[0]"),
        ([{"id": "a", "resource": "/dataSets"}], "[0].method"),
        ([{"id": "a", "resource": "/dataSets", "method": "GET", "colour": "red"}], "[0].colour"),
        ([{"id": "a", "resource": "/x", "method": "GET"}] * 2, "[1].id"),
    ],
)
def test_calls_that_cannot_be_read_are_refused_together(api: Api, calls: object, mention: str) -> None:
    assert_problem(api.http.post(CATALOG, json=calls), 400, mention)


def test_a_reference_to_nothing_and_a_call_of_nothing_fail_by_themselves(api: Api) -> None:
    (first,) = several(api, {"id": "a", "resource": "/dataSets/<<b.id>>", "method": "GET"}).json()
    assert (first["code"], first["body"]["report"]["given"]) == (400, "<<b.id>>")
    (second,) = several(api, {"id": "a", "resource": "/accounts", "method": "GET"}).json()
    assert second["code"] == 404
