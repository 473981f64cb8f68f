"""The OpenAPI documents that ship with the emulator, and a page to read them and to try what they describe."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import orjson

from emulator.data_files import openapi_folder
from emulator.domain.errors import Refusal
from emulator.edge.call import Answer, Call, answer
from emulator.edge.routing import Route

_BAD = "ADMIN-BAD_REQUEST-400"
_METHODS = {"get", "put", "post", "delete", "patch"}

Document = dict[str, Any]


def routes() -> list[Route]:
    return [
        Route("GET", "/openapi", page),
        Route("GET", "/openapi.json", index),
        Route("GET", "/openapi/{name}.yaml", as_yaml),
        Route("GET", "/openapi/{name}.json", as_json),
    ]


def page(call: Call) -> Answer:
    call.query.check((), _BAD)
    return Answer(200, (openapi_folder() / "index.html").read_bytes(), content_type="text/html; charset=utf-8")


def index(call: Call) -> Answer:
    call.query.check((), _BAD)
    return answer({"documents": [_entry(name, call.origin) for name in sorted(_sources())]})


def as_yaml(call: Call) -> Answer:
    """The document as it is kept, for readers."""
    call.query.check((), _BAD)
    return Answer(200, _source(call).read_bytes(), content_type="application/yaml")


def as_json(call: Call) -> Answer:
    """The document for programs: its server is the one that answers."""
    call.query.check((), _BAD)
    return answer(_document(_source(call)) | {"servers": [{"url": call.origin}]})


def _sources() -> dict[str, Path]:
    return {path.stem: path for path in openapi_folder().glob("*.yaml")}


def _source(call: Call) -> Path:
    sources, name = _sources(), call.params["name"]
    if name not in sources:
        known = ", ".join(sorted(sources))
        raise Refusal("ADMIN-NOT_FOUND-404", detail=f"There is no document {name}; there are {known}.")
    return sources[name]


def _entry(name: str, origin: str) -> Document:
    document = _document(_sources()[name])
    operations = [operation for item in document["paths"].values() for operation in _METHODS.intersection(item)]
    address = f"{origin}/__admin/openapi"
    return {
        "name": name,
        "title": document["info"]["title"],
        "operations": len(operations),
        "json": f"{address}/{name}.json",
        "yaml": f"{address}/{name}.yaml",
        "page": f"{address}#{name}",
    }


@cache
def _document(source: Path) -> Document:
    """A wheel carries each document as JSON too; a checkout reads the YAML, with a library that only it needs."""
    converted = source.with_suffix(".json")
    if converted.exists():
        document: Document = orjson.loads(converted.read_bytes())
        return document
    import yaml

    # The loader in C, which nearly every installation has, is ten times as fast.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    read: Document = yaml.load(source.read_text(encoding="utf-8"), loader)  # noqa: S506 - both are the safe ones
    return read
