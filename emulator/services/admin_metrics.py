"""``/__admin/metrics``: figures of this process in the text format of Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

from emulator import __version__
from emulator.edge.call import Answer, Call
from emulator.edge.gate import Watch
from emulator.edge.meter import BOUNDS
from emulator.edge.routing import Route

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BAD = "ADMIN-BAD_REQUEST-400"
_PREFIX = "flow_emulator"


def routes(watch: Watch, family: str) -> list[Route]:
    """``family`` is that of the database."""

    def show(call: Call) -> Answer:
        call.query.check((), _BAD)
        text = "\n".join([*_figures(watch, family), *_calls(watch), ""])
        return Answer(200, text.encode(), content_type=CONTENT_TYPE)

    return [Route("GET", "/metrics", show)]


def _figures(watch: Watch, family: str) -> Iterator[str]:
    labels = f'version="{__version__}",database="{family}"'
    yield from _head("info", "gauge", "What runs here.")
    yield f"{_PREFIX}_info{{{labels}}} 1"
    yield from _head("faults", "gauge", "Fault rules that may still strike.")
    yield f"{_PREFIX}_faults {len(watch.faults.rules)}"
    yield from _head("journal_entries", "gauge", "Calls in the journal.")
    yield f"{_PREFIX}_journal_entries {len(watch.journal)}"


def _calls(watch: Watch) -> Iterator[str]:
    """Status 0 is a connection that a fault has closed."""
    name = "request_duration_seconds"
    yield from _head(name, "histogram", "Service calls of this process by service, method and status.")
    for calls in watch.meter.read():
        labels = f'service="{calls.service}",method="{calls.method}",status="{calls.status}"'
        for bound, within in zip(BOUNDS, calls.within, strict=True):
            yield f'{_PREFIX}_{name}_bucket{{{labels},le="{bound}"}} {within}'
        yield f'{_PREFIX}_{name}_bucket{{{labels},le="+Inf"}} {calls.total}'
        yield f"{_PREFIX}_{name}_sum{{{labels}}} {calls.seconds:.6f}"
        yield f"{_PREFIX}_{name}_count{{{labels}}} {calls.total}"


def _head(name: str, kind: str, meaning: str) -> Iterator[str]:
    yield f"# HELP {_PREFIX}_{name} {meaning}"
    yield f"# TYPE {_PREFIX}_{name} {kind}"
