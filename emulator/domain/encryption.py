"""Rules for encryption keys: what makes one, how long it is good, and flows that name one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from emulator.domain.errors import Refusal
from emulator.domain.kinds import ENCRYPTION_KEYS
from emulator.domain.lookup import Lookup
from emulator.domain.shapes import object_field, text_field

Document = dict[str, Any]

ALGORITHMS = ("PGP", "GPG")
VALID_DAYS = 180
# No page says which types there are.
KEY_TYPE = "ENCRYPTION"
_DAY_S = 86_400


@dataclass(frozen=True)
class KeyRequest:
    """What a new key pair is asked for with."""

    name: str | None
    algorithm: str
    pass_phrase: str


def read_request(body: Document) -> KeyRequest:
    name = text_field(body, "name")
    algorithm = text_field(body, "encryptionAlgorithm", required=True) or ""
    if algorithm not in ALGORITHMS:
        hint = f"Send {' or '.join(ALGORITHMS)}."
        raise Refusal("CONNECTOR-1204-400", field="encryptionAlgorithm", given=algorithm, hint=hint)
    params = object_field(body, "params") or {}
    pass_phrase = params.get("passPhrase")
    if not isinstance(pass_phrase, str) or not pass_phrase:
        # What was sent is not shown: it was meant to be a secret.
        raise Refusal("CONNECTOR-1205-400", field="params.passPhrase", hint="Send a text that is not empty.")
    return KeyRequest(name, algorithm, pass_phrase)


def key_document(request: KeyRequest, key_id: str, public_key: str, now: int) -> Document:
    """A key as a later read shows it; ``expiryTime`` is a text of seconds, ``now`` a number of milliseconds."""
    named = {} if request.name is None else {"name": request.name}
    return {
        "encryptionAlgorithm": request.algorithm,
        **named,
        "publicKeyId": key_id,
        "publicKey": public_key,
        "keyType": KEY_TYPE,
        "expiryTime": str(now // 1000 + VALID_DAYS * _DAY_S),
    }


def expired(key: Document, now: int) -> bool:
    return int(key["expiryTime"]) <= now // 1000


def check_encryption(params: Document, where: str, find: Lookup, now: int) -> None:
    """The params of a flow's Encryption transformation name a key of this sandbox that is still good.

    ``where`` is the path of the params, ``now`` in milliseconds.
    """
    field = f"{where}.publicKeyId"
    key_id = params.get("publicKeyId")
    if key_id is None or key_id == "":
        raise Refusal("CONNECTOR-1309-400", name="publicKeyId", field=field)
    key = find(ENCRYPTION_KEYS, key_id) if isinstance(key_id, str) else None
    if key is None:
        raise Refusal("CONNECTOR-1311-400", field=field, given=key_id, hint="No encryption key has this id here.")
    if expired(key, now):
        raise Refusal("CONNECTOR-1310-400", field=field, given=key_id, hint="POST /encryption/keys makes a new key.")
