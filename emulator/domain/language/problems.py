"""What is wrong with the text of an expression, as against ``Problem``, which is about one record."""

from __future__ import annotations

from emulator.domain.language.tree import START, Position


class SyntaxProblem(Exception):
    """An expression that cannot be used: ``message`` says what is wrong and what would be right.

    ``position`` is where; ``expected`` what could stand there, in words; the text of the exception has all.
    """

    def __init__(self, message: str, position: Position = START, expected: tuple[str, ...] = ()) -> None:
        self.message = message
        self.position = position
        self.expected = expected
        super().__init__(f"line {position.line}, column {position.column}: {message}")


class UnknownFunction(SyntaxProblem):
    """A call of a function or method that does not exist; ``nearest`` are names that look like it."""

    def __init__(self, name: str, position: Position, nearest: list[str], what: str = "function") -> None:
        self.name = name
        self.nearest = nearest
        hint = f"; the nearest names are {', '.join(nearest)}" if nearest else ""
        super().__init__(f"there is no {what} {name!r}{hint}", position)


class WrongArguments(SyntaxProblem):
    """A call with too few or too many arguments, or with one that the function cannot take."""
