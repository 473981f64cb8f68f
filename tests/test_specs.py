"""The catalogue of connection specs and flow specs."""

from __future__ import annotations

import jsonschema_rs
import pytest

from emulator.domain.specs import load_catalogue
from tests.support import FILE_FLOW, FLOW, REST_FLOW, STRIPE, Api, Document, assert_refused

CATALOGUE = load_catalogue()


def every(api: Api, collection: str) -> list[Document]:
    answer = api.http.get(f"{FLOW}/{collection}")
    assert answer.status_code == 200
    assert answer.json()["_links"] == {}
    items: list[Document] = answer.json()["items"]
    return items


def test_all_connection_specs_are_there(api: Api) -> None:
    items = every(api, "connectionSpecs")
    assert len(items) == len({item["id"] for item in items}) == 94
    for item in items:
        assert {"id", "name", "version", "attributes", "permissionsInfo"} <= set(item)
        assert "emulator" not in item


def test_all_flow_specs_are_there(api: Api) -> None:
    items = every(api, "flowSpecs")
    assert len(items) == len({item["id"] for item in items}) == 22
    for item in items:
        keys = {"id", "name", "providerId", "version", "sourceConnectionSpecIds", "targetConnectionSpecIds"}
        assert keys <= set(item)
        assert "emulator" not in item


def test_every_connection_spec_that_a_flow_spec_names_exists() -> None:
    for flow_spec in CATALOGUE.flows.values():
        for spec_id in flow_spec.sources | flow_spec.targets:
            assert spec_id in CATALOGUE.connections, (flow_spec.name, spec_id)


def test_every_schema_in_a_spec_is_a_json_schema() -> None:
    for known in CATALOGUE.connections.values():
        parts = [
            *known.document.get("authSpec", ()),
            known.document.get("sourceSpec"),
            known.document.get("targetSpec"),
        ]
        for part in parts:
            if part is not None:
                assert jsonschema_rs.meta.is_valid(part["spec"]), (known.name, part["name"])
    for flow_spec in CATALOGUE.flows.values():
        document = flow_spec.document
        parts = [*document.get("transformationSpecs", ()), document.get("scheduleSpec"), document.get("optionSpec")]
        for part in parts:
            if part is not None:
                assert jsonschema_rs.meta.is_valid(part["spec"]), (flow_spec.name, part["name"])


def test_what_looks_like_a_secret_is_marked_as_one() -> None:
    suspicious = ("password", "secret", "token", "privatekey", "connectionstring", "passphrase")
    harmless = {"tokenEndpoint", "accessTokenUrl", "authenticationType"}
    for known in CATALOGUE.connections.values():
        for way in known.auth_specs:
            for name in way.schema["properties"]:
                if any(word in name.lower() for word in suspicious) and name not in harmless:
                    assert way.hides(name), (known.name, way.name, name)


def test_one_spec_comes_in_the_envelope_of_lists(api: Api) -> None:
    (item,) = api.http.get(f"{FLOW}/connectionSpecs/{STRIPE}").json()["items"]
    assert (item["id"], item["name"]) == (STRIPE, "stripe")
    (item,) = api.http.get(f"{FLOW}/flowSpecs/{REST_FLOW}").json()["items"]
    assert (item["id"], item["name"]) == (REST_FLOW, "RestStorageToAEP")


@pytest.mark.parametrize("collection", ["connectionSpecs", "flowSpecs"])
def test_an_unknown_spec_is_not_found(api: Api, collection: str) -> None:
    answer = api.http.get(f"{FLOW}/{collection}/84224def-1e2a-4d95-9ea2-132d697ed2aa")
    assert assert_refused(answer, "FLOW-1439-404")["report"]["type"] == collection


@pytest.mark.parametrize(
    ("collection", "text", "names"),
    [
        ("connectionSpecs", "name==stripe", ["stripe"]),
        ("connectionSpecs", 'name=="STRIPE"', ["stripe"]),
        ("connectionSpecs", f"id=={STRIPE}", ["stripe"]),
        ("connectionSpecs", "name==stripe,mixpanel", ["mixpanel", "stripe"]),
        ("connectionSpecs", 'attributes.category="Loyalty"', ["capillary", "lava"]),
        ("connectionSpecs", "attributes.category==Loyalty", ["capillary", "lava"]),
        ("connectionSpecs", "name==nothing", []),
        ("flowSpecs", "name==CloudStorageToAEP", ["CloudStorageToAEP"]),
        ("flowSpecs", "name==Steam data with transformation", ["Steam data with transformation"]),
        ("flowSpecs", f"id=={FILE_FLOW},{REST_FLOW}", ["CloudStorageToAEP", "RestStorageToAEP"]),
    ],
)
def test_specs_are_found_by_property(api: Api, collection: str, text: str, names: list[str]) -> None:
    items = api.http.get(f"{FLOW}/{collection}", params={"property": text}).json()["items"]
    assert sorted(item["name"] for item in items) == sorted(names)


def test_specs_take_no_other_parameter(api: Api) -> None:
    assert_refused(api.http.get(f"{FLOW}/connectionSpecs?limit=5"), "FLOW-1451-400", "limit")
    assert_refused(api.http.get(f"{FLOW}/flowSpecs?property=id>5"), "FLOW-1448-400")


def test_a_filter_on_a_field_that_specs_do_not_have_is_refused(api: Api) -> None:
    assert_refused(api.http.get(f"{FLOW}/connectionSpecs?property=colour==red"), "FLOW-1423-400", "property")
    assert_refused(api.http.get(f"{FLOW}/flowSpecs?property=colour==red"), "FLOW-1449-400", "property")


def test_specs_are_the_same_in_every_organisation(api: Api) -> None:
    other = api.http.get(f"{FLOW}/flowSpecs", headers={"x-gw-ims-org-id": f"OTHER{api.org}"})
    assert other.json()["items"] == every(api, "flowSpecs")


def test_only_batch_flow_specs_of_sources_have_a_schedule(api: Api) -> None:
    by_name = {item["name"]: item for item in every(api, "flowSpecs")}
    assert by_name["CloudStorageToAEP"]["scheduleSpec"]["spec"]["required"] == ["startTime", "frequency"]
    assert "scheduleSpec" not in by_name["GenericStreamingAEP"]
