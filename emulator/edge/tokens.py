"""Tokens that the IMS endpoints hand out and that ``--auth strict`` insists on.

A token is a JWT signed with a key that lives in the database, so that every replica can check it and
none has to remember it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import NamedTuple

import orjson

_HEADER = b'{"alg":"HS256","typ":"JWT"}'


class Claims(NamedTuple):
    """Who a token was given to, and when it ends (milliseconds)."""

    client: str
    expires: int


def issue(key: str, client: str, now: int, lifetime_ms: int, token_id: str) -> str:
    payload = {
        "id": token_id,
        "client_id": client,
        "type": "access_token",
        "created_at": str(now),
        "expires_in": str(lifetime_ms),
    }
    signed = _encode(_HEADER) + "." + _encode(orjson.dumps(payload))
    return f"{signed}.{_signature(key, signed)}"


def read(key: str, token: str) -> Claims | None:
    """What a token says, None when it was not issued with this key."""
    signed, _, signature = token.rpartition(".")
    if not hmac.compare_digest(_signature(key, signed).encode(), signature.encode()):
        return None
    payload = orjson.loads(_decode(signed.split(".")[1]))
    return Claims(payload["client_id"], int(payload["created_at"]) + int(payload["expires_in"]))


def _signature(key: str, signed: str) -> str:
    return _encode(hmac.new(key.encode(), signed.encode(), hashlib.sha256).digest())


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
