"""What a connector shows to a REST API, and how it renews that by itself."""

from __future__ import annotations

import base64
import logging
from typing import Any
from urllib.parse import urlencode

import orjson

from emulator.engine.sources import loopback
from emulator.engine.sources.loopback import Address, Budget
from emulator.engine.sources.retries import Trouble

Document = dict[str, Any]

logger = logging.getLogger(__name__)
_TOKEN_URLS = ("accesstokenurl", "tokenurl", "tokenendpoint", "refreshtokenurl")
_API_KEYS = ("apikey", "xapikey")


class Credentials:
    """The parameters of a base connection as headers; their names are compared without case, ``_`` and ``-``."""

    def __init__(self, given: Document) -> None:
        self._names = {_plain(name): name for name in given}
        self._given = {_plain(name): value for name, value in given.items() if isinstance(value, str) and value}
        self._token = self._given.get("accesstoken")
        self._override = _object(given.get(self._names.get("requestparameteroverride", "")))

    def headers(self) -> dict[str, str]:
        """An access token goes before an account, an account before a key."""
        if self._token is not None:
            return {"Authorization": f"Bearer {self._token}"}
        if "username" in self._given:
            pair = f"{self._given['username']}:{self._given.get('password', '')}"
            return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        key = next((name for name in _API_KEYS if name in self._given), None)
        if key is None:
            return {}
        own = self._names[key]
        header = self._given.get("apikeyheader") or (own if "-" in own else "x-api-key")
        return {header: self._given[key]}

    def renew(self, budget: Budget) -> bool:
        """Asks the token URL for a new access token; False where there is none, or it gives none."""
        address = self._token_address()
        if address is None:
            return False
        form = urlencode(self._form()).encode()
        try:
            if str(self._override.get("authenticationMethod", "")).upper() == "GET":
                query = "&".join(part for part in (address.query, form.decode()) if part)
                asked = Address(address.scheme, address.host, address.port, address.path, query)
                reply = loopback.call(asked, {"Accept": "application/json"}, {}, budget)
            else:
                headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
                reply = loopback.call(address, headers, {}, budget, form)
        except Trouble as trouble:
            logger.info("the access token could not be renewed: %s", trouble)
            return False
        token = _object(reply.body).get(str(self._override.get("accessTokenField") or "access_token"))
        if reply.status != 200 or not isinstance(token, str) or not token:
            logger.info("%s gave no new access token: %s", address.url(), loopback.phrase(reply.status))
            return False
        self._token = token
        return True

    def _token_address(self) -> Address | None:
        given = (self._given.get(name) for name in _TOKEN_URLS)
        return next((found for url in given if url and (found := loopback.loopback(url))), None)

    def _form(self) -> dict[str, str]:
        """As OAuth 2 has it; the connection may call the fields otherwise."""
        refresh = self._given.get("refreshtoken")
        form = {"grant_type": "refresh_token" if refresh else "client_credentials"}
        fields = (
            ("refreshTokenField", "refresh_token", refresh),
            ("clientId", "client_id", self._given.get("clientid")),
            ("clientSecret", "client_secret", self._given.get("clientsecret")),
        )
        for override, name, value in fields:
            if value is not None:
                form[str(self._override.get(override) or name)] = value
        return form


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def _object(value: Any) -> Document:
    """An object, or the JSON text of one; nothing else counts."""
    if isinstance(value, str | bytes):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return {}
    return value if isinstance(value, dict) else {}
