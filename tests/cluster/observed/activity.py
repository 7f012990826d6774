"""What goes on beside the exact client: sales that are refunded, amounts that are held, and one buyer whose requests fail."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

import httpx2

from tests.cluster.store import TO_HOLD, Refused, Store, capture_of, good


class Again:
    """Does something again and again, with a pause (seconds) before each, until it is left. What the platform refuses is not tried anew."""

    def __init__(self, do: Callable[[], object], pause: float) -> None:
        self._do, self._pause = do, pause
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(self._pause):
            with contextlib.suppress(Refused, httpx2.TransportError):
                self._do()


class Sales:
    """Every second one is captured and refunded, the others stay on hold."""

    MOST = 500  # captures

    def __init__(self, store: Store) -> None:
        self._store, self._number = store, 0

    def one(self) -> None:
        """Raises Refused."""
        self._number += 1
        if self._number % 2:
            paid = good(self._store.capture(self._store.approved()))
            good(self._store.refund(capture_of(paid)))
        else:
            good(self._store.authorize(self._store.approved(TO_HOLD)))


class Unlucky:
    """A paid order that shall not be shown any more: neither orders nor payments answers for it, and everybody else is served."""

    def __init__(self, store: Store) -> None:
        self._store, self._order = store, store.approved()
        self._capture = capture_of(good(store.capture(self._order)))

    def ask(self) -> None:
        self._store.show(f"/v2/checkout/orders/{self._order}")
        self._store.show(f"/v2/payments/captures/{self._capture}")

    @contextlib.contextmanager
    def out_of_luck(self) -> Iterator[None]:
        """With faults of the platform's own. Raises Refused."""
        planted = [self._plant("orders.get"), self._plant("captures.get")]
        try:
            yield
        finally:
            for fault in planted:
                good(self._store.operate("DELETE", f"faults/{fault}"))

    def _plant(self, operation: str) -> str:
        rule = {"operation": operation, "kind": "error", "status": 503, "match": {"order": self._order}}
        return str(good(self._store.operate("POST", "faults", rule))["id"])
