"""Runs: a due flow really reads, maps and lands, and its figures are those that were counted."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from emulator.server import Background
from emulator.settings import Settings
from emulator.store import schedules
from tests.support import CATALOG, DATA_LAKE, FLOW, PROFILE, ZENDESK, Api, Target, client_of, spec

PAIRS = {"data.id": "_test.id", "data.created": "_test.created"}
# The sample charges.
COUNT = 150


def make_due(server: Background, api: Api, flow: str) -> None:
    """Let a flow be due now, as if its interval had passed."""
    with server.app.world.database.writing() as tx:
        schedules.move(tx, api.org, "prod", flow, server.app.world.clock.now())
    server.app.world.on_schedule_change()


def test_a_run_lands_what_it_read_and_counts_it(api: Api) -> None:
    before = time.time_ns() // 1_000_000
    flow, target = api.flow()
    run = api.first_run(flow)
    landed = api.records(target.dataset, limit=10_000)
    assert landed["count"] == len(landed["items"]) == COUNT
    assert len({item["_test"]["id"] for item in landed["items"]}) == COUNT
    metrics = run["metrics"]
    assert metrics["recordSummary"] == {
        "inputRecordCount": COUNT,
        "outputRecordCount": COUNT,
        "failedRecordCount": 0,
    }
    size = sum(len(json.dumps(item, separators=(",", ":"))) for item in landed["items"])
    assert metrics["sizeSummary"]["outputBytes"] == size
    assert metrics["fileSummary"] == {"inputFileCount": 1, "outputFileCount": 1, "activityRefs": ["promotionActivity"]}
    copy, promotion = run["activities"]
    started, completed = metrics["durationSummary"]["startedAtUTC"], metrics["durationSummary"]["completedAtUTC"]
    assert before <= started == copy["durationSummary"]["startedAtUTC"]
    assert completed == promotion["durationSummary"]["completedAtUTC"] >= started
    assert run["createdAt"] >= started


def test_the_batch_of_a_run_is_in_catalog_with_the_same_figures(api: Api) -> None:
    flow, target = api.flow()
    run = api.first_run(flow)
    (batch,) = run["activities"][1]["targetInfo"][0]["reference"]["ids"]
    value = api.http.get(f"{CATALOG}/batches/{batch}").json()[batch]
    assert value["status"] == "success"
    assert value["relatedObjects"] == [{"type": "dataSet", "id": target.dataset}]
    assert value["metrics"]["recordsWritten"] == COUNT
    assert value["metrics"]["outputByteSize"] == run["metrics"]["sizeSummary"]["outputBytes"]
    assert api.records(target.dataset, batch=batch)["count"] == COUNT
    assert api.records(target.dataset, run=run["id"])["count"] == COUNT
    assert api.records(target.dataset, run="another")["count"] == 0


def test_a_later_run_reads_only_what_is_new(server: Background, api: Api) -> None:
    flow, target = api.flow()
    api.first_run(flow)
    make_due(server, api, flow)
    second, _ = api.await_runs(flow, 2)
    assert second["metrics"]["recordSummary"]["inputRecordCount"] == 0
    assert [activity["id"] for activity in second["activities"]] == ["copyActivity"]
    assert second["metrics"]["statusSummary"] == {"status": "success"}
    assert api.records(target.dataset)["count"] == COUNT


def test_the_flow_shows_its_last_run_under_a_new_etag_by_the_service(api: Api) -> None:
    source, target = api.source_connection(), api.target()
    created = api.http.post(f"{FLOW}/flows", json=api.flow_body(source, target, PAIRS)).json()
    run = api.first_run(created["id"])
    item = api.item("flows", created["id"])
    assert item["lastRunDetails"] == {"id": run["id"], "state": "success", **run["metrics"]["durationSummary"]}
    assert item["etag"] == item["version"] != created["etag"]
    assert item["updatedBy"] == run["createdBy"] == "acp_foundation_connectors@AdobeID"
    assert item["updatedClient"] == "acp_foundation_connectors"
    assert item["createdBy"] == "tester@AdobeID"


def test_a_run_is_found_by_its_id_and_carries_no_state(api: Api) -> None:
    flow, _ = api.flow()
    run = api.first_run(flow)
    assert api.item("runs", run["id"]) == run
    assert "state" not in run
    assert "version" not in run
    assert run["etag"].startswith('"')


def test_a_flow_whose_start_lies_ahead_has_no_run_yet(api: Api) -> None:
    flow, _ = api.flow(scheduleParams={"startTime": 4102444800, "frequency": "day", "interval": 1})
    time.sleep(0.2)
    assert api.runs(flow) == []


def test_a_flow_that_starts_in_a_moment_runs_in_that_moment(api: Api) -> None:
    # At least a second ahead, so that making what the flow stands on cannot take longer.
    start = int(time.time()) + 2
    flow, _ = api.flow(scheduleParams={"startTime": start, "frequency": "day", "interval": 1})
    run = api.first_run(flow)
    assert 0 <= run["metrics"]["durationSummary"]["startedAtUTC"] - start * 1000 < 2000
    assert run["activities"][0]["durationSummary"]["extensions"]["windowEnd"] == start * 1000


def test_years_before_a_flows_creation_are_not_caught_up(server: Background, api: Api) -> None:
    flow, _ = api.flow()
    api.first_run(flow)
    with server.app.world.database.reading() as tx:
        due = schedules.due_of(tx, api.org, "prod", flow)
    assert due is not None
    assert 0 < due - server.app.world.clock.now() <= 900_000
    assert (due - 1_625_040_887_000) % 900_000 == 0
    assert len(api.runs(flow)) == 1


def test_a_flow_that_runs_once_says_so_and_is_not_due_again(server: Background, api: Api) -> None:
    flow, _ = api.flow(scheduleParams={"startTime": 1_625_040_887, "frequency": "once"})
    run = api.first_run(flow)
    assert run["activities"][0]["statusSummary"]["extensions"] == {"type": "one-time"}
    with server.app.world.database.reading() as tx:
        assert schedules.due_of(tx, api.org, "prod", flow) is None


def test_without_backfill_what_was_there_before_is_not_read(api: Api) -> None:
    params = {"startTime": "1625040887", "frequency": "minute", "interval": 15, "backfill": "false"}
    flow, target = api.flow(scheduleParams=params)
    assert api.first_run(flow)["metrics"]["recordSummary"]["inputRecordCount"] == 0
    assert api.records(target.dataset)["count"] == 0


def test_a_source_without_records_fails_in_copy_and_says_where_to_put_some(api: Api) -> None:
    auth = {"specName": "OAuth2 Refresh Code", "params": {"subdomain": "x", "accessToken": "x"}}
    source = api.source_connection(api.base_connection(ZENDESK, auth=auth), ZENDESK)
    flow = api.make("flows", api.flow_body(source, api.target(), {"id": "_test.id"}))
    run = api.first_run(flow)
    failed = {"code": "CONNECTOR-1001-500", "message": "Error in copying the data from Source."}
    assert run["metrics"]["statusSummary"] == {"status": "failed", "errors": [failed], "activityRefs": ["copyActivity"]}
    (copy,) = run["activities"]
    assert "--sources" in copy["statusSummary"]["extensions"]["errorDetail"]
    assert api.item("flows", flow)["lastRunDetails"]["state"] == "failed"


def test_a_calculated_field_is_calculated(api: Api) -> None:
    source, target = api.source_connection(), api.target()
    body = api.flow_body(source, target, PAIRS)
    expression = {"sourceType": "EXPRESSION", "source": "upper(data.id)", "destination": "_test.id"}
    mapping = api.mapping_set(target.schema, {}, mappings=[expression])
    body["transformations"][0]["params"]["mappingId"] = mapping
    run = api.first_run(api.make("flows", body))
    assert run["metrics"]["statusSummary"]["status"] == "success"
    landed = api.records(target.dataset, limit=1000)["items"]
    assert len(landed) == COUNT
    assert all(record["_test"]["id"].startswith("CH_") for record in landed)


def test_a_field_that_cannot_be_made_is_left_empty_and_told_of_as_a_warning(api: Api) -> None:
    source, target = api.source_connection(), api.target()
    body = api.flow_body(source, target, PAIRS)
    mappings = [
        {"sourceType": "ATTRIBUTE", "source": "data.id", "destination": "_test.id"},
        {"sourceType": "EXPRESSION", "source": "to_integer(data.id)", "destination": "_test.number"},
    ]
    body["transformations"][0]["params"]["mappingId"] = api.mapping_set(target.schema, {}, mappings=mappings)
    records = api.first_run(api.make("flows", body))["metrics"]["recordSummary"]
    assert (records["outputRecordCount"], records["failedRecordCount"]) == (COUNT, 0)
    assert records["warningRecordCount"] == COUNT
    (warning,) = records["warningInfo"]
    assert (warning["code"], warning["count"], warning["type"]) == ("MAPPER-3700-199", COUNT, "Warning")
    assert "_test.number from to_integer(data.id)" in warning["message"]


def test_a_value_that_breaks_the_schema_rejects_its_row(api: Api) -> None:
    source = api.source_connection()
    schema = api.http.post(
        "/data/foundation/schemaregistry/tenant/schemas",
        json={
            "title": "Strict",
            "type": "object",
            "allOf": [
                {"$ref": PROFILE},
                {
                    "type": "object",
                    "properties": {
                        "_test": {"type": "object", "properties": {"id": {"type": "string", "enum": ["x"]}}}
                    },
                },
            ],
        },
    ).json()["$id"]
    dataset = api.dataset(schema)
    body = {"name": "Strict", "connectionSpec": spec(DATA_LAKE), "params": {"dataSetId": dataset}}
    target = Target(schema, dataset, api.make("targetConnections", body))
    flow = api.make("flows", api.flow_body(source, target, {"data.id": "_test.id"}))
    run = api.first_run(flow)
    assert run["metrics"]["statusSummary"]["status"] == "failed"
    (first, *_) = api.http.get(f"/__admin/datasets/{dataset}/rejected").json()["items"]
    assert (first["code"], first["field"]) == ("MAPPER-3700-400", "_test.id")
    assert "none of x" in first["message"]


def test_a_calculated_field_that_cannot_be_read_fails_in_promotion_with_a_clear_code(api: Api) -> None:
    source, target = api.source_connection(), api.target()
    body = api.flow_body(source, target, PAIRS)
    expression = {"sourceType": "EXPRESSION", "source": "conact(data.id, 'x')", "destination": "_test.id"}
    mapping = api.mapping_set(target.schema, {}, mappings=[expression])
    body["transformations"][0]["params"]["mappingId"] = mapping
    flow = api.make("flows", body)
    run = api.first_run(flow)
    assert run["metrics"]["statusSummary"]["status"] == "failed"
    assert run["metrics"]["statusSummary"]["errors"][0]["code"] == "CONNECTOR-2001-500"
    assert run["metrics"]["sizeSummary"]["outputBytes"] == -1
    (error,) = run["activities"][1]["statusSummary"]["extensions"]["errors"]
    assert error["code"] == "MAPPER-3700-400"
    assert "conact(data.id, 'x')" in error["message"]
    assert api.records(target.dataset)["count"] == 0


def test_what_a_failed_run_did_not_land_the_next_one_reads_again(server: Background, api: Api) -> None:
    source, target = api.source_connection(), api.target()
    expression = {"sourceType": "EXPRESSION", "source": "uper(data.id)", "destination": "_test.id"}
    body = api.flow_body(source, target, PAIRS)
    good = body["transformations"][0]["params"]["mappingId"]
    body["transformations"][0]["params"]["mappingId"] = api.mapping_set(target.schema, {}, mappings=[expression])
    flow = api.make("flows", body)
    api.first_run(flow)
    change = [{"op": "replace", "path": "/transformations/0/params/mappingId", "value": good}]
    assert api.patch("flows", flow, change).status_code == 200
    make_due(server, api, flow)
    second, _ = api.await_runs(flow, 2)
    assert second["metrics"]["recordSummary"]["outputRecordCount"] == COUNT
    assert api.records(target.dataset)["count"] == COUNT


def test_a_flow_uses_the_version_of_its_mapping_set(server: Background, api: Api) -> None:
    source, target = api.source_connection(), api.target()
    body = api.flow_body(source, target, {"data.id": "_test.old"})
    mapping = body["transformations"][0]["params"]["mappingId"]
    changed = {
        "version": 0,
        "xdmSchema": target.schema,
        "mappings": [{"sourceAttribute": "data.id", "destinationXdmPath": "_test.new"}],
    }
    assert api.http.put(f"/data/foundation/conversion/mappingSets/{mapping}", json=changed).status_code == 200
    api.first_run(api.make("flows", body))
    assert list(api.records(target.dataset, limit=1)["items"][0]["_test"]) == ["old"]


def test_a_run_that_breaks_unexpectedly_is_written_down_as_failed(
    server: Background, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a bug")

    flow, target = api.flow()
    api.first_run(flow)
    monkeypatch.setattr("emulator.engine.attempt.open_source", broken)
    make_due(server, api, flow)
    second, _ = api.await_runs(flow, 2)
    assert second["metrics"]["statusSummary"]["status"] == "failed"
    assert "ZeroDivisionError: a bug" in second["activities"][0]["statusSummary"]["extensions"]["errorDetail"]
    assert api.records(target.dataset)["count"] == COUNT


def test_records_come_in_pages(api: Api) -> None:
    flow, target = api.flow()
    api.first_run(flow)
    page = api.records(target.dataset, limit=60)
    seen = list(page["items"])
    while page["next"]:
        page = api.http.get(page["next"]).json()
        seen += page["items"]
    assert len(seen) == COUNT
    assert seen == api.records(target.dataset, limit=1000)["items"]


def test_a_folder_of_sources_is_laid_over_the_samples(tmp_path: Path) -> None:
    (tmp_path / "stripe").mkdir()
    (tmp_path / "stripe" / "charges.ndjson").write_text('{"data":{"id":"ch_mine","created":5}}\n', encoding="utf-8")
    (tmp_path / "zendesk").mkdir()
    (tmp_path / "zendesk" / "tickets.json").write_text('[{"id": 1}, {"id": 2}]', encoding="utf-8")
    with Background(Settings(port=0, database="sqlite://", sources=tmp_path)) as running:
        with client_of(running.url, "SOURCES@AdobeOrg") as api:
            flow, target = api.flow()
            api.first_run(flow)
            assert api.records(target.dataset)["items"] == [{"_test": {"id": "ch_mine"}}]
            auth = {"specName": "OAuth2 Refresh Code", "params": {"subdomain": "x", "accessToken": "x"}}
            source = api.source_connection(api.base_connection(ZENDESK, auth=auth), ZENDESK)
            body = api.flow_body(source, api.target("Tickets"), {"id": "_test.number"})
            assert api.first_run(api.make("flows", body))["metrics"]["recordSummary"]["outputRecordCount"] == 2


def test_a_later_run_reads_what_was_added_to_its_source(tmp_path: Path) -> None:
    charges = tmp_path / "stripe" / "charges.ndjson"
    charges.parent.mkdir()
    charges.write_text('{"data":{"id":"first","created":5}}\n', encoding="utf-8")
    with Background(Settings(port=0, database="sqlite://", sources=tmp_path)) as running:
        with client_of(running.url, "LATER@AdobeOrg") as api:
            flow, target = api.flow()
            api.first_run(flow)
            with charges.open("a", encoding="utf-8") as file:
                file.write('{"data":{"id":"second","created":6}}\n{"data":{"id":"old","created":4}}\n')
            make_due(running, api, flow)
            second, first = api.await_runs(flow, 2)
            counts = [run["metrics"]["recordSummary"]["inputRecordCount"] for run in (first, second)]
            assert counts == [1, 1]
            assert [item["_test"]["id"] for item in api.records(target.dataset)["items"]] == ["first", "second"]


def test_a_broken_file_of_records_is_named_in_the_failed_run(tmp_path: Path) -> None:
    (tmp_path / "stripe").mkdir()
    (tmp_path / "stripe" / "charges.ndjson").write_text('{"data":\n', encoding="utf-8")
    with Background(Settings(port=0, database="sqlite://", sources=tmp_path)) as running:
        with client_of(running.url, "BROKEN@AdobeOrg") as api:
            run = api.first_run(api.flow()[0])
            detail = run["activities"][0]["statusSummary"]["extensions"]["errorDetail"]
            assert f"{tmp_path / 'stripe' / 'charges.ndjson'}: not JSON" in detail
