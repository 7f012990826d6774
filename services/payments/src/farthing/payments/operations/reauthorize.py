"""Reauthorizing: another hold under a new id, once the honor period is over (wire contract, section 7.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farthing.clients.ledger.errors import InsufficientFunds
from farthing.clients.payments.events import AUTHORIZATION_CREATED
from farthing.kit.errors import Refused
from farthing.payments.domain.authorization import Reauthorization
from farthing.payments.domain.intent import Intent, IntentKind, ReauthorizePlan
from farthing.payments.errors import PayerCannotPay, ReauthorizationNotSupported, TransactionRefused
from farthing.payments.operations.access import seen
from farthing.payments.operations.books import reauthorization_posting

if TYPE_CHECKING:
    from farthing.kit.clock import Clock
    from farthing.money import Ids, Money
    from farthing.payments.domain.authorization import Authorization
    from farthing.payments.operations.books import Books
    from farthing.payments.operations.documents import Documents
    from farthing.payments.operations.events import Events
    from farthing.payments.operations.execution import Execution
    from farthing.payments.operations.request import Slot, WriteRequest, Writing, Written
    from farthing.payments.repository.authorizations import AuthorizationRepository


class Reauthorize:
    """Replace an authorization's hold."""

    def __init__(
        self,
        authorizations: AuthorizationRepository,
        books: Books,
        documents: Documents,
        events: Events,
        execution: Execution,
        writing: Writing,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._authorizations, self._books = authorizations, books
        self._documents, self._events = documents, events
        self._execution, self._writing, self._clock, self._ids = execution, writing, clock, ids

    async def reauthorize(self, request: WriteRequest, amount: Money | None) -> Written:
        """Raises NotFound, PayerCannotPay, what `Authorization.amount_to_reauthorize` and `Writing.once` raise."""
        return await self._writing.once(request, lambda slot: self._begin(request, amount, slot), self)

    async def execute(self, intent: Intent, *, alone: bool) -> None:
        plan = intent.plan
        assert isinstance(plan, ReauthorizePlan)  # noqa: S101 - the kind says so
        try:
            await self._books.post_or_withdraw(intent, reauthorization_posting(plan), alone=alone)
        except InsufficientFunds:
            raise PayerCannotPay from None
        except Refused:
            raise TransactionRefused from None
        named = await self._authorizations.find(intent.subject)
        if named is None or named.authorization.busy != intent.id:
            return  # a twin has recorded it
        changed = named.authorization.after_reauthorization(plan.id, plan.amount, plan.at)
        made = Reauthorization(plan.id, intent.subject, plan.amount, plan.at)
        event = self._events.of(AUTHORIZATION_CREATED, changed, self._documents.authorization(changed, made))
        await self._authorizations.change(intent, changed, [event], reauthorizations=[made])

    async def _begin(self, request: WriteRequest, wanted: Money | None, slot: Slot) -> Intent | None:
        named = seen(request.actor, await self._authorizations.find(request.path_id))
        authorization = named.authorization
        if named.reauthorization is not None:
            raise ReauthorizationNotSupported(description="A reauthorization cannot be reauthorized itself.")
        if authorization.busy is not None:
            await self._execution.finish_other(authorization.busy)
            return None
        plan = self._plan(authorization, wanted)
        intent = Intent(slot.intent_id, plan.id, IntentKind.REAUTHORIZE, authorization.id, plan, slot.fingerprint, slot.expires)
        return intent if await self._authorizations.begin(authorization, intent) else None

    def _plan(self, a: Authorization, wanted: Money | None) -> ReauthorizePlan:
        now = self._clock.now()
        amount = a.amount_to_reauthorize(wanted, now).minor
        return ReauthorizePlan(self._ids.resource(), amount, a.currency, str(a.payer), str(a.hold), a.order_id, now)
