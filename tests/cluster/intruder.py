"""Run inside a pod by test_isolation.py: tries what this pod's service must not be able to do, and prints what happened as JSON."""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import sys
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

OTHERS = ("accounts", "console", "identity", "ledger", "merchants", "orders", "payments", "processor", "vault", "webhooks")
API = "https://kubernetes.default.svc"


def ask(url: str, token: str = "", body: bytes | None = None, context: ssl.SSLContext | None = None) -> int:
    """The status; 0 without an answer."""
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(url, data=body, headers=headers)  # noqa: S310 - http inside the cluster
    try:
        with urllib.request.urlopen(request, timeout=10, context=context) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def mint(release: str, namespace: str) -> dict[str, int]:
    """Ask the cluster for tokens, with the only token that it takes from this pod."""
    file = os.environ.get("FARTHING_SERVICE_JWKS_TOKEN", "")
    own = Path(file).read_text().strip() if file else ""
    context = ssl.create_default_context(cafile=os.environ.get("FARTHING_SERVICE_JWKS_CA") or None)
    wanted = {"somebody else's": f"{release}-payments", "for another audience": f"{release}-checkout"}
    body = json.dumps({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"audiences": ["ledger"]}}).encode()
    accounts = f"{API}/api/v1/namespaces/{namespace}/serviceaccounts"
    return {what: ask(f"{accounts}/{account}/token", own, body, context) for what, account in wanted.items()}


async def read(url: str) -> str:
    try:
        connection = await asyncpg.connect(url, timeout=10)
    except (asyncpg.PostgresError, OSError):
        return "refused"
    try:
        return str(await connection.fetchval("SELECT 1"))
    finally:
        await connection.close()


async def databases() -> tuple[str, dict[str, str]]:
    """Its own database, and those of others with its own name and password."""
    own = os.environ["DATABASE_URL"]
    parts = urlsplit(own)
    others = {name: urlunsplit(parts._replace(path=f"/farthing_{name}")) for name in OTHERS}
    return await read(own), {name: await read(url) for name, url in others.items()}


def main() -> None:
    release, namespace = sys.argv[1:3]
    folder = Path(os.environ["FARTHING_TOKENS"])
    tokens = sorted(file.name for file in folder.iterdir() if not file.name.startswith("."))
    orders = (folder / "orders").read_text().strip()
    ledger = f"http://{release}-ledger:8000/internal/v1/balances/NOBODY"
    own, others = asyncio.run(databases())
    found = {
        "tokens": tokens,
        "own edge": ask(f"http://{release}-orders:8000/internal/v1/orders/NOTHERE", orders),
        "no token": ask(ledger),
        "token for another audience": ask(ledger, orders),
        "minting": mint(release, namespace),
        "own database": own,
        "other databases": others,
    }
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
