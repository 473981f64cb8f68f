"""Bad input as Hypothesis strategies: calls of which one part is not as it should be.

JSON is made as text, so that it can hold what no Python value can: duplicate names, ``NaN``, half a
surrogate pair, nesting deeper than Python would write.
"""

from __future__ import annotations

import base64
import copy
import json
import random
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, quote

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from tests.support import FULL

Texts = SearchStrategy[str]
Headers = Mapping[str, str]
JSON = "application/json"
# httptools reads no address longer than 65,535 bytes, and answers such a one by itself.
LONGEST_TARGET = 60_000


@dataclass(frozen=True)
class Operation:
    """One operation as ``GET /__admin`` lists it."""

    service: str
    method: str
    template: str

    @property
    def label(self) -> str:
        return f"{self.method} {self.template}"

    @property
    def takes_body(self) -> bool:
        return self.method in ("POST", "PUT", "PATCH")

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """Every path parameter with the segment before it, which says whose id it is."""
        return re.findall(r"([\w.-]+)/({\w+})", self.template)


@dataclass(frozen=True, repr=False)
class Request:
    """What goes over the wire; ``target`` is path and query, percent-encoded."""

    method: str
    target: str
    headers: Headers
    body: bytes | None = None

    def __repr__(self) -> str:
        headers = {name: _cut(value) for name, value in self.headers.items()}
        return f"{self.method} {_cut(self.target)} {headers} {_cut(repr(self.body))}"


def _cut(text: str, most: int = 600) -> str:
    return text if len(text) <= most else f"{text[:most]}… ({len(text)} characters)"


@dataclass(frozen=True)
class Known:
    """What there is to refer to: ids by the segment before them, bodies and parameters by operation."""

    identity: Headers
    ids: Mapping[str, list[str]]
    calls: Mapping[str, list[tuple[str, Any]]]
    queries: Mapping[str, list[str]]
    headers: Mapping[str, list[str]]
    documents: dict[str, tuple[Any, str]] = field(default_factory=dict)
    tokens: list[str] = field(default_factory=list)

    def query_names(self, operation: Operation) -> list[str]:
        """Parameters that are documented, and those of accepted calls."""
        sent = [name for query, _ in self.calls.get(operation.label, ()) for name, _ in parse_qsl(query)]
        return list(dict.fromkeys([*self.queries.get(operation.label, ()), *sent]))

    def ids_of(self, segment: str) -> list[str]:
        """Ids that exist under a segment; all there are where nobody said which belong there."""
        return self.ids.get(segment) or self.all_ids

    @property
    def all_ids(self) -> list[str]:
        return list(dict.fromkeys(each for ids in self.ids.values() for each in ids))


Family = Callable[[Known, Operation], SearchStrategy[Request] | None]


def sound_paths(known: Known, operation: Operation) -> list[str]:
    """Paths of the operation at which there is something."""
    paths = [operation.template]
    for segment, parameter in operation.parameters:
        chosen = [quote(each, safe="") for each in known.ids_of(segment)]
        paths = [path.replace(parameter, each, 1) for path in paths for each in chosen]
    return paths


def sound_headers(known: Known, operation: Operation, path: str) -> Headers:
    headers = {**known.identity, "Accept": FULL if "/schemas/" in operation.template else "*/*"}
    if operation.takes_body:
        headers["Content-Type"] = JSON
    etag = known.documents.get(path, (None, ""))[1]
    return headers | ({"If-Match": etag} if etag else {})


def sound_calls(known: Known, operation: Operation) -> SearchStrategy[Request]:
    """Calls that nothing is wrong with."""
    calls = []
    for path in sound_paths(known, operation):
        for query, body in known.calls.get(operation.label) or [("", {} if operation.takes_body else None)]:
            target = f"{path}?{query}" if query else path
            written = None if body is None else json.dumps(body).encode()
            calls.append(Request(operation.method, target, sound_headers(known, operation, path), written))
    return st.sampled_from(calls)


# --- texts and JSON

_letters = random.Random(1)
# No compression makes room for it in an index entry.
LONG = "".join(_letters.choices("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", k=9_000))
ODD_TEXTS = [
    *("", " ", "\t", "\n", "\x00", "a\x00b", "\x1b[31m", "\x7f", "\ufeff", "\u202e", "\ufffe", "\U0001f4a5", "é" * 300),
    *(LONG, LONG[:3_000], " " * 9_000, "9" * 400, "a," * 3_000),
    *r"""{ {0} {name} %s%n %00 %zz ' " \ \" ';-- ../../etc / * , ; # ? a.b .. [] a[0]""".split(),
    *"a[*].b ${a $.a _ @ ~ ~2 - property=name==a&limit=1 name==1,2 -name property=params.a[0]==1".split(),
    *"null true FALSE 0 -1 1e999 NaN ٣ 1.5 99999999999999999999 2026-13-45T99:99:99Z P999999999Y PT-1S".split(),
    *"https://ns.adobe.com/ _xdm. xdm: urn:x @/dataSets/ file:///etc/passwd http://127.0.0.1:9/".split(),
    "property=name==%00",
]
NUMBERS = [
    *"0 -0 -1 1 15 101 0.1 1e2 1e308 -1e308 1e309 1e-400 2147483648 9007199254740993 253402300800".split(),
    *"9223372036854775807 9223372036854775808 18446744073709551615 18446744073709551616 -9223372036854775809".split(),
    "1" + "0" * 400,
]
NO_JSON = [
    *"NaN Infinity -Infinity 01 +1 1. .5 0x10 tru None undefined /**/1 'a' [1,] {a:1}".split(),
    *(r'"\ud800"', r'"\udc00\ud800"', r'"\u0000"', r'"a\u0000b"', r'"\x41"', '"\t"', '"', '{"a":1,}', ""),
]
SOUND_SHAPES = ["{}", "[]", "[[]]", "[{}]", '{"a":1,"a":2}', '{"":null}', "[null]", '{"id":{},"id":[]}']
# The server reads up to 100 levels, its JSON library 1,024, and Python's own stack holds about as many.
DEPTHS = (20, 90, 99, 100, 101, 200, 254, 300, 1_024, 1_100, 60_000)
WIDE = [
    "{" + ",".join(f'"name{index}":{index}' for index in range(3_000)) + "}",
    "[" + ",".join("0" * 5_000) + "]",
    "[" + ",".join(["{}"] * 5_000) + "]",
]
NAMES = (
    "id name description state version etag connectionSpec flowSpec auth params data specName baseConnectionId "
    "sourceConnectionIds transformations scheduleParams options labels schemaRef tags mappings source destination "
    "sourceType title allOf $ref type messages header body client_id client_secret grant_type inheritedAttributes "
    "lastOperation mode match"
).split()


@cache
def texts() -> Texts:
    return st.sampled_from(ODD_TEXTS) | st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


def _deep(depth: int) -> list[str]:
    return [
        "[" * depth + "]" * depth,
        '{"a":' * depth + "1" + "}" * depth,
        '[{"a":' * (depth // 2) + "1" + "}]" * (depth // 2),
    ]


def _object(members: Sequence[tuple[str, str]]) -> str:
    return "{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in members) + "}"


@cache
def json_texts() -> Texts:
    """JSON documents of every type and size, and texts that just miss being one."""
    leaves = st.one_of(
        st.sampled_from(["null", "true", "false", *NUMBERS, *SOUND_SHAPES]),
        texts().map(json.dumps),
        texts().map(lambda text: json.dumps(text, ensure_ascii=False)),
        st.integers().map(str),
        st.floats().map(json.dumps),
    )
    nested = st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=4).map(lambda parts: f"[{','.join(parts)}]")
            | st.lists(st.tuples(st.sampled_from(NAMES) | texts(), inner), max_size=4).map(_object)
        ),
        max_leaves=6,
    )
    large = [text for depth in DEPTHS for text in _deep(depth)] + WIDE
    return st.one_of(nested, nested, st.sampled_from(large), st.sampled_from(NO_JSON))


_HERE = "put the text here"
Place = tuple[str | int, ...]


def places(document: Any, here: Place = ()) -> list[Place]:
    """Every place in a JSON document, itself first."""
    parts: Iterable[tuple[str | int, Any]] = ()
    if isinstance(document, (dict, list)):
        parts = document.items() if isinstance(document, dict) else enumerate(document)
    return [here, *(place for name, part in parts for place in places(part, (*here, name)))]


def with_text_at(document: Any, place: Place, text: str) -> str:
    """The document as JSON with ``text`` standing at a place, be it JSON or not."""
    if not place:
        return text
    changed = copy.deepcopy(document)
    _at(changed, place[:-1])[place[-1]] = _HERE
    return json.dumps(changed).replace(json.dumps(_HERE), text)


def _at(document: Any, place: Place) -> Any:
    for step in place:
        document = document[step]
    return document


@st.composite
def changed_at_one_place(draw: DrawFn, document: Any) -> str:
    """A document with a field removed, nulled, given twice, wrapped, retyped or replaced."""
    place = draw(st.sampled_from(places(document)))
    change = draw(st.sampled_from(["removed", "twice", "wrapped", "retyped", "replaced", "replaced", "added"]))
    value = _at(document, place)
    if change == "removed" and place:
        changed = copy.deepcopy(document)
        del _at(changed, place[:-1])[place[-1]]
        return json.dumps(changed)
    if change == "twice" and place and isinstance(place[-1], str):
        twice = f"{draw(json_texts())},{json.dumps(place[-1])}:{json.dumps(value)}"
        return with_text_at(document, place, twice)
    if change == "wrapped":
        around = draw(st.sampled_from([("[", "]"), ('{"a":', "}"), ("[[", "],null]")]))
        return with_text_at(document, place, around[0] + json.dumps(value) + around[1])
    if change == "retyped":
        return with_text_at(document, place, draw(st.sampled_from('null {} [] "" 0 true "x" -1.5'.split())))
    if change == "added" and isinstance(value, dict):
        more = f"{json.dumps(draw(st.sampled_from(NAMES) | texts()))}:{draw(json_texts())}"
        return with_text_at(document, place, json.dumps(value)[:-1] + ("," if value else "") + more + "}")
    return with_text_at(document, place, draw(json_texts()))


# --- bodies


def documents(known: Known, operation: Operation) -> SearchStrategy[Request] | None:
    """Any JSON at all."""
    if not operation.takes_body:
        return None
    return _with_bodies(known, operation, json_texts().map(str.encode))


def changed_bodies(known: Known, operation: Operation) -> SearchStrategy[Request] | None:
    """Bodies that would be accepted, but for one place."""
    bodies = [body for _, body in known.calls.get(operation.label, ()) if body is not None]
    if not bodies:
        return None
    return _with_bodies(known, operation, st.sampled_from(bodies).flatmap(changed_at_one_place).map(str.encode))


def _with_bodies(
    known: Known, operation: Operation, bodies: SearchStrategy[bytes], types: Texts | None = None
) -> SearchStrategy[Request]:
    def sent(call: Request, body: bytes, content_type: str) -> Request:
        headers = {**call.headers, "Content-Type": content_type}
        return replace(call, body=body, headers={name: value for name, value in headers.items() if value != NO_HEADER})

    return st.builds(sent, sound_calls(known, operation), bodies, st.just(JSON) if types is None else types)


NO_HEADER = "(the header is not sent)"
CONTENT_TYPES = [
    *(JSON, JSON, JSON, NO_HEADER, "", "application/json; charset=", "application/jsön", "a" * 9_000),
    *"; / */* json text/plain text/csv x/y+json application/octet-stream application/json;charset=utf-16".split(),
    *"application/json-patch+json application/merge-patch+json application/x-ndjson".split(),
    *"application/x-www-form-urlencoded application/vnd.apache.parquet multipart/form-data".split(),
    *(f"multipart/form-data; boundary={boundary}" for boundary in ("", "x", '"')),
]


_PART = (
    b'--x\r\ncontent-disposition: form-data; name="client_id"\r\ncontent-transfer-encoding: base64\r\n\r\n%%\r\n--x--'
)
NEVER_JSON = [
    *(b"", b" \n", b"\x00", b"\xff\xfe\x00", b"PAR1PAR1", b"\x1f\x8b\x08\x00", b"a=b&a=%ff&=&&%zz", b'"\xc0\x80"'),
    *(b'{"a": "\xed\xa0\x80"}', _PART, _PART.replace(b"form-data; name", b"name"), _PART.replace(b"base64", b"\xff")),
    b"--x\r\n\r\n--x\r\n--x--",
]


@st.composite
def _damaged(draw: DrawFn, body: bytes) -> bytes:
    """Bytes that were JSON, or never were."""
    text, cut = body.decode(), draw(st.integers(0, len(body)))
    form = "&".join(f"{quote(name)}={quote(str(value))}" for name, value in _members(body))
    once = [
        *(body[:cut], body[cut:], body[:cut] + b"\x00" + body[cut:], b"\xef\xbb\xbf" + body, text.encode("utf-16")),
        *(text.encode("utf-32"), body.replace(b"e", b"\xe9"), body + b"}", body + body, body + b"\n" + body + b"\n"),
        *(text.replace('"', "'").encode(), form.encode()),
    ]
    return draw(st.sampled_from(once) | st.sampled_from(NEVER_JSON) | st.binary(max_size=40))


def _members(body: bytes) -> list[tuple[str, Any]]:
    document = json.loads(body)
    return list(document.items()) if isinstance(document, dict) else []


def no_json(known: Known, operation: Operation) -> SearchStrategy[Request] | None:
    """Bodies that are no JSON, and content types that say what they are not."""
    if not operation.takes_body:
        return None
    sound = sound_calls(known, operation).map(lambda call: call.body or b"{}")
    bodies = sound.flatmap(lambda body: st.just(body) | _damaged(body))
    latin = st.text(_LATIN, max_size=20)
    return _with_bodies(known, operation, bodies, st.sampled_from(CONTENT_TYPES) | latin)


# --- patches


def patches(known: Known, operation: Operation) -> SearchStrategy[Request] | None:
    """JSON Patch documents against what exists, under its etag."""
    if operation.method != "PATCH":
        return None

    def patched(call: Request) -> SearchStrategy[Request]:
        document = known.documents.get(call.target.partition("?")[0], ({}, ""))[0]
        return _patch_texts(document).map(lambda text: replace(call, body=text.encode()))

    return sound_calls(known, operation).flatmap(patched)


def _pointers(document: Any) -> Texts:
    """JSON pointers to what is there, near it, and none at all."""
    steps = [[str(step).replace("~", "~0").replace("/", "~1") for step in place] for place in places(document)]
    found = st.sampled_from(["/" + "/".join(names) for names in steps])
    ends = st.sampled_from(["", *"/ /- /0 /-1 /a /a/b /99999999999999999999 /1e2 /~ /~2".split(), "/" + "a/" * 200])
    odd = ["", "/" + LONG, *"name / // /a~2b #/name $.name /name/".split(), *(f"/{name}" for name in NAMES)]
    return st.one_of(found, found, st.builds(str.__add__, found, ends), st.sampled_from(odd))


def _patch_texts(document: Any) -> Texts:
    ops = st.sampled_from(["add", "replace", "remove"] * 4 + ["REPLACE", "move", "copy", "test", "", " add"])
    values = json_texts() | st.sampled_from([json.dumps(_at(document, place)) for place in places(document)])
    entry = st.fixed_dictionaries(
        {"op": ops.map(json.dumps), "path": _pointers(document).map(json.dumps), "value": values},
        optional={"from": _pointers(document).map(json.dumps), "extra": st.just("1")},
    )
    sound = entry.map(lambda members: _object(list(members.items())))
    entries = st.one_of(sound, sound, sound, entry.flatmap(_one_wrong), json_texts())
    listed = st.lists(entries, min_size=1, max_size=4).map(lambda parts: f"[{','.join(parts)}]")
    return st.one_of(listed, listed, listed, entries, st.sampled_from(_large_patches()))


def _one_wrong(members: dict[str, str]) -> Texts:
    """An operation with one member missing or of any kind."""

    def changed(name: str, value: str) -> str:
        rest = [(key, text) for key, text in members.items() if key != name]
        return _object(rest if value == "" else [*rest, (name, value)])

    return st.builds(changed, st.sampled_from(sorted(members)), st.just("") | json_texts())


def _large_patches() -> list[str]:
    """Many operations, and operations that each are small and together nest deeper than any one may."""
    renamed = [{"op": "replace", "path": "/name", "value": str(index)} for index in range(1_000)]
    appended = [
        {"op": "add", "path": "/labels", "value": []},
        *[{"op": "add", "path": "/labels/-", "value": 0}] * 2_000,
    ]
    return [json.dumps(renamed), json.dumps(appended), deep_patch("/params"), deep_patch("/labels")]


def deep_patch(member: str) -> str:
    """Objects put into objects, to 450 levels."""
    value = '{"a":' * 90 + "1" + "}" * 90
    grown = [{"op": "add", "path": member + "/a" * (90 * times or 1), "value": _HERE} for times in range(5)]
    return json.dumps(grown).replace(json.dumps(_HERE), value)


# --- headers

_LATIN = st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f")
ANY_HEADER = ["", " ", "a, b", "ÿ" * 50, LONG, LONG[:3_000], "0" * 20_000, *'* , ; " é null {name} %00 ../..'.split()]
XED = "application/vnd.adobe.xed"
ODD_HEADERS: dict[str, list[str]] = {
    "Authorization": ["Bearer", "Bearer ", "bearer x", "Basic eDp5", "Bearer a.b.c", "Bearer " + LONG, "Bearer é.é.é"],
    "x-gw-ims-org-id": ["@", "@AdobeOrg", "é@AdobeOrg", " BAD@AdobeOrg"],
    "x-sandbox-name": ["prod", "PROD", "nowhere", "prod,prod", "prod/../prod"],
    "x-sandbox-id": ["00000000-0000-0000-0000-000000000000"],
    "If-Match": ['"', '""', '""""', "W/", 'W/"x"', "W/*", '"*"', "*, x", ",,,", '"a","b"', "x" + "," * 5_000],
    "Accept": [
        *(FULL, FULL + ";q=0.5", f"{FULL}, */*", "application/json", "text/html", f"{XED}+json", f"{XED}-id+json"),
        *(f"{XED}-full-notext+json", f"{XED}+json;version=999", f"{XED}+json; version=1.²", f"{XED}+json;version="),
        *(f"{XED}{'-a' * 5_000}+json;version=1", "application/vnd.adobe.xéd+json"),
    ],
    "Host": ['evil"host', "a b", "[::1]", "http://x/", "localhost:99999", "x<script>", "a,b"],
    "Content-Type": CONTENT_TYPES,
    "X-HTTP-Method-Override": ["DELETE"],
    "Content-Encoding": ["gzip"],
}
PROXY_HEADERS = ["X-Forwarded-Host", "X-Forwarded-Proto", "Content-Encoding", "X-HTTP-Method-Override"]


def headers(known: Known, operation: Operation) -> SearchStrategy[Request]:
    """Sound calls with one header, or a few, odd, empty, long or left out."""
    documented = known.headers.get(operation.label, ["x-gw-ims-org-id", "x-sandbox-name", "If-Match"])
    names = [*documented, "Authorization", "x-api-key", "Accept", "Host", *PROXY_HEADERS]
    names += ["Content-Type"] if operation.takes_body else []

    def value_of(name: str) -> SearchStrategy[tuple[str, str]]:
        values = [NO_HEADER, *ODD_HEADERS.get(name, ()), *ANY_HEADER, *known.ids_of("flows")]
        return st.tuples(st.just(name), st.sampled_from(values) | st.text(_LATIN, max_size=30))

    def sent(call: Request, odd: Sequence[tuple[str, str]]) -> Request:
        changed = {**call.headers, **dict(odd)}
        return replace(call, headers={name: value for name, value in changed.items() if value != NO_HEADER})

    one = st.sampled_from(names).flatmap(value_of)
    return st.builds(sent, sound_calls(known, operation), one.map(lambda pair: [pair]) | st.lists(one, max_size=3))


def tokens_like(real: str) -> Texts:
    """Values of ``Authorization`` that are not ``real``: parts of it, changed, repeated, or something else."""
    parts = st.sampled_from([*real.split("."), "", "é", "a", encoded(b"{}"), encoded(b"[1]"), encoded(b"\xff")])
    cut = st.integers(0, len(real) - 1).map(lambda at: real[:at] + real[at + 1 :])
    tokens = st.one_of(cut, st.lists(parts, max_size=5).map(".".join), st.text(_LATIN, max_size=30))
    schemes = st.sampled_from(["Bearer ", "bearer ", "Bearer", "Basic ", ""])
    whole = st.builds(str.__add__, schemes, tokens) | st.sampled_from(ODD_HEADERS["Authorization"])
    return whole.filter(lambda text: text.strip(" \t").lower() != f"bearer {real}".lower())


# --- queries

QUERY_NAMES = [*"limit start offset orderby property count continuationToken version x é a[]".split(), ""]
QUERY_VALUES = "true False 1 0 -1 1000 1001 +1 1_0 0x1 2147483648 seed empty rest json draft PUBLISH".split()
FILTER_PATHS = [
    *"id name state createdAt connectionSpec.id sourceConnectionIds[] params.dataSetId version".split(),
    *"auth.params title name. .name name..a [] name[] name[0] name.' name.$ name.* name.é".split(),
    *"transformations[].params.mappingId metrics.recordSummary.inputRecordCount inheritedAttributes labels[].a".split(),
    *('name."a"', 'name.a"b', "name.\\", "name.\\u0000", "name.\x00", f"name.{LONG}"),
    *(".".join(["name"] * 500), "params[]" + ".a[]" * 60, "labels[]" + ".a[]" * 11),
]
OPERATORS = [*"== != < <= > >= = ~ !~ !> === =< :".split(), "", " == "]
FAULTS = "% %z %zz %ff %00 %c0%80 %ed%a0%80 %u0041 + %2B & = ; %25".split()


@cache
def _filters() -> Texts:
    many = ["1," * 4_000 + "1", "a," * 1_200 + "b", "9" * 400, " " * 9_000, *"""" ' "a '' - 1e5 ٣ null""".split()]
    values = st.sampled_from([*many, *QUERY_VALUES]) | texts()
    paths_of = st.sampled_from(FILTER_PATHS) | texts()
    whole = st.tuples(paths_of, st.sampled_from(OPERATORS), values).map("".join)
    cut = st.sampled_from([" " * 20_000, " " * 20_000 + "a", "a" * 20_000, "=" * 9_000, *FILTER_PATHS])
    return st.one_of(whole, whole, cut, texts())


@cache
def _orders() -> Texts:
    keys = st.builds(str.__add__, st.sampled_from(["", "+", "-", " ", "--"]), st.sampled_from(FILTER_PATHS) | texts())
    many = ",".join(["name", "-createdAt"] * 300)
    return st.lists(keys, max_size=4).map(",".join) | st.sampled_from([many, ",", "name,name", "-"])


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(token: str) -> Any:
    text = token.rstrip("=").replace("+", "-").replace("/", "_")
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def _spoiled(packed: Sequence[str]) -> Texts:
    """Base64 that was accepted, changed inside or outside."""
    if not packed:
        return _base64()
    real = st.sampled_from(packed)
    inside = real.flatmap(lambda text: changed_at_one_place(decoded(text))).map(lambda text: encoded(text.encode()))
    outside = st.builds(lambda text, at: text[:at] + text[at + 1 :], real, st.integers(0, 200))
    return st.one_of(inside, inside, inside, outside, real, _base64())


@cache
def _base64() -> Texts:
    """Base64 of any JSON, with and without faults."""
    sound = json_texts().map(lambda text: encoded(text.encode())) | st.binary(max_size=20).map(encoded)
    faults = st.sampled_from(["", "", "=", "===", "!", " ", "%", "é", "\n"])
    return st.builds(str.__add__, sound, faults)


def queries(known: Known, operation: Operation) -> SearchStrategy[Request]:
    """Known and unknown parameters with odd values, repeated, and badly encoded."""
    own = known.query_names(operation)
    values = st.sampled_from([*QUERY_VALUES, *known.all_ids]) | texts()
    fault = st.sampled_from(FAULTS)
    any_pair = st.builds(_pair, st.sampled_from([*own, *QUERY_NAMES]), values) | fault
    soups = st.lists(any_pair, min_size=1, max_size=4)
    if not own:
        return _with_queries(known, operation, soups)
    pair = st.builds(_pair, st.sampled_from(own), values)
    bare = st.builds(lambda name, text: f"{name}={text}", st.sampled_from(own), fault)
    chosen = st.one_of(pair.map(_alone), st.lists(pair, max_size=3), bare.map(_alone), soups)
    return _with_queries(known, operation, chosen)


def filters_and_orders(known: Known, operation: Operation) -> SearchStrategy[Request] | None:
    """``property`` and ``orderby``, whose values have a grammar."""
    grammars = {"property": _filters(), "orderby": _orders()}
    return _with_grammars(known, operation, grammars)


def packed(known: Known, operation: Operation) -> SearchStrategy[Request] | None:
    """Parameters that pack JSON into Base64."""
    sent = [pair for query, _ in known.calls.get(operation.label, ()) for pair in parse_qsl(query)]
    accepted = {name: [value for key, value in sent if key == name] for name in ("sourceParams", "filters")}
    accepted["continuationToken"] = known.tokens
    return _with_grammars(known, operation, {name: _spoiled(values) for name, values in accepted.items()})


def _with_grammars(known: Known, operation: Operation, grammars: dict[str, Texts]) -> SearchStrategy[Request] | None:
    pairs = [
        st.builds(_pair, st.just(name), grammars[name]) for name in known.query_names(operation) if name in grammars
    ]
    if not pairs:
        return None
    one = st.one_of(pairs)
    return _with_queries(known, operation, one.map(_alone) | st.lists(one, min_size=1, max_size=3))


def _pair(name: str, value: str) -> str:
    return f"{quote(name, safe='[]')}={quote(value, safe='')}"


def _alone(pair: str) -> list[str]:
    return [pair]


def _with_queries(known: Known, operation: Operation, queries_of: SearchStrategy[list[str]]) -> SearchStrategy[Request]:
    def sent(call: Request, chosen: list[str]) -> Request:
        path, _, before = call.target.partition("?")
        query = "&".join([before, *chosen] if before else chosen)
        return replace(call, target=f"{path}?{query}"[:LONGEST_TARGET])

    return st.builds(sent, sound_calls(known, operation), queries_of)


# --- paths

ODD_SEGMENTS = [
    *("", LONG, LONG[:3_000]),
    *"%20 %2F %2f..%2f . .. ... %2e%2e %2e%2e%2f%2e%2e %00 a%00b %0a %ff %ed%a0%80 % %zz %25 %C3%A9".split(),
    *"%F0%9F%92%A5 ; a;b=c * ~ %22 %27 %7Bid%7D null 0 -1 %3F %23 %5C a%2Fb // _ _xdm. @ records batch".split(),
    *"search https%3A%2F%2Fns.adobe.com%2F".split(),
]


def paths(known: Known, operation: Operation) -> SearchStrategy[Request] | None:
    """Ids that are none, or that belong to something else."""
    if not operation.parameters:
        return None
    existing = [quote(each, safe="") for each in known.all_ids]
    near = [other for each in existing[:4] for other in (each.upper(), f"{each}%20", f"{each}%2F", each[:-1])]
    segments = st.sampled_from([*ODD_SEGMENTS, *existing, *near]) | texts().map(lambda text: quote(text, safe=""))

    def sent(call: Request, chosen: Sequence[str]) -> Request:
        path, query = operation.template, call.target.partition("?")[2]
        for (_, parameter), segment in zip(operation.parameters, chosen, strict=True):
            path = path.replace(parameter, segment, 1)
        return replace(call, target=(f"{path}?{query}" if query else path)[:LONGEST_TARGET])

    count = len(operation.parameters)
    return st.builds(sent, sound_calls(known, operation), st.lists(segments, min_size=count, max_size=count))
