"""Orders v2 by the Python SDK: for each operation what it answers and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from paypalserversdk.exceptions.error_exception import ErrorException
from paypalserversdk.models.card_attributes import CardAttributes
from paypalserversdk.models.checkout_payment_intent import CheckoutPaymentIntent
from paypalserversdk.models.confirm_order_request import ConfirmOrderRequest
from paypalserversdk.models.order_authorize_request import OrderAuthorizeRequest
from paypalserversdk.models.order_authorize_request_payment_source import OrderAuthorizeRequestPaymentSource
from paypalserversdk.models.order_capture_request import OrderCaptureRequest
from paypalserversdk.models.order_capture_request_payment_source import OrderCaptureRequestPaymentSource
from paypalserversdk.models.order_request import OrderRequest
from paypalserversdk.models.patch import Patch
from paypalserversdk.models.patch_op import PatchOp
from paypalserversdk.models.payment_source import PaymentSource
from paypalserversdk.models.paypal_payment_token_usage_type import PaypalPaymentTokenUsageType
from paypalserversdk.models.paypal_wallet import PaypalWallet
from paypalserversdk.models.paypal_wallet_attributes import PaypalWalletAttributes
from paypalserversdk.models.paypal_wallet_experience_context import PaypalWalletExperienceContext
from paypalserversdk.models.paypal_wallet_vault_instruction import PaypalWalletVaultInstruction
from paypalserversdk.models.store_in_vault_instruction import StoreInVaultInstruction
from paypalserversdk.models.vault_instruction_base import VaultInstructionBase

from tests.clients.shop import CREDENTIALS, FULL, Shop, amount, assertion, basket, card, mocked, order, rels, request_id, shipment

Refused = Callable[..., Any]
AUTHORIZE = CheckoutPaymentIntent.AUTHORIZE


class TestCreate:
    def test_minimal(self, shop: Shop) -> None:
        answer = shop.orders.create_order({"body": order()})
        assert (answer.status_code, answer.body.status) == (201, "CREATED")
        assert rels(answer.body) == ["self", "approve", "update", "capture"]

    def test_representation(self, shop: Shop) -> None:
        created = shop.orders.create_order({"body": order(AUTHORIZE, "12.34"), "prefer": FULL}).body
        assert (created.intent, created.status) == ("AUTHORIZE", "CREATED")
        [unit] = created.purchase_units
        assert (unit.reference_id, amount(unit.amount), unit.payee.email_address) == ("default", ("12.34", "USD"), "store@example.com")

    def test_a_whole_basket_is_paid(self, shop: Shop) -> None:
        """Every value is sent, shown again and captured, in a currency without decimals."""
        shop.control("accounts/buyer@example.com/fund", {"currency_code": "JPY", "value": "1500"})
        created = shop.orders.create_order({"body": OrderRequest(intent="CAPTURE", purchase_units=[basket()]), "prefer": FULL}).body
        shop.control(f"orders/{created.id}/approve", {"buyer": "buyer@example.com"})
        paid = shop.orders.capture_order({"id": created.id, "prefer": FULL}).body
        for [unit] in (created.purchase_units, paid.purchase_units):
            assert (unit.reference_id, unit.description, unit.custom_id, unit.soft_descriptor) == ("shoes", "Shoes", "C-1", "STORE")
            breakdown = unit.amount.breakdown
            assert [amount(part) for part in (breakdown.item_total, breakdown.shipping, breakdown.tax_total)] == [
                ("1200", "JPY"),
                ("200", "JPY"),
                ("100", "JPY"),
            ]
            [item] = unit.items
            assert (item.name, item.quantity, item.sku, item.category) == ("Sandal", "2", "S-1", "PHYSICAL_GOODS")
            assert (amount(item.unit_amount), amount(item.tax)) == (("600", "JPY"), ("50", "JPY"))
            assert (unit.shipping.name.full_name, unit.shipping.address.postal_code) == ("Bea Buyer", "73301")
        assert amount(paid.purchase_units[0].payments.captures[0].amount) == ("1500", "JPY")

    def test_a_wallet_leads_to_its_owner(self, shop: Shop) -> None:
        wallet = PaypalWallet(
            experience_context=PaypalWalletExperienceContext(return_url="https://s.example/", cancel_url="https://s.example/")
        )
        body = order(payment_source=PaymentSource(paypal=wallet))
        answer = shop.orders.create_order({"body": body, "paypal_request_id": request_id()})
        assert (answer.status_code, answer.body.status, rels(answer.body)) == (200, "PAYER_ACTION_REQUIRED", ["self", "payer-action"])

    def test_a_card_pays_at_once_and_is_kept(self, shop: Shop) -> None:
        keep = CardAttributes(vault=VaultInstructionBase(store_in_vault=StoreInVaultInstruction.ON_SUCCESS))
        body = order(payment_source=PaymentSource(card=card(attributes=keep)))
        paid = shop.orders.create_order({"body": body, "paypal_request_id": request_id(), "prefer": FULL}).body
        [capture] = paid.purchase_units[0].payments.captures
        assert (paid.status, capture.status, amount(capture.amount)) == ("COMPLETED", "COMPLETED", ("100.00", "USD"))
        assert (capture.processor_response.response_code, capture.network_transaction_reference.network) == ("0000", "VISA")
        shown = paid.payment_source.card
        assert (shown.last_digits, shown.brand, shown.expiry, shown.attributes.vault.status) == ("1881", "VISA", "2035-12", "VAULTED")

    def test_a_kept_card_pays_again(self, shop: Shop) -> None:
        keep = CardAttributes(vault=VaultInstructionBase(store_in_vault=StoreInVaultInstruction.ON_SUCCESS))
        body = order(payment_source=PaymentSource(card=card(attributes=keep)))
        first = shop.orders.create_order({"body": body, "paypal_request_id": request_id(), "prefer": FULL}).body
        kept = {"card": {"vault_id": first.payment_source.card.attributes.vault.id}}
        body = order(value="7.00", payment_source=PaymentSource.from_dictionary(kept))
        paid = shop.orders.create_order({"body": body, "paypal_request_id": request_id(), "prefer": FULL}).body
        [capture] = paid.purchase_units[0].payments.captures
        assert (paid.status, capture.status, amount(capture.amount)) == ("COMPLETED", "COMPLETED", ("7.00", "USD"))
        assert paid.payment_source.card.last_digits == "1881"

    def test_a_kept_wallet_pays_again(self, shop: Shop) -> None:
        keep = PaypalWalletVaultInstruction(PaypalPaymentTokenUsageType.MERCHANT, StoreInVaultInstruction.ON_SUCCESS)
        wallet = PaypalWallet(attributes=PaypalWalletAttributes(vault=keep))
        options = {"body": order(payment_source=PaymentSource(paypal=wallet)), "paypal_request_id": request_id()}
        created = shop.orders.create_order(options).body
        shop.control(f"orders/{created.id}/approve", {"buyer": "buyer@example.com"})
        kept = shop.orders.capture_order({"id": created.id}).body.payment_source.paypal.attributes.vault
        assert (kept.status, [link.rel for link in kept.links]) == ("VAULTED", ["self", "delete"])
        body = order(value="7.00", payment_source=PaymentSource(paypal=PaypalWallet(vault_id=kept.id)))
        paid = shop.orders.create_order({"body": body, "paypal_request_id": request_id(), "prefer": FULL}).body
        [capture] = paid.purchase_units[0].payments.captures
        assert (paid.status, capture.status, amount(capture.amount)) == ("COMPLETED", "COMPLETED", ("7.00", "USD"))
        assert paid.payment_source.paypal.email_address == "buyer@example.com"

    def test_a_declined_card_completes_the_order_with_a_declined_capture(self, shop: Shop) -> None:
        body = order(payment_source=PaymentSource(card=card("CCREJECT-REFUSED")))
        paid = shop.orders.create_order({"body": body, "paypal_request_id": request_id(), "prefer": FULL}).body
        [capture] = paid.purchase_units[0].payments.captures
        assert (paid.status, capture.status, capture.processor_response.response_code) == ("COMPLETED", "DECLINED", "0500")

    def test_the_same_request_id_answers_the_same_order(self, shop: Shop) -> None:
        options = {"body": order(), "paypal_request_id": request_id()}
        first, again = shop.orders.create_order(options), shop.orders.create_order(options)
        assert (first.status_code, again.status_code, again.body.id) == (201, 200, first.body.id)

    def test_a_card_needs_a_request_id(self, shop: Shop, refused: Refused) -> None:
        options = {"body": order(payment_source=PaymentSource(card=card()))}
        refused(400, "INVALID_REQUEST", "PAYPAL_REQUEST_ID_REQUIRED", shop.orders.create_order, options)

    def test_an_amount_with_too_many_decimals(self, shop: Shop, refused: Refused) -> None:
        error = refused(422, "UNPROCESSABLE_ENTITY", "DECIMAL_PRECISION", shop.orders.create_order, {"body": order(value="1.001")})
        assert error.details[0].field == "/purchase_units/0/amount/value"

    def test_an_address_that_is_promised_and_left_out(self, shop: Shop, refused: Refused) -> None:
        context = PaypalWalletExperienceContext(shipping_preference="SET_PROVIDED_ADDRESS")
        body = order(payment_source=PaymentSource(paypal=PaypalWallet(experience_context=context)))
        options = {"body": body, "paypal_request_id": request_id()}
        refused(422, "UNPROCESSABLE_ENTITY", "MISSING_SHIPPING_ADDRESS", shop.orders.create_order, options)

    def test_a_payment_source_that_names_none(self, shop: Shop, refused: Refused) -> None:
        options = {"body": order(payment_source=PaymentSource())}
        refused(422, "UNPROCESSABLE_ENTITY", "NO_PAYMENT_SOURCE_PROVIDED", shop.orders.create_order, options)

    def test_without_units(self, shop: Shop, refused: Refused) -> None:
        body = order()
        body.purchase_units = []
        refused(400, "INVALID_REQUEST", "INVALID_ARRAY_MIN_ITEMS", shop.orders.create_order, {"body": body})

    def test_the_issue_that_is_asked_for(self, shop: Shop, refused: Refused) -> None:
        options = {"body": order(), "paypal_mock_response": mocked("DUPLICATE_INVOICE_ID")}
        refused(422, "UNPROCESSABLE_ENTITY", "DUPLICATE_INVOICE_ID", shop.orders.create_order, options)


class TestGet:
    def test_an_approved_order_and_its_payer(self, shop: Shop) -> None:
        answer = shop.orders.get_order({"id": shop.approved(value="5.00")})
        assert (answer.status_code, answer.body.status, rels(answer.body)) == (200, "APPROVED", ["self", "update", "capture"])
        assert (answer.body.payer.email_address, answer.body.payer.name.given_name) == ("buyer@example.com", "Bea")
        assert amount(answer.body.purchase_units[0].amount) == ("5.00", "USD")

    def test_what_is_not_there(self, shop: Shop, refused: Refused) -> None:
        refused(404, "RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID", shop.orders.get_order, {"id": "5O190127TN364715T"})

    def test_another_merchants(self, shop: Shop, other_shop: Shop, refused: Refused) -> None:
        refused(404, "RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID", other_shop.orders.get_order, {"id": shop.created()})

    def test_for_a_merchant_that_did_not_consent(self, shop: Shop, refused: Refused) -> None:
        options = {"id": shop.created(), "paypal_auth_assertion": assertion(CREDENTIALS[0], "other@example.com")}
        refused(403, "NOT_AUTHORIZED", "PERMISSION_DENIED", shop.orders.get_order, options)

    def test_with_a_token_that_expired(self, shop: Shop) -> None:
        order_id = shop.created()
        shop.control("faults", {"operation": "orders.get", "kind": "expire", "match": {"order": order_id}, "times": 1})
        with pytest.raises(ErrorException) as caught:
            shop.orders.get_order({"id": order_id})
        assert (caught.value.response_code, caught.value.name) == (401, "AUTHENTICATION_FAILURE")
        assert shop.orders.get_order({"id": order_id}).body.id == order_id


class TestPatch:
    PATH = "/purchase_units/@reference_id=='default'"

    def test_a_lower_total(self, shop: Shop) -> None:
        order_id = shop.created()
        change = Patch(op=PatchOp.REPLACE, path=f"{self.PATH}/amount", value={"currency_code": "USD", "value": "80.00"})
        answer = shop.orders.patch_order({"id": order_id, "body": [change]})
        assert (answer.status_code, answer.text) == (204, "")
        assert amount(shop.orders.get_order({"id": order_id}).body.purchase_units[0].amount) == ("80.00", "USD")

    def test_what_cannot_be_changed(self, shop: Shop, refused: Refused) -> None:
        change = Patch(op=PatchOp.REPLACE, path=f"{self.PATH}/payments", value={})
        options = {"id": shop.created(), "body": [change]}
        refused(422, "UNPROCESSABLE_ENTITY", "NOT_PATCHABLE", shop.orders.patch_order, options)


class TestConfirm:
    def test_a_card(self, shop: Shop) -> None:
        options = {"id": shop.created(), "body": ConfirmOrderRequest(payment_source=PaymentSource(card=card())), "prefer": FULL}
        answer = shop.orders.confirm_order(options)
        assert (answer.status_code, answer.body.status, answer.body.payment_source.card.last_digits) == (200, "APPROVED", "1881")

    def test_a_wallet(self, shop: Shop) -> None:
        options = {"id": shop.created(), "body": ConfirmOrderRequest(payment_source=PaymentSource(paypal=PaypalWallet()))}
        answer = shop.orders.confirm_order(options)
        assert (answer.body.status, rels(answer.body)) == ("PAYER_ACTION_REQUIRED", ["self", "payer-action"])

    def test_a_paid_order(self, shop: Shop, refused: Refused) -> None:
        options = {"id": shop.captured()[0], "body": ConfirmOrderRequest(payment_source=PaymentSource(card=card()))}
        refused(422, "UNPROCESSABLE_ENTITY", "ORDER_CANNOT_BE_CONFIRMED", shop.orders.confirm_order, options)


class TestAuthorize:
    def test_an_approved_order(self, shop: Shop) -> None:
        options = {"id": shop.approved(AUTHORIZE), "prefer": FULL, "paypal_request_id": request_id()}
        answer = shop.orders.authorize_order(options)
        [authorization] = answer.body.purchase_units[0].payments.authorizations
        assert (answer.status_code, answer.body.status, authorization.status) == (201, "COMPLETED", "CREATED")
        assert amount(authorization.amount) == ("100.00", "USD")
        assert rels(authorization) == ["self", "capture", "void", "reauthorize", "up"]
        again = shop.orders.authorize_order(options)
        assert (again.status_code, again.body.purchase_units[0].payments.authorizations[0].id) == (200, authorization.id)

    def test_with_a_card(self, shop: Shop) -> None:
        body = OrderAuthorizeRequest(payment_source=OrderAuthorizeRequestPaymentSource(card=card()))
        options = {"id": shop.created(AUTHORIZE), "body": body, "prefer": FULL, "paypal_request_id": request_id()}
        paid = shop.orders.authorize_order(options).body
        [authorization] = paid.purchase_units[0].payments.authorizations
        assert (paid.status, authorization.status, authorization.processor_response.response_code) == ("COMPLETED", "CREATED", "0000")

    def test_the_other_intent(self, shop: Shop, refused: Refused) -> None:
        options = {"id": shop.approved()}
        refused(422, "UNPROCESSABLE_ENTITY", "ACTION_DOES_NOT_MATCH_INTENT", shop.orders.authorize_order, options)

    def test_an_order_that_nobody_approved(self, shop: Shop, refused: Refused) -> None:
        refused(422, "UNPROCESSABLE_ENTITY", "ORDER_NOT_APPROVED", shop.orders.authorize_order, {"id": shop.created(AUTHORIZE)})


class TestCapture:
    def test_an_approved_order(self, shop: Shop) -> None:
        options = {"id": shop.approved(), "prefer": FULL, "paypal_request_id": request_id()}
        answer = shop.orders.capture_order(options)
        [capture] = answer.body.purchase_units[0].payments.captures
        assert (answer.status_code, answer.body.status, capture.status, capture.final_capture) == (201, "COMPLETED", "COMPLETED", True)
        breakdown = capture.seller_receivable_breakdown
        assert (amount(breakdown.gross_amount), amount(breakdown.paypal_fee)) == (("100.00", "USD"), ("3.98", "USD"))
        assert amount(breakdown.net_amount) == ("96.02", "USD")
        again = shop.orders.capture_order(options)
        assert (again.status_code, again.body.purchase_units[0].payments.captures[0].id) == (200, capture.id)

    def test_with_a_card(self, shop: Shop) -> None:
        body = OrderCaptureRequest(payment_source=OrderCaptureRequestPaymentSource(card=card()))
        options = {"id": shop.created(), "body": body, "prefer": FULL, "paypal_request_id": request_id()}
        paid = shop.orders.capture_order(options).body
        [capture] = paid.purchase_units[0].payments.captures
        assert (paid.status, capture.status, paid.payment_source.card.last_digits) == ("COMPLETED", "COMPLETED", "1881")

    def test_an_order_that_nobody_approved(self, shop: Shop, refused: Refused) -> None:
        refused(422, "UNPROCESSABLE_ENTITY", "ORDER_NOT_APPROVED", shop.orders.capture_order, {"id": shop.created()})

    def test_twice(self, shop: Shop, refused: Refused) -> None:
        options = {"id": shop.captured()[0]}
        refused(422, "UNPROCESSABLE_ENTITY", "ORDER_ALREADY_CAPTURED", shop.orders.capture_order, options)

    def test_a_buyer_without_money(self, shop: Shop, refused: Refused) -> None:
        options = {"id": shop.approved(buyer=shop.penniless())}
        error = refused(422, "UNPROCESSABLE_ENTITY", "INSTRUMENT_DECLINED", shop.orders.capture_order, options)
        assert "redirect" in rels(error)

    def test_the_issue_that_is_asked_for(self, shop: Shop, refused: Refused) -> None:
        options = {"id": shop.approved(), "paypal_mock_response": mocked("TRANSACTION_REFUSED")}
        refused(422, "UNPROCESSABLE_ENTITY", "TRANSACTION_REFUSED", shop.orders.capture_order, options)


class TestTrack:
    def test_a_shipment(self, shop: Shop) -> None:
        order_id, capture_id = shop.captured()
        options = {"id": order_id, "body": shipment(capture_id)}
        answer = shop.orders.create_order_tracking(options)
        [tracker] = answer.body.purchase_units[0].shipping.trackers
        assert (answer.status_code, answer.body.id, tracker.status) == (201, order_id, "SHIPPED")
        assert shop.orders.create_order_tracking(options).status_code == 200

    def test_an_unknown_capture(self, shop: Shop, refused: Refused) -> None:
        options = {"id": shop.captured()[0], "body": shipment("2GG279541U471931P")}
        refused(422, "UNPROCESSABLE_ENTITY", "CAPTURE_ID_NOT_FOUND", shop.orders.create_order_tracking, options)


class TestUpdateTracking:
    CANCEL = Patch(op=PatchOp.REPLACE, path="/status", value="CANCELLED")

    def test_a_shipment_that_was_called_off(self, shop: Shop) -> None:
        order_id, tracker = shop.shipped()
        answer = shop.orders.update_order_tracking({"id": order_id, "tracker_id": tracker, "body": [self.CANCEL]})
        assert (answer.status_code, answer.text) == (204, "")
        [shown] = shop.orders.get_order({"id": order_id}).body.purchase_units[0].shipping.trackers
        assert (shown.id, shown.status) == (tracker, "CANCELLED")

    def test_one_that_was_called_off_before(self, shop: Shop, refused: Refused) -> None:
        order_id, tracker = shop.shipped()
        options = {"id": order_id, "tracker_id": tracker, "body": [self.CANCEL]}
        shop.orders.update_order_tracking(options)
        assert shop.orders.update_order_tracking(options).status_code == 204
        options["body"] = [Patch(op=PatchOp.REPLACE, path="/notify_payer", value=True)]
        refused(422, "UNPROCESSABLE_ENTITY", "CANNOT_PATCH_CANCELLED_TRACKER", shop.orders.update_order_tracking, options)

    def test_an_unknown_tracker(self, shop: Shop, refused: Refused) -> None:
        options = {"id": shop.captured()[0], "tracker_id": "NONE-1", "body": [self.CANCEL]}
        refused(404, "RESOURCE_NOT_FOUND", "TRACKER_ID_NOT_FOUND", shop.orders.update_order_tracking, options)
