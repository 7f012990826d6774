"""What a test needs from the machine, by marker: `@pytest.mark.needs_specs`, `needs_node` and the others of `_NEEDS`.

A test whose need is missing does not run, and the run's last lines name it. With `CI` set it fails instead: what CI must run, CI runs.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).resolve().parent.parent
OLDEST_NODE = 20
_REASON = "not run here: needs "
NOT_RUN = "build/not-run.txt"  # below the root: `make test` runs pytest twice, and says at its end what neither could run
PACKAGE = ROOT / "build/specifications/package/openapi"  # what `make specifications` unpacks
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def find_specs() -> Path | None:
    """The folder of PayPal's OpenAPI files: where FARTHING_PAYPAL_SPECS says, beside the project, or in the unpacked npm package."""
    named = os.environ.get("FARTHING_PAYPAL_SPECS")
    folders = [Path(named)] if named else [ROOT.parent / "shared/paypal/openapi", PACKAGE]
    return next((folder for folder in folders if any(folder.glob("*.json"))), None)


@cache
def find_node() -> Path | None:
    """The `node` in the search path, when it is new enough for the SDKs and the examples."""
    node = shutil.which("node")
    if node is None:
        return None
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    major = version.strip().removeprefix("v").partition(".")[0]
    return Path(node) if major.isdigit() and int(major) >= OLDEST_NODE else None


def find_browser() -> Path | None:
    """A Chromium: the one that FARTHING_CHROMIUM names, else one in the search path."""
    named = os.environ.get("FARTHING_CHROMIUM")
    found = [shutil.which(name) for name in ([named] if named else _BROWSERS)]
    return next((Path(path) for path in found if path), None)


def find_nats() -> Path | None:
    """The NATS server: the one that FARTHING_NATS_SERVER names, else the one in the search path (Debian keeps it in /usr/sbin)."""
    found = shutil.which(os.environ.get("FARTHING_NATS_SERVER", "nats-server"), path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    return Path(found) if found else None


def find_promtool() -> Path | None:
    """Prometheus' program for rules: the one that FARTHING_PROMTOOL names, else the one in the search path."""
    found = shutil.which(os.environ.get("FARTHING_PROMTOOL", "promtool"))
    return Path(found) if found else None


def find_helm() -> Path | None:
    found = shutil.which("helm")
    return Path(found) if found else None


def find_kubeconform() -> Path | None:
    found = shutil.which("kubeconform")
    return Path(found) if found else None


def find_locust() -> Path | None:
    """Locust: the one that FARTHING_LOCUST names, else the one in the search path or beside this Python."""
    path = os.pathsep.join([os.environ.get("PATH", ""), str(Path(sys.executable).parent)])
    found = shutil.which(os.environ.get("FARTHING_LOCUST", "locust"), path=path)
    return Path(found) if found else None


def find_matplotlib() -> Path | None:
    found = importlib.util.find_spec("matplotlib")
    return Path(found.origin) if found and found.origin else None


def find_kubernetes() -> Path | None:
    """The folder of etcd and the API server (kube-apiserver or hyperkube): FARTHING_KUBERNETES_PROGRAMS, or one of the search path."""
    named = os.environ.get("FARTHING_KUBERNETES_PROGRAMS")
    folders = [Path(folder) for folder in ([named] if named else os.environ.get("PATH", "").split(os.pathsep))]
    servers = ("kube-apiserver", "hyperkube")
    return next((one for one in folders if (one / "etcd").is_file() and any((one / name).is_file() for name in servers)), None)


_NEEDS: dict[str, tuple[str, Callable[[], Path | None]]] = {
    "needs_specs": ("PayPal's OpenAPI files (FARTHING_PAYPAL_SPECS or `make specifications`)", find_specs),
    "needs_node": (f"Node.js {OLDEST_NODE} or newer", find_node),
    "needs_nats": ("a NATS server (FARTHING_NATS_SERVER or nats-server in PATH)", find_nats),
    "needs_promtool": ("Prometheus' promtool (FARTHING_PROMTOOL or promtool in PATH)", find_promtool),
    "needs_helm": ("helm (`make doctor` says how to get it)", find_helm),
    "needs_kubeconform": ("kubeconform (`make doctor` says how to get it)", find_kubeconform),
    "needs_locust": ("Locust (make extras; or FARTHING_LOCUST, or locust in PATH)", find_locust),
    "needs_matplotlib": ("matplotlib (make extras)", find_matplotlib),
    "needs_kubernetes": ("etcd and kube-apiserver (FARTHING_KUBERNETES_PROGRAMS: their folder)", find_kubernetes),
    "needs_browser": ("Chromium (FARTHING_CHROMIUM or in PATH)", find_browser),
}


@pytest.fixture(scope="session")
def specs() -> Path:
    """The folder of PayPal's OpenAPI files, for tests marked `needs_specs`."""
    return _found("needs_specs")


@pytest.fixture(scope="session")
def node() -> Path:
    """The Node.js program, for tests marked `needs_node`."""
    return _found("needs_node")


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The browser program, for tests marked `needs_browser`."""
    return _found("needs_browser")


@pytest.fixture(scope="session")
def nats_program() -> Path:
    """The NATS server program, for tests marked `needs_nats`."""
    return _found("needs_nats")


@pytest.fixture(scope="session")
def promtool() -> Path:
    """Prometheus' program for rules, for tests marked `needs_promtool`."""
    return _found("needs_promtool")


@pytest.fixture(scope="session")
def helm() -> Path:
    """The program that renders charts, for tests marked `needs_helm`."""
    return _found("needs_helm")


@pytest.fixture(scope="session")
def kubeconform() -> Path:
    """The program that knows the schemas of Kubernetes' objects, for tests marked `needs_kubeconform`."""
    return _found("needs_kubeconform")


@pytest.fixture(scope="session")
def locust() -> Path:
    """The load generator's program, for tests marked `needs_locust`."""
    return _found("needs_locust")


@pytest.fixture(scope="session")
def kubernetes_programs() -> Path:
    """The folder of etcd and kube-apiserver, for tests marked `needs_kubernetes`."""
    return _found("needs_kubernetes")


def _found(marker: str) -> Path:
    what, find = _NEEDS[marker]
    path = find()
    if path is None:
        pytest.fail(f"{what} not found: mark the test {marker}", pytrace=False)
    return path


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker, (what, find) in _NEEDS.items():
        if item.get_closest_marker(marker) is not None and find() is None:
            lacking(what)


def lacking(what: str) -> NoReturn:
    """Do not run the present test, since this is not there."""
    if os.environ.get("CI"):
        pytest.fail(f"CI must run this, and it needs {what}", pytrace=False)
    pytest.skip(f"{_REASON}{what}")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    yield  # all other summaries come first: this one stands in the last lines
    # Read from the reports, not from the tests themselves: with pytest-xdist these ran in other processes.
    missing: dict[str, list[str]] = defaultdict(list)
    for report in terminalreporter.getreports("skipped"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        if _REASON in reason:
            missing[reason.partition(_REASON)[2]].append(report.nodeid)
    if missing:
        not_run = terminalreporter.config.rootpath / NOT_RUN
        not_run.parent.mkdir(exist_ok=True)
        with not_run.open("a", encoding="utf-8") as file:
            file.writelines(f"{_REASON}{what}: {len(tests)} tests\n" for what, tests in sorted(missing.items()))
    for what, tests in sorted(missing.items()):
        terminalreporter.write_sep("-", f"{_REASON}{what}: {len(tests)}", yellow=True)
        for nodeid in sorted(tests):
            terminalreporter.write_line(f"  {nodeid}")
