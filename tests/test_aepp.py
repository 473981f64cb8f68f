"""The public client ``aepp``, as it is, against the emulator: what works with it, and what is wrong in itself."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aepp
import httpx
import pytest
from aepp import config, exportDatasetToDataLandingZone, flowservice

from emulator.server import Background
from emulator.settings import Settings
from tests.aepp_client import ACCOUNT, CLIENT_ID, Client, own_settings, point_at
from tests.landing import put_batch
from tests.support import (
    DATA_LAKE,
    EVENT,
    FILE_FLOW,
    FULL,
    HTTP_API,
    PROFILE,
    REST_FLOW,
    STREAM_MAPPED_FLOW,
    STRIPE,
    Api,
    Document,
    spec,
)

XDM = "https://ns.adobe.com/xdm"
PERSON = f"{XDM}/context/profile-person-details"
COMMERCE = "https://ns.adobe.com/xdm/context/experienceevent-commerce"
STREAM_FLOW_AS_IT_IS = "d8a6f005-7eaf-4153-983e-e8574508b877"
LANDING_ZONE = "26f526f2-58f4-4712-961d-e41bf1ccc0e8"
EXPORT_ZONE = "10440537-2a7b-4583-ac39-ed38d4b848e8"
EXPORT_FLOW = "cd2fc47e-e838-4f38-a581-8fff2f99b63a"
EXPORT_SOURCE = "23598e46-f560-407b-88d5-ea6207e49db0"
PROFILE_STORE = "8a9c3494-9708-43d7-ae3f-cda01e5030e1"
UNKNOWN = "00000000-0000-4000-8000-000000000000"
CONTACTS = "dlz-user-container/contacts.csv"
MARKETING = "/dulepolicy/marketingActions/06621fe3"
PAST = "1625040887"


@pytest.fixture
def settings(server: Background, org: str) -> Iterator[None]:
    with own_settings():
        point_at(server.url, org)
        yield


@pytest.fixture
def client(settings: None) -> Iterator[Client]:
    made = Client()
    yield made
    made.close()


def ids(listed: list[Document]) -> set[str]:
    found = [item["id"] for item in listed]
    assert len(found) == len(set(found)), "an item came twice"
    return set(found)


def replaced(path: str, value: Any) -> list[Document]:
    """A patch with its operation capitalised, as aepp's own documentation has it."""
    return [{"op": "Replace", "path": path, "value": value}]


def in_an_hour() -> str:
    return str(int(time.time()) + 3600)


# Tokens and settings


def test_a_token_from_the_emulator_opens_a_server_that_checks_tokens(org: str) -> None:
    with own_settings(), Background(Settings(port=0, database="sqlite://", auth="strict")) as strict:
        point_at(strict.url, org)
        client = Client()
        assert client.flows.getConnections() == []
        assert client.flows.connector.token.count(".") == 2
        client.flows.connector.header["Authorization"] = "Bearer made up"
        assert client.flows.getConnections()["error_code"] == "401013"
        client.close()


def test_an_authorization_code_gets_a_token_and_the_sandbox_is_named_by_id(server: Background, org: str) -> None:
    with own_settings():
        aepp.configure(org_id=org, client_id=CLIENT_ID, secret="a secret", auth_code="a code")
        config.endpoints["global"] = server.url
        config.config_object["oauthTokenEndpointV1"] = f"{server.url}/ims/token/v1"
        client = Client()
        assert client.flows.connector.connectionType == "oauthV1"
        assert client.flows.header["x-sandbox-id"] == client.sandboxes.getSandboxId("prod")
        assert client.flows.getFlows() == []
        client.close()


def test_a_connect_object_carries_settings_of_its_own(server: Background, org: str) -> None:
    with own_settings():
        account = aepp.configure(
            org_id=org,
            client_id=CLIENT_ID,
            secret="a secret",
            scopes="openid",
            environment="support",
            endpoint=server.url,
            connectInstance=True,
        )
        account.getConfigObject()["oauthTokenEndpointV2"] = f"{server.url}/ims/token/v3"
        account.connect()
        home = f"{server.url}/data/foundation/flowservice"
        made = account.postData(f"{home}/connections", data=ACCOUNT)["id"]
        assert account.getData(f"{home}/connections/{made}")["items"][0]["createdClient"] == CLIENT_ID
        assert account.deleteData(f"{home}/connections/{made}") == 204
        flows = flowservice.FlowService(config=account)
        assert flows.getConnections() == []
        flows.connector.session.close()
        account.connector.session.close()


def test_a_settings_file_cannot_name_the_endpoint(server: Background, org: str, tmp_path: Path) -> None:
    file = tmp_path / "aepp.json"
    identity = {"org_id": org, "client_id": CLIENT_ID, "secret": "a secret", "scopes": "openid", "sandbox-name": "prod"}
    file.write_text(json.dumps(identity | {"environment": "support", "endpoint": server.url}), encoding="utf-8")
    with own_settings():
        aepp.importConfigFile(str(file))
        assert config.endpoints["global"] is None
        config.endpoints["global"] = server.url
        config.config_object["oauthTokenEndpointV2"] = f"{server.url}/ims/token/v3"
        client = Client()
        assert client.flows.getConnections() == []
        client.close()


def test_a_token_of_ones_own_needs_the_kind_of_connection_beside_it(server: Background, org: str) -> None:
    with own_settings():
        identity = {"org_id": org, "client_id": CLIENT_ID, "environment": "support", "endpoint": server.url}
        aepp.configure(**identity, accesstoken="any token")
        with pytest.raises(KeyError, match="connectionType"):
            flowservice.FlowService()
        config.config_object["connectionType"] = "oauthV2"
        client = Client()
        assert client.flows.getConnections() == []
        assert client.flows.header["Authorization"] == "Bearer any token"
        client.close()


def test_an_authorization_code_does_not_go_with_an_endpoint_of_ones_own(server: Background, org: str) -> None:
    with own_settings():
        identity = {"org_id": org, "client_id": CLIENT_ID, "secret": "a secret", "auth_code": "a code"}
        aepp.configure(**identity, environment="support", endpoint=server.url)
        with pytest.raises(UnboundLocalError, match="token_info"):
            flowservice.FlowService()


# Sandboxes, schemas, datasets, mapping sets


def test_sandboxes_are_created_and_found(client: Client) -> None:
    assert [sandbox["name"] for sandbox in client.sandboxes.getSandboxes()] == ["prod"]
    assert client.sandboxes.createSandbox("dev", "Development")["state"] == "creating"
    assert client.sandboxes.getSandbox("dev")["title"] == "Development"
    assert client.sandboxes.getSandboxId("dev") == client.sandboxes.getSandbox("dev")["id"]
    assert {sandbox["name"] for sandbox in client.sandboxes.getSandboxes()} == {"prod", "dev"}


def test_what_is_made_in_one_sandbox_is_not_in_another(client: Client) -> None:
    client.sandboxes.createSandbox("dev", "Development")
    made = client.account()
    dev = flowservice.FlowService(sandbox="dev")
    assert dev.getConnections() == []
    there = dev.createConnection(ACCOUNT)["id"]
    assert ids(dev.getConnections()) == {there}
    assert ids(client.flows.getConnections()) == {made}
    dev.connector.session.close()


def test_a_schema_is_read_in_every_form_that_the_client_asks_for(client: Client) -> None:
    schema = client.schemas.createSchema(
        {"title": "People", "type": "object", "allOf": [{"$ref": PROFILE}, {"$ref": PERSON}]}
    )
    whole = client.schemas.getSchema(schema["$id"])
    assert "person" in whole["properties"]
    assert "person.name.firstName" in client.schemas.getSchemaPaths(schema["$id"])
    brief = client.schemas.getSchema(schema["meta:altId"], full=False, schema_type="xed")
    assert [part["$ref"] for part in brief["allOf"]] == [PROFILE, PERSON]
    assert client.schemas.getSchema(schema["$id"], desc=True, deprecated=True)["title"] == "People"


def test_schemas_are_made_of_a_class_and_field_groups(client: Client) -> None:
    people = client.schemas.createProfileSchema("People", fieldGroupIds=[PERSON])
    orders = client.schemas.createExperienceEventSchema("Orders", fieldGroupIds={COMMERCE: "object"})
    assert people["meta:class"] == PROFILE
    assert orders["meta:extends"][0] == EVENT
    assert [found["title"] for found in client.schemas.getSchemas()] == ["Orders", "People"]
    assert [found["title"] for found in client.schemas.getSchemas(classFilter=EVENT)] == ["Orders"]
    assert list(client.schemas.getSchemas(output="df")["title"]) == ["Orders", "People"]
    assert client.schemas.data.schemas_id == {"People": people["$id"], "Orders": orders["$id"]}


def test_a_deleted_schema_is_gone(client: Client) -> None:
    schema = client.schema()
    assert client.schemas.deleteSchema(schema) == 204
    assert client.schemas.getSchema(schema)["status"] == 404


def own_group(title: str = "Colours") -> Document:
    fields = {"_acme": {"type": "object", "properties": {"colour": {"type": "string", "title": "Colour"}}}}
    return {
        "type": "object",
        "title": title,
        "description": "Of things",
        "meta:intendedToExtend": [PROFILE],
        "definitions": {"customFields": {"type": "object", "properties": fields}},
        "allOf": [{"$ref": "#/definitions/customFields"}],
    }


@pytest.fixture
def acme(server: Background) -> Iterator[Client]:
    """The organisation whose fields stand below ``_acme``, emptied."""
    with own_settings():
        httpx.post(f"{server.url}/__admin/reset", headers={"x-gw-ims-org-id": "ACME@AdobeOrg"}).raise_for_status()
        point_at(server.url, "ACME@AdobeOrg")
        made = Client()
        yield made
        made.close()


DESCRIPTION = [{"op": "add", "path": "/description", "value": "Now said"}]


def test_schemas_are_changed_and_extended(client: Client) -> None:
    schemas, schema = client.schemas, client.schema()
    assert schemas.patchSchema(schema, DESCRIPTION)["version"] == "1.1"
    assert schemas.putSchema(schema, schemas.getSchema(schema, full=False))["version"] == "1.2"
    assert schemas.addFieldGroupToSchema(schema, [PERSON])["version"] == "1.3"
    assert "person.name.firstName" in schemas.getSchemaPaths(schema)
    assert schemas.getSchemaSample(schema)["person"]["name"]["lastName"] == "Example lastName"
    assert schemas.getSchemasGlobal() == []
    assert schemas.SchemaManager(schema, fieldGroups=[PERSON]).to_dataframe().shape[0] > 0


def test_classes_are_made_changed_listed_and_deleted(client: Client) -> None:
    schemas = client.schemas
    shops = schemas.createClass(title="Shops", class_template=f"{XDM}/data/record")
    assert schemas.patchClass(shops["$id"], DESCRIPTION)["version"] == "1.1"
    assert schemas.putClass(shops["$id"], shops)["version"] == "1.2"
    assert schemas.getClass(shops["$id"], desc=True, deprecated=True)["title"] == "Shops"
    assert [found["title"] for found in schemas.getClasses()] == ["Shops"]
    assert {found["$id"] for found in schemas.getClassesGlobal()} == {PROFILE, EVENT}
    assert schemas.getClass(PROFILE)["$id"] == PROFILE
    assert schemas.deleteClass(shops["$id"]) == 204
    assert [found["title"] for found in schemas.getBehaviors()] == ["Ad hoc", "Record", "Time series"]
    assert schemas.getBehavior(f"{XDM}/data/record")["title"] == "Record"


def test_field_groups_are_made_changed_copied_and_deleted(acme: Client) -> None:
    schemas = acme.schemas
    group = schemas.createFieldGroup(own_group())
    name = group["$id"]
    assert schemas.patchFieldGroup(name, DESCRIPTION)["version"] == "1.1"
    assert schemas.putFieldGroup(name, group)["version"] == "1.2"
    assert schemas.extendFieldGroup(name)["meta:intendedToExtend"] == [PROFILE, EVENT]
    assert "colour" in schemas.getFieldGroup(name)["properties"]["_acme"]["properties"]
    copied = schemas.copyFieldGroup(schemas.getFieldGroup(name, full=False), title="Copied")
    assert schemas.createFieldGroup(copied)["title"] == "Copied"
    assert [found["title"] for found in schemas.getFieldGroups()] == ["Colours", "Copied"]
    assert PERSON in {found["$id"] for found in schemas.getFieldGroupsGlobal()}
    assert schemas.FieldGroupManager(name).to_dataframe().shape[0] > 0
    assert schemas.deleteFieldGroup(name) == 204


def test_data_types_are_made_changed_listed_and_deleted(client: Client) -> None:
    schemas = client.schemas
    shade = schemas.createDataType({"type": "object", "title": "Shade", "properties": {"n": {"type": "string"}}})
    name = shade["$id"]
    assert schemas.patchDataType(name, DESCRIPTION)["version"] == "1.1"
    assert schemas.putDataType(name, shade)["version"] == "1.2"
    assert schemas.getDataType(name)["properties"]["n"]["type"] == "string"
    assert [found["title"] for found in schemas.getDataTypes()] == ["Shade"]
    assert "Full name" in {found["title"] for found in schemas.getDataTypesGlobal()}
    assert schemas.DataTypeManager(name).title == "Shade"
    assert schemas.deleteDataType(name) == 204


def test_descriptors_are_made_changed_listed_and_deleted(client: Client) -> None:
    schemas, schema = client.schemas, client.schema()
    operation = schemas.createDescriptorOperation(
        descType="xdm:descriptorIdentity",
        completePath="personID",
        sourceSchema=schema,
        identityNSCode="CRM",
        identityPrimary=True,
    )
    identity = schemas.createDescriptor(operation)["@id"]
    other = {"desc_type": "xdm:alternateDisplayInfo", "sourceSchema": schema, "sourceProperty": "/personID"}
    name = schemas.createDescriptor(**other)["@id"]
    assert {found["@id"] for found in schemas.getDescriptors()} == {identity, name}
    of_schema = {"type_desc": "xdm:descriptorIdentity", "prop": f"xdm:sourceSchema=={schema}"}
    assert [found["@id"] for found in schemas.getDescriptors(**of_schema)] == [identity]
    assert set(schemas.getDescriptors(id_desc=True)) == {identity, name}
    assert schemas.getDescriptor(identity)["xdm:namespace"] == "CRM"
    assert schemas.putDescriptor(identity, operation) == {"@id": identity}
    assert schemas.deleteDescriptor(identity) == 204


def test_a_schema_is_put_into_the_union_of_its_class(client: Client) -> None:
    schemas, schema = client.schemas, client.schema()
    assert schemas.enableSchemaForRealTime(schema)["meta:immutableTags"] == ["union"]
    assert schemas.enableSchemaForUPS(schema)["meta:immutableTags"] == ["union"]
    (union,) = schemas.getUnions()
    assert "personID" in schemas.getUnion(union["meta:altId"])["properties"]
    assert [found["$id"] for found in schemas.getXDMprofileSchema()["results"]] == [schema]


def test_figures_and_the_tenants_name_are_read(acme: Client) -> None:
    acme.schema()
    assert acme.schemas.getStats()["counts"]["schemas"] == 1
    assert acme.schemas.getTenantId() == "acme"


def test_resources_are_exported_but_imported_by_another_path(client: Client) -> None:
    exported = client.schemas.exportResource(client.schema("People"))
    assert [found["title"] for found in exported] == ["People"]
    assert client.schemas.importResource(exported)["status"] == 404


def test_datasets_are_created_listed_and_deleted(client: Client) -> None:
    schema = client.schema()
    (made,) = client.catalog.createDataSet(name="People", schemaId=schema, profileEnabled=True, identityEnabled=True)
    dataset = made.removeprefix("@/dataSets/")
    other = client.dataset(schema, "Others")
    found = client.catalog.getDataSet(dataset)[dataset]
    assert found["tags"]["unifiedProfile"] == ["enabled:true"]
    assert set(client.catalog.getDataSets()) == {dataset, other}
    assert ids(client.catalog.getDataSets(output="list")) == {dataset, other}
    assert set(client.catalog.getDataSets(output="df").index) == {dataset, other}
    assert client.catalog.data.ids == {"People": dataset, "Others": other}
    assert client.catalog.data.table_names == {"People": ["people"], "Others": ["others"]}
    assert client.catalog.deleteDataSet(other) == 200
    assert client.catalog.getDataSet(other)["status"] == 404


def test_the_overview_of_datasets_says_what_their_class_extends(client: Client) -> None:
    event = client.schemas.createExperienceEventSchema("Orders", fieldGroupIds=[COMMERCE])["$id"]
    client.dataset(client.schema(), "People")
    client.dataset(event, "Orders")
    overview = client.catalog.getDatasetsInfos()
    behaviours = dict(zip(overview["name"], overview["dataBehavior"], strict=True))
    assert behaviours == {"People": "record", "Orders": "time-series"}


def test_the_client_leaves_a_dataset_out_between_two_pages(client: Client) -> None:
    schema = client.schema()
    for number in range(3):
        client.dataset(schema, f"Dataset {number}")
    assert len(client.catalog.getDataSets()) == 3
    assert set(client.catalog.getDataSets(limit=1)) < set(client.catalog.getDataSets())


def test_datasets_are_enabled_disabled_and_changed(client: Client) -> None:
    dataset = client.dataset(client.schema())
    changed = [f"@/dataSets/{dataset}"]
    tags = {
        client.catalog.enableDatasetProfile: ("unifiedProfile", ["enabled:true"]),
        client.catalog.enableDatasetUpsert: ("unifiedProfile", ["enabled:true", "isUpsert:true"]),
        client.catalog.disableDatasetProfile: ("unifiedProfile", ["enabled:false"]),
        client.catalog.enableDatasetIdentity: ("unifiedIdentity", ["enabled:true"]),
        client.catalog.disableDatasetIdentity: ("unifiedIdentity", ["enabled:false"]),
        client.catalog.disableDatasetValidationContext: ("acp_validationContext", ["disabled"]),
    }
    for method, (tag, value) in tags.items():
        assert method(dataset) == changed
        assert client.catalog.getDataSet(dataset)[dataset]["tags"][tag] == value
    assert client.catalog.patchDataset(dataset, {"description": "What it is"}) == changed
    assert client.catalog.patchDatasetV2(dataset, {"tags": {"colour": ["red"]}}) == changed
    assert client.catalog.setDatasetTTL(dataset, "P3M") == changed
    found = client.catalog.getDataSet(dataset)[dataset]
    assert found["extensions"] == {"adobe_lakeHouse": {"rowExpiration": {"ttlValue": "P3M"}}}
    assert (found["description"], found["tags"]["colour"]) == ("What it is", ["red"])
    assert client.catalog.putDataset(dataset, found | {"name": "Another name"}) == changed
    assert client.catalog.getDataSet(dataset)[dataset]["name"] == "Another name"


def loaded(client: Client, dataset: str, rows: Any, **settings: Any) -> str:
    """A batch of these rows."""
    batch: str = client.ingestion.createBatch(dataset, **settings)["id"]
    assert client.ingestion.uploadSmallFile(batch, dataset, "rows.json", rows) == {}
    assert client.ingestion.uploadSmallFileFinish(batch) == {}
    return batch


def test_rows_are_uploaded_read_and_taken_back(client: Client) -> None:
    dataset = client.dataset(client.schema())
    rows = [{"_id": "1"}, {"_id": "2"}]
    batch = loaded(client, dataset, rows, enableDiagnostic=True, partialIngestionPercentage=5, tags={"colour": ["red"]})
    assert client.catalog.getBatch(batch)[batch]["status"] == "success"
    assert client.catalog.getLastBatches(dataset)[dataset]["lastBatchId"] == batch
    assert client.access.getPreview(dataset) == rows
    seen = client.catalog.getDataSetObservableSchema(dataset, appendDatasetInfo=True)
    assert set(seen["observableSchema"]["properties"]) == {"_id"}
    view = client.catalog.getDataSet(dataset)[dataset]["viewId"]
    assert set(client.catalog.getDataSetViewFiles(dataset, view)) == {f"{batch}-1"}
    (file,) = client.access.getBatchFiles(batch)
    (part,) = client.access.getFiles(file["dataSetFileId"])["data"]
    content = client.access.getFiles(file["dataSetFileId"], path=part["name"])
    assert [json.loads(line) for line in content.splitlines()] == rows
    assert client.access.getBatchMeta(batch, path="input_files")["data"][0]["name"] == "fileMetaData1.json"
    assert client.ingestion.deleteBatch(batch) == {}
    assert client.catalog.getBatch(batch)[batch]["status"] == "inactive"
    assert client.access.getPreview(dataset) == []


def test_rows_that_failed_are_told_of(client: Client) -> None:
    dataset = client.dataset(client.schema())
    batch = loaded(client, dataset, [5])
    names = [file["name"] for file in client.access.getBatchFailed(batch)]
    assert names[0] == "_SUCCESS"
    table = client.catalog.getFailedBatchesDF()
    assert list(table["errorCode"][batch]) == ["INGEST-1211-400", "INGEST-1401-400"]


class AskedAgainAndAgain(BaseException):
    """Nothing that aepp would catch."""


def test_content_that_is_no_json_is_asked_for_without_end_and_read_by_the_connector(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = client.dataset(client.schema())
    batch = loaded(client, dataset, [5, 6], enableDiagnostic=True)
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 5:
            raise AskedAgainAndAgain

    monkeypatch.setattr("aepp.connector.time.sleep", pause)
    read = client.access.connector.getData
    failed = f"{client.access.endpoint}/batches/{batch}/failed"
    success, rows = (file["name"] for file in client.access.getBatchFailed(batch)[:2])
    (errors,) = (f"row_errors/{file['name']}" for file in client.access.getBatchMeta(batch, path="row_errors")["data"])
    meta = f"{client.access.endpoint}/batches/{batch}/meta"
    for method, address, path, count in (
        (client.access.getBatchFailed, failed, success, 0),
        (client.access.getBatchFailed, failed, rows, 2),
        (client.access.getBatchMeta, meta, errors, 2),
    ):
        pauses.clear()
        with pytest.raises(AskedAgainAndAgain):
            method(batch, path=path)
        pauses.clear()
        lines = read(address, params={"path": path}, format="raw").text.splitlines()
        assert len([json.loads(line) for line in lines]) == count
        assert pauses == []


def test_a_large_file_is_uploaded_in_parts(client: Client) -> None:
    dataset = client.dataset(client.schema())
    batch = client.ingestion.createBatch(dataset)["id"]
    place = (batch, dataset, "large.json")
    with pytest.warns(DeprecationWarning):
        assert client.ingestion.uploadLargeFileStartEnd(*place)["sizeInBytes"] == 0
        part = client.ingestion.uploadLargeFilePart(*place, b'{"_id": "1"}', "bytes 0-11")
        assert part == {"name": "large.json", "sizeInBytes": 12}
        client.ingestion.uploadLargeFileStartEnd(*place, action="COMPLETE")
    client.ingestion.uploadSmallFileFinish(batch)
    assert client.access.getPreview(dataset) == [{"_id": "1"}]


def test_the_client_hides_headers_and_replays_with_a_method_that_is_none(client: Client) -> None:
    dataset = client.dataset(client.schema())
    batch = loaded(client, dataset, [{"_id": "1"}])
    (file,) = client.access.getBatchFiles(batch)
    (part,) = client.access.getFiles(file["dataSetFileId"])["data"]
    assert client.access.getHeadFile(file["dataSetFileId"], part["name"]) == {}
    assert client.ingestion.headFileStatus(batch, dataset, "rows.json") == {}
    assert client.ingestion.replayBatch(dataset, [batch])["status"] == 405
    again = loaded(client, dataset, [{"_id": "2"}], replay={"predecessors": [f"${batch}"], "reason": "replace"})
    assert client.catalog.getBatch(batch)[batch]["status"] == "inactive"
    assert client.catalog.getBatch(again)[again]["status"] == "success"


def test_what_a_run_landed_is_a_batch_in_the_catalog(client: Client, api: Api) -> None:
    run = api.first_run(client.flow())
    (reference,) = client.catalog.getBatches(limit=100)
    batch = client.catalog.getBatch(reference)[reference]
    assert batch["status"] == "success"
    assert batch["tags"]["flowRunId"] == [run["id"]]
    assert set(client.catalog.getBatches(n_results="inf")) == {reference}


# Queries


def test_queries_count_what_landed(client: Client, server: Background, api: Api) -> None:
    dataset = client.dataset(client.schema(), "People")
    put_batch(server, api, dataset, [{"n": n} for n in range(3)])
    made = client.queries.postQueries(name="People", sql="SELECT * FROM people", description="All of them")
    assert made["state"] == "SUBMITTED"
    done = client.queries.getQuery(made["id"])
    assert (done["state"], done["rowCount"]) == ("SUCCESS", 3)
    failed = client.queries.createQuery(name="Nothing", sql="SELECT * FROM nothing")
    assert client.queries.getQuery(failed["id"])["state"] == "FAILED"
    refused = client.queries.postQueries(name="By a template", templateId=UNKNOWN)
    assert (refused["status"], refused["report"]["field"]) == (400, "templateId")


def test_queries_are_listed_over_all_pages_cancelled_and_deleted(client: Client) -> None:
    first, second, third = (client.queries.postQueries(name=str(n), sql=f"SELECT {n}")["id"] for n in range(3))
    assert [one["id"] for one in client.queries.getQueries(limit=1)] == [third, second, first]
    assert [one["id"] for one in client.queries.getQueries(orderby="+created", limit=2)] == [first, second, third]
    assert ids(client.queries.getQueries(property=f"id=={second}", excludeHidden=False)) == {second}
    assert len(client.queries.getQueries(n_results=2)) == 2
    assert client.queries.cancelQuery(first)["message"] == "Query cancel request received"
    assert client.queries.deleteQuery(first) == 202
    assert ids(client.queries.getQueries()) == {second, third}
    assert ids(client.queries.getQueries(excludeSoftDeleted=False)) == {first, second, third}
    raw = client.queries.getResource(f"{client.queries.endpoint}/queries/{second}")
    assert raw["id"] == second


def test_mapping_sets_are_created_from_rules_or_whole(client: Client) -> None:
    schema = client.schema()
    of_rules = client.mapping_set(schema, "data.id")
    rule = {"sourceAttribute": "data.id", "destinationXdmPath": "_test.id"}
    body = {"version": 0, "xdmSchema": schema, "xdmVersion": "1.0", "mappings": [rule]}
    whole = client.mappings.createMappingSet(mappingSet=body)["id"]
    assert ids(client.mappings.getMappingSets()) == {of_rules, whole}
    for made in (of_rules, whole):
        assert client.mappings.getMappingSet(made)["outputSchema"]["schemaRef"]["id"] == schema
        (found,) = client.mappings.getMappingSet(made, mappingRulesOnly=True)
        assert (found["source"], found["destination"]) == ("data.id", "_test.id")


def test_rules_that_were_read_can_be_sent_again_for_another_tenant(client: Client) -> None:
    schema = client.schema()
    read = client.mappings.getMappingSet(client.mapping_set(schema, "data.id"))
    assert client.mappings.cleanMappingRules(read) == client.mappings.getMappingSet(read["id"], mappingRulesOnly=True)
    rules = client.mappings.copyMappingRules(read, "other")
    again = client.mappings.createMappingSet(schema, rules)["id"]
    (mapping,) = client.mappings.getMappingSet(again)["mappings"]
    assert mapping["destination"] == "_other.id"


def test_a_replaced_mapping_set_is_of_the_next_version(client: Client) -> None:
    mapping_set = client.mapping_set(client.schema(), "data.id")
    rule = {"sourceType": "ATTRIBUTE", "source": "data.amount", "destination": "_test.amount"}
    assert client.mappings.updateMappingSet(mapping_set, [rule])["version"] == 1
    assert client.mappings.getMappingSet(mapping_set)["mappings"][0]["source"] == "data.amount"


def test_a_mapping_set_is_checked_where_the_client_says_so(client: Client) -> None:
    schema = client.schema()
    rule = {"sourceType": "ATTRIBUTE", "source": "data.id", "destination": "personID"}
    assert client.mappings.createMappingSet(schema, [rule], validate=True)["version"] == 0
    refused = client.mappings.createMappingSet(schema, [rule | {"destination": "nothing"}], validate=True)
    assert refused["status"] == 400


def test_mapping_sets_are_found_by_name_and_property(client: Client) -> None:
    schema = client.schema()
    body = {"xdmSchema": schema, "mappings": [], "name": "People"}
    named = client.mappings.createMappingSet(mappingSet=body)["id"]
    other = client.mapping_set(client.schema("Another"), "data.id")
    assert ids(client.mappings.getMappingSets(name="People")) == {named}
    assert ids(client.mappings.getMappingSets(prop=f"xdmSchema=={schema}")) == {named}
    assert ids(client.mappings.getMappingSets(prop="status==DRAFT")) == {named, other}
    assert client.mappings.getMappingSets(prop="status==success") == []
    (expanded,) = client.mappings.getMappingSets(name="People", expand_schema=True)
    assert expanded["outputSchema"]["jsonSchema"]["$id"] == schema


def test_single_mappings_are_made_changed_and_removed(client: Client) -> None:
    mapping_set = client.mapping_set(client.schema(), "data.id")
    rule = {"sourceType": "ATTRIBUTE", "source": "data.amount", "destination": "_test.amount"}
    made = client.mappings.createMappingSetMapping(mapping_set, rule)["id"]
    assert len(client.mappings.getMappingSetMappings(mapping_set)) == 2
    changed = client.mappings.updateMappingSetMapping(mapping_set, made, rule | {"source": "data.total"})
    assert client.mappings.getMappingSetMapping(mapping_set, made) == changed
    assert (changed["source"], changed["version"]) == ("data.total", 1)
    client.mappings.deleteMappingSetMapping(mapping_set, made)
    assert len(client.mappings.getMappingSetMappings(mapping_set)) == 1
    assert client.mappings.getMappingSet(mapping_set)["version"] == 3


def test_a_record_is_sent_through_a_mapping_set_that_is_not_kept(client: Client) -> None:
    rule = {"sourceType": "ATTRIBUTE", "source": "id", "destination": "_id"}
    mapping_set = {"outputSchema": {"schemaRef": {"id": client.schema(), "contentType": FULL}}, "mappings": [rule]}
    (shown,) = client.mappings.previewDataOutput({"id": 1234}, mapping_set)
    assert shown == {"data": {"_id": "1234"}, "errors": None}


def test_mappings_are_suggested_from_what_a_run_landed(client: Client, api: Api) -> None:
    api.first_run(client.flow())
    (reference,) = client.catalog.getBatches(limit=100)
    dataset = client.dataset(client.schema("Another"))
    found = client.mappings.getMappingSuggestions(dataset, reference, excludeUnmapped=False)
    assert [mapping["source"] for mapping in found["mappings"]] == ["_test.id"]


def test_the_language_is_told_and_expressions_are_checked(client: Client) -> None:
    functions = {found["function"] for found in client.mappings.getMappingSetFunctions()}
    assert {"concat", "iif", "to_integer"} <= functions
    assert {found["operatorSymbol"] for found in client.mappings.getMappingSetOperators()} >= {"+", "!", "~"}
    assert client.mappings.validateExpression('concat("a", b)')["validationStatus"] == "succeeded"
    assert client.mappings.validateExpression("concat(")["validationStatus"] == "failed"


def test_batch_conversions_are_not_served(client: Client) -> None:
    assert client.mappings.getXDMBatchConversions()["status"] == 404


def test_a_deleted_mapping_set_is_gone(client: Client) -> None:
    mapping_set = client.mapping_set(client.schema(), "data.id")
    assert client.mappings.deleteMappingSet(mapping_set) == 204
    assert client.mappings.getMappingSet(mapping_set)["status"] == 404


# Specs


def test_connection_specs_are_found_by_the_names_that_the_client_relies_on(client: Client) -> None:
    names = client.flows.getConnectionSpecsMap()
    assert names == {found["name"]: found["id"] for found in client.flows.getConnectionSpecs()}
    assert names["datalake"] == DATA_LAKE
    assert names["landing-zone"] == LANDING_ZONE
    assert names["Data Landing Zone"] == EXPORT_ZONE
    assert names["activation-datalake"] == EXPORT_SOURCE
    assert client.flows.getConnectionSpecIdFromName("Streaming Connection") == HTTP_API
    (found,) = client.flows.getConnectionSpec(STRIPE)["items"]
    assert found["name"] == "stripe"


def test_flow_specs_are_found_by_the_names_of_what_they_join(client: Client) -> None:
    listed = ids(client.flows.getFlowSpecs())
    assert {REST_FLOW, FILE_FLOW, STREAM_MAPPED_FLOW, STREAM_FLOW_AS_IT_IS, EXPORT_FLOW} <= listed
    assert ids(client.flows.getFlowSpecs("name==CloudStorageToAEP")) == {FILE_FLOW}
    assert client.flows.getFlowSpecIdFromNames("CloudStorageToAEP", "landing-zone", "datalake") == FILE_FLOW
    with pytest.raises(Exception, match="got 0"):
        client.flows.getFlowSpecIdFromNames("CloudStorageToAEP", "stripe")
    assert client.flows.getFlowSpec(REST_FLOW)["name"] == "RestStorageToAEP"


# Base connections


def test_a_connection_is_created_from_parts_or_whole(client: Client) -> None:
    parts = {"name": "Of parts", "connectionSpec": spec(STRIPE), "auth": ACCOUNT["auth"]}
    of_parts = client.flows.createConnection(**parts)
    whole = client.flows.createConnection(ACCOUNT, responseType="raw")
    assert whole.status_code == 201
    assert client.flows.getConnection(of_parts["id"])["etag"] == of_parts["etag"]
    assert ids(client.flows.getConnections()) == {of_parts["id"], whole.json()["id"]}
    assert client.flows.connectionTest(of_parts["id"]) == {"result": True}


def test_a_connection_that_is_not_there_is_an_empty_one(client: Client) -> None:
    """The client shows the refusal of a read to nobody."""
    assert client.flows.getConnection(UNKNOWN) == {}


def test_connections_come_in_pages(client: Client) -> None:
    made = {client.account(f"Account {number}") for number in range(7)}
    assert ids(client.flows.getConnections(limit=2)) == made
    assert ids(client.flows.getConnections(limit=3, n_results="inf")) == made
    assert len(client.flows.getConnections(limit=2, n_results=3)) == 4
    (found,) = client.flows.getConnections(property="name==Account 3")
    assert found["name"] == "Account 3"


def test_a_connection_is_patched_with_capitalised_operations(client: Client) -> None:
    connection = client.account()
    described = {"op": "Add", "path": "/description", "value": "For charges"}
    assert client.flows.patchConnection(connection, [*replaced("/name", "Renamed"), described])["id"] == connection
    found = client.flows.getConnection(connection)
    assert (found["name"], found["description"]) == ("Renamed", "For charges")
    client.flows.patchConnection(connection, [{"op": "Remove", "path": "/description"}])
    assert "description" not in client.flows.getConnection(connection)


def test_a_deleted_connection_is_gone(client: Client) -> None:
    connection = client.account()
    assert client.flows.deleteConnection(connection) == 204
    assert client.flows.getConnections() == []


def test_a_streaming_connection_gets_an_inlet(client: Client, server: Background) -> None:
    made = client.flows.createConnectionStreaming(
        "A stream", "a source id", "raw", paramName="stream", responseType="raw"
    )
    params = client.flows.getConnection(made.json()["id"])["auth"]["params"]
    assert params["inletUrl"] == f"{server.url}/collection/{params['inletId']}"
    assert (params["sourceId"], params["dataType"], params["name"]) == ("a source id", "raw", "stream")


@pytest.mark.parametrize(
    ("maker", "arguments", "spec_id"),
    [
        ("createConnectionToUPS", {}, PROFILE_STORE),
        ("createBaseConnectionDLZTarget", {}, EXPORT_ZONE),
        (
            "createBaseConnectionS3Target",
            {"s3AccessKey": "a key", "s3SecretKey": "a secret"},
            "4fce964d-3f37-408f-9778-e597338a21ee",
        ),
        ("createBaseConnectionBlobTarget", {"connectionString": "a secret"}, "6d6b59bf-fb58-4107-9064-4d246c0e5bb2"),
    ],
)
def test_connections_to_stores_are_created(client: Client, maker: str, arguments: Document, spec_id: str) -> None:
    made = getattr(client.flows, maker)(name="A store", **arguments)["id"]
    found = client.flows.getConnection(made)
    assert found["connectionSpec"]["id"] == spec_id
    assert "a secret" not in json.dumps(found)


# Source and target connections


def test_source_connections_come_in_pages(client: Client) -> None:
    account = client.account()
    made = {client.source(account, f"Source {number}") for number in range(5)}
    assert ids(client.flows.getSourceConnections(limit=2)) == made
    assert ids(client.flows.getSourceConnections()) == made
    assert client.flows.getSourceConnection(next(iter(made)))["baseConnectionId"] == account


def test_a_source_connection_is_updated_under_its_etag_and_deleted(client: Client) -> None:
    source = client.source()
    etag = client.flows.getSourceConnection(source)["etag"]
    changed = client.flows.updateSourceConnection(source, etag, replaced("/params/resourcePath", "customers"))
    assert changed["etag"] != etag
    assert client.flows.getSourceConnection(source)["params"] == {"resourcePath": "customers"}
    assert client.flows.updateSourceConnection(source, etag, replaced("/name", "Late"))["status"] == 412
    assert client.flows.deleteSourceConnection(source) == 204
    assert client.flows.getSourceConnections() == []


def test_a_streaming_source_connection_may_look_its_provider_up(client: Client) -> None:
    stream = client.flows.createConnectionStreaming("A stream", "an id", "raw", paramName="stream")["id"]
    given = client.flows.createSourceConnectionStreaming(stream, "With the usual provider", "json")["id"]
    found = client.flows.createSourceConnectionStreaming(stream, "Looked up", "json", providerId=None)["id"]
    providers = {client.flows.getSourceConnection(made)["providerId"] for made in (given, found)}
    assert providers == {"521eee4d-8cbe-4906-bb48-fb6bd4450033"}


def test_source_connections_of_landing_zone_and_lake_are_created(client: Client) -> None:
    dataset = client.dataset(client.schema())
    zone = client.flows.createSourceConnectionDataLandingZone("Zone", path=CONTACTS)["id"]
    lake = client.flows.createSourceConnectionDataLake("Lake", dataset_ids=[dataset])["id"]
    assert client.flows.getSourceConnection(zone)["connectionSpec"]["id"] == LANDING_ZONE
    assert client.flows.getSourceConnection(lake)["params"] == {"datasets": [{"dataSetId": dataset}]}


def test_target_connections_come_in_pages(client: Client) -> None:
    schema = client.schema()
    dataset = client.dataset(schema)
    made = {client.target(dataset, schema) for _ in range(4)}
    made.add(client.flows.createTargetConnection("Of parts", DATA_LAKE, dataset)["id"])
    assert ids(client.flows.getTargetConnections(limit=2)) == made
    assert ids(client.flows.getTargetConnections(n_results="inf")) == made


def test_a_target_connection_is_updated_under_its_etag_and_deleted(client: Client) -> None:
    schema = client.schema()
    target = client.target(client.dataset(schema), schema)
    etag = client.flows.getTargetConnection(target)["etag"]
    client.flows.updateTargetConnection(target, etag, replaced("/name", "Renamed"))
    assert client.flows.getTargetConnection(target)["name"] == "Renamed"
    assert client.flows.deleteTargetConnection(target) == 204
    assert client.flows.getTargetConnections() == []


def test_target_connections_of_the_landing_zone_are_created(client: Client) -> None:
    base = client.flows.createBaseConnectionDLZTarget("Zone")["id"]
    files = client.flows.createTargetConnectionDataLandingZone("Files", path="a/b.csv")["id"]
    export = client.flows.createTargetConnectionDatasetToDataLandingZone("Export", base, "/a")["id"]
    assert client.flows.getTargetConnection(files)["params"] == {"path": "a/b.csv", "type": "file"}
    assert client.flows.getTargetConnection(export)["baseConnectionId"] == base


# Flows


def test_a_flow_made_from_a_whole_body_runs(client: Client, api: Api) -> None:
    flow = client.flow()
    api.first_run(flow)
    (run,) = client.flows.getRuns(prop=f"flowId=={flow}")
    assert run["metrics"]["recordSummary"]["outputRecordCount"] == 150
    assert client.flows.getRun(run["id"]) == [run]
    dataset = client.manager(flow).datasetId
    assert api.records(dataset)["count"] == 150


def test_a_flow_made_from_parts_runs_but_has_no_description(client: Client, api: Api) -> None:
    """The client takes a description and forgets it."""
    schema = client.schema()
    flow = client.flows.createFlow(
        REST_FLOW,
        name="Of parts",
        source_connection_id=client.source(),
        target_connection_id=client.target(client.dataset(schema), schema),
        schedule_start_time=PAST,
        transformation_mapping_id=client.mapping_set(schema, "data.id"),
        transformation_name="Mapping",
        description="Forgotten",
    )["id"]
    found = client.flows.getFlow(flow)
    assert found["scheduleParams"]["interval"] == "15"
    assert "description" not in found
    assert api.first_run(flow)["metrics"]["statusSummary"]["status"] == "success"


def test_a_flow_made_from_parts_cannot_run_once(client: Client) -> None:
    """The client writes the schedule of a dataset export, whatever the flow spec."""
    schema = client.schema()
    target = client.target(client.dataset(schema), schema)
    refusal = client.flows.createFlow(
        REST_FLOW,
        name="Once",
        source_connection_id=client.source(),
        target_connection_id=target,
        schedule_start_time=PAST,
        schedule_frequency="once",
    )
    assert refusal["type"].endswith("CONNECTOR-1304-400")


def test_flows_come_in_pages_and_by_what_they_join(client: Client) -> None:
    made = {client.flow(f"Flow {number}") for number in range(3)}
    assert ids(client.flows.getFlows(limit=1)) == made
    assert ids(client.flows.getFlows()) == made
    (second,) = client.flows.getFlows(prop="name==Flow 1")
    assert client.flows.getFlows(filterSourceIds=second["sourceConnectionIds"]) == [second]
    assert client.flows.getFlows(filterTargetIds=second["targetConnectionIds"]) == [second]
    mapping_set = second["transformations"][0]["params"]["mappingId"]
    assert client.flows.getFlows(filterMappingSetIds=[mapping_set]) == [second]
    whole = client.flows.getResource(f"{client.flows.endpoint}/flows", params={"limit": 1})
    assert len(whole["items"]) == 1


def test_no_flow_leads_into_the_profile_store(client: Client) -> None:
    """The flows that the platform itself has for it are none of the emulator's."""
    dataset = client.manager(client.flow(startTime=in_an_hour())).datasetId
    for store in ("UPS", "UIS"):
        assert getattr(client.flows, f"get{store}Flows")() == []
        assert getattr(client.flows, f"get{store}Flow")(dataset) == {"error": "not found"}
        with pytest.raises(Exception, match="Could not find any flow runs"):
            getattr(client.flows, f"get{store}FlowRuns")(dataset)


def test_flows_of_sources_and_of_destinations_are_told_apart(client: Client) -> None:
    source_flow = client.flow()
    dataset = client.dataset(client.schema("Exported"))
    export = client.flows.exportDatasetToDLZ([dataset], scheduleStart=in_an_hour())["id"]
    assert ids(client.flows.getFlows(onlySources=True)) == {source_flow}
    assert ids(client.flows.getFlows(onlyDestinations=True)) == {export}
    assert client.manager(export).flowType == "destination"


def test_a_flow_is_updated_under_its_etag_and_deleted(client: Client, api: Api) -> None:
    flow = client.flow(startTime=in_an_hour())
    etag = client.flows.getFlow(flow)["etag"]
    client.flows.updateFlow(flow, etag, replaced("/name", "Renamed"))
    assert client.flows.getFlow(flow)["name"] == "Renamed"
    assert client.flows.updateFlow(flow, etag, replaced("/name", "Late"))["status"] == 412
    assert client.flows.deleteFlow(flow) == 204
    assert client.flows.getFlows() == []


def test_a_policy_of_a_flow_is_set_by_updating_the_flow(client: Client) -> None:
    """The client's own call for it forgets the etag that its update wants."""
    flow = client.flow(startTime=in_an_hour())
    with pytest.raises(Exception, match="Require etag"):
        client.flows.updatePolicy(flow, MARKETING)
    policy = {"enforcementRefs": [MARKETING]}
    added = {"op": "Add", "path": "/policy", "value": policy}
    client.flows.updateFlow(flow, client.flows.getFlow(flow)["etag"], [added])
    assert client.flows.getFlow(flow)["policy"] == policy


def test_a_flow_is_disabled_and_enabled_by_actions_without_a_body(client: Client) -> None:
    flow = client.flow(startTime=in_an_hour())
    for action, state in (("disable", "disabled"), ("enable", "enabled")):
        assert client.flows.postFlowAction(flow, action)["id"] == flow
        assert client.flows.getFlow(flow)["state"] == state


def test_a_flow_that_runs_once_runs_again_on_demand(client: Client, api: Api) -> None:
    flow = client.flow(frequency="once", interval=None)
    first = api.first_run(flow)
    second = client.flows.createRun(flow)
    window = {"startTime": PAST, "windowStartTime": PAST, "windowEndTime": "1625050887"}
    third = client.flows.createRun(flow, params=window)
    api.await_runs(flow, 3)
    assert ids(client.flows.getRuns(limit=1, prop=f"flowId=={flow}")) == {first["id"], second["id"], third["id"]}
    succeeded = [f"flowId=={flow}", "metrics.statusSummary.status==success"]
    assert first["id"] in ids(client.flows.getRuns(prop=succeeded))


def test_a_count_is_refused_because_the_client_sends_a_limit_with_it(client: Client) -> None:
    client.flow(startTime=in_an_hour())
    assert client.flows.getConnections(count=True)["type"].endswith("FLOW-1401-400")
    assert client.flows.getFlows(count=True) == []
    assert client.flows.getRuns(count=True) == []
    assert len(client.flows.getFlows()) == 1


# The manager of one flow


def test_a_manager_gathers_a_flow_and_all_that_it_joins(client: Client, api: Api) -> None:
    flow = client.flow("Charges")
    run = api.first_run(flow)
    manager = client.manager(flow)
    found = client.flows.getFlow(flow)
    assert (manager.id, manager.name, manager.state) == (flow, "Charges", "enabled")
    assert (manager.flowType, manager.frequency) == ("source", "batch")
    assert manager.flowSpec == {"id": REST_FLOW, "name": "RestStorageToAEP", "frequency": "batch"}
    assert manager.flowSourceConnection["params"] == {"resourcePath": "charges"}
    assert manager.flowTargetConnection["params"]["datasetName"] == "A dataset"
    assert manager.flowTargetConnection["data"]["schema"]["name"] == "Charges"
    assert manager.flowMapping["createdDateTS"] == manager.getMapping()["createdDate"]
    assert manager.getFlowSpec()["id"] == REST_FLOW
    assert manager.getSourceConnection()["id"] == found["sourceConnectionIds"][0]
    assert manager.getTargetConnection()["id"] == found["targetConnectionIds"][0]
    assert manager.getConnectionSpec()["items"][0]["id"] == STRIPE
    assert ids(manager.getRuns()) == {run["id"]}
    assert manager.getRuns(prop=["metrics.statusSummary.status==failed"]) == []
    assert json.loads(repr(manager)) == json.loads(str(manager)) == manager.summary()


def test_a_manager_mixes_up_the_specs_of_a_flows_ends(client: Client) -> None:
    """It reads the name beside ``items`` for the source, and shows the source's spec for the target."""
    manager = client.manager(client.flow(startTime=in_an_hour()))
    assert manager.connectionInfo["name"] is None
    assert manager.flowTargetConnection["connectionSpec"]["name"] == "stripe"
    assert manager.getTargetConnectionSpec()["items"][0]["id"] == STRIPE


def test_a_manager_updates_its_flow_once_and_knows_little_of_it_then(client: Client) -> None:
    """It takes the answer to a PATCH, which is id and etag, for the flow."""
    flow = client.flow(startTime=in_an_hour())
    manager = client.manager(flow)
    assert manager.updateFlow(replaced("/name", "Renamed"))["id"] == flow
    assert client.flows.getFlow(flow)["name"] == "Renamed"
    assert (manager.id, manager.name) == (flow, None)
    assert manager.etag == client.flows.getFlow(flow)["etag"]
    with pytest.raises(Exception, match="Could not find a mapping"):
        manager.updateFlowMapping(client.mapping_set(client.schema(), "data.amount"))


def test_a_manager_gives_its_flow_another_mapping_set(client: Client) -> None:
    flow = client.flow("Charges", startTime=in_an_hour())
    schema = client.flows.getTargetConnection(client.flows.getFlow(flow)["targetConnectionIds"][0])
    mapping_set = client.mapping_set(schema["data"]["schema"]["id"], "data.amount")
    client.manager(flow).updateFlowMapping(mapping_set)
    (transformation,) = client.flows.getFlow(flow)["transformations"]
    assert transformation == {"name": "Mapping", "params": {"mappingId": mapping_set, "mappingVersion": 0}}


# Landing zones and exports


def test_a_landing_zone_has_a_container_and_credentials(client: Client, server: Background) -> None:
    zone = client.flows.getLandingZoneContainer()
    credential = client.flows.getLandingZoneCredential()
    assert client.flows.getLandingZoneStorageName() == zone["containerName"] == credential["containerName"]
    assert client.flows.getLandingZoneStorageTTL() == int(zone["containerTTL"]) == 7
    assert client.flows.getLandingZoneNamespace() == credential["storageAccountName"]
    assert client.flows.getLandingZoneSASToken() == credential["SASToken"]
    assert client.flows.getLandingZoneSASUri() == credential["SASUri"]
    assert credential["SASUri"].startswith(server.url)
    assert client.flows.getLandingZoneContainer("dlz_destination") != zone


def test_names_that_the_client_gave_up_still_work(client: Client) -> None:
    with pytest.warns(DeprecationWarning, match="deprecated as of 0.3.4"):
        assert client.flows.getLandingZoneContainerName() == client.flows.getLandingZoneStorageName()
        assert client.flows.getLandingZoneContainerTTL() == client.flows.getLandingZoneStorageTTL()
        assert client.flows.getLandingZoneStorageAccountName() == client.flows.getLandingZoneNamespace()


def test_the_landing_zone_is_explored_down_to_the_rows_of_a_file(client: Client) -> None:
    assert CONTACTS in {entry["path"] for entry in client.flows.exploreLandingZone()}
    below = client.flows.exploreLandingZone("folder", object="dlz-user-container/members/")
    assert "members.json" in {entry["name"] for entry in below}
    content = client.flows.getLandingZoneContent(file=CONTACTS)
    assert content["properties"]["fileType"] == "delimited"
    assert list(content["data"][0]) == [column["name"] for column in content["schema"]["columns"]]
    told = client.flows.getLandingZoneContent("delimited", file=CONTACTS, determineProperties=False)
    assert told["data"] == content["data"]


def test_exploring_a_file_by_its_type_leaves_out_which_one(client: Client) -> None:
    """The client sends the path for folders alone."""
    refusal = client.flows.exploreLandingZone("file", fileType="delimited", object=CONTACTS)
    assert refusal["type"].endswith("CONNECTOR-1337-400")


def test_a_flow_out_of_the_landing_zone_finds_its_flow_spec_by_name(client: Client) -> None:
    schema = client.schema()
    flow = client.flows.createFlowDataLandingZoneToDataLake(
        "From the zone",
        client.flows.createSourceConnectionDataLandingZone("Zone", path=CONTACTS)["id"],
        client.target(client.dataset(schema), schema),
        PAST,
        transformation_mapping_id=client.mapping_set(schema, "Id"),
        transformation_name="Mapping",
    )["id"]
    found = client.flows.getFlow(flow)
    assert found["flowSpec"]["id"] == FILE_FLOW
    assert found["scheduleParams"]["frequency"] == "minute"


def test_datasets_can_be_exported_that_the_sandbox_has(client: Client) -> None:
    schema = client.schema()
    datasets = {client.dataset(schema, f"Dataset {number}") for number in range(2)}
    assert ids(client.flows.getExportableDatasetsDLZ()) == datasets
    assert ids(client.flows.getExportableDatasets("4fce964d-3f37-408f-9778-e597338a21ee")) == datasets


def test_more_datasets_than_a_page_holds_can_be_exported(client: Client) -> None:
    schema = client.schema()
    datasets = {client.dataset(schema, f"Dataset {number}") for number in range(103)}
    assert ids(client.flows.getExportableDatasetsDLZ()) == datasets


def test_a_dataset_is_exported_to_the_landing_zone(client: Client) -> None:
    dataset = client.dataset(client.schema())
    flow = client.flows.getFlow(client.flows.exportDatasetToDLZ([dataset], scheduleStart=in_an_hour())["id"])
    assert flow["flowSpec"]["id"] == EXPORT_FLOW
    assert flow["scheduleParams"]["exportMode"] == "FIRST_FULL_THEN_INCREMENTAL"
    source = client.flows.getSourceConnection(flow["sourceConnectionIds"][0])
    assert source["params"]["datasets"] == [{"dataSetId": dataset}]
    with pytest.raises(Exception, match="cannot be found"):
        client.flows.exportDatasetToDLZ([UNKNOWN])


def test_a_dataset_to_export_must_come_in_a_list(client: Client) -> None:
    """The client takes a text apart into its characters."""
    dataset = client.dataset(client.schema())
    with pytest.raises(Exception, match=f"^{dataset[0]} cannot be found"):
        client.flows.exportDatasetToDLZ(dataset)


@pytest.mark.parametrize("schedule", [{"schedule_timeUnit": "hour"}, {"schedule_frequency": "once"}])
def test_a_flow_into_the_landing_zone_is_made_of_its_two_ends(client: Client, schedule: Document) -> None:
    lake = client.flows.createSourceConnectionDataLake("Lake", dataset_ids=[client.dataset(client.schema())])["id"]
    base = client.flows.createBaseConnectionDLZTarget("Zone")["id"]
    zone = client.flows.createTargetConnectionDatasetToDataLandingZone("Zone", base, "/a")["id"]
    flow = client.flows.createFlowDataLakeToDataLandingZone("Export", lake, zone, in_an_hour(), **schedule)["id"]
    assert client.flows.getFlow(flow)["scheduleParams"]["timeUnit"] in ("hour", "day")


def test_the_exporter_makes_a_flow_once_and_enables_it_again(client: Client, tmp_path: Path) -> None:
    file = tmp_path / "exporter.ini"
    file.write_text("[Platform]\ndataflow_id =\n", encoding="utf-8")
    exporter = exportDatasetToDataLandingZone.ExportDatasetToDataLandingZone()
    dataset = client.dataset(client.schema())
    order = (dataset, "gzip", "json", "/a", True, str(file), "Export")
    flow = exporter.createDataFlowRunIfNotExists(*order)
    client.flows.postFlowAction(flow, "disable")
    assert exporter.createDataFlowRunIfNotExists(*order) == flow
    found = client.flows.getFlow(flow)
    assert (found["state"], found["flowSpec"]["id"]) == ("enabled", EXPORT_FLOW)
    target = client.flows.getTargetConnection(found["targetConnectionIds"][0])
    assert target["params"]["datasetFileType"] == "json"
    exporter.flow_conn.connector.session.close()
    exporter.dis_conn.connector.session.close()


# Streaming


def test_raw_messages_reach_the_dataset_of_a_streaming_flow(client: Client, api: Api) -> None:
    schema = client.schema()
    dataset = client.dataset(schema)
    stream = client.flows.createConnectionStreaming("A stream", "an id", "raw", paramName="stream")["id"]
    made = client.flows.createFlowStreaming(
        "A stream",
        source_connection_id=client.flows.createSourceConnectionStreaming(stream, "A stream", "json")["id"],
        target_connection_id=client.target(dataset, schema),
        transformation=True,
        transformation_mapping_id=client.mapping_set(schema, "id"),
        transformation_name="Mapping",
    )
    flow = client.flows.getFlow(made["flow"]["id"])
    assert flow["flowSpec"]["id"] == STREAM_MAPPED_FLOW
    assert "scheduleParams" not in flow
    inlet = client.flows.getConnection(stream)["auth"]["params"]["inletId"]
    one = client.ingestion.streamMessage(inlet, {"id": "1"}, flowId=flow["id"])
    assert one["syncValidation"] == {"skipped": True}
    assert client.ingestion.streamMessage(inlet, {"id": "2"}, format="raw").status_code == 200
    many = client.ingestion.streamMessages(inlet, [{"id": "3"}, {"id": "4"}], flowId=flow["id"])
    assert len(many["responses"]) == 2
    landed = api.records(dataset)["items"]
    assert sorted(record["_test"]["id"] for record in landed) == ["1", "2", "3", "4"]


def xdm_message(schema: str, dataset: str, org: str) -> Document:
    reference = {"id": schema, "contentType": FULL}
    return {
        "header": {"schemaRef": reference, "imsOrgId": org, "datasetId": dataset, "source": {"name": "test"}},
        "body": {"xdmMeta": {"schemaRef": reference}, "xdmEntity": {"_id": "1"}},
    }


def inlet_of(client: Client, streaming_flow: Document) -> str:
    base = client.flows.getConnection(streaming_flow["source_connection_id"]["baseConnectionId"])
    inlet: str = base["auth"]["params"]["inletId"]
    return inlet


def test_a_dataset_is_enough_to_stream_xdm_into_it(client: Client, api: Api, org: str) -> None:
    schema = client.schema()
    dataset = client.dataset(schema)
    made = client.flows.createFlowStreaming(datasetId=dataset)
    assert client.flows.getFlow(made["flow"]["id"])["flowSpec"]["id"] == STREAM_FLOW_AS_IT_IS
    answer = client.ingestion.streamMessage(inlet_of(client, made), xdm_message(schema, dataset, org))
    assert answer["flowId"] == made["flow"]["id"]
    assert api.records(dataset)["items"] == [{"_id": "1"}]


def test_an_authenticated_inlet_takes_the_token_that_the_client_sends(client: Client, org: str) -> None:
    schema = client.schema()
    dataset = client.dataset(schema)
    inlet = inlet_of(client, client.flows.createFlowStreaming(datasetId=dataset, authenticationRequired=True))
    message = xdm_message(schema, dataset, org)
    assert "xactionId" in client.ingestion.streamMessage(inlet, message)
    client.ingestion.connector.token = ""
    bare = {"Content-Type": "application/json"}
    assert client.ingestion.streamMessage(inlet, message, headers=bare)["status"] == "401"


def test_a_dataset_is_not_enough_while_the_client_keeps_a_log(client: Client) -> None:
    """It writes the dataset's name before it has read the dataset."""
    talking = flowservice.FlowService(loggingObject=aepp.generateLoggingObject())
    with pytest.raises(UnboundLocalError, match="dataset"):
        talking.createFlowStreaming(datasetId=client.dataset(client.schema()))
    talking.connector.session.close()
