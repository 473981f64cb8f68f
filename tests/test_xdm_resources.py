"""Schema Registry: classes, field groups, data types and schemas of both containers, and how they change."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.support import EVENT, PROFILE, REGISTRY, Api, Document
from tests.test_schema_registry import assert_registry_refusal

RECORD = "https://ns.adobe.com/xdm/data/record"
PERSON = "https://ns.adobe.com/xdm/context/profile-person-details"
NAME = "https://ns.adobe.com/xdm/context/person-name"
OWN = ("classes", "fieldgroups", "mixins", "datatypes", "schemas")


def namespace(api: Api) -> str:
    return f"_{api.http.get(f'{REGISTRY}/stats').json()['tenantId']}"


def body_of(api: Api, collection: str, title: str = "A thing", **changes: Any) -> Document:
    """The least that each kind of resource needs, with one field of its own."""
    fields = {"properties": {namespace(api): {"type": "object", "properties": {"colour": {"type": "string"}}}}}
    body: Document = {"title": title, "type": "object"}
    if collection == "datatypes":
        body |= {"properties": {"colour": {"title": "Colour", "type": "string"}}}
    elif collection in ("fieldgroups", "mixins"):
        body |= {"definitions": {"customFields": fields}, "allOf": [{"$ref": "#/definitions/customFields"}]}
        body |= {"meta:intendedToExtend": [PROFILE]}
    else:
        body |= {"allOf": [{"$ref": RECORD if collection == "classes" else PROFILE}, fields]}
    return body | changes


def posted(api: Api, collection: str, **changes: Any) -> httpx.Response:
    return api.http.post(f"{REGISTRY}/tenant/{collection}", json=body_of(api, collection, **changes))


def made(api: Api, collection: str, **changes: Any) -> Document:
    answer = posted(api, collection, **changes)
    assert answer.status_code == 201, answer.text
    found: Document = answer.json()
    return found


def url_of(collection: str, resource: Document | str, container: str = "tenant") -> str:
    name = resource if isinstance(resource, str) else resource["$id"]
    return f"{REGISTRY}/{container}/{collection}/{quote(name, safe='')}"


def lookup(api: Api, url: str, form: str = "xed") -> httpx.Response:
    return api.http.get(url, headers={"Accept": f"application/vnd.adobe.{form}+json;version=1"})


def seen(api: Api, collection: str, resource: Document | str, form: str = "xed-full") -> Document:
    answer = lookup(api, url_of(collection, resource), form)
    assert answer.status_code == 200, answer.text
    found: Document = answer.json()
    return found


@pytest.mark.parametrize("collection", OWN)
def test_a_resource_is_made_read_changed_and_deleted(api: Api, collection: str) -> None:
    resource = made(api, collection)
    assert (resource["version"], resource["meta:containerId"]) == ("1.0", "tenant")
    assert seen(api, collection, resource, "xed") == resource
    assert seen(api, collection, resource["meta:altId"], "xdm") == resource
    url = url_of(collection, resource)
    patched = api.http.patch(url, json=[{"op": "add", "path": "/description", "value": "Now said"}])
    assert (patched.status_code, patched.json()["version"]) == (200, "1.1")
    assert patched.json()["description"] == "Now said"
    replaced = api.http.put(url, json=body_of(api, collection, title="Another title"))
    assert (replaced.status_code, replaced.json()["version"], replaced.json()["title"]) == (200, "1.2", "Another title")
    assert "description" not in replaced.json()
    listed = api.http.get(f"{REGISTRY}/tenant/{collection}").json()["results"]
    assert [entry["$id"] for entry in listed] == [resource["$id"]]
    answer = api.http.delete(url)
    assert (answer.status_code, answer.content) == (204, b"")
    for gone in (lookup(api, url), api.http.delete(url), api.http.patch(url, json=[]), api.http.put(url, json={})):
        assert gone.status_code in (400, 404)


def test_field_groups_go_by_their_older_name_too(api: Api) -> None:
    group = made(api, "fieldgroups")
    assert "/mixins/" in group["$id"]
    assert group["meta:resourceType"] == "mixins"
    assert seen(api, "mixins", group, "xed") == group


@pytest.mark.parametrize(
    ("collection", "code"),
    [("classes", "XDM-1010-404"), ("fieldgroups", "XDM-1011-404"), ("datatypes", "XDM-1013-404")],
)
def test_what_is_not_there_is_named_with_its_kind(api: Api, collection: str, code: str) -> None:
    missing = f"https://ns.adobe.com/acme/{'mixins' if collection == 'fieldgroups' else collection}/{'0' * 48}"
    assert missing in assert_registry_refusal(lookup(api, url_of(collection, missing)), code)["detail"]


@pytest.mark.parametrize(
    ("collection", "name"),
    [("classes", PROFILE), ("fieldgroups", PERSON), ("mixins", PERSON), ("datatypes", NAME), ("behaviors", RECORD)],
)
def test_the_global_container_lists_and_shows_what_everybody_has(api: Api, collection: str, name: str) -> None:
    listed = api.http.get(f"{REGISTRY}/global/{collection}").json()["results"]
    assert name in [entry["$id"] for entry in listed]
    titles = [entry["title"] for entry in listed]
    assert titles == sorted(titles)
    assert len(titles) == len(set(titles))
    assert lookup(api, url_of(collection, name, "global")).json()["$id"] == name
    whole = lookup(api, url_of(collection, name, "global"), "xed-full").json()
    assert "$ref" not in str(whole)


def test_there_are_no_global_schemas_and_behaviors_have_a_refusal_of_their_own(api: Api) -> None:
    assert api.http.get(f"{REGISTRY}/global/schemas").json()["results"] == []
    assert_registry_refusal(lookup(api, url_of("schemas", PROFILE, "global")), "XDM-1012-404")
    assert_registry_refusal(lookup(api, url_of("behaviors", PROFILE, "global")), "XDM-1015-404")


def test_shared_parts_are_found_in_the_tenant_container_as_well(api: Api) -> None:
    assert seen(api, "fieldgroups", PERSON, "xed")["$id"] == PERSON
    assert api.http.get(f"{REGISTRY}/tenant/fieldgroups").json()["results"] == []
    assert api.http.delete(url_of("fieldgroups", PERSON)).status_code == 404


def test_own_fields_stand_below_the_tenants_name(api: Api) -> None:
    for collection in ("fieldgroups", "classes"):
        plain = body_of(api, collection)
        plain["properties"] = {"colour": {"type": "string"}}
        answer = api.http.post(f"{REGISTRY}/tenant/{collection}", json=plain)
        assert namespace(api) in assert_registry_refusal(answer, "XDM-1020-400")["detail"]
        plain["properties"] = {"_somebody": {"type": "object"}}
        answer = api.http.post(f"{REGISTRY}/tenant/{collection}", json=plain)
        assert "_somebody" in assert_registry_refusal(answer, "XDM-1021-400")["detail"]


def test_titles_are_unique_across_all_kinds_of_resources(api: Api) -> None:
    first = made(api, "datatypes", title="Shade")
    for collection in OWN:
        assert first["$id"] in assert_registry_refusal(posted(api, collection, title="Shade"), "XDM-1521-400")["detail"]
    other = made(api, "classes", title="Other")
    patch = [{"op": "replace", "path": "/title", "value": "Shade"}]
    assert_registry_refusal(api.http.patch(url_of("classes", other), json=patch), "XDM-1521-400")
    assert api.http.put(url_of("datatypes", first), json=body_of(api, "datatypes", title="Shade")).status_code == 200


def test_a_class_names_one_behavior(api: Api) -> None:
    answer = posted(api, "classes", allOf=[])
    assert "exactly one behavior" in assert_registry_refusal(answer, "XDM-1400-400")["detail"]


@pytest.mark.parametrize("collection", OWN)
@pytest.mark.parametrize(
    "change", [{"title": ""}, {"type": "string"}, {"definitions": []}, {"properties": {"a": 1}}, {"required": 1}]
)
def test_a_body_that_is_no_resource_changes_nothing(api: Api, collection: str, change: Document) -> None:
    resource = made(api, collection)
    answer = api.http.put(url_of(collection, resource), json=body_of(api, collection) | change)
    assert_registry_refusal(answer, "XDM-1400-400")
    assert seen(api, collection, resource, "xed") == resource


@pytest.mark.parametrize(
    "operations",
    [
        [{"op": "replace", "path": "/$id", "value": "x"}],
        [{"op": "add", "path": "/version", "value": "9.9"}],
        [{"op": "remove", "path": "/description"}],
        [{"op": "move", "path": "/title", "from": "/description"}],
        {"op": "add"},
        [],
    ],
)
def test_a_patch_that_cannot_be_changes_nothing(api: Api, operations: Any) -> None:
    resource = made(api, "datatypes")
    answer = api.http.patch(url_of("datatypes", resource), json=operations)
    assert_registry_refusal(answer, "XDM-1400-400")
    assert seen(api, "datatypes", resource, "xed") == resource


def of_groups(api: Api, *refs: str, **changes: Any) -> Document:
    return made(api, "schemas", title="Whole", allOf=[{"$ref": ref} for ref in (PROFILE, *refs)], **changes)


def test_a_schema_has_the_fields_of_own_field_groups_and_of_data_types_within_them(api: Api) -> None:
    space = namespace(api)
    shade = made(api, "datatypes", title="Shade", properties={"name": {"$ref": NAME}, "share": {"type": "number"}})
    fields = {"shade": {"$ref": shade["$id"]}, "shades": {"type": "array", "items": {"$ref": shade["meta:altId"]}}}
    group = made(api, "fieldgroups", definitions={"customFields": {"properties": {space: {"properties": fields}}}})
    schema = of_groups(api, group["$id"])
    whole = seen(api, "schemas", schema)
    own = whole["properties"][space]["properties"]
    assert own["shade"]["properties"]["share"] == {"type": "number"}
    assert own["shade"]["meta:referencedFrom"] == shade["$id"]
    assert "firstName" in own["shades"]["items"]["properties"]["name"]["properties"]
    assert group["refs"] == [shade["$id"]]
    assert schema["meta:extends"] == [PROFILE, RECORD, group["$id"]]
    assert "$ref" not in str(whole)


def test_a_schema_of_an_own_class_extends_what_the_class_extends(api: Api) -> None:
    shops = made(api, "classes", title="Shops")
    schema = made(api, "schemas", title="My shops", allOf=[{"$ref": shops["$id"]}])
    assert schema["meta:class"] == shops["$id"]
    assert schema["meta:extends"] == [shops["$id"], RECORD]
    assert "colour" in seen(api, "schemas", schema)["properties"][namespace(api)]["properties"]


def test_what_others_refer_to_is_not_deleted(api: Api) -> None:
    shade = made(api, "datatypes", title="Shade")
    nested = {namespace(api): {"type": "object", "properties": {"shade": {"$ref": shade["$id"]}}}}
    group = made(api, "fieldgroups", properties=nested)
    schema = of_groups(api, group["$id"])
    for collection, resource, user in (("datatypes", shade, group), ("fieldgroups", group, schema)):
        answer = api.http.delete(url_of(collection, resource))
        assert user["$id"] in assert_registry_refusal(answer, "XDM-1447-400")["detail"]
    for collection, resource in (("schemas", schema), ("fieldgroups", group), ("datatypes", shade)):
        assert api.http.delete(url_of(collection, resource)).status_code == 204


def test_data_types_that_refer_to_each_other_in_a_circle_are_refused(api: Api) -> None:
    inner = made(api, "datatypes", title="Inner")
    outer = made(api, "datatypes", title="Outer", properties={"inner": {"$ref": inner["$id"]}})
    around = [{"op": "add", "path": "/properties/outer", "value": {"$ref": outer["$id"]}}]
    answer = api.http.patch(url_of("datatypes", inner), json=around)
    assert "in a circle" in assert_registry_refusal(answer, "XDM-1413-400")["detail"]
    assert seen(api, "datatypes", inner)["version"] == "1.0"
    itself = body_of(
        api, "datatypes", "Self", definitions={"a": {"$ref": "#/definitions/a"}}, allOf=[{"$ref": "#/definitions/a"}]
    )
    assert_registry_refusal(api.http.post(f"{REGISTRY}/tenant/datatypes", json=itself), "XDM-1413-400")


def test_parts_that_give_one_field_two_types_are_refused(api: Api) -> None:
    space = namespace(api)
    groups = [
        made(api, "fieldgroups", title=kind, properties={space: {"properties": {"size": {"type": kind}}}})["$id"]
        for kind in ("string", "number")
    ]
    body = body_of(api, "schemas", allOf=[{"$ref": ref} for ref in (PROFILE, *groups)])
    answer = api.http.post(f"{REGISTRY}/tenant/schemas", json=body)
    assert "size" in assert_registry_refusal(answer, "XDM-1413-400")["detail"]


def test_references_that_double_at_every_step_have_an_end(api: Api) -> None:
    def step(number: int) -> Document:
        return {"$ref": f"#/definitions/d{number + 1}"}

    definitions = {f"d{n}": {"properties": {"a": step(n), "b": step(n)}} for n in range(40)}
    body = body_of(api, "datatypes", definitions=definitions | {"d40": {}}, allOf=[{"$ref": "#/definitions/d0"}])
    answer = api.http.post(f"{REGISTRY}/tenant/datatypes", json=body)
    assert "more than" in assert_registry_refusal(answer, "XDM-1413-400")["detail"]


def test_a_schema_keeps_its_class(api: Api) -> None:
    schema = of_groups(api)
    change = [{"op": "replace", "path": "/allOf/0", "value": {"$ref": EVENT}}]
    assert_registry_refusal(api.http.patch(url_of("schemas", schema), json=change), "XDM-1400-400")


def test_the_flat_form_has_every_field_at_its_whole_path(api: Api) -> None:
    schema = of_groups(api, PERSON)
    flat = seen(api, "schemas", schema, "xed-full-flat")["properties"]
    assert flat["person.name.firstName"]["type"] == "string"
    assert "person" not in flat
    event = made(api, "schemas", title="E", allOf=[{"$ref": EVENT}, {"$ref": "_xdm.context.experienceevent-commerce"}])
    assert "productListItems[*].SKU" in seen(api, "schemas", event, "xed-full-flat")["properties"]


def test_deprecated_fields_are_shown_to_those_who_ask_for_them(api: Api) -> None:
    old = {"colour": {"type": "string", "meta:status": "deprecated"}, "hue": {"type": "string"}}
    shade = made(api, "datatypes", properties=old)
    assert set(seen(api, "datatypes", shade)["properties"]) == {"hue"}
    assert set(seen(api, "datatypes", shade, "xed-full-deprecated")["properties"]) == {"colour", "hue"}
    assert set(seen(api, "datatypes", shade, "xed")["properties"]) == {"colour", "hue"}


def test_a_list_is_filtered_by_the_classes_that_a_field_group_is_meant_for(api: Api) -> None:
    params = {"property": f"meta:intendedToExtend=={EVENT}"}
    found = api.http.get(f"{REGISTRY}/global/fieldgroups", params=params).json()["results"]
    assert {entry["title"] for entry in found} == {"Commerce Details", "Environment Details", "IdentityMap"}


def test_filters_with_commas_between_them_must_all_hold(api: Api) -> None:
    params = {"property": f"meta:intendedToExtend=={EVENT},title~Commerce"}
    found = api.http.get(f"{REGISTRY}/global/fieldgroups", params=params).json()["results"]
    assert [entry["title"] for entry in found] == ["Commerce Details"]


def test_sample_data_has_a_value_for_every_field(api: Api) -> None:
    schema = of_groups(api, PERSON)
    record = lookup(api, f"{REGISTRY}/rpc/sampledata/{quote(schema['$id'], safe='')}").json()
    assert record["person"]["name"]["firstName"] == "Example firstName"
    assert record["person"]["birthDate"] == "2018-11-12"
    missing = schema["$id"][:-4] + "0000"
    assert_registry_refusal(lookup(api, f"{REGISTRY}/rpc/sampledata/{quote(missing, safe='')}"), "XDM-1012-404")


def test_what_is_exported_is_imported_by_another_organisation(api: Api) -> None:
    shade = made(api, "datatypes", title="Shade")
    nested = {namespace(api): {"type": "object", "properties": {"shade": {"$ref": shade["$id"]}}}}
    group = made(api, "fieldgroups", properties=nested)
    schema = of_groups(api, group["$id"])
    exported = lookup(api, f"{REGISTRY}/rpc/export/{quote(schema['$id'], safe='')}").json()
    assert [entry["title"] for entry in exported] == ["Shade", "A thing", "Whole"]
    assert namespace(api)[1:] not in str(exported)
    assert_registry_refusal(api.http.post(f"{REGISTRY}/rpc/import", json=exported), "XDM-3005-400")
    other = {"x-gw-ims-org-id": f"OTHER{api.org}"}
    answer = api.http.post(f"{REGISTRY}/rpc/import", json=exported, headers=other)
    assert answer.status_code == 200, answer.text
    taken = answer.json()[-1]
    headers = {**other, "Accept": "application/vnd.adobe.xed-full+json;version=1"}
    whole = api.http.get(url_of("schemas", taken), headers=headers).json()
    space = whole["meta:tenantNamespace"]
    assert space != namespace(api)
    assert "colour" in whole["properties"][space]["properties"]["shade"]["properties"]


@pytest.mark.parametrize(
    "body", [{}, [1], [{"meta:resourceType": "unions"}], [{"meta:resourceType": "schemas", "$id": "x", "title": "y"}]]
)
def test_what_is_no_export_is_not_imported(api: Api, body: Any) -> None:
    assert_registry_refusal(api.http.post(f"{REGISTRY}/rpc/import", json=body), "XDM-3005-400")


def test_the_figures_count_what_the_tenant_has(api: Api) -> None:
    made(api, "datatypes", title="Shade")
    schema = of_groups(api, **{"meta:immutableTags": ["union"]})
    stats = api.http.get(f"{REGISTRY}/stats").json()
    assert stats["counts"] == {"schemas": 1, "mixins": 0, "datatypes": 1, "classes": 0, "unions": 1}
    assert {found["title"] for found in stats["recentlyCreatedResources"]} == {"Shade", "Whole"}
    (usage,) = stats["classUsage"]
    assert (usage["$id"], usage["title"], usage["numberOfSchemas"]) == (PROFILE, "XDM Individual Profile", 1)
    assert [found["$id"] for found in usage["schemas"]] == [schema["$id"]]


@pytest.mark.parametrize(
    ("field", "place", "mention"),
    [
        ({"type": "strng"}, "type", "string, number"),
        ({"type": "int"}, "type", "int is integer with meta:xdmType int"),
        ({"type": "date"}, "type", "date is string with the format date"),
        ({"type": ["string", "nul"]}, "type", "null"),
        ({"type": 5}, "type", "string"),
        ({"type": "string", "pattern": "(["}, "pattern", "regular expression"),
        ({"type": "string", "pattern": 5}, "pattern", "regular expression"),
        ({"type": "array", "items": {"type": "objct"}}, "items.type", "object"),
        ({"type": "object", "additionalProperties": {"type": "text"}}, "additionalProperties.type", "string"),
        ({"type": "object", "properties": {"deep": {"type": "Boolean"}}}, "properties.deep.type", "boolean"),
    ],
)
def test_a_field_of_a_type_that_nobody_knows_is_refused_at_any_depth(
    api: Api, field: Document, place: str, mention: str
) -> None:
    parts = [{"$ref": PROFILE}, {"properties": {"_acme": {"type": "object", "properties": {"x": field}}}}]
    answer = api.http.post(f"{REGISTRY}/tenant/schemas", json={"title": "Wrong", "type": "object", "allOf": parts})
    detail = assert_registry_refusal(answer, "XDM-1400-400")["detail"]
    assert f"field allOf[1].properties._acme.properties.x.{place}," in detail
    assert mention in detail
    schema = api.schema()
    patch = [{"op": "replace", "path": "/allOf", "value": parts}]
    assert_registry_refusal(api.http.patch(url_of("schemas", schema), json=patch), "XDM-1400-400")


def test_a_field_may_be_called_type_or_pattern_and_have_several_types(api: Api) -> None:
    inner = {"type": {"type": ["string", "null"]}, "pattern": {"type": "string", "pattern": "^(?=a)[a-z]+$"}}
    api.schema(_more={"type": "object", "properties": inner})
