"""The older API of inlets: other words for base connections of the HTTP API source."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.streams import auth_params, landed, mapped_flow, raw
from tests.support import FLOW, STRIPE, Api, Document, assert_problem, client_of

INLETS = "/data/core/edge/inlet"
ISO = re.compile(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$")
SHOP: Document = {"name": "Web shop", "description": "Orders", "sourceId": "shop", "dataType": "raw"}


def make(api: Api, **changes: Any) -> Document:
    answer = api.http.post(INLETS, json=SHOP | changes)
    assert answer.status_code == 201, answer.text
    made: Document = answer.json()
    return made


def connection_of(api: Api, inlet: Document) -> Document:
    """The one base connection that has the inlet."""
    items = api.http.get(f"{FLOW}/connections", params={"limit": 100}).json()["items"]
    (found,) = [one for one in items if one["auth"]["params"].get("inletId") == inlet["dataInletId"]]
    return dict(found)


def test_an_inlet_is_answered_with_all_documented_keys(api: Api) -> None:
    inlet = make(api)
    assert ISO.match(inlet.pop("createdAt"))
    assert ISO.match(inlet.pop("modifiedAt"))
    inlet_id = inlet.pop("dataInletId")
    assert inlet == {
        "imsOrg": api.org,
        "sourceId": "shop",
        "dataType": "raw",
        "name": "Web shop",
        "description": "Orders",
        "authenticationRequired": False,
        "createdBy": "tester@AdobeID",
        "modifiedBy": "tester@AdobeID",
        "dataInletUrl": f"{str(api.http.base_url).rstrip('/')}/collection/{inlet_id}",
    }


def test_an_inlet_is_a_base_connection_that_flows_read_from(api: Api) -> None:
    inlet = make(api)
    connection = connection_of(api, inlet)
    assert (connection["name"], connection["description"]) == ("Web shop", "Orders")
    flow, target = mapped_flow(api, connection["id"], {"id": "_acme.id"})
    answer = api.http.post(inlet["dataInletUrl"], json={"id": 1})
    assert answer.json()["flowId"] == flow
    assert api.records(target.dataset)["items"] == [{"_acme": {"id": 1}}]
    refused = api.http.delete(f"{INLETS}/{inlet['dataInletId']}")
    assert refused.status_code == 400
    assert flow in refused.text


def test_a_base_connection_that_is_streamed_to_is_an_inlet(api: Api) -> None:
    connection = api.streaming_connection("xdm", name="Events", authenticationRequired=True)
    api.base_connection(STRIPE)
    params = auth_params(api, connection)
    (listed,) = api.http.get(INLETS).json()
    assert listed == api.http.get(f"{INLETS}/{params['inletId']}").json()
    assert (listed["dataType"], listed["authenticationRequired"]) == ("xdm", True)
    assert listed["dataInletUrl"] == params["inletUrl"]


def test_inlets_are_listed_newest_first(api: Api) -> None:
    made = [make(api, name=f"Inlet {number}")["dataInletId"] for number in range(3)]
    assert [inlet["dataInletId"] for inlet in api.http.get(INLETS).json()] == made[::-1]


def test_what_is_left_out_has_its_default(api: Api) -> None:
    answer = api.http.post(INLETS, json={"name": "Plain", "dataType": "xdm"})
    inlet = answer.json()
    assert (inlet["sourceId"], inlet["description"], inlet["authenticationRequired"]) == ("Plain", "", False)


def test_an_inlet_is_replaced_under_its_address(api: Api) -> None:
    stream = raw(api)
    path = f"{INLETS}/{stream.inlet}"
    before = api.http.get(path).json()
    answer = api.http.put(path, json={"name": "Closed", "dataType": "raw", "authenticationRequired": True})
    assert answer.status_code == 200
    after = answer.json()
    assert after == api.http.get(path).json()
    for name in ("dataInletId", "dataInletUrl", "createdAt", "createdBy"):
        assert after[name] == before[name]
    assert (after["name"], after["sourceId"], after["authenticationRequired"]) == ("Closed", "Closed", True)
    assert stream.send({"id": 1}).status_code == 401
    assert stream.send({"id": 1}, headers={"Authorization": "Bearer t"}).status_code == 200
    assert len(landed(api, stream)) == 1


def test_an_inlet_goes_with_its_connection(api: Api) -> None:
    inlet = make(api)
    path = f"{INLETS}/{inlet['dataInletId']}"
    connection = connection_of(api, inlet)["id"]
    assert api.http.delete(path).status_code == 204
    assert api.http.get(f"{FLOW}/connections/{connection}").status_code == 404
    for answer in (api.http.get(path), api.http.delete(path), api.http.put(path, json=SHOP)):
        assert_problem(answer, 404, inlet["dataInletId"])
        assert answer.json()["type"].endswith("EDGE-0404-404")
    assert api.http.post(inlet["dataInletUrl"], json={}).status_code == 404


def test_inlets_of_others_are_not_seen(api: Api) -> None:
    inlet = make(api)
    with client_of(str(api.http.base_url), f"OTHER{api.org}") as other:
        assert other.http.get(INLETS).json() == []
        assert other.http.get(f"{INLETS}/{inlet['dataInletId']}").status_code == 404


@pytest.mark.parametrize(
    ("change", "mention"),
    [
        ({"name": None}, "name"),
        ({"name": ""}, "name"),
        ({"name": 5}, "name"),
        ({"dataType": None}, "xdm or raw"),
        ({"dataType": "json"}, "xdm or raw"),
        ({"dataType": []}, "xdm or raw"),
        ({"description": 5}, "description"),
        ({"sourceId": {}}, "sourceId"),
        ({"authenticationRequired": "true"}, "true or false"),
        ({"more": 1}, "Known fields"),
    ],
)
def test_an_inlet_that_is_not_as_it_should_be_is_refused(api: Api, change: Document, mention: str) -> None:
    kept = make(api)
    body = {name: value for name, value in (SHOP | change).items() if value is not None}
    for answer in (api.http.post(INLETS, json=body), api.http.put(f"{INLETS}/{kept['dataInletId']}", json=body)):
        assert_problem(answer, 400, mention)
        assert answer.json()["type"].endswith("EDGE-0400-400")
    assert api.http.get(INLETS).json() == [kept]


@pytest.mark.parametrize("body", [None, [], "text", 5])
def test_an_inlet_is_an_object(api: Api, body: Any) -> None:
    assert_problem(api.http.post(INLETS, json=body), 400)
    assert api.http.get(INLETS).json() == []


def test_a_parameter_that_nothing_looks_at_is_refused(api: Api) -> None:
    assert_problem(api.http.get(INLETS, params={"limit": 5}), 400, "limit")
