"""How each published API words a refusal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from emulator.domain.errors import Refusal
from emulator.edge.call import Answer, answer

Envelope = Callable[[Refusal, str, int], Answer]
_TYPE = "https://ns.adobe.com/aep/errors/"


def _details(refusal: Refusal) -> dict[str, Any]:
    details = {"field": refusal.field, "given": refusal.given}
    return {name: value for name, value in details.items() if value is not None} | refusal.report


def flow_service(refusal: Refusal, request_id: str, _now: int) -> Answer:
    """Documented: the text three times; ``report`` with id and type where a resource is named.

    ``field`` and ``given`` in ``report`` are ours: where it went wrong, and what was seen there.
    """
    message = refusal.message
    report = {"detailed-message": message, **_details(refusal), "request-id": request_id}
    return answer(
        {
            "type": _TYPE + refusal.code.replace("REQUEST-", "CONNECTOR-"),
            "title": refusal.title,
            "status": refusal.status,
            "report": report,
            "errorMessage": message,
            "errorDetails": message,
        },
        refusal.status,
        refusal.headers,
    )


def gateway(refusal: Refusal, _request_id: str, _now: int) -> Answer:
    """What the gateway answers before any service is reached: a flat body, or for content types another."""
    if refusal.code == "GATEWAY-CONTENT-400":
        body = {"type": "/placeholder/type/uri", "status": 400, "title": refusal.title, "detail": refusal.text}
        return answer(body, 400)
    return answer({"error_code": refusal.code.split("-")[1], "message": refusal.text}, refusal.status)


def schema_registry(refusal: Refusal, request_id: str, now: int) -> Answer:
    message = refusal.message
    code = refusal.code.replace("REQUEST-", "XDM-")
    stamp = datetime.fromtimestamp(now / 1000, UTC).strftime("%m-%d-%Y %H:%M:%S")
    report = {"registryRequestId": request_id, "timestamp": stamp, "detailed-message": message, "sub-errors": []}
    body = {
        "type": _TYPE.replace("https", "http") + code,
        "title": refusal.title,
        "status": refusal.status,
        "report": report,
        "detail": message,
    }
    return answer(body, refusal.status, refusal.headers)


def problem(refusal: Refusal, request_id: str, _now: int) -> Answer:
    """Services whose error bodies are not published: a problem document that says what is wrong."""
    body = {
        "type": _TYPE + refusal.code,
        "title": refusal.title,
        "status": refusal.status,
        "detail": refusal.message,
        "report": {**_details(refusal), "request-id": request_id},
    }
    return answer(body, refusal.status, refusal.headers)


def ims(refusal: Refusal, _request_id: str, _now: int) -> Answer:
    error = refusal.title if refusal.code.startswith("IMS-") else "invalid_request"
    return answer({"error": error, "error_description": refusal.message}, refusal.status, refusal.headers)


_INLET_TYPE = "http://ns.adobe.com/adobecloud/problem/data-collection-service/inlet"
_INLET_AUTH_TYPE = "https://ns.adobe.com/adobecloud/problem/data-collection-service-authorization"


def inlet(refusal: Refusal, _request_id: str, _now: int) -> Answer:
    """Documented: the authorisation problem has its own type, and a status that is a text."""
    if refusal.code.startswith("INLET-AUTH"):
        body: dict[str, Any] = {
            "type": _INLET_AUTH_TYPE,
            "status": str(refusal.status),
            "title": refusal.title,
            "report": {"message": refusal.message},
        }
    else:
        body = {
            "type": _INLET_TYPE,
            "status": refusal.status,
            "title": refusal.title,
            "report": _inlet_report(refusal),
        }
    return answer(body, refusal.status, refusal.headers)


def _inlet_report(refusal: Refusal) -> dict[str, Any]:
    """Documented: what is said of XDM messages ends with fixed words, so what would be right stands beside it."""
    hint = {"hint": refusal.hint} if refusal.hint else {}
    return {"message": refusal.text, **hint, **refusal.report}


def admin(refusal: Refusal, _request_id: str, _now: int) -> Answer:
    code = refusal.title if refusal.code.startswith("ADMIN-") else refusal.title.lower().replace(" ", "_")
    return answer({"error": code, "message": refusal.message}, refusal.status, refusal.headers)


def render(refusal: Refusal, envelope: Envelope, request_id: str, now: int) -> Answer:
    """The answer to a refusal: the gateway's own words for the gateway's codes, else the service's.

    No gateway stands before the admin endpoints.
    """
    chosen = gateway if refusal.code.startswith("GATEWAY-") and envelope is not admin else envelope
    worded = chosen(refusal, request_id, now)
    worded.refused = refusal.code
    return worded
