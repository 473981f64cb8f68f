"""The token endpoints of IMS: client credentials on every version, and the older JWT exchange."""

from __future__ import annotations

from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from urllib.parse import parse_qsl

import orjson

from emulator.domain.errors import Refusal
from emulator.edge import tokens
from emulator.edge.call import Answer, Call, answer
from emulator.edge.envelopes import ims
from emulator.edge.routing import Route, Service
from emulator.engine.world import World

# A token lives a day, less the second in which it is made; published samples show both figures.
LIFETIME_S = 86_399
LIFETIME_MS = 86_399_992
VERSIONS = ("v1", "v2", "v3", "v4")
GRANTS = ("client_credentials", "authorization_code")


def service(world: World, key: str) -> Service:
    calls = Ims(world, key)
    routes = [
        Route("POST", "/token", calls.token),
        *(Route("POST", f"/token/{version}", calls.token) for version in VERSIONS),
        Route("POST", "/exchange/jwt", calls.exchange),
    ]
    return Service("ims", "/ims", "anyone", ims, routes)


class Ims:
    """Gives a token to whoever names a client."""

    def __init__(self, world: World, key: str) -> None:
        self._world = world
        self._key = key

    def token(self, call: Call) -> Answer:
        """Documented: ``expires_in`` in seconds. Parameters come in the query, the body, or both."""
        given = _parameters(call)
        grant = given.get("grant_type", GRANTS[0])
        if grant not in GRANTS:
            raise Refusal("IMS-GRANT-400", detail=f"grant_type {grant} is not supported; send {GRANTS[0]}")
        client = _client(given)
        return self._answer(client, LIFETIME_S, LIFETIME_S * 1000)

    def exchange(self, call: Call) -> Answer:
        """Documented: ``expires_in`` in milliseconds, unlike the newer endpoints."""
        given = _parameters(call)
        client = _client(given)
        jwt = given.get("jwt_token", "")
        if jwt.count(".") != 2 or not all(jwt.split(".")):
            raise Refusal("IMS-JWT-400", detail="jwt_token must be a signed JWT")
        return self._answer(client, LIFETIME_MS, LIFETIME_MS)

    def _answer(self, client: str, expires_in: int, lifetime_ms: int) -> Answer:
        token = issue(self._world, self._key, client, lifetime_ms)
        return answer({"access_token": token, "token_type": "bearer", "expires_in": expires_in})


def issue(world: World, key: str, client: str, lifetime_ms: int = LIFETIME_MS) -> str:
    """A token for a client, from now on."""
    return tokens.issue(key, client, world.clock.now(), lifetime_ms, world.ids.uuid())


def _client(given: dict[str, str]) -> str:
    if not given.get("client_id"):
        raise Refusal("IMS-CLIENT-400")
    if not given.get("client_secret"):
        raise Refusal("IMS-SECRET-400")
    return given["client_id"]


def _parameters(call: Call) -> dict[str, str]:
    """Query and body merged; the body is a form, multipart or JSON."""
    given = dict(call.query.pairs)
    if not call.body:
        return given
    kind = call.headers.get("content-type", "application/x-www-form-urlencoded")
    if kind.lower().startswith("application/json"):
        return given | _json_parameters(call.body)
    if kind.lower().startswith("multipart/form-data"):
        return given | _multipart_parameters(kind, call.body)
    try:
        return given | dict(parse_qsl(call.body.decode(), keep_blank_values=True))
    except UnicodeDecodeError:
        raise Refusal("IMS-0400-400", detail="the body is not a form") from None


def _json_parameters(body: bytes) -> dict[str, str]:
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refusal("IMS-0400-400", detail=f"the body is not JSON: {error}") from None
    if not isinstance(parsed, dict):
        raise Refusal("IMS-0400-400", detail="the body must be a JSON object")
    given = {name: value for name, value in parsed.items() if value is not None}
    for name, value in given.items():
        if not isinstance(value, str):
            raise Refusal("IMS-0400-400", detail=f"the parameter {name} must be a text")
    return given


def _multipart_parameters(content_type: str, body: bytes) -> dict[str, str]:
    head = f"content-type: {content_type}\r\n\r\n".encode("latin-1")
    message = BytesParser(EmailMessage, policy=HTTP).parsebytes(head + body)
    found = {}
    for part in message.iter_parts() if message.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            found[name] = content.decode(errors="replace")
    if not found:
        raise Refusal("IMS-0400-400", detail="the multipart body holds no parameter")
    return found
