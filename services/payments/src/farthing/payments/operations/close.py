"""Closing an authorization: its merchant voids it, or its validity ends. What was set apart is the payer's again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from farthing.clients.payments.events import AUTHORIZATION_VOIDED
from farthing.kit.errors import ApiError
from farthing.payments.domain.authorization import AuthorizationStatus, Closing
from farthing.payments.domain.intent import REQUEST_IDS_KEPT, ClosePlan, Intent, IntentKind
from farthing.payments.errors import CannotBeVoided
from farthing.payments.operations.access import seen
from farthing.payments.operations.books import release_posting
from farthing.payments.operations.subjects import tell_of

if TYPE_CHECKING:
    from datetime import datetime

    from farthing.kit.clock import Clock
    from farthing.payments.domain.authorization import Authorization
    from farthing.payments.operations.books import Books
    from farthing.payments.operations.cards import Cards
    from farthing.payments.operations.documents import Documents
    from farthing.payments.operations.events import Events
    from farthing.payments.operations.execution import Execution
    from farthing.payments.operations.request import Slot, WriteRequest, Writing, Written
    from farthing.payments.repository.authorizations import AuthorizationRepository

_AT_ONCE: Final = 100


class CloseAuthorization:
    """Void, and let expire."""

    def __init__(
        self,
        authorizations: AuthorizationRepository,
        books: Books,
        cards: Cards,
        documents: Documents,
        events: Events,
        execution: Execution,
        writing: Writing,
        clock: Clock,
    ) -> None:
        self._authorizations, self._books, self._cards = authorizations, books, cards
        self._documents, self._events = documents, events
        self._execution, self._writing, self._clock = execution, writing, clock

    async def void(self, request: WriteRequest) -> Written:
        """Raises NotFound, what `Authorization.refuse_unless_voidable` and `Writing.once` raise."""
        return await self._writing.once(request, lambda slot: self._begin(request, slot), self)

    async def execute(self, intent: Intent, *, alone: bool) -> None:  # noqa: ARG002 - nothing here can be refused
        plan = intent.plan
        assert isinstance(plan, ClosePlan)  # noqa: S101 - the kind says so
        posting = release_posting(plan)
        if posting is not None:
            await self._books.post_surely(posting)
        else:
            await self._cards.void(intent.subject)
        named = await self._authorizations.find(intent.subject)
        if named is None or named.authorization.busy != intent.id:
            return  # a twin has recorded it
        changed = named.authorization.after_closing(plan.reason, plan.at)
        voided = changed.status is AuthorizationStatus.VOIDED  # what was fully captured just takes no more
        events = [self._events.of(AUTHORIZATION_VOIDED, changed, self._documents.authorization(changed))] if voided else []
        await self._authorizations.change(intent, changed, events)

    async def next_expiry(self) -> datetime | None:
        return await self._authorizations.next_expiry()

    async def expire(self) -> int:
        """Close the authorizations whose validity is over; answer how many."""
        done = 0
        for authorization in await self._authorizations.expired(self._clock.now(), _AT_ONCE):
            try:
                await self._expire(authorization)
                done += 1
            except ApiError as error:
                if error.status_code < 500:  # what cannot be closed now holds back no other
                    raise
        return done

    async def _expire(self, authorization: Authorization) -> None:
        """One step: another change of it ends first; when somebody was faster, the next run sees what he did."""
        tell_of(authorization)
        if authorization.busy is not None:
            await self._execution.finish_other(authorization.busy)
            return
        intent = self._intent(authorization, f"expire.{authorization.id}", Closing.EXPIRY, self._clock.now() + REQUEST_IDS_KEPT)
        if await self._authorizations.begin(authorization, intent):
            await self._execution.run(intent, lambda: self.execute(intent, alone=True))

    async def _begin(self, request: WriteRequest, slot: Slot) -> Intent | None:
        named = seen(request.actor, await self._authorizations.find(request.path_id))
        authorization = named.authorization
        if named.reauthorization is not None:
            raise CannotBeVoided
        if authorization.busy is not None:
            await self._execution.finish_other(authorization.busy)
            return None
        authorization.refuse_unless_voidable(self._clock.now())
        intent = self._intent(authorization, slot.intent_id, Closing.VOID, slot.expires, slot.fingerprint)
        return intent if await self._authorizations.begin(authorization, intent) else None

    def _intent(self, a: Authorization, intent_id: str, reason: Closing, kept_until: datetime, fingerprint: str = "") -> Intent:
        plan = ClosePlan(reason, a.hold, a.order_id, self._clock.now())
        return Intent(intent_id, a.id, IntentKind.CLOSE, a.id, plan, fingerprint, kept_until)
