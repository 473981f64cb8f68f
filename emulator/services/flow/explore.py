"""Looking at a source's records and their shape before a flow reads them."""

from __future__ import annotations

import base64
import binascii
from typing import Any
from urllib.parse import unquote

import orjson

from emulator.domain.errors import Refusal
from emulator.domain.inference import infer
from emulator.domain.kinds import CONNECTIONS
from emulator.edge.call import Answer, Call, answer
from emulator.engine.world import World
from emulator.services.flow.entities import not_found
from emulator.store import resources

PREVIEW_RECORDS = 10
_OBJECT_TYPES = ("root", "folder", "file", "table", "rest", "view")
_PARAMETERS = ("objecttype", "object", "filetype", "file_type", "preview", "sourceparams")


class Explore:
    """``GET /connections/{id}/explore``."""

    def __init__(self, world: World) -> None:
        self._world = world

    def connection(self, call: Call) -> Answer:
        # Pages, OpenAPI file and a client spell these names with different capitals.
        given = {name.lower(): value for name, value in call.query.pairs}
        _check_names(call)
        with self._world.database.reading() as tx:
            connection = resources.read(tx, call.tenant, CONNECTIONS, call.params["id"])
        if connection is None:
            raise not_found(CONNECTIONS, call.params["id"])
        spec = self._world.specs.connections[connection["connectionSpec"]["id"]]
        object_type = _object_type(given)
        if spec.family != "rest" or object_type != "rest":
            known = spec.document.get("exploreSpec", {}).get("requestSpec", {}).get("properties", {})
            allowed = known.get("objectType", {}).get("enum", [])
            if object_type in allowed:
                raise Refusal(
                    "CONNECTOR-1336-400",
                    id=spec.id,
                    hint="This release explores REST sources; files and tables follow.",
                )
            raise Refusal(
                "CONNECTOR-1358-400",
                field="objectType",
                given=object_type,
                hint=f"{spec.title} knows: {', '.join(allowed) or 'none'}.",
            )
        _check_rest(given)
        params = source_params(given.get("sourceparams"))
        records = self._world.samples.preview(spec, params)
        explored: dict[str, Any] = {"format": "hierarchical", "schema": infer(records)}
        if _wants_preview(given):
            explored["data"] = records[:PREVIEW_RECORDS]
        return answer(explored)


def _check_names(call: Call) -> None:
    for name, value in call.query.pairs:
        if name.lower() not in _PARAMETERS:
            known = "objectType, object, fileType, preview, sourceParams"
            raise Refusal("FLOW-1451-400", name=name, field=name, given=value, hint=f"Known parameters: {known}.")


def _object_type(given: dict[str, str]) -> str:
    value = given.get("objecttype", "").lower()
    if not value:
        raise Refusal("CONNECTOR-1359-400", name="objectType", field="objectType")
    if value not in _OBJECT_TYPES:
        raise Refusal(
            "CONNECTOR-1358-400", field="objectType", given=value, hint=f"Use one of: {', '.join(_OBJECT_TYPES)}."
        )
    return value


def _wants_preview(given: dict[str, str]) -> bool:
    value = given.get("preview", "false").lower()
    if value not in ("true", "false"):
        raise Refusal("CONNECTOR-1312-400", value=value, name="preview", field="preview", hint="Send true or false.")
    return value == "true"


def _check_rest(given: dict[str, str]) -> None:
    if not given.get("object"):
        raise Refusal("CONNECTOR-1337-400", name="object", type="rest", field="object", hint="For an API it is json.")
    file_type = given.get("filetype", given.get("file_type", "json")).lower()
    if file_type != "json":
        raise Refusal("CONNECTOR-1327-400", value=file_type, allowed="json", field="fileType", given=file_type)


def source_params(given: str | None) -> dict[str, Any]:
    """The decoded ``sourceParams``; a published sample arrives percent-encoded twice, which is undone."""
    if not given:
        return {}
    # A blank is what became of an unescaped plus.
    text = unquote(given).replace(" ", "+").replace("-", "+").replace("_", "/").rstrip("=")
    try:
        decoded = orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), validate=True))
    except (binascii.Error, ValueError):
        decoded = None
    if not isinstance(decoded, dict):
        raise Refusal(
            "CONNECTOR-1389-400",
            name="sourceParams",
            field="sourceParams",
            given=given,
            hint='Encode an object such as {"resourcePath":"charges"} in Base64.',
        )
    return decoded
