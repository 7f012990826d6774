"""Use cases of processor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farthing.clients.processor.errors import CardProcessingNotEnabled, KeyRequired, KeyReused, KeyUnknown
from farthing.clients.processor.models import Answer, CardRequest, FollowUp
from farthing.processor.domain import Request, Stored, Verdict, judge_card, judge_follow_up

if TYPE_CHECKING:
    from farthing.kit.clock import Clock
    from farthing.money import Ids
    from farthing.processor.repository import Repository

_NETWORK_REFERENCE, _ACQUIRER_REFERENCE = 15, 23  # characters


class Processor:
    """Answers for banks. A request is stored, with its answer, before anybody hears of it; its key gets the same answer for ever.

    It simulates: in live mode it refuses cards until a gateway to a real processor takes its place.
    """

    def __init__(self, repository: Repository, clock: Clock, ids: Ids, *, sandbox: bool) -> None:
        self._repository, self._clock, self._ids, self._sandbox = repository, clock, ids, sandbox

    async def ask_bank(self, kind: str, body: CardRequest, key: str) -> Answer:
        """Charge or authorize a card. Raises CardProcessingNotEnabled, KeyRequired, KeyReused."""
        if not self._sandbox:
            raise CardProcessingNotEnabled
        now, card = self._clock.now(), body.card
        request = Request(_given(key), kind, body.amount, body.currency, token=card.token, reference=body.reference)
        verdict = judge_card(card.brand, card.last_digits, card.expiry, card.scenario, now)
        return _answer(await self._repository.store(self._with_references(request, verdict), now), request)

    async def follow_up(self, kind: str, body: FollowUp, key: str) -> Answer:
        """Capture or void an authorization, refund a charge or a capture. Raises KeyRequired, KeyReused."""
        request = Request(_given(key), kind, body.amount or 0, body.currency or "", original=body.original)

        def decide(original: Stored | None) -> Stored:
            return self._with_references(request, judge_follow_up(request, original))

        return _answer(await self._repository.follow_up(request, decide, self._clock.now()), request)

    async def outcome(self, key: str) -> Answer:
        """What became of a key. Raises KeyUnknown."""
        found = await self._repository.find(key)
        if found is None:
            raise KeyUnknown
        return _answer(found, found.request)

    def _with_references(self, request: Request, verdict: Verdict) -> Stored:
        acquirer = self._ids.code(_ACQUIRER_REFERENCE) if request.kind == "refund" and verdict.approved else None
        return Stored(request, verdict, self._ids.code(_NETWORK_REFERENCE), acquirer)


def _given(key: str) -> str:
    if not key:
        raise KeyRequired
    return key


def _answer(stored: Stored, asked: Request) -> Answer:
    if stored.request != asked:
        raise KeyReused
    verdict = stored.verdict
    return Answer(
        key=asked.key,
        kind=asked.kind,  # type: ignore[arg-type]
        approved=verdict.approved,
        response_code=verdict.response_code,
        avs_code=verdict.avs_code,
        cvv_code=verdict.cvv_code,
        network=verdict.network,
        network_reference=stored.network_reference,
        acquirer_reference=stored.acquirer_reference,
    )
