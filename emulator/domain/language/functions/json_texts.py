"""Functions on JSON texts."""

from __future__ import annotations

import orjson

from emulator.domain.language.registry import function
from emulator.domain.language.texts import unless_null
from emulator.domain.language.values import Problem, Value, as_text


@function("json_to_object", 1)
@unless_null
def json_to_object(text: Value) -> Value:
    """What a JSON text stands for; objects and arrays, as the published example has one, stay what they are."""
    if isinstance(text, (dict, list)):
        return text
    try:
        return orjson.loads(as_text(text))
    except orjson.JSONDecodeError as broken:
        raise Problem(f"the text is no JSON: {broken}") from None
