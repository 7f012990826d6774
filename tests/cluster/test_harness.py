"""The parts of the experiments that need no cluster: what they would conclude from is right."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from farthing.embedded.services import MANIFESTS
from tests.benchmarks import cluster
from tests.cluster import blast, versions
from tests.cluster.kube import wait_until
from tests.cluster.load import FEWEST, Figures, Load, LoadFailed
from tests.cluster.results import Results, Row
from tests.cluster.served import requests_by_version
from tests.platform import TestPlatform


def figures(**more: object) -> Figures:
    right = {
        "problems": [],
        "failures": {},
        "retries": False,
        **dict.fromkeys(("wanted", "started", "finished", "acknowledged", "in_books"), FEWEST),
    }
    return Figures({**right, **more}, "")


class TestFigures:
    def test_what_holds(self) -> None:
        figures().expect_no_failure()
        figures(retries=True, failures={"get 503": 1}).expect_all_paid()

    @pytest.mark.parametrize(
        "wrong",
        [
            {"problems": ["a capture too many"]},
            {"failures": {"get 502": 1}},
            {"retries": True},
            {"started": FEWEST - 1},
            {"finished": FEWEST - 1},
            {"in_books": FEWEST + 1},
            dict.fromkeys(("wanted", "started", "finished", "acknowledged", "in_books"), FEWEST - 1),
        ],
    )
    def test_what_does_not(self, wrong: dict[str, object]) -> None:
        with pytest.raises(AssertionError):
            figures(**wrong).expect_no_failure()


async def test_versions_are_counted_from_real_metrics(served: TestPlatform) -> None:
    for _ in range(3):
        await served.http.get("/_farthing/clock")
    counts = requests_by_version(served.metrics.exposition().decode())
    assert counts == {next(manifest.version for manifest in MANIFESTS if manifest.name == "console"): 3}


class TestBlast:
    async def test_every_operation_works_when_nothing_is_away(self, served: TestPlatform) -> None:
        shop = await asyncio.to_thread(blast.Shop, "", served.url)
        outcomes = await asyncio.to_thread(shop.outcomes)
        shop.close()
        assert {name: outcome.status for name, outcome in outcomes.items() if outcome.failed} == {}
        assert list(outcomes) == list(blast.NEEDS) == list(blast.OWNED)

    async def test_how_a_refusal_is_judged(self, served: TestPlatform) -> None:
        shop = await asyncio.to_thread(blast.Shop, "", served.url)
        for operation, status in (("orders.create", 503), ("webhooks.list", 500)):
            rule = {"operation": operation, "kind": "error", "status": status}
            assert (await served.http.post("/_farthing/faults", json=rule)).status_code == 201
        outcomes = await asyncio.to_thread(shop.outcomes)
        shop.close()
        assert {name: (outcome.status, outcome.lacks) for name, outcome in outcomes.items() if outcome.failed} == {
            "create order": (503, ("Retry-After",)),
            "pay by card": (503, ("Retry-After",)),
            "list webhooks": (500, ("503", "Retry-After")),
        }

    def test_an_answer_of_the_gateway_has_no_envelope(self) -> None:
        assert list(blast._lacks("capture", httpx2.Response(503, text="no available server"))) == ["Retry-After", "PayPal's envelope"]
        said = {"name": "SERVICE_UNAVAILABLE", "message": "", "debug_id": "1"}
        assert list(blast._lacks("capture", httpx2.Response(503, json=said, headers={"retry-after": "1"}))) == []

    def test_nobody_is_needed_whom_the_manifests_do_not_reach(self) -> None:
        calls = {manifest.name: set(manifest.calls) for manifest in MANIFESTS}

        def reach(name: str) -> set[str]:
            return {name}.union(*(reach(other) for other in calls[name]))

        for operation, owner in blast.OWNED.items():
            assert owner in blast.NEEDS[operation] <= reach(owner), operation

    def test_the_table(self) -> None:
        all_well = {name: blast.Outcome(name, 200) for name in blast.NEEDS}
        written = blast.table({"ledger": {**all_well, "capture": blast.Outcome("capture", 503)}})
        assert written.splitlines()[2] == "| ledger |  |  |  |  | 503 |  |  |  |  |  |"


class TestVersions:
    @pytest.fixture
    def tree(self, tmp_path: Path) -> Path:
        versions.copy_tree(tmp_path / "tree")
        return tmp_path / "tree"

    def tags(self, tree: Path) -> dict[str, str]:
        said = subprocess.run([sys.executable, str(tree / "tools/images.py"), "tag"], capture_output=True, text=True, check=True)
        return {image.partition(":")[0].removeprefix("farthing/"): image for image in said.stdout.split()}

    def test_a_changed_line_changes_one_tag(self, tree: Path) -> None:
        before = self.tags(tree)
        versions.one_line("another")(tree / "services/webhooks/src/farthing/webhooks")
        after = self.tags(tree)
        assert {name for name in before if before[name] != after[name]} == {"webhooks", "embedded"}

    def test_a_schema_change_is_a_migration_of_its_own(self, tree: Path) -> None:
        package = tree / "services/payments/src/farthing/payments"
        versions.schema(package)
        assert max(file.name for file in (package / "migrations").glob("*.sql")) == "0999_experiment.sql"

    def test_a_broken_version_still_migrates(self, tree: Path) -> None:
        package = tree / "services/orders/src/farthing/orders"
        for how, change in versions.BROKEN.items():
            (package / "__main__.py").write_text('"""Run orders."""\n\nfrom __future__ import annotations\n\nprint("as before")\n')
            change(package)
            said = subprocess.run([sys.executable, str(package / "__main__.py"), "migrate"], capture_output=True, text=True, check=True)
            assert said.stdout == "as before\n", how
        crashing = package / "__main__.py"
        crashing.write_text('print("as before")\n')
        versions.BROKEN["crashes"](package)
        ended = subprocess.run([sys.executable, str(crashing), "serve"], capture_output=True, text=True, check=False)
        assert (ended.returncode, ended.stdout) == (1, "")


def test_results_are_kept_one_by_one(tmp_path: Path) -> None:
    results = Results(tmp_path)
    results.add(Row("restart", "orders", {"started": 900, "acknowledged": 900, "in_books": 900, "failures": {"get 502": 2}}, "fine"))
    assert results.table().splitlines()[2] == "| restart | orders | 900 | 900 | 900 | 2 | 0 |  | fine |"
    assert json.loads((tmp_path / "restart-orders.json").read_text())["acknowledged"] == 900


def test_a_load_without_a_platform_says_so(tmp_path: Path) -> None:
    with pytest.raises(LoadFailed, match="NoToken"):
        Load(tmp_path, "", url="http://127.0.0.1:1")


async def test_a_load_goes_on_from_the_first_checkout_until_it_is_told(served: TestPlatform, tmp_path: Path) -> None:
    def paid() -> float:
        return served.metrics.registry.get_sample_value("farthing_captures_total", {"service": "payments", "currency": "USD"}) or 0

    load = await asyncio.to_thread(Load, tmp_path, "", fewest=20, url=served.url)
    try:
        assert (tmp_path / "begun").exists()
        await asyncio.to_thread(wait_until, "more than the fewest", lambda: paid() >= 30, 100)
        figures = await asyncio.to_thread(load.finish, after=0)
    finally:
        load.stop()
    assert figures.all["problems"] == [], figures.table
    assert figures.all["in_books"] == paid() >= 30


async def test_a_load_has_its_fewest_checkouts_however_soon_it_is_told(served: TestPlatform, tmp_path: Path) -> None:
    load = await asyncio.to_thread(Load, tmp_path, "", fewest=30, url=served.url)
    try:
        figures = await asyncio.to_thread(load.finish, after=0)
    finally:
        load.stop()
    assert figures.all["problems"] == [], figures.table
    assert figures.all["started"] >= 30


class TestCosts:
    """What `make load-cluster` says of CPU."""

    def test_sums_come_first_then_the_dearest(self) -> None:
        found = cluster.costs({"ledger": 1.0, "orders": 3.0, "nats": 0.01, "gateway": 2.0}, 20.0)
        assert list(found.items()) == [
            *(("all services", 4.0), ("with gateway, database and broker", 6.01), ("whole machine, load included", 20.0)),
            *(("orders", 3.0), ("gateway", 2.0), ("ledger", 1.0)),
        ]
