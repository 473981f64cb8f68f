"""The two names of a schema: its ``$id`` and its ``meta:altId``."""

from __future__ import annotations

ROOT = "https://ns.adobe.com/"
_GLOBAL_ALT = "_xdm."


def schema_id(name: str) -> str:
    """The ``$id`` for either name: ``_acme.schemas.12ab`` is ``https://ns.adobe.com/acme/schemas/12ab``."""
    if name.startswith(ROOT) or not name.startswith("_"):
        return name
    if name.startswith(_GLOBAL_ALT):
        return ROOT + "xdm/" + name.removeprefix(_GLOBAL_ALT).replace(".", "/")
    return ROOT + name[1:].replace(".", "/")


def alt_id(resource_id: str) -> str:
    """The ``meta:altId`` of a ``$id``."""
    return "_" + resource_id.removeprefix(ROOT).replace("/", ".")
