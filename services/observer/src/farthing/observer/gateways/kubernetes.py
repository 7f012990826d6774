"""Watches on the cluster's API that reconnect and miss nothing.

List, then watch from the list's version; a watch that ends goes on from the last version that it saw. When the server has forgotten
that version (410 Gone) everything is listed anew, and what is no longer there is told as gone. Bookmarks keep the version young where
little happens.

The official client is synchronous, so each kind has a thread of its own. A thread that waits for the server costs nothing, six of them are
simpler than a second client library, and the domain is fed from the event loop alone.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from farthing.observer.domain.objects import Object
from farthing.observer.domain.reading import READERS, Raw, items, part, word

if TYPE_CHECKING:
    from farthing.kit.telemetry import Log
    from farthing.observer.settings import ObserverSettings

PAGE: Final = 500
_WATCH_SECONDS: Final = 300  # the server ends a watch then, and it goes on from where it was
_CONNECT, _SILENCE = 5.0, 150.0  # seconds; a bookmark comes about every minute, so a longer silence is a dead connection
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.2, 10.0
_GONE: Final = 410


class Expired(Exception):
    """The server no longer knows the version that was to be gone on from."""


class Sink(Protocol):
    """Who is told. `listed` comes first, and again whenever everything was read anew; all calls come one after another."""

    def listed(self, resource: str, found: list[Object]) -> None: ...
    def seen(self, found: Object, at: datetime) -> None: ...
    def gone(self, uid: str, at: datetime) -> None: ...


class Resource(NamedTuple):
    """One kind of object: its name in the API, how it is listed, and which of them."""

    name: str
    list: Callable[..., Any]
    selection: dict[str, str]


def resources(settings: ObserverSettings) -> list[Resource]:
    """Everything that is watched. Raises ValueError when no cluster can be found."""
    from kubernetes import client  # noqa: PLC0415 - importing it takes a second and binds a socket, and the manifest must be read without

    api = _client(settings)
    apps, core, scaling = client.AppsV1Api(api), client.CoreV1Api(api), client.AutoscalingV2Api(api)
    labels = f"app.kubernetes.io/name=farthing,app.kubernetes.io/instance={settings.instance}"
    here = {"namespace": settings.namespace}
    ours = {**here, "label_selector": labels}
    return [
        Resource("deployments", apps.list_namespaced_deployment, ours),
        Resource("replicasets", apps.list_namespaced_replica_set, ours),
        Resource("pods", core.list_namespaced_pod, ours),
        Resource("events", core.list_namespaced_event, {**here, "field_selector": "involvedObject.kind=Pod"}),
        Resource("horizontalpodautoscalers", scaling.list_namespaced_horizontal_pod_autoscaler, ours),
        Resource("nodes", core.list_node, {}),
    ]


def _client(settings: ObserverSettings) -> Any:  # noqa: ANN401 - the client has no types
    from kubernetes import client, config  # noqa: PLC0415

    found = client.Configuration()
    try:
        if settings.kubeconfig or settings.context:
            config.load_kube_config(settings.kubeconfig, settings.context, client_configuration=found, persist_config=False)
        else:
            config.load_incluster_config(client_configuration=found)
    except (config.ConfigException, OSError) as error:
        raise ValueError(f"no cluster to watch ({error}): run it in a pod, or set FARTHING_OBSERVER_KUBECONFIG") from None
    found.connection_pool_maxsize = len(READERS) + 1
    found.retries = False  # the watches have a patience of their own
    return client.ApiClient(found)


class Watch:
    """Follows one kind in a thread. `deliver` runs a function where the sink lives; `now` is the real time."""

    def __init__(
        self, resource: Resource, sink: Sink, deliver: Callable[[Callable[[], None]], object], now: Callable[[], datetime], log: Log
    ) -> None:
        self._resource, self._sink, self._deliver, self._now, self._log = resource, sink, deliver, now, log
        self._read = READERS[resource.name]
        self._there: set[str] = set()
        self._version: str | None = None
        self._failures = 0
        self._stopped = Event()
        self._answer: Any = None
        self._thread = Thread(target=self._run, name=f"watch-{resource.name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End it, also in the middle of a read."""
        self._stopped.set()
        if self._answer is not None:
            with suppress(Exception):
                self._answer.shutdown()
        self._thread.join(_CONNECT)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                if self._version is None:
                    self._list()
                began = time.monotonic()
                self._watch()
                if time.monotonic() - began < 1:  # a server that ends each watch at once is not asked in a circle
                    self._stopped.wait(_SHORTEST_PAUSE)
            except Expired:
                self._log.info("watch.expired", resource=self._resource.name)
                self._version = None
            except Exception as error:  # noqa: BLE001 - whatever the network does, the watch goes on
                self._rest(error)

    def _rest(self, error: Exception) -> None:
        """Wait before the next attempt, longer each time; a first failure is only a connection that ended."""
        if self._stopped.is_set():
            return
        if self._failures:
            self._log.warning("watch.interrupted", resource=self._resource.name, reason=type(error).__name__, status=_status(error))
        pause = min(_SHORTEST_PAUSE * 2**self._failures, _LONGEST_PAUSE)
        self._failures = min(self._failures + 1, 10)
        self._stopped.wait(pause)

    def _list(self) -> None:
        found: list[Raw] = []
        more, version = "", ""
        while True:
            answer = self._ask({"limit": PAGE, **({"_continue": more} if more else {})}, _SILENCE)
            try:
                body = json.loads(answer.data)
            finally:
                answer.release_conn()
            found += items(body, "items")
            more, version = word(part(body, "metadata"), "continue"), word(part(body, "metadata"), "resourceVersion")
            if not more:
                break
        there = {_uid(raw) for raw in found}
        missing, self._there = self._there - there, there
        at, objects = self._now(), [self._read(raw) for raw in found]
        self._tell(lambda: self._sink.listed(self._resource.name, objects))
        for uid in sorted(missing):
            self._tell(lambda uid=uid: self._sink.gone(uid, at))  # type: ignore[misc]
        self._version, self._failures = version, 0

    def _watch(self) -> None:
        """Raises Expired, and whatever the network does. Returns when the server ends the watch in good order."""
        query = {"watch": True, "resource_version": self._version, "allow_watch_bookmarks": True, "timeout_seconds": _WATCH_SECONDS}
        self._answer = self._ask(query, _SILENCE)
        try:
            for line in _lines(self._answer):
                if self._stopped.is_set():
                    return
                self._take(json.loads(line))
                self._failures = 0
        finally:
            self._answer.close()
            self._answer = None

    def _take(self, news: Raw) -> None:
        kind, raw, at = word(news, "type"), part(news, "object"), self._now()
        if kind == "ERROR":
            if raw.get("code") == _GONE:
                raise Expired
            raise ConnectionError(f"the watch was ended with code {raw.get('code')}")
        if kind != "BOOKMARK":
            self._tell_change(raw, at, deleted=kind == "DELETED")
        self._version = word(part(raw, "metadata"), "resourceVersion") or self._version

    def _tell_change(self, raw: Raw, at: datetime, *, deleted: bool) -> None:
        uid, found = _uid(raw), self._read(raw)
        self._tell(lambda: self._sink.seen(found, at))
        if deleted:
            self._there.discard(uid)
            self._tell(lambda: self._sink.gone(uid, at))
        else:
            self._there.add(uid)

    def _tell(self, what: Callable[[], None]) -> None:
        if not self._stopped.is_set():
            self._deliver(what)

    def _ask(self, query: dict[str, Any], silence: float) -> Any:  # noqa: ANN401 - urllib3's answer
        try:
            return self._resource.list(**self._resource.selection, **query, _preload_content=False, _request_timeout=(_CONNECT, silence))
        except Exception as error:
            if _status(error) == _GONE:
                raise Expired from None
            raise


def _lines(answer: Any) -> Iterator[bytes]:  # noqa: ANN401
    """The lines of an answer as they come; an unfinished last one is no line."""
    rest = b""
    for chunk in answer.stream(None):
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (line for line in whole if line.strip())


def _uid(raw: Raw) -> str:
    return word(part(raw, "metadata"), "uid")


def _status(error: Exception) -> int | None:
    """Of an answer that the client raised."""
    return getattr(error, "status", None)
