"""What console is, and how its parts are put together."""

from __future__ import annotations

from farthing.clients.accounts.client import AccountsClient
from farthing.clients.identity.client import IdentityClient
from farthing.clients.ledger.client import LedgerClient
from farthing.clients.merchants.client import MerchantsClient
from farthing.clients.orders.client import OrdersClient
from farthing.clients.payments.client import PaymentsClient
from farthing.console.api import routes
from farthing.console.gateways.control import ControlClient
from farthing.console.gateways.control import Health as Healthy
from farthing.console.operations import Operations
from farthing.console.operations.approvals import Approvals, AutoApproval
from farthing.console.operations.books import Books
from farthing.console.operations.clock import DueWork, TimeControl
from farthing.console.operations.dead_letters import DeadLetters
from farthing.console.operations.faults import FaultRules
from farthing.console.operations.health import Health
from farthing.console.operations.journal import Requests
from farthing.console.operations.people import People
from farthing.console.operations.publication import Publication
from farthing.console.operations.state import Memory, State
from farthing.console.operations.unserved import Unserved, paypal_paths
from farthing.console.repository import Repository
from farthing.console.settings import ConsoleSettings
from farthing.kit.manifest import Manifest
from farthing.kit.service import Host, Service

MANIFEST = Manifest(
    name="console",
    task="Gives the operator the sandbox controls: clock, faults, approval, reset, journal, audit.",
    public=(
        "/_farthing",
        "/v2/payments/find-eligible-methods",
    ),  # the second: known to PayPal, below a path of payments, and not served there
    calls=("identity", "accounts", "merchants", "ledger", "processor", "vault", "payments", "orders", "webhooks", "checkout"),
)


def build(host: Host) -> Service:
    repository = Repository(host.database)
    services = {name: ControlClient(host.link(name)) for name in MANIFEST.calls}
    accounts, ledger = AccountsClient(host.link("accounts")), LedgerClient(host.link("ledger"))
    identity, merchants = IdentityClient(host.link("identity")), MerchantsClient(host.link("merchants"))
    publication = Publication(host.board, repository, services)
    clock = TimeControl(host.clock, repository, DueWork(services, publication), publication)
    faults = FaultRules(host.faults, repository, services, accounts, host.ids)
    memory = Memory(repository, clock, faults, host.switches)

    async def own_health() -> Healthy:
        await host.database.row("SELECT 1 AS one")
        return Healthy(status="up", version=host.version)

    approvals = Approvals(OrdersClient(host.link("orders")), accounts)
    operations = Operations(
        health=Health(services, own_health),
        approvals=approvals,
        auto_approval=AutoApproval(accounts, identity, host.switches, repository),
        people=People(accounts, identity, merchants, ledger, host.ids),
        clock=clock,
        faults=faults,
        state=State(host.sandbox),
        requests=Requests(host.journal),
        books=Books(ledger, PaymentsClient(host.link("payments")), accounts),
        dead_letters=DeadLetters(services),
        unserved=Unserved(paypal_paths()),
        publication=publication,
    )
    host.faults.count_with(faults.claim)
    if host.board is not None:
        host.board.own(publication.doings, faults.claim)
    settings, shared = ConsoleSettings.of(host.settings), host.sandbox is not None or host.board is not None
    api = routes(operations, settings, sandbox=host.settings.sandbox, shared=shared)
    return Service(api=api, start=memory.load, changed=memory.reload, forget=approvals.forget)
