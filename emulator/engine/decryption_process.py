"""The process in which one file is decrypted, so that no file can take more than its share of memory and disk.

The library holds Python's lock while it works, and unfolds what is compressed without end. This is started as a
script and knows nothing of the emulator. Standard input holds a JSON document ``{"key", "input", "output", "bytes",
"memory"}``; standard output gets another, ``{"reason"}``: null where ``output`` holds what was in ``input``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

Document = dict[str, Any]

TOO_LARGE, NO_KEY = "too large", "no key"
# What the library says of a message that is encrypted for others.
_FOR_OTHERS = "No key to decrypt message"


def main() -> None:
    request = json.load(sys.stdin)
    _limit(request)
    print(json.dumps({"reason": _reason(request)}))


def _limit(request: Document) -> None:
    """Where the system can hold a process to it, which Windows cannot."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_FSIZE, (request["bytes"],) * 2)
    resource.setrlimit(resource.RLIMIT_DATA, (request["memory"],) * 2)


def _reason(request: Document) -> str | None:
    """Why it cannot be decrypted, None when it was."""
    from pysequoia import Tsk, decrypt_file

    output = Path(request["output"])
    try:
        private = Tsk.from_bytes(request["key"].encode())
        decrypt_file(request["input"], output, decryptor=private.decryptor())
    except Exception as error:
        if output.exists() and output.stat().st_size >= request["bytes"]:
            return TOO_LARGE
        # Behind the first line come the places in the library.
        said = str(error).partition("\n")[0]
        return NO_KEY if said == _FOR_OTHERS else said or type(error).__name__
    return None


if __name__ == "__main__":
    main()
