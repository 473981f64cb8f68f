"""``flow-emulator map``: records through a mapping set without a server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from emulator.cli import main

MAPPINGS = [
    {"sourceType": "ATTRIBUTE", "source": "id", "destination": "_id"},
    {"sourceType": "EXPRESSION", "source": "upper(trim(name))", "destination": "person.name"},
    {"sourceType": "EXPRESSION", "source": "to_integer(age)", "destination": "person.age"},
    {"sourceType": "STATIC", "source": "CUSTOMER", "destination": "kind"},
]


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    path = tmp_path / "mapping.json"
    path.write_text(json.dumps({"mappings": MAPPINGS}))
    return path


def run(*arguments: Any) -> Result:
    return CliRunner().invoke(main, ["map", *map(str, arguments)])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("records.json", '[{"id": "1", "name": " Ada ", "age": "36"}]'),
        ("records.ndjson", '{"id": "1", "name": " Ada ", "age": "36"}\n'),
        ("records.csv", "id,name,age\n1, Ada ,36\n"),
    ],
)
def test_records_of_every_form_are_mapped(tmp_path: Path, mapping: Path, name: str, content: str) -> None:
    source = tmp_path / name
    source.write_text(content)
    result = run("--mapping", mapping, "--input", source)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == {"_id": "1", "person": {"name": "ADA", "age": 36}, "kind": "CUSTOMER"}


def test_what_cannot_be_made_is_told_of(tmp_path: Path, mapping: Path) -> None:
    source = tmp_path / "records.ndjson"
    source.write_text('{"id": "1", "name": "Ada", "age": "old"}\n')
    result = run("--mapping", mapping, "--input", source)
    assert result.exit_code == 0
    assert "record 1: person.age is left empty:" in result.stderr
    assert json.loads(result.stdout)["person"] == {"name": "ADA"}


def test_a_rejected_record_makes_the_status_1(tmp_path: Path, mapping: Path) -> None:
    schema = tmp_path / "schema.json"
    schema.write_text(json.dumps({"type": "object", "required": ["_id"], "properties": {"_id": {"type": "string"}}}))
    source = tmp_path / "records.ndjson"
    source.write_text('{"name": "Ada", "age": 1}\n{"id": 2, "name": "Bob", "age": 2}\n')
    result = run("--mapping", mapping, "--input", source, "--schema", schema)
    assert result.exit_code == 1
    assert "record 1: rejected: the required field _id is missing or null" in result.stderr
    assert json.loads(result.stdout)["_id"] == "2"


def test_explain_says_what_each_step_gave(tmp_path: Path, mapping: Path) -> None:
    source = tmp_path / "records.ndjson"
    source.write_text('{"id": "1", "name": " Ada ", "age": "old"}\n')
    lines = run("--mapping", mapping, "--input", source, "--explain").stdout.splitlines()
    at = lines.index("#   person.name <- upper(trim(name))")
    assert lines[at + 1 : at + 4] == ['#     name -> " Ada "', '#     trim(name) -> "Ada"', '#     = "ADA"']
    assert any(line.startswith("#     = nothing: ") for line in lines)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "line 1"),
        ("[]", "expected a mapping set"),
        ('{"mappings": [{"source": "a"}]}', "mappings[0].destination"),
        ('{"mappings": [{"sourceType": "EXPRESSION", "source": "uper(a)", "destination": "b"}]}', "upper"),
    ],
)
def test_a_mapping_set_that_cannot_be_used_is_refused(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "mapping.json"
    path.write_text(content)
    result = run("--mapping", path, "--input", path)
    assert result.exit_code == 1
    assert said in result.output
