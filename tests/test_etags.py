"""If-Match: what is compared with what, and that one of many writers wins."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.domain import etags
from emulator.domain.errors import Refusal
from emulator.domain.identifiers import Identifiers
from emulator.store import resources, schedules
from emulator.store.database import Transaction
from tests.support import FLOW, Api, assert_refused

CHANGE = [{"op": "replace", "path": "/name", "value": "New"}]
CLIENTS = 32


def test_a_patch_without_if_match_is_400(api: Api) -> None:
    made = api.base_connection()
    answer = api.http.patch(f"{FLOW}/connections/{made}", json=CHANGE)
    body = assert_refused(answer, "FLOW-1403-400", "If-Match")
    assert body["title"] == "Header is missing"
    assert api.item("connections", made)["name"] == "An account"


def test_a_patch_with_a_stale_etag_is_412_and_names_both(api: Api) -> None:
    made = api.base_connection()
    first = api.item("connections", made)["etag"]
    assert api.patch("connections", made, CHANGE).status_code == 200
    second = api.item("connections", made)["etag"]
    body = assert_refused(api.patch("connections", made, CHANGE, etag=first), "FLOW-1404-412")
    assert body["title"] == "Version not matching"
    assert first in body["errorMessage"]
    assert second in body["errorMessage"]


@pytest.mark.parametrize("spelling", ["{}", "W/{}", '"other", {}', "*"])
def test_an_etag_is_accepted_quoted_weak_or_in_a_list(api: Api, spelling: str) -> None:
    made = api.base_connection()
    etag = api.item("connections", made)["etag"]
    assert api.patch("connections", made, CHANGE, etag=spelling.format(etag)).status_code == 200
    bare = api.item("connections", made)["etag"].strip('"')
    if spelling != "*":
        assert api.patch("connections", made, CHANGE, etag=spelling.format(bare)).status_code == 200


def test_the_etag_is_in_the_body_and_nowhere_else(api: Api) -> None:
    made = api.base_connection()
    answer = api.http.get(f"{FLOW}/connections/{made}")
    assert "etag" not in answer.headers
    assert answer.json()["items"][0]["etag"].startswith('"')


def test_every_write_makes_a_new_etag(api: Api) -> None:
    made = api.base_connection()
    seen = {api.item("connections", made)["etag"]}
    for _ in range(5):
        seen.add(api.patch("connections", made, CHANGE).json()["etag"])
    assert len(seen) == 6


def test_of_many_clients_with_one_etag_exactly_one_wins(api: Api) -> None:
    made = api.base_connection()
    etag = api.item("connections", made)["etag"]
    url = f"{api.http.base_url}{FLOW}/connections/{made}"
    headers = {**api.http.headers, "If-Match": etag}

    def patch(number: int) -> int:
        operations = [{"op": "replace", "path": "/name", "value": f"writer {number}"}]
        return httpx.patch(url, json=operations, headers=headers, timeout=30).status_code

    with ThreadPoolExecutor(CLIENTS) as clients:
        statuses = list(clients.map(patch, range(CLIENTS)))
    assert sorted(statuses) == [200] + [412] * (CLIENTS - 1)
    assert api.item("connections", made)["name"] == f"writer {statuses.index(200)}"


def test_a_write_that_is_overtaken_leaves_nothing_and_is_made_again(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    flow, _ = api.flow(scheduleParams={"startTime": 4102444800, "frequency": "day", "interval": 1})
    replace, move = resources.replace, schedules.move
    seen: list[int | None] = []

    def move_and_remember(tx: Transaction, org: str, sandbox: str, moved: str, due: int | None) -> None:
        seen.append(schedules.due_of(tx, org, sandbox, moved))
        move(tx, org, sandbox, moved, due)

    def replace_at_the_third_attempt(tx: Transaction, *arguments: Any) -> bool:
        return len(seen) == 3 and replace(tx, *arguments)

    monkeypatch.setattr(schedules, "move", move_and_remember)
    monkeypatch.setattr(resources, "replace", replace_at_the_third_attempt)
    change = [{"op": "replace", "path": "/scheduleParams/startTime", "value": 4102531200}]
    assert api.patch("flows", flow, change).status_code == 200
    assert seen == [4102444800000] * 3


def test_of_many_clients_that_take_any_version_all_win(api: Api) -> None:
    made = api.base_connection()
    url = f"{api.http.base_url}{FLOW}/connections/{made}"
    headers = {**api.http.headers, "If-Match": "*"}

    def patch(_: int) -> int:
        return httpx.patch(url, json=CHANGE, headers=headers, timeout=30).status_code

    with ThreadPoolExecutor(4) as clients:
        assert set(clients.map(patch, range(20))) == {200}


@given(st.integers(0, 4_000_000_000_000), st.integers())
def test_every_etag_matches_itself_in_every_spelling(now: int, seed: int) -> None:
    etag = Identifiers(seed).etag(now)
    for spelling in (etag, etag.strip('"'), f"W/{etag}", f'"x",{etag}'):
        etags.check(spelling, etag)
    etags.check("*", etag)


@given(st.text(max_size=60))
def test_no_other_text_matches_an_etag(text: str) -> None:
    etag = '"8e000533-0000-0200-0000-5f3c40fd0000"'
    if "*" not in text and "8e000533" not in text:
        with pytest.raises(Refusal):
            etags.check(text, etag)
