"""Scripted outcomes of flows' next runs, first in first out."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import bindparam, delete, insert, select

from emulator.store.database import Transaction
from emulator.store.tables import outcome


class Waiting(NamedTuple):
    """An outcome that no run has taken yet; ``body`` is JSON text."""

    seq: int
    body: str


_OF_FLOW = [outcome.c[name] == bindparam(f"at_{name}") for name in ("org", "sandbox", "flow")]
_INSERT = insert(outcome).values({name: bindparam(name) for name in ("org", "sandbox", "flow", "body")})
_ALL = select(outcome.c.seq, outcome.c.body).where(*_OF_FLOW).order_by(outcome.c.seq)
_NEXT = _ALL.limit(1)
_TAKE = delete(outcome).where(outcome.c.seq == bindparam("at_seq"))
_REMOVE = delete(outcome).where(*_OF_FLOW)


def _key(org: str, sandbox: str, flow: str) -> dict[str, str]:
    return {"at_org": org, "at_sandbox": sandbox, "at_flow": flow}


def add(tx: Transaction, org: str, sandbox: str, flow: str, body: str) -> None:
    tx.run(_INSERT, org=org, sandbox=sandbox, flow=flow, body=body)


def waiting(tx: Transaction, org: str, sandbox: str, flow: str) -> list[Waiting]:
    return [Waiting(*row) for row in tx.rows(_ALL, **_key(org, sandbox, flow))]


def first(tx: Transaction, org: str, sandbox: str, flow: str) -> Waiting | None:
    row = tx.row(_NEXT, **_key(org, sandbox, flow))
    return Waiting(*row) if row else None


def take(tx: Transaction, chosen: Waiting) -> bool:
    """Take it off the list; False when another run has."""
    return tx.run(_TAKE, at_seq=chosen.seq) == 1


def remove(tx: Transaction, org: str, sandbox: str, flow: str) -> None:
    tx.run(_REMOVE, **_key(org, sandbox, flow))
