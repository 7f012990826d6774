"""The webhook event types that the product knows: name, version of the resource in the event, one phrase of ours.

PayPal's OpenAPI files list no event names; the names are those of the wire contract, section 7.6.
"""

from __future__ import annotations

# Version of the resource that events of a family carry: 2.0 for Orders, Payments and Subscriptions as of v2, 3.0 for Vault, else 1.0.
_FAMILIES: tuple[tuple[str, str, dict[str, str]], ...] = (
    (
        "BILLING.PLAN",
        "2.0",
        {
            "CREATED": "A billing plan was made",
            "UPDATED": "A billing plan was changed",
            "ACTIVATED": "A billing plan can be subscribed to",
            "DEACTIVATED": "A billing plan takes no new subscriptions",
            "PRICING-CHANGE.ACTIVATED": "New prices of a billing plan are in force",
        },
    ),
    (
        "BILLING.SUBSCRIPTION",
        "2.0",
        {
            "CREATED": "A subscription was made and awaits approval",
            "ACTIVATED": "A subscription started",
            "UPDATED": "A subscription was changed",
            "RE-ACTIVATED": "A suspended subscription runs again",
            "SUSPENDED": "A subscription was suspended",
            "CANCELLED": "A subscription was cancelled",
            "EXPIRED": "A subscription reached its last cycle",
            "PAYMENT.FAILED": "A payment for a subscription failed",
        },
    ),
    ("CATALOG.PRODUCT", "1.0", {"CREATED": "A product was made", "UPDATED": "A product was changed"}),
    ("CHECKOUT.CHECKOUT", "1.0", {"BUYER-APPROVED": "A buyer approved an express checkout"}),
    (
        "CHECKOUT.ORDER",
        "2.0",
        {
            "APPROVED": "A buyer approved an order",
            "COMPLETED": "All units of an order are paid",
            "PROCESSED": "An order is being processed",
        },
    ),
    ("CHECKOUT.PAYMENT-APPROVAL", "2.0", {"REVERSED": "An approved payment was not captured in time and went back"}),
    (
        "CUSTOMER.ACCOUNT-LIMITATION",
        "1.0",
        {
            "ADDED": "An account was limited",
            "UPDATED": "A limit on an account was changed",
            "ESCALATED": "A limit on an account was made stricter",
            "LIFTED": "A limit on an account was taken away",
        },
    ),
    (
        "CUSTOMER.DISPUTE",
        "1.0",
        {"CREATED": "A dispute was opened", "UPDATED": "A dispute was changed", "RESOLVED": "A dispute was settled"},
    ),
    (
        "CUSTOMER.MANAGED-ACCOUNT",
        "1.0",
        {
            "ACCOUNT-CREATED": "A managed account was made",
            "CREATION-FAILED": "A managed account could not be made",
            "ACCOUNT-UPDATED": "A managed account was changed",
            "ACCOUNT-STATUS-CHANGED": "The status of a managed account changed",
            "RISK-ASSESSED": "The risk of a managed account was assessed",
            "NEGATIVE-BALANCE-NOTIFIED": "A managed account was told of its negative balance",
            "NEGATIVE-BALANCE-DEBIT-INITIATED": "The negative balance of a managed account is being collected",
        },
    ),
    (
        "CUSTOMER.MERCHANT-INTEGRATION",
        "1.0",
        {
            "CAPABILITY-UPDATED": "What a merchant may do was changed",
            "PRODUCT-SUBSCRIPTION-UPDATED": "The products of a merchant were changed",
            "SELLER-ALREADY-INTEGRATED": "A merchant joined a partner again",
            "SELLER-ONBOARDING-INITIATED": "A merchant started to join a partner",
            "SELLER-CONSENT-GRANTED": "A merchant gave a partner consent",
            "SELLER-EMAIL-CONFIRMED": "A merchant confirmed an e-mail address",
        },
    ),
    ("IDENTITY.AUTHORIZATION-CONSENT", "1.0", {"REVOKED": "A user took consent back"}),
    (
        "INVOICING.INVOICE",
        "2.0",
        {
            "CREATED": "An invoice was made",
            "UPDATED": "An invoice was changed",
            "SCHEDULED": "An invoice is to be sent later",
            "PAID": "An invoice was paid, in full or in part",
            "REFUNDED": "An invoice was refunded, in full or in part",
            "CANCELLED": "An invoice was cancelled",
        },
    ),
    ("MERCHANT.ONBOARDING", "1.0", {"COMPLETED": "A merchant finished joining a partner"}),
    ("MERCHANT.PARTNER-CONSENT", "1.0", {"REVOKED": "A merchant took consent back from a partner"}),
    ("PAYMENT.AUTHORIZATION", "2.0", {"CREATED": "A payment was authorized", "VOIDED": "An authorization was voided"}),
    (
        "PAYMENT.CAPTURE",
        "2.0",
        {
            "COMPLETED": "A capture is complete",
            "DECLINED": "A capture was declined",
            "DENIED": "A pending capture was denied",
            "PENDING": "A capture is pending",
            "REFUNDED": "A capture was refunded, in full or in part",
            "REVERSED": "A capture was reversed",
        },
    ),
    ("PAYMENT.ORDER", "1.0", {"CREATED": "A payment order was made", "CANCELLED": "A payment order was cancelled"}),
    (
        "PAYMENT.PAYOUTS-ITEM",
        "1.0",
        {
            "SUCCEEDED": "A payout reached its receiver",
            "UNCLAIMED": "A payout waits for its receiver to claim it",
            "RETURNED": "A payout that nobody claimed went back",
            "REFUNDED": "A payout was refunded",
            "FAILED": "A payout failed",
            "DENIED": "A payout was denied",
            "BLOCKED": "A payout was blocked",
            "HELD": "A payout is on hold",
            "CANCELED": "A payout was cancelled",
        },
    ),
    (
        "PAYMENT.PAYOUTSBATCH",
        "1.0",
        {
            "PROCESSING": "A batch of payouts is being processed",
            "SUCCESS": "A batch of payouts was processed",
            "DENIED": "A batch of payouts was denied",
        },
    ),
    (
        "PAYMENT.REFERENCED-PAYOUT-ITEM",
        "1.0",
        {"COMPLETED": "Withheld funds were paid out", "FAILED": "Withheld funds could not be paid out"},
    ),
    ("PAYMENT.REFUND", "2.0", {"PENDING": "A refund is pending", "FAILED": "A refund failed"}),
    (
        "PAYMENT.SALE",
        "1.0",
        {
            "COMPLETED": "A sale is complete",
            "DENIED": "A pending sale was denied",
            "PENDING": "A sale is pending",
            "REFUNDED": "A sale was refunded, in full or in part",
            "REVERSED": "A sale was reversed",
        },
    ),
    ("PAYMENTS.PAYMENT", "1.0", {"CREATED": "A payment was made and awaits approval"}),
    ("RISK.DISPUTE", "1.0", {"CREATED": "A dispute was opened; deprecated name of CUSTOMER.DISPUTE.CREATED"}),
    (
        "VAULT.PAYMENT-TOKEN",
        "3.0",
        {
            "CREATED": "A payment method was saved",
            "DELETED": "A saved payment method was deleted",
            "DELETION-INITIATED": "A saved payment method is about to be deleted",
        },
    ),
)


def event_types() -> list[dict[str, str]]:
    """`{"name", "resource_version", "description"}` of each event type, by family and then in the order of a resource's life."""
    return [
        {"name": f"{family}.{event}", "resource_version": version, "description": description}
        for family, version, events in _FAMILIES
        for event, description in events.items()
    ]
