"""Small checks of request bodies that many rules share."""

from __future__ import annotations

from typing import Any

from emulator.domain.errors import Refusal
from emulator.domain.specs import ConnectionSpec, Specs

Document = dict[str, Any]


def text_field(body: Document, name: str, required: bool = False, prefix: str = "") -> str | None:
    """A text that may be left out unless required."""
    value = body.get(name)
    if value is None or value == "":
        if required:
            raise Refusal("CONNECTOR-1304-400", name=name, field=prefix + name)
        return None
    if not isinstance(value, str):
        raise wrong(prefix + name, value, "Send a text.")
    return value


def object_field(body: Document, name: str, prefix: str = "") -> Document | None:
    """An object that may be left out."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, dict):
        # Only its type is shown: what should have been an object may be a secret.
        raise wrong(prefix + name, type(value).__name__, "Send an object.")
    return value


def wrong(field: str, value: Any, hint: str) -> Refusal:
    """A value that its field cannot take."""
    shown = value if isinstance(value, (str, int, float, bool)) else type(value).__name__
    return Refusal(
        "CONNECTOR-1312-400", value=shown, name=field.rsplit(".", 1)[-1], field=field, given=value, hint=hint
    )


def spec_reference(body: Document, name: str) -> tuple[str, str]:
    """The id and version of ``connectionSpec`` or ``flowSpec``; the version defaults to 1.0.

    The OpenAPI prose lets the version default, another document answers 422 without it; the
    tutorials of both sides work with the first reading.
    """
    reference = object_field(body, name)
    if not reference:
        raise Refusal("CONNECTOR-1304-400", name=name, field=name, given=body.get(name))
    spec_id = reference.get("id")
    version = text_field(reference, "version", prefix=f"{name}.") or "1.0"
    if not isinstance(spec_id, str) or not spec_id:
        raise Refusal("FLOW-1413-400", field=f"{name}.id", given=spec_id)
    return spec_id, version


def known_connection_spec(body: Document, specs: Specs) -> tuple[ConnectionSpec, Document]:
    """The connection spec that a body names, and the reference as it is stored."""
    spec_id, version = spec_reference(body, "connectionSpec")
    spec = specs.connection(spec_id)
    if spec is None:
        raise Refusal(
            "FLOW-1413-400",
            field="connectionSpec.id",
            given=spec_id,
            hint="GET /connectionSpecs lists the ids that exist.",
        )
    return spec, {"id": spec.id, "version": version}
