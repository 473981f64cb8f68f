"""What calls generated from the OpenAPI documents have found, each as a rule of its own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.operating import DAILY, ended, set_to
from tests.support import DATA_LAKE, FLOW, STRIPE, Api, Document, assert_refused, spec

ONCE: Document = {"startTime": 1, "frequency": "once"}
FAILED = {"metrics": {"statusSummary": {"status": "failed"}}}


@pytest.mark.parametrize(
    "part",
    [
        {"sourceSpec": {"spec": None}},
        {"targetSpec": {"spec": None}},
        {"exploreSpec": {"requestSpec": None, "responseSpec": None}},
        {"attributes": {"category": None, "connectorName": None}, "sourceSpec": {}},
        {"authSpec": [{"name": "A way", "spec": None}]},
        {"version": None},
        {"version": ""},
    ],
)
def test_a_null_in_a_spec_is_as_if_it_were_left_out(api: Api, part: Document) -> None:
    made = api.http.post(f"{FLOW}/connectionSpecs", json={"name": "Mine", "providerId": "p", **part}).json()
    assert made["version"] == "1.0"
    auth = {"specName": "A way", "params": {}}
    connection = api.make("connections", {"name": "x", "connectionSpec": spec(made["id"]), "auth": auth})
    assert api.http.get(f"{FLOW}/connections/{connection}/test").json() == {"result": True}
    assert api.http.get(f"{FLOW}/connections/{connection}/configs").json() == {"items": []}


@pytest.mark.parametrize("version", [None, ""])
def test_a_spec_is_named_without_its_version(api: Api, version: str | None) -> None:
    connection = api.base_connection(connectionSpec={"id": STRIPE, "version": version})
    assert api.item("connections", connection)["connectionSpec"] == {"id": STRIPE, "version": "1.0"}


@pytest.mark.parametrize("mode", [{}, {"mode": "draft"}])
def test_a_connection_begins_in_a_state_that_there_is(api: Api, mode: Document) -> None:
    auth = {"specName": "OAuth2 Refresh Code", "params": {"accessToken": "x"}}
    body = {"name": "x", "connectionSpec": spec(STRIPE), "auth": auth, "state": "asleep"}
    assert_refused(api.http.post(f"{FLOW}/connections", params=mode, json=body), "FLOW-1456-400", "state")


@pytest.mark.parametrize("given", [0, False, "", []])
def test_the_schedule_of_a_draft_is_an_object_or_left_out(api: Api, given: Any) -> None:
    body = api.flow_body(api.source_connection(), api.target(), {"data.id": "_test.id"}, scheduleParams=given)
    answer = api.http.post(f"{FLOW}/flows", params={"mode": "draft"}, json=body)
    assert_refused(answer, "CONNECTOR-1317-400", "scheduleParams")


@pytest.mark.parametrize("token", ["", "none of ours"])
def test_a_count_looks_at_the_token_too(api: Api, token: str) -> None:
    query = {"continuationToken": token}
    assert_refused(api.http.get(f"{FLOW}/flows", params={"count": "true", **query}), "FLOW-1452-400")
    assert_refused(api.http.post(f"{FLOW}/flows/search", params=query, json={"count": True}), "FLOW-1452-400")


def test_a_count_under_a_token_is_that_of_its_list(api: Api) -> None:
    for name in ("one", "two", "other"):
        api.base_connection(name=name)
    listed = api.http.get(f"{FLOW}/connections", params={"property": "name==one,two", "limit": 1}).json()
    token = listed["_links"]["next"]["href"].partition("continuationToken=")[2]
    counted = api.http.get(f"{FLOW}/connections", params={"continuationToken": token, "count": "true"})
    assert counted.json() == {"count": 2}


@pytest.mark.parametrize("name", ["queryString", "orderby", "projectionFields"])
def test_a_count_does_not_excuse_the_rest_of_a_search(api: Api, name: str) -> None:
    answer = api.http.post(f"{FLOW}/flows/search", json={"count": True, name: 5})
    assert_refused(answer, "CONNECTOR-1312-400", name)


def test_a_limit_or_count_that_is_null_is_as_if_it_were_left_out(api: Api) -> None:
    api.base_connection()
    answer = api.http.post(f"{FLOW}/connections/search", json={"limit": None, "count": None})
    assert len(answer.json()["items"]) == 1


def failed_run(api: Api, flow: str) -> str:
    """A run of the flow that its provider calls failed."""
    run: str = api.first_run(flow)["id"]
    answer = api.http.put(f"{FLOW}/runs/{run}", json=FAILED, headers={"If-Match": "*"})
    assert answer.status_code == 200, answer.text
    return run


@pytest.mark.parametrize("at", [1.5, "1769860800000", -1, None, True])
def test_times_of_a_run_are_milliseconds(api: Api, at: Any) -> None:
    flow, _ = api.flow(scheduleParams=ONCE)
    run = failed_run(api, flow)
    metrics = {"statusSummary": {"status": "failed"}, "durationSummary": {"startedAtUTC": at}}
    answer = api.http.put(f"{FLOW}/runs/{run}", json={"metrics": metrics}, headers={"If-Match": "*"})
    assert_refused(answer, "CONNECTOR-1312-400", "metrics.durationSummary.startedAtUTC")


def test_of_a_run_that_a_provider_ends_its_flow_shows_the_times_alone(api: Api) -> None:
    flow, _ = api.flow(scheduleParams=ONCE)
    run = failed_run(api, flow)
    metrics = {"statusSummary": {"status": "failed"}, "durationSummary": {"startedAtUTC": 5, "id": "x", "state": "x"}}
    api.http.put(f"{FLOW}/runs/{run}", json={"metrics": metrics}, headers={"If-Match": "*"})
    assert api.item("flows", flow)["lastRunDetails"] == {"id": run, "state": "failed", "startedAtUTC": 5}


def test_a_run_keeps_its_flow_spec(api: Api) -> None:
    flow, _ = api.flow(scheduleParams=ONCE)
    run = failed_run(api, flow)
    answer = api.http.put(f"{FLOW}/runs/{run}", json=FAILED | {"flowSpec": spec("x")}, headers={"If-Match": "*"})
    assert_refused(answer, "CONNECTOR-1312-400", "flowSpec.id")


class Schedules:
    """A flow spec of one's own, with a schedule or without."""

    def __init__(self, api: Api) -> None:
        self._api = api
        answer = api.http.post(f"{FLOW}/flowSpecs", json=self._body({}))
        self.id: str = answer.json()["id"]

    def put(self, **schedule: Any) -> None:
        answer = self._api.http.put(f"{FLOW}/flowSpecs/{self.id}", json=self._body(schedule))
        assert answer.status_code == 200, answer.text

    def _body(self, schedule: Document) -> Document:
        joined = {"sourceConnectionSpecIds": [STRIPE], "targetConnectionSpecIds": [DATA_LAKE]}
        known = {"transformationSpecs": [{"name": "Mapping"}], "attributes": {"isSourceFlow": True}}
        return {"name": "Mine", "providerId": "p", **joined, **known, **schedule}

    def flow(self, schedule: Document | None) -> str:
        pairs, changes = {"data.id": "_test.id"}, {"flowSpec": spec(self.id), "scheduleParams": schedule}
        body = self._api.flow_body(self._api.source_connection(), self._api.target(), pairs, **changes)
        return self._api.make("flows", body)


def test_a_flow_that_is_older_than_the_schedule_of_its_spec_is_disabled_enabled_and_patched(api: Api) -> None:
    specs = Schedules(api)
    flow = specs.flow(None)
    specs.put(scheduleSpec={})
    for op in ("disable", "enable"):
        answer = api.http.post(f"{FLOW}/flows/{flow}/action", params={"op": op})
        assert answer.status_code == 200, answer.text
    assert api.patch("flows", flow, set_to("/scheduleParams", DAILY)).status_code == 200


def test_a_run_of_a_flow_that_has_lost_its_schedule_is_cancelled(api: Api) -> None:
    specs = Schedules(api)
    specs.put(scheduleSpec={})
    flow = specs.flow(ONCE)
    run = failed_run(api, flow)
    specs.put()
    assert api.patch("flows", flow, [{"op": "remove", "path": "/scheduleParams"}]).status_code == 200
    again = api.http.post(f"{FLOW}/runs/{run}/action", params={"op": "re-trigger"}).json()["id"]
    metrics = ended(api, again)["metrics"]
    assert metrics["statusSummary"]["status"] == "cancelled"
    assert "lost its schedule" in metrics["recordSummary"]["failedInfo"][0]["message"]
