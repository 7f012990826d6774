"""The authorization: a promise of money that can be captured, reauthorized, voided, and that expires."""

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
    AuthCaptureCurrencyMismatch,
    AuthCurrencyMismatch,
    AuthorizationAlreadyCaptured,
    AuthorizationDenied,
    AuthorizationExpired,
    AuthorizationVoided,
    CannotBeVoided,
    MaxCaptureAmountExceeded,
    MaxCaptureCountExceeded,
    PreviouslyCaptured,
    PreviouslyVoided,
    ReauthorizationNotSupported,
    ReauthorizationTooSoon,
    TransactionRefused,
)

VALIDITY: Final = timedelta(days=29)
HONOR_PERIOD: Final = timedelta(days=3)
MOST_CAPTURES: Final = 100  # of one authorization: a limit of this platform's accounts


class AuthorizationStatus(StrEnum):
    CREATED = "CREATED"
    PARTIALLY_CAPTURED = "PARTIALLY_CAPTURED"
    CAPTURED = "CAPTURED"
    VOIDED = "VOIDED"
    DENIED = "DENIED"


_S = AuthorizationStatus
TRANSITIONS: Final[Mapping[AuthorizationStatus, frozenset[AuthorizationStatus]]] = {
    _S.CREATED: frozenset({_S.CREATED, _S.PARTIALLY_CAPTURED, _S.CAPTURED, _S.VOIDED}),  # to itself: reauthorized
    _S.PARTIALLY_CAPTURED: frozenset({_S.PARTIALLY_CAPTURED, _S.CAPTURED, _S.VOIDED}),
    _S.CAPTURED: frozenset(),
    _S.VOIDED: frozenset(),
    _S.DENIED: frozenset(),
}
OPEN: Final = frozenset(status for status, following in TRANSITIONS.items() if following)


class Closing(StrEnum):
    """Why an authorization took no more captures, other than a capture."""

    VOID = "VOID"
    EXPIRY = "EXPIRY"


@dataclass(frozen=True, slots=True)
class Authorization:
    """An authorization with all its reauthorizations: they share one state, one hold and one sum of captures.

    Amounts are minor units of `currency`: `amount` was authorized first, `granted` is that of the latest reauthorization, `captured` the
    sum of captures, `capture_limit` what that may become: it follows from `amount`, reauthorizations do not change it. The ledger's `hold`
    has `granted - captured` set apart (None: a card's bank has). While `status` is open there may be another capture, even when nothing
    remains (`fully_captured`).
    `busy` is the intent that changes it just now, `version` counts changes.
    """

    id: str
    intent: str
    order_id: str
    reference_id: str
    client_id: str
    merchant: str
    merchant_email: str
    payer: str | None
    source: Source
    currency: str
    amount: int
    granted: int
    capture_limit: int
    hold: str | None
    status: AuthorizationStatus
    created: datetime
    updated: datetime
    honored_until: datetime
    expires: datetime
    captured: int = 0
    captures: int = 0
    closing: Closing | None = None
    details: Details = field(default_factory=Details)
    busy: str | None = None
    version: int = 0

    @property
    def remaining(self) -> int:
        """What is still set apart."""
        return max(0, self.granted - self.captured) if self.status in OPEN else 0

    @property
    def fully_captured(self) -> bool:
        """Whether captures took all that was granted: then it is CAPTURED to everybody, though a little more may still be taken."""
        return self.captured >= self.granted

    @property
    def shown_status(self) -> AuthorizationStatus:
        return _S.CAPTURED if self.status is _S.PARTIALLY_CAPTURED and self.fully_captured else self.status

    def amount_to_capture(self, wanted: Money | None, now: datetime) -> Money:
        """What a capture takes: the wanted amount, or all that remains.

        Raises AuthorizationDenied, AuthorizationExpired, AuthorizationVoided, AuthorizationAlreadyCaptured, AuthCaptureCurrencyMismatch,
        MaxCaptureCountExceeded, MaxCaptureAmountExceeded.
        """
        self._refuse_unless_capturable(now)
        if wanted is not None and wanted.currency != self.currency:
            raise AuthCaptureCurrencyMismatch(field="/amount/currency_code")
        if self.captures >= MOST_CAPTURES:
            raise MaxCaptureCountExceeded
        if wanted is None and self.fully_captured:
            raise AuthorizationAlreadyCaptured
        amount = wanted or Money(self.currency, self.remaining)
        if self.captured + amount.minor > self.capture_limit:
            raise MaxCaptureAmountExceeded(field="/amount/value", value=amount.value)
        return amount

    def after_capture(self, amount: int, *, final: bool, now: datetime) -> Authorization:
        """This, once a capture is completed: it closes when it is the final one or the limit is reached."""
        captured = self.captured + amount
        closes = final or captured >= self.capture_limit
        status = _S.CAPTURED if closes else _S.PARTIALLY_CAPTURED
        return replace(self._moved_to(status), captured=captured, captures=self.captures + 1, updated=now)

    def after_declined_capture(self) -> Authorization:
        """This, once a card's bank refused a capture: nothing but that it is free for the next."""
        return replace(self, busy=None, version=self.version + 1)

    def amount_to_reauthorize(self, wanted: Money | None, now: datetime) -> Money:
        """What a reauthorization grants: the wanted amount, or the original one. From the end of the honor period on.

        Raises AuthorizationVoided (also when expired), AuthorizationAlreadyCaptured, AuthCurrencyMismatch, ReauthorizationNotSupported,
        ReauthorizationTooSoon, TransactionRefused.
        """
        if self.source == "card":
            raise ReauthorizationNotSupported(description="Only payments from a wallet can be reauthorized.")
        if self.status is _S.VOIDED or now >= self.expires:
            raise AuthorizationVoided
        if self.status in {_S.CAPTURED, _S.PARTIALLY_CAPTURED}:
            raise AuthorizationAlreadyCaptured
        if self.status is _S.DENIED:
            raise TransactionRefused
        if wanted is not None and wanted.currency != self.currency:
            raise AuthCurrencyMismatch(field="/amount/currency_code")
        if now < self.honored_until:
            raise ReauthorizationTooSoon
        amount = wanted or Money(self.currency, self.amount)
        if amount.minor > self.capture_limit:
            raise TransactionRefused(field="/amount/value", value=amount.value, description="The amount is more than the allowed overage.")
        return amount

    def after_reauthorization(self, id: str, amount: int, now: datetime) -> Authorization:
        """This, with a new hold and a new honor period; the validity stays."""
        honored = min(now + HONOR_PERIOD, self.expires)
        return replace(self._moved_to(_S.CREATED), granted=amount, hold=id, honored_until=honored, updated=now)

    def refuse_unless_voidable(self, now: datetime) -> None:
        """Raises CannotBeVoided, PreviouslyCaptured, PreviouslyVoided (also when expired)."""
        if self.status is _S.DENIED:
            raise CannotBeVoided(description="The authorization was denied: there is nothing to void.")
        if self.shown_status is _S.CAPTURED:
            raise PreviouslyCaptured
        if self.status is _S.VOIDED or now >= self.expires:
            raise PreviouslyVoided

    def after_closing(self, reason: Closing, now: datetime) -> Authorization:
        """This, voided by its merchant or expired: what was still set apart is the payer's again. What is fully captured stays so."""
        status = _S.CAPTURED if self.fully_captured else _S.VOIDED
        return replace(self._moved_to(status), closing=reason, updated=now)

    def _refuse_unless_capturable(self, now: datetime) -> None:
        match self.status:
            case _S.DENIED:
                raise AuthorizationDenied
            case _S.CAPTURED:
                raise AuthorizationExpired if self.closing is Closing.EXPIRY else AuthorizationAlreadyCaptured
            case _S.VOIDED:
                raise AuthorizationExpired if self.closing is Closing.EXPIRY else AuthorizationVoided
        if now >= self.expires:
            raise AuthorizationExpired

    def _moved_to(self, status: AuthorizationStatus) -> Authorization:
        if status not in TRANSITIONS[self.status]:
            message = f"an authorization that is {self.status} cannot become {status}"
            raise ValueError(message)
        return replace(self, status=status, busy=None, version=self.version + 1)


@dataclass(frozen=True, slots=True)
class Reauthorization:
    """Another name of an authorization, with an amount of its own. It can be captured; it is neither voided nor reauthorized itself."""

    id: str
    authorization_id: str
    amount: int
    created: datetime
