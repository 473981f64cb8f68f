"""Every answer that a test sees, held against the OpenAPI documents.

An operation is found by method and path; then the status must be documented, the content type one of
those it names, and headers and body must fit their schemas. What was sent is looked at too: a call that
succeeded had no query parameter and no JSON body that the documents do not allow.

Six rules stand beside the documents. HEAD is GET without its body. A slash at the end of a path does not
matter. Letter case and underscores in names of query parameters do not either. A method that a path does not
have is answered with 405 and the ones it has in ``Allow``. A path that no document has is answered with 404.
A fault of the emulator is 500, and a test that provokes one says so. The last three come in the words of a
document's other refusals.
"""

from __future__ import annotations

import gzip
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import httpx
import jsonschema_rs
import yaml

FOLDER = Path(__file__).parents[1] / "openapi"
LARGE = 50_000
# So many times as many calls are generated as in CI.
DEPTH = int(os.environ.get("CONTRACT_DEPTH", "1"))
METHODS = ("get", "put", "post", "delete", "patch")
Document = dict[str, Any]


class Undocumented(AssertionError):
    """An answer that the documents do not know: which operation, which status, where, and what."""


def read(path: Path) -> Document:
    document: Document = yaml.load(path.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return document


@dataclass(frozen=True)
class Part:
    """A place in one of the documents: what stands there, and the way there for a validator."""

    document: str
    pointer: str
    value: Any

    def __truediv__(self, key: str | int) -> Part:
        step = str(key).replace("~", "~0").replace("/", "~1")
        found = Part(self.document, f"{self.pointer}/{step}", self.value[key])
        return found._resolved()

    def __contains__(self, key: str) -> bool:
        return isinstance(self.value, dict) and key in self.value

    def _resolved(self) -> Part:
        if not isinstance(self.value, dict) or "$ref" not in self.value:
            return self
        part = Part(self.document, "#", DOCUMENTS[self.document])
        for step in self.value["$ref"].removeprefix("#/").split("/"):
            part = part / step.replace("~1", "/").replace("~0", "~")
        return part

    def items(self) -> Iterator[tuple[str, Part]]:
        keys = self.value if isinstance(self.value, dict) else range(len(self.value))
        return ((str(key), self / key) for key in keys)

    def below(self, key: str) -> dict[str, Part]:
        """What stands under a key, nothing when there is no such key."""
        return dict((self / key).items()) if key in self else {}

    def validator(self) -> jsonschema_rs.Validator:
        schema = {"$ref": f"urn:{self.document}{quote(self.pointer, safe='#/~:')}"}
        return jsonschema_rs.Draft202012Validator(schema, registry=_registry(), validate_formats=True)


DOCUMENTS = {path.stem: read(path) for path in sorted(FOLDER.glob("*.yaml"))}


def _registry() -> jsonschema_rs.Registry:
    if not _REGISTRIES:
        resources = [(f"urn:{name}", document) for name, document in DOCUMENTS.items()]
        _REGISTRIES.append(jsonschema_rs.Registry(resources, draft=jsonschema_rs.Draft202012))
    return _REGISTRIES[0]


_REGISTRIES: list[jsonschema_rs.Registry] = []


class Bodies:
    """The media types of a request or an answer, and what their bodies must be like."""

    def __init__(self, content: Mapping[str, Part]) -> None:
        self._schemas = {media: part / "schema" for media, part in content.items()}
        self._validators: dict[str, jsonschema_rs.Validator] = {}
        self._fitting: set[bytes] = set()

    @property
    def types(self) -> tuple[str, ...]:
        return tuple(self._schemas)

    def named(self, content_type: str) -> str | None:
        """The documented media type that a header means; a parameter matters where a document names it."""
        whole = content_type.lower().replace(" ", "")
        return next((media for media in (whole, whole.partition(";")[0]) if media in self._schemas), None)

    def faults(self, media: str, body: bytes) -> Iterator[str]:
        """What is wrong with a body of one of the types; the same lists of specs come again and again."""
        if not media.partition(";")[0].endswith(("/json", "+json")) or body in self._fitting:
            return
        try:
            value = json.loads(body)
        except ValueError:
            yield f"{body[:100]!r} is no JSON"
            return
        validator = self._validators.get(media)
        if validator is None:
            validator = self._validators[media] = self._schemas[media].validator()
        found = list(faults(validator, value))
        if not found and len(body) > LARGE:
            self._fitting.add(body)
        yield from found


class Answer:
    """What a document says of one status of one operation."""

    def __init__(self, part: Part) -> None:
        self.bodies = Bodies(part.below("content"))
        self._headers = part.below("headers")

    @cached_property
    def _header_validators(self) -> dict[str, jsonschema_rs.Validator]:
        return {name: (part / "schema").validator() for name, part in self._headers.items()}

    def faults(self, response: httpx.Response) -> Iterator[str]:
        yield from self._header_faults(response)
        given = response.headers.get("content-type", "")
        media = self.bodies.named(given)
        if not self.bodies.types:
            if response.content or given:
                yield f"a body of type {given or 'nothing'}, where none is documented"
        elif media is None:
            yield f"content type {given or 'missing'}, documented: {', '.join(self.bodies.types)}"
        elif response.request.method != "HEAD":
            yield from self.bodies.faults(media, response.content)

    def _header_faults(self, response: httpx.Response) -> Iterator[str]:
        for name, part in self._headers.items():
            given = response.headers.get(name)
            if given is None:
                if part.value.get("required"):
                    yield f"header {name} is missing"
            elif not self._header_validators[name].is_valid(given):
                yield f"header {name} is {given!r}"


class Operation:
    """One operation of a document."""

    def __init__(self, document: str, item: Part, method: str) -> None:
        part = item / method
        self.label = f"{document}: {part.value['operationId']}"
        self._answers = part / "responses"
        self._known: dict[int, Answer | None] = {}
        own = [parameter for _, parameter in [*item.below("parameters").items(), *part.below("parameters").items()]]
        self._query = {_folded(parameter.value["name"]) for parameter in own if parameter.value["in"] == "query"}
        self._body = Bodies((part / "requestBody").below("content") if "requestBody" in part else {})

    def answer(self, status: int) -> Answer | None:
        if status not in self._known:
            keys = (str(status), f"{status // 100}XX", "default")
            found = next((self._answers / key for key in keys if key in self._answers), None)
            self._known[status] = None if found is None else Answer(found)
        return self._known[status]

    def faults(self, response: httpx.Response) -> Iterator[str]:
        answer = self.answer(response.status_code)
        if answer is None:
            yield f"this status is not documented; it came with {response.text[:500]}"
            return
        yield from answer.faults(response)
        if response.is_success:
            yield from self._request_faults(response.request)

    def _request_faults(self, request: httpx.Request) -> Iterator[str]:
        for name in request.url.params:
            if _folded(name) not in self._query:
                yield f"the undocumented query parameter {name} was accepted"
        media = self._body.named(request.headers.get("content-type", ""))
        # A multipart form is sent as a stream, of which nothing is kept; it is no JSON anyway. Blanks are no body.
        if media is not None and isinstance(request.stream, httpx.ByteStream) and request.content.strip():
            packed = request.headers.get("content-encoding", "").lower() in ("gzip", "x-gzip")
            for fault in self._body.faults(media, gzip.decompress(request.content) if packed else request.content):
                yield f"the body that was sent does not fit: {fault}"


class PathItem:
    """One path of a document: its operations, and how the document refuses."""

    def __init__(self, document: str, template: str) -> None:
        part = Part(document, "#", DOCUMENTS[document]) / "paths" / template
        self.document = document
        self._segments = [_segment(text) for text in template.strip("/").split("/")]
        self._takes_slashes = any(one.value.get("x-takes-slashes") for one in part.below("parameters").values())
        self.operations = {method: Operation(document, part, method) for method in METHODS if method in part}

    def matches(self, segments: list[str]) -> bool:
        if self._takes_slashes:
            last = len(self._segments) - 1
            segments = [*segments[:last], "/".join(segments[last:])]
        return len(segments) == len(self._segments) and all(
            own.fullmatch(given) for own, given in zip(self._segments, segments, strict=True)
        )

    @property
    def literals(self) -> int:
        return sum(own.groups == 0 for own in self._segments)


def _segment(text: str) -> re.Pattern[str]:
    """What a segment of a template stands for: a variable, with or without something around it, or itself."""
    parts = re.split(r"{\w+}", text)
    return re.compile("(.+)".join(re.escape(part) for part in parts), re.DOTALL)


def _folded(name: str) -> str:
    return name.replace("_", "").lower()


def _refusal(document: str) -> Answer:
    return Answer(Part(document, "#", DOCUMENTS[document]) / "components" / "responses" / "BadRequest")


PATHS = [PathItem(name, template) for name, document in DOCUMENTS.items() for template in document["paths"]]
REFUSALS = {name: _refusal(name) for name in DOCUMENTS}
_found: dict[str, PathItem | None] = {}
_expected: list[int] = []


@contextmanager
def fault_expected() -> Iterator[None]:
    """For a test that makes the emulator fail, to see how it says so."""
    _expected.append(500)
    try:
        yield
    finally:
        _expected.pop()


def check(response: httpx.Response) -> None:
    """Raises ``Undocumented``. What a fault rule made of an answer is documented nowhere."""
    if "x-flow-emulator-fault" in response.headers:
        return
    request = response.request
    item = path_item(request.url.raw_path.decode("ascii").partition("?")[0])
    method = "get" if request.method == "HEAD" else request.method.lower()
    if item is None:
        label, found = "a path of no document", list(_nowhere_faults(response))
    elif response.status_code in _expected:
        label, found = "a fault of the emulator", list(REFUSALS[item.document].faults(response))
    elif method not in item.operations:
        label, found = "a method that the path does not have", list(_method_faults(response, item))
    else:
        operation = item.operations[method]
        label, found = operation.label, list(operation.faults(response))
    if found:
        what = "\n  ".join(found)
        raise Undocumented(f"{label}: {request.method} {request.url} answered {response.status_code}:\n  {what}")


def path_item(path: str) -> PathItem | None:
    """The path of a document that an address means: of several the one with fewest variables."""
    if path not in _found:
        segments = [unquote(segment) for segment in path.strip("/").split("/")]
        _found[path] = max(
            (item for item in PATHS if item.matches(segments)), key=lambda item: item.literals, default=None
        )
    return _found[path]


def _nowhere_faults(response: httpx.Response) -> Iterator[str]:
    if response.status_code != 404:
        yield "no document has this path"
    elif response.request.method != "HEAD" and all(any(refusal.faults(response)) for refusal in REFUSALS.values()):
        yield f"no document has such a refusal: {response.text[:500]}"


def _method_faults(response: httpx.Response, item: PathItem) -> Iterator[str]:
    allowed = ", ".join(sorted(method.upper() for method in item.operations))
    if response.status_code != 405:
        yield f"expected 405, got {response.text[:500]}"
    elif response.headers.get("allow") != allowed:
        yield f"Allow is {response.headers.get('allow')}, documented: {allowed}"
    else:
        yield from REFUSALS[item.document].faults(response)


def faults(validator: jsonschema_rs.Validator, value: Any) -> Iterator[str]:
    """Where a value does not fit, and why."""
    if validator.is_valid(value):
        return
    for error in validator.iter_errors(value):
        at = "/".join(str(step) for step in error.instance_path) or "the top"
        yield f"at {at}: {error.message[:500]}"
