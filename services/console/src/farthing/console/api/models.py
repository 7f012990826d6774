"""What the operator sends. A property that is not known here is a mistake, and refused."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, ConfigDict, Field

from farthing.clients.accounts.models import Country, Email, Name
from farthing.clients.accounts.models import Kind as AccountKind
from farthing.kit.faults import Kind
from farthing.kit.model import Model

SEED_BUYER = "buyer@example.com"
SEED_PASSWORD = "farthing"  # noqa: S105 - what the sandbox's seed uses everywhere, and says so
_NO_NUL = r"^[^\x00]*$"

Text = Annotated[str, Field(min_length=1, max_length=300, pattern=_NO_NUL)]
Funding = Literal["balance", "card"]


class ControlModel(Model):
    model_config = ConfigDict(extra="forbid")


class Approve(ControlModel):
    buyer: Text = SEED_BUYER
    funding: Funding = "balance"


class AutoApprove(Approve):
    app: Text = "*"


class Fund(ControlModel):
    currency_code: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    value: Annotated[str, Field(max_length=32)]


class CreateAccount(ControlModel):
    """`business_name` of a business: by default what stands before the @ of its address."""

    email: Email
    kind: AccountKind = "personal"
    country: Country = "US"
    given_name: Name = ""
    surname: Name = ""
    business_name: Annotated[str, Field(min_length=1, max_length=300)] | None = None
    password: Annotated[str, Field(min_length=1, max_length=128, repr=False)] = SEED_PASSWORD


class CreateApp(ControlModel):
    account: Text
    name: Annotated[str, Field(min_length=1, max_length=140)] | None = None


class Advance(ControlModel):
    """Exactly one of the two."""

    by: Annotated[str, Field(max_length=100)] | None = None
    to: AwareDatetime | None = None


class FaultMatch(ControlModel):
    app: Text | None = None
    buyer: Text | None = None
    order: Text | None = None


class PlantFault(ControlModel):
    """`status` and `issue` of an error, `milliseconds` of latency, `by` of a delay; `times`: how often at most."""

    operation: Text
    kind: Kind
    status: Annotated[int, Field(ge=400, le=599)] | None = None
    issue: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,99}$")] | None = None
    milliseconds: Annotated[int, Field(ge=1, le=60_000)] | None = None
    by: Annotated[str, Field(max_length=100)] | None = None
    match: FaultMatch = FaultMatch()
    times: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


class NewSnapshot(ControlModel):
    name: Annotated[str, Field(max_length=100)]


class ClockState(Model):
    """`steps`: the different moments at which something was due while the clock was advanced."""

    now: str
    frozen: bool
    steps: int | None = None
