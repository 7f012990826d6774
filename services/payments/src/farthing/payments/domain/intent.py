"""What is about to be done, written down before it is done, so that a crash leaves nothing half-done (design rule 2).

A plan is everything that the outcome needs: whoever carries it out, in whatever process, posts the same transfers under the same ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from farthing.payments.domain.authorization import Authorization, Closing
from farthing.payments.domain.capture import Capture, Refund

REQUEST_IDS_KEPT: Final = timedelta(days=45)  # wire contract, section 7.2


class IntentKind(StrEnum):
    PAY = "pay"
    CAPTURE = "capture"
    REFUND = "refund"
    REAUTHORIZE = "reauthorize"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Card:
    """A card as vault showed it. `of_wallet`: it lies in a payer's wallet, and what it is stays between the payer and us."""

    token: str
    brand: str
    last_digits: str
    expiry: str
    scenario: str
    of_wallet: bool = False


@dataclass(frozen=True, slots=True)
class PayPlan:
    """Pay an order, all units: the captures or the authorizations as they will be if nobody says no. `card`: None means the wallet."""

    captures: tuple[Capture, ...] = ()
    authorizations: tuple[Authorization, ...] = ()
    card: Card | None = None


@dataclass(frozen=True, slots=True)
class CapturePlan:
    """Capture an authorization: `take` comes out of its `hold`, the rest out of what the payer has besides.

    `closes` releases what the hold still has.
    """

    capture: Capture
    hold: str | None
    take: int
    closes: bool


@dataclass(frozen=True, slots=True)
class RefundPlan:
    """Refund a capture. The merchant's wallet may end at `floor` (zero or less)."""

    refund: Refund
    floor: int
    payer: str | None
    platform_payee: str | None


@dataclass(frozen=True, slots=True)
class ReauthorizePlan:
    """Replace the hold of an authorization by a new one of `amount`, whose id is the reauthorization's."""

    id: str
    amount: int
    currency: str
    payer: str
    hold: str
    order_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ClosePlan:
    """Void an authorization, or let it expire. `hold` None: a card's bank holds the money."""

    reason: Closing
    hold: str | None
    order_id: str
    at: datetime


Plan = PayPlan | CapturePlan | RefundPlan | ReauthorizePlan | ClosePlan
PLANS: Final[Mapping[IntentKind, type[Plan]]] = {
    IntentKind.PAY: PayPlan,
    IntentKind.CAPTURE: CapturePlan,
    IntentKind.REFUND: RefundPlan,
    IntentKind.REAUTHORIZE: ReauthorizePlan,
    IntentKind.CLOSE: ClosePlan,
}


@dataclass(frozen=True, slots=True)
class Intent:
    """One plan and how far it is.

    `id` is the idempotency key: equal requests find one intent. `attempt` is the id of what it makes, new each time a refused intent is
    made again. `subject` is the order, authorization or capture that it is about. `plan` is None once it is done. `fingerprint` tells a
    repeated request from another one with the same key. It is kept until `expires` (None: for ever).
    """

    id: str
    attempt: str
    kind: IntentKind
    subject: str
    plan: Plan | None
    fingerprint: str = ""
    expires: datetime | None = None
    done: bool = field(default=False)
