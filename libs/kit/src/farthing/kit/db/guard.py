"""Nobody calls another service while a transaction is open: the client refuses to send."""

from __future__ import annotations

from contextvars import ContextVar

OPEN_TRANSACTION: ContextVar[bool] = ContextVar("open_transaction", default=False)


def refuse_inside_transaction() -> None:
    if OPEN_TRANSACTION.get():
        message = "a call to another service inside an open transaction: record intent, commit, then call"
        raise RuntimeError(message)
