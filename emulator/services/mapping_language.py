"""Data Prep: what the expression language has, and whether an expression is one."""

from __future__ import annotations

from functools import cache
from typing import Any

import orjson

from emulator.data_files import fixtures_folder
from emulator.domain.errors import Refusal
from emulator.domain.kinds import MAPPING_SETS
from emulator.domain.language.problems import SyntaxProblem
from emulator.domain.language.values import Problem
from emulator.domain.mapping_sets import BAD
from emulator.edge.call import Answer, Call, answer, fault, parsed
from emulator.edge.routing import Route
from emulator.engine.world import World
from emulator.store import resources

Document = dict[str, Any]
# The only type that is read; the published spelling is in capitals.
SAMPLE_TYPE = "json"


def routes(world: World) -> list[Route]:
    language = Language(world)
    return [
        Route("GET", "/languages/el/functions", language.functions),
        Route("GET", "/languages/el/operators", language.operators),
        Route("POST", "/languages/el/validate", language.validate, slow=True),
    ]


@cache
def _catalogue(name: str) -> bytes:
    path = fixtures_folder() / "language" / f"{name}.json"
    return orjson.dumps(orjson.loads(path.read_bytes()))


class Language:
    """The catalogues of functions and operators, and the check of one expression."""

    def __init__(self, world: World) -> None:
        self._world = world

    def functions(self, call: Call) -> Answer:
        """A bare array; a function that can be called in several ways has an entry for each."""
        call.query.check((), BAD)
        return Answer(body=_catalogue("functions"))

    def operators(self, call: Call) -> Answer:
        call.query.check((), BAD)
        return Answer(body=_catalogue("operators"))

    def validate(self, call: Call) -> Answer:
        """Documented: 200 also for an expression that is none. With sample data it is tried on them."""
        call.query.check((), BAD)
        body = call.json()
        if not isinstance(body, dict):
            raise Refusal(BAD, detail="Send a JSON object with an expression.", hint='As in {"expression": "…"}.')
        expression, sample = _text(body, "expression"), _text(body, "sampleData", optional=True)
        _check_type(_text(body, "sampleDataType", optional=True))
        self._check_mapping_set(call, _text(body, "mappingSetId", optional=True))
        error = self._fault(expression, sample)
        if error is None:
            return answer({"validationStatus": "succeeded", "error": "none"})
        return answer({"validationStatus": "failed", "error": error})

    def _check_mapping_set(self, call: Call, set_id: str | None) -> None:
        if set_id is None:
            return
        with self._world.database.reading() as tx:
            if resources.body(tx, call.tenant, MAPPING_SETS, set_id) is None:
                raise Refusal("PREP-0404-404", type="mapping set", id=set_id)

    def _fault(self, expression: str, sample: str | None) -> str | None:
        """What is wrong, None when nothing is."""
        try:
            # Imported here, with all functions: a start does without.
            from emulator.domain.language.compiler import compiled
            from emulator.domain.language.parser import parse

            evaluate = compiled(parse(expression), self._world.surroundings)
            if sample is not None:
                evaluate(_record(sample))
        except (SyntaxProblem, Problem) as problem:
            return str(problem)
        return None


def _text(body: Document, name: str, *, optional: bool = False) -> Any:
    """A text of the body; null and nothing are None where it may be left out."""
    value = body.get(name)
    if isinstance(value, str) or (optional and value is None):
        return value
    detail = f"The {name} must be a text." if name in body else f"The {name} is missing."
    raise Refusal(BAD, detail=detail, field=name, given=value)


def _check_type(sample_type: str | None) -> None:
    if sample_type is not None and sample_type.lower() != SAMPLE_TYPE:
        detail = f"Sample data of the type {sample_type} cannot be read."
        raise Refusal(BAD, detail=detail, field="sampleDataType", given=sample_type, hint="Send JSON.")


def _record(sample: str) -> Document:
    """Raises ``Problem`` for a text that is no record."""
    try:
        record = parsed(sample.encode())
    except orjson.JSONDecodeError as error:
        raise Problem(f"sampleData is not JSON: {fault(error)}") from None
    if not isinstance(record, dict):
        raise Problem("sampleData must be one record, a JSON object as a text")
    return record
