"""OpenPGP key pairs. The library that makes them comes with the extra ``encryption``."""

from __future__ import annotations

from importlib.util import find_spec
from typing import NamedTuple

from emulator.domain.errors import Refusal

INSTALL = "Install the extra: pip install 'flow-service-emulator[encryption]'."


class KeyPair(NamedTuple):
    """Both halves as ASCII armour."""

    public: str
    private: str


def is_installed() -> bool:
    return find_spec("pysequoia") is not None


def is_private(text: str) -> bool:
    return text.startswith("-----BEGIN PGP PRIVATE KEY BLOCK-----")


def new_key_pair(user_id: str) -> KeyPair:
    """A pair that GnuPG and others can encrypt for. Refuses where the library is not installed."""
    try:
        # It takes 10 MB, so it is loaded only where somebody wants a key.
        from pysequoia import Profile, Tsk
    except ImportError:
        raise Refusal("CONNECTOR-0501-501", hint=INSTALL) from None
    # Without an expiry of its own: programs that encrypt go by the real time, keys of a sandbox by the server's clock.
    private = Tsk.generate(user_id, profile=Profile.RFC4880)
    return KeyPair(str(private.extract_certificate()), str(private))
