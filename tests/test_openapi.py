"""The OpenAPI documents: valid, complete, of the same extent as the routes, and true of what the server answers.

That every answer of every other test is as documented is what ``tests/contract.py`` sees to. Here calls are
generated from the documents, one by one and chained by their links.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.engine import events, from_schema
from schemathesis.openapi.checks import MissingHeaderNotRejected, RejectedPositiveData, UseAfterFree
from schemathesis.specs.openapi.schemas import OpenApiSchema

from emulator.domain.identifiers import default_sandbox_id
from emulator.server import Background
from emulator.settings import Settings
from tests.contract import DEPTH, DOCUMENTS, FOLDER, METHODS, Part, faults
from tests.support import DATA_LAKE, FULL, HTTP_API, REST_FLOW, STREAM_MAPPED_FLOW, STRIPE, Api, Document, Target, spec

SANDBOXES = "/data/foundation/sandbox-management"
# The organisation in which the examples of the documents are at home.
ORG = "ACME@AdobeOrg"
OTHER_ORG = "OTHER@AdobeOrg"
IDENTITY = {"Authorization": "Bearer x", "x-api-key": "contract", "x-gw-ims-org-id": ORG}
# How many examples an operation gets in the fast run and in the slow one.
FEW, MANY = 5, 30
# Of some documents fewer, so that each takes well under a minute of the slow run, most of which is every bound
# of every parameter, and about 10 s of the fast one.
FEWER = {
    # Every query is a process of its own, which costs half a second.
    "query-service": (2, 4),
    # More than thirty operations each, and every example is one of each of them.
    "admin": (2, 6),
    "schema-registry": (2, 5),
    "flow-service": (1, 4),
    "data-prep": (2, 8),
    # Every call looks at data on the disk, or at another resource.
    "batch-ingestion": (5, 20),
    "older-inlets": (5, 30),
    "catalog": (5, 12),
}

# Refusals of requests that fit their schemas: what they say must hold cannot be said by a schema, which sees
# one value at a time and nothing of what is stored. Any other refusal of such a request fails the test.
UNSAYABLE = {
    "a body names resources that must exist": [
        "No schema has this id in this sandbox",
        "PREP-0400-400 The (schema|sample) .* does not exist",
        "FLOW-1413-400",
        "FLOW-14(28|29|30)-400",
        "CONNECTOR-1307-400",
        "CONNECTOR-1312-400",
    ],
    "what a body must hold depends on the spec that it names": [
        "CONNECTOR-13(02|04|17|20|25|27|29|32|61|62|64|70)-400",
        "FLOW-1415-400",
    ],
    "a dataset keeps what its schema and the service make of it": [
        "The schema says what it is",
        "The service writes this field itself",
        "The dataset cannot be accepted. .*field (name|tags|extensions)",
    ],
    "the calls of one request have different names": ["Each call has an id of its own"],
    "events go to this machine, or where the start allows it": ["is on another machine"],
    "U+0000 cannot be stored, and patterns of texts let it through": [r"U\+0000"],
    "a patch points into the resource that it changes": [
        "The patch cannot be applied",
        "FLOW-1455-400",
        "FLOW-1414-400",
        "CONNECTOR-1365-400",
    ],
    "filters and orders have a grammar of their own": ["FLOW-14(23|32|33|40|43|48|49|50|52|53|54)-400"],
    "so have those of mapping sets": ["The mapping sets cannot be listed"],
    "a mapping is judged by the schema that it leads to": ["The mapping set is not valid"],
    "a sample is JSON inside a text": ["field sampleData"],
    "a batch is that of a dataset, and takes the place of batches that have succeeded": [
        "No dataset has this id",
        "replay.predecessors",
    ],
    "what may be done to a batch depends on how it stands": [
        "(COMPLETE|ABORT|FAIL|REVERT) cannot be done",
        "takes no files",
        "are still being uploaded",
    ],
    "the parts of a file fit each other": ["do not fit together", "The file .* is complete"],
    "a part of a file is as long as it says": ["field Content-Range"],
    "filters of batches have another": ["The (batches|datasets) cannot be listed", "values in its filters"],
    "filters of records too": ["The rows cannot be filtered", "Compare with at most"],
    "those of queries as well, and instants beside numbers": ["The queries cannot be listed"],
    "a statement is SQL over tables that are there": [
        "(Parser|Binder|Catalog|Invalid Input|Not implemented|Permission|Conversion) Error",
        "Send one statement",
        "sql must be a statement",
        "Queries only read here",
        "The query takes",
        "Say whose datasets: send org",
    ],
    "data is what its name and its type say, and what a source of its kind reads": [" cannot be put: "],
    "a name is that of a file or of a folder": ["delete one first"],
    "a range lies in its file": ["EXPORT-0416-416"],
    "a seed is told by its own rules, which docs/seeds.md has": ["body:[0-9]+: ", "body: not "],
    "a delivery is repeated once it has ended": ["is still waiting: it can be repeated when"],
    "the parts of a fault fit each other and what is there": [
        "effect needs at least one",
        "effect is needed",
        "effect is left out where preset",
        "effect.error is a code of the catalogue",
        r"effect.(status|body) (is left out|goes with)",
        "effect.drop goes with",
        "effect.bytesPerSecond and effect.slowMs exclude",
        "cannot be set: the server writes it",
        "is another one than the headers name",
        "There are 1000 rules already",
        "until is an instant such as",
        "until has passed already",
        r"match\.(service|operation) is none",
    ],
    "since is an instant": ["since=.* is no instant"],
    "time goes forward, and so far": [
        "is before .*: time goes forward",
        "goes no further than 366 days",
        "is no instant such as",
    ],
    "the clock is set to an instant in either of two ways": ["now (.* )?(is missing|goes with|is no instant)"],
    "an etag may be stale": ["FLOW-1404-412", "CATALOG-0412-412"],
    "count excludes limit": ["FLOW-1401-400"],
    "an order does not go across sandboxes": ["FLOW-1424-400"],
    "what may be done to a resource depends on its state": ["FLOW-14(22|56)-400", "CONNECTOR-13(68|80|86|87|88)-400"],
    "which runs can be asked for depends on the flow": ["CONNECTOR-13(33|81|82|83|84|85)-400"],
    "the parts of an action fit each other": ["FLOW-14(08|36)-400"],
    "one of two sets of parameters is needed": ["CONNECTOR-1359-400"],
    "the token of the next page is made by the page before": ["continuationToken"],
    "what can be explored, and how, depends on the spec of the connection": [
        "CONNECTOR-13(30|3[5-7]|49|5[0-8]|7[1-9]|89|90)-400",
    ],
    "a whole number is written without a fraction, which 1.0 has": ["CONNECTOR-1340-400"],
    "a resource in use is not deleted": ["FLOW-1447-400", "FLOW-1418-400", "XDM-1447-400", "is used by", "in use"],
    "titles are unique": ["XDM-1521-400", "XDM-3005-400"],
    "of the parts of a schema exactly one names a class": ["exactly one (class|behavior) must be named"],
    "own fields stand below the tenant's name, and parts agree": ["XDM-102[01]-400", "XDM-1413-400", "has fields, in"],
    "what a descriptor needs depends on its type and its schema": ["The descriptor cannot be accepted"],
    "a patch changes what clients say of a resource": [
        "is not for clients to change",
        "Missing field",
        "cannot be accepted",
    ],
    "a schema keeps its class and its union": ["class of a schema cannot be changed", "that is in a union stays"],
    "only the v2 form of descriptors is paged": ["Only the v2 form is paged"],
    "a parameter may come in the query or in the body, but in one of them it must": [
        "invalid_client invalid client_(id|secret) parameter",
        "unsupported_grant_type grant_type .* is not supported",
        "invalid_token jwt_token must be a signed JWT",
    ],
    "an inlet judges a message by the flow that it is for": ["flow .* is none of its flows"],
}
_UNSAYABLE = re.compile("|".join(pattern for patterns in UNSAYABLE.values() for pattern in patterns), re.DOTALL)

# Links that hand on a part of what the next call needs, or lose a race.
NOT_ALWAYS_FOLLOWED = {
    "createFlowSpec-Flow-createFlow": "the flow that reads by a new spec needs a source of that spec too",
    "createFlow-Patch-patchFlow": "a flow that has run in between has another etag",
    "createFlow-Run-createRun": "only a flow that runs once is run on demand",
    "actOnFlow-Run-createRun": "a flow that was disabled has no more runs",
    "createRun-Replace-replaceRun": "a run that has ended in between has another etag",
}

# What only the Schema Registry's own calls make.
REGISTERED = ("Class", "FieldGroup", "Mixin", "DataType")
# Calls about what is not there before a server made and named it; their examples show what such a name looks like.
NAMED_BY_THE_SERVER = {
    *(
        "getRun",
        "replaceRun",
        "actOnRun",
        "getBatch",
        "listViewFiles",
        "actOnBatch",
        "uploadFile",
        "uploadPart",
        "actOnFile",
        "getFileStatus",
        "listRecords",
        "sendMessage",
        "sendMessages",
    ),
    *("getEncryptionKey", "validateEncryptionKey", "deleteEncryptionKey"),
    *("suggestMappingSet", "getMapping", "replaceMapping", "deleteMapping"),
    *("getSample", "replaceSample", "getMapperSchema"),
    *("replaceConnectionSpec", "replaceFlowSpec"),
    *("listRejected", "listBatchFiles", "readFailedFiles", "readBatchMeta", "readFile"),
    *("readPutData", "deletePutData"),
    *("getQuery", "changeQuery", "deleteQuery"),
    *(f"{verb}{kind}" for verb in ("get", "replace", "patch", "delete") for kind in REGISTERED),
    *("getGlobalSchema", "getDescriptor", "replaceDescriptor", "deleteDescriptor", "getUnion"),
    *("getFault", "deleteFault"),
    *("deleteSnapshot", "restoreSnapshot"),
    *("getInlet", "replaceInlet", "deleteInlet"),
    *("getSubscription", "deleteSubscription", "listDeliveries", "repeatDelivery"),
}


@dataclass(frozen=True)
class Operation:
    """An operation of a document, with the parameters of its path."""

    document: str
    path: str
    method: str
    part: Part
    parameters: tuple[Part, ...]

    @property
    def id(self) -> str:
        return str(self.part.value["operationId"])

    @property
    def successes(self) -> list[Part]:
        return [answer for status, answer in (self.part / "responses").items() if status.startswith("2")]

    @property
    def takes_bytes(self) -> bool:
        return "requestBody" in self.part and "application/octet-stream" in self.part / "requestBody" / "content"

    def example(self) -> Any:
        """The example of the request's body, None without one."""
        contents = (self.part / "requestBody").below("content") if "requestBody" in self.part else {}
        found: Any = next((part.value["example"] for part in contents.values() if "example" in part), None)
        return found


def _operations() -> Iterator[Operation]:
    for name, document in DOCUMENTS.items():
        for path, item in document["paths"].items():
            for method in METHODS:
                if method in item:
                    part = Part(name, "#", document) / "paths" / path
                    own = part / method
                    parameters = [*part.below("parameters").values(), *own.below("parameters").values()]
                    yield Operation(name, path, method, own, tuple(parameters))


OPERATIONS = {operation.id: operation for operation in _operations()}
# Lookups of the Schema Registry. Descriptors have no versions.
FORM_IN_ACCEPT = [
    operation.id
    for operation in OPERATIONS.values()
    if operation.document == "schema-registry"
    and operation.method == "get"
    and "{id}" in operation.path
    and operation.id != "getDescriptor"
]


@dataclass(frozen=True)
class Link:
    """What an answer of one operation says of the way to another."""

    source: str
    name: str
    part: Document

    @property
    def target(self) -> str:
        return str(self.part["operationId"])

    @property
    def id(self) -> str:
        return f"{self.source}-{self.name}-{self.target}"


LINKS = [
    Link(operation.id, name, link.value)
    for operation in OPERATIONS.values()
    if operation.id not in NAMED_BY_THE_SERVER
    for answer in operation.successes
    for name, link in answer.below("links").items()
]


@dataclass(frozen=True)
class World:
    """A server with one of everything, so that generated calls find something."""

    server: Background
    target: Target
    inlet: str


def story() -> Document:
    """A seed of what the examples of the documents tell of: what their creating calls make, under the ids they show."""

    def made(create: str, resource_id: str, **changes: Any) -> list[Document]:
        return [{**OPERATIONS[create].example(), **changes, "id": resource_id}]

    def shown(operation: str, status: str) -> Any:
        content = (OPERATIONS[operation].part / "responses" / status).below("content")
        return content["application/json"].value["example"]

    kinds = ("connections", "sourceConnections", "targetConnections", "flows")
    creates = {kind: f"create{kind[0].upper()}{kind[1:-1]}" for kind in kinds}
    schema = shown("createSchema", "201")["$id"].rsplit("/", 1)[1]
    tenant: Document = {
        "org": ORG,
        # The title stays free for the example itself.
        "schemas": made("createSchema", schema, title="The schema of the story"),
        "dataSets": made("createDataset", shown("createDataset", "201")[0].rsplit("/", 1)[1]),
        "mappingSets": made("createMappingSet", shown("createMappingSet", "200")["id"]),
        **{kind: made(create, shown(create, "201")["id"]) for kind, create in creates.items()},
    }
    # Runs on demand are those of a flow that has no schedule to follow.
    once = {"startTime": 1795320048, "frequency": "once"}
    tenant["flows"] += made("createFlow", OPERATIONS["createRun"].example()["flowId"], scheduleParams=once)
    return {"format": 1, "tenants": [tenant]}


def _server(folder: Path) -> Background:
    seed = folder / "story.json"
    seed.write_text(json.dumps(story()), encoding="utf-8")
    return Background(Settings(port=0, database="sqlite://", seed=(seed,)))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Background]:
    """A server of its own for every test: one of them empties it."""
    with _server(tmp_path) as running:
        yield running


@pytest.fixture
def api(server: Background) -> Iterator[Api]:
    with httpx.Client(base_url=server.url, headers=IDENTITY, timeout=30) as http:
        yield Api(http, ORG)


@pytest.fixture
def world(server: Background, api: Api) -> World:
    flow, target = api.flow()
    api.first_run(flow)
    connection = api.streaming_connection()
    source = api.source_connection(connection, HTTP_API)
    stream = {"flowSpec": spec(STREAM_MAPPED_FLOW), "scheduleParams": None}
    api.make("flows", api.flow_body(source, api.target("Another schema"), {"id": "_acme.id"}, **stream))
    return World(server, target, api.item("connections", connection)["auth"]["params"]["inletId"])


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_valid_openapi_3_1(name: str) -> None:
    assert DOCUMENTS[name]["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(DOCUMENTS[name]).validate()


def test_documents_and_routes_agree_in_both_directions(server: Background) -> None:
    documented = Counter((operation.method.upper(), operation.path) for operation in OPERATIONS.values())
    index = httpx.get(f"{server.url}/__admin").json()
    routes = [*index["admin"], *(route for service in index["services"] for route in service["routes"])]
    assert documented == Counter((route["method"], route["path"]) for route in routes)


def test_an_operation_id_is_given_once_in_all_documents() -> None:
    ids = Counter(operation.id for operation in _operations())
    assert [name for name, times in ids.items() if times > 1] == []
    assert set(ids) >= NAMED_BY_THE_SERVER
    assert {link.id for link in LINKS} >= set(NOT_ALWAYS_FOLLOWED)


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda operation: operation.id)
def test_an_operation_shows_what_is_sent_and_what_comes_back(operation: Operation) -> None:
    """Every body has an example: the request's, and that of every success. Every example fits its schema."""
    contents = [part.below("content") for part in operation.successes]
    if "requestBody" in operation.part:
        contents.append((operation.part / "requestBody").below("content"))
    for content in contents:
        assert not content or any("example" in part for part in content.values())
    answers = [answer.below("content") for _, answer in (operation.part / "responses").items()]
    for part in [part for content in [*contents, *answers] for part in content.values() if "example" in part]:
        assert list(faults((part / "schema").validator(), part.value["example"])) == [], part.pointer
    for parameter in operation.parameters:
        if "example" in parameter:
            assert list(faults((parameter / "schema").validator(), parameter.value["example"])) == []


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda operation: operation.id)
def test_an_answer_promises_more_of_a_text_than_that_it_is_there(operation: Operation) -> None:
    """A text that is always there has a pattern, a format, a choice of values, or at least a letter."""
    told = {"pattern", "format", "enum", "const", "minLength"}
    for answer in operation.successes:
        for part in answer.below("content").values():
            for place, schema in _required_properties(part / "schema"):
                texts = schema.get("type") == "string"
                assert not texts or told.intersection(schema), f"{place} may be anything"


def _required_properties(schema: Part) -> Iterator[tuple[str, Document]]:
    """Every property that objects below a schema must have."""
    waiting, seen = [schema], set()
    while waiting:
        part = waiting.pop()
        if part.pointer in seen or not isinstance(part.value, dict):
            continue
        seen.add(part.pointer)
        properties = part.below("properties")
        yield from (
            (found.pointer, found.value)
            for name, found in properties.items()
            if name in part.value.get("required", ()) and isinstance(found.value, dict)
        )
        inner = [part / key for key in ("items", "additionalProperties") if key in part]
        branches = [branch for key in ("anyOf", "oneOf", "allOf") for branch in part.below(key).values()]
        waiting += [*properties.values(), *inner, *branches]


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda operation: operation.id)
def test_an_example_is_a_call_that_succeeds(operation: Operation, teller: httpx.Client) -> None:
    """In an organisation where the story of the examples has happened, their calls are answered with success.

    What is in use is not deleted, and what is enabled is not published: there the refusal says so.
    """
    answer = _sent(teller, operation)
    if answer.status_code == 404:
        assert operation.id in NAMED_BY_THE_SERVER, answer.text
    elif not answer.is_success:
        assert operation.id.startswith(("delete", "actOn")), answer.text
        assert _is_unsayable(answer), answer.text


@pytest.mark.parametrize("link", LINKS, ids=lambda link: link.id)
def test_a_link_leads_to_a_call_that_succeeds(link: Link, teller: httpx.Client) -> None:
    """What an answer hands on, with the example of the operation that it leads to for the rest."""
    source, target = OPERATIONS[link.source], OPERATIONS[link.target]
    came = _sent(teller, source)
    if not came.is_success:
        assert source.id.startswith("actOn"), came.text
        pytest.skip("what the example of this action does is done already")
    handed = _handed_on(link.part.get("parameters", {}), came.json())
    # The last page has no next one.
    assert None not in handed.values() or link.name == "Next", f"{handed} of {came.text}"
    body = target.example()
    if "requestBody" in link.part:
        body = {**(body or {}), **_handed_on(link.part["requestBody"], came.json())}
    answer = _sent(teller, target, {name: value for name, value in handed.items() if value is not None}, body)
    if not answer.is_success:
        assert target.id.startswith(("delete", "actOn")) or link.id in NOT_ALWAYS_FOLLOWED, answer.text
        assert _is_unsayable(answer), answer.text


def _handed_on(part: Any, came: Any) -> Any:
    """What the runtime expressions of a link are in an answer; None where it holds nothing of that kind."""
    if isinstance(part, dict):
        return {name: _handed_on(value, came) for name, value in part.items()}
    if isinstance(part, list):
        return [_handed_on(value, came) for value in part]
    if not isinstance(part, str):
        return part
    if part.startswith("$response.body"):
        return _at(part.removeprefix("$response.body").removeprefix("#"), came)
    return re.sub(r"{\$response\.body#([^}]+)}", lambda match: str(_at(match[1], came)), part)


def _at(pointer: str, value: Any) -> Any:
    for step in pointer.split("/")[1:]:
        try:
            value = value[int(step)] if isinstance(value, list) else value[step]
        except (LookupError, TypeError):
            return None
    return value


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Background]:
    with _server(tmp_path_factory.mktemp("told")) as running:
        yield running


@pytest.fixture
def teller(told: Background) -> Iterator[httpx.Client]:
    """A client of a server in which nothing but the story has happened, the first runs of its flows included."""
    # Without an organisation's headers, so that it is everything. Some of the calls delete snapshots.
    if not httpx.post(f"{told.url}/__admin/snapshots/told/restore").is_success:
        assert httpx.post(f"{told.url}/__admin/reset").is_success
        with httpx.Client(base_url=told.url, headers=IDENTITY, timeout=30) as http:
            for flow in story()["tenants"][0]["flows"]:
                Api(http, ORG).first_run(flow["id"])
        assert httpx.post(f"{told.url}/__admin/snapshots", json={"name": "told"}).is_success
    with httpx.Client(base_url=told.url, headers=IDENTITY, timeout=30) as http:
        yield http


def _sent(http: httpx.Client, operation: Operation, handed: Document | None = None, sent: Any = None) -> httpx.Response:
    """The example of the body, with every parameter that has an example; what is handed on goes before them."""
    given: dict[str, dict[str, Any]] = {"path": {}, "query": {}, "header": {}}
    for parameter in operation.parameters:
        name, place = parameter.value["name"], parameter.value["in"]
        if handed and name in handed:
            given[place][name] = str(handed[name])
        elif "example" in parameter:
            given[place][name] = parameter.value["example"]
    headers = {**given["header"], **({"Accept": FULL} if operation.id in FORM_IN_ACCEPT else {})}
    body = operation.example() if sent is None else sent
    text = None if body is None else json.dumps(body)
    if body is not None:
        headers["Content-Type"] = "application/json"
    if isinstance(body, str) and operation.takes_bytes:
        headers["Content-Type"], text = "application/octet-stream", body
    return http.request(
        operation.method,
        operation.path.format(**given["path"]),
        params=given["query"],
        headers=headers,
        content=text,
    )


@pytest.mark.parametrize("text", [b'{"name": "\\u0000"}', b'{"\\u0000": 1}'])
def test_a_body_with_u_0000_is_refused(api: Api, text: bytes) -> None:
    """Generated calls leave the character out."""
    answer = api.http.post(f"{SANDBOXES}/sandboxes", content=text, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert "U+0000" in answer.json()["detail"]
    assert api.http.get(SANDBOXES, params={"limit": "\x00"}).status_code == 400


@pytest.mark.brief
@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_few_generated_calls_are_answered_as_documented(name: str, world: World) -> None:
    assert_conforms(name, world, Extent(FEWER.get(name, (FEW, MANY))[0]))


@pytest.mark.slow
@pytest.mark.parametrize("name", DOCUMENTS)
def test_many_generated_calls_are_answered_as_documented(name: str, world: World) -> None:
    """The same calls every time, so that a change is judged by what it changes.

    Others with CONTRACT_RANDOM=1, more with CONTRACT_DEPTH.
    """
    examples = FEWER.get(name, (FEW, MANY))[1] * DEPTH
    assert_conforms(name, world, Extent(examples, thorough=True, deterministic="CONTRACT_RANDOM" not in os.environ))


@dataclass(frozen=True)
class Extent:
    """How much is tried of a document.

    ``examples`` are of every operation. A ``thorough`` run tries every bound of every parameter besides, which
    takes longest, however few the examples, and walks further along the links.
    """

    examples: int
    thorough: bool = False
    deterministic: bool = True


def assert_conforms(name: str, world: World, extent: Extent) -> None:
    """All phases and all checks of Schemathesis against one document.

    Its stateful phase walks along the links of the documents, and along those that it infers: create, read what
    was created, change it under its etag, delete it, and find that it is gone.
    """
    schema = loaded(name, _config(name, world, extent))
    schema.hook("filter_failure")(_is_failure)
    schema.hook("map_body")(_for_an_hour)
    findings: dict[str, str] = {}
    cases: Counter[str] = Counter()
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            cases[event.phase.name] += len(event.recorder.cases)
            findings |= _failures(event)
        elif isinstance(event, events.NonFatalError):
            findings[f"{event.label}: {event.value!r}"] = ""
        elif isinstance(event, events.FatalError):
            raise event.exception
    mine = [operation for operation in OPERATIONS.values() if operation.document == name]
    assert cases["FUZZING"] >= extent.examples
    assert cases["STATEFUL_TESTING"] > 0 or not any("links" in answer for one in mine for answer in one.successes)
    assert not findings, "\n\n".join([f"seed {schema.config.seed}", *(f"{k}\n{v}" for k, v in findings.items())])


def _for_an_hour(context: Any, body: Any) -> Any:
    """Time that is let pass is an hour: a year would make a hundred thousand runs, and tell no more than a few."""
    by = body.get("by") if isinstance(body, dict) and context.operation.path.endswith("/clock/advance") else None
    return {**body, "by": "PT1H"} if isinstance(by, str) and re.fullmatch("P[0-9WDTHMS]{2,}", by) else body


def loaded(name: str, config: Document) -> OpenApiSchema:
    return schemathesis.openapi.from_path(FOLDER / f"{name}.yaml", config=schemathesis.Config.from_dict(config))


def _config(name: str, world: World, extent: Extent) -> Document:
    told = story()["tenants"][0]
    bound: dict[str, list[str]] = {
        "path.inlet": [world.inlet],
        "body.connectionSpec.id": [DATA_LAKE, STRIPE, HTTP_API],
        "body.flowSpec.id": [REST_FLOW],
        "body.params.dataSetId": [world.target.dataset],
        "body.xdmSchema": [world.target.schema],
        "body.schemaRef.id": [world.target.schema],
        "body.outputSchema.schemaRef.id": [world.target.schema],
        "body.transformations[*].params.mappingId": [told["mappingSets"][0]["id"]],
    }
    # U+0000 cannot be stored and is refused wherever it stands, which would take a pattern on every text to say.
    generation: Document = {"allow-x00": False, "deterministic": extent.deterministic, "database": "none"}
    generation["max-examples"] = extent.examples
    return {
        "base-url": world.server.url,
        # No identity is asked for where tokens are given out.
        "headers": {} if name == "ims" else IDENTITY,
        "continue-on-failure": True,
        "generation": generation,
        "phases": {"coverage": {"enabled": extent.thorough}, "stateful": {"max-steps": 6 if extent.thorough else 3}},
        "dictionaries": {key: {"values": values} for key, values in bound.items()},
        "parameters": {
            # Without these every call would be one of an organisation or sandbox in which there is nothing yet.
            "header.x-gw-ims-org-id": ORG,
            "header.x-sandbox-name": "prod",
            "header.x-sandbox-id": default_sandbox_id(ORG, "prod"),
            **{key: {"dictionary": key, "probability": 0.9} for key in bound},
        },
        "operations": [
            # OpenAPI leaves Accept out of the parameters, but these operations read the wanted form there.
            {"include-operation-id": FORM_IN_ACCEPT, "headers": {"Accept": FULL}},
            # Another tenant is emptied, so that there is something left to read.
            {
                "include-operation-id": "reset",
                "headers": {"x-gw-ims-org-id": OTHER_ORG},
                "parameters": {"header.x-gw-ims-org-id": OTHER_ORG},
            },
            {
                "include-operation-id": "importState",
                "headers": {"x-gw-ims-org-id": OTHER_ORG},
                "parameters": {"header.x-gw-ims-org-id": OTHER_ORG},
            },
            {"include-operation-id": "listRecords", "parameters": {"path.id": world.target.dataset}},
        ],
    }


def _is_failure(
    _context: schemathesis.HookContext, failure: Any, _case: schemathesis.Case[Any], response: schemathesis.Response
) -> bool:
    """All but six: a refusal that no schema could have foretold, 403 for a missing token, any name of an object, a
    header that nobody knows, a query that was deleted softly and is still found, and one of organisation or sandbox,
    which is sent as it is configured whatever was generated for it.

    The check for missing headers wants 401 for the token; the gateway is published to answer 403. In a path
    everything is a text, and names of objects may hold much more than the pattern that keeps the generated ones
    readable.
    """
    never_sent = [f"parameter `{name}` in header" for name in (*IDENTITY, "x-sandbox-name", "x-sandbox-id")]
    without_rule = ("parameter `object` in path", "in header - object with unexpected properties", *never_sent)
    if isinstance(failure, AcceptedNegativeData) and any(told in failure.message for told in without_rule):
        return False
    if isinstance(failure, UseAfterFree):
        return "/query/queries/" not in (failure.operation or "")
    if isinstance(failure, MissingHeaderNotRejected) and failure.header_name == "Authorization":
        return response.status_code != 403
    return not (isinstance(failure, RejectedPositiveData) and _is_unsayable(response))


def _is_unsayable(answer: httpx.Response | schemathesis.Response) -> bool:
    """By the code of the refusal and what it says."""
    body = answer.json()
    code = str(body.get("type", body.get("error", ""))).rsplit("/", 1)[-1]
    text = body.get("errorMessage", body.get("detail", body.get("message", body.get("error_description"))))
    return _UNSAYABLE.search(f"{code} {text or json.dumps(body)}") is not None


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
