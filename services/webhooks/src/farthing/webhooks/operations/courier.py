"""Deliveries on their way: taken when they are due, attempted side by side, recorded."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from farthing.kit.call import TRAIL
from farthing.kit.clock import Clock, real_now, wire_time
from farthing.kit.errors import ApiError
from farthing.kit.telemetry import Log
from farthing.kit.telemetry.tracing import trail_of
from farthing.webhooks.delivery.answer import BROKEN, Answer
from farthing.webhooks.delivery.sender import Sender
from farthing.webhooks.domain.schedule import Schedule, Status
from farthing.webhooks.operations.documents import Documents
from farthing.webhooks.operations.keyring import KeyRing
from farthing.webhooks.operations.measures import Measures
from farthing.webhooks.operations.mishaps import Mishaps
from farthing.webhooks.repository.deliveries import Claimed, Deliveries, Outcome
from farthing.webhooks.signing import ALGORITHM, VERSION, Transmission

_LEASE_MARGIN: Final = 10.0  # seconds beyond the time limit of an attempt, for signing and recording
_LOOK_AGAIN: Final = 0.02  # seconds: whoever pauses the worker (reset) waits this long at most
_GRACE: Final = 0.25  # seconds that deliveries on their way have at shutdown


@dataclass(frozen=True, slots=True)
class Limits:
    """How many attempts run at once, in all and for each URL; `timeout` is that of one attempt in seconds."""

    at_once: int
    for_each_url: int
    timeout: float


class Courier:
    """Each attempt is a task of its own, so that a slow receiver holds up nobody: `run` begins attempts and does not wait for them.

    At least once: a process that dies in the middle keeps its lease until that is over, then the delivery is taken again.
    """

    def __init__(
        self,
        deliveries: Deliveries,
        keyring: KeyRing,
        sender: Sender,
        documents: Documents,
        schedule: Schedule,
        limits: Limits,
        mishaps: Mishaps,
        clock: Clock,
        measures: Measures,
        log: Log,
    ) -> None:
        self._deliveries, self._keyring, self._sender, self._documents = deliveries, keyring, sender, documents
        self._schedule, self._limits, self._mishaps = schedule, limits, mishaps
        self._clock, self._measures, self._log = clock, measures, log
        self._lease = limits.timeout + _LEASE_MARGIN
        self._claiming = asyncio.Lock()
        self._running: dict[str, asyncio.Task[None]] = {}
        self._busy: Counter[int] = Counter()
        self.wake: Callable[[], None] = lambda: None

    async def due(self) -> datetime | None:
        """When the earliest delivery that nobody has taken is due."""
        return await self._deliveries.due()

    async def run(self) -> int:
        """Begin what is due and has room; answer how many."""
        async with self._claiming:
            room = self._limits.at_once - len(self._running)
            if room <= 0:
                return 0
            in_lane = self._limits.for_each_url
            taken = await self._deliveries.claim(self._clock.now(), most=room, in_lane=in_lane, busy=self._busy, lease=self._lease)
            for claimed in taken:
                self._begin(claimed)
        return len(taken)

    async def unfinished(self) -> datetime | None:
        """When the earliest delivery is due whose outcome is not known: also of those that this process or another one has taken."""
        return await self._deliveries.earliest()

    async def wait(self) -> int:
        """Give what is on its way a moment. Answers 1: the work that is due is not done yet."""
        if self._running:
            await asyncio.wait(self._running.values(), timeout=_LOOK_AGAIN)
        else:
            await asyncio.sleep(_LOOK_AGAIN)
        return 1

    async def stop(self) -> None:
        """Wait a little for what is on its way, and give the rest back to whoever comes next."""
        if self._running:
            await asyncio.wait(self._running.values(), timeout=_GRACE)
        left = list(self._running)
        self.forget()
        with contextlib.suppress(ApiError):  # the database is away: their leases end by themselves
            await self._deliveries.release(left)
        await self._sender.close()

    def forget(self) -> None:
        """Drop what is on its way: its rows are gone (reset, restore)."""
        for task in self._running.values():
            task.cancel()

    def _begin(self, claimed: Claimed) -> None:
        task = asyncio.get_running_loop().create_task(self._deliver(claimed), context=contextvars.Context())
        self._running[claimed.id] = task
        self._busy[claimed.lane] += 1
        self._measures.running(len(self._running))
        task.add_done_callback(lambda _: self._ended(claimed))

    def _ended(self, claimed: Claimed) -> None:
        del self._running[claimed.id]
        self._busy.subtract((claimed.lane,))
        self._busy = +self._busy  # lanes that are empty are forgotten
        self._measures.running(len(self._running))
        self.wake()

    async def _deliver(self, claimed: Claimed) -> None:
        TRAIL.set(trail_of(claimed.trace, self._limits.timeout))  # this task's alone
        # A defect counts like any failure: else the attempt would be repeated for ever, without a pause.
        if not await self._guarded(claimed, self._attempt(claimed)):
            await self._guarded(claimed, self._record(claimed, BROKEN))

    async def _guarded(self, claimed: Claimed, step: Awaitable[None]) -> bool:
        """Whether it met no defect of ours: the edge of a task, for what goes wrong with one delivery stops no other."""
        try:
            await step
        except ApiError as error:  # the database is away: when the lease is over the delivery is taken again
            self._log.warning("webhook.not_recorded", transmission=claimed.id, reason=error.name)
        except Exception as error:  # noqa: BLE001
            self._log.error("webhook.attempt_broken", error, transmission=claimed.id)
            return False
        return True

    async def _attempt(self, claimed: Claimed) -> None:
        mishap = await self._mishaps.planted(claimed)
        until = mishap.postponed(self._clock.now()) if mishap else None
        if until is not None:
            await self._deliveries.postpone(claimed, until)
            self._measures.attempted("postponed")
            return
        if mishap is None:
            answer = await self._send(claimed)
        else:
            await self._deliveries.extend(claimed.id, mishap.seconds + 2 * self._limits.timeout + _LEASE_MARGIN)
            answer = await mishap.around(lambda: self._send(claimed))
        await self._record(claimed, answer)

    async def _send(self, claimed: Claimed) -> Answer:
        """Signed anew each time: the time in the signature is that of this attempt."""
        body = claimed.body.encode()
        signer = await self._keyring.signer()
        transmission = Transmission(claimed.id, wire_time(self._clock.now()), claimed.webhook_id)
        headers = {
            "Content-Type": "application/json",
            "Accept": "*/*",
            "User-Agent": "Farthing webhooks",
            "PAYPAL-TRANSMISSION-ID": transmission.id,
            "PAYPAL-TRANSMISSION-TIME": transmission.time,
            "PAYPAL-TRANSMISSION-SIG": signer.sign(transmission, body),
            "PAYPAL-CERT-URL": self._documents.certificate_url(signer.certificate_id),
            "PAYPAL-AUTH-ALGO": ALGORITHM,
            "PAYPAL-AUTH-VERSION": VERSION,
        }
        return await self._sender.send(claimed.url, headers, body)

    async def _record(self, claimed: Claimed, answer: Answer) -> None:
        number, now = claimed.attempts + 1, self._clock.now()
        pause = self._schedule.pause_after(number)
        status = Status.SUCCESS if answer.delivered else Status.FAILURE if pause is None else Status.PENDING
        next_at = now + pause if pause is not None and status is Status.PENDING else now
        if not await self._deliveries.finish(claimed, Outcome(status, next_at, now, answer.status, answer.reason)):
            return
        if number == 1:
            self._measures.first_attempted((real_now() - claimed.recorded).total_seconds())
        self._measures.attempted({Status.SUCCESS: "delivered", Status.PENDING: "failed", Status.FAILURE: "given_up"}[status])
        if status is Status.SUCCESS:
            return
        # The URL may hold a secret, the reason phrase is a stranger's: neither is logged.
        log = self._log.info if status is Status.PENDING else self._log.warning
        log("webhook.failed", transmission=claimed.id, event_type=claimed.type, attempt=number, http_status=answer.status, status=status)
