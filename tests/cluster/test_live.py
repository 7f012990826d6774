"""Live mode on the cluster, beside the sandbox and in a namespace of its own: the way docs/guides/live.md goes."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from farthing.webhooks.signing import new_pair
from tests.cluster.kube import CONTEXT, Kube, run, wait_until
from tests.cluster.load import URL
from tests.needs import ROOT

pytestmark = [pytest.mark.cluster, pytest.mark.soak, pytest.mark.timeout(900)]

NAMESPACE, HOST = "farthing-live", "live.example.test"
VALUES = (
    *("--values", str(ROOT / "k8s/environments/dev/farthing.yaml"), "--values", str(ROOT / "build/images.yaml")),
    *("--set", f"sandbox=false,publicUrl=https://{HOST},gateway.hostnames={{{HOST}}}"),
    *("--set-json", 'gateway.parentRefs=[{"name":"farthing","namespace":"farthing"}]'),
)


def install(release: str, *words: str) -> None:
    where = ("--kube-context", CONTEXT, "--namespace", NAMESPACE)
    run("helm", "install", release, str(ROOT / "charts" / release), *where, *words, "--wait", "--timeout", "300s", timeout=330)


def make_secrets(kube: Kube, folder: Path) -> None:
    """What live mode wants of an operator."""
    pair = new_pair("CERT-live", datetime.now(UTC))
    signing = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    wanted = {
        "identity": {"signing-key.pem": signing},
        "vault": {"vault-key": base64.b64encode(secrets.token_bytes(32))},
        "webhooks": {"tls.key": (pair.private_key or "").encode(), "tls.crt": pair.certificate.encode()},
    }
    for service, files in wanted.items():
        given = []
        for name, content in files.items():
            (folder / name).write_bytes(content)
            given.append(f"--from-file={name}={folder / name}")
        kube.ctl("create", "secret", "generic", f"farthing-{service}", *given)


@pytest.fixture
def live(kube: Kube, tmp_path: Path) -> Iterator[Kube]:
    policies = (ROOT / "k8s/policies/namespace.yaml").read_text().replace("name: farthing\n", f"name: {NAMESPACE}\n")
    own = Kube(namespace=NAMESPACE)
    try:
        own.ctl("apply", "--filename", "-", given=policies.replace("namespace: farthing\n", f"namespace: {NAMESPACE}\n"))
        install("farthing-dev", "--values", str(ROOT / "k8s/environments/dev/farthing-dev.yaml"))
        make_secrets(own, tmp_path)
        install("farthing", *VALUES)
        yield own
    finally:
        kube.ctl("delete", "namespace", NAMESPACE, "--ignore-not-found", timeout=300)


def console(kube: Kube, *words: str, given: str = "") -> str:
    command = ("exec", "--stdin", "deployment/farthing-console", "--container", "console", "--", "python", "-m", "farthing.console")
    return kube.ctl(*command, *words, given=given)


def test_a_merchant_is_let_in_and_the_sandbox_is_absent(live: Kube) -> None:
    made = console(live, "create-account", "shop@example.org", "--kind", "business", given="a long and honest password\n")
    assert made.split()[1:] == ["shop@example.org", "(business)"]
    words = dict(line.rsplit(maxsplit=1) for line in console(live, "create-app", "shop@example.org").splitlines())
    with httpx2.Client(base_url=URL, headers={"host": HOST}, timeout=30) as http:
        wait_until("the gateway to know the name", lambda: http.get("/_farthing/clock").status_code == httpx2.codes.NOT_FOUND, 30)
        grant = {"grant_type": "client_credentials"}
        assert http.post("/v1/oauth2/token", data=grant, auth=("sandbox-client-id", "sandbox-client-secret")).status_code == 401
        granted = http.post("/v1/oauth2/token", data=grant, auth=(words["client id"], words["client secret"]))
        assert granted.status_code == 200, granted.text
        bearer = {"authorization": f"Bearer {granted.json()['access_token']}"}
        body = {"intent": "CAPTURE", "purchase_units": [{"amount": {"currency_code": "USD", "value": "10.00"}}]}
        made_order = http.post("/v2/checkout/orders", json=body, headers=bearer)
        assert made_order.status_code == 201, made_order.text
        approve = next(link["href"] for link in made_order.json()["links"] if link["rel"] in {"approve", "payer-action"})
        assert approve.startswith(f"https://{HOST}/checkoutnow?token=")
        assert http.get(approve.removeprefix(f"https://{HOST}")).status_code in {200, 303}
        assert http.get("/_farthing/health").json() == {"status": "up"}
