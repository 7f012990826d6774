"""What a page shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from farthing.checkout.domain import Way
from farthing.checkout.operations import LogIn, Payer
from farthing.clients.orders.models import OrderView
from farthing.kit.errors import ApiError


@dataclass(frozen=True, slots=True)
class ApprovalView:
    """An order that can be approved: with a form to sign in (`payer` None), or one to approve.

    `opener`: origin of the page that opened this one as a pop-up. `at_once`: approve as soon as it proves that origin. `back`: where a
    payer who approved before goes on. `email` is what was typed before an error.
    """

    order: OrderView
    payer: Payer | None
    csrf: str
    opener: str | None
    agreed: bool
    way: Way
    at_once: bool
    back: str | None
    email: str = ""
    error: ApiError | None = None


@dataclass(frozen=True, slots=True)
class ReturnView:
    """The end of a visit: `message` goes to `opener`, if there is one; otherwise the browser goes to `address`, if there is one.

    Who cancels what was approved before has `left` it: he is told, and goes on by himself.
    """

    order: OrderView
    outcome: Literal["approved", "cancelled", "left"]
    address: str | None
    opener: str | None
    message: dict[str, str]


@dataclass(frozen=True, slots=True)
class LogInView:
    """What an app asks for: with a form to sign in (`payer` None), or one to agree. `query` holds the app's request."""

    asked: LogIn
    payer: Payer | None
    csrf: str
    query: str
    email: str = ""
    error: ApiError | None = None
