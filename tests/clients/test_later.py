"""What the Python SDK has and this step has not: the answer says so, naming the operation."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest
from paypalserversdk.exceptions.api_exception import ApiException

from tests.clients.shop import Shop

# An operation of each controller that is not there yet.
LATER: dict[str, tuple[str, dict[str, Any], str]] = {
    "vault": ("get_payment_token", {"id": "8kk8451t"}, "payment-tokens.get"),
    "subscriptions": ("get_billing_plan", {"id": "P-7GL4271244454362WXNWU5NQ"}, "plans.get"),
    "transaction_search": ("search_balances", {}, "balances.get"),
}


@pytest.mark.parametrize("controller", LATER)
def test_is_not_implemented(controller: str, farthing: str, control: httpx2.Client) -> None:
    method, options, operation = LATER[controller]
    shop = Shop(farthing, control)  # not recorded: it is no operation of the table
    with pytest.raises(ApiException) as caught:
        getattr(getattr(shop.sdk, controller), method)(options)
    [detail] = json.loads(caught.value.response.text)["details"]
    assert (caught.value.response_code, detail["issue"]) == (501, "OPERATION_NOT_IMPLEMENTED")
    assert detail["description"].startswith(f"{operation} ")
