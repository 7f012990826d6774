"""Routes of payments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple, Self

import orjson
from pydantic import BeforeValidator, Field, StrictBool
from pydantic_core import PydanticCustomError

from farthing.clients.payments.models import Pay
from farthing.kit.api import Api, Catalogue
from farthing.kit.call import NO_CONTENT, Call, Response, about, json_response
from farthing.kit.edge import SCOPE_PREFIX
from farthing.kit.errors import Detail, InvalidRequest
from farthing.kit.model import Model
from farthing.money import AmountError, Money, UnknownCurrency, numbers_as_text
from farthing.payments.domain.details import DisbursementMode
from farthing.payments.errors import CannotBeZeroOrNegative, DecimalPrecision, DecimalsNotSupported, InvalidCurrencyCode
from farthing.payments.operations.capture import CaptureWish
from farthing.payments.operations.documents import minimal
from farthing.payments.operations.refund import RefundWish
from farthing.payments.operations.request import WriteRequest

if TYPE_CHECKING:
    from farthing.payments.operations.access import Access
    from farthing.payments.operations.audit import Auditing
    from farthing.payments.operations.capture import CaptureAuthorization
    from farthing.payments.operations.close import CloseAuthorization
    from farthing.payments.operations.documents import Document
    from farthing.payments.operations.pay import Line, PayOrder
    from farthing.payments.operations.reading import Reading
    from farthing.payments.operations.reauthorize import Reauthorize
    from farthing.payments.operations.refund import RefundCapture
    from farthing.payments.operations.subjects import Subjects

AUTHCAPTURE, REFUND = f"{SCOPE_PREFIX}payments/payment/authcapture", f"{SCOPE_PREFIX}payments/refund"
_MOST_LINES = 1_000
_IN_TEXT: Final = numbers_as_text("value")
_AMOUNT_ISSUES = {error.issue: error for error in (DecimalsNotSupported, DecimalPrecision)}


class _Body(Model):
    """A public request. An amount may be a JSON number: it is read as the text that it was."""

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **more: Any) -> Self:  # noqa: ANN401 - as its base class
        return super().model_validate_json(_IN_TEXT(json_data.encode() if isinstance(json_data, str) else bytes(json_data)), **more)


class MoneyBody(Model):
    currency_code: Annotated[str, Field(min_length=3, max_length=3)]
    value: Annotated[str, Field(max_length=32)]


def _given(value: object) -> object:
    """Raises PydanticCustomError for null: an amount that got lost must not move everything, as one that was left out does."""
    if value is None:
        raise PydanticCustomError("INVALID_PARAMETER_SYNTAX", "An amount is an object: leave it out for all that is left.")
    return value


GivenMoney = Annotated[MoneyBody | None, BeforeValidator(_given)]


class PayeeBody(Model):
    merchant_id: str | None = None
    email_address: Annotated[str, Field(max_length=254)] | None = None


class PlatformFeeBody(Model):
    amount: MoneyBody
    payee: PayeeBody | None = None


class InstructionBody(Model):
    platform_fees: Annotated[tuple[PlatformFeeBody, ...], Field(max_length=1)] | None = None

    @property
    def fee(self) -> PlatformFeeBody | None:
        return self.platform_fees[0] if self.platform_fees else None


class CaptureInstructionBody(InstructionBody):
    disbursement_mode: DisbursementMode | None = None


class CaptureBody(_Body):
    amount: GivenMoney = None
    final_capture: StrictBool = False
    invoice_id: Annotated[str, Field(min_length=1, max_length=127)] | None = None
    note_to_payer: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    soft_descriptor: Annotated[str, Field(max_length=22)] | None = None
    payment_instruction: CaptureInstructionBody | None = None


class ReauthorizeBody(_Body):
    amount: GivenMoney = None


class RefundBody(_Body):
    amount: GivenMoney = None
    custom_id: Annotated[str, Field(min_length=1, max_length=127)] | None = None
    invoice_id: Annotated[str, Field(min_length=1, max_length=127)] | None = None
    note_to_payer: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    payment_instruction: InstructionBody | None = None


class Operations(NamedTuple):
    """Everything that routes lead to."""

    access: Access
    pay: PayOrder
    capture: CaptureAuthorization
    reauthorize: Reauthorize
    close: CloseAuthorization
    refund: RefundCapture
    reading: Reading
    auditing: Auditing
    subjects: Subjects


def routes(operations: Operations, catalogue: Catalogue) -> Api:
    api = Api("payments", catalogue)
    api.facts = operations.subjects.of_path
    _authorizations(api, operations)
    _captures(api, operations)
    api.missing("POST", "/v2/payments/find-eligible-methods", "payments.find-eligible-methods")
    _internal(api, operations)
    return api


def _authorizations(api: Api, do: Operations) -> None:
    root = "/v2/payments/authorizations/{authorization_id}"

    @api.public("GET", root, "authorizations.get", AUTHCAPTURE)
    async def get(call: Call, authorization_id: str) -> Response:
        return json_response(await do.reading.authorization(authorization_id, await do.access.actor(call)))

    @api.public("POST", f"{root}/capture", "authorizations.capture", AUTHCAPTURE)
    async def capture(call: Call, authorization_id: str, body: CaptureBody | None) -> Response:
        request = await _request(do.access, call, authorization_id, body)
        wish = await _capture_wish(do.access, call, body or CaptureBody())
        written = await do.capture.capture(request, wish)
        return _written(call, await do.reading.capture(written.attempt, request.actor), replayed=written.replayed)

    @api.public("POST", f"{root}/reauthorize", "authorizations.reauthorize", AUTHCAPTURE)
    async def reauthorize(call: Call, authorization_id: str, body: ReauthorizeBody | None) -> Response:
        request = await _request(do.access, call, authorization_id, body)
        written = await do.reauthorize.reauthorize(request, _money(body.amount if body else None, "/amount"))
        return _written(call, await do.reading.authorization(written.attempt, request.actor), replayed=written.replayed)

    @api.public("POST", f"{root}/void", "authorizations.void", AUTHCAPTURE)
    async def void(call: Call, authorization_id: str) -> Response:
        request = await _request(do.access, call, authorization_id, None)
        await do.close.void(request)
        if not call.wants_representation:
            return NO_CONTENT
        return json_response(await do.reading.authorization(authorization_id, request.actor))


def _captures(api: Api, do: Operations) -> None:
    @api.public("GET", "/v2/payments/captures/{capture_id}", "captures.get", AUTHCAPTURE)
    async def get(call: Call, capture_id: str) -> Response:
        return json_response(await do.reading.capture(capture_id, await do.access.actor(call)))

    @api.public("POST", "/v2/payments/captures/{capture_id}/refund", "captures.refund", REFUND)
    async def refund(call: Call, capture_id: str, body: RefundBody | None) -> Response:
        request = await _request(do.access, call, capture_id, body)
        written = await do.refund.refund(request, _refund_wish(call, body or RefundBody()))
        return _written(call, await do.reading.refund(written.attempt, request.actor), replayed=written.replayed)

    @api.public("GET", "/v2/payments/refunds/{refund_id}", "refunds.get", REFUND)
    async def get_refund(call: Call, refund_id: str) -> Response:
        return json_response(await do.reading.refund(refund_id, await do.access.actor(call)))


def _internal(api: Api, do: Operations) -> None:
    @api.internal("POST", "/payments", "payments.pay")
    async def pay(call: Call, body: Pay) -> Response:
        if not call.key:
            raise InvalidRequest(Detail("MISSING_REQUIRED_PARAMETER", "Every write has an idempotency key.", field="Idempotency-Key"))
        about(app=body.client_id, order=body.order_id, buyer=body.payer.account_id if body.payer else None)
        return json_response(_paid(await do.pay.pay(body, call.key)))

    @api.internal("GET", "/orders/{order_id}/payments", "payments.of_order")
    async def of_order(_call: Call, order_id: str) -> Response:
        return json_response({"units": await do.reading.of_order(order_id)})

    @api.internal("GET", "/captures", "payments.captures")
    async def captures(call: Call) -> Response:
        return json_response(await do.auditing.captures(*_page(call)))

    @api.internal("GET", "/refunds", "payments.refunds")
    async def refunds(call: Call) -> Response:
        return json_response(await do.auditing.refunds(*_page(call)))

    @api.internal("GET", "/authorizations", "payments.open_authorizations")
    async def open_authorizations(call: Call) -> Response:
        return json_response(await do.auditing.open_authorizations(*_page(call)))

    @api.internal("GET", "/in-flight", "payments.in_flight")
    async def in_flight(_call: Call) -> Response:
        return json_response(await do.auditing.in_flight())


def _paid(lines: list[Line]) -> bytes:
    units: dict[str, dict[str, list[Document]]] = {}
    for line in lines:
        units.setdefault(line.reference_id, {}).setdefault(line.collection, []).append(line.document)
    return orjson.dumps({"status": "COMPLETED" if any(line.succeeded for line in lines) else "DECLINED", "units": units})


async def _request(access: Access, call: Call, path_id: str, body: Model | None) -> WriteRequest:
    actor = await access.actor(call)
    call.note("farthing.resource", path_id)
    canonical = b"" if body is None else body.model_dump_json(exclude_none=True).encode()
    return WriteRequest(actor, call.operation, path_id, call.request_id, canonical)


def _written(call: Call, document: Document, *, replayed: bool) -> Response:
    return json_response(document if call.wants_representation else minimal(document), 200 if replayed else 201)


async def _capture_wish(access: Access, call: Call, body: CaptureBody) -> CaptureWish:
    """Whoever it acts for, the app takes a platform fee for itself unless it names somebody else."""
    fee = body.payment_instruction.fee if body.payment_instruction else None
    where = "/payment_instruction/platform_fees/0"
    payee = await access.payee(fee.payee.merchant_id, fee.payee.email_address, f"{where}/payee") if fee and fee.payee else None
    return CaptureWish(
        amount=_money(body.amount, "/amount"),
        final=body.final_capture,
        invoice_id=body.invoice_id,
        note=body.note_to_payer,
        soft_descriptor=body.soft_descriptor,
        platform_fee=_money(fee.amount if fee else None, f"{where}/amount"),
        platform_payee=payee or call.caller.account,
        disbursement_mode=body.payment_instruction.disbursement_mode if body.payment_instruction else None,
    )


def _refund_wish(call: Call, body: RefundBody) -> RefundWish:
    """Whoever it acts for, the app adds to a refund what is its own."""
    fee = body.payment_instruction.fee if body.payment_instruction else None
    return RefundWish(
        amount=_money(body.amount, "/amount"),
        invoice_id=body.invoice_id,
        custom_id=body.custom_id,
        note=body.note_to_payer,
        contribution=_money(fee.amount if fee else None, "/payment_instruction/platform_fees/0/amount"),
        contributor=call.caller.account,
    )


def _money(body: MoneyBody | None, field: str) -> Money | None:
    """Raises InvalidCurrencyCode, DecimalsNotSupported, DecimalPrecision, CannotBeZeroOrNegative, InvalidRequest."""
    if body is None:
        return None
    try:
        money = Money.parse(body.currency_code, body.value)
    except UnknownCurrency:
        raise InvalidCurrencyCode(field=f"{field}/currency_code", value=body.currency_code) from None
    except AmountError as error:
        known = _AMOUNT_ISSUES.get(error.issue)
        if known is not None:
            raise known(field=f"{field}/value", value=body.value) from None
        raise InvalidRequest(Detail(error.issue, error.description, field=f"{field}/value", value=body.value, location="body")) from None
    if money.minor <= 0:
        raise CannotBeZeroOrNegative(field=f"{field}/value", value=body.value)
    return money


def _page(call: Call) -> tuple[int, int]:
    """`after` and `limit` of a list. Raises InvalidRequest."""
    after, limit = call.query("after") or "0", call.query("limit") or "500"
    if not (after.isdecimal() and limit.isdecimal() and 0 < int(limit) <= _MOST_LINES):
        raise InvalidRequest(Detail("INVALID_PARAMETER_VALUE", f"limit is 1 to {_MOST_LINES}, after a sequence number.", location="query"))
    return int(after), int(limit)
