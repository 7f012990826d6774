"""Is a notification genuine? The answer that receivers rely on who do not check signatures themselves."""

from __future__ import annotations

from enum import StrEnum

import orjson

from farthing.kit.auth import Principal
from farthing.webhooks.domain.events import SIMULATED, raw_member, same_json
from farthing.webhooks.errors import ResourceIdInvalid
from farthing.webhooks.operations.keyring import KeyRing
from farthing.webhooks.operations.requests import Verify
from farthing.webhooks.repository.events import Events
from farthing.webhooks.repository.subscriptions import Subscriptions
from farthing.webhooks.signing import ALGORITHM, Transmission


class Verdict(StrEnum):
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"


class Verification:
    """Two ways to succeed, both with the signature checked against our certificate:

    - over the bytes of `webhook_event` exactly as they stand in the request;
    - where a client parsed and wrote the event again: over the bytes that went out with this transmission, if their content is equal.
    """

    def __init__(self, keyring: KeyRing, events: Events, subscriptions: Subscriptions) -> None:
        self._keyring, self._events, self._subscriptions = keyring, events, subscriptions

    async def verify(self, caller: Principal, request: Verify, raw: bytes) -> Verdict:
        """`raw` is the request's body. Another app's webhook is a failure."""
        certificate = await self._keyring.certificate(request.cert_url.partition("?")[0].rpartition("/")[2])
        if certificate is None or request.auth_algo != ALGORITHM or not await self._own(caller, request.webhook_id):
            return Verdict.FAILURE
        transmission = Transmission(request.transmission_id, request.transmission_time, request.webhook_id)
        exact = (raw_member(raw.decode(), "webhook_event") or "").encode()
        if certificate.proves(request.transmission_sig, transmission.signed_text(exact)):
            return Verdict.SUCCESS
        sent = await self._events.sent(request.transmission_id, request.webhook_id, caller.subject)
        if sent is None or not same_json(request.webhook_event, orjson.loads(sent)):
            return Verdict.FAILURE
        genuine = certificate.proves(request.transmission_sig, transmission.signed_text(sent.encode()))
        return Verdict.SUCCESS if genuine else Verdict.FAILURE

    async def _own(self, caller: Principal, webhook_id: str) -> bool:
        if webhook_id == SIMULATED:
            return True
        try:
            await self._subscriptions.get(caller.subject, webhook_id)
        except ResourceIdInvalid:
            return False
        return True
