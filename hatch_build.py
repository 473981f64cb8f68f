"""What building adds to the package: each OpenAPI document as JSON, so that running it needs no YAML."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import yaml
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class DocumentsAsJson(BuildHookInterface[Any]):
    """A wheel gets the converted documents; a checkout, which reads the sources, gets the library for that."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            build_data["dependencies"].append("pyyaml>=6.0.2")
            return
        self._scratch = tempfile.TemporaryDirectory()
        folder = Path(self._scratch.name)
        for source in sorted((Path(self.root) / "openapi").glob("*.yaml")):
            converted = folder / f"{source.stem}.json"
            converted.write_text(json.dumps(yaml.safe_load(source.read_text(encoding="utf-8"))), encoding="utf-8")
            build_data["force_include"][str(converted)] = f"emulator/data/openapi/{converted.name}"

    def finalize(self, version: str, _build_data: dict[str, Any], _artifact: str) -> None:
        if version != "editable":
            self._scratch.cleanup()
