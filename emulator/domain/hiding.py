"""Secrets taken out of what was sent and answered, before anybody is shown it.

A value is a secret by its name, or by its place: everything in ``auth.params``, and whatever a token is asked for
with. What was a secret in one place of a call is hidden wherever else it turns up in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from emulator.domain.nesting import is_too_deep
from emulator.domain.specs import looks_secret

HIDDEN = "***"
_MORE_NAMES = re.compile(
    r"authorization|cookie|signature|sas.?(uri|token)|jwt|assertion|passwd|account.?key|^(x-)?api.?key"
)
_SHORT_NAMES = frozenset({"sig", "code", "pwd", "pass", "key", "auth"})
# Called like secrets, and needed to follow what a client does.
_NO_SECRETS = frozenset({"continuationtoken", "access-control-allow-credentials", "paginationtoken"})
# What a token is asked for with and answered by, as far as everybody may see it.
_OPEN_AT_IMS = frozenset(
    {"grant_type", "client_id", "scope", "token_type", "expires_in", "error", "error_description", "org_id"}
)
_SCHEMES = frozenset({"bearer", "basic"})
_IN_TEXTS = (
    (re.compile(r"(://[^/\s:@]*:)[^/\s@]+@"), rf"\1{HIDDEN}@"),
    (re.compile(r"(?i)\b(bearer |basic )[A-Za-z0-9._~+/=-]+"), rf"\1{HIDDEN}"),
    (re.compile(r"(?i)\b((?:[a-z0-9_]*(?:key|password|pwd|secret|token|signature)|sig)=)[^&;\s\"]+"), rf"\1{HIDDEN}"),
)
# A filter of a list, and what errors say of a field.
_FILTER = re.compile(r"(?P<path>[^=!<>~]+)(?P<op>[=!<>~]{1,2})(?P<values>.+)", re.DOTALL)
_QUOTED = re.compile(r"\(field (?P<field>\S+), given (?P<given>.+?)\)(?= |$)", re.DOTALL)
_AUTH = "auth.params"
# Shorter ones would be found in words that have nothing to do with them.
_SHORTEST = 8
# Messages cut what they quote: the beginning of a secret gives it away too.
_BEGINNING = 40
Pairs = Iterable[tuple[str, str]]


def is_secret(name: str) -> bool:
    """Whether what is called so is hidden."""
    lower = name.lower()
    if lower in _NO_SECRETS:
        return False
    return lower in _SHORT_NAMES or looks_secret(lower) or _MORE_NAMES.search(lower) is not None


def _is_secret_place(path: str) -> bool:
    return path == _AUTH or path.startswith(f"{_AUTH}.") or is_secret(path.rpartition(".")[2])


class Hider:
    """Hides the secrets of one call; ``at_ims`` where tokens are given."""

    def __init__(self, at_ims: bool) -> None:
        self._at_ims = at_ims
        self._seen: set[str] = set()
        self._quoted: set[str] = set()

    def headers(self, given: Mapping[str, str]) -> dict[str, str]:
        return {name: self._header(name, value) for name, value in given.items()}

    def pairs(self, given: Pairs) -> dict[str, list[str]]:
        """Parameters of a query or a form."""
        found: dict[str, list[str]] = {}
        for name, value in given:
            secret = name not in _OPEN_AT_IMS if self._at_ims else is_secret(name)
            shown = self._filter(value) if name == "property" else self._text(value)
            found.setdefault(name, []).append(self._hidden(value) if secret else shown)
        return found

    def _filter(self, text: str) -> str:
        """``path==value``, without the value where the path leads to a secret."""
        found = _FILTER.fullmatch(text)
        if found is None or not _is_secret_place(found["path"].strip()):
            return self._text(text)
        for value in (found["values"], *found["values"].split(",")):
            self._quote(value)
            self._quote(value.strip().strip("\"'"))
        return f"{found['path']}{found['op']}{HIDDEN}"

    def error(self, body: Any) -> Any:
        """What an error says. What it quotes of a field that holds a secret is one, however short."""
        for text in _texts(body):
            for found in _QUOTED.finditer(text):
                if _is_secret_place(found["field"]):
                    self._quote(found["given"].strip('"'))
        report = body.get("report") if isinstance(body, dict) else None
        if not isinstance(report, dict) or not _is_secret_place(str(report.get("field", ""))):
            return body
        for text in _texts(report.get("given")):
            self._quote(text)
        return {**body, "report": {**report, "given": HIDDEN}} if "given" in report else body

    def _quote(self, secret: str) -> None:
        if secret and secret != HIDDEN:
            self._quoted |= {secret, orjson.dumps(secret).decode()[1:-1]}

    def value(self, given: Any) -> Any:
        """JSON as it was sent or answered."""
        if isinstance(given, dict):
            patched = _patched(given)
            return {name: self._member(name, value, patched) for name, value in given.items()}
        if isinstance(given, list):
            return [self.value(value) for value in given]
        return self._text(given) if isinstance(given, str) else given

    def wiped(self, given: Any) -> Any:
        """Without any secret that was seen before, wherever it stands."""
        known = [secret for secret in self._seen if len(secret) >= _SHORTEST]
        if not known and not self._quoted:
            return given
        longest_first = sorted({*known, *self._quoted}, key=len, reverse=True)
        pattern = re.compile("|".join(_either(secret) for secret in longest_first))
        return _replaced(given, pattern)

    def _member(self, name: str, value: Any, patched: bool) -> Any:
        if name.lower() == "auth":
            return self._auth(value)
        if patched and name == "value":
            return self._auth(value)
        if self._at_ims and name not in _OPEN_AT_IMS:
            return self._everything(value)
        return self._everything(value) if is_secret(name) else self.value(value)

    def _auth(self, value: Any) -> Any:
        """How a connection authenticates: the name of the way, and nothing else."""
        if isinstance(value, dict):
            return {name: part if name == "specName" else self._everything(part) for name, part in value.items()}
        return self._everything(value)

    def _everything(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._everything(part) for name, part in value.items()}
        if isinstance(value, list):
            return [self._everything(part) for part in value]
        if isinstance(value, str) and (inner := _json_in(value)) is not None:
            # Hidden as a whole, but an error may quote what is inside.
            self._everything(inner)
        return value if value is None or isinstance(value, bool) else self._hidden(str(value))

    def _header(self, name: str, value: str) -> str:
        if not is_secret(name):
            return self._text(value)
        scheme, _, rest = value.partition(" ")
        if rest and scheme.lower() in _SCHEMES:
            return f"{scheme} {self._hidden(rest.strip())}"
        return self._hidden(value)

    def _hidden(self, value: str) -> str:
        self._seen.add(value)
        return HIDDEN

    def _text(self, value: str) -> str:
        """Addresses and connection strings hold secrets inside, and so does JSON in a text."""
        if (inner := _json_in(value)) is not None:
            return orjson.dumps(self.value(inner)).decode()
        for pattern, instead in _IN_TEXTS:
            value = pattern.sub(instead, value)
        return value


def _json_in(text: str) -> Any:
    """The object or array that a text holds; None where it holds none, or one nested too deeply to look into."""
    if text[:1] not in ("{", "["):
        return None
    try:
        inner = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return None if is_too_deep(inner) else inner


def _patched(operation: dict[str, Any]) -> bool:
    """Whether an operation of a patch puts a secret somewhere."""
    path = operation.get("path")
    if not isinstance(path, str) or "value" not in operation:
        return False
    return path == "/auth" or path.startswith("/auth/") or is_secret(path.rpartition("/")[2])


def _either(secret: str) -> str:
    """A secret, or its beginning and what is left of it."""
    if len(secret) < _SHORTEST:
        return rf"(?<!\w){re.escape(secret)}(?!\w)"
    if len(secret) <= _BEGINNING:
        return re.escape(secret)
    return re.escape(secret[:_BEGINNING]) + r"[^\s\"]*"


def _texts(given: Any) -> Iterator[str]:
    """All of them in a value, numbers too."""
    if isinstance(given, dict | list):
        for part in given.values() if isinstance(given, dict) else given:
            yield from _texts(part)
    elif given is not None and not isinstance(given, bool):
        yield str(given)


def _replaced(given: Any, pattern: re.Pattern[str]) -> Any:
    if isinstance(given, str):
        return pattern.sub(HIDDEN, given)
    if isinstance(given, dict):
        return {_replaced(name, pattern): _replaced(value, pattern) for name, value in given.items()}
    if isinstance(given, list):
        return [_replaced(value, pattern) for value in given]
    return given
