"""What payments refuses other services, by `issue`. A refused call leaves nothing behind; sent again it is judged again."""

from __future__ import annotations

from typing import Final

from farthing.kit.errors import ApiError, Conflict, Refused


class InstrumentDeclined(Refused):
    """The payer's wallet has not enough money."""

    issue = "INSTRUMENT_DECLINED"
    description = "The payer's funding source was declined: choose another one."


class DuplicateInvoiceId(Refused):
    """The merchant blocks repeated invoice ids, and this one was paid by another order."""

    issue = "DUPLICATE_INVOICE_ID"
    description = "This invoice id was paid before, and the merchant takes each only once."


class PayerCannotPay(Refused):
    """Payer and payee are one account, or there is no payer."""

    issue = "PAYER_CANNOT_PAY"
    description = "This payer cannot pay this payee."


class PayeeAccountInvalid(Refused):
    """A unit's payee is no merchant."""

    issue = "PAYEE_ACCOUNT_INVALID"
    description = "The payee is not a merchant who can be paid."


class InvalidPlatformFees(Refused):
    """Platform fees are more than what the payee would get."""

    issue = "INVALID_PLATFORM_FEES_AMOUNT"
    description = "The platform fees are more than what is left of the payment after its fee."


class CardProcessingNotEnabled(Refused):
    """In live mode, as long as no gateway to a real processor is configured."""

    issue = "NOT_ENABLED_FOR_CARD_PROCESSING"
    description = "Card payments are not enabled here."


class PaymentKeyReused(Conflict):
    """The key belongs to the payment of something else."""

    issue = "PAYMENT_KEY_REUSED"
    description = "A payment with this key and other content exists."


_ALL: Final[tuple[type[ApiError], ...]] = (
    InstrumentDeclined,
    DuplicateInvoiceId,
    PayerCannotPay,
    PayeeAccountInvalid,
    InvalidPlatformFees,
    CardProcessingNotEnabled,
    PaymentKeyReused,
)
ERRORS: Final[dict[str, type[ApiError]]] = {error.issue: error for error in _ALL if error.issue is not None}
