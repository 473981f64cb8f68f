"""Encryption keys: real OpenPGP pairs whose private half never leaves the server."""

from __future__ import annotations

import re
import sys
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

import pytest
from pysequoia import Cert, Tsk, decrypt, encrypt

from emulator.domain.encryption import check_encryption
from emulator.domain.errors import Refusal
from emulator.domain.kinds import ENCRYPTION_KEYS, Kind
from emulator.domain.tenant import Tenant
from emulator.server import Background
from emulator.settings import Settings
from emulator.store import resources
from tests.support import Api, Document, assert_refused, client_of

KEYS = "/data/foundation/connectors/encryption/keys"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
PASS_PHRASE = "a phrase that nobody sees"
NEW_YEAR = 1_767_225_600
HALF_A_YEAR = 180 * 86_400
DAY = 86_400


def new_key(**changes: Any) -> Document:
    """What makes a key; None takes a field out."""
    body = {"name": "files", "encryptionAlgorithm": "PGP", "params": {"passPhrase": PASS_PHRASE}} | changes
    return {name: value for name, value in body.items() if value is not None}


def make(api: Api, **changes: Any) -> Document:
    answer = api.http.post(KEYS, json=new_key(**changes))
    assert answer.status_code == 200, answer.text
    made: Document = answer.json()
    return made


def read(api: Api, key_id: str) -> Document:
    answer = api.http.get(f"{KEYS}/{key_id}")
    assert answer.status_code == 200, answer.text
    found: Document = answer.json()
    return found


@pytest.fixture
def at_new_year() -> Iterator[Api]:
    """A server that stands at the first second of 2026."""
    settings = Settings(port=0, database="sqlite://", clock="2026-01-01T00:00:00Z")
    with Background(settings) as server, client_of(server.url, "ACME@AdobeOrg") as api:
        yield api


def test_a_new_key_is_answered_with_its_public_half_its_id_and_its_expiry(at_new_year: Api) -> None:
    made = make(at_new_year)
    assert list(made) == ["publicKey", "publicKeyId", "expiryTime"]
    assert UUID.fullmatch(made["publicKeyId"])
    assert made["expiryTime"] == str(NEW_YEAR + HALF_A_YEAR)


def test_the_public_half_is_an_armoured_key_in_base64_that_names_its_id(api: Api) -> None:
    made = make(api)
    armoured = b64decode(made["publicKey"], validate=True)
    assert armoured.startswith(b"-----BEGIN PGP PUBLIC KEY BLOCK-----")
    assert [str(user_id) for user_id in Cert.from_bytes(armoured).user_ids] == [made["publicKeyId"]]
    with pytest.raises(RuntimeError, match="No suitable decryption subkey"):
        Tsk.from_bytes(armoured).decryptor()


def test_what_is_encrypted_for_the_public_half_opens_with_the_one_that_stays(api: Api, server: Background) -> None:
    made = make(api)
    message = encrypt(b"id,name\n1,Ann\n", recipients=[Cert.from_bytes(b64decode(made["publicKey"]))])
    owner = Tenant(api.org, "prod", "", "", "")
    with server.app.world.database.reading() as tx:
        stored = resources.read_stored(tx, owner, ENCRYPTION_KEYS, made["publicKeyId"])
    assert stored is not None
    assert stored.secrets["passPhrase"] == PASS_PHRASE
    private = Tsk.from_bytes(stored.secrets["privateKey"].encode())
    assert decrypt(message, decryptor=private.decryptor()).bytes == b"id,name\n1,Ann\n"


def test_keys_differ(api: Api) -> None:
    first, second = make(api), make(api)
    assert first["publicKeyId"] != second["publicKeyId"]
    assert first["publicKey"] != second["publicKey"]


def test_a_key_is_read_back_without_its_secrets(api: Api) -> None:
    made = make(api)
    found = read(api, made["publicKeyId"])
    assert found == made | {"encryptionAlgorithm": "PGP", "name": "files", "keyType": "ENCRYPTION"}
    for path in (KEYS, f"{KEYS}/{made['publicKeyId']}"):
        shown = api.http.get(path).text
        assert PASS_PHRASE not in shown
        assert "private" not in shown.lower()


def test_a_key_without_a_name_has_none(api: Api) -> None:
    assert "name" not in read(api, make(api, name=None)["publicKeyId"])


def test_both_documented_algorithms_are_taken(api: Api) -> None:
    assert read(api, make(api, encryptionAlgorithm="GPG")["publicKeyId"])["encryptionAlgorithm"] == "GPG"


def test_the_list_has_all_keys_newest_first(api: Api) -> None:
    assert api.http.get(KEYS).json() == []
    made = [make(api, name=name)["publicKeyId"] for name in ("a", "b", "c")]
    listed = api.http.get(KEYS).json()
    assert [key["publicKeyId"] for key in listed] == made[::-1]
    assert listed[0] == read(api, made[-1])


def test_a_key_belongs_to_one_sandbox_of_one_organisation(api: Api, server: Background) -> None:
    body = {"name": "dev", "title": "Dev", "type": "development"}
    api.http.post("/data/foundation/sandbox-management/sandboxes", json=body)
    key_id = make(api)["publicKeyId"]
    there = api.http.get(f"{KEYS}/{key_id}", headers={"x-sandbox-name": "dev"})
    assert_refused(there, "CONNECTOR-1102-404")
    with client_of(server.url, f"OTHER{api.org}") as other:
        assert_refused(other.http.delete(f"{KEYS}/{key_id}"), "CONNECTOR-1102-404")
        assert other.http.get(KEYS).json() == []
    assert read(api, key_id)["publicKeyId"] == key_id


def test_a_deleted_key_is_gone_and_the_others_are_not(api: Api) -> None:
    gone, kept = make(api)["publicKeyId"], make(api)["publicKeyId"]
    answer = api.http.delete(f"{KEYS}/{gone}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert_refused(api.http.get(f"{KEYS}/{gone}"), "CONNECTOR-1102-404")
    assert [key["publicKeyId"] for key in api.http.get(KEYS).json()] == [kept]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("path", [f"{KEYS}/none", f"{KEYS}/validate"])
def test_an_unknown_key_is_not_found(api: Api, method: str, path: str) -> None:
    body = assert_refused(api.http.request(method, path), "CONNECTOR-1102-404")
    assert body["report"]["id"] == path.rsplit("/", 1)[1]


def test_an_unknown_key_is_not_validated(api: Api) -> None:
    assert_refused(api.http.get(f"{KEYS}/validate/none"), "CONNECTOR-1102-404")


def test_a_key_is_active_for_180_days(lasting_url: str) -> None:
    def at(instant: str, key_id: str | None) -> Document:
        settings = Settings(port=0, database=lasting_url, clock=instant)
        with Background(settings) as server, client_of(server.url, "ACME@AdobeOrg") as api:
            chosen = key_id or make(api)["publicKeyId"]
            found: Document = api.http.get(f"{KEYS}/validate/{chosen}").json()
            return found

    made = at("2026-01-01T00:00:00Z", None)
    key_id = made["publicKeyId"]
    assert made == {"publicKeyId": key_id, "status": "Active"}
    assert at("2026-06-29T23:59:59Z", key_id)["status"] == "Active"
    assert at("2026-06-30T00:00:00Z", key_id) == {"publicKeyId": key_id, "status": "Expired"}


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"encryptionAlgorithm": None}, "CONNECTOR-1304-400", "encryptionAlgorithm"),
        ({"encryptionAlgorithm": ""}, "CONNECTOR-1304-400", "encryptionAlgorithm"),
        ({"encryptionAlgorithm": "AES"}, "CONNECTOR-1204-400", "encryptionAlgorithm"),
        ({"encryptionAlgorithm": "pgp"}, "CONNECTOR-1204-400", "encryptionAlgorithm"),
        ({"encryptionAlgorithm": ["PGP"]}, "CONNECTOR-1312-400", "encryptionAlgorithm"),
        ({"params": None}, "CONNECTOR-1205-400", "params.passPhrase"),
        ({"params": {}}, "CONNECTOR-1205-400", "params.passPhrase"),
        ({"params": {"passPhrase": ""}}, "CONNECTOR-1205-400", "params.passPhrase"),
        ({"params": {"passPhrase": 12345}}, "CONNECTOR-1205-400", "params.passPhrase"),
        ({"params": "passPhrase"}, "CONNECTOR-1312-400", "params"),
        ({"name": 5}, "CONNECTOR-1312-400", "name"),
    ],
)
def test_what_makes_no_key_is_refused_and_makes_none(api: Api, changes: dict[str, Any], code: str, field: str) -> None:
    body = new_key() | changes
    assert_refused(api.http.post(KEYS, json=body), code, field)
    assert api.http.get(KEYS).json() == []


def test_a_refusal_does_not_show_what_was_meant_to_be_secret(api: Api) -> None:
    for params in ({"passPhrase": [PASS_PHRASE]}, PASS_PHRASE, [PASS_PHRASE]):
        assert PASS_PHRASE not in api.http.post(KEYS, json=new_key(params=params)).text


def test_an_empty_body_makes_no_key(api: Api) -> None:
    assert_refused(api.http.post(KEYS, json={}), "FLOW-1405-400")


@pytest.mark.parametrize(("method", "path"), [("GET", KEYS), ("POST", KEYS), ("GET", f"{KEYS}/validate/none")])
def test_a_parameter_that_nothing_looks_at_is_refused(api: Api, method: str, path: str) -> None:
    answer = api.http.request(method, path, params={"limit": "1"}, json=new_key() if method == "POST" else None)
    assert_refused(answer, "FLOW-1451-400", "limit")


def test_without_the_extra_a_new_key_is_refused_with_what_to_install(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pysequoia", None)
    body = assert_refused(api.http.post(KEYS, json=new_key()), "CONNECTOR-0501-501")
    assert "flow-service-emulator[encryption]" in body["errorMessage"]
    assert api.http.get(KEYS).json() == []


def find(kind: Kind, key_id: str) -> Document | None:
    """One key that expires with the first second of 2026."""
    known = kind is ENCRYPTION_KEYS and key_id == "known"
    return {"publicKeyId": key_id, "expiryTime": str(NEW_YEAR)} if known else None


def test_a_flow_may_name_a_key_that_is_good() -> None:
    check_encryption({"publicKeyId": "known"}, "transformations[0].params", find, (NEW_YEAR - 1) * 1000)


@pytest.mark.parametrize(
    ("params", "seconds", "code"),
    [
        ({}, 0, "CONNECTOR-1309-400"),
        ({"publicKeyId": None}, 0, "CONNECTOR-1309-400"),
        ({"publicKeyId": ""}, 0, "CONNECTOR-1309-400"),
        ({"publicKeyId": "unknown"}, 0, "CONNECTOR-1311-400"),
        ({"publicKeyId": ["known"]}, 0, "CONNECTOR-1311-400"),
        ({"publicKeyId": "known"}, NEW_YEAR, "CONNECTOR-1310-400"),
        ({"publicKeyId": "known"}, NEW_YEAR + DAY, "CONNECTOR-1310-400"),
    ],
)
def test_a_flow_cannot_name_another_one(params: Document, seconds: int, code: str) -> None:
    with pytest.raises(Refusal) as caught:
        check_encryption(params, "transformations[0].params", find, seconds * 1000)
    assert caught.value.code == code
    assert caught.value.field == "transformations[0].params.publicKeyId"
