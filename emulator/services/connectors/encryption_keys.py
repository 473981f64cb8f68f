"""Encryption keys: a user encrypts files for the public half, the other one stays here."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from emulator.domain import encryption
from emulator.domain.errors import Refusal
from emulator.domain.kinds import ENCRYPTION_KEYS
from emulator.edge.call import Answer, Call, answer, no_content
from emulator.engine import openpgp
from emulator.engine.world import World
from emulator.store import resources

Document = dict[str, Any]
# The documented list has no pages: it ends here, which is far behind the last key of any sandbox.
MOST = 10_000


class EncryptionKeys:
    """Create, read, list, validate and delete. Private key and pass phrase are kept and never shown."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._database = world.database

    def create(self, call: Call) -> Answer:
        call.query.check(())
        request, now = encryption.read_request(call.json_object()), self._world.clock.now()
        key_id = self._world.ids.uuid()
        pair = openpgp.new_key_pair(key_id)
        # Documented: it comes in Base64 and is to be decoded before use.
        key = encryption.key_document(request, key_id, b64encode(pair.public.encode()).decode(), now)
        secrets = {"privateKey": pair.private, "passPhrase": request.pass_phrase}
        with self._database.writing() as tx:
            resources.create(tx, call.tenant, ENCRYPTION_KEYS, key_id, key, self._world.ids.etag(now), secrets)
        return answer({name: key[name] for name in ("publicKey", "publicKeyId", "expiryTime")})

    def list(self, call: Call) -> Answer:
        """All keys of the sandbox, newest first."""
        call.query.check(())
        with self._database.reading() as tx:
            bodies = resources.slice_of(tx, call.tenant, ENCRYPTION_KEYS, MOST, 0)
        return Answer(200, b"[" + ",".join(bodies).encode() + b"]")

    def get(self, call: Call) -> Answer:
        return answer(self._read(call))

    def validate(self, call: Call) -> Answer:
        key = self._read(call)
        status = "Expired" if encryption.expired(key, self._world.clock.now()) else "Active"
        return answer({"publicKeyId": key["publicKeyId"], "status": status})

    def _read(self, call: Call) -> Document:
        call.query.check(())
        with self._database.reading() as tx:
            found = resources.read(tx, call.tenant, ENCRYPTION_KEYS, call.params["id"])
        if found is None:
            raise _not_found(call.params["id"])
        return found

    def delete(self, call: Call) -> Answer:
        """No page forbids it while flows name the key."""
        call.query.check(())
        with self._database.writing() as tx:
            if not resources.remove(tx, call.tenant, ENCRYPTION_KEYS, call.params["id"]):
                raise _not_found(call.params["id"])
        return no_content()


def _not_found(key_id: str) -> Refusal:
    detail = f"No encryption key has the ID {key_id}."
    return Refusal("CONNECTOR-1102-404", detail=detail, report={"id": key_id, "type": ENCRYPTION_KEYS.name})
