"""What is wrong with the mappings of a set, one by one, before any record goes through them.

Checked: paths and expressions can be read, functions exist and take so many arguments, ``[*]`` stands on both
sides as often, the destination is a field of the target schema, and no other mapping writes to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from emulator.domain.language.values import Surroundings
from emulator.domain.mapping import MappingProblem, compile_part
from emulator.domain.mapping_paths import PathProblem, Step, parse
from emulator.domain.mapping_sets import published_name

Document = dict[str, Any]


def faults(mappings: list[Document], surroundings: Surroundings, schema: Document | None) -> list[list[str]]:
    """For every mapping, in order, what is wrong with it. Without a resolved ``schema`` any field will do."""
    places: dict[tuple[Step, ...], int] = {}
    found = []
    for index, entry in enumerate(mappings):
        messages = list(_of_one(entry, surroundings, schema))
        steps = _steps(entry["destination"])
        if steps and places.setdefault(steps, index) != index:
            messages.append(f"mappings[{places[steps]}] writes to {entry['destination']} too; leave one of them out")
        found.append(messages)
    return found


def _of_one(entry: Document, surroundings: Surroundings, schema: Document | None) -> Iterable[str]:
    if not entry["destination"]:
        yield "the destination is empty; name a field of the target schema"
        return
    try:
        compile_part(entry, surroundings, schema)
    except MappingProblem as problem:
        yield str(problem)
    missing = missing_field(schema, _steps(entry["destination"])) if schema is not None else None
    if missing is not None:
        yield missing


def _steps(destination: str) -> tuple[Step, ...]:
    try:
        return parse(destination, is_destination=True).steps
    except PathProblem:
        return ()


def missing_field(schema: Document, steps: Iterable[Step]) -> str | None:
    """Why a resolved schema has no such field, None when it has, or when it leaves open what lies there."""
    part: Any = schema
    walked = ""
    for step in steps:
        if not isinstance(part, dict) or not _is_closed(part):
            return None
        if isinstance(step, str):
            if part.get("type") == "array":
                return f"{walked} is an array in the target schema: write {walked}[*] or {walked}[0]"
            properties = part.get("properties") or {}
            found = properties.get(step, part.get("additionalProperties"))
            if found is None:
                return _unknown(step, walked, properties)
            part, walked = found, f"{walked}.{step}" if walked else step
        else:
            if part.get("type") != "array":
                return f"{walked or 'the whole record'} is no array in the target schema"
            part, walked = part.get("items"), f"{walked}[{step}]" if isinstance(step, int) else f"{walked}[*]"
    return None


def _is_closed(part: Document) -> bool:
    """Whether all that may lie in a part is written there."""
    return bool({"properties", "additionalProperties", "items"} & part.keys()) or part.get("type") not in (
        None,
        "object",
        "array",
    )


def _unknown(name: str, inside: str, properties: Document) -> str:
    close = get_close_matches(name, properties, n=3) or sorted(properties)[:10]
    known = f"; it has {', '.join(close)}" if close else ""
    return f"the target schema has no field {name}{f' in {inside}' if inside else ''}{known}"


def error_info(entry: Document, message: str) -> Document:
    """A fault as validate and preview show it."""
    return {
        "source": entry["source"],
        "destination": entry["destination"],
        "sourceType": published_name(entry["sourceType"]),
        "exception": message,
    }
