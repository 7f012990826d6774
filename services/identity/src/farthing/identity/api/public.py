"""What apps see: the token endpoint, OpenID Connect, client tokens."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from farthing.identity.api.token_request import body_parameters, token_request
from farthing.identity.errors import RequestNotTaken
from farthing.identity.operations.keys import Keys
from farthing.identity.operations.profiles import Profiles
from farthing.identity.operations.tokens import Tokens
from farthing.kit.api import Api
from farthing.kit.auth import Principal, Verifier
from farthing.kit.call import Call, Response, error_response, json_response
from farthing.kit.edge import SCOPE_PREFIX
from farthing.kit.errors import ApiError, BodyIncomplete, BodyTooLarge, MethodNotSupported, NotPermitted, Unauthenticated
from farthing.kit.model import Model

_NOT_STORED = ((b"cache-control", b"no-store"), (b"pragma", b"no-cache"))  # RFC 6749, section 5.1
_PUBLISHED = ((b"cache-control", b"public, max-age=300"),)
_PAYMENT = SCOPE_PREFIX + "payments/payment"
_OPENID = "openid"
_TOKEN, _TOKEN_BEFORE = "/v1/oauth2/token", "/v1/identity/openidconnect/tokenservice"


class ClientTokenRequest(Model):
    """For whom a page wants card fields: `customer_id`, or nobody in particular."""

    customer_id: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")] | None = None

    @model_validator(mode="before")
    @classmethod
    def _empty(cls, value: object) -> object:
        return {} if value == [] else value  # how PHP writes an empty object


def add_public_routes(api: Api, tokens: Tokens, keys: Keys, profiles: Profiles, verifier: Verifier) -> None:
    """Declare the public routes of identity."""
    _token_routes(api, tokens)
    api.said = _said
    _key_routes(api, keys, profiles)
    _userinfo_routes(api, profiles, verifier)


def _token_routes(api: Api, tokens: Tokens) -> None:
    @api.open("POST", _TOKEN_BEFORE, "identity.tokenservice", raw_body=True)
    @api.open("POST", _TOKEN, "oauth2.token", raw_body=True)
    async def token(call: Call) -> Response:
        """Exchange a grant for an access token."""
        return json_response(await tokens.issue(token_request(call)), headers=_NOT_STORED)

    # A payment scope, because a token of this kind can pay: one that only logs somebody in must not turn into it.
    @api.public("POST", "/v1/identity/generate-token", "identity.generate-token", _PAYMENT)
    async def generate_token(call: Call, body: ClientTokenRequest | None) -> Response:
        """Make a client token for card fields in a page."""
        customer_id = body.customer_id if body else None
        return json_response(tokens.client_token(call.caller.subject, call.caller.account, customer_id), headers=_NOT_STORED)


def _key_routes(api: Api, keys: Keys, profiles: Profiles) -> None:
    @api.open("GET", "/v1/oauth2/certs", "oauth2.certs")
    async def certs(_call: Call) -> Response:
        """The public keys that verify tokens (RFC 7517)."""
        return json_response(keys.published, headers=_PUBLISHED)

    @api.open("GET", "/v1/identity/.well-known/openid-configuration", "identity.openid-configuration")
    @api.open("GET", "/.well-known/openid-configuration", "openid-configuration")
    async def discovery(_call: Call) -> Response:
        """The OpenID provider's metadata."""
        return json_response(profiles.discovery(), headers=_PUBLISHED)


def _userinfo_routes(api: Api, profiles: Profiles, verifier: Verifier) -> None:
    @api.public("GET", "/v1/identity/openidconnect/userinfo", "identity.userinfo", _OPENID)
    async def userinfo(call: Call) -> Response:
        """Claims about the user of the token."""
        return json_response(await profiles.openid(call.caller), headers=_NOT_STORED)

    @api.open("POST", "/v1/identity/openidconnect/userinfo", "identity.userinfo.post", raw_body=True)
    async def userinfo_by_form(call: Call) -> Response:
        """The same for clients that send the token in the form (RFC 6750, section 2.2)."""
        return json_response(await profiles.openid(await _bearer(call, verifier)), headers=_NOT_STORED)

    @api.public("GET", "/v1/identity/oauth2/userinfo", "identity.oauth2.userinfo", _OPENID)
    async def paypal_userinfo(call: Call) -> Response:
        """Claims about the user of the token, in the schema that is asked for."""
        wanted = profiles.openid if call.query("schema") == _OPENID else profiles.paypal
        return json_response(await wanted(call.caller), headers=_NOT_STORED)


def _said(call: Call, error: ApiError) -> Response:
    """The token endpoint's own form also for what never comes to it."""
    before_it = isinstance(error, (MethodNotSupported, BodyTooLarge, BodyIncomplete)) and call.path in {_TOKEN, _TOKEN_BEFORE}
    return error_response(call, RequestNotTaken(error) if before_it else error)


async def _bearer(call: Call, verifier: Verifier) -> Principal:
    """The token of the header or of the form. Raises Unauthenticated, NotPermitted."""
    header = call.header("authorization") or ""
    token = header[7:] if header[:7].lower() == "bearer " else next(iter(body_parameters(call.body).get("access_token", ())), "")
    if not token:
        raise Unauthenticated
    principal = verifier.known(token) or await verifier.verify(token)
    if not principal.may(frozenset({_OPENID})):
        raise NotPermitted
    return principal
