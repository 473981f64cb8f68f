"""Rules for flows: what a flow joins must exist and fit together."""

from __future__ import annotations

from typing import Any

from emulator.domain import schedule
from emulator.domain.connections import is_lake
from emulator.domain.errors import Refusal
from emulator.domain.kinds import CONNECTIONS, DATASETS, MAPPING_SETS, SOURCE_CONNECTIONS, TARGET_CONNECTIONS, Kind
from emulator.domain.lookup import Lookup
from emulator.domain.schema_ids import schema_id
from emulator.domain.shapes import object_field, spec_reference, text_field, wrong
from emulator.domain.specs import Catalogue, FlowSpec

Document = dict[str, Any]


def admit_flow(body: Document, specs: Catalogue, find: Lookup) -> Document:
    """What is to be stored of a flow, with the attributes it inherits from its connections."""
    if "state" in body:
        raise Refusal("FLOW-1410-400", field="state", given=body["state"])
    spec, reference = _flow_spec(body, specs)
    text_field(body, "name", required=True)
    text_field(body, "description")
    source = _joined(body, "sourceConnectionIds", SOURCE_CONNECTIONS, find)
    target = _joined(body, "targetConnectionIds", TARGET_CONNECTIONS, find)
    _check_source_spec(source, spec)
    _check_target_spec(target, spec, specs)
    document = {
        **body,
        "flowSpec": reference,
        "sourceConnectionIds": [source["id"]],
        "targetConnectionIds": [target["id"]],
    }
    _check_schedule(body, spec)
    _check_transformations(body, spec, target, find)
    _check_options(body)
    document["inheritedAttributes"] = _inherited(spec, source, target, find)
    return document


def _flow_spec(body: Document, specs: Catalogue) -> tuple[FlowSpec, Document]:
    spec_id, version = spec_reference(body, "flowSpec")
    spec = specs.flows.get(spec_id)
    if spec is None:
        raise Refusal(
            "FLOW-1413-400", field="flowSpec.id", given=spec_id, hint="GET /flowSpecs lists the ids that exist."
        )
    return spec, {"id": spec.id, "version": version}


def _joined(body: Document, name: str, kind: Kind, find: Lookup) -> Document:
    """The one connection a flow names; a published page sends its id without the array."""
    given = body.get(name)
    ids = [given] if isinstance(given, str) and given else given
    if not ids:
        raise Refusal("CONNECTOR-1320-400", name=name, field=name, given=given)
    if not isinstance(ids, list):
        raise wrong(name, given, "Send an array with one id.")
    if len(ids) != 1:
        raise Refusal("CONNECTOR-1321-400", name=name, size=len(ids), field=name, given=given)
    found = find(kind, ids[0]) if isinstance(ids[0], str) else None
    if found is None:
        raise wrong(f"{name}[0]", ids[0], f"No {kind.name} resource has this id in this sandbox.")
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


def _check_target_spec(target: Document, spec: FlowSpec, specs: Catalogue) -> None:
    target_spec = target["connectionSpec"]["id"]
    if target_spec in spec.targets or (spec.is_source_flow and is_lake(specs.connections[target_spec])):
        return
    raise Refusal("CONNECTOR-1307-400", id=target_spec, field="targetConnectionIds[0]", given=target["id"])


def _check_schedule(body: Document, spec: FlowSpec) -> None:
    given = body.get("scheduleParams")
    if spec.is_source_flow and spec.scheduled:
        schedule.parse(given)
    elif given and spec.streaming:
        raise wrong("scheduleParams", given, f"Flows of {spec.name} are streaming and take no schedule.")
    else:
        object_field(body, "scheduleParams")


def _check_transformations(body: Document, spec: FlowSpec, target: Document, find: Lookup) -> None:
    given = body.get("transformations")
    if given is not None and not isinstance(given, list):
        raise wrong("transformations", given, "Send an array.")
    names = []
    for index, entry in enumerate(given or []):
        names.append(_check_transformation(entry, f"transformations[{index}]", spec, target, find))
    if spec.mapping_required and "Mapping" not in names:
        raise Refusal("CONNECTOR-1370-400", field="transformations", given=given)


def _check_transformation(entry: Any, where: str, spec: FlowSpec, target: Document, find: Lookup) -> str:
    if not isinstance(entry, dict):
        raise wrong(where, entry, "A transformation is an object with name and params.")
    name = text_field(entry, "name", required=True, prefix=f"{where}.") or ""
    params = object_field(entry, "params", f"{where}.") or {}
    # Cloud storage flows of before 2021 carry a Copy that does nothing.
    if name not in spec.transformations and name != "Copy":
        known = ", ".join(spec.transformations) or "none"
        raise wrong(f"{where}.name", name, f"{spec.name} knows the transformations: {known}.")
    if name == "Mapping":
        _check_mapping(params, f"{where}.params", target, find)
    return name


def _check_mapping(params: Document, where: str, target: Document, find: Lookup) -> None:
    mapping_id = params.get("mappingId")
    version = mapping_version(params)
    if version is None:
        raise Refusal("FLOW-1412-400", field=f"{where}.mappingVersion", given=params.get("mappingVersion"))
    mapping_set = find(MAPPING_SETS, mapping_id) if isinstance(mapping_id, str) else None
    if mapping_set is None:
        raise Refusal(
            "FLOW-1419-400",
            id=mapping_id,
            version=version,
            field=f"{where}.mappingId",
            given=mapping_id,
            hint="No mapping set has this id in this sandbox.",
        )
    if version > mapping_set["version"]:
        raise Refusal(
            "FLOW-1412-400",
            field=f"{where}.mappingVersion",
            given=version,
            hint=f"The newest version of {mapping_id} is {mapping_set['version']}.",
        )
    dataset_id = target.get("params", {}).get("dataSetId")
    dataset = find(DATASETS, dataset_id) if isinstance(dataset_id, str) else None
    if dataset and schema_id(mapping_set["xdmSchema"]) != dataset["schemaRef"]["id"]:
        raise Refusal(
            "FLOW-1425-400",
            dataset=dataset_id,
            mapping=mapping_id,
            field=f"{where}.mappingId",
            given=mapping_id,
            hint=f"The dataset has {dataset['schemaRef']['id']}, the mapping set {mapping_set['xdmSchema']}.",
        )


def mapping_version(params: Document) -> int | None:
    """A mapping version, sent as a number or as digits; 0 when left out, None when it is neither."""
    given = params.get("mappingVersion", 0)
    if isinstance(given, str) and given.isascii() and given.isdigit() and len(given) < 10:
        given = int(given)
    return given if isinstance(given, int) and not isinstance(given, bool) and given >= 0 else None


def mapping_of(flow: Document) -> Document | None:
    """The params of a flow's Mapping transformation."""
    for entry in flow.get("transformations") or []:
        if entry.get("name") == "Mapping":
            params: Document = entry.get("params") or {}
            return params
    return None


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
