"""A program that runs beside a server of its own: told by variables where it is, and its signals passed on."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import FrameType
from urllib.parse import urlsplit

# As shells have it.
NOT_EXECUTABLE = 126
NOT_FOUND = 127
KILLED = 128

_PASSED_ON = [number for name in ("SIGINT", "SIGTERM", "SIGHUP") if (number := getattr(signal, name, None))]
# Names of the vendor's environment template: what scripts and collections made for it read.
_ANYTHING = {
    "API_KEY": "any",
    "CLIENT_SECRET": "any",
    "SCOPES": "openid",
    "IMS_ORG": "ACME@AdobeOrg",
    "SANDBOX_NAME": "prod",
    "ACCESS_TOKEN": "any",
}
# Where curl, OpenSSL and Python, requests, and Node.js look for whom to trust.
_TRUST = ("CURL_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")


def variables(
    url: str,
    given: Mapping[str, str],
    authority: str | None = None,
    token: Callable[[str], str] | None = None,
    admin_token: str | None = None,
) -> dict[str, str]:
    """The environment of a program whose server is at ``url``.

    The address always names that server. Credentials that were ``given`` stay. ``authority`` is the file of the
    certificate to trust, or nothing without TLS; ``token`` gives one for a client, where not any is good;
    ``admin_token`` is what the verbs are asked for.
    """
    host = urlsplit(url)
    made = _ANYTHING | dict(given)
    if token is not None and not given.get("ACCESS_TOKEN"):
        made["ACCESS_TOKEN"] = token(made["API_KEY"])
    if admin_token is not None:
        made["FLOW_EMULATOR_ADMIN_TOKEN"] = admin_token
    made |= {"FLOW_EMULATOR_URL": url, "PLATFORM_GATEWAY": url, "IMS": host.netloc}
    for name in ("NO_PROXY", "no_proxy"):
        made[name] = ",".join(filter(None, [given.get(name), host.hostname]))
    if authority is not None:
        made |= dict.fromkeys(_TRUST, authority)
    return made


def run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """The status that the program ends with; 128 and the signal's number for one that a signal ends."""
    try:
        process = subprocess.Popen(command, env=environment)  # noqa: S603 -- what the user typed
    except FileNotFoundError:
        print(f"flow-emulator: {command[0]}: there is no such command", file=sys.stderr)
        return NOT_FOUND
    except OSError as error:
        print(f"flow-emulator: {command[0]}: {error.strerror}", file=sys.stderr)
        return NOT_EXECUTABLE
    with _passing_signals_to(process):
        status = process.wait()
    return KILLED - status if status < 0 else status


@contextlib.contextmanager
def _passing_signals_to(process: subprocess.Popen[bytes]) -> Iterator[None]:
    def pass_on(number: int, _frame: FrameType | None) -> None:
        # A terminal sends its interrupt to both; twice would mean "at once" to many a program.
        if number != signal.SIGINT or not _in_front_of_a_terminal():
            process.send_signal(number)

    before = {number: signal.signal(number, pass_on) for number in _PASSED_ON}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _in_front_of_a_terminal() -> bool:
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (AttributeError, OSError, ValueError):
        return False
