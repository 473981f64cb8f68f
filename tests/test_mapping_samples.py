"""Data Prep's samples and own schemas, and mapping sets suggested by the names of fields."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.domain.mapping_suggestions import leaves, suggest
from tests.support import (
    CATALOG,
    DATA_PREP,
    FULL,
    HTTP_API,
    MAPPING_SETS,
    PROFILE,
    REGISTRY,
    STREAM_FLOW,
    Api,
    Document,
    assert_problem,
    spec,
)

SAMPLES, SCHEMAS = f"{DATA_PREP}/samples", f"{DATA_PREP}/schemas"
UNKNOWN = "0" * 32
PEOPLE = [{"id": 1, "name": {"first": "Ada"}, "tags": ["a"]}, {"id": 2.5, "active": True}]
STAMP = {"id", "version", "createdDate", "modifiedDate", "createdBy", "modifiedBy"}


def sound(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()


def sample(api: Api, data: Any = PEOPLE) -> Document:
    made: Document = sound(api.http.post(SAMPLES, json={"sampleData": json.dumps(data), "sampleType": "JSON"}))
    return made


def schema(api: Api, **body: Any) -> Document:
    made: Document = sound(api.http.post(SCHEMAS, json=body))
    return made


def test_a_sample_is_kept_as_the_text_that_was_sent(api: Api) -> None:
    text = '{ "id" : 1234,   "firstName":"Jim" }'
    made = sound(api.http.post(SAMPLES, json={"sampleData": text}))
    assert set(made) == {*STAMP, "sampleData", "sampleType"}
    assert (made["version"], made["sampleData"], made["sampleType"]) == (0, text, "JSON")
    assert sound(api.http.get(f"{SAMPLES}/{made['id']}")) == made


def test_a_replaced_sample_has_the_next_version(api: Api) -> None:
    made = sample(api)
    replaced = sound(api.http.put(f"{SAMPLES}/{made['id']}", json={"sampleData": "[]"}))
    assert (replaced["id"], replaced["version"], replaced["sampleData"]) == (made["id"], 1, "[]")
    assert replaced["createdDate"] == made["createdDate"]
    assert sound(api.http.get(f"{SAMPLES}/{made['id']}")) == replaced


def test_samples_and_schemas_are_listed_newest_first_by_start_and_limit(api: Api) -> None:
    for url, made in (
        (SAMPLES, [sample(api) for _ in range(3)]),
        (SCHEMAS, [schema(api, jsonSchema={"title": str(number)}) for number in range(3)]),
    ):
        page = sound(api.http.get(url, params={"start": 1, "limit": 1}))
        assert page == {"data": [made[1]], "_page": {"count": 1, "limit": 1}}
        assert sound(api.http.get(url)) == {"data": made[::-1], "_page": {"count": 3, "limit": 10}}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "sampleData"),
        ({"sampleData": {"id": 1}}, "sampleData"),
        ({"sampleData": '{"id": 1'}, "sampleData"),
        ({"sampleData": "5"}, "sampleData"),
        ({"sampleData": "[{}, 5]"}, "sampleData"),
        ({"sampleData": "[" * 150 + "]" * 150}, "sampleData"),
        ({"sampleData": "{}", "sampleType": "CSV"}, "sampleType"),
    ],
)
def test_a_sample_that_is_none_is_refused(api: Api, body: Document, field: str) -> None:
    made = sample(api)
    for answer in (api.http.post(SAMPLES, json=body), api.http.put(f"{SAMPLES}/{made['id']}", json=body)):
        assert_problem(answer, 400)
        assert answer.json()["report"]["field"] == field
    assert sound(api.http.get(SAMPLES))["data"] == [made]


def test_what_is_not_there_is_not_found(api: Api) -> None:
    for answer in (
        api.http.get(f"{SAMPLES}/{UNKNOWN}"),
        api.http.put(f"{SAMPLES}/{UNKNOWN}", json={"sampleData": "{}"}),
        api.http.get(f"{SCHEMAS}/{UNKNOWN}"),
    ):
        assert_problem(answer, 404, UNKNOWN)


def test_samples_of_another_organisation_are_not_seen(api: Api) -> None:
    other = {"x-gw-ims-org-id": f"OTHER{api.org}"}
    assert_problem(api.http.get(f"{SAMPLES}/{sample(api)['id']}", headers=other), 404)


def test_a_schema_of_a_sample_has_the_types_that_were_seen_there(api: Api) -> None:
    source = sample(api)
    made = schema(api, sampleId=source["id"])
    assert made["sampleId"] == source["id"]
    text = made["jsonSchema"]
    assert (text["title"], text["type"]) == (f"SampleSchema:{source['id']}", "object")
    kinds = {name: part["type"] for name, part in text["properties"].items()}
    assert kinds == {"id": "number", "name": "object", "tags": "array", "active": "boolean"}
    assert sound(api.http.get(f"{SCHEMAS}/{made['id']}")) == made


def test_a_schema_may_be_sent_whole(api: Api) -> None:
    text = {"type": "object", "properties": {"id": {"type": "string"}}}
    made = schema(api, name="People", jsonSchema=text)
    assert (made["name"], made["version"], made["jsonSchema"]) == ("People", 0, text)
    assert set(made) == {*STAMP, "name", "jsonSchema"}


def test_a_schema_of_a_reference_has_the_text_of_the_registry(api: Api) -> None:
    reference = {"id": api.schema(), "contentType": FULL}
    made = schema(api, name="People", schemaRef=reference)
    assert (made["schemaRef"], made["jsonSchema"]["$id"]) == (reference, reference["id"])
    assert "personID" in made["jsonSchema"]["properties"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "jsonSchema"),
        ({"name": "People"}, "jsonSchema"),
        ({"name": 5, "jsonSchema": {}}, "name"),
        ({"jsonSchema": "{}"}, "jsonSchema"),
        ({"sampleId": 5}, "sampleId"),
        ({"sampleId": UNKNOWN}, "sampleId"),
        ({"schemaRef": {}}, "schemaRef"),
        ({"schemaRef": {"id": "x", "contentType": 5}}, "schemaRef.contentType"),
        ({"schemaRef": {"id": "https://ns.adobe.com/x/schemas/1"}}, "schemaRef.id"),
    ],
)
def test_a_schema_that_is_none_is_refused(api: Api, body: Document, field: str) -> None:
    answer = api.http.post(SCHEMAS, json=body)
    assert_problem(answer, 400)
    assert answer.json()["report"]["field"] == field
    assert sound(api.http.get(SCHEMAS))["data"] == []


def test_a_mapping_set_names_the_schema_of_its_input(api: Api) -> None:
    source = sample(api)
    given = {"id": schema(api, sampleId=source["id"])["id"], "version": 0, "sampleId": source["id"]}
    set_id = api.mapping_set(api.schema(), {"id": "_id"}, inputSchema=given)
    assert sound(api.http.get(f"{MAPPING_SETS}/{set_id}"))["inputSchema"] == given


# Suggestions

FIELDS: Document = {
    "_test": {
        "type": "object",
        "properties": {
            "emailAddress": {"type": "string"},
            "items": {
                "type": "array",
                "items": {"type": "object", "properties": {"sku": {"type": "string"}}},
            },
        },
    }
}
MESSAGE = {"personID": "1", "E-Mail_Address": "a@b", "items": [{"SKU": "x"}], "adress": {"emailAddres": "c"}, "zzz": 1}


def dataset_of_people(api: Api) -> str:
    body = {"title": "People", "type": "object", "allOf": [{"$ref": PROFILE}, {"properties": FIELDS}]}
    answer = api.http.post(f"{REGISTRY}/tenant/schemas", json=body)
    assert answer.status_code == 201, answer.text
    return api.dataset(answer.json()["$id"])


def batch(api: Api, records: list[Document]) -> str:
    """What landed through an inlet, as it is."""
    connection = api.streaming_connection("xdm")
    fields: dict[str, Document] = {name: {"title": name} for record in records for name in record}
    target = api.target(schema=api.schema("Landed", PROFILE, **fields))
    source = api.source_connection(connection, HTTP_API)
    changes: Document = {"flowSpec": spec(STREAM_FLOW), "scheduleParams": None, "transformations": None}
    api.make("flows", api.flow_body(source, target, {}, **changes))
    inlet = api.item("connections", connection)["auth"]["params"]["inletUrl"]
    reference = {"id": target.schema, "contentType": FULL}
    for record in records:
        message = {
            "header": {"schemaRef": reference, "imsOrgId": api.org, "datasetId": target.dataset},
            "body": {"xdmMeta": {"schemaRef": reference}, "xdmEntity": record},
        }
        assert sound(api.http.post(inlet, json=message))
    found = sound(api.http.get(f"{CATALOG}/batches"))
    return str(next(iter(found)))


def suggestion(api: Api, **params: Any) -> Document:
    found: Document = sound(api.http.get(f"{MAPPING_SETS}/suggestion", params=params))
    return found


def test_columns_are_mapped_to_fields_of_equal_or_nearly_equal_names(api: Api) -> None:
    found = suggestion(api, datasetId=dataset_of_people(api), batchId=batch(api, [MESSAGE]))
    scores = {one["source"]: (one["destination"], one["matchScore"]) for one in found["mappings"]}
    assert scores == {
        "personID": ("personID", 1.0),
        "E-Mail_Address": ("_test.emailAddress", 0.95),
        "items[*].SKU": ("_test.items[*].sku", 0.95),
    }
    assert found["outputSchema"]["schemaRef"]["id"] == found["xdmSchema"]


def test_a_suggestion_is_not_kept_and_can_be_created_as_it_is(api: Api) -> None:
    places = {"datasetId": dataset_of_people(api), "batchId": batch(api, [MESSAGE])}
    before = sound(api.http.get(MAPPING_SETS))
    found = suggestion(api, **places)
    assert sound(api.http.get(MAPPING_SETS)) == before
    made = sound(api.http.post(MAPPING_SETS, json=found, params={"validate": "true"}))
    kept = sound(api.http.get(f"{MAPPING_SETS}/{made['id']}"))
    assert [one["source"] for one in kept["mappings"]] == [one["source"] for one in found["mappings"]]


def test_columns_without_a_field_are_shown_where_a_client_asks_for_them(api: Api) -> None:
    places = {"datasetId": dataset_of_people(api), "batchId": batch(api, [MESSAGE])}
    found = suggestion(api, **places, excludeUnmapped="False", expandSchema="true")
    unmapped = {one["source"]: one["matchScore"] for one in found["mappings"] if not one["destination"]}
    assert unmapped == {"adress.emailAddres": 0.0, "zzz": 0.0}
    assert "_test" in found["outputSchema"]["jsonSchema"]["properties"]


def test_a_suggestion_needs_a_dataset_and_a_batch_that_exist(api: Api) -> None:
    dataset = dataset_of_people(api)
    url = f"{MAPPING_SETS}/suggestion"
    for params, field in (({"batchId": "b"}, "datasetId"), ({"datasetId": dataset}, "batchId")):
        answer = api.http.get(url, params=params)
        assert_problem(answer, 400)
        assert answer.json()["report"]["field"] == field
    assert_problem(api.http.get(url, params={"datasetId": "none", "batchId": "b"}), 404, "dataset none")
    assert_problem(api.http.get(url, params={"datasetId": dataset, "batchId": "none"}), 404, "batch none")


NAMES = st.lists(
    st.from_regex(r"[A-Za-z]{1,8}(\.[A-Za-z]{1,8}){0,2}(\[\*\])?", fullmatch=True), unique=True, max_size=20
)


@given(NAMES, NAMES)
def test_every_source_has_one_suggestion_and_no_destination_two(sources: list[str], destinations: list[str]) -> None:
    found = suggest(sources, destinations)
    assert [one.source for one in found] == sources
    used = [one.destination for one in found if one.destination]
    assert all(used.count(name) <= destinations.count(name) for name in used)
    for one in found:
        assert (one.score > 0) == bool(one.destination)
        assert 0 <= one.score <= 1
        assert not one.destination or one.source.count("[*]") == one.destination.count("[*]")


@given(st.lists(st.from_regex(r"[A-Za-z]{1,8}", fullmatch=True), unique_by=str.lower, max_size=20))
def test_equal_names_find_each_other_whatever_else_there_is(names: list[str]) -> None:
    found = suggest([name.upper() for name in names], names)
    assert [(one.destination, one.score) for one in found] == [(name, 1.0) for name in names]


def test_a_better_match_chooses_first() -> None:
    assert [one.destination for one in suggest(["colour", "color"], ["color"])] == ["", "color"]
    assert [one.destination for one in suggest(["a.name", "b.name"], ["b.name", "c.name"])] == ["c.name", "b.name"]


def test_names_without_a_letter_fit_nothing() -> None:
    assert [one.destination for one in suggest(["_", "-"], ["_", "$"])] == ["", ""]


def test_leaves_are_what_has_no_parts() -> None:
    text = {"type": "string"}
    inner = {"type": "object", "properties": {"b": text, "c.d": text}}
    shape = {"properties": {"a": inner, "list": {"items": inner}, "texts": {"items": text}, "open": {"type": "object"}}}
    assert leaves(shape) == ["a.b", r"a.c\.d", "list[*].b", r"list[*].c\.d", "texts", "open"]
