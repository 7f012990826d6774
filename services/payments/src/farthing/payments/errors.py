"""What payments refuses the outside, by `issue` (wire contract, section 7.4). What it refuses other services is in the client's errors."""

from __future__ import annotations

from farthing.kit.errors import Conflict, Refused


class AuthorizationAlreadyCaptured(Refused):
    issue = "AUTHORIZATION_ALREADY_CAPTURED"
    description = "The authorization has been captured."


class AuthorizationDenied(Refused):
    issue = "AUTHORIZATION_DENIED"
    description = "The authorization was denied and cannot be captured."


class AuthorizationExpired(Refused):
    issue = "AUTHORIZATION_EXPIRED"
    description = "The authorization has expired and cannot be captured."


class AuthorizationVoided(Refused):
    issue = "AUTHORIZATION_VOIDED"
    description = "The authorization is void and cannot be captured or reauthorized."


class AuthCaptureCurrencyMismatch(Refused):
    issue = "AUTH_CAPTURE_CURRENCY_MISMATCH"
    description = "A capture has the currency of its authorization."


class MaxCaptureAmountExceeded(Refused):
    issue = "MAX_CAPTURE_AMOUNT_EXCEEDED"
    description = "The captures of this authorization would be more than its allowed overage."


class MaxCaptureCountExceeded(Refused):
    issue = "MAX_CAPTURE_COUNT_EXCEEDED"
    description = "The authorization has as many captures as it can have."


class PayerCannotPay(Refused):
    """What is asked beyond the payer's hold is more than the payer has."""

    issue = "PAYER_CANNOT_PAY"
    description = "The payer cannot pay this amount."


class TransactionRefused(Refused):
    issue = "TRANSACTION_REFUSED"
    description = "The payment is refused."


class AuthCurrencyMismatch(Refused):
    issue = "AUTH_CURRENCY_MISMATCH"
    description = "A reauthorization has the currency of the authorization."


class ReauthorizationNotSupported(Refused):
    issue = "REAUTHORIZATION_NOT_SUPPORTED"
    description = "This authorization cannot be reauthorized."


class ReauthorizationTooSoon(Refused):
    issue = "REAUTHORIZATION_TOO_SOON"
    description = "The authorization can be reauthorized when its honor period is over, from day 4 on."


class CannotBeVoided(Refused):
    issue = "CANNOT_BE_VOIDED"
    description = "A reauthorization cannot be voided: void the authorization that it belongs to."


class PreviouslyCaptured(Refused):
    issue = "PREVIOUSLY_CAPTURED"
    description = "The authorization has been captured and cannot be voided."


class PreviouslyVoided(Refused):
    issue = "PREVIOUSLY_VOIDED"
    description = "The authorization is void already."


class PreviousRequestInProgress(Conflict):
    """Too many requests change this resource at once."""

    issue = "PREVIOUS_REQUEST_IN_PROGRESS"
    description = "An earlier request on this resource is in progress: try again later."


class CaptureFullyRefunded(Refused):
    issue = "CAPTURE_FULLY_REFUNDED"
    description = "The capture is refunded in full."


class RefundCaptureCurrencyMismatch(Refused):
    issue = "REFUND_CAPTURE_CURRENCY_MISMATCH"
    description = "A refund has the currency of its capture."


class RefundAmountExceeded(Refused):
    issue = "REFUND_AMOUNT_EXCEEDED"
    description = "The refund is more than what is left of the capture."


class RefundNotAllowed(Refused):
    issue = "REFUND_NOT_ALLOWED"
    description = "This capture cannot be refunded."


class PendingCapture(Refused):
    issue = "PENDING_CAPTURE"
    description = "The capture is pending: it can be refunded when it is completed."


class RefundTimeLimitExceeded(Refused):
    issue = "REFUND_TIME_LIMIT_EXCEEDED"
    description = "The time in which this capture could be refunded is over."


class MaxNumberOfRefundsExceeded(Refused):
    issue = "MAX_NUMBER_OF_REFUNDS_EXCEEDED"
    description = "The capture has as many refunds as it can have."


class RefundFailedInsufficientFunds(Refused):
    issue = "REFUND_FAILED_INSUFFICIENT_FUNDS"
    description = "The merchant's balance does not suffice for this refund."


class PlatformFeeExceeded(Refused):
    issue = "PLATFORM_FEE_EXCEEDED"
    description = "The platform's part of the refund is more than what is left of its fee."


class PlatformFeeNotEnabled(Refused):
    issue = "PLATFORM_FEE_NOT_ENABLED"
    description = "Only who received the platform fee, or who has his consent, may add a part of it to a refund."


class CannotBeZeroOrNegative(Refused):
    issue = "CANNOT_BE_ZERO_OR_NEGATIVE"
    description = "The amount must be greater than zero."


class InvalidCurrencyCode(Refused):
    issue = "INVALID_CURRENCY_CODE"
    description = "The currency code is not one that can be paid in."


class DecimalsNotSupported(Refused):
    issue = "DECIMALS_NOT_SUPPORTED"
    description = "The currency takes no decimals."


class DecimalPrecision(Refused):
    issue = "DECIMAL_PRECISION"
    description = "The amount has more decimals than its currency."


class RequestIdReused(Refused):
    """In strict mode only: otherwise the original is answered."""

    issue = "PAYPAL_REQUEST_ID_REUSED"
    description = "The PayPal-Request-Id belongs to a request with other content."
