"""What orders refuses is documented for the operation that refuses it, or has a reason here."""

from __future__ import annotations

from importlib.resources import files

import orjson

from farthing.clients.orders import errors as client_errors
from farthing.kit.errors import ApiError
from farthing.orders import errors
from farthing.orders.errors import Rule

CATALOGUE = orjson.loads((files("farthing.orders") / "catalogue.json").read_bytes())
SHAPES = {
    "INVALID_ARRAY_MAX_ITEMS",
    "INVALID_ARRAY_MIN_ITEMS",
    "INVALID_COUNTRY_CODE",
    "INVALID_PARAMETER_SYNTAX",
    "INVALID_PARAMETER_VALUE",
    "INVALID_STRING_LENGTH",
    "MALFORMED_REQUEST_JSON",
    "MISSING_REQUIRED_PARAMETER",
}
DOCUMENTED_SHAPES = {"INVALID_PARAMETER_VALUE", "INVALID_STRING_LENGTH", "MISSING_REQUIRED_PARAMETER"}
CALLER = {"PERMISSION_DENIED", "INVALID_RESOURCE_ID"}
CARD = {
    "BILLING_AGREEMENT_NOT_FOUND",
    "CARD_EXPIRED",
    "CARD_EXPIRY_REQUIRED",
    "CARD_NUMBER_REQUIRED",
    "INVALID_SECURITY_CODE_LENGTH",
    "NOT_ENABLED_FOR_APPLE_PAY",
    "NOT_ENABLED_FOR_CARD_PROCESSING",
    "NOT_ENABLED_FOR_GOOGLE_PAY",
    "NOT_ENABLED_TO_VAULT_PAYMENT_SOURCE",
    "ONLY_ONE_PAYMENT_SOURCE_ALLOWED",
    "PAYMENT_SOURCE_CANNOT_BE_USED",
    "TOKEN_ID_NOT_FOUND",
}
CONTENT = {rule.value for rule in Rule} | {"INVALID_PLATFORM_FEES_ACCOUNT", "PAYEE_ACCOUNT_INVALID"}
PAYMENTS = {"DUPLICATE_INVOICE_ID", "INSTRUMENT_DECLINED", "PAYER_CANNOT_PAY"}  # raised by payments, passed on
PATCH = {
    "INVALID_JSON_POINTER_FORMAT",
    "INVALID_PATCH_OPERATION",
    "NOT_PATCHABLE",
    "PATCH_PATH_REQUIRED",
    "PATCH_VALUE_REQUIRED",
}
PAY = SHAPES | CALLER | CARD | PAYMENTS
PAY |= {"ACTION_DOES_NOT_MATCH_INTENT", "ORDER_EXPIRED", "ORDER_NOT_APPROVED", "PAYPAL_REQUEST_ID_REUSED"}
# Which operation can raise what.
RAISED: dict[str, set[str]] = {
    "orders.create": SHAPES
    | {"PERMISSION_DENIED"}
    | CARD
    | CONTENT
    | PAYMENTS
    | {"NO_PAYMENT_SOURCE_PROVIDED", "PAYPAL_REQUEST_ID_REQUIRED", "PAYPAL_REQUEST_ID_REUSED", "UNSUPPORTED_PROCESSING_INSTRUCTION"},
    "orders.get": CALLER,
    "orders.patch": SHAPES
    | CALLER
    | PATCH
    | CONTENT
    | {
        "AMOUNT_CHANGE_NOT_ALLOWED",
        "ORDER_ALREADY_COMPLETED",
        "ORDER_COMPLETION_IN_PROGRESS",
        "ORDER_EXPIRED",
        "PAYER_PATCH_NOT_ALLOWED",
        "REFERENCE_ID_NOT_FOUND",
        "UNSUPPORTED_PROCESSING_INSTRUCTION",
    },
    "orders.confirm": SHAPES
    | CALLER
    | CARD
    | {rule.value for rule in Rule}
    | {
        "NO_PAYMENT_SOURCE_PROVIDED",
        "ORDER_CANNOT_BE_CONFIRMED",
        "ORDER_COMPLETION_IN_PROGRESS",
        "ORDER_EXPIRED",
        "PAYMENT_ALREADY_APPROVED",
        "UNSUPPORTED_PROCESSING_INSTRUCTION",
    },
    "orders.capture": PAY | {"CONSENT_NEEDED", "ORDER_ALREADY_CAPTURED"},
    "orders.authorize": PAY | {"ORDER_ALREADY_AUTHORIZED"},
    "orders.track.create": SHAPES | CALLER | {"CAPTURE_ID_NOT_FOUND", "CAPTURE_STATUS_NOT_VALID", "ITEM_SKU_MISMATCH", "ORDER_EXPIRED"},
    "orders.trackers.patch": SHAPES | CALLER | PATCH | {"CANNOT_PATCH_CANCELLED_TRACKER", "ITEM_SKU_MISMATCH", "TRACKER_ID_NOT_FOUND"},
}
# Not documented for every operation that raises it, and why it is raised all the same.
REASONS = {
    **dict.fromkeys(SHAPES - DOCUMENTED_SHAPES, "What is malformed is the same everywhere; the files list what each schema needs."),
    "ACTION_DOES_NOT_MATCH_INTENT": "Documented for authorize; capture has the same rule (wire contract, section 7.3).",
    "BILLING_AGREEMENT_NOT_FOUND": "Documented for create, authorize and capture; confirm takes the same source.",
    "CANNOT_PATCH_CANCELLED_TRACKER": "The files have no word for a change of what is cancelled.",
    "PAYER_PATCH_NOT_ALLOWED": "Newer than the files: PayPal answers it to a patch of `/payer` after approval.",
    "CARD_EXPIRED": "Documented for create and confirm; authorize and capture take the same source.",
    "CARD_EXPIRY_REQUIRED": "Documented for confirm, authorize and capture; create takes the same source.",
    "CARD_NUMBER_REQUIRED": "Documented for confirm, authorize and capture; create takes the same source.",
    "DECIMALS_NOT_SUPPORTED": "Wire contract, section 7.15: currencies without decimals have an issue of their own.",
    "INSTRUMENT_DECLINED": "Documented for create and capture; an authorization can be declined as well.",
    "INVALID_RESOURCE_ID": "Confirm and trackers name an order, too.",
    "MISSING_SHIPPING_ADDRESS": "Newer than the files: PayPal answers it to SET_PROVIDED_ADDRESS without an address.",
    "NOT_ENABLED_FOR_APPLE_PAY": "Documented for create and authorize; confirm and capture take the same source.",
    "NOT_ENABLED_FOR_GOOGLE_PAY": "Documented for create and authorize; confirm and capture take the same source.",
    "NOT_ENABLED_FOR_CARD_PROCESSING": "Documented for create, capture and confirm (there with 403); authorize takes the same source.",
    "NOT_ENABLED_TO_VAULT_PAYMENT_SOURCE": "Documented for create and confirm; authorize and capture take the same source.",
    "NO_PAYMENT_SOURCE_PROVIDED": "Documented for confirm; PayPal answers it to an empty source at creation, too.",
    "ONLY_ONE_PAYMENT_SOURCE_ALLOWED": "Documented for confirm; the others take the same source.",
    "ORDER_COMPLETION_IN_PROGRESS": "Documented for capture: while an order is being paid nothing else can change it.",
    "ORDER_EXPIRED": "Documented for authorize; the same is true of all that changes an order.",
    "PAYEE_ACCOUNT_INVALID": "Documented for create; a patch can name a payee.",
    "PAYMENT_SOURCE_CANNOT_BE_USED": "Documented for create and confirm; authorize and capture take the same source.",
    "PAYPAL_REQUEST_ID_REUSED": "Strict mode, which PayPal does not have.",
    "PERMISSION_DENIED": "Any operation can come with a PayPal-Auth-Assertion.",
    "TOKEN_ID_NOT_FOUND": "Documented for authorize and capture; create and confirm take the same source.",
    "UNSUPPORTED_PAYMENT_INSTRUCTION": "Documented for create; a patch can make the same order.",
    "UNSUPPORTED_PROCESSING_INSTRUCTION": "Documented for create and confirm; a patch is checked with the whole order.",
    "INSTRUMENT_NOT_FOUND": "Internal: the approval page asks for what is not there.",
    "INVALID_PAYER_ID": "Internal: the approval page asks for who is not there.",
    "ORDER_CHANGED": "Internal: the approval page says what its payer was shown.",
}
# Documented for create alone; these check the whole order again.
CHECKING_AGAIN = {"orders.patch", "orders.confirm"}
INTERNAL = {"INSTRUMENT_NOT_FOUND", "INVALID_PAYER_ID", "ORDER_CHANGED"}


def classes() -> dict[str, type[ApiError]]:
    found = [*vars(errors).values(), *vars(client_errors).values()]
    return {kind.issue: kind for kind in found if isinstance(kind, type) and issubclass(kind, ApiError) and kind.issue}


def test_what_is_raised_is_documented_or_has_a_reason() -> None:
    undocumented = {(operation, issue) for operation, raised in RAISED.items() for issue in raised - set(CATALOGUE[operation])}
    again = {(operation, rule.value) for operation in CHECKING_AGAIN for rule in Rule}
    assert {(operation, issue) for operation, issue in undocumented - again if issue not in REASONS} == set()


def test_every_reason_is_needed() -> None:
    undocumented = {issue for operation, raised in RAISED.items() for issue in raised - set(CATALOGUE[operation])}
    assert set(REASONS) - undocumented - INTERNAL == set()


def test_every_class_and_every_rule_is_in_the_table() -> None:
    known = {issue for raised in RAISED.values() for issue in raised} | INTERNAL
    ours = set(classes()) - {"PERMISSION_DENIED"} | {rule.value for rule in Rule}
    assert ours - known == set()


def test_statuses_are_the_documented_ones() -> None:
    documented = {(issue, entry["status"]) for operation in CATALOGUE.values() for issue, entry in operation.items()}
    known = {issue for issue, _ in documented}
    assert {(issue, kind.status) for issue, kind in classes().items() if issue in known} - documented == set()


def test_the_catalogue_has_all_eight_operations() -> None:
    assert set(CATALOGUE) == set(RAISED)
