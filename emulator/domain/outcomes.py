"""What the next run of a flow is told to come to, so that a test sees it fail, lose records or take long.

``{"status", "errors": [{"code", "message"?}], "failedRecordCount"?, "durationMs"?, "faults"?}``. Figures stay
true: a run loses records that it has read, and one that read fewer than it should lose loses those.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from emulator.domain.errors import Refusal
from emulator.domain.metrics import MESSAGES

Document = dict[str, Any]
_BAD = "ADMIN-BAD_REQUEST-400"
STATUSES = ("success", "partialSuccess", "failed")
FAULTS = ("authExpired", "rateLimited", "networkLost", "serverError", "fileMissing", "badRow")
_FIELDS = ("status", "errors", "failedRecordCount", "durationMs", "faults")
_LONGEST_MS = 366 * 86_400_000
_MOST = 1000


@dataclass(frozen=True)
class Outcome:
    """One run's outcome as it was scripted; ``duration`` in milliseconds. Nothing of it set: as it comes."""

    status: str | None = None
    errors: tuple[tuple[str, str], ...] = ()
    failed_records: int = 0
    duration: int = 0
    faults: tuple[str, ...] = ()

    @property
    def cause(self) -> tuple[str, str]:
        """Code and message of the first error, or what a run says that was told no more than to fail."""
        return self.errors[0] if self.errors else ("CONNECTOR-1001-500", "The run was told to fail.")

    @property
    def fails_copy(self) -> bool:
        """Codes of the copy activity, or the connector's own, fail the run there; all others in promotion."""
        code = self.cause[0]
        return self.status == "failed" and (code.startswith("CONNECTOR-1") or not code.split("-")[0].isalpha())

    @property
    def fails_promotion(self) -> bool:
        return self.status == "failed" and not self.fails_copy


AS_IT_COMES = Outcome()


def read_all(body: Any) -> list[Document]:
    """The outcomes of an admin call, checked. Refuses with the place of what makes no sense."""
    given = body if isinstance(body, list) else [body]
    if not given or len(given) > _MOST:
        raise _refused("body", f"is a list of 1 to {_MOST} outcomes")
    for index, entry in enumerate(given):
        _check(entry, f"[{index}]")
    return given


def outcome(entry: Document) -> Outcome:
    """What an entry that was checked says."""
    errors = tuple((one["code"], one.get("message") or _message(one["code"])) for one in entry.get("errors", ()))
    return Outcome(
        entry.get("status"),
        errors,
        int(entry.get("failedRecordCount", 0)),
        int(entry.get("durationMs", 0)),
        tuple(entry.get("faults", ())),
    )


def _message(code: str) -> str:
    return MESSAGES.get(code, "The run was told to fail.")


def _check(entry: Any, where: str) -> None:
    if not isinstance(entry, dict) or not entry:
        raise _refused(where, f"is an object with {', '.join(_FIELDS)}")
    unknown = sorted(set(entry) - set(_FIELDS))
    if unknown:
        raise _refused(f"{where}.{unknown[0]}", f"is unknown; known are {', '.join(_FIELDS)}")
    if entry.get("status", STATUSES[0]) not in STATUSES:
        raise _refused(f"{where}.status", f"is one of {', '.join(STATUSES)}")
    _check_number(entry, where, "failedRecordCount", 10**9)
    _check_number(entry, where, "durationMs", _LONGEST_MS)
    _check_errors(entry.get("errors", []), f"{where}.errors")
    faults = entry.get("faults", [])
    if not isinstance(faults, list) or len(faults) > _MOST or any(fault not in FAULTS for fault in faults):
        raise _refused(f"{where}.faults", f"is a list of {', '.join(FAULTS)}")
    if entry.get("status") == "failed" and entry.get("failedRecordCount"):
        raise _refused(f"{where}.failedRecordCount", "goes with success or partialSuccess: a failed run lands nothing")


def _check_number(entry: Document, where: str, name: str, most: int) -> None:
    given = entry.get(name, 0)
    whole = type(given) is int or (isinstance(given, float) and given.is_integer())
    if not whole or not 0 <= given <= most:
        raise _refused(f"{where}.{name}", f"is a whole number from 0 to {most}")


def _check_errors(errors: Any, where: str) -> None:
    if not isinstance(errors, list) or len(errors) > _MOST:
        raise _refused(where, "is a list of objects with code and message")
    for index, error in enumerate(errors):
        place = f"{where}[{index}]"
        if not isinstance(error, dict) or set(error) - {"code", "message"}:
            raise _refused(place, "is an object with code and, if wanted, message")
        code, message = error.get("code"), error.get("message", "")
        if not isinstance(code, str) or not code or len(code) > 100:
            raise _refused(f"{place}.code", "is a code such as CONNECTOR-1001-500, or the connector's own such as 2200")
        if not isinstance(message, str) or len(message) > 10_000:
            raise _refused(f"{place}.message", "is a text")


def _refused(field: str, rule: str) -> Refusal:
    return Refusal(_BAD, detail=f"{field} {rule}.")
