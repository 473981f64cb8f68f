"""What docs/mapping.md says is what happens."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from emulator.domain.language.compiler import compiled
from emulator.domain.language.parser import parse
from emulator.domain.language.values import Surroundings
from emulator.domain.mapping import compile_mappings
from emulator.domain.target_types import plain

PAGE = (Path(__file__).parent.parent / "docs" / "mapping.md").read_text(encoding="utf-8")
SURROUNDINGS = Surroundings(
    lambda: datetime(2026, 1, 31, 12, tzinfo=UTC), lambda: "00000000-0000-4000-8000-000000000000"
)


def rows(heading: str, cells: int) -> list[tuple[str, ...]]:
    """The rows of every table with that heading; each cell is code."""
    found = []
    for table in re.findall(re.escape(heading) + r"\n\| ---[^\n]*\n((?:\|[^\n]*\n)+)", PAGE):
        for line in table.splitlines():
            match = re.fullmatch(r"\| " + r" \| ".join([r"`([^`]+)`"] * cells) + r" \|", line)
            assert match, line
            found.append(match.groups())
    return found


EXPRESSIONS = rows("| expression | record | gives |", 3)
MAPPINGS = rows("| source | destination | record | record made of it |", 4)


@pytest.mark.parametrize(("expression", "record", "gives"), EXPRESSIONS, ids=[row[0] for row in EXPRESSIONS])
def test_an_expression_gives_what_the_page_says(expression: str, record: str, gives: str) -> None:
    assert plain(compiled(parse(expression), SURROUNDINGS)(json.loads(record))) == json.loads(gives)


@pytest.mark.parametrize(("source", "destination", "record", "made"), MAPPINGS, ids=[row[1] for row in MAPPINGS])
def test_a_mapping_makes_what_the_page_says(source: str, destination: str, record: str, made: str) -> None:
    entry = {"source": source, "destination": destination, "sourceType": "text/x.schema-path"}
    assert compile_mappings([entry], SURROUNDINGS)(json.loads(record)) == json.loads(made)


def test_the_page_has_its_tables() -> None:
    assert len(EXPRESSIONS) > 50
    assert len(MAPPINGS) == 5
