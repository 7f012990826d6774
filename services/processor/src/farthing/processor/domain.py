"""What banks answer: pure rules of a simulated outside world. Response codes are the wire contract's (section 7.5)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

APPROVED = "0000"
EXPIRED = "5400"
INVALID_AMOUNT = "1310"
UNKNOWN_TRANSACTION = "1312"
CANCELLED = "0R00"

# By the decline that the name on a test card asks for.
SCENARIOS = {
    "CCREJECT-REFUSED": "0500",
    "CCREJECT-SF": "9500",
    "CCREJECT-EC": EXPIRED,
    "CCREJECT-IRC": "5180",
    "CCREJECT-IF": "5120",
    "CCREJECT-LS": "9520",
    "CCREJECT-IA": "1330",
    "CCREJECT-BANK_ERROR": "5100",
    "CCREJECT-CVV_F": "00N7",
}
# By brand and last digits of published test numbers that stand for a decline.
DECLINING_CARDS = {("VISA", "0002"): "0500"}
_NETWORKS = frozenset({"VISA", "MASTERCARD", "DISCOVER", "AMEX", "JCB", "MAESTRO"})
_MATCH, _CVV_MATCH = "Y", "M"
_AVS_DECLINED, _CVV_DECLINED = "G", "P"
_OVERAGE_PERCENT = 115  # banks let a capture exceed its authorization a little


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked, without its answer. `amount` in minor units; a void has none."""

    key: str
    kind: str
    amount: int
    currency: str
    original: str | None = None
    token: str | None = None
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the bank says."""

    response_code: str
    avs_code: str | None = None
    cvv_code: str | None = None
    network: str | None = None

    @property
    def approved(self) -> bool:
        return self.response_code == APPROVED


@dataclass(frozen=True, slots=True)
class Stored:
    """A request with its verdict. `used`: captured of an authorization, refunded of a charge or a capture."""

    request: Request
    verdict: Verdict
    network_reference: str | None = None
    acquirer_reference: str | None = None
    used: int = 0
    voided: bool = False

    def after(self, follow_up: Request) -> Stored:
        """This, once an approved follow-up is counted."""
        return replace(self, voided=True) if follow_up.kind == "void" else replace(self, used=self.used + follow_up.amount)


def judge_card(brand: str, last_digits: str, expiry: str, scenario: str, now: datetime) -> Verdict:
    """What the card's bank says to a charge or an authorization. A card is good until the end of the month of its expiry."""
    network = brand if brand in _NETWORKS else None
    expired = (int(expiry[:4]), int(expiry[5:])) < (now.year, now.month)
    declined = SCENARIOS.get(scenario) or (EXPIRED if expired else None) or DECLINING_CARDS.get((brand, last_digits))
    if declined is not None:
        return Verdict(declined, _AVS_DECLINED, _CVV_DECLINED, network)
    return Verdict(APPROVED, _MATCH, _CVV_MATCH, network)


def judge_follow_up(request: Request, original: Stored | None) -> Verdict:
    """What becomes of a capture, void or refund: never more than was authorized (or a little over) or charged."""
    if original is None or not original.verdict.approved or original.request.kind not in _ABOUT[request.kind]:
        return Verdict(UNKNOWN_TRANSACTION)
    network = original.verdict.network
    if request.kind == "void":
        return Verdict(APPROVED, network=network)
    if original.voided:
        return Verdict(CANCELLED, network=network)
    if request.currency != original.request.currency or original.used + request.amount > _limit(request, original):
        return Verdict(INVALID_AMOUNT, network=network)
    return Verdict(APPROVED, original.verdict.avs_code, original.verdict.cvv_code, network)


_ABOUT = {"capture": {"authorize"}, "void": {"authorize"}, "refund": {"charge", "capture"}}


def _limit(request: Request, original: Stored) -> int:
    return original.request.amount * _OVERAGE_PERCENT // 100 if request.kind == "capture" else original.request.amount
