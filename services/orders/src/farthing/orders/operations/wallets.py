"""Wallets whose owners agreed to pay this merchant again without being asked. Vault keeps the permissions."""

from __future__ import annotations

from farthing.clients.accounts.models import Account
from farthing.clients.vault.client import VaultClient
from farthing.clients.vault.errors import WalletNotFound
from farthing.clients.vault.models import NewWallet, StoredWallet
from farthing.kit.errors import ApiError, NotFound, Unavailable
from farthing.money import Ids
from farthing.orders.domain.order import Order
from farthing.orders.domain.totals import Json, sum_of
from farthing.orders.domain.units import FROM_FILE
from farthing.orders.errors import PayerCannotPay, PayerNotFound, TokenNotFound
from farthing.orders.operations.cards import Cards
from farthing.orders.operations.directory import Directory
from farthing.orders.repository import Repository


class Wallets:
    """Pays from kept wallets, and keeps them."""

    def __init__(self, vault: VaultClient, cards: Cards, directory: Directory, repository: Repository, ids: Ids) -> None:
        self._vault, self._cards, self._directory = vault, cards, directory
        self._repository, self._ids = repository, ids

    async def knows(self, token: str) -> bool:
        try:
            await self._vault.wallet(token)
        except WalletNotFound:
            return False
        return True

    async def fund(self, order: Order, token: str, source: Json) -> None:
        """Let a kept wallet pay. Raises TokenNotFound when no order of this merchant kept it, PayerCannotPay, NotEnabledForCards."""
        try:
            kept = await self._vault.wallet(token) if await self._repository.keeps(token, (order.merchant, order.creator)) else None
            payer = await self._directory.payer(kept.account_id) if kept else None
        except (WalletNotFound, PayerNotFound):
            kept = payer = None
        if kept is None or payer is None:
            raise TokenNotFound(field="/payment_source")
        check_payer(order, payer)
        chosen = {"kind": "wallet"} if kept.card is None else await self._cards.stored(kept.card)
        order.funding = of_payer(order, payer, chosen)
        order.document["payment_source"] = source or {"paypal": {}}
        order.document = with_payer(order, payer)

    async def keep(self, order: Order) -> StoredWallet | None:
        """Keep the wallet that paid, if its order asked for that. One permission per merchant and payer, unless several are wanted."""
        funding, attributes = order.funding or {}, _attributes(order)
        instruction = attributes.get("vault") or {}
        if "account_id" not in funding or instruction.get("store_in_vault") is None:
            return None
        customer = (attributes.get("customer") or {}).get("id") or self._ids.code(10)
        once = order.payment_key if instruction.get("permit_multiple_payment_tokens") else f"{order.merchant}.{funding['account_id']}"
        wallet = NewWallet(account_id=funding["account_id"], card=funding.get("token"), customer_id=customer)
        try:
            return await self._vault.keep(wallet, key=f"wallet.{once}")
        except ApiError as error:
            if error.status_code == NotFound.status:
                raise Unavailable(
                    description="This release of vault keeps no wallets yet: the payment is made and its order waits."
                ) from None
            raise


def is_kept(order: Order) -> bool:
    """Whether the payer, by approving, agrees to pay again without being asked."""
    return (_attributes(order).get("vault") or {}).get("store_in_vault") is not None


def _attributes(order: Order) -> Json:
    found: Json = ((order.document.get("payment_source") or {}).get("paypal") or {}).get("attributes") or {}
    return found


def check_payer(order: Order, payer: Account) -> None:
    """Raises PayerCannotPay when the payer is a payee."""
    if any(unit["payee"]["merchant_id"] == payer.id for unit in order.units):
        raise PayerCannotPay


def of_payer(order: Order, payer: Account, chosen: Json) -> Json:
    """The funding of a payer with an account. `limit`: the amount that he approved, in minor units."""
    return {**chosen, "account_id": payer.id, "email": payer.email, "limit": sum_of(order.units)}


def with_payer(order: Order, payer: Account) -> Json:
    """The order's document, and what the merchant learns of its payer: name, e-mail address, country, and where to ship."""
    name = {"given_name": payer.given_name, "surname": payer.surname}
    country = {"country_code": payer.country}
    source = order.document.get("payment_source") or {"paypal": {}}
    if "card" in source:  # an earlier choice that the payer replaced
        source = {"paypal": {}}
    if "paypal" in source:
        facts = {"email_address": payer.email, "account_id": payer.id, "account_status": "VERIFIED", "name": name, "address": country}
        source = {"paypal": {**source["paypal"], **facts}}
    shown = {"name": name, "email_address": payer.email, "payer_id": payer.id, "address": country}
    return {**order.document, "purchase_units": _shipped(order, payer), "payment_source": source, "payer": shown}


def _shipped(order: Order, payer: Account) -> list[Json]:
    if (order.context.get("shipping_preference") or FROM_FILE) != FROM_FILE or payer.address is None:
        return order.units
    full_name = f"{payer.given_name} {payer.surname}".strip()
    filed = {"name": {"full_name": full_name}, "address": payer.address.model_dump(exclude_none=True)}
    return [{**unit, "shipping": {**filed, **(unit.get("shipping") or {})}} for unit in order.units]
