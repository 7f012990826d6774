"""Run inside a pod: tries what this pod's service must not be able to do, and prints what happened as JSON."""

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

SERVICES = (
    *("accounts", "checkout", "console", "identity", "ledger", "merchants"),
    *("orders", "payments", "processor", "vault", "webhooks"),
)
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
    urls = {name: urlunsplit(parts._replace(path=f"/farthing_{name}")) for name in SERVICES}
    return await read(own), {name: await read(url) for name, url in urls.items() if url != own}


def tokens_of(folder: str) -> dict[str, str]:
    """By audience, what this pod was given; a service that calls nobody has none."""
    files = Path(folder).iterdir() if Path(folder).is_dir() else ()
    return {file.name: file.read_text().strip() for file in files if not file.name.startswith(".")}


def main() -> None:
    release, namespace = sys.argv[1:3]
    tokens = tokens_of(os.environ["FARTHING_TOKENS"])
    some = next(iter(tokens.values()), "")
    ledger = f"http://{release}-ledger:8000/internal/v1/balances/NOBODY"
    own, others = asyncio.run(databases())
    found = {
        "tokens": sorted(tokens),
        "own edge": ask(f"http://{release}-orders:8000/internal/v1/orders/NOTHERE", tokens.get("orders", "")),
        "no token": ask(ledger),
        "token for another audience": ask(ledger, tokens.get("orders", "")),
        "minting": mint(release, namespace),
        "own database": own,
        "other databases": others,
        # With the token for it, else with any that it has.
        "services": {name: ask(f"http://{release}-{name}:8000/internal/v1/health", tokens.get(name, some)) for name in SERVICES},
    }
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
