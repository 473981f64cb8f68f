"""``/__admin``: reset, snapshots, export, import and seed: state as a whole, or what one tenant has of it."""

from __future__ import annotations

import re
from typing import Any

from emulator.domain.errors import Refusal
from emulator.edge.call import Answer, Call, answer, no_content
from emulator.edge.routing import MEGABYTE, Route
from emulator.engine import timekeeping, upheaval
from emulator.engine.clock import iso
from emulator.engine.world import World
from emulator.services import exporting
from emulator.services.admin_tenants import tenant_headers
from emulator.services.seeding import BadSeed, Seeds
from emulator.services.seeding.checking import scope
from emulator.services.seeding.reading import Document
from emulator.services.seeding.seeds import empty, put_clock
from emulator.store import snapshots
from emulator.store.database import Transaction
from emulator.store.snapshots import WHOLE, Snapshot

_BAD = "ADMIN-BAD_REQUEST-400"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_YAML = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml")
_LARGEST = 1024 * MEGABYTE
Tenant = tuple[str, str]


def routes(world: World, seeds: Seeds) -> list[Route]:
    calls = AdminState(world, seeds)
    return [
        Route("POST", "/reset", calls.reset, slow=True),
        Route("GET", "/snapshots", calls.snapshots),
        Route("POST", "/snapshots", calls.save, slow=True),
        Route("DELETE", "/snapshots", calls.remove_all, slow=True),
        Route("DELETE", "/snapshots/{name}", calls.remove, slow=True),
        Route("POST", "/snapshots/{name}/restore", calls.restore, slow=True),
        Route("GET", "/export", calls.export, slow=True),
        Route("POST", "/import", calls.load, slow=True, body_limit=_LARGEST),
        Route("POST", "/seed", calls.seed, slow=True, body_limit=_LARGEST),
    ]


class AdminState:
    """The operations on state as a whole."""

    def __init__(self, world: World, seeds: Seeds) -> None:
        self._world = world
        self._seeds = seeds

    def reset(self, call: Call) -> Answer:
        call.query.check(("to",), _BAD)
        target = call.query.one("to") or "seed"
        if target not in ("seed", "empty") or call.query.one("to") == "":
            raise Refusal(_BAD, detail=f"to={call.query.one('to')} is neither seed nor empty.")
        only = tenant_headers(call)
        change = self._seeds.go_back if target == "seed" else empty
        self._change(only is None, lambda tx: change(tx, only))
        return answer({"reset": target, "tenant": _tenant(only)})

    def snapshots(self, call: Call) -> Answer:
        call.query.check((), _BAD)
        with self._world.database.reading() as tx:
            found = snapshots.listed(tx, tenant_headers(call))
        return answer({"items": [_shown(one) for one in found], "count": len(found)})

    def save(self, call: Call) -> Answer:
        """Keep the state under a name; an older snapshot of that name gives way."""
        call.query.check((), _BAD)
        body = call.json()
        if not isinstance(body, dict) or set(body) != {"name"}:
            raise Refusal(_BAD, detail='Send {"name": …}: the name of the snapshot, and nothing else.')
        name, only = _checked(body["name"]), tenant_headers(call)
        clock = timekeeping.written(self._world.clock.state) if only is None else None
        with self._world.database.writing() as tx:
            saved = snapshots.save(tx, name, only or WHOLE, self._world.clock.now(), clock)
        return answer(_shown(saved), 201)

    def remove_all(self, call: Call) -> Answer:
        call.query.check((), _BAD)
        with self._world.database.writing() as tx:
            for one in snapshots.listed(tx, tenant_headers(call)):
                snapshots.remove(tx, one)
        return no_content()

    def remove(self, call: Call) -> Answer:
        call.query.check((), _BAD)
        name, only = _checked(call.params["name"]), tenant_headers(call)
        with self._world.database.writing() as tx:
            found = snapshots.find(tx, name, only or WHOLE)
            if found is None:
                raise _missing(name, only)
            snapshots.remove(tx, found)
        return no_content()

    def restore(self, call: Call) -> Answer:
        """With a tenant's headers: its own snapshot of that name, or its part of one of the whole server."""
        call.query.check((), _BAD)
        name, only = _checked(call.params["name"]), tenant_headers(call)
        with upheaval.replacing(self._world, only is None) as tx:
            chosen = _chosen(tx, name, only)
            if only is None:
                snapshots.restore(tx, chosen)
                put_clock(self._world, chosen.clock)
            else:
                snapshots.restore_tenant(tx, chosen, only)
        return answer({"restored": name, "tenant": _tenant(only), "now": iso(self._world.clock.now())})

    def export(self, call: Call) -> Answer:
        call.query.check(("secrets",), _BAD)
        secrets = call.query.flag("secrets", code=_BAD)
        return Answer(stream=exporting.export(self._world, tenant_headers(call), secrets))

    def load(self, call: Call) -> Answer:
        """What a document says in the place of everything, or of what the tenant has that it is about."""
        call.query.check((), _BAD)
        document = self._document(call)
        only = tenant_headers(call) or scope(document)
        self._change(only is None, lambda tx: self._seeds.load(tx, document, only))
        return answer({"imported": _said(document), "tenant": _tenant(only), "now": iso(self._world.clock.now())})

    def seed(self, call: Call) -> Answer:
        call.query.check(("replace",), _BAD)
        replace = call.query.flag("replace", code=_BAD)
        document = self._document(call)
        self._change(True, lambda tx: self._seeds.add(tx, document, replace))
        return answer({"seeded": _said(document), "now": iso(self._world.clock.now())})

    def _change(self, whole: bool, change: Any) -> None:
        try:
            with upheaval.replacing(self._world, whole) as tx:
                change(tx)
        except BadSeed as error:
            raise Refusal(_BAD, detail=str(error)) from None

    def _document(self, call: Call) -> Document:
        kind = call.headers.get("content-type", "application/json").split(";")[0].strip().lower()
        if kind not in ("", "application/json", "application/x-www-form-urlencoded", *_YAML):
            raise Refusal("REQUEST-1004-415", given_type=kind)
        try:
            return self._seeds.read_text(call.body.decode("utf-8-sig"), "body", kind in _YAML)
        except UnicodeDecodeError:
            raise Refusal("REQUEST-1000-400", detail="the body is not UTF-8") from None
        except BadSeed as error:
            raise Refusal(_BAD, detail=str(error)) from None


def _chosen(tx: Transaction, name: str, only: Tenant | None) -> Snapshot:
    found = snapshots.find(tx, name, only) if only else None
    found = found or snapshots.find(tx, name, WHOLE)
    if found is None:
        raise _missing(name, only)
    return found


def _checked(name: Any) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        detail = f"name {str(name)[:120]!r}: up to 100 letters, digits, dots, dashes and underscores are a name."
        raise Refusal(_BAD, detail=f"{detail} It begins with a letter or a digit.")
    return name


def _missing(name: str, only: Tenant | None) -> Refusal:
    whose = f" of {only[0]}, {only[1]}" if only else ""
    return Refusal("ADMIN-NOT_FOUND-404", detail=f"There is no snapshot {name}{whose}.")


def _said(document: Document) -> int:
    """How many tenants a document is about."""
    return len(document.content.get("tenants", ()))


def _tenant(only: Tenant | None) -> dict[str, str] | None:
    return None if only is None else {"org": only[0], "sandbox": only[1]}


def _shown(one: Snapshot) -> dict[str, Any]:
    tenant = None if (one.org, one.sandbox) == WHOLE else (one.org, one.sandbox)
    return {"name": one.name, "tenant": _tenant(tenant), "now": iso(one.created), "rows": one.rows}
