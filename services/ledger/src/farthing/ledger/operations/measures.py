"""What is measured of the books: whether they balance, and how many holds are open."""

from __future__ import annotations

import asyncio
from typing import Final

from prometheus_client import CollectorRegistry, Gauge

from farthing.kit.errors import ApiError
from farthing.kit.telemetry import Log
from farthing.ledger.repository.measures import MeasuresRepository, OfCurrency

_PAUSE: Final = 10.0  # seconds of real time between two looks: one costs as much as reading all accounts


class Measures:
    """Looks at the books again and again, also when nothing is posted: what tampers with them does not post.

    Every replica looks, and all see the same. The audit proves far more, and costs far more; this is what an alert can watch.
    """

    def __init__(self, service: str, repository: MeasuresRepository, registry: CollectorRegistry, log: Log) -> None:
        self._service, self._repository, self._log, labels = service, repository, log, ("service", "currency")
        self._imbalance = Gauge(
            "farthing_ledger_imbalance_minor_units",
            "Sum of all balances of a currency; 0 in books that balance.",
            labels,
            registry=registry,
        )
        self._holds = Gauge("farthing_holds_open", "Holds that nothing has closed.", labels, registry=registry)
        self._last_look = Gauge(
            "farthing_ledger_last_look_timestamp_seconds",
            "When the books were last looked at with success, since 1970.",
            ("service",),
            registry=registry,
        )
        self._looking: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._looking = asyncio.get_running_loop().create_task(self._look_again())

    async def stop(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])

    async def look(self) -> None:
        """Raises Unavailable; then no values are left, for what was true a while ago may not be read as what is."""
        try:
            found = await self._repository.by_currency()
        except Exception:
            self._tell([])
            raise
        self._tell(found)
        self._last_look.labels(self._service).set_to_current_time()  # real time, as Prometheus has it

    def _tell(self, found: list[OfCurrency]) -> None:
        self._imbalance.clear()
        self._holds.clear()
        for one in found:
            self._imbalance.labels(self._service, one.currency).set(one.imbalance)
            self._holds.labels(self._service, one.currency).set(one.holds)

    async def _look_again(self) -> None:
        while True:
            try:
                await self.look()
            except ApiError as error:
                self._log.warning("measures.wait", reason=error.name)
            except Exception as error:  # noqa: BLE001 - the edge of a task: the next look may go well
                self._log.error("measures.failed", error)
            await asyncio.sleep(_PAUSE)
