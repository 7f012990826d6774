"""Pure parts of what is measured on the cluster: what kubelets say, what is counted, what is planted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from farthing.embedded.contents import NAMES
from tests.charts.documents import Objects
from tests.charts.renders import GOLDEN
from tests.cluster import usage, versions
from tests.cluster.blast import NEEDS, Outcome
from tests.cluster.intruder import SERVICES, tokens_of
from tests.cluster.kube import EMBEDDED, deployment
from tests.experiments import contracts, modes, robustness, security, telemetry, updates
from tests.needs import ROOT


def measured(name: str, cpu: float, second: int, memory: int, namespace: str = "farthing") -> Any:
    return {
        "podRef": {"name": name, "namespace": namespace},
        "cpu": {"time": f"2026-01-01T00:00:{second:02}Z", "usageCoreNanoSeconds": int(cpu * 1e9)},
        "memory": {"workingSetBytes": memory * usage.MIB},
    }


class TestUsage:
    def test_cores_are_by_the_times_of_the_measurements(self) -> None:
        young = {"podRef": {"name": "young", "namespace": "farthing"}, "cpu": {"time": "2026-01-01T00:00:00Z"}, "memory": {}}
        before = usage.samples([{"pods": [measured("a", 10, 0, 50), measured("b", 1, 0, 5), young, measured("a", 9, 0, 9, "kube-system")]}])
        after = usage.samples([{"pods": [measured("a", 15, 10, 60)]}, {"pods": [measured("b", 2, 20, 7), measured("new", 1, 20, 9)]}])
        assert set(before) == {"a", "b"}
        used = usage.between(before, after, {"a": "orders", "b": "orders", "new": "orders", "gone": "ledger"})
        assert set(used) == {"orders"}
        assert used["orders"].cores == pytest.approx(0.55)
        assert used["orders"].memory == 67

    def test_what_was_not_measured_anew_used_nothing(self) -> None:
        look = usage.samples([{"pods": [measured("a", 10, 0, 50)]}])
        assert usage.between(look, look, {"a": "x"}) == {"x": usage.Used(0.0, 50)}
        assert usage.memory_of(["a", "gone"], look) == 50


class TestImages:
    @pytest.fixture
    def tree(self, tmp_path: Path) -> Path:
        versions.copy_tree(tmp_path / "tree")
        return tmp_path / "tree"

    def test_a_line_of_a_service_changes_its_image_and_that_of_everything(self, tree: Path) -> None:
        assert updates.rebuilt(tree, updates.LINES["a line of webhooks"]) == ["webhooks", "embedded"]
        assert updates.rebuilt(tree, updates.LINES["a line of ledger's client"]) == ["console", "ledger", "payments", "embedded"]
        assert all((tree / line).is_file() for line in updates.LINES.values())

    def test_a_version_is_told_to_the_chart_by_its_image(self) -> None:
        assert versions.value_of("farthing/webhooks:0.1.0-a") == "services.webhooks.image.tag=0.1.0-a"
        assert versions.value_of("farthing/embedded:0.1.0-b") == "embedded.image.tag=0.1.0-b"


class TestModes:
    def test_deployments_are_called_as_the_chart_calls_them(self) -> None:
        for golden, components in (("embedded", [EMBEDDED]), ("split", list(NAMES))):
            text = (GOLDEN / f"{golden}.yaml").read_text()
            assert set(Objects(text).of("Deployment")) == {deployment(component) for component in components}

    def test_the_values_of_the_one_process_are_there(self) -> None:
        assert "mode: embedded" in modes._EMBEDDED_VALUES.read_text()

    def test_a_service_that_calls_nobody_has_no_tokens(self, tmp_path: Path) -> None:
        (tmp_path / "..data").write_text("x")
        (tmp_path / "orders").write_text("token\n")
        assert (tokens_of(str(tmp_path)), tokens_of(str(tmp_path / "nowhere"))) == ({"orders": "token"}, {})
        assert set(SERVICES) == set(NAMES)


class TestBreaks:
    @pytest.mark.parametrize("broken", contracts.BREAKS, ids=lambda one: f"{one.what} {one.consistent}")
    def test_each_can_be_planted_in_the_present_tree(self, broken: contracts.Break, tmp_path: Path) -> None:
        for edit in broken.edits:
            copy = tmp_path / edit.file
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text((ROOT / edit.file).read_text())
            edit.apply(tmp_path)
            compile(copy.read_text(), edit.file, "exec")
            assert edit.new in copy.read_text()
        assert all((ROOT / folder).is_dir() for folder in broken.tests)

    def test_a_text_that_is_not_there_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_text("x x")
        with pytest.raises(contracts.NotPlanted, match="2 times 'x'"):
            contracts.Edit("a", "x", "y").apply(tmp_path)


def test_operations_that_went_on_are_counted() -> None:
    good, bad = Outcome("token", 200), Outcome("refund", 503)
    found = robustness.counted(
        [{"token": good, "refund": bad}, {"token": good, "refund": Outcome("refund", 201)}, {"token": good, "refund": bad}]
    )
    assert (found["tried"], found["good"], found["never_failed"]) == (6, 4, ["token"])
    assert found["by_operation"] == {"token": 1.0, "refund": 0.33}
    assert robustness.counted([dict.fromkeys(NEEDS, good)])["good"] == len(NEEDS)


def test_who_is_let_in_is_taken_from_what_the_intruder_found() -> None:
    found = {
        "services": {"orders": 200, "ledger": 401, "vault": 403, "accounts": 0, "identity": 200},
        "other databases": {"ledger": "refused", "vault": "1"},
        "own database": "1",
        "minting": {"somebody else's": 403, "for another audience": 201, "unreachable": 0},
    }
    assert security.reached(found) == {
        "services": ["identity", "orders"],
        "databases": ["vault"],
        "own_database": True,
        "tokens_made": ["for another audience"],
    }


class TestTelemetry:
    def test_a_cost_is_the_median_of_rounds_each_compared_with_its_own(self) -> None:
        speeds = {0: (100.0, 90.0), 1: (50.0, 49.0), 2: (10.0, 8.0)}
        rows = [
            {"round": number, "way": way, "per_second": speed, "python_us": 1e6 / speed}
            for number, pair in speeds.items()
            for way, speed in zip(("none", "all"), pair, strict=True)
        ]
        assert telemetry.cost(rows, "all", "per_second") == pytest.approx(10)
        assert telemetry.cost(rows, "all", "python_us") == pytest.approx(100 / 9)

    def test_in_the_process_without_telemetry_nothing_is_counted(self, tmp_path: Path) -> None:
        code = (
            "from farthing.kit.telemetry import Metrics\nfrom farthing.kit.db.database import Database\nm = Metrics()\n"
            "m.served('orders', '1', 'create', 200, 0.1)\nm.job_done('orders', 'x', 'done')\nm.dead_letters.labels('orders').inc()\n"
            "print(sum(f'{{' in line and not line.endswith(' 0.0') for line in m.exposition().decode().splitlines()))"
        )
        for way, expected in (("none", "0"), ("counted", "12")):
            folder = tmp_path / way
            folder.mkdir()
            given = telemetry.environment(way, folder, 1, 2)
            done = subprocess.run(
                [sys.executable, "-c", code], env={"PATH": "/usr/bin", **given}, capture_output=True, text=True, check=True
            )
            assert done.stdout.strip() == expected, done.stderr
        assert telemetry.environment("all", tmp_path, 1, 2) == {
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1",
            "FARTHING_TRACE_RATIO": "0.02",
            "FARTHING_METRICS_PORT": "2",
        }
