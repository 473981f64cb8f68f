"""What README and docs tell a reader to type does what they say."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from emulator.server import Background
from emulator.settings import Settings, from_environment

ROOT = Path(__file__).parent.parent
needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


def blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)


@needs_curl
def test_the_five_minute_tour_ends_with_a_day_of_runs() -> None:
    (tour,) = [block for block in blocks(ROOT / "README.md", "bash") if "export URL" in block]
    # A server of its own, because the tour moves the clock.
    with Background(Settings(port=0, database="sqlite://")) as server:
        script = "set -euo pipefail\n" + tour.replace("http://127.0.0.1:8237", server.url)
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "'outputRecordCount': 150" in done.stdout
    assert '"_acme":{"charge":"ch_' in done.stdout
    assert '"runs":96}' in done.stdout
    assert "'message': 'Login failed.'" in done.stdout.splitlines()[-1]


def test_every_flag_and_variable_is_in_the_docs() -> None:
    text = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
    for variable in Settings().as_environment():
        assert f"`{variable}`" in text
    for flag in re.findall(r"`(--[a-z-]+)`", text):
        assert flag in (ROOT / "emulator" / "cli.py").read_text(encoding="utf-8")
    defaults = dict(re.findall(r"`(FLOW_EMULATOR_\w+)` \| `([^`]+)` \|", text))
    assert from_environment(defaults) == Settings()


def test_every_command_of_the_readme_is_a_target_of_the_makefile() -> None:
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    named = re.findall(r"(?:^|`)make (\w+)", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert named
    assert set(named) <= set(targets)


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))])
def test_links_between_pages_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
        assert ((ROOT / page).parent / link).exists(), link
