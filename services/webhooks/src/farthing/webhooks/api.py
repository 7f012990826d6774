"""The notifications API: PayPal's sixteen operations, and the certificates for those who verify by themselves."""

from __future__ import annotations

from typing import Final

from farthing.kit.api import Api, Catalogue
from farthing.kit.call import NO_CONTENT, Call, Response, json_response
from farthing.kit.edge import SCOPE_PREFIX
from farthing.webhooks.errors import ResourceIdInvalid
from farthing.webhooks.operations.deliveries import DeliveryLog
from farthing.webhooks.operations.history import History
from farthing.webhooks.operations.keyring import KeyRing
from farthing.webhooks.operations.requests import NewWebhook, Patches, Resend, Simulate, Verify
from farthing.webhooks.operations.simulation import Simulation
from farthing.webhooks.operations.verification import Verification
from farthing.webhooks.operations.webhooks import Webhooks

_ROOT: Final = "/v1/notifications"
_WEBHOOKS: Final = f"{SCOPE_PREFIX}applications/webhooks"
_VERIFY: Final = f"{SCOPE_PREFIX}applications/verify-webhook-signature"
_PEM: Final = [(b"content-type", b"application/x-pem-file")]


def routes(
    catalogue: Catalogue,
    webhooks: Webhooks,
    history: History,
    simulation: Simulation,
    verification: Verification,
    keyring: KeyRing,
    log: DeliveryLog,
) -> Api:
    api = Api("Webhooks Management", catalogue)
    _manage(api, webhooks)
    _look_up(api, webhooks)
    _tell(api, history, simulation)
    _verify(api, verification, keyring)
    _internal(api, log)
    return api


def _manage(api: Api, webhooks: Webhooks) -> None:
    @api.public("POST", f"{_ROOT}/webhooks", "webhooks.post", _WEBHOOKS)
    async def create(call: Call, body: NewWebhook) -> Response:
        return json_response(await webhooks.create(call.caller, body), 201)

    @api.public("GET", f"{_ROOT}/webhooks", "webhooks.list", _WEBHOOKS)
    async def show_all(call: Call) -> Response:
        return json_response(await webhooks.show(call.caller, call.query("anchor_type")))

    @api.public("GET", f"{_ROOT}/webhooks/{{webhook_id}}", "webhooks.get", _WEBHOOKS)
    async def show(call: Call, webhook_id: str) -> Response:
        return json_response(await webhooks.get(call.caller, webhook_id))

    @api.public("PATCH", f"{_ROOT}/webhooks/{{webhook_id}}", "webhooks.update", _WEBHOOKS)
    async def update(call: Call, webhook_id: str, body: Patches) -> Response:
        return json_response(await webhooks.update(call.caller, webhook_id, body.root))

    @api.public("DELETE", f"{_ROOT}/webhooks/{{webhook_id}}", "webhooks.delete", _WEBHOOKS)
    async def delete(call: Call, webhook_id: str) -> Response:
        await webhooks.delete(call.caller, webhook_id)
        return NO_CONTENT

    @api.public("GET", f"{_ROOT}/webhooks/{{webhook_id}}/event-types", "event-types.list", _WEBHOOKS)
    async def subscribed(call: Call, webhook_id: str) -> Response:
        return json_response(await webhooks.event_types(call.caller, webhook_id))

    @api.public("GET", f"{_ROOT}/webhooks-event-types", "webhooks-event-types.list")
    async def event_types(_call: Call) -> Response:
        return json_response(await webhooks.all_event_types())


def _look_up(api: Api, webhooks: Webhooks) -> None:
    @api.public("POST", f"{_ROOT}/webhooks-lookup", "webhooks-lookup.post", _WEBHOOKS)
    async def create(call: Call) -> Response:
        return json_response(await webhooks.look_up(call.caller), 201)

    @api.public("GET", f"{_ROOT}/webhooks-lookup", "webhooks-lookup.list", _WEBHOOKS)
    async def show_all(call: Call) -> Response:
        return json_response(await webhooks.lookups(call.caller))

    @api.public("GET", f"{_ROOT}/webhooks-lookup/{{webhook_lookup_id}}", "webhooks-lookup.get", _WEBHOOKS)
    async def show(call: Call, webhook_lookup_id: str) -> Response:
        return json_response(await webhooks.lookup(call.caller, webhook_lookup_id))

    @api.public("DELETE", f"{_ROOT}/webhooks-lookup/{{webhook_lookup_id}}", "webhooks-lookup.delete", _WEBHOOKS)
    async def delete(call: Call, webhook_lookup_id: str) -> Response:
        await webhooks.delete_lookup(call.caller, webhook_lookup_id)
        return NO_CONTENT


def _tell(api: Api, history: History, simulation: Simulation) -> None:
    @api.public("GET", f"{_ROOT}/webhooks-events", "webhooks-events.list", _WEBHOOKS)
    async def show_all(call: Call) -> Response:
        return json_response(await history.page(call.caller, call.query_string.decode("latin-1")))

    @api.public("GET", f"{_ROOT}/webhooks-events/{{event_id}}", "webhooks-events.get", _WEBHOOKS)
    async def show(call: Call, event_id: str) -> Response:
        return json_response(await history.get(call.caller, event_id))

    @api.public("POST", f"{_ROOT}/webhooks-events/{{event_id}}/resend", "webhooks-events.resend", _WEBHOOKS)
    async def resend(call: Call, event_id: str, body: Resend | None) -> Response:
        return json_response(await history.resend(call.caller, event_id, body), 202)

    @api.public("POST", f"{_ROOT}/simulate-event", "simulate-event.post", _WEBHOOKS)
    async def simulate(call: Call, body: Simulate) -> Response:
        return json_response(await simulation.simulate(call.caller, body), 202)


def _verify(api: Api, verification: Verification, keyring: KeyRing) -> None:
    @api.public("POST", f"{_ROOT}/verify-webhook-signature", "verify-webhook-signature.post", _VERIFY, _WEBHOOKS)
    async def verify(call: Call, body: Verify) -> Response:
        return json_response({"verification_status": await verification.verify(call.caller, body, call.body)})

    @api.open("GET", f"{_ROOT}/certs/{{cert_id}}", "webhooks.certificate")
    async def certificate(_call: Call, cert_id: str) -> Response:
        found = await keyring.certificate(cert_id)
        if found is None:
            raise ResourceIdInvalid
        return Response(200, found.pem.encode(), _PEM)


def _internal(api: Api, log: DeliveryLog) -> None:
    @api.internal("GET", "/deliveries", "deliveries.list")
    async def deliveries(call: Call) -> Response:
        limit = call.query("limit") or ""
        return json_response(await log.latest(int(limit) if limit.isascii() and limit.isdigit() else 100))
