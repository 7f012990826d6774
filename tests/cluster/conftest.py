"""Experiments on a running cluster are for `make cluster-test` and `make cluster-soak`: everybody else's run leaves them out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from farthing.embedded.contents import NAMES
from tests.cluster.kube import CONTEXT, CommandFailed, Helm, Kube
from tests.cluster.load import Load
from tests.cluster.results import Results
from tests.cluster.robbed import repeat_when_robbed
from tests.cluster.rollout import Rollout, wait_all_ready
from tests.needs import ROOT

StartLoad = Callable[..., Load]
_RESULTS = pytest.StashKey[Results]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_RESULTS] = Results()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Experiments alone: see robbed."""
    if item.get_closest_marker("cluster") is None or item.get_closest_marker("reading") is not None:
        return None
    reporter = item.config.pluginmanager.get_plugin("terminalreporter")
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    repeat_when_robbed(item, nextitem, lambda text: reporter.write_line(f"\n{text}") if reporter else None)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Two hours are long: what failed is said at once, and again at the end."""
    if report.failed and "cluster" in report.keywords:
        sys.stdout.write(f"\n{report.nodeid} failed:\n{report.longreprtext}\n")
        sys.stdout.flush()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    results = config.stash[_RESULTS]
    if table := results.table():
        results.keep("table", table)
        terminalreporter.write_sep("=", "experiments")
        terminalreporter.write(table)


@pytest.fixture(scope="session")
def results(pytestconfig: pytest.Config) -> Results:
    return pytestconfig.stash[_RESULTS]


@pytest.fixture(scope="session")
def cluster() -> Kube:
    """The cluster with the platform in it."""
    kube = Kube()
    try:
        kube.ctl("get", "namespace", kube.namespace)
    except (CommandFailed, FileNotFoundError) as error:
        pytest.fail(f"no platform on the cluster {CONTEXT}: make cluster ({error})", pytrace=False)
    return kube


@pytest.fixture
def kube(cluster: Kube) -> Kube:
    """Every service ready, before each experiment."""
    wait_all_ready(cluster, NAMES, 180)
    return cluster


@pytest.fixture(scope="session")
def helm(cluster: Kube) -> Helm:
    return Helm(str(ROOT / "charts" / "farthing"))


@pytest.fixture(scope="session")
def operator(cluster: Kube) -> str:
    """The token that the control API wants."""
    return cluster.secret("farthing-console", "operator-token")


@pytest.fixture
def start_load(tmp_path: Path, kube: Kube, operator: str) -> Iterator[StartLoad]:
    """Start the exact client, with its further options. It is stopped when the test ends before it."""
    started: list[Load] = []

    def start(*options: str) -> Load:
        folder = tmp_path / f"load-{len(started)}"
        folder.mkdir()
        started.append(Load(folder, operator, *options))
        return started[-1]

    yield start
    for load in started:
        load.stop()


@pytest.fixture
def rollout(kube: Kube) -> Callable[[str], Rollout]:
    return lambda service: Rollout(kube, service)
