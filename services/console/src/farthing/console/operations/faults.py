"""Faults: planted by the operator, kept and counted here, striking in every service."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import orjson

from farthing.clients.accounts.client import AccountsClient
from farthing.console.domain.durations import NotADuration, parse_duration
from farthing.console.domain.faults import DELIVER, INTERNAL, facts_of, kinds_of
from farthing.console.errors import DurationInvalid, FaultNotFound, KindNotSupported, MatchNotSupported, OperationUnknown, ParameterInvalid
from farthing.console.gateways.control import ControlClient
from farthing.console.operations.approvals import personal_account
from farthing.console.repository import FaultRow, Repository
from farthing.kit.errors import AnyError, ApiError, NotFound, Unavailable
from farthing.kit.faults import Fault, Faults, Kind
from farthing.kit.model import Model
from farthing.money import Ids

_OURS: Final = "FAULT-"
_BUYER: Final = "buyer_account"


class Match(Model):
    """Only calls of this app, about this order, of this buyer (e-mail address)."""

    app: str | None = None
    buyer: str | None = None
    order: str | None = None


class NewFault(Model):
    """A rule as the operator writes it: see FaultRules.plant for what each kind needs."""

    operation: str
    kind: Kind
    status: int | None = None
    issue: str | None = None
    milliseconds: int | None = None
    by: str | None = None
    match: Match = Match()
    times: int | None = None


class FaultRules:
    """Keeps the rules in the database and publishes them to where they strike. The database counts their hits, so that `times` is exact."""

    def __init__(
        self, faults: Faults, repository: Repository, services: Mapping[str, ControlClient], accounts: AccountsClient, ids: Ids
    ) -> None:
        self._faults, self._repository = faults, repository
        self._services, self._accounts, self._ids = services, accounts, ids

    async def load(self) -> None:
        self._faults.clear()
        for row in await self._repository.faults():
            self._faults.plant(fault_of(row))

    async def claim(self, fault_id: str) -> bool:
        """Take one hit of a rule, for whoever is about to let it strike. Rules that a process made itself are counted there."""
        return not fault_id.startswith(_OURS) or await self._repository.claim(fault_id)

    async def rules(self) -> list[dict[str, Any]]:
        return [_shown(row) for row in await self._repository.faults()]

    async def plant(self, new: NewFault) -> dict[str, Any]:
        """Plant a rule: `latency` needs milliseconds, `delay` needs by; `error` takes status and issue (see `_error`).

        Raises OperationUnknown, KindNotSupported, MatchNotSupported, ParameterInvalid, DurationInvalid, AccountUnknown.
        """
        owner = await self._owner(new.operation)
        if new.kind not in kinds_of(new.operation):
            kinds = ", ".join(sorted(kinds_of(new.operation)))
            raise KindNotSupported(description=f"{new.operation} takes {kinds}.", field="/kind", value=new.kind)
        needs = await _error(new, owner) if new.kind == "error" else _needs(new)
        content = orjson.dumps({**needs, **await self._match(new)}).decode()
        row = FaultRow(f"{_OURS}{self._ids.code(12)}", new.operation, new.kind, content, new.times)
        await self._repository.add_fault(row)
        self._faults.plant(fault_of(row))
        return _shown(row)

    async def remove(self, fault_id: str) -> None:
        """Raises FaultNotFound."""
        self._faults.remove(fault_id)
        if not await self._repository.remove_fault(fault_id):
            raise FaultNotFound

    async def clear(self) -> None:
        self._faults.clear()
        await self._repository.remove_faults()

    async def _match(self, new: NewFault) -> dict[str, Any]:
        """What the rule matches as it is shown, and the buyer's account: only that is known where it strikes."""
        match: dict[str, str] = new.match.model_dump(exclude_none=True)
        for name in sorted(match.keys() - facts_of(new.operation)):
            known = ", ".join(sorted(facts_of(new.operation))) or "nothing"
            text = f"Calls of {new.operation} can be told apart by {known}."
            raise MatchNotSupported(description=text, field=f"/match/{name}")
        if new.match.buyer is None:
            return {"match": match}
        account = await personal_account(self._accounts, new.match.buyer, field="/match/buyer")
        return {"match": match | {"buyer": account.email}, _BUYER: account.id}

    async def _owner(self, name: str) -> ControlClient | None:
        """Who serves it: every service tells. None inside. Raises OperationUnknown; Unavailable when one that might know it is away."""
        if name in INTERNAL:
            return None
        clients = tuple(self._services.values())
        found = await asyncio.gather(*(_names(client) for client in clients))
        for client, names in zip(clients, found, strict=True):
            if names is not None and name in names:
                return client
        if any(names is None for names in found):
            raise Unavailable(description="A service that might serve this operation cannot be reached.")
        text = f"No service serves this: use an operationId such as orders.capture, or one of {', '.join(INTERNAL)}."
        raise OperationUnknown(description=text, field="/operation", value=name[:100])


async def _names(client: ControlClient) -> tuple[str, ...] | None:
    try:
        return (await client.health()).operations
    except ApiError:
        return None


async def _issues(owner: ControlClient | None, operation: str) -> dict[str, dict[str, Any]]:
    try:
        return {} if owner is None else await owner.issues(operation)
    except ApiError as error:
        if error.status_code == NotFound.status:  # a release that does not tell
            return {}
        raise


async def _error(new: NewFault, owner: ControlClient | None) -> dict[str, Any]:
    """Status (else 500) and issue.

    An issue that PayPal documents for the operation has its documented status. Any other is free, because PayPal answers more than its
    files list and internal operations have issues of their own; but its status must be said, so that a slip of the pen is no rule.
    Raises ParameterInvalid.
    """
    if new.issue and new.operation == DELIVER:
        raise ParameterInvalid(description="A receiver answers a status and no issue: leave it out.", field="/issue", value=new.issue)
    documented = (await _issues(owner, new.operation)).get(new.issue) if new.issue else None
    if new.issue and documented is None and new.status is None:
        text = f"{new.operation} documents no such issue: if you mean it, say with which status."
        raise ParameterInvalid(description=text, field="/issue", value=new.issue)
    status = new.status or (documented["status"] if documented else 500)
    if documented and status != documented["status"]:
        text = f"{new.issue} is documented with {documented['status']}: leave status out."
        raise ParameterInvalid(description=text, field="/status", value=str(status))
    if AnyError(status).status_code != status:
        raise ParameterInvalid(description="This is no status that an operation can answer.", field="/status", value=str(status))
    return {"status": status} | ({"issue": new.issue} if new.issue else {})


def _needs(new: NewFault) -> dict[str, Any]:
    """What the rule's kind needs, and nothing that belongs to another. Raises ParameterInvalid, DurationInvalid."""
    if new.kind == "latency":
        if new.milliseconds is None:
            raise ParameterInvalid(description="latency needs milliseconds.", field="/milliseconds")
        return {"milliseconds": new.milliseconds}
    if new.kind == "delay":
        return {"by": _duration(new.by)}
    return {}


def _duration(by: str | None) -> str:
    if by is None:
        raise ParameterInvalid(description="delay needs by, a duration such as PT1H.", field="/by")
    try:
        parse_duration(by)
    except NotADuration as error:
        raise DurationInvalid(description=str(error), field="/by", value=by) from None
    return by


def fault_of(row: FaultRow) -> Fault:
    """The rule as it strikes."""
    rule = orjson.loads(row.rule)
    if (buyer := rule.pop(_BUYER, None)) is not None:
        rule["match"]["buyer"] = buyer
    return Fault(id=row.id, operation=row.operation, kind=row.kind, times=row.times, hits=row.hits, **rule)  # type: ignore[arg-type]


def _shown(row: FaultRow) -> dict[str, Any]:
    remaining = None if row.times is None else row.times - row.hits
    head = {"id": row.id, "operation": row.operation, "kind": row.kind}
    rule = {name: value for name, value in orjson.loads(row.rule).items() if name != _BUYER}
    return {**head, **rule, "times": row.times, "hits": row.hits, "remaining": remaining}
