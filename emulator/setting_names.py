"""Words of settings that the command's help shows: they are read without what settings are checked with."""

from __future__ import annotations

PREFIX = "FLOW_EMULATOR_"
LOG_LEVELS = ("debug", "info", "warning", "error")
