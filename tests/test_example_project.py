"""The project in examples/ passes its own tests, and many tests at once do not get into each other's way."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.fixtures import small_tests

ROOT = Path(__file__).parent.parent


@pytest.mark.slow
def test_a_users_project_passes_its_tests(tmp_path: Path) -> None:
    project = shutil.copytree(ROOT / "examples" / "pytest", tmp_path / "project")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("FLOW_", "PYTEST_"))}
    environment |= {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "emulator.pytest_plugin", "-W", "error"]
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-1].startswith("12 passed")


@pytest.mark.slow
def test_two_hundred_tests_on_two_workers_do_not_collide(tmp_path: Path) -> None:
    done = small_tests(tmp_path)
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-1].startswith("200 passed")
