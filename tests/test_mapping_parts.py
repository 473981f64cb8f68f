"""Single mappings of a mapping set: read, add, replace and remove one; each write is the set's next version."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.support import FLOW, MAPPING_SETS, Api, Document, assert_problem

SHORT = {"id", "version", "createdDate", "modifiedDate", "createdBy", "modifiedBy"}
NAME = {"sourceType": "ATTRIBUTE", "source": "name", "destination": "person.name.firstName"}


def mapping_set(api: Api, **changes: Any) -> str:
    return api.mapping_set(api.schema(), {"id": "_id", "key": "personID"}, **changes)


def url_of(set_id: str, mapping_id: str | None = None) -> str:
    return f"{MAPPING_SETS}/{set_id}/mappings" + (f"/{mapping_id}" if mapping_id else "")


def sound(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()


def whole(api: Api, set_id: str, **params: int) -> Document:
    found: Document = sound(api.http.get(f"{MAPPING_SETS}/{set_id}", params=params))
    return found


def test_the_mappings_of_a_set_are_a_bare_array_in_its_order(api: Api) -> None:
    set_id = mapping_set(api)
    mappings = sound(api.http.get(url_of(set_id)))
    assert mappings == whole(api, set_id)["mappings"]
    assert [mapping["source"] for mapping in mappings] == ["id", "key"]


def test_a_mapping_is_read_by_its_id(api: Api) -> None:
    set_id = mapping_set(api)
    for mapping in whole(api, set_id)["mappings"]:
        assert sound(api.http.get(url_of(set_id, mapping["id"]))) == mapping


def test_an_added_mapping_is_the_last_one_of_the_next_version(api: Api) -> None:
    set_id = mapping_set(api)
    before = whole(api, set_id)
    short = sound(api.http.post(url_of(set_id), json=NAME))
    assert set(short) == SHORT
    after = whole(api, set_id)
    assert after["version"] == 1
    assert after["createdDate"] == before["createdDate"]
    assert after["mappings"][:-1] == before["mappings"]
    added = after["mappings"][-1]
    assert (added["id"], added["version"], added["source"]) == (short["id"], 0, "name")
    assert short["createdDate"] // 1000 * 1000 == added["createdDate"]


@pytest.mark.parametrize("old", [False, True])
def test_a_replaced_mapping_keeps_its_id_and_has_its_next_version(api: Api, old: bool) -> None:
    set_id = mapping_set(api)
    first, second = whole(api, set_id)["mappings"]
    body = {"sourceAttribute": "name", "destinationXdmPath": "person.name.firstName"} if old else NAME
    replaced = sound(api.http.put(url_of(set_id, first["id"]), json=body))
    assert (replaced["id"], replaced["version"]) == (first["id"], 1)
    assert replaced["createdDate"] == first["createdDate"]
    assert (replaced["source"], replaced["destination"]) == (NAME["source"], NAME["destination"])
    after = whole(api, set_id)
    assert after["version"] == 1
    assert after["mappings"] == [replaced, second]


def test_a_removed_mapping_is_gone_from_the_next_version_alone(api: Api) -> None:
    set_id = mapping_set(api)
    before = whole(api, set_id)
    first, second = before["mappings"]
    short = sound(api.http.delete(url_of(set_id, first["id"])))
    assert short == {name: first[name] for name in SHORT}
    assert whole(api, set_id)["mappings"] == [second]
    assert_problem(api.http.get(url_of(set_id, first["id"])), 404, first["id"])
    assert whole(api, set_id, version=0) == before
    assert sound(api.http.get(url_of(set_id), params={"version": 0})) == before["mappings"]
    assert sound(api.http.get(url_of(set_id, first["id"]), params={"version": 0})) == first


def test_every_write_is_a_version_and_every_version_stays_readable(api: Api) -> None:
    set_id = mapping_set(api)
    versions = [whole(api, set_id)]
    added = sound(api.http.post(url_of(set_id), json=NAME))["id"]
    versions.append(whole(api, set_id))
    sound(api.http.put(url_of(set_id, added), json=NAME | {"source": "other"}))
    versions.append(whole(api, set_id))
    sound(api.http.delete(url_of(set_id, added)))
    versions.append(whole(api, set_id))
    assert [version["version"] for version in versions] == [0, 1, 2, 3]
    assert [whole(api, set_id, version=number) for number in range(4)] == versions


def test_a_write_of_one_mapping_leaves_all_else_of_a_set_as_it_was(api: Api) -> None:
    set_id = mapping_set(api, name="People", allowNullValues=True, tags=[{"name": "team", "values": ["a"]}])
    before = whole(api, set_id)
    sound(api.http.post(url_of(set_id), json=NAME))
    after = whole(api, set_id)
    changing = {"version", "modifiedDate", "mappings"}
    assert {name for name in before if before[name] != after[name]} <= changing


def test_a_flow_goes_on_with_the_version_that_it_names(api: Api) -> None:
    flow, _ = api.flow()
    set_id = api.item("flows", flow)["transformations"][0]["params"]["mappingId"]
    sound(api.http.post(url_of(set_id), json=NAME))
    assert api.item("flows", flow)["transformations"][0]["params"]["mappingVersion"] == 0
    assert whole(api, set_id)["status"] == "PUBLISHED"
    assert api.http.delete(f"{FLOW}/flows/{flow}").status_code == 204


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"source": None}, "source"),
        ({"destination": 5}, "destination"),
        ({"sourceType": "FORMULA"}, "sourceType"),
        ({"source": "s" * 4097}, "source"),
        ({"primaryIdentity": "yes"}, "primaryIdentity"),
        ({"description": ["a"]}, "description"),
    ],
)
def test_a_mapping_that_makes_no_sense_is_refused_and_changes_nothing(api: Api, changes: Document, field: str) -> None:
    set_id = mapping_set(api)
    (first, _) = (before := whole(api, set_id))["mappings"]
    calls = [("POST", url_of(set_id)), ("PUT", url_of(set_id, first["id"]))]
    for method, url in calls:
        answer = api.http.request(method, url, json=NAME | changes)
        assert_problem(answer, 400)
        assert answer.json()["report"]["field"] == field
    assert whole(api, set_id) == before


@pytest.mark.parametrize("body", [None, [], "text", [NAME]])
def test_a_mapping_must_be_an_object(api: Api, body: Any) -> None:
    assert_problem(api.http.post(url_of(mapping_set(api)), json=body), 400)


def test_an_unknown_set_or_mapping_is_not_found(api: Api) -> None:
    unknown, set_id = "0" * 32, mapping_set(api)
    for answer in (
        api.http.get(url_of(unknown)),
        api.http.post(url_of(unknown), json=NAME),
        api.http.get(url_of(set_id, unknown)),
        api.http.put(url_of(set_id, unknown), json=NAME),
        api.http.delete(url_of(set_id, unknown)),
        api.http.get(url_of(set_id), params={"version": 7}),
    ):
        assert_problem(answer, 404, "is not found")
    assert whole(api, set_id)["version"] == 0


def test_mappings_of_another_organisation_are_not_seen(api: Api) -> None:
    set_id = mapping_set(api)
    other = {"x-gw-ims-org-id": f"OTHER{api.org}"}
    assert_problem(api.http.get(url_of(set_id), headers=other), 404)
    assert_problem(api.http.post(url_of(set_id), json=NAME, headers=other), 404)
