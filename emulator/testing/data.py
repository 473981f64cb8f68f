"""What lies behind connections, what landed, and what runs are told to come to: of any client's resources."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from emulator.testing.calls import Calls

Document = dict[str, Any]
Content = bytes | str | Iterable[Mapping[str, Any]]
MOST = 1000


def put(admin: Calls, base_connection: str, path: str, content: Content) -> None:
    """Records are JSON; what bytes and texts are the suffix of ``path`` says."""
    if isinstance(content, str):
        content = content.encode()
    if not isinstance(content, bytes):
        content = json.dumps([dict(record) for record in content]).encode()
    # Of no type that is known, so that the suffix decides.
    kind = {"content-type": "application/octet-stream"}
    admin.call("PUT", f"/__admin/connections/{base_connection}/data/{quote(path)}", content, headers=kind)


def landed(admin: Calls, dataset: str, what: str, query: Mapping[str, Any]) -> list[Document]:
    """``records`` or ``rejected`` of a dataset."""
    path = f"/__admin/datasets/{dataset}/{what}"
    items: list[Document] = admin.call("GET", path, query={"limit": MOST, **query}).body["items"]
    return items


def script(admin: Calls, flow: str, outcomes: Iterable[Mapping[str, Any]]) -> None:
    admin.call("POST", f"/__admin/flows/{flow}/outcomes", [dict(one) for one in outcomes])
