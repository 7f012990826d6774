from __future__ import annotations

from dataclasses import replace

import pytest

from farthing.kit.manifest import Manifest
from tests.architecture.rules.manifests import client_dependencies, contradictions, standing_beside

LEDGER = Manifest(name="ledger", task="Keeps the books.", emits=("ledger.posted",))
ORDERS = Manifest(name="orders", task="Keeps orders.", public=("/v2/orders",), calls=("ledger",), consumes=(("ledger", "ledger.*"),))


class TestClientDependencies:
    def test_allows_what_it_calls_what_it_hears_and_its_own(self) -> None:
        manifest = replace(ORDERS, calls=("vault",))
        declared = {"farthing-kit", "farthing-orders-client", "farthing-vault-client", "farthing-ledger-client", "pydantic"}
        assert client_dependencies(manifest, declared) == []

    def test_names_what_is_missing_and_what_is_not_used(self) -> None:
        assert client_dependencies(ORDERS, {"farthing-orders-client", "farthing-vault-client"}) == [
            "services/orders/pyproject.toml: farthing-ledger-client is missing: the manifest calls it or consumes its events",
            "services/orders/pyproject.toml: farthing-vault-client is not used: the manifest neither calls it nor consumes its events",
        ]


class TestContradictions:
    def test_allows_manifests_that_agree(self) -> None:
        assert contradictions({"ledger": LEDGER, "orders": ORDERS}) == []

    @pytest.mark.parametrize(
        ("orders", "problem"),
        [
            (replace(ORDERS, name="order"), "orders: the manifest's name is 'order': a service is named like its folder"),
            (replace(ORDERS, calls=("ledgers",)), "orders: calls 'ledgers', which is no other service"),
            (replace(ORDERS, calls=("orders",)), "orders: calls 'orders', which is no other service"),
            (replace(ORDERS, calls=("ledger", "ledger")), "orders: calls names something twice"),
            (replace(ORDERS, public=("v2/orders",)), "orders: the public path 'v2/orders' does not begin with /"),
            (replace(ORDERS, consumes=(("ledger", "ledger.held"),)), "orders: consumes ledger.held of ledger, which emits no such event"),
            (replace(ORDERS, consumes=(("vault", "*"),)), "orders: consumes * of vault, which emits no such event"),
        ],
    )
    def test_names_them(self, orders: Manifest, problem: str) -> None:
        assert contradictions({"ledger": LEDGER, "orders": orders}) == [problem]

    def test_a_public_path_belongs_to_one_service(self) -> None:
        ledger = replace(LEDGER, public=("/v2/orders",))
        assert contradictions({"ledger": ledger, "orders": ORDERS}) == [
            "orders: /v2/orders is public in ledger too: a path belongs to one service"
        ]


class TestStandingBeside:
    WATCH = Manifest(name="watch", task="Looks on.", public=("/_watch",))

    def test_allows_what_only_looks_on(self) -> None:
        assert standing_beside(self.WATCH, {"ledger": LEDGER, "watch": self.WATCH}) == []

    def test_names_every_tie_to_the_platform(self) -> None:
        tied = replace(self.WATCH, calls=("ledger",), consumes=(("ledger", "ledger.*"),))
        caller = replace(ORDERS, calls=("watch",))
        assert standing_beside(tied, {"ledger": LEDGER, "orders": caller, "watch": tied}) == [
            "watch: it exists on a cluster only, so it cannot have calls",
            "watch: it exists on a cluster only, so it cannot have consumes",
            "orders: calls watch, which exists on a cluster only",
        ]
