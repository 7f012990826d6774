"""Use cases of merchants."""

from __future__ import annotations

from farthing.clients.merchants.errors import MerchantExists, MerchantNotFound, UnknownRate
from farthing.clients.merchants.models import Merchant, MerchantChange, NewMerchant, RateCard
from farthing.kit.clock import Clock
from farthing.merchants.domain import STANDARD, Rates
from farthing.merchants.repository import MerchantRow, Repository


class Merchants:
    """Make accounts merchants, keep their terms, record whom they let act for them."""

    def __init__(self, repository: Repository, clock: Clock) -> None:
        self._repository, self._clock = repository, clock

    async def create(self, new: NewMerchant) -> Merchant:
        """Make an account a merchant, once. Whoever asks again names no terms, or those that it has.

        Raises MerchantExists, UnknownRate.
        """
        wanted = MerchantRow(new.account_id, new.email, new.name, new.country, _stored(new.rate_card), new.block_repeated_invoices)
        await self._repository.insert(wanted, self._clock.now())
        found = await self._repository.by_id(new.account_id)
        if found is None or (found.email, found.name, found.country) != (new.email, new.name, new.country):
            raise MerchantExists(field="/account_id" if found else "/email")
        merchant = _merchant(found)
        if new.rate_card is not None and merchant.rate_card != _merchant(wanted).rate_card:
            raise MerchantExists(field="/rate_card")
        if new.block_repeated_invoices and not merchant.block_repeated_invoices:
            raise MerchantExists(field="/block_repeated_invoices")
        return merchant

    async def change(self, account_id: str, change: MerchantChange) -> Merchant:
        """Change the terms; what is absent stays. Raises MerchantNotFound, UnknownRate."""
        card, block = _stored(change.rate_card), change.block_repeated_invoices
        await self._repository.change(account_id, rate_card=card, block_repeated_invoices=block)
        return await self.get(account_id)

    async def get(self, account_id: str) -> Merchant:
        """Raises MerchantNotFound."""
        return _merchant(await self._repository.by_id(account_id))

    async def by_email(self, email: str) -> Merchant:
        """Raises MerchantNotFound."""
        return _merchant(await self._repository.by_email(email))

    async def consent(self, merchant_id: str, partner_id: str) -> bool:
        """Whether the partner may act for the merchant: everybody for himself."""
        return merchant_id == partner_id or await self._repository.has_consent(merchant_id, partner_id)

    async def give_consent(self, merchant_id: str, partner_id: str) -> None:
        """Raises MerchantNotFound."""
        await self.get(merchant_id)
        await self._repository.give_consent(merchant_id, partner_id, self._clock.now())

    async def withdraw_consent(self, merchant_id: str, partner_id: str) -> None:
        """Raises MerchantNotFound."""
        await self.get(merchant_id)
        await self._repository.withdraw_consent(merchant_id, partner_id)


def _stored(card: RateCard | None) -> str | None:
    """The rate card as JSON, completed. Raises UnknownRate."""
    if card is None:
        return None
    rates = Rates(card.percent, card.fixed, card.refund_overdraft)
    unknown = rates.unknown()
    if unknown:
        raise UnknownRate(field="/rate_card", value=unknown[0])
    return _rate_card(rates.completed()).model_dump_json()


def _rate_card(rates: Rates) -> RateCard:
    return RateCard(percent=dict(rates.percent), fixed=dict(rates.fixed), refund_overdraft=dict(rates.refund_overdraft))


def _merchant(row: MerchantRow | None) -> Merchant:
    """Raises MerchantNotFound."""
    if row is None:
        raise MerchantNotFound
    card = _rate_card(STANDARD) if row.rate_card is None else RateCard.model_validate_json(row.rate_card)
    return Merchant(
        account_id=row.account_id,
        email=row.email,
        name=row.name,
        country=row.country,
        rate_card=card,
        block_repeated_invoices=row.block_repeated_invoices,
    )
