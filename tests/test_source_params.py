"""What a source connection says of the data it reads: format, properties, parameters and account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from emulator.domain.specs import ConnectionSpec, load_catalogue
from tests.exploring import (
    BIG_QUERY,
    DYNAMICS,
    DYNAMICS_KEYS,
    LANDING_ZONE,
    MYSQL,
    MYSQL_KEYS,
    S3_KEYS,
    SALESFORCE_KEYS,
)
from tests.operating import set_to, without
from tests.support import (
    AMAZON_S3,
    FLOW,
    HTTP_API,
    MIXPANEL,
    SALESFORCE,
    STREAMING_SDK,
    STRIPE,
    Api,
    Document,
    assert_refused,
    spec,
)

UNKNOWN = "84224def-1e2a-4d95-9ea2-132d697ed2aa"
EVENT_HUBS = "bf9f5905-92b7-48bf-bf20-455bc6b60a4e"
PINTEREST = "f82aae23-91e7-4884-b25f-2d2159d841fd"
SPECS = {known.id: known for known in load_catalogue().connections.values()}
FILES: Document = {"path": "bucket/a.csv"}
TABLE: Document = {"tableName": "Accounts"}


def s3(api: Api) -> str:
    return api.base_connection(AMAZON_S3, auth=S3_KEYS)


def salesforce(api: Api) -> str:
    return api.base_connection(SALESFORCE, auth=SALESFORCE_KEYS)


def post(api: Api, spec_id: str, base: str | None, **changes: Any) -> httpx.Response:
    body: Document = {"name": "A source", "connectionSpec": spec(spec_id), "baseConnectionId": base, **changes}
    return api.http.post(f"{FLOW}/sourceConnections", json=body)


def kept(api: Api, answer: httpx.Response) -> Document:
    """The source connection that was made."""
    assert answer.status_code == 201, answer.text
    return api.item("sourceConnections", answer.json()["id"])


# --- formats


@pytest.mark.parametrize("given", ["delimited", "json", "parquet", "DELIMITED", "Json"])
def test_files_have_three_formats(api: Api, given: str) -> None:
    item = kept(api, post(api, LANDING_ZONE, None, data={"format": given}, params=FILES))
    assert item["data"] == {"format": given}


def test_tables_have_one_format_and_rest_sources_another(api: Api) -> None:
    base, account = salesforce(api), api.base_connection()
    kept(api, post(api, SALESFORCE, base, data={"format": "tabular"}, params=TABLE))
    kept(api, post(api, STRIPE, account, data={"format": "json"}, params={"resourcePath": "charges"}))
    for spec_id, own, params, given in (
        (SALESFORCE, base, TABLE, "json"),
        (SALESFORCE, base, TABLE, "delimited"),
        (STRIPE, account, {"resourcePath": "charges"}, "tabular"),
        (STRIPE, account, {"resourcePath": "charges"}, "parquet"),
        (LANDING_ZONE, None, FILES, "tabular"),
    ):
        answer = post(api, spec_id, own, data={"format": given}, params=params)
        message = assert_refused(answer, "CONNECTOR-1327-400", "data.format")["errorMessage"]
        assert f"The data format {given} is not supported. The allowed values are: " in message


@pytest.mark.parametrize("given", ["", "csv", "xml", 5, ["json"], {"json": True}, False])
def test_another_format_is_refused(api: Api, given: Any) -> None:
    answer = post(api, LANDING_ZONE, None, data={"format": given}, params=FILES)
    message = assert_refused(answer, "CONNECTOR-1327-400", "data.format")["errorMessage"]
    assert "delimited, json, parquet" in message


@pytest.mark.parametrize("given", ["json", "raw", "xdm", "delimited", "parquet_xdm"])
def test_streams_have_the_formats_of_their_tutorials(api: Api, given: str) -> None:
    kept(api, post(api, STREAMING_SDK, None, data={"format": given}))


def test_the_format_may_be_left_out(api: Api) -> None:
    item = kept(api, post(api, LANDING_ZONE, None, params=FILES))
    assert "data" not in item
    item = kept(api, post(api, LANDING_ZONE, None, data={"properties": {"columnDelimiter": ";"}}, params=FILES))
    assert item["data"] == {"properties": {"columnDelimiter": ";"}}


@pytest.mark.parametrize("data", ["json", ["json"], 5])
def test_data_is_an_object(api: Api, data: Any) -> None:
    assert_refused(post(api, LANDING_ZONE, None, data=data, params=FILES), "CONNECTOR-1312-400", "data")


# --- properties of files


@pytest.mark.parametrize(
    "properties",
    [
        {"columnDelimiter": ","},
        {"columnDelimiter": "\t"},
        {"columnDelimiter": "\\t"},
        {"columnDelimiter": "é"},
        {"encoding": "UTF-8"},
        {"encoding": "iso-8859-1"},
        {"compressionType": "gzip"},
        {"compressionType": "zipDeflate"},
        {"compressionType": "TARGZIP"},
        {"columnDelimiter": ";", "encoding": "ISO-8859-1", "compressionType": "bzip2", "more": 1},
        {"columnDelimiter": None},
        {},
    ],
)
def test_properties_of_files_are_kept_as_they_were_sent(api: Api, properties: Document) -> None:
    data = {"format": "delimited", "properties": properties}
    assert kept(api, post(api, LANDING_ZONE, None, data=data, params=FILES))["data"] == data


BAD_PROPERTIES: list[tuple[str, Any, str]] = [
    ("columnDelimiter", ";;", "CONNECTOR-1331-400"),
    ("columnDelimiter", "\\n\\n", "CONNECTOR-1331-400"),
    ("columnDelimiter", "", "CONNECTOR-1331-400"),
    ("columnDelimiter", 5, "CONNECTOR-1331-400"),
    ("encoding", "UTF-16", "CONNECTOR-1312-400"),
    ("encoding", "", "CONNECTOR-1312-400"),
    ("encoding", 8, "CONNECTOR-1312-400"),
    ("compressionType", "rar", "CONNECTOR-1312-400"),
    ("compressionType", ["gzip"], "CONNECTOR-1312-400"),
]


@pytest.mark.parametrize(("name", "value", "code"), BAD_PROPERTIES)
def test_properties_that_files_cannot_have_are_refused(api: Api, name: str, value: Any, code: str) -> None:
    data = {"format": "delimited", "properties": {name: value}}
    assert_refused(post(api, LANDING_ZONE, None, data=data, params=FILES), code, f"data.properties.{name}")
    # The older form has them in data itself.
    older = {"format": "delimited", name: value}
    assert_refused(post(api, LANDING_ZONE, None, data=older, params=FILES), code, f"data.{name}")
    assert api.http.get(f"{FLOW}/sourceConnections").json()["items"] == []


def test_properties_are_an_object(api: Api) -> None:
    answer = post(api, LANDING_ZONE, None, data={"properties": ";"}, params=FILES)
    assert_refused(answer, "CONNECTOR-1312-400", "data.properties")


def test_only_files_have_such_properties(api: Api) -> None:
    data = {"format": "tabular", "properties": {"columnDelimiter": "any"}}
    assert kept(api, post(api, SALESFORCE, salesforce(api), data=data, params=TABLE))["data"] == data


# --- parameters


@pytest.mark.parametrize(
    ("spec_id", "params", "field"),
    [
        (AMAZON_S3, {}, "path"),
        (AMAZON_S3, {"path": ""}, "path"),
        (AMAZON_S3, {"path": None, "type": "folder"}, "path"),
        (SALESFORCE, {}, "tableName"),
        (SALESFORCE, {"columns": []}, "tableName"),
        (STRIPE, {}, "resourcePath"),
    ],
)
def test_what_a_spec_needs_is_given(api: Api, spec_id: str, params: Document, field: str) -> None:
    bases: dict[str, Callable[[Api], str]] = {AMAZON_S3: s3, SALESFORCE: salesforce, STRIPE: Api.base_connection}
    answer = post(api, spec_id, bases[spec_id](api), params=params)
    assert_refused(answer, "CONNECTOR-1304-400", f"params.{field}")


def test_a_table_of_old_is_called_its_path(api: Api) -> None:
    params = {"path": "Accounts"}
    assert kept(api, post(api, SALESFORCE, salesforce(api), params=params))["params"] == params


def test_parameters_that_no_spec_knows_are_kept(api: Api) -> None:
    params = FILES | {"pathPattern": "*.tsv", "deep": {"er": [1, None]}}
    assert kept(api, post(api, LANDING_ZONE, None, params=params))["params"] == params


@pytest.mark.parametrize(
    "params",
    [
        {"recursive": True},
        {"recursive": "true"},
        {"recursive": "False"},
        {"cdcEnabled": True},
        {"cdcEnabled": "TRUE"},
        {"type": "file"},
        {"type": "folder"},
        {"type": None},
        {"path": "a/*.tsv"},
    ],
)
def test_parameters_may_be_flags_or_the_words_for_them(api: Api, params: Document) -> None:
    assert kept(api, post(api, LANDING_ZONE, None, params=FILES | params))["params"] == FILES | params


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"recursive": 1}, "recursive"),
        ({"recursive": []}, "recursive"),
        ({"cdcEnabled": {"on": True}}, "cdcEnabled"),
        ({"type": "table"}, "type"),
        ({"type": 5}, "type"),
        ({"path": 5}, "path"),
        ({"path": ["a"]}, "path"),
    ],
)
def test_a_parameter_of_files_is_of_its_type(api: Api, params: Document, field: str) -> None:
    answer = post(api, LANDING_ZONE, None, params=FILES | params)
    assert_refused(answer, "CONNECTOR-1312-400", f"params.{field}")


@pytest.mark.parametrize("params", ["a.csv", ["a.csv"], 5])
def test_parameters_are_an_object(api: Api, params: Any) -> None:
    assert_refused(post(api, LANDING_ZONE, None, params=params), "CONNECTOR-1312-400", "params")


# A value of every JSON type that a parameter may be of.
SOUND: dict[str, Any] = {"string": "x", "boolean": "true", "integer": "5", "number": 5.5, "array": [], "object": {}}
# Rules of their own beside the type: the filters of rows, and what the file families call type.
OWN_RULES = ("filters", "type")


def unsound(types: list[str]) -> Any:
    """A value of none of the types."""
    if not {"integer", "number"} & set(types):
        return 5
    return {"deep": "x"} if "string" in types else "x"


def types_of(rule: Document) -> list[str]:
    named = rule.get("type", [])
    return [named] if isinstance(named, str) else list(named)


def params_of(known: ConnectionSpec) -> Document:
    """Sound parameters of a spec, as far as their types are told."""
    found: Document = dict.fromkeys(known.required_params, "x")
    for name, rule in known.source_properties.items():
        if name not in OWN_RULES and types_of(rule):
            found[name] = rule["enum"][0] if "enum" in rule else SOUND[types_of(rule)[0]]
    return found


def test_every_parameter_of_every_spec_is_held_to_its_type(api: Api) -> None:
    tried = 0
    for known in SPECS.values():
        if known.auth_specs or known.family not in ("file", "table", "rest", "streaming"):
            # What differs between specs is a table; those whose accounts need no secrets stand for all.
            continue
        account = api.base_connection(known.id, auth=None) if known.needs_base_connection else None
        sound = params_of(known)
        kept(api, post(api, known.id, account, params=sound))
        for name, rule in known.source_properties.items():
            if name not in OWN_RULES and name in sound:
                answer = post(api, known.id, account, params=sound | {name: unsound(types_of(rule))})
                assert_refused(answer, "CONNECTOR-1312-400", f"params.{name}")
                tried += 1
    assert tried >= 5


def test_a_parameter_with_choices_is_one_of_them(api: Api) -> None:
    base = api.base_connection(MIXPANEL, auth={"specName": "Basic Authentication", "params": MIXPANEL_KEYS})
    chosen = SPECS[MIXPANEL].source_properties
    assert set(chosen) == {"projectId", "timezone"}
    kept(api, post(api, MIXPANEL, base, params={"projectId": "5", "timezone": "PST"}))
    answer = post(api, STRIPE, api.base_connection(), params={"resourcePath": "everything"})
    message = assert_refused(answer, "CONNECTOR-1312-400", "params.resourcePath")["errorMessage"]
    assert "charges" in message


MIXPANEL_KEYS = {"host": "https://x", "username": "u", "password": "p"}


# --- columns and filters of tables


def test_columns_of_a_table_are_named(api: Api) -> None:
    base = salesforce(api)
    columns = [{"name": "Id", "type": "string", "xdm": {"type": "string"}}, {"name": "Name"}]
    params = TABLE | {"columns": columns}
    assert kept(api, post(api, SALESFORCE, base, params=params))["params"] == params
    for wrong, field in (
        ([{"name": "Id"}, {"type": "string"}], "params.columns[1]"),
        (["Id"], "params.columns[0]"),
        ([{"name": ""}], "params.columns[0]"),
        ([{"name": 5}], "params.columns[0]"),
        ("Id", "params.columns"),
        ({"name": "Id"}, "params.columns"),
    ):
        answer = post(api, SALESFORCE, base, params=TABLE | {"columns": wrong})
        assert_refused(answer, "CONNECTOR-1312-400", field)


def city(**changes: Any) -> Document:
    params = [{"nodeType": "fieldLookup", "fieldName": "city"}, {"nodeType": "literal", "value": "DDN"}]
    value = {"nodeType": "fnApply", "fnName": "=", "params": params}
    return {"type": "PQL", "format": "pql/json", "value": value} | changes


def test_rows_of_some_tables_are_filtered(api: Api) -> None:
    for spec_id, base in (
        (SALESFORCE, salesforce(api)),
        (DYNAMICS, api.base_connection(DYNAMICS, auth=DYNAMICS_KEYS)),
    ):
        params = TABLE | {"filters": city()}
        assert kept(api, post(api, spec_id, base, params=params))["params"] == params
    assert SPECS[BIG_QUERY].document["attributes"]["filterAtSource"]["enabled"] is True


@pytest.mark.parametrize(
    ("filters", "code", "field"),
    [
        (city(type="SQL"), "CONNECTOR-1355-400", "params.filters.type"),
        (city(format="json"), "CONNECTOR-1356-400", "params.filters.format"),
        (without(city(), "value"), "CONNECTOR-1357-400", "params.filters.value"),
        (city(value={"nodeType": "fnApply", "params": []}), "CONNECTOR-1350-400", "params.filters.value.fnName"),
        ([], "CONNECTOR-1312-400", "params.filters"),
        ("city='DDN'", "CONNECTOR-1312-400", "params.filters"),
    ],
)
def test_filters_that_cannot_be_are_refused(api: Api, filters: Any, code: str, field: str) -> None:
    answer = post(api, SALESFORCE, salesforce(api), params=TABLE | {"filters": filters})
    assert_refused(answer, code, field)


def test_rows_of_other_sources_are_not_filtered(api: Api) -> None:
    mysql = api.base_connection(MYSQL, auth=MYSQL_KEYS)
    answer = post(api, MYSQL, mysql, params=TABLE | {"filters": city()})
    assert_refused(answer, "CONNECTOR-1353-400", "params.filters")
    answer = post(api, LANDING_ZONE, None, params=FILES | {"filters": city()})
    assert_refused(answer, "CONNECTOR-1353-400", "params.filters")


# --- accounts


@pytest.mark.parametrize("name", ["baseConnectionId", "connectionId"])
@pytest.mark.parametrize("spec_id", [LANDING_ZONE, STREAMING_SDK])
def test_a_source_without_accounts_is_given_none(api: Api, spec_id: str, name: str) -> None:
    for value in (UNKNOWN, s3(api)):
        answer = post(api, spec_id, None, params=FILES, **{name: value})
        message = assert_refused(answer, "CONNECTOR-1332-400", "baseConnectionId")["errorMessage"]
        assert spec_id in message
    item = kept(api, post(api, spec_id, None, params=FILES))
    assert not {"baseConnectionId", "connectionId"} & set(item)
    assert "inheritedAttributes" not in item


def test_a_source_with_accounts_needs_one(api: Api) -> None:
    for spec_id, params in ((AMAZON_S3, FILES), (SALESFORCE, TABLE), (STRIPE, {"resourcePath": "charges"})):
        for base in (None, ""):
            answer = post(api, spec_id, base, params=params)
            assert_refused(answer, "CONNECTOR-1304-400", "baseConnectionId")


@pytest.mark.parametrize("base", [UNKNOWN, 5, ["x"], {"id": UNKNOWN}])
def test_an_account_is_one_that_there_is(api: Api, base: Any) -> None:
    answer = post(api, AMAZON_S3, base, params=FILES)
    assert_refused(answer, "CONNECTOR-1312-400", "baseConnectionId")


def test_the_older_name_of_an_account_is_taken(api: Api) -> None:
    base = s3(api)
    item = kept(api, post(api, AMAZON_S3, None, connectionId=base, params=FILES))
    assert item["baseConnectionId"] == base
    assert "connectionId" not in item
    assert item["inheritedAttributes"] == {"baseConnection": {"id": base, "connectionSpec": spec(AMAZON_S3)}}


def test_an_account_is_of_the_same_kind_of_system(api: Api) -> None:
    answer = post(api, AMAZON_S3, salesforce(api), params=FILES)
    message = assert_refused(answer, "FLOW-1413-400", "connectionSpec.id")["errorMessage"]
    assert "cannot be read through the base connection" in message
    # Several pages use one spec for the account and a sibling for the source.
    kept(api, post(api, MYSQL, salesforce(api), params=TABLE))


def test_a_stream_with_accounts_names_one(api: Api) -> None:
    assert_refused(post(api, HTTP_API, None), "CONNECTOR-1304-400", "baseConnectionId")
    assert_refused(post(api, EVENT_HUBS, None), "CONNECTOR-1304-400", "baseConnectionId")
    kept(api, post(api, HTTP_API, api.streaming_connection()))


def test_a_patched_source_is_held_to_the_same_rules(api: Api) -> None:
    made = kept(api, post(api, AMAZON_S3, s3(api), data={"format": "json"}, params=FILES))
    for path, value, code in (
        ("/data/format", "xml", "CONNECTOR-1327-400"),
        ("/data/properties", {"columnDelimiter": "ab"}, "CONNECTOR-1331-400"),
        ("/params/recursive", 5, "CONNECTOR-1312-400"),
        ("/params/path", "", "CONNECTOR-1304-400"),
        ("/baseConnectionId", UNKNOWN, "CONNECTOR-1312-400"),
    ):
        assert_refused(api.patch("sourceConnections", made["id"], set_to(path, value)), code)
        assert api.item("sourceConnections", made["id"]) == made
    assert api.patch("sourceConnections", made["id"], set_to("/data/format", "parquet")).status_code == 200
