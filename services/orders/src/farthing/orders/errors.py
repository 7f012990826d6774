"""What orders refuses (wire contract, sections 7.1 to 7.3). Those that other services must tell apart are in the client.

Rules about the content of an order (sums, currencies, addresses…) can be broken several at once: `Rule` names their issues and
`OrderInvalid` carries all that were broken.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final

from farthing.clients.orders.errors import (
    InstrumentNotFound,
    OrderAlreadyAuthorized,
    OrderAlreadyCaptured,
    OrderAlreadyCompleted,
    OrderChanged,
    OrderCompletionInProgress,
    OrderExpired,
    OrderNotApproved,
    OrderNotFound,
    PayerCannotPay,
    PayerNotFound,
)
from farthing.kit.errors import Detail, InvalidRequest, NotFound, NotPermitted, Refused

__all__ = [
    "Detail",
    "InstrumentNotFound",
    "OrderAlreadyAuthorized",
    "OrderAlreadyCaptured",
    "OrderAlreadyCompleted",
    "OrderChanged",
    "OrderCompletionInProgress",
    "OrderExpired",
    "OrderNotApproved",
    "OrderNotFound",
    "PayerCannotPay",
    "PayerNotFound",
    "Refused",
]


class Rule(StrEnum):
    """Rules about what an order says, by issue."""

    AMOUNT_MISMATCH = "AMOUNT_MISMATCH"
    CANNOT_BE_NEGATIVE = "CANNOT_BE_NEGATIVE"
    CANNOT_BE_ZERO_OR_NEGATIVE = "CANNOT_BE_ZERO_OR_NEGATIVE"
    CITY_REQUIRED = "CITY_REQUIRED"
    DECIMALS_NOT_SUPPORTED = "DECIMALS_NOT_SUPPORTED"
    DECIMAL_PRECISION = "DECIMAL_PRECISION"
    DONATION_ITEMS_NOT_SUPPORTED = "DONATION_ITEMS_NOT_SUPPORTED"
    DUPLICATE_REFERENCE_ID = "DUPLICATE_REFERENCE_ID"
    INVALID_CURRENCY_CODE = "INVALID_CURRENCY_CODE"
    INVALID_PLATFORM_FEES_AMOUNT = "INVALID_PLATFORM_FEES_AMOUNT"
    ITEM_TOTAL_MISMATCH = "ITEM_TOTAL_MISMATCH"
    ITEM_TOTAL_REQUIRED = "ITEM_TOTAL_REQUIRED"
    MAX_VALUE_EXCEEDED = "MAX_VALUE_EXCEEDED"
    MISSING_PICKUP_ADDRESS = "MISSING_PICKUP_ADDRESS"
    MISSING_SHIPPING_ADDRESS = "MISSING_SHIPPING_ADDRESS"
    MULTIPLE_ITEM_CATEGORIES = "MULTIPLE_ITEM_CATEGORIES"
    MULTIPLE_SHIPPING_OPTION_SELECTED = "MULTIPLE_SHIPPING_OPTION_SELECTED"
    MULTI_CURRENCY_ORDER = "MULTI_CURRENCY_ORDER"
    POSTAL_CODE_REQUIRED = "POSTAL_CODE_REQUIRED"
    PREFERRED_SHIPPING_OPTION_AMOUNT_MISMATCH = "PREFERRED_SHIPPING_OPTION_AMOUNT_MISMATCH"
    REFERENCE_ID_REQUIRED = "REFERENCE_ID_REQUIRED"
    SHIPPING_OPTIONS_NOT_SUPPORTED = "SHIPPING_OPTIONS_NOT_SUPPORTED"
    SHIPPING_OPTION_NOT_SELECTED = "SHIPPING_OPTION_NOT_SELECTED"
    TAX_TOTAL_MISMATCH = "TAX_TOTAL_MISMATCH"
    TAX_TOTAL_REQUIRED = "TAX_TOTAL_REQUIRED"
    UNSUPPORTED_INTENT = "UNSUPPORTED_INTENT"
    UNSUPPORTED_PAYMENT_INSTRUCTION = "UNSUPPORTED_PAYMENT_INSTRUCTION"


_SENTENCES: Final[dict[Rule, str]] = {
    Rule.AMOUNT_MISMATCH: "The amount must be item_total + tax_total + shipping + handling + insurance - shipping_discount - discount.",
    Rule.CANNOT_BE_NEGATIVE: "The value must be zero or more.",
    Rule.CANNOT_BE_ZERO_OR_NEGATIVE: "The value must be more than zero.",
    Rule.CITY_REQUIRED: "An address in this country needs a city (admin_area_2).",
    Rule.DECIMALS_NOT_SUPPORTED: "This currency takes no decimals.",
    Rule.DECIMAL_PRECISION: "This currency takes at most two decimals.",
    Rule.DONATION_ITEMS_NOT_SUPPORTED: "An order with donations has one purchase unit.",
    Rule.DUPLICATE_REFERENCE_ID: "Each purchase unit needs a reference_id of its own.",
    Rule.INVALID_CURRENCY_CODE: "This is not a currency that can be paid in.",
    Rule.INVALID_PLATFORM_FEES_AMOUNT: "Platform fees cannot be more than the amount of their purchase unit.",
    Rule.ITEM_TOTAL_MISMATCH: "item_total must be the sum of unit_amount times quantity over all items.",
    Rule.ITEM_TOTAL_REQUIRED: "Items need amount.breakdown.item_total.",
    Rule.MAX_VALUE_EXCEEDED: "The value is larger than any that can be paid.",
    Rule.MISSING_PICKUP_ADDRESS: "With this shipping type the address of the pickup is needed.",
    Rule.MISSING_SHIPPING_ADDRESS: "With the shipping preference SET_PROVIDED_ADDRESS every purchase unit needs shipping.address.",
    Rule.MULTIPLE_ITEM_CATEGORIES: "Donations cannot be combined with goods.",
    Rule.MULTIPLE_SHIPPING_OPTION_SELECTED: "Only one shipping option can be selected.",
    Rule.MULTI_CURRENCY_ORDER: "All amounts of an order have one currency.",
    Rule.POSTAL_CODE_REQUIRED: "An address in this country needs a postal code.",
    Rule.PREFERRED_SHIPPING_OPTION_AMOUNT_MISMATCH: "The selected shipping option must cost what amount.breakdown.shipping says.",
    Rule.REFERENCE_ID_REQUIRED: "Several purchase units need a reference_id each.",
    Rule.SHIPPING_OPTIONS_NOT_SUPPORTED: "Shipping options need the shipping preference GET_FROM_FILE and no shipping type.",
    Rule.SHIPPING_OPTION_NOT_SELECTED: "One shipping option must be selected.",
    Rule.TAX_TOTAL_MISMATCH: "tax_total must be the sum of tax times quantity over all items.",
    Rule.TAX_TOTAL_REQUIRED: "Items with tax need amount.breakdown.tax_total.",
    Rule.UNSUPPORTED_INTENT: "Several purchase units can only be captured.",
    Rule.UNSUPPORTED_PAYMENT_INSTRUCTION: "With the intent AUTHORIZE, payment instructions go to the capture of the authorization.",
}


def broken(rule: Rule, pointer: str, value: str | None = None) -> Detail:
    """One broken rule, where and by which value."""
    return Detail(rule.value, _SENTENCES[rule], field=pointer, value=value, location="body")


class OrderInvalid(Refused):
    """The order breaks rules about its content; each detail is one `Rule`."""

    @classmethod
    def because(cls, details: Iterable[Detail]) -> OrderInvalid:
        return cls(*list(details)[:50])


# ------------------------------------------------------------------------------------------------------------------ the caller


class RequestIdRequired(InvalidRequest):
    issue = "PAYPAL_REQUEST_ID_REQUIRED"
    description = "A payment source at creation needs a PayPal-Request-Id."


class RequestIdReused(Refused):
    """Strict mode: this PayPal-Request-Id belongs to another body."""

    issue = "PAYPAL_REQUEST_ID_REUSED"
    description = "This PayPal-Request-Id was used with another body."


class PermissionDenied(NotPermitted):
    issue = "PERMISSION_DENIED"
    description = "The app may not act for this merchant."


class ConsentNeeded(NotPermitted):
    issue = "CONSENT_NEEDED"
    description = "The merchant has not let this app act for it."


# ------------------------------------------------------------------------------------------------------------------- the order


class ActionDoesNotMatchIntent(Refused):
    issue = "ACTION_DOES_NOT_MATCH_INTENT"
    description = "Capture an order with the intent CAPTURE, authorize one with the intent AUTHORIZE."


class OrderCannotBeConfirmed(Refused):
    issue = "ORDER_CANNOT_BE_CONFIRMED"
    description = "The order is completed."


class PaymentAlreadyApproved(Refused):
    issue = "PAYMENT_ALREADY_APPROVED"
    description = "The payer has approved this order: capture or authorize it."


class PayeeAccountInvalid(Refused):
    issue = "PAYEE_ACCOUNT_INVALID"
    description = "The payee is not a merchant who can be paid, or its merchant_id and email_address belong to two."


class InvalidPlatformFeesAccount(Refused):
    issue = "INVALID_PLATFORM_FEES_ACCOUNT"
    description = "Whoever gets the platform fees is not a merchant who can be paid."


class UnsupportedProcessingInstruction(Refused):
    issue = "UNSUPPORTED_PROCESSING_INSTRUCTION"
    description = "This processing instruction is not supported."


# --------------------------------------------------------------------------------------------------------- the payment source


class NoPaymentSource(Refused):
    issue = "NO_PAYMENT_SOURCE_PROVIDED"
    description = "payment_source needs one payment method."


class OnlyOnePaymentSource(Refused):
    issue = "ONLY_ONE_PAYMENT_SOURCE_ALLOWED"
    description = "payment_source takes one payment method."


class PaymentSourceCannotBeUsed(Refused):
    issue = "PAYMENT_SOURCE_CANNOT_BE_USED"
    description = "This payment source cannot be used."


class CardNumberRequired(Refused):
    issue = "CARD_NUMBER_REQUIRED"
    description = "A card needs its number, or the vault_id under which it is kept."


class CardExpiryRequired(Refused):
    issue = "CARD_EXPIRY_REQUIRED"
    description = "A card needs its expiry."


class CardExpired(Refused):
    issue = "CARD_EXPIRED"
    description = "The card is expired."


class InvalidSecurityCodeLength(Refused):
    issue = "INVALID_SECURITY_CODE_LENGTH"
    description = "The security code has the wrong length for this card."


class TokenNotFound(Refused):
    issue = "TOKEN_ID_NOT_FOUND"
    description = "No payment source of this merchant is kept under this token."


class BillingAgreementNotFound(Refused):
    issue = "BILLING_AGREEMENT_NOT_FOUND"
    description = "There is no such billing agreement."


class NotEnabledForApplePay(Refused):
    issue = "NOT_ENABLED_FOR_APPLE_PAY"
    description = "Apple Pay is not enabled here."


class NotEnabledForGooglePay(Refused):
    issue = "NOT_ENABLED_FOR_GOOGLE_PAY"
    description = "Google Pay is not enabled here."


class NotEnabledForCards(Refused):
    """Live mode without a processor for cards."""

    issue = "NOT_ENABLED_FOR_CARD_PROCESSING"
    description = "Card payments are not enabled here."


class InstrumentDeclined(Refused):
    """The payer's funding source was declined: the answer links to where the payer chooses another."""

    issue = "INSTRUMENT_DECLINED"
    description = "The payer's funding source was declined: send the payer back to choose another one."

    def __init__(self, *details: Detail, redirect: str = "", **more: Any) -> None:  # noqa: ANN401 - as its base class
        super().__init__(*details, **more)
        self.redirect = redirect

    def envelope(self, debug_id: str) -> dict[str, Any]:
        link = {"href": self.redirect, "rel": "redirect", "method": "GET"}
        return super().envelope(debug_id) | {"links": [link] if self.redirect else []}


# --------------------------------------------------------------------------------------------------------------------- patches


class NotPatchable(Refused):
    issue = "NOT_PATCHABLE"
    description = "This cannot be patched."


class InvalidPatchOperation(InvalidRequest):
    issue = "INVALID_PATCH_OPERATION"
    description = "This operation cannot be done here: add what is absent, replace or remove what is present."


class PatchPathRequired(Refused):
    issue = "PATCH_PATH_REQUIRED"
    description = "A patch needs a path."


class PatchValueInvalid(InvalidRequest):
    issue = "INVALID_PARAMETER_SYNTAX"
    description = "A purchase unit is an object."


class PatchValueRequired(Refused):
    issue = "PATCH_VALUE_REQUIRED"
    description = "This operation needs a value."


class InvalidJsonPointerFormat(Refused):
    issue = "INVALID_JSON_POINTER_FORMAT"
    description = "The path must be a JSON pointer into the order; a purchase unit is named as /purchase_units/@reference_id=='default'."


class ReferenceIdNotFound(Refused):
    issue = "REFERENCE_ID_NOT_FOUND"
    description = "No purchase unit has this reference_id."


class AmountChangeNotAllowed(Refused):
    issue = "AMOUNT_CHANGE_NOT_ALLOWED"
    description = "The amount can be no more than what the payer approved."


class PayerPatchNotAllowed(Refused):
    issue = "PAYER_PATCH_NOT_ALLOWED"
    description = "The payer has approved the order, and is who he is."


# -------------------------------------------------------------------------------------------------------------------- trackers


class CannotPatchCancelledTracker(Refused):
    issue = "CANNOT_PATCH_CANCELLED_TRACKER"
    description = "The shipment is cancelled: add a new tracker instead."


class CaptureIdNotFound(Refused):
    issue = "CAPTURE_ID_NOT_FOUND"
    description = "The order has no such capture."


class CaptureStatusNotValid(Refused):
    issue = "CAPTURE_STATUS_NOT_VALID"
    description = "Only the shipment of what was captured and paid can be tracked."


class ItemSkuMismatch(Refused):
    issue = "ITEM_SKU_MISMATCH"
    description = "An item's sku must be one of the order's."


class TrackerIdNotFound(NotFound):
    issue = "TRACKER_ID_NOT_FOUND"
    description = "The order has no such tracker."
