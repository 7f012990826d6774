"""Commands that print what the code itself says."""

from __future__ import annotations

import json
import secrets
import sys
import time
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from rich.console import Console
from rich.table import Table

from farthing.embedded.cli.failure import Failure
from farthing.embedded.containers import service_map
from farthing.embedded.services import MANIFESTS
from farthing.kit.auth import SigningKey

if TYPE_CHECKING:
    from pathlib import Path

_DAY = 86_400  # seconds a development token is valid


def services() -> None:
    table = Table("service", "its one task", "calls", "listens to")
    for manifest in MANIFESTS:
        table.add_row(
            manifest.name, manifest.task, " ".join(manifest.calls), " ".join(sorted({service for service, _ in manifest.consumes}))
        )
    Console().print(table)


def manifests(write: list[Path], check: list[Path]) -> None:
    """Print the service map, or write or compare files. Raises Failure when one of `check` says something else."""
    text = json.dumps(service_map(MANIFESTS), indent=2) + "\n"
    for path in write:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        except OSError as error:
            raise Failure(f"cannot write {path} ({error.strerror})", 2) from None
    stale = [str(path) for path in check if not path.is_file() or path.read_text() != text]
    if stale:
        raise Failure(f"not what the manifests say: {', '.join(stale)} (farthing manifests --write FILE)", 1)
    if not write and not check:
        sys.stdout.write(text)


def dev_tokens(folder: Path) -> None:
    """Write FOLDER/jwks.json and FOLDER/<caller>/<callee>, one token per edge. Raises Failure."""
    try:
        _write_tokens(folder)
    except OSError as error:
        raise Failure(f"cannot write to {folder} ({error.strerror}): name a folder of yours", 2) from None
    sys.stdout.write(f"tokens for {len(MANIFESTS)} services in {folder}, valid for a day\n")


def _write_tokens(folder: Path) -> None:
    key = SigningKey(f"dev-{secrets.token_hex(4)}", Ed25519PrivateKey.generate())
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / "jwks.json").write_text(json.dumps({"keys": [key.public_jwk()]}))
    now = int(time.time())
    for manifest in MANIFESTS:
        own = folder / manifest.name
        own.mkdir(mode=0o700, exist_ok=True)
        for callee in manifest.calls:
            path = own / callee
            path.touch(mode=0o600)
            path.write_text(key.sign({"sub": manifest.name, "aud": callee, "iat": now, "exp": now + _DAY}))
