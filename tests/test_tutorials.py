"""Every request of the five published tutorials, in their order, as a reader would send them.

Ids that a tutorial prints are replaced by those that the walk got; nothing else is changed. What a page
prints but cannot be JSON is sent as printed, refused as malformed, and then sent mended.
"""

from __future__ import annotations

import re
import time
from typing import Any

import httpx
import pytest

from tests.support import CATALOG, FLOW, FULL, MAPPING_SETS, REGISTRY, Api, Document, assert_refused

UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
ETAG = re.compile(r'^"[0-9a-f]{8}-0000-0[0-9a-f]00-0000-[0-9a-f]{8}0000"$')
HEX32 = re.compile(r"^[0-9a-f]{32}$")
PERSON_SCHEMA = ["context/profile", "context/profile-person-details", "context/profile-personal-details"]
# Its profiles and its transactions go through one flow into one dataset.
CAPILLARY_GROUPS = [
    "context/identitymap",
    "context/profile-loyalty-details",
    "context/experienceevent-commerce",
]
WORK_GROUPS = ["context/profile-work-details", "context/identitymap"]
EVENT_SCHEMA = ["context/experienceevent", "context/identitymap", "context/experienceevent-commerce"]


class Walk:
    """A reader with a terminal: sends what is printed and looks at what comes back."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.http = api.http
        self.tenant = ""

    def created(self, collection: str, body: Document) -> str:
        """A create in Flow Service answers 201 with id and etag, and nothing else."""
        answer = self.http.post(f"{FLOW}/{collection}", json=body)
        assert answer.status_code == 201, answer.text
        assert set(answer.json()) == {"id", "etag"}
        assert UUID.match(answer.json()["id"])
        assert ETAG.match(answer.json()["etag"])
        made: str = answer.json()["id"]
        return made

    def token(self) -> None:
        form = {"client_id": "k", "client_secret": "s", "grant_type": "client_credentials", "scope": "openid"}
        answer = self.http.post("/ims/token/v3", data=form)
        assert answer.status_code == 200
        assert set(answer.json()) == {"access_token", "token_type", "expires_in"}
        self.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def schema(self, title: str, parts: list[str], namespace: str = "") -> str:
        """The pages' own fields lie in schemas that they do not show."""
        mine = "_" + self.api.org.partition("@")[0].lower()
        own = {namespace or mine: {"type": "object", "title": "Own fields"}}
        body = {
            "type": "object",
            "title": title,
            "description": title,
            "allOf": [*({"$ref": f"https://ns.adobe.com/xdm/{part}"} for part in parts), {"properties": own}],
            "meta:containerId": "tenant",
            "meta:resourceType": "schemas",
            "meta:xdmType": "object",
            "meta:class": f"https://ns.adobe.com/xdm/{parts[0]}",
        }
        answer = self.http.post(f"{REGISTRY}/tenant/schemas", json=body)
        assert answer.status_code == 201, answer.text
        schema = answer.json()
        documented = ["$id", "meta:altId", "meta:resourceType", "version", "title", "type", "description", "allOf"]
        documented += ["refs", "imsOrg", "meta:extensible", "meta:abstract", "meta:extends", "meta:xdmType"]
        documented += ["meta:registryMetadata", "meta:class", "meta:containerId", "meta:sandboxId"]
        documented += ["meta:sandboxType", "meta:tenantNamespace"]
        assert set(documented) <= set(schema)
        self.tenant = schema["meta:tenantNamespace"]
        made: str = schema["$id"]
        return made

    def dataset(self, name: str, schema: str, **more: Any) -> str:
        content_type = "application/vnd.adobe.xed-full-notext+json; version=1"
        body = {"name": name, "schemaRef": {"id": schema, "contentType": content_type}, **more}
        answer = self.http.post(f"{CATALOG}/dataSets", json=body)
        assert answer.status_code == 201, answer.text
        (reference,) = answer.json()
        assert re.match(r"^@/dataSets/[0-9a-f]{24}$", reference)
        made: str = reference.removeprefix("@/dataSets/")
        return made

    def mapping_set(self, path: str, body: Document) -> str:
        answer = self.http.post(path, json=body)
        assert answer.status_code == 200, answer.text
        made = answer.json()
        assert set(made) == {"id", "version", "createdDate", "modifiedDate", "createdBy", "modifiedBy"}
        assert HEX32.match(made["id"])
        assert made["version"] == 0
        set_id: str = made["id"]
        return set_id

    def patched(self, path: str, operations: list[Document], if_match: str) -> None:
        """The PATCH curls print no content type, so curl says it sends a form."""
        headers = {"If-Match": if_match, "Content-Type": "application/x-www-form-urlencoded"}
        before = self.http.get(f"{FLOW}{path}").json()["items"][0]
        answer = self.http.patch(f"{FLOW}{path}", content=_json(operations), headers=headers)
        assert answer.status_code == 200, answer.text
        assert answer.json() == {"id": before["id"], "etag": answer.json()["etag"]}
        assert answer.json()["etag"] != before["etag"]

    def deleted(self, path: str) -> None:
        answer = self.http.delete(f"{FLOW}{path}")
        assert (answer.status_code, answer.content) == (204, b"")
        assert_refused(self.http.get(f"{FLOW}{path}"), "FLOW-1439-404")


@pytest.fixture
def walk(api: Api) -> Walk:
    started = Walk(api)
    started.token()
    return started


def _json(value: Any) -> bytes:
    return httpx.Request("POST", "http://x", json=value).content


def _attribute(source: str, destination: str) -> Document:
    return {"destinationXdmPath": destination, "sourceAttribute": source, "identity": False, "version": 0}


def test_stripe(walk: Walk) -> None:
    printed = """{
      "name": "Stripe base connection",
      "description": "Authenticated base connection for Stripe",
      "connectionSpec": {"id": "cc2c31d6-7b8c-4581-b49f-5c8698aa3ab3", "version": "1.0"},
      "auth": {"specName": "OAuth2 Refresh Code", "params": {"accessToken": "{ACCESS_TOKEN}",}}
    }"""
    json_header = {"Content-Type": "application/json"}
    refused = walk.http.post(f"{FLOW}/connections", content=printed, headers=json_header)
    assert "line 5 column" in assert_refused(refused, "CONNECTOR-1000-400")["errorMessage"]
    mended = printed.replace('",}', '"}')
    answer = walk.http.post(f"{FLOW}/connections", content=mended, headers=json_header)
    assert answer.status_code == 201, answer.text
    base = answer.json()["id"]

    explored = walk.http.get(
        f"{FLOW}/connections/{base}/explore?objectType=rest&object=json&fileType=json&preview=false"
        "&sourceParams=eyJyZXNvdXJjZVBhdGgiOiJjaGFyZ2VzIn0%3D"
    )
    _is_shape_of_charges(explored.json())

    stripe = {"id": "cc2c31d6-7b8c-4581-b49f-5c8698aa3ab3", "version": "1.0"}
    source = walk.created(
        "sourceConnections",
        {
            "name": "Stripe Source Connection For Charges Data",
            "description": "Stripe source connection for charges data",
            "baseConnectionId": base,
            "connectionSpec": stripe,
            "data": {"format": "json"},
            "params": {"resourcePath": "charges"},
        },
    )
    schema = walk.schema("Charges", ["context/profile"])
    dataset = walk.dataset("Charges", schema)
    target = walk.created(
        "targetConnections",
        {
            "name": "Stripe Target Connection For Charges Data",
            "description": "Stripe target connection for charges data",
            "connectionSpec": {"id": "c604ff05-7f1a-43c0-8e18-33bf874cb11c", "version": "1.0"},
            "data": {
                "format": "parquet_xdm",
                "schema": {"id": schema, "version": "application/vnd.adobe.xed-full+json;version=1.3"},
            },
            "params": {"dataSetId": dataset},
        },
    )
    broken = '{"version": 0, "xdmSchema": "x", "xdmVersion": "1.0", }, "mappings": []}'
    assert walk.http.post(MAPPING_SETS, content=broken, headers=json_header).status_code == 400
    fields = ["id", "refunded", "disputed", "livemode", "status", "receipt_url", "payment_intent", "amount"]
    fields += ["customer", "amount_captured", "payment_method", "object", "captured", "created", "paid"]
    fields += ["amount_refunded", "currency", "calculated_statement_descriptor", "balance_transaction", "outcome"]
    card = ["last4", "fingerprint", "funding", "country", "exp_year", "exp_month", "network", "brand"]
    card += ["overcapture.maximum_amount_capturable", "overcapture.status", "network_token.used", "amount_authorized"]
    card += ["incremental_authorization.status", "multicapture.status", "extended_authorization.status"]
    fields += ["payment_method_details", *(f"payment_method_details.card.{name}" for name in card)]
    mapping = walk.mapping_set(
        MAPPING_SETS,
        {
            "version": 0,
            "xdmSchema": schema,
            "xdmVersion": "1.0",
            "mappings": [_attribute(f"data.{name}", f"{walk.tenant}.charges_data.{name}") for name in fields],
        },
    )
    flow_body = {
        "name": "Stripe Connector Flow Generic Rest",
        "description": "Stripe Connector Description Flow Generic Rest",
        "flowSpec": {"id": "6499120c-0b15-42dc-936e-847ea3c24d72", "version": "1.0"},
        "sourceConnectionIds": [source],
        "targetConnectionIds": [target],
        "transformations": [{"name": "Mapping", "params": {"mappingId": mapping, "mappingVersion": 0}}],
        "scheduleParams": {"startTime": "1710267858", "frequency": "minute", "interval": 15},
    }
    placeholder = _json(flow_body).replace(b'"interval":15', b'"interval":{{interval}}')
    refused = walk.http.post(f"{FLOW}/flows", content=placeholder, headers=json_header)
    assert_refused(refused, "CONNECTOR-1000-400")
    flow = walk.created("flows", flow_body)

    run = walk.api.first_run(flow)
    assert run["metrics"]["recordSummary"]["outputRecordCount"] == 150
    landed = walk.api.records(dataset, limit=1)
    assert landed["count"] == 150
    charge = landed["items"][0][walk.tenant]["charges_data"]
    assert charge["id"].startswith("ch_")
    assert charge["payment_method_details"]["card"]["network_token"]["used"] in (True, False)

    walk.patched(
        f"/flows/{flow}",
        [{"op": "replace", "path": "/scheduleParams/frequency", "value": "day"}],
        walk.api.item("flows", flow)["etag"],
    )
    walk.deleted(f"/flows/{flow}")
    walk.deleted(f"/connections/{base}")


def _is_shape_of_charges(explored: Document) -> None:
    """The documented answer: what was only ever null is {}, integers have bounds, no data without preview."""
    assert set(explored) == {"format", "schema"}
    assert explored["format"] == "hierarchical"
    charge = explored["schema"]["properties"]["data"]["properties"]
    bounded = {"type": "integer", "minimum": -9007199254740992, "maximum": 9007199254740991}
    assert charge["amount"] == charge["created"] == bounded
    assert charge["failure_code"] == charge["shipping"] == {}
    assert charge["metadata"] == {"type": "object", "properties": {}}
    assert charge["captured"] == {"type": "boolean"}
    card = charge["payment_method_details"]["properties"]["card"]["properties"]
    assert card["three_d_secure"] == {}
    assert card["network_token"]["properties"] == {"used": {"type": "boolean"}}
    assert card["checks"]["properties"]["cvc_check"] == {"type": "string"}
    documented = ["balance_transaction", "billing_details", "livemode", "outcome", "payment_intent", "receipt_url"]
    documented += ["amount_captured", "radar_options", "statement_descriptor", "transfer_data", "review", "customer"]
    assert set(documented) <= set(charge)


def test_mixpanel(walk: Walk) -> None:
    mixpanel = {"id": "fd2c8ff3-1de0-4f6b-8fa8-4264784870eb", "version": "1.0"}
    base = walk.created(
        "connections",
        {
            "name": "Mixpanel base connection",
            "description": "Mixpanel base connection to authenticate to Platform",
            "connectionSpec": mixpanel,
            "auth": {
                "specName": "Basic Authentication",
                "params": {"host": "https://data.mixpanel.com", "username": "{USERNAME}", "password": "{PASSWORD}"},
            },
        },
    )
    explored = walk.http.get(
        f"{FLOW}/connections/{base}/explore?objectType=rest&object=json&fileType=json&preview=true"
        "&sourceParams=eyJsaXN0SWQiOiIxMGMwOTdjYTcxIn0="
    ).json()
    assert set(explored) == {"format", "schema", "data"}
    shape = explored["schema"]["properties"]
    assert shape["event"] == {"type": "string"}
    assert shape["properties"]["properties"]["$import"] == {"type": "boolean"}
    assert shape["properties"]["properties"]["time"]["type"] == "integer"
    assert len(explored["data"]) == 10
    assert set(explored["data"][0]) == {"event", "properties"}

    source = walk.created(
        "sourceConnections",
        {
            "name": "Mixpanel source connection",
            "description": "Mixpanel source connection",
            "baseConnectionId": base,
            "connectionSpec": mixpanel,
            "data": {"format": "json"},
            "params": {"projectId": "{PROJECT_ID}", "timezone": "{TIMEZONE}"},
        },
    )
    schema = walk.schema("Mixpanel", ["context/profile"], "_extconndev")
    dataset = walk.dataset("Mixpanel", schema)
    target = walk.created(
        "targetConnections",
        {
            "name": "{Mixpanel} Target Connection",
            "description": "{Mixpanel} Target Connection",
            "connectionSpec": mixpanel,
            "data": {"format": "json"},
            "params": {"dataSetId": dataset},
        },
    )
    names = ["distinct_id", "event_name", "import", "insert_id", "item_id", "item_name", "item_price"]
    names += ["mp_api_endpoint", "mp_api_timestamp_ms", "mp_processing_time_ms", "time"]
    mappings: list[Document] = [
        {"sourceType": "ATTRIBUTE", "source": f"data.{name}", "destination": f"_extconndev.{name}"} for name in names
    ]
    mappings[0] |= {"name": "distinct_id", "description": "Mixpanel"}
    body = {"version": 0, "xdmSchema": schema, "xdmVersion": "1.0", "id": None, "mappings": mappings}
    mapping = walk.mapping_set(MAPPING_SETS, body)
    flow = walk.created(
        "flows",
        {
            "name": "{Mixpanel} dataflow",
            "description": "{Mixpanel} dataflow",
            "flowSpec": {"id": "6499120c-0b15-42dc-936e-847ea3c24d72", "version": "1.0"},
            "sourceConnectionIds": [source],
            "targetConnectionIds": [target],
            "transformations": [{"name": "Mapping", "params": {"mappingId": mapping, "mappingVersion": "0"}}],
            "scheduleParams": {"startTime": "1625040887", "frequency": "minute", "interval": 15},
        },
    )
    run = walk.api.first_run(flow)
    _is_documented_run(run, flow, source, target)
    event = walk.api.records(dataset, limit=1)["items"][0]["_extconndev"]
    assert set(event) >= {"distinct_id", "event_name", "insert_id", "item_price", "mp_api_timestamp_ms", "time"}

    changes: list[Document] = [
        {"op": "replace", "path": "/scheduleParams/frequency", "value": "day"},
        {"op": "replace", "path": "/name", "value": "New dataflow name"},
        {"op": "replace", "path": "/description", "value": "Updated dataflow description"},
    ]
    stale = {"If-Match": '"1a0037e4-0000-0200-0000-602e06f60000"'}
    assert_refused(walk.http.patch(f"{FLOW}/flows/{flow}", json=changes, headers=stale), "FLOW-1404-412")
    walk.patched(f"/flows/{flow}", changes, walk.api.item("flows", flow)["etag"])
    assert walk.api.item("flows", flow)["name"] == "New dataflow name"
    walk.deleted(f"/flows/{flow}")
    _update_and_delete_an_account(walk)


def _is_documented_run(run: Document, flow: str, source: str, target: str) -> None:
    assert run["flowId"] == flow
    assert ETAG.match(run["etag"])
    assert run["createdBy"] == "acp_foundation_connectors@AdobeID"
    metrics = run["metrics"]
    assert set(metrics) == {"durationSummary", "sizeSummary", "recordSummary", "fileSummary", "statusSummary"}
    assert set(metrics["durationSummary"]) == {"startedAtUTC", "completedAtUTC"}
    assert set(metrics["sizeSummary"]) == {"inputBytes", "outputBytes"}
    assert metrics["recordSummary"] == {
        "inputRecordCount": 140,
        "outputRecordCount": 140,
        "failedRecordCount": 0,
    }
    assert metrics["statusSummary"]["status"] == "success"
    copy, promotion = run["activities"]
    assert (copy["id"], promotion["id"]) == ("copyActivity", "promotionActivity")
    assert set(copy["durationSummary"]["extensions"]) == {"windowStart", "windowEnd"}
    assert copy["sourceInfo"][0] == {
        "id": source,
        "type": "SourceConnection",
        "reference": {"type": "AdfRunId", "ids": copy["sourceInfo"][0]["reference"]["ids"]},
    }
    (into,) = promotion["targetInfo"]
    assert (into["id"], into["type"], into["reference"]["type"]) == (target, "TargetConnection", "Batch")
    (batch,) = into["reference"]["ids"]
    manifest = promotion["fileSummary"]["extensions"]["manifest"]["fileInfo"]
    assert manifest.endswith(f"/data/foundation/export/batches/{batch}/meta?path=input_files")


def _update_and_delete_an_account(walk: Walk) -> None:
    """The page updates a Salesforce account, under an etag without its quotes."""
    params = {"username": "someone", "password": "{PASSWORD}", "securityToken": "{SECURITY_TOKEN}"}
    account = walk.created(
        "connections",
        {
            "name": "An account",
            "connectionSpec": {"id": "cfc0fee1-7dc0-40ef-b73e-d8b134c436f5", "version": "1.0"},
            "auth": {
                "specName": "Basic Authentication",
                "params": params | {"environmentUrl": "https://example.my.salesforce.com"},
            },
        },
    )
    changed = {
        "username": "salesforce-connector-username",
        "password": "{NEW_PASSWORD}",
        "securityToken": "{NEW_SECURITY_TOKEN}",
    }
    walk.patched(
        f"/connections/{account}",
        [
            {"op": "replace", "path": "/auth/params", "value": changed},
            {"op": "replace", "path": "/name", "value": "Test salesforce connection"},
            {"op": "add", "path": "/description", "value": "A test salesforce connection"},
        ],
        walk.api.item("connections", account)["etag"].strip('"'),
    )
    item = walk.api.item("connections", account)
    assert item["description"] == "A test salesforce connection"
    assert set(item["auth"]["params"]) == set(changed)
    walk.deleted(f"/connections/{account}")


def test_capillary(walk: Walk) -> None:
    capillary = {"id": "6360f136-5980-4111-8bdf-15d29eab3b5a", "version": "1.0"}
    credentials = {"clientId": "{CLIENT_ID}", "clientSecret": "{CLIENT_SECRET}", "accessToken": "{ACCESS_TOKEN}"}
    base = walk.created(
        "connections",
        {
            "name": "Capillary base connection",
            "description": "Base connection to authenticate the Capillary source.",
            "connectionSpec": capillary,
            "auth": {"specName": "OAuth generic-rest-connector", "params": credentials},
        },
    )
    source = walk.created(
        "sourceConnections",
        {
            "name": "Capillary Streaming",
            "description": "Capillary Streaming",
            "baseConnectionId": base,
            "connectionSpec": capillary,
        },
    )
    schema = walk.schema("Loyalty", [*PERSON_SCHEMA, *CAPILLARY_GROUPS])
    dataset = walk.dataset("Loyalty", schema)
    target = walk.created(
        "targetConnections",
        {
            "name": "Capillary Target Connection",
            "description": "Capillary Target Connection",
            "data": {"schema": {"id": schema, "version": FULL}},
            "params": {"dataSetId": dataset},
            "connectionSpec": {"id": "c604ff05-7f1a-43c0-8e18-33bf874cb11c", "version": "1.0"},
        },
    )
    mapping = walk.mapping_set(
        MAPPING_SETS,
        {
            "version": 0,
            "xdmSchema": schema,
            "xdmVersion": "1.0",
            "mappings": [
                _attribute("identityMap.email[0].id", "xdm:identityMap.email[0].id"),
                _attribute("loyalty.points", "xdm:loyalty.points"),
                _attribute("loyalty.tier", "xdm:loyalty.tier"),
                _attribute("commerce.order.priceTotal", "xdm:commerce.order.priceTotal"),
                _attribute("productLineItems[*].SKU", "xdm:productListItems[*].SKU"),
            ],
        },
    )
    flow = walk.created(
        "flows",
        {
            "name": "Capillary dataflow",
            "description": "Capillary → Experience Platform dataflow",
            "flowSpec": {"id": "6499120c-0b15-42dc-936e-847ea3c24d72", "version": "1.0"},
            "sourceConnectionIds": source,
            "targetConnectionIds": target,
            "transformations": [{"name": "Mapping", "params": {"mappingId": mapping, "mappingVersion": "0"}}],
            "scheduleParams": {"startTime": "1625040887", "frequency": "minute", "interval": 15},
        },
    )
    stored = walk.api.item("flows", flow)
    assert stored["sourceConnectionIds"] == [source]
    assert walk.api.first_run(flow)["metrics"]["recordSummary"]["outputRecordCount"] == 110

    profile = {
        "identityMap": {
            "email": [{"authenticatedState": "ambiguous", "id": "john.doe@capillarytech.com", "primary": True}]
        },
        "loyalty": {
            "tier": "gold",
            "points": 1250,
            "lifetimePoints": 122,
            "expiredPoints": 12,
            "pointsRedeemed": 500,
            "program": "loyalty program name",
            "status": "active",
        },
    }
    transaction = {
        "_id": "T0001",
        "timestamp": "2025-07-14T12:00:00-06:00",
        "identityMap": {
            "email": [{"authenticatedState": "ambiguous", "id": "john@capillarytech.com", "primary": True}]
        },
        "commerce": {"commerceScope": {"storeCode": "HSR"}, "order": {"priceTotal": 90}},
        "productLineItems": [
            {"SKU": "sku_01", "quantity": 1, "priceTotal": 100, "name": "Kitkat", "discountAmount": 10}
        ],
    }
    for payload in (profile, transaction):
        taken = httpx.post(stored["options"]["inletUrl"], json=payload)
        assert taken.status_code == 200, taken.text
    landed = walk.api.records(dataset, offset=110)["items"]
    assert landed == [
        {"identityMap": {"email": [{"id": "john.doe@capillarytech.com"}]}, "loyalty": {"points": 1250, "tier": "gold"}},
        {
            "identityMap": {"email": [{"id": "john@capillarytech.com"}]},
            "commerce": {"order": {"priceTotal": 90}},
            "productListItems": [{"SKU": "sku_01"}],
        },
    ]
    assert walk.api.item("connections", base)["state"] == "enabled"
    assert walk.api.item("sourceConnections", source)["baseConnectionId"] == base


def test_streaming_sdk(walk: Walk) -> None:
    source = walk.created(
        "sourceConnections",
        {
            "name": "Streaming Source Connection for a Streaming SDK source",
            "providerId": "521eee4d-8cbe-4906-bb48-fb6bd4450033",
            "description": "Streaming Source Connection for a Streaming SDK source",
            "connectionSpec": {"id": "e77fd9d2-22a8-11ed-861d-0242ac120002", "version": "1.0"},
            "data": {"format": "json"},
        },
    )
    schema = walk.schema("People", PERSON_SCHEMA)
    dataset = walk.dataset("People", schema)
    target = walk.created(
        "targetConnections",
        {
            "name": "Streaming Target Connection for a Streaming SDK source",
            "description": "Streaming Target Connection for a Streaming SDK source",
            "connectionSpec": {"id": "c604ff05-7f1a-43c0-8e18-33bf874cb11c", "version": "1.0"},
            "data": {"format": "json", "schema": {"id": schema, "version": FULL}},
            "params": {"dataSetId": dataset},
        },
    )
    mapping = walk.mapping_set(
        "/data/foundation/mappingSets",
        {
            "version": 0,
            "xdmSchema": schema,
            "xdmVersion": "1.0",
            "mappings": [
                _attribute("firstName", "person.name.firstName"),
                _attribute("lastName", "person.name.lastName"),
            ],
        },
    )
    flow = walk.created(
        "flows",
        {
            "name": "Streaming Dataflow for a Streaming SDK source",
            "description": "Streaming Dataflow for a Streaming SDK source",
            "flowSpec": {"id": "e77fde5a-22a8-11ed-861d-0242ac120002", "version": "1.0"},
            "sourceConnectionIds": [source],
            "targetConnectionIds": [target],
            "transformations": [{"name": "Mapping", "params": {"mappingId": mapping, "mappingVersion": 0}}],
        },
    )
    stored = walk.api.item("flows", flow)
    documented = ["id", "createdAt", "updatedAt", "createdBy", "updatedBy", "createdClient", "updatedClient"]
    documented += ["sandboxId", "sandboxName", "imsOrgId", "name", "description", "flowSpec", "state", "version"]
    documented += ["etag", "sourceConnectionIds", "targetConnectionIds", "inheritedAttributes", "options"]
    documented += ["transformations", "runs", "providerRefId", "lastOperation"]
    assert set(stored) == set(documented)
    inherited = stored["inheritedAttributes"]
    assert inherited["properties"] == {"isSourceFlow": True}
    assert inherited["sourceConnections"][0]["id"] == source
    assert "baseConnection" not in inherited["sourceConnections"][0]
    assert stored["runs"] == f"/runs?property=flowId=={flow}"
    assert stored["version"] == stored["etag"]
    assert re.match(rf"^{walk.http.base_url}/collection/[0-9a-f]{{64}}$", stored["options"]["inletUrl"])

    person = {"firstName": "Ada", "lastName": "Kaya", "age": 41}
    taken = httpx.post(f"{stored['options']['inletUrl']}?x-adobe-flow-id={flow}", json=person)
    assert taken.status_code == 200, taken.text
    expected = {"person": {"name": {"firstName": "Ada", "lastName": "Kaya"}}}
    assert walk.api.records(dataset)["items"] == [expected]


def test_collect_streaming_data(walk: Walk) -> None:
    """The page begins with a streaming source connection; its own page makes one as is done here."""
    schema = walk.schema("Sample schema for a streaming connector", [*PERSON_SCHEMA, *WORK_GROUPS])
    assert schema.startswith("https://ns.adobe.com/")
    dataset = walk.dataset("Test streaming dataset", schema, tags={"identity": ["enabled:true"], "profile": []})
    raw = walk.api.streaming_connection("raw")
    source = walk.api.source_connection(raw, "bc7b00d6-623a-4dfc-9fdb-f1240aeadaeb")
    target = walk.created(
        "targetConnections",
        {
            "name": "Streaming target connection",
            "description": "Streaming target connection",
            "connectionSpec": {"id": "c604ff05-7f1a-43c0-8e18-33bf874cb11c", "version": "1.0"},
            "data": {"format": "parquet_xdm", "schema": {"id": schema, "version": FULL}},
            "params": {"dataSetId": dataset},
        },
    )
    alternate = f"_{schema.removeprefix('https://ns.adobe.com/').replace('/', '.')}"
    mapping = walk.mapping_set(
        MAPPING_SETS,
        {
            "version": 0,
            "xdmSchema": alternate,
            "xdmVersion": "1.0",
            "mappings": [
                _attribute("name", "person.name.fullName"),
                _attribute("location.city", "homeAddress.city"),
            ],
        },
    )
    found = walk.http.get(f"{FLOW}/flowSpecs?property=name==%22Stream%20data%20with%20optional%20transformation%22")
    (flow_spec,) = found.json()["items"]
    assert flow_spec["id"] == "d69717ba-71b4-4313-b654-49f9cf126d7a"
    keys = ["id", "name", "providerId", "version", "sourceConnectionSpecIds", "targetConnectionSpecIds"]
    assert {*keys, "transformationSpecs", "attributes", "permissionsInfo"} <= set(flow_spec)
    body = {
        "name": "Streaming dataflow",
        "description": "Streaming dataflow",
        "flowSpec": {"id": "d69717ba-71b4-4313-b654-49f9cf126d7a", "version": "1.0"},
        "sourceConnectionIds": [source],
        "targetConnectionIds": [target],
        "transformations": [{"name": "Mapping", "params": {"mappingId": mapping, "mappingVersion": 0}}],
    }
    walk.created("flows", body)
    message = {
        "name": "Johnson Smith",
        "location": {"city": "Seattle", "country": "United State of America", "address": "3692 Main Street"},
        "gender": "Male",
        "birthday": {"year": 1984, "month": 6, "day": 9},
    }
    inlet = walk.api.item("connections", raw)["auth"]["params"]["inletUrl"]
    before = time.time_ns() // 1_000_000
    taken = httpx.post(inlet, json=message)
    assert taken.status_code == 200
    answer = taken.json()
    assert {"inletId", "xactionId", "receivedTimeMs"} <= set(answer)
    assert re.match(r"^\d{13}:\d+:\d+$", answer["xactionId"])
    assert answer["receivedTimeMs"] >= before
    expected = {"person": {"name": {"fullName": "Johnson Smith"}}, "homeAddress": {"city": "Seattle"}}
    assert walk.api.records(dataset)["items"] == [expected]

    xdm = walk.api.streaming_connection("xdm")
    source = walk.api.source_connection(xdm, "bc7b00d6-623a-4dfc-9fdb-f1240aeadaeb")
    walk.created("flows", {**body, "sourceConnectionIds": [source], "transformations": []})
    reference = {"id": schema, "contentType": "application/vnd.adobe.xed-full-notext+json; version=1.0"}
    entity = {
        "_id": "acme",
        "workEmail": {"address": "mike@example.com", "primary": True, "type": "work", "status": "active"},
        "person": {
            "gender": "male",
            "name": {"firstName": "Mike", "lastName": "Wazowski"},
            "birthDate": "1985-01-01",
        },
        "identityMap": {"ecid": [{"id": "01262118050522051420082102000000000000"}]},
    }
    message = {"header": {"schemaRef": reference}, "body": {"xdmMeta": {"schemaRef": reference}, "xdmEntity": entity}}
    taken = httpx.post(walk.api.item("connections", xdm)["auth"]["params"]["inletUrl"], json=message)
    assert taken.status_code == 200, taken.text
    assert entity in walk.api.records(dataset)["items"]
