"""What building adds to the package: each OpenAPI document as JSON, and which commit it was built from."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# An sdist, which has no git, hands it on to the wheel made of it.
REVISION = "REVISION"


class Additions(BuildHookInterface[Any]):
    """A wheel gets the converted documents; a checkout, which reads the sources, gets the library for that."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            build_data["dependencies"].append("pyyaml>=6.0.2")
            return
        self._scratch = tempfile.TemporaryDirectory()
        folder = Path(self._scratch.name)
        revision = folder / REVISION
        revision.write_text(self._revision(), encoding="utf-8")
        if self.target_name == "sdist":
            build_data["force_include"][str(revision)] = REVISION
            return
        build_data["force_include"][str(revision)] = "emulator/data/revision"
        self._convert(folder, build_data["force_include"])

    def finalize(self, version: str, _build_data: dict[str, Any], _artifact: str) -> None:
        if version != "editable":
            self._scratch.cleanup()

    def _convert(self, folder: Path, included: dict[str, str]) -> None:
        import yaml

        for source in sorted((Path(self.root) / "openapi").glob("*.yaml")):
            converted = folder / f"{source.stem}.json"
            converted.write_text(json.dumps(yaml.safe_load(source.read_text(encoding="utf-8"))), encoding="utf-8")
            included[str(converted)] = f"emulator/data/openapi/{converted.name}"

    def _revision(self) -> str:
        """As ``git describe`` words it; empty where neither git nor an sdist knows."""
        kept = Path(self.root) / REVISION
        if kept.is_file():
            return kept.read_text(encoding="utf-8")
        if not (Path(self.root) / ".git").exists():
            return ""
        command = ["git", "-C", self.root, "describe", "--tags", "--always", "--dirty"]
        try:
            return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603
        except (OSError, subprocess.CalledProcessError):
            return ""
