"""Lists: pages, filters, order and counts, the same on every database."""

from __future__ import annotations

import base64
import itertools
import json
import operator
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.domain.errors import Refusal
from emulator.domain.filters import holds, parse_filters, parse_order
from emulator.domain.kinds import CONNECTIONS, FLOWS
from emulator.domain.tenant import Tenant
from emulator.server import Background
from emulator.store import pages as store_pages
from emulator.store import resources, sandboxes
from emulator.store.database import Transaction
from emulator.store.pages import Query
from emulator.store.sandboxes import Sandbox
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


@pytest.mark.parametrize(
    "place", ['[["createdAt>0"],null,1,[37],0]', '[[],"name",1,[37],0]', "[[],null,1,[0,null,37],0]"]
)
def test_a_token_whose_row_is_not_of_its_order_is_refused(api: Api, place: str) -> None:
    token = base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")
    assert_refused(api.http.get(f"{FLOW}/flows", params={"continuationToken": token}), "FLOW-1452-400")


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
    for text in ("transformations[].params.mappingId==none", "isSourceFlow==false"):
        assert api.http.get(f"{FLOW}/flows", params={"property": text}).json()["items"] == [], text


@pytest.mark.parametrize(
    ("path", "right"),
    [
        ("sourceConnectionIds", "sourceConnectionIds[]"),
        ("transformations.name", "transformations[].name"),
        ("inheritedAttributes.sourceConnections.id", "inheritedAttributes.sourceConnections[].id"),
    ],
)
def test_a_filter_on_an_array_goes_through_it_or_is_refused(api: Api, path: str, right: str) -> None:
    answer = api.http.get(f"{FLOW}/flows", params={"property": f"{path}==x"})
    assert f"write {right}." in assert_refused(answer, "FLOW-1449-400", "property")["errorMessage"]
    assert api.http.get(f"{FLOW}/flows", params={"property": f"{right}==x"}).json()["items"] == []


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
        ('name==["a","b"]', "FLOW-1454-400"),
        ('name=={"a":1}', "FLOW-1454-400"),
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


# --- pages against a plain model: all documents, filtered and sorted in Python

# Alike but for case, kind of value, or what lies behind the part that an index keeps.
LONG = "x" * 200
WORDS: list[Any] = ["a", "A", "b", "ab", "a b", "ä", "Z", "null", "true", "5", 'q"q', LONG + "1", LONG.upper() + "2"]
VALUES: list[Any] = [*WORDS, "", None, True, False, 0, 5, 5.0, -1, 2.5, -0.0, 1e22, 2**53 + 1, {"a": 1}, [5]]
BOUNDS = ["5", "5.0", "-1", "2.5", "0", "-0", "10000000000000000000000", "9007199254740993"]
TEXTS = [*WORDS, *BOUNDS, "1e22", "TRUE", "false"]
WALKED = ["among", "newest", "order", "all"]

NAMES = ["name", "description", "state", "createdAt", "options.n", "flowSpec.id", "scheduleParams.interval"]
PATHS = [*NAMES, "sourceConnectionIds[]", "transformations[].params.mappingId", "labels[]"]
MAPPINGS = st.fixed_dictionaries({}, optional={"mappingId": st.sampled_from(VALUES)})
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(VALUES),
        "description": st.sampled_from(VALUES),
        "state": st.sampled_from(["enabled", "disabled"]),
        "createdAt": st.sampled_from(VALUES),
        "options": st.fixed_dictionaries({}, optional={"n": st.sampled_from(VALUES)}),
        "flowSpec": st.fixed_dictionaries({}, optional={"id": st.sampled_from(WORDS)}) | st.just("x"),
        "scheduleParams": st.fixed_dictionaries({"interval": st.sampled_from(VALUES)}),
        "sourceConnectionIds": st.lists(st.sampled_from(VALUES), max_size=3),
        "labels": st.lists(st.sampled_from(VALUES), max_size=3) | st.just("x"),
        "transformations": st.lists(st.fixed_dictionaries({"params": MAPPINGS}), max_size=2),
    },
)
FILTERS = st.builds(
    lambda path, op, values: f"{path}{op}{','.join(values)}",
    st.sampled_from(PATHS),
    st.sampled_from(["==", "==", "!="]),
    st.lists(st.sampled_from(TEXTS), min_size=1, max_size=3),
) | st.builds(
    lambda path, op, bound: f"{path}{op}{bound}",
    st.sampled_from(PATHS),
    st.sampled_from(["<", "<=", ">", ">="]),
    st.sampled_from(BOUNDS),
)
ORDERS = st.lists(st.tuples(st.sampled_from(["", "-"]), st.sampled_from(NAMES)), max_size=2).map(
    lambda keys: ",".join(sign + name for sign, name in keys)
)


def reached(value: Any, path: str) -> list[Any]:
    """Every value at a path."""
    if not path:
        return [value]
    step, _, rest = path.partition(".")
    name = step.removesuffix("[]")
    if not isinstance(value, dict) or name not in value:
        return []
    found = value[name]
    if not step.endswith("[]"):
        return reached(found, rest)
    return [each for element in found for each in reached(element, rest)] if isinstance(found, list) else []


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def lower(text: str) -> str:
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)


def stands_for(text: str, value: Any) -> bool:
    """Whether the text of a filter means a value of a document."""
    if is_number(value):
        try:
            return float(text) == float(value)
        except ValueError:
            return False
    if isinstance(value, str):
        return lower(text) == lower(value)
    return value in (None, True, False) and lower(text) == json.dumps(value)


def fits(document: Document, text: str) -> bool:
    path, op, rest = re.fullmatch(r"([^=!<>]*)(==|!=|<=|>=|<|>)(.*)", text, re.DOTALL).groups()  # type: ignore[union-attr]
    values = reached(document, path)
    if op in ("==", "!="):
        equal = any(stands_for(one, value) for one in rest.split(",") for value in values)
        return equal is (op == "==")
    compare = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}[op]
    return any(compare(float(value), float(rest)) for value in values if is_number(value))


def place_of(value: Any) -> tuple[Any, ...]:
    """Nothing, then flags, then words without regard to case as far as they are told apart, then numbers."""
    if isinstance(value, bool):
        return (1, value)
    if isinstance(value, str):
        return (2, lower(json.dumps(value, ensure_ascii=False)[1:-1])[:160].encode())
    return (3, float(value)) if is_number(value) else (0,)


def modelled(documents: list[Document], filters: list[str], order: str) -> list[str]:
    """Ids of the documents, which come oldest first, that a list shows, in its order."""
    chosen = [document for document in documents if all(fits(document, text) for text in filters)]
    keys = order.split(",") if order else []
    if not keys or keys[-1].startswith("-"):
        chosen.reverse()
    for key in reversed(keys):
        path = key.removeprefix("-")
        # Sorting keeps the order of equals, also backwards.
        chosen.sort(key=lambda one, path=path: place_of((reached(one, path) or [None])[0]), reverse=key != path)  # type: ignore[misc]
    return [document["id"] for document in chosen]


class Shelf:
    """Flows of an organisation of their own, put into the database without a service before it, and never kept."""

    def __init__(self, tx: Transaction) -> None:
        self.tx = tx
        self.tenant = Tenant(f"SHELF{next(_shelves)}@AdobeOrg", "prod", "", "", "")
        self.documents: dict[str, Document] = {}
        self.ways: set[str] = set()
        self._made = 0
        sandboxes.create(tx, Sandbox(self.tenant.org, "prod", "", "", "production", "active", 0, ""))

    def put(self, document: Document) -> str:
        self._made += 1
        made = str(self._made)
        self.documents[made] = {"id": made} | document
        resources.create(self.tx, self.tenant, FLOWS, made, self.documents[made], "1")
        return made

    def change(self, made: str, document: Document) -> None:
        self.documents[made] = {"id": made} | document
        assert resources.replace(self.tx, self.tenant, FLOWS, made, self.documents[made], "1", "1")

    def remove(self, made: str) -> None:
        del self.documents[made]
        assert resources.remove(self.tx, self.tenant, FLOWS, made)

    def page(self, filters: list[str], order: str, limit: int, few: int, after: Any) -> tuple[list[str], Any]:
        """Ids of one page and the place behind it, which goes to clients and comes back as JSON."""
        conditions = tuple(parse_filters(filters, FLOWS))
        keys = tuple(parse_order(order, FLOWS)) if order else ()
        query = Query(conditions, keys, limit, tuple(json.loads(json.dumps(after))) if after else None)
        with mock.patch.object(store_pages, "FEW", few):
            self.ways.add(store_pages._way(self.tx, self.tenant, FLOWS, query).kind)
            found = store_pages.page(self.tx, self.tenant, FLOWS, query)
        return [json.loads(body)["id"] for body in found.bodies], found.next

    def count(self, filters: list[str], few: int) -> int:
        with mock.patch.object(store_pages, "FEW", few):
            return store_pages.count(self.tx, self.tenant, FLOWS, parse_filters(filters, FLOWS))


_shelves = itertools.count()


@contextmanager
def shelf(server: Background) -> Iterator[Shelf]:
    class Undo(Exception):
        pass

    with suppress(Undo), server.app.world.database.writing() as tx:
        yield Shelf(tx)
        raise Undo


PLAIN = settings(deadline=None, max_examples=80, database=None, derandomize=True)


def test_pages_are_what_a_plain_model_of_filter_and_order_says(server: Background) -> None:
    ways: set[str] = set()

    @PLAIN
    @given(st.lists(DOCUMENTS, max_size=12), st.lists(FILTERS, max_size=3), ORDERS, st.integers(1, 4), st.data())
    def check(documents: list[Document], filters: list[str], order: str, limit: int, data: st.DataObject) -> None:
        few = data.draw(st.sampled_from([0, 1, 3, 500]))
        with shelf(server) as rows:
            for document in documents:
                rows.put(document)
            expected = modelled(list(rows.documents.values()), filters, order)
            seen, after = rows.page(filters, order, limit, few, None)
            while after is not None:
                page, after = rows.page(filters, order, limit, few, after)
                assert page, "a page that was announced is empty"
                seen += page
            assert seen == expected
            assert rows.count(filters, few) == len(expected)
            ways.update(rows.ways)

    check()
    assert ways == set(WALKED)


def test_rows_that_stay_are_neither_repeated_nor_skipped_while_others_come_and_go(server: Background) -> None:
    ways: set[str] = set()

    @PLAIN
    @given(st.lists(DOCUMENTS, min_size=3, max_size=10), st.lists(FILTERS, max_size=2), ORDERS, st.data())
    def check(documents: list[Document], filters: list[str], order: str, data: st.DataObject) -> None:
        with shelf(server) as rows:
            staying = {rows.put(document) for document in documents}
            stood = dict(rows.documents)
            newcomers: set[str] = set()
            seen: list[str] = []
            after = None
            while True:
                # The walk may be another one from page to page.
                few = data.draw(st.sampled_from([0, 1, 3, 500]))
                page, after = rows.page(filters, order, data.draw(st.integers(1, 3)), few, after)
                seen += page
                if after is None:
                    break
                disturb(rows, staying, newcomers, data)
            kept = [document for made, document in stood.items() if made in staying]
            assert [made for made in seen if made in staying] == modelled(kept, filters, order)
            assert all(seen.count(made) <= 1 for made in newcomers)
            ways.update(rows.ways)

    check()
    assert ways == set(WALKED)


def disturb(rows: Shelf, staying: set[str], newcomers: set[str], data: st.DataObject) -> None:
    """Something is made, changed or deleted, as often as not a few times."""
    for what in data.draw(st.lists(st.sampled_from(["make", "change", "remove"]), max_size=3)):
        there = sorted(rows.documents)
        if what == "make" or not there:
            newcomers.add(rows.put(data.draw(DOCUMENTS)))
            continue
        made = data.draw(st.sampled_from(there))
        staying.discard(made)
        newcomers.discard(made)
        if what == "change":
            rows.change(made, data.draw(DOCUMENTS))
        else:
            rows.remove(made)


@pytest.mark.parametrize("few", [0, 500])
@pytest.mark.parametrize("order", ["", "&orderby=name", "&orderby=-createdAt,name"])
def test_a_filter_means_the_same_whatever_way_is_walked(
    api: Api, monkeypatch: pytest.MonkeyPatch, few: int, order: str
) -> None:
    monkeypatch.setattr(store_pages, "FEW", few)
    body = api.flow_body(api.source_connection(), api.target(), {"data.id": "_test.id"})
    body["scheduleParams"] = {"startTime": 4102444800, "frequency": "once"}
    described = api.make("flows", body | {"name": "one", "description": "Null"})
    bare = api.make("flows", body | {"name": "two"})
    made = api.item("flows", described)["createdAt"]
    for text, expected in (
        ("description==null", {described}),
        ("description!=null", {bare}),
        (f"createdAt=={made}&property=name==one", {described}),
        (f"createdAt=={made}.0&property=name==one", {described}),
        (f"createdAt>={made}&property=createdAt<{made + 60_000}", {described, bare}),
        (f"createdAt>{made + 60_000}", set()),
        ("state==enabled,disabled", {described, bare}),
        ("flowSpec.id==none", set()),
        (f"sourceConnectionIds[]=={body['sourceConnectionIds'][0].upper()}", {described, bare}),
    ):
        found = pages(api, f"{FLOW}/flows?property={text}{order}&limit=1")
        assert {item["id"] for page in found for item in page} == expected, text
        assert [len(page) for page in found] == [1] * len(expected) or not expected
        assert api.http.get(f"{FLOW}/flows?property={text}&count=true").json() == {"count": len(expected)}


def test_flags_have_an_order_too(api: Api) -> None:
    body = api.flow_body(api.source_connection(), api.target(), {"data.id": "_test.id"})
    body["scheduleParams"] = {"startTime": 4102444800, "frequency": "once"}
    options: list[Document] = [{}, {"errorDiagnosticsEnabled": True}, {"errorDiagnosticsEnabled": False}]
    made = [api.make("flows", body | {"options": chosen}) for chosen in options]
    field = "options.errorDiagnosticsEnabled"
    for order, expected in (
        (field, [made[0], made[2], made[1]]),
        (f"-{field}", [made[1], made[2], made[0]]),
        ("inheritedAttributes.properties.isSourceFlow", made),
    ):
        found = pages(api, f"{FLOW}/flows?orderby={order}&limit=1")
        assert [item["id"] for page in found for item in page] == expected
