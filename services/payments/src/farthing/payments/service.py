"""Manifest and wiring of payments."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

import orjson

from farthing.clients.ledger.client import LedgerClient
from farthing.clients.merchants.client import MerchantsClient
from farthing.clients.payments.events import TYPES
from farthing.clients.processor.client import ProcessorClient
from farthing.kit.manifest import Manifest
from farthing.kit.service import Service
from farthing.payments.api import Operations, routes
from farthing.payments.domain.intent import IntentKind
from farthing.payments.jobs import expiry, forgetting, recovery
from farthing.payments.metrics import Metrics
from farthing.payments.operations.access import Access
from farthing.payments.operations.audit import Auditing
from farthing.payments.operations.books import Books
from farthing.payments.operations.capture import CaptureAuthorization, CapturePlanning
from farthing.payments.operations.cards import Cards
from farthing.payments.operations.close import CloseAuthorization
from farthing.payments.operations.documents import Documents
from farthing.payments.operations.events import Events
from farthing.payments.operations.execution import Execution
from farthing.payments.operations.pay import PayOrder, Planning
from farthing.payments.operations.profiles import Profiles
from farthing.payments.operations.reading import Reading
from farthing.payments.operations.reauthorize import Reauthorize
from farthing.payments.operations.refund import RefundCapture, RefundPlanning
from farthing.payments.operations.request import Writing
from farthing.payments.operations.subjects import Subjects
from farthing.payments.repository.authorizations import AuthorizationRepository
from farthing.payments.repository.captures import CaptureRepository
from farthing.payments.repository.intents import IntentRepository

if TYPE_CHECKING:
    from farthing.kit.service import Host

MANIFEST = Manifest(
    name="payments",
    task="Makes authorizations, captures and refunds, and keeps their state.",
    public=("/v2/payments",),
    calls=("ledger", "merchants", "processor"),
    emits=TYPES,
)


class _Parts(NamedTuple):
    """What all use cases are made of."""

    intents: IntentRepository
    authorizations: AuthorizationRepository
    captures: CaptureRepository
    subjects: Subjects
    books: Books
    cards: Cards
    documents: Documents
    events: Events
    execution: Execution
    writing: Writing
    profiles: Profiles
    access: Access


def build(host: Host) -> Service:
    parts = _parts(host)
    operations = _operations(host, parts)
    parts.execution.use(
        {
            IntentKind.PAY: operations.pay,
            IntentKind.CAPTURE: operations.capture,
            IntentKind.REFUND: operations.refund,
            IntentKind.REAUTHORIZE: operations.reauthorize,
            IntentKind.CLOSE: operations.close,
        }
    )
    catalogue = orjson.loads((files(__package__) / "catalogue.json").read_bytes())
    jobs = (recovery(parts.execution, host.clock), expiry(operations.close), forgetting(parts.intents, host.clock))
    return Service(routes(operations, catalogue), jobs=jobs, forget=parts.profiles.forget)


def _parts(host: Host) -> _Parts:
    intents, merchants = IntentRepository(host.database), MerchantsClient(host.link("merchants"))
    metrics = Metrics(MANIFEST.name, host.metrics.registry)
    authorizations, captures = AuthorizationRepository(host.database, metrics), CaptureRepository(host.database, metrics)
    subjects = Subjects(authorizations, captures)
    execution = Execution(intents, subjects)
    return _Parts(
        intents=intents,
        authorizations=authorizations,
        captures=captures,
        subjects=subjects,
        books=Books(LedgerClient(host.link("ledger")), intents),
        cards=Cards(ProcessorClient(host.link("processor"))),
        documents=Documents(host.settings.public_url),
        events=Events(host.ids),
        execution=execution,
        writing=Writing(intents, execution, host.clock, host.ids, strict=host.settings.strict_idempotency),
        profiles=Profiles(merchants),
        access=Access(merchants),
    )


def _operations(host: Host, p: _Parts) -> Operations:
    clock, ids = host.clock, host.ids
    planning, capturing, refunding = Planning(p.profiles, clock, ids), CapturePlanning(clock, ids), RefundPlanning(clock, ids)
    shared = (p.documents, p.events, p.execution)
    return Operations(
        access=p.access,
        pay=PayOrder(planning, p.intents, p.captures, p.authorizations, p.books, p.cards, *shared, p.profiles),
        capture=CaptureAuthorization(p.authorizations, p.intents, p.books, p.cards, *shared, p.writing, p.profiles, capturing),
        reauthorize=Reauthorize(p.authorizations, p.books, *shared, p.writing, clock, ids),
        close=CloseAuthorization(p.authorizations, p.books, p.cards, *shared, p.writing, clock),
        refund=RefundCapture(p.captures, p.intents, p.books, p.cards, *shared, p.writing, p.profiles, refunding),
        reading=Reading(p.authorizations, p.captures, p.documents),
        auditing=Auditing(p.authorizations, p.captures, p.intents),
        subjects=p.subjects,
    )
