"""REST APIs behind base connections: a server on this machine where the connection names one, else sample records."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal

from emulator.engine.sources.http_reading import HttpSource, address_of
from emulator.engine.sources.origin import Origin
from emulator.engine.sources.retries import Retries
from emulator.engine.sources.samples import Samples
from emulator.engine.sources.source import Chunk, Record, Source, Wanted


@dataclass(frozen=True)
class RestStore:
    """The records of an API, which runs, explore and the connection's test see alike. No other machine is ever called.

    ``retries`` is how trouble with a server on this machine is met.
    """

    family: ClassVar[Literal["rest"]] = "rest"
    origin: Origin
    samples: Samples
    retries: Retries

    @cached_property
    def _server(self) -> HttpSource | None:
        address = address_of(self.origin)
        if address is None:
            return None
        return HttpSource(self.origin, address, self.samples.facts(self.origin.spec, self.origin.roots), self.retries)

    def source(self) -> Source:
        """Raises ``UnreadableData``; reading raises ``NoData`` and ``SourceFailed`` too."""
        return self._server or _SampleSource(self.origin, self.samples)

    def check(self) -> None:
        if self._server is not None:
            self._server.check()

    def preview(self) -> list[Record]:
        """The first records as the API returns them. Raises ``UnreadableData`` and ``SourceFailed``."""
        if self._server is not None:
            return self._server.first_page()
        return self.samples.preview(self.origin.spec, self.origin.params, roots=self.origin.roots)


@dataclass(frozen=True)
class _SampleSource:
    """The records that stand for one resource of an API."""

    origin: Origin
    samples: Samples

    def chunks(self, wanted: Wanted) -> Generator[Chunk]:
        origin = self.origin
        yield from self.samples.shelf(origin.spec, origin.params, origin.roots).chunks(wanted)
