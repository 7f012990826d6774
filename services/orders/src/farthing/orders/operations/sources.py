"""What a request says about how the payer pays. Errors about it never repeat a value, since it may be a card number."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError

from farthing.kit.errors import InvalidRequest
from farthing.kit.validation import invalid_request
from farthing.orders.domain.totals import Json
from farthing.orders.errors import (
    BillingAgreementNotFound,
    CardExpiryRequired,
    CardNumberRequired,
    InvalidSecurityCodeLength,
    NotEnabledForApplePay,
    NotEnabledForGooglePay,
    OnlyOnePaymentSource,
    PaymentSourceCannotBeUsed,
)
from farthing.orders.operations.requests import Email, ExperienceContext, PayerAddress, PersonName, Phone, Shape

# Ways to pay that send the payer to the approval page like the wallet does, where the wallet pays.
_LOCAL: Final = frozenset({"bancontact", "blik", "eps", "giropay", "ideal", "mybank", "p24", "sofort", "trustly", "venmo"})
_NOT_ENABLED: Final = {"apple_pay": NotEnabledForApplePay, "google_pay": NotEnabledForGooglePay}
_POINTER: Final = "/payment_source"
_AMEX: Final = ("34", "37")


@dataclass(frozen=True, slots=True)
class Asked:
    """The payer is to be asked: `shown` is the payment source as answers show it."""

    shown: Json
    context: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewCard:
    """A card that came with the request. `keep`: for the merchant's later payments, when this one succeeds."""

    number: SecretStr
    expiry: str
    name: str | None
    keep: bool
    customer_id: str | None
    context: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KeptCard:
    """A card that was kept before."""

    token: str
    context: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KeptWallet:
    """A wallet whose owner agreed before: he is not asked. `shown` as in Asked."""

    token: str
    shown: Json = field(default_factory=dict)
    context: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KeptEither:
    """A token that does not say of what."""

    token: str
    context: Json = field(default_factory=dict)


Ready = NewCard | KeptCard | KeptWallet | KeptEither  # nobody is asked
Source = Asked | Ready
S = TypeVar("S", bound=Shape)

TokenId = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[0-9a-zA-Z_-]+$")]


class _Customer(Shape):
    id: Annotated[str, Field(min_length=1, max_length=22, pattern=r"^[0-9a-zA-Z_-]+$")] | None = None


class _VaultInstruction(Shape):
    store_in_vault: Literal["ON_SUCCESS"] | None = None


class _Attributes(Shape):
    customer: _Customer | None = None
    vault: _VaultInstruction | None = None


class _WalletVaultInstruction(_VaultInstruction):
    """The published file wants usage_type; without it the merchant is meant."""

    description: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    usage_type: Literal["MERCHANT", "PLATFORM"] | None = None
    customer_type: Literal["CONSUMER", "BUSINESS"] | None = None
    permit_multiple_payment_tokens: bool | None = None


class _WalletAttributes(_Attributes):
    vault: _WalletVaultInstruction | None = None


class _Card(Shape):
    number: Annotated[str, Field(pattern=r"^[0-9]{13,19}$")] | None = None
    expiry: Annotated[str, Field(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")] | None = None
    name: Annotated[str, Field(min_length=1, max_length=300)] | None = None
    security_code: Annotated[str, Field(pattern=r"^[0-9]{3,4}$")] | None = None
    billing_address: PayerAddress | None = None
    vault_id: TokenId | None = None
    attributes: _Attributes | None = None
    experience_context: ExperienceContext | None = None


class _Token(Shape):
    id: TokenId
    type: Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[0-9A-Z_-]+$")]


class _Wallet(Shape):
    vault_id: TokenId | None = None
    email_address: Email | None = None
    name: PersonName | None = None
    phone: Phone | None = None
    address: PayerAddress | None = None
    attributes: _WalletAttributes | None = None
    experience_context: ExperienceContext | None = None
    billing_agreement_id: Annotated[str, Field(min_length=2, max_length=128)] | None = None


class _Local(Shape):
    experience_context: ExperienceContext | None = None


class _Shapes(Shape):
    card: _Card | None = None
    token: _Token | None = None
    paypal: _Wallet | None = None


def read_source(raw: Any) -> Source | None:  # noqa: ANN401 - any JSON
    """What `payment_source` means; None when it says nothing.

    Raises InvalidRequest, OnlyOnePaymentSource, PaymentSourceCannotBeUsed, NotEnabledForApplePay, NotEnabledForGooglePay,
    CardNumberRequired, CardExpiryRequired, InvalidSecurityCodeLength, BillingAgreementNotFound.
    """
    if raw is None:
        return None
    shapes = _read(_Shapes, raw, _POINTER)
    given = [name for name, value in raw.items() if value is not None]
    if len(given) > 1:
        raise OnlyOnePaymentSource(field=_POINTER)
    if not given:
        return None
    if shapes.card is not None:
        return _card(shapes.card, raw["card"])
    if shapes.token is not None:
        return KeptEither(shapes.token.id)
    if shapes.paypal is not None:
        return _wallet(shapes.paypal, raw["paypal"])
    return _local(given[0], raw[given[0]])


def _read(shape: type[S], raw: Any, pointer: str) -> S:  # noqa: ANN401 - any JSON
    try:
        return shape.model_validate(raw)
    except ValidationError as error:
        details = invalid_request(error).details
    raise InvalidRequest(*(replace(detail, field=pointer + (detail.field or ""), value=None) for detail in details))


def _card(card: _Card, raw: Json) -> NewCard | KeptCard:
    context = raw.get("experience_context") or {}
    if card.vault_id is not None:
        return KeptCard(card.vault_id, context)
    if card.number is None:
        raise CardNumberRequired(field=f"{_POINTER}/card/number")
    if card.expiry is None:
        raise CardExpiryRequired(field=f"{_POINTER}/card/expiry")
    if card.security_code is not None and (len(card.security_code) == 4) != card.number.startswith(_AMEX):
        raise InvalidSecurityCodeLength(field=f"{_POINTER}/card/security_code")
    attributes = card.attributes or _Attributes()
    keep = attributes.vault is not None and attributes.vault.store_in_vault is not None
    customer = attributes.customer.id if attributes.customer else None
    return NewCard(SecretStr(card.number), card.expiry, card.name, keep, customer, context)


def _wallet(wallet: _Wallet, raw: Json) -> Asked | KeptWallet:
    if wallet.billing_agreement_id is not None:
        raise BillingAgreementNotFound(field=f"{_POINTER}/paypal/billing_agreement_id")
    shown = {name: value for name, value in raw.items() if name not in {"experience_context", "vault_id"}}
    context = raw.get("experience_context") or {}
    if wallet.vault_id is not None:
        return KeptWallet(wallet.vault_id, {"paypal": shown}, context)
    return Asked({"paypal": shown}, context)


def _local(name: str, raw: Any) -> Asked:  # noqa: ANN401 - any JSON
    if name not in _LOCAL:
        raise _NOT_ENABLED.get(name, PaymentSourceCannotBeUsed)(field=f"{_POINTER}/{name[:50]}")
    context = _read(_Local, raw, f"{_POINTER}/{name}").experience_context
    return Asked({name: raw}, raw["experience_context"] if context else {})
