"""Rules for a flow's transformations: Mapping, Copy, Encryption and what destinations do."""

from __future__ import annotations

from typing import Any

from emulator.domain import schedule
from emulator.domain.encryption import check_encryption
from emulator.domain.errors import Refusal
from emulator.domain.kinds import DATASETS, MAPPING_SETS
from emulator.domain.lookup import Lookup
from emulator.domain.schema_ids import schema_id
from emulator.domain.shapes import object_field, text_field, wrong
from emulator.domain.specs import FlowSpec

Document = dict[str, Any]

MAPPING, COPY, ENCRYPTION = "Mapping", "Copy", "Encryption"


def check_transformations(
    body: Document, spec: FlowSpec, target: Document, find: Lookup, now: int, draft: bool = False
) -> None:
    """Every transformation is one that the flow spec knows, with its parameters; none that it needs is missing."""
    given = body.get("transformations")
    if given is not None and not isinstance(given, list):
        raise wrong("transformations", given, "Send an array.")
    names = []
    for index, entry in enumerate(given or []):
        names.append(_check_transformation(entry, f"transformations[{index}]", spec, target, find, now))
    if draft:
        return
    _check_delta_column(body, spec)
    if spec.mapping_required and MAPPING not in names:
        raise Refusal("CONNECTOR-1370-400", field="transformations", given=given)


def _check_delta_column(body: Document, spec: FlowSpec) -> None:
    """Documented for flows that copy tables: they need a column to go on by, unless they run once."""
    if COPY not in spec.transformations:
        return
    frequency = (body.get("scheduleParams") or {}).get("frequency")
    copies = [entry for entry in body.get("transformations") or [] if entry["name"] == COPY]
    delta = next((entry["params"]["deltaColumn"] for entry in copies if _has_delta_column(entry)), None)
    field = "transformations[].params.deltaColumn"
    if frequency == schedule.ONCE and delta is not None:
        raise Refusal("CONNECTOR-1369-400", field=field, given=delta)
    if frequency != schedule.ONCE and delta is None:
        hint = 'Add {"name":"Copy","params":{"deltaColumn":{"name":"LastModifiedDate"}}} to transformations.'
        raise Refusal("CONNECTOR-1367-400", field=field, hint=hint)


def _has_delta_column(entry: Document) -> bool:
    return bool((entry.get("params") or {}).get("deltaColumn"))


def _check_transformation(entry: Any, where: str, spec: FlowSpec, target: Document, find: Lookup, now: int) -> str:
    if not isinstance(entry, dict):
        raise wrong(where, entry, "A transformation is an object with name and params.")
    name = text_field(entry, "name", required=True, prefix=f"{where}.") or ""
    params = object_field(entry, "params", f"{where}.") or {}
    # Cloud storage flows of before 2021 carry a Copy that does nothing.
    if name not in spec.transformations and name != COPY:
        known = ", ".join(spec.transformations) or "none"
        raise wrong(f"{where}.name", name, f"{spec.name} knows the transformations: {known}.")
    if name == MAPPING:
        _check_mapping(params, f"{where}.params", target, find)
    elif name == ENCRYPTION:
        check_encryption(params, f"{where}.params", find, now)
    elif name == COPY and params.get("deltaColumn") is not None:
        check_delta_column(params["deltaColumn"], f"{where}.params.deltaColumn")
    return name


def check_delta_column(given: Any, where: str) -> None:
    """A delta column is ``{"name", "dateFormat"?, "timezone"?}``."""
    column = object_field({"deltaColumn": given}, "deltaColumn", where.removesuffix("deltaColumn")) or {}
    text_field(column, "name", required=True, prefix=f"{where}.")
    text_field(column, "dateFormat", prefix=f"{where}.")
    text_field(column, "timezone", prefix=f"{where}.")


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
        if entry.get("name") == MAPPING:
            params: Document = entry.get("params") or {}
            return params
    return None


def encryption_of(flow: Document) -> tuple[str, Document] | None:
    """The params of a flow's Encryption transformation, behind their path in the flow."""
    for index, entry in enumerate(flow.get("transformations") or []):
        if entry.get("name") == ENCRYPTION:
            return f"transformations[{index}].params", entry.get("params") or {}
    return None
