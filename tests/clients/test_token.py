"""POST /v1/oauth2/token by the Python SDK."""

from __future__ import annotations

import base64

import httpx2
import pytest
from apimatic_core.exceptions.auth_validation_exception import AuthValidationException
from paypalserversdk.exceptions.o_auth_provider_exception import OAuthProviderException

from tests.clients.recorder import Recorder
from tests.clients.shop import CREDENTIALS, Shop


def basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def test_token(shop: Shop) -> None:
    answer = shop.tokens.request_token({"authorization": basic(*CREDENTIALS)})
    assert (answer.status_code, answer.body.token_type, answer.body.expires_in) == (200, "Bearer", 32400)
    assert answer.body.access_token.count(".") == 2
    assert "https://uri.paypal.com/services/payments/payment" in answer.body.scope.split()


def test_token_for_a_wrong_secret(shop: Shop) -> None:
    with pytest.raises(OAuthProviderException) as caught:
        shop.tokens.request_token({"authorization": basic(CREDENTIALS[0], "wrong")})
    assert (caught.value.response_code, caught.value.error) == (401, "invalid_client")
    assert caught.value.error_description == "Client Authentication failed"


def test_a_wrong_secret_shows_itself_at_the_first_call(recorders: dict[str, Recorder], control: httpx2.Client) -> None:
    """The SDK keeps the token's error to itself and says that it has none."""
    stranger = Shop(recorders["Python"].url, control, (CREDENTIALS[0], "wrong"))
    with pytest.raises(AuthValidationException, match="OAuthToken is undefined or expired"):
        stranger.orders.get_order({"id": "NONE"})
