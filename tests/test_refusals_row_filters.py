"""Row filters are refused alike where they are tried out and where they are kept."""

from __future__ import annotations

from typing import Any

import pytest

from tests.exploring import database, encoded, explore
from tests.support import FLOW, SALESFORCE, Api, Document, assert_refused, spec

CITY = {"nodeType": "fieldLookup", "fieldName": "City"}
IN_LYON = {"nodeType": "fnApply", "fnName": "=", "params": [CITY, {"nodeType": "literal", "value": "Lyon"}]}
GOOD: Document = {"type": "PQL", "format": "pql/json", "value": IN_LYON}
REFUSED = [
    (GOOD | {"type": "SQL"}, "CONNECTOR-1355-400", "type"),
    ({"format": "pql/json", "value": IN_LYON}, "CONNECTOR-1355-400", "type"),
    (GOOD | {"format": "json"}, "CONNECTOR-1356-400", "format"),
    (GOOD | {"value": None}, "CONNECTOR-1357-400", "value"),
    (GOOD | {"value": {}}, "CONNECTOR-1357-400", "value"),
    (GOOD | {"value": IN_LYON | {"fnName": ""}}, "CONNECTOR-1350-400", "value.fnName"),
    (GOOD | {"value": IN_LYON | {"fnName": "not", "params": [IN_LYON] * 2}}, "CONNECTOR-1390-400", "value.params"),
]


@pytest.mark.parametrize(("filters", "code", "where"), REFUSED)
def test_filters_that_no_row_can_meet_are_refused_in_explore(api: Api, filters: Any, code: str, where: str) -> None:
    sent = {"objectType": "table", "object": "Contacts", "filters": encoded(filters)}
    assert_refused(explore(api, database(api), **sent), code, f"filters.{where}")


@pytest.mark.parametrize(("filters", "code", "where"), REFUSED)
def test_a_source_connection_with_such_filters_is_not_made(api: Api, filters: Any, code: str, where: str) -> None:
    body: Document = {
        "name": "Contacts of Lyon",
        "baseConnectionId": database(api),
        "connectionSpec": spec(SALESFORCE),
        "data": {"format": "tabular"},
        "params": {"tableName": "Contacts", "filters": GOOD},
    }
    api.make("sourceConnections", body)
    answer = api.http.post(f"{FLOW}/sourceConnections", json=body | {"params": {**body["params"], "filters": filters}})
    assert_refused(answer, code, f"params.filters.{where}")
    assert len(api.http.get(f"{FLOW}/sourceConnections").json()["items"]) == 1
