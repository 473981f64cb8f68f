"""The image and the compose file: without rights, healthy by our own verb, and made of files that are there."""

from __future__ import annotations

import fnmatch
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from emulator.cli import main
from emulator.settings import from_environment

ROOT = Path(__file__).parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
LAST_STAGE = DOCKERFILE.rsplit("\nFROM ", 1)[1]


def test_the_linter_has_nothing_to_say() -> None:
    linter = shutil.which("hadolint", path=str(Path(sys.executable).parent)) or shutil.which("hadolint")
    if linter is None:
        pytest.skip("hadolint is not installed")
    done = subprocess.run([linter, str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("", 0)


def test_it_serves_to_others_without_rights_on_the_documented_port() -> None:
    assert re.search(r"^USER (?!0|root)\d+$", LAST_STAGE, re.MULTILINE)
    assert "\nEXPOSE 8237\n" in LAST_STAGE
    assert LAST_STAGE.rstrip().endswith('CMD ["serve", "--host", "0.0.0.0"]')


def test_what_it_starts_and_asks_for_its_health_are_verbs_of_ours() -> None:
    commands = [json.loads(found) for found in re.findall(r"CMD (\[.*\])$", LAST_STAGE, re.MULTILINE)]
    health, serve = commands
    assert health == ["flow-emulator", "ready"]
    assert {health[1], serve[0]} <= main.commands.keys()


def test_every_file_that_is_copied_is_there_and_not_left_out() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    let_in = [line.removeprefix("!") for line in lines if line.startswith("!")]
    copied = [words.split() for words in re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE)]
    names = [name for group in copied for name in group]
    assert len(names) >= 7
    for name in names:
        assert (ROOT / name).exists(), name
        assert any(fnmatch.fnmatch(name, pattern) for pattern in let_in), name


def test_the_compose_file_waits_for_its_database_and_stays_on_this_machine() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    emulator = services["emulator"]
    assert emulator["ports"] == ["127.0.0.1:8237:8237"]
    assert emulator["depends_on"] == {"database": {"condition": "service_healthy"}}
    settings = from_environment(emulator["environment"])
    told = services["database"]["environment"]
    assert settings.database.endswith(f"//{told['POSTGRES_USER']}:{told['POSTGRES_PASSWORD']}@database/emulator")
