"""Who may see and do what (`farthing.clients.merchants.acting` has the rule)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from farthing.clients.merchants.acting import actor_of
from farthing.clients.merchants.errors import MerchantNotFound
from farthing.kit.call import about
from farthing.kit.errors import Detail, InvalidRequest, NotFound

if TYPE_CHECKING:
    from farthing.clients.merchants.acting import Actor
    from farthing.clients.merchants.client import MerchantsClient
    from farthing.kit.call import Call


class Owned(Protocol):
    """A resource that somebody caused (`client_id`), of an order, and that somebody was paid by (`merchant`)."""

    @property
    def client_id(self) -> str: ...
    @property
    def merchant(self) -> str: ...
    @property
    def order_id(self) -> str: ...


R = TypeVar("R", bound=Owned)


def seen(actor: Actor, resource: R | None) -> R:
    """Answer the resource. Raises NotFound, also for what belongs to somebody else."""
    if resource is None or not actor.sees(resource.client_id, (resource.merchant,)):
        raise NotFound
    about(order=resource.order_id)
    return resource


class Access:
    """Finds out for whom an app acts, and who is named in a body."""

    def __init__(self, merchants: MerchantsClient) -> None:
        self._merchants = merchants

    async def actor(self, call: Call) -> Actor:
        """Raises InvalidRequest for what is no assertion, NotPermitted for one that does not hold."""
        return await actor_of(call, self._merchants)

    async def payee(self, merchant_id: str | None, email: str | None, field: str) -> str | None:
        """The account of a merchant who is named in a body. Raises InvalidRequest."""
        try:
            if merchant_id is not None:
                return (await self._merchants.get(merchant_id)).account_id
            return None if email is None else (await self._merchants.by_email(email)).account_id
        except MerchantNotFound:
            raise InvalidRequest(Detail("INVALID_PARAMETER_VALUE", "There is no such merchant.", field=field, location="body")) from None
