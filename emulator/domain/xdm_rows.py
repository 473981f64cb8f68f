"""Rows of runs that do not fit the schema of their dataset, in the words of batch ingestion.

Presence has a published code. For the rest third parties name one without a text: ``INGEST-1554-400``, a row
that could not be converted; its text here is what the validator says.
"""

from __future__ import annotations

from typing import Any

from jsonpointer import unescape

from emulator.domain.mapping import REQUIRED_MISSING, MappingProblem
from emulator.domain.xdm_validation import NULL, REQUIRED, Validator, Violation

ROW_UNFIT = "INGEST-1554-400"


def check(validator: Validator, row: Any) -> None:
    """Raises ``MappingProblem`` for a row that breaks its schema, with the first violation's field."""
    if not validator.is_valid(row):
        raise _problem(validator.violations(row))


def _problem(violations: list[Violation]) -> MappingProblem:
    first = violations[0]
    field = _field(first)
    if first.code in (NULL, REQUIRED):
        return MappingProblem(f"the required field {field} is missing or null", REQUIRED_MISSING, field)
    told = ", ".join(f"{violation.pointer}: {violation.message}" for violation in violations)
    return MappingProblem(f"the row does not fit the schema of the dataset: [{told}]", ROW_UNFIT, field)


def _field(violation: Violation) -> str:
    """The path of the value at fault, in dots."""
    steps = [unescape(step) for step in violation.pointer.split("/")[1:]]
    return ".".join([*steps, violation.key] if violation.key else steps)
