"""Rules for base connections, source connections and target connections.

Each ``admit_…`` takes what a client sent and returns what is to be stored, or refuses with the
documented code and the field's path.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from jsonschema_rs import ValidationError

from emulator.domain import secret_params
from emulator.domain.errors import Refusal
from emulator.domain.kinds import CONNECTIONS, DATASETS, SCHEMAS
from emulator.domain.lookup import Lookup
from emulator.domain.schema_ids import schema_id
from emulator.domain.shapes import known_connection_spec, object_field, text_field, wrong
from emulator.domain.source_params import check_data, check_source_params
from emulator.domain.specs import DATA_LAKE, HTTP_STREAMING, AuthSpec, ConnectionSpec, Specs

Document = dict[str, Any]
DRAFT = "draft"
_TYPES = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "an object",
    "array": "an array",
    "null": "null",
}


class Admitted(NamedTuple):
    """What may be stored: the document as shown, and what is kept beside it and never shown."""

    document: Document
    secrets: Document


def admit_connection(body: Document, specs: Specs, draft: bool = False, hidden: Iterable[str] = ()) -> Admitted:
    """A base connection: its spec exists, its auth names a way the spec knows, with its parameters.

    A draft may lack auth and parameters; what it has is held to the same rules when it is published.
    Parameters in ``hidden`` stay secret, whatever has become of the spec that marked them.
    """
    spec, reference = known_connection_spec(body, specs)
    _check_draft(draft, spec)
    text_field(body, "name")
    text_field(body, "description")
    document = {**body, "connectionSpec": reference}
    auth = object_field(body, "auth")
    if not auth:
        if spec.auth_specs and spec.needs_base_connection and not draft:
            raise Refusal("CONNECTOR-1304-400", name="auth", field="auth", hint=_known_ways(spec))
        document.pop("auth", None)
        return _params_hidden(document)
    auth_spec = _auth_spec(auth, spec)
    params = object_field(auth, "params", "auth.") or {}
    if auth_spec is not None and not draft:
        _check_params(params, auth_spec)
    if spec.id == HTTP_STREAMING:
        params = _streaming_params(params, body)
    shown = secret_params.shown(params, {} if auth_spec is None else auth_spec.schema, frozenset(hidden))
    document["auth"] = {**auth, "params": shown}
    rest = _params_hidden(document)
    return Admitted(rest.document, {**rest.secrets, **secret_params.taken(params, shown)})


def hidden_names(document: Document, secrets: Document) -> list[str]:
    """Parameters of ``auth`` that are hidden as a whole."""
    params = (document.get("auth") or {}).get("params") or {}
    return [name for name in secrets if params.get(name) == secret_params.HIDDEN]


def _params_hidden(document: Document, properties: Document | None = None) -> Admitted:
    """``params`` as they are shown, and what was taken out of them."""
    params = document.get("params")
    if not isinstance(params, dict):
        return Admitted(document, {})
    shown = secret_params.shown(params, {"properties": properties or {}})
    secrets = secret_params.taken(params, shown)
    return Admitted({**document, "params": shown}, {secret_params.PARAMS: secrets} if secrets else {})


def _check_draft(draft: bool, spec: ConnectionSpec) -> None:
    if draft and not spec.takes_drafts:
        raise Refusal("CONNECTOR-1368-400", field="mode", given="draft", hint=f"{spec.title} knows no draft mode.")


def with_secrets(document: Document, secrets: Document) -> Document:
    """The document as it was sent, for a patch to work on."""
    if not secrets:
        return document
    sent = {**document, "params": sent_params(document, secrets)} if secret_params.PARAMS in secrets else document
    auth = sent.get("auth")
    return {**sent, "auth": {**auth, "params": sent_auth(document, secrets)}} if auth else sent


def sent_params(document: Document, secrets: Document) -> Document:
    params: Document = secret_params.given_back(document.get("params") or {}, secrets.get(secret_params.PARAMS, {}))
    return params


def sent_auth(document: Document, secrets: Document) -> Document:
    """The parameters of a base connection's ``auth``; without any, none."""
    shown = (document.get("auth") or {}).get("params") or {}
    own = {name: value for name, value in secrets.items() if name != secret_params.PARAMS}
    params: Document = secret_params.given_back(shown, own)
    return params


def _auth_spec(auth: Document, spec: ConnectionSpec) -> AuthSpec | None:
    name = text_field(auth, "specName", required=True, prefix="auth.") or ""
    found = spec.auth_spec(name)
    if found is None and spec.auth_specs:
        raise Refusal("FLOW-1415-400", name=name, id=spec.id, field="auth.specName", given=name, hint=_known_ways(spec))
    return found


def _known_ways(spec: ConnectionSpec) -> str:
    return f"{spec.title} knows: {', '.join(way.name for way in spec.auth_specs)}."


def _check_params(params: Document, auth_spec: AuthSpec) -> None:
    error = next(auth_spec.validator.iter_errors(params), None)
    if error is not None:
        raise _param_refusal(error, params, auth_spec)


def _param_refusal(error: ValidationError, params: Document, auth_spec: AuthSpec) -> Refusal:
    required: list[str] = auth_spec.schema.get("required", [])
    missing = next((name for name in required if params.get(name) is None), None)
    if missing is not None:
        return Refusal(
            "CONNECTOR-1304-400",
            name=missing,
            field=f"auth.params.{missing}",
            hint=f"{auth_spec.name} needs: {', '.join(required)}.",
        )
    path = ".".join(["auth.params", *(str(part) for part in error.instance_path)])
    broken = (
        f"The rule {'/'.join(str(part) for part in error.schema_path)} of the schema of {auth_spec.name} is not met."
    )
    return wrong(path, _open_value(error, params, auth_spec), f"{_expected(error)}{broken}")


def _open_value(error: ValidationError, params: Document, auth_spec: AuthSpec) -> Any:
    """What was sent where a rule is broken; of a secret, and of what may hold one, its type alone."""
    sent: Any = params
    seen: Any = secret_params.shown(params, auth_spec.schema)
    for part in error.instance_path:
        sent, seen = sent[part], seen if isinstance(seen, str) else seen[part]
    return type(sent).__name__ if seen != sent or isinstance(sent, dict | list) else sent


def _expected(error: ValidationError) -> str:
    types = getattr(error.kind, "types", ())
    return f"Send {' or '.join(_TYPES.get(name, name) for name in types)}. " if types else ""


def _streaming_params(params: Document, body: Document) -> Document:
    """Documented: ``sourceId`` and ``name`` that were left out come back with the connection's name."""
    name = body.get("name") or "HTTP API connection"
    return {"sourceId": name, "name": name, "authenticationRequired": False, **params}


def admit_source_connection(body: Document, specs: Specs, find: Lookup, draft: bool = False) -> Admitted:
    """A source connection: its base connection exists if its spec has accounts, and has none if not."""
    spec, reference = known_connection_spec(body, specs)
    _check_draft(draft, spec)
    text_field(body, "name", required=True)
    text_field(body, "description")
    document = {**body, "connectionSpec": reference}
    # Older clients call it connectionId.
    base_id = document.pop("connectionId", None) or text_field(body, "baseConnectionId")
    if base_id is None:
        document.pop("baseConnectionId", None)
        if spec.needs_base_connection and not draft:
            raise Refusal("CONNECTOR-1304-400", name="baseConnectionId", field="baseConnectionId")
        base = None
    elif not spec.needs_base_connection and spec.family in ("file", "streaming"):
        raise Refusal("CONNECTOR-1332-400", id=spec.id, field="baseConnectionId", given=base_id)
    else:
        base = existing_connection(base_id, find, draft)
        document["baseConnectionId"] = base_id
        _check_same_family(spec, base, specs)
    check_data(body, spec)
    check_source_params(body, spec, draft)
    if base is not None:
        document["inheritedAttributes"] = {
            "baseConnection": {"id": base["id"], "connectionSpec": base["connectionSpec"]}
        }
    return _params_hidden(document, spec.source_properties)


def existing_connection(base_id: Any, find: Lookup, draft: bool) -> Document:
    """The base connection of that id. No body is published for an unknown one; the nearest code names it."""
    found = find(CONNECTIONS, base_id) if isinstance(base_id, str) else None
    if found is None:
        raise Refusal(
            "CONNECTOR-1312-400",
            value=base_id,
            name="baseConnectionId",
            field="baseConnectionId",
            hint="No base connection has this id in this sandbox.",
        )
    check_published(found, "baseConnectionId", draft)
    return found


def check_published(parent: Document, field: str, draft: bool) -> None:
    """Documented order of publishing: base connection, source and target connection, flow."""
    if parent["state"] == DRAFT and not draft:
        raise wrong(
            field, parent["id"], f"{parent.get('name', 'It')} is a draft: publish it first (action?op=publish)."
        )


def _check_same_family(spec: ConnectionSpec, base: Document, specs: Specs) -> None:
    # Several published sources use one spec for the base connection and a sibling for the source
    # connection, so only a different kind of system is refused.
    of_base = specs.connection_at(base["connectionSpec"])
    if of_base.family != spec.family:
        raise Refusal(
            "FLOW-1413-400",
            field="connectionSpec.id",
            given=spec.id,
            hint=f"{spec.title} cannot be read through the base connection {base['id']}, which is {of_base.title}.",
        )


def admit_target_connection(body: Document, specs: Specs, find: Lookup, draft: bool = False) -> Admitted:
    """A target connection: its dataset and schema exist and belong to each other.

    One published tutorial names the source's own spec here. That is accepted for REST sources; the
    flow then treats the target as the data lake.
    """
    spec, reference = known_connection_spec(body, specs)
    _check_draft(draft, spec)
    text_field(body, "name")
    text_field(body, "description")
    document = {**body, "connectionSpec": reference}
    base_id = text_field(body, "baseConnectionId")
    if base_id is not None:
        base = existing_connection(base_id, find, draft)
        document["inheritedAttributes"] = {
            "baseConnection": {"id": base["id"], "connectionSpec": base["connectionSpec"]}
        }
    else:
        document.pop("baseConnectionId", None)
    object_field(body, "data")
    params = object_field(body, "params") or {}
    if is_lake(spec) and not (draft and not params.get("dataSetId")):
        _check_dataset(body, params, find)
    return _params_hidden(document)


def is_lake(spec: ConnectionSpec) -> bool:
    """Whether a target of this spec is the data lake, the tutorial's slip included."""
    return spec.id == DATA_LAKE or spec.family in ("lake", "rest")


def _check_dataset(body: Document, params: Document, find: Lookup) -> None:
    dataset_id = params.get("dataSetId")
    if dataset_id in (None, ""):
        raise Refusal("CONNECTOR-1325-400", field="params.dataSetId", given=dataset_id)
    dataset = find(DATASETS, dataset_id) if isinstance(dataset_id, str) else None
    if dataset is None:
        raise wrong("params.dataSetId", dataset_id, "No dataset has this id in this sandbox.")
    schema = object_field(body.get("data") or {}, "schema", "data.")
    # A client noted that some targets spell the key schemaId.
    given = (schema or {}).get("id") or (schema or {}).get("schemaId")
    if given is None:
        return
    wanted = schema_id(given) if isinstance(given, str) else None
    if wanted is None or find(SCHEMAS, wanted) is None:
        raise wrong("data.schema.id", given, "No schema has this id in this sandbox.")
    of_dataset = dataset.get("schemaRef", {}).get("id")
    if wanted != of_dataset:
        raise wrong("data.schema.id", given, f"Dataset {dataset_id} has the schema {of_dataset}.")
