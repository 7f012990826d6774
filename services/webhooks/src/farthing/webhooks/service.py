"""What webhooks is made of."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from farthing.kit.manifest import Manifest
from farthing.kit.service import Host, Service
from farthing.webhooks.api import routes
from farthing.webhooks.delivery.sender import Sender
from farthing.webhooks.domain.event_types import EventType, EventTypes
from farthing.webhooks.domain.samples import Samples
from farthing.webhooks.domain.schedule import Schedule
from farthing.webhooks.handlers import handlers
from farthing.webhooks.jobs import jobs
from farthing.webhooks.operations.courier import Courier, Limits
from farthing.webhooks.operations.deliveries import DeliveryLog
from farthing.webhooks.operations.documents import Documents
from farthing.webhooks.operations.history import History
from farthing.webhooks.operations.intake import Intake, Subscribers
from farthing.webhooks.operations.keyring import KeyRing
from farthing.webhooks.operations.measures import Measures
from farthing.webhooks.operations.mishaps import Mishaps
from farthing.webhooks.operations.simulation import Simulation
from farthing.webhooks.operations.verification import Verification
from farthing.webhooks.operations.webhooks import Webhooks
from farthing.webhooks.repository.deliveries import Deliveries
from farthing.webhooks.repository.events import Events
from farthing.webhooks.repository.keys import Keys
from farthing.webhooks.repository.subscriptions import Subscriptions
from farthing.webhooks.settings import KeyFiles, WebhookSettings
from farthing.webhooks.signing import KeyPair, given_pair

MANIFEST: Final = Manifest(
    name="webhooks",
    task="Tells merchants what happened: signed, retried, in order.",
    public=("/v1/notifications",),
    consumes=(("orders", "CHECKOUT.*"), ("payments", "PAYMENT.*")),
)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What several use cases share."""

    host: Host
    settings: WebhookSettings
    types: EventTypes
    documents: Documents
    subscriptions: Subscriptions
    events: Events
    deliveries: Deliveries
    keyring: KeyRing

    @property
    def strangers(self) -> bool:
        return not self.host.settings.sandbox


def build(host: Host) -> Service:
    """Raises ValueError when live mode lacks its key, or a setting makes no sense."""
    parts = _parts(host)
    courier = _courier(parts)
    intake = Intake(Subscribers(parts.subscriptions), parts.events, parts.documents, host.clock, host.ids)
    history = History(parts.events, parts.subscriptions, parts.documents, host.clock, host.ids)
    simulation = _simulation(parts, history)
    work = jobs(courier, history)
    for source in (intake, history, simulation):
        source.stored = courier.wake
    api = routes(
        _data("catalogue.json"),
        Webhooks(parts.subscriptions, parts.types, parts.documents, host.ids, strangers=parts.strangers),
        history,
        simulation,
        Verification(parts.keyring, parts.events, parts.subscriptions),
        parts.keyring,
        DeliveryLog(parts.deliveries),
    )
    return Service(api, jobs=work, handlers=handlers(intake), forget=courier.forget, stop=courier.stop)


def _parts(host: Host) -> _Parts:
    settings = WebhookSettings.of(host.settings)
    types = EventTypes(EventType(**one) for one in _data("event_types.json"))
    name = urlsplit(host.settings.public_url).hostname or "farthing"
    given = _given(settings.key_files) if settings.key_files else None
    return _Parts(
        host,
        settings,
        types,
        Documents(types, host.settings.public_url),
        Subscriptions(host.database),
        Events(host.database),
        Deliveries(host.database),
        KeyRing(Keys(host.database), name, given),
    )


def _courier(parts: _Parts) -> Courier:
    settings, host = parts.settings, parts.host
    spans = host.tracing.of(MANIFEST.name, host.version)
    return Courier(
        parts.deliveries,
        parts.keyring,
        Sender(timeout=settings.timeout, connections=settings.at_once, strangers=parts.strangers, spans=spans),
        parts.documents,
        Schedule.doubling(settings.attempts, settings.first_pause, settings.longest_pause),
        Limits(settings.at_once, settings.for_each_url, settings.timeout),
        Mishaps(host.faults),
        host.clock,
        Measures(MANIFEST.name, host.metrics.registry),
        host.log,
    )


def _simulation(parts: _Parts, history: History) -> Simulation:
    host = parts.host
    return Simulation(
        parts.events,
        parts.subscriptions,
        history,
        parts.documents,
        parts.types,
        Samples(_data("samples.json")),
        host.clock,
        host.ids,
        host.settings.public_url,
        strangers=parts.strangers,
    )


def _given(paths: KeyFiles) -> KeyPair:
    try:
        return given_pair(paths.certificate.read_bytes(), paths.key.read_bytes())
    except (OSError, ValueError) as error:
        raise ValueError(f"FARTHING_WEBHOOKS_KEY_FILE and FARTHING_WEBHOOKS_CERTIFICATE_FILE: {error}") from None


def _data(name: str) -> Any:  # noqa: ANN401 - any JSON
    return orjson.loads((files("farthing.webhooks") / name).read_bytes())
