"""What is open to other machines where a server listens to more than its own."""

from __future__ import annotations

from ipaddress import ip_address

from emulator.settings import Settings

_ADMIN = "whoever does can read, change and empty everything by /__admin (set --admin-token, or --no-admin)"
_SERVICES = "any token is good for the services (set --auth strict)"
_NOT_HELPING = "--auth strict guards the services alone"


def warning(settings: Settings) -> str | None:
    """One line for whoever starts it; None where only this machine reaches it, or somebody asks who comes."""
    if _is_loopback(settings.host) or settings.admin_token is not None:
        return None
    strict = settings.auth == "strict"
    told = [] if settings.no_admin else [f"{_ADMIN}; {_NOT_HELPING}" if strict else _ADMIN]
    told += [] if strict else [_SERVICES]
    return f"other machines may reach {settings.host}: {', and '.join(told)}" if told else None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
