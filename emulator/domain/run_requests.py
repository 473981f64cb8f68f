"""Runs on demand, runs again, and runs that a provider writes: what may be asked for.

Documented by the on-demand and retry guides. Times are epoch seconds, as numbers or digits; a published
sample has an end with eleven digits, so none is too late.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from emulator.domain import schedule
from emulator.domain.errors import Refusal
from emulator.domain.kinds import FLOWS, RUNS
from emulator.domain.lookup import Lookup
from emulator.domain.shapes import object_field, wrong
from emulator.domain.specs import ConnectionSpec, FlowSpec, Specs
from emulator.domain.transformations import COPY, check_delta_column

Document = dict[str, Any]
LATEST = 10**12
_BATCH_FAMILIES = ("file", "table", "rest")
_RETRIGGER = ("re-trigger", "re_trigger")
_WRITABLE = (
    "flowId",
    "flowSpec",
    "providerRefId",
    "parentFlowRunId",
    "childFlowRunIds",
    "params",
    "predecessors",
    "metrics",
    "activities",
    "recordTypes",
)
# Which flow a run is of, a provider may repeat but not change.
_FIXED = ("flowId", "flowSpec")


@dataclass(frozen=True)
class RunRequest:
    """An on-demand run: its flow, the family of its source, when it starts (milliseconds), its params as
    sent, and the delta column that the flow is to keep from now on."""

    flow: Document
    family: str
    start: int
    params: Document | None
    delta_column: Document | None


def read_create(body: Document, specs: Specs, find: Lookup, now: int) -> RunRequest:
    flow = _flow(body, find)
    spec, source = _source_of(flow, specs)
    if not spec.is_source_flow or spec.streaming or source.family not in _BATCH_FAMILIES:
        hint = f"Flows of {spec.name} have no runs on demand."
        raise Refusal("CONNECTOR-1385-400", field="flowId", given=flow["id"], hint=hint)
    frequency = (flow.get("scheduleParams") or {}).get("frequency")
    if flow["state"] != "enabled":
        raise Refusal("CONNECTOR-1380-400", field="flowId", given=flow["id"], hint=f"The flow is {flow['state']}.")
    if frequency != schedule.ONCE:
        hint = f"The flow's frequency is {frequency}; only flows that run once are run on demand."
        raise Refusal("CONNECTOR-1386-400", field="flowId", given=flow["id"], hint=hint)
    unknown = sorted(set(body) - {"flowId", "params", "status"})
    if unknown:
        raise wrong(unknown[0], body[unknown[0]], "Known: flowId, params.")
    if body.get("params") is None and body.get("status") == "active":
        # What an older client posts: everything there is, now.
        return RunRequest(flow, source.family, now, None, None)
    params = _params(body)
    start = max(now, params["startTime"] * 1000)
    return RunRequest(flow, source.family, start, body["params"], _delta_column(body, flow, source))


def _flow(body: Document, find: Lookup) -> Document:
    flow_id = body.get("flowId")
    if flow_id in (None, ""):
        raise Refusal("FLOW-1446-400", field="flowId")
    flow = find(FLOWS, flow_id) if isinstance(flow_id, str) else None
    if flow is None:
        raise Refusal("FLOW-1430-400", id=flow_id, field="flowId", given=flow_id)
    return flow


def _source_of(flow: Document, specs: Specs) -> tuple[FlowSpec, ConnectionSpec]:
    source = flow["inheritedAttributes"]["sourceConnections"][0]["connectionSpec"]
    return specs.flow_at(flow["flowSpec"]), specs.connection_at(source)


def _params(body: Document) -> dict[str, int]:
    """The three times of a run, in seconds."""
    given = object_field(body, "params")
    if not given:
        hint = "Send params with startTime, windowStartTime and windowEndTime."
        raise Refusal("CONNECTOR-1384-400", field="params", given=body.get("params"), hint=hint)
    times = {}
    for name in ("startTime", "windowStartTime", "windowEndTime"):
        seconds = _seconds(given.get(name))
        if seconds is None:
            hint = "Send epoch seconds, as a number or as digits."
            raise Refusal("CONNECTOR-1384-400", field=f"params.{name}", given=given.get(name), hint=hint)
        times[name] = seconds
    if times["windowEndTime"] < times["windowStartTime"]:
        raise Refusal("CONNECTOR-1381-400", field="params.windowEndTime", given=given["windowEndTime"])
    return times


def _seconds(given: Any) -> int | None:
    seconds = schedule.whole(given)
    return seconds if seconds is not None and 0 <= seconds <= LATEST else None


def window_of(params: Document) -> tuple[int, int] | None:
    """First and last second that a run's params name, None where a provider has put something else there."""
    start, end = _seconds(params.get("windowStartTime")), _seconds(params.get("windowEndTime"))
    return None if start is None or end is None else (start, end)


def _delta_column(body: Document, flow: Document, source: ConnectionSpec) -> Document | None:
    """Documented of tables: named in the first run, kept in the flow, and the same ever after."""
    field = "params.deltaColumn"
    given: Document | None = body["params"].get("deltaColumn")
    if given is not None:
        check_delta_column(given, field)
    if source.family != "table":
        if given is not None:
            raise Refusal("CONNECTOR-1384-400", field=field, given=given, hint="Only tables have a delta column.")
        return None
    kept = next((_kept_column(entry) for entry in flow.get("transformations") or [] if entry["name"] == COPY), None)
    if given is None and kept is None:
        raise Refusal("CONNECTOR-1383-400", field=field, hint='Send {"name": "a column that grows"}.')
    if given is not None and kept is not None and given["name"] != kept["name"]:
        raise Refusal("CONNECTOR-1382-400", field=f"{field}.name", given=given["name"], hint=f"It is {kept['name']}.")
    return given if kept is None else None


def _kept_column(entry: Document) -> Document | None:
    column: Document | None = (entry.get("params") or {}).get("deltaColumn")
    return column


def with_delta_column(flow: Document, column: Document) -> Document:
    """The flow with the column in its Copy transformation, which is added if there is none."""
    others = [entry for entry in flow.get("transformations") or [] if entry["name"] != COPY]
    return {**flow, "transformations": [{"name": COPY, "params": {"deltaColumn": column}}, *others]}


def check_retrigger(operation: str | None, run: Document, find: Lookup, specs: Specs) -> None:
    """Allowed for a batch run that failed, or succeeded without a record, of a flow that is enabled."""
    if not operation:
        raise Refusal("CONNECTOR-1359-400", name="op", field="op", hint="Send op=re-trigger.")
    if operation.lower() not in _RETRIGGER:
        raise Refusal("CONNECTOR-1401-400", field="op", given=operation, hint="The only one is re-trigger.")
    flow = find(FLOWS, run["flowId"])
    if flow is None:
        raise Refusal("FLOW-1430-400", id=run["flowId"], hint="The run's flow was deleted.")
    spec, source = _source_of(flow, specs)
    if spec.streaming or not spec.is_source_flow or source.family not in _BATCH_FAMILIES:
        raise Refusal("CONNECTOR-1333-400", id=source.id, field="op", given=operation)
    if flow["state"] != "enabled":
        raise Refusal("CONNECTOR-1388-400", id=flow["id"], hint=f"The flow is {flow['state']}.")
    status = run["metrics"]["statusSummary"]["status"]
    landed = run["metrics"].get("recordSummary", {}).get("outputRecordCount", 0)
    if status != "failed" and not (status == "success" and landed == 0):
        hint = f"The run is {status}{f' with {landed} records' if landed else ''}."
        raise Refusal("CONNECTOR-1387-400", field="op", given=operation, hint=hint)


def admit_update(body: Document, run: Document, find: Lookup) -> Document:
    """What a provider writes in the place of a run's figures. The run keeps its id, its flow and its author."""
    unknown = sorted(set(body) - set(_WRITABLE))
    if unknown:
        raise wrong(unknown[0], body[unknown[0]], f"Known: {', '.join(_WRITABLE)}.")
    if "flowId" in body and _flow(body, find)["id"] != run["flowId"]:
        raise wrong("flowId", body["flowId"], f"The run belongs to the flow {run['flowId']}.")
    spec = object_field(body, "flowSpec")
    if spec is not None and spec.get("id") != run["flowSpec"]["id"]:
        raise wrong("flowSpec.id", spec.get("id"), f"The flow spec of the run is {run['flowSpec']['id']}.")
    _check_written(body, find)
    written = {name: value for name, value in body.items() if value is not None and name not in _FIXED}
    kept = {name: value for name, value in run.items() if name not in _WRITABLE or name in _FIXED}
    return {**kept, "metrics": run["metrics"], "activities": [], **written}


def _check_written(body: Document, find: Lookup) -> None:
    object_field(body, "params")
    _check_metrics(object_field(body, "metrics"), "metrics")
    for index, activity in enumerate(_objects(body, "activities")):
        _check_metrics(activity, f"activities[{index}]")
    for index, before in enumerate(_objects(body, "predecessors")):
        _check_predecessor(before, f"predecessors[{index}]", find)
    for name, kind, hint in _PLAIN:
        if body.get(name) is not None and not isinstance(body[name], kind):
            raise wrong(name, body[name], hint)


_PLAIN = (
    ("childFlowRunIds", list, "Send an array."),
    ("recordTypes", list, "Send an array."),
    ("providerRefId", str, "Send a text."),
    ("parentFlowRunId", str, "Send a text."),
)


def _objects(body: Document, name: str) -> list[Document]:
    value = body.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(part, dict) for part in value):
        raise wrong(name, value, "Send an array of objects.")
    return value


def _check_metrics(given: Document | None, where: str) -> None:
    for name, part in (given or {}).items():
        if name.endswith("Summary") and not isinstance(part, dict):
            raise wrong(f"{where}.{name}", part, "Send an object.")
    duration = (given or {}).get("durationSummary", {})
    for name in ("startedAtUTC", "completedAtUTC"):
        if name in duration and (type(duration[name]) is not int or duration[name] < 0):
            raise wrong(f"{where}.durationSummary.{name}", duration[name], "Send milliseconds since 1970.")
    status = ((given or {}).get("statusSummary") or {}).get("status")
    if given is not None and where == "metrics" and status not in STATUSES:
        hint = f"Use one of: {', '.join(STATUSES)}."
        raise Refusal("FLOW-1437-400", value=status, field=f"{where}.statusSummary.status", given=status, hint=hint)


STATUSES = ("scheduled", "queued", "inProgress", "success", "partialSuccess", "failed", "cancelled")
ENDED = ("success", "partialSuccess", "failed")


def _check_predecessor(before: Document, where: str, find: Lookup) -> None:
    run, flow = before.get("flowRunId"), before.get("flowId")
    if run is not None and (not isinstance(run, str) or find(RUNS, run) is None):
        raise Refusal("FLOW-1428-400", id=run, field=f"{where}.flowRunId", given=run)
    if flow is not None and (not isinstance(flow, str) or find(FLOWS, flow) is None):
        raise Refusal("FLOW-1429-400", id=flow, field=f"{where}.flowId", given=flow)
