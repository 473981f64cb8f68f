"""Every block of README and docs that a reader could type or copy is run or checked, whoever wrote the page.

The ``bash`` blocks of a page are one session in an empty folder, beside a server of the page's own; each ``python``
block is a program of its own, or a module of tests; ``json``, ``yaml`` and ``toml`` must be read, and what is a seed
must be taken. ``tests/pages/<page>/`` holds what a page needs to find: files for its folder, a seed as ``seed.json``,
settings of its server as ``settings.json``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from emulator.app import create
from emulator.companion import variables
from emulator.server import Background
from emulator.settings import Settings
from tests.test_command import clean_environment

ROOT = Path(__file__).parent.parent
SCENES = Path(__file__).parent / "pages"
PAGES = ["README.md", "examples/README.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md")))]
DEFAULT = "http://127.0.0.1:8237"

# A command block with such a line is not run, for the reason given.
NOT_RUN = {
    r"\bdocker\b": "needs a Docker daemon",
    r"\bpip install\b": "needs an index of packages; .ci/run installs what is built",
    r"^make \w|^\.ci/run": "runs these tests among other things; tests/test_readme.py knows the targets",
    r"\bsudo\b": "changes the machine",
    r"\bnewman\b": "Newman is not among what the tests install",
    r"\bkeytool\b": "needs a JDK",
}
# Languages of blocks that nobody could run, or that another test runs.
NOT_HERE = {
    "mermaid": "a picture",
    "text": "what a command prints",
    "jq": "tests/test_clients_page.py runs it",
    "sql": "the page's own test asks it",
    "http": "a picture of a request",
}


@dataclass(frozen=True)
class Block:
    """A fenced block: its page, the line it begins at, its language and text."""

    page: str
    line: int
    language: str
    text: str

    @property
    def name(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def reason(self) -> str | None:
        """Why it is not run, or nothing."""
        for pattern, reason in NOT_RUN.items():
            if re.search(pattern, self.text, re.MULTILINE):
                return reason
        return None


def blocks_of(page: str) -> Iterator[Block]:
    text = (ROOT / page).read_text(encoding="utf-8")
    for found in re.finditer(r"^( *)```(\w+)[^\n]*\n(.*?)^\1```", text, re.DOTALL | re.MULTILINE):
        indent, language, content = found.groups()
        line = text.count("\n", 0, found.start()) + 1
        yield Block(page, line, language, re.sub(rf"^{indent}", "", content, flags=re.MULTILINE))


BLOCKS = [block for page in PAGES for block in blocks_of(page)]


def chosen(*languages: str) -> list[Any]:
    return [pytest.param(block, id=block.name) for block in BLOCKS if block.language in languages]


def scene(page: str, folder: Path) -> Settings:
    """Puts what the page needs into the folder; the settings of its server."""
    given = SCENES / Path(page).stem
    if given.is_dir():
        shutil.copytree(given, folder, dirs_exist_ok=True)
    seed, more = folder / "seed.json", folder / "settings.json"
    told = json.loads(more.read_text(encoding="utf-8")) if more.exists() else {}
    secure = folder / ".flow-emulator-tls"
    return Settings(port=0, database="sqlite://", seed=(seed,) if seed.exists() else (), tls_folder=secure, **told)


# ``serve`` of a page: started for its flags' sake and ended once it is ready; the session has a server already.
COMMAND = """#!{python}
import subprocess, sys
command = [sys.executable, "-m", "emulator", *sys.argv[1:]]
if sys.argv[1:2] != ["serve"]:
    sys.exit(subprocess.call(command))
server = subprocess.Popen([*command, "--port", "0"], stdout=subprocess.PIPE, text=True)
line = server.stdout.readline()
server.terminate()
sys.exit(server.wait() or not line.startswith("listening on http"))
"""


@pytest.fixture
def session(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a page's commands: its server, ``flow-emulator`` on the path, an empty folder."""
    page: str = getattr(request, "param", None) or request.getfixturevalue("block").page
    commands = tmp_path / "bin"
    commands.mkdir()
    (commands / "flow-emulator").write_text(COMMAND.format(python=sys.executable), encoding="utf-8")
    (commands / "flow-emulator").chmod(0o755)
    folder = tmp_path / "folder"
    folder.mkdir()
    settings = scene(page, folder)
    if page == "examples/README.md":
        (folder / "examples").symlink_to(ROOT / "examples")
    with Background(settings) as server:
        path = f"{commands}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        given = clean_environment(PATH=path, PYTHONPATH=str(ROOT), PWD=str(folder))
        authority = str(settings.tls_folder / "ca.pem") if settings.tls == "auto" else None
        yield variables(server.url, given, authority)


def here(text: str, environment: dict[str, str]) -> str:
    """A page's text for the server that this one is."""
    url = environment["FLOW_EMULATOR_URL"]
    port = url.rsplit(":", 1)[1]
    return re.sub(r"\b(localhost|127\.0\.0\.1):8237\b", rf"\1:{port}", text.replace(DEFAULT, url))


def run(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(
        command,
        cwd=environment["PWD"],
        env=environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def typed(block: Block) -> str:
    """What a reader types: of a ``console`` block the lines behind a prompt."""
    if block.language != "console":
        return block.text
    return "".join(f"{line[2:]}\n" for line in block.text.splitlines() if line.startswith("$ "))


def sessions() -> list[Any]:
    """The pages with commands that are run."""
    commands = [block for block in BLOCKS if block.language in ("bash", "sh", "console") and block.reason is None]
    return [
        pytest.param(page, "".join(map(typed, [each for each in commands if each.page == page])), id=page)
        for page in dict.fromkeys(block.page for block in commands)
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("session", "script"), sessions(), indirect=["session"])
def test_the_commands_of_a_page_work_from_its_top_to_its_end(session: dict[str, str], script: str) -> None:
    printed = run(["bash", "-c", f"set -euo pipefail\n{here(script, session)}"], session)
    assert "errorMessage" not in printed
    assert '"report":' not in printed


@pytest.mark.slow
@pytest.mark.parametrize("block", chosen("python"))
def test_a_program_of_a_page_works(session: dict[str, str], block: Block) -> None:
    text = here(block.text, session)
    if re.search(r"^(async )?def test_", text, re.MULTILINE):
        (Path(session["PWD"]) / "test_of_the_page.py").write_text(text, encoding="utf-8")
        run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_of_the_page.py"], session)
        return
    assert "errorMessage" not in run([sys.executable, "-c", text], session)


READERS: dict[str, Callable[[str], Any]] = {
    "json": json.loads,
    "yaml": yaml.safe_load,
    "yml": yaml.safe_load,
    "toml": tomllib.loads,
}


@pytest.mark.parametrize("block", chosen(*READERS))
def test_a_document_of_a_page_can_be_read_and_a_seed_is_taken(tmp_path: Path, block: Block) -> None:
    found = READERS[block.language](block.text)
    if isinstance(found, dict) and {"format", "tenants"} <= found.keys():
        settings = scene(block.page, tmp_path)
        path = tmp_path / f"of-the-page.{block.language}"
        path.write_text(block.text, encoding="utf-8")
        create(Settings(database=settings.database, seed=(path,))).world.database.close()


def test_there_is_no_block_that_nobody_looks_at() -> None:
    known = {"bash", "sh", "console", "python", *READERS, *NOT_HERE}
    assert [(block.name, block.language) for block in BLOCKS if block.language not in known] == []


def test_every_reason_is_needed() -> None:
    reasons = {block.reason for block in BLOCKS}
    assert set(NOT_RUN.values()) <= reasons
    commands = [block for block in BLOCKS if block.language in ("bash", "sh", "console")]
    assert len([block for block in commands if block.reason is None]) > len(commands) / 2


def test_every_scene_belongs_to_a_page() -> None:
    assert {path.name for path in SCENES.iterdir()} <= {Path(page).stem for page in PAGES}
