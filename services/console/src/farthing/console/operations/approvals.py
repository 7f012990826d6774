"""Approving orders as a payer would: once, or by a rule."""

from __future__ import annotations

import re
from typing import Any, Final, Literal

import orjson

from farthing.clients.accounts.client import AccountsClient
from farthing.clients.accounts.errors import AccountNotFound
from farthing.clients.accounts.models import Account
from farthing.clients.identity.client import IdentityClient
from farthing.clients.identity.errors import AppNotFound
from farthing.clients.orders.client import OrdersClient
from farthing.clients.orders.errors import OrderNotFound
from farthing.clients.orders.models import Approval, WireOrder
from farthing.console.errors import AccountKindWrong, AccountUnknown, AppUnknown
from farthing.console.repository import Repository
from farthing.kit.call import about
from farthing.kit.model import Model
from farthing.kit.switches import Switches

AUTO_APPROVE: Final = "auto-approve"
ANY_APP: Final = "*"
_MOST_REMEMBERED: Final = 10_000
_ORDER_ID: Final = re.compile(r"[A-Za-z0-9-]{1,36}")

Funding = Literal["balance", "card"]


class AutoApproveRule(Model):
    """Orders of the app are approved as this buyer as soon as they are created."""

    buyer: str
    app: str
    funding: Funding


class Approvals:
    """Approves an order as the payer would on the page.

    Which buyer an e-mail address means is remembered: it never changes before a reset.
    """

    def __init__(self, orders: OrdersClient, accounts: AccountsClient) -> None:
        self._orders, self._accounts = orders, accounts
        self._buyers: dict[str, str] = {}

    async def approve(self, order_id: str, buyer: str, funding: Funding) -> WireOrder:
        """Answer the order; a card is the first one of the account. Raises AccountUnknown, and what orders refuses."""
        if _ORDER_ID.fullmatch(order_id) is None:
            raise OrderNotFound
        about(order=order_id)
        return await self._orders.approve(order_id, Approval(account_id=await self._buyer(buyer), funding=funding))

    def forget(self) -> None:
        self._buyers.clear()

    async def _buyer(self, email: str) -> str:
        known = self._buyers.get(email)
        if known is None:
            known = (await personal_account(self._accounts, email)).id
            if len(self._buyers) >= _MOST_REMEMBERED:
                self._buyers.clear()
            self._buyers[email] = known
        return known


class AutoApproval:
    """Keeps one rule per app in the switch that orders reads. Accounts stand there by id, and with the e-mail address for the operator."""

    def __init__(self, accounts: AccountsClient, identity: IdentityClient, switches: Switches, repository: Repository) -> None:
        self._accounts, self._identity = accounts, identity
        self._switches, self._repository = switches, repository

    def rules(self) -> list[AutoApproveRule]:
        return [AutoApproveRule(buyer=rule["email"], app=rule["app"], funding=rule["funding"]) for rule in self._held()]

    async def put(self, rule: AutoApproveRule) -> AutoApproveRule:
        """Set the rule of an app, in the place of an earlier one. Raises AccountUnknown, AccountKindWrong, AppUnknown."""
        account = await personal_account(self._accounts, rule.buyer)
        await self._check_app(rule.app)
        held = {"buyer": account.id, "email": account.email, "app": rule.app, "funding": rule.funding}
        await self._publish([*self._others(rule.app), held])
        return rule.model_copy(update={"buyer": account.email})

    async def remove(self, app: str | None) -> None:
        """Remove the rule of an app, or all; what is not there stays so."""
        await self._publish(self._others(app) if app is not None else [])

    async def _check_app(self, app: str) -> None:
        if app == ANY_APP:
            return
        try:
            await self._identity.app(app)
        except AppNotFound:
            raise AppUnknown(field="/app") from None

    async def _publish(self, rules: list[dict[str, str]]) -> None:
        await self._repository.put_switch(AUTO_APPROVE, orjson.dumps(rules).decode())
        self._switches.put(AUTO_APPROVE, rules)

    def _held(self) -> list[dict[str, Any]]:
        return list(self._switches.get(AUTO_APPROVE, []))

    def _others(self, app: str) -> list[dict[str, Any]]:
        return [rule for rule in self._held() if rule["app"] != app]


async def personal_account(accounts: AccountsClient, email: str, *, field: str = "/buyer") -> Account:
    """A buyer's account; `field`: where the request names him. Raises AccountUnknown, AccountKindWrong."""
    try:
        account = await accounts.by_email(email)
    except AccountNotFound:
        raise AccountUnknown(field=field) from None
    if account.kind != "personal":
        raise AccountKindWrong(description="A buyer is a personal account.", field=field)
    return account
