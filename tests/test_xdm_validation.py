"""Records held against their schema: what is refused, in which words, and where runs tell it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.domain import xdm_resolution
from emulator.domain.xdm_library import find_global
from emulator.domain.xdm_validation import Validator, Violation, report, summary
from tests.support import EVENT, PROFILE, REGISTRY, STRIPE, Api, Document, Target
from tests.test_ingestion import Loading

DATE_TIMES = "[yyyy-MM-dd'T'HH:mm:ssZ, yyyy-MM-dd'T'HH:mm:ss.[0-9]{1,9}Z]"
FIELDS: Document = {
    "text": {"type": "string", "minLength": 1, "maxLength": 5},
    "code": {"type": "string", "pattern": "^[A-Z]+$"},
    "level": {"type": "string", "enum": ["gold", "tin"], "meta:enum": {"gold": "Gold"}},
    "yes": {"type": "boolean"},
    "share": {"type": "number", "minimum": 0, "maximum": 1},
    "tiny": {"type": "integer", "meta:xdmType": "byte"},
    "small": {"type": "integer", "meta:xdmType": "short"},
    "whole": {"type": "integer", "meta:xdmType": "int"},
    "long": {"type": "integer", "meta:xdmType": "long"},
    "mail": {"type": "string", "format": "email"},
    "page": {"type": "string", "format": "uri"},
    "day": {"type": "string", "format": "date", "meta:xdmType": "date"},
    "at": {"type": "string", "format": "date-time", "meta:xdmType": "date-time"},
    "tags": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 3},
    "items": {"type": "array", "items": {"type": "object", "properties": {"sku": {"type": "string"}}}},
    "map": {"type": "object", "meta:xdmType": "map", "additionalProperties": {"type": "integer"}},
    "open": {"type": "object"},
    "deep": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}},
}


def resolved(properties: Document, **more: Any) -> Document:
    return xdm_resolution.resolved({"type": "object", "allOf": [{"properties": properties, **more}]}, find_global)


ALL = Validator(resolved({"_acme": {"type": "object", "properties": FIELDS}}))


def told(field: str, value: Any) -> Violation:
    (violation,) = ALL.violations({"_acme": {field: value}})
    return violation


@pytest.mark.parametrize(
    ("field", "value", "keyword", "code", "message"),
    [
        ("text", None, "type", 1101, "expected type: String, found: Null"),
        ("text", 7, "type", 1104, "expected type: String, found: Integer"),
        ("text", 2**31, "type", 1104, "expected type: String, found: Long"),
        ("text", 1.5, "type", 1104, "expected type: String, found: Double"),
        ("text", True, "type", 1104, "expected type: String, found: Boolean"),
        ("yes", "true", "type", 1104, "expected type: Boolean, found: String"),
        ("share", "1", "type", 1104, "expected type: Number, found: String"),
        ("whole", 1.5, "type", 1104, "expected type: Integer, found: Double"),
        ("tags", {}, "type", 1104, "expected type: JSONArray, found: JSONObject"),
        ("deep", [], "type", 1104, "expected type: JSONObject, found: JSONArray"),
        ("text", "", "minLength", 1194, "expected minLength: 1, actual: 0"),
        ("text", "abcdef", "maxLength", 1194, "expected maxLength: 5, actual: 6"),
        ("code", "a", "pattern", 1192, "string [a] does not match pattern ^[A-Z]+$"),
        ("level", "iron", "enum", 1191, "iron is not a valid enum value"),
        ("share", -1, "minimum", 1193, "-1 is not greater or equal to 0"),
        ("share", 1.5, "maximum", 1193, "1.5 is not less or equal to 1"),
        ("tiny", 128, "maximum", 1193, "128 is not less or equal to 127"),
        ("small", -32769, "minimum", 1193, "-32769 is not greater or equal to -32768"),
        ("whole", 2**31, "maximum", 1193, "2147483648 is not less or equal to 2147483647"),
        ("long", 2**63, "maximum", 1193, "9223372036854775808 is not less or equal to 9223372036854775807"),
        ("mail", "nobody", "format", 1105, "[nobody] is not a valid email address"),
        ("page", "no page", "format", 1105, "[no page] is not a valid URI"),
        ("day", "2025-02-29", "format", 1105, "[2025-02-29] is not a valid date. Expected [yyyy-MM-dd]"),
        (
            "at",
            "2018-00-23T22:07:01Z",
            "format",
            1105,
            f"[2018-00-23T22:07:01Z] is not a valid date-time. Expected {DATE_TIMES}",
        ),
        ("tags", [], "minItems", 1194, "expected minimum item count: 1, found: 0"),
        ("tags", ["a"] * 4, "maxItems", 1194, "expected maximum item count: 3, found: 4"),
    ],
)
def test_a_value_that_breaks_a_rule_is_told_in_the_validators_words(
    field: str, value: Any, keyword: str, code: int, message: str
) -> None:
    found = told(field, value)
    assert found == (keyword, message, f"#/_acme/{field}", f"#/properties/_acme/properties/{field}")
    assert found.code == f"DCVS-{code}-400"


@pytest.mark.parametrize(("value", "code"), [(None, "DCVS-1101-400"), (5, "DCVS-1104-400")])
def test_a_value_of_the_wrong_type_is_told_of_first_where_there_is_a_choice_of_values(value: Any, code: str) -> None:
    of_type, of_choice = ALL.violations({"_acme": {"level": value}})
    assert (of_type.keyword, of_type.code, of_choice.keyword) == ("type", code, "enum")


@pytest.mark.parametrize(
    "instant",
    [
        "2026-01-31T12:00:00Z",
        "2026-01-31T12:00:00.5Z",
        "2026-01-31T12:00:00.123456789+01:00",
        "2026-01-31T12:00:00-0530",
        "2024-02-29T23:59:59Z",
    ],
)
def test_date_times_have_an_offset_with_or_without_colon_and_fraction(instant: str) -> None:
    assert ALL.violations({"_acme": {"at": instant}}) == []


@pytest.mark.parametrize(
    "instant", ["2026-01-31", "2026-01-31T12:00:00", "2026-01-31T25:00:00Z", "2100-02-29T00:00:00Z"]
)
def test_what_is_no_instant_is_no_date_time(instant: str) -> None:
    assert told("at", instant).keyword == "format"


def test_missing_and_extra_keys_are_told_of_the_object() -> None:
    missing, extra = ALL.violations({"_acme": {"deep": {"ID": 1}}})
    place = ("#/_acme/deep", "#/properties/_acme/properties/deep")
    assert missing == ("required", "required key [id] not found", *place)
    assert extra == ("additionalProperties", "extraneous key [ID] is not permitted", *place)
    assert (missing.code, missing.key, extra.code, extra.key) == ("DCVS-1106-400", "id", "DCVS-1190-400", "ID")


def test_elements_of_arrays_and_values_of_maps_are_told_with_their_place() -> None:
    record = {"_acme": {"items": [{"sku": "a"}, {"sku": 1}], "map": {"a/b~": "x"}, "open": {"any": [1, None]}}}
    assert [(one.pointer, one.schema_location) for one in ALL.violations(record)] == [
        ("#/_acme/items/1/sku", "#/properties/_acme/properties/items/items/properties/sku"),
        ("#/_acme/map/a~1b~0", "#/properties/_acme/properties/map/additionalProperties"),
    ]


def test_at_most_five_violations_are_told_from_the_outside_in() -> None:
    record: Document = {"z": 1, "a": 1, "_acme": {"yes": 1, "deep": {}, "text": 1, "code": 1, "mail": 1}}
    assert [one.pointer for one in ALL.violations(record)] == ["#", "#", "#/_acme/code", "#/_acme/deep", "#/_acme/mail"]


def test_a_schema_that_names_nothing_takes_any_object() -> None:
    assert Validator(resolved({})).violations({"anything": [1]}) == []
    assert Validator(resolved({})).violations([])[0].message == "expected type: JSONObject, found: JSONArray"


@pytest.mark.parametrize(
    "nonsense", [{"pattern": "("}, {"type": "text"}, {"enum": "a"}, {"minimum": "1"}, {"required": 1}]
)
def test_rules_that_make_no_sense_are_none(nonsense: Document) -> None:
    assert Validator(resolved({"a": nonsense})).violations({"a": "x"}) == []


def test_null_is_as_good_as_nothing_in_rows_unless_the_field_is_required() -> None:
    rows = Validator(resolved({"a": FIELDS["level"], "b": {"type": "string"}}, required=["b"]), takes_nulls=True)
    assert rows.violations({"a": None, "b": "x"}) == []
    assert [one.pointer for one in rows.violations({"a": None, "b": None})] == ["#/b"]


def test_one_violation_is_reported_alone_and_several_below_their_count() -> None:
    one = ALL.violations({"_acme": {"yes": 1}})
    alone = {
        "schemaLocation": "#/properties/_acme/properties/yes",
        "pointerToViolation": "#/_acme/yes",
        "message": "expected type: Boolean, found: Integer",
        "causingExceptions": [],
        "keyword": "type",
    }
    assert report(one) == alone
    several = report([*one, *one])
    assert several["message"] == "2 schema violations found"
    assert several["causingExceptions"] == [alone, alone]
    assert summary(one) == "The message can't be validated: [#/_acme/yes: expected type: Boolean, found: Integer]"


_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": st.text(min_size=1, max_size=5),
    "code": st.text("ABC", min_size=1),
    "level": st.sampled_from(["gold", "tin"]),
    "yes": st.booleans(),
    "share": st.floats(0, 1),
    "tiny": st.integers(-128, 127),
    "long": st.integers(-(2**63), 2**63 - 1),
    "day": st.dates().map(lambda day: day.isoformat()),
    "at": st.datetimes().map(lambda instant: f"{instant.isoformat()}Z"),
    "tags": st.lists(st.text(), min_size=1, max_size=3),
    "map": st.dictionaries(st.text(), st.integers(0, 9)),
}
_RECORDS = st.fixed_dictionaries({}, optional=_VALUES)


@given(_RECORDS)
def test_a_record_made_from_the_schema_is_valid(record: Document) -> None:
    assert ALL.violations({"_acme": record}) == []


@given(_RECORDS, st.sampled_from(sorted(_VALUES)))
def test_a_record_broken_on_purpose_names_the_broken_place(record: Document, field: str) -> None:
    broken = {**record, field: [[]] if field == "tags" else []}
    assert {one.pointer.split("/")[2] for one in ALL.violations({"_acme": broken})} == {field}


def target_of(api: Api, own: Document, of_class: str = PROFILE) -> Target:
    body = {"title": "Strict", "type": "object", "allOf": [{"$ref": of_class}, {"properties": own}]}
    schema = api.http.post(f"{REGISTRY}/tenant/schemas", json=body).json()["$id"]
    return api.target(schema=schema)


def rejected_of(api: Api, target: Target, pairs: dict[str, str]) -> tuple[Document, Document]:
    """The run of a flow that maps Stripe's charges, and the first row that it rejected."""
    flow = api.make("flows", api.flow_body(api.source_connection(None, STRIPE), target, pairs))
    run = api.first_run(flow)
    page = api.http.get(f"/__admin/datasets/{target.dataset}/rejected", params={"limit": 1}).json()
    assert api.records(target.dataset)["count"] == 0
    return run, page["items"][0]


def test_a_row_with_a_field_that_the_schema_does_not_have_is_rejected(api: Api) -> None:
    target = target_of(api, {"_acme": {"type": "object", "properties": {"id": {"type": "string"}}}})
    run, row = rejected_of(api, target, {"data.id": "_acme.id", "data.amount": "_acme.amount"})
    assert (row["code"], row["field"]) == ("INGEST-1554-400", "_acme.amount")
    assert "#/_acme: extraneous key [amount] is not permitted" in row["message"]
    assert run["metrics"]["statusSummary"]["status"] == "failed"
    assert "INGEST-1554-400" in str(run)
    (batch,) = api.http.get("/data/foundation/catalog/batches", params={"dataSet": target.dataset}).json().values()
    assert "INGEST-1554-400" in [error["code"] for error in batch["errors"]]


def test_a_row_without_a_field_that_the_class_requires_is_rejected(api: Api) -> None:
    _, row = rejected_of(api, target_of(api, {}, EVENT), {"data.id": "_id"})
    assert (row["code"], row["field"]) == ("INGEST-1555-400", "timestamp")
    assert row["message"] == "the required field timestamp is missing or null"


def test_a_row_that_breaks_a_pattern_is_rejected(api: Api) -> None:
    own = {"_acme": {"type": "object", "properties": {"id": {"type": "string", "pattern": "^no$"}}}}
    _, row = rejected_of(api, target_of(api, own), {"data.id": "_acme.id"})
    assert row["code"] == "INGEST-1554-400"
    assert "does not match pattern ^no$" in row["message"]


@pytest.mark.parametrize("kind", ["integer", ["integer", "null"]])
def test_a_whole_number_that_no_record_can_hold_is_rejected_and_not_changed(api: Api, kind: Any) -> None:
    schema = api.schema("Numbers", PROFILE, n={"type": kind})
    batch = Loading(api, datasetId=api.dataset(schema))
    held = [2**63 - 1, -(2**63), 0]
    wide = [2**63, 2**64, -(2**63) - 1, 123456789012345678901234567890]
    shown = batch.loaded("\n".join(f'{{"n": {number}}}' for number in held + wide).encode())
    assert shown["status"] == "failed"
    assert shown["metrics"]["failedRecordCount"] == len(wide)
    whole = Loading(api, datasetId=batch.dataset)
    assert whole.loaded("\n".join(f'{{"n": {number}}}' for number in held).encode())["status"] == "success"
    assert sorted(row["n"] for row in whole.records()) == sorted(held)
