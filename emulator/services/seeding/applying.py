"""Seeds at work: everything is made by the code of the API's create calls, in one transaction."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from emulator.domain import durations
from emulator.domain.errors import Refusal
from emulator.domain.identifiers import default_sandbox_id
from emulator.domain.tenant import Tenant
from emulator.engine import timekeeping
from emulator.engine.advance import advance
from emulator.engine.clock import ClockState, instant
from emulator.engine.world import World
from emulator.services.seeding import checking
from emulator.services.seeding.checking import Entry, Part
from emulator.services.seeding.names import Ambiguous, Names
from emulator.services.seeding.reading import STATE, BadSeed, Document, Place, Rows, nearest, steps_of
from emulator.services.seeding.sections import SECTIONS, Makers, Making
from emulator.store import exchange, reset, sandboxes
from emulator.store.database import AlreadyThere, TenantGone, Transaction
from emulator.store.exchange import BadRow
from emulator.store.sandboxes import DEFAULT_SANDBOX, Sandbox

_CLIENT = "seed"
_USER = f"{_CLIENT}@AdobeID"
_FARTHEST_MS = 366 * 86_400_000
_SANDBOX_TABLE = "sandbox"
Tenancy = tuple[str, str]


def apply(
    world: World,
    makers: Makers,
    tx: Transaction,
    documents: Sequence[Document],
    *,
    clock: bool = True,
    only: Tenancy | None = None,
    replace: bool = False,
) -> None:
    """Make what checked documents say, as if they were one; the transaction must hold the world still.

    ``clock``: whether they may set it. ``only``: nothing but what one tenant has. ``replace``: the rows of sandboxes
    that are there give way. Raises ``BadSeed``; nothing may be kept then.
    """
    made = _Application(world, makers, tx, replace)
    everything = [part for document in documents for part in checking.parts(document) if only in (None, part.tenant)]
    if only is None:
        for document in documents:
            if clock:
                _set_clock(world, document)
            made.load(document.content.get(STATE), None)
    for tenancy in dict.fromkeys(part.tenant for part in everything):
        made.make(tenancy, [part for part in everything if part.tenant == tenancy])
    if only is None:
        for document in documents:
            _let_pass(world, document)


def tenants_of(documents: Sequence[Document]) -> list[Tenancy]:
    return list(dict.fromkeys(part.tenant for one in documents for part in checking.parts(one)))


def tells_time(documents: Sequence[Document]) -> bool:
    """Whether any of them sets the clock or lets time pass."""
    return any(one.content.get("clock") is not None or one.content.get("runs") for one in documents)


class _Application:
    """The names that documents give, and what is made of them."""

    def __init__(self, world: World, makers: Makers, tx: Transaction, replace: bool) -> None:
        self._replace = replace
        self._world = world
        self._makers = makers
        self._tx = tx
        self._names = Names(world)

    def make(self, tenancy: Tenancy, parts: list[Part]) -> None:
        for part in parts:
            self.load(part.rows, tenancy)
        tenant = self._tenant(tenancy, parts[0].content)
        for section in SECTIONS:
            for part in parts:
                for entry in part.entries(section):
                    self._make(tenant, tenancy, entry)

    def load(self, rows: Rows | None, tenancy: Tenancy | None) -> None:
        """State as it is, row by row."""
        if rows is None:
            return
        try:
            # What everything else refers to is written first, wherever it stands.
            self._load(rows, tenancy, lambda name: name == _SANDBOX_TABLE)
            self._load(rows, tenancy, lambda name: name != _SANDBOX_TABLE)
        except BadRow as error:
            raise rows.fault(str(error)) from None
        except AlreadyThere as error:
            raise rows.fault(f"is there already, or comes twice ({error})") from None
        except TenantGone:
            raise rows.fault("has no row of sandbox") from None

    def _load(self, rows: Rows, tenancy: Tenancy | None, wanted: Callable[[str], bool]) -> None:
        for name, given in rows.tables():
            if not wanted(name):
                # They are gone past in any case.
                deque(given, 0)
                continue
            if name == _SANDBOX_TABLE and tenancy is not None and self._replace:
                reset.sandbox_too(self._tx, *tenancy)
            exchange.load(self._tx, name, tenancy, given)

    def _tenant(self, tenancy: Tenancy, said: dict[str, Any]) -> Tenant:
        org, name = tenancy
        found = sandboxes.find(self._tx, org, name)
        if found is None:
            kind = said.get("type", "production" if name == DEFAULT_SANDBOX else "development")
            title = said.get("title", name.capitalize())
            sandbox_id, now = default_sandbox_id(org, name), self._world.clock.now()
            found = Sandbox(org, name, sandbox_id, title, kind, "active", now, _USER)
            sandboxes.create(self._tx, found)
        return Tenant(org, name, found.id, _USER, _CLIENT, found.type)

    def _make(self, tenant: Tenant, tenancy: Tenancy, entry: Entry) -> None:
        section, name = entry.section, entry.name or ""
        number = self._names.number(tenancy, section, name)
        own_id = entry.body.get("id") or section.id_of(*tenancy, name, number)
        making = Making(self._makers, self._tx, tenant, entry.body)
        try:
            body = self._names.resolved(self._tx, tenant, entry)
            made = section.make(making, body, own_id)
            for key, add in section.extras.items():
                if entry.body.get(key) is not None:
                    add(making, made, entry.body[key])
        except Refusal as refusal:
            raise self._explained(tenancy, entry, refusal) from refusal
        except Ambiguous as error:
            raise entry.document.source.fault(entry.place, str(error)) from None
        except AlreadyThere:
            message = f"there is one with the id {own_id} already"
            raise entry.document.source.fault(entry.place, message) from None
        self._names.add(tenancy, entry, made)

    def _explained(self, tenancy: Tenancy, entry: Entry, refusal: Refusal) -> BadSeed:
        """What a rule refused, where that stands in the document, and which names there are."""
        field = steps_of(refusal.field or "")
        hint = ""
        for path, target in entry.section.refers.items():
            if path.replace("[]", "") == _without_numbers(field):
                hint = f" Of {target} {nearest(refusal.given, self._names.known(tenancy, target))}"
        return entry.document.source.fault((*entry.place, *field), f"{refusal.message}{hint}")


def _without_numbers(steps: Place) -> str:
    return ".".join(step for step in steps if isinstance(step, str))


def _set_clock(world: World, document: Document) -> None:
    given = document.content.get("clock")
    if given is None:
        return
    wanted = _clock_of(world, {"mode": "frozen", "now": given} if isinstance(given, str) else given)
    if wanted.mode != "real":
        newest = timekeeping.newest_event(world.database)
        then = wanted.at if wanted.mode == "frozen" else world.clock.real() + wanted.at
        if then < newest:
            raise document.source.fault(("clock",), "is before what has happened: reset to nothing first")
    world.clock.state = wanted
    timekeeping.keep(world.database, wanted)


def _clock_of(world: World, given: dict[str, Any]) -> ClockState:
    mode = given["mode"]
    jumped = instant(given["jumpedTo"]) if "jumpedTo" in given else 0
    if "aheadMs" in given:
        return ClockState(mode, given["aheadMs"], jumped)
    state = world.clock.at(mode, instant(given["now"]) if "now" in given else 0)
    return ClockState(state.mode, state.at, jumped)


def _let_pass(world: World, document: Document) -> None:
    """The runs of the time that a document lets pass, made by the engine."""
    for index, step in enumerate(document.content.get("runs") or ()):
        now, text = world.clock.now(), step["advance"]
        until = now + durations.milliseconds(text) if text.startswith("P") else instant(text)
        if not now <= until <= now + _FARTHEST_MS:
            place = ("runs", index, "advance")
            raise document.source.fault(place, "goes forward, by 366 days at most")
        advance(world, until)
