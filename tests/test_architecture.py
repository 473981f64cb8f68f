"""The house keeps its floors: who may import whom, and how large a room may be."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from emulator.data_files import fixture_files
from emulator.domain.errors import error_catalogue

PACKAGE = Path(__file__).parent.parent / "emulator"
FILES = sorted(PACKAGE.rglob("*.py"))
# Lower floors have smaller numbers; engine and edge stand side by side.
FLOORS = {"data_files": 0, "domain": 1, "store": 2, "engine": 3, "edge": 3, "services": 4}
TOP = 5
LONGEST = 300


def room(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return parts[0]


def imports(path: Path) -> list[str]:
    """Modules of the package that a file imports, by their full names."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "emulator":
            if node.module == "emulator":
                found += [f"emulator.{alias.name}" for alias in node.names]
            else:
                found.append(node.module)
        elif isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.startswith("emulator.")]
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_imports_only_from_its_own_floor_and_those_below(path: Path) -> None:
    mine = FLOORS.get(room(path), TOP)
    for module in imports(path):
        theirs = module.split(".")[1]
        floor = FLOORS.get(theirs, TOP)
        if theirs == "__version__":
            continue
        assert floor <= mine, f"{path.name} on floor {mine} imports {module} on floor {floor}"
        if floor == mine and mine < TOP:
            assert theirs == room(path), f"{room(path)} and {theirs} stand side by side"


@pytest.mark.parametrize("library", ["sqlalchemy", "starlette", "uvicorn"])
def test_rules_know_neither_web_nor_database(library: str) -> None:
    for path in (PACKAGE / "domain").rglob("*.py"):
        assert f"import {library}" not in path.read_text(encoding="utf-8"), path
        assert f"from {library}" not in path.read_text(encoding="utf-8"), path


# A table of tables, read entry by entry.
DATA = {Path("store/tables.py")}
# They read databases of other people, where the store keeps ours.
READS_DATABASES = sorted((PACKAGE / "engine" / "sources").glob("database*.py"))


def test_only_the_store_knows_sqlalchemy() -> None:
    for path in FILES:
        if room(path) != "store" and path not in READS_DATABASES:
            assert "sqlalchemy" not in "\n".join(
                line for line in path.read_text(encoding="utf-8").splitlines() if "import " in line
            ), path


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_fits_in_a_readers_head(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    if path.relative_to(PACKAGE) not in DATA:
        assert len(lines) <= LONGEST
    if lines and path.name != "__main__.py":
        assert lines[0].startswith(('"""', 'r"""')), "a module begins with why it exists"


def test_no_rule_asks_the_system_for_time_or_randomness() -> None:
    for floor in ("domain", "store", "services"):
        for path in (PACKAGE / floor).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            for call in ("time.time", "datetime.now", "uuid4", "random.random", "import secrets"):
                assert call not in text, (path, call)


def test_every_error_of_the_catalogue_is_raised_somewhere() -> None:
    faults = fixture_files("faults", ".json")
    code = "".join(path.read_text(encoding="utf-8") for path in (*FILES, *faults))
    assert [entry for entry in error_catalogue() if entry not in code] == []
