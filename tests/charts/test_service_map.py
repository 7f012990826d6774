"""The service map that the charts read is what the manifests say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from farthing.kit.manifest import Manifest
from tests.charts.renders import ROOT

MAPS = (ROOT / "charts/farthing/files/services.json", ROOT / "charts/farthing-dev/files/services.json")


def command(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "farthing.embedded", "manifests", *words], capture_output=True, text=True, check=False)


def test_the_committed_maps_are_what_the_manifests_say() -> None:
    done = command("--check", MAPS[0], "--check", MAPS[1])
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_stale_map_is_named(tmp_path: Path) -> None:
    stale, fresh = tmp_path / "stale.json", tmp_path / "new" / "fresh.json"
    stale.write_text(MAPS[0].read_text().replace('"ledger"', '"legder"'))
    assert command("--write", fresh).returncode == 0
    done = command("--check", fresh, "--check", stale)
    assert (done.returncode, done.stderr) == (1, f"farthing: not what the manifests say: {stale} (farthing manifests --write FILE)\n")
    assert fresh.read_text() == MAPS[0].read_text()


def test_a_map_says_who_calls_and_what_a_container_needs(manifests: dict[str, Manifest]) -> None:
    found = json.loads(MAPS[0].read_text())
    assert list(found) == list(manifests)
    assert found["ledger"]["callers"] == ["console", "payments"]
    assert [name for name, facts in found.items() if facts["container"]["outside"]] == ["webhooks"]
    assert found["console"]["container"]["secrets"] == [
        {"key": "operator-token", "variable": "FARTHING_OPERATOR_TOKEN", "file": False, "needed": "always"}
    ]


@pytest.mark.parametrize("other", MAPS[1:])
def test_all_charts_read_the_same_map(other: Path) -> None:
    assert other.read_text() == MAPS[0].read_text()
