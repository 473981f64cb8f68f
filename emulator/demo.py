"""The Stripe tutorial from connection to landed records, against a server in memory."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from emulator import remote
from emulator.server import Background
from emulator.settings import Settings

Echo = Callable[[str], None]
FLOW_SERVICE = "/data/foundation/flowservice"
STRIPE = {"id": "cc2c31d6-7b8c-4581-b49f-5c8698aa3ab3", "version": "1.0"}
DATA_LAKE = {"id": "c604ff05-7f1a-43c0-8e18-33bf874cb11c", "version": "1.0"}
REST_TO_PLATFORM = {"id": "6499120c-0b15-42dc-936e-847ea3c24d72", "version": "1.0"}
CHARGES = "eyJyZXNvdXJjZVBhdGgiOiJjaGFyZ2VzIn0="
_PATIENCE_S = 10
_SHOWN = 240


class Failed(Exception):
    """A step that did not answer as the tutorial says."""


class _Walk:
    """Makes calls, prints them, and stops at the first that fails."""

    def __init__(self, url: str, echo: Echo) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc)
        self._echo = echo
        self._headers = {"x-gw-ims-org-id": "DEMO@AdobeOrg", "x-sandbox-name": "prod", "x-api-key": "demo"}

    def call(self, title: str, method: str, path: str, body: Any = None, **headers: str) -> Any:
        self._echo(f"\n# {title}\n{method} {path}")
        sent = None if body is None else json.dumps(body)
        more = {} if body is None else {"Content-Type": "application/json"}
        renamed = {name.replace("_", "-"): value for name, value in headers.items()}
        # A new one each time: a week that passes on a busy machine outlasts how long a server keeps an idle one.
        self._connection.close()
        self._connection.request(method, path, sent, self._headers | more | renamed)
        answer = self._connection.getresponse()
        text = answer.read().decode()
        self._echo(f"{answer.status} {text if len(text) <= _SHOWN else text[:_SHOWN] + ' …'}")
        if answer.status >= 400:
            raise Failed(f"{title}: {method} {path} answered {answer.status}: {text}")
        return json.loads(text) if text else None

    def authorise(self, token: str) -> None:
        self._headers["Authorization"] = f"Bearer {token}"


def walk(echo: Echo) -> None:
    """Everything in order; raises ``Failed`` at the first step that goes wrong."""
    with Background(Settings(port=0, database="sqlite://", auth="strict")) as server:
        echo(f"a server in memory listens on {server.url}")
        steps = _Walk(server.url, echo)
        credentials = "client_id=demo&client_secret=demo&grant_type=client_credentials"
        token = steps.call("A token", "POST", f"/ims/token/v3?{credentials}")
        steps.authorise(token["access_token"])
        schema, dataset = _target(steps)
        source = _source(steps)
        flow = _flow(steps, source, schema, dataset)
        _await_run(steps, flow)
        echo("\n# A week passes\nPOST /__admin/clock/advance")
        passed = remote.advance(server.url, {"by": "P7D"})
        echo(f"200 {json.dumps(passed)}")
        # The old one has expired on the way.
        steps.authorise(steps.call("A new token", "POST", f"/ims/token/v3?{credentials}")["access_token"])
        landed = steps.call("The records that landed", "GET", f"/__admin/datasets/{dataset}/records?limit=1")
        _clean_up(steps, flow)
        echo(f"\n{passed['runs'] + 1} runs in a week that took no time.")
        echo(f"{landed['count']} records went from the source through the mapping into the dataset.")


def _target(steps: _Walk) -> tuple[str, str]:
    fields = {"type": "object", "properties": {"_demo": {"type": "object"}}}
    body: dict[str, Any] = {
        "title": "Charges",
        "type": "object",
        "allOf": [{"$ref": "https://ns.adobe.com/xdm/context/profile"}, fields],
    }
    schema = steps.call("A schema", "POST", "/data/foundation/schemaregistry/tenant/schemas", body)["$id"]
    reference = {"id": schema, "contentType": "application/vnd.adobe.xed+json;version=1"}
    body = {"name": "Charges", "schemaRef": reference}
    made = steps.call("A dataset of it", "POST", "/data/foundation/catalog/dataSets", body)
    return schema, made[0].removeprefix("@/dataSets/")


def _source(steps: _Walk) -> str:
    auth = {"specName": "OAuth2 Refresh Code", "params": {"accessToken": "a token of the payment service"}}
    body = {"name": "Stripe", "connectionSpec": STRIPE, "auth": auth}
    base = steps.call("A base connection", "POST", f"{FLOW_SERVICE}/connections", body)["id"]
    query = f"objectType=rest&object=json&fileType=json&preview=true&sourceParams={CHARGES}"
    steps.call("What is in it", "GET", f"{FLOW_SERVICE}/connections/{base}/explore?{query}")
    body = {
        "name": "Stripe charges",
        "baseConnectionId": base,
        "connectionSpec": STRIPE,
        "data": {"format": "json"},
        "params": {"resourcePath": "charges"},
    }
    made: str = steps.call("A source connection", "POST", f"{FLOW_SERVICE}/sourceConnections", body)["id"]
    return made


def _flow(steps: _Walk, source: str, schema: str, dataset: str) -> str:
    body: dict[str, Any] = {
        "name": "Charges in the data lake",
        "connectionSpec": DATA_LAKE,
        "data": {"schema": {"id": schema, "version": "application/vnd.adobe.xed-full+json;version=1"}},
        "params": {"dataSetId": dataset},
    }
    target = steps.call("A target connection", "POST", f"{FLOW_SERVICE}/targetConnections", body)["id"]
    pairs = {"data.id": "_demo.id", "data.amount": "_demo.amount", "data.payment_method_details.card": "_demo.card"}
    mappings = [{"sourceType": "ATTRIBUTE", "source": source, "destination": to} for source, to in pairs.items()]
    body = {"version": 0, "xdmSchema": schema, "xdmVersion": "1.0", "mappings": mappings}
    mapping = steps.call("A mapping set", "POST", "/data/foundation/conversion/mappingSets", body)["id"]
    body = {
        "name": "Stripe to Platform",
        "flowSpec": REST_TO_PLATFORM,
        "sourceConnectionIds": [source],
        "targetConnectionIds": [target],
        "transformations": [{"name": "Mapping", "params": {"mappingId": mapping, "mappingVersion": 0}}],
        "scheduleParams": {"startTime": int(time.time()), "frequency": "minute", "interval": 15},
    }
    made: str = steps.call("A flow", "POST", f"{FLOW_SERVICE}/flows", body)["id"]
    return made


def _await_run(steps: _Walk, flow: str) -> None:
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        items = steps.call("Its runs", "GET", f"{FLOW_SERVICE}/runs?property=flowId=={flow}")["items"]
        if items:
            status = items[0]["metrics"]["statusSummary"]
            if status["status"] != "success":
                raise Failed(f"the run ended with {status}")
            return
        time.sleep(0.2)
    raise Failed(f"no run within {_PATIENCE_S} s")


def _clean_up(steps: _Walk, flow: str) -> None:
    path = f"{FLOW_SERVICE}/flows/{flow}"
    etag = steps.call("The flow, for its etag", "GET", path)["items"][0]["etag"]
    change = [{"op": "replace", "path": "/scheduleParams/frequency", "value": "day"}]
    steps.call("A patch under that etag", "PATCH", path, change, if_match=etag)
    steps.call("And the end of it", "DELETE", path)
