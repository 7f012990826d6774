"""A real API server for tests: etcd and kube-apiserver as processes of their own, without nodes and controllers.

The tests are kubelet and controllers themselves: they write objects and their status. Who uses the token `observer-token` has the rights of
the chart's roles and no others.
"""

from __future__ import annotations

import os
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.ports import free_ports

STARTING = 90  # seconds
NAMESPACE = "farthing"
TOKENS = "admin-token,admin,1,system:masters\nobserver-token,observer,2\n"


class ApiServer:
    """Its clients go through `port`; it can be killed and started anew on the same data."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs, self.folder = programs, folder
        self.port, self._etcd_port, self._peers = free_ports(3)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        (folder / "tokens.csv").write_text(TOKENS)
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        (folder / "accounts.key").write_bytes(key.private_bytes(*pem))

    def start(self) -> None:
        self._start_etcd()
        self.start_server()
        self.call("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})

    def start_server(self) -> None:
        known = self._programs / "kube-apiserver"
        words = [str(known)] if known.exists() else [str(self._programs / "hyperkube"), "kube-apiserver"]
        flags = {
            "etcd-servers": f"http://127.0.0.1:{self._etcd_port}",
            "bind-address": "127.0.0.1",
            "secure-port": self.port,
            "cert-dir": self.folder / "certificates",
            "token-auth-file": self.folder / "tokens.csv",
            "authorization-mode": "RBAC",
            "service-account-issuer": "https://kubernetes.default.svc",
            "service-account-key-file": self.folder / "accounts.key",
            "service-account-signing-key-file": self.folder / "accounts.key",
            "service-cluster-ip-range": "10.0.0.0/24",
            "disable-admission-plugins": "ServiceAccount",
            "endpoint-reconciler-type": "none",
        }
        self._run("kube-apiserver", [*words, *(f"--{name}={value}" for name, value in flags.items())])
        self._wait()

    def kill_server(self) -> None:
        self._end("kube-apiserver")

    def stop(self) -> None:
        for name in list(self._processes):
            self._end(name)

    def call(self, method: str, path: str, body: dict[str, Any] | None = None, media: str = "application/json") -> dict[str, Any]:
        """As administrator. Raises HTTPStatusError."""
        headers = {"authorization": "Bearer admin-token", "content-type": media}
        trust = ssl.create_default_context(cafile=str(self.certificate))
        with httpx2.Client(verify=trust, base_url=f"https://127.0.0.1:{self.port}", timeout=30) as client:
            answer = client.request(method, path, headers=headers, json=body)
        answer.raise_for_status()
        return dict(answer.json())

    def kubeconfig(self, token: str, port: int) -> Path:
        """Of a user of TOKENS, who reaches the server through a port."""
        cluster = {"server": f"https://127.0.0.1:{port}", "certificate-authority": str(self.certificate)}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": "test", "user": {"token": token}}],
        }
        path = self.folder / f"{token}-{port}.kubeconfig"
        path.write_text(yaml.safe_dump(content))
        return path

    @property
    def certificate(self) -> Path:
        """It signed its own."""
        return self.folder / "certificates/apiserver.crt"

    def _start_etcd(self) -> None:
        client, peer = f"http://127.0.0.1:{self._etcd_port}", f"http://127.0.0.1:{self._peers}"
        places = ["--listen-client-urls", client, "--advertise-client-urls", client, "--listen-peer-urls", peer]
        places += ["--initial-advertise-peer-urls", peer, "--initial-cluster", f"default={peer}"]
        data = ["--data-dir", str(self.folder / "etcd"), "--unsafe-no-fsync"]
        self._run("etcd", [str(self._programs / "etcd"), *places, *data])

    def _run(self, name: str, words: list[str]) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                words, stdout=log, stderr=log, env={"PATH": os.environ["PATH"], "HOME": str(self.folder)}
            )

    def _end(self, name: str) -> None:
        process = self._processes.pop(name)
        process.kill()
        process.wait()

    def _wait(self) -> None:
        until = time.monotonic() + STARTING
        while True:
            try:
                self.call("GET", "/api/v1/namespaces/default")
            except (httpx2.HTTPError, OSError):
                assert time.monotonic() < until, (self.folder / "kube-apiserver.log").read_text()[-2000:]
                time.sleep(0.2)
            else:
                return


@contextmanager
def running(programs: Path, folder: Path) -> Iterator[ApiServer]:
    server = ApiServer(programs, folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
