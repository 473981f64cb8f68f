"""Several calls of Catalog in one. Documented: in order, later ones name what earlier ones gave, all or nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from emulator.domain.errors import Refusal
from emulator.edge.call import JSON, Answer, Call, Query, answer
from emulator.edge.envelopes import problem
from emulator.services.catalog.operations import Operation, Undone, is_dry
from emulator.store.database import Database, Transaction

Document = dict[str, Any]
BAD, MISSING, UNDONE = "CATALOG-0400-400", "CATALOG-0404-404", "CATALOG-0424-424"
_REFERENCE = re.compile(r"<<([^<>.]+)\.([^<>]+)>>")
_MOST = 100
_KEYS = {"id", "resource", "method", "body"}
_READING = "GET"


@dataclass(frozen=True)
class Offer:
    """An operation that can be one of several: its method, its path with ``{names}``, and what does it."""

    method: str
    path: str
    operation: Operation

    def params(self, method: str, path: str) -> dict[str, str] | None:
        """What a path has at the names, None for another operation's."""
        pattern = re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", self.path)
        match = re.fullmatch(pattern, path) if method == self.method else None
        return match.groupdict() if match else None


@dataclass(frozen=True)
class _Entry:
    """One call of several, and what it came to."""

    id: str
    method: str
    resource: str
    body: Any


class Bulk:
    """The operation on Catalog's root."""

    def __init__(self, database: Database, base: str, offers: Sequence[Offer]) -> None:
        self._database = database
        self._base = base
        self._offers = offers

    def run(self, call: Call) -> Answer:
        """The status is 200 whatever the calls came to; each of them has its own."""
        call.query.check((), BAD)
        entries = list(_entries(call.json()))
        results: list[Document] = []
        try:
            with self._database.writing() as tx:
                self._run(tx, call, entries, results)
                if is_dry(call):
                    raise Undone(answer(results))
        except Undone as undone:
            return undone.result
        return answer(results)

    def _run(self, tx: Transaction, call: Call, entries: Sequence[_Entry], results: list[Document]) -> None:
        bodies: dict[str, Any] = {}
        for index, entry in enumerate(entries):
            result = self._one(tx, call, entry, bodies)
            results.append(result)
            if result["code"] >= 400 and entry.method != _READING:
                raise Undone(answer([_undone(one, index, result, call) for one in _numbered(entries, results)]))
            bodies[entry.id] = result["body"]

    def _one(self, tx: Transaction, call: Call, entry: _Entry, bodies: Mapping[str, Any]) -> Document:
        try:
            found = self._called(tx, call, entry, bodies)
        except Refusal as refusal:
            found = problem(refusal, call.request_id, 0)
        # The published answer has 200 where the call alone has 201.
        code = 200 if found.status == 201 else found.status
        return {"id": entry.id, "code": code, "body": orjson.loads(found.body)}

    def _called(self, tx: Transaction, call: Call, entry: _Entry, bodies: Mapping[str, Any]) -> Answer:
        path, _, query = str(_filled(entry.resource, bodies)).partition("?")
        body = _filled(entry.body, bodies)
        for offer in self._offers:
            params = offer.params(entry.method, path.rstrip("/"))
            if params is not None:
                text = b"" if body is None else orjson.dumps(body)
                whole = self._base + path.rstrip("/")
                headers = {"content-type": JSON}
                asked = Query(query.encode())
                inner = Call(entry.method, whole, params, asked, headers, text, call.origin, call.request_id)
                inner._tenant = call.tenant
                return offer.operation(tx, inner)
        raise Refusal(MISSING, detail=f"There is no operation {entry.method} {path} of Catalog.", field="resource")


def _entries(body: Any) -> Iterator[_Entry]:
    if not isinstance(body, list) or not 1 <= len(body) <= _MOST:
        raise Refusal(BAD, detail=f"Send an array of calls, at most {_MOST}.")
    known: set[str] = set()
    for index, given in enumerate(body):
        if not isinstance(given, dict):
            raise _wrong(f"[{index}]", given, 'Send {"id": …, "resource": …, "method": …, "body": …}.')
        unknown = sorted(set(given) - _KEYS)
        if unknown:
            raise _wrong(f"[{index}].{unknown[0]}", given[unknown[0]], f"Known: {', '.join(sorted(_KEYS))}.")
        for name in ("id", "resource", "method"):
            if not isinstance(given.get(name), str) or not given[name]:
                raise _wrong(f"[{index}].{name}", given.get(name), "Send a text.")
        if given["id"] in known:
            raise _wrong(f"[{index}].id", given["id"], "Each call has an id of its own.")
        known.add(given["id"])
        yield _Entry(given["id"], given["method"].upper(), given["resource"], given.get("body"))


def _filled(value: Any, bodies: Mapping[str, Any]) -> Any:
    """A value with every ``<<id.attribute>>`` in its texts replaced; one that is a whole text keeps its type."""
    if isinstance(value, dict):
        return {name: _filled(inner, bodies) for name, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, bodies) for inner in value]
    if not isinstance(value, str):
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole is not None:
        return _referred(whole, bodies)
    return _REFERENCE.sub(lambda match: str(_referred(match, bodies)), value)


def _referred(match: re.Match[str], bodies: Mapping[str, Any]) -> Any:
    entry, attribute = match.groups()
    found = _attributes(bodies[entry]) if entry in bodies else {}
    if attribute not in found:
        hint = f"Attributes of it: {', '.join(found)}." if found else "Only calls before this one can be named."
        raise Refusal(BAD, detail="The reference leads nowhere.", field=entry, given=match[0], hint=hint)
    return found[attribute]


def _attributes(body: Any) -> Document:
    """Documented: where only a link to an object came back, it is called ``id``."""
    if isinstance(body, list):
        return {"id": str(body[0]).rpartition("/")[2]} if body else {}
    if len(body) == 1:
        ((name, inner),) = body.items()
        if isinstance(inner, dict):
            return {**inner, "id": name}
    return dict(body)


def _numbered(entries: Sequence[_Entry], results: Sequence[Document]) -> list[tuple[int, str, Document | None]]:
    done: list[Document | None] = [*results, *[None] * (len(entries) - len(results))]
    return [(index, entry.id, result) for index, (entry, result) in enumerate(zip(entries, done, strict=True))]


def _undone(one: tuple[int, str, Document | None], failed: int, cause: Document, call: Call) -> Document:
    """What a call came to once another one has failed: reads before it stay what they were."""
    index, name, result = one
    if index == failed:
        return cause
    refusal = Refusal(UNDONE, cause=cause["id"])
    if result is not None and result["code"] >= 400:
        return result
    return {"id": name, "code": refusal.status, "body": orjson.loads(problem(refusal, call.request_id, 0).body)}


def _wrong(field: str, given: Any, hint: str) -> Refusal:
    return Refusal(BAD, detail="The calls cannot be made.", field=field, given=given, hint=hint)
