"""What an app is told of a user who logged in at it, and the discovery document (OpenID Connect Core 1.0 and Discovery 1.0)."""

from __future__ import annotations

from farthing.clients.accounts.client import AccountsClient
from farthing.clients.accounts.errors import AccountNotFound
from farthing.clients.accounts.models import Account, Address
from farthing.identity.domain import APP_SCOPES, ATTRIBUTES, USER_SCOPES
from farthing.kit.auth import Principal
from farthing.kit.errors import Unauthenticated

Claims = dict[str, object]


class Profiles:
    """Claims about the account of a token, as far as its scopes go."""

    def __init__(self, accounts: AccountsClient, public_url: str) -> None:
        self._accounts, self._public_url = accounts, public_url

    async def openid(self, principal: Principal) -> Claims:
        """The userinfo of schema `openid`. Raises Unauthenticated when the account is gone."""
        account, scopes = await self._account(principal), principal.scopes
        claims: Claims = {"user_id": self._user_id(account), "sub": account.id}
        if "profile" in scopes:
            claims |= _names(account)
        if "email" in scopes:
            claims |= {"email": account.email, "email_verified": True}
        if "address" in scopes and account.address:
            claims["address"] = _address(account.address)
        if ATTRIBUTES in scopes:
            claims |= {"payer_id": account.id, "verified_account": "true", "account_type": account.kind.upper()}
        return claims

    async def paypal(self, principal: Principal) -> Claims:
        """The userinfo of schema `paypalv1.1`. Raises Unauthenticated when the account is gone."""
        account, scopes = await self._account(principal), principal.scopes
        claims: Claims = {"user_id": self._user_id(account), "sub": account.id, "payer_id": account.id, "verified_account": "true"}
        if "profile" in scopes:
            claims |= _names(account)
        if "email" in scopes:
            claims["emails"] = [{"value": account.email, "primary": True, "confirmed": True}]
        if "address" in scopes and account.address:
            claims["address"] = _address(account.address)
        return claims

    def discovery(self) -> Claims:
        """The OpenID provider's metadata."""
        url = self._public_url
        return {
            "issuer": url,
            "authorization_endpoint": f"{url}/connect",
            "token_endpoint": f"{url}/v1/oauth2/token",
            "userinfo_endpoint": f"{url}/v1/identity/openidconnect/userinfo",
            "jwks_uri": f"{url}/v1/oauth2/certs",
            "end_session_endpoint": f"{url}/webapps/auth/protocol/openidconnect/v1/endsession",
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "client_credentials", "refresh_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["EdDSA"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "scopes_supported": list(dict.fromkeys((*USER_SCOPES, *APP_SCOPES))),
            "claims_supported": [
                *("sub", "iss", "aud", "exp", "iat", "nonce", "user_id", "payer_id", "name", "given_name", "family_name"),
                *("email", "email_verified", "address", "verified_account", "account_type"),
            ],
        }

    async def _account(self, principal: Principal) -> Account:
        try:
            return await self._accounts.get(principal.account)
        except AccountNotFound:  # a token outlives a reset, its account does not
            raise Unauthenticated from None

    def _user_id(self, account: Account) -> str:
        return f"{self._public_url}/webapps/auth/identity/user/{account.id}"


def _names(account: Account) -> Claims:
    name = account.business_name or f"{account.given_name} {account.surname}".strip()
    found = {"name": name, "given_name": account.given_name, "family_name": account.surname}
    return {claim: value for claim, value in found.items() if value}


def _address(address: Address) -> dict[str, str]:
    street = "\n".join(line for line in (address.address_line_1, address.address_line_2) if line)
    found = {
        "street_address": street,
        "locality": address.admin_area_2,
        "region": address.admin_area_1,
        "postal_code": address.postal_code,
        "country": address.country_code,
    }
    return {claim: value for claim, value in found.items() if value}
