"""How trouble with a source is met: scripted by a test, or made by a server on this machine."""

from __future__ import annotations

import logging
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.domain.identifiers import Identifiers
from emulator.domain.outcomes import FAULTS
from emulator.domain.specs import load_catalogue
from emulator.engine.sources.origin import Origin
from emulator.engine.sources.rest import RestStore
from emulator.engine.sources.retries import ATTEMPTS, FIRST_S, LONGEST_ASKED_S, LONGEST_S, Retries, delay
from emulator.engine.sources.samples import Samples
from emulator.engine.sources.source import BadRow, Chunk, SourceFailed, Wanted
from emulator.engine.sources.troubles import overcoming
from tests.local_api import Says, local_api
from tests.support import Api

GENERIC = load_catalogue().connections["4e98f16f-87d6-4ef0-bdc6-7a2b0fe76e62"]
ORIGIN = Origin(GENERIC, {}, {})
SECRET = "never-to-be-seen"
PASSING = ("rateLimited", "serverError", "networkLost")
chances = st.floats(0, 1, exclude_max=True)


@dataclass
class Plain:
    """A source of two chunks that notes how it is asked."""

    asked: list[Wanted] = field(default_factory=list)

    def chunks(self, wanted: Wanted) -> Generator[Chunk]:
        self.asked.append(wanted)
        yield Chunk([{"n": 1}], 10, "1", ("a",), 0, (BadRow("?", "own"),))
        yield Chunk([{"n": 2}, {"n": 3}], 20, "3")


@dataclass
class Reading:
    source: Plain = field(default_factory=Plain)
    waited: list[float] = field(default_factory=list)

    def __call__(self, *faults: str, chance: float = 0.5) -> list[Chunk]:
        source = overcoming(self.source, ORIGIN, self.waited.append, lambda: chance)
        return list(source.chunks(Wanted("c", 1, 2, faults)))

    def fails(self, *faults: str) -> SourceFailed:
        with pytest.raises(SourceFailed) as caught:
            self(*faults)
        assert self.source.asked == []
        return caught.value


@pytest.fixture
def reading() -> Reading:
    return Reading()


@given(st.integers(1, 50), chances, st.none() | st.floats(-10, 1000))
def test_a_delay_is_jittered_over_a_range_that_doubles_up_to_a_cap(
    failures: int, chance: float, asked: float | None
) -> None:
    waited = delay(failures, chance, asked)
    if asked is not None:
        assert waited == min(max(asked, 0), LONGEST_ASKED_S)
        return
    assert 0 <= waited <= min(LONGEST_S, FIRST_S * 2 ** (failures - 1))
    assert waited <= delay(failures + 1, chance)


@given(st.integers(1, 10), st.lists(chances, min_size=2, max_size=2).map(sorted))
def test_more_chance_never_waits_less(failures: int, both: list[float]) -> None:
    assert delay(failures, both[0]) <= delay(failures, both[1])


def test_chances_follow_the_seed() -> None:
    drawn = [[ids.chance() for _ in range(5)] for ids in (Identifiers(7), Identifiers(7), Identifiers(8))]
    assert drawn[0] == drawn[1] != drawn[2]
    assert all(0 <= chance < 1 for chance in drawn[0])


def test_a_source_without_faults_is_read_as_it_is(reading: Reading) -> None:
    assert reading() == list(Plain().chunks(Wanted()))
    assert reading.source.asked == [Wanted("c", 1, 2)]
    assert reading.waited == []


@given(st.lists(st.sampled_from(PASSING), max_size=ATTEMPTS - 1))
def test_what_passes_is_tried_again(faults: list[str]) -> None:
    reading = Reading()
    assert len(reading(*faults)) == 2
    assert reading.waited == [0.5 * FIRST_S * 2**n for n in range(len(faults))]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("rateLimited", "UserErrorTooManyRequests"),
        ("serverError", "UserErrorServerError"),
        ("networkLost", "UserErrorNetworkIssue"),
    ],
)
def test_what_does_not_pass_fails_once_the_attempts_are_used_up(reading: Reading, fault: str, code: str) -> None:
    failed = reading.fails(*[fault] * ATTEMPTS)
    assert failed.code == "2200"
    assert failed.detail is not None
    assert failed.detail.startswith(f"ErrorCode={code},'Type=")
    assert failed.detail.endswith(f",Message={failed}'")
    assert len(reading.waited) == ATTEMPTS - 1


def test_expired_credentials_are_renewed_at_once(reading: Reading) -> None:
    assert len(reading("authExpired")) == 2
    assert len(reading("authExpired", "networkLost", "authExpired")) == 2
    assert reading.waited == [0.5 * FIRST_S * 2]


def test_credentials_that_are_refused_twice_in_a_row_fail(reading: Reading) -> None:
    failed = reading.fails("authExpired", "authExpired")
    assert failed.detail is not None
    assert failed.detail.startswith("ErrorCode=UserErrorUnauthorized,")
    assert reading.waited == []


def test_a_missing_file_fails_at_once(reading: Reading) -> None:
    failed = reading.fails("fileMissing", "networkLost")
    assert failed.detail is not None
    assert failed.detail.startswith("ErrorCode=UserErrorFileNotFound,")
    assert reading.waited == []


@pytest.mark.parametrize("count", range(5))
def test_a_bad_row_takes_the_place_of_a_record(reading: Reading, count: int) -> None:
    read = reading(*["badRow"] * count)
    assert sum(len(chunk.records) + len(chunk.bad) for chunk in read) == 4
    assert sum(len(chunk.bad) for chunk in read) == 1 + min(count, 3)
    assert [(chunk.size, chunk.cursor, chunk.paths) for chunk in read] == [(10, "1", ("a",)), (20, "3", ())]
    if count:
        assert read[0].bad[1].text == '{"n":1}'


def test_trouble_may_come_before_a_bad_row(reading: Reading) -> None:
    (first, _) = reading("networkLost", "badRow")
    assert (first.records, len(first.bad)) == ([], 2)
    assert len(reading.waited) == 1


def test_every_fault_that_an_outcome_can_name_is_known() -> None:
    for fault in FAULTS:
        try:
            assert len(Reading()(fault)) == 2
        except SourceFailed:
            assert fault == "fileMissing"
    with pytest.raises(ValueError, match="'flood' is no fault"):
        Reading()("flood")


def test_attempts_are_logged(reading: Reading, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        reading("serverError")
        with pytest.raises(SourceFailed):
            reading("fileMissing")
    assert "Generic REST API: attempt 1 of 5 failed: The source answered 500" in caplog.text
    assert "given up after 1 of 5 attempts" in caplog.text


# The same with a server on this machine.


@dataclass
class Http:
    """Reads a local server; what would be waited for is noted."""

    url: str
    auth: dict[str, Any] = field(default_factory=dict)
    waited: list[float] = field(default_factory=list)

    def __call__(self) -> list[dict[str, Any]]:
        auth = {"host": self.url, "accessToken": SECRET} | self.auth
        source = RestStore(
            Origin(GENERIC, {}, {}, None, auth), Samples(), Retries(self.waited.append, lambda: 0.5)
        ).source()
        return [record for chunk in source.chunks(Wanted()) for record in chunk.records]

    def fails(self) -> SourceFailed:
        with pytest.raises(SourceFailed) as caught:
            self()
        assert SECRET not in f"{caught.value} {caught.value.detail}"
        return caught.value


GOOD = [{"id": 1}]


def test_a_server_in_trouble_is_asked_again() -> None:
    half = Says(b"[", headers={"Content-Length": "9"})
    with local_api(lambda _: Says(GOOD), Says(status=500), Says(drop=True), half, Says(status=503)) as api:
        http = Http(api.url)
        assert http() == GOOD
        assert http.waited == [0.5 * FIRST_S * 2**n for n in range(4)]
        assert len(api.asked) == 5


def test_a_server_that_stays_in_trouble_is_given_up() -> None:
    with local_api(lambda _: Says(status=502)) as api:
        failed = Http(api.url).fails()
        assert str(failed) == f"{api.url}/ answered 502 Bad Gateway."
        assert len(api.asked) == ATTEMPTS


def test_a_server_that_is_not_there_is_given_up() -> None:
    with local_api(lambda _: Says(GOOD)) as api:
        http = Http(api.url)
    failed = http.fails()
    assert "cannot be read: Connection refused" in str(failed)
    assert len(http.waited) == ATTEMPTS - 1


@pytest.mark.parametrize(
    ("headers", "waited"),
    [
        ({"Retry-After": "3"}, 3),
        ({"Retry-After": "86400"}, LONGEST_ASKED_S),
        ({"Retry-After": "Thu, 01 Jan 1970 00:00:12 GMT", "Date": "Thu, 01 Jan 1970 00:00:10 GMT"}, 2),
        ({"Retry-After": "soon"}, 0.5 * FIRST_S),
        ({}, 0.5 * FIRST_S),
    ],
)
def test_a_server_says_how_long_it_wants_to_be_left_alone(headers: dict[str, str], waited: float) -> None:
    with local_api(lambda _: Says(GOOD), Says(status=429, headers=headers)) as api:
        http = Http(api.url)
        assert http() == GOOD
        assert http.waited == [waited]


def test_an_expired_token_is_renewed_and_the_page_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    token = Says({"access_token": "new", "expires_in": 3600})
    with caplog.at_level(logging.DEBUG), local_api(lambda _: Says(GOOD), Says(status=401), token) as api:
        auth = {"refreshToken": "r", "clientId": "c", "clientSecret": SECRET, "accessTokenUrl": f"{api.url}/token"}
        http = Http(api.url, auth)
        assert http() == GOOD
        assert http.waited == []
        refused, renewed, again = api.asked
    assert refused.headers["authorization"] == f"Bearer {SECRET}"
    assert (renewed.method, renewed.path) == ("POST", "/token")
    assert "authorization" not in renewed.headers
    form = {"grant_type": ["refresh_token"], "refresh_token": ["r"], "client_id": ["c"], "client_secret": [SECRET]}
    assert parse_qs(renewed.body.decode()) == form
    assert again.headers["authorization"] == "Bearer new"
    assert SECRET not in caplog.text


def test_a_client_gets_its_token_by_its_own_credentials() -> None:
    with local_api(lambda _: Says(GOOD), Says(status=403), Says({"token": "new"})) as api:
        override = '{"accessTokenField": "token", "clientId": "app", "authenticationMethod": "GET"}'
        auth = {"clientId": "c", "tokenEndpoint": f"{api.url}/token", "requestParameterOverride": override}
        assert Http(api.url, auth)() == GOOD
        assert (api.asked[1].method, api.asked[1].query) == (
            "GET",
            {"grant_type": ["client_credentials"], "app": ["c"]},
        )


@pytest.mark.parametrize("token", [Says({"access_token": "new"}), Says(status=400), Says(b"?"), Says(drop=True)])
def test_credentials_that_stay_refused_fail(token: Says) -> None:
    with local_api(lambda _: Says(status=401), Says(status=401), token) as api:
        failed = Http(api.url, {"accessTokenUrl": f"{api.url}/token"}).fails()
        assert failed.detail is not None
        assert failed.detail.startswith("ErrorCode=UserErrorUnauthorized,")
        assert len(api.asked) == (3 if token.body == {"access_token": "new"} else 2)


def test_tokens_come_from_this_machine_alone() -> None:
    with local_api(lambda _: Says(status=401)) as api:
        Http(api.url, {"accessTokenUrl": "https://example.com/token"}).fails()
        assert len(api.asked) == 1


# And by whole runs.


def test_a_run_reads_a_server_on_this_machine(api: Api) -> None:
    good = Says({"data": [{"id": "ch_1", "created": 5}]})
    with local_api(lambda _: good, Says(status=401), Says({"access_token": "new"}), Says(status=500)) as there:
        params = {"host": there.url, "accessToken": SECRET, "accessTokenUrl": f"{there.url}/token"}
        base = api.base_connection(auth={"specName": "OAuth2 Refresh Code", "params": params})
        target = api.target()
        body = api.flow_body(api.source_connection(base), target, {"data.id": "_test.id"})
        run = api.first_run(api.make("flows", body))
    assert run["metrics"]["statusSummary"]["status"] == "success"
    assert api.records(target.dataset)["items"] == [{"_test": {"id": "ch_1"}}]
    assert [asked.path for asked in there.asked] == ["/charges", "/token", "/charges", "/charges"]


def test_a_run_that_gives_up_says_why_in_the_words_of_the_connector(api: Api) -> None:
    with local_api(lambda _: Says(status=401)) as there:
        params = {"host": there.url, "accessToken": SECRET}
        base = api.base_connection(auth={"specName": "OAuth2 Refresh Code", "params": params})
        body = api.flow_body(api.source_connection(base), api.target(), {"data.id": "_test.id"})
        run = api.first_run(api.make("flows", body))
    said = f"{there.url}/charges answered 401 Unauthorized."
    copy = run["activities"][0]["statusSummary"]
    assert run["metrics"]["statusSummary"]["status"] == copy["status"] == "failed"
    assert copy["extensions"]["errors"] == [{"code": "2200", "message": said}]
    assert copy["extensions"]["errorDetail"].startswith("ErrorCode=UserErrorUnauthorized,'Type=")
    assert SECRET not in str(run)
