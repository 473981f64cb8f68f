"""The site: it builds without a warning and without the network, has every page, and loads nothing from elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from docs.making import admin_table, draw

ROOT = Path(__file__).parent.parent
CONFIG = ROOT / "mkdocs.yml"
# Not a proxy that answers: whoever asks for something fails.
OFFLINE = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:1")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--config-file", str(CONFIG), "--site-dir", str(folder)],
        env=os.environ | OFFLINE | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return folder


@pytest.mark.slow
def test_pages_load_nothing_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 10
    for page in pages:
        text = page.read_text(encoding="utf-8")
        loaded = re.findall(r"<(?:script|img|iframe)[^>]* src=\"?([^\" >]+)", text)
        loaded += re.findall(r"<link[^>]* rel=\"?(?:stylesheet|preconnect)[^>]* href=\"?([^\" >]+)", text)
        assert [address for address in loaded if re.match(r"(https?:)?//", address)] == [], page


@pytest.mark.slow
def test_readme_is_the_first_page(site: Path) -> None:
    first = (site / "index.html").read_text(encoding="utf-8")
    assert 'href="running.html"' in first
    assert "pictures/overview.svg" in first
    assert (site / "pictures" / "overview.svg").exists()


def test_every_page_is_in_the_navigation() -> None:
    text = CONFIG.read_text(encoding="utf-8")
    listed = set(re.findall(r": ([\w-]+\.md)$", text, re.MULTILINE))
    assert listed == {"index.md", "changes.md", *(path.name for path in (ROOT / "docs").glob("*.md"))}
    assert yaml.safe_load(text)["theme"]["font"] is False


def test_the_table_of_admin_calls_is_what_the_server_says_of_itself() -> None:
    assert admin_table.PAGE.read_text(encoding="utf-8") == admin_table.page(), "python -m docs.making.admin_table"


@pytest.mark.parametrize("name", draw.PICTURES)
def test_a_picture_is_what_its_source_draws(name: str) -> None:
    assert (draw.FOLDER / name).read_text(encoding="utf-8") == draw.PICTURES[name](), "python -m docs.making.draw"
