"""Faults that an operator plants around deliveries (operation `webhooks.deliver`)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final

import orjson
from pydantic import ConfigDict, TypeAdapter, ValidationError

from farthing.kit.faults import Fault, Faults
from farthing.webhooks.delivery.answer import LOST, Answer
from farthing.webhooks.repository.deliveries import Claimed

OPERATION: Final = "webhooks.deliver"
_DURATION: TypeAdapter[timedelta] = TypeAdapter(timedelta, config=ConfigDict(defer_build=True))  # ISO 8601

Send = Callable[[], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Mishap:
    """One rule that fits one attempt."""

    fault: Fault

    @property
    def seconds(self) -> float:
        """Of real time that it adds."""
        return self.fault.milliseconds / 1000

    def postponed(self, now: datetime) -> datetime | None:
        """Until when the attempt is put off (kind `delay`); None: it is not."""
        if self.fault.kind != "delay" or self.fault.by is None:
            return None
        try:
            return now + _DURATION.validate_python(self.fault.by)
        except ValidationError:
            return None

    async def around(self, send: Send) -> Answer:
        """Not sent, but answered so (error); sent later (latency), twice (duplicate), or for nothing (lost_response)."""
        match self.fault.kind:
            case "error":
                return Answer(self.fault.status, _phrase(self.fault.status))
            case "latency":
                await asyncio.sleep(self.seconds)
                return await send()
            case "duplicate":
                await send()
                return await send()
            case "lost_response":
                await send()
                return LOST
        return await send()


class Mishaps:
    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    async def planted(self, claimed: Claimed) -> Mishap | None:
        """The rule for this attempt, its hit counted. Only a first attempt can be put off, and only once."""
        if not self._faults.active:
            return None
        facts = _facts(claimed)
        fault = await self._faults.claim(OPERATION, facts, "error", "latency", "duplicate", "lost_response")
        if fault is None and claimed.first_in_order:
            fault = await self._faults.claim(OPERATION, facts, "delay")
        return None if fault is None else Mishap(fault)


def _facts(claimed: Claimed) -> dict[str, str]:
    """What a rule can match: app, event, webhook, and the order and the buyer that the event is about."""
    about: dict[str, str] = orjson.loads(claimed.about) if claimed.about else {}
    return {**about, "app": claimed.client_id, "event": claimed.type, "webhook": claimed.webhook_id}


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
