"""What the functions on texts share: null gives null, and no result grows without end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps

from emulator.domain.language.values import Problem, Value

MOST_CHARACTERS = 1 << 20
# Where a guarded function keeps itself without the guard, for calls that have looked for nulls already.
UNGUARDED = "unguarded"


def unless_null(run: Callable[..., Value]) -> Callable[..., Value]:
    """Null as soon as one argument is null, which is the rule where nothing else is documented."""

    @wraps(run)
    def guarded(*arguments: Value) -> Value:
        return None if None in arguments else run(*arguments)

    guarded.__dict__[UNGUARDED] = run
    return guarded


def check_length(characters: int) -> None:
    """Raises ``Problem`` for a text that would have more than ``MOST_CHARACTERS``, before it is built."""
    if characters > MOST_CHARACTERS:
        raise Problem(f"the result would have more than {MOST_CHARACTERS} characters: make the text shorter")


def joined(separator: str, pieces: Sequence[str]) -> str:
    """The pieces with the separator between them; raises ``Problem`` when that is too long."""
    check_length(sum(map(len, pieces)) + len(separator) * max(0, len(pieces) - 1))
    return separator.join(pieces)
