"""REST APIs as sources of runs: sample records, or a server on this machine where the connection names one."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from emulator.engine.sources.http_reading import HttpSource, address_of
from emulator.engine.sources.origin import Origin
from emulator.engine.sources.retries import Retries
from emulator.engine.sources.samples import Samples
from emulator.engine.sources.source import Chunk, Source, Wanted


@dataclass(frozen=True)
class SampleSource:
    """The records that stand for one resource of an API."""

    origin: Origin
    samples: Samples

    def chunks(self, wanted: Wanted) -> Generator[Chunk]:
        origin = self.origin
        yield from self.samples.shelf(origin.spec, origin.params, origin.roots).chunks(wanted)


def rest_source(origin: Origin, samples: Samples, retries: Retries | None = None) -> Source:
    """What a flow reads from a REST API. No other machine is ever called.

    ``retries`` is how trouble with a server on this machine is met; without them in real time. Reading
    raises ``NoData``, ``UnreadableData`` and ``SourceFailed``.
    """
    address = address_of(origin)
    if address is None:
        return SampleSource(origin, samples)
    facts = samples.facts(origin.spec, origin.roots)
    return HttpSource(origin, address, facts, retries or Retries())
