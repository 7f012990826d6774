"""The plugin for what tests need, in a pytest of its own whose environment lacks things."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SUITE = """
import pytest

@pytest.mark.needs_node
def test_with_node():
    pass

@pytest.mark.needs_browser
def test_with_browser():
    pass

@pytest.mark.needs_specs
def test_with_specs(specs):
    assert (specs / "one.json").exists()

def test_without():
    pass
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    path = tmp_path / "test_suite.py"
    path.write_text(SUITE)
    (tmp_path / "bin").mkdir()
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "one.json").write_text("{}")
    return path


def run(suite: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command: list[str | Path] = [sys.executable, "-m", "pytest", "-c", ROOT / "pyproject.toml", "--rootdir", suite.parent]
    plugins: list[str] = ["--noconftest", "-p", "tests.needs", "-p", "no:cacheprovider", "--color=no"]
    variables = {
        "PATH": str(suite.parent / "bin"),
        "PYTHONPATH": str(ROOT),
        "FARTHING_PAYPAL_SPECS": str(suite.parent / "none"),
        **environment,
    }
    return subprocess.run([*command, *plugins, suite], cwd=ROOT, env=variables, capture_output=True, text=True, check=False)


def program(suite: Path, name: str, output: str = "") -> None:
    path = suite.parent / "bin" / name
    path.write_text(f"#!/bin/sh\necho {output}\n")
    path.chmod(0o755)


def last_lines(completed: subprocess.CompletedProcess[str]) -> str:
    return completed.stdout.partition("not run here")[2]


LEFT_OUT = ("needs_helm", "needs_kubeconform", "needs_promtool", "needs_kubernetes")  # where .ci/run cannot install what they need
SUITE_OF_CI = "import pytest\n" + "".join(f"@pytest.mark.{one}\ndef test_{number}(): pass\n" for number, one in enumerate(LEFT_OUT))


def of_ci(path: str, **environment: str) -> tuple[str, list[str]]:
    """What .ci/run gives to pytest with this search path, and what it says of it."""
    text = (ROOT / ".ci/run").read_text()
    before, _, after = text.partition("lacking=()")[2].partition('\nstep "5/7')
    said = after.partition("make test\n")[2].partition("if [")[0]
    script = f'set -euo pipefail\nlacking=()\n{before}\necho "${{PYTEST_ADDOPTS:-}}"\n{said}'
    bash = shutil.which("bash") or "bash"
    done = subprocess.run([bash, "-c", script], env={"PATH": path, **environment}, capture_output=True, text=True, check=True)
    options, *lines = done.stdout.splitlines()
    return options, lines


class TestCi:
    def test_says_what_it_leaves_out_and_is_not_red_for_it(self, suite: Path) -> None:
        suite.write_text(SUITE_OF_CI + "def test_without(): pass\n")
        options, lines = of_ci(str(suite.parent / "bin"))
        completed = run(suite, CI="true", PYTEST_ADDOPTS=options)

        assert completed.returncode == 0, completed.stdout
        assert "1 passed, 4 deselected" in completed.stdout
        assert [line.partition("; ")[2].split()[0] for line in lines] == ["helm", "kubeconform", "promtool", "FARTHING_KUBERNETES_PROGRAMS"]
        assert all(line.startswith("NOT RUN: ") for line in lines)

    @pytest.mark.parametrize("missing", ["helm", "kubeconform", "promtool"])
    def test_leaves_out_nothing_else(self, suite: Path, missing: str) -> None:
        for name in {"helm", "kubeconform", "promtool"} - {missing}:
            program(suite, name)
        options, lines = of_ci(str(suite.parent / "bin"), FARTHING_KUBERNETES_PROGRAMS="/programs")

        assert options.strip() == f"-k 'not needs_{missing}'"
        assert len(lines) == 1

    def test_leaves_out_nothing_where_all_is_there(self, suite: Path) -> None:
        for name in ("helm", "kubeconform", "promtool"):
            program(suite, name)

        assert of_ci(str(suite.parent / "bin"), FARTHING_KUBERNETES_PROGRAMS="/programs") == ("", [])

    def test_fails_for_what_is_missing_and_not_left_out(self, suite: Path) -> None:
        suite.write_text(SUITE_OF_CI)
        completed = run(suite, CI="true", PYTEST_ADDOPTS="-k 'not needs_promtool'")

        assert completed.returncode == 1
        assert "1 deselected, 3 errors" in completed.stdout


class TestMissing:
    def test_names_in_the_last_lines_what_did_not_run(self, suite: Path) -> None:
        completed = run(suite)

        assert completed.returncode == 0, completed.stdout
        summary = completed.stdout.split("short test summary")[-1].splitlines()
        assert [line.strip() for line in summary if line.startswith("  test_suite")] == [
            "test_suite.py::test_with_browser",
            "test_suite.py::test_with_node",
            "test_suite.py::test_with_specs",
        ]
        assert "1 passed, 3 skipped" in completed.stdout

    def test_keeps_for_the_end_of_several_runs_what_none_could_run(self, suite: Path) -> None:
        run(suite)
        run(suite)

        lines = (suite.parent / "build/not-run.txt").read_text().splitlines()
        assert [line.rpartition(": ")[2] for line in lines] == ["1 tests"] * 6
        assert sum("Node.js" in line for line in lines) == 2

    def test_fails_in_ci(self, suite: Path) -> None:
        completed = run(suite, CI="true")

        assert completed.returncode == 1
        assert "CI must run this, and it needs Node.js 20 or newer" in completed.stdout
        assert "3 errors" in completed.stdout

    def test_names_them_from_other_processes_too(self, suite: Path) -> None:
        completed = run(suite, PYTEST_ADDOPTS="-n 1")

        assert "  test_suite.py::test_with_node" in completed.stdout

    def test_counts_a_node_that_is_too_old_as_missing(self, suite: Path) -> None:
        program(suite, "node", "v16.20.0")

        assert "test_with_node" in last_lines(run(suite))


class TestPresent:
    def test_runs_what_it_can(self, suite: Path) -> None:
        program(suite, "node", "v20.1.0")
        program(suite, "chromium-browser")

        completed = run(suite, CI="true", FARTHING_PAYPAL_SPECS=str(suite.parent / "specs"))

        assert completed.returncode == 0, completed.stdout
        assert "4 passed" in completed.stdout

    def test_takes_the_browser_that_is_named(self, suite: Path) -> None:
        program(suite, "some-browser")

        completed = run(suite, FARTHING_CHROMIUM=str(suite.parent / "bin" / "some-browser"))

        assert "test_with_browser" not in last_lines(completed)
        assert "test_with_node" in last_lines(completed)
