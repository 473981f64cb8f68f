"""The client ``aepp`` as its users set it up: pointed at a server by its own settings, nothing of it replaced."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from functools import cached_property
from typing import Any

import aepp
from aepp import catalog, config, dataaccess, dataprep, flowservice, ingestion, queryservice, sandboxes, schema

from tests.support import FULL, OWN_FIELDS, PROFILE, REST_FLOW, STRIPE, Document, spec

CLIENT_ID = "aepp-test"
ACCOUNT: Document = {
    "name": "An account",
    "connectionSpec": spec(STRIPE),
    "auth": {"specName": "OAuth2 Refresh Code", "params": {"accessToken": "an access token"}},
}


@contextmanager
def own_settings() -> Iterator[None]:
    """What aepp keeps for the whole process is afterwards as it was; its classes hold on to these very objects."""
    kept = [(settings, deepcopy(settings)) for settings in (config.config_object, config.header, config.endpoints)]
    try:
        yield
    finally:
        for settings, before in kept:
            settings.clear()
            settings.update(before)


def point_at(url: str, org: str, sandbox: str = "prod") -> None:
    """The set-up that docs/clients.md describes."""
    aepp.configure(
        org_id=org,
        client_id=CLIENT_ID,
        secret="a secret",
        scopes="openid",
        sandbox=sandbox,
        environment="support",
        endpoint=url,
    )
    config.config_object["oauthTokenEndpointV1"] = f"{url}/ims/token/v1"
    config.config_object["oauthTokenEndpointV2"] = f"{url}/ims/token/v3"
    config.endpoints["streaming"]["collection"] = url


class Client:
    """aepp's modules, made when first needed, and makers of whole resources by means of them."""

    @cached_property
    def flows(self) -> Any:
        return flowservice.FlowService()

    @cached_property
    def schemas(self) -> Any:
        return schema.Schema()

    @cached_property
    def catalog(self) -> Any:
        return catalog.Catalog()

    @cached_property
    def mappings(self) -> Any:
        return dataprep.DataPrep()

    @cached_property
    def sandboxes(self) -> Any:
        return sandboxes.Sandboxes()

    @cached_property
    def ingestion(self) -> Any:
        return ingestion.DataIngestion()

    @cached_property
    def queries(self) -> Any:
        return queryservice.QueryService()

    @cached_property
    def access(self) -> Any:
        return dataaccess.DataAccess()

    def manager(self, flow: str) -> Any:
        return flowservice.FlowManager(flow)

    def schema(self, title: str = "A schema") -> str:
        parts = [{"$ref": PROFILE}, {"properties": OWN_FIELDS}]
        made = self.schemas.createSchema({"title": title, "type": "object", "allOf": parts})
        found: str = made["$id"]
        return found

    def dataset(self, of_schema: str, name: str = "A dataset") -> str:
        (made,) = self.catalog.createDataSet(
            data={"name": name, "schemaRef": {"id": of_schema, "contentType": FULL}}, requestDataSource=True
        )
        found: str = made.removeprefix("@/dataSets/")
        return found

    def mapping_set(self, to_schema: str, source: str, destination: str = "_test.id") -> str:
        rule = {"sourceType": "ATTRIBUTE", "source": source, "destination": destination}
        found: str = self.mappings.createMappingSet(to_schema, [rule])["id"]
        return found

    def account(self, name: str = "An account") -> str:
        found: str = self.flows.createConnection(ACCOUNT | {"name": name})["id"]
        return found

    def source(self, account: str | None = None, name: str = "A source") -> str:
        """Stripe's charges."""
        body = {
            "name": name,
            "baseConnectionId": account or self.account(),
            "connectionSpec": spec(STRIPE),
            "data": {"format": "json"},
            "params": {"resourcePath": "charges"},
        }
        found: str = self.flows.createSourceConnection(body)["id"]
        return found

    def target(self, dataset: str, of_schema: str) -> str:
        made = self.flows.createTargetConnectionDataLake("A target", dataset, of_schema, format="parquet_xdm")
        found: str = made["id"]
        return found

    def flow(self, name: str = "A flow", **schedule: Any) -> str:
        """A flow of Stripe's charges with everything it stands on; its schema has the same name.

        ``schedule`` goes over a schedule whose start has passed; None takes a field out.
        """
        planned = {"startTime": "1625040887", "frequency": "minute", "interval": 15} | schedule
        of_schema = self.schema(name)
        target = self.target(self.dataset(of_schema), of_schema)
        mapping = {"mappingId": self.mapping_set(of_schema, "data.id"), "mappingVersion": 0}
        body = {
            "name": name,
            "flowSpec": spec(REST_FLOW),
            "sourceConnectionIds": [self.source()],
            "targetConnectionIds": [target],
            "transformations": [{"name": "Mapping", "params": mapping}],
            "scheduleParams": {name: value for name, value in planned.items() if value is not None},
        }
        found: str = self.flows.createFlow(REST_FLOW, obj=body)["id"]
        return found

    def close(self) -> None:
        """Every module has a session of its own."""
        for module in vars(self).values():
            module.connector.session.close()
