"""Payments v2 by the Python SDK: for each operation what it answers and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from paypalserversdk.models.capture_request import CaptureRequest
from paypalserversdk.models.reauthorize_request import ReauthorizeRequest
from paypalserversdk.models.refund_request import RefundRequest

from tests.clients.shop import FULL, Shop, amount, mocked, rels, request_id, usd

Refused = Callable[..., Any]
NONE = "2GG279541U471931P"


class TestGetAuthorization:
    def test_it(self, shop: Shop) -> None:
        authorization_id = shop.authorized()
        answer = shop.payments.get_authorized_payment({"authorization_id": authorization_id})
        assert (answer.status_code, answer.body.id, answer.body.status) == (200, authorization_id, "CREATED")
        assert (amount(answer.body.amount), answer.body.payee.email_address) == (("100.00", "USD"), "store@example.com")
        assert rels(answer.body) == ["self", "capture", "void", "reauthorize", "up"]

    def test_what_is_not_there(self, shop: Shop, refused: Refused) -> None:
        options = {"authorization_id": NONE}
        refused(404, "RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID", shop.payments.get_authorized_payment, options)

    def test_another_merchants(self, shop: Shop, other_shop: Shop, refused: Refused) -> None:
        options = {"authorization_id": shop.authorized()}
        refused(404, "RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID", other_shop.payments.get_authorized_payment, options)


class TestCaptureAuthorization:
    def test_a_part_and_the_last_part(self, shop: Shop) -> None:
        authorization_id = shop.authorized()
        for value, final, status in (("30.00", False, "PARTIALLY_CAPTURED"), ("20.00", True, "CAPTURED")):
            body = CaptureRequest(amount=usd(value), final_capture=final, invoice_id=f"INV-{request_id()}", note_to_payer="Thanks")
            options = {"authorization_id": authorization_id, "body": body, "prefer": FULL, "paypal_request_id": request_id()}
            answer = shop.payments.capture_authorized_payment(options)
            assert (answer.status_code, answer.body.status, answer.body.final_capture) == (201, "COMPLETED", final)
            assert (amount(answer.body.amount), answer.body.invoice_id) == ((value, "USD"), body.invoice_id)
            assert shop.payments.get_authorized_payment({"authorization_id": authorization_id}).body.status == status
            again = shop.payments.capture_authorized_payment(options)
            assert (again.status_code, again.body.id) == (200, answer.body.id)

    def test_all_of_it_without_a_body(self, shop: Shop) -> None:
        answer = shop.payments.capture_authorized_payment({"authorization_id": shop.authorized()})
        assert (answer.status_code, answer.body.status, hasattr(answer.body, "amount")) == (201, "COMPLETED", False)  # minimal
        assert amount(shop.payments.get_captured_payment({"capture_id": answer.body.id}).body.amount) == ("100.00", "USD")

    def test_more_than_the_rule_allows(self, shop: Shop, refused: Refused) -> None:
        options = {"authorization_id": shop.authorized(), "body": CaptureRequest(amount=usd("115.01"))}
        refused(422, "UNPROCESSABLE_ENTITY", "MAX_CAPTURE_AMOUNT_EXCEEDED", shop.payments.capture_authorized_payment, options)

    def test_the_issue_that_is_asked_for(self, shop: Shop, refused: Refused) -> None:
        options = {"authorization_id": shop.authorized(), "paypal_mock_response": mocked("AUTHORIZATION_EXPIRED")}
        refused(422, "UNPROCESSABLE_ENTITY", "AUTHORIZATION_EXPIRED", shop.payments.capture_authorized_payment, options)


class TestReauthorize:
    def test_after_the_honor_period(self, shop: Shop) -> None:
        authorization_id = shop.authorized()
        shop.control("clock/advance", {"by": "P4D"})
        body = ReauthorizeRequest(amount=usd("90.00"))
        options = {"authorization_id": authorization_id, "body": body, "prefer": FULL, "paypal_request_id": request_id()}
        answer = shop.payments.reauthorize_payment(options)
        assert (answer.status_code, answer.body.status, amount(answer.body.amount)) == (201, "CREATED", ("90.00", "USD"))
        assert answer.body.id != authorization_id
        again = shop.payments.reauthorize_payment(options)
        assert (again.status_code, again.body.id) == (200, answer.body.id)

    def test_too_soon(self, shop: Shop, refused: Refused) -> None:
        options = {"authorization_id": shop.authorized(), "body": ReauthorizeRequest(amount=usd("100.00"))}
        refused(422, "UNPROCESSABLE_ENTITY", "REAUTHORIZATION_TOO_SOON", shop.payments.reauthorize_payment, options)


class TestVoid:
    def test_minimal(self, shop: Shop) -> None:
        authorization_id = shop.authorized()
        answer = shop.payments.void_payment({"authorization_id": authorization_id})
        assert (answer.status_code, answer.text) == (204, "")
        assert shop.payments.get_authorized_payment({"authorization_id": authorization_id}).body.status == "VOIDED"

    def test_representation(self, shop: Shop) -> None:
        authorization_id = shop.authorized()
        answer = shop.payments.void_payment({"authorization_id": authorization_id, "prefer": FULL})
        assert (answer.status_code, answer.body.id, answer.body.status) == (200, authorization_id, "VOIDED")
        assert rels(answer.body) == ["self", "up"]

    def test_what_was_captured(self, shop: Shop, refused: Refused) -> None:
        authorization_id = shop.authorized()
        shop.payments.capture_authorized_payment({"authorization_id": authorization_id})
        options = {"authorization_id": authorization_id}
        refused(422, "UNPROCESSABLE_ENTITY", "PREVIOUSLY_CAPTURED", shop.payments.void_payment, options)


class TestGetCapture:
    def test_it(self, shop: Shop) -> None:
        order_id, capture_id = shop.captured()
        answer = shop.payments.get_captured_payment({"capture_id": capture_id})
        assert (answer.status_code, answer.body.id, answer.body.status) == (200, capture_id, "COMPLETED")
        assert (amount(answer.body.amount), rels(answer.body)) == (("100.00", "USD"), ["self", "refund", "up"])
        assert answer.body.supplementary_data.related_ids.order_id == order_id
        assert amount(answer.body.seller_receivable_breakdown.net_amount) == ("96.02", "USD")

    def test_what_is_not_there(self, shop: Shop, refused: Refused) -> None:
        options = {"capture_id": NONE}
        refused(404, "RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID", shop.payments.get_captured_payment, options)

    def test_the_issue_that_is_asked_for(self, shop: Shop, refused: Refused) -> None:
        options = {"capture_id": shop.captured()[1], "paypal_mock_response": mocked("PERMISSION_DENIED")}
        refused(403, "NOT_AUTHORIZED", "PERMISSION_DENIED", shop.payments.get_captured_payment, options)


class TestRefund:
    def test_a_part_and_then_the_rest(self, shop: Shop) -> None:
        _, capture_id = shop.captured()
        for value, wanted, total, status in (
            ("25.00", usd("25.00"), "25.00", "PARTIALLY_REFUNDED"),
            ("75.00", None, "100.00", "REFUNDED"),
        ):
            body = RefundRequest(amount=wanted, note_to_payer="Sorry") if wanted else None
            options = {"capture_id": capture_id, "body": body, "prefer": FULL, "paypal_request_id": request_id()}
            answer = shop.payments.refund_captured_payment(options)
            assert (answer.status_code, answer.body.status, amount(answer.body.amount)) == (201, "COMPLETED", (value, "USD"))
            assert amount(answer.body.seller_payable_breakdown.total_refunded_amount) == (total, "USD")
            assert shop.payments.get_captured_payment({"capture_id": capture_id}).body.status == status
            again = shop.payments.refund_captured_payment(options)
            assert (again.status_code, again.body.id) == (200, answer.body.id)

    def test_beyond_the_capture(self, shop: Shop, refused: Refused) -> None:
        options = {"capture_id": shop.captured()[1], "body": RefundRequest(amount=usd("100.01"))}
        refused(422, "UNPROCESSABLE_ENTITY", "REFUND_AMOUNT_EXCEEDED", shop.payments.refund_captured_payment, options)

    def test_twice(self, shop: Shop, refused: Refused) -> None:
        options = {"capture_id": shop.refunded()[0]}
        refused(422, "UNPROCESSABLE_ENTITY", "CAPTURE_FULLY_REFUNDED", shop.payments.refund_captured_payment, options)


class TestGetRefund:
    def test_it(self, shop: Shop) -> None:
        capture_id, refund_id = shop.refunded()
        answer = shop.payments.get_refund({"refund_id": refund_id})
        assert (answer.status_code, answer.body.id, answer.body.status) == (200, refund_id, "COMPLETED")
        assert (amount(answer.body.amount), rels(answer.body)) == (("100.00", "USD"), ["self", "up"])
        assert answer.body.links[1].href.endswith(f"/v2/payments/captures/{capture_id}")

    def test_what_is_not_there(self, shop: Shop, refused: Refused) -> None:
        refused(404, "RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID", shop.payments.get_refund, {"refund_id": NONE})
