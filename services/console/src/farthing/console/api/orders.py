"""POST /_farthing/orders/{id}/approve, /_farthing/auto-approve"""

from __future__ import annotations

from farthing.console.api.door import Door
from farthing.console.api.models import Approve, AutoApprove
from farthing.console.api.query import text_of
from farthing.console.operations.approvals import Approvals, AutoApproval, AutoApproveRule
from farthing.kit.call import NO_CONTENT, Call, Response, json_response


def declare(door: Door, approvals: Approvals, auto_approval: AutoApproval) -> None:
    @door.route("POST", "/orders/{order_id}/approve", "orders.approve")
    async def approve(_call: Call, order_id: str, body: Approve | None) -> Response:
        wanted = body or Approve()
        return json_response(await approvals.approve(order_id, wanted.buyer, wanted.funding))

    @door.route("GET", "/auto-approve", "auto-approve.list")
    async def rules(_call: Call) -> Response:
        return json_response({"rules": [rule.model_dump() for rule in auto_approval.rules()]})

    @door.route("PUT", "/auto-approve", "auto-approve.put", everywhere=True)
    async def put(_call: Call, body: AutoApprove | None) -> Response:
        wanted = body or AutoApprove()
        rule = AutoApproveRule(buyer=wanted.buyer, app=wanted.app, funding=wanted.funding)
        return json_response(await auto_approval.put(rule))

    @door.route("DELETE", "/auto-approve", "auto-approve.delete", everywhere=True)
    async def delete(call: Call) -> Response:
        await auto_approval.remove(text_of(call, "app"))
        return NO_CONTENT
