"""Catalog: datasets, and the batches that runs leave behind. Lists are objects keyed by id."""

from __future__ import annotations

import re
import time

import httpx
import pytest

from tests.support import CATALOG, EVENT, FULL, PROFILE, Api, Document, assert_problem

DATASETS = f"{CATALOG}/dataSets"
BATCHES = f"{CATALOG}/batches"
ULID = re.compile(r"^[0-9A-HJKMNP-TV-Z]{26}$")


def create(api: Api, schema: str, **changes: object) -> httpx.Response:
    body = {"name": "Loyalty Members 2024", "schemaRef": {"id": schema, "contentType": FULL}}
    return api.http.post(DATASETS, json=body | changes)


def dataset_of(api: Api, dataset: str) -> Document:
    answer = api.http.get(f"{DATASETS}/{dataset}")
    assert answer.status_code == 200, answer.text
    (found,) = answer.json().items()
    assert found[0] == dataset
    document: Document = found[1]
    return document


def test_a_new_dataset_is_answered_with_one_link_in_an_array(api: Api) -> None:
    answer = create(api, api.schema())
    assert answer.status_code == 201
    (link,) = answer.json()
    found = re.fullmatch(r"@/dataSets/([0-9a-f]{24})", link)
    assert found is not None
    assert answer.headers["location"] == f"{api.http.base_url}{DATASETS}/{found[1]}"
    assert api.http.get(answer.headers["location"]).status_code == 200


def test_the_data_source_may_be_asked_for_as_clients_do(api: Api) -> None:
    body = {"name": "x", "schemaRef": {"id": api.schema(), "contentType": FULL}}
    assert api.http.post(DATASETS, params={"requestDataSource": "true"}, json=body).status_code == 201


def test_a_dataset_shows_what_was_sent_and_what_the_service_adds(api: Api) -> None:
    schema = api.schema()
    tags = {"unifiedProfile": ["enabled:true"]}
    before = int(time.time() * 1000)
    dataset = create(api, schema, description="Who is a member", tags=tags).json()[0].removeprefix("@/dataSets/")
    found = dataset_of(api, dataset)
    assert found["name"] == "Loyalty Members 2024"
    assert found["description"] == "Who is a member"
    assert found["schemaRef"] == {"id": schema, "contentType": FULL}
    assert found["imsOrg"] == api.org
    assert found["version"] == "1.0.0"
    assert found["files"] == f"@/dataSetFiles?dataSetId={dataset}"
    assert found["fileDescription"] == {"persisted": True, "containerFormat": "parquet", "format": "parquet"}
    assert before - 1 <= found["created"] == found["updated"] <= time.time() * 1000 + 1
    assert found["tags"]["unifiedProfile"] == ["enabled:true"]


@pytest.mark.parametrize(
    ("name", "table"),
    [("Loyalty Members 2024", "loyalty_members_2024"), ("Événements!", "v_nements"), ("plain", "plain")],
)
def test_a_dataset_is_tagged_with_the_lower_case_name_of_its_table(api: Api, name: str, table: str) -> None:
    dataset = create(api, api.schema(), name=name).json()[0].removeprefix("@/dataSets/")
    assert dataset_of(api, dataset)["tags"]["adobe/pqs/table"] == [table]


@pytest.mark.parametrize(("of_class", "behaviour"), [(PROFILE, "record"), (EVENT, "time-series")])
def test_a_dataset_is_classified_by_what_the_class_of_its_schema_extends(
    api: Api, of_class: str, behaviour: str
) -> None:
    dataset = api.dataset(api.schema(of_class=of_class))
    assert dataset_of(api, dataset)["classification"] == {"dataBehavior": behaviour, "managedBy": "CUSTOMER"}


def test_the_schema_may_be_named_by_its_alternative_id(api: Api) -> None:
    schema = api.schema()
    alternative = "_" + schema.removeprefix("https://ns.adobe.com/").replace("/", ".")
    dataset = create(api, alternative).json()[0].removeprefix("@/dataSets/")
    assert dataset_of(api, dataset)["schemaRef"]["id"] == schema


@pytest.mark.parametrize("content_type", ["xed+json;version=1", "xed-full-notext+json; version=1"])
def test_every_published_content_type_of_the_schema_is_kept(api: Api, content_type: str) -> None:
    reference = {"id": api.schema(), "contentType": f"application/vnd.adobe.{content_type}"}
    dataset = create(api, "", schemaRef=reference).json()[0].removeprefix("@/dataSets/")
    assert dataset_of(api, dataset)["schemaRef"] == reference


def test_the_schema_must_exist(api: Api) -> None:
    unknown = "https://ns.adobe.com/acme/schemas/0123456789abcdef0123456789abcdef"
    assert_problem(create(api, unknown), 400, "schemaRef.id", unknown)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("schemaRef", None),
        ("schemaRef", "https://ns.adobe.com/acme/schemas/1"),
        ("schemaRef.id", {"id": 5}),
        ("name", 5),
        ("tags", ["x"]),
        ("tags", {"unifiedProfile": "enabled:true"}),
    ],
)
def test_a_refused_dataset_is_told_which_field_is_wrong(api: Api, field: str, value: object) -> None:
    answer = create(api, api.schema(), **{field.split(".")[0]: value})
    assert_problem(answer, 400, field)
    assert answer.json()["report"]["field"] == field


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/vnd.adobe.xed+json;version=2",
        "application/vnd.adobe.xed+json;version=1x",
        "application/vnd.adobe.xedxed",
        "application/vnd.adobe.xdd+json;version=1",
    ],
)
def test_a_content_type_that_the_registry_does_not_have_is_refused(api: Api, content_type: str) -> None:
    answer = create(api, "", schemaRef={"id": api.schema(), "contentType": content_type})
    assert_problem(answer, 400, "schemaRef.contentType")


def test_a_dataset_carries_its_version_in_a_header(api: Api) -> None:
    dataset = api.dataset(api.schema())
    assert api.http.get(f"{DATASETS}/{dataset}").headers["e-tag"] == "1.0.0"


def test_an_unknown_dataset_is_not_found(api: Api) -> None:
    unknown = "0123456789abcdef01234567"
    assert_problem(api.http.get(f"{DATASETS}/{unknown}"), 404, unknown)
    assert_problem(api.http.delete(f"{DATASETS}/{unknown}"), 404, unknown)


def test_datasets_are_listed_as_an_object_keyed_by_id(api: Api) -> None:
    schema = api.schema()
    made = [api.dataset(schema) for _ in range(3)]
    listed = api.http.get(DATASETS).json()
    assert set(listed) == set(made)
    assert all(listed[dataset] == dataset_of(api, dataset) for dataset in made)


def test_a_list_without_members_is_an_empty_object(api: Api) -> None:
    assert api.http.get(DATASETS).json() == {}
    assert api.http.get(BATCHES).json() == {}


@pytest.mark.parametrize("word", ["start", "offset"])
def test_pages_begin_at_an_offset_and_end_with_an_empty_object(api: Api, word: str) -> None:
    schema = api.schema()
    made = {api.dataset(schema) for _ in range(4)}
    pages = [list(api.http.get(DATASETS, params={"limit": 2, word: start}).json()) for start in (0, 2, 4)]
    assert [len(page) for page in pages] == [2, 2, 0]
    assert set(pages[0] + pages[1]) == made


@pytest.mark.parametrize("path", [DATASETS, BATCHES])
@pytest.mark.parametrize("limit", ["0", "101", "-1", "ten", ""])
def test_a_limit_outside_1_to_100_is_refused_and_the_range_is_named(api: Api, path: str, limit: str) -> None:
    assert_problem(api.http.get(path, params={"limit": limit}), 400, "limit", "1 to 100")


@pytest.mark.parametrize("limit", [1, 100])
def test_the_ends_of_the_range_are_limits(api: Api, limit: int) -> None:
    assert api.http.get(DATASETS, params={"limit": limit}).status_code == 200


def test_a_parameter_that_nothing_looks_at_is_refused(api: Api) -> None:
    assert_problem(api.http.get(DATASETS, params={"colour": "red"}), 400, "colour")


def test_a_deleted_dataset_is_gone(api: Api) -> None:
    dataset = api.dataset(api.schema())
    answer = api.http.delete(f"{DATASETS}/{dataset}")
    assert answer.status_code == 200
    assert answer.json() == [f"@/dataSets/{dataset}"]
    assert_problem(api.http.get(f"{DATASETS}/{dataset}"), 404, dataset)
    assert api.http.get(DATASETS).json() == {}


def test_a_dataset_stays_while_a_target_connection_lands_in_it(api: Api) -> None:
    target = api.target()
    url = f"{DATASETS}/{target.dataset}"
    assert_problem(api.http.delete(url), 400, target.connection)
    assert api.http.delete(f"/data/foundation/flowservice/targetConnections/{target.connection}").status_code == 204
    assert api.http.delete(url).status_code == 200


def batch_of(run: Document) -> str:
    """The batch that a run's promotion names."""
    (info,) = run["activities"][1]["targetInfo"]
    assert info["reference"]["type"] == "Batch"
    (batch,) = info["reference"]["ids"]
    found: str = batch
    return found


def test_the_batch_that_a_run_names_is_in_catalog_with_the_figures_of_the_run(api: Api) -> None:
    flow, target = api.flow()
    run = api.first_run(flow)
    batch = batch_of(run)
    assert ULID.match(batch)
    answer = api.http.get(f"{BATCHES}/{batch}")
    assert answer.status_code == 200
    assert list(answer.json()) == [batch]
    found = answer.json()[batch]
    assert found["id"] == batch
    assert found["status"] == "success"
    assert found["relatedObjects"] == [{"type": "dataSet", "id": target.dataset}]
    assert found["imsOrg"] == api.org
    counted = run["metrics"]["recordSummary"]
    assert counted["outputRecordCount"] > 0
    for name in ("inputRecordCount", "outputRecordCount", "failedRecordCount"):
        assert found["metrics"][name] == counted[name]
    assert found["metrics"]["recordsWritten"] == counted["outputRecordCount"]
    assert found["metrics"]["outputByteSize"] == run["metrics"]["sizeSummary"]["outputBytes"]
    assert found["metrics"]["outputFileCount"] == run["metrics"]["fileSummary"]["outputFileCount"]


def test_a_batch_counts_the_records_that_landed_with_it(api: Api) -> None:
    flow, target = api.flow()
    batch = batch_of(api.first_run(flow))
    metrics = api.http.get(f"{BATCHES}/{batch}").json()[batch]["metrics"]
    assert api.records(target.dataset, batch=batch)["count"] == metrics["outputRecordCount"]


def test_a_dataset_remembers_its_last_batch(api: Api) -> None:
    flow, target = api.flow()
    assert "lastBatchId" not in dataset_of(api, api.dataset(target.schema))
    batch = batch_of(api.first_run(flow))
    found = dataset_of(api, target.dataset)
    assert found["lastBatchId"] == found["lastSuccessfulBatch"] == batch
    assert found["lastBatchStatus"] == "success"


def test_batches_are_found_by_id_in_the_query_and_unknown_ones_are_left_out(api: Api) -> None:
    flow, _ = api.flow()
    batch = batch_of(api.first_run(flow))
    alone = api.http.get(f"{BATCHES}/{batch}").json()
    assert api.http.get(BATCHES, params={"batch": f"{batch},01ARZ3NDEKTSV4RRFFQ69G5FAV"}).json() == alone
    assert api.http.get(BATCHES, params={"batch": "01ARZ3NDEKTSV4RRFFQ69G5FAV"}).json() == {}
    assert api.http.get(BATCHES).json() == alone


def test_an_unknown_batch_is_not_found(api: Api) -> None:
    assert_problem(api.http.get(f"{BATCHES}/01ARZ3NDEKTSV4RRFFQ69G5FAV"), 404, "01ARZ3NDEKTSV4RRFFQ69G5FAV")


def test_datasets_of_another_organisation_are_not_seen(api: Api) -> None:
    schema = api.schema()
    dataset = api.dataset(schema)
    other = {"x-gw-ims-org-id": f"OTHER{api.org}"}
    assert_problem(api.http.get(f"{DATASETS}/{dataset}", headers=other), 404, dataset)
    body = {"name": "x", "schemaRef": {"id": schema, "contentType": FULL}}
    assert_problem(api.http.post(DATASETS, json=body, headers=other), 400, "schemaRef.id")


def test_a_trailing_slash_changes_nothing(api: Api) -> None:
    dataset = api.dataset(api.schema())
    assert list(api.http.get(f"{DATASETS}/").json()) == [dataset]
