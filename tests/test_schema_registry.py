"""Schema Registry: schemas of the tenant container, in every form that ``Accept`` can ask for."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.support import CATALOG, EVENT, PROFILE, REGISTRY, Api, Document

SCHEMAS = f"{REGISTRY}/tenant/schemas"
RECORD = "https://ns.adobe.com/xdm/data/record"
PERSON = "https://ns.adobe.com/xdm/context/profile-person-details"
LOYALTY = "https://ns.adobe.com/xdm/context/profile-loyalty-details"
STAMP = re.compile(r"^\d{2}-\d{2}-\d{4} \d{2}:\d{2}:\d{2}$")
UUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")

# What a 201 holds, as the schemas endpoint guide prints it.
ANSWER = {
    "$id",
    "meta:altId",
    "meta:resourceType",
    "version",
    "title",
    "type",
    "allOf",
    "refs",
    "imsOrg",
    "meta:extensible",
    "meta:abstract",
    "meta:extends",
    "meta:xdmType",
    "meta:registryMetadata",
    "meta:class",
    "meta:containerId",
    "meta:sandboxId",
    "meta:sandboxType",
    "meta:tenantNamespace",
}
METADATA = {
    "repo:createdDate",
    "repo:lastModifiedDate",
    "xdm:createdClientId",
    "xdm:lastModifiedClientId",
    "xdm:createdUserId",
    "xdm:lastModifiedUserId",
    "eTag",
    "meta:globalLibVersion",
}


def create(api: Api, *refs: str, **changes: Any) -> httpx.Response:
    body = {"type": "object", "title": "Members", "allOf": [{"$ref": ref} for ref in refs or (PROFILE,)]}
    return api.http.post(SCHEMAS, json=body | changes)


def made(api: Api, *refs: str, **changes: Any) -> Document:
    answer = create(api, *refs, **changes)
    assert answer.status_code == 201, answer.text
    schema: Document = answer.json()
    return schema


def lookup(api: Api, name: str, form: str = "xed", version: str = ";version=1") -> httpx.Response:
    headers = {"Accept": f"application/vnd.adobe.{form}+json{version}"}
    return api.http.get(f"{SCHEMAS}/{quote(name, safe='')}", headers=headers)


def in_form(api: Api, name: str, form: str) -> Document:
    answer = lookup(api, name, form)
    assert answer.status_code == 200, answer.text
    schema: Document = answer.json()
    return schema


def assert_registry_refusal(answer: httpx.Response, code: str) -> Document:
    """The registry's envelope, whose ``type`` begins with http and not with https."""
    body: Document = answer.json()
    assert answer.status_code == int(code.rsplit("-", 1)[1]), answer.text
    assert set(body) == {"type", "title", "status", "report", "detail"}
    assert body["type"] == f"http://ns.adobe.com/aep/errors/{code}"
    assert body["status"] == answer.status_code
    assert body["title"]
    assert set(body["report"]) == {"registryRequestId", "timestamp", "detailed-message", "sub-errors"}
    assert UUID.match(body["report"]["registryRequestId"])
    assert STAMP.match(body["report"]["timestamp"])
    assert body["report"]["detailed-message"] == body["detail"]
    assert body["report"]["sub-errors"] == []
    return body


def test_a_new_schema_is_answered_with_all_documented_keys(api: Api) -> None:
    schema = made(api, description="Who is a member", **{"meta:immutableTags": ["union"]})
    assert set(schema) == ANSWER | {"description", "meta:immutableTags"}
    assert set(schema["meta:registryMetadata"]) == METADATA
    assert schema["title"] == "Members"
    assert schema["description"] == "Who is a member"
    assert schema["meta:immutableTags"] == ["union"]
    assert (schema["type"], schema["meta:xdmType"], schema["meta:resourceType"]) == ("object", "object", "schemas")
    assert schema["version"] == "1.0"
    assert schema["imsOrg"] == api.org
    assert schema["meta:containerId"] == "tenant"
    assert schema["meta:sandboxType"] == "production"


def test_the_id_and_the_alternative_id_name_tenant_and_token(api: Api) -> None:
    schema = made(api)
    found = re.fullmatch(r"https://ns\.adobe\.com/(?P<tenant>[a-z0-9]+)/schemas/(?P<token>[0-9a-f]{48})", schema["$id"])
    assert found is not None
    assert schema["meta:altId"] == f"_{found['tenant']}.schemas.{found['token']}"
    assert schema["meta:tenantNamespace"] == f"_{found['tenant']}"


def test_the_etag_of_a_schema_has_64_digits_and_its_dates_are_milliseconds(api: Api) -> None:
    metadata = made(api)["meta:registryMetadata"]
    assert re.fullmatch(r"[0-9a-f]{64}", metadata["eTag"])
    assert len(str(metadata["repo:createdDate"])) == 13
    assert metadata["repo:lastModifiedDate"] == metadata["repo:createdDate"]


def test_a_schema_lists_what_it_refers_to_and_extends_the_class_and_its_behaviour(api: Api) -> None:
    schema = made(api, PROFILE, PERSON)
    assert schema["refs"] == [PROFILE, PERSON]
    assert schema["meta:class"] == PROFILE
    assert set(schema["meta:extends"]) == {PROFILE, RECORD, PERSON}
    assert [part["$ref"] for part in schema["allOf"]] == [PROFILE, PERSON]
    assert all(part["type"] == part["meta:xdmType"] == "object" for part in schema["allOf"])


def test_a_reference_may_be_spelled_as_alternative_id(api: Api) -> None:
    assert made(api, "_xdm.context.profile")["meta:class"] == PROFILE


@pytest.mark.parametrize("refs", [[], [PERSON], [PROFILE, EVENT]])
def test_a_schema_has_exactly_one_class(api: Api, refs: list[str]) -> None:
    answer = create(api, allOf=[{"$ref": ref} for ref in refs])
    assert "exactly one class" in assert_registry_refusal(answer, "XDM-1400-400")["detail"]


def test_a_reference_to_nothing_is_not_found(api: Api) -> None:
    unknown = "https://ns.adobe.com/xdm/context/nothing"
    assert unknown in assert_registry_refusal(create(api, PROFILE, unknown), "XDM-1011-404")["detail"]


def test_titles_are_unique(api: Api) -> None:
    first = made(api, title="Members")
    body = assert_registry_refusal(create(api, title="Members"), "XDM-1521-400")
    assert first["$id"] in body["detail"]
    assert made(api, title="Other members")["title"] == "Other members"


def test_another_organisation_may_use_the_title(api: Api) -> None:
    made(api, title="Members")
    body = {"type": "object", "title": "Members", "allOf": [{"$ref": PROFILE}]}
    answer = api.http.post(SCHEMAS, json=body, headers={"x-gw-ims-org-id": f"OTHER{api.org}"})
    assert answer.status_code == 201


@pytest.mark.parametrize(
    "changes",
    [
        {"title": None},
        {"title": " "},
        {"title": 5},
        {"title": "x" * 513},
        {"type": "string"},
        {"allOf": None},
        {"allOf": ["x"]},
        {"meta:immutableTags": "union"},
    ],
)
def test_a_body_that_is_no_schema_is_refused(api: Api, changes: Document) -> None:
    field = next(iter(changes))
    assert field in assert_registry_refusal(create(api, **changes), "XDM-1400-400")["detail"]


def test_the_longest_title_is_taken_whatever_its_letters(api: Api) -> None:
    title = "".join(chr(0x20000 + 37 * number) for number in range(512))
    assert made(api, title=title)["title"] == title


def test_a_body_must_be_an_object(api: Api) -> None:
    assert_registry_refusal(api.http.post(SCHEMAS, json=[]), "XDM-1400-400")


def test_a_body_deeper_than_can_be_stored_is_refused(api: Api) -> None:
    deep: list[Any] = []
    for _ in range(300):
        deep = [deep]
    body = assert_registry_refusal(create(api, allOf=[{"$ref": PROFILE, "deep": deep}]), "XDM-1000-400")
    assert "levels of nesting" in body["detail"]


@pytest.mark.parametrize("key", ["$id", "meta:altId"])
def test_a_schema_is_found_under_both_of_its_names(api: Api, key: str) -> None:
    schema = made(api)
    assert in_form(api, schema[key], "xed") == schema


def test_a_schema_that_is_not_there_is_named_by_its_id(api: Api) -> None:
    schema = made(api)
    missing = schema["$id"][:-1] + ("0" if schema["$id"][-1] != "0" else "1")
    body = assert_registry_refusal(lookup(api, missing), "XDM-1012-404")
    assert body["detail"] == f"Requested resource {missing} with version 1 is not found"


@pytest.mark.parametrize("version", [";version=1", "; version=1", ";version=1.0", "; version=1.x"])
def test_every_spelling_of_the_only_major_version_is_understood(api: Api, version: str) -> None:
    assert lookup(api, made(api)["$id"], "xed", version).status_code == 200


def test_there_is_no_second_major_version(api: Api) -> None:
    assert_registry_refusal(lookup(api, made(api)["$id"], "xed", "; version=2"), "XDM-1012-404")


@pytest.mark.parametrize(
    "accept",
    ["*/*", "application/json", "application/vnd.adobe.xed+json", "application/vnd.adobe.xed-full+json", "nonsense"],
)
def test_a_lookup_must_say_which_version_it_accepts(api: Api, accept: str) -> None:
    answer = api.http.get(f"{SCHEMAS}/{made(api)['meta:altId']}", headers={"Accept": accept})
    body = assert_registry_refusal(answer, "XDM-1007-400")
    assert body["detail"].startswith(f"The supplied Accept header is not valid: {accept} - ")


@pytest.mark.parametrize(
    "accept",
    [
        'application/vnd.adobe.xed-full+json; version="1"',
        "application/vnd.adobe.xed-full+json; version=1, */*",
        "application/json, text/plain, application/vnd.adobe.xed-full+json;version=1;q=0.9, */*",
        "Application/vnd.adobe.XED-full+JSON; Version=1",
    ],
)
def test_the_first_of_several_forms_that_there_is_counts_in_any_capitals(api: Api, accept: str) -> None:
    answer = api.http.get(f"{SCHEMAS}/{made(api)['meta:altId']}", headers={"Accept": accept})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/vnd.adobe.xed-full+json;version=1"
    assert "allOf" not in answer.json()


@pytest.mark.parametrize("accept", ["application/json, text/plain, */*", "text/html, application/*;q=0.1"])
@pytest.mark.parametrize("collection", ["schemas", "descriptors"])
def test_a_list_is_short_where_any_form_will_do(api: Api, accept: str, collection: str) -> None:
    url = f"{REGISTRY}/tenant/{collection}"
    made(api)
    assert api.http.get(url, headers={"Accept": accept}).json() == api.http.get(url).json()


def test_a_list_must_not_say_which_version_it_accepts(api: Api) -> None:
    answer = api.http.get(SCHEMAS, headers={"Accept": "application/vnd.adobe.xed+json; version=1"})
    assert_registry_refusal(answer, "XDM-1006-400")


@pytest.mark.parametrize("family", ["xed", "xdm"])
def test_the_raw_form_keeps_references(api: Api, family: str) -> None:
    schema = in_form(api, made(api, PROFILE, PERSON)["$id"], family)
    assert [part["$ref"] for part in schema["allOf"]] == [PROFILE, PERSON]
    assert "properties" not in schema


@pytest.mark.parametrize("family", ["xed", "xdm"])
def test_the_full_form_has_the_fields_of_class_and_field_groups_in_place_of_references(api: Api, family: str) -> None:
    schema = in_form(api, made(api, PROFILE, LOYALTY)["$id"], f"{family}-full")
    assert "allOf" not in schema
    assert schema["properties"]["personID"]["type"] == "string"
    assert schema["properties"]["loyalty"]["properties"]["points"]["type"] == "number"


def test_the_full_form_has_the_fields_that_the_schema_adds_itself(api: Api) -> None:
    own = {"properties": {"_acme": {"type": "object", "properties": {"id": {"type": "string"}}}}, "required": ["_acme"]}
    schema = in_form(api, made(api, allOf=[{"$ref": PROFILE}, own])["$id"], "xed-full")
    assert schema["properties"]["_acme"]["properties"]["id"] == {"type": "string"}
    assert schema["required"] == ["_acme"]
    assert "personID" in schema["properties"]


def test_names_of_required_fields_that_are_no_texts_are_passed_over(api: Api) -> None:
    schema = made(api, allOf=[{"$ref": PROFILE}, {"required": ["personID", {}, 1]}])
    assert in_form(api, schema["$id"], "xed-full")["required"] == ["personID"]


@pytest.mark.parametrize("form", ["xed-notext", "xed-full-notext"])
def test_a_form_without_texts_has_neither_titles_nor_descriptions(api: Api, form: str) -> None:
    schema = in_form(api, made(api, PROFILE, LOYALTY, description="Who is a member")["$id"], form)
    assert '"title"' not in str(schema).replace("'", '"')
    assert '"description"' not in str(schema).replace("'", '"')
    assert schema["meta:class"] == PROFILE


def test_a_form_without_texts_keeps_a_field_that_is_called_title(api: Api) -> None:
    own = {"properties": {"title": {"type": "string", "title": "Title"}}}
    schema = in_form(api, made(api, allOf=[{"$ref": PROFILE}, own])["$id"], "xed-full-notext")
    assert schema["properties"]["title"] == {"type": "string"}


def test_a_list_has_short_entries_and_says_that_nothing_follows(api: Api) -> None:
    schema = made(api)
    page = api.http.get(SCHEMAS, headers={"Accept": "application/vnd.adobe.xed-id+json"}).json()
    assert set(page) == {"results", "_page", "_links"}
    assert page["results"] == [{name: schema[name] for name in ("$id", "meta:altId", "version", "title")}]
    assert page["_page"] == {"orderby": "title", "next": None, "count": 1}
    assert set(page["_links"]) == {"global_schemas"}


def test_a_list_of_whole_schemas_is_asked_for_by_accept(api: Api) -> None:
    schema = made(api)
    page = api.http.get(SCHEMAS, headers={"Accept": "application/vnd.adobe.xed+json"}).json()
    assert page["results"] == [schema]


def test_an_empty_list_is_a_list(api: Api) -> None:
    page = api.http.get(SCHEMAS).json()
    assert page["results"] == []
    assert page["_page"]["next"] is None


def titles(page: Document) -> list[str]:
    return [entry["title"] for entry in page["results"]]


@pytest.mark.parametrize("descending", [False, True])
def test_a_list_is_paged_by_the_value_that_the_page_before_ended_with(api: Api, descending: bool) -> None:
    for title in ("b", "d", "a", "c", "e"):
        made(api, title=title)
    params: dict[str, str | int] = {"orderby": "-title" if descending else "title", "limit": 2}
    pages = []
    following: str | None = None
    while True:
        page = api.http.get(SCHEMAS, params=params | ({"start": following} if following else {})).json()
        pages.append(titles(page))
        following = page["_page"]["next"]
        if following is None:
            break
    assert pages == ([["e", "d"], ["c", "b"], ["a"]] if descending else [["a", "b"], ["c", "d"], ["e"]])


def test_the_link_to_the_next_page_leads_there_whatever_the_titles_hold(api: Api) -> None:
    wanted = ["50% off", "A & B", "C + D", "E = F #1"]
    for title in wanted:
        made(api, title=title)
    found = []
    url: str | None = f"{SCHEMAS}?limit=1"
    while url is not None:
        page = api.http.get(url).json()
        found += titles(page)
        url = page["_links"].get("next", {}).get("href")
    assert found == wanted


@pytest.mark.parametrize("params", [{"limit": 0}, {"limit": 301}, {"limit": "x"}, {"orderby": "colour"}, {"color": 1}])
def test_a_list_parameter_that_means_nothing_is_refused(api: Api, params: dict[str, str | int]) -> None:
    assert next(iter(params)) in assert_registry_refusal(api.http.get(SCHEMAS, params=params), "XDM-1400-400")["detail"]


def test_a_deleted_schema_is_gone(api: Api) -> None:
    schema = made(api)
    url = f"{SCHEMAS}/{quote(schema['$id'], safe='')}"
    answer = api.http.delete(url)
    assert (answer.status_code, answer.content) == (204, b"")
    assert_registry_refusal(lookup(api, schema["$id"]), "XDM-1012-404")
    assert_registry_refusal(api.http.delete(url), "XDM-1012-404")
    assert made(api)["title"] == schema["title"]


def test_a_schema_stays_while_a_dataset_has_it(api: Api) -> None:
    schema = made(api)
    dataset = api.dataset(schema["$id"])
    url = f"{SCHEMAS}/{schema['meta:altId']}"
    assert dataset in assert_registry_refusal(api.http.delete(url), "XDM-1447-400")["detail"]
    assert api.http.delete(f"{CATALOG}/dataSets/{dataset}").status_code == 200
    assert api.http.delete(url).status_code == 204


def test_a_trailing_slash_changes_nothing(api: Api) -> None:
    schema = made(api)
    assert titles(api.http.get(f"{SCHEMAS}/").json()) == [schema["title"]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("title==People", ["People"]),
        ("title!=People", ["Events"]),
        ("title~vent", ["Events"]),
        ("title>F", ["People"]),
        (f"meta:extends=={EVENT}", ["Events"]),
        ("meta:extends!=https://ns.adobe.com/xdm/data/adhoc", ["Events", "People"]),
        ("meta:class", ["Events", "People"]),
        ("meta:immutableTags", []),
    ],
)
def test_a_list_is_filtered_by_property(api: Api, text: str, expected: list[str]) -> None:
    api.schema("People")
    api.schema("Events", EVENT)
    page = api.http.get(SCHEMAS, params={"property": text}).json()
    assert [entry["title"] for entry in page["results"]] == expected


def test_a_filtered_list_stays_filtered_on_its_next_page(api: Api) -> None:
    for title in ("A", "B", "C"):
        api.schema(title)
    page = api.http.get(SCHEMAS, params={"property": "title!=B", "limit": 1}).json()
    following = api.http.get(page["_links"]["next"]["href"]).json()
    assert [entry["title"] for entry in page["results"] + following["results"]] == ["A", "C"]
    assert following["_page"]["next"] is None


@pytest.mark.parametrize("params", [{"orderby": "version"}, {"property": "title=="}, {"property": "=A"}])
def test_an_order_or_filter_that_cannot_be_is_refused(api: Api, params: dict[str, str]) -> None:
    field = next(iter(params))
    assert field in assert_registry_refusal(api.http.get(SCHEMAS, params=params), "XDM-1400-400")["detail"]
