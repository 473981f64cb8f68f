"""A local certificate authority and the certificate it gives the server, kept in a folder over restarts."""

from __future__ import annotations

import contextlib
import os
import ssl
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

# The hosts that clients of the real services call.
REAL_HOSTS = ("platform.adobe.io", "dcs.adobedc.net", "ims-na1.adobelogin.com")
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
AUTHORITY = "ca.pem"
_AUTHORITY_KEY = "ca-key.pem"
_SERVER = "server.pem"
# The longest that Apple's clients accept is 825 days.
_LASTS = timedelta(days=390)
_RENEWED_BEFORE = timedelta(days=30)
# Clocks of other machines and containers may be a little behind.
_SKEW = timedelta(days=1)


class NoCertificate(Exception):
    """There is no certificate to be had; the message is one line."""


def prepare(folder: Path, hosts: Iterable[str], now: datetime) -> Path:
    """The file with certificate and key of a server that answers for ``hosts``.

    Makes the authority when the folder has none, so that who trusts it goes on to do so; the server's certificate
    is made anew when it ends soon, lacks a host, or comes from another authority. Raises ``NoCertificate``.
    """
    try:
        return _prepare(folder, sorted(set(hosts)), now)
    except ImportError:
        raise NoCertificate("--tls auto needs trustme: pip install 'flow-service-emulator[tls]'") from None
    except (OSError, ValueError) as error:
        raise NoCertificate(f"--tls-folder {folder}: {error}") from None


def _prepare(folder: Path, hosts: list[str], now: datetime) -> Path:
    import trustme

    folder.mkdir(parents=True, exist_ok=True)
    # Keys have no place in a repository.
    (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    key, certificate, server = folder / _AUTHORITY_KEY, folder / AUTHORITY, folder / _SERVER
    if not key.exists():
        made = trustme.CA(organization_name="flow-service-emulator", organization_unit_name="local authority")
        _keep(key, made.private_key_pem.bytes() + made.cert_pem.bytes(), once=True)
    # Key and certificate come from one file: servers that start at once agree on the one that was first.
    both = key.read_bytes()
    authority = trustme.CA.from_pem(both, both)
    _keep(certificate, authority.cert_pem.bytes(), mode=0o644)
    if not _good(server, authority.cert_pem.bytes(), hosts, now):
        leaf = authority.issue_cert(
            *hosts, common_name=hosts[0], not_before=now - _SKEW, not_after=now + _LASTS, key_type=trustme.KeyType.ECDSA
        )
        _keep(server, leaf.private_key_and_cert_chain_pem.bytes())
    return server


def _good(server: Path, authority: bytes, hosts: list[str], now: datetime) -> bool:
    """Whether the kept certificate is the authority's, names all hosts, and lasts a while."""
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature

    if not server.exists():
        return False
    try:
        leaf = x509.load_pem_x509_certificate(server.read_bytes())
        leaf.verify_directly_issued_by(x509.load_pem_x509_certificate(authority))
        named = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, InvalidSignature, x509.ExtensionNotFound):
        return False
    begun = leaf.not_valid_before_utc <= now
    return begun and leaf.not_valid_after_utc >= now + _RENEWED_BEFORE and set(hosts) <= {str(n.value) for n in named}


def _keep(path: Path, content: bytes, mode: int = 0o600, once: bool = False) -> None:
    """Write a whole file or none, never readable to others for a moment; ``once`` leaves one that is there."""
    if path.exists() and path.read_bytes() == content:
        return
    scratch = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    scratch.chmod(mode)
    if not once:
        scratch.replace(path)
        return
    with contextlib.suppress(FileExistsError):
        os.link(scratch, path)
    scratch.unlink()


def check(certificate: Path, key: Path) -> None:
    """Whether the files belong together. Raises ``NoCertificate``."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise NoCertificate(f"--tls-cert {certificate}, --tls-key {key}: {error}") from None
