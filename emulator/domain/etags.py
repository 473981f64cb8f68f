"""Comparing ``If-Match`` with an etag.

An etag's text holds its double quotes. One page calls an unquoted value wrong, a tutorial sends one and
succeeds: both spellings are accepted, as are weak etags, lists and ``*``.
"""

from __future__ import annotations

from emulator.domain.errors import Refusal

ANY = "*"


def _bare(etag: str) -> str:
    return etag.strip().removeprefix("W/").strip('"')


def check(if_match: str | None, current: str) -> None:
    """Raises 1403 when the header is missing and 1404 when it is stale; ``*`` means any version."""
    if if_match is None or not if_match.strip():
        raise Refusal("FLOW-1403-400", field="If-Match", hint="Send the etag that GET shows.")
    given = {_bare(etag) for etag in if_match.split(",")}
    if ANY not in given and _bare(current) not in given:
        raise Refusal("FLOW-1404-412", given_version=if_match, current=current)
