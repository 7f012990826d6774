"""observer as a process: what it refuses to start with, and what it answers to whom."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from farthing.observer.domain.reading import READERS
from services.observer.tests import cluster_objects as objects
from services.observer.tests.api_server import NAMESPACE, ApiServer
from tests.ports import free_ports

TOKEN = {"authorization": "Bearer operator"}


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FARTHING_", "OTEL_", "KUBE"))}
    return {**kept, "FARTHING_OPERATOR_TOKEN": "operator", **more}


def run(*words: str, **more: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "farthing.observer", *words]
    done = subprocess.run(command, env=environment(**more), capture_output=True, text=True, check=False, timeout=100)
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"FARTHING_OPERATOR_TOKEN": ""}, "FARTHING_OPERATOR_TOKEN is not set: the token that an operator shows, the same as console's"),
        ({}, "run it in a pod, or set FARTHING_OBSERVER_KUBECONFIG"),
        ({"FARTHING_OBSERVER_KUBECONFIG": "/nowhere"}, "run it in a pod, or set FARTHING_OBSERVER_KUBECONFIG"),
        ({"FARTHING_OBSERVER_PATIENCE": "soon"}, "FARTHING_OBSERVER_PATIENCE is 'soon': use a number of seconds from 0 to 600"),
        (
            {"FARTHING_OBSERVER_GRAFANA_URL": "grafana"},
            "FARTHING_OBSERVER_GRAFANA_URL is 'grafana': use an address such as http://grafana:3000",
        ),
    ],
)
def test_a_wrong_setting_is_one_line(more: dict[str, str], said: str) -> None:
    code, text = run(**more)
    assert (code, text.count("\n"), said in text) == (2, 1, True), text


def test_there_is_nothing_to_migrate() -> None:
    assert run("migrate") == (2, "observer: 'migrate' is no command: use serve\n")


@pytest.fixture(scope="module")
def observer(api: ApiServer) -> Iterator[str]:
    inside, outside = free_ports(2)
    kubeconfig = str(api.kubeconfig("observer-token", api.port))
    settings = {"PORT": str(inside), "PUBLIC_PORT": str(outside), "FARTHING_OBSERVER_KUBECONFIG": kubeconfig}
    with subprocess.Popen([sys.executable, "-m", "farthing.observer"], env=environment(**settings), stderr=subprocess.PIPE) as process:
        _wait(f"http://127.0.0.1:{inside}/readyz")
        yield f"http://127.0.0.1:{outside}"
        process.send_signal(signal.SIGTERM)
        assert process.stderr is not None
        said = process.stderr.read()
    assert process.returncode == 0
    assert [line for line in said.splitlines() if b'"level":"error"' in line] == []


def _wait(url: str) -> None:
    until = time.monotonic() + 90
    while True:
        try:
            if httpx2.get(url).status_code == 200:
                return
        except httpx2.HTTPError:
            pass
        assert time.monotonic() < until, url
        time.sleep(0.2)


@pytest.mark.needs_kubernetes
@pytest.mark.timeout(300)
class TestServing:
    def rows(self, observer: str, query: str = "") -> Any:
        return httpx2.get(f"{observer}/_farthing/rollouts{query}", headers=TOKEN)

    def test_a_rollout_is_listed_while_it_goes_on(self, api: ApiServer, observer: str) -> None:
        path = f"/apis/apps/v1/namespaces/{NAMESPACE}"
        owner = api.call("POST", f"{path}/deployments", objects.deployment("checkout", "1.0.0"))
        api.call("POST", f"{path}/replicasets", objects.replica_set(owner, 1, "hash1"))
        until = time.monotonic() + 60
        while not (found := self.rows(observer, "?service=checkout").json()["rollouts"]):
            assert time.monotonic() < until
            time.sleep(0.2)
        assert [found[0][name] for name in ("kind", "to_version", "outcome", "pods")] == ["rollout", "1.0.0", "in progress", 0]
        environ = environment(FARTHING_URL=observer)
        listed = subprocess.run(
            [sys.executable, "-m", "farthing.embedded", "rollouts"], env=environ, capture_output=True, text=True, check=True
        )
        line = next(line for line in listed.stdout.splitlines() if line.startswith("checkout"))
        assert line.split()[1:3] == ["rollout", "-→1.0.0"]

    def test_only_who_shows_the_operators_token_is_told(self, observer: str) -> None:
        url = f"{observer}/_farthing/rollouts"
        answers = [
            httpx2.get(url),
            httpx2.get(url, headers={"authorization": "Bearer another"}),
            httpx2.get(url, headers={**TOKEN, "origin": "https://shop.example"}),
            httpx2.get(url, headers={**TOKEN, "host": "shop.example"}),
            self.rows(observer),
        ]
        assert [answer.status_code for answer in answers] == [401, 401, 403, 403, 200]
        environ = environment(FARTHING_URL=observer, FARTHING_OPERATOR_TOKEN="another")
        command = subprocess.run(
            [sys.executable, "-m", "farthing.embedded", "rollouts"], env=environ, capture_output=True, text=True, check=False
        )
        assert (command.returncode, command.stderr.count("\n")) == (4, 1)
        assert "FARTHING_OPERATOR_TOKEN" in command.stderr

    @pytest.mark.parametrize("limit", ["0", "201", "x", "-1", ""])
    def test_a_wrong_limit_is_named(self, observer: str, limit: str) -> None:
        answer = self.rows(observer, f"?limit={limit}")
        assert (answer.status_code, answer.json()["details"][0]["field"]) == (400, "limit")

    def test_nothing_else_is_served_to_the_outside(self, observer: str) -> None:
        assert [httpx2.get(f"{observer}/{path}", headers=TOKEN).status_code for path in ("metrics", "internal/v1/health", "livez")] == [
            404
        ] * 3


def test_every_kind_that_is_watched_has_a_reader() -> None:
    assert set(READERS) == {"deployments", "replicasets", "pods", "events", "horizontalpodautoscalers", "nodes"}


def test_without_an_observer_there_is_one_clear_line(tmp_path: Path) -> None:
    environ = environment(FARTHING_TEST="1", HOME=str(tmp_path))
    words = ["exec", "--", sys.executable, "-m", "farthing.embedded", "rollouts"]
    done = subprocess.run(
        [sys.executable, "-m", "farthing.embedded", *words], env=environ, capture_output=True, text=True, check=False, cwd=tmp_path
    )
    last = done.stderr.strip().splitlines()[-1]
    assert done.returncode == 4
    assert last.startswith("farthing: no observer at http://127.0.0.1:")
    assert last.endswith(": rollouts are watched on a cluster only, by charts/observability")
