"""How a connector meets trouble: what passes is tried again after a while, the rest fails at once."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from emulator.domain import back_off
from emulator.engine.sources.source import SourceFailed

ATTEMPTS = 5
FIRST_S, LONGEST_S = 0.5, 8.0
# A server may ask for more time than a run should stand still.
LONGEST_ASKED_S = 30.0
T = TypeVar("T")
logger = logging.getLogger(__name__)


class Trouble(Exception):
    """One attempt that failed. ``passing`` when the next one may not; the message holds no secrets."""

    error_code = "UserErrorRequestRefused"
    passing = False
    # What would be right.
    advice = "Correct the address in auth.params of the base connection, or what the source is asked for."
    # Seconds that the source asks to be left alone for.
    asked: float | None = None

    def failure(self) -> SourceFailed:
        """The same once nothing more is tried: in the words of the copy engine."""
        message = str(self)
        kind = "Microsoft.DataTransfer.Common.Shared.HybridDeliveryException"
        detail = f"ErrorCode={self.error_code},'Type={kind},Message={message}'"
        return SourceFailed(message, detail=detail, advice=self.advice)


class Refused(Trouble):
    """The source does not do what it is asked for."""


class Unusable(Trouble):
    """The source's answer cannot be read."""

    error_code = "UserErrorInvalidData"
    advice = "Answer with JSON, and where its records are not recognised, name their contentPath."


class FileMissing(Trouble):
    error_code = "UserErrorFileNotFound"
    advice = "Name a resource that is there, or correct the address in auth.params of the base connection."


class AuthExpired(Trouble):
    """The credentials are refused; renewed ones may not be."""

    error_code = "UserErrorUnauthorized"
    advice = "Correct the credentials in auth.params of the base connection."


class RateLimited(Trouble):
    error_code = "UserErrorTooManyRequests"
    passing = True
    advice = "Ask again later."

    def __init__(self, message: str, asked: float | None = None) -> None:
        super().__init__(message)
        self.asked = asked


class ServerBroken(Trouble):
    error_code = "UserErrorServerError"
    passing = True
    advice = "See to the server, then ask again."

    def __init__(self, message: str, asked: float | None = None) -> None:
        super().__init__(message)
        self.asked = asked


class NetworkLost(Trouble):
    error_code = "UserErrorNetworkIssue"
    passing = True
    advice = "Start the server there, or correct the address in auth.params of the base connection."


def delay(failures: int, chance: float, asked: float | None = None) -> float:
    """Seconds to wait after so many attempts in a row (1 and more) have failed.

    Exponential back-off with full jitter: ``chance`` is at least 0 and below 1. What the source asks for
    goes before it. Both are capped.
    """
    if asked is not None:
        return min(max(asked, 0.0), LONGEST_ASKED_S)
    return chance * min(LONGEST_S, FIRST_S * 2.0 ** (failures - 1))


@dataclass(frozen=True)
class Retries:
    """Tries again, at most ``ATTEMPTS`` attempts in all. ``wait`` takes seconds, ``random`` gives 0 up to 1.

    ``within`` says that somebody waits, and how many seconds: then nothing is tried again but with renewed
    credentials, and whoever waits is told.
    """

    wait: Callable[[float], None] = time.sleep
    random: Callable[[], float] = back_off.chance
    within: float | None = None

    def of(self, attempt: Callable[[], T], renew: Callable[[], bool], source: str) -> T:
        """What ``attempt`` returns in the end; ``source`` names who is asked, for the log.

        Refused credentials are renewed once and tried again at once; refused twice in a row they fail.
        Raises ``SourceFailed``.
        """
        renewed = False
        for failures in range(1, ATTEMPTS + 1):
            try:
                return attempt()
            except Trouble as trouble:
                problem = trouble
            expired = isinstance(problem, AuthExpired)
            again = (not renewed and renew()) if expired else problem.passing and self.within is None
            if not again or failures == ATTEMPTS:
                break
            renewed = expired
            pause = 0.0 if expired else delay(failures, self.random(), problem.asked)
            logger.info("%s: attempt %d of %d failed: %s; next in %.2f s", source, failures, ATTEMPTS, problem, pause)
            if pause:
                self.wait(pause)
        if self.within is None:
            logger.warning("%s: given up after %d of %d attempts: %s", source, failures, ATTEMPTS, problem)
        raise problem.failure()
