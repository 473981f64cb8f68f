"""Lists: pages, filters, order and counts, the same on every database."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.domain.errors import Refusal
from emulator.domain.filters import holds, parse_filters, parse_order
from emulator.domain.kinds import CONNECTIONS, FLOWS
from tests.support import FLOW, STRIPE, Api, Document, assert_refused


def make(api: Api, count: int) -> list[str]:
    return [api.base_connection(name=f"Account {number:02d}") for number in range(count)]


def names(api: Api, **params: Any) -> list[str]:
    answer = api.http.get(f"{FLOW}/connections", params=params)
    assert answer.status_code == 200, answer.text
    return [item["name"] for item in answer.json()["items"]]


def pages(api: Api, path: str, repeat: dict[str, Any] | None = None) -> list[list[Document]]:
    """Every page from the first to the last, following ``next.href`` as clients do."""
    found = []
    answer = api.http.get(path)
    while True:
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found.append(page["items"])
        if not page["_links"]:
            return found
        href = page["_links"]["next"]["href"]
        assert href.count("=") == 1
        collection, token = href.split("?continuationToken=")
        assert "=" not in token
        answer = api.http.get(FLOW + collection, params={**(repeat or {}), "continuationToken": token})


def test_an_empty_list_has_items_and_links(api: Api) -> None:
    assert api.http.get(f"{FLOW}/connections").json() == {"items": [], "_links": {}}


def test_the_newest_comes_first(api: Api) -> None:
    make(api, 3)
    assert names(api) == ["Account 02", "Account 01", "Account 00"]


def test_a_list_item_is_the_same_as_the_single_one(api: Api) -> None:
    made = api.base_connection()
    (item,) = api.http.get(f"{FLOW}/connections").json()["items"]
    assert item == api.item("connections", made)


def test_pages_follow_each_other_without_gap_or_repetition(api: Api) -> None:
    made = make(api, 23)
    found = pages(api, f"{FLOW}/connections?limit=5")
    assert [len(page) for page in found] == [5, 5, 5, 5, 3]
    assert [item["id"] for page in found for item in page] == made[::-1]


def test_twenty_is_a_page_when_no_limit_is_given(api: Api) -> None:
    make(api, 21)
    assert [len(page) for page in pages(api, f"{FLOW}/connections")] == [20, 1]


def test_a_full_last_page_has_no_next(api: Api) -> None:
    make(api, 4)
    assert [len(page) for page in pages(api, f"{FLOW}/connections?limit=2")] == [2, 2]


def test_a_token_works_alone_and_with_the_first_parameters_repeated(api: Api) -> None:
    make(api, 7)
    query = {"limit": "3", "property": "state==enabled", "orderby": "name"}
    path = f"{FLOW}/connections?limit=3&property=state==enabled&orderby=name"
    alone, repeated = pages(api, path), pages(api, path, query)
    assert alone == repeated
    assert [item["name"] for page in alone for item in page] == [f"Account {n:02d}" for n in range(7)]


def test_pages_are_stable_while_rows_come_and_go(api: Api) -> None:
    made = make(api, 6)
    first = api.http.get(f"{FLOW}/connections?limit=2").json()
    api.base_connection(name="Newcomer")
    assert api.http.delete(f"{FLOW}/connections/{made[2]}").status_code == 204
    rest = pages(api, FLOW + first["_links"]["next"]["href"])
    seen = [item["id"] for page in [first["items"], *rest] for item in page]
    assert seen == [made[5], made[4], made[3], made[1], made[0]]


@pytest.mark.parametrize("token", ["abc", "", "====", "W10", "ä", "bnVsbA", "W1tdLG51bGwsMCxbXV0"])
def test_a_token_that_is_not_ours_is_refused(api: Api, token: str) -> None:
    answer = api.http.get(f"{FLOW}/connections", params={"continuationToken": token})
    assert_refused(answer, "FLOW-1452-400")


@pytest.mark.parametrize("limit", ["0", "-1", "ten", "1.5", "1001", "", "99999999999999999999"])
def test_a_limit_is_a_number_from_one_to_a_thousand(api: Api, limit: str) -> None:
    assert_refused(api.http.get(f"{FLOW}/connections?limit={limit}"), "FLOW-1452-400", "limit")


def test_count_answers_the_number_alone(api: Api) -> None:
    make(api, 3)
    assert api.http.get(f"{FLOW}/connections?count=true").json() == {"count": 3}
    assert api.http.get(f"{FLOW}/connections?count=True&property=name==x").json() == {"count": 0}


def test_count_and_limit_exclude_each_other_unless_count_is_false(api: Api) -> None:
    make(api, 2)
    assert_refused(api.http.get(f"{FLOW}/connections?count=true&limit=1"), "FLOW-1401-400")
    assert len(api.http.get(f"{FLOW}/connections?limit=100&count=False").json()["items"]) == 2
    for value in ("perhaps", ""):
        assert_refused(api.http.get(f"{FLOW}/connections?count={value}"), "FLOW-1452-400", "count")


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (["name==Account 01"], ["Account 01"]),
        (['name=="Account 01"'], ["Account 01"]),
        (["name=='account 01'"], ["Account 01"]),
        (["name==Account 01,Account 02"], ["Account 02", "Account 01"]),
        (["name!=Account 01"], ["Account 02", "Account 00"]),
        (["name!=Account 00", "name!=Account 01"], ["Account 02"]),
        (["state==ENABLED", "name==Account 00"], ["Account 00"]),
        ([f"connectionSpec.id=={STRIPE}", "name==Account 00"], ["Account 00"]),
        (["connectionSpec.id==none"], []),
        (["createdAt>0", "name==Account 00"], ["Account 00"]),
        (["createdAt<1"], []),
        (["createdAt>=1", "createdAt<=1"], []),
        (["auth.specName==OAuth2 Refresh Code", "name==Account 02"], ["Account 02"]),
        (["description==none"], []),
        (["description!=none"], ["Account 02", "Account 01", "Account 00"]),
        (["name>5"], []),
    ],
)
def test_filters(api: Api, filters: list[str], expected: list[str]) -> None:
    make(api, 3)
    assert names(api, property=filters) == expected
    answer = api.http.get(f"{FLOW}/connections", params={"property": filters, "count": "true"})
    assert answer.json() == {"count": len(expected)}


def test_a_filter_goes_through_every_element_of_an_array(api: Api) -> None:
    flow, target = api.flow()
    mapping = api.item("flows", flow)["transformations"][0]["params"]["mappingId"]
    for text in (
        f"targetConnectionIds[]=={target.connection}",
        f"sourceConnectionIds[]==x,{api.item('flows', flow)['sourceConnectionIds'][0]}",
        f"transformations[].params.mappingId=={mapping}",
        "transformations[].params.mappingVersion==0",
        "transformations[].params.mappingVersion>=0",
        f"inheritedAttributes.sourceConnections[].connectionSpec.id=={STRIPE}",
        "inheritedAttributes.properties.isSourceFlow==true",
        "isSourceFlow==true",
    ):
        items = api.http.get(f"{FLOW}/flows", params={"property": text}).json()["items"]
        assert [item["id"] for item in items] == [flow], text
    for text in ("transformations[].params.mappingId==none", "sourceConnectionIds==x", "isSourceFlow==false"):
        assert api.http.get(f"{FLOW}/flows", params={"property": text}).json()["items"] == [], text


def test_runs_are_filtered_by_flow_time_and_state(api: Api) -> None:
    flow, _ = api.flow()
    run = api.first_run(flow)
    started = run["metrics"]["durationSummary"]["startedAtUTC"]
    mine = f"flowId=={flow}"
    for filters, expected in (
        ([mine], 1),
        ([mine, f"metrics.durationSummary.startedAtUTC>{started - 1}"], 1),
        ([mine, f"metrics.durationSummary.startedAtUTC>{started}"], 0),
        ([mine, "metrics.statusSummary.status==Success"], 1),
        ([mine, "state==failed"], 0),
        ([mine, "state==success"], 1),
        (["flowId==none"], 0),
    ):
        items = api.http.get(f"{FLOW}/runs", params={"property": filters}).json()["items"]
        assert len(items) == expected, filters
    assert [item["id"] for item in api.http.get(f"{FLOW}/flows/{flow}/runs").json()["items"]] == [run["id"]]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("name~Account", "FLOW-1440-400"),
        ("createdAt!>5", "FLOW-1450-400"),
        ("name=Account", "FLOW-1450-400"),
        ("connections==5", "FLOW-1449-400"),
        ("connectionSpec..id==5", "FLOW-1449-400"),
        ("createdAt==", "FLOW-1453-400"),
        ("name==a,,b", "FLOW-1453-400"),
        ("name", "FLOW-1453-400"),
        ("", "FLOW-1453-400"),
        ("createdAt<=5,6", "FLOW-1443-400"),
        ("id>=5", "FLOW-1448-400"),
        ("createdAt>yesterday", "FLOW-1452-400"),
    ],
)
def test_a_filter_that_cannot_be_is_refused_with_its_code(api: Api, text: str, code: str) -> None:
    assert_refused(api.http.get(f"{FLOW}/connections", params={"property": text}), code)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("name", ["a", "a b", "b", "ä"]),
        ("+name", ["a", "a b", "b", "ä"]),
        ("-name", ["ä", "b", "a b", "a"]),
        ("createdAt", ["b", "a", "ä", "a b"]),
        ("-createdAt", ["a b", "ä", "a", "b"]),
        ("description,-name", ["ä", "b", "a b", "a"]),
        ("state,createdAt", ["b", "a", "ä", "a b"]),
    ],
)
def test_order(api: Api, order: str, expected: list[str]) -> None:
    for name in ("b", "a", "ä", "a b"):
        api.base_connection(name=name)
        time.sleep(0.002)
    found = pages(api, f"{FLOW}/connections?limit=3&orderby={order}")
    assert [item["name"] for page in found for item in page] == expected


@pytest.mark.parametrize(
    ("order", "code"), [("*name", "FLOW-1432-400"), ("--name", "FLOW-1432-400"), ("colour", "FLOW-1433-400")]
)
def test_an_order_that_cannot_be_is_refused(api: Api, order: str, code: str) -> None:
    assert_refused(api.http.get(f"{FLOW}/connections", params={"orderby": order}), code, "orderby")


@given(st.text(max_size=40))
def test_any_text_is_a_filter_or_refused(text: str) -> None:
    try:
        (condition,) = parse_filters([text], FLOWS)
    except Refusal as refusal:
        assert refusal.status == 400
    else:
        assert condition.values


@given(st.text(max_size=20))
def test_any_text_is_an_order_or_refused(text: str) -> None:
    try:
        assert parse_order(text, CONNECTIONS)
    except Refusal as refusal:
        assert refusal.code in ("FLOW-1432-400", "FLOW-1433-400")


WORD = st.text("abcXYZ 0123", min_size=1, max_size=5).map(str.strip).filter(bool)


@given(st.lists(WORD, min_size=1, max_size=4), WORD)
def test_a_comma_is_or_and_case_is_nothing(values: list[str], name: str) -> None:
    (equal,) = parse_filters([f"name=={','.join(values)}"], CONNECTIONS)
    (unequal,) = parse_filters([f"name!={','.join(values)}"], CONNECTIONS)
    expected = name.lower() in {value.lower() for value in values}
    assert holds(equal, {"name": name}) is expected
    assert holds(unequal, {"name": name}) is not expected
