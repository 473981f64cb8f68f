"""Trees of expressions made up by hypothesis, such as a parser could give."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from emulator.domain.language.tree import (
    EACH,
    ArrayLiteral,
    Arrow,
    Binary,
    Call,
    Conditional,
    Elvis,
    Index,
    Literal,
    Logical,
    MapLiteral,
    MethodCall,
    Node,
    Path,
    Prefix,
    Reference,
)

_LETTERS = "abcxyzÄß_$"
plain_names = st.text(_LETTERS, min_size=1, max_size=5) | st.sampled_from(
    ["orders", "nullable", "date", "sizes", "div2"]
)
# Names that need ${…}: a reserved one, and whatever a closing brace, or a backslash before a dot, does not spoil.
odd_names = st.sampled_from(
    ["First Name", "a.b", "1st", "@type", "size", "true", "or", "x-y", "über.all", "'", "${a", "//"]
)
names = plain_names | odd_names
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    ["\\", '"', "'", "\\'", '\\"', "\\u0041", "// no comment", "line\nbreak", "a\\"]
)
literals = st.builds(
    Literal,
    st.none()
    | st.booleans()
    | st.integers(min_value=0, max_value=10**30)
    | st.floats(min_value=0, allow_nan=False, allow_infinity=False)
    | texts,
)
references = st.builds(Reference, st.lists(names, min_size=1, max_size=3).map(tuple))


def _several(nodes: st.SearchStrategy[Any], least: int = 0, most: int = 3) -> st.SearchStrategy[Any]:
    return st.lists(nodes, min_size=least, max_size=most).map(tuple)


def _path(base: Node, steps: tuple[Any, ...]) -> Node:
    """Steps right behind a reference are names of it, and steps behind a path are steps of it."""
    if isinstance(base, Path):
        return Path(base.base, base.steps + steps)
    if not isinstance(base, Reference):
        return Path(base, steps)
    count = next((at for at, step in enumerate(steps) if not isinstance(step, str)), len(steps))
    head = Reference(base.names + steps[:count])
    return Path(head, steps[count:]) if steps[count:] else head


def _larger(nodes: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    steps = names | st.builds(Index, nodes) | st.just(EACH)
    comparisons = ["==", "!=", "<", "<=", ">", ">=", "=~", "!~", "=^", "!^", "=$", "!$"]
    arithmetic = ["+", "-", "*", "/", "%", "&", "|", "^"]
    made: list[st.SearchStrategy[Any]] = [
        st.builds(ArrayLiteral, _several(nodes)),
        st.builds(MapLiteral, st.lists(st.tuples(nodes, nodes), max_size=2).map(tuple)),
        st.builds(_path, nodes, _several(steps, 1)),
        st.builds(Prefix, st.sampled_from(["-", "+", "!", "~", "empty", "size"]), nodes),
        st.builds(Binary, st.sampled_from(comparisons + arithmetic), nodes, nodes),
        st.builds(Logical, st.sampled_from(["&&", "||"]), _several(nodes, 2, 3)),
        st.builds(Conditional, nodes, nodes, nodes),
        st.builds(Elvis, nodes, nodes),
        st.builds(Call, st.sampled_from(["upper", "concat", "iif", "mod", "nobody"]), _several(nodes)),
        st.builds(MethodCall, nodes, st.sampled_from(["equals", "get", "size"]), _several(nodes, 0, 1)),
        st.builds(Arrow, st.lists(plain_names, max_size=2, unique=True).map(tuple), nodes),
    ]
    return st.one_of(made)


trees: st.SearchStrategy[Node] = st.recursive(literals | references, _larger, max_leaves=12)

_TOKENS = (
    "( ) [ ] { } , : . ? ?: -> || && or and | ^ & == != eq ne < <= lt le > gt >= ge =~ !~ =^ !^ =$ !$ + - * / % div "
    "mod not ! ~ empty size true false null 0 17 08 0x1F 3L 1.5 1.0e3 1e3 'a' \"b\" ' \" \\ ${a.b} ${ } a b.c x "
    "street\\.name upper concat iif filterArray nullify date equals get [*] {:} // ## /* */ @ ` # = ; var if é \u2028"
).split(" ")
token_texts = st.lists(st.sampled_from(_TOKENS), max_size=60).map(" ".join) | st.lists(
    st.sampled_from(_TOKENS), max_size=60
).map("".join)
# The same few signs again and again find what grows faster than the text.
repeated_texts = st.builds(
    lambda before, unit, count, after: (before + unit * count + after)[:4096],
    token_texts.map(lambda text: text[:20]),
    st.lists(st.sampled_from(_TOKENS), min_size=1, max_size=3).map("".join),
    st.integers(min_value=1, max_value=4096),
    token_texts.map(lambda text: text[:20]),
)
any_texts = st.text(max_size=300) | token_texts | repeated_texts
