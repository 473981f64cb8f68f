"""Events: who is told, what, in which order, and what happens when nobody listens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.app import create
from emulator.domain.back_off import LONGEST_MS, wait_ms
from emulator.domain.identifiers import default_sandbox_id
from emulator.domain.tenant import Tenant
from emulator.engine import courier as engine
from emulator.engine import notices
from emulator.engine.courier import Courier
from emulator.engine.webhooks import Outcome
from emulator.engine.world import World
from emulator.server import Background
from emulator.settings import BadSetting, Settings, from_environment
from emulator.store import deliveries, subscribers
from tests.operating import eventually
from tests.receiving import Received, Receiver, receiver
from tests.support import Api, Document, client_of

SUBSCRIPTIONS = "/__admin/subscriptions"
FLOW_ID, OTHER_FLOW = "f0000000-0000-4000-8000-000000000001", "f0000000-0000-4000-8000-000000000002"
NOW = 1_769_860_800_000
RUNS = ["run.started", "run.succeeded", "run.failed"]


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as listening:
        yield listening


@pytest.fixture
def home(api: Api) -> Tenant:
    """The test's own tenant, there since a first call."""
    api.http.get("/data/foundation/flowservice/flows")
    return Tenant(api.org, "prod", default_sandbox_id(api.org, "prod"), "u", "c")


@pytest.fixture
def world(server: Background) -> World:
    return server.app.world


def flow(flow_id: str = FLOW_ID, **changes: Any) -> Document:
    return {"id": flow_id, "name": "A weekly plan", "scheduleParams": {"frequency": "once"}, **changes}


def run(tenant: Tenant, status: str = "success", flow_id: str = FLOW_ID, run_id: str = "r1") -> Document:
    return {
        "id": run_id,
        "createdAt": NOW,
        "updatedAt": NOW,
        "imsOrgId": tenant.org,
        "sandboxName": tenant.sandbox,
        "flowId": flow_id,
        "metrics": {"statusSummary": {"status": status}},
        "activities": [{"fileInfo": "\ue000origin\ue000/data/foundation/export/batches/B/meta"}],
    }


def batch(tenant: Tenant, status: str) -> Document:
    related = [{"type": "dataSet", "id": "d1"}]
    return {
        "id": "B",
        "externalId": "B",
        "imsOrg": tenant.org,
        "status": status,
        "completed": NOW,
        "relatedObjects": related,
    }


def subscribe(api: Api, hook: Receiver, **changes: Any) -> Document:
    body = {"url": hook.url, "org": api.org, "secret": "a good secret", **changes}
    answer = api.http.post(SUBSCRIPTIONS, json={name: value for name, value in body.items() if value is not None})
    assert answer.status_code == 201, answer.text
    made: Document = answer.json()
    return made


def log(api: Api, subscription: Document) -> list[Document]:
    answer = api.http.get(f"{SUBSCRIPTIONS}/{subscription['id']}/deliveries")
    assert answer.status_code == 200, answer.text
    items: list[Document] = answer.json()["items"]
    return items


def tell(world: World, tenant: Tenant, count: int = 1, flow_id: str = FLOW_ID) -> None:
    """So many runs that end, one after the other."""
    for number in range(count):
        with world.database.writing() as tx:
            notices.run_ended(world, tx, tenant, flow(flow_id), run(tenant, "success", flow_id, f"r{number}"))


def settled(api: Api, subscription: Document, state: str) -> Document:
    """The only delivery, once it is in a state."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        (item,) = log(api, subscription)
        if item["state"] == state:
            return item
        time.sleep(0.01)
    raise AssertionError(f"still {item}")


def verifies(post: Received, secret: str) -> bool:
    expected = base64.b64encode(hmac.new(secret.encode(), post.raw, hashlib.sha256).digest()).decode()
    return hmac.compare_digest(post.headers["x-adobe-signature"], expected)


@contextmanager
def quick(world: World, **changes: Any) -> Iterator[Courier]:
    """A courier of the test's own, in the place of the server's, that waits a moment where the other waits seconds."""
    own = Courier(world, **{"wait_ms": lambda _attempts, _jitter: 1, **changes})
    before, world.on_notice = world.on_notice, own.wake
    own.start()
    try:
        yield own
    finally:
        world.on_notice = before
        own.stop()


@pytest.fixture
def quiet(tmp_path: Path) -> Iterator[World]:
    """The world of a server that is not started, so that nobody delivers but the test."""
    world = create(Settings(database=f"sqlite:///{tmp_path}/quiet.db")).world
    yield world
    world.database.close()


@pytest.fixture
def lasting(lasting_url: str) -> Iterator[World]:
    """The same on every database that processes can share."""
    world = create(Settings(database=lasting_url)).world
    yield world
    world.database.close()


def home_in(world: World, org: str = "ACME@AdobeOrg") -> Tenant:
    found = world.sandboxes.find(org, "prod", world.clock.now())
    assert found is not None
    return Tenant(org, "prod", found.id, "u", "c")


def listener(world: World, url: str, events: list[str] | None = None, org: str | None = None) -> str:
    """A subscription without HTTP."""
    wish = notices.Wish(events or RUNS, "alerts", "http://here", "2026-01-31T12:00:00.000Z")
    new = subscribers.Subscriber(world.ids.uuid(), org, url, "a good secret", 0, wish.written())
    with world.database.writing() as tx:
        subscribers.create(tx, new)
    notices.forget(world)
    return new.id


def states(world: World, subscriber: str) -> list[tuple[str, int]]:
    with world.database.reading() as tx:
        return [(one.state, one.attempts) for one in deliveries.newest(tx, subscriber, 100)[0]]


def test_a_flow_that_runs_is_told_of_from_its_start_to_its_batch(api: Api, hook: Receiver) -> None:
    made = subscribe(api, hook)
    flow_id, _ = api.flow()
    ended = api.first_run(flow_id)
    posts = hook.await_posts(3)
    told = {item["event"]: item["body"] for item in log(api, made)}
    assert set(told) == {"run.started", "run.succeeded", "batch.loaded"}
    assert posts[0].body == told["run.started"]
    assert told["run.started"]["metrics"]["statusSummary"]["status"] == "inProgress"
    # What a run is told as is what its call answers, but for what tells of the flow and the event.
    assert {**ended, "flowName": "A flow"}.items() <= told["run.succeeded"].items()
    batches = ended["activities"][-1]["targetInfo"][0]["reference"]["ids"]
    assert [told["batch.loaded"]["event"]["xdm:ingestionId"]] == batches
    assert {item["flow"] for item in log(api, made)} == {flow_id}


def test_a_start_and_an_end_are_told_as_alerts_with_the_run_and_the_flows_name(
    api: Api, home: Tenant, world: World, hook: Receiver
) -> None:
    subscribe(api, hook)
    with world.database.writing() as tx:
        notices.run_started(world, tx, home, flow(), run(home, "inProgress"))
        notices.run_ended(world, tx, home, flow(), run(home, "failed"))
    started, failed = hook.await_posts(2)
    assert started.body["header"] == {
        "_adobeio": {
            "imsOrgId": api.org,
            "providerMetadata": "aep_observability_catalog_events",
            "eventCode": "source_flow_run_info",
        }
    }
    assert started.body["flowName"] == "A weekly plan"
    assert started.body["id"] == "r1"
    assert failed.body["header"]["_adobeio"]["eventCode"] == "source_flow_run_error"
    assert failed.body["metrics"]["statusSummary"]["status"] == "failed"
    assert [post.headers["x-adobe-event-code"] for post in (started, failed)] == [
        "source_flow_run_info",
        "source_flow_run_error",
    ]
    assert started.headers["x-adobe-event-id"] != failed.headers["x-adobe-event-id"]
    assert "x-adobe-retry-count" not in started.headers


def test_links_in_what_is_told_begin_with_the_address_at_which_was_subscribed(
    api: Api, home: Tenant, world: World, hook: Receiver
) -> None:
    subscribe(api, hook)
    tell(world, home)
    (post,) = hook.await_posts(1)
    assert post.body["activities"][0]["fileInfo"].startswith(f"{str(api.http.base_url).rstrip('/')}/data/")


def test_the_older_form_has_an_envelope_for_success_another_for_failure_and_no_start(
    api: Api, home: Tenant, world: World, hook: Receiver
) -> None:
    made = subscribe(api, hook, form="notifications")
    assert "run.started" not in made["events"]
    with world.database.writing() as tx:
        notices.run_started(world, tx, home, flow(), run(home, "inProgress"))
        notices.run_ended(world, tx, home, flow(), run(home, "success"))
        notices.run_ended(world, tx, home, flow(), run(home, "failed"))
    success, failure = hook.await_posts(2)
    assert success.body["event_id"] == success.headers["x-adobe-event-id"]
    event = success.body["event"]
    assert event["header"]["_adobeio"]["eventCode"] == "sources_flow_run_success"
    assert {"id", "metrics", "slaCreatedAt", "processStartTime", "transformedTime"} <= set(event)
    (message,) = failure.body[0]["messages"]
    assert message["_eventNotificationMeta"]["type"] == "sources_flow_run_failed"
    assert message["value"]["metrics"]["statusSummary"]["status"] == "failed"
    assert failure.headers["x-adobe-event-code"] == "sources_flow_run_failure"


@pytest.mark.parametrize(("status", "code"), [("success", "ing_load_success"), ("failed", "ing_load_failure")])
def test_a_batch_is_told_in_the_form_of_ingestion_notifications(
    api: Api, home: Tenant, world: World, hook: Receiver, status: str, code: str
) -> None:
    subscribe(api, hook)
    with world.database.writing() as tx:
        notices.batch_ended(world, tx, home, batch(home, "processing"), None)
        notices.batch_ended(world, tx, home, batch(home, status), None)
    (post,) = hook.await_posts(1)
    event = post.body["event"]
    assert post.body["event_id"] == post.headers["x-adobe-event-id"]
    assert event["header"]["_adobeio"]["eventCode"] == "platform_event"
    assert {name: event[f"xdm:{name}"] for name in ("ingestionId", "datasetId", "eventCode", "sandboxName")} == {
        "ingestionId": "B",
        "datasetId": "d1",
        "eventCode": code,
        "sandboxName": "prod",
    }


def test_the_body_is_signed_with_the_secret_of_the_subscription(
    api: Api, home: Tenant, world: World, hook: Receiver
) -> None:
    made = subscribe(api, hook, secret=None)
    assert len(made["secret"]) == 64
    tell(world, home)
    (post,) = hook.await_posts(1)
    assert verifies(post, made["secret"])
    assert not verifies(post, "another")


def test_a_secret_is_shown_once_and_never_again(api: Api, hook: Receiver) -> None:
    made = subscribe(api, hook)
    assert made["secret"] == "a good secret"
    one = api.http.get(f"{SUBSCRIPTIONS}/{made['id']}")
    assert one.json() == {name: value for name, value in made.items() if name != "secret"}
    assert "a good secret" not in one.text + api.http.get(SUBSCRIPTIONS).text
    refused = api.http.post(SUBSCRIPTIONS, json={"url": hook.url, "secret": ["a good secret"]})
    assert refused.status_code == 400
    assert "a good secret" not in refused.text


def test_a_subscriber_is_told_of_its_organisation_and_its_events_alone(
    api: Api, home: Tenant, world: World, hook: Receiver
) -> None:
    other = subscribe(api, hook, org="SOMEBODY@AdobeOrg")
    made = subscribe(api, hook, events=["run.failed"])
    with world.database.writing() as tx:
        notices.run_ended(world, tx, home, flow(), run(home, "success"))
        notices.run_ended(world, tx, home, flow(), run(home, "failed"))
    settled(api, made, "delivered")
    assert log(api, other) == []
    assert [post.body["header"]["_adobeio"]["eventCode"] for post in hook.received] == ["source_flow_run_error"]


def test_nothing_is_told_of_runs_of_a_flow_that_streams(api: Api, home: Tenant, world: World, hook: Receiver) -> None:
    made = subscribe(api, hook)
    streaming = {name: value for name, value in flow().items() if name != "scheduleParams"}
    with world.database.writing() as tx:
        notices.run_started(world, tx, home, streaming, run(home))
        notices.run_ended(world, tx, home, streaming, run(home))
    assert log(api, made) == []


def test_nothing_is_told_of_what_was_undone(api: Api, home: Tenant, world: World, hook: Receiver) -> None:
    made = subscribe(api, hook)
    with pytest.raises(ZeroDivisionError), world.database.writing() as tx:
        notices.run_ended(world, tx, home, flow(), run(home))
        raise ZeroDivisionError
    assert log(api, made) == []
    tell(world, home)
    settled(api, made, "delivered")
    assert len(hook.received) == 1


def test_events_of_a_flow_come_in_order_also_when_some_fail(lasting: World, hook: Receiver) -> None:
    tenant, subscriber = home_in(lasting), listener(lasting, hook.url)
    hook.statuses = [200, 500, 503, 200, 429, 200]
    tell(lasting, tenant, 10)
    with quick(lasting) as courier:
        assert courier.drain(10)
    told = [post.body["id"] for post in hook.received]
    assert told == ["r0", "r1", "r1", "r1", "r2", "r2", *(f"r{number}" for number in range(3, 10))]
    assert states(lasting, subscriber) == [("delivered", 1)] * 7 + [
        ("delivered", 2),
        ("delivered", 3),
        ("delivered", 1),
    ]


def test_a_flow_whose_event_cannot_be_delivered_holds_up_no_other(quiet: World, hook: Receiver) -> None:
    tenant = home_in(quiet)
    listener(quiet, hook.url)
    held = threading.Event()
    hook.gate = lambda post: held.wait(10) if post.body["flowId"] == FLOW_ID else None
    tell(quiet, tenant, 2, FLOW_ID)
    tell(quiet, tenant, 3, OTHER_FLOW)
    with quick(quiet) as courier:
        posts = hook.await_posts(4)
        assert [post.body["id"] for post in posts if post.body["flowId"] == OTHER_FLOW] == ["r0", "r1", "r2"]
        held.set()
        assert courier.drain(10)


def test_a_subscriber_that_does_not_answer_holds_up_no_other(quiet: World, hook: Receiver) -> None:
    tenant = home_in(quiet)
    held = threading.Event()
    with receiver() as slow:
        slow.gate = lambda _post: held.wait(10)
        listener(quiet, slow.url)
        listener(quiet, hook.url)
        for number in range(3 * engine.AT_ONCE_PER_SUBSCRIBER):
            tell(quiet, tenant, 1, f"flow {number}")
        with quick(quiet) as courier:
            hook.await_posts(3 * engine.AT_ONCE_PER_SUBSCRIBER)
            assert len(slow.received) == engine.AT_ONCE_PER_SUBSCRIBER
            held.set()
            assert courier.drain(10)


def test_an_event_keeps_its_id_over_retries_which_are_counted(
    api: Api, home: Tenant, world: World, hook: Receiver
) -> None:
    made = subscribe(api, hook)
    hook.statuses = [500]
    tell(world, home)
    first, second = hook.await_posts(2)
    assert first.headers["x-adobe-event-id"] == second.headers["x-adobe-event-id"]
    assert first.raw == second.raw
    assert second.headers["x-adobe-retry-count"] == "1"
    item = settled(api, made, "delivered")
    assert (item["attempts"], [attempt["status"] for attempt in item["log"]]) == (2, [500, 200])
    assert item["eventId"] == first.headers["x-adobe-event-id"]
    assert item["body"] == first.body


def test_after_the_last_attempt_an_event_is_given_up_and_the_next_one_comes(quiet: World, hook: Receiver) -> None:
    tenant, subscriber = home_in(quiet), listener(quiet, hook.url)
    hook.statuses = [500] * engine.MOST_ATTEMPTS
    tell(quiet, tenant, 2)
    with quick(quiet) as courier:
        assert courier.drain(10)
    assert states(quiet, subscriber) == [("delivered", 1), ("given up", engine.MOST_ATTEMPTS)]


@pytest.mark.parametrize("status", [302, 400, 404, 505])
def test_an_answer_that_says_no_is_not_asked_again_and_no_redirect_followed(
    quiet: World, hook: Receiver, status: int
) -> None:
    subscriber = listener(quiet, hook.url)
    hook.statuses = [status]
    tell(quiet, home_in(quiet))
    with quick(quiet) as courier:
        assert courier.drain(10)
    assert states(quiet, subscriber) == [("given up", 1)]
    assert len(hook.received) == 1


def test_nobody_at_the_address_is_an_error_in_the_log(api: Api, home: Tenant, world: World) -> None:
    with receiver() as gone:
        pass
    made = subscribe(api, gone)
    tell(world, home)
    until = time.monotonic() + 10
    while not (item := log(api, made)[0])["log"] and time.monotonic() < until:
        time.sleep(0.01)
    assert item["state"] == "waiting"
    assert item["log"][0]["error"] == "Connection refused"
    assert item["log"][0]["at"].endswith("Z")
    assert api.http.delete(f"{SUBSCRIPTIONS}/{made['id']}").status_code == 204


def test_an_answer_that_takes_too_long_is_a_failure(quiet: World, hook: Receiver) -> None:
    subscriber = listener(quiet, hook.url)
    held = threading.Event()
    hook.gate = lambda _post: len(hook.received) > 1 or held.wait(10)
    tell(quiet, home_in(quiet))
    with quick(quiet, timeout=0.2) as courier:
        assert courier.drain(10)
    held.set()
    with quiet.database.reading() as tx:
        (one,) = deliveries.newest(tx, subscriber, 1)[0]
    assert one.attempts == 2
    assert '"error":"no answer within 0.2 s"' in one.log


def test_two_couriers_on_one_database_tell_each_event_once(lasting: World, hook: Receiver) -> None:
    tenant = home_in(lasting)
    listener(lasting, hook.url)
    for number in range(20):
        tell(lasting, tenant, 2, f"flow {number}")
    with quick(lasting), quick(lasting) as courier:
        assert courier.drain(10)
    assert len({post.headers["x-adobe-event-id"] for post in hook.received}) == len(hook.received) == 40


def test_what_a_dead_process_held_is_told_when_its_lease_ends(lasting: World, hook: Receiver) -> None:
    subscriber = listener(lasting, hook.url)
    tell(lasting, home_in(lasting))
    with lasting.database.writing() as tx:
        (head,) = deliveries.heads(tx)
        assert deliveries.lease(tx, head.seq, head.due, engine.LEASE_MS)
        assert not deliveries.lease(tx, head.seq, head.due, engine.LEASE_MS)
    with quick(lasting, now=lambda: 1.0):
        time.sleep(0.1)
        assert hook.received == []
    with quick(lasting, now=lambda: engine.LEASE_MS / 1000) as courier:
        assert courier.drain(10)
    assert states(lasting, subscriber) == [("delivered", 1)]


def test_what_is_under_way_when_the_server_stops_is_told_again(quiet: World, hook: Receiver) -> None:
    subscriber = listener(quiet, hook.url)
    held = threading.Event()
    hook.gate = lambda _post: len(hook.received) > 1 or held.wait(10)
    tell(quiet, home_in(quiet))
    with quick(quiet):
        hook.await_posts(1)
        stopping = time.monotonic()
    assert time.monotonic() - stopping < engine.STOPPING_S
    assert states(quiet, subscriber) == [("waiting", 0)]
    held.set()
    with quick(quiet) as courier:
        assert courier.drain(10)
    assert states(quiet, subscriber) == [("delivered", 1)]


def test_deliveries_to_somebody_who_is_gone_are_dropped(quiet: World, hook: Receiver) -> None:
    subscriber = listener(quiet, hook.url)
    tell(quiet, home_in(quiet))
    with quiet.database.writing() as tx:
        subscribers.remove(tx, subscriber)
    with quick(quiet) as courier:
        assert courier.drain(10)
    assert hook.received == []


def test_a_subscription_made_by_another_process_is_known_within_a_second(quiet: World, hook: Receiver) -> None:
    tenant = home_in(quiet)
    tell(quiet, tenant)
    new = subscribers.Subscriber("s", None, hook.url, "x", 0, notices.Wish(RUNS, "alerts", "", "").written())
    with quiet.database.writing() as tx:
        subscribers.create(tx, new)
    until = time.monotonic() + notices.KNOWN_FOR_S + 0.1
    while not states(quiet, "s"):
        assert time.monotonic() < until
        tell(quiet, tenant)
        time.sleep(0.02)


def test_a_delivery_is_repeated_on_demand_once_it_has_ended(
    api: Api, home: Tenant, world: World, hook: Receiver
) -> None:
    made = subscribe(api, hook)
    hook.statuses = [404]
    tell(world, home)
    item = settled(api, made, "given up")
    again = f"{SUBSCRIPTIONS}/{made['id']}/deliveries/{item['seq']}/repeat"
    answer = api.http.post(again)
    assert answer.status_code == 202
    assert answer.json()["eventId"] == item["eventId"]
    item = settled(api, made, "delivered")
    assert [attempt["status"] for attempt in item["log"]] == [404, 200]
    for wrong in ("0", "x", str(item["seq"] + 1_000_000)):
        assert api.http.post(f"{SUBSCRIPTIONS}/{made['id']}/deliveries/{wrong}/repeat").status_code == 404
    other = subscribe(api, hook)
    assert api.http.post(f"{SUBSCRIPTIONS}/{other['id']}/deliveries/{item['seq']}/repeat").status_code == 404
    hook.status = 500
    api.http.post(again)
    hook.await_posts(3)
    assert api.http.post(again).status_code == 400
    assert api.http.delete(f"{SUBSCRIPTIONS}/{made['id']}").status_code == 204
    assert api.http.get(f"{SUBSCRIPTIONS}/{made['id']}/deliveries").status_code == 404


def test_the_log_comes_newest_first_and_as_long_as_asked_for(
    api: Api, home: Tenant, world: World, hook: Receiver
) -> None:
    made = subscribe(api, hook)
    tell(world, home, 3)
    hook.await_posts(3)
    page = api.http.get(f"{SUBSCRIPTIONS}/{made['id']}/deliveries", params={"limit": 2}).json()
    assert page["count"] == 3
    assert [item["body"]["id"] for item in page["items"]] == ["r2", "r1"]
    assert page["items"][0]["flow"] == FLOW_ID
    assert api.http.get(f"{SUBSCRIPTIONS}/{made['id']}/deliveries", params={"limit": 0}).status_code == 400


@pytest.mark.parametrize(
    ("body", "mentions"),
    [
        ({}, "url is needed"),
        ({"url": 5}, "url is needed"),
        ({"url": "ftp://x/"}, "url must be an address such as"),
        ({"url": "http://"}, "url must be an address such as"),
        ({"url": "http://x:99999/"}, "url must be an address such as"),
        ({"url": "http://[0]/"}, "url must be an address such as"),
        ({"url": "http://[/"}, "url must be an address such as"),
        ({"url": "http://x:0/"}, "url must be an address such as"),
        ({"url": "http://u:hunter2@x/"}, "without a user, a password"),
        ({"url": "http://x/#part"}, "a part behind #"),
        ({"url": "http://x/\r\nHost: y"}, "url must be an address such as"),
        ({"url": "http://x/ü"}, "in ASCII characters"),
        ({"url": "http://x/" + "a" * 2048}, "more than 2048"),
        ({"url": "http://x/", "org": ""}, "org must be a text"),
        ({"url": "http://x/", "org": 1}, "org must be a text"),
        ({"url": "http://x/", "events": []}, "events must be a list"),
        ({"url": "http://x/", "events": ["run.paused"]}, "run.started"),
        ({"url": "http://x/", "events": ["run.started"], "form": "notifications"}, "the form notifications"),
        ({"url": "http://x/", "form": "rss"}, "alerts, notifications"),
        ({"url": "http://x/", "name": "n"}, "name is unknown"),
        ([], "a JSON object"),
    ],
)
def test_a_subscription_that_makes_no_sense_is_refused(api: Api, body: Any, mentions: str) -> None:
    before = api.http.get(SUBSCRIPTIONS).json()
    answer = api.http.post(SUBSCRIPTIONS, json=body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"] == "bad_request"
    assert mentions in answer.json()["message"]
    assert "hunter2" not in answer.text
    assert api.http.get(SUBSCRIPTIONS).json() == before


def test_a_subscription_that_is_not_there_is_not_found(api: Api) -> None:
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/deliveries"), ("POST", "/deliveries/1/repeat")):
        assert api.http.request(method, f"{SUBSCRIPTIONS}/nobody{path}").status_code == 404


def test_who_was_named_at_the_start_is_told_everything_and_outlives_a_reset(tmp_path: Path, hook: Receiver) -> None:
    settings = Settings(port=0, database=f"sqlite:///{tmp_path}/e.db", events=(hook.url,), events_secret="s3cret")
    with Background(settings) as running, client_of(running.url, "ACME@AdobeOrg") as api:
        world = running.app.world
        subscribe(api, hook)
        tell(world, home_in(world))
        assert verifies(hook.await_posts(2)[0], "s3cret") != verifies(hook.received[1], "s3cret")
        # Without an organisation's headers, which would reset that one alone.
        assert httpx.post(f"{running.url}/__admin/reset").status_code == 200
        (fixed,) = api.http.get(SUBSCRIPTIONS).json()["items"]
        assert (fixed["fixed"], fixed["org"], len(fixed["events"])) == (True, None, 5)
        assert log(api, fixed) == []
        assert api.http.delete(f"{SUBSCRIPTIONS}/{fixed['id']}").status_code == 400
        tell(world, home_in(world))
        assert verifies(hook.await_posts(3)[2], "s3cret")
        assert running.app.courier.drain(10)
        configured = api.http.get("/__admin/config")
        assert configured.json()["events"] == [hook.url]
        assert "s3cret" not in configured.text
    with Background(Settings(port=0, database=settings.database)) as running:
        assert httpx.get(running.url + SUBSCRIPTIONS).json() == {"items": []}


def test_one_that_was_named_at_the_start_keeps_its_secret_until_there_is_another(tmp_path: Path) -> None:
    kept = []
    for secret in (None, None, "told"):
        events = ("http://127.0.0.1:9/hook",)
        settings = Settings(database=f"sqlite:///{tmp_path}/e.db", events=events, events_secret=secret)
        world = create(settings).world
        with world.database.reading() as tx:
            kept += [one.secret for one in subscribers.everyone(tx)]
        world.database.close()
    assert len(kept[0]) == 64
    assert kept == [kept[0], kept[0], "told"]


def test_addresses_come_by_flag_or_by_variable() -> None:
    variables = {"FLOW_EMULATOR_EVENTS": "http://a/ https://b/?x=1", "FLOW_EMULATOR_EVENTS_SECRET": "s3cret"}
    settings = from_environment(variables)
    assert settings.events == ("http://a/", "https://b/?x=1")
    assert "s3cret" not in repr(settings)
    assert from_environment(settings.as_environment()) == settings
    with pytest.raises(BadSetting, match="--events: ftp://a must be an address such as"):
        from_environment({}, {"events": ("ftp://a",)})


def test_those_who_want_nothing_cost_nothing(quiet: World) -> None:
    """A run without subscribers asks the database at most once a second."""
    tenant = home_in(quiet)
    began = time.perf_counter()
    with quiet.database.writing() as tx:
        for _ in range(1000):
            notices.run_ended(quiet, tx, tenant, flow(), run(tenant))
    assert time.perf_counter() - began < 0.2


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_a_wait_is_between_half_and_whole_of_what_doubles_up_to_a_bound(attempts: int, jitter: float) -> None:
    whole = wait_ms(attempts, 0)
    assert whole / 2 <= wait_ms(attempts, jitter) <= whole <= LONGEST_MS
    assert wait_ms(attempts + 1, 0) == min(2 * whole, LONGEST_MS)
    assert wait_ms(attempts, 1) <= wait_ms(attempts, jitter)


@given(st.integers(100, 599))
def test_a_status_is_success_or_comes_again_or_is_the_end(status: int) -> None:
    outcome = Outcome(status, None)
    assert outcome.succeeded == (200 <= status <= 299)
    assert outcome.may_succeed_later == (status == 429 or (status >= 500 and status != 505))


def test_events_stay_on_this_machine_unless_the_start_says_otherwise(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/e.db"
    elsewhere = {"url": "http://receiver.invalid:9000/hook"}
    with Background(Settings(port=0, database=database)) as server:
        answer = httpx.post(f"{server.url}{SUBSCRIPTIONS}", json=elsewhere)
        assert answer.status_code == 400
        assert "--outgoing receiver.invalid" in answer.json()["message"]
    with Background(Settings(port=0, database=database, outgoing=("RECEIVER.invalid",))) as server:
        assert httpx.post(f"{server.url}{SUBSCRIPTIONS}", json=elsewhere).status_code == 201
        other = {"url": "http://another.invalid/hook"}
        assert httpx.post(f"{server.url}{SUBSCRIPTIONS}", json=other).status_code == 400
    with Background(Settings(port=0, database=database)) as server, client_of(server.url, "OUT@AdobeOrg") as api:
        api.first_run(api.flow()[0])
        (subscription,) = api.http.get(SUBSCRIPTIONS).json()["items"]
        attempts = eventually(lambda: _attempts(api, subscription["id"]))
        assert "--outgoing receiver.invalid" in str(attempts)


def _attempts(api: Api, subscription: str) -> list[Document]:
    """Of the oldest delivery, none while there is no delivery."""
    items: list[Document] = api.http.get(f"{SUBSCRIPTIONS}/{subscription}/deliveries").json()["items"]
    return items[-1]["log"] if items else []
