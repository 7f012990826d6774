"""The capture: money that moved, and what of it can be given back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from farthing.money import Money
from farthing.payments.domain.details import Details
from farthing.payments.domain.rates import Source
from farthing.payments.errors import (
    CaptureFullyRefunded,
    MaxNumberOfRefundsExceeded,
    PendingCapture,
    PlatformFeeExceeded,
    RefundAmountExceeded,
    RefundCaptureCurrencyMismatch,
    RefundNotAllowed,
    RefundTimeLimitExceeded,
)

REFUND_WINDOW: Final = timedelta(days=180)
MOST_REFUNDS: Final = 100  # of one capture: a limit of this platform's accounts


class CaptureStatus(StrEnum):
    COMPLETED = "COMPLETED"
    DECLINED = "DECLINED"
    PENDING = "PENDING"
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED"
    REFUNDED = "REFUNDED"


_S = CaptureStatus
TRANSITIONS: Final[Mapping[CaptureStatus, frozenset[CaptureStatus]]] = {
    _S.COMPLETED: frozenset({_S.PARTIALLY_REFUNDED, _S.REFUNDED}),
    _S.PARTIALLY_REFUNDED: frozenset({_S.PARTIALLY_REFUNDED, _S.REFUNDED}),
    _S.PENDING: frozenset({_S.COMPLETED, _S.DECLINED}),
    _S.REFUNDED: frozenset(),
    _S.DECLINED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Capture:
    """A capture of an order or of an authorization. It exists once its outcome is known.

    Amounts are minor units of `currency`: of `amount` the merchant paid `fee` to the platform and `platform_fee` to `platform_payee`;
    `refunded` went back to the payer, towards which `platform_payee` contributed `platform_refunded`. `transfer` is the ledger's, None when
    declined. `busy` is the intent that changes it just now, `version` counts changes.
    """

    id: str
    intent: str
    order_id: str
    authorization_id: str | None
    reference_id: str
    client_id: str
    merchant: str
    merchant_email: str
    payer: str | None
    source: Source
    currency: str
    amount: int
    fee: int
    platform_fee: int
    platform_payee: str | None
    transfer: str | None
    status: CaptureStatus
    created: datetime
    updated: datetime
    final: bool = True
    refunded: int = 0
    refunds: int = 0
    platform_refunded: int = 0
    details: Details = field(default_factory=Details)
    busy: str | None = None
    version: int = 0

    def money(self, minor: int) -> Money:
        return Money(self.currency, minor)

    @property
    def net(self) -> int:
        return self.amount - self.fee - self.platform_fee

    def amount_to_refund(self, wanted: Money | None, now: datetime) -> Money:
        """What a refund gives back: the wanted amount, or all that is left. In 180 days.

        Raises RefundNotAllowed, PendingCapture, CaptureFullyRefunded, RefundTimeLimitExceeded, RefundCaptureCurrencyMismatch,
        RefundAmountExceeded, MaxNumberOfRefundsExceeded.
        """
        self._refuse_unless_refundable(now)
        if wanted is not None and wanted.currency != self.currency:
            raise RefundCaptureCurrencyMismatch(field="/amount/currency_code")
        amount = wanted or self.money(self.amount - self.refunded)
        if amount.minor > self.amount - self.refunded:
            raise RefundAmountExceeded(field="/amount/value", value=amount.value)
        if self.refunds >= MOST_REFUNDS:
            raise MaxNumberOfRefundsExceeded
        return amount

    def platform_contribution(self, wanted: Money | None, refund: Money) -> int:
        """What the receiver of the platform fee adds to a refund. Raises PlatformFeeExceeded."""
        if wanted is None:
            return 0
        if wanted.currency != self.currency or wanted > refund or wanted.minor > self.platform_fee - self.platform_refunded:
            raise PlatformFeeExceeded(field="/payment_instruction/platform_fees/0/amount/value", value=wanted.value)
        return wanted.minor

    def after_refund(self, amount: int, contribution: int, now: datetime) -> Capture:
        """This, once a refund is completed."""
        refunded = self.refunded + amount
        status = _S.REFUNDED if refunded == self.amount else _S.PARTIALLY_REFUNDED
        if status not in TRANSITIONS[self.status] or refunded > self.amount:
            message = f"a capture that is {self.status} cannot become {status}"
            raise ValueError(message)
        platform_refunded = self.platform_refunded + contribution
        changed = replace(self, status=status, refunded=refunded, refunds=self.refunds + 1, platform_refunded=platform_refunded)
        return replace(changed, updated=now, busy=None, version=self.version + 1)

    def after_failed_refund(self) -> Capture:
        """This, once a refund came to nothing."""
        return replace(self, busy=None, version=self.version + 1)

    def _refuse_unless_refundable(self, now: datetime) -> None:
        match self.status:
            case _S.DECLINED:
                raise RefundNotAllowed
            case _S.PENDING:
                raise PendingCapture
            case _S.REFUNDED:
                raise CaptureFullyRefunded
        if now > self.created + REFUND_WINDOW:
            raise RefundTimeLimitExceeded


class RefundStatus(StrEnum):
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Refund:
    """Money that went back. It exists once its outcome is known.

    `total` is the sum of the capture's refunds with this one, `contribution` what the receiver of the platform fee added. The transfer has
    the refund's id; that of a FAILED one is undone by the transfer `<id>.reversal`.
    """

    id: str
    intent: str
    capture_id: str
    order_id: str
    reference_id: str
    client_id: str
    merchant: str
    merchant_email: str
    currency: str
    amount: int
    total: int
    contribution: int
    status: RefundStatus
    created: datetime
    updated: datetime
    details: Details = field(default_factory=Details)

    def money(self, minor: int) -> Money:
        return Money(self.currency, minor)
