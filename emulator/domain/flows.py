"""Rules for flows: what a flow joins must exist and fit together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from emulator.domain import schedule
from emulator.domain.connections import DRAFT, Admitted, check_published, is_lake
from emulator.domain.errors import Refusal
from emulator.domain.kinds import CONNECTIONS, SOURCE_CONNECTIONS, TARGET_CONNECTIONS, Kind
from emulator.domain.lookup import Lookup
from emulator.domain.secret_params import PARAMS, given_back
from emulator.domain.shapes import object_field, spec_reference, text_field, wrong
from emulator.domain.specs import FlowSpec, Specs
from emulator.domain.transformations import check_transformations

Document = dict[str, Any]


@dataclass(frozen=True)
class Circumstances:
    """What a flow is judged by besides itself: the specs in force, what is stored, the time in milliseconds.

    ``draft`` is true for a flow that is not yet published, ``before`` is the flow that a patch changes.
    """

    specs: Specs
    find: Lookup
    now: int
    draft: bool = False
    before: Document | None = None


def admit_flow(body: Document, around: Circumstances) -> Document:
    """What is to be stored of a flow, with the attributes it inherits from its connections.

    A draft may lack transformations and schedule; publishing holds it to them.
    """
    if "state" in body:
        raise Refusal("FLOW-1410-400", field="state", given=body["state"])
    specs, find = around.specs, around.find
    spec, reference = _flow_spec(body, specs)
    body = _without_idle_schedule(body, spec, around)
    if around.draft and not spec.takes_drafts:
        raise Refusal("CONNECTOR-1368-400", field="mode", given="draft", hint=f"{spec.name} knows no draft mode.")
    text_field(body, "name", required=True)
    text_field(body, "description")
    source = _joined(body, "sourceConnectionIds", SOURCE_CONNECTIONS, around)
    target = _joined(body, "targetConnectionIds", TARGET_CONNECTIONS, around)
    _check_source_spec(source, spec)
    _check_target_spec(target, spec, specs)
    document = {
        **body,
        "flowSpec": reference,
        "sourceConnectionIds": [source["id"]],
        "targetConnectionIds": [target["id"]],
    }
    if not (around.draft and body.get("scheduleParams") in (None, {})):
        _check_schedule(body, spec)
    if _are_new(body, around):
        check_transformations(body, spec, target, around.find, around.now, around.draft)
    _check_options(body)
    _check_labels(body)
    document["inheritedAttributes"] = _inherited(spec, source, target, find)
    return document


def connected(flow: Document, find: Callable[[Kind, str], Admitted | None]) -> Document:
    """What a flow keeps of the two connections that it joins: their parameters, with their secrets beside, and the
    form of what the source holds: ``{"source", "target", "data"}``.

    Documented by the update guide: patching a connection later does not reach the flow, so each flow
    keeps what it was made with.
    """
    found = {
        "source": find(SOURCE_CONNECTIONS, flow["sourceConnectionIds"][0]),
        "target": find(TARGET_CONNECTIONS, flow["targetConnectionIds"][0]),
    }
    source = found["source"]
    joined: Document = {name: (one.document.get("params") or {}) if one else {} for name, one in found.items()}
    joined["data"] = (source.document.get("data") or {}) if source else {}
    secrets = {name: one.secrets[PARAMS] for name, one in found.items() if one and PARAMS in one.secrets}
    return {**joined, PARAMS: secrets} if secrets else joined


def joined_params(connected: Document) -> Document:
    """``{"source", "target", "data"}`` as they were sent."""
    seen = {name: part for name, part in connected.items() if name != PARAMS}
    params: Document = given_back(seen, connected.get(PARAMS, {}))
    return params


def joins_the_same(before: Document, after: Document) -> bool:
    """Whether a flow in force still joins the connections that it joined."""
    names = ("sourceConnectionIds", "targetConnectionIds")
    return before["state"] != DRAFT and all(before[name] == after[name] for name in names)


def _are_new(body: Document, around: Circumstances) -> bool:
    """A patch of something else does not bring up again what was right when it was set, or what a run wrote."""
    before = around.before
    if before is None or (before["state"] == DRAFT and not around.draft):
        return True
    return any(body.get(name) != before.get(name) for name in ("transformations", "scheduleParams"))


def _flow_spec(body: Document, specs: Specs) -> tuple[FlowSpec, Document]:
    spec_id, version = spec_reference(body, "flowSpec")
    spec = specs.flow(spec_id)
    if spec is None:
        raise Refusal(
            "FLOW-1413-400", field="flowSpec.id", given=spec_id, hint="GET /flowSpecs lists the ids that exist."
        )
    return spec, {"id": spec.id, "version": version}


def _joined(body: Document, name: str, kind: Kind, around: Circumstances) -> Document:
    """The one connection a flow names; a published page sends its id without the array."""
    given = body.get(name)
    ids = [given] if isinstance(given, str) and given else given
    if not ids:
        raise Refusal("CONNECTOR-1320-400", name=name, field=name, given=given)
    if not isinstance(ids, list):
        raise wrong(name, given, "Send an array with one id.")
    if len(ids) != 1:
        raise Refusal("CONNECTOR-1321-400", name=name, size=len(ids), field=name, given=given)
    if ids[0] in (None, ""):
        raise Refusal(
            "CONNECTOR-1338-400", name=name, field=f"{name}[0]", hint=f"Send the id of a {kind.name} resource."
        )
    found = around.find(kind, ids[0]) if isinstance(ids[0], str) else None
    if found is None:
        raise wrong(f"{name}[0]", ids[0], f"No {kind.name} resource has this id in this sandbox.")
    check_published(found, f"{name}[0]", around.draft)
    return found


def _check_source_spec(source: Document, spec: FlowSpec) -> None:
    source_spec = source["connectionSpec"]["id"]
    if source_spec not in spec.sources:
        raise Refusal(
            "FLOW-1413-400",
            field="flowSpec.id",
            given=spec.id,
            hint=f"{spec.name} does not take sources of connection spec {source_spec}; "
            "see sourceConnectionSpecIds of the flow specs.",
        )


def _check_target_spec(target: Document, spec: FlowSpec, specs: Specs) -> None:
    target_spec = target["connectionSpec"]["id"]
    if target_spec in spec.targets or (spec.is_source_flow and is_lake(specs.connection_at(target["connectionSpec"]))):
        return
    raise Refusal("CONNECTOR-1307-400", id=target_spec, field="targetConnectionIds[0]", given=target["id"])


def _without_idle_schedule(body: Document, spec: FlowSpec, around: Circumstances) -> Document:
    """Streaming flows have no schedule, but a client sends one with every flow that it creates."""
    if not spec.streaming or spec.scheduled:
        return body
    if object_field(body, "scheduleParams") and around.before is not None:
        given = body["scheduleParams"]
        raise wrong("scheduleParams", given, f"Flows of {spec.name} are streaming and take no schedule.")
    return {name: value for name, value in body.items() if name != "scheduleParams"}


def _check_schedule(body: Document, spec: FlowSpec) -> None:
    given = body.get("scheduleParams")
    if spec.is_source_flow and (spec.scheduled or given):
        schedule.parse(given)
    else:
        object_field(body, "scheduleParams")


def _check_labels(body: Document) -> None:
    """Access labels such as ``core/C12``, and the policy that a client sets beside them."""
    labels = body.get("labels")
    if labels is not None and not (isinstance(labels, list) and all(isinstance(label, str) for label in labels)):
        raise wrong("labels", labels, 'Send an array of labels such as "core/C12".')
    policy = object_field(body, "policy") or {}
    if policy.get("fields") == []:
        raise Refusal("FLOW-1431-400", field="policy.fields", given=[])
    references = policy.get("enforcementRefs")
    if references is not None and not isinstance(references, list):
        raise wrong("policy.enforcementRefs", references, "Send an array of policy ids.")


def _check_options(body: Document) -> None:
    options = object_field(body, "options") or {}
    diagnostics = options.get("errorDiagnosticsEnabled")
    if diagnostics is not None and schedule.truth(diagnostics) is None:
        raise wrong("options.errorDiagnosticsEnabled", diagnostics, "Send true or false.")
    percent = options.get("partialIngestionPercent")
    if percent is not None and not _is_percent(percent):
        raise wrong("options.partialIngestionPercent", percent, "Send a number above 0 and up to 100.")


def _is_percent(given: Any) -> bool:
    try:
        return not isinstance(given, bool) and 0 < float(given) <= 100
    except (TypeError, ValueError):
        return False


def _inherited(spec: FlowSpec, source: Document, target: Document, find: Lookup) -> Document:
    return {
        "properties": {"isSourceFlow" if spec.is_source_flow else "isDestinationFlow": True},
        "sourceConnections": [_inherited_connection(source, find)],
        "targetConnections": [_inherited_connection(target, find)],
    }


def _inherited_connection(connection: Document, find: Lookup) -> Document:
    entry = {"id": connection["id"], "connectionSpec": connection["connectionSpec"]}
    base_id = connection.get("baseConnectionId")
    base = find(CONNECTIONS, base_id) if base_id else None
    if base is not None:
        entry["baseConnection"] = {"id": base["id"], "connectionSpec": base["connectionSpec"]}
    return entry
