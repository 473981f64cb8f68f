"""Nothing acknowledged is lost, and nothing is half done, when the process is killed."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import httpx

from tests.support import FLOW, STRIPE, Api, Document, spec
from tests.test_command import serving

ORG = "DURABLE@AdobeOrg"
HEADERS = {"Authorization": "Bearer t", "x-api-key": "k", "x-gw-ims-org-id": ORG}
CONNECTION: Document = {
    "name": "x",
    "connectionSpec": spec(STRIPE),
    "auth": {"specName": "OAuth2 Refresh Code", "params": {"accessToken": "x"}},
}
WRITERS = 4


def test_every_acknowledged_object_is_there_after_a_kill_while_writing(tmp_path: Path, lasting_url: str) -> None:
    acknowledged: list[str] = []
    patched: dict[str, str] = {}
    with serving(tmp_path, "--port", "0", "--database", lasting_url) as (process, url):
        enough = threading.Event()

        def write(number: int) -> None:
            with httpx.Client(base_url=url, headers=HEADERS) as http:
                while True:
                    try:
                        made = http.post(f"{FLOW}/connections", json=CONNECTION | {"name": f"w{number}"}).json()["id"]
                        acknowledged.append(made)
                        change = [{"op": "replace", "path": "/name", "value": f"patched {made}"}]
                        answer = http.patch(f"{FLOW}/connections/{made}", json=change, headers={"If-Match": "*"})
                        patched[made] = answer.json()["etag"]
                    except (httpx.TransportError, ValueError):
                        return
                    if len(acknowledged) > 200:
                        enough.set()

        writers = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
        for writer in writers:
            writer.start()
        assert enough.wait(60)
        process.send_signal(signal.SIGKILL)
        process.wait()
        for writer in writers:
            writer.join()
    with serving(tmp_path, "--port", "0", "--database", lasting_url) as (_, url):
        with httpx.Client(base_url=url, headers=HEADERS) as http:
            api = Api(http, ORG)
            for made in acknowledged:
                assert api.item("connections", made)["id"] == made
            for made, etag in patched.items():
                item = api.item("connections", made)
                assert (item["name"], item["etag"]) == (f"patched {made}", etag)


def test_records_taken_by_an_inlet_are_there_after_a_kill(tmp_path: Path, lasting_url: str) -> None:
    taken = 0
    with serving(tmp_path, "--port", "0", "--database", lasting_url) as (process, url):
        with httpx.Client(base_url=url, headers=HEADERS) as http:
            api = Api(http, ORG)
            base = api.streaming_connection()
            source = api.source_connection(base, "bc7b00d6-623a-4dfc-9fdb-f1240aeadaeb")
            target = api.target(f"Durable {base}")
            flow_spec = spec("d69717ba-71b4-4313-b654-49f9cf126d7a")
            body = api.flow_body(source, target, {"n": "_test.n"}, flowSpec=flow_spec, scheduleParams=None)
            api.make("flows", body)
            inlet_id = api.item("connections", base)["auth"]["params"]["inletId"]
            for number in range(100):
                assert http.post(f"/collection/{inlet_id}", json={"n": number}).status_code == 200
                taken += 1
        process.send_signal(signal.SIGKILL)
        process.wait()
    with serving(tmp_path, "--port", "0", "--database", lasting_url) as (_, url):
        with httpx.Client(base_url=url, headers=HEADERS) as http:
            api = Api(http, ORG)
            landed = [item["_test"]["n"] for item in api.records(target.dataset, limit=1000)["items"]]
            assert landed == list(range(taken))
            assert http.post(f"/collection/{inlet_id}", json={"n": taken}).status_code == 200
            assert api.records(target.dataset)["count"] == taken + 1


def test_a_run_that_was_due_while_nobody_served_happens_once(tmp_path: Path, lasting_url: str) -> None:
    early = ("--clock", "2026-01-31T12:00:00Z")
    with serving(tmp_path, "--port", "0", "--database", lasting_url, *early) as (process, url):
        with httpx.Client(base_url=url, headers=HEADERS) as http:
            api = Api(http, ORG)
            target = api.target(f"Later {lasting_url}")
            body = api.flow_body(api.source_connection(), target, {"data.id": "_test.id"})
            body["scheduleParams"] = {"startTime": 1_769_860_860, "frequency": "once"}
            flow = api.make("flows", body)
            assert api.runs(flow) == []
        process.send_signal(signal.SIGKILL)
        process.wait()
    late = ("--clock", "2026-01-31T13:00:00Z")
    for _ in range(2):
        with serving(tmp_path, "--port", "0", "--database", lasting_url, *late) as (_, url):
            with httpx.Client(base_url=url, headers=HEADERS) as http:
                api = Api(http, ORG)
                api.first_run(flow)
                assert len(api.runs(flow)) == 1
                assert api.records(target.dataset)["count"] == 150


def test_two_replicas_on_one_database_run_a_due_flow_once(tmp_path: Path, lasting_url: str) -> None:
    arguments = ("--port", "0", "--database", lasting_url)
    with serving(tmp_path, *arguments) as (_, first), serving(tmp_path, *arguments) as (_, second):
        with httpx.Client(base_url=first, headers=HEADERS) as http, httpx.Client(base_url=second, headers=HEADERS) as b:
            one, other = Api(http, ORG), Api(b, ORG)
            flows = []
            for number in range(10):
                target = one.target(f"Replicas {number} {lasting_url}")
                body = one.flow_body(one.source_connection(), target, {"data.id": "_test.id"})
                flows.append((one.make("flows", body), target.dataset))
            for flow, dataset in flows:
                assert other.first_run(flow)["metrics"]["recordSummary"]["outputRecordCount"] == 150
                assert len(one.runs(flow)) == 1
                assert other.records(dataset)["count"] == 150
