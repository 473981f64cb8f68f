"""Every published example of a function, and every one that follows from its description.

Examples that contradict themselves are marked doubtful and pinned to what is chosen here, with the reason
and the printed result beside it; those that depend on the time or on chance get a clock that stands still.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from emulator.domain.language.compiler import compiled
from emulator.domain.language.methods import METHODS
from emulator.domain.language.parser import parse
from emulator.domain.language.printer import printed
from emulator.domain.language.registry import FUNCTIONS
from emulator.domain.language.values import Problem, Surroundings, printed_date

Vector = dict[str, Any]
VECTORS: list[Vector] = json.loads((Path(__file__).parent / "vectors" / "functions.json").read_text(encoding="utf-8"))
SURROUNDINGS = Surroundings(
    lambda: datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), lambda: "c7016dc7-3163-43f7-afc7-2e1c9c206333"
)
WITHOUT_EXAMPLE = frozenset("lcase ucase arrays_to_object uuid ua_os_name ua_os_name_version ua_agent_name".split())


def as_written(value: Any) -> str:
    """As JSON, where 1, 1.0 and true differ."""
    return json.dumps(printed_date(value) if isinstance(value, datetime) else value, ensure_ascii=False)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["expression"][:60])
def test_a_function_gives_what_is_published(vector: Vector) -> None:
    evaluate = compiled(parse(vector["expression"]), SURROUNDINGS)
    if "problem" in vector:
        with pytest.raises(Problem, match=vector["problem"]):
            evaluate(vector.get("input", {}))
        return
    assert as_written(evaluate(vector.get("input", {}))) == as_written(vector["expected"]), vector.get("note")


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["expression"][:60])
def test_a_published_expression_is_printed_so_that_it_reads_the_same(vector: Vector) -> None:
    tree = parse(vector["expression"])
    assert repr(bare(parse(printed(tree)))) == repr(bare(tree))


def bare(node: Any) -> Any:
    """The tree as plain tuples, without positions."""
    if isinstance(node, tuple):
        return tuple(map(bare, node))
    fields = getattr(type(node), "__dataclass_fields__", {})
    if not fields:
        return node
    return (type(node).__name__, *(bare(getattr(node, name)) for name, field in fields.items() if field.compare))


def test_every_published_function_exists() -> None:
    missing = {vector["function"] for vector in VECTORS} | WITHOUT_EXAMPLE
    assert not missing - FUNCTIONS.keys() - METHODS.keys()


@pytest.mark.parametrize(
    "vector", [vector for vector in VECTORS if "mark" in vector], ids=lambda v: v["expression"][:60]
)
def test_what_is_marked_says_why(vector: Vector) -> None:
    assert vector["mark"] in {"doubtful", "nondeterministic", "opaque"}
    assert vector["note"].endswith(".")
    assert vector.get("published") != vector.get("expected") or "problem" in vector
