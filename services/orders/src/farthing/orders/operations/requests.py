"""The shapes of public requests. They only check: what is kept and shown again is the JSON itself, so unknown properties survive.

`payment_source` is checked apart (`operations.sources`), because what is wrong with a card must not be repeated in an error.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, RootModel
from pydantic_core import PydanticCustomError

from farthing.money import numbers_as_text
from farthing.orders.domain.countries import is_country
from farthing.orders.domain.shipments import is_carrier, is_status

# What clients send as JSON numbers although it is text; what is kept and shown is text.
IN_TEXT: Final = numbers_as_text("value", "quantity", "national_number")


class Shape(BaseModel):
    """Wrong types are refused, but for numbers in place of an amount or a quantity. Unknown properties are not looked at."""

    model_config = ConfigDict(strict=True, frozen=True, defer_build=True, extra="ignore")

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **more: Any) -> Self:  # noqa: ANN401 - as its base class
        return super().model_validate_json(IN_TEXT(json_data.encode() if isinstance(json_data, str) else bytes(json_data)), **more)


def _country(code: str) -> str:
    if not is_country(code):
        raise PydanticCustomError("INVALID_COUNTRY_CODE", "This is not the code of a country.")
    return code


def _carrier(name: str) -> str:
    if not is_carrier(name):
        raise PydanticCustomError("INVALID_PARAMETER_VALUE", "No carrier has this name: give OTHER, and its name in carrier_name_other.")
    return name


def _shipment_status(word: str) -> str:
    if not is_status(word):
        raise PydanticCustomError("INVALID_PARAMETER_VALUE", "This is not the status of a shipment.")
    return word


def _with_host(url: str) -> str:
    """Of a page on the web, the host: what a browser reads as another one, or as none, is no address."""
    try:
        parts = urlsplit(url)
        usable = "." in parts.scheme or (parts.hostname and parts.username is None and parts.port != 0)
    except ValueError:
        usable = False
    if not usable:
        raise PydanticCustomError("INVALID_PARAMETER_SYNTAX", "This is not an absolute URL.")
    return url


Text22 = Annotated[str, Field(min_length=1, max_length=22)]
Text127 = Annotated[str, Field(min_length=1, max_length=127)]
Line = Annotated[str, Field(max_length=300)]
Name = Annotated[str, Field(max_length=140)]
Email = Annotated[str, Field(min_length=3, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")]
Country = Annotated[str, Field(min_length=2, max_length=2), AfterValidator(_country)]
AccountId = Annotated[str, Field(min_length=1, max_length=32, pattern=r"^[A-Z0-9]+$")]
Quantity = Annotated[str, Field(max_length=10, pattern=r"^[1-9][0-9]{0,9}$")]
# A page on the web, or an app's own scheme with a dot in it (com.example.app://…): never a scheme that a browser would execute.
Url = Annotated[
    str,
    Field(max_length=4000, pattern=r"^(?:[Hh][Tt][Tt][Pp][Ss]?|[a-z][a-z0-9+-]*\.[a-z0-9+.-]+)://[^\s\x00-\x1f\\]+$"),
    AfterValidator(_with_host),
]
# Money.parse reads it exactly; here it only has to look like a number.
Decimal = Annotated[str, Field(min_length=1, max_length=32, pattern=r"^((-?[0-9]+)|(-?([0-9]+)?[.][0-9]+))$")]
Locale = Annotated[str, Field(min_length=2, max_length=10, pattern=r"^[a-z]{2}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|[0-9]{3}))?$")]
Date = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]


class MoneyShape(Shape):
    currency_code: Annotated[str, Field(min_length=3, max_length=3)]
    value: Decimal


class Breakdown(Shape):
    item_total: MoneyShape | None = None
    shipping: MoneyShape | None = None
    handling: MoneyShape | None = None
    tax_total: MoneyShape | None = None
    insurance: MoneyShape | None = None
    shipping_discount: MoneyShape | None = None
    discount: MoneyShape | None = None


class Amount(MoneyShape):
    breakdown: Breakdown | None = None


class Payee(Shape):
    email_address: Email | None = None
    merchant_id: AccountId | None = None


class PlatformFee(Shape):
    amount: MoneyShape
    payee: Payee | None = None


class PaymentInstruction(Shape):
    platform_fees: Annotated[list[PlatformFee], Field(max_length=1)] | None = None
    disbursement_mode: Literal["INSTANT", "DELAYED"] | None = None


class Item(Shape):
    name: Text127
    unit_amount: MoneyShape
    tax: MoneyShape | None = None
    quantity: Quantity
    description: Annotated[str, Field(max_length=2048)] | None = None
    sku: Annotated[str, Field(max_length=127)] | None = None
    category: Literal["DIGITAL_GOODS", "PHYSICAL_GOODS", "DONATION"] | None = None


class PersonName(Shape):
    given_name: Name | None = None
    surname: Name | None = None
    full_name: Line | None = None


class Address(Shape):
    address_line_1: Line | None = None
    address_line_2: Line | None = None
    admin_area_2: Annotated[str, Field(max_length=120)] | None = None
    admin_area_1: Line | None = None
    postal_code: Annotated[str, Field(max_length=60)] | None = None
    country_code: Country


class PayerAddress(Address):
    country_code: Country | None = None  # type: ignore[assignment]  # narrower elsewhere: clients send a payer's address without it


class ShippingOption(Shape):
    id: Annotated[str, Field(max_length=127)]
    label: Annotated[str, Field(max_length=127)]
    type: Annotated[str, Field(max_length=255)] | None = None
    amount: MoneyShape | None = None
    selected: bool


class Shipping(Shape):
    name: PersonName | None = None
    type: Literal["SHIPPING", "PICKUP_IN_PERSON", "PICKUP_IN_STORE", "PICKUP_FROM_PERSON"] | None = None
    options: Annotated[list[ShippingOption], Field(max_length=10)] | None = None
    address: Address | None = None


class PurchaseUnit(Shape):
    reference_id: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    amount: Amount
    payee: Payee | None = None
    payment_instruction: PaymentInstruction | None = None
    description: Text127 | None = None
    custom_id: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    invoice_id: Text127 | None = None
    soft_descriptor: Text22 | None = None
    items: list[Item] | None = None
    shipping: Shipping | None = None
    supplementary_data: dict[str, Any] | None = None


class PhoneNumber(Shape):
    national_number: Annotated[str, Field(pattern=r"^[0-9]{1,14}$")] | None = None


class Phone(Shape):
    phone_number: PhoneNumber | None = None


class Payer(Shape):
    email_address: Email | None = None
    name: PersonName | None = None
    phone: Phone | None = None
    birth_date: Date | None = None
    tax_info: dict[str, Any] | None = None
    address: PayerAddress | None = None


class ExperienceContext(Shape):
    """Of `application_context`, and of the `experience_context` of a payment source."""

    brand_name: Text127 | None = None
    locale: Locale | None = None
    landing_page: Annotated[str, Field(min_length=1, max_length=24)] | None = None
    shipping_preference: Literal["GET_FROM_FILE", "NO_SHIPPING", "SET_PROVIDED_ADDRESS"] | None = None
    user_action: Literal["CONTINUE", "PAY_NOW"] | None = None
    return_url: Url | None = None
    cancel_url: Url | None = None


IntentWord = Literal["CAPTURE", "AUTHORIZE"]
Instruction = Annotated[str, Field(min_length=1, max_length=36, pattern=r"^[0-9A-Z_]+$")]


class CreateOrder(Shape):
    intent: IntentWord
    purchase_units: Annotated[list[PurchaseUnit], Field(min_length=1, max_length=10)]
    payer: Payer | None = None
    payment_source: Any = None
    application_context: ExperienceContext | None = None
    processing_instruction: Instruction | None = None


class PaySource(Shape):
    """The body of capture and authorize."""

    payment_source: Any = None


class ConfirmSource(Shape):
    payment_source: Any
    processing_instruction: Instruction | None = None
    application_context: ExperienceContext | None = None


class PatchOperation(Shape):
    op: Literal["add", "remove", "replace", "move", "copy", "test"]
    path: Annotated[str, Field(max_length=1000)] | None = None
    value: Any = None


class PatchRequest(RootModel[Annotated[list[PatchOperation], Field(min_length=1, max_length=100)]]):
    model_config = ConfigDict(strict=True, defer_build=True)


class TrackedItem(Shape):
    name: Text127 | None = None
    quantity: Quantity | None = None
    sku: Text127 | None = None
    url: Annotated[str, Field(max_length=2048)] | None = None
    image_url: Annotated[str, Field(max_length=2048)] | None = None


class CreateTracker(Shape):
    """The published file wants transaction_id and status, too; the SDKs do not know them."""

    capture_id: Annotated[str, Field(min_length=1, max_length=50, pattern=r"^[a-zA-Z0-9]*$")]
    tracking_number: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    tracking_number_type: Literal["CARRIER_PROVIDED", "E2E_PARTNER_PROVIDED"] | None = None
    carrier: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[0-9A-Z_]+$"), AfterValidator(_carrier)] | None = None
    carrier_name_other: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    status: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[0-9A-Z_]+$"), AfterValidator(_shipment_status)] | None = None
    notify_payer: bool | None = None
    items: list[TrackedItem] | None = None


class Tracker(Shape):
    """A tracker after a patch."""

    status: Literal["SHIPPED", "CANCELLED"]
    notify_payer: bool | None = None
    items: list[TrackedItem] | None = None
