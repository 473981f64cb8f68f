"""Functions on URLs, read as RFC 3986 says; what is no URL gives null, as documented."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote_to_bytes

from emulator.domain.language.registry import function
from emulator.domain.language.texts import check_length, unless_null
from emulator.domain.language.values import Problem, Value, as_text, as_truth

_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*):(?://(?P<authority>[^/?#\s]*))?"
    r"(?P<path>[^?#\s]*)(?:\?(?P<query>[^#\s]*))?(?:#(?P<anchor>\S*))?"
)
_AUTHORITY = re.compile(r"(?:[^@]*@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^:@\[\]]*)(?::(?P<port>[0-9]{0,5}))?")
_PORTS = {
    "amqp": 5672, "amqps": 5671, "ftp": 21, "ftps": 990, "gopher": 70, "http": 80, "https": 443, "imap": 143,
    "imaps": 993, "ldap": 389, "ldaps": 636, "mongodb": 27017, "mysql": 3306, "nntp": 119, "pop3": 110, "pop3s": 995,
    "postgresql": 5432, "redis": 6379, "rtsp": 554, "scp": 22, "sftp": 22, "smb": 445, "smtp": 25, "smtps": 465,
    "ssh": 22, "telnet": 23, "ws": 80, "wss": 443,
}  # fmt: skip
_HIGHEST_PORT = 65535
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


def _parts(url: Value) -> dict[str, str | None] | None:
    """The named parts of a URL, host and port among them; None for what is no URL."""
    match = _URL.fullmatch(as_text(url))
    if match is None or not (match["authority"] or match["path"]):
        return None
    place = _AUTHORITY.fullmatch(match["authority"] or "")
    if place is None or int(place["port"] or 0) > _HIGHEST_PORT:
        return None
    return {**match.groupdict(), **place.groupdict()}


@function("get_url_protocol", 1)
@unless_null
def get_url_protocol(url: Value) -> Value:
    parts = _parts(url)
    return parts and parts["scheme"]


@function("get_url_host", 1)
@unless_null
def get_url_host(url: Value) -> Value:
    parts = _parts(url)
    return (parts and parts["host"]) or None


@function("get_url_port", 1)
@unless_null
def get_url_port(url: Value) -> Value:
    """The port written, otherwise the usual one of the scheme, null for a scheme that has none."""
    parts = _parts(url)
    if parts is None:
        return None
    return int(parts["port"]) if parts["port"] else _PORTS.get(str(parts["scheme"]).lower())


@function("get_url_path", 1, 2)
@unless_null
def get_url_path(url: Value, full: Value = True) -> Value:
    """The whole path with doubled slashes kept, or only what follows its last slash."""
    parts = _parts(url)
    if parts is None:
        return None
    path = str(parts["path"])
    return path if as_truth(full) else path.rpartition("/")[2]


@function("get_url_query_str", 2)
@unless_null
def get_url_query_str(url: Value, anchor: Value) -> Value:
    """Names and values as written, without decoding; ``anchor`` says what becomes of the part after ``#``.

    ``retain`` leaves it at the last value, ``remove`` drops it, ``append`` adds it as ``_anchor_``.
    """
    wanted = as_text(anchor).lower()
    if wanted not in ("retain", "remove", "append"):
        raise Problem(f"the anchor can be one of retain, remove and append, and {wanted[:40]!r} was given")
    parts = _parts(url)
    if parts is None:
        return None
    pairs = [pair.partition("=") for pair in (parts["query"] or "").split("&") if pair]
    named = {name: value for name, _, value in pairs}
    if wanted == "retain" and pairs and parts["anchor"]:
        named[pairs[-1][0]] += f"#{parts['anchor']}"
    if wanted == "append" and parts["anchor"]:
        named["_anchor_"] = parts["anchor"]
    return named


@function("get_url_encoded", 1)
@unless_null
def get_url_encoded(text: Value) -> Value:
    """All but letters, digits, hyphen, underscore and dot becomes ``%`` and two digits for each byte of UTF-8."""
    encoded = quote(as_text(text), safe="", errors="replace").replace("~", "%7E")
    check_length(len(encoded))
    return encoded


@function("get_url_decoded", 1)
@unless_null
def get_url_decoded(text: Value) -> Value:
    """The other way round, so that a plus stays a plus; bytes that are no UTF-8 become the replacement mark."""
    encoded = as_text(text)
    broken = _ESCAPE.search(encoded)
    if broken:
        piece = encoded[broken.start() : broken.start() + 3]
        raise Problem(f"{piece!r} is not % and two hexadecimal digits: write a percent sign as %25")
    return unquote_to_bytes(encoded.encode(errors="replace")).decode(errors="replace")
