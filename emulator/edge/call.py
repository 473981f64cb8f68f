"""A request as handlers see it, and the answer they give."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import orjson

from emulator.domain.errors import Refusal
from emulator.domain.nesting import MAX_DEPTH, is_too_deep
from emulator.domain.tenant import Tenant

JSON = "application/json"
# curl sends this with -d when no type is given; several published PATCH calls rely on it.
CURL_DEFAULT = "application/x-www-form-urlencoded"


def parsed(body: bytes) -> Any:
    """JSON that can be written again. Raises ``orjson.JSONDecodeError``, also where it is nested too deeply."""
    value = orjson.loads(body)
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH and is_too_deep(value):
        raise orjson.JSONDecodeError(f"more than {MAX_DEPTH} levels of nesting", "", 0)
    return value


def fault(error: orjson.JSONDecodeError) -> str:
    """What is wrong with a text that is no JSON, and where."""
    return f"{error.msg} at line {error.lineno} column {error.colno}"


class Query:
    """Query parameters in the order in which they came; a pair is split at its first ``=`` only."""

    def __init__(self, raw: bytes) -> None:
        self.pairs: list[tuple[str, str]] = parse_qsl(raw.decode("latin-1"), keep_blank_values=True) if raw else []

    def one(self, name: str) -> str | None:
        """The last value of a parameter, None when it was not sent."""
        return next((value for key, value in reversed(self.pairs) if key == name), None)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.pairs if key == name]

    def check(self, known: Iterable[str], code: str = "FLOW-1451-400") -> None:
        """Refuses parameters that nothing would look at."""
        allowed = set(known)
        for name, value in self.pairs:
            if name not in allowed:
                raise Refusal(
                    code,
                    name=name,
                    detail=f"Unknown query parameter {name}.",
                    field=name,
                    given=value,
                    hint=f"Known parameters: {', '.join(sorted(allowed)) or 'none'}.",
                )

    def flag(self, name: str, default: bool = False, code: str = "FLOW-1452-400") -> bool:
        """A boolean in any letter case; a client sends ``False`` with a capital."""
        value = self.one(name)
        if value is None:
            return default
        if value.lower() not in ("true", "false"):
            detail = f"Invalid value {value} for {name}."
            raise Refusal(code, value=value, name=name, detail=detail, field=name, hint="Send true or false.")
        return value.lower() == "true"

    def number(self, name: str, default: int, least: int, most: int, code: str = "FLOW-1452-400") -> int:
        value = self.one(name)
        if value is None:
            return default
        if not (value.isascii() and value.isdigit() and len(value) < 12 and least <= int(value) <= most):
            raise Refusal(
                code,
                value=value,
                name=name,
                detail=f"Invalid value {value} for {name}.",
                field=name,
                hint=f"Send a whole number from {least} to {most}.",
            )
        return int(value)


@dataclass(slots=True)
class Call:
    """One request. ``origin`` is scheme and host under which the client reached the server."""

    method: str
    path: str
    params: Mapping[str, Any]
    query: Query
    headers: Mapping[str, str]
    body: bytes
    origin: str
    request_id: str
    _tenant: Tenant | None = None

    @property
    def tenant(self) -> Tenant:
        assert self._tenant is not None, "this service knows no tenant"
        return self._tenant

    def json(self) -> Any:
        """The body as JSON. Refuses a body that is none, with line and column of the first fault."""
        self._check_content_type()
        if not self.body.strip():
            return None
        try:
            value = parsed(self.body)
        except orjson.JSONDecodeError as error:
            raise Refusal("REQUEST-1000-400", detail=f"the body is not JSON: {fault(error)}") from None
        if b"\\u0000" in self.body:
            raise Refusal("REQUEST-1000-400", detail="the body holds the character U+0000, which cannot be stored")
        return value

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object; an empty body and null are refused as documented (1405)."""
        value = self.json()
        if value is None or value == {}:
            raise Refusal("FLOW-1405-400")
        if not isinstance(value, dict):
            raise Refusal("REQUEST-1000-400", detail=f"the body must be an object, not {_json_type(value)}")
        return value

    def _check_content_type(self) -> None:
        given = self.headers.get("content-type")
        if given is None:
            if self.body:
                raise Refusal("GATEWAY-CONTENT-400")
            return
        kind = given.split(";", 1)[0].strip().lower()
        if kind == "" and self.body:
            raise Refusal("GATEWAY-CONTENT-400")
        if self.body and not (kind in (JSON, CURL_DEFAULT) or kind.endswith("+json") or kind == f"{JSON}+patch"):
            raise Refusal("REQUEST-1004-415", given_type=given)


def _json_type(value: Any) -> str:
    names = {list: "an array", str: "a text", bool: "a boolean", int: "a number", float: "a number"}
    return names.get(type(value), "null")


@dataclass(frozen=True, slots=True)
class Stream:
    """A body that is made while it is sent: its length in bytes, and the parts that add up to it."""

    length: int
    parts: Iterator[bytes]


@dataclass(slots=True)
class Answer:
    """Status, body as bytes, and headers beside content type and length; a ``stream`` stands for the body.

    The content type is empty where no body is documented. ``refused`` is the
    catalogue's code where it words a refusal.
    """

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = JSON
    stream: Stream | None = None
    refused: str | None = None


def answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    """A JSON answer."""
    return Answer(status, orjson.dumps(value), headers or {})


def no_content() -> Answer:
    return Answer(204)
