"""Exploring table sources, and filtering the rows that are previewed."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from tests.exploring import (
    DYNAMICS,
    DYNAMICS_KEYS,
    MYSQL,
    MYSQL_KEYS,
    SNOWFLAKE_KEYS,
    SNOWFLAKE_STREAMING,
    database,
    encoded,
    explore,
    found,
    names,
    put,
    server_over,
)
from tests.support import Api, Document, assert_refused

INTEGER = {"type": "integer", "minimum": -9007199254740992, "maximum": 9007199254740991}
DATE_TIME = {"type": "string", "meta:xdmType": "date-time", "xdm": {"type": "string", "format": "date-time"}}


def entry(name: str, kind: str = "table") -> Document:
    return {"type": kind, "name": name, "path": name, "canPreview": True, "canFetchSchema": True}


def kinds(explored: Document) -> list[str]:
    return [column["xdm"].get("format", column["type"]) for column in explored["schema"]["columns"]]


def condition(operator: str, field: str, value: Any) -> Document:
    params: list[Document] = [{"nodeType": "fieldLookup", "fieldName": field}, {"nodeType": "literal", "value": value}]
    return {"nodeType": "fnApply", "fnName": operator, "params": params}


def filtered(value: Document) -> str:
    return encoded({"type": "PQL", "format": "pql/json", "value": value})


def table_of(tmp_path: Path, content: str, **params: Any) -> Document:
    """What explore shows of one table."""
    put(tmp_path, "salesforce/T.csv", content)
    with server_over(tmp_path) as api:
        explored: Document = found(explore(api, database(api), objectType="table", object="T", **params))
        return explored


def test_the_top_lists_tables(api: Api) -> None:
    listing = found(explore(api, database(api), objectType="root"))
    assert listing == [entry("Accounts"), entry("Contacts"), entry("Orders")]


def test_a_source_with_views_lists_and_shows_them(api: Api) -> None:
    connection = api.base_connection(DYNAMICS, auth=DYNAMICS_KEYS)
    assert entry("ActiveContacts", "view") in found(explore(api, connection, objectType="root"))
    explored = found(explore(api, connection, objectType="VIEW", object="ActiveContacts", preview="true"))
    assert {row["OptIn"] for row in explored["data"]} == {True}
    refused = explore(api, connection, objectType="table", object="ActiveContacts")
    assert "Contacts" in assert_refused(refused, "CONNECTOR-1312-400", "object")["errorMessage"]


def test_a_table_has_typed_columns_and_values(api: Api) -> None:
    explored = found(explore(api, database(api), objectType="table", object="Orders", preview="true"))
    assert list(explored) == ["format", "schema", "data"]
    assert explored["format"] == "flat"
    assert explored["schema"]["columns"] == [
        {"name": "OrderId", "type": "integer", "xdm": INTEGER},
        {"name": "ContactId", "type": "string", "xdm": {"type": "string"}},
        {"name": "Sku", "type": "string", "xdm": {"type": "string"}},
        {"name": "Product", "type": "string", "xdm": {"type": "string"}},
        {"name": "Quantity", "type": "integer", "xdm": INTEGER},
        {"name": "Total", "type": "double", "xdm": {"type": "number"}},
        {"name": "Status", "type": "string", "xdm": {"type": "string"}},
        {"name": "Gift", "type": "boolean", "xdm": {"type": "boolean"}},
        {"name": "OrderedAt", **DATE_TIME},
        {"name": "ShippedAt", **DATE_TIME},
    ]
    assert len(explored["data"]) == 10
    assert explored["data"][0] == {
        "OrderId": 10001,
        "ContactId": explored["data"][0]["ContactId"],
        "Sku": "sku_06",
        "Product": "Backpack",
        "Quantity": 3,
        "Total": 339.15,
        "Status": "delivered",
        "Gift": False,
        "OrderedAt": "2024-01-01T07:01:48Z",
        "ShippedAt": "2024-01-02T00:52:09Z",
    }


def test_there_is_no_data_without_preview(api: Api) -> None:
    assert "data" not in found(explore(api, database(api), objectType="table", object="Orders"))


@pytest.mark.parametrize(
    ("texts", "kind", "values"),
    [
        (["1", "-20"], "integer", [1, -20]),
        (["1", ""], "integer", [1, None]),
        (["1", "2.5"], "double", [1.0, 2.5]),
        (["1e3", "-0.5"], "double", [1000.0, -0.5]),
        (["007", "12"], "string", ["007", "12"]),
        (["9007199254740993", "1"], "double", [9007199254740992.0, 1.0]),
        (["1e999", "1"], "string", ["1e999", "1"]),
        (["true", "FALSE"], "boolean", [True, False]),
        (["true", "1"], "string", ["true", "1"]),
        (["2024-01-31", "2024-02-29"], "date-time", ["2024-01-31T00:00:00", "2024-02-29T00:00:00"]),
        (["2024-01-31 10:00", ""], "date-time", ["2024-01-31T10:00", None]),
        (
            ["2024-01-31T10:00:00.5+02:00", "2024-01-31"],
            "date-time",
            ["2024-01-31T10:00:00.5+02:00", "2024-01-31T00:00:00"],
        ),
        (["2024-02-30", "2024-01-31"], "string", ["2024-02-30", "2024-01-31"]),
        (["20240131", "x"], "string", ["20240131", "x"]),
        (["", ""], "string", [None, None]),
        (["NaN", "1"], "string", ["NaN", "1"]),
    ],
)
def test_a_column_has_the_narrowest_type_that_holds_its_values(
    tmp_path: Path, texts: list[str], kind: str, values: list[Any]
) -> None:
    content = "a,other\n" + "".join(f"{text},x\n" for text in texts)
    explored = table_of(tmp_path, content, preview="true")
    assert kinds(explored) == [kind, "string"]
    assert [row["a"] for row in explored["data"]] == values


def test_a_value_that_came_too_late_to_change_its_column_stays_a_text(tmp_path: Path) -> None:
    put(tmp_path, "salesforce/T.csv", "a\n" + "1\n" * 10_000 + "late\n2\n")
    with server_over(tmp_path) as api:
        params = {"objectType": "table", "object": "T", "preview": "true"}
        wanted = filtered(condition("!=", "a", 1))
        explored = found(explore(api, database(api), filters=wanted, **params))
        assert (kinds(explored), explored["data"]) == (["integer"], [{"a": 2}])


def test_a_parquet_file_stands_for_a_table_too(tmp_path: Path) -> None:
    packed = BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"a": [1, 2], "b": ["x", None]}), packed)
    put(tmp_path, "salesforce/schema.Table.parquet", packed.getvalue())
    with server_over(tmp_path) as api:
        connection = database(api)
        assert found(explore(api, connection, objectType="root")) == [entry("schema.Table")]
        wanted = filtered(condition(">", "a", 1))
        params = {"objectType": "table", "object": "schema.Table", "preview": "true", "filters": wanted}
        explored = found(explore(api, connection, **params))
        assert (kinds(explored), explored["data"]) == (["integer", "string"], [{"a": 2, "b": None}])


def test_a_row_that_is_too_short_lacks_values_and_one_too_long_loses_them(tmp_path: Path) -> None:
    explored = table_of(tmp_path, "a,b\n1\n1,2,3\n", preview="true")
    assert explored["data"] == [{"a": 1, "b": None}, {"a": 1, "b": 2}]


def test_a_table_without_columns_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "salesforce/T.csv", "")
    with server_over(tmp_path) as api:
        answer = explore(api, database(api), objectType="table", object="T")
        assert_refused(answer, "CONNECTOR-1330-400", "object")


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("Order", "Orders"),
        ("orders", "Orders"),
        ("../tables/Orders", "Orders"),
        ("Orders.csv", "Orders"),
        ("views/ActiveContacts", "Contacts"),
        ("/", "there are: Accounts, Contacts, Orders"),
    ],
)
def test_a_table_that_is_not_there_names_the_nearest_ones(api: Api, name: str, nearest: str) -> None:
    answer = explore(api, database(api), objectType="table", object=name)
    message = assert_refused(answer, "CONNECTOR-1312-400", "object")["errorMessage"]
    assert message.endswith(f"{nearest}.")


def test_a_table_must_be_named(api: Api) -> None:
    answer = explore(api, database(api), objectType="table")
    assert_refused(answer, "CONNECTOR-1337-400", "object")


def test_a_streaming_source_that_reads_tables_shows_them(api: Api) -> None:
    connection = api.base_connection(SNOWFLAKE_STREAMING, auth=SNOWFLAKE_KEYS)
    assert entry("Orders") in found(explore(api, connection, objectType="root"))
    assert "OrderId" in names(found(explore(api, connection, objectType="table", object="Orders")))


def test_the_primary_key_of_a_table_is_one_of_its_columns(api: Api) -> None:
    params = {"objectType": "table", "object": "Orders"}
    found(explore(api, database(api), primaryKey="OrderId", **params))
    answer = explore(api, database(api), primaryKey="Number", **params)
    assert_refused(answer, "CONNECTOR-1312-400", "primaryKey")


def test_a_preview_shows_the_first_rows_that_a_filter_takes(api: Api) -> None:
    wanted = filtered(condition("=", "status", "returned"))
    params = {"objectType": "table", "object": "Orders", "filters": wanted}
    explored = found(explore(api, database(api), preview="true", previewCount="4", **params))
    assert [row["Status"] for row in explored["data"]] == ["returned"] * 4
    assert "data" not in found(explore(api, database(api), **params))


def test_a_filter_is_read_as_a_page_prints_it(api: Api) -> None:
    """One page sends a backslash behind it."""
    like = {"nodeType": "fnApply", "fnName": "and", "params": [condition("like", "CITY", "L%")]}
    params = {"objectType": "table", "object": "Accounts", "preview": "true", "filters": filtered(like) + "\\"}
    explored = found(explore(api, database(api), **params))
    assert {row["City"] for row in explored["data"]} == {"Leeds", "Lyon"}


@pytest.mark.parametrize(
    ("value", "code", "field"),
    [
        (condition("=", "Nowhere", 1), "CONNECTOR-1378-400", "filters.value.params[0].fieldName"),
        (condition("=", "Total", "1"), "CONNECTOR-1379-400", "filters.value.params[1].value"),
        (condition("<", "Total", None), "CONNECTOR-1377-400", "filters.value.params[1].value"),
        (condition("~", "Total", 1), "CONNECTOR-1352-400", "filters.value.fnName"),
    ],
)
@pytest.mark.parametrize("preview", ["true", "false"])
def test_a_filter_that_the_table_cannot_take_is_refused(
    api: Api, value: Document, code: str, field: str, preview: str
) -> None:
    params = {"objectType": "table", "object": "Orders", "preview": preview, "filters": filtered(value)}
    assert_refused(explore(api, database(api), **params), code, field)


def test_a_source_that_cannot_filter_says_so(api: Api) -> None:
    connection = api.base_connection(MYSQL, auth=MYSQL_KEYS)
    wanted = filtered(condition("=", "Status", "returned"))
    answer = explore(api, connection, objectType="table", object="Orders", filters=wanted)
    assert_refused(answer, "CONNECTOR-1353-400", "filters")


def test_a_filter_nested_beyond_measure_is_refused(api: Api) -> None:
    deep = '{"nodeType":"fnApply","fnName":"not","params":[' * 200 + "]}" * 200
    text = b'{"type":"PQL","format":"pql/json","value":' + deep.encode() + b"}"
    answer = explore(api, database(api), objectType="table", object="Orders", filters=encoded(text))
    assert_refused(answer, "CONNECTOR-1349-400", "filters")
