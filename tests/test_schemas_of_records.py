"""What records are held against: the schema of a dataset with the tenant's own parts, as they are now."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from tests.support import REGISTRY, Api, Document, Target
from tests.test_xdm_resources import namespace


def patched(api: Api, collection: str, name: str, *operations: Document) -> None:
    answer = api.http.patch(f"{REGISTRY}/tenant/{collection}/{quote(name, safe='')}", json=list(operations))
    assert answer.status_code == 200, answer.text


def posted(api: Api, collection: str, body: Document) -> Document:
    answer = api.http.post(f"{REGISTRY}/tenant/{collection}", json=body)
    assert answer.status_code == 201, answer.text
    found: Document = answer.json()
    return found


def run(api: Api, target: Target, pairs: dict[str, str]) -> Document:
    """The first run of a new flow into a target."""
    flow = api.make("flows", api.flow_body(api.source_connection(), target, pairs))
    return api.first_run(flow)


def status(made: Document) -> Any:
    return made["metrics"]["statusSummary"]["status"]


def test_a_changed_field_group_and_a_changed_data_type_count_from_the_next_record_on(api: Api) -> None:
    space, target = namespace(api), api.target()
    size = posted(api, "datatypes", {"title": "Size", "properties": {"in": {"type": "string"}}})
    fields = {space: {"type": "object", "properties": {"size": {"$ref": size["$id"]}, "name": {"type": "string"}}}}
    group = posted(api, "fieldgroups", {"title": "Sizes", "properties": fields})
    patched(api, "schemas", target.schema, {"op": "add", "path": "/allOf/-", "value": {"$ref": group["$id"]}})
    pairs = {"data.amount": f"{space}.size.in", "data.created": f"{space}.name"}

    def landed() -> Document:
        made = run(api, target, pairs)
        assert status(made) == "success"
        (record,) = api.records(target.dataset, run=made["id"], limit=1)["items"]
        own: Document = record[space]
        return own

    before = landed()
    assert isinstance(before["size"]["in"], str)
    assert isinstance(before["name"], str)
    patched(api, "datatypes", size["$id"], {"op": "replace", "path": "/properties/in/type", "value": "number"})
    between = landed()
    assert isinstance(between["size"]["in"], (int, float))
    path = f"/properties/{space}/properties/name/type"
    patched(api, "fieldgroups", group["$id"], {"op": "replace", "path": path, "value": "integer"})
    assert isinstance(landed()["name"], int)


def test_a_primary_identity_makes_its_field_required_until_it_is_gone(api: Api) -> None:
    target = api.target()
    pairs = {"data.id": "_test.id", "data.nothing": "personID"}
    assert status(run(api, target, pairs)) == "success"
    identity = {"@type": "xdm:descriptorIdentity", "xdm:sourceSchema": target.schema, "xdm:sourceProperty": "/personID"}
    made = posted(api, "descriptors", identity | {"xdm:namespace": "CRM", "xdm:isPrimary": True})
    assert status(run(api, target, pairs)) == "failed"
    assert api.http.delete(f"{REGISTRY}/tenant/descriptors/{made['@id']}").status_code == 204
    assert status(run(api, target, pairs)) == "success"
