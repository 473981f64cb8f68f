"""Functions on texts. Positions count from zero; a null argument gives null where nothing else is documented."""

from __future__ import annotations

from emulator.domain.language import regexes
from emulator.domain.language.functions.arrays import spread
from emulator.domain.language.registry import MANY, function
from emulator.domain.language.texts import check_length, joined, unless_null
from emulator.domain.language.values import Problem, Value, as_integer, as_list, as_text

# What Java's trim takes away: the space and everything below it.
_WHITESPACE = "".join(map(chr, range(33)))


@function("concat", 1, MANY)
def concat(*values: Value) -> Value:
    """Null adds nothing, as with the operator ``+``."""
    try:
        return joined("", values)
    except TypeError:
        return joined("", [as_text(value) for value in spread(values)])


@function("explode", 1, 2)
@unless_null
def explode(text: Value, regex: Value = ",") -> Value:
    """Splits at a regular expression and keeps empty pieces, but for those at the end (Java's ``split``)."""
    return regexes.pieces(as_text(regex), as_text(text))


@function("split", 2)
@unless_null
def split(text: Value, separators: Value) -> Value:
    """Splits at any one of the separator's characters and drops empty pieces."""
    within, characters = as_text(text), as_text(separators)
    if not characters:
        return [within] if within else []
    one = characters[0]
    return [piece for piece in within.translate(dict.fromkeys(map(ord, characters), one)).split(one) if piece]


@function("join", 2)
@unless_null
def join(separator: Value, members: Value) -> Value:
    """The separator comes first. Null members are empty texts."""
    return joined(as_text(separator), [as_text(member) for member in as_list(members)])


@function("instr", 2, 4)
@unless_null
def instr(text: Value, wanted: Value, start: Value = 0, occurrence: Value = 1) -> Value:
    """Position of the ``occurrence``-th ``wanted`` from position ``start`` on, -1 when there is none."""
    within, part = as_text(text), as_text(wanted)
    count = as_integer(occurrence)
    if count < 1:
        raise Problem(f"occurrences count from 1, and {count} was given")
    position = max(0, as_integer(start))
    found = within.find(part, position)
    while count > 1 and found >= 0:
        found = within.find(part, found + max(1, len(part)))
        count -= 1
    return found


@function("replacestr", 3)
@unless_null
def replacestr(text: Value, wanted: Value, replacement: Value) -> Value:
    """Replaces every occurrence of a literal text; an empty one occurs nowhere."""
    within, part, new = as_text(text), as_text(wanted), as_text(replacement)
    if not part:
        return within
    check_length(len(within) + within.count(part) * (len(new) - len(part)))
    return within.replace(part, new)


@function("substr", 3)
@unless_null
def substr(text: Value, start: Value, length: Value) -> Value:
    """At most ``length`` characters from ``start`` on: less where the text ends before."""
    first, count = as_integer(start), as_integer(length)
    if first < 0 or count < 0:
        raise Problem(f"substr takes a start and a length of 0 or more, and {first} and {count} were given")
    return as_text(text)[first : first + count]


@function("left", 2)
@unless_null
def left(text: Value, count: Value) -> Value:
    return as_text(text)[: max(0, as_integer(count))]


@function("right", 2)
@unless_null
def right(text: Value, count: Value) -> Value:
    within = as_text(text)
    return within[max(0, len(within) - max(0, as_integer(count))) :]


@function("lower", 1, aliases=("lcase",))
@unless_null
def lower(text: Value) -> Value:
    return as_text(text).lower()


@function("upper", 1, aliases=("ucase",))
@unless_null
def upper(text: Value) -> Value:
    return as_text(text).upper()


@function("lpad", 3)
def lpad(text: Value, length: Value, padding: Value) -> Value:
    """``length`` is that of the result; a longer text stays as it is; null or empty padding is one space."""
    return None if text is None else _padding(text, length, padding) + as_text(text)


@function("rpad", 3)
def rpad(text: Value, length: Value, padding: Value) -> Value:
    """As ``lpad``, on the right."""
    return None if text is None else as_text(text) + _padding(text, length, padding)


def _padding(text: Value, length: Value, padding: Value) -> str:
    missing = as_integer(length) - len(as_text(text))
    if missing <= 0:
        return ""
    check_length(as_integer(length))
    unit = as_text(padding) or " "
    return (unit * (missing // len(unit) + 1))[:missing]


@function("trim", 1)
@unless_null
def trim(text: Value) -> Value:
    return as_text(text).strip(_WHITESPACE)


@function("ltrim", 1)
@unless_null
def ltrim(text: Value) -> Value:
    return as_text(text).lstrip(_WHITESPACE)


@function("rtrim", 1)
@unless_null
def rtrim(text: Value) -> Value:
    return as_text(text).rstrip(_WHITESPACE)
