"""The functions of the language, one module a category. Importing this package registers them all."""

from emulator.domain.language.functions import (
    aggregation,
    analytics,
    arrays,
    conversions,
    dates_and_times,
    hashing,
    json_texts,
    logic,
    maps,
    objects,
    regular_expressions,
    special,
    strings,
    urls,
    user_agents,
)

__all__ = [
    "aggregation",
    "analytics",
    "arrays",
    "conversions",
    "dates_and_times",
    "hashing",
    "json_texts",
    "logic",
    "maps",
    "objects",
    "regular_expressions",
    "special",
    "strings",
    "urls",
    "user_agents",
]
