"""Where a flow reads from, as its connections say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulator.domain.specs import ConnectionSpec

Document = dict[str, Any]


@dataclass(frozen=True)
class Origin:
    """What a source family needs to know.

    ``params`` and ``data`` are the source connection's; ``base`` is the id of its base connection and
    ``auth`` that connection's parameters, secrets included: neither may be shown or logged. ``delta`` is
    the flow's delta column. ``roots`` are the folders that stand for the system, the first one first: an
    object of an earlier one hides that of the same name in a later one.
    """

    spec: ConnectionSpec
    params: Document
    data: Document
    base: str | None = None
    auth: Document | None = None
    delta: Document | None = None
    roots: tuple[Path, ...] = ()
