"""The OpenAPI documents: valid, of the same extent as the routes, and true of what the server answers."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.engine import events, from_schema
from schemathesis.openapi.checks import MissingHeaderNotRejected
from schemathesis.specs.openapi.schemas import OpenApiSchema

from emulator.domain.identifiers import default_sandbox_id
from emulator.domain.schema_ids import alt_id
from emulator.server import Background
from emulator.settings import Settings
from tests.support import (
    CATALOG,
    DATA_LAKE,
    FLOW,
    FULL,
    HTTP_API,
    MAPPING_SETS,
    REGISTRY,
    REST_FLOW,
    STREAM_MAPPED_FLOW,
    STRIPE,
    Api,
    Document,
    Target,
    spec,
)

DOCUMENTS = {path.stem: path for path in sorted((Path(__file__).parents[1] / "openapi").glob("*.yaml"))}
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
SANDBOXES = "/data/foundation/sandbox-management"
ORG = "CONTRACT@AdobeOrg"
OTHER_ORG = "OTHER@AdobeOrg"
IDENTITY = {"Authorization": "Bearer x", "x-api-key": "contract", "x-gw-ims-org-id": ORG}
FEW, MANY = 5, 200

# Why a request that fits its schema may still be refused with 400. For these operations the check
# positive_data_acceptance presumes more than a schema can say; every other check stays on for them.
UNSAYABLE = {
    "its body names resources that must exist and fit together": [
        "createConnection",
        "createSourceConnection",
        "createTargetConnection",
        "createFlow",
        "createMappingSet",
        "createMappingSetAtShortPath",
        "replaceMappingSet",
        "createDataset",
    ],
    "its body points into the resource that it changes": [
        "patchConnection",
        "patchSourceConnection",
        "patchTargetConnection",
        "patchFlow",
    ],
    "filters and orders have a grammar of their own, and count excludes limit": [
        "listConnections",
        "listSourceConnections",
        "listTargetConnections",
        "listFlows",
        "listRuns",
        "listRunsOfFlow",
        "listConnectionSpecs",
        "listFlowSpecs",
        "listSchemas",
    ],
    "what can be explored depends on the spec of the connection": ["exploreConnection"],
    "a resource in use is not deleted": [
        "deleteConnection",
        "deleteSourceConnection",
        "deleteTargetConnection",
        "deleteMappingSet",
        "deleteSchema",
        "deleteDataset",
    ],
    "titles are unique, and one part must refer to a class": ["createSchema"],
    "a parameter may come in the query or in the body, but in one of them it must": [
        "getToken",
        "getTokenV1",
        "getTokenV2",
        "getTokenV3",
        "getTokenV4",
        "exchangeJwt",
    ],
    "an inlet judges a message by the flow that it is for": ["sendMessage", "sendMessages"],
}


@dataclass(frozen=True)
class World:
    """A server with one of everything, so that generated calls find something."""

    server: Background
    flow: str
    source: str
    target: Target
    mapping_set: str
    inlet: str


def loaded(name: str, config: Document | None = None) -> OpenApiSchema:
    return schemathesis.openapi.from_path(DOCUMENTS[name], config=schemathesis.Config.from_dict(config or {}))


@pytest.fixture
def server() -> Iterator[Background]:
    """A server of its own for every test: one of them empties it."""
    with Background(Settings(port=0, database="sqlite://", auth="presence")) as running:
        yield running


@pytest.fixture
def api(server: Background) -> Iterator[Api]:
    with httpx.Client(base_url=server.url, headers=IDENTITY, timeout=30) as http:
        yield Api(http, ORG)


@pytest.fixture
def world(server: Background, api: Api) -> World:
    flow, target = api.flow()
    api.first_run(flow)
    made = api.item("flows", flow)
    connection = api.streaming_connection()
    stream_source = api.source_connection(connection, HTTP_API)
    stream = {"flowSpec": spec(STREAM_MAPPED_FLOW), "scheduleParams": None}
    api.make("flows", api.flow_body(stream_source, api.target("Another schema"), {"id": "_contract.id"}, **stream))
    inlet = api.item("connections", connection)["auth"]["params"]["inletId"]
    mapping_set = made["transformations"][0]["params"]["mappingId"]
    return World(server, flow, made["sourceConnectionIds"][0], target, mapping_set, inlet)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_valid_openapi_3_1(name: str) -> None:
    document = yaml.safe_load(DOCUMENTS[name].read_text(encoding="utf-8"))
    assert document["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(document).validate()


def test_documents_and_routes_agree_in_both_directions(server: Background) -> None:
    documented = Counter(
        (method.upper(), path)
        for file in DOCUMENTS.values()
        for path, item in yaml.safe_load(file.read_text(encoding="utf-8"))["paths"].items()
        for method in METHODS.intersection(item)
    )
    index = httpx.get(f"{server.url}/__admin").json()
    routes = [*index["admin"], *(route for service in index["services"] for route in service["routes"])]
    assert documented == Counter((route["method"], route["path"]) for route in routes)


def test_an_operation_id_is_given_once_in_all_documents() -> None:
    ids = Counter(
        item[method]["operationId"]
        for file in DOCUMENTS.values()
        for item in yaml.safe_load(file.read_text(encoding="utf-8"))["paths"].values()
        for method in METHODS.intersection(item)
    )
    assert [name for name, times in ids.items() if times > 1] == []
    assert {name for names in UNSAYABLE.values() for name in names} <= set(ids)


def test_every_answer_on_the_way_of_a_tutorial_is_as_documented(server: Background, api: Api) -> None:
    schemas = [loaded(name) for name in DOCUMENTS]
    seen: Counter[str] = Counter()

    def conforms(answer: httpx.Response) -> None:
        answer.read()
        method, path = answer.request.method, answer.request.url.path
        found = (schema.find_operation_by_path(method, path) for schema in schemas)
        operation = next(candidate for candidate in found if candidate is not None)
        assert str(answer.status_code) in operation.responses.status_codes, f"{operation.label}: {answer.text}"
        operation.validate_response(answer)
        seen[f"{answer.status_code // 100}xx"] += 1

    api.http.event_hooks = {"response": [conforms]}
    _walk(api)
    assert seen["2xx"] > 50
    assert seen["4xx"] > 20


def _walk(api: Api) -> None:
    flow, target = api.flow(options={"errorDiagnosticsEnabled": True}, description="with everything")
    run = api.first_run(flow)
    _failing_flow(api)
    connection = _stream(api)
    mapping_set = api.mapping_set(target.schema, {"id": "_test.id"})
    made = api.http.get(f"{MAPPING_SETS}/{mapping_set}").json()
    api.http.put(f"{MAPPING_SETS}/{mapping_set}", json=made)
    for path in _paths(flow, run["id"], connection, target, mapping_set):
        api.http.get(path, params={"property": "no field"})
        api.http.get(path, headers={"Authorization": ""})
        api.http.get(path, headers={"x-sandbox-name": "nowhere"})
        api.http.get(path)
    api.http.get(f"{REGISTRY}/tenant/schemas/{alt_id(target.schema)}", headers={"Accept": FULL})
    api.http.get(f"{REGISTRY}/tenant/schemas", headers={"Accept": "application/vnd.adobe.xed-full+json"})
    api.patch("flows", flow, [{"op": "replace", "path": "/name", "value": "Another name"}])
    api.patch("flows", flow, [{"op": "remove", "path": "/id"}], etag="stale")
    api.patch("flows", flow, [{"op": "remove", "path": "/description"}], etag="stale")
    _sandboxes_and_tokens(api)
    for path in _paths(flow, run["id"], connection, target, mapping_set)[:3]:
        api.http.delete(path)
    api.http.delete(f"{CATALOG}/dataSets/{target.dataset}")
    api.http.delete(f"{MAPPING_SETS}/{mapping_set}")
    api.http.delete(f"{FLOW}/targetConnections/{target.connection}")
    api.http.delete(f"{CATALOG}/dataSets/{target.dataset}")
    api.http.delete(f"{REGISTRY}/tenant/schemas/{alt_id(target.schema)}")
    api.http.post("/__admin/reset", params={"to": "empty"})


def _failing_flow(api: Api) -> None:
    """A run whose figures are those of a failure."""
    target, source = api.target("Of a failure"), api.source_connection()
    mappings = [{"sourceType": "EXPRESSION", "source": "none(data.id)", "destination": "_test.id"}]
    mapping_set = api.mapping_set(target.schema, {}, mappings=mappings)
    transformations = [{"name": "Mapping", "params": {"mappingId": mapping_set}}]
    failing = api.make("flows", api.flow_body(source, target, {}, transformations=transformations))
    assert api.first_run(failing)["metrics"]["statusSummary"]["status"] == "failed"


def _stream(api: Api) -> str:
    """Messages to an inlet that wants a token, as they should be and otherwise; returns the connection."""
    connection = api.streaming_connection(authenticationRequired=True)
    inlet = api.item("connections", connection)["auth"]["params"]["inletId"]
    api.http.post(f"/collection/{inlet}", json={"id": 1})
    source = api.source_connection(connection, HTTP_API)
    stream: Document = {"flowSpec": spec(STREAM_MAPPED_FLOW), "scheduleParams": None}
    api.make("flows", api.flow_body(source, api.target("Of a stream"), {"id": "_test.id"}, **stream))
    api.http.post(f"/collection/{inlet}", json={"id": 1})
    api.http.post(f"/collection/{inlet}", json={"id": 1}, headers={"Authorization": ""})
    api.http.post(f"/collection/{inlet}", content=b"<a/>", headers={"Content-Type": "text/xml"})
    api.http.post(f"/collection/{inlet}", params={"syncValidation": "true"}, json={"id": 1})
    api.http.post(f"/collection/batch/{inlet}", json={"messages": [{"id": 1}, "none", {"id": 2}]})
    api.http.post(f"/collection/batch/{inlet}", json={"messages": "none"})
    return connection


def _paths(flow: str, run: str, connection: str, target: Target, mapping_set: str) -> list[str]:
    """What can be read; the first three can be deleted in that order."""
    listed = ["flows", "connections", "sourceConnections", "targetConnections", "runs", "connectionSpecs", "flowSpecs"]
    return [
        f"{FLOW}/flows/{flow}",
        f"{FLOW}/connections/{connection}",
        f"{FLOW}/targetConnections/{target.connection}",
        f"{FLOW}/flows/{flow}/runs",
        f"{FLOW}/runs/{run}",
        f"{FLOW}/runs?limit=1",
        f"{FLOW}/flows?count=true",
        f"{FLOW}/connectionSpecs/{STRIPE}",
        f"{FLOW}/flowSpecs/{REST_FLOW}",
        *(f"{FLOW}/{collection}" for collection in listed),
        f"{FLOW}/connections/{connection}/explore?objectType=rest&object=json",
        MAPPING_SETS,
        f"{MAPPING_SETS}/{mapping_set}?version=0",
        f"{REGISTRY}/tenant/schemas?limit=1",
        f"{CATALOG}/dataSets",
        f"{CATALOG}/dataSets/{target.dataset}",
        f"{CATALOG}/batches",
        SANDBOXES,
        f"{SANDBOXES}/sandboxes?limit=1&offset=1",
        f"{SANDBOXES}/sandboxes/prod",
        f"/__admin/datasets/{target.dataset}/records?limit=1",
        *(f"/__admin{name}" for name in ("", "/health", "/ready", "/version", "/config", "/clock")),
    ]


def _sandboxes_and_tokens(api: Api) -> None:
    for kind in ("development", "development", "none"):
        api.http.post(f"{SANDBOXES}/sandboxes", json={"name": "dev", "title": "Dev", "type": kind})
    client: Document = {"client_id": "demo", "client_secret": "demo"}
    api.http.post("/ims/token/v3", data=client)
    api.http.post("/ims/token", data=client | {"grant_type": "none"})
    api.http.post("/ims/exchange/jwt", json=client | {"jwt_token": "a.b.c"})
    api.http.post("/ims/exchange/jwt", json=client)


@pytest.mark.parametrize("text", [b'{"name": "\\u0000"}', b'{"\\u0000": 1}'])
def test_a_body_with_u_0000_is_refused(api: Api, text: bytes) -> None:
    """Generated calls leave the character out."""
    answer = api.http.post(f"{SANDBOXES}/sandboxes", content=text, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert "U+0000" in answer.json()["detail"]
    assert api.http.get(SANDBOXES, params={"limit": "\x00"}).status_code == 400


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_few_generated_calls_are_answered_as_documented(name: str, world: World) -> None:
    assert_conforms(name, world, FEW, deterministic=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", DOCUMENTS)
def test_many_generated_calls_are_answered_as_documented(name: str, world: World) -> None:
    """The same calls every time, so that a change is judged by what it changes; others with CONTRACT_RANDOM=1."""
    assert_conforms(name, world, MANY, deterministic="CONTRACT_RANDOM" not in os.environ)


def assert_conforms(name: str, world: World, examples: int, deterministic: bool) -> None:
    """All phases and all checks of Schemathesis against one document."""
    config = _config(world, examples, deterministic)
    if name == "ims":
        # No identity is asked for where tokens are given out.
        config["headers"] = {}
    schema = loaded(name, config)
    schema.hook("filter_failure")(_is_failure)
    findings: dict[str, str] = {}
    cases = 0
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            cases += len(event.recorder.cases)
            findings |= _failures(event)
        elif isinstance(event, events.NonFatalError):
            findings[f"{event.label}: {event.value!r}"] = ""
        elif isinstance(event, events.FatalError):
            raise event.exception
    assert cases > 0
    assert not findings, "\n\n".join([f"seed {schema.config.seed}", *(f"{k}\n{v}" for k, v in findings.items())])


def _config(world: World, examples: int, deterministic: bool) -> Document:
    target = world.target
    bound: dict[str, list[str]] = {
        "path.inlet": [world.inlet],
        "body.connectionSpec.id": [DATA_LAKE, STRIPE, HTTP_API],
        "body.flowSpec.id": [REST_FLOW],
        "body.params.dataSetId": [target.dataset],
        "body.xdmSchema": [target.schema],
        "body.schemaRef.id": [target.schema],
        "body.outputSchema.schemaRef.id": [target.schema],
        "body.transformations[*].params.mappingId": [world.mapping_set],
    }
    # U+0000 cannot be stored and is refused wherever it stands, which would take a pattern on every text to say.
    generation: Document = {"allow-x00": False, "deterministic": deterministic, "database": "none"}
    generation["max-examples"] = examples
    return {
        "base-url": world.server.url,
        "headers": IDENTITY,
        "continue-on-failure": True,
        "generation": generation,
        "phases": {"stateful": {"max-steps": 6}},
        "dictionaries": {key: {"values": values} for key, values in bound.items()},
        "parameters": {
            # Without these every call would be one of an organisation or sandbox in which there is nothing yet.
            "header.x-gw-ims-org-id": ORG,
            "header.x-sandbox-name": "prod",
            "header.x-sandbox-id": default_sandbox_id(ORG, "prod"),
            **{key: {"dictionary": key, "probability": 0.9} for key in bound},
        },
        "operations": [
            *(
                {"include-operation-id": names, "checks": {"positive_data_acceptance": {"enabled": False}}}
                for names in UNSAYABLE.values()
            ),
            # OpenAPI leaves Accept out of the parameters, but this operation reads the wanted form there.
            {"include-operation-id": "getSchema", "headers": {"Accept": FULL}},
            # 501 is the published answer to a request for validation before the answer.
            {
                "include-operation-id": "sendMessage",
                "checks": {"not_a_server_error": {"expected-statuses": ["2xx", "4xx", "501"]}},
            },
            # Another tenant is emptied, so that there is something left to read.
            {
                "include-operation-id": "reset",
                "headers": {"x-gw-ims-org-id": OTHER_ORG},
                "parameters": {"header.x-gw-ims-org-id": OTHER_ORG},
            },
            {"include-operation-id": "listRecords", "parameters": {"path.id": target.dataset}},
        ],
    }


def _is_failure(
    _context: schemathesis.HookContext, failure: Any, _case: schemathesis.Case[Any], response: schemathesis.Response
) -> bool:
    """The check for missing headers wants 401 for the token; the gateway is published to answer 403."""
    missing_token = isinstance(failure, MissingHeaderNotRejected) and failure.header_name == "Authorization"
    return not (missing_token and response.status_code == 403)


def _failures(event: events.ScenarioFinished) -> dict[str, str]:
    """One entry for each check that an operation fails, with the request that shows it."""
    failed = [node for nodes in event.recorder.checks.values() for node in nodes if node.failure_info is not None]
    return {
        f"{node.failure_info.failure.operation}: {node.name}": (
            f"{node.failure_info.failure.message}\n{node.failure_info.code_sample}"
        )
        for node in failed
        if node.failure_info is not None
    }
