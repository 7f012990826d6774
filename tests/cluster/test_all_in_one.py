"""The image with everything in it, in one container and without a cluster: it serves, and its books are exact."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest

from tests.cluster.kube import run, wait_until
from tests.cluster.store import Store, capture_of, good
from tests.needs import ROOT

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]


@pytest.fixture
def container() -> Iterator[str]:
    """Run as docs/guides/images.md says, at a free port. Built by `make cluster`."""
    image = run("python3", str(ROOT / "tools" / "images.py"), "tag", "embedded").strip()
    hardened = ("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL")
    name = run("docker", "run", "--detach", *hardened, "--publish", "127.0.0.1::8080", image).strip()
    try:
        yield name
    finally:
        run("docker", "rm", "--force", "--volumes", name)


def test_it_takes_a_payment_and_ends_in_order(container: str) -> None:
    url = f"http://{run('docker', 'port', container, '8080/tcp').split()[0]}"
    wait_until("the container to answer", lambda: _answers(url), 60, every=0.2)
    store = Store("", url)
    assert capture_of(good(store.capture(store.approved())))
    assert good(store.operate("GET", "ledger/audit"))["balanced"]
    store.close()
    run("docker", "stop", "--time", "30", container)
    assert run("docker", "inspect", "--format", "{{.State.ExitCode}}", container).strip() == "0"


def _answers(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/_farthing/health").is_success
    except httpx2.TransportError:
        return False
