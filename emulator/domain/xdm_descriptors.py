"""Descriptors: what a tenant says of the fields of schemas beside the schemas themselves.

Types and their fields are those of the descriptors endpoint guide.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from emulator.domain.errors import Refusal
from emulator.domain.schema_ids import schema_id
from emulator.domain.xdm_admission import BAD
from emulator.domain.xdm_forms import fields_of
from emulator.domain.xdm_library import Lookup
from emulator.domain.xdm_resolution import resolved
from emulator.domain.xdm_resources import Writing, is_union

Document = dict[str, Any]

IDENTITY = "xdm:descriptorIdentity"
ONE_TO_ONE = "xdm:descriptorOneToOne"
REFERENCE = "xdm:descriptorReferenceIdentity"
_CARDINALITIES = ("1:1", "1:0", "M:1", "M:0")
_SOURCE = "xdm:sourceProperty"
_SYSTEM = frozenset("@id imsOrg version meta:containerId meta:sandboxId meta:sandboxType meta:registryMetadata".split())


@dataclass(frozen=True)
class _Type:
    """``needs`` are the texts that a descriptor of a type must have; a ``field`` is what most are about.

    ``several``: documented for few types alone, an array names more fields than one.
    """

    needs: tuple[str, ...] = ()
    field: bool = True
    several: bool = False


TYPES: Mapping[str, _Type] = {
    IDENTITY: _Type(("xdm:namespace",)),
    "xdm:alternateDisplayInfo": _Type(),
    ONE_TO_ONE: _Type(("xdm:destinationSchema",)),
    "xdm:descriptorRelationship": _Type(("xdm:destinationSchema", "xdm:cardinality")),
    REFERENCE: _Type(("xdm:identityNamespace",)),
    "xdm:descriptorDeprecated": _Type(several=True),
    "xdm:descriptorPrimaryKey": _Type(several=True),
    "xdm:descriptorVersion": _Type(),
    "xdm:descriptorTimestamp": _Type(),
    "xdm:descriptorLabel": _Type(),
    "xdm:descriptorTimeSeriesGranularity": _Type(("xdm:granularity",), field=False),
}


def admit(body: Any, lookup: Lookup) -> Document:
    """The checked body, schemas by their ``$id``. Refuses what the type does not allow, and unknown fields."""
    if not isinstance(body, dict):
        raise Refusal(BAD, detail="Send a descriptor as a JSON object.")
    kind = body.get("@type")
    if not isinstance(kind, str) or kind not in TYPES:
        raise _refused("@type", kind, "the type is unknown", f"Known: {', '.join(TYPES)}.")
    sent = {name: value for name, value in body.items() if name not in _SYSTEM}
    for name in TYPES[kind].needs:
        if not isinstance(sent.get(name), str) or not sent[name]:
            raise _refused(name, sent.get(name), f"a {kind} needs it as a text")
    _check_values(sent)
    for side in ("source", "destination"):
        _check_side(sent, side, TYPES[kind], lookup)
    return sent


def _check_values(sent: Document) -> None:
    if not isinstance(sent.get("xdm:isPrimary", False), bool):
        raise _refused("xdm:isPrimary", sent["xdm:isPrimary"], "it is true or false")
    if sent.get("xdm:property", "xdm:code") not in ("xdm:code", "xdm:id"):
        raise _refused("xdm:property", sent["xdm:property"], "it is xdm:code or xdm:id")
    if sent.get("xdm:cardinality", "M:1") not in _CARDINALITIES:
        raise _refused("xdm:cardinality", sent["xdm:cardinality"], f"it is one of {', '.join(_CARDINALITIES)}")
    for field in ("xdm:sourceVersion", "xdm:destinationVersion"):
        version = sent.get(field, 1)
        if isinstance(version, bool) or version != 1:
            raise _refused(field, version, "there is no other major version than 1")


def _check_side(sent: Document, side: str, kind: _Type, lookup: Lookup) -> None:
    """The schema that one end of a descriptor names, and the field in it."""
    name = f"xdm:{side}Schema"
    if side == "destination" and name not in sent:
        return
    given = sent.get(name)
    if not isinstance(given, str) or not given:
        raise _refused(name, given, "name a schema by its $id")
    schema = lookup(schema_id(given))
    if schema is None:
        raise Refusal("XDM-1012-404", id=given, version=1, field=name, given=given)
    sent[name] = schema["$id"]
    field = f"xdm:{side}Property"
    if (side == "source" and kind.field) or field in sent:
        sent[field] = _checked(sent.get(field), field, sent["@type"], resolved(schema, lookup))


def _checked(given: Any, field: str, kind: str, whole: Document) -> str | list[str]:
    """The path, or the paths where a type takes several, in the names that the schema has."""
    if not isinstance(given, list) or not given or field != _SOURCE:
        return _path(given, field, whole)
    if not TYPES[kind].several:
        several = ", ".join(name for name, known in TYPES.items() if known.several)
        hint = f"Send a path such as /personalEmail/address; several are for {several}."
        raise _refused(field, given, f"a {kind} is about one field", hint)
    return [_path(path, field, whole) for path in given]


def _path(given: Any, field: str, whole: Document) -> str:
    if not isinstance(given, str) or not given.startswith("/") or given.endswith("/"):
        raise _refused(field, given, "a path begins with a slash and does not end with one")
    names = _in_schema(whole, given[1:].split("/"))
    if names is None:
        raise _refused(field, given, f"the schema {whole['$id']} has no such field")
    return "/" + "/".join(names)


def _in_schema(node: Document, given: Sequence[str]) -> list[str] | None:
    """Names of fields as the schema has them. Where it leaves open what an object holds, anything may be in it."""
    names: list[str] = []
    for place, name in enumerate(given):
        fields = fields_of(node)
        # Clients write names of fields with and without the prefix that the older form has.
        known = next((one for one in (name, name.removeprefix("xdm:")) if one in fields), None)
        if known is None:
            is_open = not fields or isinstance(node.get("additionalProperties"), dict)
            return [*names, *given[place:]] if is_open else None
        names.append(known)
        node = fields[known]
    return names


def new_descriptor(sent: Document, token: str, by: Writing) -> Document:
    """A descriptor as it is stored."""
    tenant = by.tenant
    return {
        "@id": token,
        **sent,
        "imsOrg": tenant.org,
        "version": "1",
        "meta:containerId": "tenant",
        "meta:sandboxId": tenant.sandbox_id,
        "meta:sandboxType": tenant.sandbox_type,
        "meta:registryMetadata": by.metadata(),
    }


def replaced(before: Document, sent: Document, by: Writing) -> Document:
    """A descriptor with another content under its id. What it is about stays."""
    for name in ("@type", "xdm:sourceSchema"):
        if sent[name] != before[name]:
            raise _refused(name, sent[name], f"it cannot be changed from {before[name]}")
    after = new_descriptor(sent, before["@id"], by)
    created = {name: value for name, value in before["meta:registryMetadata"].items() if "created" in name}
    after["meta:registryMetadata"] |= created
    return after


def is_primary_identity(descriptor: Document) -> bool:
    return descriptor["@type"] == IDENTITY and descriptor.get("xdm:isPrimary") is True


def check_only_primary(descriptor: Document, others: Iterable[Document]) -> None:
    """Documented: a schema has one primary identity at most."""
    if not is_primary_identity(descriptor):
        return
    for other in others:
        if is_primary_identity(other) and other["@id"] != descriptor["@id"]:
            raise _refused(
                "xdm:isPrimary", True, f"the schema has the primary identity {other[_SOURCE]} already ({other['@id']})"
            )


def check_union(descriptors: Iterable[Document], destination: Iterable[Document], lookup: Lookup) -> None:
    """Whether a schema may take part in a union.

    Documented: a field with a one-to-one relationship needs a reference identity too (here 1527), whose
    namespace is that of the primary identity at the other end, once that is in a union as well (here 1528).
    """
    listed, others = list(descriptors), list(destination)
    references = {found[_SOURCE]: found for found in listed if found["@type"] == REFERENCE}
    for relation in (found for found in listed if found["@type"] == ONE_TO_ONE):
        reference = references.get(relation[_SOURCE])
        if reference is None:
            raise Refusal("XDM-1527-400", field="meta:immutableTags", given=relation[_SOURCE])
        target = lookup(relation["xdm:destinationSchema"])
        primary = next((found for found in others if _is_primary_of(found, relation)), None)
        if target is None or not is_union(target) or primary is None:
            continue
        if primary["xdm:namespace"] != reference["xdm:identityNamespace"]:
            given = [reference["xdm:identityNamespace"], primary["xdm:namespace"]]
            raise Refusal("XDM-1528-400", field="meta:immutableTags", given=given)


def _is_primary_of(descriptor: Document, relation: Document) -> bool:
    return is_primary_identity(descriptor) and descriptor["xdm:sourceSchema"] == relation["xdm:destinationSchema"]


def _refused(field: str, given: Any, detail: str, hint: str | None = None) -> Refusal:
    return Refusal(BAD, detail=f"The descriptor cannot be accepted: {detail}.", field=field, given=given, hint=hint)
