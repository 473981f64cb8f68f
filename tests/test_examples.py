"""The examples in other languages walk their tutorial against ``flow-emulator exec``."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.test_command import clean_environment, command

EXAMPLES = Path(__file__).parent.parent / "examples"


def walk(folder: Path, *example: str) -> str:
    """What an example prints beside a server of its own; skipped where the machine cannot run it."""
    if shutil.which(example[0]) is None:
        pytest.skip(f"{example[0]} is not installed")
    done = subprocess.run(
        command("exec", "--", *example),
        cwd=folder,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def major(*asking: str) -> int:
    """The major version that a program names first, 0 without it."""
    if shutil.which(asking[0]) is None:
        return 0
    done = subprocess.run(asking, capture_output=True, text=True, check=False)
    return int("".join(filter(str.isdigit, (done.stdout + done.stderr).split(".")[0])) or 0)


@pytest.mark.slow
def test_curl(tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    assert walk(tmp_path, "bash", str(EXAMPLES / "curl" / "tutorial.sh")) == "the run: success\nrecords: 150\n"


@pytest.mark.slow
@pytest.mark.skipif(major("node", "--version") < 20, reason="Node.js 20 or newer is not installed")
def test_node(tmp_path: Path) -> None:
    assert "# pass 2\n" in walk(
        tmp_path, "node", "--test", "--test-reporter=tap", str(EXAMPLES / "node" / "tutorial.test.mjs")
    )


@pytest.mark.slow
@pytest.mark.skipif(major("javac", "--version") < 17, reason="a JDK of 17 or newer is not installed")
def test_java(tmp_path: Path) -> None:
    assert walk(tmp_path, "java", str(EXAMPLES / "java" / "Tutorial.java")) == "150 charges have landed\n"


def test_the_workflow_runs_the_command_that_there_is() -> None:
    jobs = yaml.safe_load((EXAMPLES / "github-actions.yml").read_text(encoding="utf-8"))["jobs"]
    assert {"run": "flow-emulator exec -- npm test"} in jobs["with-pip"]["steps"]
    service = jobs["with-a-service-container"]
    assert service["services"]["emulator"]["ports"] == ["8237:8237"]
    assert service["env"] == {"FLOW_EMULATOR_URL": "http://127.0.0.1:8237"}
