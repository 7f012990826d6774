"""confirm-payment-source: the merchant says how the payer will pay."""

from __future__ import annotations

from farthing.clients.orders.events import APPROVED
from farthing.kit.clock import Clock
from farthing.orders.domain.order import TO_PAY, Order
from farthing.orders.domain.states import Step, after
from farthing.orders.domain.totals import Json
from farthing.orders.errors import NoPaymentSource, OrderExpired
from farthing.orders.operations.approving import AT_ONCE, Approving
from farthing.orders.operations.callers import Caller
from farthing.orders.operations.creating import check_content
from farthing.orders.operations.funds import Funds
from farthing.orders.operations.news import Teller
from farthing.orders.operations.paying import Paying, must_not_be_paying
from farthing.orders.operations.sources import Asked, Source
from farthing.orders.repository import Repository


class Confirming:
    """Confirms payment sources."""

    def __init__(self, repository: Repository, funds: Funds, paying: Paying, approving: Approving, teller: Teller, clock: Clock) -> None:
        self._repository, self._funds, self._paying = repository, funds, paying
        self._approving, self._teller, self._clock = approving, teller, clock

    async def confirm(self, caller: Caller, order_id: str, request: Json, source: Source | None) -> Order:
        """A wallet is asked of its payer; a card, and a wallet that was kept, are as good as approved.

        Raises NoPaymentSource, OrderNotFound, OrderExpired, PaymentAlreadyApproved, OrderCannotBeConfirmed, OrderCompletionInProgress,
        OrderInvalid (the source's context may want an address), UnsupportedProcessingInstruction and what `Funds.fund` refuses.
        """
        if source is None:
            raise NoPaymentSource(field="/payment_source")
        while True:
            order = caller.changeable(await self._repository.load(order_id))
            if await self._confirmed(order, request, source):
                return await self._approving.approve_by_rule(order)

    async def _confirmed(self, order: Order, request: Json, source: Source) -> bool:
        """False when somebody else changed the order meanwhile."""
        now = self._clock.now()
        if order.expired(now):
            raise OrderExpired
        must_not_be_paying(order)
        order.status = after(order.status, Step.ASK if isinstance(source, Asked) else Step.CONFIRM, order.intent)
        self._instruct(order, request, source)
        order.updated = now
        if isinstance(source, Asked):
            order.document["payment_source"] = source.shown
            return await self._repository.save(order)
        await self._funds.fund(order, source)
        order.expires = now + TO_PAY
        saved = await self._repository.save(order, [self._teller.news(order, APPROVED)])
        if saved and order.document.get("processing_instruction") == AT_ONCE:
            await self._paying.pay_at_once(order)
        return saved

    def _instruct(self, order: Order, request: Json, source: Source) -> None:
        order.context = {**order.context, **(request.get("application_context") or {}), **source.context}
        if request.get("processing_instruction"):
            order.document["processing_instruction"] = request["processing_instruction"]
        check_content(order.units, order.intent, order.context, order.document.get("processing_instruction"))
