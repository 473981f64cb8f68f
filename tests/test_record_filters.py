"""Landed and rejected rows found by what is in them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from emulator.domain.record_filters import parse_where
from emulator.server import Background
from tests.landing import CORRUPT, MISSING, put_batch
from tests.support import Api, Document

RECORDS: list[Document] = [
    {"n": 1, "name": "Zoë", "tags": ["a", "b"], "at": "2026-01-31T12:00:00Z", "flag": True},
    {"n": 2.5, "name": "ann, bob", "tags": [], "at": "2026-02-01T12:00:00Z", "flag": False, "inner": {"x": None}},
    {"n": "3", "name": "", "items": [{"sku": "s1"}, {"sku": "s2"}]},
]


@pytest.fixture
def dataset(api: Api) -> str:
    return api.dataset(api.schema())


def found(api: Api, dataset: str, *where: str, what: str = "records", **params: Any) -> list[Any]:
    answer = api.http.get(f"/__admin/datasets/{dataset}/{what}", params={"where": list(where), **params})
    assert answer.status_code == 200, answer.text
    items: list[Any] = answer.json()["items"]
    assert answer.json()["count"] >= len(items)
    return items


@pytest.mark.parametrize(
    ("where", "numbers"),
    [
        (["n==1"], [0]),
        (["n==1.0"], [0]),
        (["n==3"], [2]),
        (["n==1,2.5"], [0, 1]),
        (["n!=1"], [1, 2]),
        (["n>=1"], [0, 1]),
        (["n>1"], [1]),
        (["n<2.5"], [0]),
        (["n<=2.5", "n>1"], [1]),
        (["name==ZOë"], [0]),
        (["name=='ann, bob'"], [1]),
        (['name== "ann, bob" , Zoë'], [0, 1]),
        (['name=="ann, bo"'], []),
        (['name=="ann, bob'], []),
        (["name!='ann, bob'"], [0, 2]),
        (["name~ANN, b"], [1]),
        (['name==""'], [2]),
        (["at>2026-02-01"], [1]),
        (["flag==TRUE"], [0]),
        (["inner.x==null"], [1]),
        (["inner.x"], [1]),
        (["!inner"], [0, 2]),
        (["tags[]==b"], [0]),
        (["tags[]"], [0]),
        (["!tags"], [2]),
        (["items[].sku==s2"], [2]),
        (["nothing.at.all==1"], []),
        (["nothing!=1"], [0, 1, 2]),
    ],
)
def test_records_are_found_by_value(
    server: Background, api: Api, dataset: str, where: list[str], numbers: list[int]
) -> None:
    put_batch(server, api, dataset, RECORDS)
    assert found(api, dataset, *where) == [RECORDS[number] for number in numbers]


def test_filters_go_with_batch_run_and_paging(server: Background, api: Api, dataset: str) -> None:
    put_batch(server, api, dataset, [{"n": n, "odd": n % 2} for n in range(10)], run="one")
    put_batch(server, api, dataset, [{"n": n, "odd": 1} for n in range(10)], run="two")
    link: str | None = f"/__admin/datasets/{dataset}/records?where=odd==1&where=n%3E0&run=one&limit=2"
    seen = []
    while link is not None:
        page = api.http.get(link).json()
        assert page["count"] == 5
        seen += [item["n"] for item in page["items"]]
        link = page["next"]
    assert seen == [1, 3, 5, 7, 9]


def test_rejected_rows_are_found_as_they_are_shown(server: Background, api: Api, dataset: str) -> None:
    put_batch(server, api, dataset, [], [MISSING, CORRUPT])
    for where in ("code==INGEST-1555-400", "field==_test.id", "record.n>=1", "message~required"):
        assert [row["code"] for row in found(api, dataset, where, what="rejected")] == [MISSING.code]
    assert [row["code"] for row in found(api, dataset, "record._corrupt_record", what="rejected")] == [CORRUPT.code]


@pytest.mark.parametrize("what", ["records", "rejected"])
@pytest.mark.parametrize(
    "where", ["", "!", "==1", "a=1", "a==", "a..b==1", "a[0]==1", "a!~b", "a<", ".".join("a" * 30), "a==" + "1," * 100]
)
def test_a_bad_filter_is_refused_and_named(api: Api, dataset: str, what: str, where: str) -> None:
    answer = api.http.get(f"/__admin/datasets/{dataset}/{what}", params={"where": where})
    assert (answer.status_code, answer.json()["error"]) == (400, "bad_request")
    assert "where" in answer.json()["message"]


def test_a_comma_inside_quotes_is_no_further_value(api: Api, dataset: str) -> None:
    assert found(api, dataset, 'a=="' + "1," * 200 + '"') == []


@given(some.lists(some.text("ab ,'=").filter(lambda text: '"' not in text), min_size=1, max_size=5))
def test_texts_in_quotes_are_found_whatever_they_hold(texts: list[str]) -> None:
    (equal,) = parse_where(["a==" + ",".join(f'"{text}"' for text in texts)])
    assert all(equal({"a": text}) for text in texts)


@given(some.one_of(some.text(), some.integers(), some.floats(allow_nan=False), some.booleans(), some.none()))
def test_equal_and_not_equal_are_opposites(value: Any) -> None:
    (equal,), (other,) = parse_where(["a==1,true,x"]), parse_where(["a!=1,true,x"])
    assert equal({"a": value}) != other({"a": value})
