"""Where a flow reads from, as its connections say."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emulator.domain.specs import ConnectionSpec

Document = dict[str, Any]


@dataclass(frozen=True)
class PrivateKey:
    """The half of an encryption key that stays here; ``armoured`` may neither be shown nor logged."""

    id: str
    armoured: str = field(repr=False)


@dataclass(frozen=True)
class Origin:
    """What a source family needs to know.

    ``params`` and ``data`` are the source connection's; ``base`` is the id of its base connection and
    ``auth`` that connection's parameters, secrets included: neither may be shown or logged. ``delta`` is
    the flow's delta column. ``roots`` are the folders that stand for the system, the first one first: an
    object of an earlier one hides that of the same name in a later one. ``key`` is what the flow's files are
    decrypted with, None where they are read as they are.
    """

    spec: ConnectionSpec
    params: Document
    data: Document
    base: str | None = None
    auth: Document | None = None
    delta: Document | None = None
    roots: tuple[Path, ...] = ()
    key: PrivateKey | None = None
