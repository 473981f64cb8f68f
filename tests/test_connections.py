"""Base connections: create, read, patch, delete, and what of them is never shown."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.domain.specs import load_catalogue
from tests.support import (
    AMAZON_S3,
    DATA_LAKE,
    FLOW,
    HTTP_API,
    MIXPANEL,
    SALESFORCE,
    STRIPE,
    Api,
    Document,
    assert_refused,
    spec,
)

SALESFORCE_PARAMS = {"username": "someone", "password": "p4ssw0rd", "securityToken": "t0k3n"}
SALESFORCE_AUTH = {"specName": "Basic Authentication", "params": SALESFORCE_PARAMS}


def test_a_new_connection_has_the_documented_shape(api: Api) -> None:
    body = {"name": "An account", "connectionSpec": spec(SALESFORCE), "auth": SALESFORCE_AUTH}
    answer = api.http.post(f"{FLOW}/connections", json=body)
    assert answer.status_code == 201
    made = answer.json()
    assert list(made) == ["id", "etag"]
    assert answer.headers["location"].endswith(f"{FLOW}/connections/{made['id']}")
    item = api.item("connections", made["id"])
    audit = ["id", "createdAt", "updatedAt", "createdBy", "updatedBy", "createdClient", "updatedClient"]
    audit += ["sandboxId", "sandboxName", "imsOrgId"]
    assert list(item) == [*audit, "name", "connectionSpec", "auth", "state", "version", "etag"]
    assert item["etag"] == item["version"] == made["etag"]
    assert item["state"] == "enabled"
    assert item["createdAt"] == item["updatedAt"]
    assert (item["createdBy"], item["createdClient"], item["imsOrgId"]) == ("tester@AdobeID", "tester", api.org)


def test_the_etag_ends_in_the_second_of_the_write(api: Api) -> None:
    item = api.item("connections", api.base_connection())
    seconds = int(item["etag"].strip('"').split("-")[-1][:8], 16)
    assert seconds == item["createdAt"] // 1000


def test_keys_without_a_value_are_absent(api: Api) -> None:
    item = api.item("connections", api.base_connection(description=None))
    assert "description" not in item


def test_audit_fields_that_a_client_sends_are_not_believed(api: Api) -> None:
    made = api.base_connection(id="mine", createdAt=5, imsOrgId="OTHER@AdobeOrg", etag="x", version="y")
    item = api.item("connections", made)
    assert item["id"] == made != "mine"
    assert item["imsOrgId"] == api.org
    assert item["version"] == item["etag"] not in ("x", "y")


@pytest.mark.parametrize("state", ["enabled", "disabled", "initializing"])
def test_a_connection_may_begin_in_another_state(api: Api, state: str) -> None:
    assert api.item("connections", api.base_connection(state=state))["state"] == state


@pytest.mark.parametrize("state", ["delete-finalizing", "draft", 5])
def test_a_state_that_a_connection_cannot_begin_in_is_refused(api: Api, state: Any) -> None:
    body = {"name": "x", "connectionSpec": spec(SALESFORCE), "auth": SALESFORCE_AUTH, "state": state}
    assert_refused(api.http.post(f"{FLOW}/connections", json=body), "FLOW-1456-400", "state")


def test_secrets_are_stored_and_never_shown(api: Api) -> None:
    made = api.base_connection(SALESFORCE, auth=SALESFORCE_AUTH)
    shown = api.item("connections", made)["auth"]["params"]
    assert shown == {"username": "someone", "password": "xxxx", "securityToken": "xxxx"}
    for path in (f"{FLOW}/connections/{made}", f"{FLOW}/connections"):
        text = api.http.get(path).text
        assert "p4ssw0rd" not in text
        assert "t0k3n" not in text


def test_a_parameter_that_no_spec_describes_is_hidden_when_it_is_called_like_a_secret(api: Api) -> None:
    params = {
        **SALESFORCE_PARAMS,
        "s3SecretKey": "p4ss",
        "clientSecret": "p4ss",
        "tokenUrl": "https://x",
        "colour": "red",
    }
    made = api.base_connection(SALESFORCE, auth=SALESFORCE_AUTH | {"params": params})
    shown = api.item("connections", made)["auth"]["params"]
    assert (shown["s3SecretKey"], shown["clientSecret"]) == ("xxxx", "xxxx")
    assert (shown["tokenUrl"], shown["colour"]) == ("https://x", "red")


def test_a_secret_stays_one_when_its_spec_stops_calling_it_so(api: Api) -> None:
    made = api.base_connection(SALESFORCE, auth=SALESFORCE_AUTH)
    (document,) = api.http.get(f"{FLOW}/connectionSpecs/{SALESFORCE}").json()["items"]
    without = {name: value for name, value in document.items() if name != "authSpec"}
    assert api.http.put(f"{FLOW}/connectionSpecs/{SALESFORCE}", json=without).status_code == 200
    assert api.patch("connections", made, [{"op": "replace", "path": "/name", "value": "New"}]).status_code == 200
    assert api.item("connections", made)["auth"]["params"] == {
        "username": "someone",
        "password": "xxxx",
        "securityToken": "xxxx",
    }


def test_secrets_survive_a_patch_of_something_else(api: Api) -> None:
    made = api.base_connection(SALESFORCE, auth=SALESFORCE_AUTH)
    renamed = api.patch("connections", made, [{"op": "replace", "path": "/name", "value": "New"}])
    assert renamed.status_code == 200
    without = [{"op": "remove", "path": "/auth/params/securityToken"}]
    assert_refused(api.patch("connections", made, without), "CONNECTOR-1304-400", "auth.params.securityToken")
    assert api.item("connections", made)["auth"]["params"]["password"] == "xxxx"


@pytest.mark.parametrize(
    ("given", "seen"),
    [(123456789012, "int"), (["123456789012"], "list"), ({"a": "123456789012"}, "dict"), (True, "bool")],
)
def test_of_a_secret_of_the_wrong_type_its_type_is_told_and_what_would_be_right(
    api: Api, given: Any, seen: str
) -> None:
    auth = {"specName": "OAuth2 Refresh Code", "params": {"accessToken": given}}
    body = {"name": "x", "connectionSpec": spec(STRIPE), "auth": auth}
    sent = api.http.post(f"{FLOW}/connections", json=body)
    patch = [{"op": "replace", "path": "/auth/params/accessToken", "value": given}]
    for answer in (sent, api.patch("connections", api.base_connection(), patch)):
        refused = assert_refused(answer, "CONNECTOR-1312-400", "auth.params.accessToken")
        assert refused["report"].get("given") == (True if given is True else seen)
        assert "Send a text." in refused["errorMessage"]
        assert "123456789012" not in answer.text


def test_a_refused_secret_is_not_repeated(api: Api) -> None:
    auth = {"specName": "Basic Authentication", "params": SALESFORCE_PARAMS | {"password": ["h1dden"]}}
    answer = api.http.post(f"{FLOW}/connections", json={"name": "x", "connectionSpec": spec(SALESFORCE), "auth": auth})
    assert_refused(answer, "CONNECTOR-1312-400", "auth.params.password")
    assert "h1dden" not in answer.text


@pytest.mark.parametrize("value", ["s3cret", ["s3cret"]])
def test_auth_that_is_no_object_is_refused_without_repeating_it(api: Api, value: object) -> None:
    for auth in (value, {"specName": "Basic Authentication", "params": value}):
        body = {"name": "x", "connectionSpec": spec(SALESFORCE), "auth": auth}
        answer = api.http.post(f"{FLOW}/connections", json=body)
        assert_refused(answer, "CONNECTOR-1312-400")
        assert "s3cret" not in answer.text


def test_the_whole_of_auth_params_is_replaced_by_a_patch(api: Api) -> None:
    auth = {"specName": "Basic Authentication", "params": SALESFORCE_PARAMS | {"environmentUrl": "https://x"}}
    made = api.base_connection(SALESFORCE, auth=auth)
    for op in ("replace", "add"):
        change = [{"op": op, "path": "/auth/params", "value": SALESFORCE_PARAMS}]
        assert api.patch("connections", made, change).status_code == 200
        assert set(api.item("connections", made)["auth"]["params"]) == set(SALESFORCE_PARAMS)


REFUSED: list[tuple[Document, str, str]] = [
    ({"connectionSpec": None}, "CONNECTOR-1304-400", "connectionSpec"),
    ({"connectionSpec": "x"}, "CONNECTOR-1312-400", "connectionSpec"),
    ({"connectionSpec": {"version": "1.0"}}, "FLOW-1413-400", "connectionSpec.id"),
    ({"connectionSpec": spec("c2f7a1cc-0000-4000-8000-000000000000")}, "FLOW-1413-400", "connectionSpec.id"),
    ({"connectionSpec": {"id": STRIPE, "version": 1}}, "CONNECTOR-1312-400", "connectionSpec.version"),
    ({"name": 5}, "CONNECTOR-1312-400", "name"),
    ({"auth": None}, "CONNECTOR-1304-400", "auth"),
    ({"auth": {"params": {"accessToken": "x"}}}, "CONNECTOR-1304-400", "auth.specName"),
    ({"auth": {"specName": "Kerberos", "params": {}}}, "FLOW-1415-400", "auth.specName"),
    ({"auth": {"specName": "OAuth2 Refresh Code"}}, "CONNECTOR-1304-400", "auth.params.accessToken"),
    (
        {"auth": {"specName": "OAuth2 Refresh Code", "params": {"accessToken": 5}}},
        "CONNECTOR-1312-400",
        "auth.params.accessToken",
    ),
]


@pytest.mark.parametrize(("changes", "code", "field"), REFUSED)
def test_what_cannot_be_is_refused_with_code_and_field(api: Api, changes: Document, code: str, field: str) -> None:
    auth = {"specName": "OAuth2 Refresh Code", "params": {"accessToken": "x"}}
    body = {"name": "x", "connectionSpec": spec(STRIPE), "auth": auth} | changes
    assert_refused(api.http.post(f"{FLOW}/connections", json=body), code, field)
    assert api.http.get(f"{FLOW}/connections").json()["items"] == []


def test_an_unknown_auth_spec_names_those_that_are_known(api: Api) -> None:
    body = {"name": "x", "connectionSpec": spec(AMAZON_S3), "auth": {"specName": "Password", "params": {}}}
    message = assert_refused(api.http.post(f"{FLOW}/connections", json=body), "FLOW-1415-400")["errorMessage"]
    assert message.startswith(f"The auth spec 'Password' could not be found for the connection spec ID {AMAZON_S3}.")
    assert message.endswith("Amazon S3 knows: Access Key, IAMRole Based.")


def test_an_auth_spec_is_known_by_its_aliases_in_any_case(api: Api) -> None:
    for name in ("OAUTH2 REFRESH CODE", "oauth2 refresh code"):
        api.base_connection(auth={"specName": name, "params": {"accessToken": "x"}})


def test_numbers_and_booleans_may_come_as_strings(api: Api) -> None:
    sftp = "b7bf2577-4520-42c9-bae9-cad01560f7bc"
    params: Document = {"host": "h", "userName": "u", "password": "p", "port": "22", "disableChunking": "true"}
    made = api.base_connection(sftp, auth={"specName": "Basic Authentication for sftp", "params": params})
    shown = api.item("connections", made)["auth"]["params"]
    assert (shown["port"], shown["disableChunking"]) == ("22", "true")


def test_a_spec_version_may_be_left_out(api: Api) -> None:
    made = api.base_connection(connectionSpec={"id": STRIPE})
    assert api.item("connections", made)["connectionSpec"] == {"id": STRIPE, "version": "1.0"}


def test_a_malformed_id_that_a_page_prints_means_the_spec_it_was_meant_for(api: Api) -> None:
    auth = {"specName": "Connection String Based Authentication", "params": {"connectionString": "x"}}
    made = api.base_connection("000eb99-cd47-43f3-827c-43caf170f015", auth=auth)
    assert api.item("connections", made)["connectionSpec"]["id"] == "3000eb99-cd47-43f3-827c-43caf170f015"


def _minimal(part: Document) -> Any:
    kind = part["type"][0] if isinstance(part["type"], list) else part["type"]
    example = {"integer": 1, "boolean": True, "object": {}, "string": "x"}[kind]
    return part["enum"][0] if "enum" in part else example


def test_every_auth_spec_of_every_spec_takes_what_it_requires_and_misses_what_it_lacks(api: Api) -> None:
    for known in {one.id: one for one in load_catalogue().connections.values()}.values():
        for way in known.auth_specs:
            required = way.schema.get("required") or way.schema.get("anyOf", [{}])[0].get("required", [])
            params = {name: _minimal(way.schema["properties"][name]) for name in required}
            auth = {"specName": way.name, "params": params}
            made = api.base_connection(known.id, auth=auth)
            shown = api.item("connections", made)["auth"]["params"]
            assert {name for name, value in shown.items() if value == "xxxx"} == set(filter(way.hides, params))
            if "required" in way.schema and required:
                less = {name: value for name, value in params.items() if name != required[-1]}
                body = {"name": "x", "connectionSpec": spec(known.id), "auth": auth | {"params": less}}
                answer = api.http.post(f"{FLOW}/connections", json=body)
                assert_refused(answer, "CONNECTOR-1304-400", f"auth.params.{required[-1]}")


def test_connections_of_specs_without_accounts_need_no_auth(api: Api) -> None:
    api.make("connections", {"name": "x", "connectionSpec": spec(DATA_LAKE)})


def test_an_http_api_connection_gets_an_inlet_of_its_own(api: Api) -> None:
    made = api.streaming_connection()
    params = api.item("connections", made)["auth"]["params"]
    assert params["sourceId"] == params["name"] == "An account"
    assert params["authenticationRequired"] is False
    assert params["inletUrl"] == f"{api.http.base_url}/collection/{params['inletId']}"
    assert len(params["inletId"]) == 64
    change = [{"op": "replace", "path": "/auth/params", "value": {"dataType": "xdm"}}]
    assert api.patch("connections", made, change).status_code == 200
    after = api.item("connections", made)["auth"]["params"]
    assert (after["dataType"], after["inletUrl"]) == ("xdm", params["inletUrl"])


def test_links_are_built_from_a_host_that_is_one(api: Api) -> None:
    made = api.streaming_connection()
    for host, origin in (("emulator.test:80", "http://emulator.test:80"), ('a"b', str(api.http.base_url))):
        answer = api.http.get(f"{FLOW}/connections/{made}", headers={"Host": host})
        params = answer.json()["items"][0]["auth"]["params"]
        assert params["inletUrl"] == f"{origin}/collection/{params['inletId']}"


def test_the_connection_spec_cannot_be_changed(api: Api) -> None:
    made = api.base_connection()
    for path in ("/connectionSpec", "/connectionSpec/id"):
        change = [{"op": "replace", "path": path, "value": spec(MIXPANEL)}]
        assert_refused(api.patch("connections", made, change), "FLOW-1414-400")


def test_a_connection_that_a_flow_uses_cannot_be_deleted(api: Api) -> None:
    base = api.base_connection()
    target = api.target()
    flow = api.make("flows", api.flow_body(api.source_connection(base), target, {"data.id": "_test.id"}))
    answer = api.http.delete(f"{FLOW}/connections/{base}")
    assert flow in assert_refused(answer, "FLOW-1418-400")["errorMessage"]
    assert api.http.delete(f"{FLOW}/flows/{flow}").status_code == 204
    assert api.http.delete(f"{FLOW}/connections/{base}").status_code == 204
    assert_refused(api.http.get(f"{FLOW}/connections/{base}"), "FLOW-1439-404")


def test_an_unknown_connection_is_not_found_by_any_call(api: Api) -> None:
    path = f"{FLOW}/connections/84224def-1e2a-4d95-9ea2-132d697ed2aa"
    operations = [{"op": "replace", "path": "/name", "value": "x"}]
    answers = [api.http.get(path), api.http.delete(path), api.http.get(f"{path}/explore?objectType=rest&object=json")]
    answers.append(api.http.patch(path, json=operations, headers={"If-Match": "*"}))
    for answer in answers:
        body = assert_refused(answer, "FLOW-1439-404")
        assert body["report"]["type"] == "connections"
        assert body["report"]["id"] == "84224def-1e2a-4d95-9ea2-132d697ed2aa"
        assert body["errorMessage"] == (
            "The requested connections resource 84224def-1e2a-4d95-9ea2-132d697ed2aa is not found. "
            "Verify the resource ID before trying again."
        )


def test_an_inlet_goes_with_its_connection(api: Api) -> None:
    made = api.streaming_connection()
    inlet = api.item("connections", made)["auth"]["params"]["inletUrl"]
    assert api.http.delete(f"{FLOW}/connections/{made}").status_code == 204
    assert api.http.post(inlet, json={"a": 1}).status_code == 404


def test_http_api_data_types_are_raw_or_xdm(api: Api) -> None:
    auth = {"specName": "Streaming Connection", "params": {"dataType": "csv"}}
    body = {"name": "x", "connectionSpec": spec(HTTP_API), "auth": auth}
    assert_refused(api.http.post(f"{FLOW}/connections", json=body), "CONNECTOR-1312-400", "auth.params.dataType")


@pytest.mark.parametrize("name", ["inletUrl", "inletId"])
@pytest.mark.parametrize("op", ["replace", "remove"])
def test_the_address_of_an_inlet_is_not_for_clients_to_change(api: Api, name: str, op: str) -> None:
    connection = api.streaming_connection()
    before = api.item("connections", connection)
    value = {} if op == "remove" else {"value": "http://elsewhere.example"}
    answer = api.patch("connections", connection, [{"op": op, "path": f"/auth/params/{name}", **value}])
    assert_refused(answer, "CONNECTOR-1365-400", "[0].path")
    assert api.item("connections", connection) == before
