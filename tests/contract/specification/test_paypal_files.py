"""PayPal's own files, read as they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.contract.specification.deviations import Deviations
from tests.contract.specification.documents import load
from tests.contract.specification.validation import Specification
from tests.needs import PACKAGE

pytestmark = pytest.mark.needs_specs

HEADERS = {"Content-Type": "application/json", "Paypal-Debug-Id": "f1a2b3c4d5e60"}
# Examples in the files that contradict the files.
WRONG_EXAMPLES = {
    "disputes.require-evidence request /: 'action' is a required property",
    "disputes.escalate request /: 'note' is a required property",
    "invoices.create request /invoicer/website: 'www.test.com' is not a 'uri'",
    "invoices.create 201 /invoicer/website: 'www.test.com' is not a 'uri'",
    "templates.get 200 /template_info/invoicer/website: 'www.test.com' is not a 'uri'",
    "verify-webhook-signature.post request /cert_url: 'cert_url' is not a 'uri'",
}
LINK = {"href": "http://127.0.0.1:8080/v2/checkout/orders/5O190127TN364715T", "rel": "self", "method": "GET"}
CAPTURE = {
    "id": "3C679366HH908993F",
    "status": "COMPLETED",
    "amount": {"currency_code": "USD", "value": "100.00"},
    "seller_protection": {"status": "ELIGIBLE", "dispute_categories": ["ITEM_NOT_RECEIVED", "UNAUTHORIZED_TRANSACTION"]},
    "final_capture": True,
    "seller_receivable_breakdown": {
        "gross_amount": {"currency_code": "USD", "value": "100.00"},
        "paypal_fee": {"currency_code": "USD", "value": "3.70"},
        "net_amount": {"currency_code": "USD", "value": "96.30"},
    },
    "links": [LINK],
    "create_time": "2024-02-03T10:00:00Z",
}


@pytest.fixture(scope="module")
def specification(specs: Path) -> Specification:
    return Specification.load(specs)


def check(specification: Specification, method: str, path: str, status: int, body: object) -> list[str]:
    return specification.check(method, path, status, HEADERS, json.dumps(body).encode())


def failure(name: str, issue: str) -> dict[str, object]:
    details = [{"issue": issue, "description": "A sentence of ours."}]
    return {"name": name, "message": "Another sentence of ours.", "debug_id": HEADERS["Paypal-Debug-Id"], "details": details}


class TestAnswers:
    def test_takes_a_minimal_order(self, specification: Specification) -> None:
        order = {"id": "5O190127TN364715T", "status": "CREATED", "links": [LINK]}

        assert check(specification, "POST", "/v2/checkout/orders", 201, order) == []
        assert check(specification, "POST", "/v2/checkout/orders", 200, order) == []

    def test_takes_a_captured_order(self, specification: Specification) -> None:
        unit = {"reference_id": "default", "payments": {"captures": [CAPTURE]}}
        order = {"id": "5O190127TN364715T", "status": "COMPLETED", "purchase_units": [unit], "links": [LINK]}

        assert check(specification, "POST", "/v2/checkout/orders/5O190127TN364715T/capture", 201, order) == []

    def test_refuses_what_clients_would_stumble_over(self, specification: Specification) -> None:
        order = {"id": 5, "status": "NEW", "links": [{"href": "/"}], "purchase_units": [{"amount": {"value": 100}}]}

        assert sorted(check(specification, "GET", "/v2/checkout/orders/5", 200, order)) == [
            "orders.get 200 /id: 5 is not of type 'string'",
            "orders.get 200 /links/0: 'rel' is a required property",
            "orders.get 200 /purchase_units/0/amount/value: 100 is not of type 'string'",
            "orders.get 200 /purchase_units/0/amount: 'currency_code' is a required property",
            "orders.get 200 /status: 'NEW' is not one of ['CREATED', 'SAVED', 'APPROVED', 'VOIDED', 'COMPLETED', 'PAYER_ACTION_REQUIRED']",
        ]

    def test_takes_the_replay_of_a_refund(self, specification: Specification) -> None:
        assert check(specification, "POST", "/v2/payments/captures/3C679366HH908993F/refund", 200, {"id": "1", "status": "COMPLETED"}) == []


class TestErrors:
    def test_takes_a_documented_issue_with_sentences_of_ours(self, specification: Specification) -> None:
        body = failure("UNPROCESSABLE_ENTITY", "ORDER_NOT_APPROVED")

        assert check(specification, "POST", "/v2/checkout/orders/1/capture", 422, body) == []

    def test_refuses_an_issue_of_another_operation(self, specs: Path, specification: Specification) -> None:
        if specs == PACKAGE:
            pytest.skip("the edition in the npm package does not say which operation has which issue; the newer one does")
        (violation,) = check(specification, "POST", "/v2/checkout/orders", 422, failure("UNPROCESSABLE_ENTITY", "ORDER_NOT_APPROVED"))

        assert violation.startswith("orders.create 422 /details/0: none of ")

    def test_refuses_the_name_of_another_status(self, specification: Specification) -> None:
        violations = check(specification, "POST", "/v2/checkout/orders/1/capture", 422, failure("INVALID_REQUEST", "ORDER_NOT_APPROVED"))

        assert violations == ["orders.capture 422 /name: 'INVALID_REQUEST' is not one of ['UNPROCESSABLE_ENTITY']"]

    @pytest.mark.parametrize(("status", "name"), [(413, "REQUEST_TOO_LARGE"), (429, "RATE_LIMIT_REACHED"), (501, "NOT_IMPLEMENTED")])
    def test_takes_names_that_the_default_error_lacks(self, specification: Specification, status: int, name: str) -> None:
        assert check(specification, "GET", "/v2/checkout/orders/1", status, failure(name, "ANY")) == []


class TestFiles:
    def test_every_schema_of_every_operation_can_be_used(self, specs: Path) -> None:
        specification = Specification.load(specs, Deviations([]))
        used = 0

        for document in load(specs):
            for operation in document.operations():
                for key in operation.responses:
                    check(specification, operation.method, operation.template, 599 if key == "default" else int(key), {"links": [{}]})
                    used += 1
                specification.check_request(operation.method, operation.template, b"{}")
        assert used > 600

    def test_examples_conform(self, specs: Path) -> None:
        specification = Specification.load(specs)
        violations: set[str] = set()
        examples = 0

        for document in load(specs):
            for operation in document.operations():
                node = document.content["paths"][operation.template][operation.method.lower()]
                for where, holder in [("request", node.get("requestBody", {})), *operation.responses.items()]:
                    content, _ = document.resolved(holder)
                    for example in content.get("content", {}).get("application/json", {}).get("examples", {}).values():
                        value = json.dumps(document.resolved(example)[0]["value"]).encode()
                        examples += 1
                        if where == "request":
                            violations.update(specification.check_request(operation.method, operation.template, value))
                        else:
                            violations.update(specification.check(operation.method, operation.template, int(where), HEADERS, value))

        assert examples >= 58
        assert violations <= WRONG_EXAMPLES
        assert any("www.test.com" in violation for violation in violations)
