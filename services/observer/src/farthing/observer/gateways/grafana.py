"""Annotations in Grafana, through its HTTP API. They wait while it is away, the oldest give way, and nothing waits for them."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import aiohttp

if TYPE_CHECKING:
    from farthing.kit.telemetry import Log
    from farthing.observer.settings import GrafanaSettings

WAITING: Final = 500  # annotations
_LIMIT: Final = aiohttp.ClientTimeout(total=5.0)
_PAUSE: Final = 5.0  # seconds until a Grafana that was away is asked again


@dataclass(frozen=True, slots=True)
class Annotation:
    """`ended` makes a region of a moment. Two of one key are the same annotation: the second changes it."""

    key: tuple[str, ...]
    text: str
    tags: tuple[str, ...]
    began: datetime
    ended: datetime | None = None

    def body(self) -> dict[str, Any]:
        times = {"time": _milliseconds(self.began)} | ({"timeEnd": _milliseconds(self.ended)} if self.ended else {})
        return {"text": self.text, "tags": list(self.tags), **times}


class Grafana:
    """`put` never waits. Between `start` and `stop` a task sends what was put, one after another."""

    def __init__(self, settings: GrafanaSettings, log: Log, pause: float = _PAUSE) -> None:
        self._settings, self._log, self._pause = settings, log, pause
        self._waiting: deque[Annotation] = deque(maxlen=WAITING)
        self._ids: dict[tuple[str, ...], int] = {}
        self._put = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def put(self, annotation: Annotation) -> None:
        self._waiting.append(annotation)
        self._put.set()

    def start(self) -> None:
        self._task = asyncio.create_task(self._send_all())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _send_all(self) -> None:
        async with aiohttp.ClientSession(timeout=_LIMIT, cookie_jar=aiohttp.DummyCookieJar()) as session:
            while True:
                await self._put.wait()
                self._put.clear()
                while self._waiting:
                    annotation = self._waiting.popleft()
                    while not await self._send(session, annotation):  # noqa: ASYNC110 - nobody tells when Grafana is back
                        await asyncio.sleep(self._pause)

    async def _send(self, session: aiohttp.ClientSession, annotation: Annotation) -> bool:
        """Whether it is done with: taken, or refused for good."""
        known = self._ids.pop(annotation.key, None)
        url, method = f"{self._settings.url}/api/annotations", "POST"
        if known is not None:
            url, method = f"{url}/{known}", "PATCH"
        try:
            async with session.request(method, url, json=annotation.body(), headers=self._headers(), allow_redirects=False) as answer:
                if 300 <= answer.status < 500 and answer.status != 429:
                    self._log.warning("grafana.refused", status=answer.status)
                    return True
                answer.raise_for_status()
                if annotation.ended is None:
                    self._ids[annotation.key] = int((await answer.json())["id"])
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError, TypeError) as error:
            self._log.warning("grafana.away", reason=type(error).__name__)
            if known is not None:
                self._ids[annotation.key] = known
            return False
        return True

    def _headers(self) -> dict[str, str]:
        """Raises OSError while the token cannot be read."""
        token = self._settings.token
        return {"authorization": f"Bearer {token.read_text().strip()}"} if token else {}


def _milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)
