"""What no store should send: always refused with a pointer, never an error of ours, nothing stored."""

from __future__ import annotations

from typing import Any

import orjson

from services.orders.tests.conftest import PATH, Shop, order, unit, usd

AMOUNT = "/purchase_units/0/amount"
ITEM = {"name": "x", "quantity": "1", "unit_amount": usd("1.00")}
ADDRESS = {"address_line_1": "1 Example Street", "country_code": "XX"}


def phone(number: str) -> dict[str, Any]:
    return {"phone_type": "MOBILE", "phone_number": {"national_number": number}}


# body, status, issue, field
BODIES: list[tuple[Any, int, str, str | None]] = [
    ({}, 400, "MISSING_REQUIRED_PARAMETER", "/intent"),
    ({"intent": "CAPTURE"}, 400, "MISSING_REQUIRED_PARAMETER", "/purchase_units"),
    (order(intent="capture"), 400, "INVALID_PARAMETER_VALUE", "/intent"),
    ({"intent": 1, "purchase_units": [unit()]}, 400, "INVALID_PARAMETER_VALUE", "/intent"),
    ({"intent": "CAPTURE", "purchase_units": []}, 400, "INVALID_ARRAY_MIN_ITEMS", "/purchase_units"),
    ({"intent": "CAPTURE", "purchase_units": {}}, 400, "INVALID_PARAMETER_SYNTAX", "/purchase_units"),
    ({"intent": "CAPTURE", "purchase_units": [1]}, 400, "INVALID_PARAMETER_SYNTAX", "/purchase_units/0"),
    ({"intent": "CAPTURE", "purchase_units": [None]}, 400, "INVALID_PARAMETER_SYNTAX", "/purchase_units/0"),
    (order(*[unit(reference_id=str(n)) for n in range(11)]), 400, "INVALID_ARRAY_MAX_ITEMS", "/purchase_units"),
    (order({}), 400, "MISSING_REQUIRED_PARAMETER", AMOUNT),
    (order({"amount": None}), 400, "INVALID_PARAMETER_SYNTAX", AMOUNT),
    (order({"amount": {"value": "1.00"}}), 400, "MISSING_REQUIRED_PARAMETER", f"{AMOUNT}/currency_code"),
    (order({"amount": usd("")}), 400, "INVALID_STRING_LENGTH", f"{AMOUNT}/value"),
    (order({"amount": usd("abc")}), 400, "INVALID_PARAMETER_SYNTAX", f"{AMOUNT}/value"),
    (order({"amount": usd("1,00")}), 400, "INVALID_PARAMETER_SYNTAX", f"{AMOUNT}/value"),
    (order({"amount": usd("1e5")}), 400, "INVALID_PARAMETER_SYNTAX", f"{AMOUNT}/value"),
    (order({"amount": usd("\u0661\u0660")}), 400, "INVALID_PARAMETER_SYNTAX", f"{AMOUNT}/value"),
    (order({"amount": usd("9" * 33)}), 400, "INVALID_STRING_LENGTH", f"{AMOUNT}/value"),
    (order({"amount": {"currency_code": "USD", "value": 1e30}}), 400, "INVALID_PARAMETER_SYNTAX", f"{AMOUNT}/value"),
    (order({"amount": {"currency_code": "USD", "value": [10]}}), 400, "INVALID_PARAMETER_SYNTAX", f"{AMOUNT}/value"),
    (order({"amount": {"currency_code": "USD", "value": 0.1 + 0.2}}), 422, "DECIMAL_PRECISION", f"{AMOUNT}/value"),
    (order({"amount": {"currency_code": "USD", "value": -1}}), 422, "CANNOT_BE_ZERO_OR_NEGATIVE", f"{AMOUNT}/value"),
    (order({"amount": {"currency_code": "USD", "value": True}}), 400, "INVALID_PARAMETER_SYNTAX", f"{AMOUNT}/value"),
    (order({"amount": {"currency_code": "US", "value": "1"}}), 400, "INVALID_STRING_LENGTH", f"{AMOUNT}/currency_code"),
    (order({"amount": {"currency_code": "XXX", "value": "1"}}), 422, "INVALID_CURRENCY_CODE", f"{AMOUNT}/currency_code"),
    (order(unit("-1.00")), 422, "CANNOT_BE_ZERO_OR_NEGATIVE", f"{AMOUNT}/value"),
    (order(unit("1.234")), 422, "DECIMAL_PRECISION", f"{AMOUNT}/value"),
    (order({"amount": {"currency_code": "JPY", "value": "1.5"}}), 422, "DECIMALS_NOT_SUPPORTED", f"{AMOUNT}/value"),
    (order(unit("9" * 32)), 422, "MAX_VALUE_EXCEEDED", f"{AMOUNT}/value"),
    (order(unit(reference_id="")), 400, "INVALID_STRING_LENGTH", "/purchase_units/0/reference_id"),
    (order(unit(reference_id="x" * 257)), 400, "INVALID_STRING_LENGTH", "/purchase_units/0/reference_id"),
    (order(unit(invoice_id="x" * 128)), 400, "INVALID_STRING_LENGTH", "/purchase_units/0/invoice_id"),
    (order(unit(soft_descriptor="x" * 23)), 400, "INVALID_STRING_LENGTH", "/purchase_units/0/soft_descriptor"),
    (order(unit(items=[ITEM | {"quantity": 1.0}])), 400, "INVALID_PARAMETER_SYNTAX", "/purchase_units/0/items/0/quantity"),
    (order(unit(items=[ITEM | {"quantity": True}])), 400, "INVALID_PARAMETER_SYNTAX", "/purchase_units/0/items/0/quantity"),
    (order(unit(items=[ITEM | {"quantity": "0"}])), 400, "INVALID_PARAMETER_SYNTAX", "/purchase_units/0/items/0/quantity"),
    (order(unit(items=[ITEM | {"quantity": "1.5"}])), 400, "INVALID_PARAMETER_SYNTAX", "/purchase_units/0/items/0/quantity"),
    (order(unit(items=[ITEM | {"category": "SOULS"}])), 400, "INVALID_PARAMETER_VALUE", "/purchase_units/0/items/0/category"),
    (order(unit(shipping={"address": ADDRESS})), 400, "INVALID_COUNTRY_CODE", "/purchase_units/0/shipping/address/country_code"),
    (order(unit(payee={"email_address": "nobody"})), 400, "INVALID_PARAMETER_SYNTAX", "/purchase_units/0/payee/email_address"),
    (order(unit(payee={"merchant_id": "a/../b"})), 400, "INVALID_PARAMETER_SYNTAX", "/purchase_units/0/payee/merchant_id"),
    *(
        (order(application_context={"return_url": url}), 400, "INVALID_PARAMETER_SYNTAX", "/application_context/return_url")
        for url in (
            "http://[::1",
            "http://evil.com\\@shop.example/",
            "http://shop.example@evil.com/",
            "http://:80/",
            "http:///x",
            "http://a:b/",
        )
    ),
    (order(application_context={"return_url": "javascript:alert(1)"}), 400, "INVALID_PARAMETER_SYNTAX", "/application_context/return_url"),
    (order(application_context={"cancel_url": "//evil.example"}), 400, "INVALID_PARAMETER_SYNTAX", "/application_context/cancel_url"),
    (order(application_context={"user_action": "STEAL"}), 400, "INVALID_PARAMETER_VALUE", "/application_context/user_action"),
    *(
        (order(application_context={"locale": locale}), 400, "INVALID_PARAMETER_SYNTAX", "/application_context/locale")
        for locale in ("en_US", "english", "EN-US", "en-us", "de-419-x")
    ),
    (
        order(payment_source={"paypal": {"experience_context": {"locale": "en_US"}}}),
        400,
        "INVALID_PARAMETER_SYNTAX",
        "/payment_source/paypal/experience_context/locale",
    ),
    *(
        (order(payer={"phone": phone(number)}), 400, "INVALID_PARAMETER_SYNTAX", "/payer/phone/phone_number/national_number")
        for number in ("+14085551234", "408-555", "", "1" * 15, "\u0661")
    ),
    (
        order(payment_source={"paypal": {"phone": phone("+1 408")}}),
        400,
        "INVALID_PARAMETER_SYNTAX",
        "/payment_source/paypal/phone/phone_number/national_number",
    ),
    (
        order(payment_source={"card": {"billing_address": {"country_code": "ZZ"}}}),
        400,
        "INVALID_COUNTRY_CODE",
        "/payment_source/card/billing_address/country_code",
    ),
    (order(payer={"email_address": 5}), 400, "INVALID_PARAMETER_SYNTAX", "/payer/email_address"),
    (order(payment_source=[]), 400, "INVALID_PARAMETER_SYNTAX", "/payment_source"),
    (order(payment_source={"paypal": 1}), 400, "INVALID_PARAMETER_SYNTAX", "/payment_source/paypal"),
    (order(payment_source={"token": {"id": "x"}}), 400, "MISSING_REQUIRED_PARAMETER", "/payment_source/token/type"),
    (order(payment_source={"ideal": "x"}), 400, "INVALID_PARAMETER_SYNTAX", "/payment_source/ideal"),
    (
        order(payment_source={"ideal": {"experience_context": {"return_url": "data:text/html,x"}}}),
        400,
        "INVALID_PARAMETER_SYNTAX",
        "/payment_source/ideal/experience_context/return_url",
    ),
    (
        order(payment_source={"card": {"experience_context": {"return_url": "file:///etc/passwd"}}}),
        400,
        "INVALID_PARAMETER_SYNTAX",
        "/payment_source/card/experience_context/return_url",
    ),
    ([], 400, "INVALID_PARAMETER_SYNTAX", None),
    ("order", 400, "INVALID_PARAMETER_SYNTAX", None),
]
GOOD = orjson.dumps(order())
RAW: list[tuple[bytes, int, str | None]] = [
    (b"", 400, "MALFORMED_REQUEST_JSON"),
    (b"{", 400, "MALFORMED_REQUEST_JSON"),
    (GOOD + b"}", 400, "MALFORMED_REQUEST_JSON"),
    (GOOD.replace(b"CAPTURE", b"\xff\xfe"), 400, "MALFORMED_REQUEST_JSON"),
    (GOOD.replace(b"CAPTURE", b"CAPTURE\\ud800"), 400, "MALFORMED_REQUEST_JSON"),
    (GOOD.replace(b"CAPTURE", b"CAP\\u0000TURE"), 400, "INVALID_PARAMETER_SYNTAX"),
    (GOOD.replace(b"CAPTURE", b"CAP\x00TURE"), 400, "INVALID_PARAMETER_SYNTAX"),
    (GOOD[:-1] + b',"odd":NaN}', 400, "MALFORMED_REQUEST_JSON"),
    (GOOD.replace(b'"100.00"', b"NaN"), 400, "INVALID_PARAMETER_SYNTAX"),
    (GOOD.replace(b'"100.00"', b"0100"), 400, "MALFORMED_REQUEST_JSON"),
    (GOOD.replace(b'"100.00"', b"1e2"), 400, "INVALID_PARAMETER_SYNTAX"),
    (GOOD.replace(b'"100.00"', b"79.989999999999995"), 422, "DECIMAL_PRECISION"),
    (GOOD[:-1] + b',"odd":' + b"[" * 5000 + b"]" * 5000 + b"}", 400, "MALFORMED_REQUEST_JSON"),
    (GOOD[:-1] + b',"odd":' + b"[" * 600 + b"]" * 600 + b"}", 400, "MALFORMED_REQUEST_JSON"),
    (b" " * 5_000_000, 413, None),
]


class TestCreate:
    async def test_bodies(self, shop: Shop) -> None:
        for body, status, issue, field in BODIES:
            answer = await shop.post("", body, paypal_request_id="one")
            detail = answer.json()["details"][0]
            assert (answer.status_code, detail["issue"], detail.get("field")) == (status, issue, field), orjson.dumps(body)[:200]
            assert answer.json()["debug_id"] == answer.headers["paypal-debug-id"]
        assert (await shop.count("orders"), await shop.count("idempotency")) == (0, 0)

    async def test_bytes(self, shop: Shop) -> None:
        headers = shop.headers() | {"content-type": "application/json", "paypal-request-id": "one"}
        for content, status, issue in RAW:
            answer = await shop.orders.http.post(PATH, content=content, headers=headers)
            assert answer.status_code == status, content[:100]
            assert [detail["issue"] for detail in answer.json().get("details", [])] == ([issue] if issue else [])
        other = await shop.orders.http.post(PATH, content=GOOD, headers=headers | {"content-type": "text/plain"})
        assert (other.status_code, other.json()["name"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
        assert (await shop.count("orders"), await shop.count("idempotency")) == (0, 0)

    async def test_deep_but_readable_nesting_survives(self, shop: Shop) -> None:
        deep: Any = "bottom"
        for _ in range(50):
            deep = [deep]
        assert (await shop.create(odd=deep))["odd"] == deep
