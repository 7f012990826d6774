"""Whoever has taken over the pod of one service has that one's rights, and no more."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cluster.intrusion import intrude
from tests.cluster.kube import RELEASE, CommandFailed, Kube

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(180)]

INTRUDER = "checkout"  # it may call identity, accounts and orders


@pytest.fixture
def found(kube: Kube) -> Any:
    """What the script could do from inside the pod."""
    return intrude(kube, INTRUDER)


def test_what_an_intruder_can_do(kube: Kube, found: Any) -> None:
    assert found["tokens"] == ["accounts", "identity", "orders"]
    # With its own token it is let in where it has an edge: 404 comes from behind the door. So the refusals below are about the token.
    assert found["own edge"] == 404
    assert found["no token"] == 401
    assert found["token for another audience"] == 401
    # The cluster gives it no token for somebody else, nor for another audience.
    assert set(found["minting"].values()) <= {401, 403}, found["minting"]
    assert len(found["minting"]) == 2
    assert found["own database"] == "1"
    assert set(found["other databases"].values()) == {"refused"}
    assert len(found["other databases"]) >= 10
    reached = {name for name, status in found["services"].items() if status == 200}
    assert reached == set(found["tokens"])
    assert {status for name, status in found["services"].items() if name not in reached} <= {0, 401, 403}


def test_the_right_audience_does_not_make_up_for_the_wrong_caller(kube: Kube) -> None:
    """A true token of a service that has no edge to ledger, made for ledger: only the cluster's administrator can make one."""
    token = kube.ctl("create", "token", f"{RELEASE}-{INTRUDER}", "--audience", "ledger").strip()
    assert _status(kube, token) == 403
    true = kube.ctl("create", "token", f"{RELEASE}-payments", "--audience", "ledger").strip()
    assert _status(kube, true) not in {401, 403}
    with pytest.raises(CommandFailed):
        kube.ctl("create", "token", f"{RELEASE}-nobody", "--audience", "ledger")


def _status(kube: Kube, token: str) -> int:
    code = (
        "import sys,urllib.request,urllib.error\n"
        f"r=urllib.request.Request('http://{RELEASE}-ledger:8000/internal/v1/balances/NOBODY',"
        "headers={'authorization':'Bearer '+sys.stdin.read().strip()})\n"
        "try: print(urllib.request.urlopen(r,timeout=10).status)\n"
        "except urllib.error.HTTPError as e: print(e.code)\n"
    )
    command = ("exec", "--stdin", f"deployment/{RELEASE}-{INTRUDER}", "--container", INTRUDER, "--", "python", "-c", code)
    return int(kube.ctl(*command, given=token).strip())
