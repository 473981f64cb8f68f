"""Rows that could not land, as the admin endpoint shows them, and the store that keeps them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from emulator.domain.identifiers import default_sandbox_id
from emulator.domain.tenant import Tenant
from emulator.server import Background
from emulator.store import records, rejected
from tests.landing import CORRUPT, MISSING, put_batch
from tests.support import CATALOG, Api, Document


@pytest.fixture
def dataset(api: Api) -> str:
    return api.dataset(api.schema())


def rows_of(api: Api, dataset: str, **params: Any) -> Document:
    answer = api.http.get(f"/__admin/datasets/{dataset}/rejected", params=params)
    assert answer.status_code == 200, answer.text
    page: Document = answer.json()
    return page


def test_a_rejected_row_is_shown_with_its_code_its_message_and_its_field(
    server: Background, api: Api, dataset: str
) -> None:
    put_batch(server, api, dataset, [], [MISSING, CORRUPT])
    page = rows_of(api, dataset)
    assert page == {
        "items": [
            {
                "record": {"n": 1, "name": "Zoë"},
                "code": "INGEST-1555-400",
                "message": "A required field is missing.",
                "field": "_test.id",
            },
            {
                "record": {"_corrupt_record": "{missingQuotes: 'v1'}"},
                "code": "INGEST-1401-400",
                "message": "The row cannot be read.",
                "field": None,
            },
        ],
        "count": 2,
        "next": None,
    }


def test_rows_are_found_by_batch_and_by_run(server: Background, api: Api, dataset: str) -> None:
    first = put_batch(server, api, dataset, [], [MISSING], run="first")
    put_batch(server, api, dataset, [], [CORRUPT, CORRUPT], run="second")
    assert rows_of(api, dataset)["count"] == 3
    assert [row["code"] for row in rows_of(api, dataset, batch=first)["items"]] == [MISSING.code]
    assert [row["code"] for row in rows_of(api, dataset, run="second")["items"]] == [CORRUPT.code] * 2
    assert rows_of(api, dataset, batch=first, run="second") == {"items": [], "count": 0, "next": None}


@pytest.mark.parametrize("what", ["records", "rejected"])
@pytest.mark.parametrize("run", ["a run", 'with "quotes" & more', "ü"])
def test_the_link_to_the_next_page_is_followed_to_the_end(
    server: Background, api: Api, dataset: str, what: str, run: str
) -> None:
    put_batch(server, api, dataset, [{"n": n} for n in range(5)], [MISSING] * 5, run=run)
    put_batch(server, api, dataset, [{"n": 9}], [CORRUPT], run="another")
    link: str | None = f"/__admin/datasets/{dataset}/{what}"
    page = api.http.get(link or "", params={"run": run, "limit": 2}).json()
    seen = [len(page["items"])]
    while (link := page["next"]) is not None:
        assert link.startswith(str(api.http.base_url))
        page = api.http.get(link).json()
        seen.append(len(page["items"]))
    assert seen == [2, 2, 1]
    assert page["count"] == 5


@pytest.mark.parametrize("offset", [0, 5, 7])
def test_an_offset_behind_the_end_has_no_next_page(server: Background, api: Api, dataset: str, offset: int) -> None:
    put_batch(server, api, dataset, [], [MISSING] * 5)
    page = rows_of(api, dataset, offset=offset)
    assert page["next"] is None
    assert len(page["items"]) == max(0, 5 - offset)


@pytest.mark.parametrize("params", [{"limit": 0}, {"limit": 10001}, {"offset": -1}, {"colour": "red"}])
def test_bad_parameters_are_refused(api: Api, dataset: str, params: Document) -> None:
    answer = api.http.get(f"/__admin/datasets/{dataset}/rejected", params=params)
    assert (answer.status_code, answer.json()["error"]) == (400, "bad_request")


def test_a_dataset_that_is_not_there_has_no_rows(api: Api) -> None:
    answer = api.http.get(f"/__admin/datasets/{'0' * 24}/rejected")
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")


def test_rows_go_with_their_dataset_and_with_a_reset(server: Background, api: Api) -> None:
    schema = api.schema()
    first, second = api.dataset(schema), api.dataset(schema)
    put_batch(server, api, first, [], [MISSING])
    put_batch(server, api, second, [], [MISSING])
    tenant = _tenant(api)
    assert api.http.delete(f"{CATALOG}/dataSets/{first}").status_code == 200
    assert _count(server, tenant, first) == 0
    assert _count(server, tenant, second) == 1
    assert httpx.post(f"{server.url}/__admin/reset", headers={"x-gw-ims-org-id": api.org}).is_success
    assert _count(server, tenant, second) == 0


def test_a_batch_is_counted_by_code_and_can_be_taken_back(server: Background, api: Api, dataset: str) -> None:
    gone = put_batch(server, api, dataset, [{"n": 1}], [MISSING, CORRUPT, MISSING])
    kept = put_batch(server, api, dataset, [{"n": 2}], [CORRUPT])
    tenant = _tenant(api)
    with server.app.world.database.writing() as tx:
        assert rejected.causes(tx, tenant, dataset, gone) == {
            MISSING.code: (2, MISSING.message),
            CORRUPT.code: (1, CORRUPT.message),
        }
        rejected.remove_batch(tx, tenant, dataset, gone)
        records.remove_batch(tx, tenant, dataset, gone)
        assert rejected.causes(tx, tenant, dataset, gone) == {}
        assert rejected.causes(tx, tenant, dataset, kept) == {CORRUPT.code: (1, CORRUPT.message)}
    assert api.records(dataset)["items"] == [{"n": 2}]


def test_rows_are_appended_behind_those_that_are_there(server: Background, api: Api, dataset: str) -> None:
    batch = put_batch(server, api, dataset, [], [MISSING])
    with server.app.world.database.writing() as tx:
        rejected.land(tx, _tenant(api), dataset, batch, "a run", [CORRUPT], first=1)
    assert [row["code"] for row in rows_of(api, dataset)["items"]] == [MISSING.code, CORRUPT.code]


@pytest.mark.parametrize(("unreadable", "count"), [(None, 600), (True, 200), (False, 400)])
def test_a_walk_comes_past_every_row_once(
    server: Background, api: Api, dataset: str, unreadable: bool | None, count: int
) -> None:
    batch = put_batch(server, api, dataset, [], [MISSING, CORRUPT, MISSING] * 200)
    parts = list(rejected.walk(server.app.world.database, _tenant(api), dataset, batch, unreadable))
    assert sum(len(part) for part in parts) == count
    assert max(len(part) for part in parts) <= 256


def _tenant(api: Api) -> Tenant:
    return Tenant(api.org, "prod", default_sandbox_id(api.org, "prod"), "", "")


def _count(server: Background, tenant: Tenant, dataset: str) -> int:
    with server.app.world.database.reading() as tx:
        return rejected.page(tx, tenant.org, tenant.sandbox, dataset, 10, 0)[1]
