"""What happens in Acme's shop, sent to an inlet as it happens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from acme_ingestion.client import Platform

AT_ONCE = 500


class EventSender:
    """Sends to one inlet; ``url`` is the address that its connection shows."""

    def __init__(self, platform: Platform, url: str) -> None:
        self._platform = platform
        self._url = url.replace("/collection/", "/collection/batch/")

    def send(self, events: Iterable[Mapping[str, Any]]) -> int:
        """All of them, in batches; how many were taken."""
        waiting = list(events)
        taken = 0
        for first in range(0, len(waiting), AT_ONCE):
            answer = self._platform.post(self._url, {"messages": waiting[first : first + AT_ONCE]})
            taken += sum(one.get("statusCode", 200) < 400 for one in answer["responses"])
        return taken
