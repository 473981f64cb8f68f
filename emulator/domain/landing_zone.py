"""Rules for Data Landing Zones: a container and its credentials for every type, in every sandbox."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from emulator.domain.errors import Refusal
from emulator.domain.identifiers import Identifiers
from emulator.domain.tenant import Tenant

Document = dict[str, Any]

# Where sources take files from and where destinations put them, by the documented names.
CONTAINERS = {"user_drop_zone": "dlz-user-container", "dlz_destination": "dlz-destination"}
FILE_DAYS = 7
CREDENTIAL_DAYS = 90
REFRESH = "refresh"
_DAY_MS = 86_400_000


def zone_type(given: str | None) -> str:
    """The ``type`` of a call: missing, empty and unknown are told apart as documented."""
    wanted = _parameter("type", given)
    if wanted not in CONTAINERS:
        known = " or ".join(CONTAINERS)
        raise Refusal("CONNECTOR-1710-400", type=wanted, field="type", given=wanted, hint=f"Send {known}.")
    return wanted


def check_action(given: str | None) -> None:
    """The one thing that can be done with credentials is to refresh them."""
    action = _parameter("action", given)
    if action != REFRESH:
        raise Refusal("CONNECTOR-1705-400", field="action", given=action, hint=f"Send {REFRESH}.")


def _parameter(name: str, given: str | None) -> str:
    if given is None:
        raise Refusal("CONNECTOR-1359-400", name=name, field=name)
    if given == "":
        raise Refusal("CONNECTOR-1334-400", name=name, field=name)
    return given


def container(of_type: str) -> Document:
    """The container as shown; how many days its files live is a text."""
    return {"containerName": CONTAINERS[of_type], "containerTTL": str(FILE_DAYS)}


def issued(of_type: str, tenant: Tenant, ids: Identifiers, now: int) -> Document:
    """New credentials, as they are kept."""
    signature = b64encode(bytes.fromhex(ids.digest())).decode()
    return {
        "containerName": CONTAINERS[of_type],
        "SASToken": f"sv=2020-04-08&si=dlz-{ids.uuid()}&sr=c&sp=racwdlm&sig={quote(signature, safe='')}",
        "storageAccountName": _storage_account(tenant),
        "expiryDate": _date(now + CREDENTIAL_DAYS * _DAY_MS),
    }


def _storage_account(tenant: Tenant) -> str:
    """One for each sandbox, the same after every reset; 24 lower-case letters and digits are the longest allowed."""
    return f"dlblobstore{tenant.sandbox_id.replace('-', '')}"[:24]


def expired(credentials: Document, now: int) -> bool:
    """Documented: they are to be refreshed before their expiry date."""
    return _date(now) >= str(credentials["expiryDate"])


def _date(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).date().isoformat()


def shown(credentials: Document, origin: str) -> Document:
    """Credentials with the address of their container: below this server, never below the vendor's host."""
    account, name, token = (credentials[key] for key in ("storageAccountName", "containerName", "SASToken"))
    return {
        "containerName": name,
        "SASToken": token,
        "storageAccountName": account,
        "SASUri": f"{origin}/{account}/{name}?{token}",
        "expiryDate": credentials["expiryDate"],
    }
