"""Schema Registry: descriptors, unions, and what a primary identity does to records."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx
import pytest

from emulator.domain.identifiers import default_sandbox_id
from emulator.domain.kinds import DESCRIPTORS as DESCRIPTORS_KIND
from emulator.domain.tenant import Tenant
from emulator.server import Background
from emulator.store import resources
from tests.support import EVENT, PROFILE, REGISTRY, Api, Document
from tests.test_ingestion import Loading
from tests.test_schema_registry import assert_registry_refusal
from tests.test_xdm_resources import PERSON, lookup, seen, url_of

DESCRIPTORS = f"{REGISTRY}/tenant/descriptors"
CONTACT = "https://ns.adobe.com/xdm/context/profile-personal-details"
IDENTITY = "xdm:descriptorIdentity"
MAIL = "/personalEmail/address"


def schema_of(api: Api, title: str = "People", **changes: Any) -> str:
    body = {"title": title, "type": "object", "allOf": [{"$ref": ref} for ref in (PROFILE, PERSON, CONTACT)]}
    answer = api.http.post(f"{REGISTRY}/tenant/schemas", json=body | changes)
    assert answer.status_code == 201, answer.text
    found: str = answer.json()["$id"]
    return found


def posted(api: Api, schema: str, kind: str = IDENTITY, **changes: Any) -> httpx.Response:
    body = {"@type": kind, "xdm:sourceSchema": schema, "xdm:sourceVersion": 1, "xdm:sourceProperty": MAIL}
    if kind == IDENTITY:
        body |= {"xdm:namespace": "Email", "xdm:property": "xdm:code", "xdm:isPrimary": True}
    return api.http.post(DESCRIPTORS, json=body | changes)


def made(api: Api, schema: str, kind: str = IDENTITY, **changes: Any) -> Document:
    answer = posted(api, schema, kind, **changes)
    assert answer.status_code == 201, answer.text
    found: Document = answer.json()
    return found


def listed(api: Api, form: str, **params: str) -> Any:
    return api.http.get(DESCRIPTORS, params=params, headers={"Accept": f"application/vnd.adobe.{form}+json"}).json()


def test_a_descriptor_is_answered_with_what_was_sent_and_who_sent_it(api: Api) -> None:
    descriptor = made(api, schema_of(api))
    assert descriptor["xdm:namespace"] == "Email"
    assert descriptor["meta:containerId"] == "tenant"
    assert (descriptor["version"], descriptor["imsOrg"]) == ("1", api.org)
    accepts: list[dict[str, str]] = [{}, {"Accept": "application/vnd.adobe.xdm+json"}]
    for headers in accepts:
        assert api.http.get(f"{DESCRIPTORS}/{descriptor['@id']}", headers=headers).json() == descriptor


def test_a_list_groups_descriptors_by_type_in_the_form_that_is_asked_for(api: Api) -> None:
    schema = schema_of(api)
    mail, name = made(api, schema), made(api, schema, "xdm:alternateDisplayInfo")
    assert listed(api, "xdm-id") == {IDENTITY: [mail["@id"]], "xdm:alternateDisplayInfo": [name["@id"]]}
    assert listed(api, "xdm-link")[IDENTITY] == [f"/tenant/descriptors/{mail['@id']}"]
    assert listed(api, "xdm", property=f"@type=={IDENTITY}") == {IDENTITY: [mail]}


def test_the_second_form_of_the_list_has_pages(api: Api) -> None:
    schema = schema_of(api)
    ids = sorted(made(api, schema, "xdm:alternateDisplayInfo")["@id"] for _ in range(3))
    first = listed(api, "xdm-v2-id", limit="2")
    assert first["results"] == ids[:2]
    rest = listed(api, "xdm-v2-id", limit="2", start=first["_page"]["next"])
    assert (rest["results"], rest["_page"]["next"]) == (ids[2:], None)
    assert_registry_refusal(api.http.get(DESCRIPTORS, params={"limit": 2}), "XDM-1400-400")


@pytest.mark.parametrize("form", ["xed", "xed-id", "xdm-full", "xdm-id+json;version=1"])
def test_descriptors_have_forms_of_their_own(api: Api, form: str) -> None:
    accept = f"application/vnd.adobe.{form}" + ("" if "+json" in form else "+json")
    assert (
        accept
        in assert_registry_refusal(api.http.get(DESCRIPTORS, headers={"Accept": accept}), "XDM-1008-400")["detail"]
    )
    one = f"{DESCRIPTORS}/{made(api, schema_of(api))['@id']}"
    assert_registry_refusal(api.http.get(one, headers={"Accept": accept}), "XDM-1009-400")


def test_a_descriptor_is_written_anew_and_deleted(api: Api) -> None:
    schema = schema_of(api)
    descriptor = made(api, schema)
    url = f"{DESCRIPTORS}/{descriptor['@id']}"
    changed = {name: value for name, value in descriptor.items() if name.startswith(("@type", "xdm:"))}
    answer = api.http.put(url, json=changed | {"xdm:sourceProperty": "/mobilePhone/number", "xdm:namespace": "Phone"})
    assert (answer.status_code, answer.json()) == (201, {"@id": descriptor["@id"]})
    assert api.http.get(url).json()["xdm:namespace"] == "Phone"
    other = changed | {"@type": "xdm:alternateDisplayInfo"}
    assert_registry_refusal(api.http.put(url, json=other), "XDM-1400-400")
    assert api.http.delete(url).status_code == 204
    assert_registry_refusal(api.http.get(url), "XDM-1014-404")
    assert_registry_refusal(api.http.delete(url), "XDM-1014-404")


@pytest.mark.parametrize(
    "changes",
    [
        {"@type": "xdm:descriptorOfNothing"},
        {"xdm:namespace": None},
        {"xdm:isPrimary": "yes"},
        {"xdm:property": "xdm:name"},
        {"xdm:sourceVersion": 2},
        {"xdm:destinationVersion": "1"},
        {"xdm:sourceProperty": "personalEmail"},
        {"xdm:sourceProperty": "/personalEmail/"},
        {"xdm:sourceProperty": "/personalEmail/nothing"},
        {"xdm:sourceProperty": None},
        {"xdm:sourceSchema": 5},
    ],
)
def test_a_descriptor_that_fits_no_field_is_refused(api: Api, changes: Document) -> None:
    field = next(iter(changes))
    answer = api.http.post(
        DESCRIPTORS,
        json={
            "@type": IDENTITY,
            "xdm:sourceSchema": schema_of(api),
            "xdm:sourceProperty": MAIL,
            "xdm:namespace": "Email",
        }
        | changes,
    )
    assert field in assert_registry_refusal(answer, "XDM-1400-400")["detail"]
    assert listed(api, "xdm-id") == {}


def test_a_descriptor_needs_its_schemas(api: Api) -> None:
    missing = "https://ns.adobe.com/acme/schemas/" + "0" * 48
    assert_registry_refusal(posted(api, missing), "XDM-1012-404")
    answer = posted(api, schema_of(api), "xdm:descriptorOneToOne", **{"xdm:destinationSchema": missing})
    assert_registry_refusal(answer, "XDM-1012-404")


def test_a_schema_has_one_primary_identity(api: Api) -> None:
    schema = schema_of(api)
    first = made(api, schema)
    other: Document = {"xdm:sourceProperty": "/mobilePhone/number", "xdm:namespace": "Phone"}
    assert first["@id"] in assert_registry_refusal(posted(api, schema, **other), "XDM-1400-400")["detail"]
    assert posted(api, schema, IDENTITY, **other, **{"xdm:isPrimary": False}).status_code == 201
    assert posted(api, schema_of(api, "Others")).status_code == 201


def test_a_schema_shows_its_descriptors_to_those_who_ask_for_them(api: Api) -> None:
    schema = schema_of(api)
    descriptor = made(api, schema)
    assert seen(api, "schemas", schema, "xed-full-desc")["meta:descriptors"] == [descriptor]
    assert "meta:descriptors" not in seen(api, "schemas", schema, "xed-full")
    assert "meta:primaryIdentities" not in seen(api, "schemas", schema, "xed")


def test_descriptors_go_with_their_schema_and_hold_the_schema_at_their_other_end(api: Api) -> None:
    people, shops = schema_of(api), schema_of(api, "Shops")
    made(api, people, "xdm:descriptorOneToOne", **{"xdm:destinationSchema": shops})
    assert_registry_refusal(api.http.delete(url_of("schemas", shops)), "XDM-1447-400")
    assert api.http.delete(url_of("schemas", people)).status_code == 204
    assert listed(api, "xdm-id") == {}
    assert api.http.delete(url_of("schemas", shops)).status_code == 204


def test_a_union_has_the_fields_of_all_schemas_of_a_class_that_are_tagged(api: Api) -> None:
    tagged = {"meta:immutableTags": ["union"]}
    one = schema_of(api, "One", allOf=[{"$ref": PROFILE}, {"$ref": PERSON}], **tagged)
    other = schema_of(api, "Other", allOf=[{"$ref": PROFILE}, {"$ref": CONTACT}], **tagged)
    schema_of(api, "Not in it", allOf=[{"$ref": EVENT}])
    (entry,) = api.http.get(f"{REGISTRY}/tenant/unions").json()["results"]
    assert entry["$id"] == f"{PROFILE}__union"
    for name in (entry["$id"], entry["meta:altId"], PROFILE):
        union = lookup(api, f"{REGISTRY}/tenant/unions/{quote(name, safe='')}", "xed-full").json()
        assert {"person", "homeAddress", "personID"} <= set(union["properties"])
        assert {one, other, PROFILE} <= set(union["meta:extends"])
    missing = lookup(api, f"{REGISTRY}/tenant/unions/{quote(EVENT, safe='')}")
    assert "meta:immutableTags" in assert_registry_refusal(missing, "XDM-1016-404")["detail"]


def tag(api: Api, schema: str, op: str = "add") -> httpx.Response:
    operation = {"op": op, "path": "/meta:immutableTags", "value": ["union"]}
    return api.http.patch(url_of("schemas", schema), json=[operation])


def test_a_schema_joins_a_union_by_its_tag_and_does_not_leave_it(api: Api) -> None:
    schema = schema_of(api)
    assert api.http.get(f"{REGISTRY}/tenant/unions").json()["results"] == []
    assert tag(api, schema).json()["version"] == "1.1"
    assert len(api.http.get(f"{REGISTRY}/tenant/unions").json()["results"]) == 1
    assert_registry_refusal(tag(api, schema, "remove"), "XDM-1400-400")


def test_a_relationship_needs_a_reference_identity_of_the_other_ends_namespace(api: Api) -> None:
    people, shops = schema_of(api), schema_of(api, "Shops", **{"meta:immutableTags": ["union"]})
    made(api, shops, **{"xdm:namespace": "Shop"})
    made(api, people, "xdm:descriptorOneToOne", **{"xdm:destinationSchema": shops})
    assert_registry_refusal(tag(api, people), "XDM-1527-400")
    wrong = made(api, people, "xdm:descriptorReferenceIdentity", **{"xdm:identityNamespace": "Email"})
    assert_registry_refusal(tag(api, people), "XDM-1528-400")
    assert api.http.delete(f"{DESCRIPTORS}/{wrong['@id']}").status_code == 204
    made(api, people, "xdm:descriptorReferenceIdentity", **{"xdm:identityNamespace": "Shop"})
    assert tag(api, people).status_code == 200


@pytest.mark.parametrize("kind", [IDENTITY, "xdm:alternateDisplayInfo", "xdm:descriptorVersion"])
def test_an_array_of_fields_is_for_the_types_that_document_it(api: Api, kind: str) -> None:
    schema = schema_of(api)
    several = {"xdm:sourceProperty": [MAIL, "/mobilePhone/number"]}
    told = assert_registry_refusal(posted(api, schema, kind, **several), "XDM-1400-400")["detail"]
    assert "xdm:sourceProperty" in told
    assert "several are for xdm:descriptorDeprecated, xdm:descriptorPrimaryKey" in told
    for other in ("xdm:descriptorDeprecated", "xdm:descriptorPrimaryKey"):
        assert made(api, schema, other, **several)["xdm:sourceProperty"] == several["xdm:sourceProperty"]


def test_a_relationship_leads_to_one_field(api: Api) -> None:
    schema = schema_of(api)
    ends = {"xdm:destinationSchema": schema_of(api, "Shops"), "xdm:destinationProperty": [MAIL]}
    told = assert_registry_refusal(posted(api, schema, "xdm:descriptorOneToOne", **ends), "XDM-1400-400")["detail"]
    assert "xdm:destinationProperty" in told


def test_an_identity_of_several_fields_that_an_earlier_release_kept_requires_none(server: Background, api: Api) -> None:
    schema = schema_of(api)
    descriptor = made(api, schema)
    tenant = Tenant(api.org, "prod", default_sandbox_id(api.org, "prod"), "tester", "tester@AdobeID")
    with server.app.world.database.writing() as tx:
        kept = {**descriptor, "xdm:sourceProperty": [MAIL]}
        stored = resources.read_stored(tx, tenant, DESCRIPTORS_KIND, descriptor["@id"])
        assert stored is not None
        assert resources.replace(tx, tenant, DESCRIPTORS_KIND, descriptor["@id"], kept, stored.etag, "other")
    batch = Loading(api, datasetId=api.dataset(schema))
    assert batch.loaded(b'{"personID": "p"}')["status"] == "success"


def test_a_path_with_prefixes_is_kept_in_the_names_of_the_schema(api: Api) -> None:
    schema = schema_of(api)
    descriptor = made(api, schema, **{"xdm:sourceProperty": "/xdm:personalEmail/xdm:address"})
    assert descriptor["xdm:sourceProperty"] == MAIL
    several = {"xdm:sourceProperty": [f"/xdm:{MAIL[1:]}", "/xdm:mobilePhone"]}
    assert made(api, schema, "xdm:descriptorPrimaryKey", **several)["xdm:sourceProperty"] == [MAIL, "/mobilePhone"]
    batch = Loading(api, datasetId=api.dataset(schema))
    assert batch.loaded(b'{"personalEmail": {"address": "a@example.com"}}')["status"] == "success"
    assert batch.records() == [{"personalEmail": {"address": "a@example.com"}}]


def test_a_path_leads_anywhere_below_an_object_that_the_schema_leaves_open(api: Api) -> None:
    schema = api.schema("Open")
    descriptor = made(api, schema, **{"xdm:sourceProperty": "/xdm:_acme/xdm:own/id"})
    assert descriptor["xdm:sourceProperty"] == "/_acme/xdm:own/id"
