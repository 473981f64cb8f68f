"""Searches: lists of connections, flows and flow specs that are asked for by a body."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from emulator.server import Background
from tests.operating import DAILY, PAIRS, TABLE_FLOW, acted, new_sandbox
from tests.support import (
    FILE_FLOW,
    FLOW,
    REST_FLOW,
    STRIPE,
    Api,
    Document,
    assert_refused,
    client_of,
)

UNKNOWN = "84224def-1e2a-4d95-9ea2-132d697ed2aa"
HEADER = "x-active-sandbox-ids"


def search(api: Api, kind: str, body: Any, **sent: Any) -> httpx.Response:
    return api.http.post(f"{FLOW}/{kind}/search", json=body, **sent)


def found(answer: httpx.Response) -> list[Document]:
    assert answer.status_code == 200, answer.text
    items: list[Document] = answer.json()["items"]
    return items


def names(answer: httpx.Response) -> list[str]:
    return [item["name"] for item in found(answer)]


def accounts(api: Api, count: int) -> list[str]:
    return [api.base_connection(name=f"Account {number}") for number in range(count)]


def flows(api: Api, *called: str) -> list[str]:
    """Flows of those names that never run, all from one source to one target."""
    body = api.flow_body(api.source_connection(), api.target(), PAIRS, scheduleParams=DAILY)
    return [api.make("flows", body | {"name": name}) for name in called]


def pages(api: Api, kind: str, body: Document, again: Document | None = None, **sent: Any) -> list[list[Document]]:
    """Every page, the later ones asked for with the same body or with another."""
    answer = search(api, kind, body, **sent)
    listed = [found(answer)]
    while links := answer.json()["_links"]:
        href = links["next"]["href"]
        collection, token = href.split("?continuationToken=")
        assert collection == f"/{kind}"
        assert "=" not in token
        assert len(listed) < 100, "this goes on for ever"
        params = {"continuationToken": token}
        answer = search(api, kind, body if again is None else again, params=params, **sent)
        listed.append(found(answer))
    return listed


# --- what all searches share


@pytest.mark.parametrize("kind", ["connections", "flows", "flowSpecs"])
def test_an_empty_search_finds_what_the_list_shows(api: Api, kind: str) -> None:
    flows(api, "a", "b")
    listed = api.http.get(f"{FLOW}/{kind}").json()
    answer = search(api, kind, {"limit": 1000})
    assert answer.json() == listed


@pytest.mark.parametrize("path", ["connections/search/", "flows/search/", "flowSpecs/search/"])
def test_a_search_may_have_a_trailing_slash(api: Api, path: str) -> None:
    assert api.http.post(f"{FLOW}/{path}", json={"limit": 1}).status_code == 200


@pytest.mark.parametrize("kind", ["connections", "flows", "flowSpecs"])
@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        (None, "FLOW-1405-400", None),
        ([], "CONNECTOR-1312-400", "body"),
        ("name==x", "CONNECTOR-1312-400", "body"),
        ({"filter": "name==x"}, "CONNECTOR-1312-400", "filter"),
        ({"queryString": 5}, "CONNECTOR-1312-400", "queryString"),
        ({"queryString": ["name==x"]}, "CONNECTOR-1312-400", "queryString"),
        ({"queryString": "property=name==x&limit=5"}, "CONNECTOR-1312-400", "queryString"),
        ({"queryString": "property=name~x"}, "FLOW-1440-400", "property"),
        ({"queryString": "name!>x"}, "FLOW-1450-400", "property"),
        ({"queryString": "colour==x"}, "FLOW-1449-400", "property"),
        ({"queryString": "property="}, "FLOW-1453-400", "property"),
        ({"queryString": "name=="}, "FLOW-1453-400", "property"),
        ({"queryString": "name==x&"}, "FLOW-1453-400", "property"),
        ({"limit": 0}, "FLOW-1452-400", None),
        ({"limit": 1001}, "FLOW-1452-400", None),
        ({"limit": -1}, "FLOW-1452-400", None),
        ({"limit": "5"}, "FLOW-1452-400", None),
        ({"limit": 2.5}, "FLOW-1452-400", None),
        ({"limit": True}, "FLOW-1452-400", None),
        ({"orderby": 5}, "CONNECTOR-1312-400", "orderby"),
        ({"orderby": "--name"}, "FLOW-1432-400", "orderby"),
        ({"orderby": "colour"}, "FLOW-1433-400", "orderby"),
        ({"count": "true"}, "FLOW-1452-400", "count"),
        ({"count": 1}, "FLOW-1452-400", "count"),
        ({"count": True, "limit": 5}, "FLOW-1401-400", "limit"),
    ],
)
def test_a_search_that_cannot_be_is_refused(api: Api, kind: str, body: Any, code: str, field: str | None) -> None:
    assert_refused(search(api, kind, body), code, field)


@pytest.mark.parametrize("kind", ["connections", "flows", "flowSpecs"])
def test_a_search_without_a_body_is_refused(api: Api, kind: str) -> None:
    assert_refused(api.http.post(f"{FLOW}/{kind}/search"), "FLOW-1405-400")
    text = api.http.post(f"{FLOW}/{kind}/search", content=b"name==x", headers={"content-type": "text/plain"})
    assert_refused(text, "CONNECTOR-1004-415")


@pytest.mark.parametrize("kind", ["connections", "flows", "flowSpecs"])
def test_a_search_takes_its_wishes_from_the_body_alone(api: Api, kind: str) -> None:
    for name in ("limit", "property", "orderby", "count"):
        assert_refused(search(api, kind, {}, params={name: "1"}), "FLOW-1451-400", name)


def test_what_one_kind_alone_knows_the_others_refuse(api: Api) -> None:
    assert_refused(search(api, "connections", {"projectionFields": "name"}), "CONNECTOR-1312-400", "projectionFields")
    for kind in ("connections", "flows"):
        answer = search(api, kind, {"groupByProperty": "name"})
        assert_refused(answer, "CONNECTOR-1312-400", "groupByProperty")


# --- connections


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("property=name==Account 1", ["Account 1"]),
        ("?property=name==Account 1", ["Account 1"]),
        ("property=name==Account%201", ["Account 1"]),
        ("property=name==Account+1", ["Account 1"]),
        ("property=name==%22account 1%22", ["Account 1"]),
        ("property=name==Account 0,Account 2", ["Account 2", "Account 0"]),
        ("property=state==enabled&property=name==Account 2", ["Account 2"]),
        ("property=state==enabled&property=name==nobody", []),
        ("name==Account 1", ["Account 1"]),
        ("name==Account 0,Account 2", ["Account 2", "Account 0"]),
        ("state==enabled&name==Account 2", ["Account 2"]),
        ("state!=enabled", []),
        ("createdAt>0&name!=Account 0", ["Account 2", "Account 1"]),
        (f"connectionSpec.id=={STRIPE}", ["Account 2", "Account 1", "Account 0"]),
        ("", ["Account 2", "Account 1", "Account 0"]),
    ],
)
def test_a_query_string_is_read_in_both_forms(api: Api, text: str, expected: list[str]) -> None:
    accounts(api, 3)
    assert names(search(api, "connections", {"queryString": text})) == expected
    counted = search(api, "connections", {"queryString": text, "count": True})
    assert counted.json() == {"count": len(expected)}


def test_a_query_string_is_that_of_a_list(api: Api) -> None:
    accounts(api, 3)
    for text in ("property=name==Account 1", "property=state==enabled&property=createdAt>5", "property=name!=x"):
        listed = api.http.get(f"{FLOW}/connections?{quote(text, safe='=&')}").json()
        assert search(api, "connections", {"queryString": text}).json() == listed


def test_a_search_is_ordered_and_limited(api: Api) -> None:
    accounts(api, 4)
    assert names(search(api, "connections", {"orderby": "name", "limit": 2})) == ["Account 0", "Account 1"]
    assert names(search(api, "connections", {"orderby": "-name", "limit": 3})) == [f"Account {n}" for n in (3, 2, 1)]
    assert names(search(api, "connections", {"limit": 1000, "count": False})) == [f"Account {n}" for n in (3, 2, 1, 0)]


def test_twenty_is_a_page_when_no_limit_is_given(api: Api) -> None:
    accounts(api, 21)
    assert [len(page) for page in pages(api, "connections", {})] == [20, 1]
    assert [len(page) for page in pages(api, "connections", {"limit": None})] == [20, 1]


@pytest.mark.parametrize("order", [None, "name", "-name", "state,-name"])
def test_the_pages_of_a_search_follow_each_other(api: Api, order: str | None) -> None:
    made = accounts(api, 7)
    body: Document = {"limit": 3, "queryString": "state==enabled"} | ({"orderby": order} if order else {})
    repeated, alone = pages(api, "connections", body), pages(api, "connections", body, {})
    assert repeated == alone
    assert [len(page) for page in repeated] == [3, 3, 1]
    expected = made if order == "name" else made[::-1]
    assert [item["id"] for page in repeated for item in page] == expected


def test_a_later_page_may_have_another_limit(api: Api) -> None:
    made = accounts(api, 6)
    listed = pages(api, "connections", {"limit": 1}, {"limit": 5})
    assert [[item["id"] for item in page] for page in listed] == [[made[5]], made[4::-1]]


def test_a_token_of_a_list_goes_on_in_a_search(api: Api) -> None:
    made = accounts(api, 3)
    href = api.http.get(f"{FLOW}/connections?limit=2").json()["_links"]["next"]["href"]
    answer = search(api, "connections", {}, params={"continuationToken": href.split("=")[1]})
    assert [item["id"] for item in found(answer)] == [made[0]]


@pytest.mark.parametrize("kind", ["connections", "flows"])
def test_a_token_that_is_not_ours_is_refused(api: Api, kind: str) -> None:
    assert_refused(search(api, kind, {}, params={"continuationToken": "abc"}), "FLOW-1452-400")


def test_there_is_one_page_of_flow_specs(api: Api) -> None:
    answer = search(api, "flowSpecs", {}, params={"continuationToken": "abc"})
    assert_refused(answer, "FLOW-1451-400", "continuationToken")


def test_a_search_stays_in_its_organisation(api: Api, server: Background) -> None:
    accounts(api, 2)
    with client_of(server.url, f"OTHER{api.org}") as other:
        assert found(search(other, "connections", {})) == []


# --- flows


def test_a_search_of_flows_shows_chosen_fields(api: Api) -> None:
    (flow,) = flows(api, "a")
    item = api.item("flows", flow)
    for wanted in ("name,flowSpec", " name , flowSpec ", "name,flowSpec,nothing"):
        (cut,) = found(search(api, "flows", {"projectionFields": wanted}))
        assert cut == {name: item[name] for name in ("id", "name", "flowSpec")}
    (whole,) = found(search(api, "flows", {"projectionFields": None}))
    assert whole == item
    assert_refused(search(api, "flows", {"projectionFields": ["name"]}), "CONNECTOR-1312-400", "projectionFields")


def test_chosen_fields_are_cut_from_every_page(api: Api) -> None:
    flows(api, "a", "b", "c")
    body = {"limit": 2, "projectionFields": "name", "orderby": "name"}
    listed = [item for page in pages(api, "flows", body) for item in page]
    assert [list(item) for item in listed] == [["id", "name"]] * 3
    assert [item["name"] for item in listed] == ["a", "b", "c"]


def test_flows_are_searched_by_what_they_are_made_of(api: Api) -> None:
    first, second = flows(api, "a", "b")
    acted(api, "flows", first, "disable")
    for text, expected in (
        ("state==disabled", [first]),
        (f"flowSpec.id=={REST_FLOW}", [second, first]),
        (f"property=flowSpec.id=={REST_FLOW}&property=state==enabled", [second]),
        (f"sourceConnectionIds[]=={api.item('flows', first)['sourceConnectionIds'][0]}", [second, first]),
        ("isSourceFlow==true&name==a", [first]),
        ("lastRunDetails.state==success", []),
    ):
        assert [item["id"] for item in found(search(api, "flows", {"queryString": text}))] == expected, text


@pytest.fixture
def dev(api: Api, server: Background) -> Iterator[Api]:
    """The same organisation in a second sandbox."""
    new_sandbox(api)
    with client_of(server.url, api.org) as other:
        other.http.headers["x-sandbox-name"] = "dev"
        yield other


def sandbox_id(api: Api) -> str:
    """The id of the client's own sandbox."""
    made = api.base_connection()
    own: str = api.item("connections", made)["sandboxId"]
    assert api.http.delete(f"{FLOW}/connections/{made}").status_code == 204
    return own


def test_a_search_looks_into_other_sandboxes_when_told_to(api: Api, dev: Api) -> None:
    here, there = flows(api, "a", "b"), flows(dev, "c", "d")
    prod_id, dev_id = sandbox_id(api), sandbox_id(dev)

    def seen(client: Api, ids: str | None, **body: Any) -> list[str]:
        headers = {} if ids is None else {HEADER: ids}
        return [item["id"] for item in found(search(client, "flows", body, headers=headers))]

    assert seen(api, None) == here[::-1]
    assert seen(dev, None) == there[::-1]
    assert seen(api, dev_id) == there[::-1]
    assert seen(api, f"{prod_id},{dev_id}") == [*here[::-1], *there[::-1]]
    assert seen(dev, f"{dev_id} , {prod_id},") == [*there[::-1], *here[::-1]]
    assert seen(api, f"{dev_id},{dev_id}") == there[::-1]
    assert seen(api, f"{prod_id},{dev_id}", queryString="name==b,c") == [here[1], there[0]]
    counted = search(api, "flows", {"count": True}, headers={HEADER: f"{prod_id},{dev_id}"})
    assert counted.json() == {"count": 4}


@pytest.mark.parametrize("limit", [1, 3, 4, 7, 20])
@pytest.mark.parametrize("counts", [(4, 3), (0, 3), (4, 0), (0, 0)])
def test_pages_go_on_from_one_sandbox_to_the_next(api: Api, dev: Api, limit: int, counts: tuple[int, int]) -> None:
    here = flows(api, *map(str, range(counts[0])))
    there = flows(dev, *map(str, range(counts[1])))
    headers = {HEADER: f"{sandbox_id(api)},{sandbox_id(dev)}"}
    listed = pages(api, "flows", {"limit": limit}, headers=headers)
    assert [item["id"] for page in listed for item in page] == [*here[::-1], *there[::-1]]
    assert all(len(page) == limit for page in listed[:-1])


def test_filters_go_with_the_pages_from_one_sandbox_to_the_next(api: Api, dev: Api) -> None:
    flows(api, "a", "b", "a"), flows(dev, "a", "b", "b", "a")
    headers = {HEADER: f"{sandbox_id(api)},{sandbox_id(dev)}"}
    for body in ({"queryString": "name==a"}, {"queryString": "createdAt>0&name==a"}):
        listed = [item for page in pages(api, "flows", body | {"limit": 1}, {}, headers=headers) for item in page]
        assert [(item["sandboxName"], item["name"]) for item in listed] == [("prod", "a")] * 2 + [("dev", "a")] * 2


def test_a_token_comes_to_an_end_where_fewer_sandboxes_are_named(api: Api, dev: Api) -> None:
    flows(api, "a", "b"), flows(dev, "c", "d")
    headers = {HEADER: f"{sandbox_id(api)},{sandbox_id(dev)}"}
    answer = search(api, "flows", {"limit": 3}, headers=headers)
    token = answer.json()["_links"]["next"]["href"].split("=")[1]
    later = search(api, "flows", {}, params={"continuationToken": token})
    assert later.json() == {"items": [], "_links": {}}


@pytest.mark.parametrize("order", ["name", "-createdAt"])
def test_several_sandboxes_have_no_order(api: Api, dev: Api, order: str) -> None:
    flows(api, "b", "a")
    prod_id, dev_id = sandbox_id(api), sandbox_id(dev)
    answer = search(api, "flows", {"orderby": order}, headers={HEADER: f"{prod_id},{dev_id}"})
    assert_refused(answer, "FLOW-1424-400", "orderby")
    alone = search(dev, "flows", {"orderby": order}, headers={HEADER: prod_id})
    assert names(alone) == ["a", "b"]


def test_a_sandbox_that_is_not_there_is_not_found(api: Api, dev: Api, server: Background) -> None:
    with client_of(server.url, f"OTHER{api.org}") as other:
        foreign = sandbox_id(other)
    for ids in (UNKNOWN, f"{sandbox_id(dev)},{UNKNOWN}", "dev", foreign):
        answer = search(api, "flows", {}, headers={HEADER: ids})
        assert_refused(answer, "FLOW-2103-404", HEADER)


@pytest.mark.parametrize("ids", ["", ",", ", ,"])
def test_the_header_names_at_least_one_sandbox(api: Api, ids: str) -> None:
    answer = search(api, "flows", {}, headers={HEADER: ids})
    assert answer.status_code == 400
    assert answer.json()["report"]["field"] == HEADER


# --- flow specs

SOURCE_SPECS = ("CloudStorageToAEP", "CRMToAEP", "RestStorageToAEP")


def test_flow_specs_are_searched_like_listed(api: Api) -> None:
    for text, expected in (
        (f"id=={FILE_FLOW},{TABLE_FLOW},{REST_FLOW}", set(SOURCE_SPECS)),
        ("property=name==crmtoaep", {"CRMToAEP"}),
        ('property=attributes.frequency=="batch"&property=attributes.isSourceFlow==true', set(SOURCE_SPECS)),
        ("name==nothing", set()),
    ):
        assert set(names(search(api, "flowSpecs", {"queryString": text, "limit": 1000}))) == expected, text
        assert search(api, "flowSpecs", {"queryString": text, "count": True}).json() == {"count": len(expected)}
    assert_refused(search(api, "flowSpecs", {"queryString": "name>5"}), "FLOW-1448-400")


def test_flow_specs_are_ordered_limited_and_cut(api: Api) -> None:
    text = f"id=={FILE_FLOW},{TABLE_FLOW},{REST_FLOW}"
    ordered = search(api, "flowSpecs", {"queryString": text, "orderby": "name"})
    assert names(ordered) == ["CloudStorageToAEP", "CRMToAEP", "RestStorageToAEP"]
    backwards = search(api, "flowSpecs", {"queryString": text, "orderby": "-name", "limit": 2})
    assert names(backwards) == ["RestStorageToAEP", "CRMToAEP"]
    assert backwards.json()["_links"] == {}
    cut = search(api, "flowSpecs", {"queryString": text, "orderby": "id", "projectionFields": "name"})
    assert found(cut) == [
        {"id": TABLE_FLOW, "name": "CRMToAEP"},
        {"id": REST_FLOW, "name": "RestStorageToAEP"},
        {"id": FILE_FLOW, "name": "CloudStorageToAEP"},
    ]


def test_flow_specs_have_several_order_keys(api: Api) -> None:
    answer = search(api, "flowSpecs", {"orderby": "attributes.frequency,-name", "limit": 1000})
    keys = [(item["attributes"]["frequency"], item["name"].lower()) for item in found(answer)]
    assert len(keys) == 22
    assert keys == sorted(sorted(keys, key=lambda key: key[1], reverse=True), key=lambda key: key[0])


def test_one_flow_spec_stands_for_every_value_of_a_property(api: Api) -> None:
    everything = found(search(api, "flowSpecs", {"limit": 1000}))
    grouped = found(search(api, "flowSpecs", {"groupByProperty": "attributes.frequency", "limit": 1000}))
    assert [item["attributes"]["frequency"] for item in grouped] == list(
        dict.fromkeys(item["attributes"]["frequency"] for item in everything)
    )
    assert all(item in everything for item in grouped)
    assert search(api, "flowSpecs", {"groupByProperty": "attributes.frequency", "count": True}).json() == {"count": 2}


def test_the_newest_of_specs_of_one_name_stands_for_them(api: Api) -> None:
    made = [
        api.http.post(f"{FLOW}/flowSpecs", json={"name": "Mine", "providerId": "p", "version": version}).json()["id"]
        for version in ("1.0", "2.0")
    ]
    text = {"queryString": "name==mine"}
    assert [item["id"] for item in found(search(api, "flowSpecs", text))] == made[::-1]
    (newest,) = found(search(api, "flowSpecs", text | {"groupByProperty": "name"}))
    assert (newest["id"], newest["version"]) == (made[1], "2.0")


@pytest.mark.parametrize("group", ["colour", "--name", "name[]"])
def test_flow_specs_are_grouped_by_a_field_that_they_have(api: Api, group: str) -> None:
    answer = search(api, "flowSpecs", {"groupByProperty": group})
    assert answer.status_code == 400
    assert answer.json()["type"].endswith(("FLOW-1432-400", "FLOW-1433-400"))
