"""Messages that arrive at an inlet: which flow they belong to, and their way into its dataset."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from emulator.domain.messages import UNKNOWN_FORMAT, Message, Unreadable, addressed
from emulator.domain.stream_figures import UNKNOWN
from emulator.engine import micro_batches
from emulator.engine.inlet_rules import MINUTE_MS, SECOND_MS, InletRules, Rate
from emulator.engine.inlets import Channel, Entrance, Inlets, Judged, kept
from emulator.engine.world import World
from emulator.store import records, rejected
from emulator.store.database import Transaction
from emulator.store.rejected import Rejected
from emulator.store.streams import Counts

Document = dict[str, Any]


class NotYet(Exception):
    """The flow takes messages later: after so many milliseconds."""

    def __init__(self, detail: str, wait_ms: int) -> None:
        super().__init__(detail)
        self.wait_ms = wait_ms


class NoWay(Exception):
    """A message names no flow that could take it: what was seen, and what would be right."""

    def __init__(self, detail: str, hint: str) -> None:
        super().__init__(detail)
        self.hint = hint


class Streaming:
    """Finds the way of messages and lands what they hold."""

    def __init__(self, world: World, rules: InletRules) -> None:
        self._world = world
        self._rules = rules
        self._inlets = Inlets(world)
        self.rate = Rate(rules.per_second, SECOND_MS, world.clock.now)
        self.validation_rate = Rate(rules.validated_per_minute, MINUTE_MS, world.clock.now)

    def entrance(self, tx: Transaction, inlet_id: str) -> Entrance | None:
        return self._inlets.find(tx, inlet_id)

    def channel(self, tx: Transaction, entrance: Entrance, message: Message, named: str | None) -> Channel:
        """Where a message goes: to the flow it or its request names, the inlet's only one, or its dataset's.

        Raises ``NoWay``, ``NotYet``, or ``Unreadable`` when what it says of itself is not so.
        """
        if named and message.flow not in (None, named):
            raise Unreadable(UNKNOWN_FORMAT, f"header.flowId is {message.flow}, the request names {named}.")
        channel = self._chosen(tx, entrance, message, named or message.flow)
        if not channel.enabled:
            raise NoWay(f"flow {channel.flow} is not enabled", "Enable it with POST /flows/{id}/action?op=enable.")
        if channel.is_gone:
            raise NoWay(f"the dataset {channel.dataset} of flow {channel.flow} was deleted", "Make another flow.")
        _check_claims(channel, message)
        if channel.flow and self._rules.delay_ms:
            wait = channel.created + self._rules.delay_ms - self._world.clock.now()
            if wait > 0:
                raise NotYet(f"flow {channel.flow} takes no messages yet", wait)
        return channel

    def _chosen(self, tx: Transaction, entrance: Entrance, message: Message, named: str | None) -> Channel:
        known = entrance.channels
        if named:
            if named not in known:
                raise NoWay(f"flow {named} is none of its flows", _name_one(known))
            return known[named]
        if len(known) == 1 and message.dataset is None:
            return next(iter(known.values()))
        fitting = [one for one in known.values() if message.dataset in (None, one.dataset)]
        fitting = [one for one in fitting if one.enabled] or fitting
        if len(fitting) == 1:
            return fitting[0]
        if not fitting and message.dataset is not None:
            direct = self._inlets.direct(tx, entrance, message.dataset)
            if direct is None:
                raise Unreadable(UNKNOWN_FORMAT, f"header.datasetId names no dataset: {message.dataset}.")
            return direct
        raise NoWay(f"{len(fitting)} flows read from it", _name_one(known))

    def land(
        self, tx: Transaction, entrance: Entrance, channel: Channel, judged: Sequence[Judged], skipped: int, size: int
    ) -> None:
        """Keep what became of messages of ``size`` bytes; ``skipped`` more were taken that land nowhere."""
        bodies = [one.body for one in judged if one.body is not None]
        lost = [one.rejected for one in judged if one.rejected is not None]
        warned = sum(1 for one in judged if one.faults)
        more = Counts(len(bodies), sum(one.size for one in judged), len(lost), skipped, warned, size)
        tenant = entrance.tenant
        counted = micro_batches.count(self._world, tx, tenant, channel.flow, channel.dataset, more)
        run, dataset = counted.run or None, channel.dataset
        records.land(tx, tenant, dataset, counted.batch, run, bodies, counted.landed - len(bodies))
        rejected.land(tx, tenant, dataset, counted.failed_batch, run, lost, counted.lost - len(lost))
        if counted.landed + counted.lost >= micro_batches.MOST_RECORDS:
            micro_batches.close(self._world, tx, counted)

    def committed(self, entrance: Entrance) -> None:
        """Say that what was landed has been committed, and can be told of."""
        self._world.unsettled.add((entrance.tenant.org, entrance.tenant.sandbox))

    def refused(self, entrance: Entrance, named: str | None, message: Any) -> Channel | None:
        """Whose error batch a message goes to that cannot be read, if that can be told."""
        known, (flow, dataset) = entrance.channels, addressed(message)
        home = known.get(named or flow or "")
        if home is None and not named:
            fitting = [one for one in known.values() if one.dataset == dataset] or list(known.values())
            home = fitting[0] if len(fitting) == 1 else None
        return home if home is not None and home.enabled and not home.is_gone else None


def unread(message: Any, text: str, hint: str | None) -> Judged:
    """A message that could not be read as what it should be."""
    told = text if hint is None else f"{text}: {hint}"
    return Judged(None, [], 0, Rejected(UNKNOWN, told, None, kept(message)))


def _check_claims(channel: Channel, message: Message) -> None:
    """Documented: schema and dataset must exist, and the dataset must use that schema."""
    if message.dataset is not None and message.dataset != channel.dataset:
        hint = f"header.datasetId is {message.dataset}, the flow {channel.flow} lands in {channel.dataset}."
        raise Unreadable(UNKNOWN_FORMAT, hint)
    if message.schema is not None and message.schema != channel.schema:
        hint = f"header.schemaRef names {message.schema}, the dataset {channel.dataset} uses {channel.schema}."
        raise Unreadable(UNKNOWN_FORMAT, hint)


def _name_one(known: dict[str, Channel]) -> str:
    return f"Name one in the header x-adobe-flow-id: {', '.join(known) or 'create a flow first'}."
