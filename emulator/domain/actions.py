"""What an action call may ask for: operation, sub operation, and how far a provider has got with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from emulator.domain.errors import Refusal
from emulator.domain.kinds import Kind
from emulator.domain.shapes import object_field, wrong

Document = dict[str, Any]

# Steps by which a provider reports on long work. Nobody who calls the emulator is one.
_OF_PROVIDERS = ("finalize", "finalize_update")
_SUB_OPERATIONS = ("apply", "rollback", "progress")
_STATUSES = (
    "in_progress",
    "completed",
    "success",
    "partial_success",
    "failed",
    "partial_failure",
    "queued",
    "scheduled",
)


@dataclass(frozen=True)
class ActionRequest:
    """An action in one spelling. ``progress`` is the body: percentage and status that the caller reports."""

    operation: str
    progress: Document

    def noted(self) -> Document:
        """``lastOperation`` after it. Documented with zeros after an enable, which is over at once."""
        return {"started": 0, "updated": 0, "operation": self.operation, **self.progress}


def read_request(
    kind: Kind, known: Sequence[str], operation: str | None, sub_operations: Sequence[str], body: Any
) -> ActionRequest:
    """Raises 1398 and 1402 for the operation, 1406 to 1408, 1435 to 1437 for what comes with it."""
    if not operation:
        hint = f"Use one of: {', '.join(known)}."
        raise Refusal("CONNECTOR-1359-400", name="op", field="op", hint=hint)
    wanted = operation.lower()
    if wanted not in (*known, *(_OF_PROVIDERS if kind.name in ("connections", "flows") else ())):
        hint = f"{kind.name} know: {', '.join(known)}."
        raise Refusal("CONNECTOR-1398-400", value=operation, field="op", given=operation, hint=hint)
    sub_operation = _sub_operation(sub_operations)
    progress = _progress(body, sub_operation)
    if wanted in _OF_PROVIDERS:
        raise Refusal("FLOW-1402-400", action=wanted, field="op", given=operation, hint=f"Use: {', '.join(known)}.")
    # The OpenAPI file wants one with every action, the tutorial publishes without: what changes nothing is taken.
    if sub_operation is not None and (wanted != "publish" or sub_operation != "apply"):
        raise Refusal("FLOW-1436-400", value=sub_operation, action=wanted, field="subOp", given=sub_operation)
    return ActionRequest(wanted, progress)


def _sub_operation(given: Sequence[str]) -> str | None:
    names = [name.lower() for name in given]
    for name in names:
        if name not in _SUB_OPERATIONS:
            hint = f"Use one of: {', '.join(_SUB_OPERATIONS)}."
            raise Refusal("FLOW-1435-400", value=name, field="subOp", given=name, hint=hint)
    others = [name for name in names if name != "progress"]
    if len(names) > len(others) and others:
        raise Refusal("FLOW-1406-400", given_op=", ".join(others), field="subOp", given=list(given))
    return names[-1] if names else None


def _progress(body: Any, sub_operation: str | None) -> Document:
    if body is None:
        return {}
    if not isinstance(body, dict):
        raise wrong("body", body, "Send an object with percentCompleted and status, or no body.")
    percent = body.get("percentCompleted")
    if percent is not None and (isinstance(percent, bool) or not isinstance(percent, (int, float))):
        raise wrong("percentCompleted", percent, "Send a number from 0 to 100.")
    if percent is not None and not 0 <= percent <= 100:
        raise wrong("percentCompleted", percent, "Send a number from 0 to 100.")
    status = object_field(body, "status") or {}
    _check_status(status.get("value"), percent, sub_operation)
    unknown = sorted(set(body) - {"percentCompleted", "status", "recordTypes"})
    if unknown:
        raise wrong(unknown[0], body[unknown[0]], "Known: percentCompleted, status, recordTypes.")
    return {name: value for name, value in body.items() if value is not None}


def _check_status(given: Any, percent: float | None, sub_operation: str | None) -> None:
    if given is None:
        return
    status = given.lower() if isinstance(given, str) else None
    if status not in _STATUSES:
        hint = f"Use one of: {', '.join(_STATUSES).upper()}."
        raise Refusal("FLOW-1437-400", value=given, field="status.value", given=given, hint=hint)
    if sub_operation == "progress" and status == "failed":
        raise Refusal("FLOW-1407-400", field="status.value", given=given)
    if status in ("completed", "failed") and percent is not None and percent != 100:
        raise Refusal("FLOW-1408-400", status=status, field="percentCompleted", given=percent)
