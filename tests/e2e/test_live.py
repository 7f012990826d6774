"""Live mode: nothing of the sandbox is there, and it starts only with secrets of its own."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from farthing.webhooks.signing import new_pair
from tests.process import FarthingProcess

CARD = {"number": "4012888888881881", "expiry": "2035-12", "security_code": "123"}
UNIT = {"amount": {"currency_code": "USD", "value": "10.00"}}


@pytest.fixture
def live(tmp_path: Path) -> dict[str, str]:
    """The environment of a live platform with secrets of its own."""
    key, pair = tmp_path / "signing.pem", new_pair("CERT-live", datetime.now(UTC))
    key.write_bytes(Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (tmp_path / "webhooks.key").write_text(pair.private_key or "")
    (tmp_path / "webhooks.crt").write_text(pair.certificate)
    (tmp_path / "vault.key").write_bytes(base64.b64encode(bytes(range(32))) + b"\n")
    return {
        "FARTHING_MODE": "live",
        "FARTHING_IDENTITY_SIGNING_KEY_FILE": str(key),
        "FARTHING_VAULT_KEY_FILE": str(tmp_path / "vault.key"),
        "FARTHING_WEBHOOKS_KEY_FILE": str(tmp_path / "webhooks.key"),
        "FARTHING_WEBHOOKS_CERTIFICATE_FILE": str(tmp_path / "webhooks.crt"),
        "FARTHING_PASSWORD": "a long and honest password",
    }


def farthing(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "farthing.embedded", *arguments]
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=90)


def test_it_does_not_start_without_secrets_of_its_own(tmp_path: Path) -> None:
    refused = farthing({"FARTHING_MODE": "live"}, "up", "--port", "0", "--data-dir", str(tmp_path / "data"))
    assert refused.returncode in {2, 3}
    assert refused.stderr.startswith("farthing: ")
    assert refused.stderr.count("\n") == 1


def app_of(output: str) -> tuple[str, str]:
    words = dict(line.rsplit(maxsplit=1) for line in output.splitlines())
    return words["client id"], words["client secret"]


def token(url: str, app: tuple[str, str]) -> httpx2.Response:
    return httpx2.post(f"{url}/v1/oauth2/token", data={"grant_type": "client_credentials"}, auth=app, timeout=30)


def order(url: str, bearer: str, **more: object) -> httpx2.Response:
    headers = {"authorization": f"Bearer {bearer}", "paypal-request-id": f"live-{len(more)}"}
    return httpx2.post(
        f"{url}/v2/checkout/orders", json={"intent": "CAPTURE", "purchase_units": [UNIT], **more}, headers=headers, timeout=30
    )


@pytest.mark.timeout(180)
def test_accounts_are_made_on_the_command_line_and_the_sandbox_is_absent(tmp_path: Path, live: dict[str, str]) -> None:
    data = ("--data-dir", str(tmp_path / "data"))
    made = farthing(live, "admin", "create-account", "shop@example.org", "--kind", "business", *data)
    assert (made.returncode, made.stdout.split()[1:]) == (0, ["shop@example.org", "(business)"]), made.stderr
    short = farthing({**live, "FARTHING_PASSWORD": "short"}, "admin", "create-account", "two@example.org", *data)
    assert (short.returncode, short.stderr.count("\n")) == (4, 1)
    assert "The password needs 12 to 128 characters" in short.stderr
    issued = farthing(live, "admin", "create-app", "shop@example.org", *data)
    assert issued.returncode == 0, issued.stderr
    platform = FarthingProcess(tmp_path / "data", environment=live)
    url = platform.start()
    try:
        assert token(url, ("sandbox-client-id", "sandbox-client-secret")).status_code == 401
        granted = token(url, app_of(issued.stdout))
        assert granted.status_code == 200, granted.text
        bearer = granted.json()["access_token"]
        assert order(url, bearer).status_code == 201
        refused = order(url, bearer, payment_source={"card": CARD})
        assert (refused.status_code, len(refused.json()["details"])) == (422, 1), refused.text
        assert httpx2.get(f"{url}/_farthing/clock").status_code == 404
        assert httpx2.post(f"{url}/_farthing/reset").status_code == 404
        assert httpx2.get(f"{url}/_farthing/health").json() == {"status": "up"}
    finally:
        platform.stop()


@pytest.mark.timeout(180)
def test_live_data_are_not_opened_as_a_sandbox(tmp_path: Path, live: dict[str, str]) -> None:
    real = ("--data-dir", str(tmp_path / "real"))
    made = farthing(live, "admin", "create-account", "shop@example.org", "--kind", "business", *real)
    assert made.returncode == 0, made.stderr
    refused = farthing({}, "up", "--port", "0", *real)
    assert (refused.returncode, refused.stdout) == (3, "")
    assert refused.stderr == (
        "farthing: these data were made in live mode and this is sandbox mode: set FARTHING_MODE=live, or choose other data "
        "(--data-dir, --database-url)\n"
    )
    issued = farthing(live, "admin", "create-app", "shop@example.org", *real)
    assert issued.returncode == 0, issued.stderr  # what was refused changed nothing
