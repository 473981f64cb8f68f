"""The page on clients: its examples run as they stand, and its figures are those of the client and its tests."""

from __future__ import annotations

import inspect
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from aepp import (
    catalog,
    dataaccess,
    dataprep,
    exportDatasetToDataLandingZone,
    flowservice,
    ingestion,
    queryservice,
    sandboxes,
    schema,
)

from emulator.server import Background
from tests.test_readme import ROOT, blocks, needs_curl

PAGE = ROOT / "docs" / "clients.md"
MODULES = (
    flowservice,
    schema,
    catalog,
    dataaccess,
    dataprep,
    queryservice,
    sandboxes,
    ingestion,
    exportDatasetToDataLandingZone,
)
PYTHON = blocks(PAGE, "python")
# Called under names put together, or by a method that is called.
INDIRECT = {
    *(f"get{store}{what}" for store in ("UPS", "UIS") for what in ("Flows", "Flow")),
    *("createDataFlow", "createBaseConnection", "createTargetConnection", "createSourceConnection"),
}
# What a vendor's collections have where a request goes.
HARD_CODED = {
    "raw": "https://platform.adobe.io/data?count=false",
    "protocol": "https",
    "host": ["platform", "adobe", "io"],
}
TOKEN = {"raw": "https://{{IMS}}/ims/token/v2", "protocol": "https", "host": ["{{IMS}}"]}
FREE = {"raw": "{{PLATFORM_GATEWAY}}/data", "host": ["{{PLATFORM_GATEWAY}}"]}


def run(command: list[str], server: Background) -> str:
    """What an example prints when the server is where this one is."""
    local = [part.replace("http://127.0.0.1:8237", server.url) for part in command]
    done = subprocess.run(
        local, capture_output=True, text=True, check=False, env=os.environ | {"NO_PROXY": "127.0.0.1"}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@needs_curl
def test_the_curl_example_finds_a_spec_and_makes_an_account(server: Background) -> None:
    (example,) = blocks(PAGE, "bash")
    printed = run(["bash", "-c", f"set -euo pipefail\n{example}"], server)
    assert '"name":"stripe"' in printed
    assert re.search(r'\{"id":"[0-9a-f-]{36}","etag":', printed)


@pytest.mark.parametrize("example", PYTHON, ids=lambda text: text.split()[1])
def test_an_example_in_python_works(server: Background, example: str) -> None:
    printed = run([sys.executable, "-c", example], server)
    assert re.search(r"'etag'|'items'|cc2c31d6-7b8c-4581-b49f-5c8698aa3ab3\n\[", printed)
    assert "errorMessage" not in printed


def test_the_environment_for_postman_is_one() -> None:
    (environment,) = blocks(PAGE, "json")
    names = {value["key"] for value in json.loads(environment)["values"]}
    assert {"PLATFORM_GATEWAY", "IMS", "API_KEY", "IMS_ORG", "SANDBOX_NAME", "ACCESS_TOKEN"} <= names


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
def test_the_filter_for_collections_moves_every_address(tmp_path: Path) -> None:
    (script,) = blocks(PAGE, "jq")
    collection = {"item": [{"request": {"url": url}} for url in (HARD_CODED, TOKEN, FREE)]}
    (tmp_path / "local.jq").write_text(script, encoding="utf-8")
    (tmp_path / "collection.json").write_text(json.dumps(collection), encoding="utf-8")
    command = ["jq", "-f", str(tmp_path / "local.jq"), str(tmp_path / "collection.json")]
    made = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert [item["request"]["url"] for item in made["item"]] == [
        {"raw": "{{PLATFORM_GATEWAY}}/data?count=false", "host": ["{{PLATFORM_GATEWAY}}"]},
        {"raw": "http://{{IMS}}/ims/token/v2", "protocol": "http", "host": ["{{IMS}}"]},
        FREE,
    ]


def public_methods(name: str) -> set[str]:
    of_class: Any = next(getattr(module, name) for module in MODULES if hasattr(module, name))
    return {found for found, _ in inspect.getmembers(of_class, inspect.isfunction) if not found.startswith("_")}


def test_the_methods_that_the_page_says_work_are_those_that_the_tests_call() -> None:
    tests = "".join((ROOT / "tests" / name).read_text(encoding="utf-8") for name in ("test_aepp.py", "aepp_client.py"))
    text = PAGE.read_text(encoding="utf-8")
    total = 0
    for name, works, of, which in re.findall(r"^\| `(\w+)` \| (\d+) of (\d+) \| (.+) \|$", text, re.MULTILINE):
        public = public_methods(name)
        named = set(re.findall(r"`(\w+)`", which)) & public
        working = public - named if which.startswith("all") else named
        assert (len(working), len(public)) == (int(works), int(of)), name
        assert {method for method in working if method not in tests} <= INDIRECT, name
        total += len(working)
    assert f"{total} methods in all" in text
