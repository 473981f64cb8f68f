"""How Catalog's operations are called: each is given a transaction, so that several can share one."""

from __future__ import annotations

from collections.abc import Callable

from emulator.edge.call import Answer, Call, answer
from emulator.edge.routing import Handler
from emulator.store.database import Database, Transaction

Operation = Callable[[Transaction, Call], Answer]
_VALIDATE_ONLY = "validate-only"


class Undone(Exception):
    """Carries an answer out of a transaction that is undone."""

    def __init__(self, result: Answer) -> None:
        super().__init__()
        self.result = result


def reads(database: Database, operation: Operation) -> Handler:
    def handler(call: Call) -> Answer:
        with database.reading() as tx:
            return operation(tx, call)

    return handler


def writes(database: Database, operation: Operation) -> Handler:
    """Documented: with ``Pragma: validate-only`` the call is checked and changes nothing."""

    def handler(call: Call) -> Answer:
        try:
            with database.writing() as tx:
                result = operation(tx, call)
                if is_dry(call):
                    raise Undone(_without_ids(result))
                return result
        except Undone as undone:
            return undone.result

    return handler


def is_dry(call: Call) -> bool:
    """Whether the call is only to be checked."""
    return call.headers.get("pragma", "").strip().lower() == _VALIDATE_ONLY


def _without_ids(result: Answer) -> Answer:
    """What was not created has no id."""
    return answer([]) if result.status == 201 else result
