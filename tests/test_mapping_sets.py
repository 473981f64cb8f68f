"""Data Prep: mapping sets in every published spelling, and the versions that flows refer to."""

from __future__ import annotations

import re
import time
from typing import Any

import httpx
import pytest

from emulator.server import Background
from emulator.settings import Settings
from tests.support import (
    DATA_PREP,
    FLOW,
    FULL,
    HTTP_API,
    MAPPING_SETS,
    REGISTRY,
    STREAM_MAPPED_FLOW,
    Api,
    Document,
    client_of,
    spec,
)

HEX32 = re.compile(r"^[0-9a-f]{32}$")
SHORT = {"id", "version", "createdDate", "modifiedDate", "createdBy", "modifiedBy"}
NEW_MAPPING = {"sourceType": "ATTRIBUTE", "source": "first_name", "destination": "person.name.firstName"}
OLD_MAPPING = {
    "sourceAttribute": "first_name",
    "destinationXdmPath": "person.name.firstName",
    "identity": False,
    "identityGroup": None,
    "namespaceCode": None,
    "version": 0,
}


def alternative(schema: str) -> str:
    return "_" + schema.removeprefix("https://ns.adobe.com/").replace("/", ".")


def old_shape(schema: str, *mappings: Document, **changes: Any) -> Document:
    body = {"version": 0, "xdmSchema": schema, "xdmVersion": "1.0", "id": None, "mappings": list(mappings)}
    return body | changes


def new_shape(schema: str, *mappings: Document) -> Document:
    return {"outputSchema": {"schemaRef": {"id": schema, "contentType": FULL}}, "mappings": list(mappings)}


def post(api: Api, body: Any) -> httpx.Response:
    return api.http.post(MAPPING_SETS, json=body)


def made(api: Api, body: Document) -> str:
    answer = post(api, body)
    assert answer.status_code == 200, answer.text
    set_id: str = answer.json()["id"]
    return set_id


def full(api: Api, set_id: str, **params: int | str) -> Document:
    answer = api.http.get(f"{MAPPING_SETS}/{set_id}", params=params)
    assert answer.status_code == 200, answer.text
    document: Document = answer.json()
    return document


def put(api: Api, set_id: str, body: Document) -> Document:
    answer = api.http.put(f"{MAPPING_SETS}/{set_id}", json=body)
    assert answer.status_code == 200, answer.text
    document: Document = answer.json()
    return document


def assert_prep_refusal(answer: httpx.Response, status: int, field: str | None = None) -> Document:
    body: Document = answer.json()
    assert answer.status_code == status, answer.text
    assert {"type", "title", "status", "detail"} <= set(body)
    assert body["status"] == status
    assert body["report"].get("field") == field
    return body


def test_a_new_set_is_answered_in_short_with_dates_in_milliseconds(api: Api) -> None:
    schema = api.schema()
    before = time.time_ns() // 1_000_000
    answer = post(api, new_shape(schema, NEW_MAPPING))
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == SHORT
    assert HEX32.match(body["id"])
    assert body["version"] == 0
    assert before <= body["createdDate"] == body["modifiedDate"] <= time.time_ns() // 1_000_000


def test_later_reads_show_the_dates_in_whole_seconds(api: Api) -> None:
    short = post(api, new_shape(api.schema(), NEW_MAPPING)).json()
    document = full(api, short["id"])
    assert document["createdDate"] % 1000 == document["modifiedDate"] % 1000 == 0
    assert 0 <= short["createdDate"] - document["createdDate"] < 2000
    assert document["mappings"][0]["createdDate"] == document["createdDate"]


@pytest.mark.parametrize(
    "mapping",
    [
        NEW_MAPPING,
        OLD_MAPPING,
        NEW_MAPPING | OLD_MAPPING,
        {"source": "first_name", "destinationXdmPath": "person.name.firstName"},
        {"sourceAttribute": "first_name", "destination": "person.name.firstName"},
        {"sourceType": "text/x.schema-path", "source": "first_name", "destination": "person.name.firstName"},
        {"sourceType": "attribute", "source": "first_name", "destination": "person.name.firstName"},
    ],
    ids=["new", "old", "both", "source-old", "destination-old", "media-type", "lower-case"],
)
@pytest.mark.parametrize("envelope", [old_shape, new_shape])
def test_every_mixture_of_the_two_published_shapes_means_the_same(api: Api, mapping: Document, envelope: Any) -> None:
    (kept,) = full(api, made(api, envelope(api.schema(), mapping)))["mappings"]
    assert kept["sourceType"] == "text/x.schema-path"
    assert kept["source"] == kept["sourceAttribute"] == "first_name"
    assert kept["destination"] == kept["destinationXdmPath"] == "person.name.firstName"


@pytest.mark.parametrize(
    ("given", "kept"),
    [("ATTRIBUTE", "text/x.schema-path"), ("EXPRESSION", "text/x.aep-xl"), ("STATIC", "text/plain")],
)
def test_a_source_type_is_shown_as_media_type(api: Api, given: str, kept: str) -> None:
    mapping = {"sourceType": given, "source": "first_name", "destination": "_id"}
    (shown,) = full(api, made(api, new_shape(api.schema(), mapping)))["mappings"]
    assert shown["sourceType"] == kept


def test_a_full_set_has_all_documented_keys(api: Api) -> None:
    schema = api.schema()
    set_id = made(api, old_shape(schema, NEW_MAPPING | {"name": "first", "description": "of a person"}, name="people"))
    document = full(api, set_id)
    assert document["id"] == set_id
    assert document["version"] == 0
    assert document["name"] == "people"
    assert document["supportVersion"] == "1.1"
    assert document["status"] == "DRAFT"
    assert document["strictMapping"] is document["allowNullValues"] is False
    assert document["xdmSchema"] == document["schemaRef"]["id"] == document["outputSchema"]["schemaRef"]["id"] == schema
    assert document["xdmVersion"] == document["schemaRef"]["contentType"] == "1.0"
    (mapping,) = document["mappings"]
    assert HEX32.match(mapping["id"])
    assert (mapping["name"], mapping["description"]) == ("first", "of a person")
    assert (mapping["version"], mapping["matchScore"], mapping["functionVersion"]) == (0, 0.0, 1)
    assert mapping["identity"] is mapping["primaryIdentity"] is False


def test_an_id_of_null_means_that_the_service_makes_one(api: Api) -> None:
    assert HEX32.match(made(api, old_shape(api.schema(), OLD_MAPPING, id=None)))


def test_the_schema_may_be_named_by_its_alternative_id(api: Api) -> None:
    schema = api.schema()
    assert full(api, made(api, old_shape(alternative(schema), OLD_MAPPING)))["xdmSchema"] == alternative(schema)


def test_a_set_may_be_empty(api: Api) -> None:
    assert full(api, made(api, new_shape(api.schema())))["mappings"] == []


def test_the_form_of_a_set_is_checked_whether_or_not_a_client_asks_for_it(api: Api) -> None:
    """A public client sends ``validate=False`` with every set."""
    body = new_shape(api.schema(), NEW_MAPPING | {"destination": "personID"})
    for validate in ("False", "true"):
        assert api.http.post(MAPPING_SETS, params={"validate": validate}, json=body).status_code == 200
    for wrong in ({"validate": "perhaps"}, {"validates": "true"}):
        assert api.http.post(MAPPING_SETS, params=wrong, json=body).status_code == 400
    answer = api.http.post(MAPPING_SETS, params={"validate": "False"}, json=body | {"mappings": "none"})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "changes", [{"destination": "person.nothing"}, {"sourceType": "EXPRESSION", "source": "concat("}, {"source": "a["}]
)
def test_a_set_with_a_fault_is_refused_only_where_a_client_asks_for_it_to_be_checked(
    api: Api, changes: Document
) -> None:
    sound = NEW_MAPPING | {"destination": "personID"}
    body = new_shape(api.schema(), sound, NEW_MAPPING | {"destination": "_id"} | changes)
    refused = api.http.post(MAPPING_SETS, params={"validate": "true"}, json=body)
    assert_prep_refusal(refused, 400, "mappings[1]")
    assert refused.json()["report"]["given"]["exception"]
    assert api.http.get(MAPPING_SETS).json()["data"] == []
    made(api, body)


def test_sets_are_listed_newest_first_with_a_page(api: Api) -> None:
    schema = api.schema()
    sets = [made(api, new_shape(schema, NEW_MAPPING)) for _ in range(3)]
    listed = api.http.get(MAPPING_SETS).json()
    assert set(listed) == {"data", "_page"}
    assert [entry["id"] for entry in listed["data"]] == sets[::-1]
    assert listed["_page"] == {"count": 3, "limit": 10}
    assert listed["data"][0] == full(api, sets[-1])


def test_sets_are_paged_by_start_and_limit(api: Api) -> None:
    schema = api.schema()
    sets = [made(api, new_shape(schema)) for _ in range(3)]
    pages = [api.http.get(MAPPING_SETS, params={"limit": 2, "start": start}).json() for start in (0, 2, 4)]
    assert [[entry["id"] for entry in page["data"]] for page in pages] == [[sets[2], sets[1]], [sets[0]], []]
    assert pages[1]["_page"] == {"count": 1, "limit": 2}


def listed(api: Api, **params: Any) -> list[str]:
    answer = api.http.get(MAPPING_SETS, params=params)
    assert answer.status_code == 200, answer.text
    return [entry["id"] for entry in answer.json()["data"]]


def test_sets_are_found_by_name_status_and_schema(api: Api) -> None:
    target = api.target()
    first = made(api, old_shape(target.schema, NEW_MAPPING, name="People"))
    second = made(api, old_shape(alternative(api.schema("Another")), NEW_MAPPING))
    api.make("flows", api.flow_body(api.source_connection(), target, {"data.id": "_test.id"}))
    (used,) = listed(api, property="status==PUBLISHED")
    assert listed(api, name="people") == listed(api, property="name==People") == [first]
    assert listed(api, name="nobody") == []
    assert listed(api, property="status==DRAFT") == listed(api, property="status!=published") == [second, first]
    assert listed(api, property=f"id=={first},{second}") == [second, first]
    for name in (target.schema, alternative(target.schema)):
        assert listed(api, property=f"xdmSchema=={name}") == [used, first]
        assert listed(api, property=[f"xdmSchema=={name}", "status==DRAFT"]) == [first]
        assert listed(api, property=f"xdmSchema!={name}") == [second]


def test_a_filter_that_a_client_shows_as_its_example_is_accepted(api: Api) -> None:
    """``success`` is the status of a run, so that no set has it."""
    made(api, new_shape(api.schema()))
    assert listed(api, property="status==success") == []


def test_sets_are_ordered_by_when_they_were_made_or_changed() -> None:
    settings = Settings(port=0, database="sqlite://", clock="2026-01-31T12:00:00Z")
    with Background(settings) as server, client_of(server.url, "ORDER@AdobeOrg") as api:
        schema = api.schema()
        sets = []
        for _ in range(3):
            sets.append(made(api, new_shape(schema)))
            assert api.http.post("/__admin/clock/advance", json={"by": "PT10S"}).status_code == 200
        put(api, sets[0], new_shape(schema))
        for order in ("createdDate", "+createdDate"):
            assert listed(api, orderBy=order) == sets
        assert listed(api, orderBy="-createdDate") == sets[::-1]
        assert listed(api, orderBy="updatedDate") == listed(api, orderBy="lastUpdateDate") == [*sets[1:], sets[0]]
        assert listed(api, orderBy="-updatedDate", limit=2) == [sets[0], sets[2]]
        assert listed(api, orderBy="-updatedDate", limit=2, start=2) == [sets[1]]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("orderBy", "name"),
        ("orderBy", ""),
        ("orderBy", "--createdDate"),
        ("property", "status"),
        ("property", "status=="),
        ("property", "colour==red"),
        ("property", "version>1"),
        ("property", "status==" + ",".join("x" * 101)),
        ("expandSchema", "perhaps"),
    ],
)
def test_a_list_that_cannot_be_understood_is_refused(api: Api, name: str, value: str) -> None:
    assert_prep_refusal(api.http.get(MAPPING_SETS, params={name: value}), 400, name)


def test_the_target_schema_is_shown_where_a_client_asks_for_it(api: Api) -> None:
    schema = api.schema()
    set_id = made(api, new_shape(schema))
    plain = full(api, set_id)
    assert "jsonSchema" not in plain["outputSchema"]
    shown = full(api, set_id, expandSchema="true")
    text = shown["outputSchema"].pop("jsonSchema")
    assert shown == plain
    assert text["$id"] == schema
    assert "personID" in text["properties"]
    (entry,) = api.http.get(MAPPING_SETS, params={"expandSchema": "True"}).json()["data"]
    assert entry["outputSchema"]["jsonSchema"] == text
    assert api.http.delete(f"{REGISTRY}/tenant/schemas/{alternative(schema)}").status_code == 204
    assert full(api, set_id, expandSchema="true") == plain


@pytest.mark.parametrize("params", [{"limit": 0}, {"limit": "x"}, {"start": -1}, {"colour": "red"}])
def test_a_list_parameter_that_means_nothing_is_refused(api: Api, params: dict[str, str | int]) -> None:
    assert_prep_refusal(api.http.get(MAPPING_SETS, params=params), 400, next(iter(params)))


def test_a_replaced_set_has_the_next_version_and_new_ids_for_all_mappings(api: Api) -> None:
    schema = api.schema()
    other = {"sourceType": "ATTRIBUTE", "source": "id", "destination": "_id"}
    set_id = made(api, new_shape(schema, NEW_MAPPING, other))
    before = full(api, set_id)
    after = put(api, set_id, new_shape(schema, NEW_MAPPING, other))
    assert after == full(api, set_id)
    assert (after["id"], after["version"]) == (set_id, 1)
    assert after["createdDate"] == before["createdDate"]
    assert after["createdBy"] == before["createdBy"]
    assert after["modifiedDate"] >= before["modifiedDate"]
    assert [mapping["version"] for mapping in after["mappings"]] == [0, 0]
    assert not {mapping["id"] for mapping in after["mappings"]} & {mapping["id"] for mapping in before["mappings"]}
    assert put(api, set_id, new_shape(schema))["version"] == 2


def test_every_version_stays_readable(api: Api) -> None:
    schema = api.schema()
    set_id = made(api, new_shape(schema, NEW_MAPPING))
    versions = [full(api, set_id)]
    versions += [put(api, set_id, new_shape(schema, NEW_MAPPING | {"source": f"name{n}"})) for n in (1, 2)]
    assert [full(api, set_id, version=number) for number in range(3)] == versions
    assert full(api, set_id) == versions[2]
    assert_prep_refusal(api.http.get(f"{MAPPING_SETS}/{set_id}", params={"version": 3}), 404)


def test_a_set_is_published_from_when_a_flow_refers_to_it(api: Api) -> None:
    target = api.target()
    # A run would change the flow's etag.
    never = {"startTime": 4102444800, "frequency": "hour", "interval": 1}
    body = api.flow_body(api.source_connection(), target, {"data.id": "_test.id"}, scheduleParams=never)
    set_id, other = body["transformations"][0]["params"]["mappingId"], made(api, new_shape(target.schema))
    put(api, set_id, new_shape(target.schema))
    assert full(api, set_id)["status"] == "DRAFT"
    flow = api.make("flows", body)
    assert full(api, set_id)["status"] == full(api, set_id, version=0)["status"] == "PUBLISHED"
    assert full(api, other)["status"] == "DRAFT"
    params = {"op": "replace", "path": "/transformations/0/params/mappingId", "value": other}
    assert api.patch("flows", flow, [params]).status_code == 200
    assert full(api, other)["status"] == "PUBLISHED"
    assert put(api, other, new_shape(target.schema))["status"] == "PUBLISHED"
    assert api.http.delete(f"{FLOW}/flows/{flow}").status_code == 204
    assert full(api, set_id)["status"] == full(api, other)["status"] == "PUBLISHED"


def test_the_output_schema_is_one_of_data_preps_own(api: Api) -> None:
    schema, another = api.schema(), api.schema("Another")
    set_id = made(api, new_shape(schema))
    output = full(api, set_id)["outputSchema"]
    own = api.http.get(f"{DATA_PREP}/schemas/{output['id']}").json()
    assert (own["version"], own["schemaRef"]) == (output["version"], output["schemaRef"])
    assert put(api, set_id, new_shape(schema, NEW_MAPPING))["outputSchema"] == output
    assert put(api, set_id, new_shape(another))["outputSchema"]["id"] != output["id"]


def test_what_an_expression_reads_is_shown(api: Api) -> None:
    expression = {"sourceType": "EXPRESSION", "source": 'concat(first, " ", names.last)', "destination": "_id"}
    broken = {"sourceType": "EXPRESSION", "source": "concat(", "destination": "personID"}
    kept = full(api, made(api, new_shape(api.schema(), expression, broken, NEW_MAPPING)))["mappings"]
    assert [mapping.get("expressionAttributes") for mapping in kept] == [["first", "names.last"], [], None]


def test_the_fields_that_only_some_requests_have_are_kept(api: Api) -> None:
    mapping = NEW_MAPPING | {"identity": True, "identityGroup": "core", "namespaceCode": "Email", "description": None}
    tags = [{"name": "team", "values": ["a", "b"]}, {"name": "bare"}]
    document = full(api, made(api, new_shape(api.schema(), mapping) | {"tags": tags, "allowNullValues": True}))
    assert document["tags"] == tags
    assert document["allowNullValues"] is True
    (kept,) = document["mappings"]
    assert (kept["identity"], kept["identityGroup"], kept["namespaceCode"]) == (True, "core", "Email")
    assert "description" not in kept


def test_a_set_that_was_read_can_be_sent_again(api: Api) -> None:
    set_id = made(api, new_shape(api.schema(), NEW_MAPPING | {"name": "first"}) | {"name": "People"})
    before = full(api, set_id)
    after = put(api, set_id, before)
    changing = {"version", "modifiedDate", "mappings"}
    assert {name: after[name] for name in after if name not in changing} == {
        name: before[name] for name in before if name not in changing
    }
    assert after["version"] == 1


def test_old_versions_are_not_listed(api: Api) -> None:
    schema = api.schema()
    set_id = made(api, new_shape(schema))
    put(api, set_id, new_shape(schema))
    assert [entry["version"] for entry in api.http.get(MAPPING_SETS).json()["data"]] == [1]


def streaming_flow(api: Api) -> tuple[str, str]:
    """A flow that maps what an inlet gets, and its mapping set."""
    source = api.source_connection(api.streaming_connection(), HTTP_API)
    changes: Document = {"flowSpec": spec(STREAM_MAPPED_FLOW), "scheduleParams": None}
    body = api.flow_body(source, api.target(), {"id": "_test.old"}, **changes)
    return api.make("flows", body), body["transformations"][0]["params"]["mappingId"]


def test_a_flow_goes_on_with_the_version_that_it_names(api: Api) -> None:
    flow, set_id = streaming_flow(api)
    schema = full(api, set_id)["xdmSchema"]
    put(api, set_id, new_shape(schema, {"source": "id", "destination": "_test.new"}))
    item = api.item("flows", flow)
    base = item["inheritedAttributes"]["sourceConnections"][0]["baseConnection"]["id"]
    dataset = api.item("targetConnections", item["targetConnectionIds"][0])["params"]["dataSetId"]
    inlet = api.item("connections", base)["auth"]["params"]["inletUrl"]
    assert api.http.post(inlet, json={"id": 1}).status_code == 200
    assert api.records(dataset)["items"] == [{"_test": {"old": 1}}]


def test_a_deleted_set_is_gone_with_all_its_versions(api: Api) -> None:
    schema = api.schema()
    set_id = made(api, new_shape(schema, NEW_MAPPING))
    put(api, set_id, new_shape(schema))
    url = f"{MAPPING_SETS}/{set_id}"
    answer = api.http.delete(url)
    assert (answer.status_code, answer.content) == (204, b"")
    assert_prep_refusal(api.http.get(url), 404)
    assert_prep_refusal(api.http.get(url, params={"version": 0}), 404)
    assert_prep_refusal(api.http.delete(url), 404)


def test_a_set_stays_while_a_flow_uses_it(api: Api) -> None:
    flow, set_id = streaming_flow(api)
    assert flow in assert_prep_refusal(api.http.delete(f"{MAPPING_SETS}/{set_id}"), 400)["detail"]
    assert api.http.delete(f"{FLOW}/flows/{flow}").status_code == 204
    assert api.http.delete(f"{MAPPING_SETS}/{set_id}").status_code == 204


def test_an_unknown_set_is_not_found(api: Api) -> None:
    url = f"{MAPPING_SETS}/{'0' * 32}"
    for answer in (api.http.get(url), api.http.put(url, json=new_shape(api.schema())), api.http.delete(url)):
        assert "0" * 32 in assert_prep_refusal(answer, 404)["detail"]


@pytest.mark.parametrize("envelope", [old_shape, new_shape])
def test_the_schema_must_exist(api: Api, envelope: Any) -> None:
    unknown = "https://ns.adobe.com/acme/schemas/0123456789abcdef0123456789abcdef"
    assert unknown in assert_prep_refusal(post(api, envelope(unknown, NEW_MAPPING)), 400, "xdmSchema")["detail"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"mappings": None}, "mappings"),
        ({"mappings": {}}, "mappings"),
        ({"mappings": ["x"]}, "mappings[0]"),
        ({"mappings": [NEW_MAPPING, {"destination": "a"}]}, "mappings[1].source"),
        ({"mappings": [NEW_MAPPING, {"source": "a"}]}, "mappings[1].destination"),
        ({"mappings": [{"source": 5, "destination": "a"}]}, "mappings[0].source"),
        ({"mappings": [NEW_MAPPING | {"sourceType": "FORMULA"}]}, "mappings[0].sourceType"),
        ({"mappings": [NEW_MAPPING | {"sourceType": 5}]}, "mappings[0].sourceType"),
        ({"xdmSchema": None}, "xdmSchema"),
        ({"xdmSchema": 5}, "xdmSchema"),
        ({"allowNullValues": "yes"}, "allowNullValues"),
        ({"strictMapping": 1}, "strictMapping"),
        ({"name": 5}, "name"),
        ({"tags": {"team": "a"}}, "tags"),
        ({"tags": [{"name": "team", "values": "a"}]}, "tags[0]"),
        ({"tags": ["team"]}, "tags[0]"),
        ({"xdmVersion": 1}, "xdmVersion"),
        ({"outputSchema": "x"}, "outputSchema"),
        ({"outputSchema": {"schemaRef": "x"}}, "outputSchema.schemaRef"),
        ({"outputSchema": {"schemaRef": {"id": 5}}}, "outputSchema.schemaRef.id"),
        ({"schemaRef": {"id": ""}}, "schemaRef.id"),
        ({"schemaRef": {"contentType": []}}, "schemaRef.contentType"),
        ({"inputSchema": "x"}, "inputSchema"),
        ({"inputSchema": {"id": 5}}, "inputSchema.id"),
        ({"inputSchema": {"id": "0" * 32}}, "inputSchema.id"),
        ({"mappings": [NEW_MAPPING | {"name": 5}]}, "mappings[0].name"),
        ({"mappings": [NEW_MAPPING | {"identity": "yes"}]}, "mappings[0].identity"),
        ({"mappings": [NEW_MAPPING | {"source": "s" * 4097}]}, "mappings[0].source"),
        ({"mappings": [NEW_MAPPING, NEW_MAPPING | {"destination": "d" * 4097}]}, "mappings[1].destination"),
    ],
)
def test_a_refused_body_is_told_which_field_is_wrong(api: Api, changes: Document, field: str) -> None:
    body = old_shape(api.schema(), NEW_MAPPING, **changes)
    assert_prep_refusal(post(api, body), 400, field)
    set_id = made(api, old_shape(api.schema("Another"), NEW_MAPPING))
    assert_prep_refusal(api.http.put(f"{MAPPING_SETS}/{set_id}", json=body), 400, field)
    assert full(api, set_id)["version"] == 0


def test_the_schema_is_taken_from_the_first_place_that_names_one(api: Api) -> None:
    """``outputSchema.schemaRef``, then ``schemaRef``, then ``xdmSchema``."""
    first, second, third = (api.schema(title) for title in ("First", "Second", "Third"))
    body: Document = {"mappings": [], "xdmSchema": third}
    assert full(api, made(api, body))["xdmSchema"] == third
    body["schemaRef"] = {"id": second, "contentType": FULL}
    assert full(api, made(api, body))["schemaRef"] == body["schemaRef"]
    body["outputSchema"] = {"schemaRef": None}
    assert full(api, made(api, body))["xdmSchema"] == second
    body["outputSchema"] = {"schemaRef": {"id": first}}
    document = full(api, made(api, body))
    assert (document["xdmSchema"], document["xdmVersion"]) == (first, FULL)


def test_a_body_must_be_an_object(api: Api) -> None:
    assert_prep_refusal(post(api, []), 400)


def test_a_refused_set_does_not_exist(api: Api) -> None:
    post(api, old_shape(api.schema(), {"source": "a"}))
    assert api.http.get(MAPPING_SETS).json()["data"] == []


def test_the_shorter_path_of_a_published_template_takes_sets_too(api: Api) -> None:
    answer = api.http.post("/data/foundation/mappingSets", json=old_shape(api.schema(), OLD_MAPPING))
    assert answer.status_code == 200
    assert full(api, answer.json()["id"])["mappings"][0]["source"] == "first_name"


def test_sets_of_another_organisation_are_not_seen(api: Api) -> None:
    set_id = made(api, new_shape(api.schema(), NEW_MAPPING))
    other = {"x-gw-ims-org-id": f"OTHER{api.org}"}
    assert_prep_refusal(api.http.get(f"{MAPPING_SETS}/{set_id}", headers=other), 404)
    assert api.http.get(MAPPING_SETS, headers=other).json()["data"] == []
