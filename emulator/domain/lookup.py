"""How a rule asks for something that is stored, without knowing where."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from emulator.domain.kinds import Kind

# Takes a kind and an id; finds only what lies in the caller's sandbox.
Lookup = Callable[[Kind, str], dict[str, Any] | None]
