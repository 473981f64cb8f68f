"""Mapping sets tried out: checked mapping by mapping, and applied to records, without anything being kept."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.domain.mapping_checks import missing_field
from emulator.domain.mapping_paths import parse
from tests.support import FULL, MAPPING_SETS, PROFILE, REGISTRY, Api, Document, assert_problem

NAMES = "https://ns.adobe.com/xdm/context/profile-person-details"
RECORD = {"id": 1234, "firstName": "Jim", "lastName": "Seltzer"}
# The published sample.
MAPPINGS = [
    {"sourceType": "ATTRIBUTE", "source": "id", "destination": "_id", "name": "id", "description": "Identifier field"},
    {"sourceType": "ATTRIBUTE", "source": "firstName", "destination": "person.name.firstName"},
    {"sourceType": "ATTRIBUTE", "source": "lastName", "destination": "person.name.lastName"},
]
MAPPED = {"_id": "1234", "person": {"name": {"firstName": "Jim", "lastName": "Seltzer"}}}


def attribute(source: str, destination: str) -> Document:
    return {"sourceType": "ATTRIBUTE", "source": source, "destination": destination}


def expression(source: str, destination: str = "_id") -> Document:
    return {"sourceType": "EXPRESSION", "source": source, "destination": destination}


def people(api: Api, **own: Any) -> str:
    """A schema of people, with fields of the tenant's own."""
    parts = [{"$ref": PROFILE}, {"$ref": NAMES}, *([{"properties": own}] if own else [])]
    body = {"title": "People", "type": "object", "allOf": parts}
    answer = api.http.post(f"{REGISTRY}/tenant/schemas", json=body)
    assert answer.status_code == 201, answer.text
    made: str = answer.json()["$id"]
    return made


def of_schema(schema: str, *mappings: Document, **changes: Any) -> Document:
    return {"outputSchema": {"schemaRef": {"id": schema, "contentType": FULL}}, "mappings": list(mappings)} | changes


def previewed(api: Api, data: Any, mapping_set: Document) -> list[Document]:
    answer = api.http.post(f"{MAPPING_SETS}/preview", json={"data": data, "mappingSet": mapping_set})
    assert answer.status_code == 200, answer.text
    found: list[Document] = answer.json()
    return found


def validated(api: Api, mapping_set: Document) -> list[Document]:
    answer = api.http.post(f"{MAPPING_SETS}/validate", json=mapping_set)
    assert answer.status_code == 200, answer.text
    found: list[Document] = answer.json()["validationResponse"]
    return found


def only_fault(api: Api, mapping_set: Document) -> str:
    (found,) = validated(api, mapping_set)
    assert found["status"] == "FAILED"
    (error,) = found["errors"]
    message: str = error["exception"]
    return message


def test_the_published_sample_gives_what_is_published(api: Api) -> None:
    """The number becomes a text because the schema's field is one."""
    assert previewed(api, RECORD, of_schema(people(api), *MAPPINGS)) == [{"data": MAPPED, "errors": None}]


def test_many_records_are_answered_one_by_one_in_order(api: Api) -> None:
    records = [{"id": number} for number in range(120)]
    found = previewed(api, records, {"mappings": [attribute("id", "x.id")]})
    assert found == [{"data": {"x": {"id": number}}, "errors": None} for number in range(120)]
    assert previewed(api, [], {"mappings": []}) == []


def test_without_an_output_schema_values_stay_what_they_are(api: Api) -> None:
    assert previewed(api, RECORD, {"mappings": [attribute("id", "_id")]})[0]["data"] == {"_id": 1234}


def test_the_older_shape_is_previewed_too(api: Api) -> None:
    mapping = {"sourceAttribute": "id", "destinationXdmPath": "_id"}
    body = {"version": 0, "xdmSchema": people(api), "xdmVersion": "1.0", "id": None, "mappings": [mapping]}
    assert previewed(api, RECORD, body)[0]["data"] == {"_id": "1234"}


def test_expressions_and_constants_are_applied(api: Api) -> None:
    mappings = [
        expression('concat(firstName, " ", lastName)', "full"),
        {"sourceType": "STATIC", "source": "CUSTOMER", "destination": "kind"},
    ]
    assert previewed(api, RECORD, {"mappings": mappings})[0]["data"] == {"full": "Jim Seltzer", "kind": "CUSTOMER"}


def test_nulls_are_written_where_a_set_allows_them(api: Api) -> None:
    mappings = [attribute("id", "_id"), attribute("nothing", "other")]
    for allowed, data in ((False, {"_id": 1234}), (True, {"_id": 1234, "other": None})):
        assert previewed(api, RECORD, {"mappings": mappings, "allowNullValues": allowed})[0]["data"] == data


def test_a_mapping_that_fails_for_a_record_is_an_error_of_that_record_alone(api: Api) -> None:
    mappings = [attribute("id", "_id"), expression("to_integer(firstName)", "number")]
    good, bad = previewed(api, [{"id": 1, "firstName": "7"}, RECORD], {"mappings": mappings})
    assert good == {"data": {"_id": 1, "number": 7}, "errors": None}
    assert bad["data"] == {"_id": 1234}
    (error,) = bad["errors"]
    assert error.pop("exception")
    assert error == {"source": "to_integer(firstName)", "destination": "number", "sourceType": "EXPRESSION"}


def test_a_mapping_that_cannot_be_applied_is_an_error_of_every_record(api: Api) -> None:
    mappings = [attribute("id", "_id"), expression("concat(", "x"), attribute("a[*]", "b[*].c[*]")]
    found = previewed(api, [RECORD, {}], {"mappings": mappings})
    assert [one["data"] for one in found] == [{"_id": 1234}, {}]
    assert [[error["destination"] for error in one["errors"]] for one in found] == [["x", "b[*].c[*]"]] * 2


def test_a_record_that_the_schema_keeps_out_has_no_data(api: Api) -> None:
    level = {"type": "string", "enum": ["gold", "silver"]}
    schema = people(api, _test={"type": "object", "properties": {"level": level}})
    found = previewed(api, [{"l": "gold"}, {"l": "tin"}], of_schema(schema, attribute("l", "_test.level")))
    assert found[0] == {"data": {"_test": {"level": "gold"}}, "errors": None}
    assert found[1]["data"] is None
    assert "_test.level" in found[1]["errors"][0]["exception"]


def test_nothing_is_kept(api: Api) -> None:
    schema = people(api)
    previewed(api, RECORD, of_schema(schema, *MAPPINGS))
    validated(api, of_schema(schema, *MAPPINGS))
    assert api.http.get(MAPPING_SETS).json()["data"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"mappingSet": {"mappings": []}}, "data"),
        ({"data": "text", "mappingSet": {"mappings": []}}, "data"),
        ({"data": [{}, 5], "mappingSet": {"mappings": []}}, "data"),
        ({"data": {}}, "mappingSet"),
        ({"data": {}, "mappingSet": []}, "mappingSet"),
        ({"data": {}, "mappingSet": {}}, "mappings"),
        ({"data": {}, "mappingSet": {"mappings": [{"source": "a"}]}}, "mappings[0].destination"),
        ({"data": {}, "mappingSet": {"mappings": [], "xdmSchema": "https://ns.adobe.com/x/schemas/1"}}, "xdmSchema"),
    ],
)
def test_a_preview_that_cannot_be_made_says_why(api: Api, body: Document, field: str) -> None:
    answer = api.http.post(f"{MAPPING_SETS}/preview", json=body)
    assert_problem(answer, 400)
    assert answer.json()["report"].get("field") == field


def test_a_sound_set_has_a_success_for_every_mapping(api: Api) -> None:
    found = validated(api, of_schema(people(api), *MAPPINGS))
    assert found == [{"status": "SUCCESS", "errors": None}] * 3


def test_faults_stand_at_the_place_of_their_mapping(api: Api) -> None:
    found = validated(api, of_schema(people(api), MAPPINGS[0], expression("nope(id)", "personID"), MAPPINGS[1]))
    assert [one["status"] for one in found] == ["SUCCESS", "FAILED", "SUCCESS"]
    (error,) = found[1]["errors"]
    assert "nope" in error.pop("exception")
    assert error == {"source": "nope(id)", "destination": "personID", "sourceType": "EXPRESSION"}


@pytest.mark.parametrize(
    ("mapping", "mentions"),
    [
        (expression("concat("), "concat("),
        (expression("nope(1)"), "nope"),
        (expression("lower()"), "lower"),
        (expression("lower(a, b, c)"), "lower"),
        (attribute("a[x]", "_id"), "a[x]"),
        (attribute("a", "person.name.firstNam"), "firstName"),
        (attribute("a", "person.nme.firstName"), "no field nme in person"),
        (attribute("a", "nothing"), "no field nothing"),
        (attribute("a", "person.name[0].firstName"), "person.name is no array"),
        (attribute("a", "_id.part"), "_id"),
        (attribute("a", ""), "the destination is empty"),
        (attribute("a", "a..b"), "a..b"),
    ],
)
def test_a_fault_says_what_is_wrong(api: Api, mapping: Document, mentions: str) -> None:
    assert mentions in only_fault(api, of_schema(people(api), mapping))


def test_an_array_is_written_to_by_its_elements(api: Api) -> None:
    item = {"type": "object", "properties": {"sku": {"type": "string"}}}
    schema = people(api, _test={"type": "object", "properties": {"items": {"type": "array", "items": item}}})
    sound = [attribute("a[*].b", "_test.items[*].sku"), attribute("a", "_test.items")]
    assert [one["status"] for one in validated(api, of_schema(schema, *sound))] == ["SUCCESS"] * 2
    assert "_test.items[*]" in only_fault(api, of_schema(schema, attribute("a", "_test.items.sku")))
    assert "[*]" in only_fault(api, of_schema(schema, attribute("a", "_test.items[*].sku")))
    assert "no field size" in only_fault(api, of_schema(schema, attribute("a", "_test.items[0].size")))


def test_a_second_mapping_of_one_destination_is_a_fault(api: Api) -> None:
    mappings = [attribute("a", "_id"), attribute("b", "personID"), attribute("c", "xdm:_id")]
    found = validated(api, of_schema(people(api), *mappings))
    assert [one["status"] for one in found] == ["SUCCESS", "SUCCESS", "FAILED"]
    assert "mappings[0]" in found[2]["errors"][0]["exception"]


def test_a_mapping_may_have_several_faults(api: Api) -> None:
    (found,) = validated(api, of_schema(people(api), expression("nope(", "nothing")))
    assert len(found["errors"]) == 2


def test_without_a_schema_any_destination_will_do(api: Api) -> None:
    assert validated(api, {"mappings": [attribute("a", "x.y.z")]}) == [{"status": "SUCCESS", "errors": None}]
    assert validated(api, {"mappings": []}) == []


def test_what_cannot_be_read_as_a_mapping_set_is_refused(api: Api) -> None:
    bodies: list[Any] = [{"mappings": [attribute("s" * 4097, "_id")]}, {"mappings": [5]}, {}, []]
    for body in bodies:
        assert_problem(api.http.post(f"{MAPPING_SETS}/validate", json=body), 400)


FREE: Document = {
    "properties": {
        "text": {"type": "string"},
        "open": {"type": "object"},
        "map": {"type": "object", "additionalProperties": {"type": "integer"}},
        "list": {"type": "array", "items": {"type": "string"}},
        "anything": {},
    }
}


@given(st.sampled_from(["open", "anything"]), st.lists(st.sampled_from(["a", "b[0]", "c[*]"]), max_size=4))
def test_anything_may_lie_where_a_schema_leaves_it_open(name: str, steps: list[str]) -> None:
    assert missing_field(FREE, parse(".".join([name, *steps])).steps) is None


@pytest.mark.parametrize(
    ("path", "is_there"),
    [
        ("text", True),
        ("map.key", True),
        ("map.key.further", False),
        ("list[3]", True),
        ("list[*]", True),
        ("list", True),
        ("list.part", False),
        ("text[0]", False),
        ("other", False),
    ],
)
def test_a_field_is_looked_for_step_by_step(path: str, is_there: bool) -> None:
    assert (missing_field(FREE, parse(path).steps) is None) == is_there
