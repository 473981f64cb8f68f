"""The seed of one server: applied to an empty database, kept as a hidden snapshot, and gone back to by a reset."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from emulator.engine import timekeeping, upheaval
from emulator.engine.world import World
from emulator.services.seeding import applying, checking, reading
from emulator.services.seeding.reading import Document, Source
from emulator.services.seeding.sections import Makers
from emulator.store import reset, snapshots
from emulator.store.database import AlreadyThere, Transaction
from emulator.store.snapshots import WHOLE, Snapshot

_HIDDEN, _KEPT = "", "before the seed"
_ONE_MORE_FORMAT = "1"
Tenant = tuple[str, str]


class Seeds:
    """Reads the server's own documents once, again when they are watched, and those of calls as they come."""

    def __init__(self, world: World, paths: Sequence[Path], keep_clock: bool = False) -> None:
        self._world = world
        self._paths = paths
        self._keep_clock = keep_clock
        self._makers = Makers(world)
        self._documents: list[Document] = []
        self._mark = ""
        self.read_again()

    def read_again(self) -> None:
        """Raises ``BadSeed``; the documents read before then stay in force."""
        documents = [reading.read_file(path) for path in reading.files(self._paths)]
        for document in documents:
            checking.check(document)
        texts = [document.source.text for document in documents]
        self._documents, self._mark = documents, sha256("\0".join([_ONE_MORE_FORMAT, *texts]).encode()).hexdigest()

    def renew(self) -> None:
        """Read the files again and go back to what they say. Raises ``BadSeed``; the former seed then stays."""
        former = self._documents, self._mark
        with upheaval.replacing(self._world, whole=True) as tx:
            try:
                self.read_again()
                self.go_back(tx, None)
            except BaseException:
                self._documents, self._mark = former
                raise

    def files(self) -> list[Path]:
        return list(reading.files(self._paths))

    def apply_to_empty(self) -> None:
        """Seed a database that has seen no organisation yet; one with state stays as it is. Raises ``BadSeed``."""
        if not self._documents:
            return
        try:
            with upheaval.replacing(self._world, whole=True) as tx:
                if reset.is_empty(tx):
                    self._apply(tx)
        except AlreadyThere:
            # Another server seeded the same database first.
            return

    def _apply(self, tx: Transaction) -> Snapshot:
        applying.apply(self._world, self._makers, tx, self._documents, clock=not self._keep_clock)
        told = applying.tells_time(self._documents)
        clock = timekeeping.written(self._world.clock.state) if told else None
        return snapshots.save(tx, _HIDDEN, WHOLE, self._world.clock.now(), clock, self._mark)

    def go_back(self, tx: Transaction, only: Tenant | None) -> None:
        """Everything, or what one tenant has, as the seed says. Raises ``BadSeed``."""
        if not self._documents:
            empty(tx, only)
            return
        seeded = self._seeded(tx)
        if only is not None:
            snapshots.restore_tenant(tx, seeded, only)
            return
        snapshots.restore(tx, seeded)
        put_clock(self._world, seeded.clock)

    def _seeded(self, tx: Transaction) -> Snapshot:
        """The seed as a snapshot; made where there is none of these documents, beside the state."""
        found = snapshots.find(tx, _HIDDEN, WHOLE)
        if found is not None and found.note == self._mark:
            return found
        world = self._world
        kept = snapshots.save(tx, _KEPT, WHOLE, 0)
        clock = world.clock.state
        reset.everything(tx)
        try:
            made = self._apply(tx)
        finally:
            world.clock.state = clock
        snapshots.restore(tx, kept)
        snapshots.remove(tx, kept)
        put_clock(world, timekeeping.written(clock))
        return made

    def read_text(self, text: str, name: str, is_yaml: bool) -> Document:
        """A document that came with a call, checked. Raises ``BadSeed``."""
        document = reading.read(Source(name, text, is_yaml))
        checking.check(document)
        return document

    def add(self, tx: Transaction, document: Document, replace: bool) -> None:
        """What a document says, beside what is there, or in the place of what its tenants have. Raises ``BadSeed``."""
        if replace:
            for tenant in applying.tenants_of([document]):
                reset.tenant(tx, *tenant)
        applying.apply(self._world, self._makers, tx, [document], replace=replace)

    def load(self, tx: Transaction, document: Document, only: Tenant | None) -> None:
        """The state of an export in the place of what there is, or of what one tenant has. Raises ``BadSeed``."""
        if only is not None and only not in applying.tenants_of([document]):
            raise document.source.fault(("tenants",), f"there is no {only[0]} with the sandbox {only[1]}")
        empty(tx, only)
        applying.apply(self._world, self._makers, tx, [document], only=only, replace=True)


def empty(tx: Transaction, only: Tenant | None) -> None:
    if only is None:
        reset.everything(tx)
    else:
        reset.tenant(tx, *only)


def put_clock(world: World, written: str | None) -> None:
    """The clock as it was kept; one that was not kept goes on as it does."""
    if written is not None:
        world.clock.state = timekeeping.read(written)
        timekeeping.keep(world.database, world.clock.state)
