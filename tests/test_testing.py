"""The helpers of ``emulator.testing`` by themselves: servers, tenants, flows in one line, and what wrong use says."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.settings import BadSetting
from emulator.testing import Aep, CallFailed, Emulator, in_process
from emulator.testing.options import server_settings
from tests.support import FLOW
from tests.test_tls import own_files

NOON = "2026-01-31T12:00:00Z"
TOKEN = "a-token-of-mine"
HOURLY = {"frequency": "hour", "interval": 1}


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator(clock=NOON) as running:
        yield running


@pytest.fixture
def aep(emulator: Emulator) -> Iterator[Aep]:
    before = emulator.clock.state()
    with emulator.aep() as tenant:
        yield tenant
    emulator.clock.restore(before)


def landed(aep: Aep, *records: dict[str, Any]) -> list[dict[str, Any]]:
    """As records look below the tenant's own namespace."""
    answer = aep.http.get("/data/foundation/schemaregistry/stats", headers={"Accept": "application/json"})
    return [{f"_{answer.json()['tenantId']}": record} for record in records]


def test_a_server_that_others_may_reach_says_so() -> None:
    with pytest.warns(UserWarning, match=r"other machines may reach 0\.0\.0\.0") as told, Emulator(host="0.0.0.0"):
        pass
    assert told[0].filename == __file__


def test_a_flow_takes_one_line_and_lands_every_field_of_every_record(aep: Aep) -> None:
    rows: list[dict[str, Any]] = [
        {"email": "ada@example.com"},
        {"email": "alan@example.com", "visits": 3, "tags": ["a"]},
    ]
    flow = aep.flow(rows)
    assert flow.wait()["metrics"]["recordSummary"]["outputRecordCount"] == 2
    assert flow.records() == landed(aep, *rows)
    assert flow.rejected() == []
    assert flow.item()["id"] == flow.id


def test_a_flow_stands_on_resources_that_any_client_can_look_up(aep: Aep) -> None:
    flow = aep.flow([{"email": "ada@example.com"}])
    for collection, made in (
        ("connections", flow.base_connection),
        ("sourceConnections", flow.source_connection),
        ("targetConnections", flow.target_connection),
        ("flows", flow.id),
    ):
        assert aep.http.get(f"{FLOW}/{collection}/{made}").status_code == 200
    assert aep.http.get(f"/data/foundation/conversion/mappingSets/{flow.mapping_set}").status_code == 200
    assert flow.dataset in aep.http.get("/data/foundation/catalog/dataSets").json()


def test_a_mapping_says_where_fields_go(aep: Aep) -> None:
    flow = aep.flow([{"mail": "ada@example.com", "who": "Ada"}], {"mail": "_acme.contact.email", "who": "_acme.name"})
    flow.wait()
    assert flow.records() == [{"_acme": {"contact": {"email": "ada@example.com"}, "name": "Ada"}}]


def test_fields_with_types_reject_what_does_not_fit(aep: Aep) -> None:
    stream = aep.stream(fields={"visits": {"type": "integer", "minimum": 0}, "email": "string"})
    stream.send({"visits": 1, "email": "ada@example.com"})
    stream.send({"visits": -1})
    assert stream.records() == landed(aep, {"visits": 1, "email": "ada@example.com"})
    (lost,) = stream.rejected()
    assert (lost["record"], lost["field"].split(".")[-1]) == ({"visits": -1}, "visits")


def test_other_data_lands_with_the_next_run(emulator: Emulator, aep: Aep) -> None:
    flow = aep.flow([{"n": 1}], schedule=HOURLY)
    flow.wait()
    flow.put({"n": number} for number in (2, 3))
    assert emulator.clock.advance(timedelta(hours=1)) == 1
    assert flow.records() == landed(aep, {"n": 1}, {"n": 2}, {"n": 3})
    assert len(flow.runs()) == 2


def test_more_runs_than_a_page_holds_can_be_waited_for(emulator: Emulator, aep: Aep) -> None:
    flow = aep.flow([{"n": 1}], schedule=HOURLY)
    flow.wait()
    assert emulator.clock.advance("P2D") == 48
    flow.wait(49)
    assert len(flow.runs()) == 49


def test_a_run_comes_to_what_the_script_says(emulator: Emulator, aep: Aep) -> None:
    flow = aep.flow([{"n": 1}], schedule=HOURLY)
    flow.wait()
    flow.script({"status": "failed", "errors": [{"code": "CONNECTOR-1001-500"}]}, {"status": "success"})
    emulator.clock.advance("PT2H")
    states = [run["metrics"]["statusSummary"]["status"] for run in flow.runs()]
    assert states == ["success", "failed", "success"]


def test_messages_land_at_once_and_those_that_nobody_can_read_are_kept(aep: Aep) -> None:
    stream = aep.stream(fields=["email", "visits"])
    assert stream.send({"email": "ada@example.com", "visits": 3})["flowId"] == stream.id
    answer = stream.send_all([{"email": "alan@example.com"}, "no object"])
    assert [one.get("statusCode", 200) for one in answer["responses"]] == [200, 400]
    rows: list[dict[str, Any]] = [{"email": "ada@example.com", "visits": 3}, {"email": "alan@example.com"}]
    assert stream.records() == landed(aep, *rows)
    assert len(stream.rejected()) == 1


def test_a_stream_is_found_behind_a_public_address() -> None:
    with Emulator(public_url="https://emulator.example.com") as emulator, emulator.aep() as aep:
        stream = aep.stream(fields=["email"])
        assert stream.inlet_url.startswith("https://emulator.example.com/")
        stream.send({"email": "ada@example.com"})
        assert len(stream.records()) == 1


def test_tenants_see_nothing_of_each_other(emulator: Emulator) -> None:
    with emulator.aep() as mine, emulator.aep() as yours:
        assert mine.org != yours.org
        flow = mine.flow([{"n": 1}])
        assert yours.http.get(f"{FLOW}/flows/{flow.id}").status_code == 404
        mine.faults.add(effect={"status": 503})
        assert [one.http.get(f"{FLOW}/flows").status_code for one in (mine, yours)] == [503, 200]
        assert (mine.requests.count(), yours.requests.count()) == (1, 2)


def test_a_tenant_that_is_closed_leaves_nothing(emulator: Emulator) -> None:
    with emulator.aep() as aep:
        flow = aep.flow([{"n": 1}])
        aep.faults.add(effect={"status": 503})
        headers = dict(aep.headers)
    assert httpx.get(f"{emulator.url}{FLOW}/flows/{flow.id}", headers=headers).status_code == 404
    assert httpx.get(f"{emulator.url}/__admin/faults").json()["count"] == 0


def test_a_tenant_that_is_closed_leaves_nothing_in_other_sandboxes_either(emulator: Emulator) -> None:
    with emulator.aep() as aep:
        body: dict[str, Any] = {"name": "dev", "title": "dev", "type": "development"}
        aep.http.post("/data/foundation/sandbox-management/sandboxes", json=body).raise_for_status()
        headers = aep.headers | {"x-sandbox-name": "dev"}
        body = {"title": "Left over", "type": "object", "allOf": [{"$ref": "https://ns.adobe.com/xdm/context/profile"}]}
        schemas = "/data/foundation/schemaregistry/tenant/schemas"
        aep.http.post(schemas, json=body, headers=headers).raise_for_status()
        tenant = {name: headers[name] for name in ("x-gw-ims-org-id", "x-sandbox-name")}
        assert "Left over" in httpx.get(f"{emulator.url}/__admin/export", headers=tenant).text
    assert "Left over" not in httpx.get(f"{emulator.url}/__admin/export", headers=tenant).text


def test_helpers_get_a_new_token_when_time_has_outrun_theirs() -> None:
    with Emulator(auth="strict", clock=NOON) as emulator, emulator.aep() as aep:
        flow = aep.flow([{"n": 1}])
        emulator.clock.advance("P7D")
        assert flow.wait()["flowId"] == flow.id
        assert aep.http.get(f"{FLOW}/flows").status_code == 401


def test_what_a_clients_own_flow_reads_and_lands_is_at_hand(emulator: Emulator, aep: Aep) -> None:
    flow = aep.flow([{"n": 1}], schedule=HOURLY)
    flow.wait()
    for path, content in (
        ("records.json", [{"n": 2}]),
        ("more/day 1.csv", "n\n3\n"),
        ("more/day-2.ndjson", b'{"n": 4}\n'),
    ):
        aep.put_data(flow.base_connection, path, content)
    aep.script(flow.id, {"failedRecordCount": 1, "errors": [{"code": "INGEST-1555-400"}], "status": "success"})
    emulator.clock.advance("PT1H")
    assert aep.records(flow.dataset) == flow.records() == landed(aep, {"n": 1})
    assert [lost["code"] for lost in aep.rejected(flow.dataset)] == ["INGEST-1555-400"]
    assert aep.records(flow.dataset, limit=1, offset=1) == []
    put = aep.http.get(f"/__admin/connections/{flow.base_connection}/data").json()["items"]
    assert sorted(one["path"] for one in put) == ["more/day 1.csv", "more/day-2.ndjson", "records.json"]


def test_all_helpers_work_on_databases_that_last(lasting_url: str) -> None:
    with Emulator(database=lasting_url) as emulator:
        with emulator.aep() as aep:
            flow = aep.flow([{"n": 1}])
            flow.wait()
            aep.stream(fields=["n"]).send({"n": 2})
            aep.faults.add(effect={"status": 503}, times=1)
            assert [aep.http.get(f"{FLOW}/flows").status_code for _ in range(2)] == [503, 200]
            assert len(flow.records()) == 1
            tenant = {"x-gw-ims-org-id": aep.org}
            assert flow.id in httpx.get(f"{emulator.url}/__admin/export", headers=tenant).text
        assert flow.id not in httpx.get(f"{emulator.url}/__admin/export", headers=tenant).text


def test_helpers_are_neither_struck_nor_counted(aep: Aep) -> None:
    rule = aep.faults.add(effect={"drop": True}, times=1)
    flow = aep.flow([{"n": 1}])
    flow.wait()
    assert aep.faults.get(rule["id"])["hits"] == 0
    assert aep.requests.count() == 0
    with pytest.raises(httpx.RemoteProtocolError):
        aep.http.get(f"{FLOW}/flows/{flow.id}")
    assert aep.requests.count(status="dropped") == 1


def test_requests_are_listed_in_the_order_in_which_they_came(aep: Aep) -> None:
    for collection in ("flows", "connections", "runs"):
        aep.http.get(f"{FLOW}/{collection}")
    assert [one["path"].split("/")[-1] for one in aep.requests.list()] == ["flows", "connections", "runs"]
    assert [one["path"].split("/")[-1] for one in aep.requests.list(limit=2)] == ["connections", "runs"]
    assert aep.requests.count(method="get", path="*/flows", status=200, since=datetime(2026, 1, 31, 12)) == 1


def test_faults_that_are_gone_can_be_cleared(aep: Aep) -> None:
    aep.faults.add(preset="rate-limited", times=1, probability=0.5, seed=7, until=datetime(2027, 1, 1, tzinfo=UTC))
    aep.http.delete("/__admin/faults").raise_for_status()
    aep.faults.clear()


def test_faults_of_a_tenant_are_for_nobody_else(aep: Aep) -> None:
    with pytest.raises(ValueError, match=r"emulator.faults are for everybody"):
        aep.faults.add({"org": "OTHER@AdobeOrg"}, {"status": 503})


def test_faults_for_everybody_go_with_the_emulator_that_made_them(emulator: Emulator, aep: Aep) -> None:
    with Emulator(emulator.url) as visitor:
        visitor.faults.add({"path": "*/flows"}, {"status": 503})
        assert aep.http.get(f"{FLOW}/flows").status_code == 503
        assert visitor.requests.list(status=503, limit=1)[0]["org"] == aep.org
    assert aep.http.get(f"{FLOW}/flows").status_code == 200


@pytest.mark.parametrize(
    "instant",
    [
        "2026-02-01T00:00:00Z",
        datetime(2026, 2, 1),
        datetime(2026, 2, 1, 2, tzinfo=timezone(timedelta(hours=2))),
    ],
)
def test_the_clock_takes_instants_as_texts_and_times(emulator: Emulator, aep: Aep, instant: datetime | str) -> None:
    assert emulator.clock.freeze(instant) == datetime(2026, 2, 1, tzinfo=UTC)
    assert emulator.clock.now() == datetime(2026, 2, 1, tzinfo=UTC)
    emulator.clock.advance(to="2026-02-01T01:00:00Z")
    assert emulator.clock.now().hour == 1


def test_a_clock_that_ran_goes_on_as_if_it_had_not_been_touched() -> None:
    with Emulator() as emulator, emulator.aep() as aep:
        ahead = {"mode": "offset", "now": "2030-01-01T00:00:00Z"}
        aep.http.put("/__admin/clock", json=ahead).raise_for_status()
        before = emulator.clock.state()
        emulator.clock.freeze("2020-01-01T00:00:00Z")
        emulator.clock.restore(before._replace(seen=before.seen - 3600))
        after = emulator.clock.state()
        assert (before.mode, after.mode) == ("offset", "offset")
        assert timedelta(hours=1) <= after.now - before.now < timedelta(hours=2)


@pytest.mark.parametrize("wrong", [{}, {"by": "P1D", "to": NOON}, {"by": 5}, {"to": 5}])
def test_the_clock_advances_by_one_duration_or_to_one_instant(emulator: Emulator, wrong: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=r"duration|instant"):
        emulator.clock.advance(**wrong)


def test_a_refused_call_of_a_helper_is_named_with_its_answer(emulator: Emulator, aep: Aep) -> None:
    with pytest.raises(CallFailed, match=r"POST /__admin/clock/advance answered 400: .*P7X") as failed:
        emulator.clock.advance("P7X")
    assert failed.value.status == 400
    with pytest.raises(CallFailed, match=r"POST .*/flowservice/flows answered 400: .*frequency"):
        aep.flow([{"n": 1}], schedule={"frequency": "sometimes"})
    with pytest.raises(CallFailed, match=r"GET /__admin/requests/count.* answered 400: .*colour"):
        aep.requests.count(colour="red")
    with pytest.raises(CallFailed, match=r"POST /__admin/faults answered 400: .*preset"):
        aep.faults.add(preset="no-such-preset")


def test_a_flow_that_does_not_run_is_told_of_with_the_time(aep: Aep) -> None:
    flow = aep.flow([{"n": 1}], schedule={"startTime": 1900000000})
    with pytest.raises(CallFailed, match=r"0 finished runs .* clock is frozen and shows 2026-01-31"):
        flow.wait(timeout=0)


def test_wrong_use_is_told_in_a_sentence(aep: Aep) -> None:
    with pytest.raises(TypeError, match=r"write fields=\['email'\]"):
        aep.stream(fields="email")
    with pytest.raises(TypeError, match="either a mapping or fields="):
        aep.stream()
    with pytest.raises(TypeError, match="not both"):
        aep.flow([{"n": 1}], {"n": "_acme.n"}, fields=["n"])
    with pytest.raises(RuntimeError, match="is not started"):
        Emulator().aep()
    with pytest.raises(TypeError, match="a server that runs already has its settings: auth"):
        Emulator("http://127.0.0.1:1", auth="off")


@pytest.mark.parametrize(
    ("settings", "kind", "said"),
    [
        ({"colour": "red"}, TypeError, "there is no setting colour; known are host, port"),
        ({"workers": 2}, TypeError, "there is no setting workers"),
        ({"auth": "none"}, BadSetting, "--auth none: expected presence"),
        ({"seed": "no-such-seed"}, BadSetting, "--seed no-such-seed: there is no such file"),
        ({"database": "mysql://x"}, BadSetting, "--database"),
        ({"inlet_rate": "5"}, BadSetting, "--inlet-rate: expected a whole number, not str"),
        ({"journal": "10"}, BadSetting, "--journal: expected a whole number, not str"),
        ({"random_seed": "x"}, BadSetting, "--random-seed: expected a whole number, not str"),
        ({"port": True}, BadSetting, "--port: expected a whole number, not bool"),
        ({"watch": "no"}, BadSetting, "--watch: expected true or false, not str"),
        ({"admin_token": 5}, BadSetting, "--admin-token: expected a text, not int"),
        ({"auth": None}, BadSetting, "--auth: expected a text, not NoneType"),
        ({"seed": 5}, BadSetting, "--seed: expected paths, not int"),
        ({"events": ["http://127.0.0.1", 5]}, BadSetting, "--events: expected texts, not str, int"),
        ({"tls_folder": 5}, BadSetting, "--tls-folder: expected a path, not int"),
        ({"tls_cert": "no-such-file.pem"}, BadSetting, "--tls-cert no-such-file.pem: there is no such file"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(settings: dict[str, Any], kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        Emulator(**settings).start()


def test_one_of_several_may_be_told_alone_and_none_is_none() -> None:
    settings = server_settings({"outgoing": "example.com", "seed": None, "events": ["http://127.0.0.1:1/"]})
    assert (settings.outgoing, settings.seed, settings.events) == (("example.com",), (), ("http://127.0.0.1:1/",))


@pytest.mark.parametrize("own", [False, True])
def test_helpers_trust_the_certificate_of_the_server_that_they_started(tmp_path: Path, own: bool) -> None:
    told: dict[str, Any] = {"tls": "auto", "tls_folder": str(tmp_path / "tls")}
    if own:
        certificate, key = own_files(tmp_path)
        told = {"tls_cert": str(certificate), "tls_key": str(key)}
    with Emulator(**told) as running, running.aep() as aep:
        assert running.url.startswith("https://")
        assert aep.flow([{"email": "ada@example.com"}]).item()["state"] == "enabled"
        assert aep.http.get(f"{FLOW}/flows").status_code == 200


def test_settings_are_those_of_the_server(tmp_path: Path) -> None:
    with Emulator(
        seed="tutorials", sources=str(tmp_path), events=(), database=f"sqlite:///{tmp_path}/e.db"
    ) as emulator:
        config = httpx.get(f"{emulator.url}/__admin/config").json()
    assert (config["seed"], config["sources"]) == (["tutorials"], str(tmp_path))
    assert (tmp_path / "e.db").exists()


def test_with_a_random_seed_every_run_has_the_same_ids() -> None:
    def ids() -> tuple[str, str]:
        with Emulator(random_seed=1, clock=NOON) as emulator, emulator.aep() as aep:
            return aep.org, aep.flow([{"n": 1}]).id

    assert ids() == ids()


def test_a_server_that_is_started_twice_is_one(emulator: Emulator) -> None:
    url = emulator.url
    assert emulator.start() is emulator
    assert emulator.url == url


def test_a_stopped_emulator_can_be_started_again() -> None:
    emulator = Emulator()
    for _ in range(2):
        with emulator, emulator.aep() as aep:
            assert aep.http.get(f"{FLOW}/flows").status_code == 200
    with pytest.raises(RuntimeError, match="is not started"):
        emulator.reset()


def test_a_reset_throws_everything_of_everybody_away(tmp_path: Path) -> None:
    with Emulator() as emulator, emulator.aep() as aep:
        flow = aep.flow([{"n": 1}])
        emulator.reset("empty")
        assert aep.http.get(f"{FLOW}/flows/{flow.id}").status_code == 404


def test_a_server_that_runs_already_is_used_and_left_running(emulator: Emulator) -> None:
    with Emulator(f"{emulator.url}/") as visitor, visitor.aep() as aep:
        assert visitor.url == emulator.url
        assert aep.http.get(f"{FLOW}/flows").status_code == 200
    assert httpx.get(f"{emulator.url}/__admin/health").status_code == 200


def test_a_server_with_an_admin_token_is_used_with_it() -> None:
    with Emulator(admin_token=TOKEN) as guarded:
        with pytest.raises(CallFailed, match="asks for an admin token: give it as admin_token"):
            Emulator(guarded.url).start()
        with Emulator(guarded.url, admin_token=TOKEN) as visitor, visitor.aep() as aep:
            aep.faults.add(effect={"status": 503}, times=1)
            assert [aep.http.get(f"{FLOW}/flows").status_code for _ in range(2)] == [503, 200]
            assert TOKEN not in str(aep.headers) + str(aep.requests.list())


def test_an_address_where_no_emulator_is_says_so() -> None:
    with pytest.raises(CallFailed, match=r"no emulator answers at http://127.0.0.1:1 \(ConnectionRefusedError"):
        Emulator("http://127.0.0.1:1").start()
    with pytest.raises(ValueError, match="localhost:8237 is no address such as http://"):
        Emulator("localhost:8237").start()


def test_a_server_without_a_bench_says_so() -> None:
    from emulator.server import Background
    from emulator.settings import Settings

    with Background(Settings(port=0, database="sqlite://", no_admin=True)) as server:
        with pytest.raises(CallFailed, match="--no-admin"):
            Emulator(server.url).start()


def test_every_thread_has_a_connection_of_its_own(aep: Aep) -> None:
    stream = aep.stream(fields=["n"])

    def send() -> None:
        for number in range(20):
            stream.send({"n": number})

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(stream.records()) == 80


def test_without_httpx_the_client_says_what_to_install(aep: Aep, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'flow-service-emulator\[pytest\]'; aep.url and"):
        _ = aep.http


def test_an_application_in_process_needs_no_socket() -> None:
    headers = {"Authorization": "Bearer any", "x-api-key": "any", "x-gw-ims-org-id": "ACME@AdobeOrg"}

    async def calls() -> tuple[int, str]:
        async with in_process(clock=NOON) as app:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://emulator", headers=headers) as http:
                ready = await http.get("/__admin/ready")
                listed = await http.get(f"{FLOW}/flows")
                clock = await http.get("/__admin/clock")
                assert ready.status_code == 200
                return listed.status_code, clock.json()["now"]

    assert asyncio.run(calls()) == (200, "2026-01-31T12:00:00.000Z")


def test_what_goes_wrong_inside_an_application_in_process_comes_out() -> None:
    async def calls() -> None:
        async with in_process():
            raise LookupError("of the test")

    with pytest.raises(LookupError, match="of the test"):
        asyncio.run(calls())
    with pytest.raises(BadSetting, match="--auth"):
        asyncio.run(_entered(auth="none"))


async def _entered(**settings: Any) -> None:
    async with in_process(**settings):
        raise AssertionError("it was started")
