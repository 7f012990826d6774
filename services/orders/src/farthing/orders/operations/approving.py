"""The payer says yes."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from farthing.clients.accounts.models import Account
from farthing.clients.orders.events import APPROVED, PROCESSED
from farthing.clients.orders.models import Approval
from farthing.kit.clock import Clock
from farthing.kit.errors import ApiError
from farthing.kit.switches import Switches
from farthing.orders.domain.order import TO_PAY, Order
from farthing.orders.domain.states import Status, Step, after
from farthing.orders.domain.totals import Json
from farthing.orders.errors import OrderChanged, OrderCompletionInProgress, OrderExpired, OrderNotFound
from farthing.orders.operations.cards import Cards
from farthing.orders.operations.directory import Directory
from farthing.orders.operations.news import Teller
from farthing.orders.operations.paying import Paying
from farthing.orders.operations.showing import seen_of
from farthing.orders.operations.wallets import check_payer, of_payer, with_payer
from farthing.orders.repository import Repository

AT_ONCE: Final = "ORDER_COMPLETE_ON_PAYMENT_APPROVAL"
SWITCH: Final = "auto-approve"


class Approving:
    """Approves orders, as the approval page, the operator or a rule asks."""

    def __init__(
        self, repository: Repository, directory: Directory, cards: Cards, paying: Paying, teller: Teller, clock: Clock, switches: Switches
    ) -> None:
        self._repository, self._directory, self._cards = repository, directory, cards
        self._paying, self._teller, self._clock, self._switches = paying, teller, clock, switches

    async def approve(self, order_id: str, approval: Approval) -> Order:
        """Record who pays and how; repeating it changes nothing.

        Raises OrderNotFound, OrderExpired, OrderAlreadyCompleted, OrderCompletionInProgress, OrderChanged, PayerNotFound,
        PayerCannotPay, InstrumentNotFound.
        """
        approved = await self._at_first_sight(order_id, approval)
        while approved is None:
            order = await self._repository.load(order_id)
            if order is None:
                raise OrderNotFound
            approved = await self._approved(order, approval)
        return approved

    async def approve_by_rule(self, order: Order) -> Order:
        """Approve a new order when the operator has a rule for its app. What the rule cannot do is left to the payer."""
        rules = self._switches.get(SWITCH, ())
        rule = next((rule for rule in rules if rule["app"] in {"*", order.client_id}), None) if order.waits_for_payer else None
        if rule is None:
            return order
        try:
            return await self.approve(order.id, Approval(account_id=rule["buyer"], funding=rule.get("funding", "balance")))
        except ApiError:
            return order

    async def _at_first_sight(self, order_id: str, approval: Approval) -> Order | None:
        """Approve an order as it was made a moment ago. None: it is not known here, has changed since, or must be judged as it is now."""
        made = self._repository.just_made(order_id)
        try:
            return await self._approved(made, approval) if made is not None else None
        except ApiError:
            return None

    async def _approved(self, order: Order, approval: Approval) -> Order | None:
        """None when somebody else changed the order meanwhile."""
        now = self._clock.now()
        if order.expired(now):
            raise OrderExpired
        status = after(order.status, Step.APPROVE, order.intent)
        if order.paying:
            raise OrderCompletionInProgress
        if approval.seen not in {None, seen_of(order)}:
            raise OrderChanged
        payer = await self._payer(order, approval)
        funding = await self._funding(order, payer, approval)
        if order.status is Status.APPROVED and order.funding == funding:
            return order
        document = with_payer(order, payer)
        approved = replace(order, status=status, funding=funding, document=document, updated=now, expires=now + TO_PAY)
        return approved if await self._save(approved) else None

    async def _save(self, order: Order) -> bool:
        at_once = order.document.get("processing_instruction") == AT_ONCE
        kinds = (APPROVED, PROCESSED) if at_once else (APPROVED,)
        if not await self._repository.save(order, [self._teller.news(order, kind) for kind in kinds]):
            return False
        if at_once:
            await self._paying.pay_at_once(order)
        return True

    async def _payer(self, order: Order, approval: Approval) -> Account:
        payer = await self._directory.payer(approval.account_id)
        check_payer(order, payer)
        return payer

    async def _funding(self, order: Order, payer: Account, approval: Approval) -> Json:
        chosen = {"kind": "wallet"} if approval.funding == "balance" else await self._cards.instrument(payer, approval.instrument_id)
        return of_payer(order, payer, chosen)
