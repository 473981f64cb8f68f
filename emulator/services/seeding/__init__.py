"""Seeds: documents that say what a server starts with, what a reset goes back to, and what an export holds."""

from emulator.services.seeding.reading import BadSeed
from emulator.services.seeding.seeds import Seeds

__all__ = ["BadSeed", "Seeds"]
