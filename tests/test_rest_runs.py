"""What runs read from REST sources: sample records, and servers on this machine."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.domain.specs import ConnectionSpec, load_catalogue, own_connection_spec
from emulator.engine.sources import loopback
from emulator.engine.sources.origin import Origin
from emulator.engine.sources.rest import RestStore
from emulator.engine.sources.retries import Retries
from emulator.engine.sources.samples import NoData, Samples, UnreadableData
from emulator.engine.sources.shelves import Shelf, SourceFacts
from emulator.engine.sources.source import CHUNK, Chunk, Record, SourceFailed, Wanted
from tests.local_api import Asked, LocalApi, Says, local_api
from tests.support import MIXPANEL, STRIPE, ZENDESK

CATALOGUE = load_catalogue().connections
GENERIC = "4e98f16f-87d6-4ef0-bdc6-7a2b0fe76e62"
SECRET = "never-to-be-seen"
# Nothing waits in these tests: what would be waited for is noted by those that ask.
AT_ONCE = Retries(lambda _: None, lambda: 0.5)


def write(folder: Path, name: str, *records: Any) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\n".join(orjson.dumps(record) for record in records))
    return path


def origin(spec_id: str = STRIPE, *roots: Path, auth: dict[str, Any] | None = None, **params: Any) -> Origin:
    return Origin(CATALOGUE[spec_id], params, {}, "base", auth, None, roots)


def chunks(of: Origin, wanted: Wanted | None = None, samples: Samples | None = None) -> list[Chunk]:
    return list(RestStore(of, samples or Samples(), AT_ONCE).source().chunks(wanted or Wanted()))


def records(of: Origin, wanted: Wanted | None = None, samples: Samples | None = None) -> list[Record]:
    return [record for chunk in chunks(of, wanted, samples) for record in chunk.records]


def failure(of: Origin, wanted: Wanted | None = None) -> SourceFailed:
    with pytest.raises(SourceFailed) as caught:
        records(of, wanted)
    assert SECRET not in f"{caught.value} {caught.value.detail}"
    return caught.value


# Sample records.

values = st.integers(0, 20) | st.sampled_from(["3", "2000-01-01T00:00:05Z", None, "soon", True, float("inf")])
bounds = st.none() | st.integers(-1, 21)


def second(value: Any) -> float:
    """What a cursor value stands for, told in another way; nothing comes before everything."""
    told: dict[Any, float] = {
        "3": 3.0,
        "2000-01-01T00:00:05Z": 946684805.0,
        None: 0.0,
        "soon": 0.0,
        float("inf"): 0.0,
        True: 1.0,
    }
    return float(told.get(value, value))


@given(st.lists(values), bounds, bounds, bounds)
def test_a_shelf_reads_what_a_plain_filter_finds(
    given: list[Any], after: int | None, since: int | None, until: int | None
) -> None:
    shelf = Shelf.of([({"n": n, "at": value}, 10) for n, value in enumerate(given)], SourceFacts("at"))
    above = after if after is not None else since
    keyed = [(second(value), n) for n, value in enumerate(given)]
    wanted = sorted((key, n) for key, n in keyed if (above is None or key > above) and (until is None or key <= until))
    asked = Wanted(
        None if after is None else str(float(after)),
        None if since is None else since * 1000,
        None if until is None else until * 1000,
    )
    found = list(shelf.chunks(asked))
    assert [record["n"] for chunk in found for record in chunk.records] == [n for _, n in wanted]
    assert sum(chunk.size for chunk in found) == 10 * len(wanted)


@given(st.lists(st.integers(0, 3), min_size=1), st.data())
def test_a_cursor_loses_nothing_wherever_a_chunk_ends(keys: list[int], data: st.DataObject) -> None:
    plain = [({"n": n, "at": key}, 1) for n, key in enumerate(sorted(keys))]
    for facts in (SourceFacts("at"), SourceFacts()):
        shelf = Shelf.of(plain, facts)
        end = data.draw(st.integers(1, len(plain)))
        start, _ = shelf.span(Wanted(shelf._cursor_after(end)))
        assert start == end


def test_chunks_are_bounded_and_the_last_cursor_finds_nothing_new(tmp_path: Path) -> None:
    write(tmp_path, "charges.ndjson", *({"data": {"created": n // 3}} for n in range(CHUNK + 10)))
    write(tmp_path, "source.json", {"cursor": "data.created"})
    of = origin(STRIPE, tmp_path, resourcePath="charges")
    first, second = chunks(of)
    assert (len(first.records), len(second.records)) == (CHUNK, 10)
    assert records(of, Wanted(first.cursor)) == second.records
    assert chunks(of, Wanted(second.cursor)) == []


def test_what_is_appended_is_read_by_the_next_run(tmp_path: Path) -> None:
    path = write(tmp_path, "things.ndjson", {"id": 1})
    of, samples = origin(GENERIC, tmp_path, resourcePath="things"), Samples()
    (first,) = chunks(of, None, samples)
    write(tmp_path, "things.ndjson", {"id": 1}, {"id": 2})
    assert records(of, Wanted(first.cursor), samples) == [{"id": 2}]
    path.unlink()
    with pytest.raises(NoData, match="things"):
        records(of, Wanted(), samples)


def test_an_earlier_folder_hides_a_later_one(tmp_path: Path) -> None:
    samples = Samples()
    write(tmp_path / "b", "charges.json", [{"from": "b"}])
    of = origin(STRIPE, tmp_path / "a", tmp_path / "b", resourcePath="charges")
    assert records(of, None, samples) == [{"from": "b"}]
    write(tmp_path / "a", "charges.ndjson", {"from": "a"})
    assert records(of, None, samples) == [{"from": "a"}]


def test_a_source_without_a_resource_path_reads_what_is_called_json(tmp_path: Path) -> None:
    write(tmp_path, "json.ndjson", {"properties": {"time": 1}, "event": "mine"})
    shipped = Samples().roots(CATALOGUE[MIXPANEL])
    assert [record["event"] for record in records(origin(MIXPANEL, tmp_path, *shipped))] == ["mine"]
    assert len(records(origin(MIXPANEL, *shipped))) == 140


def test_records_have_the_names_of_published_mappings_too() -> None:
    first = records(origin(MIXPANEL, *Samples().roots(CATALOGUE[MIXPANEL])))[0]
    assert first["data"]["event_name"] == first["event"]


@pytest.mark.parametrize("name", ["../secret", "source", ".hidden", "", "no\0ne", "x" * 300])
def test_a_resource_path_never_leaves_its_folder(tmp_path: Path, name: str) -> None:
    write(tmp_path, "secret.json", [{"a": 1}])
    write(tmp_path, "in/source.json", {})
    write(tmp_path, "in/.hidden.json", [{"a": 1}])
    with pytest.raises(NoData, match="no records for"):
        records(origin(GENERIC, tmp_path / "in", resourcePath=name))


def test_a_link_out_of_the_folder_is_not_there(tmp_path: Path) -> None:
    outside = write(tmp_path, "outside/secret.json", {"data": {"a": 1}})
    inside = write(tmp_path, "in/public.json", {"data": {"a": 2}})
    write(tmp_path, "outside/facts.json")
    (tmp_path / "in" / "charges.json").symlink_to(outside)
    (tmp_path / "in" / "folder").symlink_to(outside.parent)
    (tmp_path / "in" / "same.json").symlink_to(inside)
    for name in ("charges", "folder/secret"):
        with pytest.raises(NoData, match=r"there are public, same$"):
            records(origin(GENERIC, tmp_path / "in", resourcePath=name))
    assert records(origin(GENERIC, tmp_path / "in", resourcePath="same")) == [{"data": {"a": 2}}]


@pytest.mark.parametrize("facts", [["a list"], {"cursor": "a..b"}])
def test_facts_that_make_no_sense_are_named(tmp_path: Path, facts: Any) -> None:
    write(tmp_path, "source.json", facts)
    with pytest.raises(UnreadableData, match=r"source\.json"):
        records(origin(GENERIC, tmp_path))


# Servers on this machine.


@pytest.fixture
def api() -> Iterator[LocalApi]:
    with local_api(lambda _: Says([{"id": 1}, {"id": 2}])) as running:
        yield running


def at(api: LocalApi, path: str = "", **changes: Any) -> dict[str, Any]:
    return {"host": f"{api.url}{path}", "accessToken": SECRET} | changes


def test_a_connection_to_this_machine_is_read(api: LocalApi) -> None:
    (chunk,) = chunks(origin(GENERIC, auth=at(api, "/v1"), resourcePath="/things", serverTimeZone="UTC"))
    assert chunk.records == [{"id": 1}, {"id": 2}]
    assert (chunk.size, chunk.cursor) == (16, None)
    (asked,) = api.asked
    assert (asked.method, asked.path, asked.query) == ("GET", "/v1/things", {"serverTimeZone": ["UTC"]})
    assert asked.headers["authorization"] == f"Bearer {SECRET}"


@pytest.mark.parametrize(
    ("auth", "header"),
    [
        ({"username": "me", "password": "pass"}, ("authorization", "Basic bWU6cGFzcw==")),
        ({"apiKey": "k"}, ("x-api-key", "k")),
        ({"api_key": "k", "apiKeyHeader": "X-Own"}, ("x-own", "k")),
        ({"X-Api-Key": "k"}, ("x-api-key", "k")),
    ],
)
def test_credentials_are_sent_as_the_connection_has_them(
    api: LocalApi, auth: dict[str, str], header: tuple[str, str]
) -> None:
    records(origin(GENERIC, auth={"baseUrl": api.url, **auth}))
    assert api.asked[0].headers[header[0]] == header[1]


@pytest.mark.parametrize(
    "host", ["http://127.0.0.1:9", "127.0.0.1:9", "http://localhost", "https://[::1]:9/v1", "http://me:pw@localhost/"]
)
def test_these_are_this_machine(host: str) -> None:
    assert loopback.loopback(host) is not None


@pytest.mark.parametrize(
    "host",
    [
        "api.stripe.com",
        "http://127.0.0.1.example.com",
        "http://localhost@example.com",
        "http://10.0.0.1",
        "ftp://localhost",
        "http://0.0.0.0",
        "http://[::ffff:127.0.0.1]",
        "http://localhost:99999",
        "http://[::1",
        "",
    ],
)
def test_no_other_machine_is_called(host: str) -> None:
    assert loopback.loopback(host) is None
    of = origin(STRIPE, *Samples().roots(CATALOGUE[STRIPE]), auth={"host": host}, resourcePath="charges")
    assert len(records(of)) == 150


def test_a_server_may_listen_on_either_address_of_localhost(api: LocalApi) -> None:
    port = api.url.rpartition(":")[2]
    assert len(records(origin(GENERIC, auth={"serverUrl": f"localhost:{port}"}))) == 2
    assert api.asked[0].headers["host"] == f"localhost:{port}"


@pytest.mark.parametrize(("limit", "seconds"), [("TIMEOUT_S", 0.05), ("LONGEST_S", -1.0)])
def test_a_server_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch, limit: str, seconds: float) -> None:
    monkeypatch.setattr(loopback, limit, seconds)
    done = Event()

    def slow(_: Asked) -> Says:
        done.wait(2 if limit == "TIMEOUT_S" else 0)
        return Says([{"id": 1}])

    with local_api(slow) as api:
        assert "no answer in time" in str(failure(origin(GENERIC, auth=at(api))))
        done.set()


@pytest.mark.parametrize(
    "body",
    [
        [{"id": 1}],
        {"data": [{"id": 1}], "total": 1},
        {"items": [{"id": 1}]},
        {"results": [{"id": 1}]},
        {"things": [{"id": 1}]},
        {"id": 1},
        b'{"id": 1}\n\n',
    ],
)
def test_the_records_of_an_answer_are_found(body: Any) -> None:
    with local_api(lambda _: Says(body)) as api:
        assert records(origin(GENERIC, auth=at(api), resourcePath="things")) == [{"id": 1}]


@pytest.mark.parametrize("body", [[], {}, {"data": []}, b"", None])
def test_an_answer_without_records_is_nothing_new(body: Any) -> None:
    with local_api(lambda _: Says(body)) as api:
        assert chunks(origin(GENERIC, auth=at(api))) == []


def test_lines_of_json_are_records_too() -> None:
    with local_api(lambda _: Says(b'{"id": 1}\n{"id": 2}\n')) as api:
        assert records(origin(GENERIC, auth=at(api))) == [{"id": 1}, {"id": 2}]


def test_an_answer_may_come_in_pieces_of_unknown_number() -> None:
    body = b'a\r\n[{"id": 1}\r\n1\r\n]\r\n0\r\n\r\n'
    with local_api(lambda _: Says(body, headers={"Transfer-Encoding": "chunked"})) as api:
        assert records(origin(GENERIC, auth=at(api))) == [{"id": 1}]


def test_a_content_path_wraps_its_records_and_keeps_what_lies_beside_them() -> None:
    body = {"list": {"members": [{"id": 1}], "total_items": 1, "list_id": "L"}}
    with local_api(lambda _: Says(body)) as api:
        path = {"path": "$.list.members", "skipAttributes": ["total_items"], "overrideWrapperAttribute": "member"}
        of = origin(GENERIC, auth=at(api), contentPath=path)
        assert records(of) == [{"list_id": "L", "member": {"id": 1}}]
        assert records(origin(GENERIC, auth=at(api), contentPath="$.list.members")) == [{"id": 1}]


def stripe_list(asked: Asked) -> Says:
    """Three charges, the newest first, two on a page."""
    ids = [3, 2, 1]
    start = ids.index(int(asked.query["starting_after"][0])) + 1 if "starting_after" in asked.query else 0
    page = [{"id": n, "created": n * 100} for n in ids[start : start + 2]]
    return Says({"object": "list", "data": page, "has_more": start + 2 < len(ids)})


def test_stripe_is_read_page_by_page_and_later_only_what_is_new() -> None:
    with local_api(stripe_list) as api:
        of = origin(STRIPE, *Samples().roots(CATALOGUE[STRIPE]), auth=at(api, "/v1"), resourcePath="charges")
        (chunk,) = chunks(of)
        assert [record["data"]["id"] for record in chunk.records] == [1, 2, 3]
        assert [asked.query for asked in api.asked] == [{}, {"starting_after": ["2"]}]
        assert chunks(of, Wanted(chunk.cursor)) == []
        assert [record["data"]["id"] for record in records(of, Wanted(None, 100_000, 200_000))] == [2]


def spec_of(**attributes: Any) -> ConnectionSpec:
    """A self-serve spec, as an organisation writes it."""
    document = {"id": "own", "name": "own", "sourceSpec": {"type": "RestStorage", "attributes": attributes}}
    return own_connection_spec(document, None)


def numbers(asked: Asked, start: int, size: int, **beside: Any) -> Says:
    return Says({"list": [{"n": n} for n in range(start, min(start + size, 5))], **beside})


def offset(asked: Asked) -> Says:
    return numbers(asked, int(asked.query["from"][0]), int(asked.query["count"][0]))


def page(asked: Asked) -> Says:
    return numbers(asked, (int(asked.query["no"][0]) - 1) * 2, 2)


def counted(asked: Asked) -> Says:
    says = page(asked)
    return Says(says.body, headers={"X-Pages": "2"})


def pointer(asked: Asked) -> Says:
    start = int(asked.query.get("at", ["0"])[0])
    return numbers(asked, start, 2, paging={"next": f"/list?at={start + 2}" if start < 3 else None})


def continued(asked: Asked) -> Says:
    start = int(asked.headers.get("x-after", "0"))
    return numbers(asked, start, 2, meta={"after": str(start + 2), "has_more": start < 3})


@pytest.mark.parametrize(
    ("answers", "paging", "found"),
    [
        (offset, {"type": "OFFSET", "limitName": "count", "limitValue": "2", "offSetName": "from"}, 5),
        (page, {"type": "PAGE", "limitValue": 2, "pageParamName": "no", "initialPageIndex": 1}, 5),
        (page, {"type": "PAGE", "limitValue": 2, "pageParamName": "no", "initialPageIndex": 1, "endPageIndex": 2}, 4),
        (counted, {"type": "PAGE", "pageParamName": "no", "initialPageIndex": 1, "endPageIndex": "headers.x-pages"}, 4),
        (pointer, {"type": "POINTER", "pointerPath": "$.paging.next"}, 5),
        (pointer, {"type": "POINTER", "pointerPath": "$.paging.next", "maximumRequest": 1}, 2),
        (pointer, {}, 5),
        (pointer, {"type": "NONE"}, 2),
        (
            continued,
            {
                "type": "CONTINUATION_TOKEN",
                "continuationTokenPath": "$.meta.after",
                "parameterType": "HEADERPARAM",
                "parameterName": "x-after",
            },
            5,
        ),
    ],
)
def test_pages_are_turned_as_the_spec_documents_them(answers: Any, paging: dict[str, Any], found: int) -> None:
    with local_api(answers) as api:
        spec = spec_of(
            urlParams={"host": "http://127.0.0.1:${port}", "path": "/list/${which}", "method": "GET"},
            headerParams={"X-Tenant": "${which}"},
            contentPath={"path": "$.list"},
            paginationParams=paging,
        )
        of = Origin(spec, {"which": "a b", "port": api.url.rpartition(":")[2]}, {})
        assert [record["list"]["n"] for record in records(of)] == list(range(found))
        assert api.asked[0].path == "/list/a%20b"
        assert api.asked[0].headers["x-tenant"] == "a b"


def test_a_spec_may_ask_for_a_window() -> None:
    names = {"scheduleStartParamName": "since", "scheduleEndParamName": "before"}
    with local_api(lambda _: Says([])) as api:
        spec = spec_of(urlParams={"path": "/x", "queryParams": {"kind": "user"}}, scheduleParams=names)
        records(Origin(spec, {}, {}, None, {"host": api.url}), Wanted(None, 0, 60_000))
        window = {"since": ["1970-01-01T00:00:00Z"], "before": ["1970-01-01T00:01:00Z"]}
        assert api.asked[0].query == {"kind": ["user"], **window}


def test_a_link_header_leads_to_the_next_page() -> None:
    with local_api(lambda _: Says([{"id": 2}]), Says([{"id": 1}], headers={"Link": '</b?x=1>; rel="next"'})) as api:
        assert records(origin(ZENDESK, auth=at(api, "/a"))) == [{"id": 1}, {"id": 2}]
        assert (api.asked[1].path, api.asked[1].query) == ("/b", {"x": ["1"]})


def test_pages_that_never_end_fail() -> None:
    with local_api(lambda _: Says({"data": [{"id": 1}], "next": "/again"})) as api:
        assert "again and again" in str(failure(origin(GENERIC, auth=at(api))))
        assert len(api.asked) <= 2


@pytest.mark.parametrize("where", ["http://example.com/secret", "//example.com/x", "http://[::1"])
def test_neither_links_nor_redirects_lead_off_this_machine(where: str) -> None:
    for says in (Says({"data": [{"id": 1}], "next": where}), Says(None, 302, {"Location": where})):
        if where.startswith("//") and says.status == 200:
            continue
        with local_api(lambda _, says=says: says) as api:  # type: ignore[misc]
            assert "only this machine is asked" in str(failure(origin(GENERIC, auth=at(api))))
            assert len(api.asked) == 1


def test_a_redirect_to_another_server_here_is_followed_without_the_credentials(api: LocalApi) -> None:
    with local_api(lambda _: Says(None, 307, {"Location": f"{api.url}/moved"})) as first:
        assert len(records(origin(GENERIC, auth=at(first)))) == 2
    assert api.asked[0].path == "/moved"
    assert "authorization" not in api.asked[0].headers


def test_endless_redirects_fail() -> None:
    with local_api(lambda _: Says(None, 302, {"Location": "/"})) as api:
        assert "redirects more than 5 times" in str(failure(origin(GENERIC, auth=at(api))))


def test_an_answer_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loopback.Budget.__init__, "__defaults__", (100, None))
    with local_api(lambda _: Says([{"id": "x" * 200}])) as api:
        assert "more than" in str(failure(origin(GENERIC, auth=at(api))))


@pytest.mark.parametrize(
    ("says", "text"),
    [
        (Says(b"<html>"), "no JSON"),
        (Says([1]), "Record 1"),
        (Says({"list": 1}), "no array at list"),
        (Says([{"id": 1}]), "no array at list"),
        (Says({"other": 1}), "no array at list; there are: other."),
        (Says(None, 400), "400 Bad Request"),
        (Says(None, 404), "404 Not Found"),
        (Says(None, 302), "302 Found"),
    ],
)
def test_what_cannot_be_used_fails_at_once(says: Says, text: str) -> None:
    with local_api(lambda _: says) as api:
        failed = failure(origin(GENERIC, auth=at(api), contentPath={"path": "$.list" if "list" in text else ""}))
        assert text in str(failed)
        assert failed.code == "2200"
        assert failed.detail is not None
        assert failed.detail.startswith("ErrorCode=UserError")
        assert len(api.asked) == 1


def test_a_header_that_cannot_be_sent_is_refused_without_being_shown(api: LocalApi) -> None:
    failed = failure(origin(GENERIC, auth=at(api, accessToken=f"{SECRET}\r\nX: y")))
    assert "cannot be sent" in str(failed)


def test_a_secret_in_a_path_is_left_out_of_it(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), local_api(lambda _: Says(None, 500)) as api:
        spec = spec_of(urlParams={"path": "/x/${apiKey}", "queryParams": {"key": "${apiKey}"}})
        failed = failure(Origin(spec, {}, {}, None, {"host": api.url, "apiKey": SECRET}))
        assert api.asked[0].query == {"key": [SECRET]}
    assert "500" in str(failed)
    assert SECRET not in caplog.text
