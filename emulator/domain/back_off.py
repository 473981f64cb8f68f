"""How long to wait before something that failed is tried again."""

from __future__ import annotations

import random

# Not the generator that the whole process shares: where the emulator runs inside a test process, a seeded test
# would draw other numbers whenever a retry came in between.
chance = random.SystemRandom().random
FIRST_MS = 1_000
LONGEST_MS = 15 * 60_000


def wait_ms(attempts: int, jitter: float) -> int:
    """Milliseconds to wait after so many failed attempts (1 and more).

    The wait doubles with each attempt up to a bound. ``jitter`` (0 to 1) takes away up to half of it, so that
    those who failed together do not come back together.
    """
    whole = min(FIRST_MS << min(attempts - 1, 32), LONGEST_MS)
    return round(whole * (1 - jitter / 2))
