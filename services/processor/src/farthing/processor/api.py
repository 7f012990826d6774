"""Routes of processor, internal only. The operations' names are those that faults are planted under."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farthing.clients.processor.models import CardRequest, FollowUp
from farthing.kit.api import Api
from farthing.kit.call import Call, Response, json_response

if TYPE_CHECKING:
    from farthing.processor.operations import Processor


def routes(processor: Processor) -> Api:
    api = Api("processor")

    @api.internal("POST", "/charges", "processor.charge")
    async def charge(call: Call, body: CardRequest) -> Response:
        return json_response(await processor.ask_bank("charge", body, call.key))

    @api.internal("POST", "/authorizations", "processor.authorize")
    async def authorize(call: Call, body: CardRequest) -> Response:
        return json_response(await processor.ask_bank("authorize", body, call.key))

    @api.internal("POST", "/captures", "processor.capture")
    async def capture(call: Call, body: FollowUp) -> Response:
        return json_response(await processor.follow_up("capture", body, call.key))

    @api.internal("POST", "/voids", "processor.void")
    async def void(call: Call, body: FollowUp) -> Response:
        return json_response(await processor.follow_up("void", body, call.key))

    @api.internal("POST", "/refunds", "processor.refund")
    async def refund(call: Call, body: FollowUp) -> Response:
        return json_response(await processor.follow_up("refund", body, call.key))

    @api.internal("GET", "/outcomes/{key}", "processor.outcome")
    async def outcome(_call: Call, key: str) -> Response:
        return json_response(await processor.outcome(key))

    return api
