"""From a base connection to what stands behind it, and from a flow to the source that it reads."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator.domain.connections import sent_auth
from emulator.domain.encryption import check_encryption
from emulator.domain.errors import Refusal
from emulator.domain.kinds import CONNECTIONS, ENCRYPTION_KEYS
from emulator.domain.specs import ConnectionSpec
from emulator.domain.tenant import Tenant
from emulator.domain.transformations import COPY, encryption_of
from emulator.engine import openpgp
from emulator.engine.sources.origin import Origin, PrivateKey
from emulator.engine.sources.put_data import put_folder
from emulator.engine.sources.retries import Retries
from emulator.engine.sources.source import NoData, Source, SourceFailed
from emulator.engine.sources.troubles import overcoming
from emulator.engine.world import World
from emulator.store import resources
from emulator.store.database import Transaction
from emulator.store.resources import Stored
from emulator.store.source_objects import Behind

if TYPE_CHECKING:
    from emulator.engine.sources.file_reading import FileStore
    from emulator.engine.sources.rest import RestStore
    from emulator.engine.sources.table_store import TableStore

Document = dict[str, Any]
# So many seconds a server of this machine has where somebody waits for what it says.
WITHIN_S = 10.0


def open_source(world: World, tx: Transaction, tenant: Tenant, flow: Stored, joined: Document) -> Source:
    """The source that a flow reads; ``joined`` is what it keeps of its connections, as they were when it joined them.

    Raises ``NoData`` where no batches are read from a source of that kind, ``UnreadableData``, and
    ``SourceFailed`` where the key of its files cannot be used.
    """
    inherited = flow.document["inheritedAttributes"]["sourceConnections"][0]
    spec = world.specs(tx, tenant).connection_at(inherited["connectionSpec"])
    base = (inherited.get("baseConnection") or {}).get("id")
    origin = replace(
        origin_of(world, tx, tenant, spec, base, params=joined["source"]),
        data=joined["data"],
        delta=delta_column(flow.document),
        key=_private_key(world, tx, tenant, flow.document),
    )
    system = system_of(world, origin)
    if system is None:
        raise NoData(f"{spec.title} is a {spec.family} connector: nothing is read from it in batches")
    return overcoming(system.source(), origin, _waiting(world), world.ids.chance)


def origin_of(
    world: World,
    tx: Transaction,
    tenant: Tenant,
    spec: ConnectionSpec,
    base: str | None,
    family: str | None = None,
    params: Document | None = None,
) -> Origin:
    """Where a base connection leads. ``family`` is what it is looked at as, where that is not the spec's."""
    roots = _roots(world, tx, tenant, spec, base, family or spec.family)
    return Origin(spec, params or {}, {}, base, _auth(tx, tenant, base), roots=roots)


def system_of(
    world: World, origin: Origin, family: str | None = None, within: float | None = None
) -> FileStore | TableStore | RestStore | None:
    """What stands behind a base connection: a server of this machine, put data, files or samples.

    Runs, explore and the connection's test all ask here, so that they see the same. ``within`` are the
    seconds that somebody waits, None where nobody does. None where nothing is read in batches.
    """
    # Imported where they are called: a start does without, and most servers read from one family.
    match family or origin.spec.family:
        case "file":
            from emulator.engine.sources.file_reading import FileStore

            return FileStore(origin)
        case "table":
            from emulator.engine.sources.table_store import TableStore

            return TableStore(origin, within)
        case "rest":
            from emulator.engine.sources.rest import RestStore

            return RestStore(origin, world.samples, Retries(_waiting(world), world.ids.chance, within))
    return None


def _waiting(world: World) -> Callable[[float], None]:
    """Waits some seconds; while the clock stands still, or is advanced, there is nothing to wait for."""

    def wait(seconds: float) -> None:
        if world.clock.waits:
            time.sleep(seconds)

    return wait


def _roots(
    world: World, tx: Transaction, tenant: Tenant, spec: ConnectionSpec, base: str | None, kind: str
) -> tuple[Path, ...]:
    """The folders that stand for a system: what was put behind its connection, then what others give."""
    given: tuple[Path, ...]
    if kind == "rest":
        given = world.samples.roots(spec)
    else:
        given = (world.samples.folder(spec, "tables" if kind == "table" else "files"),)
    if base is None:
        return given
    return (put_folder(tx, Behind(tenant.org, tenant.sandbox, base), kind), *given)


def _auth(tx: Transaction, tenant: Tenant, base: str | None) -> Document | None:
    """The parameters of a base connection, secrets included; None when it has none, or is gone."""
    stored = resources.read_stored(tx, tenant, CONNECTIONS, base) if base else None
    if stored is None:
        return None
    return sent_auth(stored.document, stored.secrets)


def _private_key(world: World, tx: Transaction, tenant: Tenant, flow: Document) -> PrivateKey | None:
    """What a flow's files are decrypted with. Its key may have gone or expired since the flow was made."""
    found = encryption_of(flow)
    if found is None:
        return None
    where, params = found
    try:
        check_encryption(params, where, partial(resources.read, tx, tenant), world.clock.now())
    except Refusal as refusal:
        raise SourceFailed(refusal.message, refusal.code) from refusal
    key_id = params["publicKeyId"]
    stored = resources.read_stored(tx, tenant, ENCRYPTION_KEYS, key_id)
    private = str(stored.secrets.get("privateKey")) if stored else ""
    if not openpgp.is_private(private):
        # An export shows no secrets unless it is asked to.
        raise SourceFailed(f"The private half of the encryption key {key_id} is not here: import it with its secrets.")
    return PrivateKey(key_id, private)


def delta_column(flow: Document) -> Document | None:
    """The column of a flow's Copy transformation."""
    for entry in flow.get("transformations") or []:
        if entry.get("name") == COPY:
            column: Document | None = (entry.get("params") or {}).get("deltaColumn")
            return column
    return None
