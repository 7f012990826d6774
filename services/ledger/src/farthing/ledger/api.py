"""Routes of ledger, all internal: parse, one operation, answer."""

from __future__ import annotations

import re
from typing import Final

from farthing.clients.ledger import models
from farthing.kit.api import Api
from farthing.kit.call import Call, Response, json_response
from farthing.kit.errors import Detail, InvalidRequest
from farthing.ledger import domain
from farthing.ledger.operations.books import Books
from farthing.ledger.operations.postings import Postings
from farthing.ledger.operations.record import Record

_PAGE: Final = 100
_LARGEST_PAGE: Final = 1000


def api(postings: Postings, books: Books, record: Record) -> Api:
    """Declare the routes."""
    declared = Api("ledger")
    _declare_writes(declared, postings)
    _declare_reads(declared, books)

    @declared.internal("GET", "/audit", "ledger.audit")
    async def audit(call: Call) -> Response:
        return json_response(await record.audit(_expected(call)))

    return declared


def _declare_writes(declared: Api, postings: Postings) -> None:
    @declared.internal("POST", "/transfers", "ledger.post")
    async def post(_call: Call, body: models.Posting) -> Response:
        return _receipt(body.id, replayed=await postings.post(_posting(body)))

    @declared.internal("POST", "/holds", "ledger.hold")
    async def place_hold(_call: Call, body: models.NewHold) -> Response:
        return _receipt(body.id, replayed=await postings.place_hold(_new_hold(body)))

    @declared.internal("POST", "/holds/{hold}/release", "ledger.release")
    async def release_hold(_call: Call, hold: str) -> Response:
        return _receipt(f"{hold}.release", replayed=await postings.release_hold(hold))


def _declare_reads(declared: Api, books: Books) -> None:
    @declared.internal("GET", "/balances/{owner}", "ledger.balances")
    async def balances(_call: Call, owner: str) -> Response:
        return json_response(await books.balances(owner))

    @declared.internal("GET", "/accounts", "ledger.accounts")
    async def accounts(call: Call) -> Response:
        return json_response(await books.accounts(call.query("owner"), call.query("after"), _limit(call)))

    @declared.internal("GET", "/transfers", "ledger.transfers")
    async def transfers(call: Call) -> Response:
        return json_response(await books.transfers(call.query("kind"), call.query("reference"), call.query("after"), _limit(call)))

    @declared.internal("GET", "/holds", "ledger.holds")
    async def holds(call: Call) -> Response:
        return json_response(await books.holds(call.query("after"), _limit(call)))


def _receipt(id: str, *, replayed: bool) -> Response:
    return json_response({"id": id, "replayed": replayed}, 200 if replayed else 201)


def _limit(call: Call) -> int:
    value = call.query("limit") or str(_PAGE)
    if not (value.isascii() and value.isdigit() and len(value) <= 4 and 1 <= int(value) <= _LARGEST_PAGE):
        raise _wrong("limit", f"A page has from 1 to {_LARGEST_PAGE} items.")
    return int(value)


def _expected(call: Call) -> domain.Head | None:
    block, digest = call.query("block"), call.query("hash")
    if block in {None, "0"} and not digest:  # an audit from before the first block had no other head
        return None
    if not re.fullmatch(r"[1-9][0-9]{0,17}", block or ""):
        raise _wrong("block", "The number of a block, as an audit answered it together with `hash`.")
    if not re.fullmatch(r"[0-9a-f]{64}", digest or ""):
        raise _wrong("hash", "The hash of a block, as an audit answered it together with `block`: 64 hexadecimal digits in lower case.")
    return domain.Head(int(block or ""), digest or "")


def _wrong(field: str, meaning: str) -> InvalidRequest:
    return InvalidRequest(Detail("INVALID_PARAMETER_VALUE", meaning, field=field, location="query"))


def _posting(body: models.Posting) -> domain.Posting:
    return domain.Posting(
        body.id,
        body.kind,
        body.reference,
        tuple(domain.Leg(_name(leg.debit), _name(leg.credit), leg.amount, leg.floor) for leg in body.legs),
        tuple(domain.HoldUse(use.hold, use.take, use.close) for use in body.uses),
        tuple(_new_hold(hold) for hold in body.places),
    )


def _new_hold(hold: models.NewHold) -> domain.NewHold:
    return domain.NewHold(hold.id, _name(hold.account), hold.amount, hold.reference)


def _name(name: models.AccountName) -> domain.AccountName:
    return domain.AccountName(name.owner, name.kind, name.currency)
